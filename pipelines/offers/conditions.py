"""What a product asks of an entity beside the admission rules: three-valued facts over the judged frame.

A condition is a short function named as a fact: TRUE, FALSE, or NULL for unknown. Its Chinese name is in names_zh.yml.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from pipelines.parameters import Parameters
from pipelines.parameters.industries import is_listed

STABLE_CHANGES = 5
"""Changes among six months (S45); the features look at six (`insured_changes_6m`)."""


@dataclass(frozen=True)
class Condition:
    """A named fact, and the clause it stands in."""

    name: str
    clause: str
    judgement: Callable[[Parameters], pl.Expr]

    @property
    def column(self) -> str:
        """The column in which an offer keeps the outcome."""
        return f"condition__{self.name}"

    def applies(self) -> pl.Expr:
        """To whom it is addressed: everyone the product is for."""
        return pl.lit(value=True)

    def outcome(self, p: Parameters) -> pl.Expr:
        """The outcome, under its column's name."""
        return self.judgement(p).alias(self.column)


CONDITIONS: dict[str, Condition] = {}
"""Every condition by name."""


def condition(clause: str) -> Callable[[Callable[[Parameters], pl.Expr]], Condition]:
    """Decorator: register a judgement as the condition of its function's name."""

    def register(judgement: Callable[[Parameters], pl.Expr]) -> Condition:
        name = judgement.__name__
        CONDITIONS[name] = Condition(name, clause, judgement)
        return CONDITIONS[name]

    return register


@condition("S40")
def shows_technology(p: Parameters) -> pl.Expr:
    """Certified as a technology firm, or known to hold a patent or to spend on research; unknown without any of them."""
    proofs = [pl.col("rule__is_tech"), pl.col("patents") > 0, pl.col("rd_spend_yuan") > 0]
    return pl.when(pl.any_horizontal(proofs)).then(statement=True)


@condition("S40")
def has_ip_right(p: Parameters) -> pl.Expr:
    """Holds a patent. Never false: a software copyright counts as well, and no feed carries those."""
    return pl.when(pl.col("patents") > 0).then(statement=True)


@condition("S42")
def in_trade_industry(p: Parameters) -> pl.Expr:
    """In wholesale, retail or logistics by its industry code."""
    return is_listed(pl.col("industry_code"), p.trade_industry_codes)


@condition("S42")
def has_orders(p: Parameters) -> pl.Expr:
    """Had orders on a platform in the last 12 months, by which a limit can be set."""
    return pl.col("order_months_12m") > 0


@condition("S44")
def in_livelihood_industry(p: Parameters) -> pl.Expr:
    """In catering, domestic service or elderly care by its industry code."""
    return is_listed(pl.col("industry_code"), p.livelihood_industry_codes)


@condition("S45")
def has_insured_staff(p: Parameters) -> pl.Expr:
    """Insured somebody in every one of the last six months that is known."""
    return pl.col("insured_min_6m") > 0


@condition("S45")
def insured_staff_steady(p: Parameters) -> pl.Expr:
    """Every change of the insured headcount over six months is within the bound, up or down.

    One known change beyond it is false whatever is missing; else a missing month leaves it unknown.
    """
    is_within = pl.col("insured_max_change_pct_6m") <= float(p.livelihood_max_change_pct)
    is_complete = pl.when(pl.col("insured_changes_6m") == STABLE_CHANGES).then(statement=True)
    return is_within & is_complete


@condition("S46")
def rated_well(p: Parameters) -> pl.Expr:
    """Its latest Meituan rating reaches the bound: the one proof the plan names; unknown without a rating."""
    return pl.col("meituan_rating") >= pl.lit(p.livelihood_min_rating, dtype=pl.Decimal(18, 4))
