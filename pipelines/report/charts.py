"""Small drawings for a page that must read without a net: inline SVG made of plain shapes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from html import escape

HEIGHT, BAR, GAP = 30, 7, 2
WIDTH = 960
LABEL = 44
"""As wide as `2026-11` is drawn."""


def stacked_bars(parts: Sequence[tuple[int, int, int]]) -> str:
    """One bar a delivery, in order: accepted, duplicates, quarantined rows on top of each other.

    Heights follow the square root of the rows, so that a monthly file is seen beside a backfill of a year; a part that is
    not empty is at least one pixel.
    """
    most = max((sum(each) for each in parts), default=0)
    if not most:
        return ""
    bars = "".join(_bar(place * (BAR + GAP), each, most) for place, each in enumerate(parts))
    width = len(parts) * (BAR + GAP)
    return f'<svg class="bars" width="{width}" height="{HEIGHT}" viewBox="0 0 {width} {HEIGHT}" role="img">{bars}</svg>'


def _bar(left: int, parts: tuple[int, int, int], most: int) -> str:
    total = sum(parts)
    height = max((total / most) ** 0.5 * (HEIGHT - 3), 1.0)
    shapes, base = [], float(HEIGHT)
    for tone, rows in zip(("good", "calm", "bad"), parts, strict=True):
        if rows:
            tall = max(height * rows / total, 1.0)
            base -= tall
            shapes.append(f'<rect class="{tone}" x="{left}" y="{base:.1f}" width="{BAR}" height="{tall:.1f}"/>')
    return f"<g><title>{' + '.join(f'{rows:,}' for rows in parts)}</title>{''.join(shapes)}</g>"


def timeline(marks: Sequence[tuple[date, str, str]], span: tuple[date, date]) -> str:
    """When files came, on the axis all feeds share: a dot a file (day, tone, text shown on it), a line a month."""
    first, last = span
    days = max((last - first).days, 1)

    def place(day: date) -> float:
        return 12 + (day - first).days / days * (WIDTH - 24)

    lines = "".join(
        f'<line x1="{place(day):.1f}" x2="{place(day):.1f}" y1="6" y2="30"/>'
        + (f'<text x="{min(place(day) + 3, WIDTH - LABEL):.1f}" y="42">{day:%Y-%m}</text>' if label else "")
        for day, label in _months(first, last)
    )
    dots = "".join(
        f'<circle class="{tone}" cx="{place(day):.1f}" cy="18" r="5"><title>{escape(text)}</title></circle>'
        for day, tone, text in marks
    )
    axis = f'<line x1="0" x2="{WIDTH}" y1="18" y2="18"/>'
    return f'<svg class="timeline" viewBox="0 0 {WIDTH} 46" role="img">{axis}{lines}{dots}</svg>'


def _months(first: date, last: date) -> list[tuple[date, bool]]:
    """The firsts of the months within a span, and whether each is labelled (at most a dozen are)."""
    starts = [
        date(year, month, 1)
        for year in range(first.year, last.year + 1)
        for month in range(1, 13)
        if first <= date(year, month, 1) <= last
    ]
    step = max(1, -(-len(starts) // 12))
    return [(day, number % step == 0) for number, day in enumerate(starts)]
