"""How long work tells that it goes on; the command shows bars, a scheduler nothing."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told about each stretch of work."""

    def begin(self, title: str, total: int) -> None:
        """A stretch of `total` parts begins."""

    def advance(self, part: str) -> None:
        """The next part, named, is at work."""

    def end(self) -> None:
        """The stretch has ended."""


class Quiet:
    """Tells nobody."""

    def begin(self, title: str, total: int) -> None:
        """Nothing."""

    def advance(self, part: str) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""
