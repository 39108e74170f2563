"""Why an entity is on the list, or not: answered from a published file built by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from pipelines.eligibility.explain import Explanation, RuleLine, explain
from pipelines.eligibility.explained_offer import offer_lines
from pipelines.eligibility.judge import FeedStates, judge, watchlist
from pipelines.eligibility.rules import RULES
from pipelines.errors import UsageError
from pipelines.feeds.contract import contract
from pipelines.parameters import parameters
from pipelines.warehouse.migrate import columns_sql
from pipelines.warehouse.tables import table

AS_OF = date(2026, 11, 23)
WEEK = "2026-W48"
P = parameters(AS_OF)

DINER = "92511921MA6A00001M"  # on the list: pays its taxes, never borrowed
LATE_PAYER = "92511921MA6A00002K"  # one tax month was late
BORROWER = "92511921MA6A00003H"  # an old, settled loan
REFUSER = "92511921MA6A00004F"  # fits, but refused marketing
HELD_OUT = "92511921MA6A00005D"  # fits, kept back as control
UNPICKED = "92511921MA6A00006B"  # fits, not picked
UNADMITTED = "92511921MA6A00008X"  # on the list, but its tax grade admits no product
NEWCOMER = "91511921MA6A000079"  # no social-insurance data: its feed never came
FARM = "farm:NY-0007"  # a family farm without a code

FRESH = frozenset({"registry__entities", "tax__payments", "credit__loans", "agriculture__operators", "bank__flows"})
FEEDS = FeedStates(delivered=FRESH | {"tax__credit_grades"}, late=frozenset({"tax__credit_grades"}))
TAX_FILE, REGISTER_FILE, LOAN_FILE, GRADE_FILE = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)


def entity(uscc: str, name: str, **known: object) -> dict[str, object]:
    """A row of `mart.features`: an open restaurant that paid its taxes in all 12 months, unless said otherwise."""
    plain: dict[str, object] = {
        "uscc": uscc,
        "id_namespace": "uscc",
        "kind": uscc[:2],
        "name": name,
        "status": "存续",
        "established_on": date(2020, 3, 1),
        "industry_code": "H6210",
        "division_code": "511921",
        "tax_filings": 36,
        "tax_window_end_on": date(2026, 10, 31),
        "tax_months_covered": 12,
        "tax_months_normal": 12,
        "tax_paid_12m_yuan": Decimal("61234.50"),
        "inflow_mean_12m_yuan": Decimal("85000.60"),
        "inflow_sum_12m_yuan": Decimal("1020007.20"),
        "flow_months_12m": 12,
        "tax_grade": "A",
        "tax_grade_year": 2024,
    }
    return plain | known


ENTITIES = [
    entity(DINER, "通江县诺水河（集团）餐馆"),
    entity(LATE_PAYER, "通江县春风面馆", tax_months_normal=11),
    entity(BORROWER, "通江县老街火锅店", enterprise_loans=1, first_loan_on=date(2019, 5, 1)),
    entity(REFUSER, "通江县静安茶楼"),
    entity(HELD_OUT, "通江县对照小吃店"),
    entity(UNPICKED, "通江县未选烧烤店"),
    entity(UNADMITTED, "通江县失信烤鱼店", tax_grade="D"),
    entity(NEWCOMER, "通江县[新]科技\x1b[31m有限公司", established_on=date(2025, 11, 24), tax_filings=None),
    {
        "uscc": FARM,
        "id_namespace": "farm",
        "name": "李家沟家庭农场",
        "operator_id": "NY-0007",
        "operator_type": "家庭农场",
    },
]


def listed(uscc: str, rank: int, **values: object) -> dict[str, object]:
    """A row of `out.target_list`."""
    plain: dict[str, object] = {
        "week": WEEK,
        "rank": rank,
        "uscc": uscc,
        "segment": "individual_taxpayer",
        "segments": ["individual_taxpayer"],
        "score": 42,
        "grade": "B",
        "points": [30, 12],
        "reasons": ["连续按期纳税", "年纳税额较高"],
        "first_loan_status": "presumed",
        "product": "basic",
        "limit_yuan": Decimal(38250),
        "limit_other_reading_yuan": Decimal(459002),
        "term_months": 36,
        "annual_rate_pct": Decimal("3.500"),
        "repayment_options": "随借随还",
        "is_holdout": False,
        "scorecard": "expert_2026",
    }
    return plain | values


def landed(feed: str, file_id: str, name: str, received_on: date) -> dict[str, object]:
    """A row of `ops.files`."""
    return {"feed": feed, "file_id": file_id, "name": name, "received_on": received_on, "status": "landed"}


FILES = [
    landed("registry__entities", REGISTER_FILE, "登记_20261101.csv", date(2026, 11, 1)),
    landed("tax__payments", TAX_FILE, "税务_20261116.csv.gz", date(2026, 11, 16)),
    landed("credit__loans", LOAN_FILE, "贷款_20261120.csv", date(2026, 11, 20)),
    landed("agriculture__operators", "e" * 64, "农业_20261101.csv", date(2026, 11, 1)),
    landed("tax__credit_grades", GRADE_FILE, "评级_20250401.csv", date(2025, 4, 1)),  # more than 400 days ago
    landed("social__insurance", "f" * 64, "社保_20261201.csv", date(2026, 12, 1)),  # came after as-of
]

TAX_LINES: list[dict[str, object]] = [
    {"uscc": uscc, "voucher_no": f"{uscc}-{month}", "tax_item": "增值税", "period_end": date(2026, month, 28)}
    | {"file_id": TAX_FILE, "row_no": number * 10 + month, "received_on": date(2026, 11, 16)}
    for number, uscc in enumerate((DINER, LATE_PAYER))
    for month in (9, 10)
]
LOANS: list[dict[str, object]] = [
    {"loan_no": "L1", "uscc": BORROWER, "kind": "贷款", "granted_on": date(2019, 5, 1), "settled_on": date(2021, 5, 1)}
    | {"file_id": LOAN_FILE, "row_no": 77, "received_on": date(2026, 11, 20)}
]
SUPPRESSIONS: list[dict[str, object]] = [
    {"uscc": REFUSER, "reason": "拒绝营销", "from_on": date(2026, 6, 1), "file_id": "9" * 64, "row_no": 4},
    # over since summer: UNPICKED is not suppressed any more
    {"uscc": UNPICKED, "reason": "投诉", "from_on": date(2026, 1, 1), "until_on": date(2026, 7, 1), "row_no": 5},
]
BROKEN: list[dict[str, object]] = [
    {
        "feed": "tax__payments",
        "file_id": TAX_FILE,
        "row_no": 99,
        "raw": f"{DINER},2026-13-01,x",
        "reasons": ["period_end: 2026-13-01"],
    }
]


def fill(con: duckdb.DuckDBPyConnection, name: str, columns: dict[str, str], rows: list[dict[str, object]]) -> None:
    """A table with its declared types; what a row does not name is NULL."""
    con.execute(f"CREATE TABLE {name} ({columns_sql(columns)})")
    for row in rows:
        names = ", ".join(f'"{column}"' for column in row)
        marks = ", ".join("?" * len(row))
        con.execute(f"INSERT INTO {name} ({names}) VALUES ({marks})", list(row.values()))


def fill_declared(con: duckdb.DuckDBPyConnection, name: str, rows: list[dict[str, object]]) -> None:
    """A table of `schemas/tables/`."""
    fill(con, name, dict(table(name).table_columns), rows)


def judged_rows(con: duckdb.DuckDBPyConnection) -> list[dict[str, object]]:
    """What the real rules say of the entities, as rows of `out.eligibility`."""
    judged = judge(con.sql("FROM mart.features").pl().lazy(), P, FEEDS).with_columns(week=pl.lit(WEEK))
    return judged.select(list(table("out.eligibility").table_columns)).collect().to_dicts()


def watched_rows(con: duckdb.DuckDBPyConnection) -> list[dict[str, object]]:
    """The real watchlist of the entities."""
    judged = judge(con.sql("FROM mart.features").pl().lazy(), P, FEEDS)
    return watchlist(judged, P, FEEDS, WEEK).collect().to_dicts()


def build(path: Path, parameters_version: str = P.version) -> Path:
    """A published file of 2026-W48 with the nine entities above."""
    con = duckdb.connect(str(path))
    for schema in ("out", "mart", "feed", "ops", "quarantine"):
        con.execute(f"CREATE SCHEMA {schema}")
    fill_declared(con, "mart.features", ENTITIES)
    fill_declared(con, "out.eligibility", judged_rows(con))
    fill_declared(con, "out.watchlist", watched_rows(con))
    before = listed(DINER, 7, week="2026-W47", score=40)
    no_offer = listed(UNADMITTED, 3, product=None, limit_yuan=None, term_months=None, annual_rate_pct=None)
    now = [listed(DINER, 1), listed(HELD_OUT, 2, is_holdout=True), no_offer]
    fill_declared(con, "out.target_list", [*now, before])
    run = {"run_id": "1", "week": WEEK, "as_of": AS_OF, "parameters_version": parameters_version, "status": "published"}
    fill_declared(con, "ops.runs", [run])
    fill_declared(con, "ops.files", FILES)
    fill_declared(con, "quarantine.rows", BROKEN)
    rows = {"tax__payments": TAX_LINES, "credit__loans": LOANS, "crm__suppressions": SUPPRESSIONS}
    for feed in ("registry__entities", "tax__payments", "credit__loans", "crm__suppressions", "crm__contacts"):
        fill(con, f"feed.{feed}", contract(feed).table_columns, rows.get(feed, []))
    con.close()
    return path


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published file, built once."""
    return build(tmp_path_factory.mktemp("published") / "shoudai-2026-W48.duckdb")


@pytest.fixture
def why(published: Path) -> Callable[[str], Explanation]:
    """Explains a query from the published file."""
    return lambda query: explain(published, query)


def test_a_release_published_before_a_column_was_there_is_explained_as_well(tmp_path: Path) -> None:
    path = build(tmp_path / "shoudai-2026-W48.duckdb")
    expected = {query: explain(path, query).to_text() for query in (DINER, LATE_PAYER, FARM)}
    with duckdb.connect(str(path)) as con:
        for column in ("other_site_kind", "tax_twelfth_due_on"):
            con.execute(f"ALTER TABLE mart.features DROP COLUMN {column}")
    assert {query: explain(path, query).to_text() for query in expected} == expected


def rule_of(explained: Explanation, name: str) -> RuleLine:
    """The line of one rule."""
    return next(line for line in explained.rules if line.name == name)


def verdict_of(explained: Explanation) -> tuple[str, str]:
    """Kind and Chinese sentence of the verdict."""
    assert explained.verdict is not None
    return explained.verdict.kind, explained.verdict.zh


def test_a_listed_entity_has_its_rank_and_points_that_add_up(why: Callable[[str], Explanation]) -> None:
    explained = why(DINER)
    assert verdict_of(explained) == ("listed", "在名单：第1名，主客群纳税个体工商户，得分42（B档）")
    assert [(line.reason, line.points) for line in explained.points] == [("连续按期纳税", 30), ("年纳税额较高", 12)]
    assert explained.listed is not None
    assert sum(line.points for line in explained.points) == explained.listed["score"]


def test_every_rule_is_answered_with_what_it_looked_at_what_it_needs_and_its_clause(
    why: Callable[[str], Explanation],
) -> None:
    explained = why(DINER)
    assert {line.name for line in explained.rules} == set(RULES)
    assert len(explained.rules) == 20
    tax = rule_of(explained, "annual_tax_at_least")
    assert (tax.outcome, tax.clause, tax.title_zh) == (True, "S08", "年纳税额达标")
    assert tax.looked_at == {"tax_filings": 36, "tax_paid_12m_yuan": Decimal("61234.50")}
    assert "61234.50" in str(tax.value)
    assert "50,000" in tax.needed


def test_a_rule_names_the_newest_file_and_row_it_rests_on(why: Callable[[str], Explanation]) -> None:
    source = rule_of(why(LATE_PAYER), "paid_tax_12_months").sources[0]
    assert (source.feed, source.state, source.rows) == ("tax__payments", "fresh", 2)
    assert (source.file_name, source.file_id, source.row_no) == ("税务_20261116.csv.gz", TAX_FILE, 20)
    assert (source.period, source.received_on) == (date(2026, 10, 28), date(2026, 11, 16))


def test_the_offer_is_shown_with_the_numbers_it_is_made_of(why: Callable[[str], Explanation]) -> None:
    lines = {line.title_zh.split()[0]: line.text for line in why(DINER).offer}
    assert lines["额度"] == "近12个月月均流入（12个月有流水） 85,000.60 × 45% = 38,250.27；取整 38,250 元"
    assert lines["利率"].startswith("LPR(1Y) 3.0") or lines["利率"].startswith("LPR(1Y) 3.1")
    assert "= 3.500%" in lines["利率"]
    assert "LPR表止于" in lines["利率"]
    assert lines["期限"] == "12 至 36 个月（行业 H6210）"
    assert (
        lines["另一口径"]
        == "近12个月流入合计 1,020,007.20 × 45% = 459,003.24；取整 459,003 元（以上按现行参数；发布值 459,002.00 元，与之不同 differs from what was published）"
    )
    assert lines["再贷款"] == "额度不超过 2,000,000 元、利率不超过 3.60%：额度未知 (unknown)"


CASE: dict[str, Any] = {
    "inflow_mean_12m_yuan": Decimal("85000.60"),
    "inflow_sum_12m_yuan": Decimal("1020007.20"),
    "flow_months_12m": 12,
    "industry_code": "H6210",
    "rd_spend_yuan": Decimal("4000000.00"),
    "order_months_12m": 7,
    "contribution_base_per_head_yuan": Decimal("4321.09"),
    "insured_min_6m": 6,
}


def offer_text(product: str, **row: object) -> dict[str, str]:
    """The lines of an offer of that product to the entity of CASE, by their Chinese titles."""
    told = offer_lines(listed(DINER, 1, product=product, **{"subsidy_yuan_per_year": None, **row}), CASE, P)
    return {line.title_zh.split()[0]: line.text for line in told}


def test_tech_is_explained_by_both_sums_the_higher_one_and_the_discount() -> None:
    row = {"limit_yuan": Decimal(5_000_000), "limit_other_reading_yuan": Decimal(5_000_000)}
    lines = offer_text("tech", **row, annual_rate_pct=Decimal("3.100"), subsidy_yuan_per_year=Decimal(46_500))
    assert lines["额度"] == (
        "基础产品：近12个月月均流入（12个月有流水） 85,000.60 × 45% = 38,250.27；取整 38,250 元；"
        "研发：上年研发投入 4,000,000.00 × 150% = 6,000,000.00，单户上限 5,000,000；取整 5,000,000 元；取高 5,000,000 元"
    )
    assert "+0.50 -0.50 个百分点 = 3.100%" in lines["利率"]
    assert lines["贴息"] == "5,000,000 × 3.100% × 30% = 46,500.00 元/年"


def test_trade_is_explained_without_a_number_and_with_its_season() -> None:
    row = {"limit_yuan": None, "limit_other_reading_yuan": None, "season": "双11（进行中）", "alternatives": ["basic"]}
    row["annual_rate_pct"] = Decimal("3.600")
    lines = offer_text("trade", **row, to_verify=["tax_grade_b_or_better", "has_ip_right"])
    assert lines["额度"] == "按订单量、结算流水核定（7个月有订单），以申请核定 (limit on application)"
    assert (lines["另一口径"], lines["旺季"]) == ("—", "双11（进行中）")
    assert lines["待核实"] == "纳税信用B级以上、知识产权（专利或软件著作权）"
    assert lines["其他可选"].startswith("首贷信用贷 (basic)：近12个月月均流入（12个月有流水） 85,000.60 × 45%")
    assert lines["其他可选"].endswith("；取整 38,250 元；最长36个月，年利率3.600%")


def test_an_alternative_to_tech_costs_its_discount_more_and_is_lent_for_a_shorter_time() -> None:
    row = {"limit_yuan": Decimal(5_000_000), "annual_rate_pct": Decimal("3.100"), "alternatives": ["trade"]}
    told = offer_text("tech", **row)["其他可选"]
    assert told.endswith("以申请核定 (limit on application)；最长36个月，年利率3.600%")


@pytest.mark.parametrize(
    ("limit", "said"),
    [(None, "额度未定，不测算 (no limit to work it out from)"), (Decimal(50_000), "不适用 (none)")],
    ids=["no limit", "neither green nor technology"],
)
def test_without_a_limit_nobody_is_told_that_there_is_no_subsidy_for_them(limit: Decimal | None, said: str) -> None:
    """S50: a green trader is subsidised, only not by a number known before it applies."""
    assert offer_text("trade" if limit is None else "basic", limit_yuan=limit)["贴息"] == said


def test_livelihood_is_explained_by_the_base_that_is_not_the_wage() -> None:
    row = {"limit_yuan": Decimal(311_118), "limit_other_reading_yuan": Decimal(51_853)}
    lines = offer_text("livelihood", **row)
    base = "人均月缴费基数（非工资 contribution base, not wage） 4,321.09 × 12 × "
    assert lines["额度"] == f"{base}6人（近6个月最低参保人数） = 311,118.48；取整 311,118 元"
    assert lines["另一口径"] == f"{base}1人 = 51,853.08；取整 51,853 元"


def test_an_entity_without_a_product_is_told_why(why: Callable[[str], Explanation]) -> None:
    explained = why(UNADMITTED)
    assert [line.title_zh for line in explained.offer] == ["产品 product"]
    assert "an admission rule is false" in explained.offer[0].text
    assert "an admission rule is false" in explained.to_text(width=200)


def test_the_first_rule_that_fails_is_named(why: Callable[[str], Explanation]) -> None:
    explained = why(LATE_PAYER)
    expected = "不在名单：不符合任何客群；最接近的纳税个体工商户不满足：连续12个月正常纳税"
    assert verdict_of(explained) == ("not_eligible", expected)
    assert explained.points == ()
    assert explained.offer == ()


def test_who_is_one_rule_short_is_told_what_is_missing(why: Callable[[str], Explanation]) -> None:
    watched = why(LATE_PAYER).watched
    assert [(row["segment"], row["missing_rule"], row["outcome"]) for row in watched] == [
        ("individual_taxpayer", "paid_tax_12_months", "short")
    ]


def test_a_settled_old_loan_is_shown_with_its_row(why: Callable[[str], Explanation]) -> None:
    explained = why(BORROWER)
    line = rule_of(explained, "never_borrowed")
    assert line.outcome is False
    assert explained.first_loan_status == "disproved"
    assert [(source.feed, source.row_no) for source in line.sources] == [
        ("credit__loans", 77),
        ("crm__disbursements", None),
    ]
    assert verdict_of(explained)[1].endswith("不满足：从未贷款")


def test_a_refusal_is_named_with_its_row(why: Callable[[str], Explanation]) -> None:
    explained = why(REFUSER)
    assert verdict_of(explained) == ("suppressed", "不在名单：营销抑制（拒绝营销）")
    assert [(row["reason"], row["file_id"], row["row_no"]) for row in explained.suppressions] == [
        ("拒绝营销", "9" * 64, 4)
    ]


def test_a_held_out_entity_must_not_be_contacted(why: Callable[[str], Explanation]) -> None:
    kind, zh = verdict_of(why(HELD_OUT))
    assert kind == "held_out"
    assert "不联系" in zh


def test_a_suppression_that_has_ended_suppresses_no_more(why: Callable[[str], Explanation]) -> None:
    explained = why(UNPICKED)
    assert explained.suppressions == ()
    assert verdict_of(explained)[0] == "not_picked"


def test_unknown_says_whether_the_feed_is_missing_late_or_silent(why: Callable[[str], Explanation]) -> None:
    explained = why(NEWCOMER)
    never, late, silent = (
        rule_of(explained, name) for name in ("insured_staff_3_to_20", "tax_grade_b_or_better", "paid_tax_12_months")
    )
    assert (never.outcome, late.outcome, silent.outcome) == (None, None, None)
    assert never.sources[0].state == "missing"  # a file that came after as-of does not count
    assert late.sources[0].state == "late"
    assert "never delivered" in str(never.why_unknown)
    assert "late" in str(late.why_unknown)
    assert "not what the rule needs" in str(silent.why_unknown)


def test_a_rule_says_when_time_alone_will_meet_it(why: Callable[[str], Explanation]) -> None:
    assert rule_of(why(NEWCOMER), "operating_2_years").closes_on == date(2027, 11, 24)
    assert rule_of(why(DINER), "operating_2_years").closes_on is None  # met already


def test_a_first_loan_that_is_presumed_reads_as_met(why: Callable[[str], Explanation]) -> None:
    assert rule_of(why(DINER), "never_borrowed").value == "未见任何贷款、贴现记录"


def test_a_rule_that_is_not_addressed_to_the_entity_is_not_applicable(why: Callable[[str], Explanation]) -> None:
    assert rule_of(why(NEWCOMER), "proves_stable_premises").is_applicable is False
    assert rule_of(why(DINER), "proves_stable_premises").is_applicable is True


def test_a_segment_whose_feed_never_came_is_not_called_the_nearest(why: Callable[[str], Explanation]) -> None:
    explained = why(LATE_PAYER)
    online = next(line for line in explained.segments if line.name == "online")
    assert (online.outcome, online.feed_state, online.failed) == (None, "missing", ())
    assert "纳税个体工商户" in verdict_of(explained)[1]


def test_a_farm_without_a_code_is_sent_to_the_watchlist(why: Callable[[str], Explanation]) -> None:
    explained = why("farm:ny-0007")
    assert explained.uscc == FARM
    assert verdict_of(explained)[0] == "no_code"
    assert [(row["segment"], row["outcome"]) for row in explained.watched] == [("rural", "needs_data")]


def test_earlier_weeks_are_remembered(why: Callable[[str], Explanation]) -> None:
    assert [(row["week"], row["rank"], row["score"]) for row in why(DINER).earlier] == [("2026-W47", 7, 40)]


def test_a_quarantined_row_of_the_entity_is_shown(why: Callable[[str], Explanation]) -> None:
    row = why(DINER).quarantined[0]
    assert (row.feed, row.file_name, row.row_no) == ("tax__payments", "税务_20261116.csv.gz", 99)
    assert row.reasons == ("period_end: 2026-13-01",)
    assert why(LATE_PAYER).quarantined == ()


@pytest.mark.parametrize(
    "query",
    [
        DINER.lower(),
        " 9251 1921 MA6A 0000 1M ",
        "９２５１１９２１ＭＡ６Ａ００００１Ｍ",
        "511921" + DINER[8:17],  # a legacy id: division and organisation code
        "通江县诺水河（集团）餐馆",
        "通江县诺水河(集团)餐馆",
        "诺水河",
    ],
)
def test_an_entity_is_found_by_code_in_any_writing_by_legacy_id_and_by_name(
    query: str, why: Callable[[str], Explanation]
) -> None:
    assert why(query).uscc == DINER


def test_a_part_of_several_names_gives_the_candidates(why: Callable[[str], Explanation]) -> None:
    explained = why("通江县")
    assert explained.uscc is None
    assert DINER in {candidate.uscc for candidate in explained.candidates}
    assert len(explained.candidates) == 8
    assert "could be" in explained.to_text()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("92511921MA6A00001X", "check character"),  # a mistyped code
        ("91110000100000000A", "check character"),
        ("通江县春风面管", "nearest names: 通江县春风面馆"),  # a misspelt name
        ("  ", "nothing to look for"),
    ],
)
def test_a_query_that_fits_nothing_says_what_to_do(query: str, said: str, why: Callable[[str], Explanation]) -> None:
    with pytest.raises(UsageError, match=said):
        why(query)


def test_nothing_published_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no published release"):
        explain(tmp_path / "current.duckdb", DINER)


def test_a_change_of_the_parameters_since_the_release_is_said(tmp_path: Path, published: Path) -> None:
    assert explain(published, DINER).notes == ()
    assert "changed since" in explain(build(tmp_path / "old.duckdb", "another"), DINER).notes[0]


def test_explaining_leaves_the_published_file_as_it_is(published: Path) -> None:
    before = published.read_bytes()
    with duckdb.connect(str(published), read_only=True):  # an analyst has it open
        explain(published, DINER)
    assert published.read_bytes() == before
    assert [path.name for path in published.parent.iterdir()] == [published.name]


def test_explaining_does_without_pandas_and_leaves_it_to_whoever_wants_it(published: Path) -> None:
    script = f"""
import sys
from pathlib import Path
from pipelines.eligibility.explain import explain
assert explain(Path({str(published)!r}), {DINER!r}).uscc == {DINER!r}
print("pandas" in sys.modules)
import pandas
print(pandas.__name__)
"""
    told = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    assert told.split() == ["False", "pandas"]


def test_the_json_has_everything_and_keeps_unknown_apart_from_false(why: Callable[[str], Explanation]) -> None:
    told: dict[str, Any] = json.loads(why(DINER).to_json())
    outcomes = {line["name"]: line["outcome"] for line in told["rules"]}
    assert (outcomes["never_borrowed"], outcomes["is_enterprise"], outcomes["insured_staff_3_to_20"]) == (
        True,
        False,
        None,
    )
    assert told["listed"]["limit_yuan"] == "38250.00"
    assert told["as_of"] == "2026-11-23"
    assert told["verdict"]["kind"] == "listed"


def test_the_text_tells_a_person_the_same(why: Callable[[str], Explanation]) -> None:
    text = why(DINER).to_text(width=220)
    for said in (
        "在名单：第1名",
        "annual_tax_at_least S08",
        "税务_20261116.csv.gz",
        "合计 score",
        "42",
        "38,250 元",
        "2026-W47",
    ):
        assert said in text
    assert "未交付 never delivered" in text
    assert "\x1b" not in text


def test_what_a_department_typed_cannot_steer_the_terminal(why: Callable[[str], Explanation]) -> None:
    text = why(NEWCOMER).to_text()
    assert "通江县[新]科技" in text
    assert "\x1b" not in text
