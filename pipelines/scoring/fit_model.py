"""The model card of a fit: how well it tells, how it is calibrated, whom it treats how; as JSON and as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from pipelines.scoring.fit import TEST, TRAIN, Fit
from pipelines.scoring.measures import auc, ks, psi, wilson
from pipelines.scoring.spread import score_spread

_FIFTHS = 5
_GROUPS = {"size_class": "size (300号)", "place": "place (GB/T 2260, county)"}


def model_card(fit: Fit, closed: pl.DataFrame, scored: pl.DataFrame) -> dict[str, Any]:
    """The facts of one learned card.

    Args:
        fit: with its sample and trial; `champion_score`, `size_class` and `place` stand there beside the outcomes.
        closed: every matured entity of the segment with `lane` and `is_event`.
        scored: the same entities scored by the learned card: the population that the champion scored.
    """
    tests, trains = (fit.trial.filter(pl.col("part") == part) for part in (TEST, TRAIN))
    learned = fit.card.learned
    return {
        "segment": fit.card.segment,
        "learned_on": str(learned.learned_on) if learned else None,
        "lanes": _rates(closed, "lane"),
        "entities": {TRAIN: trains.height, TEST: tests.height},
        "auc": {
            TRAIN: _told(auc, trains),
            TEST: _told(auc, tests),
            "champion on test": _told(auc, tests, "champion_score"),
        },
        "ks": {
            TRAIN: _told(ks, trains),
            TEST: _told(ks, tests),
            "champion on test": _told(ks, tests, "champion_score"),
        },
        "calibration": _rates(tests.with_columns(_fifth().alias("fifth")), "fifth"),
        "grades": _rates(tests, "grade"),
        "psi_against_champion_population": _psi(fit.sample, scored),
        "fairness": {name: _rates(tests, name) for name in _GROUPS},
        "information": {name: round(value, 4) for name, value in fit.information.items()},
        "used": [made.name for made in fit.card.characteristics],
    }


def markdown(name: str, cards: Sequence[Mapping[str, Any]], refused: Sequence[str]) -> str:
    """The model cards of a scorecard file as one page."""
    parts = [f"# Model card of `{name}`", _PREFACE, *(f"- not learned: {words}" for words in refused)]
    return "\n\n".join([*parts, *(part for card in cards for part in _sections(card))]) + "\n"


_PREFACE = (
    "Learned by `shoudai fit`: the propensity to take a first loan of this bank within the maturity window, given contact. "
    "Learned from contacted entities only; entities held out or listed without contact are counted beside and teach "
    "nothing. The bands are the segment's own; what they are worth leans on the contacted entities of all segments. "
    "Features are those known at listing. Figures are those of a trial: learned in the same way from the train part "
    "alone and measured on the test part, unless said otherwise; the card itself is learned from both. Intervals are "
    "Wilson's at 95 %."
)


def _sections(card: Mapping[str, Any]) -> Iterable[str]:
    yield f"## {card['segment']} (as of {card['learned_on']})"
    yield "Outcomes of the matured entities by lane (`held_out`: without contact):"
    yield _grid(card["lanes"])
    yield f"Train {card['entities'][TRAIN]:,}, test {card['entities'][TEST]:,} entities."
    rows = [{"measure": measure.upper(), **card[measure]} for measure in ("auc", "ks")]
    yield _grid([*rows])
    yield f"PSI of the score, learned on against all that the champion listed: {card['psi_against_champion_population']}"
    yield "### Calibration, fifths of the score, lowest first"
    yield _grid(card["calibration"])
    yield "### Grades"
    yield _grid(card["grades"])
    for name, title in _GROUPS.items():
        yield f"### By {title}"
        yield _grid(card["fairness"][name])
    yield "### Characteristics"
    yield _grid(
        {"characteristic": name, "information value": value, "used": "yes" if name in card["used"] else "no"}
        for name, value in card["information"].items()
    )


def _rates(rows: pl.DataFrame, by: str) -> list[dict[str, Any]]:
    """Entities, events and observed rate with its interval by group; with the expected rate and mean score where known."""
    low, high = wilson(pl.col("events"), pl.col("entities"))
    beside = {"expected_pct": pl.col("expected").mean() * 100, "mean_score": pl.col("score").mean()}
    known = [made.round(2).alias(name) for name, made in beside.items() if "expected" in rows.columns]
    counted = (
        rows.group_by(by)
        .agg(pl.len().alias("entities"), pl.col("is_event").sum().alias("events"), *known)
        .with_columns(
            (pl.col("events") / pl.col("entities") * 100).round(2).alias("observed_pct"),
            (low * 100).round(2).alias("low_pct"),
            (high * 100).round(2).alias("high_pct"),
        )
        .sort(by, nulls_last=True)
    )
    return [dict(row) for row in counted.iter_rows(named=True)]


def _told(measure: Any, rows: pl.DataFrame, score: str = "score") -> float | None:
    found = measure(rows, score, "is_event")
    return None if found is None else round(found, 4)


def _fifth() -> pl.Expr:
    return (pl.col("score").rank("max") * _FIFTHS / (pl.len() + 1)).floor().cast(pl.Int32) + 1


def _psi(sample: pl.DataFrame, scored: pl.DataFrame) -> float:
    both = score_spread(sample).join(score_spread(scored), on="band", suffix="_champion")
    return round(float(both.select(psi(pl.col("entities"), pl.col("entities_champion"))).item()), 4)


def _grid(rows: Iterable[Mapping[str, Any]]) -> str:
    listed = list(rows)
    if not listed:
        return "none"
    names = list(listed[0])
    lines = [names, ["---"] * len(names), *([_cell(row[name]) for name in names] for row in listed)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: object) -> str:
    return "unknown" if value is None else str(value)
