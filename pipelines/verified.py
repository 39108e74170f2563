"""Whether a home is sound: ledgers conserve, the archive is what the ledger says, the lake holds what was accepted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.feeds.contract import feeds
from pipelines.feeds.pull import sha256
from pipelines.progress import Progress, Quiet
from pipelines.settings import Settings
from pipelines.warehouse.connect import Connection, open_published, reader
from pipelines.warehouse.publish import CURRENT, LATEST, building_folder

_MOST_NAMED = 5
"""Faults of one kind that are spelt out; the rest is counted."""


@dataclass(frozen=True)
class Finding:
    """One thing that was verified.

    Attributes:
        name: what, as a fact that should hold.
        checked: how many files, rows or links were looked at.
        faults: each in words; empty when the fact holds.
    """

    name: str
    checked: int
    faults: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        """Whether the fact holds."""
        return not self.faults


Check = Callable[[Connection, Settings], Finding]


def verify(settings: Settings, progress: Progress | None = None) -> list[Finding]:
    """Look at a home without changing it.

    Raises:
        UsageError: there is no warehouse there.
    """
    watch = progress or Quiet()
    checks: tuple[Check, ...] = (_conserved, _in_lake, _in_quarantine, _archived)
    watch.begin("verify", len(checks) + 1)
    with reader(settings) as con:
        found = []
        for check in checks:
            watch.advance(check.__name__.strip("_"))
            found.append(_looked(check, con, settings))
        watch.advance("published")
        found.append(_published(con, settings))
    watch.end()
    return found


def _looked(check: Check, con: Connection, settings: Settings) -> Finding:
    try:
        return check(con, settings)
    except Exception as error:  # whatever the engine says of Parquet that is gone or broken
        what = check.__name__.strip("_").replace("_", " ")
        return Finding(f"what '{what}' rests on can be read", 0, (str(error).splitlines()[0],))


def _finding(name: str, checked: int, faults: Iterator[str] | list[str]) -> Finding:
    every = list(faults)
    more = [f"… and {len(every) - _MOST_NAMED:,} more"] if len(every) > _MOST_NAMED else []
    return Finding(name, checked, (*every[:_MOST_NAMED], *more))


def _conserved(con: Connection, _: Settings) -> Finding:
    rows = con.execute("SELECT feed, name, rows_in, accepted, duplicates, quarantined FROM lake.ops.files").fetchall()
    faults = [
        f"{feed}/{name}: {rows_in:,} rows in, but {accepted:,} accepted + {duplicates:,} duplicates + {quarantined:,} quarantined"
        for feed, name, rows_in, accepted, duplicates, quarantined in rows
        if rows_in != accepted + duplicates + quarantined
    ]
    return _finding("every file's rows are accepted, duplicates or quarantined", len(rows), faults)


def _in_lake(con: Connection, _: Settings) -> Finding:
    """The rows each landed file has in its feed table, against the ledger; rows of no landed file are a fault too."""
    declared = set(feeds())
    stated = con.execute(
        "SELECT feed, file_id, any_value(name), max(accepted) FROM lake.ops.files WHERE status = 'landed' GROUP BY 1, 2"
    ).fetchall()
    counts = " UNION ALL ".join(
        f"SELECT '{feed}' AS feed, file_id, count(*) AS rows FROM lake.feed.{feed} GROUP BY file_id"
        for feed in sorted(declared)
    )
    held = {(feed, file_id): rows for feed, file_id, rows in con.execute(counts).fetchall()}
    faults = [
        f"{feed}/{name}: the ledger says {accepted:,} accepted, the lake holds {held.get((feed, file_id), 0):,}"
        for feed, file_id, name, accepted in stated
        if feed in declared and held.get((feed, file_id), 0) != accepted
    ]
    known = {(feed, file_id) for feed, file_id, _, _ in stated}
    faults += [
        f"{feed}: {rows:,} rows of file {file_id}, which the ledger does not know"
        for (feed, file_id), rows in held.items()
        if (feed, file_id) not in known
    ]
    return _finding("the lake holds exactly the accepted rows", len(stated), faults)


def _in_quarantine(con: Connection, _: Settings) -> Finding:
    rows = con.execute(
        """
        SELECT f.feed, f.name, f.quarantined, count(q.row_no)
        FROM lake.ops.files AS f LEFT JOIN lake.quarantine.rows AS q ON q.feed = f.feed AND q.file_id = f.file_id
        WHERE f.status = 'landed' GROUP BY ALL
        """
    ).fetchall()
    faults = [
        f"{feed}/{name}: the ledger says {stated:,} quarantined, there are {held:,}"
        for feed, name, stated, held in rows
        if stated != held
    ]
    return _finding("the quarantine holds exactly the refused rows", len(rows), faults)


def _archived(con: Connection, settings: Settings) -> Finding:
    rows = con.execute(
        "SELECT DISTINCT file_id, archived, any_value(name) FROM lake.ops.files WHERE status = 'landed' GROUP BY ALL ORDER BY 1"
    ).fetchall()
    faults = [
        words
        for file_id, archived, name in rows
        if (words := _archive_fault(settings.archive / archived, file_id, name))
    ]
    return _finding("the archive has the original bytes of every landed file", len(rows), faults)


def _archive_fault(path: Path, file_id: str, name: str) -> str | None:
    if not path.is_file():
        return f"{name}: {path.name} is not in the archive"
    found = sha256(path)
    return None if found == file_id else f"{name}: the archived bytes have SHA-256 {found}, the ledger says {file_id}"


def _published(con: Connection, settings: Settings) -> Finding:
    """The links point into `published/` at what is there, the current file opens and holds a list, no release was cut short."""
    links = [path for name in (CURRENT, LATEST) if (path := settings.published / name).is_symlink() or path.exists()]
    cut_short = _cut_short(con, settings)
    if not links and not cut_short:
        return Finding("the published links and file are sound (nothing was published yet)", 0, ())
    faults = [f"{path.name} points at {path.readlink()}, which is not there" for path in links if not path.exists()]
    faults += [
        f"{path.name} points outside the published folder, at {path.resolve()}"
        for path in links
        if settings.published.resolve() not in path.resolve().parents
    ]
    current = settings.published / CURRENT
    if not current.exists():
        faults += [] if current.is_symlink() or not links else [f"{CURRENT} is missing"]
    elif not faults:
        faults += _file_faults(current)
    faults += cut_short
    return _finding("the published links and file are sound", len(links), faults)


def _cut_short(con: Connection, settings: Settings) -> list[str]:
    """Weeks in the ledger whose release still lies in the folder where it was built: its run ended before the renaming."""
    newest = con.execute(
        "SELECT week, arg_max(as_of, started_at), arg_max(release, started_at) FROM lake.ops.runs"
        " WHERE status = 'published' GROUP BY week ORDER BY week"
    ).fetchall()
    return [
        f"{release} is in the warehouse, but its run was stopped before the files were in place: "
        f"publish it again with `shoudai run --as-of {as_of}`"
        for week, as_of, release in newest
        if building_folder(settings, week).is_dir() and not (settings.published / release).is_dir()
    ]


def _file_faults(current: Path) -> list[str]:
    if Path(f"{current.resolve()}.wal").exists():
        return [f"{current.resolve().name} has a write-ahead log beside it: something wrote to a published file"]
    try:
        con = open_published(current)
        try:
            con.execute("SELECT count(*), max(week) FROM out.target_list").fetchall()
        finally:
            con.close()
    except Exception as error:  # whatever the engine says of a broken file
        return [f"{current.resolve().name} does not open: {str(error).splitlines()[0]}"]
    return []
