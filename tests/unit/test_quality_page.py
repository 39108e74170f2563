"""The data-quality page: everything on it is text, it needs no net and no script, and it says what is frozen and why."""

from __future__ import annotations

import re
from datetime import date

import pytest

from pipelines.quarantine.state import Reason
from pipelines.report.charts import stacked_bars, timeline
from pipelines.report.markup import STYLE
from pipelines.report.quality import DeliveryLine, FailedCheck, FeedQuality, Quality
from pipelines.report.quality_page import page

from .pages import HOSTILE, assert_harmless

DAY = date(2026, 11, 16)


def feed(**changes) -> FeedQuality:
    made = {
        "feed": "social__insurance", "title_zh": "社保缴费", "department": "人社", "state": "failed", "days_old": 7,
        "late_after_days": 45, "frozen_rules": ("insured_staff_3_to_20",), "files": 30, "checks": 12,
        "deliveries": (
            DeliveryLine("a" * 64, HOSTILE, DAY, "landed", 10, 7, 1, 2, None),
            DeliveryLine("b" * 64, "b.csv", DAY, "gate_failed", 0, 0, 0, 0, HOSTILE),
        ),
        "failed_checks": (
            FailedCheck(HOSTILE, "expect_column_min_to_be_between", HOSTILE, "critical", False, HOSTILE, "min_value 0.2", HOSTILE),
            FailedCheck("b.csv", "expect_x", None, "warning", None, "boom", "", ""),
        ),
        "reasons": (Reason("social__insurance", HOSTILE, 2, 1, 0, 0, HOSTILE, 3),),
    } | changes  # fmt: skip
    return FeedQuality(**made)


def shown(*feeds: FeedQuality) -> str:
    return page(Quality("2026-W48", date(2026, 11, 23), feeds))


def test_hostile_texts_stay_texts_and_the_page_needs_no_net():
    assert_harmless(shown(feed()))
    assert "&lt;script&gt;" in shown(feed())


def test_it_says_what_is_frozen_by_which_feed_and_which_file_was_stopped():
    text = shown(feed(), feed(feed="tax__payments", state="fresh", frozen_rules=()))
    assert "Frozen rules, unknown to everyone" in text
    assert "insured_staff_3_to_20" in text
    assert "检查未通过" in text
    assert "检查出错" in text, "an expectation that raised is no warning"
    assert "… 28 个更早的文件" in text
    assert "No rule is frozen" in shown(feed(state="fresh", frozen_rules=()))


def test_a_feed_that_never_came_has_no_section_and_an_empty_house_a_page():
    text = shown(feed(state="missing", files=0, deliveries=(), failed_checks=(), reasons=()))
    assert "未接入" in text
    assert "<section id=" not in text
    assert "尚未发布名单" in page(Quality(None, None, ()))


def test_what_the_list_itself_was_checked_for_stands_beside_the_feeds():
    failed = FailedCheck(
        "2026-W48", "unexpected_rows_expectation", None, "critical", False, "3", "no row of x", HOSTILE
    )
    text = page(Quality("2026-W48", date(2026, 11, 23), (feed(),), 14, (failed,)))
    assert "13 / 14 项通过" in text
    assert "checks failed of 26" in text
    assert "2026-W48</td>" in text
    assert "<script>" not in text
    assert "项通过" not in shown(feed()), "nothing was judged yet"


def test_the_same_facts_give_the_same_bytes():
    assert shown(feed()) == shown(feed())


@pytest.mark.parametrize(
    ("parts", "tones"), [((5, 0, 0), ["good"]), ((5, 1, 1), ["good", "calm", "bad"]), ((0, 0, 2), ["bad"])]
)
def test_a_bar_shows_each_part_that_is_there(parts, tones):
    assert re.findall(r'rect class="(\w+)"', stacked_bars([parts])) == tones
    heights = [float(text) for text in re.findall(r'height="([\d.]+)"/>', stacked_bars([parts, (500_000, 0, 0)]))]
    assert min(heights) >= 1, "even one row among many is seen"


def test_nothing_draws_nothing():
    assert stacked_bars([]) == stacked_bars([(0, 0, 0)]) == ""
    assert "<circle" not in timeline([], (DAY, DAY))


def luminance(colour: str) -> float:
    """WCAG 2: the relative luminance of `#rrggbb`."""
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (each / 12.92 if each <= 0.03928 else ((each + 0.055) / 1.055) ** 2.4 for each in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("tone", ["good", "warn", "bad", "calm"])
def test_the_white_word_on_a_badge_can_be_read(tone):
    """WCAG AA asks for 4.5 to 1 for small text."""
    style = STYLE.read_text(encoding="utf-8")
    (name,) = re.findall(rf"\.badge\.{tone} {{ background: var\((--\w+)\)", style)
    (colour,) = re.findall(rf"{name}: (#[0-9a-f]{{6}})", style)
    assert 1.05 / (luminance(colour) + 0.05) >= 4.5
