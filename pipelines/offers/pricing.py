"""What an offer costs and for how long: rate over LPR, term, subsidy, and whether relending carries it."""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from pipelines.errors import UsageError
from pipelines.offers.limits import EXACT, capped, exactly
from pipelines.offers.products import Product
from pipelines.parameters import LprRate, Parameters
from pipelines.parameters.industries import MANUFACTURING, is_of_section

RATE = pl.Decimal(6, 3)


def annual_rate_pct(made: Product, p: Parameters, lpr: LprRate) -> pl.Expr:
    """One-year LPR in force on the pricing date plus the spread of `basic`, less the product's discount (S41).

    Raises:
        UsageError: nothing would be left of the rate.
    """
    discount: Decimal = getattr(p, made.discount) if made.discount else Decimal(0)
    rate = lpr.lpr_1y_pct + p.basic_spread_pct_points - discount
    if rate <= 0:
        raise UsageError(
            f"{made.discount}={discount} leaves {made.name} a rate of {rate} %; expected less than LPR {lpr.lpr_1y_pct} plus "
            f"basic_spread_pct_points={p.basic_spread_pct_points}: lower it"
        )
    return pl.lit(rate).cast(RATE)


def term_months(made: Product, p: Parameters) -> pl.Expr:
    """The longest term: the product's own (S41), else that of `basic`, where manufacturing has its own (S38)."""
    if made.term:
        return pl.lit(getattr(p, made.term), dtype=pl.Int32)
    is_manufacturing = is_of_section(pl.col("industry_code"), MANUFACTURING)
    longest = pl.when(is_manufacturing).then(p.basic_manufacturing_term_months).otherwise(p.basic_term_months)
    return longest.cast(pl.Int32)


def subsidy_yuan_per_year(p: Parameters) -> pl.Expr:
    """Share of a year's interest on the whole limit, at most the cap for one entity, down to the fen (S50)."""
    interest_fen = pl.col("limit_yuan").cast(EXACT) * pl.col("annual_rate_pct").cast(EXACT)
    subsidy_fen = (interest_fen * exactly(p.subsidy_share_pct / 100)).floor()
    return capped(subsidy_fen * exactly(Decimal("0.01")), p.subsidy_cap_yuan)


def is_relending(p: Parameters, lpr: LprRate) -> pl.Expr:
    """Whether relending carries the offer: limit and rate both within its bounds (S49); unknown without a limit."""
    ceiling = lpr.lpr_1y_pct + p.relending_spread_pct_points
    return (pl.col("limit_yuan") <= exactly(p.relending_cap_yuan)) & (pl.col("annual_rate_pct") <= exactly(ceiling))
