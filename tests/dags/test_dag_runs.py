"""The DAGs run the real flow, task by task, on the made-up county of `data_samples`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from pipelines.runs import Run
from pipelines.settings import SAMPLES, Settings, week_of

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.models.dagrun import DagRun

    from pipelines import flow

FEED = "social__insurance"
STEPS = ("start", "link", "features", "judge", "score", "offer", "pick", "publish")


@pytest.fixture(scope="module", autouse=True)
def _no_retries(bag: DagBag) -> Iterator[None]:
    """A failed task fails at once: `dag.test()` would sit out the delay of five minutes."""
    with pytest.MonkeyPatch.context() as patch:
        for dag in bag.dags.values():
            for task in dag.tasks:
                patch.setattr(task, "retries", 0)
        yield


@pytest.fixture(scope="module")
def county(
    tmp_path_factory: pytest.TempPathFactory, published_county: tuple[Settings, flow.RunReport]
) -> Iterator[Settings]:
    """A home in which every sample file has been tried and nothing is published; the tasks' environment points at it."""
    home = tmp_path_factory.mktemp("dags") / "home"
    shutil.copytree(published_county[0].home, home, symlinks=True, ignore=shutil.ignore_patterns("published", "work"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOUDAI_HOME", str(home))
        patch.setenv("SHOUDAI_INBOX", str(SAMPLES))
        yield Settings.from_env()


@pytest.fixture
def bank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An empty home with an inbox of its own, which holds the sample files of one feed."""
    (tmp_path / "inbox").mkdir()
    monkeypatch.setenv("SHOUDAI_HOME", str(tmp_path))
    monkeypatch.setenv("SHOUDAI_INBOX", str(tmp_path / "inbox"))
    shutil.copytree(SAMPLES / FEED, tmp_path / "inbox" / FEED)
    return Settings.from_env()


def test_an_ingest_dag_lands_what_is_new_and_tells_its_asset_which_files_and_rows(bag: DagBag, bank: Settings) -> None:
    known = len(_asset_events())
    run = bag.dags[f"ingest__{FEED}"].test(logical_date=None)
    assert _states(run)["land"] == "success"

    (event,) = _asset_events()[known:]
    landed = _rows(bank, "SELECT name, accepted FROM lake.ops.files WHERE status = 'landed' ORDER BY name")
    assert sum(accepted for _, accepted in landed) > 0
    assert sorted(event["files"]) == [name for name, _ in landed]
    assert event["rows"] == sum(accepted for _, accepted in landed)

    again = bag.dags[f"ingest__{FEED}"].test(logical_date=None)
    assert _states(again)["land"] == "skipped"
    assert len(_asset_events()) == known + 1


def test_a_refused_file_and_a_closed_gate_fail_the_run_with_their_reasons_and_the_good_files_land(
    bag: DagBag, bank: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(SAMPLES / "_broken" / FEED, bank.inbox / FEED, dirs_exist_ok=True)

    run = bag.dags[f"ingest__{FEED}"].test(logical_date=None)

    assert _states(run) == {"land": "success", "none_refused": "failed"}
    assert run.state == "failed"
    failure = "".join(capfd.readouterr()).rpartition("AirflowFailException: ")[2]
    assert "misnamed_column_20261116.csv: header: missing required column" in failure
    assert "header_only_20261116.csv: the batch gate is closed" in failure
    assert "rows_disagree" not in failure, "it waits for the rest of its delivery; that is no fault yet"
    assert (bank.inbox / FEED / "header_only_20261116.csv").exists()
    assert _asset_events()[-1]["rows"] > 0


def test_an_ingest_dag_fetches_with_an_airflow_connection_and_a_dead_source_fails_it(
    bag: DagBag, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHOUDAI_HOME", str(tmp_path))
    monkeypatch.delenv("SHOUDAI_INBOX", raising=False)
    sample = SAMPLES / FEED / "shebao_202610.csv"
    (tmp_path / "exchange").mkdir()
    shutil.copy2(sample, tmp_path / "exchange")
    (tmp_path / "sources.yml").write_text(
        f"settle_seconds: 0\ntries: 1\nsources: {{{FEED}: {{uri: exchange, connection: front}}}}\n", encoding="utf-8"
    )
    assert bag.dags[f"ingest__{FEED}"].test(logical_date=None).state == "failed"
    assert "Airflow does not give the connection front: AirflowNotFoundException" in "".join(capfd.readouterr())

    with _connection("front"):
        assert _states(bag.dags[f"ingest__{FEED}"].test(logical_date=None))["land"] == "success"
    assert _asset_events()[-1]["files"] == [sample.name]

    monkeypatch.setenv("SHOUDAI_SOURCE_SOCIAL__INSURANCE", "nowhere")
    with _connection("front"):
        states = _states(bag.dags[f"ingest__{FEED}"].test(logical_date=None))
    assert states == {"land": "failed", "none_refused": "upstream_failed"}
    assert "there is no such folder" in "".join(capfd.readouterr())


@pytest.fixture(scope="module")
def weekly(bag: DagBag, county: Settings) -> DagRun:
    """One run of the weekly DAG on the county."""
    return bag.dags["weekly_target_list"].test(logical_date=None)


def test_the_weekly_dag_publishes_the_list_and_passes_only_the_week_between_tasks(
    weekly: DagRun, county: Settings
) -> None:
    week = week_of(county.default_as_of())
    assert _states(weekly) == dict.fromkeys(STEPS, "success")
    assert weekly.state == "success"
    assert _xcoms(weekly) == [("start", "return_value", week)]
    assert _published(county, "SELECT DISTINCT week FROM out.target_list") == [(week,)]


def test_a_repeated_weekly_run_publishes_the_same_list(bag: DagBag, county: Settings, weekly: DagRun) -> None:
    first = _published(county, "SELECT * FROM out.target_list ORDER BY rank")
    assert len(first) > 10
    assert bag.dags["weekly_target_list"].test(logical_date=None).state == "success"
    assert _published(county, "SELECT * FROM out.target_list ORDER BY rank") == first


@pytest.mark.parametrize(
    ("moment", "week"),
    [
        ("2026-10-04T15:59:59+00:00", "2026-W40"),
        ("2026-10-04T16:00:00+00:00", "2026-W41"),
        ("2026-01-01T00:00:00+00:00", "2026-W01"),
        ("2031-01-01T00:00:00+00:00", "2031-W01"),
    ],
)
def test_a_run_that_a_person_begins_for_another_day_is_of_the_week_of_that_day(
    bag: DagBag, bank: Settings, moment: str, week: str
) -> None:
    """By its logical date, the midnight between Sunday and Monday that of China; it runs today all the same."""
    pattern = "|".join(STEPS[1:])
    run = bag.dags["weekly_target_list"].test(logical_date=datetime.fromisoformat(moment), mark_success_pattern=pattern)
    assert _xcoms(run) == [("start", "return_value", week)]


def test_a_person_can_ask_for_another_as_of_date(bag: DagBag, bank: Settings) -> None:
    dag = bag.dags["weekly_target_list"]
    run = dag.test(logical_date=None, run_conf={"as_of": "2026-10-05"}, mark_success_pattern="|".join(STEPS[1:]))
    assert _xcoms(run) == [("start", "return_value", "2026-W41")]
    assert Run.load(bank, "2026-W41").as_of == date(2026, 10, 5)


def test_the_conversion_dag_tracks_everyone_ever_listed(bag: DagBag, county: Settings, weekly: DagRun) -> None:
    run = bag.dags["track_conversions"].test(logical_date=None)
    assert run.state == "success"
    assert _published(county, "SELECT DISTINCT as_of FROM out.plan_progress") == [(county.default_as_of(),)]
    followed = _published(county, "SELECT uscc FROM out.conversions ORDER BY uscc")
    assert followed == _published(county, "SELECT DISTINCT uscc FROM out.target_list ORDER BY uscc")
    assert len(followed) > 10


def test_a_fault_fails_the_task_with_its_own_words_and_nothing_after_it_runs(
    bag: DagBag, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHOUDAI_HOME", str(tmp_path))
    monkeypatch.setenv("SHOUDAI_INBOX", str(tmp_path / "nowhere"))

    run = bag.dags["weekly_target_list"].test(logical_date=None)

    states = _states(run)
    assert states.pop("start") == "failed"
    assert set(states.values()) == {"upstream_failed"}
    said = "".join(capfd.readouterr())
    assert f"UsageError: inbox {tmp_path / 'nowhere'} is not a folder; expected one folder per feed in it" in said


@contextmanager
def _connection(name: str) -> Iterator[None]:
    """A connection in Airflow's own database."""
    from airflow.models.connection import Connection
    from airflow.utils.session import create_session
    from sqlalchemy import delete

    with create_session() as session:
        session.add(Connection(conn_id=name, conn_type="ssh", login="shoudai"))
    yield
    with create_session() as session:
        session.execute(delete(Connection).where(Connection.conn_id == name))


def _states(run: DagRun) -> dict[str, str]:
    return {each.task_id: str(each.state) for each in run.get_task_instances()}


def _asset_events() -> list[dict[str, Any]]:
    """The extra of every event of the feed's asset, oldest first."""
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    of_feed = AssetModel.uri == f"shoudai://feed/{FEED}"
    with create_session() as session:
        events = select(AssetEvent.extra).join(AssetModel, AssetModel.id == AssetEvent.asset_id).where(of_feed)
        return list(session.scalars(events.order_by(AssetEvent.id)))


def _xcoms(run: DagRun) -> list[tuple[str, str, Any]]:
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        found = session.scalars(select(XComModel).where(XComModel.run_id == run.run_id))
        return [(each.task_id, each.key, XComModel.deserialize_value(each)) for each in found]


def _rows(settings: Settings, sql: str) -> list[tuple[Any, ...]]:
    from pipelines.warehouse.connect import reader

    with reader(settings) as con:
        return list(con.execute(sql).fetchall())


def _published(settings: Settings, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(settings.published / "current.duckdb"), read_only=True) as con:
        return list(con.execute(sql).fetchall())
