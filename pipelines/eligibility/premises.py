"""Rules on premises."""

from __future__ import annotations

import polars as pl

from pipelines.eligibility.rules import INDIVIDUAL_BUSINESS, Gap, after_months, rule, said
from pipelines.parameters import Parameters


def _is_individual() -> pl.Expr:
    return (pl.col("kind") == INDIVIDUAL_BUSINESS).fill_null(value=False)


@rule(clause="S36", feed=("sites__tenants", "utilities__bills"), applies=_is_individual)
def proves_stable_premises(p: Parameters) -> tuple[pl.Expr, pl.Expr]:
    """An individual business has a lease in force at as-of, or paid its bills in 10 of the last 12 months.

    Instead of a property deed. Not applicable, hence unknown, to every other kind.
    """
    return _of_individuals(pl.col("lease_until") >= p.as_of), _of_individuals(_paid_bills(p))


def _of_individuals(proof: pl.Expr) -> pl.Expr:
    return pl.when(_is_individual()).then(proof)


def _paid_bills(p: Parameters) -> pl.Expr:
    """True at 10 paid months, false when even the months without any bill in the feed could not make up 10."""
    paid = pl.col("bill_months_paid_12m")
    missing = p.bill_window_months - pl.col("bill_months_12m")
    return (
        pl.when(paid >= p.min_paid_bill_months)
        .then(statement=True)
        .when(paid + missing < p.min_paid_bill_months)
        .then(statement=False)
    )


@proves_stable_premises.shown
def _proves_stable_premises(p: Parameters) -> Gap:
    paid, billed = pl.col("bill_months_paid_12m"), pl.col("bill_months_12m")
    counted = f"近{p.bill_window_months}个月{{}}个月有账单、{{}}个月已缴"
    value = said("租约至{}，" + counted, pl.col("lease_until"), billed, paid)
    needed = f"有效租约，或近{p.bill_window_months}个月水电费已缴{p.min_paid_bill_months}个月以上"
    return Gap(value, needed, pl.when(_is_individual()).then(after_months(p, pl.col("bill_months_to_go"))))
