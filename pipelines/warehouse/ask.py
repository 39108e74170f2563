"""Questions to the published file: any SQL, read-only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines.errors import UsageError
from pipelines.warehouse.connect import open_published

MOST_ROWS = 1000
TABLES = """
    SELECT t.schema_name || '.' || t.table_name AS "table", t.estimated_size AS rows, t.comment
    FROM duckdb_tables() AS t WHERE NOT t.internal ORDER BY ALL
"""


@dataclass(frozen=True)
class Answer:
    """The first rows of a result."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    is_cut: bool


def ask(published: Path, query: str | None) -> Answer:
    """The answer of the published file to a query; without one, its tables.

    Raises:
        UsageError: the SQL is wrong (the engine's words follow) or says nothing, or nothing was published.
    """
    con = open_published(published)
    try:
        text = TABLES if query is None else query
        if not con.extract_statements(text):
            raise UsageError(f"{text[:60]!r} holds no statement; expected SQL such as: FROM out.target_list LIMIT 10")
        result = con.execute(text)
        rows = result.fetchmany(MOST_ROWS + 1)
        columns = tuple(column[0] for column in result.description or ())
    except (duckdb.Error, OverflowError) as error:  # a value may be larger than Python's own type of its kind
        raise UsageError(f"the published file cannot answer this: {error}") from error
    finally:
        con.close()
    return Answer(columns, tuple(rows[:MOST_ROWS]), len(rows) > MOST_ROWS)
