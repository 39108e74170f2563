"""The judgement in Arrow batches, as an engine of many machines hands them out: what is judged does not depend on the cut."""

from __future__ import annotations

import pickle

import polars as pl
import pyarrow as pa
import pytest

from pipelines import flow
from pipelines.flow import Run, RunReport
from pipelines.settings import Settings


@pytest.fixture(scope="module")
def run(published_county: tuple[Settings, RunReport]) -> Run:
    settings, report = published_county
    return Run.load(settings, report.release.week)


@pytest.mark.parametrize("rows", [7, 1_000, 1_000_000])
def test_batches_of_any_size_are_judged_as_the_week_was(run: Run, rows: int) -> None:
    features = pl.read_parquet(run.handover("features"))
    shuffled = features.sample(fraction=1, shuffle=True, seed=rows)
    judge = pickle.loads(pickle.dumps(flow.arrow_judge(run)))  # noqa: S301 - our own, as an engine sends it
    judged = pa.Table.from_batches(judge(shuffled.to_arrow().to_batches(max_chunksize=rows)), judge.schema)
    assert pl.DataFrame(judged).sort("uscc").equals(pl.read_parquet(run.handover("judged")).sort("uscc"))
