"""Planted individual businesses on the edges of `paid_tax_12_months` (S07) and `annual_tax_at_least` (S08)."""

# ruff: noqa: E501 - a row or a case per line reads better than a wrapped one
from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from pipelines.simulate.months import YEARLY_DEADLINE, deadline
from pipelines.simulate.planted.case import (
    Case,
    Filing,
    Loan,
    amended,
    day,
    quarters,
    refund,
    returns,
    without,
    year_of_months,
    yuan,
)

SIXTY = quarters("15000", "15000", "15000", "15000")
MONTHS = year_of_months(*["5000"] * 12)


def _taxpayer(
    slug: str,
    proves: str,
    filings: tuple[Filing, ...],
    paid: bool | None,
    enough: bool | None,
    **more: Any,
) -> Case:
    """A case whose tax outcomes decide `individual_taxpayer`; everything else about it passes."""
    open_or_true = None if None in (paid, enough) else True
    listed = False if False in (paid, enough) else open_or_true
    rules = {"paid_tax_12_months": paid, "annual_tax_at_least": enough}
    return Case(slug, proves, filings=filings, rules=rules, segments={"individual_taxpayer": listed}, **more)


def _fee(filing: Filing, item: str, amount: str, *, withheld: bool = False) -> Filing:
    cents = yuan(amount)
    return replace(filing, item=item, tax_due=cents, tax_paid=cents, paid=filing.declared, withheld=withheld)


def _yearly() -> Filing:
    paid = day("2026-03-20")
    return Filing(date(2025, 1, 1), date(2025, 12, 31), YEARLY_DEADLINE, paid, paid, yuan("52000"), yuan("52000"))


THRESHOLDS = (
    _taxpayer(
        "tax-exactly-50000",
        "以上 includes the number, and the four rows of a quarterly filer cover twelve months",
        quarters(*["12500"] * 4),
        True,
        True,
    ),
    _taxpayer(
        "tax-49999-99", "one cent below the bound fails", quarters("12500", "12500", "12500", "12499.99"), True, False
    ),
    _taxpayer(
        "tax-monthly-50000",
        "a monthly filer's window is November to October; its last row comes in 万元 and must add up to the cent",
        year_of_months(*["4166.67"] * 11, "4166.63"),
        True,
        True,
    ),
    _taxpayer(
        "tax-older-quarter-not-counted",
        "the quarter before the window is not summed: 45,000 inside, 15,000 before",
        returns(3, 6, "15000", "11250", "11250", "11250", "11250"),
        True,
        False,
    ),
    _taxpayer(
        "tax-two-half-years",
        "two rows of a half-yearly filer cover the window July to June",
        returns(6, 6, "26000", "26000"),
        True,
        True,
    ),
    _taxpayer(
        "tax-one-year", "one row of a yearly filer covers its window, the calendar year 2025", (_yearly(),), True, True
    ),
    _taxpayer(
        "tax-two-items-one-voucher",
        "several taxes on one voucher add up: 4 x (12,000 + 500) yuan",
        tuple(
            replace(line, voucher=number)
            for number, filing in enumerate(quarters(*["12000"] * 4), start=1)
            for line in (filing, replace(filing, item="城市维护建设税", tax_due=yuan("500"), tax_paid=yuan("500")))
        ),
        True,
        True,
    ),
    _taxpayer(
        "tax-repeated-rows-count-once",
        "rows that a later file repeats are duplicates: 28,000 yuan, not 56,000",
        quarters(*["7000"] * 4),
        True,
        False,
        repeats=(0, 1, 2, 3),
    ),
    _taxpayer(
        "tax-switch-to-monthly",
        "the shortest period sets the cycle: quarterly until June, monthly since, window November to October",
        (*returns(3, 9, "15000", "15000", "15000"), *returns(1, 18, *["4000"] * 4)),
        True,
        True,
    ),
)

REFUNDS = (
    _taxpayer(
        "tax-refund-below-50000",
        "52,000 paid less a refund of 3,000 in the window is 49,000",
        (*quarters(*["13000"] * 4), refund(quarters("1")[0], "3000", "2026-11-05")),
        True,
        False,
    ),
    _taxpayer(
        "tax-refund-to-50000",
        "52,000 less 2,000 is exactly enough",
        (*quarters(*["13000"] * 4), refund(quarters("1", "1")[1], "2000", "2026-06-03")),
        True,
        True,
    ),
    _taxpayer(
        "tax-refund-of-older-period",
        "a refund counts in the window of its period: one for the third quarter of 2025 does not lower this one",
        (*quarters(*["13000"] * 4), refund(returns(3, 6, "1")[0], "9000", "2026-05-06")),
        True,
        True,
    ),
    _taxpayer(
        "tax-refund-does-not-cover",
        "a negative row is no filing: the second quarter of 2026 stays uncovered",
        (*without(quarters(*["20000"] * 4), 2), refund(quarters("1", "1", "1")[2], "500", "2026-07-10")),
        False,
        True,
    ),
    _taxpayer(
        "tax-refund-in-supplement",
        "a correction that comes in the supplement of 21 November counts",
        (*quarters(*["12600"] * 4), refund(quarters("1", "1", "1")[2], "400.01", "2026-11-20")),
        True,
        False,
    ),
)

OMISSIONS = (
    _taxpayer("tax-one-day-late", "declared one day after the deadline of 15 April 2026", amended(SIXTY, 1, declared=day("2026-04-16")), False, True),
    _taxpayer("tax-on-the-day", "declared and paid on the last day is in time", amended(SIXTY, 1, declared=day("2026-04-15"), paid=day("2026-04-15")), True, True),
    _taxpayer(
        "tax-on-the-shifted-monday",
        "15 November 2026 is a Sunday: the row's own deadline is the Monday, and it is kept",
        amended(MONTHS, 11, declared=day("2026-11-16"), paid=day("2026-11-16")),
        True,
        True,
    ),
    _taxpayer("tax-paid-one-day-late", "declared in time, paid a day late", amended(SIXTY, 2, paid=day("2026-07-16")), False, True),
    _taxpayer("tax-one-cent-short", "paid one cent less than due", amended(SIXTY, 0, tax_paid=yuan("14999.99")), False, True),
    _taxpayer("tax-unpaid-quarter", "declared and never paid", amended(SIXTY, 3, tax_paid=0, paid=None), False, False),
    _taxpayer("tax-overpaid", "paid more than due is paid in full", amended(SIXTY, 3, tax_paid=yuan("15000.50")), True, True),
    _taxpayer("tax-late-before-window", "a late filing before the window does no harm", amended(returns(3, 6, *["15000"] * 5), 0, declared=day("2025-10-29")), True, True),
    _taxpayer("tax-missing-quarter", "a quarter without a filing", without(quarters(*["20000"] * 4), 1), False, True),
    _taxpayer("tax-missing-month", "a month without a filing", without(year_of_months(*["5000"] * 12), 4), False, True),
    _taxpayer("tax-october-missing", "the October return was due on 16 November and is not there", year_of_months(*["5000"] * 11), False, True),
    _taxpayer(
        "tax-late-in-later-file",
        "the second quarter's return was made on 28 October and comes in a later file: covered, but late",
        amended(SIXTY, 2, declared=day("2026-10-28"), paid=day("2026-10-28")),
        False,
        True,
    ),
    _taxpayer("tax-never-declared-line", "a line without a filing date is a period not filed", amended(SIXTY, 3, declared=None, paid=None, tax_paid=0), False, False),
    _taxpayer("tax-no-deadline-in-row", "without a deadline in the row the 15th of the next month counts", amended(SIXTY, 2, due=None), True, True),
    _taxpayer(
        "tax-second-tax-late",
        "every filing that covers a month must be normal: value-added tax in time, income tax of the quarter late",
        (*SIXTY, replace(SIXTY[1], item="个人所得税", declared=day("2026-04-20"), paid=day("2026-04-20"))),
        False,
        True,
    ),
)  # fmt: skip

OTHER_PEOPLES_TAXES = (
    _taxpayer("tax-none-in-feed", "no filing at all is unknown, not a fail", (), None, None),
    _taxpayer(
        "tax-withheld-only",
        "taxes withheld for others are left out: nothing of its own is left, so unknown",
        tuple(_fee(filing, "个人所得税", "20000", withheld=True) for filing in SIXTY),
        None,
        None,
    ),
    _taxpayer(
        "tax-withheld-not-counted",
        "40,000 of its own and 20,000 withheld are 40,000",
        (*quarters(*["10000"] * 4), *(_fee(filing, "个人所得税", "5000", withheld=True) for filing in SIXTY)),
        True,
        False,
    ),
    _taxpayer(
        "tax-social-fees-not-counted",
        "40,000 of taxes and 20,000 of social-insurance fees are 40,000",
        (*quarters(*["10000"] * 4), *(_fee(filing, "企业职工基本养老保险费", "5000") for filing in SIXTY)),
        True,
        False,
    ),
    _taxpayer(
        "tax-withheld-late-no-harm",
        "a late return of withheld tax does not spoil its own regular filing",
        (*SIXTY, replace(_fee(SIXTY[1], "个人所得税", "800", withheld=True), declared=day("2026-05-09"))),
        True,
        True,
    ),
    _taxpayer(
        "tax-monthly-fees-no-cycle",
        "monthly social-insurance fees do not make a quarterly filer a monthly one",
        (*SIXTY, *(_fee(filing, "社会保险费", "600") for filing in MONTHS)),
        True,
        True,
    ),
)

ZERO_RETURNS = (
    _taxpayer(
        "tax-zero-returns",
        "twelve zero returns are twelve normal months, and no tax",
        year_of_months(*["0"] * 12),
        True,
        False,
    ),
    _taxpayer(
        "tax-one-zero-quarter", "one zero quarter is normal", quarters("20000", "0", "20000", "20000"), True, True
    ),
    _taxpayer(
        "tax-late-zero-return",
        "a zero return made late is late",
        amended(quarters("20000", "0", "20000", "20000"), 1, declared=deadline(14).replace(day=17)),
        False,
        True,
    ),
)

BORROWERS = (
    Case(
        "tax-but-owner-borrowed",
        "an individual business's owner once had a personal business loan, long settled: not a first loan",
        filings=SIXTY,
        loans=(Loan("个人经营贷款", day("2017-03-02"), settled=day("2020-03-01")),),
        rules={"paid_tax_12_months": True, "annual_tax_at_least": True, "never_borrowed": False},
        segments={"individual_taxpayer": False},
    ),
)

TAXPAYERS: tuple[Case, ...] = (*THRESHOLDS, *REFUNDS, *OMISSIONS, *OTHER_PEOPLES_TAXES, *ZERO_RETURNS, *BORROWERS)
