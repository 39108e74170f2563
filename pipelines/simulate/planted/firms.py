"""Planted firms on the edges of the register: age, size, state, loans, lists, grades, invoices."""

# ruff: noqa: E501 - a row or a case per line reads better than a wrapped one
from __future__ import annotations

from datetime import date
from typing import Any

from pipelines.simulate.planted.case import Case, Loan, day, yuan


def _young(slug: str, proves: str, established_on: date, outcome: bool, **more: Any) -> Case:
    """An enterprise whose day of registration alone decides `new_enterprise`."""
    given = {"kind": "91", "industry": "F5211", "employees": 4, "revenue": None, "assets": None}
    rules = {"newly_established": outcome, **more.pop("rules", {})}
    segments = {"new_enterprise": outcome, **more.pop("segments", {})}
    return Case(slug, proves, established_on=established_on, rules=rules, segments=segments, **{**given, **more})


def _sized(
    slug: str,
    industry: str,
    employees: int | None,
    revenue: str | None,
    outcome: bool | None,
    proves: str,
    assets: str | None = "1000000",
) -> Case:
    """A green enterprise whose size alone decides `green`."""
    return Case(
        slug,
        proves,
        kind="91",
        established_on=day("2016-04-05"),
        industry=industry,
        employees=employees,
        revenue=None if revenue is None else yuan(revenue),
        assets=None if assets is None else yuan(assets),
        more={"green__enterprises": {"listed_on": day("2025-06-01"), "field": "循环经济服务"}},
        rules={"small_or_micro": outcome, "on_green_list": True},
        segments={"green": outcome},
    )


def _state(slug: str, status: str, outcome: bool | None, **more: Any) -> Case:
    """A young enterprise whose state alone decides."""
    shown = more.get("status_later") or status or "no state"
    proves = f"{shown}: {'in business' if outcome else 'unknown' if outcome is None else 'not in business'}"
    return Case(
        slug,
        proves,
        kind="91",
        established_on=day("2026-02-10"),
        status=status,
        rules={"in_business": outcome, "newly_established": True},
        segments={"new_enterprise": outcome},
        **more,
    )


YOUNG = (
    _young("young-twelve-months", "established on 23 November 2025: no longer within twelve months", date(2025, 11, 23), False),
    _young("young-day-less", "established on 24 November 2025: just within", date(2025, 11, 24), True),
    _young("young-today", "registered on the as-of day and delivered on it (一网通办)", date(2026, 11, 23), True, is_new_in_change_file=True),
    _young(
        "young-individual",
        "a young individual business is newly established, but not an enterprise",
        date(2026, 5, 6),
        True,
        kind="92",
        segments={"new_enterprise": False},
    ),
    _young(
        "young-unrated",
        "new firms are graded M by law: grade M passes in its own lane for firms under twelve months",
        date(2026, 3, 9),
        True,
        grades=((2025, "M"),),
        rules={"tax_grade_b_or_better": True},
    ),
)  # fmt: skip

SIZES = (
    _sized("size-industry-300", "C3591", 300, "20000000", False, "industry: 300 people and 20 million yuan are medium"),
    _sized("size-industry-299", "C3591", 299, "90000000", True, "industry: medium needs both bounds, 299 people are below one"),
    _sized("size-industry-revenue", "C3591", 900, "19999999.99", True, "industry: a cent below 20 million yuan is below one bound"),
    _sized("size-staff-unknown-low", "C3591", None, "5000000", True, "one bound known not to be reached settles it, the other may be unknown"),
    _sized("size-staff-unknown-high", "C3591", None, "50000000", None, "one bound reached and the other unknown: unknown"),
    _sized("size-no-industry", "", 5, "100000", None, "no industry: unknown"),
    _sized("size-elsewhere", "P8391", 5, "100000", None, "an industry outside the tables: unknown"),
    _sized("size-retail-50", "F5211", 50, "5000000", False, "retail: 50 people and 5 million yuan are medium"),
    _sized("size-wholesale-50", "F5165", 50, "49000000", True, "wholesale has other bounds than retail: 50 million yuan"),
    _sized("size-construction", "E4790", 4, "60000000", False, "construction is measured by revenue and assets, not people", assets="50000000"),
    _sized("size-farming", "A0111", 400, "5000000", False, "farming is measured by revenue alone: 5 million yuan are medium"),
    _sized("size-farming-below", "A0111", 400, "4999999.99", True, "farming: a cent below"),
    _sized("size-other-100", "O8111", 100, None, False, "other services are measured by people alone", assets=None),
    _sized("size-leasing", "L7251", 100, None, False, "business services: 100 people and assets of 80 million yuan", assets="80000000"),
)  # fmt: skip

STATES = (
    _state("state-operating", "在营", True),
    _state("state-long-form", "存续（在营、开业、在册）", True),
    _state("state-cancelled", "注销", False),
    _state("state-revoked", "吊销，未注销", False),
    _state("state-liquidation", "清算", False),
    _state("state-moved-away", "迁出", False),
    _state("state-other", "其他", None),
    _state("state-empty", "", None),
    _state("state-cancelled-later", "存续", False, status_later="注销"),
)

LENDING = (
    Case(
        "loan-discount",
        "a bill discount is borrowing",
        kind="91",
        established_on=day("2026-01-12"),
        loans=(Loan("贴现", day("2026-06-15"), settled=day("2026-09-15")),),
        rules={"never_borrowed": False, "newly_established": True},
        segments={"new_enterprise": False},
    ),
    Case(
        "loan-without-date",
        "a loan without a date still disproves",
        kind="91",
        established_on=day("2026-01-12"),
        loans=(Loan("贷款", None),),
        rules={"never_borrowed": False},
        segments={"new_enterprise": False},
    ),
    Case(
        "loan-own-bank",
        "one of the bank's own disbursements disproves before the loan feed shows it",
        kind="91",
        established_on=day("2026-01-12"),
        more={
            "crm__disbursements": {
                "loan_no": "JX202609150001",
                "application_no": "SQ202609010001",
                "disbursed_on": day("2026-09-15"),
                "amount": 150_000_00,
                "annual_rate": 385,
                "term_months": 12,
            }
        },
        rules={"never_borrowed": False},
        segments={"new_enterprise": False},
    ),
)

LISTS = (
    Case(
        "farm-cooperative",
        "a farmers' cooperative on the department's list",
        kind="93",
        industry="A0111",
        more={"agriculture__operators": {"operator_id": "JXNY900001", "operator_type": "农民专业合作社", "sector": "粮食种植"}},
        rules={"is_rural_operator": True},
        segments={"rural": True},
    ),
    Case(
        "farm-linked-later",
        "first listed without a code, later with it: one entity under its code, none under its number (JXNY900002)",
        kind="92",
        industry="A0313",
        more={
            "agriculture__operators": {
                "operator_id": "JXNY900002",
                "operator_type": "家庭农场",
                "sector": "特色养殖",
            }
        },
        rules={"is_rural_operator": True},
        segments={"rural": True},
    ),
    Case(
        "grade-fell",
        "the latest year's grade counts: A for 2024, C for 2025",
        kind="91",
        grades=((2024, "A"), (2025, "C")),
        rules={"tax_grade_b_or_better": False},
    ),
    Case("grade-none-individual", "an individual business without a grade: not applicable", rules={"tax_grade_b_or_better": None}),
    Case(
        "invoices-one-million",
        "1,000,000.00 yuan net of red invoices, red amounts with and without a minus sign",
        kind="91",
        invoices=tuple((yuan("90000"), yuan("6666.67") * (-1 if month % 2 else 1)) for month in range(11))
        + ((yuan("103333.37"), yuan("20000")),),
        rules={"annual_invoicing_at_least": True},
    ),
    Case(
        "invoices-cent-less",
        "one cent below a million",
        kind="91",
        invoices=((yuan("83333.33"), 0),) * 11 + ((yuan("83333.36"), 0),),
        rules={"annual_invoicing_at_least": False},
    ),
    Case("bills-ten-months", "ten months of paid bills prove the premises of an individual business", bills_paid=10, rules={"proves_stable_premises": True}),
    Case(
        "owner-overdue",
        "the owner authorised the query and has a severe overdue",
        more={"credit__owners": {"authorised_on": day("2026-09-01"), "severe_overdue": True}},
        rules={"owner_without_severe_overdue": False},
    ),
)  # fmt: skip

FIRMS: tuple[Case, ...] = (*YOUNG, *SIZES, *STATES, *LENDING, *LISTS)
