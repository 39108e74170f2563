"""A segment's card learned from matured conversions: bands, a logistic law of what they are worth, points of 0 to 100."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from pipelines.parameters import Parameters
from pipelines.scoring.card import Band, Card, Characteristic, Learned
from pipelines.scoring.evaluate import band_of, evaluate
from pipelines.scoring.fit_bins import Learnt, learn_bands
from pipelines.scoring.fit_points import Law, learn_law
from pipelines.scoring.spread import score_spread, spread

_LEAST_INFORMATION = 0.02
"""Information value from which a characteristic is taken to tell something, however few the cases."""

_CHANCE = 0.01
"""With many cases less than that tells something too: as much as chance would give to one characteristic in a hundred."""

_TEST_IN_TEN = 3
TRAIN, TEST = "train", "test"


@dataclass(frozen=True)
class Fit:
    """A learned card, and the sample it was learned from.

    Attributes:
        sample: every contacted entity with `part` (train or test), `is_event`, `expected` (0 to 1), and `score` and
            `grade` by the card.
        trial: the same entities by a card learned in the same way from the train part alone: its test part measures
            how well such a card tells what it has not seen.
        information: characteristic -> information value, of all that were tried.
    """

    card: Card
    sample: pl.DataFrame
    trial: pl.DataFrame
    information: Mapping[str, float]


def candidates(segment: str, champions: Mapping[str, Card]) -> list[Characteristic]:
    """What may be learned from: the characteristics of all champions, one a column, the segment's own first."""
    cards = sorted(champions.values(), key=lambda card: card.segment != segment)
    found: dict[str, Characteristic] = {}
    for made in (each for card in cards for each in card.characteristics):
        found.setdefault(made.column, made)
    return list({made.name: made for made in reversed(found.values())}.values())[::-1]


def learn(
    rows: pl.DataFrame, others: pl.DataFrame, champion: Card, tried: Sequence[Characteristic], p: Parameters
) -> Fit | None:
    """The card of a segment learned from its contacted, matured entities; None where nothing tells them apart.

    A trial is learned from seven of ten and measured on the other three; which is which follows from the code. The card
    itself is learned from all: where first loans are few, three of ten are too many to do without. The grades take in
    the same shares of the entities as those of the champion, so that a switch changes who gets an A and not how many do.

    Args:
        rows: uscc, `segment`, `is_event`, `champion_grade`, and the columns of `tried` as they stood at listing.
        others: those of the other segments, for what all have in common; may be none.
        champion: of the segment.
        tried: the characteristics that may be used.
        p: as-of of the fit.
    """
    sample = _parted(rows)
    trial = _taught(sample, sample.filter(pl.col("part") == TRAIN), others, champion, tried, p)
    whole = _taught(sample, sample, others, champion, tried, p)
    if trial is None or whole is None:
        return None
    card, scored, information = whole
    return Fit(card, scored, trial[1], information)


def _taught(
    sample: pl.DataFrame,
    cases: pl.DataFrame,
    others: pl.DataFrame,
    champion: Card,
    tried: Sequence[Characteristic],
    p: Parameters,
) -> tuple[Card, pl.DataFrame, Mapping[str, float]] | None:
    """The card that `cases` teach, the sample scored by it, and the information values; None where nothing tells."""
    learnt = [found for found in (learn_bands(cases, like) for like in tried) if found is not None]
    telling = [each for each in learnt if _tells(each, cases)]
    if not telling:
        return None
    law = learn_law(telling, cases, others)
    pointed = [found for found in _pointed(telling, law) if any(found.worth)]
    if not pointed:
        return None
    log_odds = pl.lit(law.base) + pl.sum_horizontal(
        [band_of(each.made, worth) for each, worth in zip(telling, law.worth, strict=True)]
    )
    card, scored = _graded(sample.with_columns((1 / (1 + (-log_odds).exp())).alias("expected")), champion, pointed, p)
    return card, scored, {each.made.name: each.information for each in learnt}


def _tells(learnt: Learnt, cases: pl.DataFrame) -> bool:
    """Whether the information value is large, or larger than chance makes it: by the cases it is a chi-square of bands - 1."""
    from scipy.stats import chi2  # type: ignore[import-untyped]

    events = int(cases.get_column("is_event").sum())
    by_cases = learnt.information * events * (cases.height - events) / cases.height
    freedom = max(len(set(learnt.evidence)) - 1, 1)
    return learnt.information >= _LEAST_INFORMATION or float(chi2.sf(by_cases, freedom)) < _CHANCE


def _parted(rows: pl.DataFrame) -> pl.DataFrame:
    """Train and test, events and others alike, spread evenly over the codes, which begin with the place."""
    ordered = rows.sort("is_event", "uscc")
    is_test = pl.int_range(pl.len()) * _TEST_IN_TEN % 10 < _TEST_IN_TEN
    return ordered.with_columns(pl.when(is_test).then(pl.lit(TEST)).otherwise(pl.lit(TRAIN)).alias("part"))


def _pointed(telling: Sequence[Learnt], law: Law) -> list[Characteristic]:
    """Whole points: the least band of each is worth 0, the best of all together 100 (but for rounding)."""
    best = sum(max(worth) for worth in law.worth) or 1.0
    return [
        with_points(learnt.made, [math.floor(100 * each / best + 0.5) for each in worth])
        for learnt, worth in zip(telling, law.worth, strict=True)
    ]


def with_points(made: Characteristic, points: Sequence[int]) -> Characteristic:
    """The characteristic with other points by band, in the numbering of `labels`."""
    *known, unknown = points
    if made.values is not None:
        *listed, other = known
        return replace(made, values=dict(zip(made.values, listed, strict=True)), other=other, unknown=unknown)
    bands = tuple(Band(band.below, worth) for band, worth in zip(made.bands, known, strict=True))
    return replace(made, bands=bands, unknown=unknown)


def _graded(
    sample: pl.DataFrame, champion: Card, made: Sequence[Characteristic], p: Parameters
) -> tuple[Card, pl.DataFrame]:
    """The card with its grades and what it rests on, and the sample scored by it."""
    plain = replace(champion, version="learned", characteristics=tuple(made), learned=None)
    points = _scored(sample, plain, p).get_column("score")
    graded = replace(plain, grades=_grades(champion, sample.get_column("champion_grade"), points))
    scored = _scored(sample, graded, p)
    return replace(graded, learned=_rests_on(scored, graded, p)), scored


def _scored(sample: pl.DataFrame, card: Card, p: Parameters) -> pl.DataFrame:
    return evaluate(sample.lazy(), {card.segment: card}, p).drop("points", "reasons", "lines").collect()


def _grades(champion: Card, before: pl.Series, points: pl.Series) -> tuple[tuple[str, int], ...]:
    """Starts of the grades: as many entities in each as the champion had."""
    names = [name for name, _ in champion.grades]
    best_first, starts, taken, above = points.sort(descending=True), [], 0, 101
    for number, name in enumerate(names[:-1]):
        taken += int((before == name).sum())
        start = int(best_first[taken - 1]) if taken else 101
        above = max(min(start, above - 1), len(names) - 1 - number)
        starts.append((name, above))
    return (*starts, (names[-1], 0))


def _rests_on(scored: pl.DataFrame, card: Card, p: Parameters) -> Learned:
    bands = spread(scored.drop("score", "grade", "scorecard").lazy(), {card.segment: card}, p)
    counts = pl.concat([bands, score_spread(scored)])
    shares = {
        str(name): tuple(round(100 * count / scored.height, 2) for count in group.get_column("entities"))
        for (name,), group in counts.group_by("characteristic", maintain_order=True)
    }
    expected = scored.group_by("grade").agg((pl.col("expected").mean() * 100).round(2)).sort("grade")
    return Learned(p.as_of, scored.height, int(scored.get_column("is_event").sum()), shares, dict(expected.iter_rows()))
