"""Time played forward: who is told a day by the watchlist meets the rule on that day, and not the day before (S49).

Nothing else changes: every coming period is filed well, the headcount stays, every coming bill is paid.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from pipelines.eligibility.judge import FeedStates, judge
from pipelines.eligibility.rules import RULES
from pipelines.feeds.contract import feeds
from pipelines.parameters import parameters
from pipelines.warehouse.tables import table

from . import oracle
from .oracle import Month, Row, after, back, first, last
from .tables import Warehouse
from .test_tax_oracle import TYPES

FEW = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
ALL_FRESH = FeedStates(delivered=frozenset(feeds()), late=frozenset())
FEATURES = {name: TYPES[kind] for name, kind in table("mart.features").table_columns.items()}
CODE = "92510104MA6C12345X"

as_ofs = st.dates(date(2026, 1, 1), date(2027, 12, 31)) | st.sampled_from([date(2026, 11, 16), date(2028, 2, 29)])


def told(rule: str, feed: str, rows: list[Row], as_of: date) -> tuple[bool | None, date | None]:
    """Outcome and closing day of a rule for one entity with these rows of a feed and a row in the register."""
    warehouse = Warehouse()
    try:
        warehouse.con.execute("INSERT INTO feed.registry__entities (uscc) VALUES (?)", [CODE])
        for row in rows:
            names, marks = ", ".join(row), ", ".join("?" * len(row))
            warehouse.con.execute(f"INSERT INTO feed.{feed} (uscc, {names}) VALUES (?, {marks})", [CODE, *row.values()])
        numbers = parameters(as_of)
        made = warehouse.frame(*dict.fromkeys(["registry__entities", feed]), as_of=as_of)
    finally:
        warehouse.con.close()
    gap = RULES[rule].gap
    assert gap is not None
    judged = judge(pl.LazyFrame(made, schema=FEATURES), numbers, ALL_FRESH)
    outcome, closes_on = judged.select(RULES[rule].column, gap(numbers).closes_on.alias("day")).collect().row(0)
    return outcome, None if outcome else closes_on


def meets_on_the_day(rule: str, feed: str, later: list[Row], day: date) -> None:
    assert told(rule, feed, later, day)[0] is True
    assert told(rule, feed, later, day - timedelta(days=1))[0] is not True


@st.composite
def filings(draw: st.DrawFn, as_of: date, cycle: int) -> list[Row]:
    """What a filer of a cycle has handed in by as-of: from some period on, now and then late or left out."""
    ends = [back(oracle.of(as_of), count) for count in range(1, 30)]
    ends = [end for end in ends if end[1] % cycle == 0]
    kept = ends[: draw(st.integers(1, len(ends)))]
    habits = st.sampled_from(["good"] * 9 + ["late", "missing"])
    rows = [filing(end, cycle, draw(habits)) for end in kept]
    if rows and rows[0] and draw(st.booleans()):  # the latest one's deadline is put off, or brought forward
        rows[0] |= {"due_on": last(kept[0]) + timedelta(days=draw(st.sampled_from([12, 20, 26, 45, 75])))}
    return [row for row in rows if row and row["declared_on"] <= as_of]


def filing(end: Month, cycle: int, habit: str = "good") -> Row:
    if habit == "missing":
        return {}
    day = last(end) + timedelta(days=25 if habit == "late" else 10)
    return {
        "tax_item": "增值税",
        "period_start": first(back(end, cycle - 1)),
        "period_end": last(end),
        "declared_on": day,
        "paid_on": day,
        "tax_due": 100,
        "tax_paid": 100,
    }


@FEW
@given(st.data())
def test_the_twelfth_normal_tax_month_closes_on_its_day(data: st.DataObject) -> None:
    as_of, cycle = data.draw(as_ofs), data.draw(st.sampled_from([1, 1, 3, 6]))
    rows = data.draw(filings(as_of, cycle))
    outcome, day = told("paid_tax_12_months", "tax__payments", rows, as_of)
    if day is None:
        return
    assert outcome is not True
    assert day > as_of
    filed = {row["period_end"] for row in rows}
    coming = [after(max(oracle.of(row["period_end"]) for row in rows), count) for count in range(1, 30)]
    later = [filing(end, cycle) for end in coming if end[1] % cycle == 0 and last(end) < day]
    meets_on_the_day(
        "paid_tax_12_months", "tax__payments", rows + [row for row in later if row["period_end"] not in filed], day
    )


@FEW
@given(st.data())
def test_the_twelfth_insured_month_closes_on_its_day(data: st.DataObject) -> None:
    as_of = data.draw(as_ofs)
    heads = st.sampled_from([*[7] * 8, 3, 20, 2, 21])
    missing = data.draw(st.sets(st.integers(1, 15), max_size=2))
    oldest = data.draw(st.integers(1, 15))
    rows: list[Row] = [
        {"month": first(back(oracle.of(as_of), count)), "insured_headcount": data.draw(heads)}
        for count in range(1, oldest + 1)
        if count not in missing
    ]
    outcome, day = told("insured_staff_3_to_20", "social__insurance", rows, as_of)
    if day is None:
        return
    assert outcome is not True
    latest = max(rows, key=lambda row: row["month"])
    later = [latest | {"month": month} for month in months_until(as_of, day)]
    meets_on_the_day("insured_staff_3_to_20", "social__insurance", rows + later, day)


@FEW
@given(st.data())
def test_the_tenth_paid_bill_closes_on_its_day(data: st.DataObject) -> None:
    as_of = data.draw(as_ofs)
    oldest = data.draw(st.integers(1, 14))
    paid = st.sampled_from([True, True, True, False, None])
    habits = {count: data.draw(paid) for count in range(1, oldest + 1)}
    months = {first(back(oracle.of(as_of), count)): is_paid for count, is_paid in habits.items() if is_paid is not None}
    rows = [bill(month, is_paid) for month, is_paid in months.items()]
    outcome, day = told("proves_stable_premises", "utilities__bills", rows, as_of)
    if day is None:
        return
    assert outcome is not True
    later = [bill(month, True) for month in months_until(as_of, day)]
    meets_on_the_day("proves_stable_premises", "utilities__bills", rows + later, day)


def bill(month: date, is_paid: bool) -> Row:
    return {"account_no": "1", "kind": "电", "month": month, "paid_on": month + timedelta(days=20) if is_paid else None}


def months_until(as_of: date, day: date) -> list[date]:
    """The first days of the months from as-of's own up to the one before `day`."""
    coming = [first(after(oracle.of(as_of), count)) for count in range(14)]
    return [month for month in coming if month < day]


@FEW
@given(st.dates(date(2024, 1, 1), date(2028, 3, 1)) | st.sampled_from([date(2024, 2, 29), date(2028, 2, 29)]))
def test_two_years_are_met_on_their_day(established_on: date) -> None:
    as_of = max(established_on, date(2026, 1, 1))
    outcome, day = told("operating_2_years", "registry__entities", [{"established_on": established_on}], as_of)
    if outcome:
        assert day is None
        return
    assert day is not None
    meets_on_the_day("operating_2_years", "registry__entities", [{"established_on": established_on}], day)


AS_OF = date(2026, 11, 23)
BEGINS: list[tuple[str, str, dict[str, Any]]] = [
    ("is_tech", "registry__certifications", {"certification": "专精特新", "granted_on": date(2026, 12, 1)}),
    ("on_green_list", "green__enterprises", {"listed_on": date(2026, 12, 1), "valid_until": date(2027, 12, 1)}),
]


@pytest.mark.parametrize(("rule", "feed", "row"), BEGINS, ids=[rule for rule, *_ in BEGINS])
def test_what_has_a_first_day_in_the_future_is_met_on_it(rule: str, feed: str, row: dict[str, Any]) -> None:
    assert told(rule, feed, [row], AS_OF) == (False, date(2026, 12, 1))
    meets_on_the_day(rule, feed, [row], date(2026, 12, 1))


QUARTERS = [filing(end, 3) for end in ((2026, 3), (2026, 6), (2026, 9))]
ELEVEN = [filing(back((2026, 10), count), 1) for count in range(11)]
SPOILT = [filing(back((2026, 10), count), 1, "late" if count == 4 else "good") for count in range(12)]
# October is filed, and its deadline was put off to the 30th; once with eleven good months before, once with ten.
PUT_OFF = [filing((2026, 10), 1) | {"due_on": date(2026, 11, 30)}]
TWELFTH_PUT_OFF = PUT_OFF + [filing(back((2026, 9), count), 1) for count in range(11)]
ELEVENTH_PUT_OFF = PUT_OFF + [filing(back((2026, 9), count), 1) for count in range(10)]
TWO_PUT_OFF = [row | {"due_on": date(2026, 11, 27)} for row in TWELFTH_PUT_OFF[1:2]] + PUT_OFF + TWELFTH_PUT_OFF[2:-1]
YOUNG = [{"month": first(back((2026, 10), count)), "insured_headcount": 5} for count in range(8)]
OUTGROWN = [
    {"month": first(back((2026, 10), count)), "insured_headcount": 21 if count == 2 else 20} for count in range(12)
]
LEFT = [{"month": first(back((2026, 10), count)), "insured_headcount": 5} for count in range(2, 12)]


@pytest.mark.parametrize(
    ("rule", "feed", "rows", "expected"),
    [
        # Three quarters are in: the fourth ends in December, is due on 15 January, and closed the day after.
        ("paid_tax_12_months", "tax__payments", QUARTERS, date(2027, 1, 16)),
        ("paid_tax_12_months", "tax__payments", ELEVEN, date(2026, 12, 16)),  # November is the twelfth
        ("paid_tax_12_months", "tax__payments", SPOILT, date(2027, 7, 16)),  # June was late: July to June next year
        ("paid_tax_12_months", "tax__payments", TWELFTH_PUT_OFF, date(2026, 12, 1)),  # the day after its own deadline
        (
            "paid_tax_12_months",
            "tax__payments",
            ELEVENTH_PUT_OFF,
            date(2026, 12, 16),
        ),  # November's, by default the 15th
        ("paid_tax_12_months", "tax__payments", TWO_PUT_OFF, None),  # of two periods still open nobody can tell
        ("paid_tax_12_months", "tax__payments", [filing((2026, 8), 1)], None),  # it stopped filing
        ("insured_staff_3_to_20", "social__insurance", YOUNG, date(2027, 2, 1)),  # eleven with January, one may miss
        ("insured_staff_3_to_20", "social__insurance", OUTGROWN, date(2027, 9, 1)),  # August's 21 leaves the window
        ("insured_staff_3_to_20", "social__insurance", LEFT, None),  # nobody insured for two months
        ("insured_staff_3_to_20", "social__insurance", [{"month": date(2026, 10, 1), "insured_headcount": 2}], None),
        ("proves_stable_premises", "utilities__bills", [bill(date(2026, 10, 1), True)], date(2027, 8, 1)),
        ("proves_stable_premises", "utilities__bills", [bill(date(2026, 8, 1), True)], None),  # paid no more
    ],
)
def test_the_day_is_known_where_it_can_be_computed(
    rule: str, feed: str, rows: list[Row], expected: date | None
) -> None:
    outcome, day = told(rule, feed, rows, AS_OF)
    assert outcome is not True
    assert day == expected
