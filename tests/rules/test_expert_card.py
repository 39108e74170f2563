"""What the expert cards make of what the plan names (S05-S08, S10, S16, S17, S21, S22, S25, S26, S28, S29, S32, S33, S36)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from pipelines.scoring.card import scorecard
from pipelines.scoring.evaluate import evaluate

from .frames import AS_OF, entity, frame, plan

LEAP_DAY = date(2028, 2, 29)
NAMED = {
    "online": {"days_since_demand", "consultations_12m", "views_90d"},
    "individual_taxpayer": {"tax_months_normal", "tax_paid_12m_yuan", "tax_grade", "invoiced_12m_yuan"}
    | {"bill_months_paid_12m"},
    "small_employer": {"insured_swing_pct", "insured_latest", "months_in_business", "tax_grade", "invoiced_12m_yuan"},
    "park_tech": {"rd_spend_yuan", "patents", "order_months_12m", "orders_cv_of_steady_sellers"}
    | {"has_priority_certification"},
    "district_merchant": {"rent_on_time_months", "inflow_cv_12m", "repurchase_rate", "lease_months_left"}
    | {"bill_months_paid_12m"},
    "green": {"green_field", "has_carbon_record", "retrofit_investment_yuan"},
    "rural": {"land_contract_months_left", "transferred_area_mu", "purchase_orders_yuan"}
    | {"has_farm_insurance_in_force", "sector"},
    "new_enterprise": {"has_priority_certification", "months_in_business", "is_converted", "tax_grade"},
}
"""Every feature that the plan names for a segment, as a column."""


@pytest.mark.parametrize(("segment", "columns"), NAMED.items())
def test_a_card_reads_every_feature_the_plan_names_for_its_segment(segment: str, columns: set[str]) -> None:
    read = {made.column: made for made in scorecard("expert_2026").cards[segment].characteristics}
    assert columns - read.keys() == set()
    assert {name for name in columns if max(read[name].worth) == 0} == set()


@pytest.mark.parametrize("segment", sorted(NAMED))
def test_consultations_and_browsing_speak_for_an_entity_of_every_segment(segment: str) -> None:
    read = {made.column: made.clause for made in scorecard("expert_2026").cards[segment].characteristics}
    assert (read["consultations_12m"], read["views_90d"]) == ("S29", "S29")


def points(segment: str, characteristic: str, as_of: date, facts: dict[str, Any]) -> int:
    """What one characteristic of a segment's card gives to an entity."""
    card = scorecard("expert_2026").cards[segment]
    alone = replace(card, characteristics=tuple(made for made in card.characteristics if made.name == characteristic))
    rows = frame([entity(**facts)]).with_columns(pl.lit(segment).alias("segment"))
    scored: int = evaluate(rows, {segment: alone}, plan(as_of)).collect()["score"].item()
    return scored


def yuan(amount: str) -> Decimal:
    return Decimal(amount)


CASES: list[tuple[str, str, str, date, dict[str, Any], int]] = [
    ("a demand of 30 days ago is fresh", "online", "demand", AS_OF, {"demand_registered_on": date(2026, 10, 24)}, 25),
    ("one of 31 days is less so", "online", "demand", AS_OF, {"demand_registered_on": date(2026, 10, 23)}, 18),
    ("of 90 days", "online", "demand", AS_OF, {"demand_registered_on": date(2026, 8, 25)}, 18),
    ("of 91 days", "online", "demand", AS_OF, {"demand_registered_on": date(2026, 8, 24)}, 8),
    ("of 181 days it is worth nothing", "online", "demand", AS_OF, {"demand_registered_on": date(2026, 5, 26)}, 0),
    ("of that very day", "online", "demand", LEAP_DAY, {"demand_registered_on": LEAP_DAY}, 25),
    ("no consultation", "online", "consultations", AS_OF, {"consultations_12m": 0}, 0),
    ("one consultation", "online", "consultations", AS_OF, {"consultations_12m": 1}, 8),
    ("no event with consent is no point and no loss", "online", "browsing", AS_OF, {}, 0),
    ("twelve normal months", "individual_taxpayer", "tax_regularity", AS_OF, {"tax_months_normal": 12}, 10),
    ("eleven", "individual_taxpayer", "tax_regularity", AS_OF, {"tax_months_normal": 11}, 4),
    ("50,000 of tax", "individual_taxpayer", "tax_amount", AS_OF, {"tax_paid_12m_yuan": yuan("50000.00")}, 8),
    ("a fen less", "individual_taxpayer", "tax_amount", AS_OF, {"tax_paid_12m_yuan": yuan("49999.99")}, 0),
    ("a million invoiced", "small_employer", "invoicing", AS_OF, {"invoiced_12m_yuan": yuan("1000000.00")}, 8),
    ("a fen less invoiced", "small_employer", "invoicing", AS_OF, {"invoiced_12m_yuan": yuan("999999.99")}, 4),
    ("ten months of paid bills", "individual_taxpayer", "utility_bills", AS_OF, {"bill_months_paid_12m": 10}, 8),
    ("nine", "individual_taxpayer", "utility_bills", AS_OF, {"bill_months_paid_12m": 9}, 3),
    ("grade A", "small_employer", "tax_grade", AS_OF, {"tax_grade": "A"}, 10),
    ("grade B", "small_employer", "tax_grade", AS_OF, {"tax_grade": "B"}, 8),
    ("grade M", "small_employer", "tax_grade", AS_OF, {"tax_grade": "M"}, 3),
    ("grade C", "small_employer", "tax_grade", AS_OF, {"tax_grade": "C"}, 0),
    ("from ten people to nine is a tenth", "small_employer", "insured_staff_stability", AS_OF, {"insured_min_12m": 9, "insured_max_12m": 10}, 10),
    ("from twelve to eleven is less", "small_employer", "insured_staff_stability", AS_OF, {"insured_min_12m": 11, "insured_max_12m": 12}, 16),
    ("half of the staff gone", "small_employer", "insured_staff_stability", AS_OF, {"insured_min_12m": 5, "insured_max_12m": 10}, 0),
    ("nobody insured is not known to be steady", "small_employer", "insured_staff_stability", AS_OF, {"insured_min_12m": 0, "insured_max_12m": 0}, 4),
    ("registered in the month two years ago", "small_employer", "age", AS_OF, {"established_on": date(2024, 11, 30)}, 4),
    ("the month after", "small_employer", "age", AS_OF, {"established_on": date(2024, 12, 1)}, 0),
    ("since 29 February, as of 29 February", "small_employer", "age", LEAP_DAY, {"established_on": date(2024, 2, 29)}, 4),
    ("research of 100,000", "park_tech", "research", AS_OF, {"rd_spend_yuan": yuan("100000")}, 7),
    ("a fen less of research", "park_tech", "research", AS_OF, {"rd_spend_yuan": yuan("99999.99")}, 0),
    ("a patent", "park_tech", "patents", AS_OF, {"patents": 1}, 8),
    ("none", "park_tech", "patents", AS_OF, {"patents": 0}, 0),
    ("orders in six months", "park_tech", "order_months", AS_OF, {"order_months_12m": 6}, 4),
    ("in five", "park_tech", "order_months", AS_OF, {"order_months_12m": 5}, 0),
    ("steady orders of six months", "park_tech", "order_stability", AS_OF, {"order_months_12m": 6, "orders_cv_12m": 0.29}, 7),
    ("less steady ones", "park_tech", "order_stability", AS_OF, {"order_months_12m": 6, "orders_cv_12m": 0.3}, 4),
    ("steady ones of five months tell nothing", "park_tech", "order_stability", AS_OF, {"order_months_12m": 5, "orders_cv_12m": 0.1}, 0),
    ("a small technology firm", "park_tech", "priority_technology", AS_OF, {"certifications": ["科技型中小企业"]}, 12),
    ("a specialised one", "new_enterprise", "priority_technology", AS_OF, {"certifications": ["专精特新"]}, 20),
    ("a high-technology one is not named", "new_enterprise", "priority_technology", AS_OF, {"certifications": ["高新技术企业"]}, 0),
    ("no certification is no loss", "new_enterprise", "priority_technology", AS_OF, {"certifications": None}, 0),
    ("ten rents on time", "district_merchant", "rent", AS_OF, {"rent_on_time_months": 10}, 18),
    ("nine rents", "district_merchant", "rent", AS_OF, {"rent_on_time_months": 9}, 10),
    ("a steady inflow", "district_merchant", "flow_stability", AS_OF, {"inflow_cv_12m": 0.29}, 16),
    ("a less steady one", "district_merchant", "flow_stability", AS_OF, {"inflow_cv_12m": 0.3}, 10),
    ("two of five customers again", "district_merchant", "repurchase", AS_OF, {"repurchase_rate": yuan("0.4")}, 14),
    ("a little fewer", "district_merchant", "repurchase", AS_OF, {"repurchase_rate": yuan("0.3999")}, 8),
    ("a lease until next month", "district_merchant", "lease", AS_OF, {"lease_until": date(2026, 12, 1)}, 2),
    ("until this month's end", "district_merchant", "lease", AS_OF, {"lease_until": date(2026, 11, 30)}, 0),
    ("for another year", "district_merchant", "lease", AS_OF, {"lease_until": date(2027, 11, 1)}, 4),
    ("a field the plan names", "green", "green_field", AS_OF, {"green_field": "新能源技术应用"}, 18),
    ("the second of them", "green", "green_field", AS_OF, {"green_field": "节能环保设备制造"}, 18),
    ("the third", "green", "green_field", AS_OF, {"green_field": "循环经济服务"}, 18),
    ("another field", "green", "green_field", AS_OF, {"green_field": "绿色建筑"}, 0),
    ("a carbon record, be it of nothing emitted", "green", "carbon_record", AS_OF, {"carbon_tonnes": yuan("0")}, 10),
    ("no carbon record is no loss", "green", "carbon_record", AS_OF, {}, 0),
    ("a retrofit", "green", "green_retrofit", AS_OF, {"retrofit_investment_yuan": yuan("1")}, 8),
    ("no retrofit known is no loss", "green", "green_retrofit", AS_OF, {}, 0),
    ("land for another month", "rural", "land_contract", AS_OF, {"contract_until": date(2026, 12, 1)}, 8),
    ("land until this month's end", "rural", "land_contract", AS_OF, {"contract_until": date(2026, 11, 30)}, 0),
    ("land for three years", "rural", "land_contract", AS_OF, {"contract_until": date(2029, 11, 1)}, 14),
    ("purchase orders of 50,000", "rural", "purchase_orders", AS_OF, {"purchase_orders_yuan": yuan("50000")}, 10),
    ("insured this year", "rural", "farm_insurance", AS_OF, {"insured_amount_yuan": yuan("1"), "insurance_year": 2026}, 12),
    ("insured last year", "rural", "farm_insurance", AS_OF, {"insured_amount_yuan": yuan("1"), "insurance_year": 2025}, 0),
    ("insured for nothing", "rural", "farm_insurance", AS_OF, {"insured_amount_yuan": yuan("0"), "insurance_year": 2026}, 0),
    ("insured, nobody knows when", "rural", "farm_insurance", AS_OF, {"insured_amount_yuan": yuan("1")}, 0),
    ("grain", "rural", "rural_sector", AS_OF, {"sector": "粮食种植"}, 12),
    ("special livestock", "rural", "rural_sector", AS_OF, {"sector": "特色养殖"}, 12),
    ("the cold chain", "rural", "rural_sector", AS_OF, {"sector": "冷链物流"}, 12),
    ("fruit", "rural", "rural_sector", AS_OF, {"sector": "水果"}, 0),
    ("three months old", "new_enterprise", "newly_registered", AS_OF, {"established_on": date(2026, 8, 1)}, 12),
    ("four months old", "new_enterprise", "newly_registered", AS_OF, {"established_on": date(2026, 7, 31)}, 8),
    ("converted from an individual business", "new_enterprise", "converted", AS_OF, {"predecessor_uscc": "92510104MA6C12345X"}, 8),
    ("not converted", "new_enterprise", "converted", AS_OF, {}, 0),
]  # fmt: skip


@pytest.mark.parametrize(
    ("segment", "characteristic", "as_of", "facts", "expected"),
    [case[1:] for case in CASES],
    ids=[f"{case[1]}: {case[0]}" for case in CASES],
)
def test_a_characteristic_gives_the_points_of_its_band(
    segment: str, characteristic: str, as_of: date, facts: dict[str, Any], expected: int
) -> None:
    assert points(segment, characteristic, as_of, facts) == expected


@pytest.mark.parametrize("segment", sorted(NAMED))
def test_a_reason_that_also_a_middle_band_gives_claims_nothing_of_the_best_one(segment: str) -> None:
    """`流水稳定 +1` would tell a customer whose flows vary by their own size that they are steady."""
    graded = [
        made.reason_zh
        for made in scorecard("expert_2026").cards[segment].characteristics
        if made.bands and len({worth for worth in made.worth[:-1] if worth > 0}) > 1
    ]
    claims = ("稳定", "持续", "连续")
    assert [reason for reason in graded if reason.startswith(claims) or reason.endswith(claims)] == []
