"""What is watched every week: whether the population still is what the cards were made for, and converts as they expect."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from pipelines.parameters import Parameters
from pipelines.scoring.card import Card
from pipelines.scoring.matured import CONTACTED
from pipelines.scoring.measures import psi, wilson

STABILITY, CALIBRATION = "population_stability_at_most", "conversions_as_expected"
WEEKS = 8
"""Earlier weeks that a week is compared with, where the card was not learned from data."""

_BAND = ("segment", "characteristic", "band")


def stability(now: pl.DataFrame, earlier: pl.DataFrame, cards: Mapping[str, Card], p: Parameters) -> pl.DataFrame:
    """The population stability index of each score and characteristic, as checks.

    Grain: segment, characteristic; those with fewer than `min_watched_entities` now or in the reference are left out.
    The reference is the population a learned card was learned on, else the `WEEKS` weeks before under the same card.

    Args:
        now: the week's rows of `ops.score_bands`.
        earlier: those of earlier weeks.
        cards: the champions.
        p: `max_psi`, `min_watched_entities`.
    """
    reference = pl.concat([_learned(cards), _earlier(earlier, cards)])
    paired = now.join(reference, on=_BAND, how="inner", suffix="_before")
    found = (
        paired.group_by("segment", "characteristic", maintain_order=True)
        .agg(
            psi(pl.col("entities"), pl.col("entities_before")).round(4).alias("psi"),
            pl.col("entities").sum(),
            pl.col("entities_before").sum(),
            pl.col("against").first(),
        )
        .filter(pl.min_horizontal("entities", "entities_before") >= p.min_watched_entities)
    )
    return _checks(
        found,
        STABILITY,
        pl.format("{}.{}", "segment", "characteristic"),
        pl.col("psi") <= float(p.max_psi),
        pl.format("{} over {} entities", pl.col("psi"), pl.col("entities")),
        pl.format(f"at most {p.max_psi} against {{}}", "against"),
    )


def calibration(outcomes: pl.DataFrame, cards: Mapping[str, Card], p: Parameters) -> pl.DataFrame:
    """Whether contacted entities convert as their grade lets expect, as checks: of the learned champions only.

    Grain: segment, grade; those with fewer than `min_watched_entities` matured are left out. It holds while the
    expected rate lies in Wilson's 95 % interval of the observed one.

    Args:
        outcomes: matured conversions (see `matured`) with the `scorecard` they were first listed by.
        cards: the champions.
        p: `min_watched_entities`.
    """
    expected = [
        (segment, card.version, grade, rate)
        for segment, card in cards.items()
        if card.learned
        for grade, rate in card.learned.expected_pct.items()
    ]
    schema = {"segment": pl.String, "scorecard": pl.String, "grade": pl.String, "expected_pct": pl.Float64}
    low, high = wilson(pl.col("events"), pl.col("entities"))
    counted = (
        outcomes.filter(pl.col("lane") == CONTACTED)
        .group_by("segment", "scorecard", "grade")
        .agg(pl.len().alias("entities"), pl.col("is_event").sum().alias("events"))
        .filter(pl.col("entities") >= p.min_watched_entities)
        .join(pl.DataFrame(expected, schema=schema, orient="row"), on=["segment", "scorecard", "grade"])
        .with_columns((low * 100).round(2).alias("low"), (high * 100).round(2).alias("high"))
        .sort("segment", "grade")
    )
    return _checks(
        counted,
        CALIBRATION,
        pl.format("{}.{}", "segment", "grade"),
        pl.col("expected_pct").is_between(pl.col("low"), pl.col("high")),
        pl.format("{} of {} converted: {} to {} %", "events", "entities", "low", "high"),
        pl.format("{} %", "expected_pct"),
    )


def _checks(
    found: pl.DataFrame, expectation: str, column: pl.Expr, success: pl.Expr, observed: pl.Expr, expected: pl.Expr
) -> pl.DataFrame:
    """Rows as those of `ops.checks`, without time and week."""
    return found.select(
        pl.lit(expectation).alias("expectation"),
        column.alias("column_name"),
        pl.lit("warning").alias("severity"),
        success.alias("success"),
        observed.alias("observed"),
        expected.alias("expected"),
        pl.lit(None, dtype=pl.String).alias("error"),
    )


def _learned(cards: Mapping[str, Card]) -> pl.DataFrame:
    """The populations that learned cards rest on."""
    rows = [
        (
            segment,
            name,
            band,
            share * card.learned.entities / 100,
            f"the population it was learned on ({card.learned.learned_on})",
        )
        for segment, card in cards.items()
        if card.learned
        for name, shares in card.learned.shares_pct.items()
        for band, share in enumerate(shares)
    ]
    return pl.DataFrame(rows, schema=_REFERENCE, orient="row")


_REFERENCE = {
    "segment": pl.String,
    "characteristic": pl.String,
    "band": pl.Int32,
    "entities": pl.Float64,
    "against": pl.String,
}


def _earlier(earlier: pl.DataFrame, cards: Mapping[str, Card]) -> pl.DataFrame:
    """The weeks before under the same cards, added up; of the cards that were not learned."""
    judged = [card.version for card in cards.values() if card.learned is None]
    weeks = sorted(earlier["week"].unique().to_list())[-WEEKS:]
    kept = earlier.filter(pl.col("week").is_in(weeks) & pl.col("scorecard").is_in(judged))
    against = pl.format("{} to {}", pl.col("week").min(), pl.col("week").max())
    return kept.group_by(*_BAND).agg(pl.col("entities").sum().cast(pl.Float64), against.alias("against")).sort(*_BAND)
