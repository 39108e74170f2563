"""Every suite loads whole, asks only for columns its table has, runs without raising, and its facts can fail."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from pipelines.feeds.contract import contract
from pipelines.feeds.gate import Check, Gate
from pipelines.settings import HOUSE
from pipelines.warehouse.tables import table

from .declarations import read, stems

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


class Batches:
    """The gate on batches made up by a SELECT."""

    def __init__(self) -> None:
        self.con = duckdb.connect()
        self.gate = Gate(self.con)
        self.made = 0

    def judge(self, stem: str, select: str, previous_rows: int = 4) -> list[Check]:
        """What a suite finds on the rows of a SELECT."""
        self.made += 1
        self.con.execute(f"CREATE TABLE batch_{self.made} AS {select}")
        return self.gate.judge(stem, f"batch_{self.made}", {"previous_rows": previous_rows})

    def failed(
        self, stem: str, select: str, severity: str = "critical", previous_rows: int = 4
    ) -> list[tuple[str, str | None]]:
        """Type and column of what did not hold at a severity."""
        checks = self.judge(stem, select, previous_rows)
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


@pytest.mark.parametrize("stem", SUITES)
def test_a_suite_stays_small_and_leaves_keys_to_the_split(stem: str) -> None:
    types = [each["type"] for each in SUITES[stem]["expectations"]]
    assert 3 <= len(types) <= (14 if stem.startswith("out__") else 7)
    assert stem.startswith("out__") or "expect_column_values_to_be_unique" not in types


@pytest.mark.parametrize("stem", sorted(stems("schemas/feeds")))
def test_an_empty_batch_of_any_feed_closes_the_gate(gate: Batches, stem: str) -> None:
    empty = f"SELECT * FROM ({rows(stem, {})}) WHERE false"
    assert gate.failed(stem, empty) == [("expect_table_row_count_to_be_between", None)]


@pytest.mark.parametrize("stem", SUITES)
def test_no_expectation_raises_on_a_typed_batch(gate: Batches, stem: str) -> None:
    gaps = dict.fromkeys(columns_of(stem), "NULL")
    checks = gate.judge(stem, rows(stem, {}, {}, gaps))
    assert len(checks) == len(SUITES[stem]["expectations"])
    assert [(each.expectation, each.error) for each in checks if each.success is None] == []


def test_swapped_period_columns_close_the_gate(gate: Batches) -> None:
    right = {"period_start": "DATE '2026-01-01'", "period_end": "DATE '2026-01-31'"}
    swapped = {"period_start": "DATE '2026-01-31'", "period_end": "DATE '2026-01-01'"}
    assert gate.failed("tax__payments", rows("tax__payments", right, right, swapped)) == []
    assert gate.failed("tax__payments", rows("tax__payments", right, swapped, swapped)) == [
        ("expect_column_pair_values_a_to_be_greater_than_b", "period_end")
    ]


def test_a_jump_in_rows_warns_and_lets_the_batch_in(gate: Batches) -> None:
    stem, drift = "social__insurance", ("expect_table_row_count_to_be_between", None)
    two = rows(stem, {}, {})
    assert drift not in gate.failed(stem, two, "warning", previous_rows=4)
    assert drift in gate.failed(stem, two, "warning", previous_rows=6)
    assert gate.failed(stem, two, "critical", previous_rows=6) == []


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
    ],
)
def test_a_planted_oddity_warns_and_does_not_close_the_gate(
    gate: Batches, stem: str, cells: dict[str, str], warned: str
) -> None:
    batch = rows(stem, cells)
    assert warned in {column for _, column in gate.failed(stem, batch, "warning")}
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


def test_an_entity_listed_twice_stops_the_release(gate: Batches) -> None:
    stem = "out__target_list"
    assert gate.failed(stem, rows(stem, GOOD, GOOD)) == [("expect_column_values_to_be_unique", "uscc")]
