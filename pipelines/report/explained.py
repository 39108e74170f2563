"""An explanation as a part of a page that opens: what `shoudai explain` says of an entity, every text escaped."""

from __future__ import annotations

from dataclasses import replace

from pipelines.eligibility.explain import Explanation
from pipelines.eligibility.explained_parts import Cell, Part, reasons
from pipelines.names import name_zh
from pipelines.report.figures import Prospect
from pipelines.report.markup import e, table

TONES = ("good", "bad", "warn", "calm")


def details(one: Prospect, explained: Explanation) -> str:
    """A listed entity: its line of the list, and behind it all that it rests on.

    A predecessor's code and name are on no list that marketing gets, and are left out.
    """
    limit = "以申请核定" if one.limit_yuan is None and one.product else "—"
    shown = [
        f"<b>{one.rank}</b>",
        f"<span>{e(one.name)}</span>",
        f"<code>{e(one.uscc)}</code>",
        f"<small>{e(name_zh('segment', one.segment))} · {one.score}分 {e(one.grade)}</small>",
        f'<span class="amount">{e(name_zh("product", one.product)) if one.product else "无适用产品"} '
        f"{limit if one.limit_yuan is None else f'{one.limit_yuan:,.0f} 元'}</span>",
    ]
    body = "".join(_part(part) if isinstance(part, Part) else _line(part) for part in reasons(_less(explained)))
    return f"<details><summary>{''.join(shown)}</summary>{body}</details>"


def _less(explained: Explanation) -> Explanation:
    if explained.predecessor is None:
        return explained
    return replace(explained, predecessor={**explained.predecessor, "uscc": "（代码从略）", "name": None})


def _line(cell: Cell) -> str:
    return f'<p class="{_class(cell)}">{e(cell.text)}</p>'


def _part(part: Part) -> str:
    rows = [[_cell(cell) for cell in row] for row in part.rows]
    zh, _, en = part.title.partition(" ")
    return f"<h3>{e(zh)} <small>{e(en)}</small></h3>{table(part.heads, rows, 'counts' if part.right else '')}"


def _cell(cell: Cell) -> str:
    return f'<span class="{_class(cell)}">{e(cell.text)}</span>' if cell.tone else e(cell.text)


def _class(cell: Cell) -> str:
    return f"{cell.tone}-text" if cell.tone in TONES else cell.tone
