"""Replay: a release computed again from what it read, and compared with what was published."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import UsageError
from pipelines.feeds.contract import feeds
from pipelines.freshness import found_feeds
from pipelines.lists.manifest import MANIFEST, sha256
from pipelines.releases import FOLLOWED, LISTED, export, run_id, select_declared, versions
from pipelines.runs import Run
from pipelines.settings import Settings
from pipelines.warehouse.connect import Connection, named, quoted, reader
from pipelines.warehouse.publish import least_columns
from pipelines.warehouse.query import columns_of
from pipelines.warehouse.tables import table
from pipelines.warehouse.visible import show_feeds


@dataclass(frozen=True)
class ReplayReport:
    """Whether a release could be computed again."""

    week: str
    compared: tuple[str, ...]
    differences: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Byte for byte in the list's files, row for row in the tables."""
        return not self.differences


def run_of(settings: Settings, week: str) -> Run:
    """The run that published a week, to be computed again in `work/replay-<week>/`.

    Raises:
        UsageError: the week was never published, or its files are not there.
    """
    with reader(settings) as con:
        found = con.execute(
            """
            SELECT as_of, catalog_version FROM lake.ops.runs WHERE week = ? AND status = 'published'
            ORDER BY started_at DESC LIMIT 1
            """,
            [week],
        ).fetchone()
        known = con.execute(
            "SELECT DISTINCT week FROM lake.ops.runs WHERE status = 'published' ORDER BY week"
        ).fetchall()
    if found is None:
        raise UsageError(f"{week} was never published; there are: {', '.join(name for (name,) in known) or 'none yet'}")
    release_folder(settings, week)
    folder = settings.work / f"replay-{week}"
    shutil.rmtree(folder, ignore_errors=True)
    again = Run(settings, week, found[0], int(found[1]), run_id(), folder)
    again.save()
    return again


def compare(again: Run) -> ReplayReport:
    """Compare a run computed again with the release of its week."""
    folder = release_folder(again.settings, again.week)
    files = export(again, again.folder / "files", found_feeds(again))
    differences = [f"{path.name}: bytes differ" for path in files if sha256(path) != sha256(folder / path.name)]
    recorded = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    tables, shown = {**LISTED, **FOLLOWED}, [f"feed.{feed}" for feed in feeds()]
    with reader(again.settings, again.version) as con:
        con.execute(f"ATTACH {quoted(str(folder / f'shoudai-{again.week}.duckdb'))} AS published (READ_ONLY)")
        for name, step in tables.items():
            differences += _table_differences(con, again, name, step)
        show_feeds(con, again.as_of, again.handover("links"))
        for feed in feeds():
            differences += _feed_differences(con, feed)
    if differences:  # what may be behind them; other code that makes the same release is no difference
        differences += [
            f"{name}: was {recorded.get(name)}, is {now}"
            for name, now in versions(again).items()
            if recorded.get(name) != now
        ]
    return ReplayReport(again.week, (*(path.name for path in files), *tables, *shown), tuple(differences))


def release_folder(settings: Settings, week: str) -> Path:
    """Where the newest revision of a week lies.

    Raises:
        UsageError: the week was never published here.
    """
    with reader(settings) as con:
        row = con.execute(
            """
            SELECT release, as_of FROM lake.ops.runs WHERE week = ? AND status = 'published'
            ORDER BY started_at DESC LIMIT 1
            """,
            [week],
        ).fetchone()
    release, as_of = row or (week, "…")
    folder = settings.published / str(release)
    if not (folder / MANIFEST).is_file():
        raise UsageError(
            f"the files of {release} are not in {settings.published}; publish them with `shoudai run --as-of {as_of}`"
        )
    return folder


def _table_differences(con: Connection, run: Run, name: str, step: str) -> list[str]:
    """How many rows of a published table the run does not make again, and the reverse."""
    week = f" WHERE week = {quoted(run.week)}" if step in LISTED.values() else ""
    columns = named(table(name).table_columns)
    was, now = f"SELECT {columns} FROM published.{name}{week}", select_declared(run, name, step)
    pairs = (("missing", f"({was}) EXCEPT ALL ({now})"), ("new", f"({now}) EXCEPT ALL ({was})"))
    found = [(word, con.execute(f"SELECT count(*) FROM ({sql})").fetchone()) for word, sql in pairs]
    return [f"{name}: {row[0]:,} rows {word}" for word, row in found if row and row[0]]


def _feed_differences(con: Connection, feed: str) -> list[str]:
    """Whether the rows of a feed that the run sees are those published: by their number and a checksum without order."""
    rows = "SELECT count(*), sum(hash(each)::HUGEINT) FROM (SELECT {} FROM {}) AS each"
    held = columns_of(con, f"published.feed.{feed}")  # a feed or a column may be younger than the release
    columns = named(name for name in least_columns(feed) if name in held)
    if not columns:
        return []
    was, now = (
        con.execute(rows.format(columns, relation)).fetchone()
        for relation in (f"published.feed.{feed}", f"feed.{feed}")
    )
    if not was or not now or was == now:
        return []
    return [f"feed.{feed}: {was[0]:,} rows published, {now[0]:,} seen again, not the same"]
