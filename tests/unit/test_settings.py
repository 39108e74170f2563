"""Where things are: options before the environment before defaults; the as-of of a day."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from pathlib import Path

import pytest

from pipelines import settings as module
from pipelines.errors import UsageError
from pipelines.settings import BUSINESS_ZONE, SAMPLES, Settings, today_in_china, week_of


@pytest.fixture(autouse=True)
def _bare(monkeypatch, tmp_path):
    for name in ("HOME", "INBOX", "CATALOG", "LAKE", "MEMORY_GB", "BANK"):
        monkeypatch.delenv(f"SHOUDAI_{name}", raising=False)
    monkeypatch.chdir(tmp_path)


def test_without_anything_the_home_is_here_and_the_inbox_is_the_samples(tmp_path):
    found = Settings.from_env()
    assert (found.home, found.inbox, found.is_sample_inbox) == (tmp_path / "shoudai-home", SAMPLES.resolve(), True)
    assert found.catalog == f"sqlite:{tmp_path / 'shoudai-home' / 'catalog.sqlite'}"


def test_a_home_with_an_inbox_uses_it(tmp_path):
    (tmp_path / "h" / "inbox").mkdir(parents=True)
    assert Settings.from_env(Path("h")).inbox == tmp_path / "h" / "inbox"


def archive(home: Path, content: bytes) -> None:
    digest = hashlib.sha256(content).hexdigest()
    (home / "archive" / digest[:2]).mkdir(parents=True)
    (home / "archive" / digest[:2] / digest).write_bytes(content)


def test_a_home_with_files_of_its_own_never_takes_the_samples(tmp_path):
    """Nor their day: who leaves out --inbox tracks up to today, and lands no made-up county in a bank's warehouse."""
    home = tmp_path / "bank"
    archive(home, b"uscc\n91510100MA6C54321Y\n")
    found = Settings.from_env(home)
    assert (found.inbox, found.is_sample_inbox, found.today()) == (home / "inbox", False, today_in_china())


def test_a_home_of_the_samples_keeps_to_them(tmp_path):
    archive(tmp_path / "home", next((SAMPLES / "sites__tenants").iterdir()).read_bytes())
    assert Settings.from_env(tmp_path / "home").is_sample_inbox


def test_options_come_before_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("SHOUDAI_HOME", str(tmp_path / "from-env"))
    monkeypatch.setenv("SHOUDAI_CATALOG", "postgres:dbname=x")
    (tmp_path / "in").mkdir()
    found = Settings.from_env(tmp_path / "given", tmp_path / "in")
    assert (found.home.name, found.catalog) == ("given", "postgres:dbname=x")
    assert Settings.from_env(inbox=tmp_path / "in").home.name == "from-env"


@pytest.mark.parametrize(("stated", "gb"), [("8000000000\n", 2.0), ("max\n", None), (None, None)])
def test_the_engine_may_use_a_quarter_of_the_memory(tmp_path, monkeypatch, stated, gb):
    pages = next(line.split() for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal"))
    if stated:
        (tmp_path / "memory.max").write_text(stated)
    monkeypatch.setattr(module, "CONTAINER_MEMORY", tmp_path / "memory.max")
    assert Settings.from_env().memory_gb == pytest.approx(gb or int(pages[1]) * 1024 / 4e9, abs=0.06)
    monkeypatch.setenv("SHOUDAI_MEMORY_GB", "0.5")
    assert Settings.from_env().memory_gb == 0.5


def test_an_inbox_that_is_no_folder_is_said_so(tmp_path):
    with pytest.raises(UsageError, match="expected one folder per feed"):
        Settings.from_env(tmp_path, tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("moment", "as_of"),
    [
        (datetime(2026, 11, 23, 0, 5, tzinfo=BUSINESS_ZONE), date(2026, 11, 23)),
        (datetime(2026, 11, 29, 23, 59, tzinfo=BUSINESS_ZONE), date(2026, 11, 23)),
        (datetime(2027, 1, 1, 12, 0, tzinfo=BUSINESS_ZONE), date(2026, 12, 28)),
    ],
)
def test_the_default_as_of_is_the_monday_of_the_week_in_china(tmp_path, monkeypatch, moment, as_of):
    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return moment.astimezone(tz)

    monkeypatch.setattr(module, "datetime", Clock)
    (tmp_path / "in").mkdir()
    assert Settings.from_env(tmp_path, tmp_path / "in").default_as_of() == as_of


def test_the_samples_carry_the_day_they_were_made_for():
    assert Settings.from_env().default_as_of() == date(2026, 11, 23)


def test_weeks_are_iso_weeks():
    days = {date(2026, 11, 23): "2026-W48", date(2027, 1, 1): "2026-W53", date(2026, 1, 5): "2026-W02"}
    assert {day: week_of(day) for day in days} == days
