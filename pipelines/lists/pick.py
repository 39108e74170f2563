"""The week's target list: suppressed entities out, one row per entity, ranked, some held out."""

from __future__ import annotations

import polars as pl

from pipelines.eligibility.segments import SEGMENTS
from pipelines.offers.offer import OFFERED
from pipelines.parameters import Parameters

COLUMNS = (
    "week",
    "rank",
    "uscc",
    "name",
    "segment",
    "segments",
    "channel_first_seen",
    "site",
    "division_code",
    "score",
    "grade",
    "points",
    "reasons",
    "first_loan_status",
    *OFFERED,
    "manager",
    "is_holdout",
    "scorecard",
)

_WHO = COLUMNS[COLUMNS.index("uscc") : COLUMNS.index("channel_first_seen")]
_WHAT = COLUMNS[COLUMNS.index("division_code") : COLUMNS.index("manager")]

PICKED_FROM = (*_WHO, "site_name", *_WHAT, "site_manager", "scorecard")
"""The columns of a priced prospect that its row of the list is made of."""

_PRIME = 2_147_483_647
_MULTIPLIER = 48_271
"""Of the minimal standard generator of Park and Miller: their products stay below 2^47."""

_DRAWS = 10_000


def pick(
    offered: pl.LazyFrame, suppressed: pl.LazyFrame, first_seen: pl.LazyFrame, p: Parameters, week: str
) -> pl.LazyFrame:
    """The rows of `out.target_list`, in rank order.

    Grain: week, uscc; `rank` is 1..n by score, then limit (none last), then code. Entities in `suppressed` (column
    `uscc`) are left out. `first_seen` (columns `uscc`, `channel`) says which channel surfaced an entity first in an
    earlier release; for the others it is that of their primary segment (S30). `is_holdout` is drawn by a fixed hash of
    code and year, so that an entity keeps its side the whole year.
    """
    seen = first_seen.group_by("uscc").agg(pl.col("channel").min().alias("channel_seen"))
    listed = offered.join(suppressed.select("uscc"), on="uscc", how="anti").join(seen, on="uscc", how="left")
    ranked = listed.sort(
        "score", "limit_yuan", "uscc", descending=[True, True, False], nulls_last=True, maintain_order=True
    ).with_row_index("rank", offset=1)
    return ranked.select(
        pl.lit(week).alias("week"),
        pl.col("rank").cast(pl.Int32),
        *_WHO,
        pl.coalesce("channel_seen", _own_channel()).alias("channel_first_seen"),
        pl.col("site_name").alias("site"),
        *_WHAT,
        pl.col("site_manager").alias("manager"),
        _is_holdout(p, int(week[:4])).alias("is_holdout"),
        "scorecard",
    )


def _own_channel() -> pl.Expr:
    channels = {segment.name: segment.channel for segment in SEGMENTS}
    return pl.col("segment").replace_strict(channels, return_dtype=pl.String)


def _is_holdout(p: Parameters, year: int) -> pl.Expr:
    """Whether an entity's draw of the year lies in the held-out share.

    The draw is made of the code's bytes by integer arithmetic alone: Polars' own hash may change between versions.
    """
    digits = pl.col("uscc").str.encode("hex")
    draw = pl.lit(year, dtype=pl.Int64)
    for start in range(0, 42, 7):
        chunk = digits.str.slice(start, 7).str.to_integer(base=16, strict=False).fill_null(0)
        draw = (draw * _MULTIPLIER + chunk) % _PRIME
    return (draw * _MULTIPLIER) % _PRIME % _DRAWS < int(p.holdout_share_pct * _DRAWS / 100)
