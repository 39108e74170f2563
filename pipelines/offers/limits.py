"""How the limit of each product comes about, in its own and in its other reading: decimals, down to whole yuan.

Rounding. Polars multiplies decimals at the larger scale of the two and rounds half to even, so every factor is first
brought to `EXACT`, at which each product here is exact; only then is it rounded, once: limits down to whole yuan,
the subsidy down to the fen. Down, so that no figure promises more than its clause gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal

import polars as pl

from pipelines.errors import DeclarationError
from pipelines.parameters import Parameters
from pipelines.scoring.card import champions

EXACT = pl.Decimal(38, 9)
"""Yuan with 2 decimals times a share with 4, or whole yuan times a rate with 5 and a share with 4, is exact here."""

YUAN = pl.Decimal(18, 2)
NO_NUMBER = pl.lit(None, dtype=YUAN)


@dataclass(frozen=True)
class Limit:
    """A limit as read by default, and in the other reading (yuan; NULL = not known).

    `is_partial`: a part of it is not known, so that the figure is a bound from below.
    """

    yuan: pl.Expr
    other_yuan: pl.Expr
    is_partial: pl.Expr = field(default_factory=lambda: pl.lit(value=False))


def flow_share(p: Parameters) -> Limit:
    """Share by grade of the mean monthly (or of the annual) inflow, at most the cap (S37); NULL without known flows.

    Raises:
        DeclarationError: a grade has no share.
    """
    other = "annual" if p.flow_basis == "monthly" else "monthly"
    return Limit(_flow_share(p, p.flow_basis), _flow_share(p, other))


def _flow_share(p: Parameters, flow_basis: str) -> pl.Expr:
    flow = pl.col("inflow_mean_12m_yuan" if flow_basis == "monthly" else "inflow_sum_12m_yuan")
    shares = _shares(p).items()
    share = pl.coalesce([pl.when(pl.col("grade") == grade).then(exactly(pct / 100)) for grade, pct in shares])
    return _whole_yuan(flow.cast(EXACT) * share, p.basic_cap_yuan)


def _shares(p: Parameters) -> Mapping[str, Decimal]:
    """The share by grade: a grade without one would read as an entity without flows.

    Raises:
        DeclarationError: a grade that a scorecard in use gives has none.
    """
    grades = {grade for card in champions(p).values() for grade, _ in card.grades}
    if missing := sorted(grades - p.basic_share_pct_by_grade.keys()):
        expected = ",".join(f"{grade}:…" for grade in sorted(grades))
        raise DeclarationError(
            f"the parameter `basic_share_pct_by_grade` has no share for grade {', '.join(missing)}; expected {expected}"
        )
    return p.basic_share_pct_by_grade


def research_multiple(p: Parameters) -> Limit:
    """The higher of the `basic` limit and a multiple of last fiscal year's research, at most its own cap (S40).

    Where one of the two is not known the other is a bound from below, and stands; NULL when neither is.
    """
    research = pl.col("rd_spend_yuan").cast(EXACT) * exactly(p.tech_rd_share_pct / 100)
    own = _whole_yuan(research, p.tech_cap_yuan)
    basic = flow_share(p)
    is_partial = basic.yuan.is_null() | own.is_null()
    return Limit(pl.max_horizontal(basic.yuan, own), pl.max_horizontal(basic.other_yuan, own), is_partial)


def on_application(p: Parameters) -> Limit:
    """Set on application: the plan gives no formula and no cap, so there is never a number (S42)."""
    return Limit(NO_NUMBER, NO_NUMBER)


def contribution_base(p: Parameters) -> Limit:
    """Twelve mean monthly contribution bases a head times the stable staff, or of one person, at most the cap (S47).

    The stable staff is the lowest insured headcount of the six months: those who were insured throughout.
    """
    base = pl.col("contribution_base_per_head_yuan").cast(EXACT) * exactly(Decimal(p.livelihood_wage_months))
    staff = _whole_yuan(base * pl.col("insured_min_6m").cast(EXACT), p.livelihood_cap_yuan)
    one_person = _whole_yuan(base, p.livelihood_cap_yuan)
    return Limit(staff, one_person) if p.livelihood_reading == "staff" else Limit(one_person, staff)


LIMITS: dict[str, Callable[[Parameters], Limit]] = {
    made.__name__: made for made in (flow_share, research_multiple, on_application, contribution_base)
}
"""The formulas that products.yml names."""


def _whole_yuan(amount: pl.Expr, cap: Decimal) -> pl.Expr:
    """The smaller of the two, down to whole yuan: a cap may have fen."""
    return capped(amount.floor(), cap.to_integral_value(ROUND_FLOOR))


def capped(amount: pl.Expr, cap: Decimal) -> pl.Expr:
    """The smaller of the two; unknown stays unknown (`min_horizontal` would answer the cap)."""
    return pl.when(amount > cap).then(exactly(cap)).otherwise(amount).cast(YUAN)


def exactly(number: Decimal) -> pl.Expr:
    """A number as a literal that multiplies exactly."""
    return pl.lit(number, dtype=EXACT)
