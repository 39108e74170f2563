"""One visit to a source: what lies there is sorted into seen, ready, not settled yet, and refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from itertools import groupby

from pipelines.errors import ShoudaiError, is_disk_full
from pipelines.feeds import pull
from pipelines.feeds.remote import faults, names
from pipelines.feeds.remote.download import tried
from pipelines.feeds.remote.ledger import DISAGREES, DONE, FAILED, REFUSED, WAITING, Fetch, SourceOutcome, now
from pipelines.feeds.remote.places import Place, RemoteFile
from pipelines.feeds.remote.sources import Source

Pair = tuple[RemoteFile, RemoteFile | None]
"""A data file and its control file."""

_KINDS = {"link": "it is a link, and links are not followed", "other": "it is no regular file"}
_TWICE = "several files at the source bear this name; ask the sender to rename all but one"
_GROWING = "it changed between two looks: it is still being delivered; the next run looks again"


@dataclass
class Visit:
    """What one look at a source found.

    Attributes:
        place: the source's place; None when it could not even be named.
        past: name -> the ledger's row of each file seen there before.
        is_held: whether a fetched file is still in the inbox or was tried by landing; else it must come again.
        seen: files that need not be fetched (again), each with its row.
        ready: complete files to fetch.
        unsettled: files without a sign of being complete, to be looked at once more.
        noted: rows that are new or still to be said.
        fault: why the source counts as failed.
    """

    source: Source
    past: dict[str, Fetch]
    is_held: Callable[[Fetch], bool]
    place: Place | None = None
    files: int = 0
    seen: list[tuple[RemoteFile, RemoteFile | None, Fetch]] = field(default_factory=list)
    ready: list[Pair] = field(default_factory=list)
    unsettled: list[Pair] = field(default_factory=list)
    noted: list[Fetch] = field(default_factory=list)
    fault: str | None = None
    known_before: int = 0

    @contextmanager
    def in_words(self) -> Iterator[None]:
        """A fault inside is this source's, in words; a full disk is everybody's. Its time begins."""
        if self.place is not None:
            self.place.begin()
        try:
            yield
        except Exception as error:
            if is_disk_full(error):
                raise
            self.fault = self.words(error)

    def words(self, error: Exception) -> str:
        """A fault at this source in words."""
        if isinstance(error, ShoudaiError) or self.place is None:
            return names.as_text(str(error))
        return names.as_text(faults.in_words(error, self.source, self.place.known, self.place.limits))

    def look(self, connect: Callable[[], Place]) -> None:
        """Look at the source and sort what lies there."""
        self.place = place = connect()
        found = sorted(tried(place, place.entries), key=lambda each: each.name)
        controls = {each.name: each for each in found if each.kind == "file"}
        for name, group in groupby(found, key=lambda each: each.name):
            entries = list(group)
            if sum(each.kind != "folder" for each in entries) > 1:
                self.note(Fetch.of(self.source, entries[0], None, REFUSED, _TWICE))
                continue
            for entry in entries:
                self._sort(place, entry, controls.get(f"{name}{pull.CONTROL}"))
        self.known_before = len(self.seen)

    def look_again(self) -> None:
        """A second look at what had no sign of being complete."""
        for file, control in self.unsettled:
            again = self._looked(file)
            if again is not None and again.version == file.version:
                self.ready.append((again, control))
            elif again is not None:
                self.note(Fetch.of(self.source, again, control, WAITING, _GROWING))

    def note(self, fetch: Fetch) -> None:
        """Keep what became of a file."""
        self.noted.append(fetch)
        if fetch.status == FAILED and self.fault is None:
            self.fault = f"{names.shown(fetch.name)}: {fetch.reason}"

    def changed(self) -> list[Fetch]:
        """The rows that say something the ledger does not."""
        return [each for each in self.noted if not _says_the_same(self.past.get(each.name), each)]

    def outcome(self) -> SourceOutcome:
        """How the source was found."""
        status = "failed" if self.fault else "read"
        return SourceOutcome(
            self.source.feed, self.source.uri, status, self.fault, self.files, self.known_before, tuple(self.noted)
        )

    def _sort(self, place: Place, entry: RemoteFile, control: RemoteFile | None) -> None:
        hostile = names.fault_in(entry.name)
        if hostile:
            self.note(Fetch.of(self.source, entry, None, REFUSED, f"{hostile}; ask the sender to rename it"))
            return
        is_wanted = pull.is_data_name(entry.name) and fnmatchcase(entry.name, self.source.pattern)
        if entry.kind == "folder" or not is_wanted:
            return
        self.files += 1
        if entry.kind in _KINDS:
            self.note(Fetch.of(self.source, entry, None, REFUSED, f"{_KINDS[entry.kind]}; ask the sender for the file"))
            return
        file, control = (self._looked(entry), control and self._looked(control)) if place.is_bare else (entry, control)
        if file is not None:
            self._sort_file(place, file, control)

    def _sort_file(self, place: Place, file: RemoteFile, control: RemoteFile | None) -> None:
        past = self.past.get(file.name)
        is_same = past is not None and past.is_of(file, control)
        if past is not None and is_same and past.status in DONE and self.is_held(past):
            self.seen.append((file, control, past))
        elif past is not None and is_same and past.status == DISAGREES:
            self.noted.append(past)
        elif _is_closed_by(file, control) or place.is_whole_at_once or self._has_settled(place, past, is_same):
            self.ready.append((file, control))
        else:
            self.unsettled.append((file, control))

    def _has_settled(self, place: Place, past: Fetch | None, is_same: bool) -> bool:
        """Whether it looks as it did long enough ago."""
        settle = timedelta(seconds=place.limits.settle_seconds)
        return past is not None and is_same and now() - past.looked_at >= settle

    def _looked(self, file: RemoteFile) -> RemoteFile | None:
        """The file as it looks now; one that is not there is noted as awaited."""
        place = self.place
        assert place is not None  # noqa: S101 - only after the first look
        try:
            return tried(place, lambda: place.look(file))
        except Exception as error:
            if not faults.is_missing(error):
                raise
            self.note(Fetch.of(self.source, file, None, WAITING, "it is named at the source, but not there"))
            return None


def _is_closed_by(file: RemoteFile, control: RemoteFile | None) -> bool:
    """Whether a control file says that the file is complete; one older than the file may be that of a former version."""
    if control is None:
        return False
    return control.modified_at is None or file.modified_at is None or control.modified_at >= file.modified_at


def _says_the_same(past: Fetch | None, new: Fetch) -> bool:
    return past is not None and {**vars(past), "looked_at": None} == {**vars(new), "looked_at": None}
