"""The tables of the warehouse, made from their declarations; safe to run before every job."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.feeds.contract import contract, feeds
from pipelines.warehouse.connect import Connection, quoted, transaction
from pipelines.warehouse.tables import Table, tables

SCHEMAS = ("feed", "quarantine", "ops", "out", "register")
LAKE_TABLES = ("quarantine", "ops", "out", "register")
"""`mart.*` is recomputed for every release and lives in the published file."""

PUBLISHED_ONLY = ("register.entities",)
"""So is the dimension of all entities."""

FILES = {"parquet_version": "2", "parquet_compression": "lz4"}
"""How the warehouse writes its files: up to a third smaller than DuckLake does by itself, and read in two thirds of the time."""


def migrate(con: Connection) -> list[str]:
    """Create what is declared and missing in `lake`, tables and columns; returns what was made.

    Columns are only ever added (NULL for older rows): a declaration that drops or retypes one is for a person to migrate.
    Whoever has set an option of `FILES` in the catalog keeps it; files that lie there stay as they were written.
    """
    made: list[str] = []
    present = _present(con)
    with transaction(con):
        _choose_files(con)
        for schema in SCHEMAS:
            con.execute(f"CREATE SCHEMA IF NOT EXISTS lake.{schema}")
        for name, columns, comments in _declared():
            made += _make(con, name, columns, comments, present.get(name))
    return made


def _choose_files(con: Connection) -> None:
    chosen = {name for (name,) in con.execute("SELECT option_name FROM lake.options()").fetchall()}
    for name, value in FILES.items():
        if name not in chosen:
            con.execute(f"CALL lake.set_option({quoted(name)}, {quoted(value)})")


def columns_sql(columns: Mapping[str, str]) -> str:
    """`"a" VARCHAR, "b" DATE` for a CREATE TABLE."""
    return ", ".join(f'"{name}" {kind}' for name, kind in columns.items())


def comment_sql(name: str, comments: Mapping[str, str]) -> list[str]:
    """COMMENT statements of a table (key '') and its columns."""
    target = {column: f'COLUMN {name}."{column}"' if column else f"TABLE {name}" for column in comments}
    return [f"COMMENT ON {target[column]} IS {quoted(text)}" for column, text in comments.items()]


def feed_comments(feed: str) -> dict[str, str]:
    """What a feed table and its columns hold, from the contract."""
    made = contract(feed)
    lineage = {
        "file_id": "SHA-256 of the delivered file",
        "row_no": "row of the file, the first after the header is 1",
        "received_on": "the day the file was received; decides from which as-of on the row is visible",
    }
    if made.delivery == "upsert":
        lineage["superseded_on"] = "the day a newer version of this key was received; NULL while this one is current"
    own = {column.name: f"{column.title_zh}: {column.description}" for column in made.columns}
    return {"": f"{made.title_zh} ({made.department}). {made.description} Grain: {made.grain}."} | own | lineage


def table_comments(declared: Table) -> dict[str, str]:
    """What a declared table and its columns hold."""
    own = {column.name: f"{column.title_zh}: {column.description}" for column in declared.columns}
    return {"": f"{declared.title_zh}. {declared.description} Grain: {declared.grain}."} | own


def _declared() -> list[tuple[str, Mapping[str, str], Mapping[str, str]]]:
    made = [(f"feed.{feed}", contract(feed).table_columns, feed_comments(feed)) for feed in feeds()]
    return made + [
        (each.name, each.table_columns, table_comments(each))
        for each in tables()
        if each.name.split(".")[0] in LAKE_TABLES and each.name not in PUBLISHED_ONLY
    ]


def _present(con: Connection) -> dict[str, set[str]]:
    rows = con.execute(
        "SELECT schema_name || '.' || table_name, list(column_name) FROM duckdb_columns() WHERE database_name = 'lake' GROUP BY 1"
    ).fetchall()
    return {name: set(columns) for name, columns in rows}


def _make(
    con: Connection, name: str, columns: Mapping[str, str], comments: Mapping[str, str], have: set[str] | None
) -> list[str]:
    if have is None:
        con.execute(f"CREATE TABLE lake.{name} ({columns_sql(columns)})")
        for statement in comment_sql(f"lake.{name}", comments):
            con.execute(statement)
        return [name]
    missing = {column: kind for column, kind in columns.items() if column not in have}
    for column, kind in missing.items():
        con.execute(f'ALTER TABLE lake.{name} ADD COLUMN "{column}" {kind}')
    return [f"{name}.{column}" for column in missing]
