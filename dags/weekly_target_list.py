"""The week's first-loan target list: link -> features -> judge -> score -> offer -> pick -> publish."""

from __future__ import annotations

import logging
from datetime import datetime

from airflow.sdk import Asset, AssetAny, AssetOrTimeSchedule, CronTriggerTimetable, Param, dag, task

from pipelines.due import DUE, TASKS, week_due
from pipelines.settings import HOUSE, Settings

log = logging.getLogger(__name__)

FEEDS = sorted(contract.stem for contract in (HOUSE / "schemas" / "feeds").glob("*.yml"))
"""The DAG is called when any of them has landed something."""
ABOUT = """
Publishes the target list of one ISO week (`out.target_list` and the tables beside it, Excel, CSV, Parquet, and the
`.duckdb` that analysts read). It runs every Monday 06:00 (Asia/Shanghai), and again when a feed has landed something.

- The as-of date is the parameter `as_of`, else the Monday (in China) of the week of the run's logical date; a run that a feed
  has called has none, and takes the day on which it was called. A run that is cleared and repeated later publishes the same week.
  Rows received after the as-of date are not seen.
- Each task is one step of `pipelines/flow.py`; a step writes its Parquet under `<home>/work/<week>/`, and only the
  week's name passes from task to task. A step can be repeated alone.
- A failed step leaves the last good release in place. A week before the one that is current is published beside it; the log of
  `publish` says so, and has every note of the release.
"""


@dag(
    dag_id="weekly_target_list",
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("0 6 * * 1", timezone="Asia/Shanghai"),
        assets=AssetAny(*(Asset(f"shoudai://feed/{feed}") for feed in FEEDS)),
    ),
    start_date=datetime(2026, 1, 1),  # noqa: DTZ001 - the timetable has the zone
    catchup=False,
    max_active_runs=1,
    params={
        "as_of": Param(
            None,
            type=["null", "string"],
            format="date",
            description="As-of date; empty: the Monday of the week of the logical date",
        )
    },
    default_args=TASKS,
    tags=["shoudai", "list"],
    doc_md=ABOUT,
)
def weekly_target_list() -> None:
    """One run publishes one week."""

    @task
    def start(as_of: str, due: str) -> str:
        from pipelines import flow

        settings = Settings.from_env()
        return flow.start(settings, week_due(settings, as_of, due)).week

    @task
    def link(week: str) -> None:
        from pipelines import flow

        flow.link(flow.Run.load(Settings.from_env(), week))

    @task
    def features(week: str) -> None:
        from pipelines import flow

        flow.features(flow.Run.load(Settings.from_env(), week))

    @task
    def judge(week: str) -> None:
        from pipelines import flow

        flow.judge(flow.Run.load(Settings.from_env(), week))

    @task
    def score(week: str) -> None:
        from pipelines import flow

        flow.score(flow.Run.load(Settings.from_env(), week))

    @task
    def offer(week: str) -> None:
        from pipelines import flow

        flow.offer(flow.Run.load(Settings.from_env(), week))

    @task
    def pick(week: str) -> None:
        from pipelines import flow

        flow.pick(flow.Run.load(Settings.from_env(), week))

    @task
    def publish(week: str) -> None:
        from pipelines import flow

        release = flow.publish(flow.Run.load(Settings.from_env(), week))
        log.info("published %s", release.folder)
        for note in release.notes:
            log.warning("%s", note)

    week = start(as_of="{{ params.as_of or '' }}", due=DUE)
    link(week) >> features(week) >> judge(week) >> score(week) >> offer(week) >> pick(week) >> publish(week)


weekly_target_list()
