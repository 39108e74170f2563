"""`sql/examples/` runs on tables as they are published, and gives what its first line promises."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from pipelines.warehouse.migrate import columns_sql
from pipelines.warehouse.query import SQL, select
from pipelines.warehouse.tables import table

from .tables import Row, Warehouse

EXAMPLES = sorted(path.stem for path in (SQL / "examples").glob("*.sql"))


@pytest.fixture
def published(warehouse: Warehouse) -> Warehouse:
    warehouse.con.execute("CREATE SCHEMA ops")
    for name in ("out.attrition", "out.watchlist", "ops.files"):
        warehouse.con.execute(f"CREATE TABLE {name} ({columns_sql(table(name).table_columns)})")
    warehouse.fill(
        "out.target_list",
        "week, rank, uscc, name, division_code, reasons, is_holdout",
        """
        ('2026-W48', 1, 'A', '甲', '510600', ['一', '二', '三', '四'], FALSE), -- the best
        ('2026-W48', 2, 'B', '乙', '510600', ['一'], TRUE), -- held out: nobody sees it
        ('2026-W47', 1, 'C', '丙', '510600', ['一'], FALSE) -- last week's
        """,
    )
    warehouse.fill(
        "out.attrition",
        "week, segment, step, rule, entities_in, passed, failed, unknown",
        "('2026-W48', 'green', 1, 'x', 8, 4, 3, 1), ('2026-W48', 'green', 2, 'y', 0, 0, 0, 0) -- nobody entered",
    )
    warehouse.fill(
        "out.watchlist",
        "week, uscc, segment, missing_rule, outcome, closes_on",
        """
        ('2026-W48', 'A', 'green', 'x', 'short', '2026-12-05'), ('2026-W48', 'B', 'green', 'x', 'short', '2026-12-30'),
        ('2026-W48', 'C', 'green', 'x', 'short', NULL), -- not computable
        ('2026-W48', 'D', 'green', 'x', 'needs_data', '2026-12-30') -- time alone does not help
        """,
    )
    warehouse.fill("feed.registry__entities", "uscc, industry_code", "('A', 'C1310'), ('C', 'F5211')")
    warehouse.fill(
        "feed.tax__payments",
        "uscc, tax_item, period_end, tax_paid, withheld",
        """
        ('A', '增值税', '2026-08-31', 100, FALSE), ('A', '增值税', '2026-09-30', -30, FALSE), -- net of refunds
        ('A', '个人所得税', '2026-09-30', 500, TRUE), ('A', '失业保险费', '2026-09-30', 500, FALSE), -- not its own tax
        ('C', '增值税', '2026-09-30', 7, FALSE) -- not on this week's list
        """,
    )
    warehouse.fill(
        "ops.files",
        "feed, name, received_on, rows_in, accepted, duplicates, quarantined, status, reason",
        """
        ('tax__payments', 'a.csv', '2026-11-20', 100, 97, 1, 2, 'landed', NULL),
        ('tax__payments', 'b.csv', '2026-11-21', 5, 0, 0, 0, 'refused', 'broken zip') -- counts no rows
        """,
    )
    return warehouse


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_runs_on_an_empty_release_too(warehouse: Warehouse, name: str) -> None:
    warehouse.con.execute("CREATE SCHEMA ops")
    for declared in ("out.attrition", "out.watchlist", "ops.files"):
        warehouse.con.execute(f"CREATE TABLE {declared} ({columns_sql(table(declared).table_columns)})")
    assert warehouse.con.execute(select(f"examples/{name}")).fetchall() == []


def test_there_are_five() -> None:
    assert len(EXAMPLES) == 5


def test_each_example_gives_what_its_first_line_promises(published: Warehouse) -> None:
    assert _rows(published, "best_prospects_by_division") == [("A", "一；二；三")]
    assert _rows(published, "where_entities_fall_out") == [("x", 37.5, 12.5), ("y", None, None)]
    assert _rows(published, "soon_to_qualify") == [(date(2026, 12, 1), 2)]
    assert _rows(published, "tax_by_industry_and_quarter") == [("13", date(2026, 7, 1), 1, 70)]
    assert _rows(published, "feed_health") == [(1, 1, date(2026, 11, 20), 100, 2, 2.0, "broken zip")]


LOOKED_AT = {
    "best_prospects_by_division": ("uscc", "main_reasons"),
    "where_entities_fall_out": ("rule", "failed_pct", "unknown_pct"),
    "soon_to_qualify": ("qualifies_in", "entities"),
    "tax_by_industry_and_quarter": ("industry", "quarter", "taxpayers", "tax_paid_yuan"),
    "feed_health": (
        "files_landed",
        "files_not_landed",
        "newest_on",
        "rows_in",
        "quarantined",
        "quarantined_pct",
        "latest_reason",
    ),
}


def _rows(warehouse: Warehouse, name: str) -> list[tuple[object, ...]]:
    rows: list[Row] = warehouse.rows(f"examples/{name}")
    return [tuple(_day(row[column]) for column in LOOKED_AT[name]) for row in rows]


def _day(value: object) -> object:
    return value.date() if isinstance(value, datetime) else value
