"""Rules on size."""

from __future__ import annotations

import polars as pl

from pipelines.eligibility.rules import Gap, rule, said
from pipelines.parameters import Parameters, industries


@rule(clause="S11", feed="registry__entities")
def small_or_micro(p: Parameters) -> pl.Expr:
    """Below medium by its industry's table (300号); reads `size_class`, which `judge` adds.

    False only when every bound that makes it medium is known to be reached, true as soon as one is known not to be
    reached, else unknown; unknown industry, unknown size.
    """
    reached = [_is_reached(metric) for metric in industries.METRICS]
    return pl.when(pl.col("size_class").is_not_null()).then(~pl.all_horizontal(reached))


def _is_reached(metric: str) -> pl.Expr:
    """Whether the class's bound in a metric is reached; a class without one is never stopped by it."""
    bound = industries.medium_bound(pl.col("size_class"), metric)
    return pl.when(bound.is_null()).then(statement=True).otherwise(pl.col(metric) >= bound)


@small_or_micro.shown
def _small_or_micro(p: Parameters) -> Gap:
    value = said(
        "行业{}，从业{}人，营业收入{}元，资产总额{}元",
        pl.col("industry_code"),
        *[pl.col(metric) for metric in industries.METRICS],
    )
    return Gap(value, "低于所属行业中型企业下限（工信部联企业〔2011〕300号）")
