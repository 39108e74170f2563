"""Landing a tax__payments file: through the pipeline, against DuckDB's own typed `read_csv` of a clean file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks import tax_file
from tests.benchmarks.apart import Work
from tests.benchmarks.clock import Clock

TYPED = {
    "uscc": "VARCHAR",
    "name": "VARCHAR",
    "tax_item": "VARCHAR",
    "period_start": "DATE",
    "period_end": "DATE",
    "due_on": "DATE",
    "declared_on": "DATE",
    "paid_on": "DATE",
    "tax_due": "DECIMAL(18,2)",
    "tax_paid": "DECIMAL(18,2)",
    "withheld": "VARCHAR",
    "voucher_no": "VARCHAR",
}
"""Every column typed by hand; DuckDB's reader has no cast from 是/否."""


def ours(inputs: Path, scratch: Path) -> Work:
    """`flow.ingest` of the spoilt file into an empty warehouse: archived, digested, checked, split, judged, in the ledger."""
    import great_expectations  # noqa: F401 - loaded by the first batch otherwise

    from pipelines import flow
    from pipelines.feeds import land, pull, read, split
    from pipelines.feeds.gate import Gate
    from pipelines.settings import Settings

    shutil.rmtree(scratch, ignore_errors=True)
    settings = Settings.from_env(home=scratch, inbox=inputs / "inbox")
    clock = Clock()
    clock.watch(pull, "archive", "archive and SHA-256")
    clock.watch(read, "_stream", "read: one streamed pass")
    clock.watch(read, "_check_codes", "read: check characters")
    clock.watch(read, "take_care", "read: odd rows with care")
    clock.watch(split, "_exclude_repeats", "split: repeats in the file")
    clock.watch(split, "_compare_with_known", "split: against the warehouse")
    clock.watch(split, "_reject", "split: quarantine")
    clock.watch(Gate, "judge", "gate: Great Expectations")
    clock.watch(land.Landing, "_write", "write Parquet and quarantine")
    landed: list[Any] = []

    def answer() -> dict[str, int]:
        (outcome,) = landed[0].files
        if outcome.status != "landed":
            raise RuntimeError(f"the file did not land: {outcome.status}, {outcome.reason}")
        counts = {name: getattr(outcome.counts, name) for name in ("rows_in", "accepted", "duplicates", "quarantined")}
        expected = json.loads((inputs / "expected.json").read_text(encoding="utf-8"))
        if counts != expected:
            raise RuntimeError(f"the split gave {counts}; the generator spoilt rows for {expected}")
        return counts

    return Work(lambda: landed.append(flow.ingest(settings, ["tax__payments"])), answer, lambda: clock.seconds)


def bare(inputs: Path, scratch: Path) -> Work:
    """`CREATE TABLE AS` from `read_csv` with every column typed, into a plain `.duckdb` file, closed."""
    import duckdb

    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    path = inputs / "clean" / tax_file.NAME

    def load() -> None:
        con = duckdb.connect(str(scratch / "bare.duckdb"))
        columns = ", ".join(f"'{name}': '{kind}'" for name, kind in TYPED.items())
        con.execute(
            f"CREATE TABLE tax AS FROM read_csv('{path}', header = true, auto_detect = false, columns = {{{columns}}})"
        )
        con.close()

    return Work(load, _count(scratch / "bare.duckdb"))


def _count(path: Path) -> Callable[[], dict[str, int]]:
    def answer() -> dict[str, int]:
        import duckdb

        with duckdb.connect(str(path), read_only=True) as con:
            row = con.execute("SELECT count(*) FROM tax").fetchone()
        return {"rows_in": row[0] if row else 0}

    return answer
