"""An offer line by line: how the limit comes about, the rate from the LPR up, the term, the subsidy, what else fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Any

import polars as pl

from pipelines.eligibility.explained_limit import Case, Figure, limit_figures
from pipelines.names import name_zh
from pipelines.parameters import Parameters, rates
from pipelines.parameters.industries import MANUFACTURING, is_of_section

CLAUSES = {"basic": ("S37", "S38"), "tech": ("S40", "S41"), "trade": ("S42", "S38"), "livelihood": ("S47", "S38")}
"""Where a product's limit and its term stand."""

FEN = Decimal("0.01")


@dataclass(frozen=True)
class OfferLine:
    """One line of an offer: what it is, how it comes about, its clause."""

    title_zh: str
    text: str
    clause: str


def offer_lines(listed: Mapping[str, Any] | None, features: Mapping[str, Any], p: Parameters) -> tuple[OfferLine, ...]:
    """The offer of a listed entity, each number with the ones it is made of; empty when it is not listed."""
    if listed is None:
        return ()
    if listed["product"] is None:
        text = "无：有准入条件不符合，见规则 (none: an admission rule is false, see the rules)"
        return (OfferLine("产品 product", text, "S32-S36"),)
    case = Case(features, listed["grade"], p)
    of_limit, of_term = CLAUSES.get(listed["product"], ("S37", "S38"))
    limit, other = limit_figures(listed["product"], case)
    return (
        OfferLine("产品 product", _named(listed["product"]), of_limit),
        OfferLine("额度 limit", _checked(limit, listed["limit_yuan"]), of_limit),
        OfferLine("另一口径 other reading", _checked(other, listed["limit_other_reading_yuan"]), of_limit),
        OfferLine("期限 term", _term(listed, features, p), of_term),
        OfferLine("利率 rate", _rate(listed, p), "S41" if listed["product"] == "tech" else "S49"),
        OfferLine("贴息 subsidy", _subsidy(listed, p), "S50"),
        OfferLine("再贷款 relending", _relending(listed, p), "S49"),
        OfferLine("还款 repayment", listed["repayment_options"] or "—", "S39"),
        *_season(listed),
        *_to_verify(listed),
        *_alternatives(listed, case),
    )


def _named(product: str) -> str:
    return f"{name_zh('product', product)} ({product})"


def _checked(figure: Figure, published: Decimal | None) -> str:
    """The figure as worked out again, and the published one where they do not agree."""
    if figure.yuan == published:
        return figure.text
    stated = "无" if published is None else f"{published:,.2f} 元"
    return f"{figure.text}（以上按现行参数；发布值 {stated}，与之不同 differs from what was published）"


def _term(listed: Mapping[str, Any], features: Mapping[str, Any], p: Parameters) -> str:
    industry = features.get("industry_code") or "未知"
    return f"{p.basic_min_term_months} 至 {listed['term_months']} 个月（行业 {industry}）"


def _rate(listed: Mapping[str, Any], p: Parameters) -> str:
    """LPR plus the steps of the product; as one difference where these do not make up the rate."""
    lpr = rates(p.as_of)
    rate: Decimal | None = listed["annual_rate_pct"]
    if rate is None:
        return "—"
    steps = _steps(listed["product"], p)
    shown = steps if lpr.lpr_1y_pct + sum(steps) == rate else [rate - lpr.lpr_1y_pct]
    added = " ".join(f"{step:+f}" for step in shown)
    past = "；LPR表止于该日，签约前须按当日LPR重算 (the LPR table ends there)" if lpr.is_past_table_end else ""
    return f"LPR(1Y) {lpr.lpr_1y_pct:f}%（{lpr.effective_on}起） {added} 个百分点 = {rate:f}%{past}"


def _steps(product: str, p: Parameters) -> list[Decimal]:
    """What a product adds to the LPR: the spread, less the discount of `tech` (S41)."""
    return [p.basic_spread_pct_points, *([-p.tech_discount_pct_points] if product == "tech" else [])]


def _subsidy(listed: Mapping[str, Any], p: Parameters) -> str:
    """A share of a year's interest on the whole limit, at most the cap, down to the fen (S50)."""
    subsidy: Decimal | None = listed["subsidy_yuan_per_year"]
    if subsidy is None:
        return "额度未定，不测算 (no limit to work it out from)" if listed["limit_yuan"] is None else "不适用 (none)"
    raw = listed["limit_yuan"] * listed["annual_rate_pct"] / 100 * p.subsidy_share_pct / 100
    due = min(raw, p.subsidy_cap_yuan).quantize(FEN, ROUND_FLOOR)
    cap = f"，单户上限 {p.subsidy_cap_yuan:,.0f}" if raw > p.subsidy_cap_yuan else ""
    text = f"{listed['limit_yuan']:,.0f} × {listed['annual_rate_pct']:f}% × {p.subsidy_share_pct:f}%{cap} = {due:,.2f} 元/年"
    return _checked(Figure(text, due), subsidy)


def _relending(listed: Mapping[str, Any], p: Parameters) -> str:
    ceiling = rates(p.as_of).lpr_1y_pct + p.relending_spread_pct_points
    stated = {True: "符合 (yes)", False: "不符合 (no)", None: "额度未知 (unknown)"}[listed.get("is_relending")]
    return f"额度不超过 {p.relending_cap_yuan:,.0f} 元、利率不超过 {ceiling:f}%：{stated}"


def _season(listed: Mapping[str, Any]) -> list[OfferLine]:
    return [OfferLine("旺季 season", listed["season"], "S43")] if listed.get("season") else []


def _to_verify(listed: Mapping[str, Any]) -> list[OfferLine]:
    names = [name_zh("rule", name) for name in listed.get("to_verify") or ()]
    names = [name_zh("condition", name) for name in names]
    return [OfferLine("待核实 to verify", "、".join(names), "S32-S46")] if names else []


def _alternatives(listed: Mapping[str, Any], case: Case) -> list[OfferLine]:
    """The other products that fit, each with its own limit worked out, its longest term and its rate."""
    return [
        OfferLine("其他可选 alternative", _alternative(name, listed, case), CLAUSES[name][0])
        for name in listed.get("alternatives") or ()
    ]


def _alternative(product: str, listed: Mapping[str, Any], case: Case) -> str:
    limit, _ = limit_figures(product, case)
    return (
        f"{_named(product)}：{limit.text}；最长{_longest_term(product, case)}个月{_other_rate(product, listed, case.p)}"
    )


def _longest_term(product: str, case: Case) -> int:
    """Months: `tech` has its own (S41), of the others manufacturing has (S38)."""
    if product == "tech":
        return case.p.tech_term_months
    industry = pl.lit(case.features.get("industry_code"), dtype=pl.String)
    is_manufacturing = pl.select(is_of_section(industry, MANUFACTURING)).item()
    return case.p.basic_manufacturing_term_months if is_manufacturing else case.p.basic_term_months


def _other_rate(product: str, listed: Mapping[str, Any], p: Parameters) -> str:
    """The rate offered, with the steps of another product in place of its own: both rest on one LPR."""
    rate: Decimal | None = listed["annual_rate_pct"]
    if rate is None:
        return ""
    other = rate - sum(_steps(listed["product"], p)) + sum(_steps(product, p))
    return f"，年利率{other:.3f}%"
