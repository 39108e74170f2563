"""Turnover of every entity in every simulated month: what taxes, invoices and bank flows are fractions of."""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.simulate.chance import Booleans, Integers
from pipelines.simulate.facts import SEASONS
from pipelines.simulate.months import Calendar


def turnover(people: pl.DataFrame, calendar: Calendar, rng: np.random.Generator) -> Integers:
    """Turnover in cents, entities x the months of life; 0 before the founding and after the closing."""
    noise = 1 + 0.16 * rng.standard_normal((people.height, calendar.life))
    months_of_year = np.arange(calendar.life) % 12
    season = np.array(SEASONS)[people["season"].to_numpy()][:, months_of_year]
    monthly = people["turnover"].to_numpy()[:, None] * season * np.clip(noise, 0.35, 2)
    return np.where(alive(people, calendar), np.rint(monthly), 0).astype(np.int64)


def alive(people: pl.DataFrame, calendar: Calendar) -> Booleans:
    """Whether each entity existed, entities x the months of life."""
    founded = calendar.place_of(people["established_on"].to_numpy())
    closed = calendar.place_of(people["closed_on"].fill_null(pl.date(2100, 1, 1)).to_numpy())
    places = np.arange(calendar.life)
    return (places >= founded[:, None]) & (places <= closed[:, None])


def over(monthly: Integers, entity: Integers, first: Integers, last: Integers) -> Integers:
    """Turnover of `entity` over the months `first`..`last` (places), one number per triple."""
    running = np.concatenate([np.zeros((len(monthly), 1), dtype=np.int64), monthly.cumsum(axis=1)], axis=1)
    turned_over: Integers = running[entity, last + 1] - running[entity, first]
    return turned_over
