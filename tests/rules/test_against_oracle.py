"""Random entities, judged by the pipeline and by the plain-Python oracle: every rule, segment and status must agree."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
from hypothesis import HealthCheck, given, settings, strategies as st

from pipelines.eligibility.judge import FeedStates, attrition, judge
from pipelines.eligibility.rules import RULES
from pipelines.eligibility.segments import SEGMENTS

from . import oracle
from .frames import ALL_FRESH, FEATURES, frame, plan

# Mondays and not, an ordinary and a leap February, the day after a leap day.
AS_OF_DAYS = st.sampled_from(
    [date(2026, 1, 1), date(2026, 2, 28), date(2026, 11, 23), date(2028, 2, 29), date(2028, 3, 1), date(2029, 2, 28)]
)
CODES = ["C1329", "1329", "C13", "13", "C", " c13 ", "A0111", "0514", "B", "44", "E50", "F", "F51", "5212", "G54", "59",
         "G60", "H61", "62", "I64", "65", "J66", "K70", "K7010", "7020", "K703", "L", "L72", "72", "M74", "N", "O80",
         "83", "Q84", "R90", "S91", "97", "98", "00", "A1329", "X1", "C1", "51102", "", None]  # fmt: skip


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


def money(*bounds: int) -> st.SearchStrategy[Decimal]:
    """Amounts at, one fen below and one fen above the bounds, and nothing."""
    fen = Decimal("0.01")
    return st.sampled_from(
        [amount for bound in bounds for amount in (bound - fen, Decimal(bound), bound + fen)] + [Decimal(0)]
    )


def days_around(as_of: date) -> st.SearchStrategy[date]:
    """Days near as-of, one year and two years before it, and the leap days around."""
    anchors = [as_of, oracle.years_later(as_of, -1), oracle.years_later(as_of, -2)]
    near = [anchor + timedelta(days=step) for anchor in anchors for step in (-2, -1, 0, 1, 2)]
    return st.sampled_from([*near, date(2024, 2, 29), date(2028, 2, 29), date(2009, 8, 5)])


@st.composite
def entities(draw: st.DrawFn, as_of: date) -> dict[str, Any]:
    uscc = draw(st.sampled_from(["91", "92", "93", "N2", "farm:"])) + draw(
        st.text("0123456789ABC", min_size=4, max_size=4)
    )
    is_farm = uscc.startswith("farm:")
    day, count = maybe(days_around(as_of)), maybe(st.integers(0, 2))
    facts: dict[str, Any] = dict.fromkeys(FEATURES.names())
    facts |= {
        "uscc": uscc,
        "id_namespace": "farm" if is_farm else "uscc",
        "kind": None if is_farm else uscc[:2],
        "established_on": draw(day),
        "status": draw(maybe(st.sampled_from(["存续", "在营", "注销", "吊销", "迁出", "其他"]))),
        "industry_code": draw(st.sampled_from(CODES)),
        "employees": draw(maybe(st.sampled_from([0, 19, 20, 49, 50, 99, 100, 299, 300, 1000]))),
        "annual_revenue_yuan": draw(
            maybe(money(5_000_000, 10_000_000, 20_000_000, 30_000_000, 50_000_000, 60_000_000))
        ),
        "total_assets_yuan": draw(maybe(money(50_000_000, 80_000_000))),
        "certifications": draw(maybe(st.lists(st.sampled_from(["专精特新", "高新技术企业", "绿色工厂"]), max_size=2))),
        "tax_filings": draw(count),
        "tax_months_normal": draw(maybe(st.sampled_from([0, 9, 11, 12]))),
        "tax_paid_12m_yuan": draw(maybe(money(50_000, -1))),
        "tax_grade": draw(maybe(st.sampled_from("ABMCD"))),
        "invoiced_12m_yuan": draw(maybe(money(1_000_000))),
        "insured_months_12m": draw(maybe(st.sampled_from([0, 1, 10, 11, 12]))),
        "bill_months_12m": draw(maybe(st.integers(0, 12))),
        "green_listed_on": draw(day),
        "green_valid_until": draw(day),
        "green_field": draw(maybe(st.just("循环经济服务"))),
        "operator_id": draw(maybe(st.just("F001"))),
        "operator_type": draw(maybe(st.sampled_from(["家庭农场", "农民专业合作社", "农产品加工小作坊", "农业公司"]))),
        "site_id": draw(maybe(st.just("S1"))),
        "site_kind": draw(maybe(st.sampled_from(["园区", "商圈"]))),
        "other_site_kind": draw(maybe(st.sampled_from(["园区", "商圈"]))),
        "lease_until": draw(day),
        "enterprise_loans": draw(count),
        "personal_business_loans": draw(count),
        "own_disbursements": draw(count),
        "first_loan_on": draw(day),
        "first_enterprise_loan_on": draw(day),
        "own_first_disbursed_on": draw(day),
        "owner_authorised_on": draw(day),
        "owner_severe_overdue": draw(maybe(st.booleans())),
        "demand_registered_on": draw(day),
        "first_loan_confirmed_on": draw(day),
    }
    low, high = sorted(draw(st.tuples(*[st.sampled_from([2, 3, 12, 20, 21])] * 2)))
    if facts["insured_months_12m"]:  # SQL states both or neither
        facts |= {"insured_min_12m": low, "insured_max_12m": high}
    if facts["bill_months_12m"] is not None:
        facts["bill_months_paid_12m"] = draw(st.integers(0, facts["bill_months_12m"]))
    return facts


FEEDS = sorted(ALL_FRESH.delivered)
STATES = st.builds(
    lambda missing, late: FeedStates(
        ALL_FRESH.delivered - set(missing),
        frozenset(set(late) - set(missing)),
        received_on={"credit__loans": oracle.LOANS_RECEIVED_ON},
    ),
    st.lists(st.sampled_from(FEEDS), max_size=3),
    st.lists(st.sampled_from(FEEDS), max_size=3),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_the_judgement_is_the_oracles(data: st.DataObject) -> None:
    as_of = data.draw(AS_OF_DAYS)
    states = data.draw(STATES)
    definition = data.draw(st.sampled_from(["never_any_loan", "never_enterprise_loan"]))
    rows = data.draw(st.lists(entities(as_of), min_size=1, max_size=25))
    expected = [oracle.judge(facts, as_of, states.delivered, states.late, definition) for facts in rows]
    p = plan(as_of, first_loan_definition=definition)
    made = judge(frame(rows), p, states).select(list(expected[0])).collect(engine="streaming").rows(named=True)
    assert made == expected


def test_the_oracle_knows_every_rule_and_segment() -> None:
    facts = dict.fromkeys(FEATURES.names()) | {"uscc": "91", "id_namespace": "uscc"}
    named = oracle.judge(facts, date(2026, 11, 23), FEEDS, [], "never_any_loan")
    columns = [rule.column for rule in RULES.values()] + [segment.column for segment in SEGMENTS]
    evidence = ["first_loan_source", "first_loan_evidence_on", "first_loan_definition"]
    assert sorted(named) == sorted([*columns, "first_loan_status", *evidence])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_the_attrition_of_any_panel_adds_up_for_every_segment(data: st.DataObject) -> None:
    as_of = data.draw(AS_OF_DAYS)
    p, rows = plan(as_of), data.draw(st.lists(entities(as_of), max_size=25))
    judged = judge(frame(rows), p, data.draw(STATES)).collect(engine="streaming")
    steps = attrition(judged.lazy(), p, "2026-W48").collect()
    assert steps.filter(pl.col("passed") + pl.col("failed") + pl.col("unknown") != pl.col("entities_in")).is_empty()
    for segment in SEGMENTS:
        own = steps.filter(pl.col("segment") == segment.name).sort("step")
        assert own["entities_in"].to_list() == [len(rows), *own["passed"].to_list()[:-1]]
        assert own["passed"].to_list()[-1] == judged[segment.column].sum()


def test_both_engines_judge_alike() -> None:
    rows = [
        dict.fromkeys(FEATURES.names()) | {"uscc": f"9{n % 3}{n}", "id_namespace": "uscc", "kind": f"9{n % 3}"}
        for n in range(9)
    ]
    lazy = judge(frame(rows), plan(), ALL_FRESH)
    assert lazy.collect(engine="streaming").equals(lazy.collect(engine="in-memory"))
    assert isinstance(lazy, pl.LazyFrame)
