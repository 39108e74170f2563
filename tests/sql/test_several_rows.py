"""From several rows of one register to one outcome: a tenant of two sites, an operator under two numbers (S15, S17, S24)."""

from __future__ import annotations

import pytest

from pipelines.eligibility.rules import RULES
from tests.rules.frames import ENTERPRISE, INDIVIDUAL, entity, frame, outcome, plan

from .tables import Row, Warehouse

PARK_LONGER = "('{0}', 'P1', '园区', '2028-01-01'), ('{0}', 'D1', '商圈', '2027-01-01') -- both leases are in force"
DISTRICT_LONGER = "('{0}', 'P1', '园区', '2027-01-01'), ('{0}', 'D1', '商圈', '2028-01-01') -- the other way round"
UNSTATED = (
    "('{0}', 'P1', '园区', '2027-01-01'), ('{0}', 'D1', '商圈', NULL) -- whose end is not stated is a tenant still"
)
LAST_DAY = "('{0}', 'P1', '园区', '2028-01-01'), ('{0}', 'D1', '商圈', '2026-11-23') -- as-of is the last day"
PARKS_LAST_DAY = "('{0}', 'P1', '园区', '2026-11-23'), ('{0}', 'D1', '商圈', '2028-01-01') -- the other way round"
PARK_UNSTATED = "('{0}', 'P1', '园区', NULL), ('{0}', 'D1', '商圈', '2028-01-01') -- here as well"
LEFT_THE_PARK = "('{0}', 'P1', '园区', '2026-11-22'), ('{0}', 'D1', '商圈', '2028-01-01')"
MOVED = "('{0}', 'P1', '园区', '2028-01-01'), ('{0}', 'D1', '商圈', '2026-11-22') -- it left the district for the park"
TWO_PARKS = "('{0}', 'P1', '园区', '2028-01-01'), ('{0}', 'P2', '园区', '2027-01-01')"
ENDED = "('{0}', 'D1', '商圈', '2026-11-22') -- the list still names it, and nowhere else"


def tenancy(warehouse: Warehouse, uscc: str, rows: str) -> Row:
    warehouse.fill("feed.sites__tenants", "uscc, site_id, site_kind, lease_until", rows.format(uscc))
    return warehouse.entities("sites__tenants")[uscc]


@pytest.mark.parametrize(
    ("rows", "in_park", "in_district"),
    [
        (PARK_LONGER, True, True),
        (DISTRICT_LONGER, True, True),
        (UNSTATED, True, True),
        (LAST_DAY, True, True),
        (PARKS_LAST_DAY, True, True),
        (PARK_UNSTATED, True, True),
        (LEFT_THE_PARK, False, True),
        (MOVED, True, False),
        (TWO_PARKS, True, False),
        (ENDED, False, True),
    ],
    ids=[
        "park longer",
        "district longer",
        "end not stated",
        "last day",
        "park's last day",
        "park not stated",
        "left the park",
        "moved",
        "two parks",
        "ended",
    ],
)
@pytest.mark.parametrize("uscc", [INDIVIDUAL, ENTERPRISE], ids=["individual", "enterprise"])
def test_a_tenant_of_a_park_and_a_district_is_in_both(
    uscc: str, rows: str, in_park: bool, in_district: bool, warehouse: Warehouse
) -> None:
    found = tenancy(warehouse, uscc, rows)
    assert outcome("rule__in_park", uscc=uscc, **found) is in_park
    assert outcome("rule__in_district", uscc=uscc, **found) is in_district


@pytest.mark.parametrize(("uscc", "site"), [(INDIVIDUAL, "D1"), (ENTERPRISE, "P1")], ids=["individual", "enterprise"])
@pytest.mark.parametrize("rows", [PARK_LONGER, DISTRICT_LONGER], ids=["park longer", "district longer"])
def test_a_merchant_is_shown_at_its_district_and_a_firm_at_its_park(
    uscc: str, site: str, rows: str, warehouse: Warehouse
) -> None:
    assert tenancy(warehouse, uscc, rows)["site_id"] == site


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("'农业产业化龙头企业'", "'家庭农场'", True),
        ("NULL", "'农民专业合作社'", True),
        ("'农产品加工小作坊'", "'农业产业化龙头企业'", True),
        ("'农业产业化龙头企业'", "NULL", None),  # the other entry may be of the three
        ("'农业产业化龙头企业'", "'农业公司'", False),
    ],
)
def test_an_operator_of_several_numbers_is_rural_by_any_of_them(
    first: str, second: str, expected: bool | None, warehouse: Warehouse
) -> None:
    warehouse.fill(
        "feed.agriculture__operators",
        "uscc, operator_id, operator_type",
        f"('{ENTERPRISE}', '1', {first}), ('{ENTERPRISE}', '2', {second})",
    )
    found = warehouse.entities("agriculture__operators")[ENTERPRISE]
    assert outcome("rule__is_rural_operator", **found) is expected


@pytest.mark.parametrize(
    ("rows", "said"),
    [(PARK_LONGER, "锦里（商圈），另在园区"), (TWO_PARKS, "锦里（园区）")],
    ids=["two kinds", "one kind"],
)
def test_both_sites_are_said_where_they_decide(rows: str, said: str, warehouse: Warehouse) -> None:
    found = tenancy(warehouse, INDIVIDUAL, rows) | {"site_name": "锦里"}
    gap = RULES["in_park"].gap
    assert gap is not None
    value = gap(plan()).value
    features = frame([entity(INDIVIDUAL, **found)])
    assert features.select(value).collect().item() == said
