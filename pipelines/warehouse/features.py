"""The features frame (`mart.features`): the SELECTs of `sql/features/`, one per feed, joined on the entity."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from pipelines.errors import DeclarationError
from pipelines.warehouse.connect import Connection, quoted
from pipelines.warehouse.query import SQL, select, to_parquet
from pipelines.warehouse.tables import TableColumn, table

FIRST = "registry__entities"
"""Joined first, being the largest; the others follow by name, so that the SQL is the same on every machine."""

DERIVED = {
    "id_namespace": "if(contains(uscc, ':'), split_part(uscc, ':', 1), 'uscc')",
    "kind": "if(contains(uscc, ':'), NULL, uscc[1:2])",
    "name": "coalesce(name, farm_name)",
}
"""Columns of the frame that no single feed decides."""

JOINED_AT_ONCE = 1_000_000
"""Codes of the largest feed joined together: seventeen joins at once hold some two kilobytes a row, which they cannot spill."""


def make_features(con: Connection, values: Mapping[str, object], target: Path) -> None:
    """Write the features frame to a Parquet file: every feed for itself first, then all joined, a range of codes at a time.

    Args:
        con: on which `feed.*` shows the as-of.
        values: the parameters of the SELECTs.
        target: written whole or not at all.
    """
    folder = target.with_suffix(".feeds")
    shutil.rmtree(folder, ignore_errors=True)  # of a run that was stopped
    folder.mkdir()
    names = feature_names()
    for name in names:
        to_parquet(con, select(f"features/{name}"), values, folder / f"{name}.parquet")
    parts = -(-_largest(con, folder) // JOINED_AT_ONCE) or 1
    made = [folder / f"part-{part}" for part in range(parts)]
    for part, path in enumerate(made):
        to_parquet(con, assemble(names, partial(_ranged, folder, part, parts)), {}, path)
    if parts > 1:
        to_parquet(con, f"FROM read_parquet([{', '.join(quoted(str(path)) for path in made)}])", {}, folder / "all")
        made = [folder / "all"]
    made[0].replace(target)
    shutil.rmtree(folder)


def _largest(con: Connection, folder: Path) -> int:
    """Rows of the largest feed."""
    found = f"SELECT max(num_rows) FROM parquet_file_metadata({quoted(str(folder / '*.parquet'))})"
    row = con.execute(found).fetchone()
    return int(row[0]) if row and row[0] else 0


def _ranged(folder: Path, part: int, parts: int, name: str) -> str:
    """One feed's features of the codes of a range."""
    return f"FROM {quoted(str(folder / f'{name}.parquet'))} WHERE hash(uscc) % {parts} = {part}"


def feature_names() -> list[str]:
    """The stems of `sql/features/`, in the order in which they are joined."""
    names = sorted(path.stem for path in (SQL / "features").glob("*.sql"))
    return sorted(names, key=lambda name: name != FIRST)


def parameters_of(feed: str) -> set[str]:
    """The parameters that the feature SELECT of a feed reads; none where it has no SELECT."""
    path = SQL / "features" / f"{feed}.sql"
    return set(re.findall(r"\$(\w+)", path.read_text(encoding="utf-8"))) if path.is_file() else set()


def assemble(names: Sequence[str], relation: Callable[[str], str]) -> str:
    """The SELECT that full-joins what each named feed says on `uscc`; `relation` gives the SELECT of a feed.

    Grain: one row per entity that any of them knows. Columns, their order and types are those of `mart.features`; a
    column of a feed that is not named is NULL. Named parameters are those of the SELECTs.

    Raises:
        DeclarationError: no name is given.
    """
    if not names:
        raise DeclarationError("no feature SELECT to assemble; expected at least one stem of sql/features/")
    ctes = [f"{name} AS (\n{relation(name)}\n)" for name in names]
    complete = f"complete AS (\n    {completed('SELECT * FROM joined')}\n)"
    return ",\n".join([f"WITH {ctes[0]}", *ctes[1:], _joined(names), complete]) + f"\n{_frame()}"


def _joined(names: Sequence[str]) -> str:
    return f"joined AS (\n    SELECT *\n    FROM {_tree(names)}\n)"


def _tree(names: Sequence[str]) -> str:
    """Joins as a balanced tree: each join copies the columns it has so far, and in a chain the first ones go through all."""
    if len(names) == 1:
        return names[0]
    half = (len(names) + 1) // 2
    return f"({_tree(names[:half])} FULL JOIN {_tree(names[half:])} USING (uscc))"


def completed(rows: str) -> str:
    """SELECT of rows with all declared columns: those they lack are NULL, as in a release made before a column was there."""
    missing = ", ".join(f"CAST(NULL AS {column.type}) AS {column.name}" for column in _columns())
    return f"{rows}\n    UNION ALL BY NAME\n    SELECT {missing} WHERE FALSE"


def _frame() -> str:
    columns = ",\n".join(
        f"    CAST({DERIVED.get(column.name, column.name)} AS {column.type}) AS {column.name}" for column in _columns()
    )
    return f"SELECT\n{columns}\nFROM complete"


def _columns() -> tuple[TableColumn, ...]:
    return table("mart.features").columns
