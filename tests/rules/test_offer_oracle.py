"""Random entities: the offer equals that of an independent plain-Python oracle, column by column."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
from hypothesis import given, settings, strategies as st

from pipelines.eligibility.explained_limit import Case, limit_figures
from pipelines.eligibility.explained_offer import offer_lines
from pipelines.offers.offer import offer
from pipelines.parameters import LprRate

from . import offer_oracle
from .frames import ENTERPRISE, INDIVIDUAL, entity, judged, plan


def decimals(places: int, most: int) -> st.SearchStrategy[Decimal]:
    return st.integers(0, most * 10**places).map(lambda units: Decimal(units) / 10**places)


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


MONEY = decimals(2, 10_000) | decimals(2, 8_000_000) | st.integers(0, 10**18 - 1).map(lambda fen: Decimal(fen) / 100)
CODES = ["C1311", "4390", "F5211", "F", "G5431", "G5411", "G54", "H6210", "62", "H61", "O8010", "Q8514", "Q85", "I6510"]
CHANGES = st.sampled_from([0.0, 100 / 6, 20.0, 20.0, 100 * 4 / 19, 300.0])
FACTS = st.fixed_dictionaries(
    {
        "uscc": st.sampled_from([ENTERPRISE, INDIVIDUAL]),
        "grade": st.sampled_from("ABCDE"),
        "industry_code": maybe(st.sampled_from(CODES)),
        "tax_grade": st.sampled_from([None, "A", "B", "A", "B", "C"]),
        "invoiced_12m_yuan": st.sampled_from([None, Decimal(1_000_000), Decimal(5_000_000), Decimal("999999.99")]),
        "inflow_mean_12m_yuan": maybe(MONEY),
        "inflow_sum_12m_yuan": maybe(MONEY),
        "rd_spend_yuan": st.sampled_from([None, None, Decimal(0)]) | maybe(MONEY),
        "patents": st.sampled_from([None, None, 0, 0, 1, 7]),
        "certifications": st.sampled_from([None, [], [], ["专精特新"]]),
        "order_months_12m": st.sampled_from([None, 0, 3, 12]),
        "insured_min_6m": st.sampled_from([None, 0, 1, 6, 20, 1_000_000]),
        "staff": st.just((None, None)) | st.just((0, None)) | st.tuples(st.sampled_from([3, 5, 5]), CHANGES),
        "contribution_base_per_head_yuan": maybe(decimals(2, 40_000) | MONEY),
        "meituan_rating": st.sampled_from([None, "4.4", "4.4999", "4.5", "4.9"]).map(
            lambda text: text and Decimal(text)
        ),
        "green_field": st.sampled_from([None, None, "循环经济服务"]),
        "employees": maybe(st.sampled_from([5, 500])),
        "status": st.just("存续"),
    }
)


def known(grade: str, staff: tuple[int | None, float | None], **facts: Any) -> dict[str, object]:
    """The features of one drawn entity; its grade is no feature."""
    return entity(**facts, insured_changes_6m=staff[0], insured_max_change_pct_6m=staff[1])


DIFFERS = "与之不同"
RATES = st.integers(2000, 9999).map(lambda milli: Decimal(milli) / 1000)


@settings(max_examples=60, deadline=None)
@given(st.lists(FACTS, min_size=1, max_size=30), RATES)
def test_every_offer_equals_the_oracle(people: list[dict[str, Any]], lpr_1y_pct: Decimal) -> None:
    grades = pl.Series("grade", [facts["grade"] for facts in people])
    rows = judged([known(**facts) for facts in people]).with_columns(grades)
    lpr = LprRate(lpr_1y_pct, Decimal(5), date(2025, 1, 20), is_past_table_end=False)
    for row in offer(rows, plan(), lpr).collect(engine="streaming").rows(named=True):
        expected = offer_oracle.offer(row, lpr_1y_pct)
        assert {
            "product": row["product"],
            "limit": row["limit_yuan"],
            "other": row["limit_other_reading_yuan"],
            "term": row["term_months"],
            "rate": row["annual_rate_pct"],
            "subsidy": row["subsidy_yuan_per_year"],
            "relending": row["is_relending"],
            "alternatives": row["alternatives"],
            "to_verify": row["to_verify"],
        } == expected


@settings(max_examples=30, deadline=None)
@given(st.lists(FACTS, min_size=1, max_size=30), RATES, st.sampled_from(["monthly", "annual"]), st.booleans())
def test_an_explanation_works_out_the_same_figures_for_every_product_that_fits(
    people: list[dict[str, Any]], lpr_1y_pct: Decimal, flow_basis: str, is_staff: bool
) -> None:
    p = plan(flow_basis=flow_basis, livelihood_reading="staff" if is_staff else "one_person")
    grades = pl.Series("grade", [facts["grade"] for facts in people])
    rows = judged([known(**facts) for facts in people], p).with_columns(grades)
    lpr = LprRate(lpr_1y_pct, Decimal(5), date(2025, 1, 20), is_past_table_end=False)
    for row in offer(rows, p, lpr).collect(engine="streaming").rows(named=True):
        lines = offer_lines(row, row, p)
        assert not any(DIFFERS in line.text for line in lines)
        if row["product"] is not None:
            figures = limit_figures(row["product"], Case(row, row["grade"], p))
            assert [figure.yuan for figure in figures] == [row["limit_yuan"], row["limit_other_reading_yuan"]]
            others = [line for line in lines if line.title_zh.startswith("其他可选")]
            assert len(others) == len(row["alternatives"])
            told = row["alternative_offers"].split("；") if row["alternatives"] else []
            assert len(told) == len(row["alternatives"])
            for name, text, line in zip(row["alternatives"], told, others, strict=True):
                assert line.text.partition("；最长")[2] == text.partition("，最长")[2]
                worked_out = limit_figures(name, Case(row, row["grade"], p))[0].yuan
                stated = re.search(r"：(?:不低于)?(\d+)元", text)
                assert (stated and Decimal(stated[1])) == worked_out
