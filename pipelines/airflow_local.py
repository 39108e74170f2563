"""Airflow on one machine (`make airflow`): api-server, scheduler, dag-processor, triggerer, started and stopped as one.

`airflow standalone` binds every interface, leaves orphans on SIGTERM and hangs on Ctrl-C; this launcher listens on the
loopback interface only and ends with all of its processes. For one machine and few people: a bank's shared Airflow
points its `dags_folder` at `dags/` and has a pool `warehouse` with one slot; nothing else of this file is needed there.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, TextIO

import click

from pipelines.errors import BusyError, ShoudaiError, UsageError
from pipelines.settings import HOUSE, Settings

HOST = "127.0.0.1"
DEFAULT_PORT = 8080
COMPONENTS = {
    "api-server": ("api-server",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}
"""Component -> arguments of `airflow`. No log servers: they bind every interface, and the log files are local."""
BEATING = ("scheduler", "triggerer", "dag_processor")
POOL = "warehouse"
HEALTH_TIMEOUT_S = 180.0
GRACE_S = 4.0
"""How long the components get to stop by themselves; then their tasks are told to, then what is left is killed."""
PR_SET_PDEATHSIG = 1


@click.command(name="airflow")
@click.option("--home", type=click.Path(path_type=Path, file_okay=False), help="The shoudai home [SHOUDAI_HOME].")
@click.option("--inbox", type=click.Path(path_type=Path, file_okay=False), help="The inbox [SHOUDAI_INBOX].")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    envvar="SHOUDAI_AIRFLOW_PORT",
    show_envvar=True,
    help="Port of the web page and the REST API on 127.0.0.1.",
)
def main(home: Path | None, inbox: Path | None, port: int) -> None:
    """Run Airflow with the DAGs of this checkout until Ctrl-C."""
    try:
        serve(Settings.from_env(home=home, inbox=inbox), port)
    except ShoudaiError as error:
        click.echo(f"shoudai airflow: {error}", err=True)
        sys.exit(error.exit_code)


def serve(settings: Settings, port: int) -> None:
    """Airflow, from the migration of its database to the last process gone; returns after Ctrl-C, SIGTERM or SIGHUP.

    Raises:
        UsageError: the port is taken.
        BusyError: another launcher works on the same home.
        ShoudaiError: Airflow did not become healthy, or one of its components ended by itself.
    """
    check_port(port)
    airflow_home = settings.home / "airflow"
    airflow_home.mkdir(parents=True, exist_ok=True, mode=0o700)
    env = environment(settings, port)
    with _stop_signals() as stopping, _only_launcher(airflow_home):
        click.echo(f"Airflow starts under {airflow_home} …")
        _prepare(env, airflow_home)
        _run(port, env, airflow_home, stopping)
        click.echo("Airflow has stopped.")


def _run(port: int, env: Mapping[str, str], airflow_home: Path, stopping: Stopping) -> None:
    components = [Component(name, airflow_home / "logs" / f"{name}.log") for name in COMPONENTS]
    since = datetime.now(UTC)
    try:
        for component in components:
            if not stopping.asked:
                component.start(env)
        if _wait_for_health(port, since, components, stopping):
            click.echo(_greeting(port, airflow_home))
            _watch(components, stopping)
    finally:
        stop(components)


def environment(settings: Settings, port: int) -> dict[str, str]:
    """The environment of all components: places and loopback fixed here, everything else as the caller has set it."""
    url = f"http://{HOST}:{port}"
    chosen = {
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{settings.home / 'airflow' / 'airflow.db'}?timeout=30",
    }
    fixed = {
        "SHOUDAI_HOME": str(settings.home),
        "SHOUDAI_INBOX": str(settings.inbox),
        "SHOUDAI_CATALOG": settings.catalog,
        "SHOUDAI_LAKE": settings.lake,
        "AIRFLOW_HOME": str(settings.home / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(HOUSE / "dags"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__API__HOST": HOST,
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": url,
        "NO_PROXY": ",".join(filter(None, [os.environ.get("NO_PROXY"), HOST])),
    }
    return chosen | os.environ | fixed


def check_port(port: int) -> None:
    """Nobody listens on the port of the loopback interface.

    Raises:
        UsageError: the port cannot be had; says how to choose another.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise UsageError(
                f"port {port} on {HOST} cannot be used ({error.strerror}); another program has it. Stop that one, or "
                f"choose another: make airflow SHOUDAI_AIRFLOW_PORT={port + 1 if port < 65535 else 8080}, or --port"
            ) from error


class Component:
    """One Airflow process with its own session, so that its workers and tasks can be found again."""

    def __init__(self, name: str, log: Path) -> None:
        """A component that is not started yet and will write to `log`."""
        self.name = name
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, env: Mapping[str, str]) -> None:
        """Start the process; it is told to stop when this launcher dies, however it dies."""
        command = [sys.executable, "-m", "airflow", *COMPONENTS[self.name]]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(  # noqa: S603 - fixed words
                command,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    @property
    def is_running(self) -> bool:
        """Whether the process was started and has not ended."""
        return self.process is not None and self.process.poll() is None

    @property
    def last_words(self) -> str:
        """The end of what the component wrote."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])


def stop(components: Sequence[Component]) -> None:
    """End all components and everything they started: asked first, told next, killed last."""
    started = [component.process for component in components if component.process]
    sessions = {process.pid for process in started}
    for process in started:
        with suppress(ProcessLookupError):
            process.terminate()
    if not _all_gone(sessions, started, GRACE_S):
        _signal(sessions, signal.SIGTERM)
    if not _all_gone(sessions, started, GRACE_S / 2):
        _signal(sessions, signal.SIGKILL)
        _all_gone(sessions, started, GRACE_S)


def _all_gone(sessions: set[int], started: Sequence[subprocess.Popen[bytes]], within_s: float) -> bool:
    end = time.monotonic() + within_s
    while True:
        for process in started:
            process.poll()
        if not _members(sessions):
            return True
        if time.monotonic() > end:
            return False
        time.sleep(0.05)


def _members(sessions: set[int]) -> list[int]:
    """The living processes of these sessions, whatever process group a task has moved to; zombies have ended."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                # proc_pid_stat(5): pid (name) state ppid pgrp session …; the name may hold anything, also ")"
                state, _, _, session, *_ = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
                if int(session) in sessions and state != "Z":
                    found.append(int(entry.name))
    return found


def _signal(sessions: set[int], number: int) -> None:
    for pid in _members(sessions):
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _die_with_parent() -> None:
    """In the new process: ask the kernel for SIGTERM when the launcher ends, even by SIGKILL (Linux)."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Stopping:
    """Whether a signal has asked for the end. Not a `threading.Event`: setting one inside a handler can lock up."""

    asked: bool = False

    def handle(self, *_: object) -> None:
        """The signal handler; further signals change nothing, the stop is under way."""
        self.asked = True

    def within(self, seconds: float) -> bool:
        """Waits, and says whether the end was asked for."""
        end = time.monotonic() + seconds
        while not self.asked and time.monotonic() < end:
            time.sleep(0.05)
        return self.asked


@contextmanager
def _stop_signals() -> Iterator[Stopping]:
    """Ctrl-C, SIGTERM and SIGHUP ask for the end instead of interrupting."""
    stopping = Stopping()
    handled = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, stopping.handle) for number in handled}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _only_launcher(airflow_home: Path) -> Iterator[None]:
    """The lock of an AIRFLOW_HOME: two schedulers on one SQLite database would lock each other out."""
    lock: TextIO
    with (airflow_home / "launcher.lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise BusyError(
                f"Airflow already runs on {airflow_home} (launcher process {lock.read().strip() or 'unknown'}); "
                "use that one, stop it first, or choose another --home"
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _prepare(env: Mapping[str, str], airflow_home: Path) -> None:
    """Configuration with secrets, database and pool, in a process of its own: Airflow settles its home at import."""
    (airflow_home / "logs").mkdir(exist_ok=True)
    log = airflow_home / "logs" / "prepare.log"
    words = "from pipelines.airflow_local import prepare; prepare()"
    with log.open("wb") as out:
        command = [sys.executable, "-c", words]
        # in a session of its own: a Ctrl-C must not cut a migration in two; it takes effect right after
        done = subprocess.run(command, env=dict(env), stdout=out, stderr=out, check=False, start_new_session=True)  # noqa: S603
    if done.returncode:
        tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:])
        raise ShoudaiError(f"Airflow's database under {airflow_home} could not be prepared; {log} ends with\n{tail}")


def prepare() -> None:
    """Airflow's configuration file, its database (created, or migrated to this version) and the pool `warehouse`."""
    from airflow.configuration import write_default_airflow_configuration_if_needed
    from airflow.models.pool import Pool
    from airflow.utils import db

    write_default_airflow_configuration_if_needed()
    db.initdb()
    _let_readers_and_writer_pass()
    Pool.create_or_update_pool(POOL, 1, "One writer of the shoudai warehouse at a time", include_deferred=False)


def _let_readers_and_writer_pass() -> None:
    """SQLite in write-ahead mode, else five processes answer each other "database is locked" now and then."""
    from airflow.settings import engine

    if engine is not None and engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")


def _wait_for_health(port: int, since: datetime, components: Sequence[Component], stopping: Stopping) -> bool:
    """True once every part is healthy, False when told to stop meanwhile."""
    end = time.monotonic() + HEALTH_TIMEOUT_S
    while not stopping.within(0.3):
        _check_alive(components)
        if is_healthy(port, since):
            return True
        if time.monotonic() > end:
            raise ShoudaiError(
                f"Airflow was not healthy within {HEALTH_TIMEOUT_S:.0f} seconds; see {components[0].log.parent}"
            )
    return False


def is_healthy(port: int, since: datetime) -> bool:
    """Whether the API answers and every other part has a heartbeat since `since` (a former run's does not count)."""
    connection = HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/api/v2/monitor/health")
        health: dict[str, dict[str, Any]] = json.load(connection.getresponse())
    except (OSError, HTTPException, ValueError):
        return False
    finally:
        connection.close()
    beats = [health.get(part, {}).get(f"latest_{part}_heartbeat") for part in BEATING]
    return all(beat is not None and datetime.fromisoformat(beat) >= since for beat in beats)


def _watch(components: Sequence[Component], stopping: Stopping) -> None:
    while not stopping.within(0.5):
        _check_alive(components)


def _check_alive(components: Sequence[Component]) -> None:
    for component in components:
        if not component.is_running:
            raise ShoudaiError(
                f"Airflow's {component.name} ended by itself, so all of it is stopped; {component.log} ends with\n"
                f"{component.last_words}"
            )


def _greeting(port: int, airflow_home: Path) -> str:
    return "\n".join(
        [
            f"Airflow is ready: http://{HOST}:{port}   user admin   password {_password(airflow_home)}",
            f"  DAGs {HOUSE / 'dags'}   logs {airflow_home / 'logs'}",
            "  New DAGs are paused: switch on those that are to run on their schedule. Ctrl-C stops everything.",
        ]
    )


def _password(airflow_home: Path) -> str:
    generated = airflow_home / "simple_auth_manager_passwords.json.generated"
    try:
        return str(json.loads(generated.read_text(encoding="utf-8"))["admin"])
    except (OSError, ValueError, KeyError):
        return "as configured (no generated one found)"


if __name__ == "__main__":
    main()
