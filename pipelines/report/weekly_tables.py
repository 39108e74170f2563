"""The tables of the weekly report: funnel, lanes, cohorts, attrition, changes, the cultivation register, grades."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from itertools import groupby

from pipelines.eligibility.explained_parts import CAUSES, CHANGES
from pipelines.feeds.contract import contract, feeds
from pipelines.names import name_zh, names_zh
from pipelines.report.drawn import grade_bar, interval, steps
from pipelines.report.figures import (
    Causes,
    Cohort,
    Graded,
    Moves,
    Needing,
    Qualifying,
    Rate,
    Stages,
    Step,
    added_stages,
)
from pipelines.report.markup import UNKNOWN, badge, count, e, legend, table

MONTHS_SHOWN = 12
NOTHING = "<p>无 <small>none</small></p>"


def segment_title(segment: str | None) -> str:
    """A segment as people call it; `None` is all of them."""
    return "<b>合计</b> <small>all</small>" if segment is None else e(name_zh("segment", segment))


def rate_text(rate: Rate) -> str:
    """`27/974 · 1.9–4.0%`: the count over its denominator, and the 95 % interval; a dash without a denominator."""
    if rate.interval is None:
        return f"{rate.events:,}/{rate.of:,}"
    low, high = rate.interval
    return f"{rate.events:,}/{rate.of:,} · {low:.1%}–{high:.1%}"


def rate_cell(rate: Rate) -> str:
    """A rate with its denominator and interval; without a denominator a dash."""
    if rate.share is None:
        return f"{UNKNOWN} <br><small>0/0</small>"
    return f"{rate.share:.1%}<br><small>{rate_text(rate)}</small>"


def funnel(lines: Sequence[Stages]) -> str:
    """Published -> contacted -> applied -> approved -> disbursed by segment and maturity, hold-outs left out."""
    shown = [line for line in lines if not line.is_holdout]
    if not shown:
        return NOTHING
    totals = [_of_maturity(shown, is_mature) for is_mature in dict.fromkeys(line.is_mature for line in shown)]
    heads = (
        "客群 Segment", "批次 Cohorts", "入选 Listed", "触达 Contacted / listed", "申请 Applied / contacted",
        "批准 Approved / applied", "放款 Disbursed / applied", "首贷率 Disbursed / listed", "他行 Lost",
    )  # fmt: skip
    most = max(_highest(line) for line in (*shown, *totals))
    return table(heads, (_stages(line, most) for line in (*shown, *totals)), "dense")


def _of_maturity(lines: Iterable[Stages], is_mature: bool | None) -> Stages:
    same = [line for line in lines if line.is_mature is is_mature]
    return added_stages(None, same, is_holdout=False, is_mature=is_mature)


def _highest(line: Stages) -> float:
    ends = Rate(line.disbursed, line.published).interval
    return ends[1] if ends else 0.0


def _stages(line: Stages, most: float) -> Sequence[str]:
    rate = Rate(line.disbursed, line.published)
    return (
        segment_title(line.segment),
        _maturity(line.is_mature),
        count(line.published),
        _stage(line.contacted, Rate(line.contacted, line.published)),
        _stage(line.applied, Rate(line.contacted_applied, line.contacted)),
        _stage(line.approved, Rate(line.approved, line.applied)),
        _stage(line.disbursed, Rate(line.applied_disbursed, line.applied)),
        f"{rate_cell(rate)}{interval(rate, most)}",
        count(line.lost),
    )


def _stage(entities: int, rate: Rate) -> str:
    share = UNKNOWN if rate.share is None else f"{rate.share:.1%}"
    return f"<b>{entities:,}</b> {share}<br><small>{rate_text(rate)}</small>"


def _maturity(is_mature: bool | None) -> str:
    return {
        True: badge("成熟", "mature", "good"),
        False: badge("未成熟", "immature", "warn"),
        None: badge("未知", "unknown", "calm"),
    }[is_mature]


def lanes(lines: Sequence[Stages]) -> str:
    """First-loan rates of those handed out, of those contacted, and of those held out, by segment, cohorts of any age."""
    if not any(line.is_holdout for line in lines):
        return "<p>尚无对照组，无法测算触达的作用 <small>nobody was held out: what contacting does cannot be measured</small></p>"
    segments = [*dict.fromkeys(line.segment for line in lines), None]
    made = [_lane(lines, segment) for segment in segments]
    most = max((rate.interval[1] for rates in made for rate in rates if rate.interval), default=0.0)
    heads = ("客群 Segment", "下发 Handed out", "其中已触达 Contacted", "对照组 Held out")
    rows = (
        (segment_title(segment), *(f"{rate_cell(rate)}{interval(rate, most)}" for rate in rates))
        for segment, rates in zip(segments, made, strict=True)
    )
    read = legend(
        "触达的作用看“下发”与“对照组”之差；已触达户由客户经理挑选，不能直接比较。",
        "What contacting does is the difference of handed out and held out; whom managers contacted they chose.",
    )
    return table(heads, rows, "dense") + read


def _lane(lines: Sequence[Stages], segment: str | None) -> tuple[Rate, Rate, Rate]:
    own = [line for line in lines if segment in (None, line.segment)]
    out, held = (
        added_stages(segment, (line for line in own if line.is_holdout is is_holdout), is_holdout=is_holdout)
        for is_holdout in (False, True)
    )
    return (
        Rate(out.disbursed, out.published),
        Rate(out.contacted_disbursed, out.contacted),
        Rate(held.disbursed, held.published),
    )


def cohorts(lines: Sequence[Cohort]) -> str:
    """The newest cohorts, newest first."""
    heads = (
        "批次 Week", "天数 Days", "成熟 Maturity", "入选 Listed", "触达 Contacted", "申请 Applied",
        "首贷率 Disbursed / listed", "他行 Lost",
    )  # fmt: skip
    rows = (
        (
            e(line.week), count(line.days), _maturity(line.is_mature), count(line.published), count(line.contacted),
            count(line.applied), rate_cell(Rate(line.disbursed, line.published)), count(line.lost),
        )
        for line in lines
    )  # fmt: skip
    return table(heads, rows, "dense")


def attrition(lines: Sequence[Step]) -> str:
    """A drawing per segment, in the order of the segments' names in the tables."""
    by_segment = {segment: list(each) for segment, each in groupby(lines, lambda line: line.segment)}
    figures = "".join(
        f"<figure><figcaption>{segment_title(segment)} <small>{each[-1].passed:,} 户符合 in it</small></figcaption>"
        + steps([(name_zh("rule", one.rule), one.entities_in, one.passed, one.failed, one.unknown) for one in each])
        + "</figure>"
        for segment, each in by_segment.items()
    )
    read = legend(
        '<i class="good"></i>符合 passed <i class="warn"></i>未知 unknown <i class="bad"></i>不符合 failed'
        "；条长为进入户数的平方根",
        "bar length follows the square root of the entities in",
    )
    return f'<div class="figures">{figures}</div>{read}' if figures else NOTHING


def moves(lines: Sequence[Moves], total: Moves) -> str:
    """Segment by segment: the list before, who left and came, the list now."""
    heads = (
        "客群 Segment", "上批 Before", "退出 Left", "转出 Moved out", "新入 Entered", "转入 Moved in", "得分变动 Rescored",
        "不变 Unchanged", "本批 Now",
    )  # fmt: skip
    names = [field.name for field in fields(Moves) if field.name != "segment"]
    rows = ((segment_title(line.segment), *(count(getattr(line, name)) for name in names)) for line in (*lines, total))
    return table(heads, rows, "dense counts")


def causes(lines: Sequence[Causes]) -> str:
    """Why: of all where few changed, else of a sample that is said to be one."""
    rows = (
        (
            e(CHANGES[line.kind]),
            count(line.entities),
            f"{line.asked:,} <small>{'全部 all' if line.asked == line.entities else '抽查 sampled'}</small>",
            "<br>".join(f"{e(CAUSES[one.cause])}：<b>{one.entities:,}</b>{_rules(one.rules)}" for one in line.causes),
        )
        for line in lines
    )
    heads = ("变化 Change", "户数 Entities", "查明 Asked", "原因 Causes (rules that turned)")
    return table(heads, rows, "dense") if lines else NOTHING


def _rules(counts: Sequence[tuple[str, int]]) -> str:
    told = "、".join(f"{e(name_zh('rule', rule))} {entities:,}" for rule, entities in counts)
    return f" <small>（{told}）</small>" if told else ""


def qualifying(lines: Sequence[Qualifying]) -> str:
    """Months down, segments across; the months after a year are one line, those without a day another."""
    if not lines:
        return NOTHING
    segments = [name for name in names_zh("segment") if any(line.segment == name for line in lines)]
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    months = sorted({line.month for line in lines if line.month is not None})
    shown = {month: f"{month:%Y-%m}" for month in months[:MONTHS_SHOWN]}
    for line in lines:
        title = "无法预计 no day" if line.month is None else shown.get(line.month, "更晚 later")
        counts[title][line.segment] += line.entities
    order = [*shown.values(), "更晚 later", "无法预计 no day"]
    heads = ("月份 Month", *(name_zh("segment", name) for name in segments), "合计 All")
    rows = (_month(title, counts[title], segments) for title in order if title in counts)
    return table(heads, rows, "dense counts")


def _month(title: str, counts: Mapping[str, int], segments: Sequence[str]) -> Sequence[str]:
    each = [counts.get(segment, 0) for segment in segments]
    return (e(title), *(count(one) if one else UNKNOWN for one in each), f"<b>{sum(each):,}</b>")


def needing(lines: Sequence[Needing]) -> str:
    """Which feed would settle how many."""
    rows = (
        (
            f"{e(contract(line.feed).title_zh if line.feed in feeds() else line.feed)} <small>{e(line.feed)}</small>",
            "、".join(e(name_zh("rule", rule)) for rule in line.rules),
            count(line.entities),
        )
        for line in lines
    )
    return table(("数据源 Feed", "未知的条件 Unknown rules", "户数 Entities"), rows, "dense") if lines else NOTHING


def grades(lines: Sequence[Graded]) -> str:
    """A bar per segment, as long as the segment is large."""
    names = sorted({line.grade or UNKNOWN for line in lines})
    by_segment = {
        segment: {one.grade or UNKNOWN: one.entities for one in each}
        for segment, each in groupby(lines, lambda line: line.segment)
    }
    most = max((sum(counts.values()) for counts in by_segment.values()), default=0)
    rows = (
        (
            segment_title(segment),
            grade_bar([(name, counts[name]) for name in names if name in counts], most),
            *(count(counts.get(name, 0)) for name in names),
            f"<b>{sum(counts.values()):,}</b>",
        )
        for segment, counts in by_segment.items()
    )
    heads = ("客群 Segment", "分布 Distribution", *(name_zh("grade", name) for name in names), "合计 All")
    return table(heads, rows, "dense") if lines else NOTHING
