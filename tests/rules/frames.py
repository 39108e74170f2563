"""Small features frames for tests: one dict per entity, everything not named is unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

from pipelines.eligibility.judge import FeedStates, judge
from pipelines.feeds.contract import feeds
from pipelines.parameters import Parameters, parameters
from pipelines.warehouse.tables import table

AS_OF = date(2026, 11, 23)
WEEK = "2026-W48"
INDIVIDUAL = "92510104MA6C12345X"
ENTERPRISE = "91510100MA6C54321Y"
ALL_FRESH = FeedStates(delivered=frozenset(feeds()), late=frozenset())

_TYPES: dict[str, Any] = {
    "VARCHAR": pl.String,
    "VARCHAR[]": pl.List(pl.String),
    "DATE": pl.Date,
    "BOOLEAN": pl.Boolean,
    "INTEGER": pl.Int32,
    "BIGINT": pl.Int64,
    "DOUBLE": pl.Float64,
    "DECIMAL(18,2)": pl.Decimal(18, 2),
    "DECIMAL(18,4)": pl.Decimal(18, 4),
}
FEATURES = pl.Schema({name: _TYPES[kind] for name, kind in table("mart.features").table_columns.items()})


def plan(as_of: date = AS_OF, **overrides: object) -> Parameters:
    """The plan's numbers, some of them replaced."""
    return parameters(as_of, overrides)


def without(*names: str) -> FeedStates:
    """Every feed fresh but these, which were never delivered."""
    return FeedStates(ALL_FRESH.delivered - {*names}, frozenset())


def with_late(*names: str) -> FeedStates:
    """Every feed delivered, these late."""
    return FeedStates(ALL_FRESH.delivered, frozenset(names))


def entity(uscc: str = ENTERPRISE, **facts: object) -> dict[str, object]:
    """An entity of the features frame; namespace and kind follow from its code."""
    is_farm = uscc.startswith("farm:")
    own = {"uscc": uscc, "id_namespace": "farm" if is_farm else "uscc", "kind": None if is_farm else uscc[:2]}
    return own | facts


def frame(entities: Sequence[Mapping[str, object]]) -> pl.LazyFrame:
    """The features frame of these entities."""
    return pl.DataFrame(list(entities), schema=FEATURES, orient="row").lazy()


def judged(
    entities: Sequence[Mapping[str, object]], p: Parameters | None = None, states: FeedStates = ALL_FRESH
) -> pl.LazyFrame:
    """These entities, judged."""
    return judge(frame(entities), p or plan(), states)


def outcome(
    column: str,
    *,
    uscc: str = ENTERPRISE,
    p: Parameters | None = None,
    states: FeedStates = ALL_FRESH,
    **facts: object,
) -> bool | str | None:
    """What one entity's judgement says in one column, e.g. `rule__in_business`."""
    found: bool | str | None = (
        judged([entity(uscc, **facts)], p, states).select(column).collect(engine="streaming").item()
    )
    return found
