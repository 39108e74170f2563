"""What a published file keeps of the one before, brought to what the run sees: only what changed since is written.

What an as-of shows of a landed file only ever gets less as days pass: a version is superseded, a period is replaced. So a file
of which as many rows are shown as before shows the same rows; one of fewer loses those no longer shown; any other is written
whole. Only links move rows that stay: those that stood or stand by a link under a code whose links changed are written
again, whichever file they are of.

What was published of an earlier week only changes when that week is published again, by another run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from pipelines.feeds.contract import contract
from pipelines.warehouse.connect import Connection, named, quoted

SORTED_AT_ONCE = 10_000_000
"""Rows written in the order of the codes in one statement: what fits into memory. A code then lies in a few blocks of each."""


def note_relinked(con: Connection) -> None:
    """Table `relinked`: the codes whose links in `register.links` are not those of the published file. Grain: feed, code."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE relinked AS
        WITH changed AS (
            SELECT source_feed, unnest([was.uscc, now.uscc]) AS uscc
            FROM published.register.links AS was FULL JOIN memory.register.links AS now USING (source_feed, source_id)
            WHERE was.uscc IS DISTINCT FROM now.uscc
        )
        SELECT DISTINCT source_feed, uscc FROM changed WHERE uscc IS NOT NULL
        """
    )


def refresh(con: Connection, feed: str, columns: Sequence[str]) -> int:
    """Make `published.feed.<feed>` hold the rows of the view `feed.<feed>`; returns how many it must hold.

    Within a batch of files the rows stand in the order of the codes, so that what a feed says of one entity lies in a few
    blocks, which the file finds by their bounds: `explain` then reads thousands of rows instead of hundreds of millions.
    """
    kept = f"published.feed.{feed}"
    held = _files(con, kept)
    if held and _move_relinked(con, feed, columns):
        held = _files(con, kept)
    counted = (
        "feed" if contract(feed).delivery == "upsert" else "delivered"
    )  # only in a register do links take rows away
    shown = _files(con, f"memory.{counted}.{feed}")
    shrunk = [file for file, rows in held.items() if shown.get(file, 0) < rows]
    grown = {file: rows for file, rows in shown.items() if held.get(file, 0) < rows}
    if shrunk:
        con.execute(
            f"""
            DELETE FROM {kept} AS held WHERE file_id IN ({_listed(shrunk)}) AND NOT EXISTS (
                SELECT 1 FROM memory.feed.{feed} AS shown
                WHERE shown.file_id IN ({_listed(shrunk)}) AND shown.file_id = held.file_id AND shown.row_no = held.row_no
            )
            """
        )
    if held.keys() & grown.keys():
        con.execute(f"DELETE FROM {kept} WHERE file_id IN ({_listed(held.keys() & grown.keys())})")
    for files in _batches(grown):
        _insert(con, feed, columns, f"memory.feed.{feed} WHERE file_id IN ({_listed(files)})")
    return sum(shown.values())


def known_weeks(con: Connection, runs: str) -> set[str]:
    """The weeks of which the published file holds what their newest run published; `runs` is a SELECT of `ops.runs`."""
    newest = "SELECT week, arg_max(run_id, started_at) AS run_id FROM ({}) GROUP BY week"
    held, now = newest.format("FROM published.ops.runs"), newest.format(runs)
    return {week for (week,) in con.execute(f"SELECT week FROM ({held}) JOIN ({now}) USING (week, run_id)").fetchall()}


def keep_weeks(con: Connection, name: str, earlier: str, known: Collection[str]) -> str:
    """Of a published table only the rows of `known` weeks stay; returns the SELECT of the rows of `earlier` it then lacks."""
    by_week = "SELECT week, count(*) FROM {} GROUP BY week"
    held = dict(con.execute(by_week.format(f"published.{name}")).fetchall())
    shown = dict(con.execute(by_week.format(f"({earlier})")).fetchall())
    same = {week for week in held if week in known and held[week] == shown.get(week)}
    if held.keys() - same:
        con.execute(f"DELETE FROM published.{name} WHERE week IN ({_listed(held.keys() - same)})")
    return f"FROM ({earlier}) WHERE week IN ({_listed(shown.keys() - same)})"


def _move_relinked(con: Connection, feed: str, columns: Sequence[str]) -> bool:
    """Write again what stood or stands by a link under a code whose links changed; returns whether there is such a code."""
    if not con.execute("SELECT 1 FROM relinked WHERE source_feed = ? LIMIT 1", [feed]).fetchone():
        return False
    codes = f"SELECT uscc FROM relinked WHERE source_feed = {quoted(feed)}"
    stood = f"SELECT (file_id, row_no) FROM published.feed.{feed} WHERE uscc IN ({codes})"
    moved = f"FROM memory.linkable.{feed} WHERE uscc IN ({codes}) OR (file_id, row_no) IN ({stood})"
    con.execute(f"CREATE OR REPLACE TEMP TABLE moved AS {moved}")
    con.execute(f"DELETE FROM published.feed.{feed} WHERE (file_id, row_no) IN (SELECT (file_id, row_no) FROM moved)")
    _insert(con, feed, columns, "moved")
    return True


def _insert(con: Connection, feed: str, columns: Sequence[str], rows: str) -> None:
    order = "ORDER BY uscc" if "uscc" in columns else ""
    con.execute(f"INSERT INTO published.feed.{feed} ({named(columns)}) SELECT {named(columns)} FROM {rows} {order}")


def _files(con: Connection, rows: str) -> dict[str, int]:
    """File -> its rows, in the order in which the files were received."""
    found = con.execute(f"SELECT file_id, count(*) FROM {rows} GROUP BY file_id ORDER BY min(received_on), file_id")
    return dict(found.fetchall())


def _batches(files: Mapping[str, int]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for file, rows in files.items():
        if batch and size + rows > SORTED_AT_ONCE:
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += rows
    if batch:
        yield batch


def _listed(files: Iterable[str]) -> str:
    return ", ".join(map(quoted, sorted(files))) or "NULL"
