"""Rules on the bank's own online channel."""

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
