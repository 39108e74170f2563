"""The luck in an AUC, as the benchmark of learned cards tells it: against every pair counted, resampling, and scikit-learn."""

from __future__ import annotations

from itertools import product
from statistics import covariance, variance

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings, strategies as st
from sklearn.metrics import roc_auc_score

from pipelines.scoring.measures import auc
from tests.benchmarks.learning import behind_but_for_luck, error_of_difference

Row = tuple[bool, float, float]
"""is_event, and the scores `truth` (a propensity) and `learned`."""


def frame(rows: list[Row]) -> pl.DataFrame:
    names = {"is_event": pl.Boolean, "truth": pl.Float64, "learned": pl.Float64}
    return pl.DataFrame(rows, schema=names, orient="row")


def wins(one: float, other: float) -> float:
    """A pair in the right order counts one, a tie half."""
    return 1.0 if one > other else 0.5 if one == other else 0.0


def variance_by_pairs(rows: list[Row]) -> float:
    """DeLong, DeLong and Clarke-Pearson (1988), in their own terms: covariances of the structural components of both scores."""
    kinds = [[row[1:] for row in rows if row[0] is kind] for kind in (True, False)]
    events, others = kinds
    v10 = [[sum(wins(x[score], y[score]) for y in others) / len(others) for x in events] for score in (0, 1)]
    v01 = [[sum(wins(x[score], y[score]) for x in events) / len(events) for y in others] for score in (0, 1)]
    return sum(
        (variance(first) + variance(second) - 2 * covariance(first, second)) / len(first)
        for first, second in (v10, v01)
    )


def behind_by_pairs(rows: list[Row]) -> float:
    """Each pair of rows counts by the chance that the one is an event and the other is none; each row meets itself as a tie."""
    shares = []
    for score in (1, 2):
        pairs = [(row[1] * (1 - other[1]), wins(row[score], other[score])) for row, other in product(rows, rows)]
        shares.append(sum(weight * won for weight, won in pairs) / sum(weight for weight, _ in pairs))
    return shares[0] - shares[1]


chances = st.integers(1, 9).map(lambda tenths: tenths / 10)  # few values: many ties
points = st.integers(0, 5).map(float)
both_kinds = st.lists(st.tuples(st.booleans(), chances, points), min_size=4, max_size=40).filter(
    lambda rows: 2 <= sum(row[0] for row in rows) <= len(rows) - 2
)


@settings(max_examples=60, deadline=None)
@given(both_kinds)
def test_the_error_is_that_of_delong_with_every_pair_counted(rows: list[Row]) -> None:
    found = error_of_difference(frame(rows))
    assert found is not None
    assert found**2 == pytest.approx(variance_by_pairs(rows), abs=1e-9)


def test_the_error_of_four_rows_worked_out_by_hand() -> None:
    """Of the events truth wins 1 and 3/4 of the others, learned 1/4 and 1: the differences 3/4 and -1/4 have a variance of 1/2.

    Of the others truth lies below 3/4 and 1 of the events, learned below 1/2 and 3/4: twice the same difference, no variance.
    So the error is the root of 1/2 over two events.
    """
    rows = [(True, 0.3, 1.0), (True, 0.2, 3.0), (False, 0.2, 2.0), (False, 0.1, 1.0)]
    assert error_of_difference(frame(rows)) == pytest.approx(0.5)


def test_two_scores_in_the_same_order_differ_by_nothing_and_without_error() -> None:
    rows = frame([(n % 3 == 0, n / 20, float(n // 1)) for n in range(1, 20)])
    assert error_of_difference(rows) == 0
    assert behind_but_for_luck(rows) == 0


@pytest.mark.parametrize("events", [0, 1, 9, 10])
def test_fewer_than_two_of_a_kind_leave_the_error_unknown(events: int) -> None:
    assert error_of_difference(frame([(n < events, n / 20, float(-n)) for n in range(10)])) is None


def drawn(size: int) -> tuple[pl.DataFrame, np.random.Generator]:
    """Propensities of 5 to 60 %, a score of whole points that follows them loosely, and one draw of the outcomes."""
    rng = np.random.default_rng(7)
    truth = rng.uniform(0.05, 0.6, size).round(2)
    learned = (truth * 20 + rng.normal(0, 3, size)).round()
    return pl.DataFrame({"is_event": rng.random(size) < truth, "truth": truth, "learned": learned}), rng


def test_the_error_is_how_much_the_difference_varies_when_the_rows_are_drawn_again() -> None:
    rows, rng = drawn(600)
    events, others = rows.partition_by("is_event", maintain_order=True)

    def again(part: pl.DataFrame) -> pl.DataFrame:
        return part[rng.integers(0, part.height, part.height)]

    differences = []
    for _ in range(400):
        sample = pl.concat([again(events), again(others)])
        differences.append(behind(sample))
    assert error_of_difference(rows) == pytest.approx(np.std(differences), rel=0.15)


def behind(rows: pl.DataFrame) -> float:
    """AUC of truth less that of learned on the outcomes as drawn."""
    best, found = (auc(rows, score, "is_event") for score in ("truth", "learned"))
    assert best is not None
    assert found is not None
    return best - found


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), chances, points), min_size=1, max_size=30))
def test_but_for_luck_every_pair_counts_by_its_chance(rows: list[Row]) -> None:
    assert behind_but_for_luck(frame(rows)) == pytest.approx(behind_by_pairs(rows), abs=1e-9)


def test_but_for_luck_is_the_auc_of_scikit_learn_with_each_row_as_an_event_and_as_none() -> None:
    rows, _ = drawn(500)
    truth = rows["truth"].to_numpy()
    kinds, weights = np.repeat([1, 0], rows.height), np.concatenate([truth, 1 - truth])
    best, found = (
        roc_auc_score(kinds, np.tile(rows[score].to_numpy(), 2), sample_weight=weights)
        for score in ("truth", "learned")
    )
    assert behind_but_for_luck(rows) == pytest.approx(best - found)
    assert best > found


def test_but_for_luck_is_what_the_draws_come_to_on_average() -> None:
    rows, rng = drawn(500)
    outcomes = [pl.Series("is_event", rng.random(rows.height) < rows["truth"].to_numpy()) for _ in range(400)]
    found = [behind(rows.with_columns(drawn_again)) for drawn_again in outcomes]
    assert behind_but_for_luck(rows) == pytest.approx(np.mean(found), abs=4 * np.std(found) / len(found) ** 0.5)


def test_what_it_says_of_one_draw_does_not_change_what_it_says_but_for_luck() -> None:
    rows, _ = drawn(300)
    assert behind_but_for_luck(rows.with_columns(~pl.col("is_event"))) == behind_but_for_luck(rows)
