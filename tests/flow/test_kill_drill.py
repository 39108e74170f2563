"""SIGKILL at many moments of a run, then again: the same tables, the same list, never half a release."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from pipelines import flow

from .homes import AS_OF, WEEK, Home, command_line, environment, feed_tables, list_files, samples_of, settings_of

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
