"""Entities of the bulk that will surely be listed: by how they were made, well inside every rule of one segment."""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.simulate.county import County
from pipelines.simulate.population import IN_BUSINESS
from pipelines.simulate.writers.registry import cancelled_later
from pipelines.simulate.writers.social import insurance
from pipelines.simulate.writers.tax import payments

_WINDOW_BEGINS = date(2025, 11, 1)
_TARGETS = {"individual_taxpayer": 44, "small_employer": 36, "new_enterprise": 40}
"""How many of each the bank talks to in the week after; the smaller segments ride along."""


def prospects(county: County) -> pl.DataFrame:
    """Columns uscc, segment, turnover; one row per entity, at most `_TARGETS` of a segment."""
    open_ones = county.people.filter(
        pl.col("status").is_in(IN_BUSINESS)
        & (pl.col("borrows") == "never")
        & ~pl.col("uscc").is_in(cancelled_later(county))
    )
    found = [
        _taxpayers(county, open_ones).with_columns(segment=pl.lit("individual_taxpayer")),
        _employers(county, open_ones).with_columns(segment=pl.lit("small_employer")),
        open_ones.filter(
            (pl.col("kind") == "91") & pl.col("established_on").is_between(date(2025, 12, 15), date(2026, 9, 30))
        ).with_columns(segment=pl.lit("new_enterprise")),
    ]
    taken = [frame.head(_TARGETS[frame["segment"][0]]).select("uscc", "segment", "turnover") for frame in found]
    return pl.concat(taken).unique("uscc", keep="first", maintain_order=True)


def _taxpayers(county: County, people: pl.DataFrame) -> pl.DataFrame:
    """Clean individual filers with at least 65,000 yuan of own tax for periods of the window."""
    own = payments(county).filter(
        (pl.col("period_end") >= _WINDOW_BEGINS) & ~pl.col("withheld") & (pl.col("declared_on") < date(2026, 11, 15))
    )
    rich = own.group_by("uscc").agg(pl.col("tax_paid").sum()).filter(pl.col("tax_paid") >= 65_000_00)
    old_and_clean = (
        (pl.col("kind") == "92") & (pl.col("discipline") == "clean") & (pl.col("established_on") < date(2025, 6, 1))
    )
    return people.filter(old_and_clean & pl.col("cycle").is_in([1, 3])).join(rich, on="uscc", maintain_order="left")


def _employers(county: County, people: pl.DataFrame) -> pl.DataFrame:
    """Older employers with 4 to 18 insured in every reported month, small by their known employees alone."""
    staff = (
        insurance(county)
        .group_by("uscc")
        .agg(pl.len(), low=pl.min("insured_headcount"), high=pl.max("insured_headcount"))
    )
    stable = staff.filter((pl.col("len") == 14) & (pl.col("low") >= 4) & (pl.col("high") <= 18))
    is_small = (pl.col("employees") < 20) & ~pl.col("industry_code").str.slice(0, 1).is_in(["A", "E", "P"])
    return people.filter(is_small & (pl.col("established_on") < date(2024, 1, 1))).join(
        stable, on="uscc", maintain_order="left"
    )
