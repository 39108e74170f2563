"""Rules on what is seen online: the bank's own channel, and sales platforms."""

from __future__ import annotations

import polars as pl

from pipelines.eligibility.rules import Gap, rule, said
from pipelines.parameters import Parameters


@rule(clause="S28", feed="online__intents")
def registered_demand(p: Parameters) -> pl.Expr:
    """Registered a first-loan demand with consent on or before as-of; false for everyone who did not.

    The features frame carries demands with consent only, so a demand without consent does not show here.
    """
    return (pl.col("demand_registered_on") <= p.as_of).fill_null(value=False)


@registered_demand.shown
def _registered_demand(p: Parameters) -> Gap:
    return Gap(said("最近登记：{}", pl.col("demand_registered_on")), "登记首贷需求并授权")


@rule(clause="S46", feed="platform__sales")
def platform_rating_at_least(p: Parameters) -> pl.Expr:
    """The latest rating on a sales platform reaches the bound, one accepted proof; a missing rating is unknown."""
    return pl.col("platform_rating") >= p.min_platform_rating


@platform_rating_at_least.shown
def _platform_rating_at_least(p: Parameters) -> Gap:
    return Gap(said("最近平台评分：{}", pl.col("platform_rating")), f"{p.min_platform_rating:f}分以上")
