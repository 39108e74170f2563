"""One feed's room of the landing, without a lake on disk: deliver bytes, see what is accepted and what is set aside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from pipelines.feeds.contract import Contract
from pipelines.feeds.decode import decoded
from pipelines.feeds.split import Counts, split
from pipelines.warehouse.migrate import columns_sql

NO_REGISTER = "CREATE TEMP TABLE registered (code UBIGINT)"
"""No code is known to be right; see `history.know_register`."""


@dataclass(frozen=True)
class Landed:
    counts: Counts
    accepted: list[dict[str, Any]]
    rejected: list[tuple[int, str, list[str]]]
    extra: tuple[str, ...]
    corrected: list[tuple[Any, ...]]

    @property
    def reasons(self) -> list[str]:
        return [reason for _, _, reasons in self.rejected for reason in reasons]


class Room:
    def __init__(self, made: Contract, folder: Path) -> None:
        self.con = duckdb.connect()
        self.con.execute("ATTACH ':memory:' AS lake; CREATE SCHEMA lake.feed")
        self.con.execute(f"CREATE TABLE lake.feed.{made.feed} ({columns_sql(made.table_columns)})")
        self.con.execute(NO_REGISTER)
        self.made, self.folder = made, folder

    def land(self, data: bytes) -> Landed:
        """Decode and split; whatever is not refused must be conserved."""
        archived, scratch = self.folder / "archived", self.folder / "scratch"
        archived.write_bytes(data)
        with decoded(archived, self.made, scratch) as source:
            counts = split(self.con, source, self.made, date(2026, 11, 23), scratch)
            extra = source.matched.extra
            names = [column.name for column in self.made.columns]
            listed = ", ".join(f'"{name}"' for name in names)
            rows = self.con.execute(f"SELECT {listed} FROM batch ORDER BY row_id").fetchall()
            rejected = self.con.execute("SELECT row_no, raw, reasons FROM rejected ORDER BY row_no").fetchall()
            corrected = self.con.execute("SELECT column_name, applied, rows FROM corrected").fetchall()
        assert list(scratch.iterdir()) == [], "the scratch folder is empty again"
        assert counts.is_conserved, counts
        assert len({row_no for row_no, _, _ in rejected}) == len(rejected) == counts.quarantined
        return Landed(counts, [dict(zip(names, row, strict=True)) for row in rows], rejected, extra, corrected)

    def close(self) -> None:
        self.con.close()
