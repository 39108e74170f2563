"""An offer line by line: from the flows to the limit, the rate from the LPR up, the term, the subsidy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from pipelines.names import name_zh
from pipelines.parameters import Parameters, rates

FLOW_PRODUCTS = ("basic",)
"""Products whose limit is a share of the flows (S37)."""


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
    return (
        OfferLine("产品 product", f"{name_zh('product', listed['product'])} ({listed['product']})", "S37"),
        OfferLine("额度 limit", _limit(listed, features, p), "S37"),
        OfferLine("另一口径 other reading", _yuan(listed["limit_other_reading_yuan"]), "S37"),
        OfferLine("期限 term", _term(listed, features), "S38"),
        OfferLine("利率 rate", _rate(listed, p), "S49"),
        OfferLine("贴息 subsidy", _subsidy(listed, p), "S50"),
        OfferLine("还款 repayment", listed["repayment_options"] or "—", "S39"),
    )


def _limit(listed: Mapping[str, Any], features: Mapping[str, Any], p: Parameters) -> str:
    """`share x inflow`, the cap where it binds, and the published limit, marked when they do not agree."""
    limit: Decimal | None = listed["limit_yuan"]
    is_annual = p.flow_basis == "annual"
    flow: Decimal | None = features.get("inflow_sum_12m_yuan" if is_annual else "inflow_mean_12m_yuan")
    share = p.basic_share_pct_by_grade.get(listed["grade"])
    if listed["product"] not in FLOW_PRODUCTS or flow is None or share is None:
        return _yuan(limit)
    raw = flow * share / 100
    computed = min(raw, p.basic_cap_yuan).to_integral_value(ROUND_FLOOR)
    basis = "近12个月流入合计" if is_annual else f"近12个月月均流入（{features['flow_months_12m']}个月有流水）"
    cap = f"，单户上限 {p.basic_cap_yuan:,.0f}" if raw > p.basic_cap_yuan else ""
    agrees = "" if limit == computed else f"（按现行参数为 {computed:,.0f} 元，与发布值不同）"
    return f"{basis} {flow:,.2f} × {share:f}% = {raw:,.2f}{cap}；取整 {_yuan(limit)}{agrees}"


def _yuan(amount: Decimal | None) -> str:
    return "缺流水，申请时核定 (no flows known: limit on application)" if amount is None else f"{amount:,.0f} 元"


def _term(listed: Mapping[str, Any], features: Mapping[str, Any]) -> str:
    industry = features.get("industry_code") or "未知"
    return f"最长 {listed['term_months']} 个月（行业 {industry}）"


def _rate(listed: Mapping[str, Any], p: Parameters) -> str:
    lpr = rates(p.as_of)
    rate: Decimal | None = listed["annual_rate_pct"]
    if rate is None:
        return "—"
    spread = rate - lpr.lpr_1y_pct
    past = "；LPR表止于该日，签约前须按当日LPR重算 (the LPR table ends there)" if lpr.is_past_table_end else ""
    return f"LPR(1Y) {lpr.lpr_1y_pct:f}%（{lpr.effective_on}起） {spread:+f} 个百分点 = {rate:f}%{past}"


def _subsidy(listed: Mapping[str, Any], p: Parameters) -> str:
    subsidy: Decimal | None = listed["subsidy_yuan_per_year"]
    if subsidy is None:
        return "不适用 (none)"
    return f"年利息 × {p.subsidy_share_pct:f}%，上限 {p.subsidy_cap_yuan:,.0f} 元：{subsidy:,.2f} 元/年"
