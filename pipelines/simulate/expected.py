"""What must come of each entity: every rule and segment from the world's own facts, by WORK_PLAN.md ("Precisely").

Independent of the pipeline: shares no code, no number and no SQL with it. It sees the rows as they truly are, without
those that dirt keeps out. NULL = unknown.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cached_property

import polars as pl

from pipelines.simulate.county import County
from pipelines.simulate.taxes import tax_facts

SEGMENTS = {
    "individual_taxpayer": ("is_individual_business", "paid_tax_12_months", "annual_tax_at_least"),
    "small_employer": ("insured_staff_3_to_20", "operating_2_years", "small_or_micro"),
    "new_enterprise": ("is_enterprise", "newly_established"),
    "park_tech": ("in_park", "is_tech", "small_or_micro"),
    "district_merchant": ("in_district", "is_individual_business"),
    "green": ("on_green_list", "small_or_micro"),
    "rural": ("is_rural_operator",),
    "online": ("registered_demand",),
}
"""Rules of each segment besides in_business and never_borrowed."""

RULES = (
    "never_borrowed", "paid_tax_12_months", "annual_tax_at_least", "insured_staff_3_to_20", "operating_2_years",
    "small_or_micro", "newly_established", "is_enterprise", "is_individual_business", "in_business", "in_park",
    "in_district", "is_tech", "on_green_list", "is_rural_operator", "registered_demand", "tax_grade_b_or_better",
    "annual_invoicing_at_least", "owner_without_severe_overdue", "proves_stable_premises",
)  # fmt: skip

_KEYS = {
    "registry__entities": ["uscc"],
    "credit__loans": ["loan_no"],
    "registry__certifications": ["uscc", "certification"],
}
"""Registers in which a later row of a key replaces the earlier one; of the others each key comes once."""

_OPEN = ("存续（在营、开业、在册）", "存续", "在业", "开业")
_CLOSED = ("注销", "吊销，未注销", "停业", "迁出", "清算")
_PARKS, _DISTRICTS = ("产业园区",), ("商圈", "商贸综合体")
_OPERATORS = ("家庭农场", "农民专业合作社", "农产品加工小作坊")
_YUAN, _PEOPLE = 100, 1
_MEDIUM = (
    ("A", None, 5_000_000, None), ("B", 300, 20_000_000, None), ("C", 300, 20_000_000, None),
    ("D", 300, 20_000_000, None), ("E", None, 60_000_000, 50_000_000), ("F51", 20, 50_000_000, None),
    ("F52", 50, 5_000_000, None), ("G54", 300, 30_000_000, None), ("G59", 100, 10_000_000, None),
    ("H61", 100, 20_000_000, None), ("H62", 100, 20_000_000, None), ("I65", 100, 10_000_000, None),
    ("K702", 300, 10_000_000, None), ("L", 100, None, 80_000_000), ("N", 100, None, None), ("O", 100, None, None),
)  # fmt: skip
"""Where medium begins (300号): trade, people, revenue and assets in yuan; trades of the world only."""


class Evidence:
    """The accepted rows of one county, feed by feed."""

    def __init__(self, county: County) -> None:
        """Nothing seen yet."""
        self.county = county
        self._rows: dict[str, list[pl.DataFrame]] = {}

    def take(self, feed: str, rows: pl.DataFrame) -> None:
        """More accepted rows of a feed, in order of receipt."""
        self._rows.setdefault(feed, []).append(rows)

    def rows(self, feed: str) -> pl.DataFrame:
        """All accepted rows, the newest version of each key."""
        rows = pl.concat(self._rows[feed])
        return rows.unique(_KEYS[feed], keep="last", maintain_order=True) if feed in _KEYS else rows

    def judged(self) -> pl.DataFrame:
        """as_of, uscc, `rule__…`, `segment__…`; one row per entity that any feed tells of, farms without code among them."""
        facts = self.facts
        rules = facts.select("uscc", *(rule.alias(name) for name, rule in _rules(self.county.calendar.as_of).items()))
        needed = {name: (*own, "in_business", "never_borrowed") for name, own in SEGMENTS.items()}
        segments = [pl.all_horizontal(names).alias(f"segment__{name}") for name, names in needed.items()]
        judged = rules.with_columns(segments).rename({name: f"rule__{name}" for name in RULES})
        columns = [f"rule__{name}" for name in RULES] + [f"segment__{name}" for name in SEGMENTS]
        return judged.select(pl.lit(self.county.calendar.as_of).alias("as_of"), "uscc", *columns).sort("uscc")

    @cached_property
    def facts(self) -> pl.DataFrame:
        """What the rules look at, one row per entity."""
        as_of, rows = self.county.calendar.as_of, self.rows
        farms = pl.coalesce("uscc", pl.lit("farm:") + pl.col("operator_id")).alias("uscc")
        parts = [
            rows("registry__entities").with_columns(is_registered=pl.lit(value=True)),
            _tech(rows("registry__certifications"), as_of),
            tax_facts(rows("tax__payments"), self.county.calendar),
            rows("tax__credit_grades").sort("year").unique("uscc", keep="last").select("uscc", "grade"),
            self._sums("tax__invoices", (pl.col("amount") - pl.col("red_amount").abs()).sum().alias("invoiced")),
            self._sums("social__insurance", pl.min("insured_headcount").alias("low"),
                       pl.max("insured_headcount").alias("high"), pl.len().alias("months_insured")),
            self._sums("bank__flows", pl.mean("inflow").alias("inflow")),
            self._sums("platform__sales", pl.len().alias("months_sold")),
            self._bills(as_of),
            rows("green__enterprises").select("uscc", "listed_on", "valid_until"),
            rows("agriculture__operators").select(farms, "operator_type"),
            rows("sites__tenants").select("uscc", "site_kind", "lease_until"),
            rows("credit__owners").select("uscc", "authorised_on", "severe_overdue"),
            _loans(rows("credit__loans"), as_of),
            rows("crm__disbursements").filter(pl.col("disbursed_on") <= as_of).select("uscc", has_own_loan=True),
            rows("online__intents").filter(pl.col("consent") & (pl.col("at") < as_of + timedelta(days=1)))
            .group_by("uscc").agg((pl.col("kind") == "需求登记").any().alias("has_demand")),
        ]  # fmt: skip
        everyone = pl.concat([part.select("uscc") for part in parts]).unique().sort("uscc")  # groups come in any order
        for part in parts:
            everyone = everyone.join(part, on="uscc", how="left", maintain_order="left")
        return everyone.with_columns(
            kind=pl.when(~pl.col("uscc").str.starts_with("farm:")).then(pl.col("uscc").str.head(2))
        )

    def _sums(self, feed: str, *sums: pl.Expr) -> pl.DataFrame:
        """Sums over the 12 latest closed months."""
        calendar = self.county.calendar
        first, last = calendar.first_day(calendar.life - 12), calendar.first_day(calendar.life - 1)
        return self.rows(feed).filter(pl.col("month").is_between(first, last)).group_by("uscc").agg(sums)

    def _bills(self, as_of: date) -> pl.DataFrame:
        is_paid = pl.col("paid_on") <= as_of
        billed, paid = pl.col("month").n_unique(), pl.col("month").filter(is_paid).n_unique()
        return self._sums("utilities__bills", billed.alias("billed"), paid.alias("paid_bills")).filter(
            pl.col("uscc").is_not_null()
        )


def _tech(rows: pl.DataFrame, as_of: date) -> pl.DataFrame:
    in_force = (pl.col("granted_on") <= as_of) & (pl.col("expires_on") >= as_of)
    return rows.group_by("uscc").agg(in_force.any().alias("is_certified"))


def _loans(rows: pl.DataFrame, as_of: date) -> pl.DataFrame:
    known = rows.filter((pl.col("granted_on") <= as_of).fill_null(value=True))
    is_personal = pl.col("kind") == "个人经营贷款"
    return known.group_by("uscc").agg(
        (~is_personal).any().alias("has_loan"), is_personal.any().alias("has_personal_loan")
    )


def _rules(as_of: date) -> dict[str, pl.Expr]:
    col = pl.col
    is_individual, born = col("kind") == "92", col("established_on")
    a_year_ago, two_years_ago = _years_before(as_of, 1), _years_before(as_of, 2)
    is_new = (born > a_year_ago) & (born <= as_of)
    has_code = col("kind").is_not_null()
    borrowed = col("has_loan").fill_null(value=False) | col("has_own_loan").fill_null(value=False) | (
        col("has_personal_loan").fill_null(value=False) & is_individual.fill_null(value=False)
    )  # fmt: skip
    listed = (col("listed_on") <= as_of) & (col("valid_until") >= as_of)
    return {
        "never_borrowed": pl.when(borrowed).then(False).when(has_code).then(True),
        "paid_tax_12_months": col("is_normal"),
        "annual_tax_at_least": col("tax_paid") >= 50_000 * _YUAN,
        "insured_staff_3_to_20": _staff(),
        "operating_2_years": born <= two_years_ago,
        "small_or_micro": _small(),
        "newly_established": is_new,
        "is_enterprise": col("kind") == "91",
        "is_individual_business": is_individual,
        "in_business": pl.when(col("status").is_in(_OPEN)).then(True).when(col("status").is_in(_CLOSED)).then(False),
        "in_park": col("site_kind").is_in(_PARKS).fill_null(value=False),
        "in_district": col("site_kind").is_in(_DISTRICTS).fill_null(value=False),
        "is_tech": col("is_certified").fill_null(value=False),
        "on_green_list": listed.fill_null(value=False),
        "is_rural_operator": col("operator_type").is_in(_OPERATORS).fill_null(value=False),
        "registered_demand": col("has_demand").fill_null(value=False),
        "tax_grade_b_or_better": pl.when(col("grade") == "M").then(is_new).otherwise(col("grade").is_in(["A", "B"])),
        "annual_invoicing_at_least": col("invoiced") >= 1_000_000 * _YUAN,
        "owner_without_severe_overdue": pl.when(col("authorised_on") <= as_of).then(~col("severe_overdue")),
        "proves_stable_premises": pl.when(is_individual).then(_premises(as_of)),
    }


def _years_before(day: date, years: int) -> date:
    """The latest day whose anniversary `years` later is on or before `day`; 29 February has its on the 28th."""
    following = day + timedelta(days=1)
    moved = date(following.year - years, following.month, min(following.day, 28 if following.month == 2 else 31))
    return moved - timedelta(days=1)


def _staff() -> pl.Expr:
    is_outside = (pl.col("low") < 3) | (pl.col("high") > 20)
    return pl.when(is_outside).then(False).when(pl.col("months_insured") >= 11).then(True)


def _premises(as_of: date) -> pl.Expr:
    paid, open_months = pl.col("paid_bills"), 12 - pl.col("billed")
    bills = pl.when(paid >= 10).then(True).when(paid + open_months < 10).then(False)
    return (pl.col("lease_until") >= as_of) | bills


def _small() -> pl.Expr:
    """Not small only when every bound of the trade is known to be reached."""
    answer = pl.lit(None, pl.Boolean)
    for trade, people, revenue, assets in _MEDIUM:
        reached = [
            pl.col(name) >= bound * unit
            for name, bound, unit in (
                ("employees", people, _PEOPLE), ("annual_revenue", revenue, _YUAN), ("total_assets", assets, _YUAN),
            )
            if bound is not None
        ]  # fmt: skip
        is_of_trade = pl.col("industry_code").str.starts_with(trade)
        answer = pl.when(is_of_trade).then(~pl.all_horizontal(reached)).otherwise(answer)
    return answer


def propensity(evidence: Evidence, rules: pl.DataFrame) -> pl.DataFrame:
    """uscc, with_contact, without_contact: how likely an entity takes a first loan, a function of its feeds alone.

    Nothing enters that no feed shows: two entities alike in their clean rows are equally likely, so a scorecard may come as
    near to this as its cases allow. What keeps it away is honest: dirt, missing links, and the draw of the outcome.
    """
    facts = evidence.facts.filter(pl.col("kind").is_not_null()).join(
        rules, on="uscc", how="left", maintain_order="left"
    )
    wealth = (pl.col("tax_paid").fill_null(0).clip(0) / 5_000_000).log1p()
    flow = (pl.col("inflow").fill_null(0) / 10_000_000).log1p()
    merits = [
        0.6 * pl.col("is_normal").fill_null(value=False).cast(pl.Float64),
        0.5 * wealth.clip(0, 2),
        0.5 * flow.clip(0, 2),
        1.3 * pl.col("has_demand").fill_null(value=False).cast(pl.Float64),
        0.4 * pl.col("grade").is_in(["A", "B"]).fill_null(value=False).cast(pl.Float64),
        -0.4 * (pl.col("high") - pl.col("low") > 2).fill_null(value=False).cast(pl.Float64),
        0.5
        * pl.col("segment__rural").fill_null(value=False).cast(pl.Float64)
        * pl.col("has_demand").fill_null(value=False),
        0.7 * pl.col("segment__park_tech").fill_null(value=False).cast(pl.Float64),
        0.3 * pl.col("segment__green").fill_null(value=False).cast(pl.Float64),
        -0.5 * pl.col("segment__new_enterprise").fill_null(value=False).cast(pl.Float64),
    ]
    with_contact = sum(merits, pl.lit(-2.4))  # in this order: a horizontal sum adds as threads come
    return facts.select(
        "uscc", _logistic(with_contact).alias("with_contact"), _logistic(with_contact - 1.8).alias("without_contact")
    ).sort("uscc")


def _logistic(score: pl.Expr) -> pl.Expr:
    return 1 / (1 + (-score).exp())
