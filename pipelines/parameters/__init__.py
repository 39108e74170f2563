"""Dated numbers with unit, clause and reference: the plan, the LPR, the targets, the industries, the products, the seasons."""

from pipelines.parameters.lpr import LprRate, rates
from pipelines.parameters.plan import Parameters, ValueChange, clause, parameters, value_changes
from pipelines.parameters.seasons import Season, last_season_ends_on, season
from pipelines.parameters.targets import Target, targets

__all__ = [
    "ValueChange",
    "value_changes",
    "LprRate",
    "Parameters",
    "Season",
    "Target",
    "clause",
    "last_season_ends_on",
    "parameters",
    "rates",
    "season",
    "targets",
]
