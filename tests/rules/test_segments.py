"""Segments: three-valued combination, attrition that adds up, and the watchlist of those one rule short."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from pipelines.eligibility.judge import FeedStates, attrition, watchlist
from pipelines.eligibility.segments import SEGMENTS, Segment
from pipelines.warehouse.tables import table

from .frames import ALL_FRESH, AS_OF, ENTERPRISE, INDIVIDUAL, WEEK, entity, judged, outcome, plan, with_late, without

TAXPAYER: dict[str, Any] = {
    "uscc": INDIVIDUAL,
    "name": "锦江区老张面馆",
    "status": "存续",
    "tax_filings": 12,
    "tax_window_end_on": date(2026, 10, 31),
    "tax_months_covered": 12,
    "tax_months_normal": 12,
    "tax_paid_12m_yuan": Decimal("60000.00"),
}
EMPLOYER: dict[str, Any] = {
    "uscc": ENTERPRISE,
    "name": "成都某某机械有限公司",
    "status": "存续",
    "established_on": date(2024, 11, 23),
    "industry_code": "C3411",
    "employees": 12,
    "insured_min_12m": 8,
    "insured_max_12m": 10,
    "insured_months_12m": 12,
}
FARM: dict[str, Any] = {
    "uscc": "farm:F0001",
    "name": "张家家庭农场",
    "operator_id": "F0001",
    "operator_type": "家庭农场",
}


def watched(*entities: dict[str, Any], states: FeedStates = ALL_FRESH) -> list[dict[str, Any]]:
    rows = judged([entity(**facts) for facts in entities], states=states)
    return watchlist(rows, plan(), states, WEEK).collect(engine="streaming").rows(named=True)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, True),
        ({"tax_paid_12m_yuan": Decimal("49999.99")}, False),
        ({"status": None}, None),
        ({"status": None, "enterprise_loans": 1}, False),  # one false outweighs any unknown
        ({"uscc": ENTERPRISE}, False),
    ],
)
def test_a_segment_is_false_by_one_false_else_unknown_by_one_unknown(
    changed: dict[str, Any], expected: bool | None
) -> None:
    assert outcome("segment__individual_taxpayer", **TAXPAYER | changed) is expected


MEMBERS = [
    ("individual_taxpayer", TAXPAYER),
    ("small_employer", EMPLOYER),
    ("new_enterprise", {"status": "开业", "established_on": date(2026, 3, 1)}),
    (
        "park_tech",
        {
            "status": "在业",
            "site_id": "S1",
            "site_kind": "园区",
            "certifications": ["专精特新"],
            "industry_code": "I65",
            "employees": 5,
        },
    ),
    ("district_merchant", {"uscc": INDIVIDUAL, "status": "在营", "site_id": "S2", "site_kind": "商圈"}),
    ("green", {"status": "存续", "green_listed_on": AS_OF, "industry_code": "N7723", "employees": 99}),
    ("rural", {"uscc": "93510100MA6C9999XX", "status": "存续", "operator_id": "F2", "operator_type": "农民专业合作社"}),
    ("online", {"status": "存续", "demand_registered_on": AS_OF}),
]


@pytest.mark.parametrize(("name", "facts"), MEMBERS, ids=[name for name, _ in MEMBERS])
def test_every_segment_takes_its_own_and_never_one_who_borrowed_or_closed(name: str, facts: dict[str, Any]) -> None:
    column = f"segment__{name}"
    assert outcome(column, **facts) is True
    assert outcome(column, **facts | {"enterprise_loans": 1}) is False
    assert outcome(column, **facts | {"status": "注销"}) is False
    assert outcome(column, states=with_late("credit__loans"), **facts) is None


def test_the_eight_segments_are_tested_and_all_ask_for_business_and_a_first_loan() -> None:
    assert sorted(segment.name for segment in SEGMENTS) == sorted(name for name, _ in MEMBERS)
    assert all({"in_business", "never_borrowed"} <= set(segment.rule_names) for segment in SEGMENTS)


@pytest.mark.parametrize("segment", SEGMENTS, ids=lambda segment: segment.name)
def test_without_its_feed_nobody_is_in_a_segment_and_what_is_known_still_rules_out(segment: Segment) -> None:
    states = without(segment.feed)
    rows = [entity(**TAXPAYER), entity(**EMPLOYER | {"status": "注销"}), entity(**FARM)]
    found = judged(rows, states=states)
    outcomes = found.select(segment.column).collect().to_series().to_list()
    assert True not in outcomes
    if segment.feed != "registry__entities":
        assert outcomes[1] is False  # cancelled, whatever the missing feed would say
    if segment.feed != "registry__entities":  # without the register nobody is known to be in business
        assert segment.name not in {row["segment"] for row in watched(TAXPAYER, EMPLOYER, FARM, states=states)}


def test_the_attrition_adds_up_from_everyone_to_the_segment() -> None:
    rows = judged([entity(**TAXPAYER | {"uscc": f"92{n:016d}"} | change) for n, change in enumerate(CHANGES)])
    steps = attrition(rows, plan(), WEEK).collect(engine="streaming")
    assert steps.columns == list(table("out.attrition").table_columns)
    assert (
        steps.select(pl.col("passed") + pl.col("failed") + pl.col("unknown") == pl.col("entities_in")).to_series().all()
    )
    for segment in SEGMENTS:
        own = steps.filter(pl.col("segment") == segment.name)
        assert own["rule"].to_list() == list(segment.rule_names)
        assert own["step"].to_list() == list(range(1, own.height + 1))
        assert own["entities_in"].to_list() == [len(CHANGES), *own["passed"].to_list()[:-1]]
        assert own["passed"].to_list()[-1] == rows.select(pl.col(segment.column).sum()).collect().item()
    counts = steps.filter(pl.col("segment") == "individual_taxpayer").select("passed", "failed", "unknown").rows()
    assert counts == [(7, 0, 0), (5, 1, 1), (4, 1, 0), (2, 1, 1), (1, 1, 0)]


CHANGES: list[dict[str, Any]] = [
    {},
    {"tax_months_normal": 11},
    {"tax_filings": 0},
    {"tax_paid_12m_yuan": Decimal("49999.99")},
    {"status": "注销"},
    {"status": "筹建"},
    {"enterprise_loans": 1},
]


def test_the_attrition_of_nobody_is_zero_at_every_step() -> None:
    steps = attrition(judged([]), plan(), WEEK).collect()
    assert steps.height == sum(len(segment.rules) for segment in SEGMENTS)
    assert steps.select("entities_in", "passed", "failed", "unknown").sum().row(0) == (0, 0, 0, 0)


def test_two_years_are_met_on_the_anniversary() -> None:
    (row,) = watched(EMPLOYER | {"established_on": date(2025, 2, 28)})
    assert row == {
        "week": WEEK,
        "uscc": ENTERPRISE,
        "name": "成都某某机械有限公司",
        "segment": "small_employer",
        "missing_rule": "operating_2_years",
        "outcome": "short",
        "value": "成立日期：2025-02-28",
        "needed": "成立满2年",
        "closes_on": date(2027, 2, 28),
    }


def test_a_business_that_filed_well_since_it_began_knows_its_twelfth_month() -> None:
    young = {"tax_months_covered": 6, "tax_months_normal": 6, "tax_months_to_go": 6}
    (row,) = watched(TAXPAYER | young)
    assert (row["missing_rule"], row["outcome"]) == ("paid_tax_12_months", "short")
    assert row["value"] == "截至2026-10：已申报6个月，正常6个月"
    # May to October are there; the twelfth is April 2027, due on 15 May and closed the day after.
    assert row["closes_on"] == date(2027, 5, 16)


def test_who_stopped_filing_has_no_computable_day() -> None:
    (row,) = watched(TAXPAYER | {"tax_months_covered": 6, "tax_months_normal": 6, "tax_months_to_go": None})
    assert row["missing_rule"] == "paid_tax_12_months"
    assert row["closes_on"] is None


def test_grace_days_put_the_day_off() -> None:
    rows = judged([entity(**TAXPAYER | {"tax_months_normal": 11, "tax_months_to_go": 1})])
    late = watchlist(rows, plan(grace_days=3), ALL_FRESH, WEEK).collect()
    assert late["closes_on"].to_list() == [date(2026, 12, 19)]


@pytest.mark.parametrize(
    ("months", "outcome", "expected"),
    [({"insured_months_12m": 8}, "needs_data", date(2027, 2, 1)), ({"insured_min_12m": 2}, "short", date(2027, 2, 1))],
)
def test_an_employer_knows_from_which_month_on_its_staff_counts(
    months: dict[str, Any], outcome: str, expected: date
) -> None:
    (row,) = watched(EMPLOYER | {"insured_months_to_go": 3} | months)
    assert (row["missing_rule"], row["outcome"], row["closes_on"]) == ("insured_staff_3_to_20", outcome, expected)


FIRM: dict[str, Any] = {"status": "在业", "established_on": date(2020, 1, 1), "industry_code": "I65", "employees": 5}


def watched_for(segment: str, facts: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for row in watched(FIRM | facts) if row["segment"] == segment]


def test_a_park_firm_waits_for_the_day_of_its_certification() -> None:
    tenant = {"site_id": "S1", "site_kind": "园区", "certifications": []}
    (row,) = watched_for("park_tech", tenant | {"tech_certified_from": date(2026, 12, 1)})
    assert (row["missing_rule"], row["closes_on"]) == ("is_tech", date(2026, 12, 1))
    assert row["value"] == "有效资质：无，2026-12-01起另有资质生效"


def test_a_green_entry_that_begins_or_ended_is_watched_and_no_entry_is_not() -> None:
    (begins,) = watched_for("green", {"green_listed_on": date(2026, 12, 1)})
    (ended,) = watched_for("green", {"green_listed_on": date(2025, 1, 1), "green_valid_until": date(2026, 11, 22)})
    assert (begins["missing_rule"], begins["closes_on"]) == ("on_green_list", date(2026, 12, 1))
    assert (ended["missing_rule"], ended["closes_on"]) == ("on_green_list", None)  # to be renewed, nobody knows when
    assert watched_for("green", {}) == []


@pytest.mark.parametrize(
    ("missing", "needed"),
    [
        ({"insured_months_12m": 10}, "每月3至20人，至少11个月有数据；待数据：社保缴费月度汇总"),
        ({"established_on": None}, "成立满2年；待数据：市场主体登记"),
    ],
)
def test_what_is_unknown_names_the_feed_that_would_settle_it(missing: dict[str, Any], needed: str) -> None:
    (row,) = [row for row in watched(EMPLOYER | missing) if row["segment"] == "small_employer"]
    assert (row["outcome"], row["needed"]) == ("needs_data", needed)


@pytest.mark.parametrize(
    ("base", "changed", "rule", "outcome"),
    [
        (TAXPAYER, {"tax_paid_12m_yuan": Decimal("49999.99")}, "annual_tax_at_least", "short"),
        (TAXPAYER, {"status": None}, "in_business", "needs_data"),
        (EMPLOYER, {"insured_min_12m": 2}, "insured_staff_3_to_20", "short"),
        (EMPLOYER, {"insured_months_12m": 10}, "insured_staff_3_to_20", "needs_data"),
        (EMPLOYER, {"employees": None}, "small_or_micro", "needs_data"),
        (EMPLOYER, {"established_on": None}, "operating_2_years", "needs_data"),
    ],
)
def test_one_open_rule_is_watched_and_named(
    base: dict[str, Any], changed: dict[str, Any], rule: str, outcome: str
) -> None:
    (row,) = [row for row in watched(base | changed) if row["missing_rule"] == rule]
    assert row["outcome"] == outcome
    assert row["needed"]
    assert row["value"]


@pytest.mark.parametrize(
    ("base", "changed"),
    [
        (TAXPAYER, {}),  # on the list, not on the watchlist
        (TAXPAYER, {"status": "注销"}),
        (TAXPAYER, {"enterprise_loans": 1}),  # never a first loan again
        (TAXPAYER, {"tax_paid_12m_yuan": Decimal(1), "tax_months_normal": 3}),  # two short
        (TAXPAYER, {"tax_paid_12m_yuan": Decimal(1), "status": None}),  # one short and one unknown
        (EMPLOYER, {"employees": 300, "annual_revenue_yuan": Decimal(20_000_000)}),  # outgrown
    ],
)
def test_who_cannot_come_in_next_is_not_watched(base: dict[str, Any], changed: dict[str, Any]) -> None:
    assert watched(base | changed) == []


def test_everyone_waits_for_a_late_loan_feed_as_needs_data() -> None:
    (row,) = watched(TAXPAYER, states=with_late("credit__loans"))
    assert (row["missing_rule"], row["outcome"]) == ("never_borrowed", "needs_data")


def test_a_late_defining_feed_does_not_put_the_whole_register_on_the_watchlist() -> None:
    assert (
        watched(
            EMPLOYER,
            {"uscc": INDIVIDUAL, "status": "存续"},
            states=with_late("agriculture__operators", "online__intents"),
        )
        == []
    )


def test_a_farm_without_a_code_is_always_watched_and_never_listed() -> None:
    (row,) = watched(FARM)
    assert (row["uscc"], row["segment"], row["outcome"]) == ("farm:F0001", "rural", "needs_data")
    assert row["value"] == "无统一社会信用代码"
    assert outcome("segment__rural", **FARM) is None
    assert len(watched(FARM, states=with_late("agriculture__operators"))) == 1
    assert watched(FARM | {"operator_type": "农业产业化龙头企业"}) == []


def test_the_watchlist_has_the_declared_columns_and_one_row_per_code_and_segment() -> None:
    rows = [TAXPAYER | {"status": None, "demand_registered_on": AS_OF}, EMPLOYER | {"employees": None}, FARM]
    found = watchlist(judged([entity(**facts) for facts in rows]), plan(), ALL_FRESH, WEEK).collect()
    assert found.columns == list(table("out.watchlist").table_columns)
    keys = found.select("uscc", "segment").rows()
    assert keys == [
        (ENTERPRISE, "small_employer"),
        (INDIVIDUAL, "individual_taxpayer"),
        (INDIVIDUAL, "online"),
        ("farm:F0001", "rural"),
    ]
