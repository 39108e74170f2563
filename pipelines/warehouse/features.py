"""The features frame (`mart.features`): the SELECTs of `sql/features/`, one per feed, joined on the entity."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pipelines.errors import DeclarationError
from pipelines.warehouse.connect import Connection, quoted
from pipelines.warehouse.query import SQL, in_part, select, to_parquet, to_parts
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
"""Entities of the register joined together: seventeen joins at once hold some two kilobytes a row, which they cannot spill."""

SLICE = frozenset({"slice", "slices"})
"""The parameters of a SELECT that looks at a part of all codes."""

GROUPED_AT_ONCE = 5_000_000
"""Entities of the register that such a SELECT looks at together, so that its groups fit into memory."""


def make_features(con: Connection, values: Mapping[str, object], target: Path) -> None:
    """Write the features frame as a folder of Parquet files: every feed for itself first, then all joined, part by part.

    The parts are ranges of the codes, about as many of the register's in each: a code lies in one part of all that is made of
    these rows, and the published file finds it by the bounds of its blocks. Each row of a feed is written into its part at
    once, so that nothing is read again for every part.

    Args:
        con: on which `feed.*` shows the as-of.
        values: the parameters of the SELECTs.
        target: the folder, written whole or not at all.
    """
    folder = target.with_suffix(".feeds")
    shutil.rmtree(folder, ignore_errors=True)  # of a run that was stopped
    names, entities = feature_names(), _registered(con)
    parts = _pieces(entities, JOINED_AT_ONCE)
    part_of_code = _part_of_code(con, entities, parts)
    for name in names:
        sql = select(f"features/{name}")
        slices = _pieces(entities, GROUPED_AT_ONCE) if _named(name) >= SLICE else 1
        for nth in range(slices):
            of_slice = {**values, "slice": nth, "slices": slices}
            to_parts(con, sql, of_slice, folder / name, part_of_code)
    joined = folder / "joined"
    joined.mkdir()
    for part in range(parts):
        found = {name: rows for name in names if (rows := in_part(folder / name, part))}
        if found:
            to_parquet(con, assemble(list(found), found.__getitem__), {}, joined / f"part-{part:05}.parquet")
    if not any(joined.iterdir()):  # nobody is known to any feed
        nobody = assemble(names[:1], lambda name: select(f"features/{name}"))
        to_parquet(con, nobody, values, joined / "part-00000.parquet")
    if target.is_file():
        target.unlink()  # of an earlier version
    shutil.rmtree(target, ignore_errors=True)
    joined.replace(target)
    shutil.rmtree(folder)


def _pieces(entities: int, at_once: int) -> int:
    return max(1, -(-entities // at_once))


def _part_of_code(con: Connection, entities: int, parts: int) -> str:
    """SQL: the number of the range in which a code lies; the ranges by some ten thousand codes of the register."""
    if parts == 1:
        return "0"
    some = f"SELECT uscc FROM feed.{FIRST} WHERE hash(uscc) % {max(1, entities // 10_000)} = 0 ORDER BY uscc"
    codes = [code for (code,) in con.execute(some).fetchall()]
    begins = [(part, codes[len(codes) * part // parts]) for part in range(1, parts)]
    return (
        "CASE "
        + " ".join(f"WHEN uscc >= {quoted(code)} THEN {part}" for part, code in reversed(begins))
        + " ELSE 0 END"
    )


def _registered(con: Connection) -> int:
    row = con.execute(f"SELECT count(*) FROM feed.{FIRST}").fetchone()
    return int(row[0]) if row else 0


def feature_names() -> list[str]:
    """The stems of `sql/features/`, in the order in which they are joined."""
    names = sorted(path.stem for path in (SQL / "features").glob("*.sql"))
    return sorted(names, key=lambda name: name != FIRST)


def parameters_of(feed: str) -> set[str]:
    """The as-of and the numbers of the plan that the feature SELECT of a feed reads; none where it has no SELECT."""
    return _named(feed) - SLICE


def _named(feed: str) -> set[str]:
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
