"""The run that made a published file, among those of all weeks that the file holds."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import UsageError
from pipelines.warehouse.migrate import columns_sql
from pipelines.warehouse.query import release_of
from pipelines.warehouse.tables import table

W48, W48_MIDWEEK, W47 = ("2026-W48", "2026-11-23"), ("2026-W48", "2026-11-25"), ("2026-W47", "2026-11-16")


def own_run(*runs: tuple[str, str, str, str]) -> tuple[str, date, str]:
    """Week, as-of and day of the own run of a file with these runs: week, as_of, day of the run, status."""
    with duckdb.connect() as con:
        con.execute(f"CREATE SCHEMA ops; CREATE TABLE ops.runs ({columns_sql(table('ops.runs').table_columns)})")
        for run in runs:
            con.execute("INSERT INTO ops.runs (week, as_of, started_at, status) VALUES (?, ?, ?, ?)", list(run))
        con.execute("UPDATE ops.runs SET parameters_version = strftime(started_at, '%Y-%m-%d')")
        found = release_of(con, Path("current.duckdb"))
        return found["week"], found["as_of"], found["parameters_version"]


@pytest.mark.parametrize(
    ("runs", "own"),
    [
        ([(*W47, "2026-11-16", "published"), (*W48, "2026-11-23", "published")], (*W48, "2026-11-23")),
        # W47 was published once more after W48, as of its own day: the file of W48 made after that is still of W48
        ([(*W48, "2026-11-23", "published"), (*W47, "2026-11-24", "published")], (*W48, "2026-11-23")),
        ([(*W48, "2026-11-23", "published"), (*W48_MIDWEEK, "2026-11-25", "published")], (*W48_MIDWEEK, "2026-11-25")),
        # made again for the same day: the newest
        ([(*W48, "2026-11-25", "published"), (*W48, "2026-11-24", "published")], (*W48, "2026-11-25")),
        ([(*W48, "2026-11-24", "published"), (*W48, "2026-11-25", "published")], (*W48, "2026-11-25")),
        # a run that failed made no file
        ([(*W47, "2026-11-16", "published"), (*W48, "2026-11-23", "failed")], (*W47, "2026-11-16")),
    ],
)
def test_the_own_run_is_the_published_one_with_the_latest_as_of(runs, own):
    assert own_run(*runs) == (own[0], date.fromisoformat(own[1]), own[2])


def test_a_file_without_a_run_is_said_so():
    with pytest.raises(UsageError, match=r"current\.duckdb holds no release"):
        own_run()
