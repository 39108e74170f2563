"""Rules on rural operators."""

from __future__ import annotations

import polars as pl

from pipelines.eligibility.rules import Gap, rule, said
from pipelines.parameters import Parameters


@rule(clause="S24", feed="agriculture__operators")
def is_rural_operator(p: Parameters) -> pl.Expr:
    """A family farm, farmers' cooperative or small processor on the department's list; unknown without a type."""
    is_named = pl.col("operator_id").is_not_null()
    return is_named & pl.col("operator_type").is_in(p.rural_operator_types)


@is_rural_operator.shown
def _is_rural_operator(p: Parameters) -> Gap:
    stated = said("主体类型：{}", pl.col("operator_type"))
    value = pl.when(pl.col("operator_id").is_null()).then(pl.lit("不在经营主体名录")).otherwise(stated)
    return Gap(value, "、".join(p.rural_operator_types))
