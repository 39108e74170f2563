"""The limit of every product for one entity, in words and in Python's own decimals: the list's figures worked out again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from pipelines.parameters import Parameters

ON_APPLICATION = "以申请核定 (limit on application)"


@dataclass(frozen=True)
class Figure:
    """How a figure comes about, and what it comes to in yuan; None = not known, or never a number."""

    text: str
    yuan: Decimal | None = None


@dataclass(frozen=True)
class Case:
    """What a limit is made of: the entity's features, its grade, the dated numbers."""

    features: Mapping[str, Any]
    grade: str | None
    p: Parameters


def limit_figures(product: str, case: Case) -> tuple[Figure, Figure]:
    """The limit of a product as read by default, and in the other reading (S37, S40, S42, S47)."""
    return _FIGURES[product](case) if product in _FIGURES else (Figure(ON_APPLICATION), Figure("—"))


def _basic(case: Case) -> tuple[Figure, Figure]:
    other = "annual" if case.p.flow_basis == "monthly" else "monthly"
    return _flow(case, case.p.flow_basis), _flow(case, other)


def _flow(case: Case, basis: str) -> Figure:
    """`share x inflow`, at most the cap (S37)."""
    flow: Decimal | None = case.features.get("inflow_sum_12m_yuan" if basis == "annual" else "inflow_mean_12m_yuan")
    share = case.p.basic_share_pct_by_grade.get(case.grade or "")
    if flow is None or share is None:
        return Figure(f"缺流水，{ON_APPLICATION}")
    months = case.features.get("flow_months_12m")
    title = "近12个月流入合计" if basis == "annual" else f"近12个月月均流入（{months}个月有流水）"
    return _capped(f"{title} {flow:,.2f} × {share:f}%", flow * share / 100, case.p.basic_cap_yuan)


def _tech(case: Case) -> tuple[Figure, Figure]:
    research = _research(case)
    limit, other = (_higher(basic, research) for basic in _basic(case))
    return limit, other


def _research(case: Case) -> Figure:
    """A multiple of last fiscal year's research, at most its cap (S40)."""
    spent: Decimal | None = case.features.get("rd_spend_yuan")
    if spent is None:
        return Figure("上年研发投入未知")
    share = case.p.tech_rd_share_pct
    return _capped(f"上年研发投入 {spent:,.2f} × {share:f}%", spent * share / 100, case.p.tech_cap_yuan)


def _higher(basic: Figure, research: Figure) -> Figure:
    known = [figure.yuan for figure in (basic, research) if figure.yuan is not None]
    text = f"基础产品：{basic.text}；研发：{research.text}"
    if not known:
        return Figure(text)
    floor = "（另一项未知，为下限 at least）" if len(known) == 1 else ""
    return Figure(f"{text}；取高 {max(known):,.0f} 元{floor}", max(known))


def _trade(case: Case) -> tuple[Figure, Figure]:
    """Never a number: the plan gives no formula and no cap (S42)."""
    orders = case.features.get("order_months_12m")
    return Figure(f"按订单量、结算流水核定（{orders}个月有订单），{ON_APPLICATION}"), Figure("—")


def _livelihood(case: Case) -> tuple[Figure, Figure]:
    staff, one = _wages(case, is_one=False), _wages(case, is_one=True)
    return (staff, one) if case.p.livelihood_reading == "staff" else (one, staff)


def _wages(case: Case, *, is_one: bool) -> Figure:
    """Twelve contribution bases a head, times the stable staff or for one person, at most the cap (S47)."""
    base: Decimal | None = case.features.get("contribution_base_per_head_yuan")
    people = 1 if is_one else case.features.get("insured_min_6m")
    if base is None or people is None:
        return Figure(f"缺社保缴费基数，{ON_APPLICATION}")
    whose = "1人" if is_one else f"{people}人（近6个月最低参保人数）"
    months = case.p.livelihood_wage_months
    text = f"人均月缴费基数（非工资 contribution base, not wage） {base:,.2f} × {months} × {whose}"
    return _capped(text, base * months * people, case.p.livelihood_cap_yuan)


def _capped(text: str, raw: Decimal, cap: Decimal) -> Figure:
    """The smaller of the amount and the cap, down to whole yuan."""
    yuan = min(raw, cap).to_integral_value(ROUND_FLOOR)
    bound = f"，单户上限 {cap:,.0f}" if raw > cap else ""
    return Figure(f"{text} = {raw:,.2f}{bound}；取整 {yuan:,.0f} 元", yuan)


_FIGURES: dict[str, Callable[[Case], tuple[Figure, Figure]]] = {
    "basic": _basic,
    "tech": _tech,
    "trade": _trade,
    "livelihood": _livelihood,
}
