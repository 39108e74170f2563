"""What a planted entity is made of: its register entry, its rows in the feeds, and the outcomes it must have."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from pipelines.registers.uscc import ALPHABET, uscc_of
from pipelines.simulate.facts import COUNTY, DIVISION
from pipelines.simulate.months import AS_OF, REPORTED_FROM, deadline, first_day, last_day

Outcomes = Mapping[str, bool | None]


@dataclass(frozen=True)
class Filing:
    """One line of the tax feed; amounts in cents. Lines with the same `voucher` share a tax voucher (0 = its own)."""

    start: date
    end: date
    due: date | None
    declared: date | None
    paid: date | None
    tax_due: int
    tax_paid: int
    item: str = "增值税"
    withheld: bool = False
    voucher: int = 0


@dataclass(frozen=True)
class Loan:
    """One line of the loan feed; amount in cents."""

    kind: str
    granted: date | None
    amount: int = 200_000_00
    settled: date | None = None


@dataclass(frozen=True)
class Case:
    """One planted entity.

    Attributes:
        slug: names it for ever (its code follows from it).
        proves: what its outcomes show.
        filings: tax lines; declared from 2026-10-20 on they come in the November file, from 11-17 on in the supplement.
        repeats: places in `filings` that the November file delivers once more.
        staff: insured staff for September 2025 .. October 2026; None = no row for the month. Empty = not in the feed.
        august_before: staff in the first delivery of August 2026, which a second delivery replaces (0 = no row there).
        grades: (year, tax credit grade).
        invoices: (amount, red amount) in cents for the last 12 closed months.
        bills_paid: months of the last 12 with a paid electricity bill; None = no account.
        more: further columns by feed, for the few feeds where one row is enough.
        status_later: state in the change file of 2026-11-23, when it changes there.
        is_new_in_change_file: registered after the full register was written.
        rules, segments: outcomes at 2026-11-23; None = unknown. Only what is stated is claimed.
    """

    slug: str
    proves: str
    kind: str = "92"
    established_on: date | None = date(2019, 5, 6)
    status: str = "存续"
    status_later: str = ""
    is_new_in_change_file: bool = False
    industry: str = "F5219"
    employees: int | None = 3
    revenue: int | None = 900_000_00
    assets: int | None = 300_000_00
    predecessor: str | None = None
    filings: tuple[Filing, ...] = ()
    repeats: tuple[int, ...] = ()
    staff: tuple[int | None, ...] = ()
    august_before: int | None = None
    loans: tuple[Loan, ...] = ()
    grades: tuple[tuple[int, str], ...] = ()
    invoices: tuple[tuple[int, int], ...] = ()
    bills_paid: int | None = None
    more: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    rules: Outcomes = field(default_factory=dict)
    segments: Outcomes = field(default_factory=dict)

    @property
    def uscc(self) -> str:
        """The entity's code, from the block of planted subjects."""
        number = zlib.crc32(self.slug.encode()) % len(ALPHABET) ** 5
        digits = [number // len(ALPHABET) ** power % len(ALPHABET) for power in (4, 3, 2, 1, 0)]
        return uscc_of(self.kind, DIVISION, "MAX" + "".join(ALPHABET[digit] for digit in digits))

    @property
    def name(self) -> str:
        """A name that shows what it is."""
        form = {"92": "经营部", "91": "有限公司", "93": "农民专业合作社"}[self.kind]
        return f"{COUNTY}样例{self.uscc[8:16]}{form}"

    @property
    def expected_rules(self) -> dict[str, bool | None]:
        """The claimed outcomes with those every case shares unless it says otherwise."""
        shared = {
            "in_business": True,
            "never_borrowed": True,
            "is_individual_business": self.kind == "92",
            "is_enterprise": self.kind == "91",
        }
        return {**shared, **self.rules}


def yuan(text: str) -> int:
    """An amount in cents, exactly."""
    return int(Decimal(text) * 100)


def day(text: str) -> date:
    """A date from its ISO form."""
    return date.fromisoformat(text)


def returns(cycle: int, first_place: int, *amounts: str) -> tuple[Filing, ...]:
    """Consecutive filings of one cycle in yuan, each declared and paid three days before its deadline."""
    return tuple(_on_time(first_place + cycle * number, cycle, yuan(amount)) for number, amount in enumerate(amounts))


def _on_time(place: int, cycle: int, cents: int) -> Filing:
    due = deadline(place + cycle - 1)
    declared = due - timedelta(days=3)
    paid = declared if cents else None
    return Filing(first_day(place), last_day(place + cycle - 1), due, declared, paid, cents, cents)


def quarters(*amounts: str) -> tuple[Filing, ...]:
    """Quarterly returns from October 2025 on: four of them are the window of a quarterly filer."""
    return returns(3, 9, *amounts)


def year_of_months(*amounts: str) -> tuple[Filing, ...]:
    """Monthly returns from November 2025 on: twelve of them are the window of a monthly filer."""
    return returns(1, 10, *amounts)


def amended(filings: tuple[Filing, ...], place: int, **changes: Any) -> tuple[Filing, ...]:
    """The filings with one of them changed."""
    return (*filings[:place], replace(filings[place], **changes), *filings[place + 1 :])


def without(filings: tuple[Filing, ...], place: int) -> tuple[Filing, ...]:
    """The filings with one of them never made."""
    return (*filings[:place], *filings[place + 1 :])


def refund(filing: Filing, amount: str, on: str) -> Filing:
    """A negative line of its own for the period of a filing."""
    cents = -yuan(amount)
    return replace(filing, declared=day(on), paid=day(on), tax_due=cents, tax_paid=cents)


def steady(headcount: int, **months: int | None) -> tuple[int | None, ...]:
    """The same staff in all 14 months but for some, given as `m2026_03=2` (None = no row)."""
    names = [f"m{first_day(REPORTED_FROM + number):%Y_%m}" for number in range(14)]
    unknown = months.keys() - set(names)
    if unknown:
        raise ValueError(f"{sorted(unknown)} are not months of the panel {names[0]} .. {names[-1]} ({AS_OF})")
    return tuple(months.get(name, headcount) for name in names)
