"""`sql/features/tax__payments.sql` and `social__insurance.sql` against the plain-Python oracle, on random panels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from pipelines.eligibility.judge import FeedStates, judge
from pipelines.feeds.contract import feeds
from pipelines.parameters import parameters
from pipelines.warehouse.tables import table

from . import oracle
from .oracle import Month, Row, after, back, first, last
from .tables import Warehouse

COLUMNS = (
    "tax_item",
    "period_start",
    "period_end",
    "due_on",
    "declared_on",
    "paid_on",
    "tax_due",
    "tax_paid",
    "withheld",
)
ITEMS = ("增值税", "增值税", "增值税", "个人所得税", "企业职工基本养老保险费", "工伤保险费")
NO_LIMITS = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))

as_ofs = st.one_of(
    st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    st.builds(  # on a deadline and around it
        lambda month, day: date(2026, month, day), st.integers(1, 12), st.sampled_from([1, 14, 15, 16, 17, 28])
    ),
)
amounts = st.integers(0, 900_000).map(lambda fen: Decimal(fen) / 100)


@st.composite
def filing(draw: st.DrawFn, start: Month, length: int, *, wild: bool) -> Row:
    """A line for `length` whole months from `start` (0: a few days in it), mostly on time and in full."""
    end = last(after(start, max(length, 1) - 1))
    begin = first(start)
    if length == 0:
        begin, end = begin + timedelta(days=4), begin + timedelta(days=9)
    elif draw(st.integers(0, 30)) == 0:
        begin += timedelta(days=draw(st.integers(1, 20)))  # began to file within the month
    usual = oracle.deadline({"due_on": None, "period_end": end})
    late = st.sampled_from([-12, -5, -1, 0, 0, 0, 0, 0, 0, 1, 3, 40])
    due_days = st.integers(-60, 400) if wild else st.integers(1, 45)
    due_on = draw(
        st.one_of(st.none(), st.none(), st.just(usual), due_days.map(lambda days: end + timedelta(days=days)))
    )
    tax_due = draw(st.one_of(amounts, amounts, st.just(Decimal(0))))
    line: Row = {
        "tax_item": draw(st.sampled_from(ITEMS)),
        "period_start": begin,
        "period_end": end,
        "due_on": due_on,
        "declared_on": (due_on or usual) + timedelta(days=draw(late)),
        "paid_on": (due_on or usual) + timedelta(days=draw(late)),
        "tax_due": tax_due,
        "tax_paid": tax_due,
        "withheld": draw(st.sampled_from([False, False, False, None, False, True])),
    }
    return line | draw(st.sampled_from([{}] * 12 + DEFECTS)) | _negative(draw, tax_due)


DEFECTS: list[dict[str, Any]] = [
    {"declared_on": None},
    {"paid_on": None},
    {"tax_paid": None, "paid_on": None},
    {"tax_due": None},
    {"tax_due": Decimal(0), "tax_paid": None, "paid_on": None},  # a zero return
    {"tax_paid": Decimal("0.01")},
]


def _negative(draw: st.DrawFn, amount: Decimal) -> dict[str, Decimal]:
    if draw(st.integers(0, 15)):
        return {}
    return draw(
        st.sampled_from([{"tax_due": -amount, "tax_paid": -amount}, {"tax_paid": -amount}, {"tax_due": Decimal(-1)}])
    )


@st.composite
def panel(draw: st.DrawFn, as_of: date, *, wild: bool) -> list[Row]:
    """The lines of one entity: a filer by the calendar with gaps, and some lines beside."""
    cycle = draw(st.sampled_from([1, 1, 3, 3, 6, 12]))
    this_month = oracle.of(as_of)
    ends = [back(this_month, count) for count in range(50) if back(this_month, count)[1] % cycle == 0]
    kept = ends[draw(st.sampled_from([0, 1, 2, 3, 3, 38])) : draw(st.integers(0, len(ends)))]
    rows = [draw(filing(back(end, cycle - 1), cycle, wild=wild)) for end in kept if draw(st.integers(0, 40))]
    beside = st.tuples(st.integers(-3, 60), st.sampled_from([0, 1, 2, 3, 6, 12]))
    for count, length in draw(st.lists(beside, max_size=3)):
        start = after(this_month, -count) if count < 0 else back(this_month, count)
        rows.append(draw(filing(start, length, wild=wild)))
    return rows


@contextmanager
def loaded(feed: str, panels: list[list[Row]], columns: tuple[str, ...]) -> Iterator[Warehouse]:
    warehouse = Warehouse()
    fill(warehouse, feed, panels, columns)
    try:
        yield warehouse
    finally:
        warehouse.con.close()


def fill(warehouse: Warehouse, feed: str, panels: list[list[Row]], columns: tuple[str, ...]) -> None:
    """In one statement: row by row it takes as long as the SELECT that is tested."""
    lines = [(str(number), *(row[name] for name in columns)) for number, rows in enumerate(panels) for row in rows]
    if lines:
        marks = ", ".join([f"({', '.join('?' * len(lines[0]))})"] * len(lines))
        cells = [cell for line in lines for cell in line]
        warehouse.con.execute(f"INSERT INTO feed.{feed} (uscc, {', '.join(columns)}) VALUES {marks}", cells)


@pytest.mark.parametrize("wild", [False, True], ids=["plausible due dates", "any due dates"])
def test_tax_features_equal_the_oracle(wild: bool) -> None:
    @NO_LIMITS
    @given(st.data())
    def compare(data: st.DataObject) -> None:
        as_of = data.draw(as_ofs)
        grace_days = data.draw(st.sampled_from([0, 0, 0, 5, 30]))
        panels = data.draw(st.lists(panel(as_of, wild=wild), min_size=1, max_size=6))
        with loaded("tax__payments", panels, COLUMNS) as warehouse:
            found = warehouse.entities("tax__payments", as_of=as_of, grace_days=grace_days)
        for number, rows in enumerate(panels):
            assert found.get(str(number)) == oracle.tax(rows, as_of, grace_days)

    compare()


@NO_LIMITS
@given(st.data())
def test_insured_features_equal_the_oracle(data: st.DataObject) -> None:
    as_of = data.draw(as_ofs)
    months = [back(oracle.of(as_of), count) for count in range(16)]
    panels = data.draw(st.lists(insured_panel(months), min_size=1, max_size=6))
    with loaded("social__insurance", panels, ("month", "insured_headcount", "contribution_base")) as warehouse:
        found = warehouse.entities("social__insurance", as_of=as_of)
    assert [found.get(str(number)) for number in range(len(panels))] == [oracle.insured(rows, as_of) for rows in panels]


@st.composite
def insured_panel(draw: st.DrawFn, months: list[Month]) -> list[Row]:
    usual = draw(st.sampled_from([3, 5, 12, 20]))
    heads = st.sampled_from([usual] * 12 + [2, 3, 20, 21, 0])
    bases = st.none() | st.integers(0, 10**8).map(lambda fen: Decimal(fen) / 100)
    missing = draw(st.sets(st.integers(0, 15), max_size=3))
    return [
        {"month": first(month), "insured_headcount": draw(heads), "contribution_base": draw(bases)}
        for number, month in enumerate(months)
        if number not in missing
    ]


@NO_LIMITS
@given(st.data())
def test_rules_on_tax_and_staff_equal_the_oracle_from_the_panels_on(data: st.DataObject) -> None:
    """Panels -> features -> judge: the outcome of the rule is the plan's, three-valued."""
    as_of = data.draw(as_ofs)
    taxes = data.draw(st.lists(panel(as_of, wild=False), min_size=4, max_size=4))
    months = [back(oracle.of(as_of), count) for count in range(16)]
    staff = data.draw(st.lists(insured_panel(months), min_size=4, max_size=4))
    with loaded("tax__payments", taxes, COLUMNS) as warehouse:
        fill(warehouse, "social__insurance", staff, ("month", "insured_headcount"))
        warehouse.con.execute("INSERT INTO feed.registry__entities (uscc) SELECT CAST(range AS VARCHAR) FROM range(4)")
        rows = warehouse.frame("registry__entities", "social__insurance", "tax__payments", as_of=as_of)
    judged = outcomes(rows, as_of)
    for number in range(4):
        assert judged[str(number)] == (
            oracle.paid_tax_12_months(taxes[number], as_of),
            oracle.annual_tax_at_least(taxes[number], as_of),
            oracle.insured_staff_3_to_20(staff[number], as_of),
        )


def outcomes(rows: list[Row], as_of: date) -> dict[str, tuple[bool | None, ...]]:
    types = {name: TYPES[kind] for name, kind in table("mart.features").table_columns.items()}
    features = pl.LazyFrame(rows, schema=types)
    p = parameters(as_of, {"grace_days": 0})
    states = FeedStates(delivered=frozenset(feeds()), late=frozenset())
    rules = ("paid_tax_12_months", "annual_tax_at_least", "insured_staff_3_to_20")
    judged = judge(features, p, states).select("uscc", *(f"rule__{name}" for name in rules)).collect()
    return {uscc: tuple(values) for uscc, *values in judged.rows()}


TYPES: dict[str, Any] = {
    "VARCHAR": pl.String,
    "VARCHAR[]": pl.List(pl.String),
    "DATE": pl.Date,
    "BOOLEAN": pl.Boolean,
    "INTEGER": pl.Int32,
    "BIGINT": pl.Int64,
    "DOUBLE": pl.Float64,
    "DECIMAL(18,2)": pl.Decimal(18, 2),
    "DECIMAL(18,4)": pl.Decimal(18, 4),
}
