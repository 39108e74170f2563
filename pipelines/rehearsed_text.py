"""A rehearsal as tables for a terminal, Chinese beside English."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from pipelines.rehearsal import Line, Rehearsal
from pipelines.terminal import Terminal

PLACES_SHOWN = 12
HEADS = (
    "变动前 before",
    "进入 enter",
    "退出 leave",
    "变动后 after",
    "额度变动（万元）limits",
    "预期首贷 first loans expected",
)


def render(made: Rehearsal, width: int, *, color: bool) -> str:
    """The rehearsal as text of at most `width` columns; with `color` as a terminal shows it."""
    out = io.StringIO()
    console = Terminal(file=out, width=width, force_terminal=color, no_color=not color)
    for part in _parts(made):
        console.print(part)
    return out.getvalue()


def _parts(made: Rehearsal) -> Iterable[Table | Text]:
    yield Text(f"rehearsal of {made.week} as of {made.as_of}; nothing is published", style="bold")
    yield from (Text(f"{name}: {was} -> {now}") for name, (was, now) in made.changes.items())
    yield from (Text(f"! {note}", style="yellow") for note in made.notes)
    yield _table("客群 segment", [*made.segments, made.total], is_rated=True)
    if made.expected is not None:
        before, after = made.expected
        yield Text(f"预期首贷合计 first loans expected: {before:,.1f} -> {after:,.1f} ({after - before:+,.1f})")
    shown = made.places[:PLACES_SHOWN]
    yield _table("地区 place", shown, is_rated=False)
    if len(made.places) > len(shown):
        yield Text(
            f"and {len(made.places) - len(shown):,} more places, with less movement (--json has all)", style="dim"
        )


def _table(what: str, lines: Sequence[Line], *, is_rated: bool) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(what, overflow="fold")
    for head in HEADS if is_rated else HEADS[:-1]:
        table.add_column(head, justify="right")
    for line in lines:
        cells = (f"{line.before:,}", f"+{line.entering:,}", f"−{line.leaving:,}", f"{line.after:,}", _limits(line))
        name = line.title_zh if line.code in ("", "total") else f"{line.title_zh} {line.code}"
        table.add_row(Text(name), *cells, *([_expected(line)] if is_rated else []))
    return table


def _limits(line: Line) -> str:
    before, after = (amount / Decimal(10_000) for amount in (line.limit_before_yuan, line.limit_after_yuan))
    return f"{before:,.0f} -> {after:,.0f} ({after - before:+,.0f})"


def _expected(line: Line) -> str:
    """`20.0 -> 31.5 (24.1-40.2) at 6.3 % = 63 of 1,000`: with its denominator, or that there is none."""
    rate = line.rate
    if rate is None:
        return "—"
    ends = f"{line.after * rate.low:,.1f}–{line.after * rate.high:,.1f}"
    observed = f"{rate.share:.1%} = {rate.disbursed:,}/{rate.published:,}"
    return f"{line.expected_before:,.1f} -> {line.expected_after:,.1f} ({ends}; {observed})"
