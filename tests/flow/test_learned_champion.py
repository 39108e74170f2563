"""A learned champion from end to end: a world's outcomes teach a card, the dated parameter makes it champion, it ranks another world."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import polars as pl
import pytest

from pipelines import flow
from pipelines.eligibility.explain import explain
from pipelines.parameters import parameters
from pipelines.scoring import card
from tests.benchmarks.learning import auc_but_for_luck, behind_but_for_luck, error_of_difference, outcomes

from .playing import EXPERT, LEARNED, MATURED, RANKED, TAUGHT, World, changed_plan, fitted, switched

ENTITIES = 13_000  # first loans of the segment enough for `min_fit_events`
SEGMENT = "individual_taxpayer"
SMALL = {"min_watched_entities": {date(2026, 1, 2): 20}}
DELIVERED = (
    "registry__entities",
    "tax__payments",
    "tax__credit_grades",
    "bank__flows",
    "credit__loans",
    "crm__suppressions",
    "social__insurance",
    "online__intents",
)
"""Feeds enough for the segment and for what its planted propensity is made of; the others are late in coming."""


@dataclass(frozen=True)
class Ranked:
    """The world that is ranked, what its two releases said, and the standard error of the truth's AUC in the world that taught."""

    world: World
    model: dict[str, object]
    error: float
    listed: flow.RunReport
    matured: flow.RunReport


def small(world: World) -> World:
    """A world of which only some departments deliver."""
    world.made(ENTITIES)
    for folder in world.settings.inbox.iterdir():
        if folder.name not in (*DELIVERED, "truth"):
            shutil.rmtree(folder)
    return world


@pytest.fixture(scope="module")
def ranked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ranked]:
    folder = tmp_path_factory.mktemp("learned")
    teaching, world = small(World(folder / "one", TAUGHT, 1)), small(World(folder / "two", RANKED, 2))
    with changed_plan(folder, SMALL):
        taught = of_segment(teaching, teaching.listed())
        report = fitted(teaching, folder / "cards" / f"{LEARNED}.yml", [SEGMENT])
    error = error_of_difference(taught.with_columns(learned=pl.lit(0)))  # against no order at all
    assert error is not None
    with changed_plan(folder, SMALL | switched([SEGMENT])):
        yield Ranked(world, dict(report.models[0]), error, world.listed(), flow.run(world.settings, MATURED))


def of_segment(world: World, listed: flow.RunReport) -> pl.DataFrame:
    """The contacted entities of the segment with their planted propensity, their score, and what became of them."""
    return outcomes(world, listed.release.database).filter(pl.col("segment") == SEGMENT)


def release(ranked: Ranked, sql: str) -> list[tuple[object, ...]]:
    """The answer of the release that the learned card ranked."""
    return ranked.world.ask(sql, ranked.listed.release.database).rows()


def test_the_dated_parameter_switches_the_card_of_one_segment_on_its_day(ranked: Ranked) -> None:
    before, after = parameters(date(2027, 2, 21)), parameters(RANKED)
    assert card.champions(before)[SEGMENT].version.startswith(EXPERT)
    assert card.champions(after)[SEGMENT].version.startswith(LEARNED)
    used = dict(release(ranked, "SELECT segment, any_value(scorecard) FROM out.target_list GROUP BY segment"))
    assert str(used[SEGMENT]).startswith(LEARNED)
    assert LEARNED in str(release(ranked, "SELECT scorecards_version FROM ops.runs"))


def test_it_scores_with_points_that_add_up_and_grades_with_the_shares_of_the_expert(ranked: Ranked) -> None:
    rows = release(
        ranked,
        f"SELECT score, coalesce(list_sum(points), 0), grade, rank FROM out.target_list WHERE segment = '{SEGMENT}' ORDER BY rank",
    )
    assert len(rows) > 100
    assert all(score == total for score, total, *_ in rows)
    scores = [score for score, *_ in rows]
    assert scores == sorted(scores, reverse=True)
    assert len({grade for _, _, grade, _ in rows}) >= 2
    roles = dict(release(ranked, f"SELECT role, count(*) FROM mart.scores WHERE segment = '{SEGMENT}' GROUP BY role"))
    assert roles["champion"] == roles["challenger"]


def test_it_ranks_better_than_any_of_two_hundred_orders_of_chance(ranked: Ranked) -> None:
    rows = of_segment(ranked.world, ranked.listed)
    assert rows.height > 100
    by_chance = [auc_but_for_luck(rows.with_columns(pl.col("learned").shuffle(seed=n)), "learned") for n in range(200)]
    assert auc_but_for_luck(rows, "learned") > max(by_chance)


def test_it_lies_no_further_behind_the_truth_than_its_cases_could_tell(ranked: Ranked) -> None:
    """What taught it cannot tell the true order from one that is two standard errors worse; from a worse one it can."""
    rows = of_segment(ranked.world, ranked.listed)
    assert 2 * ranked.error < auc_but_for_luck(rows, "truth") - 0.5  # else an order of chance would do
    assert behind_but_for_luck(rows) < 2 * ranked.error


def test_explain_takes_the_learned_card_apart(ranked: Ranked) -> None:
    ((uscc, score),) = release(ranked, f"SELECT uscc, score FROM out.target_list WHERE segment = '{SEGMENT}' LIMIT 1")
    told = explain(ranked.listed.release.database, str(uscc))
    learned = card.champions(parameters(RANKED))[SEGMENT]
    assert sum(line.points for line in told.points) == score
    reasons = {made.reason_zh for made in learned.characteristics}
    assert {line.reason.removesuffix(card.UNKNOWN_NOTE_ZH) for line in told.points} == reasons


def test_its_population_is_held_against_the_one_it_was_learned_on(ranked: Ranked) -> None:
    expected = release(
        ranked,
        f"SELECT DISTINCT expected FROM ops.checks WHERE feed = 'ops.score_bands' AND column_name LIKE '{SEGMENT}.%'",
    )
    assert expected == [(f"at most 0.25 against the population it was learned on ({RANKED})",)]


def test_what_became_of_its_list_is_held_against_what_it_expected(ranked: Ranked) -> None:
    learned = card.champions(parameters(RANKED))[SEGMENT].learned
    assert learned is not None
    found = ranked.world.ask(
        "SELECT column_name, observed, expected FROM ops.checks WHERE expectation = 'conversions_as_expected'"
    ).rows()
    assert found
    for name, observed, expected in found:
        segment, grade = str(name).split(".")
        assert (segment, expected) == (SEGMENT, f"{learned.expected_pct[grade]} %")
        assert " converted: " in str(observed)


def test_it_was_measured_on_cases_it_had_not_seen_and_kept_them_apart(ranked: Ranked) -> None:
    counts = ranked.model["entities"]
    assert isinstance(counts, dict)
    assert counts["train"] > counts["test"] > 30
