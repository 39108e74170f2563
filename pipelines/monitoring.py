"""Monitoring: the week's scores against earlier weeks and against what became of earlier prospects, for `ops.checks`."""

from __future__ import annotations

import polars as pl

from pipelines.parameters import parameters
from pipelines.runs import Run
from pipelines.scoring.card import champions
from pipelines.scoring.matured import matured
from pipelines.scoring.watch import calibration, stability
from pipelines.warehouse.connect import named, reader
from pipelines.warehouse.tables import table
from pipelines.warehouse.visible import show_history

WATCHED = "ops.score_bands"


def watch(run: Run) -> None:
    """Write `score_checks` of a run to its hand-overs: rows of `ops.checks` about the week's scores; reads `conversions`."""
    p = parameters(run.as_of)
    cards = champions(p)
    now = pl.read_parquet(run.handover("score_bands"))
    checks = pl.concat([stability(now, _earlier(run), cards, p), calibration(_outcomes(run), cards, p)])
    facts = [pl.lit(WATCHED).alias("feed"), pl.lit(run.week).alias("file_id")]
    checks.select(*facts, *checks.columns).write_parquet(run.handover("score_checks"))


def _earlier(run: Run) -> pl.DataFrame:
    columns = named(table(WATCHED).table_columns)
    with reader(run.settings, run.version) as con:
        return con.execute(f"SELECT {columns} FROM lake.{WATCHED} WHERE week < ?", [run.week]).pl()


def _outcomes(run: Run) -> pl.DataFrame:
    """Matured conversions with the scorecard that graded them when they were first listed."""
    with reader(run.settings, run.version) as con:
        show_history(con, run.week)
        listed = con.execute("SELECT uscc, week AS first_published_week, scorecard FROM out.target_list").pl()
    closed = matured(pl.scan_parquet(run.handover("conversions")), parameters(run.as_of)).collect()
    return closed.join(listed, on=["uscc", "first_published_week"])
