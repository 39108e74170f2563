"""Who is scored, and by which cards: the champion of each segment for the list, the challengers beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from pipelines.eligibility.segments import SEGMENTS
from pipelines.parameters import Parameters
from pipelines.scoring.card import Card, challengers, champions
from pipelines.scoring.evaluate import evaluate, read_lines
from pipelines.scoring.spread import mean_points, score_spread, spread

CHAMPION, CHALLENGER = "champion", "challenger"


def score(judged: pl.LazyFrame, p: Parameters, spreads: pl.DataFrame | None = None) -> pl.LazyFrame:
    """Everyone in a segment, with a score by the champion of the primary one and the points that make it up.

    Grain: the judged entities with a true segment, in their order. Adds `segment` (the primary one), `segments` (all,
    in order of precedence), `score`, `grade`, `points` and `reasons` (parallel lists that sum to the score: what lifts
    an entity furthest above the mean of its segment first; characteristics worth nothing left out), `scorecard` (its
    version) and `lines` (see `evaluate`).

    Args:
        judged: read twice: for the means of the segments, and for the entities themselves.
        p: names the champions.
        spreads: of these entities, where they are known already (`spread_of`); the means follow from them.

    Raises:
        DeclarationError: a parameter names no card, or a card names a column that does not exist.
    """
    means = mean_points(spread_of(judged, p) if spreads is None else spreads)
    return evaluate(prospects(judged), champions(p), p, means)


def spread_of(judged: pl.LazyFrame, p: Parameters) -> pl.DataFrame:
    """How everyone in a segment is spread over the bands of its champion; see `spread`."""
    return spread(prospects(judged), champions(p), p)


def prospects(judged: pl.LazyFrame) -> pl.LazyFrame:
    """The judged entities with a true segment, with `segments` (all) and `segment` (the primary one)."""
    is_in = pl.any_horizontal([pl.col(segment.column).fill_null(value=False) for segment in SEGMENTS])
    names = [pl.when(pl.col(segment.column)).then(pl.lit(segment.name)) for segment in SEGMENTS]
    segments = pl.concat_list(names).list.drop_nulls().alias("segments")
    return judged.filter(is_in).with_columns(segments).with_columns(pl.col("segments").list.first().alias("segment"))


def scores(scored: pl.LazyFrame, p: Parameters, week: str) -> pl.LazyFrame:
    """Every score of the week: by the champions, as on the list, then by the challengers (`mart.scores`).

    Grain: week, uscc, scorecard. `reasons`, `points` and `above_mean` are parallel lists with every characteristic of
    the card, also those worth nothing: what speaks against an entity is last. The means are those of the champion's
    population; for challengers they are not computed and `above_mean` is NULL.
    """
    keys: list[str | pl.Expr] = [pl.lit(week).alias("week"), "uscc", "segment", "scorecard"]
    found, against = champions(p), challengers(p)
    made = [_shown(scored, found, keys, CHAMPION)]
    if against:
        features = scored.drop("score", "grade", "points", "reasons", "scorecard", "lines")
        challenged = _shown(evaluate(features, against, p), against, keys, CHALLENGER)
        made.append(challenged.with_columns(pl.lit(None, dtype=pl.List(pl.Float64)).alias("above_mean")))
    return pl.concat(made)


def score_bands(spreads: pl.DataFrame, scored: pl.LazyFrame, week: str) -> pl.LazyFrame:
    """The rows of `ops.score_bands`: the champions' characteristics, then their scores in tens (of the rows of `scores`)."""
    by_champions = scored.filter(pl.col("role") == CHAMPION).select("segment", "scorecard", "score").collect()
    bands = pl.concat(
        [
            spreads.filter(pl.col("segment").is_in(by_champions["segment"].unique().implode())),
            score_spread(by_champions),
        ]
    )
    return bands.lazy().select(pl.lit(week).alias("week"), *bands.columns)


def _shown(scored: pl.LazyFrame, cards: Mapping[str, Card], keys: Sequence[str | pl.Expr], role: str) -> pl.LazyFrame:
    lists = [made.alias(name) for name, made in read_lines(pl.col("lines"), cards).items()]
    return scored.select(*keys, pl.lit(role).alias("role"), "score", "grade", *lists)
