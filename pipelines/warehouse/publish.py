"""The published `.duckdb`: built aside, verified, never changed again, made current by one atomic symlink swap."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from pipelines.errors import ShoudaiError
from pipelines.feeds.contract import contract, feeds
from pipelines.settings import Settings
from pipelines.warehouse.connect import Connection, in_any_order, named, quoted
from pipelines.warehouse.migrate import columns_sql, comment_sql, feed_comments, table_comments
from pipelines.warehouse.refresh import keep_weeks, known_weeks, note_relinked, refresh
from pipelines.warehouse.tables import table

CURRENT = "current.duckdb"
LATEST = "latest"


def building_folder(settings: Settings, week: str) -> Path:
    """Where the release of a week is built; renamed once the warehouse has it."""
    return settings.published / f".building-{week}"


def build(con: Connection, target: Path, sources: Mapping[str, str], earlier: Mapping[str, str] | None = None) -> None:
    """Write a DuckDB file with the declared tables, their comments, and the feeds as seen at as-of.

    Args:
        con: a reader on which `feed.*` shows the as-of, and `register.links` who is who.
        target: a file that does not exist yet, or a copy of one that the same code built earlier from the same warehouse,
            no later than the as-of: of its feeds and of `earlier` only what changed is written again.
        sources: declared table -> SELECT of its rows on `con`.
        earlier: of the tables that hold all weeks: SELECT of the rows of the weeks before; `sources` then has `ops.runs`.

    Raises:
        ShoudaiError: the file read back does not hold what was written.
    """
    is_copy, earlier = target.exists(), earlier or {}
    con.execute(f"ATTACH {quoted(str(target))} AS published")
    try:
        known = known_weeks(con, sources["ops.runs"]) if is_copy and earlier else set()
        if is_copy:
            _clear(con, earlier)
        else:
            _lay_out(con)
        for schema in sorted({name.split(".")[0] for name in sources}):
            con.execute(f"CREATE SCHEMA IF NOT EXISTS published.{schema}")
        expected = {f"feed.{feed}": refresh(con, feed, least_columns(feed)) for feed in feeds()}
        for name, rows in sources.items():
            _declare(con, name)
            if name in earlier:
                _insert(con, name, keep_weeks(con, name, earlier[name], known))
            expected[name] = _insert(con, name, rows)
        con.execute("CHECKPOINT published")
    finally:
        con.execute("DETACH published")
    verify(con, target, expected)


def verify(con: Connection, target: Path, expected: Mapping[str, int]) -> None:
    """Open a published file again and count its tables.

    Raises:
        ShoudaiError: a table is missing or short, or a write-ahead log was left behind.
    """
    if Path(f"{target}.wal").exists():
        raise ShoudaiError(f"{target.name} was not closed: its write-ahead log is still there; run again")
    con.execute(f"ATTACH {quoted(str(target))} AS published (READ_ONLY)")
    try:
        for name, rows in expected.items():
            found = _one(con, f"SELECT count(*) FROM published.{name}")
            if found != rows:
                raise ShoudaiError(
                    f"{target.name}: {name} holds {found:,} rows, expected {rows:,}; it was not published, run again"
                )
    finally:
        con.execute("DETACH published")


def replace_tables(con: Connection, base: Path, target: Path, sources: Mapping[str, str]) -> None:
    """A new published file: that of a release with some declared tables replaced by the rows of SELECTs on `con`."""
    for left in target.parent.glob("*.partial"):  # of a tracking that was stopped
        left.unlink()
    partial = target.with_suffix(".partial")
    shutil.copyfile(base, partial)
    con.execute(f"ATTACH {quoted(str(partial))} AS published")
    try:
        expected = {}
        for name, rows in sources.items():
            con.execute(f"DROP TABLE IF EXISTS published.{name}")
            _declare(con, name)
            expected[name] = _insert(con, name, rows)
        con.execute("CHECKPOINT published")
    finally:
        con.execute("DETACH published")
    verify(con, partial, expected)
    partial.replace(target)


def point(link: Path, target: Path) -> None:
    """Make a symlink point at a target, atomically: readers see the old one or the new one."""
    partial = link.with_name(f".{link.name}-{os.getpid()}")
    partial.unlink(missing_ok=True)
    partial.symlink_to(os.path.relpath(target, link.parent))
    partial.replace(link)


def make_current(current: Path, target: Path) -> None:
    """Make the symlink `current` point at a published file; of those with newer conversions it needs no other any more.

    The one it pointed at until now stays until the next, for whoever is just opening it. Releases as made all stay.
    """
    until_now = current.resolve()
    point(current, target)
    followed = {path.resolve() for path in current.parent.glob("*/shoudai-*+*.duckdb")}
    for path in followed - {until_now, target.resolve()}:
        path.unlink()


def _declare(con: Connection, name: str) -> None:
    """A declared table with its comments: empty, or as it was kept."""
    declared = table(name)
    con.execute(f"CREATE TABLE IF NOT EXISTS published.{name} ({columns_sql(declared.table_columns)})")
    _comment(con, name, table_comments(declared))


def _insert(con: Connection, name: str, rows: str) -> int:
    """Add rows to a declared table; returns how many it then holds."""
    names = named(table(name).table_columns)
    with in_any_order(con):
        con.execute(f"INSERT INTO published.{name} ({names}) SELECT {names} FROM ({rows})")
    return _one(con, f"SELECT count(*) FROM published.{name}")


def _lay_out(con: Connection) -> None:
    """The tables of all feeds, empty, with their comments."""
    con.execute("CREATE SCHEMA published.feed")
    for feed in feeds():
        made, names = contract(feed), least_columns(feed)
        columns = {name: kind for name, kind in made.table_columns.items() if name in names}
        con.execute(f"CREATE TABLE published.feed.{feed} ({columns_sql(columns)})")
        comments = {column: text for column, text in feed_comments(feed).items() if not column or column in names}
        _comment(con, f"feed.{feed}", comments)


def _clear(con: Connection, kept: Iterable[str]) -> None:
    """All but the feeds and what is kept goes; what the links were is compared first."""
    note_relinked(con)
    found = con.execute(
        "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE database_name = 'published'"
    )
    for (name,) in found.fetchall():
        if not name.startswith("feed.") and name not in kept:
            con.execute(f"DROP TABLE published.{name}")


def least_columns(feed: str) -> list[str]:
    """The columns of a feed but the personal ones: analysts get the least data that answers their questions."""
    made = contract(feed)
    personal = {column.name for column in made.columns if column.personal}
    return [name for name in made.table_columns if name not in personal]


def _comment(con: Connection, name: str, comments: Mapping[str, str]) -> None:
    for statement in comment_sql(f"published.{name}", comments):
        con.execute(statement)


def _one(con: Connection, sql: str) -> int:
    row = con.execute(sql).fetchone()
    return int(row[0]) if row else 0
