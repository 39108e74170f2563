"""How near a learned card comes to the planted truth: AUC on the list of a world that nobody has learned from.

`python -m tests.benchmarks.learning [ENTITIES]`: one world teaches (list, outcomes, ninety-one days), the cards are learned
with `shoudai fit`'s own code and become champions by the dated parameter; another world, with other entities and a later day, is ranked by
them, and the truth draws its outcomes. `truth` is the planted propensity, whose noise (0.35 in log-odds) no feed shows;
`visible` is the same without that noise, on the features of the list: the most that any card can reach, but for luck.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.table import Table

from pipelines.scoring.measures import auc
from tests.flow.playing import EXPERT, LEARNED, RANKED, TAUGHT, World, changed_plan, fitted, switched

SCORES = ("truth", "visible", "learned", "expert")
_ENOUGH = 0.02
out = Console(width=140)


def main(entities: int) -> None:
    folder = Path(tempfile.mkdtemp(prefix="shoudai-learning-"))
    try:
        out.print(f"two worlds of {entities:,} entities …")
        teaching, ranked = (
            World(folder / "one", TAUGHT, 1).made(entities),
            World(folder / "two", RANKED, 2).made(entities),
        )
        segments, refused = learned(folder, teaching)
        with changed_plan(folder, switched(segments)):
            ranked.listed()
        report(marks(ranked, segments))
        for words in refused:
            out.print(f"not learned: {words}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def learned(folder: Path, teaching: World) -> tuple[list[str], tuple[str, ...]]:
    """The segments a card was learned for, and why not for the others."""
    with changed_plan(folder, {}):
        teaching.listed()
        made = fitted(teaching, folder / "cards" / f"{LEARNED}.yml")
    return [str(model["segment"]) for model in made.models], made.refused


def marks(world: World, segments: list[str]) -> dict[str, Mapping[str, float | None]]:
    """Segment -> AUC of each score over the contacted entities of the list, with how many they are and how many took a loan."""
    rows = outcomes(world)
    found: dict[str, Mapping[str, float | None]] = {}
    for segment in segments:
        of_segment = rows.filter(pl.col("segment") == segment)
        counts = {"contacted": of_segment.height, "loans": int(of_segment["is_event"].sum())}
        found[segment] = counts | {name: auc(of_segment, name, "is_event") for name in SCORES}
    return found


def outcomes(world: World) -> pl.DataFrame:
    """uscc, segment, is_event, and the scores, of the contacted entities of a world's newest list."""
    listed = world.ask(
        f"""
        SELECT listed.uscc, listed.segment, listed.score AS learned, challenger.score AS expert, {visible()} AS visible
        FROM out.target_list AS listed JOIN mart.features USING (uscc) JOIN out.eligibility USING (uscc)
        JOIN mart.scores AS challenger ON challenger.uscc = listed.uscc AND challenger.scorecard LIKE '{EXPERT}%'
        """
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


def visible() -> str:
    """The planted propensity in log-odds without its noise, on the features of a release (SQL; see simulate/expected.py)."""
    has_demand = "(demand_registered_on IS NOT NULL)::INT"
    return f"""
        0.6 * coalesce(rule__paid_tax_12_months, false)::INT
        + 0.5 * least(ln(1 + greatest(coalesce(tax_paid_12m_yuan, 0), 0)::DOUBLE / 50000), 2)
        + 0.5 * least(ln(1 + coalesce(inflow_mean_12m_yuan, 0)::DOUBLE / 100000), 2)
        + 1.3 * {has_demand} + 0.4 * coalesce(tax_grade IN ('A', 'B'), false)::INT
        - 0.4 * coalesce(insured_max_12m - insured_min_12m > 2, false)::INT
        + 0.5 * coalesce(segment__rural, false)::INT * {has_demand} + 0.7 * coalesce(segment__park_tech, false)::INT
        + 0.3 * coalesce(segment__green, false)::INT - 0.5 * coalesce(segment__new_enterprise, false)::INT"""


def report(found: Mapping[str, Mapping[str, float | None]]) -> None:
    """A row a segment; how far the learned card stays behind the truth and behind what can be seen of it."""
    columns = ("segment", "contacted", "loans", *SCORES, "behind truth", "behind visible")
    table = Table(*columns, title=f"AUC on a list nobody learned from (wanted: within {_ENOUGH} of what can be seen)")
    for segment, marked in found.items():
        counts = (f"{marked[name]:,.0f}" for name in ("contacted", "loans"))
        scores = (_shown(marked[name]) for name in SCORES)
        behind = (_behind(marked[name], marked["learned"]) for name in ("truth", "visible"))
        table.add_row(segment, *counts, *scores, *behind)
    out.print(table)


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _behind(best: float | None, value: float | None) -> str:
    return "" if best is None or value is None else f"{best - value:+.3f}"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60_000)
