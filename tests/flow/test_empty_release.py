"""A release may list nobody and know nobody: every command still knows which week its file is of, and says that it is empty."""

from __future__ import annotations

import json
from datetime import date

import pytest

from pipelines import flow
from pipelines.report.weekly import weekly

from .homes import AS_OF, WEEK, Home, settings_of, shoudai

EARLIER, EARLIER_WEEK = date(2026, 11, 16), "2026-W47"


@pytest.fixture(scope="module")
def empty(tmp_path_factory) -> Home:
    """A home into which nothing was delivered: a week published, then the one before it."""
    folder = tmp_path_factory.mktemp("empty")
    settings = settings_of(folder / "home", folder / "inbox")
    flow.run(settings, AS_OF)
    return Home(settings, flow.run(settings, EARLIER))


def test_nobody_is_listed_and_the_report_says_so(empty):
    assert empty.report.release.counts == {"entities": 0, "listed": 0}
    page = (empty.settings.published / "report.html").read_text(encoding="utf-8")
    assert "本批名单为空" in page
    assert WEEK in page


@pytest.mark.parametrize(("week", "as_of"), [(WEEK, AS_OF), (EARLIER_WEEK, EARLIER)])
def test_each_file_knows_its_own_week_also_one_published_later_than_the_next(empty, week, as_of):
    found = weekly(empty.settings.published / week / f"shoudai-{week}.duckdb")
    assert (found.week, found.as_of, found.listed.listed) == (week, as_of, 0)


def test_explain_says_that_nobody_of_the_week_fits(empty):
    said = shoudai(empty, "explain", "诺水河", check=64, inbox=False).stderr
    assert f"no entity of {WEEK} is called '诺水河'" in said


def test_a_rehearsal_lists_nobody_either(empty):
    made = flow.rehearse(empty.settings, ["min_annual_tax_yuan=30000"])
    assert (made.week, made.total.before, made.total.after) == (WEEK, 0, 0)


def test_the_empty_lists_are_named_and_the_home_is_sound(empty):
    rows = json.loads(shoudai(empty, "lists", "--json", inbox=False).stdout)
    assert [(row["week"], row["listed"]) for row in rows] == [(WEEK, 0), (EARLIER_WEEK, 0)]
    shoudai(empty, "verify", inbox=False)


def test_an_empty_week_is_replayed(empty):
    assert flow.replay(empty.settings, WEEK).agrees
