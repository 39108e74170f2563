"""Human resources and social security: insured staff per month."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipelines.simulate.county import County
from pipelines.simulate.delivery import Shipment, Style
from pipelines.simulate.headings import HEADINGS
from pipelines.simulate.planted import rows as planted

FEED = "social__insurance"
_AUGUST, _OCTOBER = date(2026, 8, 1), date(2026, 10, 1)


def insurance(county: County) -> pl.DataFrame:
    """Insured staff of the bulk: one row per employer and month, drifting a little, some months never sent."""
    rng = county.chance("insurance")
    life = county.calendar.life
    employers = county.people.filter(pl.col("headcount") > 0)
    entity = employers["entity"].to_numpy()
    steps = rng.choice([-1, 0, 1], (len(entity), life), p=[0.045, 0.91, 0.045])
    headcount = np.maximum(employers["headcount"].to_numpy()[:, None] + steps.cumsum(axis=1), 1)
    wage = rng.integers(4_300, 7_800, len(entity))
    wide = np.zeros((county.people.height, life), dtype=np.int64)
    bases = np.zeros(county.people.height, dtype=np.int64)
    wide[entity], bases[entity] = headcount, wage
    grid = county.panel(entity)
    people = wide[grid["entity"].to_numpy(), grid["place"].to_numpy()]
    base = people * bases[grid["entity"].to_numpy()] * 100
    rows = grid.with_columns(
        pl.Series("insured_headcount", people),
        pl.Series("contribution_base", base),
        pl.Series("paid", rng.random(grid.height) > 0.02),
    )
    return rows.filter(~_is_missing(county, rows)).select(list(HEADINGS[FEED]))


def _is_missing(county: County, rows: pl.DataFrame) -> pl.Series:
    """One missing month for about 8 % of the employers, two for about 4 %."""
    rng = county.chance("missing months")
    size, calendar = county.people.height, county.calendar
    fate, first, second = (
        rng.random(size),
        rng.integers(calendar.reported_from, calendar.life, size),
        rng.integers(calendar.reported_from, calendar.life, size),
    )
    entity, place = rows["entity"].to_numpy(), rows["place"].to_numpy()
    one = (fate[entity] < 0.12) & (first[entity] == place)
    return pl.Series(one | ((fate[entity] < 0.04) & (second[entity] == place)))


def shipments(county: County) -> list[Shipment]:
    """A history, its August once more (which replaces the month whole), and the month after."""
    rows = pl.concat([insurance(county), planted.insurance()])
    history = rows.filter(pl.col("month") < _OCTOBER)
    return [
        Shipment(
            FEED,
            "shebao_202509_202609_20261015.csv.gz",
            _before_correction(history),
            "thirteen months in one file: gz, GB18030, tab; months as 202601",
            Style("gb18030", pack="gz", separator="\t"),
        ),
        Shipment(
            FEED,
            "shebao_202608_cd_20261028.csv",
            history.filter(pl.col("month") == _AUGUST),
            "August 2026 delivered again: the newer file replaces the month whole, rows it no longer has included",
            Style("gb18030", newline="\r\n"),
        ),
        Shipment(
            FEED,
            "shebao_202610.csv",
            rows.filter(pl.col("month") == _OCTOBER),
            "the month after; no day in the name: the control file says when it was received",
            Style("utf-8-sig", month="%Y-%m", control="json", received_on="2026-11-16"),
        ),
    ]


def _before_correction(history: pl.DataFrame) -> pl.DataFrame:
    """The history as first sent: August differs for planted entities and for every 50th row of the bulk."""
    before = planted.insurance_of_august_before()
    is_august = pl.col("month") == _AUGUST
    wrong = (
        pl.when(is_august & (pl.int_range(pl.len()) % 50 == 0))
        .then(pl.col("insured_headcount") + 9)
        .otherwise("insured_headcount")
    )
    kept = history.filter(~(is_august & pl.col("uscc").is_in(before["uscc"].to_list())))
    return pl.concat(
        [kept.with_columns(wrong.alias("insured_headcount")), before.filter(pl.col("insured_headcount") > 0)]
    )
