"""The assembled features frame: one row per entity that any feed knows, columns as declared."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from pipelines.errors import DeclarationError
from pipelines.warehouse import features
from pipelines.warehouse.features import assemble, feature_names, make_features
from pipelines.warehouse.query import bound, select
from pipelines.warehouse.tables import table

from .tables import NUMBERS, Warehouse, selected


def test_every_entity_of_any_feed_has_one_row(warehouse: Warehouse) -> None:
    warehouse.fill("feed.registry__entities", "uscc, name", "('91A', '甲公司'), ('92B', NULL)")
    warehouse.fill(
        "feed.social__insurance", "uscc, month, insured_headcount", "('91A', '2026-10-01', 5), ('91C', '2026-10-01', 6)"
    )
    warehouse.fill("feed.bank__flows", "uscc, month, inflow", "('91C', '2026-10-01', 5), ('92D', '2026-10-01', 6)")
    warehouse.fill(
        "feed.agriculture__operators",
        "operator_id, uscc, name",
        "('1', NULL, '王家农场'), ('2', '92B', '李家农场'), ('3', '91A', '甲农场')",
    )
    rows = warehouse.frame(*feature_names())
    assert [(row["uscc"], row["id_namespace"], row["kind"], row["name"]) for row in rows] == [
        ("91A", "uscc", "91", "甲公司"),  # the register's name stands
        ("91C", "uscc", "91", None),  # known to two feeds, and to no register
        ("92B", "uscc", "92", "李家农场"),  # the farm's name where the register has none
        ("92D", "uscc", "92", None),
        ("farm:1", "farm", None, "王家农场"),  # an entity of its own namespace
    ]
    assert [row["insured_latest"] for row in rows] == [5, 6, None, None, None]  # absent is NULL, never 0


def test_made_part_by_part_the_frame_is_the_same(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = [f"91{number:03}" for number in range(40)]
    warehouse.fill("feed.registry__entities", "uscc, name", ", ".join(f"('{code}', '{code}')" for code in codes[:30]))
    insured = ", ".join(f"('{code}', '2026-10-01', {nth})" for nth, code in enumerate(codes[20:]))
    warehouse.fill("feed.social__insurance", "uscc, month, insured_headcount", insured)
    warehouse.fill(
        "feed.agriculture__operators", "operator_id, uscc, name", "('1', NULL, '王家农场'), ('2', '91039', '李家')"
    )
    taxed = ", ".join(
        f"('{code}', '增值税', '2026-04-01', '2026-04-30', {nth})" for nth, code in enumerate(codes[10:25])
    )
    warehouse.fill("feed.tax__payments", "uscc, tax_item, period_start, period_end, tax_paid", taxed)
    expected, target = warehouse.frame(*feature_names()), tmp_path / "features.parquet"
    for joined, grouped in ((1_000_000, 1_000_000), (7, 11)):
        monkeypatch.setattr(features, "JOINED_AT_ONCE", joined)
        monkeypatch.setattr(features, "GROUPED_AT_ONCE", grouped)
        make_features(warehouse.con, NUMBERS, target)
        files = sorted(target.iterdir())
        assert len(files) == -(-30 // joined), "a file for each part of the codes"
        bounds = [warehouse.con.execute(f"SELECT min(uscc), max(uscc) FROM '{file}'").fetchone() for file in files]
        assert bounds == sorted(bounds)
        assert all(last < first for (_, last), (first, _) in pairwise(bounds)), "a code lies in one part"
        found = warehouse.con.execute(f"FROM '{target}/*.parquet' ORDER BY ALL").pl()
        assert found.columns == list(table("mart.features").table_columns)
        assert found.to_dicts() == expected
        assert [path.name for path in tmp_path.iterdir()] == [target.name], "nothing else is left"
    assert len(expected) == 41
    assert [row["tax_filings"] for row in expected].count(1) == 15


def test_where_nobody_is_known_the_frame_has_its_columns_and_no_rows(warehouse: Warehouse, tmp_path: Path) -> None:
    make_features(warehouse.con, NUMBERS, tmp_path / "features.parquet")
    found = warehouse.con.execute(f"FROM '{tmp_path}/features.parquet/*.parquet'").pl()
    assert (found.height, found.columns) == (0, list(table("mart.features").table_columns))


def test_columns_are_those_declared_also_when_a_feed_is_left_out(warehouse: Warehouse) -> None:
    declared = table("mart.features").table_columns
    warehouse.fill("feed.tax__credit_grades", "uscc, year, grade", "('91A', 2025, 'A')")
    for names in (feature_names(), ["tax__credit_grades"]):
        sql = assemble(names, selected)
        described = warehouse.con.execute(f"DESCRIBE {sql}", bound(warehouse.con, sql, NUMBERS)).fetchall()
        assert {name: kind for name, kind, *_ in described} == declared
        assert [name for name, *_ in described] == list(declared)
    (row,) = warehouse.frame("tax__credit_grades")
    assert (row["uscc"], row["tax_grade"], row["tax_filings"]) == ("91A", "A", None)


@pytest.mark.parametrize("name", feature_names())
def test_a_feature_select_brings_declared_columns_of_the_declared_type(warehouse: Warehouse, name: str) -> None:
    sql = select(f"features/{name}")
    described = warehouse.con.execute(f"DESCRIBE {sql}", bound(warehouse.con, sql, NUMBERS)).fetchall()
    declared = table("mart.features").table_columns
    assert {column: kind for column, kind, *_ in described} == {column: declared[column] for column, *_ in described}
    assert described[0][0] == "uscc"


def test_columns_of_two_feature_selects_never_share_a_name(warehouse: Warehouse) -> None:
    found: list[str] = []
    for name in feature_names():
        sql = select(f"features/{name}")
        described = warehouse.con.execute(f"DESCRIBE {sql}", bound(warehouse.con, sql, NUMBERS)).fetchall()
        found += [column for column, *_ in described if column != "uscc"]
    assert len(found) == len(set(found))
    assert set(found) | {"uscc", "id_namespace", "kind"} == set(table("mart.features").table_columns)


def test_the_register_comes_first_and_the_order_is_fixed() -> None:
    names = feature_names()
    assert names[0] == "registry__entities"
    assert names[1:] == sorted(names[1:])


@pytest.mark.parametrize(("names", "said"), [([], "at least one"), (["tax__nothing"], "tax__nothing")])
def test_a_frame_of_nothing_is_refused(names: list[str], said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        assemble(names, selected)


@pytest.mark.parametrize(
    ("name", "column"), [("social__insurance", "month"), ("bank__flows", "month"), ("tax__payments", "period_end")]
)
def test_a_panel_reads_only_the_months_of_its_window(warehouse: Warehouse, name: str, column: str) -> None:
    """The bound reaches the scan as a plain comparison of the column: Parquet files outside it are not opened."""
    warehouse.con.execute(
        f"INSERT INTO feed.{name} (uscc, {column})"
        " SELECT 'A', CAST(DATE '2010-01-01' + to_months(CAST(i AS INTEGER)) AS DATE) FROM range(240) AS t (i)"
    )
    sql = select(f"features/{name}")
    ((_, plan),) = warehouse.con.execute(f"EXPLAIN {sql}", bound(warehouse.con, sql, NUMBERS)).fetchall()
    text = "".join(plan.split()).replace("│", "")
    assert f"{column}>='202" in text
    assert f"CAST({column}AS" not in text
