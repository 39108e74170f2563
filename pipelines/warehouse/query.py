"""SELECTs of `sql/`: one per file, named parameters bound, no templating."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from pipelines.errors import DeclarationError, UsageError
from pipelines.settings import HOUSE
from pipelines.warehouse.connect import Connection, quoted

SQL = HOUSE / "sql"


def select(name: str) -> str:
    """The SELECT in `sql/<name>.sql`.

    Raises:
        DeclarationError: there is none.
    """
    path = SQL / f"{name}.sql"
    if not path.is_file():
        raise DeclarationError(f"no SQL named {name}; expected {path.relative_to(HOUSE)}")
    return path.read_text(encoding="utf-8").rstrip().rstrip(";")


def bound(con: Connection, sql: str, parameters: Mapping[str, object]) -> dict[str, object]:
    """Those of the parameters that the SELECT names.

    Raises:
        DeclarationError: it names one that has no value.
    """
    named = {name for statement in con.extract_statements(sql) for name in statement.named_parameters}
    missing = named - parameters.keys()
    if missing:
        raise DeclarationError(f"the SQL names parameters without a value: {sorted(missing)}")
    return {name: parameters[name] for name in sorted(named)}


def to_parquet(con: Connection, sql: str, parameters: Mapping[str, object], path: Path) -> None:
    """Write the rows of a SELECT to a Parquet file, whole or not at all."""
    partial = path.with_suffix(".partial")
    con.execute(
        f"COPY ({sql}) TO {quoted(str(partial))} (FORMAT parquet, COMPRESSION lz4)", bound(con, sql, parameters)
    )
    partial.replace(path)


def from_parquet(con: Connection, path: Path, table: str) -> bool:
    """Make a table of the rows of a file, which may go meanwhile; False where it is not there."""
    try:
        con.execute(f"CREATE OR REPLACE TABLE {table} AS FROM {quoted(str(path))}")
    except duckdb.IOException:
        return False
    return True


def to_parts(con: Connection, sql: str, parameters: Mapping[str, object], folder: Path, part: str) -> None:
    """Add the rows of a SELECT to a folder of Parquet files, apart by the number that `part` (SQL) gives each row."""
    folder.mkdir(parents=True, exist_ok=True)
    con.execute(
        f"COPY (SELECT *, {part} AS part FROM ({sql})) TO {quoted(str(folder))} "
        "(FORMAT parquet, COMPRESSION lz4, PARTITION_BY part, APPEND)",
        bound(con, sql, parameters),
    )


def in_part(folder: Path, part: int) -> str | None:
    """SELECT of the rows that `to_parts` wrote for a number; None where there are none."""
    found = folder / f"part={part}"
    return f"FROM read_parquet({quoted(str(found / '*'))}, hive_partitioning = false)" if found.is_dir() else None


def columns_of(con: Connection, table: str) -> set[str]:
    """The columns of a table `schema.name` of the published file; empty when it is not there."""
    try:
        return {name for (name,) in con.execute("SELECT name FROM pragma_table_info(?)", [table]).fetchall()}
    except duckdb.CatalogException:
        return set()


def published_rows(con: Connection, name: str, **parameters: object) -> list[dict[str, Any]]:
    """The rows that the SELECT of `sql/<name>.sql` finds in a published file, as dictionaries.

    Raises:
        UsageError: the file was published by a version of this project that did not write what is asked for.
    """
    sql = select(name)
    try:
        found = con.execute(sql, bound(con, sql, parameters))
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        raise UsageError(
            f"the published file cannot answer sql/{name}.sql, another version of shoudai made it "
            f"({str(error).splitlines()[0]}); publish the week again with `shoudai run`"
        ) from error
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def release_of(con: Connection, published: Path) -> dict[str, Any]:
    """The run that made the file `published`, open on `con`: week, as_of, catalog_version, parameters_version, notes.

    Asked of the ledger, not of the list or the register, which may be empty.

    Raises:
        UsageError: the file holds no published run.
    """
    for run in published_rows(con, "published/release"):
        return run
    raise UsageError(f"{published} holds no release with its run in ops.runs; publish one with `shoudai run`")
