"""Rules on social insurance."""

from __future__ import annotations

import polars as pl

from pipelines.eligibility.rules import Gap, after_months, by_anyone, rule, said
from pipelines.parameters import Parameters


@rule(clause="S10", feed="social__insurance", can_be_met=by_anyone)
def insured_staff_3_to_20(p: Parameters) -> pl.Expr:
    """Every known month of the window has 3 to 20 insured, and at most one month is missing.

    A month outside is false whatever is missing; more missing months are unknown, never imputed.
    """
    is_in_range = (pl.col("insured_min_12m") >= p.min_insured_staff) & (
        pl.col("insured_max_12m") <= p.max_insured_staff
    )
    enough = p.insured_window_months - p.max_missing_insured_months
    is_complete = pl.when(pl.col("insured_months_12m") >= enough).then(statement=True)
    return is_in_range & is_complete


@insured_staff_3_to_20.shown
def _insured_staff_3_to_20(p: Parameters) -> Gap:
    value = said(
        f"近{p.insured_window_months}个月{{}}至{{}}人（{{}}个月有数据），最近{{}}人",
        pl.col("insured_min_12m"),
        pl.col("insured_max_12m"),
        pl.col("insured_months_12m"),
        pl.col("insured_latest"),
    )
    least = p.insured_window_months - p.max_missing_insured_months
    needed = f"每月{p.min_insured_staff}至{p.max_insured_staff}人，至少{least}个月有数据"
    return Gap(value, needed, after_months(p, pl.col("insured_months_to_go")))
