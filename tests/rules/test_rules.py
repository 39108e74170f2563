"""Each rule by its clause: both sides of every bound, and what leaves it unknown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from pipelines.eligibility.rules import RULES, FeedStates, months_before, rule, rules_on
from pipelines.errors import DeclarationError
from pipelines.parameters import Parameters

from .frames import ALL_FRESH, AS_OF, ENTERPRISE, INDIVIDUAL, outcome, plan, with_late, without

FARM = "farm:F0001"


def yuan(text: str) -> Decimal:
    return Decimal(text)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("存续", True),
        ("在业", True),
        ("开业", True),
        ("在营", True),
        ("注销", False),
        ("吊销", False),
        ("撤销", False),
        ("清算", False),
        ("停业", False),
        ("迁出", False),
        ("筹建", None),  # in neither list
        (None, None),
    ],
)
def test_in_business_follows_the_register_state(status: str | None, expected: bool | None) -> None:
    assert outcome("rule__in_business", status=status) is expected


# S05, S09
@pytest.mark.parametrize(
    ("uscc", "is_enterprise", "is_individual"),
    [(ENTERPRISE, True, False), (INDIVIDUAL, False, True), ("93510100MA6C9999XX", False, False), (FARM, None, None)],
)
def test_the_kind_follows_the_code_and_farms_have_none(
    uscc: str, is_enterprise: bool | None, is_individual: bool | None
) -> None:
    assert outcome("rule__is_enterprise", uscc=uscc) is is_enterprise
    assert outcome("rule__is_individual_business", uscc=uscc) is is_individual


# S11
@pytest.mark.parametrize(
    ("established_on", "as_of", "expected"),
    [
        (date(2024, 11, 23), date(2026, 11, 23), True),  # exactly two years
        (date(2024, 11, 24), date(2026, 11, 23), False),  # one day short
        (date(2024, 2, 29), date(2026, 2, 27), False),
        (date(2024, 2, 29), date(2026, 2, 28), True),  # 29 February has its anniversary on the 28th
        (date(2026, 2, 28), date(2028, 2, 28), True),
        (date(2024, 2, 29), date(2028, 2, 28), True),
        (date(2026, 2, 28), date(2028, 2, 29), True),  # as-of a leap day: that of the 28th has been the day before
        (date(2026, 3, 1), date(2028, 2, 29), False),
        (None, date(2026, 11, 23), None),
    ],
)
def test_operating_two_years_counts_calendar_years(
    established_on: date | None, as_of: date, expected: bool | None
) -> None:
    assert outcome("rule__operating_2_years", p=plan(as_of), established_on=established_on) is expected


# S05
@pytest.mark.parametrize(
    ("established_on", "as_of", "expected"),
    [
        (date(2025, 11, 23), AS_OF, False),  # as-of minus 12 months itself is too old
        (date(2025, 11, 24), AS_OF, True),
        (date(2026, 11, 23), AS_OF, True),  # registered on as-of
        (date(2026, 11, 24), AS_OF, False),  # not yet
        (date(2027, 2, 28), date(2028, 2, 29), False),  # twelve months before 29 February is the 28th
        (date(2027, 3, 1), date(2028, 2, 29), True),
        (date(2028, 2, 29), date(2029, 2, 28), True),  # a leap day is new up to the 28th, and old on 1 March
        (date(2028, 2, 29), date(2029, 3, 1), False),
        (None, AS_OF, None),
    ],
)
def test_newly_established_is_the_twelve_months_up_to_as_of(
    established_on: date | None, as_of: date, expected: bool | None
) -> None:
    assert outcome("rule__newly_established", p=plan(as_of), established_on=established_on) is expected


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2028, 2, 29), 12, date(2027, 2, 28)),
        (date(2026, 3, 31), 1, date(2026, 2, 28)),
        (date(2026, 1, 31), 2, date(2025, 11, 30)),
    ],
)
def test_months_before_ends_with_the_month(day: date, months: int, expected: date) -> None:
    assert months_before(day, months) == expected


# S07; from feed rows on: tests/sql/test_month_by_month.py
@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"tax_filings": 12, "tax_months_normal": 12}, True),
        ({"tax_filings": 4, "tax_months_normal": 12}, True),  # a quarterly filer: 4 rows cover 12 months
        ({"tax_filings": 12, "tax_months_normal": 11}, False),
        ({"tax_filings": 12, "tax_months_covered": 12, "tax_months_normal": 0}, False),
        ({"tax_filings": 1, "tax_months_normal": None}, False),  # filed long ago: no window, so no coverage
        ({"tax_filings": 0, "tax_months_normal": 0}, None),
        ({}, None),
    ],
)
def test_twelve_months_of_tax_are_covered_months_not_rows(facts: dict[str, Any], expected: bool | None) -> None:
    assert outcome("rule__paid_tax_12_months", **facts) is expected


# S08
@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"tax_filings": 12, "tax_paid_12m_yuan": yuan("50000.00")}, True),
        ({"tax_filings": 12, "tax_paid_12m_yuan": yuan("49999.99")}, False),
        ({"tax_filings": 12, "tax_paid_12m_yuan": yuan("-300.00")}, False),  # more refunds than taxes
        ({"tax_filings": 12, "tax_paid_12m_yuan": yuan("0")}, False),
        ({"tax_filings": 12}, None),  # filings known, the sum of their window not
        ({}, None),
    ],
)
def test_annual_tax_reaches_fifty_thousand(facts: dict[str, Any], expected: bool | None) -> None:
    assert outcome("rule__annual_tax_at_least", **facts) is expected


# S10
@pytest.mark.parametrize(
    ("low", "high", "months", "expected"),
    [
        (3, 20, 12, True),
        (3, 20, 11, True),  # one month may be missing
        (3, 20, 10, None),  # two may not, and are never imputed
        (2, 20, 12, False),
        (3, 21, 12, False),
        (2, 2, 1, False),  # a known month outside is false whatever is missing
        (21, 21, 1, False),
        (5, 9, 1, None),
        (None, None, None, None),
    ],
)
def test_insured_staff_is_three_to_twenty_in_every_month(
    low: int | None, high: int | None, months: int | None, expected: bool | None
) -> None:
    facts: dict[str, Any] = {"insured_min_12m": low, "insured_max_12m": high, "insured_months_12m": months}
    assert outcome("rule__insured_staff_3_to_20", **facts) is expected


# S11
@pytest.mark.parametrize(
    ("industry_code", "employees", "revenue", "assets", "expected"),
    [
        ("C1329", 300, "20000000", None, False),  # industry: both bounds reached
        ("C1329", 299, "20000000", None, True),
        ("C1329", 300, "19999999.99", None, True),
        ("C1329", 299, None, None, True),  # one bound known not to be reached is enough
        ("C1329", 300, None, None, None),
        ("C1329", None, "20000000", None, None),
        ("C1329", None, None, "1", None),  # assets are no bound of industry
        ("A0111", None, "5000000", None, False),  # farming: revenue alone
        ("A0111", None, "4999999.99", None, True),
        ("A0111", 5, None, None, None),
        ("E4710", None, "60000000", "50000000", False),  # construction: revenue and assets, no headcount
        ("E4710", 9999, "60000000", "49999999.99", True),
        ("F5111", 20, "50000000", None, False),
        ("F5111", 19, None, None, True),
        ("F5211", 50, "5000000", None, False),
        ("F5211", 49, None, None, True),
        ("G5430", 300, "30000000", None, False),
        ("G5820", 300, "29999999.99", None, True),
        ("G5990", 100, "10000000", None, False),
        ("G6020", 300, "20000000", None, False),
        ("H6110", 100, "20000000", None, False),
        ("H6210", 99, None, None, True),
        ("I6420", 100, "10000000", None, False),
        ("I6513", 100, "9999999.99", None, True),
        ("K7010", None, "10000000", "50000000", False),
        ("K7010", None, "10000000", "49999999.99", True),
        ("K7020", 300, "10000000", None, False),
        ("K7020", 299, None, None, True),
        ("L7211", 100, None, "80000000", False),
        ("L7211", 99, None, None, True),
        ("O8040", 100, None, None, False),
        ("R9011", 99, None, None, True),
        ("M7320", None, None, None, None),
        ("J6621", 1, "1", "1", None),  # finance is in no class
        ("P8310", 1, "1", "1", None),
        ("K7040", 1, "1", "1", None),
        (None, 1, "1", "1", None),
    ],
)
def test_small_or_micro_is_below_medium_by_its_industry(
    industry_code: str | None, employees: int | None, revenue: str | None, assets: str | None, expected: bool | None
) -> None:
    facts: dict[str, Any] = {
        "industry_code": industry_code,
        "employees": employees,
        "annual_revenue_yuan": revenue and yuan(revenue),
        "total_assets_yuan": assets and yuan(assets),
    }
    assert outcome("rule__small_or_micro", **facts) is expected


INDUSTRIES = [  # a code of every class of 300号, and where medium begins in people, revenue and assets
    ("A0111", None, 5_000_000, None),
    ("B0610", 300, 20_000_000, None),
    ("C1329", 300, 20_000_000, None),
    ("D4411", 300, 20_000_000, None),
    ("E4710", None, 60_000_000, 50_000_000),
    ("F5111", 20, 50_000_000, None),
    ("F5211", 50, 5_000_000, None),
    ("G5310", 300, 30_000_000, None),
    ("G5822", 300, 30_000_000, None),
    ("G5990", 100, 10_000_000, None),
    ("G6020", 300, 20_000_000, None),
    ("H6110", 100, 20_000_000, None),
    ("H6210", 100, 20_000_000, None),
    ("I6311", 100, 10_000_000, None),
    ("I6420", 100, 10_000_000, None),
    ("I6513", 100, 10_000_000, None),
    ("K7010", None, 10_000_000, 50_000_000),
    ("K7020", 300, 10_000_000, None),
    ("L7211", 100, None, 80_000_000),
    ("M7320", 100, None, None),
    ("N7723", 100, None, None),
    ("O8040", 100, None, None),
    ("R9011", 100, None, None),
]
METRICS = ("employees", "annual_revenue_yuan", "total_assets_yuan")


@pytest.mark.parametrize(("code", "people", "revenue", "assets"), INDUSTRIES, ids=[code for code, *_ in INDUSTRIES])
def test_medium_begins_only_where_every_bound_of_the_industry_is_reached(
    code: str, people: int | None, revenue: int | None, assets: int | None
) -> None:
    bounds = dict(zip(METRICS, (people, revenue and Decimal(revenue), assets and Decimal(assets)), strict=True))
    at_the_bounds: dict[str, Any] = {name: bound for name, bound in bounds.items() if bound is not None}
    assert outcome("rule__small_or_micro", industry_code=code, **at_the_bounds) is False
    for name, bound in at_the_bounds.items():
        below = at_the_bounds | {name: bound - (1 if name == "employees" else Decimal("0.01"))}
        unstated = at_the_bounds | {name: None}
        assert outcome("rule__small_or_micro", industry_code=code, **below) is True, name
        assert outcome("rule__small_or_micro", industry_code=code, **unstated) is None, name


LOAN_DAY, OWN_DAY, CHECK_DAY = date(2019, 5, 1), date(2026, 3, 2), date(2026, 9, 9)
LOANS_ON = FeedStates(ALL_FRESH.delivered, frozenset(), received_on={"credit__loans": date(2026, 11, 13)})
LATE_LOANS = FeedStates(
    ALL_FRESH.delivered, frozenset({"credit__loans"}), received_on={"credit__loans": date(2026, 9, 1)}
)


@pytest.mark.parametrize(
    ("facts", "states", "evidence"),
    [
        ({}, LOANS_ON, ("presumed", "credit__loans", date(2026, 11, 13))),
        ({}, LATE_LOANS, ("unknown", "credit__loans", date(2026, 9, 1))),  # the feed that would settle it, too old
        ({}, without("credit__loans"), ("unknown", "credit__loans", None)),
        (
            {"enterprise_loans": 1, "first_loan_on": date(2015, 1, 1), "first_enterprise_loan_on": LOAN_DAY},
            LOANS_ON,
            ("disproved", "credit__loans", LOAN_DAY),  # the enterprise's own, not its owner's of 2015
        ),
        (
            {"uscc": INDIVIDUAL, "personal_business_loans": 1, "first_loan_on": LOAN_DAY},
            LOANS_ON,
            ("disproved", "credit__loans", LOAN_DAY),
        ),
        (
            {"own_disbursements": 1, "own_first_disbursed_on": OWN_DAY},
            LOANS_ON,
            ("disproved", "crm__disbursements", OWN_DAY),
        ),
        (
            {"enterprise_loans": 0, "own_disbursements": 1, "own_first_disbursed_on": OWN_DAY},
            LOANS_ON,
            ("disproved", "crm__disbursements", OWN_DAY),  # the loan feed names it without a loan that counts
        ),
        ({"first_loan_confirmed_on": CHECK_DAY}, LOANS_ON, ("confirmed", "crm__contacts", CHECK_DAY)),
    ],
)
def test_the_first_loan_status_names_its_source_and_its_day(
    facts: dict[str, Any], states: FeedStates, evidence: tuple[str, str, date | None]
) -> None:
    columns = ("first_loan_status", "first_loan_source", "first_loan_evidence_on")
    assert tuple(outcome(column, states=states, **facts) for column in columns) == evidence


@pytest.mark.parametrize("definition", ["never_any_loan", "never_enterprise_loan"])
def test_the_first_loan_status_names_its_definition(definition: str) -> None:
    p = plan(first_loan_definition=definition)
    assert outcome("first_loan_definition", p=p) == definition


# S09
@pytest.mark.parametrize(
    ("facts", "definition", "expected"),
    [
        ({}, "never_any_loan", True),
        ({"enterprise_loans": 0, "own_disbursements": 0}, "never_any_loan", True),
        ({"enterprise_loans": 1}, "never_any_loan", False),  # settled or not: the count knows no balance
        ({"own_disbursements": 1}, "never_any_loan", False),
        ({"uscc": INDIVIDUAL, "personal_business_loans": 1}, "never_any_loan", False),
        ({"uscc": INDIVIDUAL, "personal_business_loans": 1}, "never_enterprise_loan", True),
        ({"uscc": ENTERPRISE, "personal_business_loans": 1}, "never_any_loan", True),  # the owner is not the enterprise
        ({"uscc": INDIVIDUAL, "enterprise_loans": 1}, "never_enterprise_loan", False),
        ({"uscc": FARM}, "never_any_loan", None),
        ({"uscc": INDIVIDUAL, "enterprise_loans": 0, "personal_business_loans": 0}, "never_any_loan", True),
    ],
)
def test_one_record_ever_disproves_a_first_loan(facts: dict[str, Any], definition: str, expected: bool | None) -> None:
    assert outcome("rule__never_borrowed", p=plan(first_loan_definition=definition), **facts) is expected


@pytest.mark.parametrize("states", [with_late("credit__loans"), without("credit__loans")], ids=["late", "missing"])
def test_without_a_current_loan_feed_only_a_record_settles_it(states: FeedStates) -> None:
    assert outcome("rule__never_borrowed", states=states) is None
    assert outcome("rule__never_borrowed", states=states, enterprise_loans=1) is False


@pytest.mark.parametrize(
    ("facts", "states", "expected"),
    [
        ({}, ALL_FRESH, "presumed"),
        ({"first_loan_confirmed_on": AS_OF}, ALL_FRESH, "confirmed"),
        ({"first_loan_confirmed_on": AS_OF, "enterprise_loans": 1}, ALL_FRESH, "disproved"),
        ({}, with_late("credit__loans"), "unknown"),
        ({"first_loan_confirmed_on": AS_OF}, with_late("credit__loans"), "confirmed"),
        ({"uscc": FARM}, ALL_FRESH, "unknown"),
    ],
)
def test_the_first_loan_status_is_the_best_evidence(facts: dict[str, Any], states: FeedStates, expected: str) -> None:
    assert outcome("first_loan_status", states=states, **facts) == expected


# S15, S17
@pytest.mark.parametrize(
    ("facts", "in_park", "in_district"),
    [
        ({"site_id": "S1", "site_kind": "园区"}, True, False),
        ({"site_id": "S2", "site_kind": "商圈"}, False, True),
        ({"site_id": "S1", "site_kind": "园区", "other_site_kind": "商圈"}, True, True),  # a tenant of both
        ({"site_id": "S3", "other_site_kind": "商圈"}, None, True),
        ({"site_id": "S3"}, None, None),
        ({}, False, False),  # the tenants' lists do not name it
    ],
)
def test_a_tenant_is_in_a_park_or_in_a_district(
    facts: dict[str, Any], in_park: bool | None, in_district: bool | None
) -> None:
    assert outcome("rule__in_park", **facts) is in_park
    assert outcome("rule__in_district", **facts) is in_district


# S15
@pytest.mark.parametrize(
    ("certifications", "expected"),
    [(["专精特新"], True), (["绿色工厂", "高新技术企业"], True), (["绿色工厂"], False), ([], False), (None, False)],
)
def test_a_technology_firm_holds_a_technology_certification(certifications: list[str] | None, expected: bool) -> None:
    assert outcome("rule__is_tech", certifications=certifications) is expected


# S20
@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"green_listed_on": AS_OF, "green_valid_until": AS_OF}, True),  # first and last day count
        ({"green_listed_on": date(2026, 11, 24)}, False),
        ({"green_listed_on": date(2025, 1, 1), "green_valid_until": date(2026, 11, 22)}, False),
        ({"green_listed_on": date(2025, 1, 1)}, True),  # no end stated: no end
        ({"green_field": "循环经济服务"}, True),  # an entry without a day is an old one
        ({}, False),
    ],
)
def test_a_green_entry_holds_from_its_day_to_its_end(facts: dict[str, Any], expected: bool) -> None:
    assert outcome("rule__on_green_list", **facts) is expected


# S24
@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"operator_id": "F1", "operator_type": "家庭农场"}, True),
        ({"operator_id": "F1", "operator_type": "农民专业合作社"}, True),
        ({"operator_id": "F1", "operator_type": "农产品加工小作坊"}, True),
        ({"operator_id": "F1", "operator_type": "农业产业化龙头企业"}, False),
        ({"operator_id": "F1"}, None),
        ({}, False),
    ],
)
def test_rural_operators_are_of_three_types(facts: dict[str, Any], expected: bool | None) -> None:
    assert outcome("rule__is_rural_operator", **facts) is expected


# S28
@pytest.mark.parametrize(("day", "expected"), [(AS_OF, True), (date(2026, 11, 24), False), (None, False)])
def test_a_demand_counts_from_its_day(day: date | None, expected: bool) -> None:
    assert outcome("rule__registered_demand", demand_registered_on=day) is expected


NEW = {"established_on": date(2025, 11, 24)}
OLD = {"established_on": date(2025, 11, 23)}


# S32
@pytest.mark.parametrize(
    ("facts", "lane", "expected"),
    [
        ({"tax_grade": "A"}, True, True),
        ({"tax_grade": "B"}, True, True),
        ({"tax_grade": "C"}, True, False),
        ({"tax_grade": "D"}, True, False),
        ({"tax_grade": "M"} | NEW, True, True),  # new firms are graded M by law
        ({"tax_grade": "M"} | NEW, False, False),
        ({"tax_grade": "M"} | OLD, True, False),
        ({"tax_grade": "M"}, True, None),  # age unknown
        ({"tax_grade": "M"}, False, False),
        ({"uscc": INDIVIDUAL}, True, None),  # not rated is not applicable, not a fail
        ({"uscc": INDIVIDUAL, "tax_grade": "C"}, True, False),
        ({}, True, None),
    ],
)
def test_tax_grade_b_or_better_with_a_lane_for_new_firms(
    facts: dict[str, Any], lane: bool, expected: bool | None
) -> None:
    assert outcome("rule__tax_grade_b_or_better", p=plan(unrated_lane=lane), **facts) is expected


# S33
@pytest.mark.parametrize(
    ("invoiced", "expected"), [("1000000.00", True), ("999999.99", False), ("-5.00", False), (None, None)]
)
def test_annual_invoicing_reaches_a_million(invoiced: str | None, expected: bool | None) -> None:
    assert outcome("rule__annual_invoicing_at_least", invoiced_12m_yuan=invoiced and yuan(invoiced)) is expected


# S34
@pytest.mark.parametrize(
    ("authorised_on", "overdue", "expected"),
    [
        (AS_OF, False, True),
        (AS_OF, True, False),
        (date(2026, 11, 24), True, None),  # authorised only after as-of
        (None, True, None),  # without authorisation the record does not count, good or bad
        (None, False, None),
        (AS_OF, None, None),
    ],
)
def test_the_owners_record_needs_the_owners_authorisation(
    authorised_on: date | None, overdue: bool | None, expected: bool | None
) -> None:
    facts: dict[str, Any] = {"owner_authorised_on": authorised_on, "owner_severe_overdue": overdue}
    assert outcome("rule__owner_without_severe_overdue", **facts) is expected


# S36
@pytest.mark.parametrize(
    ("facts", "states", "expected"),
    [
        ({"lease_until": AS_OF}, ALL_FRESH, True),
        ({"bill_months_12m": 10, "bill_months_paid_12m": 10}, ALL_FRESH, True),
        ({"lease_until": date(2026, 11, 22), "bill_months_12m": 10, "bill_months_paid_12m": 10}, ALL_FRESH, True),
        ({"lease_until": date(2026, 11, 22), "bill_months_12m": 12, "bill_months_paid_12m": 9}, ALL_FRESH, False),
        ({"bill_months_12m": 12, "bill_months_paid_12m": 9}, ALL_FRESH, None),  # there may be a lease
        ({"lease_until": date(2026, 11, 22)}, ALL_FRESH, None),  # there may be bills
        # Nine paid of eleven billed: the month without a bill in the feed may be the tenth.
        ({"lease_until": date(2026, 11, 22), "bill_months_12m": 11, "bill_months_paid_12m": 9}, ALL_FRESH, None),
        ({}, ALL_FRESH, None),
        ({"lease_until": AS_OF}, with_late("sites__tenants"), None),  # a late feed freezes only its own proof
        ({"bill_months_12m": 10, "bill_months_paid_12m": 10}, with_late("sites__tenants"), True),
        ({"lease_until": AS_OF}, without("utilities__bills"), True),
    ],
)
def test_a_lease_or_paid_bills_prove_premises(facts: dict[str, Any], states: FeedStates, expected: bool | None) -> None:
    assert outcome("rule__proves_stable_premises", uscc=INDIVIDUAL, states=states, **facts) is expected


def test_a_rule_of_two_proofs_rests_on_both_feeds() -> None:
    assert rules_on("utilities__bills") == ["proves_stable_premises"]
    assert set(rules_on("sites__tenants")) == {"in_park", "in_district", "proves_stable_premises"}


def test_premises_are_asked_of_individual_businesses_only() -> None:
    for uscc in (ENTERPRISE, FARM, "93510100MA6C9999XX"):
        for proof in ({"lease_until": AS_OF}, {"bill_months_12m": 12, "bill_months_paid_12m": 12}):
            assert outcome("rule__proves_stable_premises", uscc=uscc, **proof) is None


CERTAIN: dict[str, Any] = {
    "status": "存续",
    "established_on": date(2020, 5, 4),
    "industry_code": "C1329",
    "employees": 12,
    "certifications": ["专精特新"],
    "tax_filings": 12,
    "tax_months_normal": 12,
    "tax_paid_12m_yuan": yuan("60000"),
    "tax_grade": "A",
    "invoiced_12m_yuan": yuan("2000000"),
    "insured_min_12m": 5,
    "insured_max_12m": 6,
    "insured_months_12m": 12,
    "green_listed_on": AS_OF,
    "operator_id": "F1",
    "operator_type": "家庭农场",
    "site_id": "S1",
    "site_kind": "园区",
    "lease_until": AS_OF,
    "bill_months_12m": 12,
    "bill_months_paid_12m": 12,
    "owner_authorised_on": AS_OF,
    "owner_severe_overdue": False,
    "demand_registered_on": AS_OF,
}


@pytest.mark.parametrize("name", sorted(RULES))
@pytest.mark.parametrize("freeze", [without, with_late], ids=["missing", "late"])
def test_a_rule_is_unknown_without_its_feed_and_known_with_it(name: str, freeze: Callable[..., FeedStates]) -> None:
    column = RULES[name].column
    assert outcome(column, uscc=INDIVIDUAL, **CERTAIN) is not None
    assert outcome(column, uscc=INDIVIDUAL, states=freeze(*RULES[name].feeds), **CERTAIN) is None


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_rule_knows_its_clause_its_feeds_and_says_what_it_is(name: str) -> None:
    made = RULES[name]
    assert made.clause.startswith("S") or made.clause == "Precisely"
    assert set(made.feeds) <= ALL_FRESH.delivered
    assert made.__doc__
    assert made.gap is not None


def test_two_rules_cannot_share_a_name() -> None:
    def in_business(p: Parameters) -> pl.Expr:
        raise AssertionError(p)

    with pytest.raises(DeclarationError, match="in_business is declared twice"):
        rule(clause="S05", feed="registry__entities")(in_business)
