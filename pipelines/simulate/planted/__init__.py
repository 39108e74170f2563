"""Planted truth: hand-made entities on the edge of a rule, each with the outcome the work plan demands."""

from pipelines.simulate.planted.case import Case
from pipelines.simulate.planted.employers import EMPLOYERS
from pipelines.simulate.planted.firms import FIRMS
from pipelines.simulate.planted.taxpayers import TAXPAYERS

CASES: tuple[Case, ...] = (*TAXPAYERS, *EMPLOYERS, *FIRMS)
"""All planted entities; their order has no meaning."""

__all__ = ["CASES", "Case"]
