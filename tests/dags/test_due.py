"""The as-of date of a scheduled run follows from when it was due, so that a repeated run publishes the same week."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pipelines.due import day_due, week_due
from pipelines.errors import UsageError
from pipelines.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A bank's own inbox."""
    return Settings.from_env(home=tmp_path, inbox=tmp_path)


def test_sunday_evening_in_utc_is_already_monday_in_china(settings: Settings) -> None:
    assert week_due(settings, "", "2026-11-22T15:59:59+00:00") == date(2026, 11, 16)
    assert week_due(settings, "", "2026-11-22T16:00:00+00:00") == date(2026, 11, 23)


def test_a_run_on_any_day_of_the_week_has_that_weeks_monday(settings: Settings) -> None:
    days = [week_due(settings, "", f"2026-11-{day}T05:00:00+00:00") for day in range(23, 30)]
    assert days == [date(2026, 11, 23)] * 7


def test_conversions_are_tracked_for_the_day_itself(settings: Settings) -> None:
    assert day_due(settings, "", "2026-11-25T23:00:00+00:00") == date(2026, 11, 26)


def test_a_date_given_by_a_person_is_taken_as_it_is(settings: Settings) -> None:
    assert week_due(settings, "2026-11-25", "2026-12-25T00:00:00+00:00") == date(2026, 11, 25)
    assert day_due(settings, "2026-11-25", "2026-12-25T00:00:00+00:00") == date(2026, 11, 25)


def test_the_samples_are_looked_at_on_the_day_they_were_made_for(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "as_of").write_text("2026-11-25\n", encoding="utf-8")
    monkeypatch.setattr("pipelines.settings.SAMPLES", tmp_path)
    assert week_due(settings, "", "2027-03-01T00:00:00+00:00") == date(2026, 11, 25)
    assert day_due(settings, "", "2027-03-01T00:00:00+00:00") == date(2026, 11, 25)


def test_what_is_not_a_date_is_refused_with_an_example(settings: Settings) -> None:
    with pytest.raises(UsageError, match=r"'25\.11\.2026'; expected a date such as 2026-11-23"):
        week_due(settings, "25.11.2026", "2026-11-25T00:00:00+00:00")
