"""An explanation as tables for a terminal."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from pipelines.eligibility.explained_parts import Cell, Part, parts
from pipelines.terminal import Terminal

if TYPE_CHECKING:
    from pipelines.eligibility.explain import Explanation

STYLES = {"good": "green", "bad": "red", "warn": "yellow", "calm": "dim", "strong": "bold", "told": "bold cyan"}


def render(explained: Explanation, width: int, *, color: bool) -> str:
    """The explanation as text of at most `width` columns; with `color` as a terminal shows it."""
    out = io.StringIO()
    console = Terminal(file=out, width=width, force_terminal=color, no_color=not color)
    for part in parts(explained):
        console.print(_table(part) if isinstance(part, Part) else _text(part))
    return out.getvalue()


def _text(cell: Cell) -> Text:
    return Text(cell.text, style=STYLES.get(cell.tone, ""))


def _table(part: Part) -> Table:
    table = Table(title=Text(part.title), title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for number, head in enumerate(part.heads):
        table.add_column(head, justify="right" if number in part.right else "left", overflow="fold")
    for row in part.rows:
        table.add_row(*map(_text, row))
    return table
