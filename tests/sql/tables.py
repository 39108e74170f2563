"""Small literal tables in, rows of a SELECT out: what the tests of `sql/` are written with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import duckdb

from pipelines.feeds.contract import contract, feeds
from pipelines.scoring.measures import Z
from pipelines.warehouse.features import assemble
from pipelines.warehouse.migrate import columns_sql
from pipelines.warehouse.query import bound, select
from pipelines.warehouse.tables import table

AS_OF = date(2026, 11, 23)
NUMBERS: Mapping[str, object] = {
    "as_of": AS_OF,
    "week": "2026-W48",
    "grace_days": 0,
    "tax_deadline_day": 15,
    "tax_window_months": 12,
    "tax_cycle_months_back": 15,
    "slice": 0,
    "slices": 1,
    "insured_window_months": 12,
    "max_missing_insured_months": 1,
    "min_insured_staff": 3,
    "max_insured_staff": 20,
    "bill_window_months": 12,
    "min_paid_bill_months": 10,
    "tech_certifications": ["科技型中小企业", "专精特新", "高新技术企业"],
    "rural_operator_types": ["家庭农场", "农民专业合作社", "农产品加工小作坊"],
    "maturity_days": 90,
    "z": Z,
    "bank_name": "蜀农商行",
    "first_loan_definition": "never_any_loan",
}
Row = dict[str, Any]


def selected(feed: str) -> str:
    """The feature SELECT of a feed, as the frame joins it."""
    return select(f"features/{feed}")


class Warehouse:
    """An in-memory database with empty `feed.*`, `out.target_list`, `out.releases` and `plan.targets`.

    Rows of a file named `legacy` came under a legacy id: they are in `linkable.*`, too.
    """

    def __init__(self) -> None:
        self.con = duckdb.connect()
        for schema in ("feed", "linkable", "out", "plan"):
            self.con.execute(f"CREATE SCHEMA {schema}")
        for feed in feeds():
            self.con.execute(f"CREATE TABLE feed.{feed} ({columns_sql(contract(feed).table_columns)})")
            self.con.execute(f"CREATE VIEW linkable.{feed} AS FROM feed.{feed} WHERE file_id = 'legacy'")
        self.con.execute(f"CREATE TABLE out.target_list ({columns_sql(table('out.target_list').table_columns)})")
        self.con.execute("CREATE TABLE out.releases (week VARCHAR, as_of DATE)")
        self.con.execute(
            "CREATE TABLE plan.targets (target VARCHAR, year INTEGER DEFAULT 2026, clause VARCHAR, title_zh VARCHAR, unit VARCHAR, measure VARCHAR,"
            " segments VARCHAR[], value DECIMAL(18, 2))"
        )

    def fill(self, name: str, columns: str, values: str) -> None:
        """Insert literal rows: `values` is what follows VALUES, with a comment on each row."""
        self.con.execute(f"INSERT INTO {name} ({columns}) VALUES {values}")

    def insert(self, uscc: str, feeds: Mapping[str, Sequence[Mapping[str, object]]]) -> None:
        """Insert rows of one entity by feed, each as what it says of its columns."""
        for feed, rows in feeds.items():
            for row in rows:
                names, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" * len(row))
                self.con.execute(f"INSERT INTO feed.{feed} (uscc, {names}) VALUES (?, {marks})", [uscc, *row.values()])

    def rows(self, name: str, **numbers: object) -> list[Row]:
        """The rows of `sql/<name>.sql`, by its first columns."""
        return self._rows(select(name), numbers)

    def entities(self, name: str, **numbers: object) -> dict[str, Row]:
        """The rows of a feature SELECT by uscc; fails when an entity has two."""
        rows = self.rows(f"features/{name}", **numbers)
        found = {row.pop("uscc"): row for row in rows}
        assert len(found) == len(rows), "more than one row for an entity"
        return found

    def frame(self, *names: str, **numbers: object) -> list[Row]:
        """The rows of the assembled features frame."""
        return self._rows(assemble(names, selected), numbers)

    def as_view(self, name: str, **numbers: object) -> None:
        """Keep the rows of `sql/conversion/<name>.sql` as table `out.<name>`, as the flow does."""
        sql = select(f"conversion/{name}")
        self.con.execute(f"CREATE OR REPLACE TABLE out.{name} AS {sql}", bound(self.con, sql, {**NUMBERS, **numbers}))

    def _rows(self, sql: str, numbers: Mapping[str, object]) -> list[Row]:
        result = self.con.execute(f"FROM ({sql}) ORDER BY ALL", bound(self.con, sql, {**NUMBERS, **numbers}))
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
