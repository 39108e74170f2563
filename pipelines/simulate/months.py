"""The calendar of a simulated world: its months of life, the reported ones among them, tax periods with their deadlines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

AS_OF = date(2026, 11, 23)
"""The Monday the samples are made for, and the default of every simulated world."""

CYCLES = (1, 3, 6, 12)
"""Months per tax period."""


class Period(NamedTuple):
    """One tax period: `number` within its cycle, places of its first and last month, its days and its deadline."""

    cycle: int
    number: int
    first_place: int
    last_place: int
    period_start: date
    period_end: date
    due_on: date


@dataclass(frozen=True)
class Calendar:
    """The months of a world. A month is known by its place: 0 is the January in which the simulated life begins.

    Attributes:
        as_of: the day the world is told for.
        reported: closed months before as-of that the monthly panels report.
    """

    as_of: date
    reported: int

    @cached_property
    def end(self) -> int:
        """Year x 12 + month - 1 of the as-of month: the first month that is not closed."""
        return self.as_of.year * 12 + self.as_of.month - 1

    @cached_property
    def begin(self) -> int:
        """The same number of place 0: yearly and half-yearly tax periods need the year from its January on."""
        return (self.end - self.reported) // 12 * 12

    @property
    def life(self) -> int:
        """Simulated months; the last one is the latest closed month."""
        return self.end - self.begin

    @property
    def reported_from(self) -> int:
        """Place of the first reported month."""
        return self.life - self.reported

    @property
    def places(self) -> range:
        """Places of the reported months."""
        return range(self.reported_from, self.life)

    def first_day(self, place: int) -> date:
        """The first day of the month at a place; places may lie outside the simulated life."""
        year, month = divmod(self.begin + place, 12)
        return date(year, month + 1, 1)

    def last_day(self, place: int) -> date:
        """The last day of the month at a place."""
        return self.first_day(place + 1) - timedelta(days=1)

    def deadline(self, last_place: int) -> date:
        """Filing deadline of a period ending with a month: the 15th of the next, moved off weekends."""
        return working_day(self.first_day(last_place + 1).replace(day=15))

    def months(self) -> pl.DataFrame:
        """The reported months: place, month (first day), month_end."""
        return pl.DataFrame(
            {
                "place": self.places,
                "month": [self.first_day(place) for place in self.places],
                "month_end": [self.last_day(place) for place in self.places],
            },
            schema={"place": pl.Int64, "month": pl.Date, "month_end": pl.Date},
        )

    @cached_property
    def tax_periods(self) -> tuple[Period, ...]:
        """All tax periods whose last month is reported, in each cycle in order."""
        return tuple(period for cycle in CYCLES for period in self._periods(cycle))

    def _periods(self, cycle: int) -> list[Period]:
        lasts = [place for place in self.places if (self.begin + place + 1) % cycle == 0]
        return [
            Period(
                cycle,
                number,
                last + 1 - cycle,
                last,
                self.first_day(last + 1 - cycle),
                self.last_day(last),
                self.first_day(last + 4) - timedelta(days=1) if cycle == 12 else self.deadline(last),
            )
            for number, last in enumerate(lasts)
        ]

    def place_of(self, days: npt.NDArray[np.datetime64]) -> npt.NDArray[np.int64]:
        """The place of the month each day lies in."""
        return days.astype("datetime64[M]").astype(np.int64) + 1970 * 12 - self.begin

    def before(self, days: int) -> date:
        """The day so many days before as-of."""
        return self.as_of - timedelta(days=days)


def working_day(day: date) -> date:
    """The day itself, or the Monday after a weekend: deadlines move so."""
    return day + timedelta(days={5: 2, 6: 1}.get(day.weekday(), 0))


CALENDAR = Calendar(AS_OF, 14)
"""The calendar of the sample county: January 2025 to October 2026, reported from September 2025."""

REPORTED_FROM, LIFE_MONTHS = CALENDAR.reported_from, CALENDAR.life
first_day, last_day, deadline = CALENDAR.first_day, CALENDAR.last_day, CALENDAR.deadline

YEARLY_DEADLINE = date(2026, 3, 31)
"""Deadline of the yearly period of 2025."""
