"""`sql/conversion/`: what became of whom, by cohort, against the plan. As-of is 23 November 2026 (a Monday, 2026-W48)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from math import sqrt

import pytest
from hypothesis import given, settings, strategies as st

from pipelines.rehearsal import Rate

from .tables import Row, Warehouse

LIST = "week, uscc, name, segment, segments, channel_first_seen, grade, is_holdout"


def listed(warehouse: Warehouse, values: str) -> None:
    warehouse.fill("out.target_list", LIST, values)


def publish(warehouse: Warehouse, *usccs: str, week: str = "2026-W40", segments: str = "['green']") -> None:
    """List entities in one week (2026-W40 begins on 28 September)."""
    rows = (f"('{week}', '{uscc}', '{uscc}', ({segments})[1], {segments}, 'green', 'A', FALSE)" for uscc in usccs)
    listed(warehouse, ", ".join(rows))


def conversions(warehouse: Warehouse, **numbers: object) -> dict[str, Row]:
    rows = warehouse.rows("conversion/conversions", **numbers)
    assert len({row["uscc"] for row in rows}) == len(rows)
    return {row["uscc"]: row for row in rows}


def test_an_entity_is_kept_as_it_was_first_published(warehouse: Warehouse) -> None:
    listed(
        warehouse,
        """
        ('2026-W41', 'A', '新名', 'small_employer', ['small_employer'], 'green', 'A', TRUE), -- listed again, renamed
        ('2026-W40', 'A', '旧名', 'green', ['green', 'rural'], 'green', 'B', FALSE), -- listed first
        ('2026-W49', 'B', '乙', 'green', ['green'], 'green', 'A', FALSE) -- a release after as-of
        """,
    )
    found = conversions(warehouse)
    assert found.keys() == {"A"}
    assert list(found["A"].values())[:9] == [
        "A",
        "旧名",
        "2026-W40",
        date(2026, 9, 28),
        "green",
        ["green", "rural"],
        "green",
        "B",
        False,
    ]
    assert found["A"]["outcome"] == "published"


def test_the_week_of_the_turn_of_the_year_begins_in_december(warehouse: Warehouse) -> None:
    publish(warehouse, "A", week="2026-W01")
    assert conversions(warehouse)["A"]["first_published_on"] == date(2025, 12, 29)


def test_an_entity_is_published_on_the_as_of_of_its_release(warehouse: Warehouse) -> None:
    publish(warehouse, "A", "B", week="2026-W48")  # its Monday is 23 November
    warehouse.fill("out.releases", "week, as_of", "('2026-W48', '2026-11-25'), ('2026-W47', '2026-11-16')")
    warehouse.fill(
        "feed.crm__contacts",
        "uscc, contacted_at",
        "('A', '2026-11-24 09:00'), ('B', '2026-11-25 09:00') -- A before there was a list",
    )
    assert conversions(warehouse, as_of=date(2026, 11, 24)) == {}
    assert conversions(warehouse, as_of=date(2026, 11, 25)).keys() == {"A", "B"}
    found = conversions(warehouse, as_of=date(2026, 11, 30))
    assert {uscc: (row["first_published_on"], row["contacted_on"]) for uscc, row in found.items()} == {
        "A": (date(2026, 11, 25), None),
        "B": (date(2026, 11, 25), date(2026, 11, 25)),
    }


def test_only_events_from_publication_to_as_of_count(warehouse: Warehouse) -> None:
    publish(warehouse, "early", "on", "late")
    for uscc, day in (("early", "2026-09-27"), ("on", "2026-09-28"), ("late", "2026-11-24")):
        warehouse.fill("feed.crm__contacts", "uscc, contacted_at", f"('{uscc}', '{day} 08:00')")
        warehouse.fill(
            "feed.crm__applications",
            "uscc, application_no, applied_on, status, decided_on",
            f"('{uscc}', '{uscc}', '{day}', '通过', '{day}')",
        )
        warehouse.fill(
            "feed.crm__disbursements", "uscc, loan_no, disbursed_on, amount", f"('{uscc}', '{uscc}', '{day}', 9)"
        )
    found = conversions(warehouse)
    assert {uscc: row["outcome"] for uscc, row in found.items()} == {
        "early": "published",
        "on": "disbursed",
        "late": "published",
    }
    stages = ("contacted_on", "applied_on", "approved_on", "disbursed_on")
    assert [found["on"][stage] for stage in stages] == [date(2026, 9, 28)] * 4
    assert [found["early"][stage] for stage in stages] == [None] * 4


def test_a_decision_dated_later_than_as_of_is_to_come(warehouse: Warehouse) -> None:
    publish(warehouse, "approved", "refused", "again")
    warehouse.fill(
        "feed.crm__applications",
        "uscc, application_no, applied_on, status, decided_on, received_on",
        """
        ('approved', '1', '2026-11-20', '通过', '2026-11-24', '2026-11-23'), -- reported with tomorrow's date
        ('refused', '2', '2026-11-20', '拒绝', '2026-11-24', '2026-11-23'),
        ('again', '3', '2026-11-01', '拒绝', '2026-11-05', '2026-11-06'), -- refused, then a decision to come
        ('again', '4', '2026-11-20', '拒绝', '2026-11-24', '2026-11-23')
        """,
    )
    stages = {uscc: (row["approved_on"], row["outcome"]) for uscc, row in conversions(warehouse).items()}
    assert stages == dict.fromkeys(("approved", "refused", "again"), (None, "applied"))
    later = conversions(warehouse, as_of=date(2026, 11, 24))
    assert {uscc: (row["approved_on"], row["outcome"]) for uscc, row in later.items()} == {
        "approved": (date(2026, 11, 24), "approved"),
        "refused": (None, "rejected"),
        "again": (None, "rejected"),
    }


def test_each_outcome(warehouse: Warehouse) -> None:
    names = "contacted applied withdrawn rejected again day eve approved second paid today two undated"
    publish(warehouse, *names.split())
    listed(
        warehouse,
        """
        ('2026-W40', 'kept', '', 'green', ['green'], 'green', 'A', TRUE), -- held out, and nothing happened
        ('2026-W40', 'leaked', '', 'green', ['green'], 'green', 'A', TRUE), -- held out, and contacted all the same
        ('2026-W40', 'self', '', 'green', ['green'], 'green', 'A', TRUE) -- held out, and came by itself
        """,
    )
    warehouse.fill(
        "feed.crm__contacts", "uscc, contacted_at", "('contacted', '2026-10-02 09:00'), ('leaked', '2026-10-01 09:00')"
    )
    warehouse.fill(
        "feed.crm__applications",
        "uscc, application_no, applied_on, status, decided_on, received_on",
        """
        ('applied', '1', '2026-10-05', '审批中', NULL, '2026-10-06'), -- pending
        ('withdrawn', '2', '2026-10-05', '撤回', '2026-10-06', '2026-10-06'), -- the client's own decision is no refusal
        ('rejected', '3', '2026-10-05', '拒绝', '2026-10-06', '2026-10-06'),
        ('again', '4', '2026-10-05', '拒绝', '2026-10-06', '2026-10-06'), -- refused, then applied again: pending
        ('again', '5', '2026-11-05', '审批中', NULL, '2026-11-06'),
        ('day', '9.1', '2026-10-05', '拒绝', '2026-10-05', '2026-10-06'), -- refused, and applied again the same day: pending
        ('day', '9.2', '2026-10-05', '审批中', NULL, '2026-10-06'),
        ('eve', '9.4', '2026-10-05', '审批中', NULL, '2026-10-06'), -- reported the other way round
        ('eve', '9.3', '2026-10-05', '拒绝', '2026-10-05', '2026-10-06'),
        ('approved', '6', '2026-10-05', '拒绝', '2026-10-06', '2026-10-06'), -- refused, then approved
        ('approved', '7', '2026-11-05', '通过', '2026-11-07', '2026-11-08'),
        ('second', '10', '2026-10-05', '通过', '2026-10-07', '2026-10-08'), -- approved, then refused a second one
        ('second', '11', '2026-11-05', '拒绝', '2026-11-07', '2026-11-08'),
        ('undated', '8', '2026-10-05', '通过', NULL, '2026-10-09') -- approved on a day nobody wrote down
        """,
    )
    warehouse.fill(
        "feed.crm__disbursements",
        "uscc, loan_no, disbursed_on, amount",
        """
        ('paid', '1', '2026-10-20', 100000), -- without application or contact: paid out all the same
        ('today', '5', '2026-11-23', 20), -- on as-of itself
        ('two', '2', '2026-11-20', 50), ('two', '3', '2026-11-01', 70), -- the first loan is the conversion
        ('self', '4', '2026-11-01', 10)
        """,
    )
    found = conversions(warehouse)
    assert {uscc: row["outcome"] for uscc, row in found.items()} == {
        "contacted": "contacted",
        "applied": "applied",
        "withdrawn": "applied",
        "rejected": "rejected",
        "again": "applied",
        "day": "applied",
        "eve": "applied",
        "approved": "approved",
        "second": "approved",
        "undated": "approved",
        "paid": "disbursed",
        "today": "disbursed",
        "two": "disbursed",
        "kept": "held_out",
        "leaked": "contacted",
        "self": "disbursed",
    }
    assert (found["two"]["disbursed_on"], found["two"]["amount_yuan"]) == (date(2026, 11, 1), 70)
    assert (found["approved"]["applied_on"], found["approved"]["approved_on"]) == (date(2026, 10, 5), date(2026, 11, 7))
    assert found["undated"]["approved_on"] == date(2026, 10, 9)  # known to be approved by then


def test_lost_is_a_loan_of_another_lender_that_came_first(warehouse: Warehouse) -> None:
    publish(warehouse, "lost", "before", "ours", "record", "coming", "first", "same", "then", "91P", "92P", "unnamed")
    warehouse.fill(
        "feed.credit__loans",
        "uscc, loan_no, lender, kind, granted_on",
        """
        ('lost', '1', '他行', '贷款', '2026-10-09'), ('lost', '2', '再一家', '贴现', '2026-10-08'), -- the earlier one
        ('before', '3', '他行', '贷款', '2026-09-27'), -- before publication, reported late: no first loan to be had any more
        ('ours', '4', '蜀农商行成都分行', '贷款', '2026-10-08'), -- our own branch
        ('record', '11', '蜀农商行成都分行', '贷款', '2026-09-28'), -- of our loan of the day of publication: no earlier one
        ('coming', '12', '他行', '贷款', '2026-11-24'), -- a day after as-of
        ('first', '5', '他行', '贷款', '2026-10-21'), -- a day after ours
        ('same', '6', '他行', '贷款', '2026-10-20'), -- the same day as ours
        ('then', '7', '他行', '贷款', '2026-10-19'), -- a day before ours: ours was no first loan
        ('91P', '8', '他行', '个人经营贷款', '2026-10-08'), -- of an enterprise's owner: not its loan
        ('92P', '9', '他行', '个人经营贷款', '2026-10-08'), -- of an individual business: counts
        ('unnamed', '10', NULL, '贷款', '2026-10-08') -- may be ours: not known to be lost
        """,
    )
    warehouse.fill(
        "feed.crm__disbursements",
        "uscc, loan_no, disbursed_on, amount",
        "('record', '11', '2026-09-28', 9), ('first', '1', '2026-10-20', 9), ('same', '2', '2026-10-20', 9), ('then', '3', '2026-10-20', 9)",
    )
    found = conversions(warehouse)
    assert {uscc: (row["outcome"], row["lost_to"], row["lost_on"]) for uscc, row in found.items()} == {
        "lost": ("lost", "再一家", date(2026, 10, 8)),
        "before": ("lost", "他行", date(2026, 9, 27)),
        "ours": ("published", None, None),
        "record": ("disbursed", None, None),
        "coming": ("published", None, None),
        "first": ("disbursed", None, None),
        "same": ("disbursed", None, None),
        "then": ("lost", "他行", date(2026, 10, 19)),
        "91P": ("published", None, None),
        "92P": ("lost", "他行", date(2026, 10, 8)),
        "unnamed": ("published", None, None),
    }


def test_a_first_loan_is_one_before_which_there_was_none(warehouse: Warehouse) -> None:
    """S09: any earlier loan disqualifies, also one that is reported after ours, or whose day or lender nobody wrote down."""
    late = ("other", "ours", "crm", "unnamed", "undated", "our_undated", "neither", "owner", "later")
    publish(warehouse, *late, "92owner", "crm_only", "undated_only")
    warehouse.fill(
        "feed.credit__loans",
        "uscc, loan_no, lender, kind, granted_on",
        """
        ('other', '1', '他行', '贷款', '2026-09-27'),
        ('ours', '2', '蜀农商行成都分行', '贷款', '2019-05-01'), -- an old loan of ours: ours again, and not the first
        ('unnamed', '3', NULL, '贴现', '2026-09-27'), -- whoever lent, it was before all of ours that count
        ('undated', '4', '他行', '贷款', NULL), -- disproves, as in never_borrowed
        ('our_undated', '5', '蜀农商行', '贷款', NULL), -- may be the very loan we paid out
        ('neither', '6', NULL, '贷款', NULL), -- may be that too
        ('owner', '7', '他行', '个人经营贷款', '2026-09-27'), -- of an enterprise's owner: not its loan
        ('92owner', '8', '他行', '个人经营贷款', '2026-09-27'),
        ('later', '9', '他行', '贷款', '2026-11-24'), -- after as-of
        ('crm', '10', '他行', '贷款', '2026-10-01'), -- after our first, before our second: nothing lost
        ('undated_only', '11', '他行', '贷款', NULL)
        """,
    )
    paid = ", ".join(f"('{uscc}', '{uscc}', '2026-10-20', 9)" for uscc in (*late, "92owner"))
    warehouse.fill(
        "feed.crm__disbursements",
        "uscc, loan_no, disbursed_on, amount",
        f"""{paid},
        ('crm', 'old', '2026-09-27', 7), ('crm_only', 'older', '2026-09-27', 7) -- ours, before publication
        """,
    )
    warehouse.fill("feed.crm__contacts", "uscc, contacted_at", "('crm', '2026-10-01 09:00')")
    found = conversions(warehouse)
    assert {uscc: (row["outcome"], row["lost_to"], row["lost_on"]) for uscc, row in found.items()} == {
        "other": ("lost", "他行", date(2026, 9, 27)),
        "ours": ("published", None, None),
        "crm": ("contacted", None, None),
        "unnamed": ("published", None, None),
        "undated": ("lost", "他行", None),
        "our_undated": ("disbursed", None, None),
        "neither": ("disbursed", None, None),
        "owner": ("disbursed", None, None),
        "92owner": ("lost", "他行", date(2026, 9, 27)),
        "later": ("disbursed", None, None),
        "crm_only": ("published", None, None),
        "undated_only": ("lost", "他行", None),
    }
    assert (found["crm"]["disbursed_on"], found["crm"]["amount_yuan"]) == (date(2026, 10, 20), 9)
    narrow = conversions(warehouse, first_loan_definition="never_enterprise_loan")
    assert {uscc for uscc in found if narrow[uscc] != found[uscc]} == {"92owner"}
    assert narrow["92owner"]["outcome"] == "disbursed"
    warehouse.as_view("conversions")
    (cohort,) = warehouse.rows("conversion/funnel")
    assert (cohort["published"], cohort["disbursed"], cohort["lost"]) == (12, 4, 4)


def test_a_rate_never_counts_who_is_not_in_its_denominator(warehouse: Warehouse) -> None:
    publish(warehouse, "A", "B", "C", "D")
    listed(
        warehouse, "('2026-W40', 'K', '', 'green', ['green'], 'green', 'A', TRUE)"
    )  # held out: no part of the cohort
    warehouse.fill("feed.crm__contacts", "uscc, contacted_at", "('A', '2026-10-01 09:00'), ('A', '2026-10-02 09:00')")
    warehouse.fill(
        "feed.crm__applications",
        "uscc, application_no, applied_on, status, decided_on",
        """
        ('A', '1', '2026-10-05', '通过', '2026-10-06'),
        ('B', '2', '2026-10-05', '审批中', NULL), -- applied without a contact: not in applied per contacted
        ('C', '3', '2026-10-05', '审批中', NULL)
        """,
    )
    warehouse.fill(
        "feed.crm__disbursements",
        "uscc, loan_no, disbursed_on, amount",
        "('A', '1', '2026-10-10', 9), ('D', '2', '2026-10-10', 9) -- D without contact or application",
    )
    warehouse.as_view("conversions")
    (row,) = warehouse.rows("conversion/funnel")
    assert row.pop("disbursed_per_published_low_pct") == pytest.approx(15.00, abs=0.005)
    assert row.pop("disbursed_per_published_high_pct") == pytest.approx(85.00, abs=0.005)
    assert row == {
        "week": "2026-W40",
        "segment": "green",
        "grade": "A",
        "published": 4,
        "contacted": 1,
        "applied": 3,
        "approved": 1,
        "disbursed": 2,
        "lost": 0,
        "contacted_per_published_pct": 25.0,
        "applied_per_contacted_pct": 100.0,
        "disbursed_per_applied_pct": 33.33,
        "disbursed_per_contacted_pct": 100.0,
        "disbursed_per_published_pct": 50.0,
        "days_since_published": 56,
        "is_mature": False,
    }


def test_a_rate_over_nobody_is_null_and_maturity_is_a_parameter(warehouse: Warehouse) -> None:
    publish(warehouse, "A")
    warehouse.as_view("conversions")
    (row,) = warehouse.rows("conversion/funnel", maturity_days=56)
    rates = ("applied_per_contacted_pct", "disbursed_per_applied_pct", "disbursed_per_contacted_pct")
    assert [row[rate] for rate in rates] == [None, None, None]
    assert (row["disbursed_per_published_pct"], row["is_mature"]) == (0.0, True)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 60), st.integers(0, 60))
def test_the_interval_is_the_score_tests(published: int, disbursed: int) -> None:
    """Its ends are the shares p for which the observed count is exactly z standard errors off (Wilson 1927)."""
    disbursed = min(disbursed, published)
    warehouse = Warehouse()
    publish(warehouse, *(f"E{number}" for number in range(published)))
    warehouse.con.execute(
        f"INSERT INTO feed.crm__disbursements (uscc, loan_no, disbursed_on, amount)"
        f" SELECT 'E' || i, CAST(i AS VARCHAR), DATE '2026-10-10', 1 FROM range({disbursed}) AS t (i)"
    )
    warehouse.as_view("conversions")
    (row,) = warehouse.rows("conversion/funnel")
    warehouse.con.close()
    share = disbursed / published
    rehearsed = Rate.of(published, disbursed)  # the same interval where Polars works it out
    ends = [round(100 * end, 2) for end in (rehearsed.low, rehearsed.high)]
    assert [row["disbursed_per_published_low_pct"], row["disbursed_per_published_high_pct"]] == pytest.approx(
        ends, abs=0.011
    )
    for end in (row["disbursed_per_published_low_pct"] / 100, row["disbursed_per_published_high_pct"] / 100):
        assert abs(share - end) == pytest.approx(1.96 * sqrt(end * (1 - end) / published), abs=0.002)


TARGETS = """
    ('found', 'S12', '潜在', 'entities', 'published_entities', ['individual_taxpayer', 'small_employer', 'new_enterprise'], 12),
    ('rate', 'S13', '转化率', 'pct', 'first_loans_per_published_entity', ['individual_taxpayer', 'small_employer'], 25),
    ('green', 'S23', '绿色', 'entities', 'first_loans', ['green'], 5),
    ('parks', 'S18', '园区', 'sites', 'covered_parks', NULL, 50),
    ('districts', 'S18', '商圈', 'sites', 'covered_districts', [], 80),
    ('applied', 'S31', '申请', 'applications', 'applications', ['online'], 10),
    ('paid', 'S31', '申请转化', 'pct', 'disbursed_per_application', ['online'], 30),
    ('all', 'S51', '合计', 'entities', 'first_loans', NULL, 10)
"""


def progress(warehouse: Warehouse, **numbers: object) -> dict[str, Row]:
    warehouse.fill("plan.targets", "target, clause, title_zh, unit, measure, segments, value", TARGETS)
    warehouse.as_view("conversions", **numbers)
    return {row["target"]: row for row in warehouse.rows("conversion/plan_progress", **numbers)}


def test_lines_overlap_and_the_house_counts_each_entity_once(warehouse: Warehouse) -> None:
    publish(warehouse, "A", "B", segments="['small_employer', 'green']")  # two lines at once
    publish(warehouse, "C", "D", "E", segments="['small_employer']")
    publish(warehouse, "F", week="2025-W50", segments="['green']")  # published last year, paid out this year
    publish(warehouse, "G", week="2025-W40", segments="['green']")  # both last year
    warehouse.fill(
        "feed.crm__disbursements",
        "uscc, loan_no, disbursed_on, amount",
        """
        ('A', '1', '2026-10-10', 9), ('A', '2', '2026-10-11', 9), -- two loans, one entity
        ('F', '3', '2026-02-10', 9),
        ('G', '4', '2025-12-10', 9)
        """,
    )
    found = progress(warehouse)
    assert {name: row["actual_value"] for name, row in found.items()} == {
        "found": 5,  # A to E; F and G were first published before this year
        "rate": 20,  # A of A to E
        "green": 2,  # A and F
        "parks": None,  # no site feed
        "districts": None,
        "applied": 0,
        "paid": None,  # of nobody
        "all": 2,
    }
    assert found["rate"]["note"] == "5 户入选，其中 1 户首贷；触达 0 户中 0 户，申请 0 户中 0 户"


def test_the_rate_of_the_published_stands_beside_those_of_the_contacted_and_of_the_applied(
    warehouse: Warehouse,
) -> None:
    publish(warehouse, *"ABCD", segments="['small_employer']")
    publish(warehouse, "E", segments="['green']")  # of another line
    publish(warehouse, "F", week="2025-W50", segments="['small_employer']")  # of last year's published
    warehouse.fill(
        "feed.crm__contacts",
        "uscc, contacted_at",
        "('A', '2026-10-08'), ('B', '2026-10-08'), ('C', '2026-10-08'), ('E', '2026-10-08'), ('F', '2026-10-08')",
    )
    warehouse.fill(
        "feed.crm__applications",
        "uscc, application_no, applied_on",
        "('A', '1', '2026-10-09'), ('B', '2', '2026-10-09')",
    )
    warehouse.fill(
        "feed.crm__disbursements",
        "uscc, loan_no, disbursed_on, amount",
        "('A', '1', '2026-10-10', 9), ('D', '2', '2026-10-10', 9), ('F', '3', '2026-10-10', 9)",  # D came by itself
    )
    found = progress(warehouse)["rate"]
    assert found["actual_value"] == 50
    assert found["note"] == "4 户入选，其中 2 户首贷；触达 3 户中 1 户，申请 2 户中 1 户"


def test_pace_is_the_share_of_the_year_and_a_rate_is_projected_as_it_is(warehouse: Warehouse) -> None:
    publish(warehouse, *"ABCDEF", week="2026-W20", segments="['small_employer', 'online']")
    warehouse.fill(
        "feed.crm__disbursements",
        "uscc, loan_no, disbursed_on, amount",
        "('A', '1', '2026-06-10', 9), ('B', '2', '2026-06-10', 9)",
    )
    found = progress(warehouse, as_of=date(2026, 7, 2))  # 182 of 365 days are over
    assert {(row["pace_pct"], row["as_of"]) for row in found.values()} == {(49.86, date(2026, 7, 2))}
    assert [found["found"][name] for name in ("share_pct", "projection", "is_on_pace", "unit")] == [
        50.0,
        Decimal("12.03"),
        True,
        "户",
    ]
    assert [found["all"][name] for name in ("share_pct", "projection", "is_on_pace")] == [20.0, Decimal("4.01"), False]
    assert [found["rate"][name] for name in ("actual_value", "projection", "is_on_pace", "unit")] == [
        Decimal("33.33"),
        Decimal("33.33"),
        True,
        "%",
    ]


def test_a_target_that_is_reached_exactly_is_reached(warehouse: Warehouse) -> None:
    """不低于25%, 1.2万户: both at the end of their year, 3 of 12 paid."""
    publish(warehouse, *"ABCDEFGHIJKL", week="2026-W20", segments="['small_employer']")
    loans = ", ".join(f"('{uscc}', '{uscc}', '2026-06-10', 9)" for uscc in "ABC")
    warehouse.fill("feed.crm__disbursements", "uscc, loan_no, disbursed_on, amount", loans)
    found = progress(warehouse, as_of=date(2027, 1, 11))
    assert [(found[name]["actual_value"], found[name]["is_on_pace"]) for name in ("found", "rate")] == [
        (12, True),
        (25, True),
    ]


def test_targets_of_a_year_that_is_over_stand_as_it_ended(warehouse: Warehouse) -> None:
    """No targets of 2027 were set: those of 2026 are not measured by what happens in 2027."""
    both = "['small_employer', 'online']"
    publish(warehouse, "A", "B", "D", week="2026-W50", segments=both)
    publish(warehouse, "C", week="2027-W01", segments=both)  # 4 January 2027
    warehouse.fill(
        "feed.crm__disbursements",
        "uscc, loan_no, application_no, disbursed_on, amount",
        """
        ('A', '1', NULL, '2026-12-31', 9), ('B', '2', NULL, '2027-01-01', 9), ('C', '3', NULL, '2027-01-04', 9),
        ('A', '4', '4', '2027-01-02', 9), -- applied for in 2026 and paid after it
        ('D', '5', NULL, '2026-12-20', 9) -- after a loan of another lender: no first loan
        """,
    )
    warehouse.fill(
        "feed.credit__loans", "uscc, loan_no, lender, kind, granted_on", "('D', '6', '他行', '贷款', '2026-12-15')"
    )
    warehouse.fill(
        "feed.crm__applications",
        "uscc, application_no, applied_on, status",
        "('A', '1', '2026-12-20', '通过'), ('A', '4', '2026-12-21', '通过'), ('B', '2', '2027-01-01', '通过'), ('C', '3', '2027-01-04', '通过')",
    )
    warehouse.fill(
        "feed.sites__tenants",
        "site_id, site_kind, opened_on, uscc",
        "('P1', '园区', '2026-03-01', 'A'), ('P2', '园区', '2027-01-01', 'A'), ('P3', '园区', '2026-03-01', 'B')",
    )
    warehouse.fill(
        "feed.crm__contacts",
        "uscc, contacted_at",
        "('A', '2026-12-31 23:00'), ('A', '2027-01-05 09:00'), ('B', '2027-01-01 09:00') -- A again: it was covered before",
    )
    found = progress(warehouse, as_of=date(2027, 1, 11))
    assert {name: row["actual_value"] for name, row in found.items()} == {
        "found": 3,
        "rate": Decimal("33.33"),  # of three first published in 2026 one was paid in it
        "green": 0,
        "parks": 1,
        "districts": 0,
        "applied": 2,
        "paid": 0,
        "all": 1,
    }
    assert {(row["pace_pct"], row["as_of"]) for row in found.values()} == {(100.0, date(2027, 1, 11))}
    assert (found["all"]["projection"], found["all"]["is_on_pace"]) == (1, False)
    assert found["all"]["note"] == "2026年首贷，各条线之间按户去重"


def test_applications_count_once_each_and_per_entity(warehouse: Warehouse) -> None:
    publish(warehouse, "A", "B", segments="['online']")
    publish(warehouse, "C")
    publish(warehouse, "D", week="2025-W50", segments="['online']")
    warehouse.fill(
        "feed.crm__applications",
        "uscc, application_no, applied_on, status",
        """
        ('A', '1', '2026-10-05', '拒绝'), ('A', '2', '2026-10-06', '通过'), -- two applications of one entity
        ('B', '3', '2026-10-05', '审批中'),
        ('B', '4', '2026-09-01', '拒绝'), -- before publication
        ('C', '5', '2026-10-05', '审批中'), -- listed, but not online
        ('D', '7', '2025-12-20', '通过'), -- in the year before the target's
        ('X', '6', '2026-10-05', '审批中') -- never listed
        """,
    )
    warehouse.fill(
        "feed.crm__disbursements",
        "uscc, loan_no, application_no, disbursed_on, amount",
        "('A', '1', '2', '2026-10-10', 9), ('A', '2', '1', '2026-10-12', 9) -- both of A's paid: one entity",
    )
    found = progress(warehouse)
    assert (found["applied"]["actual_value"], found["paid"]["actual_value"]) == (3, Decimal("66.67"))
    assert found["paid"]["note"] == "3 笔申请，其中 2 笔放款；2 户申请，1 户放款"


def test_a_site_is_covered_when_its_station_is_open_and_a_tenant_was_contacted(warehouse: Warehouse) -> None:
    warehouse.fill(
        "feed.sites__tenants",
        "site_id, site_kind, opened_on, uscc",
        """
        ('P1', '园区', '2026-03-01', 'A'), ('P1', '园区', '2026-03-01', 'B'), -- open, B contacted: covered, once
        ('P2', '园区', '2026-12-01', 'C'), -- contacted, but not open yet
        ('P3', '园区', NULL, 'C'), -- no station
        ('D1', '商圈', '2026-11-23', 'C'), -- opened on as-of
        ('D2', '商圈', '2026-03-01', 'D') -- nobody contacted up to as-of
        """,
    )
    warehouse.fill(
        "feed.crm__contacts",
        "uscc, contacted_at",
        "('B', '2026-10-01 09:00'), ('B', '2026-10-02 09:00'), ('C', '2026-11-23 20:00'), ('D', '2026-11-24 09:00')",
    )
    found = progress(warehouse)
    assert (found["parks"]["actual_value"], found["districts"]["actual_value"]) == (1, 1)


def test_a_measure_nobody_counts_is_an_error(warehouse: Warehouse) -> None:
    warehouse.fill("plan.targets", "target, unit, measure, value", "('x', 'entities', 'smiles', 1)")
    warehouse.as_view("conversions")
    with pytest.raises(Exception, match="smiles"):
        warehouse.rows("conversion/plan_progress")
