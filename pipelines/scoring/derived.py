"""Columns that a scorecard may name beside the features: each a plain fact made of them; NULL where not known."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from pipelines.parameters import Parameters


def insured_swing_pct(p: Parameters) -> pl.Expr:
    """How far the lowest insured headcount of 12 months lies below the highest, in percent of the highest (S10)."""
    low, high = pl.col("insured_min_12m"), pl.col("insured_max_12m")
    return pl.when(high > 0).then((high - low) * 100.0 / high)


def months_in_business(p: Parameters) -> pl.Expr:
    """Calendar months between the month of registration and that of as-of (S11)."""
    return _months_until_as_of(pl.col("established_on"), p)


def has_priority_certification(p: Parameters) -> pl.Expr:
    """Whether it holds a certification the plan wants reached first (S06)."""
    return pl.col("certifications").list.eval(pl.element().is_in(p.priority_certifications)).list.any()


def orders_cv_of_steady_sellers(p: Parameters) -> pl.Expr:
    """Variation of the monthly orders, where 6 of 12 months had orders; fewer tell nothing of stability (S16)."""
    return pl.when(pl.col("order_months_12m") >= 6).then(pl.col("orders_cv_12m"))


def has_carbon_record(p: Parameters) -> pl.Expr:
    """Whether the green register states its carbon emission (S22)."""
    return pl.col("carbon_tonnes").is_not_null()


def land_contract_months_left(p: Parameters) -> pl.Expr:
    """Calendar months from as-of to the end of the land transfer contract; negative once it has ended (S25)."""
    return -_months_until_as_of(pl.col("contract_until"), p)


def has_farm_insurance_in_force(p: Parameters) -> pl.Expr:
    """Whether its agricultural insurance is of as-of's year (S25)."""
    return (pl.col("insured_amount_yuan") > 0) & (pl.col("insurance_year") >= p.as_of.year)


def lease_months_left(p: Parameters) -> pl.Expr:
    """Calendar months from as-of to the end of the lease of its premises; negative once it has ended (S36)."""
    return -_months_until_as_of(pl.col("lease_until"), p)


def is_converted(p: Parameters) -> pl.Expr:
    """Whether the register names the individual business it was converted from (S05)."""
    return pl.col("predecessor_uscc").is_not_null()


def days_since_demand(p: Parameters) -> pl.Expr:
    """Days since it last registered a first-loan demand with consent (S28)."""
    return (pl.lit(p.as_of) - pl.col("demand_registered_on")).dt.total_days()


def _months_until_as_of(day: pl.Expr, p: Parameters) -> pl.Expr:
    return (p.as_of.year * 12 + p.as_of.month) - (day.dt.year().cast(pl.Int32) * 12 + day.dt.month())


DERIVED: dict[str, Callable[[Parameters], pl.Expr]] = {
    made.__name__: made
    for made in (
        insured_swing_pct,
        months_in_business,
        has_priority_certification,
        orders_cv_of_steady_sellers,
        has_carbon_record,
        land_contract_months_left,
        has_farm_insurance_in_force,
        lease_months_left,
        is_converted,
        days_since_demand,
    )
}
