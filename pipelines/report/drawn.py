"""The drawings of the weekly report: a target with the year's pace, a rate with its interval, steps that narrow, grades."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from pipelines.report.figures import Rate

TARGET_WIDTH, RATE_WIDTH, GRADES_WIDTH = 150, 110, 320
STEPS_WIDTH, LABEL, STEP_HEIGHT = 520, 176, 34
BAR_WIDTH = STEPS_WIDTH - LABEL


def target_bar(share_pct: float | None, pace_pct: float | None, tone: str) -> str:
    """How much of a target is reached, in percent of it, with a mark where the year stands; nothing for what is not known."""
    if share_pct is None:
        return ""
    reached = min(max(share_pct, 0.0), 100.0) / 100 * TARGET_WIDTH
    mark = ""
    if pace_pct is not None:
        at = min(pace_pct, 100.0) / 100 * TARGET_WIDTH
        mark = f'<line class="pace" x1="{at:.1f}" x2="{at:.1f}" y1="0" y2="16"/>'
    told = f"{share_pct:.1f}%" + (f" / {pace_pct:.1f}%" if pace_pct is not None else "")
    return _svg(
        "target",
        (TARGET_WIDTH, 16),
        f"<title>{told}</title>"
        f'<rect class="ground" x="0" y="4" width="{TARGET_WIDTH}" height="8"/>'
        f'<rect class="{tone}" x="0" y="4" width="{reached:.1f}" height="8"/>{mark}',
    )


def interval(rate: Rate, most: float) -> str:
    """A rate as a dot on its interval, on a scale from 0 to `most`; nothing without a denominator."""
    ends = rate.interval
    if ends is None or rate.share is None or most <= 0:
        return ""
    low, high, at = (round(4 + min(each / most, 1.0) * (RATE_WIDTH - 8), 1) for each in (*ends, rate.share))
    return _svg(
        "rate",
        (RATE_WIDTH, 12),
        f'<line class="axis" x1="4" x2="{RATE_WIDTH - 4}" y1="6" y2="6"/>'
        f'<line class="spread" x1="{low}" x2="{high}" y1="6" y2="6"/><circle class="dot" cx="{at}" cy="6" r="3"/>',
    )


def steps(lines: Sequence[tuple[str, int, int, int, int]]) -> str:
    """How a segment narrows: for each step its name, entities in, passed, failed, unknown.

    The length of a bar follows the square root of the entities that came so far, so that the last steps are still seen
    beside the whole register; its parts are passed, unknown, failed; a part that is not empty is at least a pixel.
    """
    most = max((entered for _, entered, *_ in lines), default=0)
    shapes = "".join(_step(number, line, most) for number, line in enumerate(lines))
    return _svg("steps", (STEPS_WIDTH, len(lines) * STEP_HEIGHT), shapes) if lines else ""


def _step(number: int, line: tuple[str, int, int, int, int], most: int) -> str:
    title, entered, passed, failed, unknown = line
    top = number * STEP_HEIGHT
    length = (entered / most) ** 0.5 * BAR_WIDTH if most else 0.0
    parts, left = [], float(LABEL)
    for tone, entities in (("good", passed), ("warn", unknown), ("bad", failed)):
        if entities:
            wide = max(length * entities / entered, 1.0)
            parts.append(f'<rect class="{tone}" x="{left:.1f}" y="{top + 2}" width="{wide:.1f}" height="11"/>')
            left += wide
    told = f"进入 {entered:,} · 符合 {passed:,} · 不符合 {failed:,} · 未知 {unknown:,}"
    return (
        f'<text x="0" y="{top + 12}">{number + 1}. {escape(title)}</text>{"".join(parts)}'
        f'<text class="told" x="{LABEL}" y="{top + 26}">{told}</text>'
    )


def grade_bar(counts: Sequence[tuple[str, int]], most: int) -> str:
    """Entities by grade in one bar, as long as the segment is large beside the largest (`most`)."""
    shapes, left = [], 0.0
    for grade, entities in counts:
        wide = entities / most * GRADES_WIDTH if most else 0.0
        shapes.append(
            f'<rect class="grade{escape(grade)}" x="{left:.1f}" y="1" width="{wide:.1f}" height="12">'
            f"<title>{escape(grade)} {entities:,}</title></rect>"
        )
        left += wide
    return _svg("grades", (GRADES_WIDTH, 14), "".join(shapes))


def _svg(kind: str, size: tuple[int, int], shapes: str) -> str:
    width, height = size
    return f'<svg class="{kind}" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">{shapes}</svg>'
