"""The planted entities as rows of every feed: small frames in the columns and kinds of `HEADINGS`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import polars as pl

from pipelines.simulate.facts import COUNTY, DIVISION, LENDERS
from pipelines.simulate.headings import HEADINGS
from pipelines.simulate.months import LIFE_MONTHS, REPORTED_FROM, first_day
from pipelines.simulate.planted import CASES, Case

_KINDS: dict[str, pl.DataType | type[pl.DataType]] = {
    "text": pl.String,
    "int": pl.Int64,
    "cents": pl.Int64,
    "hundredths": pl.Int64,
    "date": pl.Date,
    "month": pl.Date,
    "time": pl.Datetime,
    "flag": pl.Boolean,
}

_FORMS = {"91": "有限责任公司(自然人独资)", "92": "个体工商户", "93": "农民专业合作社"}
LAST_TWELVE = [first_day(place) for place in range(LIFE_MONTHS - 12, LIFE_MONTHS)]


def frame(feed: str, rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Rows of a feed as a frame with its columns and kinds; what a row leaves out is empty."""
    schema = {name: _KINDS[heading.kind] for name, heading in HEADINGS[feed].items()}
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)


def register(cases: Iterable[Case]) -> pl.DataFrame:
    """Register entries as the full register has them."""
    return frame("registry__entities", (_register_row(case) for case in cases))


def _register_row(case: Case) -> dict[str, Any]:
    return {
        "uscc": case.uscc,
        "name": case.name,
        "entity_type": _FORMS[case.kind],
        "established_on": case.established_on,
        "status": case.status or None,
        "industry_code": case.industry or None,
        "division_code": DIVISION,
        "registered_capital": "50(万元人民币)",
        "address": f"四川省{COUNTY}样例路{int(case.uscc[8:], 36) % 500 + 1}号",
        "business_scope": "样例",
        "employees": case.employees,
        "annual_revenue": case.revenue,
        "total_assets": case.assets,
        "predecessor_uscc": case.predecessor,
    }


def payments() -> pl.DataFrame:
    """All tax lines of the planted entities, with `is_repeated` for those a later file sends again."""
    lines = [
        {**_payment(case, place), "is_repeated": place in case.repeats}
        for case in CASES
        for place in range(len(case.filings))
    ]
    repeated = pl.Series("is_repeated", [line.pop("is_repeated") for line in lines], dtype=pl.Boolean)
    return frame("tax__payments", lines).with_columns(repeated)


def _payment(case: Case, place: int) -> dict[str, Any]:
    filing = case.filings[place]
    voucher = 500 + filing.voucher if filing.voucher else place
    return {
        "uscc": case.uscc,
        "name": case.name,
        "tax_item": filing.item,
        "period_start": filing.start,
        "period_end": filing.end,
        "due_on": filing.due,
        "declared_on": filing.declared,
        "paid_on": filing.paid,
        "tax_due": filing.tax_due,
        "tax_paid": filing.tax_paid,
        "withheld": filing.withheld,
        "voucher_no": f"{DIVISION}{int(case.uscc[11:16], 36) % 10**8:08d}{voucher:04d}",
    }


def insurance() -> pl.DataFrame:
    """Insured staff of the planted entities, as corrected."""
    return frame(
        "social__insurance",
        (
            _insured(case, first_day(REPORTED_FROM + number), headcount)
            for case in CASES
            for number, headcount in enumerate(case.staff)
            if headcount is not None
        ),
    )


def insurance_of_august_before() -> pl.DataFrame:
    """The rows of August 2026 in its first delivery where they differ; 0 people stands for no row."""
    august = date(2026, 8, 1)
    return frame(
        "social__insurance",
        (_insured(case, august, case.august_before) for case in CASES if case.august_before is not None),
    )


def _insured(case: Case, month: date, headcount: int) -> dict[str, Any]:
    return {
        "uscc": case.uscc,
        "month": month,
        "insured_headcount": headcount,
        "contribution_base": headcount * 5_200_00,
        "paid": True,
    }


def loans() -> pl.DataFrame:
    """Loans of the planted entities, settled ones included."""
    return frame(
        "credit__loans",
        (
            {
                "loan_no": f"YL{case.uscc[8:16]}{number}",
                "uscc": case.uscc,
                "lender": LENDERS[1],
                "kind": loan.kind,
                "granted_on": loan.granted,
                "amount": loan.amount,
                "balance": 0 if loan.settled else loan.amount,
                "settled_on": loan.settled,
            }
            for case in CASES
            for number, loan in enumerate(case.loans, start=1)
        ),
    )


def grades() -> pl.DataFrame:
    """Tax credit grades of the planted entities."""
    return frame(
        "tax__credit_grades",
        ({"uscc": case.uscc, "year": year, "grade": grade} for case in CASES for year, grade in case.grades),
    )


def invoices() -> pl.DataFrame:
    """Invoices of the planted entities in the last 12 closed months."""
    return frame(
        "tax__invoices",
        (
            {"uscc": case.uscc, "month": month, "amount": amount, "red_amount": red}
            for case in CASES
            for month, (amount, red) in zip(LAST_TWELVE, case.invoices, strict=False)
        ),
    )


def bills() -> pl.DataFrame:
    """Electricity bills of the planted entities: paid in the first months of the window, unpaid after."""
    return frame(
        "utilities__bills",
        (
            {
                "account_no": f"35{int(case.uscc[11:16], 36) % 10**8:08d}",
                "account_name": case.name,
                "uscc": case.uscc,
                "address": f"四川省{COUNTY}样例路",
                "kind": "电",
                "month": month,
                "quantity": 420_00,
                "amount": 315_00,
                "paid_on": month + timedelta(days=40) if number < case.bills_paid else None,
            }
            for case in CASES
            if case.bills_paid is not None
            for number, month in enumerate(LAST_TWELVE)
        ),
    )


def more(feed: str) -> pl.DataFrame:
    """The single rows that cases have in a feed of lists."""
    return frame(
        feed, ({"uscc": case.uscc, "name": case.name, **case.more[feed]} for case in CASES if feed in case.more)
    )
