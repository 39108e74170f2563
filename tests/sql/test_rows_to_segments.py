"""From feed rows to the eight segments, in sentences (S05, S09, S11, S15, S17, S20, S24, S28): in, out, or not known.

As-of is 23 November 2026. A base is a member of its segment; each case replaces the rows of some feeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl
import pytest

from pipelines.eligibility.judge import judge
from pipelines.eligibility.rules import FeedStates
from pipelines.eligibility.segments import SEGMENTS
from tests.rules.frames import ALL_FRESH, ENTERPRISE, FEATURES, INDIVIDUAL, plan, with_late, without

from .tables import AS_OF, Warehouse
from .test_month_by_month import filing, filings, months, staff

Rows = Sequence[Mapping[str, object]]
Feeds = Mapping[str, Rows]
COOPERATIVE = "93510100MA6C9999XX"
REGISTER: dict[str, object] = {
    "status": "存续",
    "industry_code": "C1329",
    "employees": 12,
    "established_on": date(2020, 5, 4),
}
YEAR = months("2025-11", "2026-10")


def register(**changed: object) -> Feeds:
    return {"registry__entities": [REGISTER | changed]}


def taxes(rows: Rows, amount: int = 5_000) -> Feeds:
    return {"tax__payments": [{"tax_item": "增值税"} | row | {"tax_due": amount, "tax_paid": amount} for row in rows]}


def loan(**facts: object) -> Feeds:
    return {"credit__loans": [{"loan_no": "1", "kind": "贷款", "granted_on": date(2019, 1, 1)} | facts]}


def demand(at: str = "2026-11-01 09:00", *, consent: bool | None = True, kind: str = "需求登记") -> Feeds:
    return {"online__intents": [{"event_id": "1", "kind": kind, "at": at, "consent": consent}]}


def site(kind: str, **facts: object) -> Feeds:
    return {"sites__tenants": [{"site_id": "S1", "site_kind": kind} | facts]}


def certified(name: str = "专精特新", **facts: object) -> Feeds:
    return {"registry__certifications": [{"certification": name} | facts]}


def green(**facts: object) -> Feeds:
    return {
        "green__enterprises": [{"field": "循环经济服务", "listed_on": date(2025, 1, 1), "received_on": AS_OF} | facts]
    }


def farm(kind: str | None = "家庭农场") -> Feeds:
    return {"agriculture__operators": [{"operator_id": "F1", "operator_type": kind}]}


BASES: dict[str, tuple[str, Feeds]] = {
    "individual_taxpayer": (INDIVIDUAL, {**register(), **taxes(filings(YEAR))}),
    "small_employer": (ENTERPRISE, {**register(), "social__insurance": staff(YEAR)}),
    "new_enterprise": (ENTERPRISE, register(established_on=date(2026, 5, 4))),
    "park_tech": (ENTERPRISE, {**register(), **site("园区"), **certified()}),
    "district_merchant": (INDIVIDUAL, {**register(), **site("商圈")}),
    "green": (ENTERPRISE, {**register(), **green()}),
    "rural": (COOPERATIVE, {**register(), **farm("农民专业合作社")}),
    "online": (ENTERPRISE, {**register(), **demand()}),
}

CASES: list[tuple[str, str, Feeds, bool | None]] = [
    ("individual_taxpayer", "five thousand a month for a year", {}, True),
    ("individual_taxpayer", "a month not filed", taxes(filings(YEAR[1:])), False),
    ("individual_taxpayer", "four quarters of fifteen thousand", taxes(filings(months("2025-10", "2026-07", 3), 3), 15_000), True),
    ("individual_taxpayer", "4,000 a month is 48,000", taxes(filings(YEAR), 4_000), False),
    ("individual_taxpayer", "filed a day late once", taxes([*filings(YEAR[1:]), filing(YEAR[0], declared_on=date(2025, 12, 16))]), False),
    ("individual_taxpayer", "paid a day late once", taxes([*filings(YEAR[1:]), filing(YEAR[0], paid_on=date(2025, 12, 16))]), False),
    ("individual_taxpayer", "nothing but withheld taxes", taxes([row | {"withheld": True} for row in filings(YEAR)]), None),
    ("individual_taxpayer", "nothing but insurance fees", taxes([row | {"tax_item": "城乡居民基本医疗保险费"} for row in filings(YEAR)]), None),
    ("individual_taxpayer", "the owner's business loan of years ago", loan(kind="个人经营贷款", settled_on=date(2020, 1, 1)), False),
    ("small_employer", "three in every month", {}, True),
    ("small_employer", "two of them in April", {"social__insurance": staff(YEAR, m2026_04=2)}, False),
    ("small_employer", "April is missing", {"social__insurance": staff(months("2025-11", "2026-10", but=["2026-04"]))}, True),
    ("small_employer", "April and May are", {"social__insurance": staff(months("2025-11", "2026-10", but=["2026-04", "2026-05"]))}, None),
    ("small_employer", "two years old today", register(established_on=date(2024, 11, 23)), True),
    ("small_employer", "tomorrow", register(established_on=date(2024, 11, 24)), False),
    ("small_employer", "medium by people and revenue", register(employees=300, annual_revenue=20_000_000), False),
    ("small_employer", "of a trade nobody knows", register(industry_code=None), None),
    ("new_enterprise", "half a year old", {}, True),
    ("new_enterprise", "a year old today", register(established_on=date(2025, 11, 23)), False),
    ("new_enterprise", "a year old tomorrow", register(established_on=date(2025, 11, 24)), True),
    ("new_enterprise", "registered today", register(established_on=AS_OF), True),
    ("new_enterprise", "of a day nobody knows", register(established_on=None), None),
    ("new_enterprise", "its owner's own loan is not the firm's", {**register(established_on=AS_OF), **loan(kind="个人经营贷款")}, True),
    ("park_tech", "certified and in a park", {}, True),
    ("park_tech", "in a commercial district", site("商圈"), False),
    ("park_tech", "certified until yesterday", certified(expires_on=date(2026, 11, 22)), False),
    ("park_tech", "certified until today", certified(expires_on=AS_OF), True),
    ("park_tech", "certified from tomorrow", certified(granted_on=date(2026, 11, 24)), False),
    ("park_tech", "certified as something else", certified("绿色工厂"), False),
    ("district_merchant", "in a district", {}, True),
    ("district_merchant", "in a park", site("园区"), False),
    ("district_merchant", "a bill discounted today", loan(kind="贴现", granted_on=AS_OF), False),
    ("district_merchant", "a loan of tomorrow is not there yet", loan(granted_on=date(2026, 11, 24)), True),
    ("district_merchant", "a loan without a day", loan(granted_on=None), False),
    ("green", "on the register", {}, True),
    ("green", "until yesterday", green(valid_until=date(2026, 11, 22)), False),
    ("green", "until today", green(valid_until=AS_OF), True),
    ("green", "from tomorrow", green(listed_on=date(2026, 11, 24)), False),
    ("green", "of a size nobody knows", register(employees=None), None),
    ("rural", "a cooperative", {}, True),
    ("rural", "a leading enterprise of farming", farm("农业产业化龙头企业"), False),
    ("rural", "of a kind nobody stated", farm(None), None),
    ("online", "a demand with consent", {}, True),
    ("online", "without consent", demand(consent=False), False),
    ("online", "consent was not asked for", demand(consent=None), False),
    ("online", "a minute before midnight", demand("2026-11-23 23:59"), True),
    ("online", "at midnight", demand("2026-11-24 00:00"), False),
    ("online", "a view is no demand", demand(kind="浏览"), False),
    ("online", "cancelled", register(status="注销"), False),
    ("online", "in a state nobody knows", register(status="筹建"), None),
    ("online", "the bank's own loan", {"crm__disbursements": [{"loan_no": "9", "disbursed_on": AS_OF}]}, False),
    ("online", "not in the register at all", {"registry__entities": []}, None),
]  # fmt: skip


def segment_of(name: str, change: Feeds, states: FeedStates, warehouse: Warehouse) -> bool | None:
    uscc, base = BASES[name]
    feeds = {**base, **change}
    warehouse.insert(uscc, feeds)
    frame = pl.LazyFrame(warehouse.frame(*feeds), schema=FEATURES)
    outcome: bool | None = judge(frame, plan(), states).select(f"segment__{name}").collect().item()
    return outcome


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [(name, change, expected) for name, _, change, expected in CASES],
    ids=[f"{name}: {said}" for name, said, *_ in CASES],
)
def test_an_entity_is_in_out_or_not_known(
    name: str, change: Feeds, expected: bool | None, warehouse: Warehouse
) -> None:
    assert segment_of(name, change, ALL_FRESH, warehouse) is expected


@pytest.mark.parametrize("name", [segment.name for segment in SEGMENTS])
@pytest.mark.parametrize("states", [with_late("credit__loans"), without("credit__loans")], ids=["late", "missing"])
def test_without_a_current_loan_feed_nobody_is_in_a_segment(
    name: str, states: FeedStates, warehouse: Warehouse
) -> None:
    assert segment_of(name, {}, states, warehouse) is None


def test_every_segment_has_its_sentences() -> None:
    assert {name for name, *_ in CASES} == {segment.name for segment in SEGMENTS} == BASES.keys()
