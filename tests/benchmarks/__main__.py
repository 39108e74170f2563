"""`make bench`: contenders in turn, each in a process of its own; medians, ratios, peak memory. Sizes: see README.md here."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.benchmarks import deciding, month, tax_file
from tests.benchmarks.apart import CONTENDERS, Outcome, run_apart

ROUNDS = 3
SUBSET_ROWS = 200_000
"""What a row-by-row loader can take in a minute."""
MOST_ELSEWHERE = 2_000_000
"""Entities that fit into memory in pandas, which takes six gigabytes for a million."""
MONTHS = (12, 36)
"""A warehouse of one year and of three."""
out = Console(width=120)


def main() -> None:
    """Every table, on data made for it in a temporary folder."""
    folder = Path(tempfile.mkdtemp(prefix="shoudai-bench-"))
    rows, entities = int(os.environ.get("BENCH_ROWS", "5000000")), int(os.environ.get("BENCH_ENTITIES", "1000000"))
    try:
        landing(folder / "tax", rows)
        month_of_all_feeds(folder / "month", entities)
        deciding_by_all(folder / "province", entities)
        growth(folder, entities // 10)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def landing(folder: Path, rows: int) -> None:
    """A large file against the engine's bare load; a small one also against a loader that goes row by row."""
    for size, contenders, rounds in (
        (rows, ["landing:bare", "landing:ours"], ROUNDS),
        (SUBSET_ROWS, ["landing:bare", "landing:ours", "in_dlt:in_dlt"], 1),
    ):
        out.print(f"making a tax file of {size:,} rows …")
        tax_file.make(folder, size)
        budgets = {"landing:ours": "≤ 2"} if size == rows else {}
        report(f"landing {size:,} tax rows", budgets, contenders, folder, rounds)
        shutil.rmtree(folder)


def month_of_all_feeds(folder: Path, entities: int) -> None:
    """What arrives in a month, into a warehouse that holds the year before; the weeks around it; what people ask of the list."""
    out.print(f"making a warehouse of {entities:,} entities and the files of its newest month …")
    rows = month.make(folder, entities)
    size = f"{entities:,} entities, {rows:,} new rows"
    report(f"landing a month, {size}", {"month:ours": "≤ 2"}, ["month:bare", "month:ours"], folder, 1)
    for name, title in (
        ("weekly:first", f"the first week of a warehouse, {entities:,} entities"),
        ("weekly:later", f"four weeks later: a month landed, a list published, {size}"),
        ("asking:ours", f"asking the published file, {entities:,} entities"),
    ):
        report(title, {}, [name], folder, 1)
    shutil.rmtree(folder)


def deciding_by_all(home: Path, entities: int) -> None:
    """Who is eligible, by us and by others."""
    out.print(f"making a warehouse of {entities:,} entities …")
    panel = deciding.make(home, entities)
    size = f"{entities:,} entities, {panel:,} rows"
    if entities <= MOST_ELSEWHERE:
        others = ["deciding:ours", "in_pandas:in_pandas", "in_spark:in_spark", "in_spark:our_rules"]
        report(f"the same rules elsewhere, {size}", {"in_pandas:in_pandas": "≥ 10"}, others, home, 1)
    taken = in_turn(["deciding:ours", "deciding:by_hand"], home, ROUNDS)  # the second writes what the first left behind
    agree(taken)
    show(f"deciding, {size}", {"deciding:ours": "≤ 1.5"}, dict(reversed(taken.items())))
    shutil.rmtree(home)
    growth_of_province(home, entities // 10, {size: taken["deciding:ours"]})


def growth_of_province(home: Path, entities: int, larger: dict[str, list[Outcome]]) -> None:
    """Cost follows the number of entities: a tenth of a province beside the whole one."""
    out.print(f"making a warehouse of {entities:,} entities …")
    size = f"{entities:,} entities, {deciding.make(home, entities):,} rows"
    smaller = in_turn(["deciding:ours"], home, ROUNDS)["deciding:ours"]
    show("size: deciding", {}, {size: smaller, **larger})
    shutil.rmtree(home)


def growth(folder: Path, entities: int) -> None:
    """Cost follows the window, not the history in the warehouse."""
    taken = {}
    for months in MONTHS:
        home = folder / f"{months}-months"
        out.print(f"making a warehouse of {entities:,} entities and {months} months …")
        rows = deciding.make(home, entities, months)
        taken[f"{months} months, {rows:,} rows"] = in_turn(["deciding:ours"], home, ROUNDS)
        shutil.rmtree(home)
    outcomes = {size: found["deciding:ours"] for size, found in taken.items()}
    show(f"history: deciding {entities:,} entities", {list(outcomes)[-1]: "≤ 1.15"}, outcomes)


def report(
    what: str, budgets: dict[str, str], contenders: Sequence[str], inputs: Path, rounds: int
) -> dict[str, list[Outcome]]:
    """Run the contenders in turn and print a row each; the first is the measure of the others."""
    taken = in_turn([name for name in contenders if _is_here(name)], inputs, rounds)
    agree(taken)
    show(what, budgets, taken)
    return taken


def in_turn(contenders: Sequence[str], inputs: Path, rounds: int) -> dict[str, list[Outcome]]:
    """Every contender once a round."""
    taken: dict[str, list[Outcome]] = {name: [] for name in contenders}
    for round_no in range(rounds):
        for name in contenders:
            out.print(f"  round {round_no + 1}: {name}")
            scratch = inputs.with_name(f"{inputs.name}-{name.replace(':', '-')}")
            taken[name].append(run_apart(name, inputs, scratch))
            shutil.rmtree(scratch, ignore_errors=True)
    return taken


def _is_here(contender: str) -> bool:
    """Whether a contender's library is there, and the Java that PySpark needs."""
    needs = {"in_dlt": "dlt", "in_spark": "pyspark"}.get(contender.partition(":")[0])
    is_here = needs is None or (CONTENDERS / needs).is_dir()
    is_here = is_here and (needs != "pyspark" or shutil.which("java") is not None)
    if not is_here:
        out.print(
            f"  {contender} is left out: {needs} is not in .bench/ (`make bench` installs it), or there is no Java"
        )
    return is_here


def show(what: str, budgets: dict[str, str], taken: dict[str, list[Outcome]]) -> None:
    """A table: medians, ratios to the first row, peak memory, bytes written; the steps where a contender tells them."""
    table = Table("contender", "seconds", "ratio", "budget", "peak MB", "written MB", title=what)
    measure = median(each.seconds for each in next(iter(taken.values())))
    for name, outcomes in taken.items():
        seconds = median(each.seconds for each in outcomes)
        peak, written = max(each.peak_mb for each in outcomes), median(each.written_mb for each in outcomes)
        ratio, budget = f"{seconds / measure:.2f}", budgets.get(name, "")
        table.add_row(name, f"{seconds:.1f}", ratio, budget, f"{peak:,.0f}", f"{written:,.0f}")
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
