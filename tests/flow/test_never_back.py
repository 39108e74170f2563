"""What marketing and analysts find at `latest` and `current.duckdb` never gets older than it was."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date

import pytest

from pipelines import flow, releases
from pipelines.settings import SAMPLES

from .homes import AS_OF, WEEK, Home, settings_of

NEXT, LATER = date(2026, 11, 30), date(2026, 11, 25)
CONTACT = "统一社会信用代码,触达时间,触达方式,触达结果\n{uscc},2026-11-24 10:00:00,电话,有意向\n"
FOLLOWED = """
    SELECT (SELECT count(contacted_on) FROM out.conversions), (SELECT sum(contacted) FROM out.funnel),
           (SELECT max(as_of) FROM out.plan_progress)
"""


@pytest.fixture
def home(county, tmp_path) -> Home:
    """The county with its list of W48 published."""
    shutil.copytree(county.settings.home, tmp_path / "home", symlinks=True)
    return Home(settings_of(tmp_path / "home", tmp_path / "inbox"), None)


def standing(home: Home) -> tuple[str, str]:
    published = home.settings.published
    return (published / "latest").resolve().name, (published / "current.duckdb").resolve().name


def contact(home: Home, rank: int = 1) -> None:
    (uscc,) = home.ask(f"SELECT uscc FROM out.target_list WHERE rank = {rank}")[0]
    home.deliver("crm__contacts", "cdjl_20261125.csv", CONTACT.format(uscc=uscc))
    assert flow.ingest(home.settings).landed == 1


def test_an_older_week_published_again_does_not_become_current(home):
    shutil.copytree(SAMPLES / "_next_week", home.settings.inbox, dirs_exist_ok=True)
    flow.run(home.settings, NEXT)
    before, followed = standing(home), home.ask(FOLLOWED)
    assert before == ("2026-W49", "shoudai-2026-W49.duckdb")
    release = flow.run(home.settings, AS_OF).release
    assert standing(home) == before
    assert home.ask(FOLLOWED) == followed
    assert any(note.startswith("2026-W49 is later and stays current") for note in release.notes)
    assert release.database.is_file()


def test_conversions_stay_when_the_week_is_published_again_as_it_was(home, monkeypatch):
    contact(home)
    flow.track(home.settings, LATER)
    before, followed = standing(home), home.ask(FOLLOWED)
    assert followed == [(1, 1, LATER)]
    copied = []
    monkeypatch.setattr(releases, "_copy_earlier", lambda run, _: copied.append(run.week))
    flow.run(home.settings, AS_OF)
    assert (standing(home), home.ask(FOLLOWED)) == (before, followed)
    assert copied == [], "nothing was built"
    assert home.lake("SELECT count(contacted_on) FROM lake.out.conversions") == [(1,)]


def test_a_revision_of_the_week_gets_the_conversions_up_to_the_day_they_reached(home):
    contact(home)
    flow.track(home.settings, LATER)
    (uscc,) = home.ask("SELECT uscc FROM out.target_list WHERE rank = 2")[0]
    home.deliver("crm__suppressions", "x_20261122.csv", f"统一社会信用代码,原因,起始日期\n{uscc},拒绝营销,2026-01-01\n")
    release = flow.run(home.settings, AS_OF).release
    assert standing(home) == (f"{WEEK}-r2", f"shoudai-{WEEK}+{LATER}.duckdb")
    assert home.ask(f"SELECT count(*) FROM out.target_list WHERE uscc = '{uscc}' AND week = '{WEEK}'") == [(0,)]
    assert home.ask(FOLLOWED) == [(1, 1, LATER)]
    assert release.folder.name == f"{WEEK}-r2"


def test_days_of_tracking_leave_no_more_files_than_two(home):
    """A copy a day would fill the disk in a year; the one before is for whoever is just opening it."""
    folder = home.settings.published / WEEK
    days = [date(2026, 11, day) for day in (24, 25, 26)]
    for day in days:
        flow.track(home.settings, day)
    made = [f"shoudai-{WEEK}.duckdb", *(f"shoudai-{WEEK}+{day}.duckdb" for day in days)]
    assert {path.name for path in folder.glob("*.duckdb")} == {made[0], *made[-2:]}
    shutil.copytree(SAMPLES / "_next_week", home.settings.inbox, dirs_exist_ok=True)
    flow.run(home.settings, NEXT)
    assert {path.name for path in folder.glob("*.duckdb")} == {made[0], made[-1]}


def test_a_day_that_was_due_earlier_brings_them_up_to_the_day_they_reached(home):
    contact(home)
    flow.track(home.settings, LATER)
    path = flow.track(home.settings, due=AS_OF)
    assert path.name == f"shoudai-{WEEK}+{LATER}.duckdb"
    assert home.ask(FOLLOWED) == [(1, 1, LATER)]


def test_the_samples_day_does_not_take_them_back(home):
    """The made-up county has a day of its own; what was tracked after it stays."""
    contact(home)
    flow.track(home.settings, LATER)
    flow.track(replace(home.settings, inbox=SAMPLES.resolve()))
    assert home.ask(FOLLOWED) == [(1, 1, LATER)]


def test_an_earlier_day_that_is_asked_for_takes_them_back(home):
    contact(home)
    flow.track(home.settings, date(2126, 12, 2))  # a typing error
    flow.track(home.settings, LATER)
    assert home.ask(FOLLOWED) == [(1, 1, LATER)]
    flow.track(home.settings, AS_OF)
    assert home.ask(FOLLOWED) == [(0, 0, AS_OF)]
    assert home.lake("SELECT count(contacted_on) FROM lake.out.conversions") == [(0,)]


def test_a_week_far_off_made_by_mistake_is_undone_as_the_note_says(home):
    contact(home)
    wrong = flow.run(home.settings, date(2126, 11, 25)).release
    note = next(each for each in flow.run(home.settings, AS_OF).release.notes if "stays current" in each)
    assert wrong.folder.name in note
    wrong.folder.rename(home.settings.home / "mistake")
    flow.run(home.settings, AS_OF)
    assert standing(home) == (WEEK, f"shoudai-{WEEK}.duckdb")
    assert home.ask(FOLLOWED) == [(0, 0, AS_OF)]
    flow.track(home.settings, due=LATER)
    assert home.ask(FOLLOWED)[0][:2] == (1, 1)
    assert home.ask("SELECT max(as_of) < DATE '2126-01-01' FROM out.plan_progress") == [(True,)]
    assert home.lake("SELECT max(as_of) < DATE '2126-01-01' FROM lake.out.plan_progress") == [(True,)]
