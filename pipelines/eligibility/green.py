"""Rules on the green enterprise register."""

from __future__ import annotations

import polars as pl

from pipelines.eligibility.rules import Gap, rule, said
from pipelines.parameters import Parameters

ENTRY = ("green_listed_on", "green_valid_until", "green_field", "carbon_tonnes", "retrofit_investment_yuan")
"""What the register states of an entry: any of them known shows that there is one."""


def _has_entry() -> pl.Expr:
    return pl.any_horizontal([pl.col(name).is_not_null() for name in ENTRY])


@rule(clause="S20", feed="green__enterprises", can_be_met=_has_entry)
def on_green_list(p: Parameters) -> pl.Expr:
    """Entered on or before as-of and still valid; false for everyone the register does not name.

    An entry without a day is older than the register's days; one without an end has none.
    """
    has_begun = pl.col("green_listed_on").fill_null(p.as_of) <= p.as_of
    is_valid = pl.col("green_valid_until").fill_null(p.as_of) >= p.as_of
    return _has_entry() & has_begun & is_valid


@on_green_list.shown
def _on_green_list(p: Parameters) -> Gap:
    begins, ends = pl.col("green_listed_on"), pl.col("green_valid_until")
    value = pl.when(_has_entry()).then(said("入库日期{}，有效期至{}", begins, ends)).otherwise(pl.lit("不在绿色企业库"))
    will_begin = (begins > p.as_of) & (ends >= begins).fill_null(value=True)
    return Gap(value, "在绿色企业库内且在有效期", pl.when(will_begin).then(begins))
