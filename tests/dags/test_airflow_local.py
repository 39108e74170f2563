"""`make airflow`: our launcher starts every part on the loopback interface only, and takes every part down again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import psutil
import pytest

from pipelines.airflow_local import Component, check_port, environment, stop
from pipelines.errors import UsageError
from pipelines.settings import SAMPLES, Settings

FEED = "tax__credit_grades"

STUBBORN_WITH_A_CHILD_IN_ITS_OWN_GROUP = r"""
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setpgid(0, 0)
os.write(1, b"up\n")
time.sleep(60)
"""

LAUNCHER_OF_A_SLEEPER = """
import sys, time
from pathlib import Path
from pipelines import airflow_local
sys.executable = sys.argv[1]
component = airflow_local.Component("scheduler", Path(sys.argv[2]))
component.start({})
print(component.process.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def port() -> int:
    """A port nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with an inbox that holds the sample files of one small feed."""
    (tmp_path / "inbox").mkdir()
    shutil.copytree(SAMPLES / FEED, tmp_path / "inbox" / FEED)
    return Settings.from_env(home=tmp_path, inbox=tmp_path / "inbox")


class Launcher:
    """`python -m pipelines.airflow_local` as a person starts it."""

    def __init__(self, settings: Settings, port: int) -> None:
        command = [sys.executable, "-m", "pipelines.airflow_local", "--port", str(port)]
        places = ["--home", str(settings.home), "--inbox", str(settings.inbox)]
        self.process = subprocess.Popen(
            [*command, *places], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    def line_with(self, words: str) -> str:
        """The first line of the output that has these words; reads on until it comes."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if words in line:
                return line
        raise AssertionError(f"the launcher ended without {words!r}: {_rest(self.process.stderr)}")

    def family(self) -> list[psutil.Process]:
        """Every process the launcher has started, at any depth."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self, number: int) -> float:
        """Sends one signal and returns the seconds until the launcher is gone."""
        begin = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(timeout=30)
        return time.monotonic() - begin


@pytest.fixture
def launcher(settings: Settings, port: int) -> Iterator[Launcher]:
    """A launcher that was just started; killed with its family when a test leaves it running."""
    started = Launcher(settings, port)
    with started.process:
        yield started
        if started.process.poll() is None:
            family = started.family()
            started.process.kill()
            for process in _alive(family):
                process.kill()


@pytest.mark.slow
def test_airflow_serves_our_dags_on_loopback_and_one_ctrl_c_ends_it_all(
    launcher: Launcher, settings: Settings, port: int, feeds: list[str]
) -> None:
    greeting = launcher.line_with("Airflow is ready")
    assert f"http://127.0.0.1:{port}" in greeting
    token = _token(port, password=greeting.split()[-1])

    assert _get(port, "/api/v2/pools/warehouse", token)["slots"] == 1
    assert _dag_ids(port, token) == {f"ingest__{feed}" for feed in feeds} | {"weekly_target_list", "track_conversions"}
    assert _get(port, "/api/v2/importErrors", token)["total_entries"] == 0

    assert _land(port, token, FEED) == {"land": "success", "none_refused": "success"}

    family = launcher.family()
    assert len(family) >= 4
    assert _listeners(family) == {("127.0.0.1", port)}
    assert (settings.home / "airflow").stat().st_mode & 0o077 == 0, "passwords and secrets are for the owner only"

    again = subprocess.run(_again(settings, port + 1), capture_output=True, text=True, check=False)
    assert again.returncode == 75
    assert f"launcher process {launcher.process.pid}" in again.stderr

    assert launcher.end(signal.SIGINT) < 15
    assert launcher.process.returncode == 0
    assert _alive(family) == []
    check_port(port)


@pytest.mark.slow
def test_sigterm_while_airflow_is_still_starting_ends_it_too(launcher: Launcher, settings: Settings) -> None:
    launcher.line_with("Airflow starts")
    log = settings.home / "airflow" / "logs" / "scheduler.log"
    _until(log.exists, within_s=60)
    family = launcher.family()
    launcher.end(signal.SIGTERM)
    assert launcher.process.returncode == 0
    assert _alive(family) == []


def test_a_taken_port_is_refused_with_a_way_out(settings: Settings, port: int) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        refused = subprocess.run(_again(settings, port), capture_output=True, text=True, check=False)
    assert refused.returncode == UsageError.exit_code
    assert f"port {port} on 127.0.0.1 cannot be used" in refused.stderr
    assert f"make airflow SHOUDAI_AIRFLOW_PORT={port + 1}" in refused.stderr
    assert not (settings.home / "airflow").exists()


def test_processes_that_ignore_sigterm_are_killed_even_in_groups_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.airflow_local.GRACE_S", 0.4)
    component = Component("scheduler", tmp_path / "log")
    command = [sys.executable, "-c", STUBBORN_WITH_A_CHILD_IN_ITS_OWN_GROUP]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as component.process:
        assert component.process.stdout is not None
        assert [component.process.stdout.readline() for _ in range(2)] == [b"up\n", b"up\n"]
        child = psutil.Process(component.process.pid).children()[0]
        assert os.getpgid(child.pid) != component.process.pid

        stop([component])

        assert not component.is_running
        assert _alive([child]) == []


def test_components_die_with_a_launcher_that_is_killed(tmp_path: Path) -> None:
    sleeper = tmp_path / "sleeper"
    sleeper.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    sleeper.chmod(0o755)
    command = [sys.executable, "-c", LAUNCHER_OF_A_SLEEPER, str(sleeper), str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    _until(lambda: not _alive([child]), within_s=5)


def test_the_callers_environment_can_tune_airflow_but_not_open_it_to_the_network(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__API__HOST", "0.0.0.0")  # noqa: S104 - what must not win
    monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM", "2")
    env = environment(settings, 8123)
    assert env["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert env["AIRFLOW__CORE__PARALLELISM"] == "2"
    assert env["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:8123/execution/"
    assert env["SHOUDAI_HOME"] == str(settings.home)


def _again(settings: Settings, port: int) -> list[str]:
    command = [sys.executable, "-m", "pipelines.airflow_local", "--port", str(port)]
    return [*command, "--home", str(settings.home), "--inbox", str(settings.inbox)]


def _ask(port: int, method: str, path: str, body: object = None, token: str | None = None) -> Any:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request(method, path, json.dumps(body) if body else None, headers=headers)
        answer = connection.getresponse()
        text = answer.read()
    assert answer.status < 300, (path, answer.status, text)
    return json.loads(text)


def _token(port: int, password: str) -> str:
    return str(_ask(port, "POST", "/auth/token", {"username": "admin", "password": password})["access_token"])


def _get(port: int, path: str, token: str) -> dict[str, Any]:
    return dict(_ask(port, "GET", path, token=token))


def _land(port: int, token: str, feed: str) -> dict[str, str]:
    """Switches the ingest DAG of a feed on, whereupon its last due run goes through scheduler, executor and pool."""
    dag = f"/api/v2/dags/ingest__{feed}"
    _ask(port, "PATCH", dag, {"is_paused": False}, token)

    def ended() -> list[dict[str, str]]:
        runs = _get(port, f"{dag}/dagRuns", token)["dag_runs"]
        return [run for run in runs if run["state"] in ("success", "failed")]

    _until(lambda: bool(ended()), within_s=90)
    run = quote(ended()[0]["dag_run_id"])
    tasks = _get(port, f"{dag}/dagRuns/{run}/taskInstances", token)["task_instances"]
    return {task["task_id"]: task["state"] for task in tasks}


def _dag_ids(port: int, token: str) -> set[str]:
    """The DAGs Airflow knows once its processor has read the files."""
    found: set[str] = set()

    def all_are_read() -> bool:
        found.update(dag["dag_id"] for dag in _get(port, "/api/v2/dags?limit=100", token)["dags"])
        return {"ingest__tax__payments", "track_conversions", "weekly_target_list"} <= found

    _until(all_are_read, within_s=40)
    return found


def _alive(family: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still run; a zombie has ended and waits for its parent to look."""
    return [process for process in family if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


def _listeners(family: list[psutil.Process]) -> set[tuple[str, int]]:
    return {
        (connection.laddr.ip, connection.laddr.port)
        for process in family
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }


def _until(is_so: Callable[[], bool], within_s: float) -> None:
    end = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.1)


def _rest(stream: IO[str] | None) -> str:
    return stream.read() if stream else ""
