"""Scores: bands on both sides of their bounds, points that add up, reasons in order, absence that never lowers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings, strategies as st

from pipelines.eligibility.segments import SEGMENTS
from pipelines.errors import DeclarationError
from pipelines.scoring.card import SCORECARDS, Card, challengers, champions, load, scorecard
from pipelines.scoring.evaluate import band_of, evaluate
from pipelines.scoring.score import score, scores, spread_of
from pipelines.scoring.spread import mean_points, score_spread

from .frames import AS_OF, FEATURES, INDIVIDUAL, entity, frame, judged, plan

CARD = """\
scorecard: tiny
title_zh: 小卡
grades: [{grade: A, from: 20}, {grade: B, from: 10}, {grade: C, from: 0}]
segments:
  district_merchant:
    characteristics:
      tax:
        clause: S08
        column: tax_paid_12m_yuan
        bands: [{below: 10000, points: 0}, {below: 50000.50, points: 5}, {points: 12}]
        unknown: 2
        reason_zh: 年纳税额
      grade: {clause: S32, column: tax_grade, values: {A: 8, B: 5}, other: 1, unknown: 5, reason_zh: 纳税信用级别}
      flow:
        {clause: S17, column: inflow_cv_12m, bands: [{below: 0.3, points: 5}, {points: -3}], unknown: 0, reason_zh: 流水}
"""


@pytest.fixture
def tiny(tmp_path: Path) -> Card:
    path = tmp_path / "tiny.yml"
    path.write_text(CARD, encoding="utf-8")
    return load(path).cards["district_merchant"]


def evaluated(card: Card, uscc: str = INDIVIDUAL, **facts: object) -> dict[str, Any]:
    rows = frame([entity(uscc, **facts)]).with_columns(pl.lit(card.segment).alias("segment"))
    return evaluate(rows, {card.segment: card}, plan()).collect(engine="streaming").row(0, named=True)


def expert(segment: str) -> Card:
    return scorecard("expert_2026").cards[segment]


@pytest.mark.parametrize(
    ("facts", "points", "reasons", "grade"),
    [
        ({}, [5, 2], ["纳税信用级别（数据待补）", "年纳税额（数据待补）"], "C"),
        ({"tax_paid_12m_yuan": Decimal("9999.99"), "tax_grade": "A"}, [8], ["纳税信用级别"], "C"),  # 0 points: no line
        ({"tax_paid_12m_yuan": Decimal("10000.00"), "tax_grade": "A"}, [8, 5], ["纳税信用级别", "年纳税额"], "B"),
        (
            {"tax_paid_12m_yuan": Decimal("50000.49"), "tax_grade": "B"},
            [5, 5],
            ["年纳税额", "纳税信用级别"],
            "B",
        ),  # equal: card order
        ({"tax_paid_12m_yuan": Decimal("50000.50"), "tax_grade": "A"}, [12, 8], ["年纳税额", "纳税信用级别"], "A"),
        (
            {"tax_paid_12m_yuan": Decimal(0), "tax_grade": "D", "inflow_cv_12m": 0.3},
            [1, -3],
            ["纳税信用级别", "流水"],
            "C",
        ),
        (
            {"tax_grade": "A", "inflow_cv_12m": 0.29},
            [8, 5, 2],
            ["纳税信用级别", "流水", "年纳税额（数据待补）"],
            "B",
        ),
        # Not a number is not a value.
        ({"tax_grade": "A", "inflow_cv_12m": float("nan")}, [8, 2], ["纳税信用级别", "年纳税额（数据待补）"], "B"),
    ],
)
def test_points_follow_the_bands_and_stand_beside_their_reasons(
    tiny: Card, facts: dict[str, Any], points: list[int], reasons: list[str], grade: str
) -> None:
    made = evaluated(tiny, **facts)
    assert (made["points"], made["reasons"], made["grade"]) == (points, reasons, grade)
    assert made["score"] == sum(points)
    assert made["scorecard"] == tiny.version


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("points: 12}]", "below: 60000, points: 12}]", "every band but the last to have `below`"),
        ("below: 10000,", "", "every band but the last to have `below`"),
        ("below: 50000.50", "below: 9000", "ascending bounds, found 10000, 9000"),
        ("from: 20", "from: 5", "grades best first"),
        ("grade: B", "grade: A", "grades best first"),
        ("unknown: 2", "unknwon: 2", "characteristics.tax"),
        ("district_merchant:", "merchant:", "'merchant' is not one of"),
        ("grades: [{grade: A, from: 20}, {grade: B, from: 10}, {grade: C, from: 0}]\n", "", "has no grades"),
        ("scorecard: tiny", "scorecard: other", "expected the file's name 'tiny'"),
        ("other: 1, ", "other: 1.5, ", "1.5.* is not of type 'integer'"),
    ],
)
def test_a_wrong_card_is_refused_with_its_place(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert CARD.count(old) == 1
    path = tmp_path / "tiny.yml"
    path.write_text(CARD.replace(old, new), encoding="utf-8")
    with pytest.raises(DeclarationError, match=words) as caught:
        load(path)
    assert str(caught.value).startswith("tiny.yml")


def test_a_card_that_reads_a_column_nobody_has_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tiny.yml"
    path.write_text(CARD.replace("column: tax_grade", "column: tax_grad"), encoding="utf-8")
    with pytest.raises(DeclarationError, match="grade reads the column 'tax_grad', which does not exist.*tax_grade"):
        evaluated(load(path).cards["district_merchant"])


def test_an_unknown_card_names_those_there_are() -> None:
    with pytest.raises(DeclarationError, match="no scorecard 'experts'; expected one of expert_2026"):
        scorecard("experts")


NUMBERS = st.integers(-1, 3_000_000).map(lambda fen: Decimal(fen) / 100)


EVERYTHING = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "tax_months_normal": st.integers(0, 12),
            "tax_paid_12m_yuan": NUMBERS,
            "tax_grade": st.sampled_from("ABMCD"),
            "insured_min_12m": st.integers(0, 9),
            "insured_max_12m": st.integers(9, 20),
            "inflow_mean_12m_yuan": NUMBERS,
            "inflow_cv_12m": st.floats(0, 2),
            "established_on": st.dates(date(2000, 1, 1), AS_OF),
            "certifications": st.lists(st.sampled_from(["专精特新", "绿色工厂"])),
            "green_field": st.sampled_from(["循环经济服务", "其他"]),
            "demand_registered_on": st.dates(date(2026, 1, 1), AS_OF),
            "contract_until": st.dates(date(2026, 1, 1), date(2031, 1, 1)),
        },
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=10, deadline=None)
@given(rows=EVERYTHING)
@pytest.mark.parametrize("segment", [each.name for each in SEGMENTS])
def test_the_points_of_the_expert_card_always_sum_to_the_score(segment: str, rows: list[dict[str, Any]]) -> None:
    card = expert(segment)
    people = frame([entity(**facts) for facts in rows]).with_columns(pl.lit(segment).alias("segment"))
    made = evaluate(people, {segment: card}, plan()).collect(engine="streaming")
    for row in made.rows(named=True):
        assert sum(row["points"]) == row["score"]
        assert len(row["points"]) == len(row["reasons"]) == len(set(row["reasons"]))
        assert row["points"] == sorted(row["points"], reverse=True)  # without means: above 0
        assert 0 not in row["points"]
        assert row["grade"] == next(grade for grade, start in card.grades if row["score"] >= start)


NAMED_BY_THE_PLAN = {
    "online": {"S28", "S29"},
    "individual_taxpayer": {"S07", "S08", "S32", "S33", "S36"},
    "small_employer": {"S10", "S11", "S32", "S33"},
    "park_tech": {"S06", "S16", "S32"},
    "district_merchant": {"S16", "S17", "S36"},
    "green": {"S21", "S22", "S32"},
    "rural": {"S25", "S26"},
    "new_enterprise": {"S05", "S06", "S30", "S32"},
}


@pytest.mark.parametrize(("segment", "clauses"), NAMED_BY_THE_PLAN.items())
def test_an_expert_card_looks_at_what_the_plan_names_and_gives_at_most_100(segment: str, clauses: set[str]) -> None:
    made = expert(segment).characteristics
    assert clauses <= {found.clause for found in made}
    assert sum(max(found.worth) for found in made) == 100
    assert all(min(found.worth) >= 0 for found in made)


ONLY_ADDS = ("S05", "S06", "S16", "S21", "S22", "S25", "S26", "S28", "S29")
CARDS = [(path.stem, segment) for path in SCORECARDS.glob("*.yml") for segment in scorecard(path.stem).cards]


@pytest.mark.parametrize(("name", "segment"), CARDS)
def test_where_the_plan_only_adds_points_absence_is_the_lowest_band(name: str, segment: str) -> None:
    for found in scorecard(name).cards[segment].characteristics:
        if found.clause in ONLY_ADDS:
            assert found.unknown == min(found.worth) == 0


@pytest.mark.parametrize(("name", "segment"), CARDS)
def test_every_card_in_the_folder_loads_and_reads_only_existing_columns(name: str, segment: str) -> None:
    nobody = pl.LazyFrame(schema=FEATURES | {"segment": pl.String})
    made = evaluate(nobody, {segment: scorecard(name).cards[segment]}, plan()).collect()
    added = ["segment", "score", "grade", "points", "reasons", "scorecard", "lines"]
    assert made.columns == [*FEATURES.names(), *added]


def test_every_segment_has_a_champion_and_none_a_challenger_yet() -> None:
    assert list(champions(plan())) == [segment.name for segment in SEGMENTS]
    assert challengers(plan()) == {}


def test_a_segment_without_a_card_is_named() -> None:
    with pytest.raises(DeclarationError, match="names no card for online; expected one under 'online' or 'default'"):
        champions(plan(scorecard={"rural": "expert_2026"}))


def test_the_champion_of_one_segment_can_be_named_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shelve(monkeypatch, tmp_path)
    named = champions(plan(scorecard="default:expert_2026,district_merchant:tiny"))
    assert named["district_merchant"].version.startswith("tiny-")
    assert {card.version[:11] for segment, card in named.items() if segment != "district_merchant"} == {"expert_2026"}
    with pytest.raises(DeclarationError, match="scorecard 'tiny' has no card for online; it has district_merchant"):
        champions(plan(scorecard="default:tiny"))


def shelve(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """The scorecards of the house, and the tiny one."""
    for path in SCORECARDS.glob("*.yml"):
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "tiny.yml").write_text(CARD, encoding="utf-8")
    monkeypatch.setattr("pipelines.scoring.card.SCORECARDS", folder)
    scorecard.cache_clear()


@pytest.fixture(autouse=True)
def _fresh_cards() -> Iterator[None]:
    yield
    scorecard.cache_clear()


def merchant(number: int, **facts: object) -> dict[str, Any]:
    return entity(f"92510104MA6C{number:05d}X", status="存续", site_kind="商圈", site_id="S2", **facts)


MERCHANTS = [
    merchant(1, tax_paid_12m_yuan=Decimal(60_000), tax_grade="A", inflow_cv_12m=0.1),  # 12, 8, 5
    merchant(2, tax_paid_12m_yuan=Decimal(60_000), tax_grade="B", inflow_cv_12m=0.9),  # 12, 5, -3
    merchant(3, tax_paid_12m_yuan=Decimal(0), tax_grade="A", inflow_cv_12m=0.1),  # 0, 8, 5
    merchant(4, tax_paid_12m_yuan=Decimal(60_000), tax_grade="D"),  # 12, 1, unknown 0
]
"""Means: tax 9, grade 5.5, flow 1.75."""


def test_reasons_are_ranked_by_how_far_they_lie_above_the_mean_of_the_segment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shelve(monkeypatch, tmp_path)
    p = plan(scorecard="default:expert_2026,district_merchant:tiny")
    made = score(judged(MERCHANTS), p)
    rows = made.select("reasons", "points", "score").collect(engine="streaming").rows()
    assert rows == [
        (["流水", "年纳税额", "纳税信用级别"], [5, 12, 8], 25),  # +3.25, +3, +2.5
        (["年纳税额", "纳税信用级别", "流水"], [12, 5, -3], 14),  # +3, -0.5, -4.75
        (["流水", "纳税信用级别"], [5, 8], 13),  # +3.25, +2.5; the tax of 0 points is left out
        (["年纳税额", "纳税信用级别"], [12, 1], 13),
    ]
    shown = scores(made, p, "2026-W48").collect(engine="streaming").row(2, named=True)
    assert shown["reasons"] == ["流水", "纳税信用级别", "年纳税额"]  # what speaks against it is shown, last
    assert shown["points"] == [5, 8, 0]
    assert shown["above_mean"] == [3.25, 2.5, -9.0]
    assert (shown["role"], shown["scorecard"][:5]) == ("champion", "tiny-")


def test_a_challenger_scores_the_same_entities_and_leaves_the_list_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shelve(monkeypatch, tmp_path)
    alone = score(judged(MERCHANTS), plan())
    both = plan(challenger="default:tiny")
    made = scores(score(judged(MERCHANTS), both), both, "2026-W48").collect(engine="streaming")
    assert score(judged(MERCHANTS), both).collect().equals(alone.collect())
    assert made.group_by("role").len().sort("role").rows() == [("challenger", 4), ("champion", 4)]
    assert made.filter(role="challenger")["score"].to_list() == [25, 14, 13, 13]


FEATURE_ROWS = st.lists(
    st.fixed_dictionaries({}, optional={"tax_paid_12m_yuan": NUMBERS, "tax_grade": st.sampled_from("ABMCD")}),
    min_size=1,
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(FEATURE_ROWS)
def test_the_spread_counts_everyone_once_and_its_means_are_those_of_the_points(facts: list[dict[str, Any]]) -> None:
    people = judged([merchant(number, **each) for number, each in enumerate(facts)])
    spreads = spread_of(people, plan())
    counted = spreads.filter(segment="district_merchant").group_by("characteristic").agg(pl.col("entities").sum())
    assert set(counted["entities"]) == {len(facts)}
    shown = scores(score(people, plan()), plan(), "w").collect(engine="streaming")
    for (segment, name), mean in mean_points(spreads).items():
        made = next(each for each in expert(segment).characteristics if each.name == name)
        lines = [dict(zip(row["reasons"], row["points"], strict=True)) for row in shown.rows(named=True)]
        points = [next(worth for text, worth in line.items() if text.startswith(made.reason_zh)) for line in lines]
        assert mean == pytest.approx(1000 * sum(points) / len(points), abs=0.5)
    assert score_spread(shown)["entities"].sum() == len(facts)


def test_labels_and_worth_go_by_the_same_number(tiny: Card) -> None:
    tax, grade, _ = tiny.characteristics
    assert list(zip(tax.labels, tax.worth, strict=True)) == [
        ("< 10000", 0), ("< 50000.50", 5), (">= 50000.50", 12), ("unknown", 2)
    ]  # fmt: skip
    values = pl.DataFrame({"tax_grade": ["A", "B", "Z", None]}).select(band_of(grade, grade.labels))  # type: ignore[arg-type]
    assert values.to_series().to_list() == ["A", "B", "other", "unknown"] == list(grade.labels)


ROWS = [
    # In two segments: online is the stronger intent.
    entity(INDIVIDUAL, status="存续", site_id="S2", site_kind="商圈", demand_registered_on=AS_OF),
    entity("91510100MA6C00001A", status="存续", established_on=date(2026, 5, 1)),
    entity("91510100MA6C00002B", status="存续"),  # in none
    entity("91510100MA6C00003C", status=None, established_on=date(2026, 5, 1)),  # unknown is not in
]


def test_only_members_of_a_segment_are_scored_with_their_primary_one() -> None:
    made = score(judged(ROWS), plan()).collect(engine="streaming")
    assert made.select("uscc", "segment", "segments").rows() == [
        (INDIVIDUAL, "online", ["online", "district_merchant"]),
        ("91510100MA6C00001A", "new_enterprise", ["new_enterprise"]),
    ]


@pytest.mark.parametrize(
    ("segment", "facts", "line"),
    [
        ("online", {"established_on": date(2025, 12, 1)}, ("经营年限", 1)),  # 11 months
        ("online", {"established_on": date(2025, 11, 30)}, ("经营年限", 2)),  # 12
        ("small_employer", {"insured_min_12m": 10, "insured_max_12m": 11}, ("参保人数稳定性", 16)),
        ("small_employer", {"insured_min_12m": 9, "insured_max_12m": 10}, ("参保人数稳定性", 10)),  # exactly 10 %
        ("park_tech", {"orders_cv_12m": 0.1, "order_months_12m": 6}, ("线上订单稳定性", 7)),
        ("green", {"carbon_tonnes": Decimal(0)}, ("有碳足迹记录", 10)),
        ("new_enterprise", {"certifications": ["高新技术企业", "专精特新"]}, ("科技型中小企业或“专精特新”", 20)),
        ("new_enterprise", {"predecessor_uscc": INDIVIDUAL}, ("个体工商户转企业", 8)),
        ("new_enterprise", {"established_on": date(2026, 8, 1)}, ("新近注册", 12)),
        ("rural", {"contract_until": date(2026, 12, 1)}, ("土地流转合同在期", 8)),
        ("rural", {"insured_amount_yuan": Decimal(1), "insurance_year": 2026}, ("农业保险参保", 12)),
        ("district_merchant", {"lease_until": date(2026, 12, 1)}, ("经营场所租约在期", 2)),
        ("online", {"demand_registered_on": date(2026, 10, 24)}, ("已登记首贷需求", 25)),  # 30 days
        ("online", {"demand_registered_on": date(2026, 10, 23)}, ("已登记首贷需求", 18)),
        ("online", {"consultations_12m": 3}, ("曾咨询首贷", 12)),
    ],
)
def test_a_derived_feature_earns_its_points(segment: str, facts: dict[str, Any], line: tuple[str, int]) -> None:
    made = evaluated(expert(segment), **facts)
    assert line in zip(made["reasons"], made["points"], strict=True)


@pytest.mark.parametrize(
    ("segment", "facts", "reason"),
    [
        ("park_tech", {"orders_cv_12m": 0.1, "order_months_12m": 5}, "线上订单稳定性"),
        ("park_tech", {"certifications": ["高新技术企业"]}, "科技型中小企业或“专精特新”"),
        ("rural", {"contract_until": date(2026, 11, 30)}, "土地流转合同在期"),
        ("rural", {"insured_amount_yuan": Decimal(1), "insurance_year": 2025}, "农业保险参保"),
        ("district_merchant", {"lease_until": date(2026, 11, 30)}, "经营场所租约在期"),
        ("online", {"demand_registered_on": date(2026, 5, 20)}, "已登记首贷需求"),
    ],
)
def test_what_speaks_for_nothing_earns_nothing(segment: str, facts: dict[str, Any], reason: str) -> None:
    assert reason not in evaluated(expert(segment), **facts)["reasons"]
