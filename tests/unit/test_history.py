"""How an entity fared from list to list, and what caused it: told from two releases built by hand, each row with what it proves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from pipelines.eligibility.evidence import rows_of
from pipelines.eligibility.explain import explain
from pipelines.eligibility.history import Change, Weeks, history
from pipelines.eligibility.judge import FeedStates, judge
from pipelines.feeds.contract import contract, feeds
from pipelines.parameters import documents, parameters, plan
from pipelines.warehouse.connect import open_published
from pipelines.warehouse.tables import table

from .test_explain import entity, fill, fill_declared, listed

BEFORE, AFTER = ("2026-W47", date(2026, 11, 16)), ("2026-W48", date(2026, 11, 23))
CODE, EMPLOYER = "92511921MA6A00001M", "91511921MA6A000079"
Rows = Mapping[str, list[dict[str, object]]]


@dataclass(frozen=True)
class Told:
    """What one release knows: the entity's features, its listing, rows of its feeds, and versions."""

    features: dict[str, object]
    listing: dict[str, object] | None = None
    rows: Rows = field(default_factory=dict)
    late: frozenset[str] = frozenset()
    versions: Mapping[str, str] = field(default_factory=dict)


def publish(root: Path, week: str, as_of: date, told: Told, listings: list[dict[str, object]]) -> Path:
    """A published file of a week in its folder; every feed came on as-of, the late ones long ago."""
    path = root / week / f"shoudai-{week}.duckdb"
    path.parent.mkdir(parents=True)
    con = duckdb.connect(str(path))
    for schema in ("out", "mart", "feed", "ops", "quarantine"):
        con.execute(f"CREATE SCHEMA {schema}")
    fill_declared(con, "mart.features", [told.features])
    p, states = parameters(as_of), FeedStates(frozenset(feeds()), told.late)
    judged = judge(con.sql("FROM mart.features").pl().lazy(), p, states).with_columns(week=pl.lit(week))
    fill_declared(
        con, "out.eligibility", judged.select(list(table("out.eligibility").table_columns)).collect().to_dicts()
    )
    fill_declared(con, "out.target_list", listings)
    for name in ("out.watchlist", "quarantine.rows"):
        fill_declared(con, name, [])
    runs = [BEFORE, AFTER] if week == AFTER[0] else [BEFORE]
    fill_declared(con, "ops.runs", [run(name, day, told.versions) for name, day in runs])
    newest = {feed: date(2024, 1, 1) if feed in told.late else as_of for feed in feeds()}
    files = [{"feed": feed, "file_id": feed, "received_on": day, "status": "landed"} for feed, day in newest.items()]
    fill_declared(con, "ops.files", files)
    for feed in feeds():
        fill(con, f"feed.{feed}", contract(feed).table_columns, told.rows.get(feed, []))
    con.close()
    return path


def run(week: str, as_of: date, versions: Mapping[str, str]) -> dict[str, object]:
    of_week = {name: value for name, value in versions.items() if week == AFTER[0]}
    plain = {"parameters_version": "p1", "scorecards_version": "s1", "package_version": "1"}
    return {"run_id": week, "week": week, "as_of": as_of, "release": week, "status": "published"} | plain | of_week


@pytest.fixture
def tell(tmp_path: Path) -> Callable[[Told, Told], Change]:
    """Publishes two releases and tells the newest change of the entity."""

    def told(before: Told, after: Told) -> Change:
        was = [{"uscc": CODE, "week": BEFORE[0]} | before.listing] if before.listing else []
        now = [{"uscc": CODE, "week": AFTER[0]} | after.listing] if after.listing else []
        publish(tmp_path, *BEFORE, before, was)
        path = publish(tmp_path, *AFTER, after, now + was)
        uscc = str(after.features["uscc"])
        changes = explain(path, uscc).history
        assert gathered(path, uscc) == changes
        return changes[0]

    return told


def gathered(path: Path, uscc: str) -> tuple[Change, ...]:
    """The same, where it is asked of many entities at once."""
    con = open_published(path)
    weeks = Weeks(con, path, AFTER[0])
    weeks.gather([EMPLOYER, uscc])
    try:
        return history(weeks, uscc, rows_of(con, "SELECT * FROM out.target_list WHERE uscc = ?", uscc))
    finally:
        weeks.close()
        con.close()


def on_list(**values: object) -> dict[str, object]:
    made = listed(CODE, 5) | values
    return {name: value for name, value in made.items() if name not in ("uscc", "week")}


def payer(**known: object) -> dict[str, object]:
    return entity(CODE, "通江县诺水河餐馆") | known


def filing(month: int, amount: int, voucher: str) -> dict[str, object]:
    return {
        "uscc": CODE,
        "voucher_no": voucher,
        "tax_item": "增值税",
        "period_end": date(2026, month, 28),
        "tax_paid": Decimal(amount),
        "received_on": date(2026, 11, 1) if voucher == "V1" else date(2026, 11, 20),
        "file_id": voucher,
        "row_no": 1,
    }


def taxes(*rows: dict[str, object]) -> Rows:
    return {"tax__payments": list(rows)}


OLD, NEW = filing(9, 100, "V1"), filing(10, 100, "V2")
LATER_LINE = filing(9, 30000, "V3")  # another line for September, which had been told of


def test_a_new_month_that_completes_the_twelve_is_new_data(tell: Callable[[Told, Told], Change]) -> None:
    before = Told(payer(tax_months_normal=11), rows=taxes(OLD))
    change = tell(before, Told(payer(), on_list(), taxes(OLD, NEW)))
    assert (change.week, change.since, change.kind, change.cause) == ("2026-W48", "2026-W47", "entered", "new_data")
    assert [(rule.rule, rule.before, rule.after) for rule in change.rules] == [("paid_tax_12_months", False, True)]
    assert "tax__payments新数据：2026-10（2026-11-20收到）" in change.detail
    assert (change.before, change.after) == (
        None,
        {"rank": 5, "segment": "individual_taxpayer", "score": 42, "grade": "B"},
    )


def test_a_period_told_of_again_is_a_correction(tell: Callable[[Told, Told], Change]) -> None:
    before = Told(payer(tax_paid_12m_yuan=Decimal(31000)), rows=taxes(OLD))
    change = tell(before, Told(payer(), on_list(), taxes(OLD, LATER_LINE)))
    assert (change.kind, change.cause) == ("entered", "correction")
    assert "tax__payments更正：2026-09" in change.detail


def test_a_month_withdrawn_by_a_newer_delivery_is_a_correction(tell: Callable[[Told, Told], Change]) -> None:
    month = {"uscc": CODE, "insured_headcount": 5, "file_id": "S", "received_on": date(2026, 11, 2)}
    shop = payer(site_id="S", site_kind="商圈")
    firm = shop | {"uscc": CODE, "kind": "91", "employees": 5, "insured_min_12m": 5, "insured_max_12m": 5}
    both = [month | {"month": date(2026, 9, 1)}, month | {"month": date(2026, 10, 1)}]
    before = Told(firm | {"insured_months_12m": 11}, on_list(segment="small_employer"), {"social__insurance": both})
    after = Told(firm | {"insured_months_12m": 10}, rows={"social__insurance": both[:1]})
    change = tell(before, after)
    assert (change.kind, change.cause) == ("left", "correction")
    assert "social__insurance更正：2026-10" in change.detail


def test_a_loan_that_became_known_is_new_data(tell: Callable[[Told, Told], Change]) -> None:
    loan = {"uscc": CODE, "loan_no": "L1", "kind": "贷款", "granted_on": date(2026, 11, 18), "received_on": AFTER[1]}
    change = tell(Told(payer(), on_list()), Told(payer(enterprise_loans=1), rows={"credit__loans": [loan]}))
    assert (change.kind, change.cause) == ("left", "new_data")
    assert change.rules[0].rule == "never_borrowed"


def test_a_birthday_is_the_passing_of_time(tell: Callable[[Told, Told], Change]) -> None:
    firm = payer(kind="91", established_on=date(2024, 11, 20), employees=5) | dict.fromkeys(
        ("insured_min_12m", "insured_max_12m"), 5
    )
    firm |= {"insured_months_12m": 12}
    change = tell(Told(firm), Told(firm, on_list(segment="small_employer")))
    assert (change.kind, change.cause) == ("entered", "time")
    assert [rule.rule for rule in change.rules] == ["operating_2_years"]


def test_a_window_that_moved_on_without_a_new_row_is_the_passing_of_time(tell: Callable[[Told, Told], Change]) -> None:
    change = tell(Told(payer(), on_list(), taxes(OLD)), Told(payer(tax_months_normal=11), rows=taxes(OLD)))
    assert (change.kind, change.cause) == ("left", "time")
    assert "统计窗口后移" in change.detail


def test_the_same_rows_under_other_versions_are_a_change_of_the_rules(tell: Callable[[Told, Told], Change]) -> None:
    after = Told(payer(tax_months_normal=11), rows=taxes(OLD), versions={"package_version": "2"})
    change = tell(Told(payer(), on_list(), taxes(OLD)), after)
    assert (change.kind, change.cause) == ("left", "rule_change")
    assert "package_version" in change.detail


def test_a_number_that_changed_on_its_day_is_a_change_of_the_rules(
    tell: Callable[[Told, Told], Change], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    changed = tmp_path / "plan" / "plan_2026.yml"
    changed.parent.mkdir()
    text = plan.PLAN.read_text(encoding="utf-8")
    changed.write_text(text.replace("{2026-01-01: 50000}", "{2026-01-01: 50000, 2026-11-20: 65000}"), encoding="utf-8")
    monkeypatch.setattr(plan, "_plan", lambda: documents.declared(changed, "parameters"))
    change = tell(Told(payer(), on_list(), taxes(OLD)), Told(payer(), rows=taxes(OLD, NEW)))  # 61,234.50 either day
    assert (change.kind, change.cause) == ("left", "rule_change")
    assert "min_annual_tax_yuan: 50000 -> 65000" in change.detail


def test_a_feed_that_became_late_is_named(tell: Callable[[Told, Told], Change]) -> None:
    change = tell(Told(payer(), on_list()), Told(payer(), late=frozenset({"credit__loans"})))
    assert (change.kind, change.cause) == ("left", "feed_state")
    assert "credit__loans: fresh -> late" in change.detail


def test_a_refusal_is_the_cause_of_leaving(tell: Callable[[Told, Told], Change]) -> None:
    refusal = {"uscc": CODE, "reason": "拒绝营销", "from_on": date(2026, 11, 18)}
    change = tell(Told(payer(), on_list()), Told(payer(), rows={"crm__suppressions": [refusal]}))
    assert (change.kind, change.cause, change.detail) == ("left", "suppression", "营销抑制：拒绝营销")


def test_a_refusal_that_ended_is_the_cause_of_entering(tell: Callable[[Told, Told], Change]) -> None:
    refusal = {"uscc": CODE, "reason": "投诉", "from_on": date(2026, 1, 1), "until_on": date(2026, 11, 20)}
    rows = {"crm__suppressions": [refusal]}
    change = tell(Told(payer(), rows=rows), Told(payer(), on_list(), rows))
    assert (change.kind, change.cause) == ("entered", "suppression")
    assert "ended" in change.detail


def test_who_fits_as_before_and_is_not_picked_any_more_left_for_capacity(tell: Callable[[Told, Told], Change]) -> None:
    change = tell(Told(payer(), on_list()), Told(payer()))
    assert (change.kind, change.cause, change.rules) == ("left", "capacity", ())


FLOW = {"uscc": CODE, "month": date(2026, 10, 1), "inflow": Decimal(5), "received_on": AFTER[1]}


@pytest.mark.parametrize(
    ("after", "cause"),
    [
        (Told(payer(), on_list(score=50), {"bank__flows": [FLOW]}), "new_data"),
        (Told(payer(), on_list(score=50), versions={"scorecards_version": "s2"}), "rule_change"),
        (Told(payer(), on_list(score=50)), "time"),
    ],
)
def test_a_score_moves_by_rows_by_the_card_or_by_time(
    tell: Callable[[Told, Told], Change], after: Told, cause: str
) -> None:
    change = tell(Told(payer(), on_list()), after)
    assert (change.kind, change.cause) == ("moved", cause)
    assert change.before is not None
    assert change.after is not None
    assert (change.before["score"], change.after["score"]) == (42, 50)


def test_another_rank_alone_is_no_move(tell: Callable[[Told, Told], Change]) -> None:
    change = tell(Told(payer(), on_list()), Told(payer(), on_list(rank=9)))
    assert (change.week, change.kind, change.cause) == ("2026-W47", "entered", "unknown")  # only the first list is told


def test_a_release_whose_file_is_gone_leaves_the_cause_unknown(tmp_path: Path) -> None:
    was = [{"uscc": CODE, "week": BEFORE[0]} | on_list()]
    publish(tmp_path, *BEFORE, Told(payer(), on_list()), was).unlink()
    path = publish(tmp_path, *AFTER, Told(payer()), was)
    told = explain(path, CODE)
    assert [(change.week, change.kind, change.cause) for change in told.history] == [
        ("2026-W48", "left", "unknown"),
        ("2026-W47", "entered", "unknown"),
    ]
    assert "2026-W47的发布文件不在" in told.to_text(200)


def test_the_history_reads_in_text_and_json(tmp_path: Path) -> None:
    was: list[dict[str, Any]] = [{"uscc": CODE, "week": BEFORE[0]} | on_list()]
    publish(tmp_path, *BEFORE, Told(payer(), on_list()), was)
    loan = {"uscc": CODE, "loan_no": "L1", "kind": "贷款", "granted_on": date(2026, 11, 18), "received_on": AFTER[1]}
    borrower = payer(enterprise_loans=1, predecessor_uscc=EMPLOYER)
    path = publish(tmp_path, *AFTER, Told(borrower, rows={"credit__loans": [loan]}), was)
    told = explain(path, CODE)
    text = told.to_text(220)
    assert "退出 left" in text
    assert "第5名 42分 B -> —" in text
    assert f"前身 predecessor: {EMPLOYER}" in text
    assert '"cause": "new_data"' in told.to_json()
