"""How near a learned card comes to the planted truth: AUC on the list of a world that nobody has learned from.

`python -m tests.benchmarks.learning [ENTITIES]`: a world of twice so many entities teaches (list, outcomes, ninety-one days); the cards
become champions by the dated parameter; another world, with other entities and a later day, is ranked by them, and the truth draws its
outcomes. `truth` is the planted propensity, a function of the entity's feeds alone (`simulate/expected.py`): the most that any card can
reach, but for luck. The luck is told twice: as the standard error of the difference (DeLong, paired), and by the difference that the
propensities themselves make, without any draw. The learner was chosen by what the world of seed 1 taught of the one of seed 2; nothing was
chosen on the one ranked here.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table

from pipelines.scoring.matured import CONTACTED
from pipelines.scoring.measures import auc
from tests.flow.playing import EXPERT, LEARNED, RANKED, TAUGHT, World, changed_plan, fitted, switched

TEACHER = 1
"""Seed of the world that is learned from."""

TEACHES = 2
"""It has so many times the entities of the one ranked: the rarest segment needs some 500 first loans to learn from."""

UNSEEN = 4
"""Seed of the world that is ranked."""

COUNTS = ("taught by", "contacted", "loans")
SCORES = ("truth", "learned", "expert")
_ENOUGH = 0.02
out = Console(width=140)


def main(entities: int) -> None:
    folder = Path(tempfile.mkdtemp(prefix="shoudai-learning-"))
    try:
        out.print(f"a world of {TEACHES * entities:,} entities teaches, another one of {entities:,} is ranked …")
        taught_by, refused = learned(folder, TEACHES * entities)
        ranked = World(folder / "ranked", RANKED, UNSEEN).made(entities)
        with changed_plan(folder, switched([*taught_by])):
            ranked.listed()
        report(marks(ranked, taught_by))
        for words in refused:
            out.print(f"not learned: {words}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def learned(folder: Path, entities: int) -> tuple[dict[str, int], tuple[str, ...]]:
    """Segment -> first loans that taught its card; why others have none. Of the teaching world nothing is kept."""
    world = World(folder / "taught", TAUGHT, TEACHER)
    with changed_plan(folder, {}):
        world.made(entities).listed()
        made = fitted(world, folder / "cards" / f"{LEARNED}.yml")
    shutil.rmtree(world.folder)
    return {model["segment"]: _first_loans(model) for model in made.models}, made.refused


def _first_loans(model: Mapping[str, Any]) -> int:
    return next(int(lane["events"]) for lane in model["lanes"] if lane["lane"] == CONTACTED)


def marks(world: World, taught_by: Mapping[str, int]) -> dict[str, Mapping[str, float | None]]:
    """Segment -> AUC of each score over the contacted entities of the list, how many they are and took a loan, and the luck in it."""
    rows = outcomes(world)
    found: dict[str, Mapping[str, float | None]] = {}
    for segment, lessons in taught_by.items():
        of_segment = rows.filter(pl.col("segment") == segment)
        counts = {"taught by": lessons, "contacted": of_segment.height, "loans": int(of_segment["is_event"].sum())}
        luck = {"error": error_of_difference(of_segment), "but for luck": behind_but_for_luck(of_segment)}
        found[segment] = counts | {name: auc(of_segment, name, "is_event") for name in SCORES} | luck
    return found


def outcomes(world: World, database: Path | None = None) -> pl.DataFrame:
    """uscc, segment, is_event, and the scores, of the contacted entities of a world's list (in a published file; the newest)."""
    listed = world.ask(
        f"""
        SELECT listed.uscc, listed.segment, listed.score AS learned, challenger.score AS expert
        FROM out.target_list AS listed
        JOIN mart.scores AS challenger ON challenger.uscc = listed.uscc AND challenger.scorecard LIKE '{EXPERT}%'
        """,
        database,
    )
    contacted, paid = (played(world, feed) for feed in ("crm__contacts", "crm__disbursements"))
    truth = world.truth("propensity").select("uscc", pl.col("with_contact").alias("truth"))
    return (
        listed.join(truth, on="uscc")
        .filter(pl.col("uscc").is_in(contacted.implode()))
        .with_columns(pl.col("uscc").is_in(paid.implode()).alias("is_event"))
    )


def played(world: World, feed: str) -> pl.Series:
    """The codes in the files that the world wrote after its list."""
    files = (world.folder / "inbox" / feed).glob(f"*_{world.as_of:%G-W%V}_*.csv")
    return pl.concat([pl.read_csv(path, infer_schema=False)["统一社会信用代码"] for path in files]).unique()


def error_of_difference(rows: pl.DataFrame) -> float | None:
    """Standard error of the AUC of `truth` less that of `learned`, both on the same rows (DeLong 1988).

    None with fewer than two events or two others: one alone does not vary.
    """
    if not 2 <= rows["is_event"].sum() <= rows.height - 2:
        return None
    apart = rows.select("is_event", apart=_placements(rows, "truth") - _placements(rows, "learned"))
    by_kind = apart.group_by("is_event").agg(pl.col("apart").var() / pl.len())
    return float(by_kind["apart"].sum()) ** 0.5


def _placements(rows: pl.DataFrame, score: str) -> pl.Series:
    """For each event the share of the others it lies above, for each other the share of the events above it; ties half."""
    ranks = rows.select(
        (pl.col(score).rank("average") - pl.col(score).rank("average").over("is_event"))
        / (pl.len() - pl.len().over("is_event")),
        "is_event",
    )
    return ranks.select(pl.when("is_event").then(pl.col(score)).otherwise(1 - pl.col(score))).to_series()


def behind_but_for_luck(rows: pl.DataFrame) -> float:
    """How far `learned` lies behind `truth` by their AUCs but for luck."""
    return auc_but_for_luck(rows, "truth") - auc_but_for_luck(rows, "learned")


def auc_but_for_luck(rows: pl.DataFrame, score: str) -> float:
    """The AUC of a score where each entity counts as an event by its propensity, and as none by the rest."""
    is_event, is_none = pl.col("propensity"), 1 - pl.col("propensity")
    alike = (
        rows.select(pl.col("truth").alias("propensity"), pl.col(score).alias("score"))
        .group_by("score")
        .agg(events=is_event.sum(), others=is_none.sum())
        .sort("score")
    )
    below = pl.col("others").cum_sum() - pl.col("others") / 2
    wins = (pl.col("events") * below).sum() / (pl.col("events").sum() * pl.col("others").sum())
    return float(alike.select(wins).item())


def report(found: Mapping[str, Mapping[str, float | None]]) -> None:
    """A row a segment; how far the learned card stays behind the truth, and how much of it may be luck."""
    columns = ("segment", *COUNTS, *SCORES, "behind truth", "± error", "but for luck")
    table = Table(*columns, title=f"AUC on a list nobody learned from (wanted: within {_ENOUGH} of the truth)")
    for segment, marked in found.items():
        counts = (f"{marked[name]:,.0f}" for name in COUNTS)
        scores = (_shown(marked[name]) for name in SCORES)
        behind = _behind(marked["truth"], marked["learned"])
        table.add_row(segment, *counts, *scores, behind, _shown(marked["error"]), _shown(marked["but for luck"]))
    out.print(table)


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _behind(best: float | None, value: float | None) -> str:
    return "" if best is None or value is None else f"{best - value:+.3f}"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
