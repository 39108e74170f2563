"""Turnover of every entity in every simulated month: what taxes, invoices and bank flows are fractions of."""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.simulate.chance import Booleans, Integers, stream
from pipelines.simulate.facts import SEASONS
from pipelines.simulate.months import LIFE_MONTHS, place_of


def turnover(people: pl.DataFrame, seed: int) -> Integers:
    """Turnover in cents, entities x the 22 simulated months; 0 before the founding and after the closing."""
    noise = 1 + 0.16 * stream(seed, "turnover").standard_normal((people.height, LIFE_MONTHS))
    months_of_year = np.arange(LIFE_MONTHS) % 12
    season = np.array(SEASONS)[people["season"].to_numpy()][:, months_of_year]
    monthly = people["turnover"].to_numpy()[:, None] * season * np.clip(noise, 0.35, 2)
    return np.where(alive(people), np.rint(monthly), 0).astype(np.int64)


def alive(people: pl.DataFrame) -> Booleans:
    """Whether each entity existed, entities x the 22 simulated months."""
    founded = place_of(people["established_on"].to_numpy())
    closed = place_of(people["closed_on"].fill_null(pl.date(2100, 1, 1)).to_numpy())
    places = np.arange(LIFE_MONTHS)
    return (places >= founded[:, None]) & (places <= closed[:, None])


def over(monthly: Integers, entity: Integers, first: Integers, last: Integers) -> Integers:
    """Turnover of `entity` over the months `first`..`last` (places), one number per triple."""
    running = np.concatenate([np.zeros((len(monthly), 1), dtype=np.int64), monthly.cumsum(axis=1)], axis=1)
    turned_over: Integers = running[entity, last + 1] - running[entity, first]
    return turned_over
