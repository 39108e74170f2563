"""One remote file into its unfinished file, going on where a cut connection stopped; bounded tries, proven by its size."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from pipelines.errors import FileWaitingError, SourceError
from pipelines.feeds.remote import faults
from pipelines.feeds.remote.names import part_of, parts_of
from pipelines.feeds.remote.places import BLOCK, Place, RemoteFile
from pipelines.progress import Progress

T = TypeVar("T")
_PAUSE, _LONGEST_PAUSE = 0.25, 5.0


def tried(place: Place, action: Callable[[], T]) -> T:
    """The result of an action at a place; a passing fault is tried again, over a new connection, `limits.tries` times in all."""
    for number in range(1, place.limits.tries + 1):
        try:
            return action()
        except Exception as error:
            place.reconnect()
            if number == place.limits.tries or not faults.is_passing(error):
                raise
            time.sleep(min(_PAUSE * 2**number, _LONGEST_PAUSE))
    raise AssertionError("at least one try")


def download(place: Place, file: RemoteFile, folder: Path, progress: Progress) -> Path:
    """The complete bytes of one version of a file as an unfinished file in `folder`; what an earlier try left is continued.

    Raises:
        FileWaitingError: the file changed at the source while it was fetched.
        SourceError: it is larger than a file may be.
        Exception: whatever the place raises; what has arrived is kept for the next try when the fault may pass.
    """
    part = folder / part_of(file.name, place.source.uri, file.version)
    _drop_other_versions(folder, file, part)
    without_progress = 0
    while True:
        had = _size(part)
        try:
            _continue(place, file, part, progress)
            break
        except Exception as error:
            place.reconnect()
            without_progress = 0 if _size(part) - had >= BLOCK else without_progress + 1
            if without_progress >= place.limits.tries or not faults.is_passing(error):
                raise
        time.sleep(min(_PAUSE * 2**without_progress, _LONGEST_PAUSE))
    now = tried(place, lambda: place.look(file))
    if now.version != file.version:
        part.unlink(missing_ok=True)
        raise FileWaitingError("the file changed at the source while it was fetched; the next run fetches it anew")
    return for_owner(part)  # a former version left it to everybody


def _continue(place: Place, file: RemoteFile, part: Path, progress: Progress) -> None:
    """Append what is missing."""
    offset, largest = _size(part), place.limits.largest_bytes
    if file.size is not None and file.size > largest:
        raise SourceError(_too_large(place, f"is {file.size:,} bytes long"))
    if file.size is not None and offset >= file.size:
        if offset == file.size and part.exists():
            return
        offset = 0
    stream, offset = place.opened(file, offset)
    with closing(stream), for_owner(part).open("r+b") as target:
        target.seek(offset)
        target.truncate()
        while chunk := place.read(stream, place.block):
            target.write(chunk)
            offset += len(chunk)
            for _ in range((offset - len(chunk)) // BLOCK, offset // BLOCK):
                progress.advance(f"{place.source.feed}/{file.name}")
            if offset > (largest if file.size is None else file.size):
                break
    if file.size is None and offset > largest:
        part.unlink()
        raise SourceError(_too_large(place, f"did not end after {offset:,} bytes"))
    if file.size is not None and offset < file.size:
        raise ConnectionError(f"the source ended at {offset:,} of {file.size:,} bytes")
    if file.size is not None and offset > file.size:
        part.unlink()
        raise FileWaitingError("the file grew at the source while it was fetched; the next run fetches it anew")


def _too_large(place: Place, found: str) -> str:
    return (
        f"the file {found}; expected at most {place.limits.largest_bytes:,}: ask the sender for smaller files, or raise "
        "`largest_gb`"
    )


def for_owner(path: Path) -> Path:
    """A file that only the owner of the home may read, made where it is not there yet: what comes may be personal."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    return path


def _size(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0


def _drop_other_versions(folder: Path, file: RemoteFile, part: Path) -> None:
    """The file changed since: what arrived of its former version is of no use."""
    begin = parts_of(file.name)
    for path in folder.iterdir():
        same_file = path.name.startswith(begin) and len(path.name) == len(part.name)
        if same_file and path.name.endswith(part.suffix) and path != part:
            path.unlink()
