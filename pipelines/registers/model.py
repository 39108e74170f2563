"""The weights, thresholds and wording of links, from `linking.yml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import log2
from pathlib import Path

from pipelines.declarations import read_declaration

SOURCE = Path(__file__).with_name("linking.yml")


@dataclass(frozen=True)
class Level:
    """One way in which an account and an entity agree, or do not.

    Attributes:
        m: share of this level among pairs that are one entity; None = the level says nothing either way.
        u: its share among pairs that met by chance.
        sql: the condition, or ELSE.
    """

    id: str
    title_zh: str
    sql: str
    m: float | None = None
    u: float | None = None

    @property
    def bits(self) -> float:
        """The evidence of this level: log2 of m over u, 0 where it says nothing."""
        return log2(self.m / self.u) if self.m and self.u else 0.0


@dataclass(frozen=True)
class Comparison:
    """What is compared, and its levels: the first that holds counts."""

    name: str
    title_zh: str
    levels: tuple[Level, ...]


@dataclass(frozen=True)
class Model:
    """All of `linking.yml`."""

    prior: float
    accept: float
    sure: float
    review: float
    margin_bits: float
    shortest_name: int
    largest_block: int
    candidates_shown: int
    names: Mapping[str, str]
    addresses: Mapping[str, str]
    comparisons: tuple[Comparison, ...]

    @property
    def numbers(self) -> dict[str, float]:
        """What the SELECTs of `sql/registers/` name as parameters."""
        names = ("accept", "sure", "review", "margin_bits", "shortest_name", "largest_block", "candidates_shown")
        return {name: getattr(self, name) for name in names}


@cache
def model() -> Model:
    """The model in force."""
    raw = read_declaration(SOURCE)
    comparisons = tuple(
        Comparison(name, each["title_zh"], tuple(Level(**level) for level in each["levels"]))
        for name, each in raw.pop("comparisons").items()
    )
    return Model(**raw, comparisons=comparisons)
