"""Tax and social windows again, in plain Python from WORK_PLAN.md ("Precisely") and nothing else.

One entity at a time, one month at a time: no bit sets, no SQL, no number of `pipelines`. None = unknown.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Row = dict[str, Any]
Month = tuple[int, int]


def back(month: Month, count: int) -> Month:
    """The month `count` months earlier."""
    year, number = month
    for _ in range(count):
        year, number = (year - 1, 12) if number == 1 else (year, number - 1)
    return year, number


def after(month: Month, count: int) -> Month:
    year, number = month
    for _ in range(count):
        year, number = (year + 1, 1) if number == 12 else (year, number + 1)
    return year, number


def of(day: date) -> Month:
    return day.year, day.month


def first(month: Month) -> date:
    return date(*month, 1)


def last(month: Month) -> date:
    return date(*month, monthrange(*month)[1])


def deadline(row: Row) -> date:
    return row["due_on"] or date(*after(of(row["period_end"]), 1), 15)


def is_own(row: Row) -> bool:
    fees = ("保险费", "社会保险", "社保")
    return not row["withheld"] and not any(word in row["tax_item"] for word in fees)


def is_adjustment(row: Row) -> bool:
    return any(amount is not None and amount < 0 for amount in (row["tax_due"], row["tax_paid"]))


def is_normal(row: Row, grace_days: int) -> bool:
    latest = deadline(row) + timedelta(days=grace_days)
    if row["declared_on"] is None or row["declared_on"] > latest:
        return False
    if not row["tax_due"]:  # nothing to pay: a zero return
        return True
    if row["tax_paid"] is None or row["paid_on"] is None:
        return False
    return bool(row["tax_paid"] >= row["tax_due"] and row["paid_on"] <= latest)


def months_of(row: Row) -> list[Month]:
    """The months that lie wholly within the period."""
    found = []
    month = of(row["period_start"])
    while last(month) <= row["period_end"]:
        if first(month) >= row["period_start"]:
            found.append(month)
        month = after(month, 1)
    return found


def is_whole(row: Row) -> bool:
    start, end = row["period_start"], row["period_end"]
    return bool(start <= end and start == first(of(start)) and end == last(of(end)))


def cycle_of(filings: list[Row], as_of: date) -> int | None:
    latest = {back(of(as_of), count) for count in range(1, 16)}
    lengths = [len(months_of(row)) for row in filings if is_whole(row) and of(row["period_end"]) in latest]
    if not lengths:
        return None
    return next((cycle for cycle in (1, 3, 6) if min(lengths) <= cycle), 12)


def window_end(filings: list[Row], as_of: date, cycle: int, grace_days: int) -> Month | None:
    """The last month of the latest period of the cycle that is over and due before as-of."""
    month = back(of(as_of), 1)
    periods = 0
    while periods < 15:
        if month[1] % cycle == 0:
            periods += 1
            start, end = first(back(month, cycle - 1)), last(month)
            own = [deadline(row) for row in filings if (row["period_start"], row["period_end"]) == (start, end)]
            due = max(own) if own else date(*after(month, 1), 15)
            if due + timedelta(days=grace_days) < as_of:
                return month
        month = back(month, 1)
    return None


def tax(rows: list[Row], as_of: date, grace_days: int = 0) -> Row | None:
    """The tax features of one entity from all its rows; None without a filing."""
    oldest = first(back(of(as_of - timedelta(days=grace_days)), 36))
    mine = [row for row in rows if is_own(row)]
    own = [row for row in mine if row["period_end"] >= oldest]
    filings = [row for row in own if not is_adjustment(row)]
    long_ago = [row for row in mine if row["period_end"] < oldest and not is_adjustment(row)]
    if not filings and not long_ago:
        return None
    if not filings:
        end = window_end([], as_of, 1, grace_days)
        unknown = ("tax_cycle_months", "tax_months_to_go", "tax_twelfth_due_on")
        nothing = {"tax_months_covered": 0, "tax_months_normal": 0, "tax_zero_return_months": 0}
        made = {"tax_filings": len(long_ago), "tax_window_end_on": end and last(end), "tax_paid_12m_yuan": Decimal(0)}
        return made | nothing | dict.fromkeys(unknown)
    cycle = cycle_of(filings, as_of)
    end = window_end(filings, as_of, cycle or 1, grace_days)
    made: Row = {"tax_filings": len(filings), "tax_cycle_months": cycle, "tax_window_end_on": end and last(end)}
    if end is None:
        counts = ("tax_months_covered", "tax_months_normal", "tax_zero_return_months", "tax_paid_12m_yuan")
        return made | dict.fromkeys([*counts, "tax_months_to_go", "tax_twelfth_due_on"])
    window = [back(end, count) for count in range(12)]
    still_open = open_periods(filings, as_of, cycle or 1, grace_days)
    to_go = None if len(still_open) > 1 else months_to_go(filings, of(as_of), end, cycle or 1, grace_days)
    made["tax_months_to_go"] = to_go
    of_any_cycle = [open_periods(filings, as_of, each, grace_days) for each in (1, 3, 6, 12)]
    is_alone = sum(map(len, of_any_cycle)) == 1 and to_go == (cycle or 1)
    made["tax_twelfth_due_on"] = still_open.get(after(end, cycle or 1)) if is_alone else None
    return made | months_counted(filings, window, grace_days) | {"tax_paid_12m_yuan": paid(own, window)}


def open_periods(filings: list[Row], as_of: date, cycle: int, grace_days: int) -> dict[Month, date]:
    """The 15 latest periods of the cycle that are over, as far as something is filed for them and they are not yet due."""
    ends = [back(of(as_of), count) for count in range(1, 15 * cycle + 1)]
    found = {}
    for end in ends:
        period = (first(back(end, cycle - 1)), last(end))
        own = [deadline(row) for row in filings if (row["period_start"], row["period_end"]) == period]
        if end[1] % cycle == 0 and own and max(own) + timedelta(days=grace_days) >= as_of:
            found[end] = max(own)
    return found


def months_to_go(filings: list[Row], now: Month, end: Month, cycle: int, grace_days: int) -> int | None:
    """How far the window must move on until all its months are normal, taking all that come after `end` for normal."""

    def is_bad(month: Month) -> bool:
        return any(month in months_of(row) and not is_normal(row, grace_days) for row in filings)

    def is_good(month: Month) -> bool:
        return any(month in months_of(row) for row in filings) and not is_bad(month)

    coming = after(end, 1)
    while coming <= now:
        if is_bad(coming):
            return None
        coming = after(coming, 1)
    if not is_good(end):
        return None
    for more in range(0, 25, cycle):
        window = [back(after(end, more), count) for count in range(12)]
        if all(month > end or is_good(month) for month in window):
            return more
    raise AssertionError


def months_counted(filings: list[Row], window: list[Month], grace_days: int) -> Row:
    covered = normal = zero = 0
    for month in window:
        covering = [row for row in filings if month in months_of(row)]
        if covering:
            covered += 1
            normal += all(is_normal(row, grace_days) for row in covering)
            zero += all(not row["tax_due"] and not row["tax_paid"] for row in covering)
    return {"tax_months_covered": covered, "tax_months_normal": normal, "tax_zero_return_months": zero}


def paid(own: list[Row], window: list[Month]) -> Decimal:
    return sum((row["tax_paid"] or Decimal(0) for row in own if of(row["period_end"]) in window), Decimal(0))


def paid_tax_12_months(rows: list[Row], as_of: date, grace_days: int = 0) -> bool | None:
    made = tax(rows, as_of, grace_days)
    return None if made is None else made["tax_months_normal"] == 12


def annual_tax_at_least(rows: list[Row], as_of: date, grace_days: int = 0) -> bool | None:
    made = tax(rows, as_of, grace_days)
    return None if made is None else bool((made["tax_paid_12m_yuan"] or 0) >= 50_000)


def headcounts(rows: list[Row], as_of: date) -> dict[Month, int]:
    """Insured headcount by month of the 12 latest closed months, as far as known."""
    window = [back(of(as_of), count) for count in range(1, 13)]
    return {of(row["month"]): row["insured_headcount"] for row in rows if of(row["month"]) in window}


def insured(rows: list[Row], as_of: date) -> Row | None:
    known = headcounts(rows, as_of)
    if not known:
        return None
    return {
        "insured_min_12m": min(known.values()),
        "insured_max_12m": max(known.values()),
        "insured_latest": known[max(known)],
        "insured_months_12m": len(known),
        "insured_months_to_go": insured_months_to_go(known, as_of),
    } | staff_of_6_months(rows, known, as_of)


def staff_of_6_months(rows: list[Row], known: dict[Month, int], as_of: date) -> Row:
    """How steady the staff was over the six latest closed months (S45), and its mean contribution base a head (S47)."""
    months = [back(of(as_of), count) for count in range(6, 0, -1)]
    steps = [(known[a], known[b]) for a, b in zip(months, months[1:], strict=False) if a in known and b in known]
    bases = {of(row["month"]): row.get("contribution_base") for row in rows}
    paid = [(bases[month], known[month]) for month in months if known.get(month) and bases[month] is not None]
    people = sum(heads for _, heads in paid)
    mean = sum((base for base, _ in paid), Decimal(0)) / people if people else None
    return {
        "insured_min_6m": min((known[month] for month in months if month in known), default=None),
        "insured_changes_6m": len(steps),
        "insured_max_change_pct_6m": max((100 * abs(b - a) / max(a, 1) for a, b in steps), default=None),
        "contribution_base_per_head_yuan": mean if mean is None else mean.quantize(Decimal("0.01"), ROUND_HALF_UP),
    }


def insured_months_to_go(known: dict[Month, int], as_of: date) -> int | None:
    """Months that must close until the rule holds, each with the headcount of the latest month."""
    now, latest = of(as_of), max(known)
    if latest < back(now, 2) or not 3 <= known[latest] <= 20:
        return None
    for more in range(13):
        window = [back(after(now, more), count) for count in range(1, 13)]
        counts = [known.get(month, known[latest] if month >= now else None) for month in window]
        if counts.count(None) <= 1 and all(count is None or 3 <= count <= 20 for count in counts):
            return more
    raise AssertionError


def insured_staff_3_to_20(rows: list[Row], as_of: date) -> bool | None:
    known = headcounts(rows, as_of)
    if any(not 3 <= count <= 20 for count in known.values()):
        return False
    return True if len(known) >= 11 else None
