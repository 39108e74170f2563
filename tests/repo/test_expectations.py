"""Every suite loads whole, asks only for columns its table has, runs without raising, and its facts can fail."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date

import duckdb
import pytest

from pipelines.errors import DeclarationError
from pipelines.feeds.contract import contract
from pipelines.feeds.gate import Check, Gate, filled
from pipelines.feeds.history import fact_columns, totalled
from pipelines.lists.checks import SUITE, list_values
from pipelines.parameters import parameters
from pipelines.settings import HOUSE
from pipelines.warehouse.tables import table

from .declarations import read, stems

PLAN = parameters(date(2026, 11, 23))
SUITES = {stem: read(HOUSE / "expectations" / f"{stem}.yml") for stem in sorted(stems("expectations"))}
CELLS = {
    "VARCHAR": "'x'",
    "DATE": "DATE '2026-03-05'",
    "TIMESTAMP": "TIMESTAMP '2026-03-05 10:00:00'",
    "BOOLEAN": "true",
    "VARCHAR[]": "['x']",
    "INTEGER[]": "[36]",
}


def columns_of(stem: str) -> dict[str, str]:
    """Column -> SQL type of the batch a suite runs on."""
    if stem in stems("schemas/feeds"):
        return {column.name: column.duckdb_type for column in contract(stem).columns}
    return dict(table(stem.replace("__", ".", 1)).table_columns)


def facts_of(stem: str) -> dict[str, str]:
    """Fact -> SQL type of what is known of a delivery of a feed beside its rows."""
    return fact_columns(contract(stem)) if stem in stems("schemas/feeds") else {}


class Batches:
    """The gate on batches made up by a SELECT."""

    def __init__(self) -> None:
        self.con = duckdb.connect()
        self.gate = Gate(self.con)
        self.made = 0

    def judge(self, stem: str, select: str, **facts: float) -> list[Check]:
        """What a suite finds on the rows of a SELECT, delivered under the given facts; the others are not known."""
        self.made += 1
        self.con.execute(f"CREATE TABLE batch_{self.made} AS {select}")
        known = [f"CAST({facts.get(name, 'NULL')} AS {kind}) AS {name}" for name, kind in facts_of(stem).items()]
        self.con.execute(f"CREATE TABLE delivery_{self.made} AS SELECT {', '.join(known or ['NULL AS nothing'])}")
        values = list_values(PLAN) if stem == SUITE else None
        return self.gate.judge(stem, f"batch_{self.made}", f"delivery_{self.made}", values)

    def failed(
        self, stem: str, select: str, severity: str = "critical", **facts: float
    ) -> list[tuple[str, str | None]]:
        """Type and column of what did not hold at a severity."""
        checks = self.judge(stem, select, **facts)
        return sorted(
            (each.expectation, each.column_name) for each in checks if not each.success and each.severity == severity
        )


@pytest.fixture(scope="module")
def gate() -> Iterator[Batches]:
    made = Batches()
    yield made
    made.con.close()


def rows(stem: str, *changes: dict[str, str]) -> str:
    """A SELECT of typed rows of a suite's table, one per set of changed cells (column -> SQL)."""
    columns = columns_of(stem)
    selects = []
    for change in changes:
        assert change.keys() <= columns.keys()
        cells = (
            f'CAST({change.get(name, CELLS.get(kind, "36"))} AS {kind}) AS "{name}"' for name, kind in columns.items()
        )
        selects.append(f"SELECT {', '.join(cells)}")
    return " UNION ALL ".join(selects)


@pytest.mark.parametrize("stem", SUITES)
def test_a_suite_asks_only_for_columns_of_its_table(stem: str) -> None:
    asked = {
        value
        for each in SUITES[stem]["expectations"]
        for key, value in each["kwargs"].items()
        if key.startswith("column")
    }
    assert asked - columns_of(stem).keys() == set()
    facts = {each["kwargs"]["column"] for each in SUITES[stem].get("delivery", [])}
    assert facts - facts_of(stem).keys() == set()


@pytest.mark.parametrize("stem", SUITES)
def test_a_suite_stays_small_and_leaves_keys_to_the_split(stem: str) -> None:
    types = [each["type"] for each in SUITES[stem]["expectations"]]
    assert 3 <= len(types) <= (14 if stem.startswith("out__") else 10)
    assert stem.startswith("out__") or "expect_column_values_to_be_unique" not in types


@pytest.mark.parametrize("stem", sorted(stems("schemas/feeds")))
def test_an_empty_batch_of_any_feed_closes_the_gate(gate: Batches, stem: str) -> None:
    empty = f"SELECT * FROM ({rows(stem, {})}) WHERE false"
    assert gate.failed(stem, empty) == [("expect_table_row_count_to_be_between", None)]


@pytest.mark.parametrize("stem", SUITES)
def test_no_expectation_raises_on_a_typed_batch(gate: Batches, stem: str) -> None:
    gaps = dict.fromkeys(columns_of(stem), "NULL")
    checks = gate.judge(stem, rows(stem, {}, {}, gaps), **dict.fromkeys(facts_of(stem), 1))
    assert len(checks) == len(SUITES[stem]["expectations"]) + len(SUITES[stem].get("delivery", []))
    assert [(each.expectation, each.error) for each in checks if each.success is None] == []


@pytest.mark.parametrize(
    ("stem", "few", "many", "which"),
    [
        ("credit__owners", {"severe_overdue": "false"}, {"severe_overdue": "true"}, "the flag is read the wrong way round"),
        ("tax__credit_grades", {"grade": "'B'"}, {"grade": "'D'"}, "a list of the punished"),
        ("online__intents", {"kind": "'需求登记'"}, {"kind": "'浏览'"}, "no demand at all"),
    ],
)  # fmt: skip
def test_a_share_over_the_whole_file_warns_only_when_there_are_enough_rows(gate, stem, few, many, which) -> None:
    def drawn(cells: dict[str, str], times: int) -> bool:
        batch = f"SELECT each.* FROM ({rows(stem, cells)}) AS each, range({times})"
        return ("unexpected_rows_expectation", None) in gate.failed(stem, batch, "warning")

    assert (drawn(many, 120), drawn(few, 120), drawn(many, 10)) == (True, False, False), which


def test_swapped_period_columns_close_the_gate(gate: Batches) -> None:
    right = {"period_start": "DATE '2026-01-01'", "period_end": "DATE '2026-01-31'"}
    swapped = {"period_start": "DATE '2026-01-31'", "period_end": "DATE '2026-01-01'"}
    assert gate.failed("tax__payments", rows("tax__payments", right, right, swapped)) == []
    assert gate.failed("tax__payments", rows("tax__payments", right, swapped, swapped)) == [
        ("expect_column_pair_values_a_to_be_greater_than_b", "period_end")
    ]


FEEDS = sorted(stems("schemas/feeds"))
LOW, HIGH = "expect_column_min_to_be_between", "expect_column_max_to_be_between"


@pytest.mark.parametrize("stem", FEEDS)
def test_a_suite_looks_at_every_kind_of_fact(stem: str) -> None:
    """Drift of rows, the share that fits the contract; of periods also freshness, of totals and codes where there are any."""
    judged = {each["kwargs"]["column"] for each in SUITES[stem]["delivery"]}
    made = contract(stem)
    wanted = {"clean_share", "rows_vs_usual"} | ({"days_behind"} if made.period else set())
    has_codes = "uscc" in columns_of(stem) and stem != "registry__entities"
    wanted |= {"known_share"} if has_codes else set()
    assert wanted <= judged
    has_totals = bool(totalled(made)) and (made.delivery == "period_snapshot" or stem == "tax__payments")
    compared = any(name.endswith("_vs_usual") and name != "rows_vs_usual" for name in judged)
    assert compared or not has_totals


@pytest.mark.parametrize(
    ("facts", "closes", "warns"),
    [
        ({"rows_vs_last": 0.4}, [], [(LOW, "rows_vs_last")]),
        ({"rows_vs_last": 2.5}, [], [(HIGH, "rows_vs_last")]),
        ({"rows_vs_usual": 0.1}, [(LOW, "rows_vs_usual")], []),
        ({"contribution_base_vs_usual": 0.0001}, [(LOW, "contribution_base_vs_usual")], [(LOW, "contribution_base_vs_usual")]),
        ({"contribution_base_vs_usual": 10_000}, [], [(HIGH, "contribution_base_vs_usual")]),
        ({"clean_share": 0.4}, [(LOW, "clean_share")], [(LOW, "clean_share")]),
        ({"clean_share": 0.9}, [], [(LOW, "clean_share")]),
        ({"known_share": 0.01}, [(LOW, "known_share")], [(LOW, "known_share")]),
        ({"known_share": 0.7}, [], [(LOW, "known_share")]),
        ({"days_behind": 120}, [], [(HIGH, "days_behind")]),
        ({"days_behind": -60}, [(LOW, "days_behind")], []),
        ({"rows_vs_last": 1, "rows_vs_usual": 1, "clean_share": 1, "known_share": 1, "days_behind": 20}, [], []),
        ({}, [], []),  # nothing known yet: nothing expected
    ],
)  # fmt: skip
def test_too_little_closes_the_gate_and_too_much_only_warns(gate, facts, closes, warns) -> None:
    stem = "social__insurance"
    batch = rows(stem, {"contribution_base": "200000", "insured_headcount": "36"})
    assert gate.failed(stem, batch, "critical", **facts) == closes
    assert gate.failed(stem, batch, "warning", **facts) == warns


@pytest.mark.parametrize(
    ("stem", "cells", "warned"),
    [
        ("tax__payments", {"tax_paid": "-1"}, "tax_paid"),  # more refunded than paid: signs reversed
        ("tax__payments", {"declared_on": "DATE '2025-12-31'", "period_start": "DATE '2026-01-01'"}, "declared_on"),
        ("bank__flows", {"outflow": "-1"}, "outflow"),  # money out with a minus
        ("bank__flows", {"inflow": "3.2"}, "inflow"),  # ten thousands under a heading of yuan
        ("credit__loans", {"settled_on": "DATE '2019-01-01'"}, "settled_on"),  # settled before granted
        ("credit__loans", {"granted_on": "NULL"}, "granted_on"),
        ("registry__entities", {"status": "'正常营业'"}, "status"),  # a state no lookup knows
        ("tax__credit_grades", {"grade": "'A'"}, "grade"),  # a list of A taxpayers alone
        ("crm__disbursements", {"annual_rate": "0.0435"}, "annual_rate"),  # a fraction instead of percent
        ("utilities__bills", {"uscc": "NULL"}, "uscc"),
        ("agriculture__operators", {"transferred_area_mu": "0.02"}, "transferred_area_mu"),  # square kilometres
        ("bank__flows", {"inflow": "100", "outflow": "100000"}, None),  # one column in another unit
        ("credit__loans", {"settled_on": "DATE '2027-01-01'", "balance": "5"}, None),  # settled and still owing
        ("credit__loans", {"amount": "5", "balance": "6"}, "amount"),  # more outstanding than granted
        ("crm__contacts", {"week": "'48'"}, "week"),
        ("crm__disbursements", {"term_months": "3"}, "term_months"),  # years in a column of months
        ("crm__applications", {"amount": "30"}, "amount"),
        ("crm__suppressions", {"from_on": "DATE '1900-01-01'"}, "from_on"),
        ("green__enterprises", {"carbon_tonnes": "90000000"}, "carbon_tonnes"),
        ("platform__sales", {"orders": "1000000", "settled_amount": "5"}, None),  # orders and amounts swapped
        ("registry__certifications", {"expires_on": "NULL"}, "expires_on"),
        ("registry__entities", {"established_on": "DATE '1900-01-01'"}, "established_on"),  # a placeholder
        ("sites__tenants", {"repurchase_rate": "-1"}, "repurchase_rate"),
        ("social__insurance", {"insured_headcount": "5000"}, "insured_headcount"),  # a sum of another thing
        ("social__insurance", {"contribution_base": "12", "insured_headcount": "3"}, None),  # 万元 under 元
        ("tax__credit_grades", {"year": "2001"}, "year"),
        ("tax__invoices", {"amount": "5", "red_amount": "600"}, None),  # more cancelled than issued
        ("tax__payments", {"tax_item": "'房租'"}, "tax_item"),  # an export of something else
        ("tax__payments", {"paid_on": "DATE '2025-12-31'", "period_start": "DATE '2026-01-01'"}, "paid_on"),
        ("utilities__bills", {"quantity": "1", "amount": "9000"}, None),  # quantity and amount swapped
    ],
)
def test_a_planted_oddity_warns_and_does_not_close_the_gate(
    gate: Batches, stem: str, cells: dict[str, str], warned: str
) -> None:
    batch = rows(stem, cells)
    found = gate.failed(stem, batch, "warning")
    assert warned in {column for _, column in found}
    assert warned or "unexpected_rows_expectation" in {kind for kind, _ in found}
    assert gate.failed(stem, batch) == []


GOOD = {
    "rank": "1",
    "name": "'甲'",
    "uscc": "'a'",
    "first_loan_status": "'presumed'",
    "segment": "'green'",
    "product": "'basic'",
    "limit_yuan": "3000000",
    "limit_other_reading_yuan": "3000000",
    "is_relending": "false",
    "term_months": "36",
    "annual_rate_pct": "3.6",
    "score": "36",
}


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"name": "NULL"}, "name"),
        ({"rank": "0"}, "rank"),
        ({"product": "'tech'", "limit_yuan": "5000001", "limit_other_reading_yuan": "5000000"}, "limit_yuan"),
        ({"limit_yuan": "-1"}, "limit_yuan"),
        ({"first_loan_status": "'unknown'"}, "first_loan_status"),
        ({"segment": "'rurale'"}, "segment"),
        ({"term_months": "61"}, "term_months"),
        ({"annual_rate_pct": "36"}, "annual_rate_pct"),
        ({"product": "'loan'"}, "product"),
        ({"product": "'trade'", "subsidy_yuan_per_year": "NULL"}, None),  # a number where the plan has none
        ({"limit_yuan": "3000001"}, None),  # beyond the cap of basic, within that of tech
        ({"limit_other_reading_yuan": "3000001"}, None),  # in the other reading too
        ({"product": "'livelihood'", "limit_yuan": "2000001", "limit_other_reading_yuan": "1"}, None),
        ({"subsidy_yuan_per_year": "50001"}, None),
        ({"is_relending": "true"}, None),  # relending carries 2,000,000 at most
        ({"limit_note": "NULL"}, None),  # a limit that does not say what it rests on
        ({"product": "NULL"}, None),  # a price of no product
        ({"alternatives": "['basic']"}, None),  # offered twice
        ({"score": "37"}, None),  # the points do not sum to it
        ({"reasons": "['x', 'y']"}, None),  # a reason without its points
    ],
)
def test_a_wrong_row_of_the_list_stops_the_release(gate: Batches, cells: dict[str, str], column: str | None) -> None:
    stem = "out__target_list"
    other = GOOD | {"uscc": "'b'", "rank": "2", "limit_yuan": "NULL"}
    assert gate.failed(stem, rows(stem, GOOD, other)) == []
    assert [found for _, found in gate.failed(stem, rows(stem, GOOD | cells, other))] == [column]


def test_the_caps_of_the_list_are_the_plans_own_on_the_day(gate: Batches) -> None:
    stem, changed = "out__target_list", {"basic_cap_yuan": "5200000", "tech_term_months": "72", "subsidy_cap_yuan": "1"}
    more = GOOD | {"limit_yuan": "5100000", "limit_other_reading_yuan": "3000001", "term_months": "72"}
    gate.con.execute(f"CREATE TABLE raised AS {rows(stem, more | {'subsidy_yuan_per_year': 'NULL'})}")
    gate.con.execute(f"CREATE TABLE lowered AS {rows(stem, GOOD | {'subsidy_yuan_per_year': '2'})}")
    in_force, moved = list_values(PLAN), list_values(parameters(PLAN.as_of, changed))

    def failed(relation: str, values: Mapping[str, object]) -> list[str]:
        checks = gate.gate.judge(stem, relation, values=values)
        return sorted(each.column_name or "together" for each in checks if not each.success)

    assert failed("raised", in_force) == ["limit_yuan", "term_months", "together"]
    assert failed("raised", moved) == []
    assert (failed("lowered", in_force), failed("lowered", moved)) == ([], ["together"])


def test_a_suite_that_names_what_has_no_value_is_refused_in_words() -> None:
    with pytest.raises(DeclarationError, match=r"out__target_list.yml: \$segments has no value; expected \$products"):
        filled("out__target_list", {"products": []})


def test_no_cap_or_term_of_the_plan_is_written_twice() -> None:
    amounts = {str(value) for name, value in list_values(PLAN).items() if name.endswith(("_cap_yuan", "term_months"))}
    asked = str([each["kwargs"] for each in SUITES["out__target_list"]["expectations"]])
    assert {word for word in re.findall(r"\d+", asked) if word in amounts} == set()


def test_an_entity_listed_twice_stops_the_release(gate: Batches) -> None:
    stem = "out__target_list"
    assert gate.failed(stem, rows(stem, GOOD, GOOD)) == [("expect_column_values_to_be_unique", "uscc")]


def test_no_check_shows_the_values_of_a_personal_column() -> None:
    """What was observed is published with the checks: counts and shares may be, values not."""
    personal = {
        stem: {each.name for each in contract(stem).columns if each.personal} for stem in stems("schemas/feeds")
    }
    assert any(personal.values())
    shown = [
        (stem, each["kwargs"]["column"])
        for stem, columns in personal.items()
        for each in SUITES[stem]["expectations"]
        if each["kwargs"].get("column") in columns and "column_values_to" not in each["type"]
    ]
    assert shown == []
