"""The judgement from Arrow batches to Arrow batches: the same rules on an engine that spreads the rows over many machines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from pipelines.eligibility.judge import judge, outcomes
from pipelines.eligibility.rules import FeedStates
from pipelines.parameters import Parameters

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]


@dataclass(frozen=True)
class ArrowJudge:
    """What Spark's `mapInArrow`, or its like elsewhere, calls on every machine; it can be pickled.

    A judgement looks at one row of the features at a time, so that they may lie anywhere, in batches of any size. The
    expressions are planned anew for each batch: some 100,000 rows are worth it.

    Attributes:
        p: the numbers of the plan.
        feeds: which feeds stand behind the week.
        features: the columns of the features frame.
    """

    p: Parameters
    feeds: FeedStates
    features: pl.Schema

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Rows of the features frame -> their outcomes in the same order, the columns of the hand-over `judged`."""
        for batch in batches:
            yield from self._judged(pl.DataFrame(batch)).to_batches()

    @property
    def schema(self) -> pa.Schema:
        """The columns of the outcomes."""
        return self._judged(pl.DataFrame(schema=self.features)).schema

    def _judged(self, features: pl.DataFrame) -> pa.Table:
        judged = outcomes(judge(features.lazy(), self.p, self.feeds)).collect()
        return judged.to_arrow(compat_level=pl.CompatLevel.oldest())
