"""The sheet 说明: what each column means, the definitions with their numbers, rates, sources, and the law."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.declarations import read_declaration
from pipelines.errors import DeclarationError
from pipelines.lists.workbook import Blank, Line
from pipelines.names import name_zh
from pipelines.warehouse.tables import Table

if TYPE_CHECKING:
    from pipelines.lists.context import FeedSource, ListContext
    from pipelines.parameters import LprRate, Parameters

TEXTS = Path(__file__).with_name("notes_zh.yml")
STATES = {"fresh": "正常", "late": "逾期未到", "missing": "尚未接入", "failed": "最新文件未通过检查"}


def notes(
    declared: Table,
    headings: Sequence[str],
    blanks: Sequence[Blank],
    rows: tuple[int, int],
    week: str,
    context: ListContext,
) -> list[Line]:
    """The lines of the sheet; every column shown is explained, and a list too long for the workbook says so.

    Args:
        declared: the table of the list.
        headings: of the columns shown.
        blanks: the columns to fill in.
        rows: how many are listed, and how many the workbook holds at most.
        week: the release.
        context: its as-of, rates, sources and parameters.

    Raises:
        DeclarationError: `notes_zh.yml` explains a shown column not at all, or names an unknown parameter.
    """
    texts = _texts()
    return [
        Line((f"首贷目标名单 {week} 说明",), "title"),
        Line((f"数据截止日 {context.as_of:%Y-%m-%d}（含）；{texts['files']}",), "note"),
        Line((texts["return"],), "note"),
        *_cut(*rows, texts["cut"]),
        *_block(("列名", "含义", "英文列名"), _columns(declared, headings, texts["columns"])),
        *_block(("填写列", "填写要求", "英文列名"), _to_fill_in(blanks, texts["fill_in"])),
        *_block(("口径", "定义", "工作方案条款"), _definitions(texts["definitions"], context.parameters)),
        *_block(("利率", "说明"), _rates(context.lpr)),
        *_block(("数据来源", "状态", "最新文件", "报送部门", "收到日期"), _sources(context)),
        *_block(("合规提示", "要求"), ((f"{number}", text) for number, text in enumerate(texts["law"], 1))),
    ]


def _cut(rows: int, most_rows: int, text: str) -> list[Line]:
    return [Line((text.format(rows=rows, most_rows=most_rows),), "note")] if rows > most_rows else []


def _block(head: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> list[Line]:
    return [Line(()), Line(head, "head"), *(Line(row) for row in rows)]


def _columns(declared: Table, headings: Sequence[str], meanings: dict[str, str]) -> list[tuple[Any, ...]]:
    shown = [column for column in declared.columns if column.title_zh in headings]
    unexplained = [column.name for column in shown if column.name not in meanings]
    if unexplained:
        raise DeclarationError(f"{TEXTS.name} does not explain {', '.join(unexplained)}; add each under `columns`")
    return [(column.title_zh, meanings[column.name], column.name) for column in shown]


def _to_fill_in(blanks: Sequence[Blank], how: dict[str, str]) -> list[tuple[Any, ...]]:
    return [(blank.heading, how[blank.name].format(choices="、".join(blank.choices)), blank.name) for blank in blanks]


def _definitions(entries: Sequence[dict[str, Any]], parameters: Parameters) -> list[tuple[Any, ...]]:
    numbers = _Numbers(parameters)
    try:
        holding = [entry for entry in entries if _holds(entry, parameters)]
        return [(entry["term"], entry["text"].format_map(numbers), entry.get("clause", "")) for entry in holding]
    except AttributeError as error:
        raise DeclarationError(f"{TEXTS.name}: a definition names an unknown parameter: {error}") from error


def _holds(entry: dict[str, Any], parameters: Parameters) -> bool:
    """Whether the parameters are what the entry is for: as `when` says, and none that turns it off (`while`) is 0."""
    is_so = all(getattr(parameters, name) == value for name, value in entry.get("when", {}).items())
    return is_so and ("while" not in entry or bool(getattr(parameters, entry["while"])))


class _Numbers:
    """The parameters by name, as text: thousands separated, shares by grade in a row."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters

    def __getitem__(self, name: str) -> str:
        value = getattr(self._parameters, name)
        if isinstance(value, Mapping):
            return "、".join(f"{name_zh('grade', grade)}{share:f}%" for grade, share in value.items())
        return f"{value:,}" if isinstance(value, int | Decimal) else str(value)


def _rates(lpr: LprRate) -> list[tuple[Any, ...]]:
    rows = [("1年期LPR", f"{lpr.lpr_1y_pct}%（{lpr.effective_on:%Y-%m-%d}起）；参考年利率在其上加点")]
    if lpr.is_past_table_end:
        warning = f"LPR表止于{lpr.effective_on:%Y-%m-%d}，其后的报价尚未录入：本批次按该期测算，签约前须按当日LPR重算"
        rows.append(("请注意", warning))
    return rows


def _sources(context: ListContext) -> list[tuple[Any, ...]]:
    return [
        (
            f"{source.title_zh}（{source.feed}）",
            _state(source),
            source.newest_file or "—",
            source.department,
            "—" if source.received_on is None else f"{source.received_on:%Y-%m-%d}",
        )
        for source in context.sources
    ]


def _state(source: FeedSource) -> str:
    """The state of a feed, and which conditions it leaves unknown."""
    if source.state == "fresh":
        return STATES["fresh"]
    rules = "、".join(name_zh("rule", rule) for rule in source.rules)
    return (
        f"{STATES[source.state]}，以下条件按未知处理：{rules}" if rules else f"{STATES[source.state]}，不影响判定条件"
    )


@cache
def _texts() -> dict[str, Any]:
    texts: dict[str, Any] = read_declaration(TEXTS)
    return texts
