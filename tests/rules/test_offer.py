"""Offers: decimal arithmetic against Python's, rounding down, caps, and who is offered nothing."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_DOWN, Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings, strategies as st

from pipelines.eligibility.rules import RULES
from pipelines.errors import DeclarationError
from pipelines.offers.products import product
from pipelines.parameters import LprRate

from .frames import INDIVIDUAL, plan
from .offers import GREEN, offered, one

SHARES = {"A": Decimal("0.50"), "B": Decimal("0.45"), "C": Decimal("0.40"), "D": Decimal("0.35"), "E": Decimal("0.30")}
FEN = Decimal("0.01")


def expected_limit(flow: Decimal | None, grade: str) -> Decimal | None:
    if flow is None:
        return None
    return min((flow * SHARES[grade]).quantize(Decimal(1), ROUND_DOWN), Decimal(3_000_000))


def expected_subsidy(limit: Decimal | None, rate: Decimal) -> Decimal | None:
    if limit is None:
        return None
    return min((limit * rate / 100 * Decimal("0.30")).quantize(FEN, ROUND_DOWN), Decimal(50_000))


FLOWS = (
    st.none()
    | st.integers(0, 10**18 - 1).map(lambda fen: Decimal(fen) / 100)
    | st.integers(0, 10**9).map(lambda fen: Decimal(fen) / 100)
)
RATES = st.integers(2000, 9999).map(lambda milli: Decimal(milli) / 1000)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(FLOWS, FLOWS, st.sampled_from("ABCDE")), min_size=1, max_size=10), RATES)
@example([(Decimal("6000000.00"), Decimal("5999999.99"), "A")], Decimal("3.100"))
@example([(Decimal("0.01"), Decimal("2.22"), "B")], Decimal("3.333"))
def test_limits_and_subsidies_are_pythons_decimals(rows: list[tuple[Any, Any, str]], lpr_1y_pct: Decimal) -> None:
    entities = [
        GREEN | {"uscc": f"91{n:016d}", "inflow_mean_12m_yuan": mean, "inflow_sum_12m_yuan": total, "grade": grade}
        for n, (mean, total, grade) in enumerate(rows)
    ]
    rate = lpr_1y_pct + Decimal("0.50")
    for row, (mean, total, grade) in zip(
        offered(*entities, lpr=LprRate(lpr_1y_pct, Decimal(4), date(2025, 1, 20), is_past_table_end=False)),
        rows,
        strict=True,
    ):
        assert row["annual_rate_pct"] == rate
        assert row["limit_yuan"] == expected_limit(mean, grade)
        assert row["limit_other_reading_yuan"] == expected_limit(total, grade)
        assert row["subsidy_yuan_per_year"] == expected_subsidy(row["limit_yuan"], rate)


# S37
@pytest.mark.parametrize(
    ("mean", "grade", "limit"),
    [
        ("100000.00", "A", "50000"),
        ("100000.00", "E", "30000"),
        ("100001.99", "A", "50000"),  # 50,000.995 down to whole yuan, never up
        ("6000000.00", "A", "3000000"),  # exactly the cap
        ("6000002.00", "A", "3000000"),
        ("0.00", "A", "0"),
    ],
)
def test_the_limit_is_a_share_of_the_mean_monthly_inflow_up_to_the_cap(mean: str, grade: str, limit: str) -> None:
    assert one(inflow_mean_12m_yuan=Decimal(mean), grade=grade)["limit_yuan"] == Decimal(limit)


def test_without_flows_there_is_no_number_and_never_the_cap() -> None:
    row = one(**GREEN)
    assert row["product"] == "basic"
    assert (row["limit_yuan"], row["limit_other_reading_yuan"], row["subsidy_yuan_per_year"]) == (None, None, None)


def test_the_other_reading_changes_places_with_the_flow_basis() -> None:
    flows: dict[str, Any] = {"inflow_mean_12m_yuan": Decimal(1000), "inflow_sum_12m_yuan": Decimal(12000)}
    monthly, annual = one(**flows), one(plan(flow_basis="annual"), **flows)
    assert (monthly["limit_yuan"], monthly["limit_other_reading_yuan"]) == (500, 6000)
    assert (annual["limit_yuan"], annual["limit_other_reading_yuan"]) == (6000, 500)


# S38
@pytest.mark.parametrize(
    ("industry_code", "months"), [("C1329", 60), ("4390", 60), ("F5111", 36), ("D4411", 36), (None, 36)]
)
def test_manufacturing_may_take_five_years(industry_code: str | None, months: int) -> None:
    assert one(industry_code=industry_code)["term_months"] == months


# S39, S49
def test_the_rate_is_the_lpr_and_half_a_point() -> None:
    row = one()
    assert row["annual_rate_pct"] == Decimal("3.600")
    assert row["repayment_options"] == "随借随还；分期付息＋灵活本金归还"


@pytest.mark.parametrize(
    ("facts", "subsidy"),
    [
        (GREEN | {"inflow_mean_12m_yuan": Decimal(2_000_000)}, Decimal(10_800)),  # 1,000,000 x 3.6 % x 30 %
        (GREEN | {"inflow_mean_12m_yuan": Decimal(20_000_000)}, Decimal(32_400)),
        ({"inflow_mean_12m_yuan": Decimal(2_000_000)}, None),  # neither green nor technology
        (
            {"inflow_mean_12m_yuan": Decimal(2_000_000), "status": "存续", "site_id": "S1", "site_kind": "园区",
             "certifications": ["专精特新"], "industry_code": "I65", "employees": 5},
            Decimal(9_300),  # the same limit at the 3.1 % of `tech`
        ),
    ],
)  # fmt: skip
def test_green_and_technology_are_subsidised(facts: dict[str, Any], subsidy: Decimal | None) -> None:
    assert one(**facts)["subsidy_yuan_per_year"] == subsidy


def test_the_subsidy_ends_at_its_cap() -> None:
    p = plan(subsidy_share_pct=80)
    assert one(p, **GREEN, inflow_mean_12m_yuan=Decimal(20_000_000))["subsidy_yuan_per_year"] == 50_000


OPEN = ["annual_invoicing_at_least", "owner_without_severe_overdue"]


def test_what_is_unknown_of_the_admission_rules_is_to_be_verified() -> None:
    assert one()["to_verify"] == ["tax_grade_b_or_better", *OPEN]
    # An individual business is not rated, but shows its premises.
    assert one(uscc=INDIVIDUAL)["to_verify"] == [*OPEN, "proves_stable_premises"]
    assert one(tax_grade="A", invoiced_12m_yuan=Decimal(1_000_000))["to_verify"] == ["owner_without_severe_overdue"]


@pytest.mark.parametrize("facts", [{"tax_grade": "C"}, {"invoiced_12m_yuan": Decimal("999999.99")}])
def test_who_fails_an_admission_rule_is_offered_no_product(facts: dict[str, Any]) -> None:
    row = one(**facts, inflow_mean_12m_yuan=Decimal(1000))
    nothing = (
        "product",
        "limit_yuan",
        "limit_other_reading_yuan",
        "term_months",
        "annual_rate_pct",
        "repayment_options",
        "limit_note",
        "is_relending",
    )
    assert [row[name] for name in nothing] == [None] * len(nothing)
    assert (row["alternatives"], row["to_verify"]) == ([], [])


def test_the_product_names_admission_rules_that_exist() -> None:
    basic = product("basic")
    assert {rule.name for rule in basic.admission} <= RULES.keys()
    with pytest.raises(DeclarationError, match="has no product 'tehc'; expected one of basic, livelihood, tech, trade"):
        product("tehc")


@pytest.mark.parametrize(
    ("cap", "facts"),
    [
        ("basic_cap_yuan", {"inflow_mean_12m_yuan": Decimal(100_000), "inflow_sum_12m_yuan": Decimal(1_200_000)}),
        ("tech_cap_yuan", {"rd_spend_yuan": Decimal(400_000)}),
        (
            "livelihood_cap_yuan",
            {"industry_code": "H6210", "insured_min_6m": 5, "contribution_base_per_head_yuan": Decimal(4_000)},
        ),
    ],
)
def test_a_cap_with_fen_bounds_a_limit_in_whole_yuan(cap: str, facts: dict[str, Any]) -> None:
    row = one(plan(**{cap: "40000.99"}), **facts)
    assert (row["limit_yuan"], row["limit_other_reading_yuan"]) == (40_000, 40_000)


@pytest.mark.parametrize(("shares", "grades"), [("A:40", "B, C, D, E"), ("A:50,B:45,C:40,D:35,Z:30", "E")])
def test_a_grade_without_a_share_is_refused_and_never_read_as_without_flows(shares: str, grades: str) -> None:
    with pytest.raises(DeclarationError, match=f"no share for grade {grades}; expected A:…,B:…,C:…,D:…,E:…"):
        one(plan(basic_share_pct_by_grade=shares), inflow_mean_12m_yuan=Decimal(1000), grade="E")
