"""The weekly report: rates with their denominators, unknown as unknown, hostile names as text, nobody explained in part."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.eligibility.explain import Explanation, explain_each
from pipelines.eligibility.rules import RULES
from pipelines.report.drawn import grade_bar, interval, steps, target_bar
from pipelines.report.figures import (
    Cause,
    Causes,
    Cohort,
    FeedFound,
    Graded,
    Listed,
    Moves,
    Needing,
    Prospect,
    Qualifying,
    Rate,
    Stages,
    Step,
    Summed,
    TargetLine,
    Weekly,
)
from pipelines.report.quality import FailedCheck
from pipelines.report.weekly_page import money, page
from pipelines.report.weekly_tables import causes, funnel, lanes, needing, qualifying, rate_text

from .pages import HOSTILE, Tags, assert_harmless
from .test_explain import DINER, UNADMITTED, build


def target(name: str, **changes: object) -> TargetLine:
    """A target of 3,000 first loans, 270 of which are reached with nine tenths of the year gone."""
    plain = {
        "target": name, "clause": "S51", "title_zh": f"目标{name}", "unit": "户", "target_value": Decimal(3000),
        "actual_value": Decimal(270), "share_pct": 9.0, "pace_pct": 90.0, "projection": Decimal(300),
        "is_on_pace": False, "note": "本年首贷",
    }  # fmt: skip
    return TargetLine(**(plain | changes))


UNMEASURED = target("parks", actual_value=None, share_pct=None, projection=None, is_on_pace=None)

# segment, held out, mature; published, contacted, applied, approved, disbursed, lost; and the three in common
STAGES = (
    Stages("green", False, True, 200, 100, 50, 30, 20, 5, 40, 18, 17),  # ten applied and two were paid uncalled
    Stages("green", False, False, 400, 10, 0, 0, 0, 0, 0, 0, 0),
    Stages("green", True, True, 50, 0, 1, 1, 1, 0, 0, 0, 1),
    Stages("rural", False, False, 10, 0, 0, 0, 0, 0, 0, 0, 0),  # nobody contacted: no rate over the contacted
)
PROSPECTS = (
    Prospect(1, DINER, "通江县诺水河（集团）餐馆", "individual_taxpayer", 42, "B", "basic", Decimal(38250)),
    Prospect(3, UNADMITTED, HOSTILE, "individual_taxpayer", 40, None, None, None),
)
REPORT = Weekly(
    week="2026-W48",
    as_of=date(2026, 11, 23),
    followed_on=date(2026, 11, 25),
    since="2026-W47",
    maturity_days=90,
    notes=(HOSTILE,),
    listed=Listed(600, 60, Decimal(123_456_789), 7, 8),
    targets=(target("line"), UNMEASURED, target("total", is_sum=True, actual_value=Decimal(250))),
    summed=Summed(("政务", HOSTILE), Decimal(10_900), Decimal(333)),
    stages=STAGES,
    cohorts=(
        Cohort("2026-W48", 2, False, 410, 10, 0, 0, 0),
        Cohort("2026-W30", 120, True, 200, 100, 40, 20, 5),
    ),
    steps=(Step("green", 1, "on_green_list", 1000, 90, 900, 10), Step("green", 2, "in_business", 90, 90, 0, 0)),
    moves=(Moves("green", 610, 25, 3, 12, 1, 30, 552, 595), Moves("rural", 5, 0, 0, 3, 2, 0, 5, 10)),
    causes=(Causes("left", 25, 12, (Cause("new_data", 9, (("never_borrowed", 9),)), Cause("suppression", 3, ()))),),
    qualifying=(Qualifying(date(2026, 12, 1), "green", 4), Qualifying(None, "green", 9)),
    needing=(Needing("social__insurance", ("insured_staff_3_to_20",), 77),),
    grades=(Graded("green", "A", 5), Graded("green", None, 2)),
    checks=14,
    failed_checks=(FailedCheck("2026-W48", "population_stability_at_most", HOSTILE, "warning", False, "0.31", "0.25", ""),),
    feeds=(
        FeedFound("tax__payments", HOSTILE, "late", date(2026, 8, 1), 114, 45, ("paid_tax_12_months",)),
        FeedFound("bank__flows", "流水", "fresh", date(2026, 11, 20), 3, 45, ()),
    ),
    first=PROSPECTS,
)  # fmt: skip


@pytest.fixture(scope="module")
def explained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Explanation, ...]:
    path = build(tmp_path_factory.mktemp("published") / "shoudai-2026-W48.duckdb")
    return explain_each(path, [one.uscc for one in PROSPECTS])


@pytest.fixture(scope="module")
def text(explained: tuple[Explanation, ...]) -> str:
    return page(REPORT, explained)


def words(markup: str) -> str:
    """What a reader sees of it, a tag as a blank."""
    return re.sub(r"\s+", " ", " ".join(Tags(markup).texts)).replace(" ，", "，")


def card(text: str, zh: str) -> tuple[str, str]:
    """Number and small print of a figure."""
    found = re.findall(rf"<b>([^<]*)</b><span>{re.escape(zh)}</span><small>([^<]*)</small>", text)
    assert len(found) == 1, zh
    return found[0]


def line(table: str, start: str) -> str:
    """The row of a table whose first cell begins so."""
    rows = [words(row) for row in re.findall(r"<tr>.*?</tr>", table, re.DOTALL)]
    return next(row for row in rows if row.strip().startswith(start))


def test_hostile_texts_stay_texts_and_the_page_needs_no_net(text):
    assert_harmless(text)
    assert text.count("&lt;script&gt;") >= 5


def test_control_characters_do_not_reach_the_page(explained):
    named = replace(PROSPECTS[0], name="甲\x1b[31m\x00店")
    assert not re.search(r"[\x00-\x08\x0b-\x1f]", page(replace(REPORT, first=(named,)), explained[:1]))


def test_the_same_figures_give_the_same_bytes(text, explained):
    assert page(REPORT, explained) == text


def test_the_head_says_week_days_and_the_list_without_its_hold_outs(text):
    assert "名单批次 2026-W48，截至 2026-11-23；转化截至 2026-11-25" in text
    assert card(text, "名单户数")[0] == "600"
    assert card(text, "对照组户数")[0] == "60"
    assert [card(text, zh)[0] for zh in ("新入", "退出", "留存")] == ["15", "25", "590"]
    assert card(text, "测算额度合计") == ("1.23 亿元", "limits; 另7户以申请核定、8户无适用产品")
    assert money(None) == "—"
    assert money(Decimal(360_491)) == "36.0 万元"


def test_conversions_are_counted_of_all_ever_listed_and_the_rate_says_of_whom(text):
    assert [card(text, zh)[0] for zh in ("已触达", "已申请", "首贷户", "流失至他行")] == ["110", "50", "20", "5"]
    assert "of 610" in card(text, "已触达")[1]
    share, of = card(text, "首贷率（全部批次）")
    assert (share, of.split(" · ")[0]) == ("3.3%", "20/610")
    share, of = card(text, "首贷率（成熟批次）")
    assert (share, of.split(" · ")[0]) == ("10.0%", "20/200")


def test_without_an_old_cohort_the_rate_is_not_known_and_not_zero(explained):
    young = tuple(stage for stage in STAGES if not stage.is_mature)
    share, told = card(page(replace(REPORT, stages=young), explained), "首贷率（成熟批次）")
    assert share == "—"
    assert "尚无满90天的批次" in told


def test_a_first_list_has_nothing_to_be_compared_with(explained):
    text = page(replace(REPORT, since=None, causes=()), explained)
    assert [card(text, zh)[0] for zh in ("新入", "退出", "留存")] == ["—"] * 3
    assert "没有可比的上批名单" in text


@pytest.mark.parametrize(("events", "of"), [(20, 200), (0, 10), (10, 10), (1, 3), (4158, 530_000)])
def test_an_interval_is_wilsons(events, of):
    """Against the formula as Wilson gives it: the roots of (p - share)^2 = z^2 p (1 - p) / n."""
    z2, share = 1.959963984540054**2, events / of
    middle, half = share + z2 / (2 * of), (z2 * share * (1 - share) / of + (z2 / (2 * of)) ** 2) ** 0.5
    assert Rate(events, of).interval == pytest.approx(
        (max((middle - half) / (1 + z2 / of), 0), min((middle + half) / (1 + z2 / of), 1)), abs=1e-12
    )


def test_a_rate_over_nobody_is_no_rate():
    assert (Rate(0, 0).share, Rate(0, 0).interval) == (None, None)
    assert rate_text(Rate(0, 0)) == "0/0"
    assert interval(Rate(0, 0), 1.0) == ""
    assert "— 0/0" in line(funnel(STAGES), "乡村经营主体")


def test_the_funnel_has_both_ages_of_a_segment_and_says_which_is_young():
    table = funnel(STAGES)
    old, young = (words(row) for row in re.findall(r"<tr><td>绿色企业.*?</tr>", table, re.DOTALL))
    assert "成熟 mature 200" in old
    assert "未成熟 immature 400" in young
    assert "100 50.0% 100/200" in old
    assert "50 40.0% 40/100" in old, "a rate has in its numerator only who is in its denominator"
    assert "30 60.0% 30/50" in old
    assert "20 34.0% 17/50" in old
    assert "10.0% 20/200" in old
    assert "对照组" not in words(table)
    assert [row.split()[3] for row in re.findall(r"合计 all .*?(?= 合计|$)", words(table))] == ["mature", "immature"]


def test_held_out_entities_have_their_own_rate_beside_the_contacted():
    told = line(lanes(STAGES), "绿色企业")
    assert "3.3% 20/600" in told
    assert "16.4% 18/110" in told
    assert "2.0% 1/50" in told
    assert "尚无对照组" in lanes([stage for stage in STAGES if not stage.is_holdout])


def test_what_is_not_measured_is_unknown_on_the_plan_too(text):
    plan = text[text.index('<section id="plan">') : text.index('<section id="funnel">')]
    told = line(plan, "目标parks")
    assert told.count("未知") == 3, "the actual, the state and the projection"
    assert " 0" not in told
    assert "270 户 9.0%" in line(plan, "目标line")
    assert "333 户" in line(plan, "各条线首贷户相加")
    assert "250 户" in line(plan, "目标total")
    assert target_bar(None, 90.0, "good") == ""


def test_a_line_that_is_not_known_leaves_the_sum_unknown(explained):
    text = page(replace(REPORT, summed=Summed((), Decimal(10_900), None)), explained)
    assert "未知" in line(text, "各条线首贷户相加")


def test_a_bar_ends_at_its_target_and_a_rate_has_no_pace():
    assert 'width="150.0"' in target_bar(140.0, 50.0, "good"), "not beyond the target"
    assert 'x1="75.0"' in target_bar(140.0, 50.0, "good")
    assert "pace" not in target_bar(10.0, None, "warn")


def test_the_steps_of_a_segment_are_drawn_with_their_counts(text):
    drawn = steps([("甲", 1000, 90, 900, 10), ("乙", 90, 90, 0, 0)])
    assert re.findall(r'rect class="(\w+)"', drawn) == ["good", "warn", "bad", "good"]
    assert "进入 1,000 · 符合 90 · 不符合 900 · 未知 10" in drawn
    assert drawn in text.replace("在绿色企业库", "甲").replace("正常经营", "乙")
    assert steps([]) == ""
    assert "<rect" not in steps([("甲", 0, 0, 0, 0)])


def test_moves_add_up_on_the_page(text):
    changes = text[text.index('<section id="changes">') :]
    assert line(changes, "绿色企业").split()[1:] == ["610", "25", "3", "12", "1", "30", "552", "595"]
    assert line(changes, "合计").split()[2:] == ["615", "25", "3", "15", "3", "30", "557", "605"]


def test_a_sample_of_causes_is_said_to_be_one():
    told = line(causes(REPORT.causes), "退出")
    assert "25 12 抽查 sampled" in told
    assert "新数据 new data： 9 （从未贷款 9）" in told
    assert "全部 all" in causes([Causes("left", 12, 12, ())])


def test_the_register_says_when_and_what_is_missing():
    assert line(qualifying(REPORT.qualifying), "2026-12").split()[1:] == ["4", "4"]
    assert line(qualifying(REPORT.qualifying), "无法预计").split()[-2:] == ["9", "9"]
    many = [Qualifying(date(2027 + month // 12, month % 12 + 1, 1), "green", 1) for month in range(15)]
    assert line(qualifying(many), "更晚").split()[-1] == "3"
    assert "参保人数稳定在3-20人" in needing(REPORT.needing)


def test_stale_feeds_and_failed_checks_are_named_with_a_way_to_the_quality_page(text):
    assert 'href="quality.html#tax__payments"' in text
    assert "1 / 2 个数据源正常" in text
    assert "13 / 14 项通过" in text
    assert "population stability at most" in text


def test_grades_are_drawn_in_proportion():
    widths = [float(each) for each in re.findall(r'width="([\d.]+)" height="12"', grade_bar([("A", 3), ("B", 1)], 8))]
    assert widths == [120.0, 40.0]


def test_each_of_the_first_is_explained_in_full(text):
    first = [words(each) for each in re.findall(r"<details>.*?</details>", text, re.DOTALL)]
    assert len(first) == 2
    assert all(f"{rule.name} {rule.clause}" in first[0] for rule in RULES.values())
    assert "税务_20261116.csv.gz #10 aaaaaaaaaaaa（共2行）" in first[0], "file and row"
    assert "连续按期纳税 +30" in first[0]
    assert "合计 score 42" in first[0]
    assert "85,000.60 × 45% = 38,250.27；取整 38,250 元" in first[0]
    assert "首贷信用贷 38,250 元" in first[0]
    assert "无适用产品 —" in first[1]
    assert "2026-W47 7 纳税个体工商户 40 B" in first[0], "earlier lists"


def test_a_predecessor_is_neither_named_nor_coded(explained):
    other = {"uscc": "92511921MA6A00009T", "name": "前身小店", "first_loan_status": "presumed"}
    text = page(replace(REPORT, first=PROSPECTS[:1]), [replace(explained[0], predecessor=other)])
    assert "前身 predecessor" in text
    assert "92511921MA6A00009T" not in text
    assert "前身小店" not in text


def test_several_are_explained_as_each_alone(tmp_path: Path):
    from pipelines.eligibility.explain import explain

    path = build(tmp_path / "shoudai-2026-W48.duckdb")
    assert explain_each(path, [DINER, UNADMITTED]) == (explain(path, DINER), explain(path, UNADMITTED))
