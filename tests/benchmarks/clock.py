"""Seconds by step, taken by wrapping functions for the length of a benchmark process."""

from __future__ import annotations

import time
from functools import wraps
from typing import Any


class Clock:
    """Adds up the seconds spent in the functions it watches."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def watch(self, owner: Any, name: str, step: str) -> None:
        """Time every call of `owner.name` under `step`."""
        watched = getattr(owner, name)

        @wraps(watched)
        def timed(*args: Any, **kwargs: Any) -> Any:
            began = time.perf_counter()
            try:
                return watched(*args, **kwargs)
            finally:
                self.seconds[step] = self.seconds.get(step, 0) + time.perf_counter() - began

        setattr(owner, name, timed)
