"""The evaluator: any scorecard over the judged frame, every point with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

import polars as pl
import polars.selectors as cs

from pipelines.eligibility.segments import SEGMENTS
from pipelines.errors import DeclarationError
from pipelines.parameters import Parameters
from pipelines.scoring.card import Characteristic, Scorecard, scorecard
from pipelines.scoring.derived import DERIVED

_MOST_POINTS = 1_000
_MOST_REASONS = 10_000
"""Bounds of a line's number: the schema of the cards allows 100 points, and a card has far fewer reasons."""


def score(judged: pl.LazyFrame, p: Parameters) -> pl.LazyFrame:
    """Everyone in a segment, with a score and the points that make it up.

    Grain: the judged entities with a true segment, in their order. Adds `segment` (the primary one), `segments` (all,
    in order of precedence), `score`, `grade`, `points` and `reasons` (parallel lists: most points first, then the
    order of the card; characteristics worth nothing left out; they sum to the score), and `scorecard` (its version).

    Raises:
        DeclarationError: the parameter `scorecard` names no card, or the card names a column that does not exist.
    """
    listed = judged.filter(pl.any_horizontal([pl.col(segment.column).fill_null(value=False) for segment in SEGMENTS]))
    return evaluate(
        listed.with_columns(_segments()).with_columns(pl.col("segments").list.first().alias("segment")),
        scorecard(p.scorecard),
        p,
    )


def evaluate(frame: pl.LazyFrame, card: Scorecard, p: Parameters) -> pl.LazyFrame:
    """The frame with `score`, `grade`, `points`, `reasons` and `scorecard` by that card.

    Raises:
        DeclarationError: the card names a column that neither the frame nor `derived.py` has.
    """
    kept = frame.collect_schema().names()
    _check_columns(card, kept)
    known = frame.with_columns(cs.float().fill_nan(None))
    needed = {made.column for made in card.characteristics} - set(kept)
    valued = known.with_columns(DERIVED[name](p).alias(name) for name in sorted(needed))
    lines = pl.concat_list([_line(number, made) for number, made in enumerate(card.characteristics)])
    scored = valued.with_columns(lines.list.drop_nulls().list.sort().alias("lines"))
    score_of_points = pl.col("points").list.sum().cast(pl.Int32).alias("score")
    return (
        scored.with_columns(_points(), _reasons(card))
        .with_columns(score_of_points, pl.lit(card.version).alias("scorecard"))
        .select(*kept, "score", _grade(card), "points", "reasons", "scorecard")
    )


def _segments() -> pl.Expr:
    names = [pl.when(pl.col(segment.column)).then(pl.lit(segment.name)) for segment in SEGMENTS]
    return pl.concat_list(names).list.drop_nulls().alias("segments")


def _line(number: int, made: Characteristic) -> pl.Expr:
    """One characteristic's points and reason as one number that sorts as the lines do; NULL where it is worth nothing.

    Most points first, then the card's order. (A list of structs sorts the same, and takes many times as long.)
    """
    is_unknown = pl.col(made.column).is_null()
    points = pl.when(is_unknown).then(made.unknown).otherwise(_points_of(made)).cast(pl.Int32)
    line = (_MOST_POINTS - points) * _MOST_REASONS + 2 * number + is_unknown.cast(pl.Int32)
    return pl.when(points != 0).then(line)


def _points_of(made: Characteristic) -> pl.Expr:
    """The points of a known value."""
    column = pl.col(made.column)
    if made.values is not None:
        tests = [(column.cast(pl.String) == value, points) for value, points in made.values.items()]
        return _first_of(tests, made.other)
    return _first_of([(column < pl.lit(band.below), band.points) for band in made.bands[:-1]], made.bands[-1].points)


def _first_of(tests: Sequence[tuple[pl.Expr, int | str]], otherwise: int | str) -> pl.Expr:
    """The answer of the first test that holds (`replace_strict` would hold the whole frame in memory)."""
    found = pl.lit(otherwise)
    for test, answer in reversed(tests):
        found = pl.when(test).then(pl.lit(answer)).otherwise(found)
    return found


def _points() -> pl.Expr:
    return pl.col("lines").list.eval(_MOST_POINTS - pl.element() // _MOST_REASONS).alias("points")


def _reasons(card: Scorecard) -> pl.Expr:
    texts = [text for made in card.characteristics for text in (made.reason_zh, made.reason_of_unknown_zh)]
    named = (pl.element() % _MOST_REASONS).replace_strict(dict(enumerate(texts)), return_dtype=pl.String)
    return pl.col("lines").list.eval(named).alias("reasons")


def _grade(card: Scorecard) -> pl.Expr:
    """The first grade whose start the score reaches; the last one for everyone below."""
    reached = [(pl.col("score") >= start, name) for name, start in card.grades[:-1]]
    return _first_of(reached, card.grades[-1][0]).alias("grade")


def _check_columns(card: Scorecard, features: list[str]) -> None:
    known = {*features, *DERIVED}
    for made in card.characteristics:
        if made.column not in known:
            near = ", ".join(get_close_matches(made.column, known, n=3, cutoff=0.4)) or "a feature"
            raise DeclarationError(
                f"scorecard {card.version}: {made.name} reads the column {made.column!r}, which does not exist; "
                f"expected a column of mart.features or of scoring/derived.py, such as {near}"
            )
