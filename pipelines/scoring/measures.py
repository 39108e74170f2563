"""How well a score tells who converts, and how far two populations lie apart: AUC, KS, Wilson's interval, PSI."""

from __future__ import annotations

import polars as pl

Z = 1.959963984540054
"""The normal quantile of a two-sided 95 % interval; sql/conversion/funnel.sql takes it as `$z`."""

_LEAST_SHARE = 0.0001
"""What an empty band counts as, so that its logarithm exists."""


def auc(frame: pl.DataFrame, score: str, event: str) -> float | None:
    """Chance that an event scores above a non-event, ties counting half; None without both kinds."""
    ranked = frame.select(rank=pl.col(score).rank("average"), event=pl.col(event).cast(pl.Int64))
    events, n = int(ranked["event"].sum()), frame.height
    if events in (0, n):
        return None
    ranks = float(ranked.select((pl.col("rank") * pl.col("event")).sum()).item())
    return (ranks - events * (events + 1) / 2) / (events * (n - events))


def ks(frame: pl.DataFrame, score: str, event: str) -> float | None:
    """Largest distance between the score distributions of events and non-events; None without both kinds."""
    by_score = (
        frame.group_by(score)
        .agg(events=pl.col(event).cast(pl.Int64).sum(), others=(~pl.col(event).cast(pl.Boolean)).sum())
        .sort(score)
    )
    events, others = by_score["events"].sum(), by_score["others"].sum()
    if not events or not others:
        return None
    apart = (pl.col("events").cum_sum() / events - pl.col("others").cum_sum() / others).abs().max()
    return float(by_score.select(apart).item())


def wilson(events: pl.Expr, n: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Both ends of Wilson's 95 % interval of a rate, 0 to 1; NULL where n is 0. It holds for small and steep counts."""
    share, z2_n = events / n, Z * Z / n
    spread = Z * (share * (1 - share) / n + z2_n / (4 * n)).sqrt()
    low, high = (share + z2_n / 2 - spread) / (1 + z2_n), (share + z2_n / 2 + spread) / (1 + z2_n)
    known = pl.when(n > 0)
    return known.then(low.clip(0, 1)), known.then(high.clip(0, 1))


def interval(events: int, of: int) -> tuple[float, float] | None:
    """`wilson` of one rate; None without a denominator."""
    if not of:
        return None
    low, high = wilson(pl.lit(events), pl.lit(of))
    ends: tuple[float, float] = pl.select(low=low, high=high).row(0)
    return ends


def psi(now: pl.Expr, reference: pl.Expr) -> pl.Expr:
    """Population stability index of counts by band, aggregated: the sum over the bands of (a - b) ln(a / b)."""
    a, b = ((counts / counts.sum()).clip(lower_bound=_LEAST_SHARE) for counts in (now, reference))
    return ((a - b) * (a / b).log()).sum()
