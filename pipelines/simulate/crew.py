"""Counties by the core: each in a process of its own, their results taken in the order of the counties."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import wait
from typing import TypeVar

Made = TypeVar("Made")

_AHEAD = 1
"""Results a worker may be ahead of the one that takes them: they lie on disk meanwhile."""

_KEEP_MEMORY = "dirty_decay_ms:-1,muzzy_decay_ms:-1"
"""For the allocator of Polars: every county needs as much as the one before, and new pages cost a tenth of the time."""


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0))


def in_order(work: Callable[[int], Made], count: int, workers: int | None = None) -> Generator[Made, None, None]:
    """`work(0)` to `work(count - 1)`, in that order, made by `workers` processes (default: one a core).

    `work` must be a function of a module, or a `partial` of one. One worker is this process itself.
    """
    workers = min(workers or cores(), count)
    if workers == 1:
        yield from map(work, range(count))
        return
    with _pool(workers) as pool:
        waiting: deque[Future[Made]] = deque()
        for number in range(count):
            waiting.append(pool.submit(work, number))
            if len(waiting) > workers * (1 + _AHEAD):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that share the cores: each computes with its share of the threads, and keeps the memory it has had."""
    share = str(max(1, cores() // workers))
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _begin)
    try:
        with _environment({"POLARS_MAX_THREADS": share, "_RJEM_MALLOC_CONF": _KEEP_MEMORY}):
            pool.submit(os.getpid)  # the first task starts all processes
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _environment(changed: dict[str, str]) -> Iterator[None]:
    """Variables that Polars reads when a process loads it."""
    kept = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    try:
        yield
    finally:
        for name, value in kept.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def _begin() -> None:
    """A worker ends at Ctrl-C without a word, and when the process that started it is gone."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
