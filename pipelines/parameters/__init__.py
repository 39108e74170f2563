"""Dated numbers with unit, clause and reference: the plan, the LPR, the targets, the industries."""

from pipelines.parameters.lpr import LprRate, rates
from pipelines.parameters.plan import Parameters, clause, parameters
from pipelines.parameters.targets import Target, targets

__all__ = ["LprRate", "Parameters", "Target", "clause", "parameters", "rates", "targets"]
