"""Machines with homes of their own on one PostgreSQL catalog: one writes at a time, and a first use makes one whole catalog."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipelines import flow
from pipelines.errors import BusyError, UsageError
from pipelines.progress import Quiet
from pipelines.settings import Settings
from pipelines.warehouse.connect import reader, writer
from pipelines.warehouse.lock import only_writer
from pipelines.warehouse.migrate import SCHEMAS

from .homes import COMMAND, environment, samples_of

PROGRAMS = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"))), Path(shutil.which("initdb") or "/").parent)
FILE = "credit__loans/dkjl_bg_20261113.csv"
HOLD = """
import sys, time
from pathlib import Path
from pipelines.settings import Settings
from pipelines.warehouse.lock import only_writer
with only_writer(Settings.from_env(Path(sys.argv[1]), Path(sys.argv[2])), "run"):
    print("held", flush=True)
    time.sleep(120)
"""

pytestmark = pytest.mark.skipif(not (PROGRAMS / "initdb").is_file(), reason="no PostgreSQL server on this machine")


class Server:
    """A PostgreSQL server on a socket in a folder of its own."""

    def __init__(self, folder: Path):
        self.folder, self.data = folder, folder / "data"
        self.databases = 0
        self.own = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}

    def program(self, name: str, *words: str) -> str:
        done = subprocess.run(
            [str(PROGRAMS / name), *words],
            check=True, stdout=subprocess.PIPE, text=True, cwd=self.folder, env=environment() | {"HOME": str(self.folder)}, **self.own,
        )  # fmt: skip
        return done.stdout.strip()

    def start(self) -> None:
        options = f"-c listen_addresses='' -c fsync=off -k {self.folder}"
        log = str(self.folder / "log")
        self.program("pg_ctl", "start", "--wait", "--silent", "-D", str(self.data), "-o", options, "-l", log)

    def stop(self) -> None:
        self.program("pg_ctl", "stop", "--silent", "-m", "immediate", "-D", str(self.data))

    def sql(self, sql: str, database: str = "postgres") -> str:
        return self.program("psql", "-h", str(self.folder), "-U", "shoudai", "-d", database, "-Atqc", sql)

    def database(self) -> str:
        self.databases += 1
        name = f"catalog{self.databases}"
        self.sql(f"CREATE DATABASE {name}")
        return name


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp())  # pytest's own is closed to the server's user, and its path is too long
    made = Server(folder)
    if made.own:
        shutil.chown(folder, "nobody", "nogroup")
    try:
        made.program("initdb", "-D", str(made.data), "-U", "shoudai", "-A", "trust", "--no-sync", "--encoding", "UTF8")
        made.start()
        yield made
        made.stop()
    finally:
        shutil.rmtree(folder)


class Shared:
    """A lake and an empty catalog; any number of homes on it, which stand for as many machines."""

    def __init__(self, server: Server, folder: Path):
        self.server, self.folder, self.database = server, folder, server.database()
        where = f"host={server.folder} user=shoudai dbname={self.database} password=secret"
        self.places = {"SHOUDAI_CATALOG": f"postgres:{where}", "SHOUDAI_LAKE": str(folder / "lake")}

    def home(self, name: str, *files: str) -> Settings:
        samples_of(self.folder / name / "inbox", files).mkdir(parents=True, exist_ok=True)
        return Settings.from_env(self.folder / name, self.folder / name / "inbox")

    def begin(self, home: Settings, *words: str, command: str | Path = COMMAND) -> subprocess.Popen[str]:
        line = [str(command), *words, "--home", str(home.home)]
        environ = environment() | self.places | {"SHOUDAI_INBOX": str(home.inbox)}
        return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ)

    def shoudai(self, home: Settings, *words: str) -> tuple[int, str]:
        return ended(self.begin(home, *words))

    def hold(self, home: Settings) -> subprocess.Popen[str]:
        """Another process at work on a home."""
        line = [sys.executable, "-c", HOLD, str(home.home), str(home.inbox)]
        other = subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=environment() | self.places)
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        return other

    def sql(self, sql: str) -> str:
        return self.server.sql(sql, self.database)

    def holders(self) -> int:
        return int(self.sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"))

    def cut(self) -> None:
        """The connection of whoever holds the lock breaks."""
        assert self.sql("SELECT pg_terminate_backend(pid, 10000) FROM pg_locks WHERE locktype = 'advisory'") == "t"


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    said = "".join(process.communicate(timeout=300))
    assert "Traceback" not in said, said
    assert "secret" not in said
    return process.returncode, said


@pytest.fixture
def shared(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shared:
    made = Shared(server, tmp_path)
    for name, value in made.places.items():
        monkeypatch.setenv(name, value)
    return made


def landed(home: Settings) -> list[tuple[str, int]]:
    """The ledger's files, and the rows of each in its table."""
    with writer(home) as con:
        rows = con.execute(
            "SELECT name, (SELECT count(*) FROM lake.feed.credit__loans AS each WHERE each.file_id = file.file_id) - accepted"
            " FROM lake.ops.files AS file"
        )
        return rows.fetchall()


def is_whole(home: Settings) -> bool:
    with writer(home) as con:
        found = con.execute("SELECT DISTINCT schema_name FROM duckdb_tables() WHERE database_name = 'lake'").fetchall()
    return {name for (name,) in found} == set(SCHEMAS)


def test_another_machine_is_told_who_is_at_work_until_that_one_is_killed(shared):
    first, second = shared.home("first", FILE), shared.home("second", FILE)
    other = shared.hold(first)
    code, said = shared.shoudai(second, "ingest")
    assert code == BusyError.exit_code == 75
    host = re.escape(os.uname().nodename[:20])
    assert re.search(
        rf"another run is at work on the catalog of SHOUDAI_CATALOG: run, process {other.pid} on {host}\S*, since 20..-.*Try again",
        said,
    )
    other.kill()
    other.wait()
    deadline = time.monotonic() + 10
    while shared.holders() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [file.status for file in flow.ingest(second).files] == ["landed"]
    assert landed(second) == [("dkjl_bg_20261113.csv", 0)]


def test_one_file_on_two_machines_at_once_lands_once(shared):
    homes = [shared.home(name, FILE) for name in ("first", "second")]
    flow.ingest(shared.home("before"))
    codes = [ended(process)[0] for process in [shared.begin(home, "ingest") for home in homes]]
    assert 0 in codes
    assert set(codes) <= {0, 75}
    for home, code in zip(homes, codes, strict=True):
        if code:
            assert shared.shoudai(home, "ingest")[0] == 0
    assert landed(homes[0]) == [("dkjl_bg_20261113.csv", 0)]


def test_first_uses_at_once_make_one_whole_catalog(shared):
    homes = [shared.home(name) for name in ("first", "second", "third")]
    ends = [ended(process) for process in [shared.begin(home, "ingest") for home in homes]]
    assert 0 in [code for code, _ in ends]
    assert all(code == 0 or (code == 75 and "Try again" in said) for code, said in ends), ends
    assert is_whole(homes[0])


def test_a_first_use_that_is_killed_leaves_a_catalog_that_the_next_completes(shared):
    home = shared.home("first", FILE)
    for seconds in (1.0, 1.3, 1.6):
        process = shared.begin(home, "ingest")
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    deadline = time.monotonic() + 10
    while shared.holders() and time.monotonic() < deadline:
        time.sleep(0.05)
    flow.ingest(shared.home("second", FILE))
    assert is_whole(home)
    assert landed(home) == [("dkjl_bg_20261113.csv", 0)]


def test_a_command_that_needs_a_warehouse_says_that_there_is_none_and_makes_none(shared):
    """Also while another makes it, or after one was killed at that: the catalog is there, its tables are not yet."""
    home = shared.home("first")
    commands = [("quality",), ("links", "export", str(home.home / "asked.xlsx"))]
    ends = [shared.shoudai(home, *words) for words in commands]
    assert shared.sql("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'ducklake%'") == "0"
    with writer(home):
        pass
    ends += [shared.shoudai(home, *words) for words in commands]
    for code, said in ends:
        assert (code, "no warehouse in the catalog of SHOUDAI_CATALOG yet" in said) == (64, True), said


def test_who_only_reads_takes_no_lock(shared):
    home = shared.home("first")
    flow.ingest(home)
    other = shared.hold(shared.home("second"))
    assert shared.shoudai(home, "quarantine")[0] == 0
    other.kill()
    other.communicate()


def test_steps_inside_a_job_pass_and_its_end_frees_the_catalog_at_once(shared):
    first, second = shared.home("first"), shared.home("second")
    for home in (first, second) * 5:
        with only_writer(home, "run"), only_writer(home, "publish"):
            assert shared.holders() == 1
        assert shared.holders() == 0
    with pytest.raises(ValueError, match="in mid-work"), only_writer(first, "run"):
        raise ValueError("in mid-work")
    assert shared.holders() == 0


def test_the_lock_holds_no_transaction_open_on_the_server(shared):
    with only_writer(shared.home("first"), "run"):
        state = "SELECT state, backend_xmin FROM pg_stat_activity WHERE application_name LIKE 'run, %'"
        assert shared.sql(state) == "idle|"


class Meanwhile(Quiet):
    """Something happens as the first file is about to land."""

    def __init__(self, happens: Callable[[], object]):
        self.happens = happens

    def advance(self, part: str) -> None:
        if part.startswith("credit__loans/"):
            self.happens()


def test_a_job_whose_lock_is_lost_commits_nothing_more(shared):
    home = shared.home("first", FILE)
    flow.ingest(shared.home("before"))
    with pytest.raises(BusyError, match="kept other runs out broke during the job.*run the same command again"):
        flow.ingest(home, progress=Meanwhile(shared.cut))
    assert landed(home) == []
    assert [file.status for file in flow.ingest(home).files] == ["landed"]
    assert landed(home) == [("dkjl_bg_20261113.csv", 0)]


def _read_after(home: Settings, happens: Callable[[], object]) -> None:
    with reader(home) as con:
        happens()
        con.execute("FROM lake.ops.files")


def test_a_server_that_goes_away_in_mid_job_is_said_so_without_its_password(shared, server):
    home = shared.home("first", FILE)
    flow.ingest(shared.home("before"))
    with pytest.raises((BusyError, UsageError), match="[Ll]ook at .* server") as lost:
        flow.ingest(home, progress=Meanwhile(server.stop))
    server.start()
    assert "secret" not in str(lost.value)
    with pytest.raises(UsageError, match="catalog cannot be reached: connection to server") as gone:
        _read_after(home, server.stop)
    server.start()
    assert "secret" not in str(gone.value)
    assert [file.status for file in flow.ingest(home).files] == ["landed"]


def test_a_catalog_that_cannot_be_reached_is_said_so_without_its_password(shared, monkeypatch):
    monkeypatch.setenv("SHOUDAI_CATALOG", f"postgres:host={shared.folder} dbname=x password=secret")
    home = shared.home("first")
    with pytest.raises(UsageError, match="cannot be reached") as refused, only_writer(home, "run"):
        pass
    assert "secret" not in str(refused.value)
