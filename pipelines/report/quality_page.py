"""The data-quality page as one HTML file: no script, no net, every text escaped; Chinese first, English beside it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from pipelines.names import name_zh
from pipelines.report.charts import stacked_bars, timeline
from pipelines.report.markup import (
    STATES,
    badge,
    cards,
    checks_table,
    document,
    e,
    heading,
    legend,
    more,
    state_badge,
    table,
)

if TYPE_CHECKING:
    from pipelines.quarantine.state import Reason
    from pipelines.report.quality import DeliveryLine, FeedQuality, Quality

STATUSES = {
    "landed": ("已入库", "landed", "good"),
    "repeated": ("重复文件", "repeated", "calm"),
    "refused": ("拒收", "refused", "bad"),
    "gate_failed": ("检查未通过", "gate failed", "bad"),
    "waiting": ("等待", "waiting", "warn"),
    "withdrawn": ("已撤回", "withdrawn", "calm"),
}
FILES_IN_TABLE = 8
CHECKS_SHOWN = 8
REASONS_SHOWN = 6


def page(quality: Quality) -> str:
    """The page."""
    days = [each.received_on for feed in quality.feeds for each in feed.deliveries]
    span = (min(days), max(days)) if days else (date(2000, 1, 1), date(2000, 1, 1))
    present = [feed for feed in quality.feeds if feed.files]
    week = f"名单批次 {quality.week}，截至 {quality.as_of}" if quality.week else "尚未发布名单 no list published yet"
    body = [
        f"<header><h1>数据质量 <small>Data quality</small></h1><p>{e(week)}</p></header>",
        _cards(quality),
        _frozen(quality),
        _list(quality),
        "<section><h2>总览 <small>All feeds</small></h2>",
        table(
            (
                "数据源 Feed",
                "状态 State",
                "最新 Newest",
                "各次报送行数 Rows by delivery",
                "行数 Rows in",
                "隔离 Quarantined",
                "未处理 Open",
                "告警 Warnings",
            ),
            (_overview(feed) for feed in quality.feeds),
        ),
        legend(
            '<i class="good"></i>接收 accepted <i class="calm"></i>重复 duplicates <i class="bad"></i>隔离 quarantined'
            "，柱高为该数据源内的相对行数",
            "bar height is relative within a feed",
        )
        + "</section>",
        *(_feed(feed, span) for feed in present),
    ]
    return document(f"数据质量 {quality.week or ''}", body)


def _cards(quality: Quality) -> str:
    fresh = sum(feed.state == "fresh" for feed in quality.feeds)
    lines = [line for feed in quality.feeds for line in feed.deliveries]
    checks = [*(check for feed in quality.feeds for check in feed.failed_checks), *quality.failed_list_checks]
    asked = sum(feed.checks for feed in quality.feeds) + quality.list_checks
    open_rows = sum(reason.open for feed in quality.feeds for reason in feed.reasons)
    stopped = sum(STATUSES[line.status][2] == "bad" for line in lines)
    return cards([
        (f"{fresh}/{len(quality.feeds)}", "正常数据源", "feeds fresh", "good" if fresh == len(quality.feeds) else "warn"),
        (f"{sum(feed.files for feed in quality.feeds):,}", "文件", "files seen", ""),
        (f"{sum(line.rows_in for line in lines):,}", "行", "rows in", ""),
        (f"{stopped:,}", "未入库文件", "files stopped", "bad" if stopped else "good"),
        (f"{open_rows:,}", "待处理隔离原因", "open quarantine reasons", "warn" if open_rows else "good"),
        (f"{len(checks):,}", "未通过的检查", f"checks failed of {asked:,}", "warn" if checks else "good"),
    ])  # fmt: skip


def _frozen(quality: Quality) -> str:
    """Which rules are unknown to everyone this week, and because of which feed."""
    held = [feed for feed in quality.feeds if feed.frozen_rules]
    if not held:
        return '<p class="banner good">本批次没有被冻结的判定条件 · No rule is frozen.</p>' if quality.week else ""
    items = "".join(
        f"<li><b>{e(feed.title_zh)}</b>（{e(' '.join(STATES[feed.state][:2]))}）："
        + "、".join(f"{e(name_zh('rule', rule))} <code>{e(rule)}</code>" for rule in feed.frozen_rules)
        + "</li>"
        for feed in held
    )
    return f'<div class="banner bad"><b>以下条件本批次按未知处理 · Frozen rules, unknown to everyone</b><ul>{items}</ul></div>'


def _list(quality: Quality) -> str:
    """What the newest list and its scores were checked for."""
    if not quality.list_checks:
        return ""
    held = quality.list_checks - len(quality.failed_list_checks)
    told = f"<p>{held:,} / {quality.list_checks:,} 项通过 <small>checks held</small></p>"
    failed = checks_table(quality.failed_list_checks) if quality.failed_list_checks else ""
    title = heading("名单与评分的检查", "Checks of the list and its scores")
    return f'<section id="list">{title}{told}{failed}</section>'


def _who(feed: FeedQuality) -> str:
    return f"<small>{e(feed.feed)} · {e(feed.department)}</small>"


def _age(feed: FeedQuality) -> str:
    if feed.days_old is None:
        return "—"
    limit = f" / {feed.late_after_days}" if feed.late_after_days else ""
    return f"{feed.days_old}{limit} 天"


def _overview(feed: FeedQuality) -> Sequence[str]:
    rows, bad = (sum(getattr(line, name) for line in feed.deliveries) for name in ("rows_in", "quarantined"))
    open_rows = sum(reason.open for reason in feed.reasons)
    link = f'<a href="#{e(feed.feed)}">{e(feed.title_zh)}</a>' if feed.files else e(feed.title_zh)
    bars = stacked_bars([(line.accepted, line.duplicates, line.quarantined) for line in feed.deliveries])
    share = f"{bad:,} <small>{bad / rows:.2%}</small>" if rows else "—"
    return (
        f"{link}<br>{_who(feed)}", state_badge(feed.state), e(_age(feed)), bars,
        f"{rows:,}", share, f"{open_rows:,}", f"{len(feed.failed_checks):,}",
    )  # fmt: skip


def _feed(feed: FeedQuality, span: tuple[date, date]) -> str:
    marks = [
        (line.received_on, STATUSES[line.status][2], f"{line.received_on} {line.name}") for line in feed.deliveries
    ]
    newest = feed.deliveries[::-1][:FILES_IN_TABLE]
    parts = [
        f'<section id="{e(feed.feed)}"><h2>{e(feed.title_zh)} {_who(feed)} {state_badge(feed.state)}</h2>',
        f'<div class="scroll">{timeline(marks, span)}</div>',
        table(
            (
                "收到 Received",
                "文件 File",
                "结果 Fate",
                "行数 Rows in",
                "接收 Accepted",
                "重复 Duplicates",
                "隔离 Quarantined",
            ),
            map(_file, newest),
        ),
        more(feed.files - len(newest), "个更早的文件 earlier files"),
    ]
    if feed.failed_checks:
        shown = feed.failed_checks[:CHECKS_SHOWN]
        parts += [
            "<h3>未通过的检查 <small>Checks that did not hold</small></h3>",
            checks_table(shown),
            more(len(feed.failed_checks) - len(shown), "项 more"),
        ]
    if feed.reasons:
        shown_reasons = sorted(feed.reasons, key=lambda each: -each.open)[:REASONS_SHOWN]
        parts += [
            "<h3>隔离原因 <small>Open in quarantine</small></h3>",
            table(
                ("原因 Reason", "未处理 Open", "已修复 Fixed", "已退回 Returned", "首例 First"),
                map(_reason, shown_reasons),
            ),
            more(len(feed.reasons) - len(shown_reasons), "种原因 more reasons"),
        ]
    return "".join(parts) + "</section>"


def _file(line: DeliveryLine) -> Sequence[str]:
    zh, en, tone = STATUSES[line.status]
    reason = f'<p class="reason">{e(line.reason)}</p>' if line.reason else ""
    counts = (f"{number:,}" for number in (line.rows_in, line.accepted, line.duplicates, line.quarantined))
    return (
        e(line.received_on),
        f"{e(line.name)}{reason}",
        badge(zh, en, tone),
        *counts,
    )


def _reason(reason: Reason) -> Sequence[str]:
    first = f"{e(reason.file)} · {reason.row_no:,}" if reason.row_no else ""
    return (e(reason.reason), f"{reason.open:,}", f"{reason.fixed:,}", f"{reason.returned:,}", first)
