"""What is visible at an as-of: the feeds as views `feed.*`, how fresh each is, the digest of what was read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipelines.feeds.contract import Contract, contract, feeds
from pipelines.warehouse.connect import Connection, named, quoted
from pipelines.warehouse.resolve import linkable, resolved, show_links
from pipelines.warehouse.tables import table


@dataclass(frozen=True)
class Newest:
    """The newest landed file of a feed visible at an as-of."""

    name: str
    received_on: date


@dataclass(frozen=True)
class Failure:
    """The newest file of a feed that did not get in."""

    name: str
    received_on: date
    reason: str


def show_feeds(con: Connection, as_of: date, links: Path | None = None) -> None:
    """Views `delivered.<feed>` and `feed.<feed>`: exactly the rows received on or before `as_of` and not replaced by then.

    With the links of a run, rows of a linked account, farm or legacy id stand in `feed` under the code of their entity; in
    `delivered` they stand as they came. `linkable.<feed>` has those rows of `feed.<feed>` that links may move.

    - append: every row received by then.
    - upsert: the version of each key that was current then; that a newer one came later is not shown.
    - period_snapshot: for each period (and scope) the rows of the newest file received by then.
    """
    con.execute(
        "CREATE SCHEMA IF NOT EXISTS feed; CREATE SCHEMA IF NOT EXISTS delivered; CREATE SCHEMA IF NOT EXISTS linkable"
    )
    have = _lake_tables(con, "feed")
    by_feed = show_links(con, links) if links else {}
    replaced = _replaced(con, as_of) if have else {}
    for feed in feeds():
        made = contract(feed)
        rows = _visible(made, as_of, replaced.get(feed, ())) if feed in have else _empty(made.table_columns)
        con.execute(f"CREATE OR REPLACE VIEW delivered.{feed} AS {rows}")
        kinds = by_feed.get(feed, frozenset())
        con.execute(f"CREATE OR REPLACE VIEW feed.{feed} AS {resolved(made, kinds)}")
        if "uscc" in made.table_columns:
            con.execute(f"CREATE OR REPLACE VIEW linkable.{feed} AS {linkable(made, kinds)}")


def show_history(con: Connection, week: str, inclusive: bool = False) -> None:
    """View `out.target_list`: the lists published before `week` (or up to it)."""
    con.execute("CREATE SCHEMA IF NOT EXISTS out")
    columns = table("out.target_list").table_columns
    source = (
        f"SELECT {named(columns)} FROM lake.out.target_list WHERE week {'<=' if inclusive else '<'} {quoted(week)}"
        if "target_list" in _lake_tables(con, "out")
        else _empty(columns)
    )
    con.execute(f"CREATE OR REPLACE VIEW out.target_list AS {source}")


def show_kept(con: Connection, name: str, view: str, condition: str) -> None:
    """View `register.<view>`: rows of a declared table of the warehouse that meet a condition; none while there is no table."""
    schema, _, bare = name.partition(".")
    columns = table(name).table_columns
    rows = f"SELECT {named(columns)} FROM lake.{name} WHERE {condition}"
    source = rows if bare in _lake_tables(con, schema) else _empty(columns)
    con.execute(f"CREATE OR REPLACE VIEW register.{view} AS {source}")


def newest_files(con: Connection, as_of: date) -> Mapping[str, Newest]:
    """Feed -> its newest file visible at as-of; a feed that never delivered is not in it."""
    rows = con.execute(
        """
        SELECT feed, arg_max(name, (received_on, landed_at)), max(received_on) FROM lake.ops.files
        WHERE status = 'landed' AND amends IS NULL AND received_on <= ? GROUP BY feed
        """,
        [as_of],
    ).fetchall()
    return {feed: Newest(name, received_on) for feed, name, received_on in rows}


def newest_failures(con: Connection, as_of: date) -> Mapping[str, Failure]:
    """Feed -> its newest file that was refused or stopped by the gate, where none received on that day or later landed.

    A file taken out of the inbox (`withdrawn`) does not count any more, nor does one that is still arriving (`waiting`).
    """
    rows = con.execute(
        """
        WITH good AS (
            SELECT feed, max(received_on) AS newest FROM lake.ops.files
            WHERE status = 'landed' AND amends IS NULL AND received_on <= $as_of GROUP BY feed
        )
        SELECT feed, arg_max(name, (received_on, name)), max(received_on), arg_max(reason, (received_on, name))
        FROM lake.ops.files LEFT JOIN good USING (feed)
        WHERE status IN ('refused', 'gate_failed') AND amends IS NULL AND received_on <= $as_of
            AND (good.newest IS NULL OR received_on > good.newest)
        GROUP BY feed
        """,
        {"as_of": as_of},
    ).fetchall()
    return {feed: Failure(name, received_on, reason) for feed, name, received_on, reason in rows}


def inputs_digest(con: Connection, as_of: date) -> str:
    """SHA-256 over feed and digest of every file visible at as-of, in a fixed order."""
    rows = con.execute(
        "SELECT feed, file_id FROM lake.ops.files WHERE status = 'landed' AND received_on <= ? ORDER BY ALL", [as_of]
    ).fetchall()
    return hashlib.sha256("\n".join(f"{feed} {file_id}" for feed, file_id in rows).encode()).hexdigest()


def _lake_tables(con: Connection, schema: str) -> set[str]:
    rows = con.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = 'lake' AND schema_name = ?", [schema]
    ).fetchall()
    return {name for (name,) in rows}


def _empty(columns: Mapping[str, str]) -> str:
    nothing = ", ".join(f'CAST(NULL AS {kind}) AS "{name}"' for name, kind in columns.items())
    return f"SELECT {nothing} WHERE FALSE"


def _visible(made: Contract, as_of: date, replaced: Sequence[str]) -> str:
    day = f"DATE '{as_of.isoformat()}'"
    where = [f"received_on <= {day}"]
    if made.delivery == "upsert":
        where.append(f"(superseded_on IS NULL OR superseded_on > {day})")
    if replaced:
        scope = f"concat_ws('|', {', '.join(made.snapshot_by)})" if made.snapshot_by else "''"
        where.append(f'(file_id, "{made.period}", {scope}) NOT IN ({", ".join(replaced)})')
    shown = ", ".join(
        "CAST(NULL AS DATE) AS superseded_on" if name == "superseded_on" else f'"{name}"' for name in made.table_columns
    )
    return f"SELECT {shown} FROM lake.feed.{made.feed} WHERE {' AND '.join(where)}"


def _replaced(con: Connection, as_of: date) -> Mapping[str, Sequence[str]]:
    """Feed -> SQL of the file, period and scope of what newer files replaced: few, none in a quiet month, so scans stay plain."""
    rows = con.execute(
        """
        WITH covered AS (FROM lake.ops.file_periods WHERE received_on <= $as_of),
        landed AS (FROM lake.ops.files WHERE status = 'landed'),
        replaced AS (
            FROM covered
            QUALIFY row_number() OVER (PARTITION BY feed, period, scope ORDER BY received_on DESC, landing_no DESC) > 1
        ),
        amended AS (  -- rows taken back from quarantine go with the file they stood in
            SELECT a.feed, a.file_id, c.period, c.scope
            FROM landed AS a JOIN landed AS o ON o.feed = a.feed AND o.file_id = a.amends
            JOIN covered AS c ON c.feed = a.feed AND c.file_id <> o.file_id
            JOIN landed AS n ON n.feed = a.feed AND n.file_id = c.file_id
            WHERE (n.received_on, n.landed_at) > (o.received_on, o.landed_at)
        )
        SELECT feed, file_id, period, scope FROM replaced UNION SELECT feed, file_id, period, scope FROM amended ORDER BY ALL
        """,
        {"as_of": as_of},
    ).fetchall()
    found: dict[str, list[str]] = {}
    for feed, file_id, period, scope in rows:
        found.setdefault(feed, []).append(f"({quoted(file_id)}, DATE '{period}', {quoted(scope)})")
    return found
