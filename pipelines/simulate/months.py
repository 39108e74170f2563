"""The county's calendar: 22 months of life, the last 14 of them reported, and the tax periods with their deadlines."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

AS_OF = date(2026, 11, 23)
"""The Monday the samples are made for."""

LIFE_BEGINS = 2025 * 12
"""January 2025, the first simulated month, as year x 12 + month - 1: yearly and half-yearly tax periods need it."""

LIFE_MONTHS = 22
REPORTED_FROM = 8
"""Place of September 2025: the first month of the monthly panels, which end with October 2026."""

CYCLES = {1: range(8, 22), 3: range(6, 20, 3), 6: range(6, 17, 6), 12: range(0, 1, 12)}
"""Months per tax period -> places of the periods' first months."""

YEARLY_DEADLINE = date(2026, 3, 31)


def first_day(place: int) -> date:
    """The first day of the month at a place of the calendar; places may lie outside the simulated life."""
    year, month = divmod(LIFE_BEGINS + place, 12)
    return date(year, month + 1, 1)


def last_day(place: int) -> date:
    """The last day of the month at a place of the calendar."""
    return first_day(place + 1) - timedelta(days=1)


def working_day(day: date) -> date:
    """The day itself, or the Monday after a weekend: deadlines move so."""
    return day + timedelta(days={5: 2, 6: 1}.get(day.weekday(), 0))


def deadline(last_place: int) -> date:
    """Filing deadline of a period ending with the month at `last_place`: the 15th of the next, moved off weekends."""
    return working_day(first_day(last_place + 1).replace(day=15))


def months() -> pl.DataFrame:
    """The reported months: place, month (first day), month_end; 14 rows."""
    places = range(REPORTED_FROM, LIFE_MONTHS)
    return pl.DataFrame(
        {"place": places, "month": [first_day(p) for p in places], "month_end": [last_day(p) for p in places]},
        schema={"place": pl.Int64, "month": pl.Date, "month_end": pl.Date},
    )


def tax_periods() -> pl.DataFrame:
    """All tax periods: cycle (months), period (number within the cycle), first and last place, start, end, due_on."""
    rows = [
        (cycle, number, first, first + cycle - 1, first_day(first), last_day(first + cycle - 1), _due(cycle, first))
        for cycle, firsts in CYCLES.items()
        for number, first in enumerate(firsts)
    ]
    names = ("cycle", "period", "first_place", "last_place", "period_start", "period_end", "due_on")
    return pl.DataFrame(rows, schema=names, orient="row")


def place_of(days: npt.NDArray[np.datetime64]) -> npt.NDArray[np.int64]:
    """The place of the month each day lies in."""
    return days.astype("datetime64[M]").astype(np.int64) + 1970 * 12 - LIFE_BEGINS


def _due(cycle: int, first: int) -> date:
    return YEARLY_DEADLINE if cycle == 12 else deadline(first + cycle - 1)
