"""Each number of the plan moves what its clause decides, and nothing else: many are equal and must not stand in for another."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from pipelines.offers.offer import OFFERED

from .frames import AS_OF, ENTERPRISE, INDIVIDUAL, entity, judged, plan
from .offers import one

Facts = dict[str, Any]
FIRM: Facts = {
    "uscc": ENTERPRISE,
    "status": "存续",
    "established_on": date(2025, 5, 23),  # eighteen months old
    "tax_grade": "M",
    "tax_filings": 12,
    "tax_months_normal": 11,
    "tax_paid_12m_yuan": Decimal(40_000),
    "invoiced_12m_yuan": Decimal(900_000),
    "insured_min_12m": 2,
    "insured_max_12m": 20,
    "insured_months_12m": 12,
    "certifications": ["绿色工厂"],
    "operator_id": "F1",
    "operator_type": "农业公司",
}
STEADY = FIRM | {"insured_min_12m": 5, "insured_months_12m": 10}
SHOP: Facts = {"uscc": INDIVIDUAL, "lease_until": date(2026, 1, 1), "bill_months_12m": 12, "bill_months_paid_12m": 9}

RULES: list[tuple[str, object, Facts, set[str]]] = [
    ("new_enterprise_months", 24, FIRM, {"newly_established"}),
    ("unrated_lane_months", 24, FIRM, {"tax_grade_b_or_better"}),
    ("admitted_tax_grades", "A,B,M", FIRM, {"tax_grade_b_or_better"}),
    ("tax_window_months", 11, FIRM, {"paid_tax_12_months"}),
    ("min_annual_tax_yuan", 40_000, FIRM, {"annual_tax_at_least"}),
    ("min_annual_invoicing_yuan", 900_000, FIRM, {"annual_invoicing_at_least"}),
    ("min_insured_staff", 2, FIRM, {"insured_staff_3_to_20"}),
    ("max_insured_staff", 19, STEADY | {"insured_months_12m": 12}, {"insured_staff_3_to_20"}),
    ("max_missing_insured_months", 2, STEADY, {"insured_staff_3_to_20"}),
    ("insured_window_months", 11, STEADY, {"insured_staff_3_to_20"}),
    ("min_operating_years", 1, FIRM, {"operating_2_years"}),
    ("tech_certifications", "绿色工厂", FIRM, {"is_tech"}),
    ("rural_operator_types", "农业公司", FIRM, {"is_rural_operator"}),
    ("in_business_statuses", "在业", FIRM, {"in_business"}),
    ("not_in_business_statuses", "筹建", FIRM | {"status": "筹建"}, {"in_business"}),
    ("first_loan_definition", "never_enterprise_loan", SHOP | {"personal_business_loans": 1}, {"never_borrowed"}),
    ("min_paid_bill_months", 9, SHOP, {"proves_stable_premises"}),
    ("bill_window_months", 13, SHOP, {"proves_stable_premises"}),  # the thirteenth may be the tenth paid one
]


@pytest.mark.parametrize(("name", "value", "facts", "moved"), RULES, ids=[name for name, *_ in RULES])
def test_a_number_moves_the_rule_of_its_clause_alone(name: str, value: object, facts: Facts, moved: set[str]) -> None:
    was, now = (judged([entity(**facts)], p).collect().row(0, named=True) for p in (plan(), plan(**{name: value})))
    assert {
        rule.removeprefix("rule__") for rule in was if rule.startswith("rule__") and was[rule] != now[rule]
    } == moved


FLOW: Facts = {"inflow_mean_12m_yuan": Decimal(100_000), "inflow_sum_12m_yuan": Decimal(1_200_000)}
MAKER = FLOW | {"industry_code": "C1329"}
GREEN = FLOW | {"status": "存续", "industry_code": "N7723", "employees": 5, "green_listed_on": AS_OF}
INVENTOR = MAKER | {"patents": 1, "rd_spend_yuan": Decimal(400_000)}
TRADER = FLOW | {"industry_code": "F5211", "order_months_12m": 3}
DINER = FLOW | {
    "industry_code": "H6210",
    "insured_min_6m": 5,
    "insured_changes_6m": 5,
    "insured_max_change_pct_6m": 20.0,
    "contribution_base_per_head_yuan": Decimal(4_000),
    "meituan_rating": Decimal("4.5"),
}
LIMIT, BOTH = {"limit_yuan"}, {"limit_yuan", "limit_other_reading_yuan"}
TOLD = {"alternative_offers"}
LIVELIHOOD = {"product", "limit_yuan", "limit_other_reading_yuan", "limit_note", "repayment_options"} | {
    "alternatives", "alternative_offers",
}  # fmt: skip

OFFERS: list[tuple[str, object, Facts, set[str]]] = [
    ("basic_share_pct_by_grade", "A:40,B:45,C:40,D:35,E:30", FLOW, BOTH),
    ("basic_cap_yuan", 40_000, FLOW, BOTH),
    ("basic_cap_yuan", 40_000, INVENTOR, TOLD),  # the other reading of 600,000 of research is the same
    ("flow_basis", "annual", FLOW, BOTH),
    ("basic_term_months", 24, FLOW, {"term_months"}),
    ("basic_term_months", 24, MAKER, set()),
    ("basic_manufacturing_term_months", 48, MAKER, {"term_months"}),
    ("basic_manufacturing_term_months", 48, INVENTOR, TOLD),
    ("basic_min_term_months", 6, FLOW, set()),
    ("basic_spread_pct_points", "0.40", FLOW, {"annual_rate_pct"}),
    ("tech_rd_share_pct", 200, INVENTOR, BOTH | {"subsidy_yuan_per_year", "limit_note"}),
    ("tech_cap_yuan", 590_000, INVENTOR, LIMIT | {"subsidy_yuan_per_year"}),  # the other reading is 600,000 of flows
    ("tech_discount_pct_points", "0.40", INVENTOR, {"annual_rate_pct", "subsidy_yuan_per_year"}),
    ("tech_term_months", 48, INVENTOR, {"term_months"}),
    ("trade_industry_codes", "51", TRADER, {"product", "limit_yuan", "limit_other_reading_yuan", "limit_note"} | {"is_relending", "repayment_options", "season", "alternatives", "alternative_offers"}),
    ("season_lead_days", 10, TRADER, {"season"}),
    ("livelihood_industry_codes", "801", DINER, LIVELIHOOD),
    ("livelihood_max_change_pct", 19, DINER, LIVELIHOOD),
    ("livelihood_min_rating", "4.6", DINER, LIVELIHOOD),
    ("livelihood_wage_months", 6, DINER, BOTH),
    ("livelihood_reading", "one_person", DINER, BOTH),
    ("livelihood_cap_yuan", 200_000, DINER, LIMIT),
    ("deferral_months", 6, DINER, {"repayment_options"}),
    ("relending_cap_yuan", 200_000, DINER, {"is_relending"}),
    ("relending_spread_pct_points", "0.40", DINER, {"is_relending"}),
    ("subsidy_share_pct", 20, GREEN, {"subsidy_yuan_per_year"}),
    ("subsidy_cap_yuan", 100, GREEN, {"subsidy_yuan_per_year"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "facts", "moved"), OFFERS, ids=[f"{name} {n}" for n, (name, *_) in enumerate(OFFERS)]
)
def test_a_number_moves_what_its_clause_says_of_the_offer_alone(
    name: str, value: object, facts: Facts, moved: set[str]
) -> None:
    was, now = one(**facts), one(plan(**{name: value}), **facts)
    assert {column for column in OFFERED if was[column] != now[column]} == moved
