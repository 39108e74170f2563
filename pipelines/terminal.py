"""The terminal: text out of files is shown as it is, and cannot steer it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.segment import Segment

_STEERING = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)])
del _STEERING[ord("\n")], _STEERING[ord("\t")]


class Terminal(Console):
    """A console on which brackets and colons are text, and control characters (ESC, which would move the cursor) are left out."""

    def __init__(self, **options: Any) -> None:
        """`options` are those of rich's console."""
        super().__init__(markup=False, emoji=False, highlight=False, **options)

    def render(self, *args: Any, **options: Any) -> Iterable[Segment]:
        """What is to be written; rich adds its own colours behind this."""
        for text, style, control in super().render(*args, **options):
            yield Segment(text if control else text.translate(_STEERING), style, control)
