"""From feed rows to the watchlist: the day on which time alone lets an entity in, and that it is in on that day (S49).

S05, S07, S10, S11 and S15 on their boundary days, 29 February among them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from pipelines.eligibility.judge import judge, watchlist
from tests.rules.frames import ALL_FRESH, ENTERPRISE, FEATURES, INDIVIDUAL, WEEK, plan

from .tables import Warehouse
from .test_month_by_month import LEAP_DAY, filing, filings, months, staff

Rows = Sequence[Mapping[str, object]]
FIRM = {"status": "存续", "industry_code": "C1329", "employees": 12, "established_on": date(2020, 1, 1)}
OCTOBER = date(2026, 10, 1)


def told(
    segment: str, uscc: str, register: Mapping[str, object], feeds: Mapping[str, Rows], as_of: date
) -> tuple[bool | None, str | None, date | None]:
    """Whether the entity is in the segment, else the rule it is short of and the day it is told."""
    warehouse = Warehouse()
    try:
        warehouse.insert(uscc, {"registry__entities": [register], **feeds})
        frame = pl.LazyFrame(warehouse.frame("registry__entities", *feeds, as_of=as_of), schema=FEATURES)
    finally:
        warehouse.con.close()
    judged = judge(frame, plan(as_of), ALL_FRESH)
    is_in: bool | None = judged.select(f"segment__{segment}").collect().item()
    watched = watchlist(judged, plan(as_of), ALL_FRESH, WEEK).filter(pl.col("segment") == segment)
    rows_found = watched.select("missing_rule", "closes_on").collect().rows()
    rule, day = rows_found[0] if rows_found else (None, None)
    return is_in, rule, day


def taxes(starts: Sequence[date], length: int = 1, *more: Mapping[str, object]) -> dict[str, Rows]:
    rows = [{"tax_item": "增值税"} | row for row in [*filings(starts, length), *more]]
    return {"tax__payments": [row | {"tax_due": 20_000, "tax_paid": 20_000} for row in rows]}


def insured(starts: Sequence[date], people: int = 5, **other: int) -> dict[str, Rows]:
    return {"social__insurance": staff(starts, people, **other)}


def tenant(granted_on: date) -> dict[str, Rows]:
    return {
        "sites__tenants": [{"site_id": "P1", "site_kind": "园区"}],
        "registry__certifications": [{"certification": "专精特新", "granted_on": granted_on}],
    }


YEAR = months("2025-11", "2026-10")
PUT_OFF = filing(OCTOBER, due_on=date(2026, 11, 30))
Case = tuple[str, str, str, Mapping[str, object], Mapping[str, Rows], Mapping[str, Rows], date, str, date]
CASES: list[Case] = [
    ("a firm of 29 February is two years old on the 28th", "small_employer", ENTERPRISE, FIRM | {"established_on": date(2024, 2, 29)}, insured(months("2025-02", "2026-01")), {}, date(2026, 2, 27), "operating_2_years", date(2026, 2, 28)),
    ("a firm of 1 March is so on 1 March of the leap year", "small_employer", ENTERPRISE, FIRM | {"established_on": date(2026, 3, 1)}, insured(months("2027-02", "2028-01")), insured(months("2028-02", "2028-02")), LEAP_DAY, "operating_2_years", date(2028, 3, 1)),
    ("the twelfth tax month closes after the 15th", "individual_taxpayer", INDIVIDUAL, FIRM, taxes(YEAR[1:]), taxes(months("2026-11", "2026-11")), date(2026, 11, 23), "paid_tax_12_months", date(2026, 12, 16)),
    ("the fourth quarter closes in the middle of January", "individual_taxpayer", INDIVIDUAL, FIRM, taxes(months("2026-01", "2026-07", 3), 3), taxes(months("2026-10", "2026-10"), 3), date(2026, 11, 23), "paid_tax_12_months", date(2027, 1, 16)),
    ("as of 29 February the twelfth month is that February", "individual_taxpayer", INDIVIDUAL, FIRM, taxes(months("2027-03", "2028-01")), taxes(months("2028-02", "2028-02")), LEAP_DAY, "paid_tax_12_months", date(2028, 3, 16)),
    ("a deadline that was put off is waited for", "individual_taxpayer", INDIVIDUAL, FIRM, taxes(YEAR[:-1], 1, PUT_OFF), {}, date(2026, 11, 16), "paid_tax_12_months", date(2026, 12, 1)),
    ("ten insured months wait for the eleventh", "small_employer", ENTERPRISE, FIRM, insured(YEAR[2:]), insured(months("2026-11", "2026-11")), date(2026, 11, 23), "insured_staff_3_to_20", date(2026, 12, 1)),
    ("as of 29 February the month to come is that February", "small_employer", ENTERPRISE, FIRM, insured(months("2027-04", "2028-01")), insured(months("2028-02", "2028-02")), LEAP_DAY, "insured_staff_3_to_20", date(2028, 3, 1)),
    ("twenty-one in the oldest month leave the window next month", "small_employer", ENTERPRISE, FIRM, insured(YEAR, 20, m2025_11=21), insured(months("2026-11", "2026-11"), 20), date(2026, 11, 23), "insured_staff_3_to_20", date(2026, 12, 1)),
    ("a certification of next month is waited for", "park_tech", ENTERPRISE, FIRM, tenant(date(2026, 12, 1)), {}, date(2026, 11, 23), "is_tech", date(2026, 12, 1)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("segment", "uscc", "register", "held", "coming", "as_of", "rule", "day"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_who_is_one_rule_short_is_told_the_day_and_is_in_on_it(
    segment: str,
    uscc: str,
    register: Mapping[str, object],
    held: Mapping[str, Rows],
    coming: Mapping[str, Rows],
    as_of: date,
    rule: str,
    day: date,
) -> None:
    is_in, missing, closes_on = told(segment, uscc, register, held, as_of)
    assert (bool(is_in), missing, closes_on) == (False, rule, day)
    then: dict[str, Any] = {feed: [*rows, *coming.get(feed, [])] for feed, rows in held.items()}
    assert told(segment, uscc, register, then, day)[:2] == (True, None)
    assert told(segment, uscc, register, then, day - timedelta(days=1))[:2] == (is_in, rule)
