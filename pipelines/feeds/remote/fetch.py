"""Fetching: what is new and complete at the sources of the feeds goes into the inbox, whole; each source for itself."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path

from pipelines.errors import FileWaitingError, UsageError, is_disk_full
from pipelines.feeds import pull
from pipelines.feeds.remote import faults
from pipelines.feeds.remote.connect import place as place_of
from pipelines.feeds.remote.credentials import Lookup, credentials
from pipelines.feeds.remote.download import download, for_owner, tried
from pipelines.feeds.remote.ledger import (
    DELETED,
    DISAGREES,
    FAILED,
    FETCHED,
    KNOWN,
    WAITING,
    Fetch,
    Ledger,
    SourceOutcome,
)
from pipelines.feeds.remote.names import part_of
from pipelines.feeds.remote.places import BLOCK, Place, RemoteFile
from pipelines.feeds.remote.sources import Source, sources
from pipelines.feeds.remote.visit import Visit
from pipelines.progress import Progress
from pipelines.settings import Settings
from pipelines.warehouse.connect import Connection


class _DisagreesError(FileWaitingError):
    """The bytes are not those the control file states; asking again for the same version is of no use."""


class Fetching:
    """The sources of some feeds, visited once through one writer connection."""

    def __init__(self, con: Connection, settings: Settings, feeds: Sequence[str], lookup: Lookup | None = None) -> None:
        """Read where the feeds are fetched from; `lookup` is Airflow's look-up of connections, inside a DAG.

        Raises:
            DeclarationError: the settings of the sources are wrong.
            UsageError: they would be fetched into this project's samples.
        """
        self._settings, self._feeds, self._lookup = settings, feeds, lookup
        self._ledger = Ledger(con)
        self._sources, self._limits = sources(settings, feeds)
        self._visits: list[Visit] = []
        if self._sources and settings.is_sample_inbox:
            raise UsageError("feeds are not fetched into the samples of this project; name an inbox of your own")

    @property
    def outcomes(self) -> tuple[SourceOutcome, ...]:
        """How each source was found, and what became of its files."""
        return tuple(visit.outcome() for visit in self._visits)

    def fetch(self, progress: Progress) -> None:
        """Look at every source, wait once for files that may still grow, fetch what is complete.

        Raises:
            OSError: no space left; what has arrived is kept and continued.
        """
        fetched = {source.feed for source in self._sources}
        self._ledger.forget([feed for feed in self._feeds if feed not in fetched])
        if not self._sources:
            return
        progress.begin("sources", len(self._sources))
        for source in self._sources:
            progress.advance(source.feed)
            self._visits.append(self._visit(source))
        progress.end()
        self._settle()
        blocks = [1 + (file.size or 0) // BLOCK for visit in self._visits for file, _ in visit.ready]
        progress.begin("fetched (MB)", sum(blocks))
        for visit in self._visits:
            self._fetch_ready(visit, progress)
            self._ledger.note(visit.changed())
            self._ledger.note_source(visit.outcome())
        progress.end()

    def clear_sources(self) -> None:
        """Delete at the source what has landed, where that is told; nothing else is ever deleted there."""
        for visit in self._visits:
            if not visit.source.delete_after or visit.fault:
                continue
            landed = self._ledger.landed(visit.source.feed)
            gone: list[Fetch] = []
            with visit.in_words():
                gone.extend(self._deleted(visit, landed))
            visit.noted.extend(gone)
            self._ledger.note(gone)
            if visit.fault:
                self._ledger.note_source(visit.outcome())

    def _visit(self, source: Source) -> Visit:
        tried_before = self._ledger.tried(source.feed)
        folder = self._settings.inbox / source.feed

        def is_held(past: Fetch) -> bool:
            return past.status != FETCHED or past.file_id in tried_before or (folder / past.name).is_file()

        visit = Visit(source, self._ledger.of_source(source), is_held)
        with visit.in_words():
            visit.look(lambda: place_of(source, credentials(source, self._lookup), self._limits))
        return visit

    def _settle(self) -> None:
        """One wait for all sources, then a second look."""
        waiting = [visit for visit in self._visits if visit.unsettled]
        if waiting:
            time.sleep(self._limits.settle_seconds)
        for visit in waiting:
            with visit.in_words():
                visit.look_again()

    def _fetch_ready(self, visit: Visit, progress: Progress) -> None:
        landed = self._ledger.landed(visit.source.feed)
        if visit.place is not None:
            visit.place.begin()
        for file, control in visit.ready:
            progress.advance(f"{visit.source.feed}/{file.name}")
            try:
                made = self._fetch(visit, file, control, landed, progress)
            except Exception as error:
                if is_disk_full(error):
                    raise
                made = Fetch.of(visit.source, file, control, _status(error), visit.words(error))
                visit.note(made)
                if faults.is_passing(error):
                    return  # the line is down: the other files would wait for nothing
                continue
            visit.note(made)
            visit.seen.append((file, control, made))

    def _fetch(
        self, visit: Visit, file: RemoteFile, control: RemoteFile | None, landed: Set[str], progress: Progress
    ) -> Fetch:
        place = visit.place
        assert place is not None  # noqa: S101 - only after the first look
        content = tried(place, lambda: place.control(control)) if control else None
        stated = pull.control_in(control.name, content) if control and content is not None else None
        if file.size is None and (stated is None or stated.digest is None):
            raise FileWaitingError(
                "the source does not state its size, so that nobody can tell whether it is complete; ask the sender for a "
                f"control file ({file.name}{pull.CONTROL}) with its digest"
            )
        part, digest = self._proven(place, file, stated, progress)
        if digest in landed:
            part.unlink()
            return Fetch.of(visit.source, file, control, KNOWN, file_id=digest)
        self._put(visit.source.feed, file, part, digest, content)
        return Fetch.of(visit.source, file, control, FETCHED, file_id=digest)

    def _proven(
        self, place: Place, file: RemoteFile, stated: pull.Control | None, progress: Progress
    ) -> tuple[Path, str]:
        """The file's bytes, which are those its control file states; a continued file that is not is fetched once more."""
        folder = self._folder(place.source.feed)
        tries = 2 if (folder / part_of(file.name, place.source.uri, file.version)).exists() else 1
        for _ in range(tries):
            part = download(place, file, folder, progress)
            digest = pull.sha256(part)
            words = pull.disagreement(part, digest, stated)
            if words is None:
                return part, digest
            part.unlink()
        raise _DisagreesError(words)

    def _put(self, feed: str, file: RemoteFile, part: Path, digest: str, control: bytes | None) -> None:
        """Put file and control file into the inbox, each whole; what landing has not looked at yet is not overwritten."""
        target = self._folder(feed) / file.name
        if target.is_symlink() or (target.exists() and not self._may_replace(feed, target, digest)):
            raise FileWaitingError(
                "the inbox holds another file of this name, which has not landed yet; it is not overwritten, "
                "the next run fetches it"
            )
        if file.modified_at is not None:
            modified = round(file.modified_at.replace(tzinfo=UTC).timestamp() * 1_000_000) * 1_000
            os.utime(part, ns=(modified, modified))
        beside = target.with_name(target.name + pull.CONTROL)
        if control is None:
            beside.unlink(missing_ok=True)
        else:
            with _whole(beside) as written:
                for_owner(written).write_bytes(control)
        part.replace(target)

    def _may_replace(self, feed: str, target: Path, digest: str) -> bool:
        stat = target.stat()
        is_tried = self._ledger.is_tried(feed, target.name, stat.st_size, stat.st_mtime_ns)
        return is_tried or pull.sha256(target) == digest

    def _folder(self, feed: str) -> Path:
        folder = self._settings.inbox / feed
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def _deleted(self, visit: Visit, landed: Set[str]) -> Iterator[Fetch]:
        place = visit.place
        assert place is not None  # noqa: S101 - only after the first look
        for file, control, fetch in visit.seen:
            if fetch.file_id not in landed:
                continue
            if tried(place, lambda file=file: place.look(file)).version != file.version:  # type: ignore[misc]
                continue
            for each in (control, file):
                if each is not None:
                    place.remove(each)
            yield Fetch.of(visit.source, file, control, DELETED, file_id=fetch.file_id)


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A name to write to that becomes `path` at the end."""
    partial = path.with_name(f".{path.name}{pull.PART}")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _status(error: Exception) -> str:
    if isinstance(error, _DisagreesError):
        return DISAGREES
    return WAITING if isinstance(error, FileWaitingError) or faults.is_missing(error) else FAILED
