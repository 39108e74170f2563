"""How a week's population is spread over the bands of its cards, and what follows: mean points, population stability."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from pipelines.parameters import Parameters
from pipelines.scoring.card import Card
from pipelines.scoring.evaluate import Means, band_of, slots, valued

SCORE = "score"
"""Stands among the characteristics for the score itself, in bands of ten points."""

SCORE_BANDS = 11
COLUMNS = ("segment", "scorecard", "characteristic", "band", "label", "points", "entities")


def spread(frame: pl.LazyFrame, cards: Mapping[str, Card], p: Parameters) -> pl.DataFrame:
    """How many entities lie in each band of each characteristic of their segment's card.

    Grain: segment, characteristic, band, in the order of the cards; a band without entities counts 0. Reads of the
    frame only `segment` and what the cards read.
    """
    codes = slots(cards, lambda card, number: _band(card, number))
    slot = [code.alias(str(number)) for number, code in enumerate(codes)]
    found = (
        valued(frame, cards, p)
        .select("segment", *slot)
        .unpivot(index="segment", variable_name="slot", value_name="band")
        .group_by("segment", "slot", "band")
        .agg(pl.len().alias("entities"))
        .collect(engine="streaming")
    )
    counted = found.with_columns(pl.col("slot").cast(pl.Int64))
    return (
        _declared(cards)
        .join(counted, on=["segment", "slot", "band"], how="left", maintain_order="left")
        .select(*COLUMNS[:-1], pl.col("entities").fill_null(0).cast(pl.Int64))
    )


def mean_points(spreads: pl.DataFrame) -> Means:
    """The mean points of each characteristic in its segment, in thousandths, rounded half up."""
    total, n = (pl.col("points") * pl.col("entities")).sum(), pl.col("entities").sum()
    means = (
        spreads.group_by("segment", "characteristic", maintain_order=True)
        .agg(((2000 * total + n) // (2 * n)).alias("mean"), n.alias("n"))
        .filter(pl.col("n") > 0)
    )
    return {(segment, name): int(mean) for segment, name, mean, _ in means.iter_rows()}


def score_spread(scores: pl.DataFrame) -> pl.DataFrame:
    """How many entities have each ten points of score; grain and columns are those of `spread`.

    Reads segment, scorecard and score.
    """
    band = (pl.col("score") // 10).clip(0, SCORE_BANDS - 1).cast(pl.Int32).alias("band")
    counted = scores.group_by("segment", "scorecard", band).agg(pl.len().cast(pl.Int64).alias("entities"))
    groups = counted.select("segment", "scorecard").unique().sort("segment")
    bands = pl.DataFrame({"band": range(SCORE_BANDS)}, schema={"band": pl.Int32})
    return (
        groups.join(bands, how="cross")
        .join(counted, on=["segment", "scorecard", "band"], how="left")
        .sort("segment", "scorecard", "band")
        .select(
            "segment",
            "scorecard",
            pl.lit(SCORE).alias("characteristic"),
            "band",
            pl.format("{} to {}", pl.col("band") * 10, pl.col("band") * 10 + 9).alias("label"),
            pl.lit(None, dtype=pl.Int32).alias("points"),
            pl.col("entities").fill_null(0),
        )
    )


def _band(card: Card, number: int) -> pl.Expr:
    made = card.characteristics[number]
    return band_of(made, range(len(made.worth))).cast(pl.Int32)


def _declared(cards: Mapping[str, Card]) -> pl.DataFrame:
    """Every band there is, in the order of the cards."""
    rows = [
        (segment, card.version, made.name, band, label, points, slot)
        for segment, card in cards.items()
        for slot, made in enumerate(card.characteristics)
        for band, (label, points) in enumerate(zip(made.labels, made.worth, strict=True))
    ]
    schema = dict(
        zip((*COLUMNS[:-1], "slot"), (*[pl.String] * 3, pl.Int32, pl.String, pl.Int32, pl.Int64), strict=True)
    )
    return pl.DataFrame(rows, schema=schema, orient="row")
