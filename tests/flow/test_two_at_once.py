"""A second run is told so and harms nothing; a reader of the current release locks nobody out."""

from __future__ import annotations

import subprocess
import time
from datetime import date

import duckdb

from pipelines import flow

from .homes import Home, command_line, environment, samples_of, settings_of, shoudai


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
    from pipelines.lock import exclusive

    home = Home(settings_of(tmp_path / "home", tmp_path / "inbox"), None)
    with exclusive(home.settings.home, "run"):
        done = shoudai(home, "ingest", check=75)
    assert "another run is at work" in done.stderr


def test_a_step_of_a_dag_and_the_command_do_not_write_into_one_folder(copied, monkeypatch):
    """As when Airflow is at the features of a week for which somebody calls `shoudai run`."""
    home = copied()
    started = flow.start(home.settings, date(2026, 11, 30))
    met = []

    def meanwhile(*_):
        met.append(shoudai(home, "run", "--as-of", "2026-11-30", check=75).stderr)

    monkeypatch.setattr(flow, "link_entities", meanwhile)
    flow.link(started)
    assert "another run is at work on" in met[0]
    assert "work/2026-W49: link, process" in met[0]
    assert flow.Run.load(home.settings, started.week).run_id == started.run_id
