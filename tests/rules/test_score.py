"""Scores: bands on both sides of their bounds, points that add up, reasons in order, absence that never lowers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings, strategies as st

from pipelines.errors import DeclarationError
from pipelines.scoring.card import SCORECARDS, Scorecard, load, scorecard
from pipelines.scoring.score import evaluate, score

from .frames import AS_OF, FEATURES, INDIVIDUAL, entity, frame, judged, plan

CARD = """\
scorecard: tiny
title_zh: 小卡
grades: [{grade: A, from: 20}, {grade: B, from: 10}, {grade: C, from: 0}]
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
def tiny(tmp_path: Path) -> Scorecard:
    path = tmp_path / "tiny.yml"
    path.write_text(CARD, encoding="utf-8")
    return load(path)


def evaluated(card: Scorecard, uscc: str = INDIVIDUAL, **facts: object) -> dict[str, Any]:
    return evaluate(frame([entity(uscc, **facts)]), card, plan()).collect(engine="streaming").row(0, named=True)


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
    tiny: Scorecard, facts: dict[str, Any], points: list[int], reasons: list[str], grade: str
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
        evaluated(load(path))


def test_an_unknown_card_names_those_there_are() -> None:
    with pytest.raises(DeclarationError, match="no scorecard 'experts'; expected one of expert_2026"):
        scorecard("experts")


NUMBERS = st.integers(-1, 3_000_000).map(lambda fen: Decimal(fen) / 100)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
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
)
def test_the_points_of_the_expert_card_always_sum_to_the_score(rows: list[dict[str, Any]]) -> None:
    card = scorecard("expert_2026")
    made = evaluate(frame([entity(**facts) for facts in rows]), card, plan()).collect(engine="streaming")
    for row in made.rows(named=True):
        assert sum(row["points"]) == row["score"]
        assert len(row["points"]) == len(row["reasons"]) == len(set(row["reasons"]))
        assert row["points"] == sorted(row["points"], reverse=True)
        assert 0 not in row["points"]
        assert row["grade"] == next(grade for grade, start in card.grades if row["score"] >= start)


ONLY_ADDS = ("S06", "S16", "S21", "S22", "S25", "S26", "S28", "S29")


@pytest.mark.parametrize("name", [path.stem for path in SCORECARDS.glob("*.yml")])
def test_where_the_plan_only_adds_points_absence_is_the_lowest_band(name: str) -> None:
    made = [found for found in scorecard(name).characteristics if found.clause in ONLY_ADDS]
    assert {found.clause for found in made} == set(ONLY_ADDS)
    for found in made:
        worth = [band.points for band in found.bands] or [*(found.values or {}).values(), found.other]
        assert found.unknown == min([*worth, found.unknown]) == 0


@pytest.mark.parametrize("name", [path.stem for path in SCORECARDS.glob("*.yml")])
def test_every_card_in_the_folder_loads_and_reads_only_existing_columns(name: str) -> None:
    lazy = evaluate(pl.LazyFrame(schema=FEATURES), scorecard(name), plan())
    assert lazy.collect().columns == [*FEATURES.names(), "score", "grade", "points", "reasons", "scorecard"]


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
    ("facts", "line"),
    [
        ({"established_on": date(2025, 12, 1)}, ("经营年限", 2)),  # 11 months
        ({"established_on": date(2025, 11, 30)}, ("经营年限", 3)),  # 12
        ({"insured_min_12m": 10, "insured_max_12m": 11}, ("参保人数稳定", 8)),
        ({"insured_min_12m": 9, "insured_max_12m": 10}, ("参保人数稳定", 5)),  # exactly 10 %
        ({"orders_cv_12m": 0.1, "order_months_12m": 6}, ("线上订单稳定", 5)),
        ({"carbon_tonnes": Decimal(0)}, ("有碳足迹记录", 2)),
        ({"certifications": ["高新技术企业", "专精特新"]}, ("科技型中小企业或“专精特新”", 6)),
        ({"contract_until": date(2026, 12, 1)}, ("土地流转合同在期", 3)),
        ({"insured_amount_yuan": Decimal(1), "insurance_year": 2026}, ("农业保险参保", 5)),
        ({"demand_registered_on": date(2026, 10, 24)}, ("已登记首贷需求", 12)),  # 30 days
        ({"demand_registered_on": date(2026, 10, 23)}, ("已登记首贷需求", 9)),
    ],
)
def test_a_derived_feature_earns_its_points(facts: dict[str, Any], line: tuple[str, int]) -> None:
    made = evaluated(scorecard("expert_2026"), **facts)
    assert line in zip(made["reasons"], made["points"], strict=True)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"orders_cv_12m": 0.1, "order_months_12m": 5}, "线上订单稳定"),
        ({"certifications": ["高新技术企业"]}, "科技型中小企业或“专精特新”"),
        ({"contract_until": date(2026, 11, 30)}, "土地流转合同在期"),
        ({"insured_amount_yuan": Decimal(1), "insurance_year": 2025}, "农业保险参保"),
        ({"demand_registered_on": date(2026, 5, 20)}, "已登记首贷需求"),
    ],
)
def test_what_speaks_for_nothing_earns_nothing(facts: dict[str, Any], reason: str) -> None:
    assert reason not in evaluated(scorecard("expert_2026"), **facts)["reasons"]
