"""A second run is told so and harms nothing; a reader of the current release locks nobody out."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import date

import duckdb
import pytest

from pipelines import flow
from pipelines.errors import BusyError, UsageError
from pipelines.lock import exclusive
from pipelines.registers.review import ANSWERS, HEADINGS

from .homes import Home, command_line, environment, samples_of, settings_of, shoudai

HOLD = """
import sys
from pathlib import Path
from pipelines.settings import Settings
from pipelines.warehouse.lock import only_writer
with only_writer(Settings.from_env(Path(sys.argv[1]), Path(sys.argv[2])), "run"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_run_is_refused_while_the_first_goes_on_under_a_reader(copied, tmp_path):
    home = copied(samples_of(tmp_path / "inbox"))
    before = home.current.resolve()
    held = duckdb.connect(str(home.current), read_only=True)
    listed = held.execute("SELECT count(*) FROM out.target_list").fetchone()
    line = command_line(home, "run", "--as-of", "2026-11-30", "--json")
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()) as first:
        lock = home.settings.home / "run.lock"
        while first.poll() is None and str(first.pid) not in lock.read_text():
            time.sleep(0.02)
        second = shoudai(home, "run", "--as-of", "2026-11-30", check=75)
        assert f"process {first.pid}" in second.stderr
        assert "Try again" in second.stderr
        out, err = first.communicate()
    assert first.returncode == 0, err[-2000:]
    assert "2026-W49" in out
    assert held.execute("SELECT count(*) FROM out.target_list").fetchone() == listed, "the reader keeps its release"
    held.close()
    assert home.current.resolve() != before
    assert home.current.resolve().parent.name == "2026-W49"


def test_a_second_ingest_is_refused_too(tmp_path):
    home = Home(settings_of(tmp_path / "home", tmp_path / "inbox"), None)
    with exclusive(home.settings.home, "run"):
        done = shoudai(home, "ingest", check=75)
    assert "another run is at work" in done.stderr


def test_two_homes_on_one_sqlite_catalog_are_one_warehouse(tmp_path, monkeypatch):
    monkeypatch.setenv("SHOUDAI_CATALOG", f"sqlite:{tmp_path / 'shared' / 'catalog.sqlite'}")
    first, second = (settings_of(tmp_path / name, tmp_path / "inbox") for name in ("first", "second"))
    line = [sys.executable, "-c", HOLD, str(first.home), str(first.inbox)]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(BusyError, match=f"at work on {tmp_path / 'shared'}: run, process {other.pid}, since"):
            flow.ingest(second)
        other.kill()
    assert flow.ingest(second).files == ()


@pytest.mark.parametrize("words", [("links", "export"), ("links", "import")])
def test_who_is_who_is_not_decided_while_a_run_goes_on(copied, tmp_path, words):
    """Each decision gets the next number: of two files at once, nobody could say which is the later one."""
    home = copied()
    answers = tmp_path / "answers.csv"
    if "import" in words:
        headings = [*(HEADINGS[name] for name in ("source_feed", "source_id", "uscc")), *ANSWERS.values()]
        answers.write_text(f"{','.join(headings)}\nutilities__bills,1,91510623MA00000000,否,王,\n", encoding="utf-8")
    with exclusive(home.settings.home, "run"):
        assert "another run is at work" in shoudai(home, *words, str(answers), inbox=False, check=75).stderr


def test_a_step_of_a_dag_and_the_command_do_not_write_into_one_folder(copied, monkeypatch):
    """As when Airflow is at the features of a week for which somebody calls `shoudai run`."""
    home = copied()
    started = flow.start(home.settings, date(2026, 11, 30))
    met = []

    def meanwhile(*_):
        met.append(shoudai(home, "run", "--as-of", "2026-11-30", check=75).stderr)

    monkeypatch.setattr(flow, "link_entities", meanwhile)
    flow.link(started)
    started.handover("picked").touch()
    monkeypatch.setattr(flow.conversion, "track", meanwhile)
    with pytest.raises(FileNotFoundError, match="score_bands"):  # nothing was scored
        flow.publish(started)
    for said, step in zip(met, ("link", "publish"), strict=True):
        assert "another run is at work on" in said
        assert f"work/2026-W49: {step}, process" in said
    assert flow.Run.load(home.settings, started.week).run_id == started.run_id


def test_a_run_goes_on_from_nothing_that_an_earlier_run_of_its_week_has_made(copied):
    """As when a backfill and a run that a feed has called are at one week, and files land between their starts."""
    home = copied()
    flow.start(home.settings, date(2026, 11, 30))
    for step in (flow.link, flow.features, flow.judge):
        step(flow.Run.load(home.settings, "2026-W49"))
    started = flow.start(home.settings, date(2026, 11, 30))
    assert sorted(path.name for path in started.folder.iterdir()) == ["run.json", "run.lock"]
    steps = (flow.link, flow.features, flow.judge, flow.score, flow.offer, flow.pick, flow.publish)
    reads = ("links", "features", "judged", "scored", "offered", "picked")
    for step, name in zip(steps[1:], reads, strict=True):
        said = (
            rf"^{step.__name__} of 2026-W49: {name}\.parquet is not in .*2026-W49; .* repeat the steps from `link` on"
        )
        with pytest.raises(UsageError, match=said):
            step(flow.Run.load(home.settings, "2026-W49"))
    for step in steps:
        step(flow.Run.load(home.settings, "2026-W49"))
    assert flow.replay(home.settings, "2026-W49").differences == ()
