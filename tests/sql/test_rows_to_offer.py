"""From feed rows to the offer: which months count, one missing month, 29 February (S37, S40, S42, S45, S46, S47)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from pipelines.eligibility.judge import judge
from pipelines.offers.offer import offer
from tests.rules.frames import ALL_FRESH, ENTERPRISE, FEATURES, plan
from tests.rules.offers import LPR

from .tables import AS_OF, Row, Warehouse
from .test_month_by_month import LEAP_DAY, months

Rows = Sequence[Mapping[str, object]]
YEAR = months("2025-11", "2026-10")
HALF = months("2026-05", "2026-10")


def offered(warehouse: Warehouse, feeds: Mapping[str, Rows], industry_code: str, as_of: date) -> Row:
    """The offer to an enterprise of grade A with these rows."""
    register = {"registry__entities": [{"status": "存续", "industry_code": industry_code}]}
    warehouse.insert(ENTERPRISE, {**register, **feeds})
    frame = pl.LazyFrame(warehouse.frame("registry__entities", *feeds, as_of=as_of), schema=FEATURES)
    graded = judge(frame, plan(as_of), ALL_FRESH).with_columns(pl.lit("A").alias("grade"))
    row: Row = offer(graded, plan(as_of), LPR).collect().row(0, named=True)
    return row


def flows(starts: Sequence[date], amount: int = 1000, **other: int | None) -> Rows:
    """The same inflow every month; `other` gives another one of them, `m2026_04=0`."""
    return [{"month": day, "inflow": other.get(f"m{day:%Y_%m}", amount)} for day in starts]


FLOWS: list[tuple[str, date, Rows, int | None, int | None]] = [
    ("half of the mean of twelve months", AS_OF, flows(YEAR), 500, 6_000),
    ("the twelfth month back counts", AS_OF, flows(YEAR, m2025_11=13_000), 1_000, 12_000),
    ("the thirteenth does not", AS_OF, flows(months("2025-10", "2026-10"), m2025_10=13_000), 500, 6_000),
    ("the latest closed month counts", AS_OF, flows(YEAR, m2026_10=13_000), 1_000, 12_000),
    ("the running month does not", AS_OF, flows(months("2025-11", "2026-11"), m2026_11=13_000), 500, 6_000),
    ("a month without inflow is one", AS_OF, flows(YEAR, m2026_04=0), 458, 5_500),
    ("a month missing is none", AS_OF, flows(months("2025-11", "2026-10", but=["2026-04"])), 500, 5_500),
    ("nor is one that is not known", AS_OF, flows(YEAR, m2026_04=None), 500, 5_500),
    ("on 29 February the twelve months end in January", LEAP_DAY, flows(months("2027-01", "2028-02"), m2027_01=9_000, m2028_02=9_000), 500, 6_000),
    ("on 1 March in that February", date(2028, 3, 1), flows(months("2027-03", "2028-02"), m2028_02=13_000), 1_000, 12_000),
    ("a year ago is too long", AS_OF, flows(months("2024-11", "2025-10")), None, None),
    ("no row at all", AS_OF, [], None, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("as_of", "rows", "limit", "annual"), [case[1:] for case in FLOWS], ids=[case[0] for case in FLOWS]
)
def test_basic_lends_a_share_of_the_flows_of_twelve_closed_months(
    as_of: date, rows: Rows, limit: int | None, annual: int | None, warehouse: Warehouse
) -> None:
    row = offered(warehouse, {"bank__flows": rows}, "N7723", as_of)
    assert (row["product"], row["limit_yuan"], row["limit_other_reading_yuan"]) == ("basic", limit, annual)


def staff(starts: Sequence[date], people: int = 5, **other: int) -> list[dict[str, object]]:
    """Insured people of a base of 4,000 yuan each; `other` gives another number of them, `m2026_04=6`."""
    heads = {day: other.get(f"m{day:%Y_%m}", people) for day in starts}
    return [{"month": day, "insured_headcount": n, "contribution_base": 4_000 * n} for day, n in heads.items()]


STAFF: list[tuple[str, date, Rows, str, int | None, bool]] = [
    ("twelve bases a head for five", AS_OF, staff(HALF), "livelihood", 240_000, False),
    ("one more on five is a fifth", AS_OF, staff(HALF, m2026_08=6), "livelihood", 240_000, False),
    ("the lowest headcount is the stable one", AS_OF, staff(HALF, m2026_08=4), "basic", None, False),  # 4 on 5 back is 25 %
    ("two more on five is too much", AS_OF, staff(HALF, m2026_08=7), "basic", None, False),
    ("in the sixth month back as well", AS_OF, staff(HALF, m2026_05=7), "basic", None, False),
    ("the seventh is not looked at", AS_OF, staff(months("2026-04", "2026-10"), m2026_04=9), "livelihood", 240_000, False),
    ("nor the running month", AS_OF, staff(months("2026-05", "2026-11"), m2026_11=9), "livelihood", 240_000, False),
    ("a month missing leaves it to be verified", AS_OF, staff(months("2026-05", "2026-10", but=["2026-08"])), "livelihood", 240_000, True),
    ("five months are not six", AS_OF, staff(HALF[1:]), "livelihood", 240_000, True),
    ("on 29 February the six months end in January", LEAP_DAY, staff(months("2027-07", "2028-02"), m2027_07=9, m2028_02=9), "livelihood", 240_000, False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("as_of", "rows", "product", "limit", "is_open"), [case[1:] for case in STAFF], ids=[case[0] for case in STAFF]
)
def test_livelihood_looks_at_the_staff_of_six_closed_months(
    as_of: date, rows: Rows, product: str, limit: int | None, is_open: bool, warehouse: Warehouse
) -> None:
    row = offered(warehouse, {"social__insurance": rows}, "H6210", as_of)
    assert (row["product"], row["limit_yuan"]) == (product, limit)
    assert ("insured_staff_steady" in row["to_verify"]) is is_open


@pytest.mark.parametrize("step", range(1, 6), ids=lambda step: f"step {step}")
@pytest.mark.parametrize(
    ("was", "now", "product"),
    [(10, 8, "livelihood"), (10, 7, "basic"), (10, 12, "livelihood"), (10, 13, "basic")],
    ids=["a fifth fewer", "three of ten fewer", "a fifth more", "three on ten more"],
)
def test_each_of_the_five_steps_may_be_a_fifth_up_or_down(
    step: int, was: int, now: int, product: str, warehouse: Warehouse
) -> None:
    rows = [*staff(HALF[:step], was), *staff(HALF[step:], now)]
    assert offered(warehouse, {"social__insurance": rows}, "H6210", AS_OF)["product"] == product


def test_the_base_a_head_is_that_of_the_six_closed_months(warehouse: Warehouse) -> None:
    rows = staff(months("2026-04", "2026-11"))
    bases = {date(2026, 4, 1): 900_000, date(2026, 5, 1): 50_000, date(2026, 11, 1): 900_000}  # only May's counts
    for row in rows:
        row["contribution_base"] = bases.get(row["month"], row["contribution_base"])  # type: ignore[call-overload]
    row = offered(warehouse, {"social__insurance": rows}, "H6210", AS_OF)
    # (50,000 + 5 x 20,000) / 30 person-months = 5,000 a head, for five people and for one
    assert (row["limit_yuan"], row["limit_other_reading_yuan"]) == (300_000, 60_000)


def sales(starts: Sequence[date], platform: str = "美团", **facts: object) -> Rows:
    return [{"platform": platform, "month": day, "orders": 10} | facts for day in starts]


RATED: list[tuple[str, Rows, str, bool]] = [
    ("four and a half is enough", sales(YEAR, rating=4.5), "livelihood", False),
    ("a little less is not", sales(YEAR, rating=4.49), "basic", False),
    ("without a rating it is to be verified", sales(YEAR, rating=None), "livelihood", True),
    ("the latest rating counts", [*sales(YEAR[:-1], rating=4.9), *sales(YEAR[-1:], rating=4.4)], "basic", False),
    ("a month without one falls back on the one before", [*sales(YEAR[:-1], rating=4.6), *sales(YEAR[-1:])], "livelihood", False),
    ("that of another platform is no proof", sales(YEAR, "饿了么", rating=4.9), "livelihood", True),
    ("nor is its bad one a disproof", sales(YEAR, "饿了么", rating=3.0), "livelihood", True),
    ("one of the running month is not looked at", sales(months("2026-11", "2026-11"), rating=3.0), "livelihood", True),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "product", "is_open"), [case[1:] for case in RATED], ids=[case[0] for case in RATED])
def test_livelihood_asks_for_a_meituan_rating(rows: Rows, product: str, is_open: bool, warehouse: Warehouse) -> None:
    feeds: dict[str, Any] = {"social__insurance": staff(HALF), "platform__sales": rows}
    row = offered(warehouse, feeds, "H6210", AS_OF)
    assert (row["product"], "rated_well" in row["to_verify"]) == (product, is_open)


ORDERS: list[tuple[str, Rows, str]] = [
    ("orders of the twelfth month back", sales(YEAR[:1]), "trade"),
    ("orders of the thirteenth", sales(months("2025-10", "2025-10")), "basic"),
    ("orders of the running month", sales(months("2026-11", "2026-11")), "basic"),
    ("a month without orders", sales(YEAR[:1], orders=0), "basic"),
]


@pytest.mark.parametrize(("rows", "product"), [case[1:] for case in ORDERS], ids=[case[0] for case in ORDERS])
def test_trade_is_offered_by_the_orders_of_twelve_closed_months(rows: Rows, product: str, warehouse: Warehouse) -> None:
    row = offered(warehouse, {"platform__sales": rows, "bank__flows": flows(YEAR)}, "F5211", AS_OF)
    assert (row["product"], row["limit_yuan"]) == (product, None if product == "trade" else Decimal(500))


def test_tech_rests_on_the_research_and_the_patents_that_a_park_reports(warehouse: Warehouse) -> None:
    tenant = {"site_id": "P1", "site_kind": "园区", "rd_spend": Decimal("400000.67"), "patents": 2}
    row = offered(warehouse, {"sites__tenants": [tenant], "bank__flows": flows(YEAR)}, "C3511", AS_OF)
    assert (row["product"], row["limit_yuan"], row["term_months"]) == ("tech", Decimal(600_001), 60)
    assert "has_ip_right" not in row["to_verify"]
