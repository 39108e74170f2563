"""What people ask of the published file: `explain` of entities on and off the list, and the queries of `sql/examples/`."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.apart import Work

OF_EACH = 3


def ours(inputs: Path, scratch: Path) -> Work:
    """Seconds of each query, and of the slowest `explain`, every one on a connection of its own as a person would ask."""
    from pipelines.eligibility.explain import explain
    from pipelines.settings import HOUSE, Settings
    from pipelines.warehouse.ask import ask
    from pipelines.warehouse.publish import CURRENT

    published = Settings.from_env(home=inputs / "home").published / CURRENT
    seconds: dict[str, float] = {}

    def timed(name: str, answer: Callable[[], object]) -> None:
        began = time.perf_counter()
        answer()
        seconds[name] = max(seconds.get(name, 0), time.perf_counter() - began)

    def everything() -> None:
        for table in ("out.target_list", "register.entities"):
            codes = ask(published, f"SELECT uscc FROM {table} USING SAMPLE {OF_EACH} ROWS (reservoir, 1)").rows
            for (code,) in codes:
                timed("explain (the slowest)", lambda code=code: explain(published, code).to_text())
        for path in sorted((HOUSE / "sql" / "examples").glob("*.sql")):
            timed(path.stem, lambda path=path: ask(published, path.read_text(encoding="utf-8")))

    return Work(everything, lambda: {"questions": len(seconds)}, lambda: seconds)
