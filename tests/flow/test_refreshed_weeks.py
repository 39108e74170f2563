"""A published file keeps what the one before held of earlier weeks, but for weeks that were published again since."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest

from pipelines.warehouse.connect import reader
from pipelines.warehouse.publish import build
from pipelines.warehouse.tables import table
from pipelines.warehouse.visible import show_feeds

from .homes import AS_OF

NAME = "out.attrition"
Weeks = Mapping[str, tuple[str, int]]
"""Week -> the run that published it, and a number that stands in its rows."""


def rows_of(name: str, given: list[dict[str, str]]) -> str:
    """SELECT of rows with some columns of a declared table given as SQL, the others NULL."""
    columns = table(name).table_columns
    nothing = ", ".join(f'NULL::{kind} AS "{column}"' for column, kind in columns.items())
    rows = [", ".join(f'{sql} AS "{column}"' for column, sql in row.items()) for row in given]
    return " UNION ALL BY NAME ".join([f"SELECT {nothing} WHERE FALSE", *(f"SELECT {row}" for row in rows)])


@pytest.fixture
def publish(county, tmp_path):
    """Publish some weeks, the last one being this week's, on a copy of the file before."""
    made: list[Path] = []

    def published(weeks: Weeks) -> dict[str, list[int]]:
        *before, now = weeks
        lines = {
            week: [{"week": f"'{week}'", "step": str(step), "passed": str(number)} for step in (1, 2)]
            for week, (_, number) in weeks.items()
        }
        runs = [
            {"week": f"'{week}'", "run_id": f"'{run}'", "started_at": f"TIMESTAMP '2026-01-01' + INTERVAL {place} DAY"}
            for place, (week, (run, _)) in enumerate(weeks.items())
        ]
        target = tmp_path / f"{len(made)}.duckdb"
        if made:
            shutil.copyfile(made[-1], target)
        with reader(county.settings) as con:
            show_feeds(con, AS_OF)
            con.execute(
                "CREATE SCHEMA register; CREATE VIEW register.links AS SELECT NULL AS source_feed, NULL AS source_id, NULL AS uscc WHERE FALSE"
            )
            sources = {
                "register.links": rows_of("register.links", []),
                "ops.runs": rows_of("ops.runs", runs),
                NAME: rows_of(NAME, lines[now]),
            }
            build(con, target, sources, {NAME: rows_of(NAME, [line for week in before for line in lines[week]])})
        made.append(target)
        with duckdb.connect(str(target), read_only=True) as con:
            found = con.execute(
                f"SELECT week, list(passed ORDER BY step) FROM {NAME} GROUP BY week ORDER BY week"
            ).fetchall()
        return dict(found)

    return published


def test_weeks_are_added_one_after_the_other(publish):
    assert publish({"2026-W44": ("a", 1)}) == {"2026-W44": [1, 1]}
    assert publish({"2026-W44": ("a", 1), "2026-W45": ("b", 2)}) == {"2026-W44": [1, 1], "2026-W45": [2, 2]}


def test_what_a_known_run_published_is_not_written_again(publish):
    publish({"2026-W44": ("a", 1)})
    assert publish({"2026-W44": ("a", 9), "2026-W45": ("b", 2)}) == {"2026-W44": [1, 1], "2026-W45": [2, 2]}


def test_a_week_published_again_by_another_run_is(publish):
    publish({"2026-W44": ("a", 1)})
    assert publish({"2026-W44": ("c", 9), "2026-W45": ("b", 2)}) == {"2026-W44": [9, 9], "2026-W45": [2, 2]}


def test_the_same_week_again_replaces_itself(publish):
    publish({"2026-W44": ("a", 1), "2026-W45": ("b", 2)})
    assert publish({"2026-W44": ("a", 1), "2026-W45": ("c", 3)}) == {"2026-W44": [1, 1], "2026-W45": [3, 3]}


def test_a_week_the_file_before_did_not_have_comes_and_one_nobody_has_goes(publish):
    publish({"2026-W43": ("x", 7), "2026-W45": ("b", 2)})
    found = publish({"2026-W44": ("a", 1), "2026-W45": ("b", 2), "2026-W46": ("d", 4)})
    assert found == {"2026-W44": [1, 1], "2026-W45": [2, 2], "2026-W46": [4, 4]}
