"""The DAG files: exactly the DAGs we mean, cheap to parse, scheduled and explained."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from pipelines.settings import HOUSE

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.sdk import DAG

SHANGHAI = ZoneInfo("Asia/Shanghai")
HEAVY = (
    "duckdb",
    "fastexcel",
    "great_expectations",
    "numpy",
    "pandas",
    "pipelines.flow",
    "polars",
    "pyarrow",
    "xlsxwriter",
)
IMPORT_ALL = """
import runpy, sys
from pathlib import Path
for file in sorted(Path(sys.argv[1]).glob("*.py")):
    runpy.run_path(str(file))
print(*sorted(set(sys.argv[2:]) & set(sys.modules)))
"""


def test_there_is_one_dag_per_contract_and_the_two_that_read_them(bag: DagBag, feeds: list[str]) -> None:
    expected = {f"ingest__{feed}" for feed in feeds} | {"weekly_target_list", "track_conversions"}
    assert "ingest__tax__payments" in expected
    assert set(bag.dags) == expected


def test_no_dag_file_fails_or_warns_on_import(bag: DagBag) -> None:
    assert bag.import_errors == {}
    assert bag.captured_warnings == {}


def test_parsing_the_dag_files_imports_no_engine() -> None:
    parsed = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, str(HOUSE / "dags"), *HEAVY], capture_output=True, text=True, check=False
    )
    assert parsed.returncode == 0, parsed.stderr
    assert parsed.stdout.splitlines()[-1] == ""


def test_every_dag_explains_itself_and_is_tagged(bag: DagBag) -> None:
    for dag in bag.dags.values():
        assert len(dag.doc_md or "") > 200, dag.dag_id
        assert "shoudai" in dag.tags, dag.dag_id


def test_only_one_writer_of_the_warehouse_runs_at_a_time(bag: DagBag) -> None:
    for dag in bag.dags.values():
        assert dag.max_active_runs == 1, dag.dag_id
        assert not dag.catchup, dag.dag_id
        writers = [task for task in dag.tasks if task.task_id != "none_refused"]
        assert {(task.pool, task.pool_slots) for task in writers} == {("warehouse", 1)}, dag.dag_id


def test_a_writer_that_is_refused_while_a_person_runs_a_long_job_is_tried_again_until_that_has_ended(
    bag: DagBag,
) -> None:
    """A first week of ten million entities takes 685 seconds."""
    for dag in bag.dags.values():
        for task in (task for task in dag.tasks if task.pool == "warehouse"):
            waits = [task.retry_delay * task.retry_exponential_backoff**again for again in range(task.retries)]
            assert sum(waits, timedelta()) > timedelta(minutes=30), (dag.dag_id, task.task_id)


def test_the_weekly_steps_stand_in_the_running_order_of_the_flow(bag: DagBag) -> None:
    steps = ["start", "link", "features", "judge", "score", "offer", "pick", "publish"]
    dag = bag.dags["weekly_target_list"]
    assert [task.task_id for task in dag.topological_sort()] == steps
    for before, after in zip(steps, steps[1:], strict=False):
        assert after in dag.get_task(before).downstream_task_ids


def test_every_ingest_dag_tells_its_own_asset_and_the_weekly_dag_hears_all_of_them(
    bag: DagBag, feeds: list[str]
) -> None:
    told = {asset.uri for feed in feeds for asset in bag.dags[f"ingest__{feed}"].get_task("land").outlets}
    heard = {asset.uri for asset in bag.dags["weekly_target_list"].timetable.asset_condition.objects}
    assert told == heard == {f"shoudai://feed/{feed}" for feed in feeds}


@pytest.mark.parametrize(
    ("dag_id", "due"),
    [
        ("ingest__tax__payments", [f"2026-11-{day} 05:00+0800" for day in range(24, 31)]),
        ("weekly_target_list", ["2026-11-30 06:00+0800"]),
        ("track_conversions", [f"2026-11-{day} 07:00+0800" for day in range(24, 31)]),
    ],
)
def test_runs_of_a_week_are_due_at_the_hour_in_china(bag: DagBag, dag_id: str, due: list[str]) -> None:
    tuesday, monday = datetime(2026, 11, 24, tzinfo=SHANGHAI), datetime(2026, 11, 30, 12, tzinfo=SHANGHAI)
    found = _due_within(bag.dags[dag_id], tuesday, monday)
    assert [moment.strftime("%Y-%m-%d %H:%M%z") for moment in found] == due


def _due_within(dag: DAG, earliest: datetime, latest: datetime) -> list[datetime]:
    """What the scheduler would run, through the same serialisation."""
    from airflow.serialization.serialized_objects import DagSerialization

    scheduled = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
    return [info.run_after.astimezone(SHANGHAI) for info in scheduled.iter_dagrun_infos_between(earliest, latest)]
