"""The county under one seed: its people and what they turn over, made once and read by all feed writers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from pipelines.simulate.chance import Booleans, Integers, stream
from pipelines.simulate.months import LIFE_MONTHS, REPORTED_FROM, months
from pipelines.simulate.population import population
from pipelines.simulate.turnover import alive, turnover


@dataclass(frozen=True)
class County:
    """Everything that is true behind the feeds.

    Attributes:
        seed: same seed, same county.
    """

    seed: int

    @cached_property
    def people(self) -> pl.DataFrame:
        """One row per entity, with `entity` (its number)."""
        return population(self.seed).with_row_index("entity").with_columns(pl.col("entity").cast(pl.Int64))

    @cached_property
    def turnover(self) -> Integers:
        """Cents, entities x 22 months."""
        return turnover(self.people, self.seed)

    @cached_property
    def alive(self) -> Booleans:
        """Entities x 22 months."""
        return alive(self.people)

    def chance(self, topic: str) -> np.random.Generator:
        """The random stream of a topic."""
        return stream(self.seed, topic)

    def panel(self, entities: Integers) -> pl.DataFrame:
        """Reported months in which some entities existed: entity, uscc, place, month, month_end, turnover."""
        places = np.arange(REPORTED_FROM, LIFE_MONTHS)
        entity, place = np.repeat(entities, len(places)), np.tile(places, len(entities))
        keep = self.alive[entity, place]
        entity, place = entity[keep], place[keep]
        grid = pl.DataFrame({"entity": entity, "place": place, "turnover": self.turnover[entity, place]})
        return grid.join(months(), on="place", maintain_order="left").join(
            self.people.select("entity", "uscc"), on="entity", maintain_order="left"
        )
