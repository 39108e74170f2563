"""The published and ledger tables as declared in `schemas/tables/`: columns, types, Chinese titles, grain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from pipelines.declarations import read_declaration
from pipelines.errors import DeclarationError
from pipelines.settings import HOUSE

TABLES = HOUSE / "schemas" / "tables"


@dataclass(frozen=True)
class TableColumn:
    """One column of a table: SQL type, the heading marketing reads, and what it holds."""

    name: str
    type: str
    title_zh: str
    description: str


@dataclass(frozen=True)
class Table:
    """One declared table, e.g. `out.target_list`."""

    name: str
    title_zh: str
    description: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[TableColumn, ...]

    @property
    def table_columns(self) -> Mapping[str, str]:
        """Column name -> SQL type, in order."""
        return {column.name: column.type for column in self.columns}


@cache
def table(name: str) -> Table:
    """The declaration of a table such as `out.target_list`.

    Raises:
        DeclarationError: it is not declared.
    """
    path = TABLES / f"{name.replace('.', '__')}.yml"
    if not path.is_file():
        raise DeclarationError(f"table {name} is not declared; expected {path.relative_to(HOUSE)}")
    raw = read_declaration(path)
    columns = tuple(
        TableColumn(column, spec["type"], spec["title_zh"], spec["description"])
        for column, spec in raw["columns"].items()
    )
    return Table(raw["table"], raw["title_zh"], raw["description"], raw["grain"], tuple(raw["key"]), columns)


def tables() -> list[Table]:
    """Every declared table, by name."""
    return [table(path.stem.replace("__", ".", 1)) for path in sorted(TABLES.glob("*.yml"))]
