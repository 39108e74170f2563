"""The work plan's clauses are visible in what decides, by their ids; and the one that asks for nothing is kept."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from pipelines.eligibility.rules import RULES
from pipelines.feeds.contract import contract
from pipelines.offers.conditions import CONDITIONS
from pipelines.settings import HOUSE

from .offers import one

DECIDING = [f"S{number:02}" for number in range(5, 52)]
"""S04 is the feeds themselves."""

SAID = "\n".join(
    path.read_text(encoding="utf-8")
    for folder in ("pipelines", "sql")
    for path in sorted((HOUSE / folder).rglob("*"))
    if path.suffix in (".py", ".sql", ".yml") and "simulate" not in path.parts
)
FOUND = set(re.findall(r"\bS\d\d\b", SAID))
STATEMENT = ("annual_revenue", "total_assets", "registered_capital", "employees")
"""What a financial statement or an annual report would tell."""


@pytest.mark.parametrize("clause", DECIDING)
def test_every_clause_is_named_where_it_is_carried_out(clause: str) -> None:
    assert clause in FOUND


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
