"""What each band is worth, learned jointly: one logistic law over the bands of all characteristics of a segment.

Bands are learned one characteristic at a time, so the evidence of each also tells what goes along with it: who has no tax
grade yet is young and pays little tax. The law sees them all at once. Two things keep it from following chance:

- Along the bands of a number it only rises or only falls, as their evidence does, and unknown values of what only adds points
  lie in the band of least worth. These are bounds of the fit, not repairs after it.
- It leans on what all segments together teach of the same bands (partial pooling): a segment with few first loans departs
  from that only where its own cases insist; one with many goes its own way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from pipelines.scoring.evaluate import band_of
from pipelines.scoring.fit_bins import ONLY_ADDS, Learnt

_DEPARTS = 0.15
"""Standard deviation, in log-odds from band to band, by which a segment is taken to differ from all together."""

_WIDE = 1.0
"""The same for all together from nothing: only a band that hardly anybody lies in is held back by it."""

_MOST_OTHERS = 50_000
"""Cases of other segments to lean on: more of them move nothing that two digits tell."""


@dataclass(frozen=True)
class Law:
    """Log-odds of an event: `base`, and by characteristic what each of its bands adds: least 0, unknown last."""

    base: float
    worth: tuple[tuple[float, ...], ...]


def learn_law(telling: Sequence[Learnt], cases: pl.DataFrame, others: pl.DataFrame) -> Law:
    """The law of a segment.

    Args:
        telling: its characteristics with their bands; at least one.
        cases: its entities: `segment`, `is_event` and the columns of the characteristics.
        others: entities of other segments with the same columns; may be none.
    """
    steps = [_steps(each) for each in telling]
    floors = [floor for made in steps for floor in made.floors]
    everyone = pl.concat([cases, _fewer(others)], how="diagonal")
    offsets = everyone.select("segment").to_dummies().to_numpy().astype(float)
    free = [-np.inf] * offsets.shape[1]
    rows = np.hstack([_rows(everyone, telling, steps), offsets])
    common, _ = _fitted(rows, everyone, np.zeros(rows.shape[1]), _WIDE, [*floors, *free])
    own, base = _fitted(_rows(cases, telling, steps), cases, common[: len(floors)], _DEPARTS, floors)
    ends = np.cumsum([len(made.floors) for made in steps])[:-1]
    lifts = [made.of_band @ part for made, part in zip(steps, np.split(own, ends), strict=True)]
    least = [float(lift.min()) for lift in lifts]
    return Law(base + sum(least), tuple(tuple(map(float, lift - low)) for lift, low in zip(lifts, least, strict=True)))


@dataclass(frozen=True)
class _Steps:
    """How the worth of a characteristic's bands (rows of `of_band`) is made of steps, and the least each may be."""

    of_band: np.ndarray[Any, np.dtype[np.float64]]
    floors: list[float]


def _steps(learnt: Learnt) -> _Steps:
    """Of a number each band is one step above the next lesser one, of a list each value one above the least."""
    known, only_adds = len(learnt.evidence) - 1, learnt.made.clause in ONLY_ADDS
    if learnt.made.values is None:
        above = np.tri(known, known - 1, -1)
        above = above if learnt.least == 0 else above[::-1]
        floor = 0.0
    else:
        above = np.delete(np.eye(known), learnt.least, axis=1)
        floor = 0.0 if only_adds else -np.inf
    of_band = np.vstack([above, above[learnt.least]])
    floors = [floor] * (known - 1)
    if only_adds:
        return _Steps(of_band, floors)
    unknown = np.eye(known + 1)[:, -1:]
    return _Steps(np.hstack([of_band, unknown]), [*floors, -np.inf])


def _rows(
    cases: pl.DataFrame, telling: Sequence[Learnt], steps: Sequence[_Steps]
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The steps that each case has climbed."""
    bands = cases.select(
        band_of(each.made, range(len(each.evidence))).alias(str(number)) for number, each in enumerate(telling)
    )
    return np.hstack([made.of_band[bands[str(number)].to_numpy()] for number, made in enumerate(steps)])


def _fitted(
    rows: np.ndarray[Any, np.dtype[np.float64]],
    cases: pl.DataFrame,
    prior: Any,
    departs: float,
    floors: Sequence[float],
) -> tuple[Any, float]:
    """The most likely steps, taken to lie around `prior` by `departs` and not below their floors; and the base."""
    from scipy.optimize import minimize  # type: ignore[import-untyped]

    events = cases.get_column("is_event").to_numpy().astype(float)

    def loss(steps: Any) -> tuple[float, Any]:
        odds, away = rows @ steps[:-1] + steps[-1], (steps[:-1] - prior) / departs
        missed = 1 / (1 + np.exp(-odds)) - events
        worth = np.logaddexp(0, odds).sum() - (events * odds).sum() + (away**2).sum() / 2
        return float(worth), np.append(rows.T @ missed + away / departs, missed.sum())

    bounds = [*((floor, None) for floor in floors), (None, None)]
    found = minimize(
        loss, np.append(prior, 0.0), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 10_000}
    )
    return found.x[:-1], float(found.x[-1])


def _fewer(others: pl.DataFrame) -> pl.DataFrame:
    """At most `_MOST_OTHERS` of them, spread evenly over the codes, which begin with the place."""
    return others.sort("uscc").gather_every(max(1, -(-others.height // _MOST_OTHERS)))
