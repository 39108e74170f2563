"""Lists and crm feeds -> conversions -> funnel -> plan progress, as of a day."""

from __future__ import annotations

from dataclasses import asdict

import polars as pl

from pipelines.parameters import parameters, targets
from pipelines.runs import Run
from pipelines.scoring.measures import Z
from pipelines.warehouse.connect import Connection, quoted, reader
from pipelines.warehouse.query import select, to_parquet
from pipelines.warehouse.visible import show_feeds, show_history


def track(run: Run) -> None:
    """Write `conversions`, `funnel` and `plan_progress` of a run to its hand-overs.

    The lists are those of earlier weeks and, when the run has picked one, its own.
    """
    p = parameters(run.as_of)
    named = {**vars(p), "week": run.week, "bank_name": run.settings.bank, "z": Z}
    with reader(run.settings, run.version) as con:
        show_feeds(con, run.as_of, run.handover("links"))
        _show_lists(con, run)
        _show_releases(con, run)
        _show_targets(con, run)
        to_parquet(con, select("conversion/conversions"), named, run.handover("conversions"))
        con.execute(f"CREATE VIEW out.conversions AS FROM {quoted(str(run.handover('conversions')))}")
        to_parquet(con, select("conversion/funnel"), named, run.handover("funnel"))
        con.execute(f"CREATE VIEW out.funnel AS FROM {quoted(str(run.handover('funnel')))}")
        to_parquet(con, select("conversion/plan_progress"), named, run.handover("plan_progress"))


def _show_lists(con: Connection, run: Run) -> None:
    picked = run.handover("picked")
    show_history(con, run.week, inclusive=not picked.exists())
    if picked.exists():
        con.execute("ALTER VIEW out.target_list RENAME TO earlier_lists")
        con.execute(
            f"CREATE VIEW out.target_list AS FROM out.earlier_lists UNION ALL BY NAME FROM {quoted(str(picked))}"
        )


def _show_releases(con: Connection, run: Run) -> None:
    """`out.releases`: the as-of of each week's newest release, and of the run's own where it has picked a list."""
    own = f"SELECT {quoted(run.week)} AS week, DATE '{run.as_of}' AS as_of WHERE {run.handover('picked').exists()}"
    con.execute(
        f"""
        CREATE VIEW out.releases AS
        WITH own AS ({own})
        FROM own
        UNION ALL
        SELECT week, arg_max(as_of, started_at) FROM lake.ops.runs ANTI JOIN own USING (week)
        WHERE status = 'published' GROUP BY week
        """
    )


def _show_targets(con: Connection, run: Run) -> None:
    """`plan.targets`: the plan's targets in force."""
    plan = pl.DataFrame([asdict(target) for target in targets(run.as_of)]).rename({"id": "target"})
    con.execute("CREATE SCHEMA plan")
    con.register("plan_targets", plan)
    con.execute("CREATE TABLE plan.targets AS FROM plan_targets")
