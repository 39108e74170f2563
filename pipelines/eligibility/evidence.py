"""Where a judgement comes from: newest file and row of each feed that names an entity, and its quarantined rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from pipelines.feeds.contract import Contract, contract

if TYPE_CHECKING:
    from pipelines.warehouse.connect import Connection

FARM = "farm:"
QUARANTINED_SHOWN = 10


@dataclass(frozen=True)
class Source:
    """What one feed says of one entity, in a published file.

    Attributes:
        feed: stem of the contract.
        title_zh: what the feed is called.
        state: `fresh`, `late` (delivered, but longer ago than its contract allows), `missing` (never delivered), or
            `failed` (its newest file did not get in).
        feed_received_on: when the feed's newest file came; None when none did.
        rows: rows of this entity.
        file_name: the newest file with a row of it; `file_id` is that file's SHA-256 and `row_no` the row in it.
        period: month or day the newest of those rows is about; None for registers.
    """

    feed: str
    title_zh: str
    state: str
    feed_received_on: date | None = None
    rows: int = 0
    file_name: str | None = None
    file_id: str | None = None
    row_no: int | None = None
    received_on: date | None = None
    period: date | None = None


@dataclass(frozen=True)
class Quarantined:
    """A row that names the entity and broke its contract, so that no rule saw it."""

    feed: str
    file_name: str | None
    file_id: str
    row_no: int
    reasons: tuple[str, ...]


def rows_of(con: Connection, query: str, *values: object) -> list[dict[str, Any]]:
    """The rows of a query as dictionaries."""
    found = con.execute(query, list(values))
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def columns_of(con: Connection, table: str) -> set[str]:
    """The columns of a table `schema.name` of the published file; empty when it is not there."""
    schema, _, name = table.partition(".")
    query = "SELECT column_name FROM information_schema.columns WHERE table_schema = ? AND table_name = ?"
    return {row["column_name"] for row in rows_of(con, query, schema, name)}


def source(con: Connection, feed: str, uscc: str, as_of: date) -> Source:
    """What a feed says of an entity: how many rows, and file and row number of the newest."""
    made = contract(feed)
    received_on = _newest_file(con, feed, as_of)
    state = "failed" if received_on and _has_failed(con, feed, received_on, as_of) else _state(made, received_on, as_of)
    newest = _newest_row(con, made, uscc) if received_on else None
    if newest is None:
        return Source(feed, made.title_zh, state, received_on)
    return Source(feed, made.title_zh, state, received_on, **newest)


def quarantined(con: Connection, uscc: str) -> tuple[Quarantined, ...]:
    """The quarantined rows whose text contains the entity's code, newest file first; at most 10."""
    query = f"""
        SELECT q.feed, f.name AS file_name, q.file_id, q.row_no, q.reasons
        FROM quarantine.rows AS q LEFT JOIN ops.files AS f USING (feed, file_id)
        WHERE contains(upper(q.raw), ?)
        ORDER BY f.received_on DESC NULLS LAST, q.feed, q.file_id, q.row_no
        LIMIT {QUARANTINED_SHOWN}
    """  # noqa: S608 - a number of ours
    found = rows_of(con, query, uscc.removeprefix(FARM).upper())
    return tuple(Quarantined(**{**row, "reasons": tuple(row["reasons"] or ())}) for row in found)


def _newest_file(con: Connection, feed: str, as_of: date) -> date | None:
    query = "SELECT max(received_on) AS day FROM ops.files WHERE feed = ? AND status = 'landed' AND received_on <= ?"
    day: date | None = rows_of(con, query, feed, as_of)[0]["day"]
    return day


def _has_failed(con: Connection, feed: str, received_on: date, as_of: date) -> bool:
    """Whether a file came after the newest good one and did not get in."""
    query = """
        SELECT count(*) AS files FROM ops.files
        WHERE feed = ? AND status IN ('refused', 'gate_failed') AND received_on > ? AND received_on <= ?
    """
    return bool(rows_of(con, query, feed, received_on, as_of)[0]["files"])


def _state(made: Contract, received_on: date | None, as_of: date) -> str:
    if received_on is None:
        return "missing"
    if made.late_after_days is None:
        return "fresh"
    return "late" if received_on < as_of - timedelta(days=made.late_after_days) else "fresh"


def _newest_row(con: Connection, made: Contract, uscc: str) -> dict[str, Any] | None:
    """Newest by period, then by receipt; an operator without a code is found by its own number."""
    table = f"feed.{made.feed}"
    present = columns_of(con, table)
    key, value = ("operator_id", uscc.removeprefix(FARM)) if uscc.startswith(FARM) else ("uscc", uscc)
    if key not in present:
        return None
    period = f"CAST(t.{made.period} AS DATE)" if made.period in present else "CAST(NULL AS DATE)"
    query = f"""
        SELECT count(*) OVER () AS rows, f.name AS file_name, t.file_id, t.row_no, t.received_on, {period} AS period
        FROM {table} AS t LEFT JOIN ops.files AS f ON f.feed = ? AND f.file_id = t.file_id
        WHERE t.{key} = ?
        ORDER BY period DESC NULLS LAST, t.received_on DESC, t.file_id, t.row_no DESC
        LIMIT 1
    """  # noqa: S608 - names of our own contracts
    found = rows_of(con, query, made.feed, value)
    return found[0] if found else None
