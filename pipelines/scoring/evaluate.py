"""The evaluator: the cards of all segments over one frame, every point with its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches

import polars as pl
import polars.selectors as cs

from pipelines.errors import DeclarationError
from pipelines.parameters import Parameters
from pipelines.scoring.card import Card, Characteristic
from pipelines.scoring.derived import DERIVED

Means = Mapping[tuple[str, str], int]
"""(segment, characteristic) -> mean points of the segment's population, in thousandths of a point."""

_BASE = 10_000
"""A line is one number of three parts to this base: place in the order, code of the reason, points."""

_MOST_POINTS = 1_000
_MOST_ABOVE = 500_000
"""Bounds: the schema of the cards allows 100 points, hence 200 above a mean, which is 200,000 thousandths."""


def evaluate(frame: pl.LazyFrame, cards: Mapping[str, Card], p: Parameters, means: Means | None = None) -> pl.LazyFrame:
    """The rows whose `segment` has a card, with `score`, `grade`, `points`, `reasons`, `scorecard` and `lines` by it.

    `points` and `reasons` are parallel lists that sum to the score: what lifts the entity furthest above the mean of its
    segment first, then the order of the card; what is worth nothing is left out. `lines` has every characteristic of
    the card in the same order, each as one number that `read_lines` reads. Without `means` every mean is 0.

    Raises:
        DeclarationError: a card names a column that neither the frame nor `derived.py` has.
    """
    kept = frame.collect_schema().names()
    slots = _slots(cards, means or {})
    names = [f"slot_{number}" for number in range(len(slots))]
    scored = (
        valued(frame, cards, p)
        .with_columns(line.alias(name) for name, line in zip(names, slots, strict=True))
        .with_columns(
            _sorted_list(map(pl.col, names)).alias("lines"), _sorted_list(map(_unless_nothing, names)).alias("worth")
        )
        .with_columns(
            pl.col("worth").list.eval(_points_of(pl.element())).alias("points"),
            pl.col("worth").list.eval(_reason_of(pl.element(), cards)).alias("reasons"),
        )
        .with_columns(pl.col("points").list.sum().cast(pl.Int32).alias("score"))
    )
    return scored.select(
        *kept,
        "score",
        by_segment(cards, _grade).alias("grade"),
        "points",
        "reasons",
        by_segment(cards, lambda card: pl.lit(card.version)).alias("scorecard"),
        "lines",
    )


def read_lines(lines: pl.Expr, cards: Mapping[str, Card]) -> dict[str, pl.Expr]:
    """What the numbers of `lines` say, as parallel lists: `reasons`, `points`, and `above_mean` in points."""
    above = (_MOST_ABOVE - pl.element() // _BASE**2) / 1000
    return {
        "reasons": lines.list.eval(_reason_of(pl.element(), cards)),
        "points": lines.list.eval(_points_of(pl.element())),
        "above_mean": lines.list.eval(above),
    }


def valued(frame: pl.LazyFrame, cards: Mapping[str, Card], p: Parameters) -> pl.LazyFrame:
    """The rows whose `segment` has a card, with the derived columns that the cards read; what is not a number is NULL.

    Raises:
        DeclarationError: a card names a column that neither the frame nor `derived.py` has.
    """
    have = frame.collect_schema().names()
    for card in cards.values():
        _check_columns(card, have)
    needed = {made.column for card in cards.values() for made in card.characteristics} - set(have)
    known = frame.filter(pl.col("segment").is_in(list(cards))).with_columns(cs.float().fill_nan(None))
    return known.with_columns(DERIVED[name](p).alias(name) for name in sorted(needed))


def by_segment(cards: Mapping[str, Card], answer: Callable[[Card], pl.Expr]) -> pl.Expr:
    """The answer of the card of each row's segment; NULL for a row of another segment."""
    return first_of([(pl.col("segment") == segment, answer(card)) for segment, card in cards.items()], pl.lit(None))


def band_of(made: Characteristic, answers: Sequence[int | float]) -> pl.Expr:
    """The answer of the band a value lies in, in the numbering of `labels`; the last is that of an unknown value."""
    column = pl.col(made.column)
    if made.values is not None:
        tests = [column.cast(pl.String) == value for value in made.values]
    else:
        tests = [column < pl.lit(band.below) for band in made.bands[:-1]]
    known = first_of(list(zip(tests, map(pl.lit, answers), strict=False)), pl.lit(answers[-2]))
    return pl.when(column.is_null()).then(pl.lit(answers[-1])).otherwise(known)


def first_of(tests: Sequence[tuple[pl.Expr, pl.Expr]], otherwise: pl.Expr) -> pl.Expr:
    """The answer of the first test that holds (`replace_strict` would hold the whole frame in memory)."""
    found = otherwise
    for test, answer in reversed(tests):
        found = pl.when(test).then(answer).otherwise(found)
    return found


def slots(cards: Mapping[str, Card], answer: Callable[[Card, int], pl.Expr]) -> list[pl.Expr]:
    """One expression for the first, second, ... characteristic of each row's own card; NULL where a card is shorter."""
    longest = max(len(card.characteristics) for card in cards.values())
    return [_of_slot(cards, answer, number) for number in range(longest)]


def _of_slot(cards: Mapping[str, Card], answer: Callable[[Card, int], pl.Expr], number: int) -> pl.Expr:
    long_enough = {segment: card for segment, card in cards.items() if len(card.characteristics) > number}
    return by_segment(long_enough, lambda card: answer(card, number))


def _slots(cards: Mapping[str, Card], means: Means) -> list[pl.Expr]:
    """Each characteristic's line: a number that sorts as the reasons do (a list of structs takes many times as long)."""
    starts = _starts(cards)

    def line(card: Card, number: int) -> pl.Expr:
        made = card.characteristics[number]
        mean, code = means.get((card.segment, made.name), 0), starts[card.segment] + 2 * number
        unknown = len(made.worth) - 1
        answers = [
            ((_MOST_ABOVE - points * 1000 + mean) * _BASE + code + (band == unknown)) * _BASE + points + _MOST_POINTS
            for band, points in enumerate(made.worth)
        ]
        return band_of(made, answers)

    return slots(cards, line)


def _starts(cards: Mapping[str, Card]) -> dict[str, int]:
    """Where the codes of a card's reasons begin: two for each characteristic, known and not known."""
    starts, next_one = {}, 0
    for segment, card in cards.items():
        starts[segment] = next_one
        next_one += 2 * len(card.characteristics)
    return starts


def _sorted_list(lines: Iterable[pl.Expr]) -> pl.Expr:
    return pl.concat_list(list(lines)).list.drop_nulls().list.sort()


def _unless_nothing(name: str) -> pl.Expr:
    return pl.when(pl.col(name) % _BASE != _MOST_POINTS).then(pl.col(name))


def _points_of(line: pl.Expr) -> pl.Expr:
    return (line % _BASE - _MOST_POINTS).cast(pl.Int32)


def _reason_of(line: pl.Expr, cards: Mapping[str, Card]) -> pl.Expr:
    texts = [
        text
        for card in cards.values()
        for made in card.characteristics
        for text in (made.reason_zh, made.reason_of_unknown_zh)
    ]
    return (line // _BASE % _BASE).replace_strict(dict(enumerate(texts)), return_dtype=pl.String)


def _grade(card: Card) -> pl.Expr:
    """The first grade whose start the score reaches; the last one for everyone below."""
    reached = [(pl.col("score") >= start, pl.lit(name)) for name, start in card.grades[:-1]]
    return first_of(reached, pl.lit(card.grades[-1][0]))


def _check_columns(card: Card, features: Sequence[str]) -> None:
    known = {*features, *DERIVED}
    for made in card.characteristics:
        if made.column not in known:
            near = ", ".join(get_close_matches(made.column, known, n=3, cutoff=0.4)) or "a feature"
            raise DeclarationError(
                f"scorecard {card.version}, {card.segment}: {made.name} reads the column {made.column!r}, which does not "
                f"exist; expected a column of mart.features or of scoring/derived.py, such as {near}"
            )
