"""Data runs one way: which tables each folder of SQL may read, that a file is one plain SELECT, and what none may say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from pipelines.settings import HOUSE

MAY_READ = {
    "registers": {"feed", "register", "lake.feed"},
    "features": {"feed", "linkable"},
    "published": {"feed", "mart", "out", "ops", "quarantine"},
    "conversion": {"feed", "out", "plan"},
    "report": {"mart", "out", "ops"},
    "examples": {"feed", "mart", "out", "ops", "quarantine"},
}
CLOCKS = (exp.CurrentDate, exp.CurrentTimestamp, exp.CurrentTime, exp.CurrentDatetime)
CLOCK_WORDS = re.compile(r"\b(now|today|current_date|current_timestamp|localtimestamp|get_current_timestamp)\b", re.I)
# A window over all rows at once breaks now and then in DuckDB 1.5.5 (duckdb/duckdb #25713: a race, "Attempted to access
# index 0 within vector of size 0", which shuts the file): a subquery says the same. `row_number` streams and does not.
WHOLE_WINDOW = re.compile(r"(?<!\brow_number\(\)) OVER *\( *\)", re.I)
FILES = sorted((HOUSE / "sql").rglob("*.sql"))
NAMES = [str(path.relative_to(HOUSE)) for path in FILES]

each_file = pytest.mark.parametrize("path", FILES, ids=NAMES)


def statement(text: str) -> exp.Expr:
    found = [each for each in sqlglot.parse(text, dialect="duckdb") if each is not None]
    assert len(found) == 1, f"{len(found)} statements; expected one SELECT"
    return found[0]


def tables_read(text: str) -> set[str]:
    """Every `schema.table` a SELECT reads; a bare name that is no CTE comes back as it is."""
    tree = statement(text)
    ctes = {cte.alias_or_name.lower() for cte in tree.find_all(exp.CTE)}
    found = [table for table in tree.find_all(exp.Table) if isinstance(table.this, exp.Identifier)]
    return {
        ".".join(filter(None, (each.db, each.name))).lower()
        for each in found
        if each.db or each.name.lower() not in ctes
    }


def clocks(text: str) -> list[str]:
    tree = statement(text)
    calls = [each.sql() for each in tree.find_all(*CLOCKS)]
    return calls + [each.name for each in tree.find_all(exp.Anonymous) if CLOCK_WORDS.fullmatch(each.name)]


@each_file
def test_a_file_reads_only_the_schemas_of_its_folder(path: Path) -> None:
    allowed = MAY_READ[path.relative_to(HOUSE / "sql").parts[0]]
    read = tables_read(path.read_text(encoding="utf-8"))
    assert {table for table in read if table.split(".")[0] not in allowed or "." not in table} == set()


@pytest.mark.parametrize("path", [path for path in FILES if path.parent.name == "features"], ids=lambda path: path.stem)
def test_a_feature_select_reads_its_own_feed(path: Path) -> None:
    assert f"feed.{path.stem}" in tables_read(path.read_text(encoding="utf-8"))


@each_file
def test_a_file_is_one_select_without_templating_or_a_clock(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert isinstance(statement(text), exp.Query)
    assert not re.search(r"\{\{|\{%", text)
    assert clocks(text) == [], "use $as_of: a replay must not depend on the day it runs"


@pytest.mark.parametrize(
    "path", [*FILES, *sorted((HOUSE / "pipelines").rglob("*.py"))], ids=lambda path: str(path.relative_to(HOUSE))
)
def test_no_window_is_over_all_rows(path: Path) -> None:
    assert WHOLE_WINDOW.findall(" ".join(path.read_text(encoding="utf-8").split())) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [("count(*) OVER ()", 1), ("max(d) over ( )", 1), ("row_number() OVER ()", 0), ("sum(x) OVER (PARTITION BY y)", 0)],
)
def test_a_window_over_all_rows_is_found(text: str, found: int) -> None:
    assert len(WHOLE_WINDOW.findall(f"SELECT {text}")) == found


def test_there_is_sql_to_look_at() -> None:
    assert {path.parent.name for path in FILES} >= {"features", "conversion"}
    assert {path.relative_to(HOUSE / "sql").parts[0] for path in FILES} <= MAY_READ.keys()


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("SELECT * FROM feed.a", {"feed.a"}),
        ("WITH a AS (FROM feed.b) SELECT * FROM a", {"feed.b"}),
        ("SELECT * FROM feed.a WHERE uscc IN (SELECT uscc FROM out.target_list)", {"feed.a", "out.target_list"}),
        ("SELECT * FROM a JOIN mart.features USING (uscc)", {"a", "mart.features"}),
        ("SELECT * FROM range(12) AS t (k), (VALUES (1)) AS v (x)", set()),
    ],
)
def test_the_tables_of_a_select_are_found(text: str, read: set[str]) -> None:
    assert tables_read(text) == read


@pytest.mark.parametrize("clock", ["current_date", "now()", "today()", "current_timestamp", "get_current_timestamp()"])
def test_a_clock_is_found(clock: str) -> None:
    assert clocks(f"SELECT {clock} AS day") != []
