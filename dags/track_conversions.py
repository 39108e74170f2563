"""What became of the listed prospects: contacts, applications, disbursements -> conversions, funnel, plan progress, report."""

from __future__ import annotations

from datetime import datetime

from airflow.sdk import CronTriggerTimetable, Param, dag, task

from pipelines.due import DUE, TASKS, day_due
from pipelines.settings import Settings

ABOUT = """
Brings `out.conversions`, `out.funnel`, `out.plan_progress` and the report (`published/report.html`) up to date, daily at
07:00 (Asia/Shanghai), after the feeds of the night have landed.

- The as-of date is the parameter `as_of`, else the day (in China) of the run's logical date, or the last day tracked where that
  is later: a run that is cleared and repeated never takes conversions back.
- Running it again for a day replaces that day's figures by the same figures.
"""


@dag(
    dag_id="track_conversions",
    schedule=CronTriggerTimetable("0 7 * * *", timezone="Asia/Shanghai"),
    start_date=datetime(2026, 1, 1),  # noqa: DTZ001 - the timetable has the zone
    catchup=False,
    max_active_runs=1,
    params={
        "as_of": Param(
            None,
            type=["null", "string"],
            format="date",
            description="As-of date; empty: the day of the logical date",
        )
    },
    default_args=TASKS,
    tags=["shoudai", "conversion"],
    doc_md=ABOUT,
)
def track_conversions() -> None:
    """One run tracks one day."""

    @task
    def track(as_of: str, due: str) -> None:
        from pipelines import flow

        settings = Settings.from_env()
        day = day_due(settings, as_of, due)
        flow.track(settings, day if as_of else None, due=day)

    track(as_of="{{ params.as_of or '' }}", due=DUE)


track_conversions()
