"""`ops.sources` and `ops.fetches`: how each source was found, and what became of every file seen there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field, fields
from datetime import UTC, datetime

from pipelines.feeds.remote.names import as_text
from pipelines.feeds.remote.places import RemoteFile
from pipelines.feeds.remote.sources import Source
from pipelines.warehouse.connect import Connection, named, transaction

FETCHED, KNOWN, WAITING, DISAGREES, REFUSED, FAILED, DELETED = (
    "fetched", "known", "waiting", "disagrees", "refused", "failed", "deleted",
)  # fmt: skip
DONE = (FETCHED, KNOWN, DELETED)
"""Fetches that need not be repeated while the file at the source stays as it is."""


@dataclass(frozen=True)
class Fetch:
    """What became of one remote file; the row of `ops.fetches`."""

    feed: str
    uri: str
    name: str
    size_bytes: int | None
    modified_at: datetime | None
    etag: str | None
    control: str | None
    status: str
    reason: str | None
    file_id: str | None
    looked_at: datetime

    @classmethod
    def of(
        cls,
        source: Source,
        file: RemoteFile,
        control: RemoteFile | None,
        status: str,
        reason: str | None = None,
        file_id: str | None = None,
    ) -> Fetch:
        """The row of a file as it looked now."""
        stated = repr(control.version) if control else None
        size, modified, etag = file.version
        name, why = as_text(file.name), reason and as_text(reason)
        return cls(source.feed, source.uri, name, size, modified, etag, stated, status, why, file_id, now())

    def is_of(self, file: RemoteFile, control: RemoteFile | None) -> bool:
        """Whether file and control file still look as they did."""
        same = (self.size_bytes, self.modified_at, self.etag) == file.version
        return same and self.control == (repr(control.version) if control else None)


@dataclass(frozen=True)
class SourceOutcome:
    """How a source was found this time; the row of `ops.sources`, and the files of which something new is to be said."""

    feed: str
    uri: str
    status: str
    reason: str | None = None
    files: int = 0
    seen: int = 0
    fetches: tuple[Fetch, ...] = field(default=())

    @property
    def is_good(self) -> bool:
        """The source could be read."""
        return self.status == "read"

    def count(self, *statuses: str) -> int:
        """Files with one of the statuses."""
        return sum(each.status in statuses for each in self.fetches)


class Ledger:
    """The two tables, through one writer connection."""

    def __init__(self, con: Connection) -> None:
        """Read and write through `con`."""
        self._con = con

    def of_source(self, source: Source) -> dict[str, Fetch]:
        """Name -> the newest row of each file ever seen at a source."""
        columns = named(each.name for each in fields(Fetch))
        rows = self._con.execute(
            f"SELECT {columns} FROM lake.ops.fetches WHERE feed = ? AND uri = ?", [source.feed, source.uri]
        ).fetchall()
        return {row[2]: Fetch(*row) for row in rows}

    def landed(self, feed: str) -> set[str]:
        """Digests of the files of a feed that have landed."""
        rows = self._con.execute(
            "SELECT file_id FROM lake.ops.files WHERE feed = ? AND status = 'landed'", [feed]
        ).fetchall()
        return {file_id for (file_id,) in rows}

    def tried(self, feed: str) -> set[str]:
        """Digests of the files of a feed that landing has looked at, whatever came of it."""
        rows = self._con.execute("SELECT DISTINCT file_id FROM lake.ops.files WHERE feed = ?", [feed]).fetchall()
        return {file_id for (file_id,) in rows}

    def is_tried(self, feed: str, name: str, size: int, modified_ns: int) -> bool:
        """Whether landing has looked at this file of the inbox."""
        found = self._con.execute(
            "SELECT 1 FROM lake.ops.files WHERE feed = ? AND name = ? AND size_bytes = ? AND modified_ns = ?",
            [feed, name, size, modified_ns],
        ).fetchone()
        return found is not None

    def note(self, fetches: Sequence[Fetch]) -> None:
        """Replace the rows of these files."""
        if not fetches:
            return
        columns = [each.name for each in fields(Fetch)]
        with transaction(self._con):
            self._con.executemany(
                "DELETE FROM lake.ops.fetches WHERE feed = ? AND uri = ? AND name = ?",
                [[each.feed, each.uri, each.name] for each in fetches],
            )
            self._con.executemany(
                f"INSERT INTO lake.ops.fetches ({named(columns)}) VALUES ({', '.join('?' * len(columns))})",
                [list(astuple(each)) for each in fetches],
            )

    def forget(self, feeds: Sequence[str]) -> None:
        """Feeds that are no longer fetched have no source that could fail."""
        found = self._con.execute("SELECT feed FROM lake.ops.sources").fetchall()
        for feed in sorted({feed for (feed,) in found} & set(feeds)):
            self._con.execute("DELETE FROM lake.ops.sources WHERE feed = ?", [feed])

    def note_source(self, outcome: SourceOutcome) -> None:
        """Replace the row of this feed's source."""
        with transaction(self._con):
            self._con.execute("DELETE FROM lake.ops.sources WHERE feed = ?", [outcome.feed])
            self._con.execute(
                "INSERT INTO lake.ops.sources (feed, uri, status, reason, files, looked_at) VALUES (?, ?, ?, ?, ?, ?)",
                [outcome.feed, outcome.uri, outcome.status, outcome.reason, outcome.files, now()],
            )


def now() -> datetime:
    """This moment in UTC, without zone, as ledgers keep it."""
    return datetime.now(UTC).replace(tzinfo=None)


def failing(con: Connection) -> Mapping[str, str]:
    """Feed -> why its source could not be read when it was last looked at."""
    rows = con.execute(
        "SELECT feed, uri || ': ' || reason FROM lake.ops.sources WHERE status = 'failed' ORDER BY feed"
    ).fetchall()
    return dict(rows)
