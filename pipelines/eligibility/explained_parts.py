"""An explanation laid out: sentences and tables, Chinese beside English, for a terminal and for a page alike."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.names import name_zh

if TYPE_CHECKING:
    from pipelines.eligibility.evidence import Source
    from pipelines.eligibility.explain import Explanation, RuleLine
    from pipelines.eligibility.history import Change

DIGEST_SHOWN = 12
CHANGES = {"entered": "入选 entered", "left": "退出 left", "moved": "变动 moved"}
CAUSES = {
    "new_data": "新数据 new data",
    "correction": "更正 correction",
    "rule_change": "规则变更 rule change",
    "feed_state": "数据源状态 feed state",
    "time": "时间推移 time",
    "suppression": "营销抑制 suppression",
    "capacity": "名额 capacity",
    "unknown": "不详 unknown",
}

LINKED = {
    "organisation_code": "组织机构代码 code",
    "decided": "人工确认 decided",
    "same_account": "同户其他账单 same account",
    "exact": "名称相同 exact",
    "normalised": "名称规范后相同 normalised",
    "probabilistic": "名称地址相近 probabilistic",
}


@dataclass(frozen=True)
class Cell:
    """A text, several lines of it maybe, and how it is meant: `good`, `bad`, `warn`, `calm`, `strong`, `told` or nothing."""

    text: str
    tone: str = ""


@dataclass(frozen=True)
class Part:
    """A table: title, headings, rows of cells; the columns numbered in `right` hold numbers."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    right: tuple[int, ...] = ()


OUTCOMES = {
    True: Cell("✓ 符合 true", "good"),
    False: Cell("✗ 不符合 false", "bad"),
    None: Cell("? 未知 unknown", "warn"),
}
NOT_ADDRESSED = Cell("— 不适用 n/a", "calm")


def parts(explained: Explanation) -> Iterator[Cell | Part]:
    """All there is to say, in reading order: sentences as cells, tables as parts."""
    yield Cell(f"{explained.week}  as of {explained.as_of}", "calm")
    yield from (Cell(f"! {note}", "warn") for note in explained.notes)
    if explained.uscc is None:
        yield _part(
            f"“{clean(explained.query)}” 可能是 could be",
            ("代码 code", "名称 name", "区划 division"),
            [(one.uscc, one.name, one.division_code) for one in explained.candidates],
        )
        return
    yield Cell(f"{clean(explained.name or '—')}  {explained.uscc}", "strong")
    yield from reasons(explained)


def reasons(explained: Explanation) -> Iterator[Cell | Part]:
    """What follows the head of an entity that was found: the answer, and all that it rests on."""
    yield from _answer(explained)
    yield from _listing(explained)
    yield _rules(explained)
    yield _segments(explained)
    yield from _links(explained)
    yield from _beside(explained)


def clean(text: str) -> str:
    """Without control characters: what a department typed must not steer a terminal, nor break a page."""
    return "".join(
        mark if mark == "\n" or unicodedata.category(mark) != "Cc" else "\N{REPLACEMENT CHARACTER}" for mark in text
    )


def _answer(explained: Explanation) -> Iterator[Cell]:
    if explained.verdict is not None:
        yield Cell(f"{explained.verdict.zh}\n{clean(explained.verdict.en)}", "told")
    if explained.first_loan_status is not None:
        status = name_zh("first_loan_status", explained.first_loan_status)
        yield Cell(f"首贷状态 first-loan status: {status} ({explained.first_loan_status}){_evidence(explained)}")
    if explained.predecessor is not None:
        one = explained.predecessor
        state = name_zh("first_loan_status", one["first_loan_status"] or "unknown")
        yield Cell(f"前身 predecessor: {one['uscc']} {clean(one['name'] or '—')}（首贷状态：{state}）")


def _evidence(explained: Explanation) -> str:
    source, day, definition = (
        explained.first_loan_evidence.get(key) for key in ("source", "evidence_on", "definition")
    )
    return f"，依据 {source} {day or '—'}，口径 {definition}" if source else ""


def _listing(explained: Explanation) -> Iterator[Part]:
    if explained.listed is None:
        return
    total = sum(line.points for line in explained.points)
    rows = [(line.reason, f"{line.points:+d}", _above(line.above_mean)) for line in explained.points]
    heading = ("理由 reason", "分值", "比客群均值 above mean")
    yield _part("得分 points", heading, [*rows, ("合计 score", str(total), "")], right=(1, 2))
    yield _part(
        "报价 offer",
        ("项目 item", "算法 how", "条款"),
        [(line.title_zh, line.text, line.clause) for line in explained.offer],
    )


def _rules(explained: Explanation) -> Part:
    rows = [
        (
            f"{line.title_zh}\n{line.name} {line.clause}",
            OUTCOMES[line.outcome] if line.is_applicable else NOT_ADDRESSED,
            _found(line),
            "\n".join(_source(source) for source in line.sources),
        )
        for line in explained.rules
    ]
    return _part("规则 rules", ("规则 rule", "结果 outcome", "所见 found / 要求 needed", "来源 source"), rows)


def _found(line: RuleLine) -> str:
    told = [line.value or "—", f"要求：{line.needed}"]
    told += [line.why_unknown] if line.why_unknown and line.is_applicable else []
    told += [f"预计达标日 met on: {line.closes_on}"] if line.closes_on else []
    return "\n".join(told)


def _source(source: Source) -> str:
    if source.state == "missing":
        return f"{source.title_zh} {source.feed}: 未交付 never delivered"
    words = {"late": "逾期 late", "failed": "最新文件未通过 newest file failed"}.get(source.state)
    state = f"（{words}: {source.feed_received_on}）" if words else ""
    if source.file_id is None:
        return f"{source.title_zh} {source.feed}{state}: 无记录 no row"
    period = f" {source.period:%Y-%m}" if source.period else ""
    where = f"{clean(source.file_name or '?')} #{source.row_no} {source.file_id[:DIGEST_SHOWN]}"
    return f"{source.title_zh} {source.feed}{state}:{period} {where}（共{source.rows}行）"


def _segments(explained: Explanation) -> Part:
    rows = [
        (
            f"{line.title_zh}\n{line.name} {line.clause}",
            OUTCOMES[line.outcome],
            *("、".join(name_zh("rule", name) for name in names) for names in (line.failed, line.unknown)),
        )
        for line in explained.segments
    ]
    return _part("客群 segments", ("客群 segment", "结果 outcome", "不满足 failed", "未知 unknown"), rows)


def _links(explained: Explanation) -> Iterator[Part]:
    rows = [
        (
            f"{one.rows.title_zh}\n{one.source_id}",
            LINKED[one.method],
            "" if one.score is None else f"{one.score:.4f}",
            f"{one.evidence}\n自 since {one.since_on}",
            _source(one.rows),
        )
        for one in explained.links
    ]
    heads = ("关联的户号或主体 linked", "方式 how", "概率 score", "依据 evidence", "来源 source")
    yield from _when("主体关联 links", heads, rows)


def _beside(explained: Explanation) -> Iterator[Part]:
    """What an entity may have besides: suppressions, the watchlist, earlier lists, quarantined rows."""
    watched = [
        (name_zh("segment", row["segment"]), name_zh("rule", row["missing_rule"]), name_zh("outcome", row["outcome"]))
        + (row["value"], row["needed"], row["closes_on"])
        for row in explained.watched
    ]
    heads = ("客群", "尚缺条件 missing", "状态", "当前 value", "需要 needed", "预计达标日 closes on")
    yield from _when("培育库 watchlist", heads, watched)
    suppressed = [(row["reason"], row["from_on"], row["until_on"], _where(row)) for row in explained.suppressions]
    yield from _when("营销抑制 suppressions", ("原因 reason", "起 from", "止 until", "来源 source"), suppressed)
    earlier = [
        (row["week"], row["rank"], name_zh("segment", row["segment"]), row["score"], row["grade"])
        for row in explained.earlier
    ]
    yield from _when("往期名单 earlier lists", ("批次 week", "排名", "客群", "得分", "等级"), earlier)
    changes = [
        (one.week, CHANGES[one.kind], _places(one), f"{CAUSES.get(one.cause, one.cause)}：{one.detail}")
        for one in explained.history
    ]
    yield from _when("历史 history", ("批次 week", "变化 change", "名次 rank", "原因 cause"), changes)
    broken = [(one.feed, one.file_name, one.row_no, "; ".join(one.reasons)) for one in explained.quarantined]
    yield from _when("隔离的行 quarantined rows", ("数据源 feed", "文件 file", "行", "原因 reasons"), broken)


def _places(change: Change) -> str:
    """`第7名 40分 C -> 第1名 42分 B`; a list it is not on is a dash."""
    sides = [
        f"第{one['rank']}名 {one['score']}分 {one['grade']}" if one else "—" for one in (change.before, change.after)
    ]
    return " -> ".join(sides)


def _where(row: dict[str, Any]) -> str:
    return f"#{row['row_no']} {row['file_id'][:DIGEST_SHOWN]}"


def _when(title: str, heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[Part]:
    if rows:
        yield _part(title, heads, rows)


def _part(title: str, heads: Sequence[str], rows: Iterable[Sequence[Any]], right: Sequence[int] = ()) -> Part:
    return Part(title, tuple(heads), tuple(tuple(map(_cell, row)) for row in rows), tuple(right))


def _cell(value: Any) -> Cell:
    return value if isinstance(value, Cell) else Cell("—" if value is None else clean(str(value)))


def _above(points: float | None) -> str:
    return "" if points is None else f"{round(points, 1) + 0.0:+.1f}"  # no -0.0
