"""SIGKILL at many moments of a run, then again: the same tables, the same list, never half a release."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import duckdb

from pipelines import flow, releases

from .homes import (
    AS_OF,
    WEEK,
    Home,
    command_line,
    environment,
    feed_tables,
    list_files,
    samples_of,
    settings_of,
    shoudai,
)

STEPS = ("features", "judged", "scored", "picked", "conversions")


def _newer(path: Path, since: float) -> bool:
    try:
        return path.stat().st_mtime >= since
    except OSError:
        return False


def moments(home: Path) -> list[tuple[str, Callable[[float], bool]]]:
    """Names and signs of the moments at which to kill, in the order of a run."""
    archived = lambda n: lambda _: sum(path.is_file() for path in (home / "archive").rglob("*")) >= n  # noqa: E731
    work = home / "work" / WEEK
    handover = lambda step: lambda since: _newer(work / f"{step}.parquet", since)  # noqa: E731
    building = home / "published" / f".building-{WEEK}"
    return [
        ("first file archived", archived(1)),
        ("third file archived", archived(3)),
        *((step, handover(step)) for step in STEPS),
        ("release under construction", lambda since: _newer(building, since)),
        ("published file under construction", lambda since: _newer(building / f"shoudai-{WEEK}.duckdb", since)),
        ("release in place", lambda since: _newer(home / "published" / WEEK / "manifest.json", since)),
    ]


def kill_at(home: Home, sign: Callable[[float], bool], chance: random.Random) -> None:
    """Start a run and kill it a few milliseconds after a sign."""
    began = time.time()
    with subprocess.Popen(
        command_line(home, "run", "--as-of", str(AS_OF)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
    ) as run:
        while run.poll() is None and not sign(began):
            time.sleep(0.002)
        time.sleep(chance.random() * 0.05)
        run.kill()


def assert_nothing_is_half_done(home: Home, moment: str) -> None:
    if home.settings.published.exists():
        visible = [
            path
            for path in home.settings.published.iterdir()
            if path.is_dir() and not path.name.startswith(".") and not path.is_symlink()
        ]
        for release in visible:
            assert (release / "manifest.json").is_file(), (moment, release)
            assert len(list_files(release)) == 3, (moment, release)
    if home.current.exists():
        assert home.ask("SELECT count(*) > 0 FROM out.target_list") == [(True,)], moment
    else:
        assert not home.current.is_symlink(), (moment, "no dangling link")
    if (home.settings.home / "catalog.sqlite").exists():
        try:
            torn = home.lake("SELECT name FROM lake.ops.files WHERE rows_in <> accepted + duplicates + quarantined")
        except duckdb.Error as error:
            if "does not exist" not in str(error):  # killed before the tables were made
                raise
            return
        assert torn == [], moment


CUT_SHORT = """
import os, signal, sys
from datetime import date
from pathlib import Path
from pipelines import flow
from pipelines.settings import Settings
Path.rename = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
flow.publish(flow.Run.load(Settings.from_env(Path(sys.argv[1]), Path(sys.argv[2])), sys.argv[3]))
"""


def test_a_release_that_was_killed_before_its_folder_had_its_name_is_told_by_nobody_as_there(copied):
    """Its rows are in the warehouse by then."""
    home, next_monday = copied(), AS_OF + timedelta(weeks=1)
    run = flow.start(home.settings, next_monday)
    for step in (flow.link, flow.features, flow.judge, flow.score, flow.offer, flow.pick):
        step(run)
    line = [sys.executable, "-c", CUT_SHORT, str(home.settings.home), str(home.settings.inbox), run.week]
    assert subprocess.run(line, env=environment(), check=False).returncode == -signal.SIGKILL
    assert not (home.settings.published / run.week).exists()

    again = f"`shoudai run --as-of {next_monday}`"
    newest, before = json.loads(shoudai(home, "lists", "--json", inbox=False).stdout)
    assert (newest["week"], newest["folder"]) == (run.week, None)
    assert before["folder"] == str(home.settings.published / WEEK)
    assert again in shoudai(home, "lists", inbox=False).stdout
    assert again in shoudai(home, "replay", run.week, inbox=False, check=64).stderr
    assert not (home.settings.work / f"replay-{run.week}").exists(), "nothing is computed before that is said"
    assert again in shoudai(home, "verify", inbox=False, check=70).stdout

    flow.run(home.settings, next_monday)
    assert home.current.resolve().parent.name == run.week
    shoudai(home, "verify", inbox=False)
    assert [each["folder"] for each in releases.published(home.settings)] == [
        str(home.settings.published / week) for week in (run.week, WEEK)
    ]


def test_a_run_killed_again_and_again_ends_as_one_that_never_was(tmp_path):
    chance = random.Random(20261123)  # noqa: S311
    inbox = samples_of(tmp_path / "inbox")
    quiet = Home(settings_of(tmp_path / "quiet", inbox), None)
    flow.run(quiet.settings, AS_OF)
    killed = Home(settings_of(tmp_path / "killed", inbox), None)
    for moment, sign in moments(killed.settings.home):
        kill_at(killed, sign, chance)
        assert_nothing_is_half_done(killed, moment)
    flow.run(killed.settings, AS_OF)
    assert feed_tables(killed.settings) == feed_tables(quiet.settings)
    assert list_files(killed.current.resolve().parent) == list_files(quiet.current.resolve().parent)
    left = sorted(path.name for path in killed.settings.published.iterdir())
    assert left == [WEEK, "current.duckdb", "latest", "quality.html", "report.html"]
    assert flow.replay(killed.settings, WEEK).differences == ()
