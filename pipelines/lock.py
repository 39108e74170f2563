"""One writer at a time: a second run waits for nobody, it says who is at work and ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TextIO

from pipelines.errors import BusyError, disk_full_in_words
from pipelines.settings import BUSINESS_ZONE

_held: set[Path] = set()


@contextmanager
def exclusive(home: Path, job: str) -> Iterator[None]:
    """Hold `<home>/run.lock` for a job; inside it, further steps of the same process pass. A killed process frees it.

    Raises:
        DiskFullError: the job found no space left.
        BusyError: another process holds it; the message says which job, its process id and since when.
    """
    path = home.resolve() / "run.lock"
    if path in _held:
        yield
        return
    with disk_full_in_words(home), _opened(path) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise BusyError(
                f"another run is at work on {home}: {lock.read().strip()}. Try again when it has ended"
            ) from None
        lock.truncate(0)
        lock.write(f"{job}, process {os.getpid()}, since {datetime.now(BUSINESS_ZONE):%Y-%m-%d %H:%M:%S}")
        lock.flush()
        _held.add(path)
        try:
            yield
        finally:
            _held.discard(path)


def _opened(path: Path) -> TextIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("a+", encoding="utf-8")
