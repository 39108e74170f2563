"""From feed rows to the outcome of a rule: one missing month, refunds, quarterly filers, 29 February (S07, S08, S10, S33, S36)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

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


@pytest.mark.parametrize(("as_of", "rows", "expected"), [case[1:] for case in TAX], ids=[case[0] for case in TAX])
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
