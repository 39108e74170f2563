"""A county under one seed: its people and what they turn over, made once and read by all feed writers."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl

from pipelines.simulate.chance import Booleans, Integers, stream
from pipelines.simulate.months import CALENDAR, Calendar
from pipelines.simulate.places import Place
from pipelines.simulate.population import population
from pipelines.simulate.turnover import alive, turnover


@dataclass(frozen=True)
class County:
    """Everything that is true behind the feeds of one county; the sample county unless said otherwise.

    Attributes:
        seed: same seed, same county.
        number: which county of a province.
        place: its name, codes and size.
        calendar: the months it is told for.
    """

    seed: int
    number: int = 0
    place: Place = field(default_factory=Place)
    calendar: Calendar = CALENDAR

    @cached_property
    def people(self) -> pl.DataFrame:
        """One row per entity, with `entity` (its number)."""
        made = population(self.place, self.calendar, self.chance("population"))
        return made.with_row_index("entity").with_columns(pl.col("entity").cast(pl.Int64))

    @cached_property
    def turnover(self) -> Integers:
        """Cents, entities x months of life."""
        return turnover(self.people, self.calendar, self.chance("turnover"))

    @cached_property
    def alive(self) -> Booleans:
        """Entities x months of life."""
        return alive(self.people, self.calendar)

    def chance(self, topic: str) -> np.random.Generator:
        """The random stream of a topic."""
        return stream(self.seed, topic, self.number)

    def panel(self, entities: Integers) -> pl.DataFrame:
        """Reported months in which some entities existed: entity, uscc, place, month, month_end, turnover."""
        places = np.array(self.calendar.places)
        entity, place = np.repeat(entities, len(places)), np.tile(places, len(entities))
        keep = self.alive[entity, place]
        entity, place = entity[keep], place[keep]
        grid = pl.DataFrame({"entity": entity, "place": place, "turnover": self.turnover[entity, place]})
        return grid.join(self.calendar.months(), on="place", maintain_order="left").join(
            self.people.select("entity", "uscc"), on="entity", maintain_order="left"
        )
