"""`make bench`: each contender three times in turn, each in a process of its own; medians, ratios, peak memory."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.benchmarks import deciding, tax_file
from tests.benchmarks.apart import Outcome, run_apart

ROUNDS = 3
out = Console(width=120)


def main() -> None:
    rows, entities = int(os.environ.get("BENCH_ROWS", "5000000")), int(os.environ.get("BENCH_ENTITIES", "1000000"))
    folder = Path(tempfile.mkdtemp(prefix="shoudai-bench-"))
    try:
        out.print(f"making a tax file of {rows:,} rows …")
        tax_file.make(folder / "files", rows)
        contenders = ["landing:bare", "landing:ours"]
        report(f"landing {rows:,} tax rows", "3.0", contenders, folder / "files", folder / "scratch")
        shutil.rmtree(folder / "files")
        out.print(f"making a warehouse of {entities:,} entities …")
        panel = deciding.make(folder / "home", entities)
        contenders = ["deciding:by_hand", "deciding:ours"]
        report(f"deciding {entities:,} entities, {panel:,} rows", "2.0", contenders, folder / "home", folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def report(what: str, budget: str, contenders: Sequence[str], inputs: Path, scratch: Path) -> None:
    """Run the contenders in turn and print a row each; the first is the measure of the others."""
    table = Table("contender", "seconds", "ratio", "budget", "peak MB", "written MB", title=what)
    taken: dict[str, list[Outcome]] = {name: [] for name in contenders}
    for round_no in range(ROUNDS):
        for name in contenders:
            out.print(f"  round {round_no + 1}: {name}")
            taken[name].append(run_apart(name, inputs, scratch / name.replace(":", "-")))
    agree(taken)
    measure = median(each.seconds for each in taken[contenders[0]])
    for name, outcomes in taken.items():
        seconds = median(each.seconds for each in outcomes)
        table.add_row(
            name, f"{seconds:.1f}", f"{seconds / measure:.2f}", "" if name == contenders[0] else f"≤ {budget}",
            f"{max(each.peak_mb for each in outcomes):,.0f}", f"{median(each.written_mb for each in outcomes):,.0f}",
        )  # fmt: skip
        for step, spent in outcomes[-1].steps.items():
            table.add_row(f"  {step}", f"{spent:.1f}", "", "", "", "", style="dim")
    out.print(table)


def agree(taken: dict[str, list[Outcome]]) -> None:
    """Contenders must give the same answer, as far as they answer the same questions.

    Raises:
        RuntimeError: they do not.
    """
    answers = [outcome.answer for outcomes in taken.values() for outcome in outcomes]
    shared = set.intersection(*(set(answer) for answer in answers))
    if not shared or any(answer[key] != answers[0][key] for answer in answers for key in shared):
        raise RuntimeError(f"the contenders disagree: {answers}")


if __name__ == "__main__":
    main()
