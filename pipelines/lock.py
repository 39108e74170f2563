"""One job at a time in a folder: a second run waits for nobody, it says who is at work and ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TextIO

from pipelines.errors import BusyError, disk_full_in_words
from pipelines.settings import BUSINESS_ZONE

_held: dict[Path | str, Callable[[], None]] = {}
"""What this process holds -> what raises when it does so no longer."""


@contextmanager
def exclusive(home: Path, job: str) -> Iterator[None]:
    """Hold `<home>/run.lock` for a job; inside it, further steps of the same process pass. A killed process frees it.

    Raises:
        DiskFullError: the job found no space left.
        BusyError: another process holds it; the message says which job, its process id and since when.
    """
    path = home.resolve() / "run.lock"
    if is_held(path):
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
        with held(path):
            yield


def is_held(lock: Path | str) -> bool:
    """Whether this process holds a lock, so that a further step of it passes."""
    return lock in _held


@contextmanager
def held(lock: Path | str, expect: Callable[[], None] = lambda: None) -> Iterator[None]:
    """This process holds a lock that it has taken; `expect` raises when it was lost."""
    _held[lock] = expect
    try:
        yield
    finally:
        del _held[lock]


def expect_held() -> None:
    """For what must not become visible without the locks of this process.

    Raises:
        BusyError: one was lost.
    """
    for expect in tuple(_held.values()):
        expect()


def _opened(path: Path) -> TextIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("a+", encoding="utf-8")
