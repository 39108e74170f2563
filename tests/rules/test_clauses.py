"""The work plan's clauses are visible in what decides, by their ids; and the one that asks for nothing is kept."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from pipelines.eligibility.rules import RULES
from pipelines.eligibility.segments import SEGMENTS
from pipelines.feeds.contract import contract
from pipelines.offers.conditions import CONDITIONS
from pipelines.offers.products import products
from pipelines.parameters.plan import clause
from pipelines.parameters.targets import targets
from pipelines.scoring.card import champions
from pipelines.settings import HOUSE

from .frames import AS_OF, plan
from .offers import one

CLAUSES = [f"S{number:02}" for number in range(5, 52)]
"""S04 is the feeds themselves."""

DECLARED = {
    *(made.clause for declared in (RULES.values(), CONDITIONS.values(), SEGMENTS, targets(AS_OF)) for made in declared),
    *(each for made in products() for each in made.clauses),
    *(clause(name) for name in vars(plan()) if name != "as_of" and not name.endswith("version")),
    *(made.clause for card in champions(plan()).values() for made in card.characteristics),
} - {"Precisely"}
"""What the code itself says it decides by: rules, segments, conditions, products, parameters, expert cards, targets."""

TESTED = {
    found
    for room in ("rules", "sql", "flow")
    for path in (HOUSE / "tests" / room).glob("test_*.py")
    if path.name != "test_clauses.py"
    for found in re.findall(r"\bS\d\d\b", path.read_text(encoding="utf-8"))
}
DEPARTMENTS = ("registry__entities", "tax__payments", "social__insurance", "utilities__bills")

SAID = "\n".join(
    path.read_text(encoding="utf-8")
    for folder in ("pipelines", "sql")
    for path in sorted((HOUSE / folder).rglob("*"))
    if path.suffix in (".py", ".sql", ".yml") and "simulate" not in path.parts
)
FOUND = set(re.findall(r"\bS\d\d\b", SAID))
STATEMENT = ("annual_revenue", "total_assets", "registered_capital", "employees")
"""What a financial statement or an annual report would tell."""


@pytest.mark.parametrize("clause", CLAUSES)
def test_every_clause_is_named_where_it_is_carried_out(clause: str) -> None:
    assert clause in FOUND


def test_every_clause_that_something_declares_is_named_by_a_test_of_what_decides() -> None:
    assert len(DECLARED) > 35
    assert sorted(DECLARED - TESTED) == []


@pytest.mark.parametrize("feed", DEPARTMENTS)
def test_each_of_the_four_departments_delivers_a_feed_that_decides(feed: str) -> None:
    """S04: market supervision, tax, human resources, water and power."""
    assert contract(feed).columns
    assert [made.name for made in RULES.values() if feed in made.feeds]


def test_no_clause_is_named_that_the_plan_does_not_have() -> None:
    assert {clause for clause in FOUND if not "S01" <= clause <= "S51"} == set()


def test_no_department_must_deliver_a_figure_of_a_statement() -> None:
    columns = {column.name: column for column in contract("registry__entities").columns}
    assert {name for name in STATEMENT if columns[name].required or not columns[name].nullable} == set()


def test_without_any_statement_every_admission_can_pass_and_there_is_an_offer_with_a_limit() -> None:
    unstated = {"employees": None, "annual_revenue_yuan": None, "total_assets_yuan": None}
    row = one(**unstated, inflow_mean_12m_yuan=Decimal(100_000))
    assert (row["product"], row["limit_yuan"]) == ("basic", Decimal(50_000))
    asked = {*RULES, *CONDITIONS} - {"small_or_micro"}  # whose bounds are of the size of a firm, not of its statement
    assert {name for name in asked if re.search("statement|revenue|assets|profit", name)} == set()
    assert set(row["to_verify"]) <= asked
