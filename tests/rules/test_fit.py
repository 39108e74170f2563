"""Fitting: monotone bands, points that say what the outcomes say, a YAML that scores the same, and what is watched after."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings, strategies as st
from sklearn.metrics import roc_auc_score, roc_curve

from pipelines.errors import UsageError
from pipelines.scoring.card import Band, Card, Characteristic, Learned, champions, load
from pipelines.scoring.evaluate import evaluate
from pipelines.scoring.fit import Fit, candidates, learn
from pipelines.scoring.fit_bins import ONLY_ADDS, learn_bands
from pipelines.scoring.fit_model import markdown, model_card
from pipelines.scoring.fit_points import learn_law
from pipelines.scoring.fit_yaml import check_name, scorecard_yaml
from pipelines.scoring.matured import matured
from pipelines.scoring.measures import auc, ks, psi, wilson
from pipelines.scoring.watch import calibration, stability

from .frames import AS_OF, FEATURES, plan

SEGMENT = "individual_taxpayer"
P = plan()
CHAMPION = champions(P)[SEGMENT]
TRIED = [made for made in candidates(SEGMENT, champions(P)) if made.column in FEATURES]


def planted(n: int, seed: int = 7) -> pl.DataFrame:
    """Entities whose propensity follows from four features by a logistic law; everything else is noise."""
    rng = np.random.default_rng(seed)
    tax, cv = rng.lognormal(11.3, 0.9, n).round(2), rng.gamma(2, 0.25, n).round(4)
    consulted, grade = rng.poisson(0.8, n), rng.choice(["A", "B", "M", "C"], n, p=[0.3, 0.4, 0.2, 0.1])
    law = -1.6 + 0.9 * (np.log(tax) - 11.3) - 1.5 * (cv - 0.5) + 0.45 * np.minimum(consulted, 3)
    law += np.where(grade == "A", 0.6, 0) - np.where(grade == "C", 0.8, 0)
    truth = 1 / (1 + np.exp(-law))
    is_known = rng.random(n) > 0.1
    frame = pl.DataFrame({"uscc": [f"92510{i % 7}04MA6C{i:06d}" for i in range(n)]})
    facts = {
        "tax_paid_12m_yuan": pl.Series(tax).cast(pl.Decimal(18, 2)),
        "inflow_cv_12m": pl.Series([value if known else None for value, known in zip(cv, is_known, strict=True)]),
        "consultations_12m": pl.Series([int(k) if k else None for k in consulted], dtype=pl.Int32),
        "tax_grade": pl.Series(grade.tolist()),
        "invoiced_12m_yuan": pl.Series(rng.lognormal(13, 1, n).round(2)).cast(pl.Decimal(18, 2)),  # tells nothing
        "truth": pl.Series(truth),
        "is_event": pl.Series(rng.random(n) < truth),
        "champion_grade": pl.Series(rng.choice(list("ABCDE"), n, p=[0.2, 0.3, 0.3, 0.15, 0.05]).tolist()),
        "champion_score": pl.Series(rng.integers(20, 80, n)).cast(pl.Int32),
        "size_class": pl.Series(rng.choice(["micro", "small"], n).tolist()),
        "place": frame["uscc"].str.slice(2, 4),
        "lane": pl.Series(["contacted"] * n, dtype=pl.String),
        "segment": pl.Series([SEGMENT] * n, dtype=pl.String),
    }
    missing = [pl.lit(None, dtype=kind).alias(name) for name, kind in FEATURES.items() if name not in {*facts, "uscc"}]
    return frame.with_columns(made.alias(name) for name, made in facts.items()).with_columns(missing)


NOBODY = planted(10).clear()
"""No other segment teaches."""


@pytest.fixture(scope="module")
def made() -> Fit:
    found = learn(planted(12_000), NOBODY, CHAMPION, TRIED, P)
    assert found is not None
    return found


def test_the_learned_score_tells_as_well_as_the_planted_truth(made: Fit) -> None:
    tests = made.trial.filter(part="test")
    truth = roc_auc_score(tests["is_event"].to_numpy(), tests["truth"].to_numpy())
    learned = roc_auc_score(tests["is_event"].to_numpy(), tests["score"].to_numpy())
    assert truth > 0.7
    assert abs(truth - learned) <= 0.02


def test_the_trial_is_measured_on_cases_that_did_not_teach_it_and_the_card_is_learned_from_all(made: Fit) -> None:
    train = made.sample.filter(part="train").drop("score", "grade", "scorecard", "part", "expected")
    taught = learn(train, NOBODY, CHAMPION, TRIED, P)
    assert taught is not None
    features = made.sample.drop("score", "grade", "scorecard").lazy()
    assert evaluate(features, {SEGMENT: taught.card}, P).collect()["score"].to_list() == made.trial["score"].to_list()
    assert made.sample["score"].to_list() != made.trial["score"].to_list()
    assert made.card.learned is not None
    assert made.card.learned.entities == made.sample.height


def test_only_what_tells_is_used(made: Fit) -> None:
    assert {found.name for found in made.card.characteristics} == {
        "tax_amount", "flow_stability", "consultations", "tax_grade",
    }  # fmt: skip
    assert made.information["invoicing"] < 0.02


@pytest.mark.parametrize(("cases", "used"), [(24_000, ["tax_grade"]), (2_400, [])], ids=["many cases", "few cases"])
def test_what_tells_little_is_used_once_the_cases_are_too_many_for_chance(cases: int, used: list[str]) -> None:
    rows = planted(cases)
    chance = pl.Series(np.random.default_rng(5).random(cases)) < 0.2 + 0.03 * (rows["tax_grade"] == "A").cast(
        pl.Float64
    )
    weak = rows.with_columns(is_event=chance)
    found = learn(weak, NOBODY, CHAMPION, [made for made in TRIED if made.name in ("tax_grade", "invoicing")], P)
    assert [made.name for made in found.card.characteristics] == used if found else used == []
    assert found is None or found.information["tax_grade"] < 0.02


def test_points_rise_or_fall_along_the_bands_and_begin_at_nothing(made: Fit) -> None:
    for found in made.card.characteristics:
        assert min(found.worth) == 0
        if found.bands:
            points = [band.points for band in found.bands]
            assert points in (sorted(points), sorted(points, reverse=True))
    rising = {found.name: found.worth[-2] > found.worth[0] for found in made.card.characteristics if found.bands}
    assert rising == {"tax_amount": True, "flow_stability": False, "consultations": True}
    assert abs(sum(max(found.worth) for found in made.card.characteristics) - 100) <= len(made.card.characteristics)


def test_never_having_asked_is_never_worth_more_than_having_asked(made: Fit) -> None:
    consultations = next(found for found in made.card.characteristics if found.name == "consultations")
    assert consultations.clause in ONLY_ADDS
    assert consultations.unknown == consultations.bands[0].points == 0


def test_the_grades_take_in_as_many_as_the_champions_did(made: Fit) -> None:
    before = made.sample["champion_grade"].value_counts(normalize=True, sort=False).sort("champion_grade")["proportion"]
    after = made.sample["grade"].value_counts(normalize=True, sort=False).sort("grade")["proportion"]
    assert after.to_list() == pytest.approx(before.to_list(), abs=0.05)
    assert made.card.learned is not None
    rates = list(made.card.learned.expected_pct.values())
    assert rates == sorted(rates, reverse=True)


def test_what_is_written_scores_the_same_through_the_one_evaluator(made: Fit, tmp_path: Path) -> None:
    path = tmp_path / "learned_2026w48.yml"
    path.write_text(scorecard_yaml(path.stem, AS_OF, [made.card]), encoding="utf-8")
    read = load(path).cards[SEGMENT]
    assert replace(read, version="learned") == made.card
    assert [each.labels for each in read.characteristics] == [each.labels for each in made.card.characteristics]
    features = made.sample.drop("score", "grade", "scorecard").lazy()
    again = evaluate(features, {SEGMENT: read}, P).collect()
    assert again["score"].to_list() == made.sample["score"].to_list()
    assert again["grade"].to_list() == made.sample["grade"].to_list()
    assert all(sum(points) == score for points, score in again.select("points", "score").iter_rows())


def test_the_same_sample_in_any_order_gives_the_same_bytes() -> None:
    rows = planted(2_000)
    texts = set()
    for sample in (rows, rows.reverse(), rows.sample(fraction=1, shuffle=True, seed=3)):
        found = learn(sample, NOBODY, CHAMPION, TRIED, P)
        assert found is not None
        model = model_card(found, sample.drop("truth"), found.sample)
        texts.add(scorecard_yaml("a", AS_OF, [found.card]) + markdown("a", [model], []))
    assert len(texts) == 1


def test_the_model_card_says_how_well_it_tells_and_whom_it_treats_how(made: Fit) -> None:
    closed = pl.concat(
        [made.sample, made.sample.head(50).with_columns(lane=pl.lit("held_out"), is_event=pl.lit(value=False))]
    )
    model = model_card(made, closed.drop("expected"), made.sample)
    tests = made.trial.filter(part="test")
    assert model["auc"]["test"] == round(roc_auc_score(tests["is_event"].to_numpy(), tests["score"].to_numpy()), 4)
    assert abs(model["auc"]["champion on test"] - 0.5) < 0.05  # a champion of pure chance
    assert {row["lane"]: (row["entities"], row["observed_pct"]) for row in model["lanes"]}["held_out"] == (50, 0.0)
    assert len(model["calibration"]) == 5
    inside = [row["low_pct"] <= row["expected_pct"] <= row["high_pct"] for row in model["calibration"]]
    assert sum(inside) >= 4
    assert model["psi_against_champion_population"] == 0.0
    assert {row["size_class"] for row in model["fairness"]["size_class"]} == {"micro", "small"}
    assert len(model["fairness"]["place"]) == 7
    text = markdown("learned", [model], ["rural has 3 first loans"])
    assert "| held_out | 50 | 0 | 0.0 |" in text
    assert "not learned: rural has 3 first loans" in text


def test_nothing_is_learned_where_nothing_tells() -> None:
    rows = planted(1_500).with_columns(is_event=pl.Series(np.random.default_rng(5).random(1_500) < 0.3))
    constant = rows.with_columns(pl.lit("A").alias("tax_grade"))
    assert (
        learn(
            constant.drop("inflow_cv_12m").with_columns(inflow_cv_12m=pl.lit(None, dtype=pl.Float64)),
            NOBODY,
            CHAMPION,
            TRIED[:1],
            P,
        )
        is None
    )


NUMBERED = Characteristic("x", "S08", "x", "年纳税额", 0, (Band(1, 0), Band(None, 1)))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1_000), st.integers(60, 300), st.booleans())
def test_learned_bands_are_monotone_in_the_rate_of_events(seed: int, n: int, only_adds: bool) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1, n)
    event = rng.random(n) < 1 / (1 + np.exp(-rng.choice([-1.5, 1.5]) * x))
    rows = pl.DataFrame({"x": x, "is_event": event})
    found = learn_bands(rows, replace(NUMBERED, clause="S25" if only_adds else "S08"))
    if found is None:
        return
    known = list(found.evidence[:-1])
    assert known == sorted(known) or (not only_adds and known == sorted(known, reverse=True))
    bounds = [band.below for band in found.made.bands[:-1]]
    assert bounds == sorted(set(bounds))  # type: ignore[type-var]


def test_who_never_asked_is_not_taken_for_who_asked_most_recently() -> None:
    asked = planted(4_000).with_columns(pl.Series("days", [day % 365 if day % 2 else None for day in range(4_000)]))
    recently = pl.when(pl.col("days") < 60).then(0.7).when(pl.col("days").is_null()).then(0.1).otherwise(0.25)
    rows = asked.with_columns(is_event=pl.Series(np.random.default_rng(3).random(4_000)) < recently)
    like = replace(NUMBERED, clause="S28", column="days", bands=(Band(31, 25), Band(None, 0)), unknown=0)
    found = learn_bands(rows, like)
    assert found is not None
    assert found.evidence[-1] == found.evidence[-2] == min(found.evidence)
    assert found.least == len(found.evidence) - 2
    fitted = learn(rows, NOBODY, CHAMPION, [like], P)
    assert fitted is not None
    assert fitted.card.characteristics[0].worth[-2:] == (0, 0)
    assert fitted.card.characteristics[0].worth[0] == 100


def test_what_only_goes_along_with_a_cause_gets_few_of_its_points() -> None:
    """Old firms pay much tax here, and only the tax decides: age alone tells a lot, beside the tax nothing."""
    rng = np.random.default_rng(2)
    tax = rng.lognormal(11.3, 0.9, 8_000)
    age = (24 + 40 * (np.log(tax) - 11.3) + rng.normal(0, 12, 8_000)).clip(0).round().astype(int)
    event = rng.random(8_000) < 1 / (1 + np.exp(1.2 - 1.2 * (np.log(tax) - 11.3)))
    rows = planted(8_000).with_columns(
        pl.Series(tax.round(2)).cast(pl.Decimal(18, 2)).alias("tax_paid_12m_yuan"), pl.Series("age", age),
        is_event=pl.Series(event),
    )  # fmt: skip
    tax_amount = next(each for each in TRIED if each.name == "tax_amount")
    found = learn(rows, NOBODY, CHAMPION, [tax_amount, replace(NUMBERED, name="age", column="age")], P)
    assert found is not None
    assert found.information["age"] > found.information["tax_amount"] / 2
    worth = {made.name: max(made.worth) for made in found.card.characteristics}
    assert worth["tax_amount"] > 3 * worth.get("age", 0)


def others(n: int, seed: int) -> pl.DataFrame:
    return planted(n, seed).with_columns(segment=pl.lit("small_employer"))


def behind(found: Fit | None, unseen: pl.DataFrame) -> float:
    """AUC of the planted truth less that of a learned card, by the propensities themselves."""
    assert found is not None
    scores = evaluate(unseen.lazy(), {SEGMENT: found.card}, P).collect()["score"].to_numpy()
    truth = unseen["truth"].to_numpy()
    events, weights = np.repeat([1, 0], len(truth)), np.concatenate([truth, 1 - truth])
    best, learned = (roc_auc_score(events, np.tile(each, 2), sample_weight=weights) for each in (truth, scores))
    return float(best - learned)


def test_a_segment_of_few_cases_leans_on_what_the_others_teach() -> None:
    unseen = planted(20_000, seed=11)
    alone, leaning = [], []
    for seed in range(3):
        few = planted(400, seed)
        alone.append(behind(learn(few, NOBODY, CHAMPION, TRIED, P), unseen))
        leaning.append(behind(learn(few, others(6_000, seed + 50), CHAMPION, TRIED, P), unseen))
    assert sum(leaning) < 0.75 * sum(alone)


def test_a_segment_of_many_cases_goes_its_own_way() -> None:
    unseen, contrary = planted(20_000, seed=11), others(20_000, 50).with_columns(~pl.col("is_event"))
    found = learn(planted(12_000), contrary, CHAMPION, TRIED, P)
    assert behind(found, unseen) < 0.02


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1_000), st.integers(120, 400), st.booleans())
def test_the_law_is_monotone_along_the_bands_and_unknown_is_least_where_points_are_only_added(
    seed: int, n: int, only_adds: bool
) -> None:
    rng = np.random.default_rng(seed)
    x = pl.Series("x", rng.normal(0, 1, n)).set(pl.Series(rng.random(n) < 0.2), None)
    chance = 1 / (1 + np.exp(-rng.choice([-2, 2]) * x.fill_null(rng.choice([-2, 2])).to_numpy()))
    rows = pl.DataFrame({"x": x, "is_event": rng.random(n) < chance, "segment": SEGMENT, "uscc": ""})
    found = learn_bands(rows, replace(NUMBERED, clause="S25" if only_adds else "S08"))
    if found is None:
        return
    (worth,) = learn_law([found], rows, rows.clear()).worth
    known = list(worth[:-1])
    assert known in (sorted(known), sorted(known, reverse=True))
    assert min(worth) == 0
    if only_adds:
        assert worth[-1] == 0 == worth[found.least]


def test_a_law_of_one_list_of_values_is_that_of_its_rates() -> None:
    """With one characteristic and many cases the differences in log-odds are those of the rates, by hand."""
    rates = {"A": 0.5, "B": 0.3, "C": 0.1}
    rows = pl.concat(
        pl.DataFrame({"x": grade, "is_event": [number < rate * 4_000 for number in range(4_000)]})
        for grade, rate in rates.items()
    ).with_columns(segment=pl.lit(SEGMENT), uscc=pl.lit(""))
    found = learn_bands(rows, replace(NUMBERED, bands=(), values={"A": 2, "B": 1, "C": 0}, other=0))
    assert found is not None
    law = learn_law([found], rows, rows.clear())
    by_hand = [math.log(rate / (1 - rate)) - math.log(0.1 / 0.9) for rate in rates.values()]
    assert [*law.worth[0][:3]] == pytest.approx(by_hand, abs=0.05)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=2, max_size=60))
def test_auc_and_ks_are_those_of_scikit_learn(rows: list[tuple[int, bool]]) -> None:
    frame = pl.DataFrame(rows, schema={"score": pl.Int32, "is_event": pl.Boolean}, orient="row")
    events = [event for _, event in rows]
    if len(set(events)) < 2:
        assert auc(frame, "score", "is_event") is None
        assert ks(frame, "score", "is_event") is None
        return
    scores = [score for score, _ in rows]
    false, true, _ = roc_curve(events, scores, drop_intermediate=False)
    assert auc(frame, "score", "is_event") == pytest.approx(roc_auc_score(events, scores))
    assert ks(frame, "score", "is_event") == pytest.approx(max(abs(true - false)))


def psi_by_hand(now: list[int], before: list[int]) -> float:
    total = 0.0
    for a, b in zip(now, before, strict=True):
        share_a, share_b = max(a / sum(now), 1e-4), max(b / sum(before), 1e-4)
        total += (share_a - share_b) * math.log(share_a / share_b)
    return total


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=2, max_size=8))
def test_population_stability_is_that_of_its_formula(counts: list[tuple[int, int]]) -> None:
    now, before = [a + 1 for a, _ in counts], [b + (n == 0) for n, (_, b) in enumerate(counts)]
    made = pl.DataFrame({"now": now, "before": before}).select(psi(pl.col("now"), pl.col("before"))).item()
    assert made == pytest.approx(psi_by_hand(now, before))
    assert made >= 0


def test_the_interval_is_wilsons() -> None:
    frame = pl.DataFrame({"events": [0, 5, 10, 0], "n": [10, 10, 10, 0]})
    low, high = wilson(pl.col("events"), pl.col("n"))
    assert frame.select(low.round(4)).to_series().to_list() == [0.0, 0.2366, 0.7225, None]
    assert frame.select(high.round(4)).to_series().to_list() == [0.2775, 0.7634, 1.0, None]


LISTED_ON = date(2026, 8, 1)


@pytest.mark.parametrize(
    ("facts", "lane", "is_event"),
    [
        (
            {"contacted_on": date(2026, 8, 5), "outcome": "disbursed", "disbursed_on": date(2026, 10, 30)},
            "contacted",
            True,
        ),
        # The window closed the day before: an old listing has no longer to convert than a young one.
        (
            {"contacted_on": date(2026, 8, 5), "outcome": "disbursed", "disbursed_on": date(2026, 10, 31)},
            "contacted",
            False,
        ),
        ({"contacted_on": date(2026, 8, 5), "outcome": "lost", "disbursed_on": date(2026, 9, 1)}, "contacted", False),
        ({"contacted_on": date(2026, 11, 1), "outcome": "contacted"}, "listed", False),  # contacted after the window
        ({"outcome": "published"}, "listed", False),
        ({"is_holdout": True, "outcome": "disbursed", "disbursed_on": date(2026, 9, 1)}, "held_out", True),
        # Contacted against the rule: still held out, and never learned from.
        ({"is_holdout": True, "contacted_on": date(2026, 8, 5), "outcome": "contacted"}, "held_out", False),
    ],
)
def test_an_outcome_counts_within_its_window_and_in_its_lane(facts: dict[str, Any], lane: str, is_event: bool) -> None:
    row = {
        "uscc": "a",
        "first_published_on": LISTED_ON,
        "is_holdout": False,
        "contacted_on": None,
        "disbursed_on": None,
    }
    schema = {"uscc": pl.String, "first_published_on": pl.Date, "is_holdout": pl.Boolean, "contacted_on": pl.Date}
    frame = pl.DataFrame([row | facts], schema=schema | {"disbursed_on": pl.Date, "outcome": pl.String})
    assert matured(frame.lazy(), P).select("lane", "is_event").collect().rows() == [(lane, is_event)]


def test_a_listing_younger_than_its_window_has_no_outcome_yet() -> None:
    days = pl.DataFrame({"first_published_on": [AS_OF - timedelta(days=90), AS_OF - timedelta(days=89)]})
    rows = days.with_columns(
        is_holdout=pl.lit(value=False),
        contacted_on=pl.lit(None, dtype=pl.Date),
        disbursed_on=pl.lit(None, dtype=pl.Date),
        outcome=pl.lit("published"),
    )
    assert matured(rows.lazy(), P).collect().height == 1


LEARNED = Learned(
    date(2026, 10, 5), 1_000, 200, {"tax": (50.0, 30.0, 20.0), "score": (100.0, 0.0)}, {"A": 30.0, "B": 10.0}
)
WATCHED = Card("learned-1", SEGMENT, (("A", 50), ("B", 0)), (), LEARNED)


def bands(week: str, version: str, *entities: int) -> pl.DataFrame:
    return pl.DataFrame(
        [(week, SEGMENT, version, "tax", band, count) for band, count in enumerate(entities)],
        schema={"week": pl.String, "segment": pl.String, "scorecard": pl.String, "characteristic": pl.String, "band": pl.Int32, "entities": pl.Int64},
        orient="row",
    )  # fmt: skip


NOW = bands("2026-W48", "learned-1", 100, 200, 700)


def test_a_learned_card_is_watched_against_what_it_was_learned_on() -> None:
    found = stability(NOW, NOW.clear(), {SEGMENT: WATCHED}, P).row(0, named=True)
    by_hand = psi_by_hand([100, 200, 700], [500, 300, 200])
    assert found["observed"] == f"{by_hand:.4f} over 1000 entities"
    assert (found["column_name"], found["success"], found["severity"]) == (f"{SEGMENT}.tax", False, "warning")
    assert found["expected"] == "at most 0.25 against the population it was learned on (2026-10-05)"


def test_an_experts_card_is_watched_against_the_weeks_before_under_the_same_card() -> None:
    expert = replace(WATCHED, learned=None)
    earlier = pl.concat([
        bands("2026-W46", "learned-1", 50, 100, 350),
        bands("2026-W47", "learned-1", 50, 100, 350),
        bands("2026-W45", "other", 900, 0, 0),
    ])  # fmt: skip
    found = stability(NOW, earlier, {SEGMENT: expert}, P).row(0, named=True)
    assert (found["observed"], found["success"]) == ("0.0 over 1000 entities", True)
    assert found["expected"] == "at most 0.25 against 2026-W46 to 2026-W47"
    assert stability(NOW, earlier.filter(scorecard="other"), {SEGMENT: expert}, P).is_empty()


def test_too_few_entities_are_not_judged() -> None:
    assert stability(bands("w", "learned-1", 100, 50, 49), NOW.clear(), {SEGMENT: WATCHED}, P).is_empty()
    assert stability(bands("w", "learned-1", 100, 50, 50), NOW.clear(), {SEGMENT: WATCHED}, P).height == 1


def outcomes(
    grade: str, entities: int, events: int, lane: str = "contacted", version: str = "learned-1"
) -> pl.DataFrame:
    facts = {"segment": SEGMENT, "scorecard": version, "grade": grade, "lane": lane}
    return pl.DataFrame({"is_event": [n < events for n in range(entities)]}).with_columns(
        pl.lit(value).alias(name) for name, value in facts.items()
    )


def test_a_grade_that_converts_as_expected_passes_and_one_that_does_not_warns() -> None:
    rows = pl.concat([
        outcomes("A", 400, 118),  # 29.5 %: as expected
        outcomes("B", 400, 80),  # 20 % where 10 were expected
        outcomes("B", 4_000, 400, lane="held_out"),  # teaches nothing about contact
        outcomes("B", 4_000, 400, version="expert-1"),  # graded by another card
    ])  # fmt: skip
    found = calibration(rows, {SEGMENT: WATCHED}, P)
    assert found.select("column_name", "success", "expected").rows() == [
        (f"{SEGMENT}.A", True, "30.0 %"),
        (f"{SEGMENT}.B", False, "10.0 %"),
    ]
    assert found["observed"][1].startswith("80 of 400 converted: 16.")
    assert calibration(outcomes("A", 199, 0), {SEGMENT: WATCHED}, P).is_empty()


def test_a_candidate_stands_once_a_column_as_the_segments_own_card_names_it() -> None:
    found = candidates("new_enterprise", champions(P))
    assert Counter(made.column for made in found).most_common(1)[0][1] == 1
    assert next(made.name for made in found if made.column == "months_in_business") == "newly_registered"
    assert Counter(made.name for made in found).most_common(1)[0][1] == 1


@pytest.mark.parametrize("name", ["Learned.yml", "2026.yml", "learned.yaml", "learned-1.yml"])
def test_a_scorecard_needs_a_name_of_its_kind(name: str) -> None:
    with pytest.raises(UsageError, match="expected a file such as learned_2026w48.yml"):
        check_name(Path(name))
