"""From feed rows to the outcome of a rule: one missing month, refunds, filers of every cycle, 29 February (S07, S08, S10, S33, S36)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.rules.frames import INDIVIDUAL, outcome, plan

from .tables import AS_OF, Warehouse

LEAP_DAY = date(2028, 2, 29)
NEVER: tuple[str, ...] = ()


def months(first: str, last: str, step: int = 1, *, but: Sequence[str] = NEVER) -> list[date]:
    """First days of the months, or of the periods of `step` months, from `first` to `last` (both `2026-10`)."""
    (y1, m1), (y2, m2) = ([int(part) for part in month.split("-")] for month in (first, last))
    found = [date(n // 12, n % 12 + 1, 1) for n in range(y1 * 12 + m1 - 1, y2 * 12 + m2, step)]
    return [day for day in found if f"{day:%Y-%m}" not in but]


def after(day: date, count: int) -> date:
    """The first day of the month `count` months after that of `day`."""
    n = day.year * 12 + day.month - 1 + count
    return date(n // 12, n % 12 + 1, 1)


def filing(start: date, length: int = 1, **changed: object) -> dict[str, object]:
    """A filing of 5,000 yuan for `length` months, due on the 15th after them, filed and paid on the 10th."""
    end = after(start, length)
    row = {"period_start": start, "period_end": end - timedelta(days=1), "due_on": end + timedelta(days=14)}
    filed = {"declared_on": end + timedelta(days=9), "paid_on": end + timedelta(days=9)}
    return row | filed | {"tax_due": 5_000, "tax_paid": 5_000} | changed


def filings(starts: Sequence[date], length: int = 1) -> list[dict[str, object]]:
    return [filing(start, length) for start in starts]


def insert(warehouse: Warehouse, feed: str, rows: Sequence[dict[str, object]]) -> None:
    for row in rows:
        names, marks = ", ".join(row), ", ".join(f"${name}" for name in row)
        warehouse.con.execute(f"INSERT INTO feed.{feed} (uscc, {names}) VALUES ('A', {marks})", row)


def judged(warehouse: Warehouse, feed: str, rule: str, as_of: date) -> bool | None:
    """What the rule says of the entity by the feature SELECT of the feed; an individual business."""
    found = warehouse.entities(feed, as_of=as_of).get("A", {})
    answer = outcome(f"rule__{rule}", uscc=INDIVIDUAL, p=plan(as_of), **found)
    assert answer is None or isinstance(answer, bool)
    return answer


YEAR = ("2025-11", "2026-10")  # the window of a monthly filer on 23 November 2026
QUARTERS = ("2025-10", "2026-07")  # first months of the four quarters of its quarterly neighbour
REFUND = {"tax_due": -300, "tax_paid": -300}

TAX = [
    ("a monthly filer of all twelve months passes", AS_OF, filings(months(*YEAR)), True),
    ("without the window's first month it fails", AS_OF, filings(months("2025-10", "2026-10", but=["2025-11"])), False),
    ("without a month in the middle it fails", AS_OF, filings(months(*YEAR, but=["2026-04"])), False),
    ("without the last month it fails", AS_OF, filings(months("2025-10", "2026-09")), False),
    ("the month before the window may be missing", AS_OF, filings(months("2025-09", "2026-10", but=["2025-10"])), True),
    ("a quarterly filer of four quarters passes", AS_OF, filings(months(*QUARTERS, 3), 3), True),
    ("without the first quarter it fails", AS_OF, filings(months("2026-01", "2026-07", 3), 3), False),
    ("without a quarter in the middle it fails", AS_OF, filings(months(*QUARTERS, 3, but=["2026-04"]), 3), False),
    ("without the last quarter it fails", AS_OF, filings(months("2025-07", "2026-04", 3), 3), False),
    ("a quarter before the window may be missing", AS_OF, filings(months(*QUARTERS, 3), 3) + filings(months("2025-04", "2025-04"), 3), True),
    ("of a quarterly filer October is not asked before the year has ended", date(2027, 1, 15), filings(months(*QUARTERS, 3), 3), True),
    ("and on 16 January its fourth quarter is", date(2027, 1, 16), filings(months(*QUARTERS, 3), 3), False),
    ("a month with a filing and a refund is covered", AS_OF, [*filings(months(*YEAR)), filing(date(2026, 4, 1), **REFUND)], True),
    ("a month with nothing but a refund is not", AS_OF, [*filings(months(*YEAR, but=["2026-04"])), filing(date(2026, 4, 1), **REFUND)], False),
    ("a refund filed late spoils nothing", AS_OF, [*filings(months(*YEAR)), filing(date(2026, 4, 1), declared_on=date(2026, 8, 1), **REFUND)], True),
    ("on 29 February the window ends in January", LEAP_DAY, filings(months("2027-02", "2028-01")), True),
    ("and without January it fails", LEAP_DAY, filings(months("2027-01", "2027-12")), False),
    ("February of a leap year is covered by the 1st to the 29th", date(2028, 3, 16), filings(months("2027-03", "2028-02")), True),
    ("and not by the 1st to the 28th", date(2028, 3, 16), [*filings(months("2027-03", "2028-01")), filing(date(2028, 2, 1), period_end=date(2028, 2, 28))], False),
    ("February of another year is covered by the 1st to the 28th", date(2027, 3, 16), [*filings(months("2026-03", "2027-01")), filing(date(2027, 2, 1), period_end=date(2027, 2, 28))], True),
    ("due on 29 February and filed that day is on time", date(2028, 3, 1), [*filings(months("2027-02", "2027-12")), filing(date(2028, 1, 1), due_on=LEAP_DAY, declared_on=LEAP_DAY, paid_on=LEAP_DAY)], True),
    ("filed on 1 March is late", date(2028, 3, 2), [*filings(months("2027-02", "2027-12")), filing(date(2028, 1, 1), due_on=LEAP_DAY, declared_on=date(2028, 3, 1), paid_on=LEAP_DAY)], False),
    ("due on 29 February it is not asked for on that day", LEAP_DAY, [*filings(months("2027-01", "2027-12")), filing(date(2028, 1, 1), due_on=LEAP_DAY, declared_on=None, paid_on=None)], True),
    ("but on 1 March it is", date(2028, 3, 1), [*filings(months("2027-01", "2027-12")), filing(date(2028, 1, 1), due_on=LEAP_DAY, declared_on=None, paid_on=None)], False),
    ("a quarter that ends on 31 March of a leap year counts whole", date(2028, 4, 16), filings(months("2027-04", "2028-01", 3), 3), True),
]  # fmt: skip


H1_2025, H2_2025, H1_2026, H2_2026 = (date(year, month, 1) for year in (2025, 2026) for month in (1, 7))
HALVES = (H2_2025, H1_2026)  # the window of a half-yearly filer until 15 January 2027
Y2024, Y2025, Y2026 = (date(year, 1, 1) for year in (2024, 2025, 2026))
AGAIN = date(2027, 1, 16)  # the day after the second half of 2026, and the year, are due


def half(start: date, **changed: object) -> dict[str, object]:
    return filing(start, 6, **changed)


def year(start: date, **changed: object) -> dict[str, object]:
    return filing(start, 12, **changed)


HALF_YEARS = [
    ("a half-yearly filer of two halves passes", AS_OF, filings(HALVES, 6), True),
    ("without its first half it fails", AS_OF, [half(H1_2026)], False),
    ("without its last half it fails", AS_OF, filings([H1_2025, H2_2025], 6), False),
    ("a half before the window may be missing", AS_OF, [half(date(2024, 7, 1)), *filings(HALVES, 6)], True),
    ("and one before the window may be late", AS_OF, [half(H1_2025, declared_on=date(2025, 9, 1)), *filings(HALVES, 6)], True),
    ("on 15 July it is not asked for the first half", date(2026, 7, 15), filings([H1_2025, H2_2025], 6), True),
    ("and on 16 July it is", date(2026, 7, 16), filings([H1_2025, H2_2025], 6), False),
    ("on 15 January it is not asked for the second half", date(2027, 1, 15), filings(HALVES, 6), True),
    ("and on 16 January it is", AGAIN, filings(HALVES, 6), False),
    ("which it then has filed", AGAIN, [*filings(HALVES, 6), half(H2_2026)], True),
    ("filed and paid on 15 July is on time", AS_OF, [half(H2_2025), half(H1_2026, declared_on=date(2026, 7, 15), paid_on=date(2026, 7, 15))], True),
    ("filed on 16 July is late", AS_OF, [half(H2_2025), half(H1_2026, declared_on=date(2026, 7, 16))], False),
    ("paid on 16 July is late", AS_OF, [half(H2_2025), half(H1_2026, paid_on=date(2026, 7, 16))], False),
    ("a fen short is not paid in full", AS_OF, [half(H2_2025), half(H1_2026, tax_paid=4_999.99)], False),
    ("a half without tax, filed on time, is normal", AS_OF, [half(H2_2025), half(H1_2026, tax_due=0, tax_paid=0, paid_on=None)], True),
    ("a half prolonged to 23 November is not asked for on that day", AS_OF, [*filings([H1_2025, H2_2025], 6), half(H1_2026, due_on=AS_OF, declared_on=None, paid_on=None)], True),
    ("and on the 24th it is", date(2026, 11, 24), [*filings([H1_2025, H2_2025], 6), half(H1_2026, due_on=AS_OF, declared_on=None, paid_on=None)], False),
    ("a half with a filing and a refund is covered", AS_OF, [*filings(HALVES, 6), half(H1_2026, declared_on=date(2026, 9, 1), **REFUND)], True),
    ("a half with nothing but a refund is not", AS_OF, [half(H2_2025), half(H1_2026, **REFUND)], False),
    ("a further filing for the half, made late, spoils it", AS_OF, [*filings(HALVES, 6), half(H1_2026, declared_on=date(2026, 9, 1), paid_on=date(2026, 9, 1))], False),
    ("a further filing for it, made on time, does not", AS_OF, [*filings(HALVES, 6), half(H1_2026)], True),
    ("opened in August, five months and a half are not twelve", AS_OF, [half(H2_2025, period_start=date(2025, 8, 11)), half(H1_2026)], False),
    ("and with the next half they are out of the window", AGAIN, [half(H2_2025, period_start=date(2025, 8, 11)), half(H1_2026), half(H2_2026)], True),
    ("opened on 1 July it has filed for all twelve", AS_OF, [half(H2_2025, period_start=H2_2025), half(H1_2026)], True),
    ("opened on 2 July it has not for July", AS_OF, [half(H2_2025, period_start=date(2025, 7, 2)), half(H1_2026)], False),
]  # fmt: skip

YEARS = [
    ("a yearly filer of last year passes", AS_OF, [year(Y2025)], True),
    ("without last year it fails", AS_OF, [year(Y2024)], False),
    ("the year before may be missing, and may be late", AS_OF, [year(Y2024, declared_on=date(2025, 9, 1)), year(Y2025)], True),
    ("on 15 January it is not asked for last year", date(2026, 1, 15), [year(Y2024)], True),
    ("and on 16 January it is", date(2026, 1, 16), [year(Y2024)], False),
    ("this year is not asked for before it has ended", date(2027, 1, 15), [year(Y2025)], True),
    ("and on 16 January that year is", AGAIN, [year(Y2025)], False),
    ("due on 31 May it is not asked for on that day", date(2026, 5, 31), [year(Y2024), year(Y2025, due_on=date(2026, 5, 31), declared_on=None, paid_on=None)], True),
    ("and on 1 June it is", date(2026, 6, 1), [year(Y2024), year(Y2025, due_on=date(2026, 5, 31), declared_on=None, paid_on=None)], False),
    ("filed and paid on 31 May it is on time", AS_OF, [year(Y2025, due_on=date(2026, 5, 31), declared_on=date(2026, 5, 31), paid_on=date(2026, 5, 31))], True),
    ("filed on 1 June it is late", AS_OF, [year(Y2025, due_on=date(2026, 5, 31), declared_on=date(2026, 6, 1))], False),
    ("a year with a filing and a refund is covered", AS_OF, [year(Y2025), year(Y2025, declared_on=date(2026, 9, 1), **REFUND)], True),
    ("with nothing but a refund it has never filed: unknown", AS_OF, [year(Y2025, **REFUND)], None),
    ("a further filing for the year, made late, spoils it", AS_OF, [year(Y2025), year(Y2025, declared_on=date(2026, 9, 1))], False),
    ("opened in April, eight months of a first year are not twelve", AS_OF, [year(Y2025, period_start=date(2025, 4, 10))], False),
    ("and after the first whole year they are out of the window", AGAIN, [year(Y2025, period_start=date(2025, 4, 10)), year(Y2026)], True),
    ("a leap year counts whole", date(2029, 1, 16), [year(date(2028, 1, 1))], True),
    ("opened on its 29 February it lacks two months of it", date(2029, 1, 16), [year(date(2028, 1, 1), period_start=LEAP_DAY)], False),
]  # fmt: skip

SALE = {"period_start": date(2026, 4, 7), "period_end": date(2026, 4, 7), "due_on": date(2026, 5, 15)}
LATE_SALE = SALE | {"declared_on": date(2026, 8, 1), "paid_on": date(2026, 8, 1)}
SALES = [filing(day, period_end=day) for day in months(*YEAR)]
TRANSACTIONS = [
    ("a filing of one day in every month covers no month", AS_OF, SALES, False),
    ("nor do the 2nd to the last of every month", AS_OF, [filing(day, period_start=day.replace(day=2)) for day in months(*YEAR)], False),
    ("nor the 1st to the day before the last", AS_OF, [filing(day, period_end=after(day, 1) - timedelta(days=2)) for day in months(*YEAR)], False),
    ("one day does not fill a missing month", AS_OF, [*filings(months(*YEAR, but=["2026-04"])), filing(date(2026, 4, 1), **SALE)], False),
    ("nor a missing half", AS_OF, [half(H2_2025), filing(date(2026, 4, 1), **SALE)], False),
    ("beside months, a transaction filed late spoils none", AS_OF, [*filings(months(*YEAR)), filing(date(2026, 4, 1), **LATE_SALE)], True),
    ("nor beside halves, and they stay halves", AS_OF, [*filings(HALVES, 6), filing(date(2026, 4, 1), **LATE_SALE)], True),
    ("nor beside a year", AS_OF, [year(Y2025), filing(date(2026, 4, 1), **LATE_SALE)], True),
    ("a month taxed at once, filed late, spoils the month", AS_OF, [*filings(months(*YEAR)), filing(date(2026, 4, 1), declared_on=date(2026, 8, 1))], False),
]  # fmt: skip

CHANGES = [
    ("from halves to months: the half covers the first two", AS_OF, [half(H2_2025), *filings(months("2026-01", "2026-10"))], True),
    ("without the half they are missing", AS_OF, filings(months("2026-01", "2026-10")), False),
    ("without the first month after the half it fails", AS_OF, [half(H2_2025), *filings(months("2026-02", "2026-10"))], False),
    ("and when the half was late", AS_OF, [half(H2_2025, declared_on=date(2026, 1, 16)), *filings(months("2026-01", "2026-10"))], False),
    ("from a year to quarters: the year covers the first of them", AS_OF, [year(Y2025), *filings(months("2026-01", "2026-07", 3), 3)], True),
    ("without a quarter after the year it fails", AS_OF, [year(Y2025), *filings(months("2026-01", "2026-07", 3, but=["2026-04"]), 3)], False),
    ("from quarters to a year: asked by quarters in January, and the year covers them", AGAIN, [*filings(months("2025-01", "2025-10", 3), 3), year(Y2026)], True),
    ("but in December they are not covered yet", date(2026, 12, 1), filings(months("2025-01", "2025-10", 3), 3), False),
    ("from months to halves: asked by months for fifteen months more", AS_OF, [*filings(months("2025-01", "2025-12")), half(H1_2026)], False),
    ("in the fifteenth too", date(2027, 3, 31), [filing(date(2025, 12, 1)), half(H1_2026), half(H2_2026)], False),
    ("and then by halves", date(2027, 4, 1), [filing(date(2025, 12, 1)), half(H1_2026), half(H2_2026)], True),
    ("from halves to a year: the year covers both", AGAIN, [*filings([H1_2025, H2_2025], 6), year(Y2026)], True),
    ("beside a year that is late, halves on time are not enough", AS_OF, [*filings(HALVES, 6), year(Y2025, declared_on=date(2026, 1, 16))], False),
]  # fmt: skip

CYCLES = [*TAX, *HALF_YEARS, *YEARS, *TRANSACTIONS, *CHANGES]


@pytest.mark.parametrize(("as_of", "rows", "expected"), [case[1:] for case in CYCLES], ids=[case[0] for case in CYCLES])
def test_twelve_months_of_tax(
    as_of: date, rows: list[dict[str, object]], expected: bool | None, warehouse: Warehouse
) -> None:
    insert(warehouse, "tax__payments", [{"tax_item": "增值税"} | row for row in rows])
    assert judged(warehouse, "tax__payments", "paid_tax_12_months", as_of) is expected


YEAR_OF_TAX = filings(months(*YEAR))  # 60,000 yuan
SUMS = [
    ("fifty thousand after a refund of ten thousand pass", {"tax_due": -10_000, "tax_paid": -10_000}, True),
    ("a fen more of it, 49,999.99, fails", {"tax_due": -10_000.01, "tax_paid": -10_000.01}, False),
    ("refunds of more than was paid fail", {"tax_due": -60_000.01, "tax_paid": -60_000.01}, False),
]


@pytest.mark.parametrize(("refund", "expected"), [case[1:] for case in SUMS], ids=[case[0] for case in SUMS])
def test_annual_tax_net_of_a_refund(refund: dict[str, object], expected: bool, warehouse: Warehouse) -> None:
    rows = [*YEAR_OF_TAX, filing(date(2026, 10, 1), **refund)]
    insert(warehouse, "tax__payments", [{"tax_item": "增值税"} | row for row in rows])
    assert judged(warehouse, "tax__payments", "annual_tax_at_least", AS_OF) is expected


WHOLE = {"tax_due": 50_000, "tax_paid": 50_000}
SHORT = {"tax_due": 49_999.99, "tax_paid": 49_999.99}
HALF_OF_IT = {"tax_due": 25_000, "tax_paid": 25_000}
OTHER_SUMS = [
    ("two halves of twenty-five thousand pass", [half(day, **HALF_OF_IT) for day in HALVES], True),
    ("after a refund of a fen they fail", [*(half(day, **HALF_OF_IT) for day in HALVES), half(H2_2025, tax_due=-0.01, tax_paid=-0.01)], False),
    ("a half before the window adds nothing", [half(H1_2025, **WHOLE), *filings(HALVES, 6)], False),
    ("and the running one adds nothing", [*filings(HALVES, 6), half(H2_2026, **WHOLE)], False),
    ("fifty thousand for last year pass", [year(Y2025, **WHOLE)], True),
    ("49,999.99 for last year fail", [year(Y2025, **SHORT)], False),
    ("the year before adds nothing", [year(Y2024, **WHOLE), year(Y2025)], False),
    ("fifty thousand for a single transaction pass", [filing(date(2026, 4, 1), **SALE | WHOLE)], True),
    ("49,999.99 for it fail", [filing(date(2026, 4, 1), **SALE | SHORT)], False),
    ("a transaction of the window's first day counts", [filing(date(2025, 11, 1), period_end=date(2025, 11, 1), **WHOLE)], True),
    ("and one of the day before does not", [filing(date(2025, 10, 31), period_end=date(2025, 10, 31), **WHOLE)], False),
    ("a transaction counts beside halves, in their window", [half(H2_2025, **HALF_OF_IT), half(H1_2026), filing(date(2026, 6, 30), period_end=date(2026, 6, 30), tax_due=20_000, tax_paid=20_000)], True),
    ("and not after it", [half(H2_2025, **HALF_OF_IT), half(H1_2026), filing(date(2026, 7, 1), period_end=date(2026, 7, 1), tax_due=20_000, tax_paid=20_000)], False),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "expected"), [case[1:] for case in OTHER_SUMS], ids=[case[0] for case in OTHER_SUMS])
def test_annual_tax_of_other_cycles(rows: list[dict[str, object]], expected: bool, warehouse: Warehouse) -> None:
    insert(warehouse, "tax__payments", [{"tax_item": "增值税"} | row for row in rows])
    assert judged(warehouse, "tax__payments", "annual_tax_at_least", AS_OF) is expected


HUGE = Decimal("112589990684.27")  # forty-nine payments and refunds of it stay below 2^50 fen, fifty do not
EXTREMES = [
    ("a fen is seen beside eleven million million", 49, Decimal("0.01")),
    ("and none too many", 49, Decimal("0.00")),
    ("a fen is seen past what doubles hold", 50, Decimal("0.01")),
]


@pytest.mark.parametrize(("times", "left"), [case[1:] for case in EXTREMES], ids=[case[0] for case in EXTREMES])
def test_tax_of_twelve_months_is_exact(times: int, left: Decimal, warehouse: Warehouse) -> None:
    paid = [HUGE] * times + [-HUGE] * times + [left]
    rows = [filing(date(2026, 4, 1), tax_due=amount, tax_paid=amount) for amount in paid]
    insert(warehouse, "tax__payments", [{"tax_item": "增值税"} | row for row in rows])
    (found,) = warehouse.entities("tax__payments").values()
    assert found["tax_paid_12m_yuan"] == left


def staff(starts: Sequence[date], people: int = 3, **other: int) -> list[dict[str, object]]:
    """The insured of each month; `other` gives another number of one of them, `m2026_04=2`."""
    return [{"month": day, "insured_headcount": other.get(f"m{day:%Y_%m}", people)} for day in starts]


LEAP_YEAR = ("2027-02", "2028-01")  # the twelve closed months on 29 February 2028
STAFF = [
    ("three insured in every month pass", AS_OF, staff(months(*YEAR)), True),
    ("twenty in every month pass", AS_OF, staff(months(*YEAR), 20), True),
    ("two in the first month fail", AS_OF, staff(months(*YEAR), m2025_11=2), False),
    ("two in the last month fail", AS_OF, staff(months(*YEAR), m2026_10=2), False),
    ("twenty-one in a month fail", AS_OF, staff(months(*YEAR), m2026_04=21), False),
    ("twenty-one in the running month do not count", AS_OF, staff(months("2025-11", "2026-11"), m2026_11=21), True),
    ("two in the month before the window do not count", AS_OF, staff(months("2025-10", "2026-10"), m2025_10=2), True),
    ("the first month may be missing", AS_OF, staff(months("2025-12", "2026-10")), True),
    ("a month in the middle may be missing", AS_OF, staff(months(*YEAR, but=["2026-04"])), True),
    ("the last month may be missing", AS_OF, staff(months("2025-11", "2026-09")), True),
    ("two missing months leave it unknown", AS_OF, staff(months("2025-12", "2026-09")), None),
    ("and a month outside is known to fail all the same", AS_OF, staff(months("2025-12", "2026-09"), m2026_04=2), False),
    ("no month at all is unknown", AS_OF, [], None),
    ("on 29 February the twelve months end in January", LEAP_DAY, staff(months("2027-01", "2028-02"), m2028_02=2, m2027_01=2), True),
    ("and begin in the February before", LEAP_DAY, staff(months(*LEAP_YEAR), m2027_02=2), False),
    ("on 1 March that February is the latest of them", date(2028, 3, 1), staff(months("2027-02", "2028-02"), m2028_02=2), False),
]  # fmt: skip


@pytest.mark.parametrize(("as_of", "rows", "expected"), [case[1:] for case in STAFF], ids=[case[0] for case in STAFF])
def test_three_to_twenty_insured(
    as_of: date, rows: list[dict[str, object]], expected: bool | None, warehouse: Warehouse
) -> None:
    insert(warehouse, "social__insurance", rows)
    assert judged(warehouse, "social__insurance", "insured_staff_3_to_20", as_of) is expected


def invoices(starts: Sequence[date], amount: float, red: float = 0) -> list[dict[str, object]]:
    """The same amount every month, and red invoices in the first of them."""
    return [{"month": day, "amount": amount, "red_amount": red if n == 0 else 0} for n, day in enumerate(starts)]


INVOICES = [
    ("a million in ten months passes", AS_OF, invoices(months("2026-01", "2026-10"), 100_000), True),
    ("a red invoice of a fen makes it 999,999.99, which fails", AS_OF, invoices(months("2026-01", "2026-10"), 100_000, 0.01), False),
    ("the thirteenth month back adds nothing", AS_OF, invoices(months("2025-10", "2026-07"), 100_000), False),
    ("the running month adds nothing", AS_OF, invoices(months("2026-02", "2026-11"), 100_000), False),
    ("on 29 February the twelve months begin a year before", LEAP_DAY, invoices(months("2027-02", "2027-11"), 100_000), True),
    ("and not a month earlier", LEAP_DAY, invoices(months("2027-01", "2027-10"), 100_000), False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("as_of", "rows", "expected"), [case[1:] for case in INVOICES], ids=[case[0] for case in INVOICES]
)
def test_a_million_invoiced(as_of: date, rows: list[dict[str, object]], expected: bool, warehouse: Warehouse) -> None:
    insert(warehouse, "tax__invoices", rows)
    assert judged(warehouse, "tax__invoices", "annual_invoicing_at_least", as_of) is expected


def bills(starts: Sequence[date], paid_after: int = 20) -> list[dict[str, object]]:
    """A bill a month, paid so many days after its first; the account is one."""
    paid = ({"month": day, "paid_on": day + timedelta(days=paid_after)} for day in starts)
    return [{"account_no": "1", "kind": "电"} | row for row in paid]


BILLS = [
    ("ten paid months of twelve pass", AS_OF, bills(months("2026-01", "2026-10")), True),
    ("nine are not enough, and a lease is not known of", AS_OF, bills(months("2026-02", "2026-10")), None),
    ("the twelfth month back counts", AS_OF, bills(months("2025-11", "2026-08")), True),
    ("the running month does not", AS_OF, bills(months("2026-02", "2026-11"), paid_after=10), None),
    ("the thirteenth month back does not count", AS_OF, bills(months("2025-10", "2026-07")), None),
    ("a bill paid on 29 February counts on that day", LEAP_DAY, [*bills(months("2027-04", "2027-12")), {"account_no": "1", "kind": "电", "month": date(2028, 1, 1), "paid_on": LEAP_DAY}], True),
    ("and a day before it does not", date(2028, 2, 28), [*bills(months("2027-04", "2027-12")), {"account_no": "1", "kind": "电", "month": date(2028, 1, 1), "paid_on": LEAP_DAY}], None),
]  # fmt: skip


@pytest.mark.parametrize(("as_of", "rows", "expected"), [case[1:] for case in BILLS], ids=[case[0] for case in BILLS])
def test_ten_paid_bills(
    as_of: date, rows: list[dict[str, object]], expected: bool | None, warehouse: Warehouse
) -> None:
    insert(warehouse, "utilities__bills", rows)
    assert judged(warehouse, "utilities__bills", "proves_stable_premises", as_of) is expected


def test_a_tenant_brings_its_site_and_the_manager_who_sits_there(warehouse: Warehouse) -> None:
    """S14: the sites are stations with a manager in residence; whoever rents two is shown at one."""
    names = "uscc, site_id, site_name, site_kind, level, opened_on, manager, lease_until"
    warehouse.fill(
        "feed.sites__tenants",
        names,
        """
        ('A', 'P1', '高新园', '园区', '省级', '2026-03-01', '王经理', '2028-02-29'), -- in force on its last day, 29 February
        ('A', 'D1', '万象商圈', '商圈', '市级', NULL, NULL, '2028-02-28') -- ended the day before
        """,
    )
    found = {day: warehouse.entities("sites__tenants", as_of=day)["A"] for day in (LEAP_DAY, date(2028, 3, 1))}
    assert (found[LEAP_DAY]["site_id"], found[LEAP_DAY]["site_manager"]) == ("P1", "王经理")
    asked = {
        day: outcome("rule__proves_stable_premises", uscc=INDIVIDUAL, p=plan(day), **row) for day, row in found.items()
    }
    assert asked == {LEAP_DAY: True, date(2028, 3, 1): None}  # ended, and bills are not known of
    assert outcome("rule__in_park", p=plan(LEAP_DAY), **found[LEAP_DAY]) is True
