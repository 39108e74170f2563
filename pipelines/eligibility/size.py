"""Rules on size."""

from __future__ import annotations

import polars as pl

from pipelines.eligibility.rules import Gap, rule, said
from pipelines.parameters import Parameters, industries


def with_medium_bounds(features: pl.LazyFrame) -> pl.LazyFrame:
    """The features with `size_class` and its `medium_from_…` bounds, in the same order; NULL for unknown industries.

    A join, because Polars' streaming engine holds the whole frame in memory for `replace_strict`.
    """
    keyed = features.with_columns(industries.group(pl.col("industry_code")).alias("industry_group"))
    bounds = industries.medium_bounds().lazy()
    return keyed.join(bounds, on="industry_group", how="left", maintain_order="left").drop("industry_group")


@rule(clause="S11", feed="registry__entities")
def small_or_micro(p: Parameters) -> pl.Expr:
    """Below medium by its industry's table (300号), as `with_medium_bounds` adds it.

    False only when every bound that makes it medium is known to be reached, true as soon as one is known not to be
    reached, else unknown; unknown industry, unknown size.
    """
    reached = [_is_reached(metric) for metric in industries.METRICS]
    return pl.when(pl.col("size_class").is_not_null()).then(~pl.all_horizontal(reached))


def _is_reached(metric: str) -> pl.Expr:
    """Whether the class's bound in a metric is reached; a class without one is never stopped by it."""
    bound = pl.col(f"medium_from_{metric}")
    return pl.when(bound.is_null()).then(statement=True).otherwise(pl.col(metric) >= bound)


@small_or_micro.shown
def _small_or_micro(p: Parameters) -> Gap:
    value = said(
        "行业{}，从业{}人，营业收入{}元，资产总额{}元",
        pl.col("industry_code"),
        *[pl.col(metric) for metric in industries.METRICS],
    )
    return Gap(value, "低于所属行业中型企业下限（工信部联企业〔2011〕300号）")
