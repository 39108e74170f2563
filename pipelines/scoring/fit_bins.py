"""Bands learned from outcomes: monotone bins by optbinning, their weights of evidence, what they tell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import polars as pl

from pipelines.scoring.card import Band, Characteristic
from pipelines.scoring.evaluate import band_of

ONLY_ADDS = ("S05", "S06", "S16", "S21", "S22", "S25", "S26", "S28", "S29")
"""Clauses whose features only speak for an entity: an unknown value counts as the band of fewest points."""

_MOST_BANDS = 5
_LEAST_SHARE = 0.05
"""Of the sample in a band: smaller ones are noise, and nobody remembers more than five."""

_SIGNIFICANT_DIGITS = 3
"""Of a learned bound: a rounder number loses nothing, and people can say it."""


@dataclass(frozen=True)
class Learnt:
    """A characteristic with learned bands.

    Attributes:
        made: the characteristic; its points are not learned yet.
        evidence: ln(share of events / share of the others) by band, unknown last.
        information: the information value: below 0.02 a characteristic tells nothing.
        least: the known band of least evidence: the first or last of a number; unknown values of what only adds points
            (`ONLY_ADDS`) lie there too.
    """

    made: Characteristic
    evidence: tuple[float, ...]
    information: float
    least: int


def learn_bands(rows: pl.DataFrame, like: Characteristic) -> Learnt | None:
    """The bands of a characteristic learned from `rows` (its column, `is_event`); None where nothing can be told apart.

    Along the bands of a number the evidence only rises or only falls; where the plan only adds points it goes the way
    of `like`, and unknown values lie in the band of least evidence (of a list: the value of least).
    """
    trend = _trend(like)
    made = _values(rows, like) if like.values is not None else _bands(rows, like)
    while made is not None:
        counts = _counts(rows, made)
        least = _least(made, counts, trend)
        evidence, counts = _evidence(counts, least if made.clause in ONLY_ADDS else None)
        wrong = _against_the_trend(evidence[:-1], 1 if least == 0 else -1)
        if made.values is not None or wrong is None:
            return Learnt(made, evidence, _information(evidence, counts), least)
        made = _without(made, wrong)
    return None


def _values(rows: pl.DataFrame, like: Characteristic) -> Characteristic | None:
    """Each value that is frequent enough is a band of its own."""
    texts = rows.get_column(like.column).cast(pl.String).drop_nulls()
    counted = texts.value_counts(name="n").filter(pl.col("n") >= _LEAST_SHARE * rows.height)
    found = sorted(counted.get_column(like.column).to_list())
    return replace(like, values=dict.fromkeys(found, 0), other=0, unknown=0) if found else None


def _bands(rows: pl.DataFrame, like: Characteristic) -> Characteristic | None:
    known = rows.select(pl.col(like.column).cast(pl.Float64), pl.col("is_event").cast(pl.Int8)).drop_nulls()
    if known.get_column("is_event").n_unique() < 2 or known.get_column(like.column).n_unique() < 2:
        return None
    is_whole = rows.schema[like.column].is_integer()
    bounds = sorted({math.ceil(bound) if is_whole else _rounded(bound) for bound in _splits(known, like)})
    return _banded(like, bounds)


def _splits(known: pl.DataFrame, like: Characteristic) -> Sequence[float]:
    """The bounds that tell most (CP-SAT with one worker and a fixed seed: the same every time)."""
    from optbinning import OptimalBinning  # type: ignore[import-untyped]

    binning: Any = OptimalBinning(
        name=like.name,
        monotonic_trend={1: "ascending", -1: "descending"}.get(_trend(like), "auto_asc_desc"),
        max_n_bins=_MOST_BANDS,
        min_bin_size=_LEAST_SHARE,
    )
    binning.fit(known.get_column(like.column).to_numpy(), known.get_column("is_event").to_numpy())
    return [float(bound) for bound in binning.splits]


def _banded(like: Characteristic, bounds: Sequence[Decimal | int]) -> Characteristic | None:
    bands = (*(Band(bound, 0) for bound in bounds), Band(None, 0))
    return replace(like, bands=bands, unknown=0) if bounds else None


def _rounded(bound: float) -> Decimal | int:
    made = Decimal(f"{bound:.{_SIGNIFICANT_DIGITS}g}")
    return int(made) if made == made.to_integral_value() else made


def _trend(like: Characteristic) -> int:
    """1: more is better, -1: less is; 0 where the outcomes may say."""
    return _sign(like.worth[0], like.worth[-2]) if like.clause in ONLY_ADDS else 0


def _sign(first: float, last: float) -> int:
    return (last > first) - (last < first)


def _counts(rows: pl.DataFrame, made: Characteristic) -> list[tuple[int, int]]:
    """Events and others by band, unknown last."""
    codes = band_of(made, range(len(made.worth))).alias("band")
    counted = {
        band: (int(events), int(others))
        for band, events, others in rows.group_by(codes)
        .agg(pl.col("is_event").sum().alias("events"), (~pl.col("is_event")).sum().alias("others"))
        .iter_rows()
    }
    return [counted.get(band, (0, 0)) for band in range(len(made.worth))]


def _least(made: Characteristic, counts: Sequence[tuple[int, int]], trend: int) -> int:
    """The known band of least evidence: of a number the first or last, by the trend of the plan, else of the outcomes."""
    known = [_of_counts(each, counts) for each in counts[:-1]]
    if made.values is None:
        return 0 if (trend or _sign(known[0], known[-1])) >= 0 else len(known) - 1
    return min((number for number, each in enumerate(counts[:-1]) if sum(each)), key=lambda number: known[number])


def _evidence(
    counts: list[tuple[int, int]], unknown_with: int | None
) -> tuple[tuple[float, ...], list[tuple[int, int]]]:
    """Evidence by band, and the counts it comes from: unknown values with those of one band, or on their own."""
    if unknown_with is not None:
        both = (counts[unknown_with][0] + counts[-1][0], counts[unknown_with][1] + counts[-1][1])
        counts = [both if band in (unknown_with, len(counts) - 1) else each for band, each in enumerate(counts)]
    return tuple(_of_counts(each, counts) for each in counts), counts


def _of_counts(band: tuple[int, int], counts: Sequence[tuple[int, int]]) -> float:
    """Half a case is added on both sides, so that an empty side has a logarithm; a band of nobody tells nothing."""
    if sum(band) == 0:
        return 0.0
    events, others = (sum(each) for each in zip(*counts, strict=True))
    return math.log((band[0] + 0.5) / (events + 0.5)) - math.log((band[1] + 0.5) / (others + 0.5))


def _information(evidence: Sequence[float], counts: Sequence[tuple[int, int]]) -> float:
    events, others = (sum(each) or 1 for each in zip(*counts, strict=True))
    return sum((e / events - o / others) * weight for weight, (e, o) in zip(evidence, counts, strict=True))


def _against_the_trend(evidence: Sequence[float], trend: int) -> int | None:
    """The first band whose evidence goes the wrong way after the one before."""
    for band in range(1, len(evidence)):
        if (evidence[band] - evidence[band - 1]) * trend < 0:
            return band
    return None


def _without(made: Characteristic, band: int) -> Characteristic | None:
    """The bands with the bound before `band` taken away."""
    bounds = [each.below for each in made.bands[:-1]]
    return _banded(made, [bound for number, bound in enumerate(bounds) if number != band - 1 and bound is not None])
