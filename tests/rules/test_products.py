"""Each product clause by clause (S37-S50), both sides of every bound. The LPR is 3.10 %."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from pipelines.eligibility.explained_offer import CLAUSES
from pipelines.errors import DeclarationError, UsageError
from pipelines.lists.pick import COLUMNS
from pipelines.names import names_zh
from pipelines.offers import products
from pipelines.offers.conditions import CONDITIONS
from pipelines.offers.offer import OFFERED
from pipelines.parameters import season, seasons
from pipelines.parameters.industries import is_listed
from pipelines.warehouse.tables import table

from .frames import AS_OF, INDIVIDUAL, plan
from .offers import GREEN, one

Facts = dict[str, Any]
INVENTOR: Facts = {"patents": 1, "rd_spend_yuan": Decimal(400_000), "inflow_mean_12m_yuan": Decimal(100_000)}
SHOP: Facts = {"industry_code": "F5211", "order_months_12m": 12, "inflow_mean_12m_yuan": Decimal(100_000)}
DINER: Facts = {
    "industry_code": "H6210",
    "insured_min_6m": 5,
    "insured_changes_6m": 5,
    "insured_max_change_pct_6m": 20.0,
    "contribution_base_per_head_yuan": Decimal("4000.00"),
    "meituan_rating": Decimal("4.5"),
    "inflow_mean_12m_yuan": Decimal(100_000),
}


# --- the order of the products


def test_the_special_product_comes_first_and_the_general_one_is_the_alternative() -> None:
    for facts, product in ((INVENTOR, "tech"), (SHOP, "trade"), (DINER, "livelihood")):
        row = one(**facts)
        assert (row["product"], row["alternatives"]) == (product, ["basic"])
    assert (one()["product"], one()["alternatives"]) == ("basic", [])


def test_an_inventor_that_runs_a_diner_with_orders_could_have_any_of_them() -> None:
    row = one(**SHOP | DINER | INVENTOR)
    assert (row["product"], row["alternatives"]) == ("tech", ["livelihood", "basic"])
    row = one(**DINER | INVENTOR | SHOP)
    assert (row["product"], row["alternatives"]) == ("tech", ["trade", "basic"])


def test_each_alternative_has_its_own_limit_term_and_rate_and_trade_never_a_limit() -> None:
    told = one(**DINER | INVENTOR | SHOP, grade="A")["alternative_offers"]
    assert told == (
        "商贸流通快贷：以申请核定（订单量、结算流水），最长36个月，年利率3.600%；首贷信用贷：50000元，最长36个月，年利率3.600%"
    )
    told = one(**SHOP | DINER | INVENTOR)["alternative_offers"]
    assert told == ("民生服务保障贷：240000元，最长36个月，年利率3.600%；首贷信用贷：50000元，最长36个月，年利率3.600%")
    maker = INVENTOR | {"industry_code": "C3511", "inflow_mean_12m_yuan": None}
    assert one(**maker)["alternative_offers"] == "首贷信用贷：缺流水，以申请核定，最长60个月，年利率3.600%"
    assert (one()["alternatives"], one()["alternative_offers"]) == ([], None)
    assert one(**SHOP, tax_grade="D")["alternative_offers"] is None


def test_who_fails_an_admission_rule_is_offered_none_of_them() -> None:
    for facts in (INVENTOR, SHOP, DINER):
        row = one(**facts, tax_grade="D")
        assert (row["product"], row["alternatives"], row["limit_note"], row["season"]) == (None, [], None, None)


REFUSED: list[tuple[str, Facts]] = [
    ("tax grade C", {"tax_grade": "C"}),  # S32
    ("grade M of an old firm", {"tax_grade": "M", "established_on": date(2025, 11, 23)}),
    ("a fen short of a million invoiced", {"invoiced_12m_yuan": Decimal("999999.99")}),  # S33
    ("a severe overdue of the owner", {"owner_authorised_on": AS_OF, "owner_severe_overdue": True}),  # S34
    (
        "no lease and nine paid bills",  # S36
        {"uscc": INDIVIDUAL, "lease_until": date(2026, 11, 22), "bill_months_12m": 12, "bill_months_paid_12m": 9},
    ),
]


@pytest.mark.parametrize("refused", [facts for _, facts in REFUSED], ids=[name for name, _ in REFUSED])
@pytest.mark.parametrize("asks", [INVENTOR, SHOP, DINER, {}], ids=["tech", "trade", "livelihood", "basic"])
def test_each_admission_rule_that_is_false_refuses_every_product(asks: Facts, refused: Facts) -> None:
    row = one(**asks | refused)
    assert (row["product"], row["limit_yuan"], row["alternatives"], row["to_verify"]) == (None, None, [], [])


ADMITTED: list[tuple[str, Facts]] = [
    ("tax grade B", {"tax_grade": "B"}),
    ("grade M of a firm under a year old", {"tax_grade": "M", "established_on": date(2025, 11, 24)}),
    ("a million invoiced", {"invoiced_12m_yuan": Decimal("1000000.00")}),
    ("an owner without a severe overdue", {"owner_authorised_on": AS_OF, "owner_severe_overdue": False}),
    ("an owner who did not authorise", {"owner_authorised_on": None, "owner_severe_overdue": True}),
    ("ten paid bills", {"uscc": INDIVIDUAL, "bill_months_12m": 12, "bill_months_paid_12m": 10}),
    ("a lease to its last day", {"uscc": INDIVIDUAL, "lease_until": AS_OF}),
    ("nothing known", {}),
    ("a firm without a lease", {"lease_until": date(2026, 11, 22), "bill_months_12m": 12, "bill_months_paid_12m": 9}),
]


@pytest.mark.parametrize("admitted", [facts for _, facts in ADMITTED], ids=[name for name, _ in ADMITTED])
@pytest.mark.parametrize(
    ("asks", "product"), [(INVENTOR, "tech"), (SHOP, "trade"), (DINER, "livelihood"), ({}, "basic")]
)
def test_who_meets_an_admission_rule_or_leaves_it_open_is_offered_its_product(
    asks: Facts, product: str, admitted: Facts
) -> None:
    assert one(**asks | admitted)["product"] == product


# --- tech (S40, S41)


@pytest.mark.parametrize(
    ("spent", "inflow", "limit"),
    [
        ("400000.00", "100000", "600000"),  # 1.5 times the research, more than the 50,000 of basic
        ("400000.67", "100000", "600001"),  # 600,001.005 down to whole yuan
        ("20000.00", "100000", "50000"),  # 30,000 of research: basic is higher
        ("3333333.00", "100000", "4999999"),  # 4,999,999.50, below the cap
        ("3333333.34", "100000", "5000000"),  # 5,000,000.01, above it
        ("4000000.00", "20000000", "5000000"),
        (None, "100000", "50000"),  # research not known: basic bounds it from below
        ("400000.00", None, "600000"),  # and the other way round
        (None, None, None),
        ("0.00", None, "0"),  # nothing spent is known to be nothing
    ],
)
def test_tech_lends_the_higher_of_basic_and_one_and_a_half_times_the_research(
    spent: str | None, inflow: str | None, limit: str | None
) -> None:
    row = one(
        patents=1,
        rd_spend_yuan=spent and Decimal(spent),
        inflow_mean_12m_yuan=inflow and Decimal(inflow),
    )
    assert row["product"] == "tech"
    assert row["limit_yuan"] == (limit and Decimal(limit))
    known = (spent is not None) + (inflow is not None)
    assert (
        row["limit_note"]
        == [
            "缺研发投入和流水，以申请核定",
            "研发投入或流水未知，所示额度为下限",
            "取年研发投入150%与基础产品额度中较高者",
        ][known]
    )


def test_the_other_reading_of_tech_rests_on_the_yearly_inflow() -> None:
    row = one(**INVENTOR, inflow_sum_12m_yuan=Decimal(1_300_000))
    assert (row["limit_yuan"], row["limit_other_reading_yuan"]) == (600_000, 650_000)


@pytest.mark.parametrize(("patents", "open_"), [(1, []), (0, ["has_ip_right"]), (None, ["has_ip_right"])])
def test_an_ip_right_is_known_by_a_patent_and_never_known_to_be_missing(patents: int | None, open_: list[str]) -> None:
    """A software copyright would do as well, and no feed carries those."""
    row = one(patents=patents, certifications=["专精特新"])
    assert row["product"] == "tech"
    assert [name for name in row["to_verify"] if name in CONDITIONS] == open_


@pytest.mark.parametrize(
    ("facts", "product"),
    [
        ({"certifications": ["高新技术企业"]}, "tech"),
        ({"rd_spend_yuan": Decimal("0.01")}, "tech"),
        ({"patents": 1}, "tech"),
        ({"rd_spend_yuan": Decimal(0), "patents": 0, "certifications": []}, "basic"),
        ({}, "basic"),  # nothing known: no technology is assumed
    ],
)
def test_tech_is_for_who_shows_technology(facts: Facts, product: str) -> None:
    assert one(**facts)["product"] == product


def test_tech_is_half_a_point_below_basic_for_up_to_five_years() -> None:
    row, basic = one(**INVENTOR), one()
    assert (row["annual_rate_pct"], basic["annual_rate_pct"]) == (Decimal("3.100"), Decimal("3.600"))
    assert (row["term_months"], basic["term_months"]) == (60, 36)
    assert one(plan(tech_discount_pct_points="0.75"), **INVENTOR)["annual_rate_pct"] == Decimal("2.850")


# --- trade (S42, S43)


@pytest.mark.parametrize("facts", [SHOP, SHOP | GREEN | {"industry_code": "F5111"}, SHOP | {"industry_code": "G5431"}])
def test_trade_never_shows_a_number(facts: Facts) -> None:
    row = one(**facts, inflow_sum_12m_yuan=Decimal(99_000_000), rd_spend_yuan=None)
    numbers = ("limit_yuan", "limit_other_reading_yuan", "subsidy_yuan_per_year", "is_relending")
    assert row["product"] == "trade"
    assert [row[name] for name in numbers] == [None] * 4
    assert row["limit_note"] == "以申请核定（订单量、结算流水）"
    assert row["repayment_options"] == "T+1；循环使用"


@pytest.mark.parametrize(("months", "product"), [(1, "trade"), (0, "basic"), (None, "basic")])
def test_trade_needs_orders_to_set_a_limit_by(months: int | None, product: str) -> None:
    assert one(**SHOP | {"order_months_12m": months})["product"] == product


TRADE, LIVELIHOOD = plan().trade_industry_codes, plan().livelihood_industry_codes


@pytest.mark.parametrize(
    ("code", "trades", "serves"),
    [
        ("F5111", True, False), ("5211", True, False), ("f52", True, False), (" F5211 ", True, False),
        ("F", True, False),  # all of the section is trade
        ("G5430", True, False), ("G5411", False, False),  # freight by road, buses
        ("G54", None, False), ("G", None, False),  # too short to tell freight from passengers
        ("G5612", True, False), ("G561", None, False), ("G5611", False, False),  # air freight and air passengers
        ("H6210", False, True), ("62", False, True), ("H61", False, False), ("H", False, None),
        ("O8010", False, True), ("O80", False, None), ("O8111", False, False),
        ("Q8514", False, True), ("Q8512", False, False), ("Q851", False, None), ("Q85", False, None),
        ("C1311", False, False), ("A", False, False),
        ("C5211", None, None), ("餐饮", None, None), ("", None, None), (None, None, None), ("F52111", None, None),
    ],
)  # fmt: skip
def test_the_industry_of_a_product_is_told_by_its_code(
    code: str | None, trades: bool | None, serves: bool | None
) -> None:
    frame = pl.DataFrame({"code": [code]}, schema={"code": pl.String})
    found = frame.select(is_listed(pl.col("code"), TRADE).alias("t"), is_listed(pl.col("code"), LIVELIHOOD).alias("l"))
    assert found.row(0) == (trades, serves)


@pytest.mark.parametrize("odd", ["F51", "5", "52111", "99", "五一"])
def test_a_listed_industry_that_is_no_code_is_refused(odd: str) -> None:
    with pytest.raises(
        UsageError, match=f"{odd}: no division, group or class of GB/T 4754; expected two to four digits"
    ):
        one(plan(trade_industry_codes=f"52,{odd}"), **SHOP)


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2026, 9, 1), None),  # 61 days before
        (date(2026, 9, 2), "双11（2026-11-01至2026-11-11，60天后开始）"),
        (date(2026, 10, 31), "双11（2026-11-01至2026-11-11，1天后开始）"),
        (date(2026, 11, 1), "双11（2026-11-01至2026-11-11，进行中）"),
        (date(2026, 11, 11), "双11（2026-11-01至2026-11-11，进行中）"),
        (date(2026, 11, 12), "年货节（2027-01-08至2027-02-05，57天后开始）"),
        (date(2027, 2, 6), None),
    ],
)
def test_a_season_is_shown_while_it_lasts_and_for_a_while_before(day: date, said: str | None) -> None:
    row = one(plan(day), **SHOP)
    assert row["season"] == said
    assert one(plan(day), **INVENTOR)["season"] is None


def test_between_two_seasons_the_nearer_one_is_shown() -> None:
    found = season(date(2026, 11, 5), lead_days=100)
    assert found is not None
    assert found.name_zh == "双11"


def test_a_season_may_last_one_day(monkeypatch: pytest.MonkeyPatch) -> None:
    day = date(2028, 2, 29)
    one_day = {"seasons": [{"name_zh": "闰日", "begins_on": day, "ends_on": day}]}
    monkeypatch.setattr(seasons, "declared", lambda *_: one_day)
    seasons._seasons.cache_clear()
    found = [season(date(2028, month, number), 0) for month, number in ((2, 28), (2, 29), (3, 1))]
    seasons._seasons.cache_clear()
    assert [each and each.name_zh for each in found] == [None, "闰日", None]


def test_a_season_that_ends_before_it_begins_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {"seasons": [{"name_zh": "双11", "begins_on": date(2026, 11, 11), "ends_on": date(2026, 11, 1)}]}
    monkeypatch.setattr(seasons, "declared", lambda *_: wrong)
    seasons._seasons.cache_clear()
    with pytest.raises(DeclarationError, match="双11 ends on 2026-11-01, before 2026-11-11"):
        season(date(2026, 11, 5), 60)
    seasons._seasons.cache_clear()


# --- livelihood (S44-S48)


# S47
@pytest.mark.parametrize(
    ("base", "staff", "limit", "one_person"),
    [
        ("4000.00", 5, "240000", "48000"),
        ("4000.99", 1, "48011", "48011"),  # 48,011.88 down to whole yuan
        ("3333.33", 50, "1999998", "39999"),
        ("3333.34", 50, "2000000", "40000"),  # 2,000,004: the cap
        ("166666.66", 1, "1999999", "1999999"),
        ("166666.67", 2, "2000000", "2000000"),  # one person alone is 2,000,000.04
        (None, 5, None, None),
    ],
)
def test_livelihood_lends_twelve_bases_a_head_for_the_stable_staff(
    base: str | None, staff: int, limit: str | None, one_person: str | None
) -> None:
    facts = DINER | {"contribution_base_per_head_yuan": base and Decimal(base), "insured_min_6m": staff}
    row = one(**facts)
    assert (row["limit_yuan"], row["limit_other_reading_yuan"]) == (
        limit and Decimal(limit),
        one_person and Decimal(one_person),
    )
    assert row["limit_note"] == ("按社保缴费基数测算，非实发工资" if base else "缺社保缴费基数，以申请核定")
    literal = one(plan(livelihood_reading="one_person"), **facts)
    assert literal["limit_yuan"] == row["limit_other_reading_yuan"]
    assert literal["limit_other_reading_yuan"] == row["limit_yuan"]


def open_conditions(row: Facts) -> list[str]:
    return [name for name in row["to_verify"] if name in CONDITIONS]


# S45
@pytest.mark.parametrize(
    ("change", "known", "product", "opened"),
    [
        (20.0, 5, "livelihood", []),  # exactly 20 %: one more on five
        (100 * 4 / 19, 5, "basic", []),  # 21.05 %
        (100 * 200_001 / 1_000_000, 5, "basic", []),  # 20.0001 %
        (0.0, 5, "livelihood", []),
        (10.0, 4, "livelihood", ["insured_staff_steady"]),  # a month is missing
        (25.0, 1, "basic", []),  # one change too large is enough, whatever is missing
        (None, 0, "livelihood", ["insured_staff_steady"]),  # a single month says nothing of changes
    ],
)
def test_staff_is_steady_within_a_fifth_from_month_to_month(
    change: float | None, known: int, product: str, opened: list[str]
) -> None:
    row = one(**DINER | {"insured_max_change_pct_6m": change, "insured_changes_6m": known})
    assert (row["product"], open_conditions(row)) == (product, opened)


# S46
@pytest.mark.parametrize(
    ("rating", "product", "opened"),
    [("4.5", "livelihood", []), ("4.4", "basic", []), ("4.4999", "basic", []), (None, "livelihood", ["rated_well"])],
)
def test_a_rating_of_four_and_a_half_is_accepted_and_a_missing_one_is_unknown(
    rating: str | None, product: str, opened: list[str]
) -> None:
    row = one(**DINER | {"meituan_rating": rating and Decimal(rating)})
    assert (row["product"], open_conditions(row)) == (product, opened)


@pytest.mark.parametrize("staff", [None, 0])
def test_without_insured_staff_a_diner_is_offered_the_basic_product(staff: int | None) -> None:
    assert one(**DINER | {"insured_min_6m": staff})["product"] == "basic"


def test_livelihood_may_defer_repayment_while_the_option_is_in_force() -> None:
    assert one(**DINER)["repayment_options"] == "随借随还；分期付息＋灵活本金归还；可申请3个月延期还款"
    assert one(plan(deferral_months=0), **DINER)["repayment_options"] == "随借随还；分期付息＋灵活本金归还"


def test_livelihood_has_the_rate_and_the_terms_of_basic() -> None:
    row = one(**DINER)
    assert (row["annual_rate_pct"], row["term_months"]) == (Decimal("3.600"), 36)


# --- relending (S49) and subsidy (S50)


@pytest.mark.parametrize(
    ("inflow", "outcome"), [("4000000.00", True), ("4000001.99", True), ("4000002.00", False), (None, None)]
)
def test_relending_carries_two_million_at_most(inflow: str | None, outcome: bool | None) -> None:
    assert one(inflow_mean_12m_yuan=inflow and Decimal(inflow))["is_relending"] is outcome


@pytest.mark.parametrize("discount", ["3.6", "5"])
def test_a_discount_that_leaves_nothing_of_the_rate_is_refused(discount: str) -> None:
    said = f"tech_discount_pct_points={discount} leaves tech a rate of .* expected less than LPR 3.10 plus basic_spread_pct_points=0.50"
    with pytest.raises(UsageError, match=said):
        one(plan(tech_discount_pct_points=discount))
    assert one(plan(tech_discount_pct_points="3.599"), **INVENTOR)["annual_rate_pct"] == Decimal("0.001")


@pytest.mark.parametrize(("spread", "outcome"), [("0.50", True), ("0.501", False), ("0.499", True)])
def test_relending_carries_half_a_point_over_the_lpr_at_most(spread: str, outcome: bool) -> None:
    row = one(plan(basic_spread_pct_points=spread), inflow_mean_12m_yuan=Decimal(1000))
    assert row["is_relending"] is outcome


def test_a_rate_beyond_relending_is_known_to_be_so_without_a_limit() -> None:
    assert one(plan(basic_spread_pct_points="0.6"))["is_relending"] is False


@pytest.mark.parametrize(
    ("limit", "subsidy"),
    [
        (Decimal("5000000"), Decimal("46500.00")),  # 5,000,000 x 3.1 % x 30 %
        (Decimal("100001"), Decimal("930.00")),  # 930.0093 down to the fen
    ],
)
def test_technology_is_subsidised_with_thirty_percent_of_the_interest(limit: Decimal, subsidy: Decimal) -> None:
    row = one(patents=1, rd_spend_yuan=(limit / Decimal("1.5")).quantize(Decimal("0.01")) + Decimal("0.01"))
    assert (row["limit_yuan"], row["subsidy_yuan_per_year"]) == (limit, subsidy)


@pytest.mark.parametrize(
    ("spread", "subsidy"),
    [("0.23", "49950.00"), ("0.233", "49995.00"), ("0.24", "50000.00")],  # 3.33 %, 3.333 %, 3.34 % of 5,000,000
)
def test_the_subsidy_of_an_entity_ends_at_fifty_thousand(spread: str, subsidy: str) -> None:
    p = plan(basic_spread_pct_points=spread, tech_discount_pct_points=0)
    row = one(p, patents=1, rd_spend_yuan=Decimal(4_000_000))
    assert row["subsidy_yuan_per_year"] == Decimal(subsidy)


def test_a_certified_technology_firm_is_subsidised_outside_every_park_and_a_shop_is_not() -> None:
    assert one(certifications=["专精特新"], inflow_mean_12m_yuan=Decimal(2_000_000))["subsidy_yuan_per_year"] == 9_300
    assert one(**DINER)["subsidy_yuan_per_year"] is None


@pytest.mark.parametrize(
    ("facts", "subsidy"),
    [
        (GREEN, Decimal(10_800)),
        (GREEN | {"industry_code": None}, None),  # on the register, but not known to be small: nothing is promised
        (GREEN | {"status": None}, None),
        (GREEN | {"enterprise_loans": 1}, None),  # not a first loan
        (GREEN | {"green_valid_until": date(2026, 11, 22)}, None),  # its entry has ended
    ],
)
def test_a_subsidy_is_shown_to_who_is_known_to_be_green(facts: Facts, subsidy: Decimal | None) -> None:
    row = one(**facts, inflow_mean_12m_yuan=Decimal(2_000_000))
    assert (row["product"], row["subsidy_yuan_per_year"]) == ("basic", subsidy)


def test_a_green_diner_is_subsidised_by_the_limit_of_livelihood() -> None:
    row = one(**DINER | {"status": "存续", "employees": 5, "green_field": "循环经济服务"})
    # 240,000 at 3.6 % for a year, 30 % of it
    assert (row["product"], row["subsidy_yuan_per_year"]) == ("livelihood", Decimal("2592.00"))


# --- the declaration


def test_every_product_and_condition_has_a_chinese_name_and_a_clause_to_show() -> None:
    declared = {made.name for made in products.products()}
    assert declared == names_zh("product").keys() == CLAUSES.keys()
    assert names_zh("condition").keys() == CONDITIONS.keys()


def test_the_list_has_the_columns_of_an_offer_in_their_order() -> None:
    columns = list(table("out.target_list").table_columns)
    assert list(COLUMNS) == columns
    assert columns[columns.index("product") : columns.index("manager")] == list(OFFERED)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"order": ["basic"]}, "livelihood, tech, trade must stand once in `order` and once in `products`"),
        ({"conditions": ["has_ip_rights"]}, "tech names has_ip_rights, which is no condition"),
        ({"admission": ["is_nice"]}, "tech names is_nice, which is no rule"),
        ({"subsidised": ["blue"]}, "tech names blue, which is no rule, segment or condition"),
        ({"note": "{tech_share}%"}, "tech names tech_share, which is no parameter"),
        ({"term": "tech_terms"}, "tech names tech_terms, which is no parameter"),
    ],
)
def test_a_product_that_names_what_does_not_exist_is_refused(
    change: Facts, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = products.declared(products.PRODUCTS, "products")
    tech = spec["products"]["tech"] | {key: value for key, value in change.items() if key != "order"}
    wrong = {"order": change.get("order", spec["order"]), "products": spec["products"] | {"tech": tech}}
    monkeypatch.setattr(products, "declared", lambda *_: wrong)
    products.products.cache_clear()
    with pytest.raises(DeclarationError, match=words):
        products.products()
    products.products.cache_clear()
