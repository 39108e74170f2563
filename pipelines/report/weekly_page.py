"""The weekly report as one HTML file: no script, no net, every text escaped; Chinese first, English beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.names import name_zh
from pipelines.report.drawn import target_bar
from pipelines.report.explained import details
from pipelines.report.figures import Rate, TargetLine, Weekly
from pipelines.report.markup import (
    STATES,
    UNKNOWN,
    badge,
    cards,
    checks_table,
    count,
    document,
    e,
    heading,
    legend,
    state_badge,
    table,
)
from pipelines.report.weekly_tables import (
    attrition,
    causes,
    cohorts,
    funnel,
    grades,
    lanes,
    moves,
    needing,
    qualifying,
    rate_text,
)

if TYPE_CHECKING:
    from pipelines.eligibility.explain import Explanation

STYLE = Path(__file__).with_name("weekly.css")
SECTIONS = (
    ("plan", "计划进度", "Plan progress"),
    ("funnel", "转化漏斗", "Funnel by segment"),
    ("attrition", "筛选漏斗：各条件淘汰情况", "Who fell out where"),
    ("changes", "较上批名单的变化", "What changed since the last list"),
    ("watchlist", "首贷户培育库", "Cultivation register"),
    ("scores", "评分、检查与数据源", "Scores, checks and feeds"),
    ("first", "名单前列逐户说明", "The first of the list, explained"),
)


def page(report: Weekly, explained: Sequence[Explanation]) -> str:
    """The page; `explained` are the explanations of `report.first`, in its order."""
    made = {
        "plan": _plan(report),
        "funnel": _funnel(report),
        "attrition": attrition(report.steps),
        "changes": _changes(report),
        "watchlist": _watchlist(report),
        "scores": _scores(report),
        "first": _first(report, explained),
    }
    links = "".join(f'<a href="#{name}">{e(zh)}</a>' for name, zh, _ in SECTIONS)
    body = [
        f"<header><h1>首贷周报 <small>First-loan weekly report</small></h1><p>名单批次 {e(report.week)}，截至 {report.as_of}；"
        f"转化截至 {report.followed_on} <small>conversions to that day</small></p></header>",
        f"<nav>{links}</nav>",
        _headline(report),
        _notes(report),
        *(f'<section id="{name}">{heading(zh, en)}{made[name]}</section>' for name, zh, en in SECTIONS),
    ]
    return document(f"首贷周报 {report.week}", body, STYLE)


def _headline(report: Weekly) -> str:
    listed, moved, is_first = report.listed, report.moved, report.since is None
    since = "无上批名单 no earlier list" if is_first else f"较 {report.since}"
    return cards([
        (count(listed.listed), "名单户数", "listed, hold-outs left out", ""),
        (count(listed.held_out), "对照组户数", "held out, not contacted", ""),
        (UNKNOWN if is_first else count(moved.entered), "新入", f"new, {since}", ""),
        (UNKNOWN if is_first else count(moved.left_list), "退出", f"left, {since}", ""),
        (UNKNOWN if is_first else count(moved.now - moved.entered), "留存", f"stayed, {since}", ""),
        (money(listed.limit_yuan), "测算额度合计",
         f"limits; 另{listed.on_application:,}户以申请核定、{listed.without_product:,}户无适用产品", ""),
    ]) + _converted(report)  # fmt: skip


def _converted(report: Weekly) -> str:
    """What became of all ever handed out: each with the number it is a part of."""
    total = report.total
    of = f"of {total.published:,} 累计入选户 ever listed"
    rate = Rate(total.disbursed, total.published)
    mature = [line for line in report.stages if line.is_mature and not line.is_holdout]
    final = Rate(sum(line.disbursed for line in mature), sum(line.published for line in mature))
    told = (
        f"{rate_text(final)}（95%区间）"
        if final.of
        else f"尚无满{report.maturity_days}天的批次 no cohort is old enough"
    )
    return cards([
        (count(total.contacted), "已触达", f"contacted, {of}", ""),
        (count(total.applied), "已申请", f"applied, {of}", ""),
        (count(total.disbursed), "首贷户", f"first loans, {of}", ""),
        (share_text(rate.share), "首贷率（全部批次）", f"{rate_text(rate)}（95%区间）", ""),
        (share_text(final.share), "首贷率（成熟批次）", told, ""),
        (count(total.lost), "流失至他行", f"lost to other lenders, {of}", ""),
    ])  # fmt: skip


def _notes(report: Weekly) -> str:
    if not report.notes:
        return ""
    items = "".join(f"<li>{e(note)}</li>" for note in report.notes)
    return f'<div class="banner warn"><b>发布提示 · Notes of the release</b><ul>{items}</ul></div>'


def money(yuan: Decimal | None) -> str:
    """Yuan in the unit a person would say it in; a dash where no amount is known."""
    if yuan is None:
        return UNKNOWN
    return f"{yuan / 100_000_000:,.2f} 亿元" if yuan >= 100_000_000 else f"{yuan / 10_000:,.1f} 万元"


def share_text(share: float | None) -> str:
    """A share in percent; a dash without a denominator."""
    return UNKNOWN if share is None else f"{share:.1%}"


def _plan(report: Weekly) -> str:
    heads = (
        "目标 Target", "目标值 Target", "实际 Actual", "完成 Reached", "进度 Progress", "全年预测 Projection", "说明 Note"
    )  # fmt: skip
    lines = [_target(line) for line in report.targets if not line.is_sum]
    total = [_target(line) for line in report.targets if line.is_sum]
    summed = report.summed
    added = (
        "各条线首贷户相加（重叠重复计） <small>S51 sum of the lines, overlaps count twice</small>",
        _amount(summed.target_value, "户"),
        _amount(summed.actual_value, "户"),
        *("", "", ""),
        f"<small>{e('＋'.join(summed.titles))}</small>",
    )
    rows = [*lines, added, *total] if total else lines
    read = legend(
        "竖线为时间进度，比率类目标与目标值直接比较；各条线可能重叠，合计按户去重；未知不是零。",
        "The mark is the part of the year gone, rates are compared with their target; lines overlap, the total counts each "
        "entity once; unknown is not zero.",
    )
    return table(heads, rows, "dense") + read


def _target(line: TargetLine) -> Sequence[str]:
    title = f"<b>{e(line.title_zh)}</b>" if line.is_sum else e(line.title_zh)
    pace = None if line.is_rate else line.pace_pct
    state = {
        True: badge("达到进度", "on pace", "good"),
        False: badge("落后", "behind", "warn"),
        None: badge("未知", "unknown", "calm"),
    }[line.is_on_pace]
    bar = target_bar(line.share_pct, pace, "good" if line.is_on_pace else "warn")
    reached = UNKNOWN if line.share_pct is None else f"{line.share_pct:.1f}%"
    return (
        f"{title} <small>{e(line.clause)}</small>",
        _amount(line.target_value, line.unit),
        _amount(line.actual_value, line.unit),
        reached,
        f"{bar}<br>{state}" if bar else state,
        _amount(line.projection, line.unit),
        f"<small>{e(line.note)}</small>",
    )


def _amount(value: Decimal | None, unit: str) -> str:
    if value is None:
        return '未知 <small class="word">unknown</small>'
    shown = f"{value:,.2f}" if unit == "%" else f"{value:,.0f}"
    return f'<span class="amount">{shown} {e(unit)}</span>'


def _funnel(report: Weekly) -> str:
    read = legend(
        f"满{report.maturity_days}天为成熟批次，未成熟的仍在增长，不宜与之比较；比率下为分子/分母与95%区间（Wilson）。",
        "A cohort is mature after that many days, a younger one still grows; below each rate its count over its denominator "
        "and the 95 % interval.",
    )
    parts = [funnel(report.stages), read, heading("对照组与已触达", "Held out beside contacted", 3)]
    parts += [lanes(report.stages), heading("按首次入选批次", "By week of first publication", 3)]
    return "".join([*parts, cohorts(report.cohorts)])


def _changes(report: Weekly) -> str:
    if report.since is None:
        return "<p>首个批次，没有可比的上批名单 <small>the first list there is: nothing to compare it with</small></p>"
    told = f"<p>与 {e(report.since)} 相比；对照组不计入 <small>compared with that week; hold-outs are on neither</small></p>"
    why = heading("变化原因", "What caused it", 3)
    return told + moves(report.moves, report.moved) + why + causes(report.causes)


def _watchlist(report: Weekly) -> str:
    by_month = heading("随时间达标", "Who will qualify by time alone, by month", 3)
    by_feed = heading("待补数据", "Who needs data, by feed", 3)
    return by_month + qualifying(report.qualifying) + by_feed + needing(report.needing)


def _scores(report: Weekly) -> str:
    held = report.checks - len(report.failed_checks)
    of = "checks of the list, of stability (PSI) and calibration held"
    told = f"<p>{held:,} / {report.checks:,} 项通过 <small>{of}</small></p>"
    failed = checks_table(report.failed_checks) if report.failed_checks else ""
    return "".join([
        heading("等级分布", "Grades by segment", 3), grades(report.grades),
        heading("名单与评分的检查", "Checks of the list and its scores", 3), told, failed,
        heading("数据源", "Feeds", 3), "".join(_feeds(report)),
    ])  # fmt: skip


def _feeds(report: Weekly) -> Iterator[str]:
    stale = [feed for feed in report.feeds if feed.state != "fresh"]
    fresh = len(report.feeds) - len(stale)
    yield (
        f'<p>{fresh} / {len(report.feeds)} 个数据源正常 <small>feeds are fresh</small>，详见 <a href="quality.html">数据质量</a> '
        "<small>data quality</small></p>"
    )
    rows = (
        (
            f'<a href="quality.html#{e(feed.feed)}">{e(feed.title_zh)}</a> <small>{e(feed.feed)}</small>',
            state_badge(feed.state if feed.state in STATES else None),
            e(feed.received_on or UNKNOWN),
            "、".join(e(name_zh("rule", rule)) for rule in feed.frozen_rules) or UNKNOWN,
        )
        for feed in stale
    )
    if stale:
        yield table(("数据源 Feed", "状态 State", "最新文件 Newest", "按未知处理的条件 Frozen rules"), rows, "dense")


def _first(report: Weekly, explained: Sequence[Explanation]) -> str:
    if not report.first:
        return "<p>本批名单为空 <small>nobody is listed</small></p>"
    told = (
        f"<p>名单前 {len(report.first)} 户，点开可见每项判定的依据、得分与报价 <small>open a line for every rule, point and "
        "line of the offer; any other entity: <code>shoudai explain</code></small></p>"
    )
    return told + "".join(details(one, why) for one, why in zip(report.first, explained, strict=True))
