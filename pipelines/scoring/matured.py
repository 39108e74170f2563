"""Conversions whose window has closed: one outcome an entity, contacted and held-out kept apart."""

from __future__ import annotations

import polars as pl

from pipelines.parameters import Parameters

CONTACTED, LISTED, HELD_OUT = "contacted", "listed", "held_out"


def matured(conversions: pl.LazyFrame, p: Parameters) -> pl.LazyFrame:
    """The entities first listed at least `maturity_days` before as-of, with `is_event` and `lane`.

    Grain: uscc. `is_event`: this bank's loan was the first and came within those days: the window is the same for all,
    so that an old listing has no longer to convert. `lane`: `contacted` within the window, `listed` and not contacted,
    `held_out` (kept back from marketing, whatever happened then).
    """
    closes = pl.col("first_published_on").dt.offset_by(f"{p.maturity_days}d")
    is_contacted = (pl.col("contacted_on") <= closes).fill_null(value=False)
    lane = (
        pl.when("is_holdout")
        .then(pl.lit(HELD_OUT))
        .when(is_contacted)
        .then(pl.lit(CONTACTED))
        .otherwise(pl.lit(LISTED))
    )
    is_event = (pl.col("outcome") == "disbursed") & (pl.col("disbursed_on") <= closes)
    return conversions.filter(closes <= pl.lit(p.as_of)).with_columns(
        is_event.fill_null(value=False).alias("is_event"), lane.alias("lane")
    )
