"""The offer: product, limit, term, rate and subsidy of every scored prospect, in decimals.

Rounding. Polars multiplies decimals at the larger scale of the two and rounds half to even, so every factor is first
brought to `EXACT`, at which each product here is exact; only then is it rounded, once: limits down to whole yuan,
the subsidy down to the fen. Down, so that no figure promises more than its clause gives.
"""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from pipelines.offers.products import Product, product
from pipelines.parameters import LprRate, Parameters
from pipelines.parameters.industries import is_of_section

EXACT = pl.Decimal(38, 9)
"""Yuan with 2 decimals times a share with 4, or whole yuan times a rate with 5 and a share with 4, is exact here."""

YUAN = pl.Decimal(18, 2)
MANUFACTURING = "C"


def offer(scored: pl.LazyFrame, p: Parameters, lpr: LprRate) -> pl.LazyFrame:
    """Every scored prospect with the `basic` product (S37, S38), indicative until the admission rules are settled.

    Grain and row order are those of `scored`. Adds `product` (NULL when an admission rule is false: then all else is
    NULL too), `limit_yuan` (NULL without known flows) and `limit_other_reading_yuan` (whole yuan), `term_months` (the
    longest allowed), `annual_rate_pct`, `subsidy_yuan_per_year` (S50, if the whole limit is drawn for a year; NULL
    outside the subsidised segments), `repayment_options`, and `to_verify`: the admission rules still unknown.
    """
    basic = product("basic")
    limits = (_limit(p, p.flow_basis), _limit(p, "annual" if p.flow_basis == "monthly" else "monthly"))
    priced = scored.with_columns(
        limits[0].alias("limit_yuan"),
        limits[1].alias("limit_other_reading_yuan"),
        _term(p).alias("term_months"),
        pl.lit(lpr.lpr_1y_pct + p.basic_spread_pct_points).cast(pl.Decimal(6, 3)).alias("annual_rate_pct"),
        pl.lit("；".join(basic.repayment_options)).alias("repayment_options"),
        pl.lit(basic.name).alias("product"),
    ).with_columns(_subsidy(basic, p).alias("subsidy_yuan_per_year"))
    return priced.with_columns(
        *[pl.when(_is_admitted(basic)).then(pl.col(name)).alias(name) for name in _OFFERED], _to_verify(basic)
    )


_OFFERED = (
    "product",
    "limit_yuan",
    "limit_other_reading_yuan",
    "term_months",
    "annual_rate_pct",
    "subsidy_yuan_per_year",
    "repayment_options",
)


def _limit(p: Parameters, flow_basis: str) -> pl.Expr:
    """Share by grade of the mean monthly (or of the annual) inflow, at most the cap, down to whole yuan (S37)."""
    flow = pl.col("inflow_mean_12m_yuan" if flow_basis == "monthly" else "inflow_sum_12m_yuan")
    shares = p.basic_share_pct_by_grade.items()
    share = pl.coalesce([pl.when(pl.col("grade") == grade).then(_exactly(pct / 100)) for grade, pct in shares])
    return _capped((flow.cast(EXACT) * share).floor(), p.basic_cap_yuan)


def _subsidy(made: Product, p: Parameters) -> pl.Expr:
    """Share of a year's interest on the whole limit, at most the cap, down to the fen (S50)."""
    is_subsidised = pl.any_horizontal(
        [pl.col(segment.column).fill_null(value=False) for segment in made.subsidised_segments]
    )
    interest_fen = pl.col("limit_yuan").cast(EXACT) * pl.col("annual_rate_pct").cast(EXACT)
    subsidy_fen = (interest_fen * _exactly(p.subsidy_share_pct / 100)).floor()
    subsidy = subsidy_fen * _exactly(Decimal("0.01"))
    return pl.when(is_subsidised).then(_capped(subsidy, p.subsidy_cap_yuan))


def _capped(amount: pl.Expr, cap: Decimal) -> pl.Expr:
    """The smaller of the two; unknown stays unknown (`min_horizontal` would answer the cap)."""
    return pl.when(amount > cap).then(_exactly(cap)).otherwise(amount).cast(YUAN)


def _exactly(number: Decimal) -> pl.Expr:
    return pl.lit(number, dtype=EXACT)


def _term(p: Parameters) -> pl.Expr:
    """The longest term: manufacturing (GB/T 4754 section C) has its own (S38)."""
    is_manufacturing = is_of_section(pl.col("industry_code"), MANUFACTURING)
    longest = pl.when(is_manufacturing).then(p.basic_manufacturing_term_months).otherwise(p.basic_term_months)
    return longest.cast(pl.Int32)


def _is_admitted(made: Product) -> pl.Expr:
    return pl.all_horizontal([pl.col(rule.column).fill_null(value=True) for rule in made.admission])


def _to_verify(made: Product) -> pl.Expr:
    """Names of the admission rules that are unknown to entities they apply to."""
    is_open = [(rule, pl.col(rule.column).is_null() & rule.applies()) for rule in made.admission]
    return (
        pl.concat_list([pl.when(opened).then(pl.lit(rule.name)) for rule, opened in is_open])
        .list.drop_nulls()
        .alias("to_verify")
    )
