"""Planted employers on the edges of `insured_staff_3_to_20` (S10), `operating_2_years` (S11) and the months of the panel."""

# ruff: noqa: E501 - a row or a case per line reads better than a wrapped one
from __future__ import annotations

from datetime import date
from typing import Any

from pipelines.simulate.planted.case import Case, Loan, day, steady


def _employer(slug: str, proves: str, staff: tuple[int | None, ...], outcome: bool | None, **more: Any) -> Case:
    """A small manufacturer since 2020 whose insured staff alone decides `small_employer`."""
    rules = {
        "insured_staff_3_to_20": outcome,
        "operating_2_years": True,
        "small_or_micro": True,
        "newly_established": False,
    }
    given = {
        "kind": "91",
        "established_on": day("2020-03-02"),
        "industry": "C1311",
        "employees": 15,
        "revenue": 5_000_000_00,
    }
    return Case(slug, proves, staff=staff, rules=rules, segments={"small_employer": outcome}, **{**given, **more})


def _aged(slug: str, proves: str, established_on: date | None, outcome: bool | None) -> Case:
    """An employer of five whose age alone decides `small_employer`."""
    return Case(
        slug,
        proves,
        kind="91",
        established_on=established_on,
        industry="F5211",
        employees=7,
        staff=steady(5),
        rules={"insured_staff_3_to_20": True, "operating_2_years": outcome, "small_or_micro": True},
        segments={"small_employer": outcome},
    )


EMPLOYERS: tuple[Case, ...] = (
    _employer("staff-3", "three people in every month are enough", steady(3), True),
    _employer("staff-20", "twenty people in every month are still enough", steady(20), True),
    _employer("staff-2-once", "two people in one month of the window", steady(5, m2026_03=2), False),
    _employer("staff-21-once", "twenty-one people in one month of the window", steady(15, m2025_12=21), False),
    _employer("staff-25-before-window", "a month before the window (October 2025) does not count", steady(12, m2025_10=25), True),
    _employer("staff-0-once", "a month with nobody is a month outside, not a missing one", steady(6, m2026_05=0), False),
    _employer("staff-one-month-missing", "11 of 12 months: at most one may be missing", steady(8, m2026_02=None), True),
    _employer("staff-two-months-missing", "two missing months are unknown; nothing is imputed", steady(8, m2026_02=None, m2026_07=None), None),
    _employer("staff-two-missing-one-outside", "a month outside disproves, however many are missing", steady(8, m2026_02=None, m2026_07=None, m2026_09=21), False),
    _employer("staff-not-in-feed", "an entity that is not in the feed is unknown, not an entity without staff", (), None),
    _employer("staff-of-individual", "individual businesses insure staff too", steady(4), True, kind="92"),
    _employer("staff-august-corrected", "25 people in the first delivery of August, 6 in the one that replaces it", steady(6), True, august_before=25),
    _employer("staff-august-worsened", "6 people in the first delivery of August, 25 in the one that replaces it", steady(6, m2026_08=25), False, august_before=6),
    _employer(
        "staff-august-withdrawn",
        "a delivery replaces its month whole: August's row is gone with it, and February is missing too",
        steady(9, m2026_02=None, m2026_08=None),
        None,
        august_before=9,
    ),
    _employer("staff-august-added", "a row that only the second delivery of August has counts", steady(9, m2026_02=None), True, august_before=0),
    _aged("age-two-years-today", "established on 23 November 2024: two years on the day", date(2024, 11, 23), True),
    _aged("age-two-years-tomorrow", "established on 24 November 2024: two years tomorrow", date(2024, 11, 24), False),
    _aged("age-leap-day", "29 February 2024 + 2 years is 28 February 2026 (the edge shows at that as-of)", date(2024, 2, 29), True),
    _aged("age-unknown", "without a date of registration the age is unknown", None, None),
    Case(
        "staff-settled-loan",
        "a loan settled in 2012 disqualifies: no loan ever, not no balance today",
        kind="91",
        established_on=day("2008-06-18"),
        industry="C3311",
        employees=14,
        staff=steady(10),
        loans=(Loan("贷款", day("2009-07-01"), settled=day("2012-06-30")),),
        rules={"insured_staff_3_to_20": True, "operating_2_years": True, "never_borrowed": False},
        segments={"small_employer": False},
    ),
    Case(
        "staff-owner-loan-of-enterprise",
        "the owner's personal business loan counts for individual businesses only",
        kind="91",
        established_on=day("2018-06-18"),
        industry="C3311",
        employees=14,
        staff=steady(10),
        loans=(Loan("个人经营贷款", day("2022-07-01")),),
        rules={"insured_staff_3_to_20": True, "operating_2_years": True, "never_borrowed": True},
        segments={"small_employer": True},
    ),
)  # fmt: skip
