"""What the DAGs share: how tasks are tried, and the as-of date of a run, by its own moment and no clock: repeating it agrees."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from pipelines.errors import UsageError
from pipelines.settings import BUSINESS_ZONE, Settings

TASKS = {"pool": "warehouse", "retries": 3, "retry_delay": timedelta(minutes=5), "retry_exponential_backoff": 2}
"""One writer at a time; who is refused is tried again for longer than a first week of ten million entities takes."""

DUE = "{{ (dag_run.logical_date or dag_run.run_after).isoformat() }}"
"""Template: the moment of a run. One that a feed has called has no logical date."""


def week_due(settings: Settings, given: str, due: str) -> date:
    """The date given, else the Monday (China) of the week of `due`; for the samples the day they were made for.

    Both are ISO text, as templates of a DAG fill them in; `given` may be empty.

    Raises:
        UsageError: the date given is not one.
    """
    day = day_due(settings, given, due)
    is_fixed = given or settings.is_sample_inbox
    return day if is_fixed else day - timedelta(days=day.weekday())


def day_due(settings: Settings, given: str, due: str) -> date:
    """The date given, else the day (China) of `due`; for the samples the day they were made for.

    Both are ISO text, as templates of a DAG fill them in; `given` may be empty.

    Raises:
        UsageError: the date given is not one.
    """
    if given:
        return _date(given)
    if settings.is_sample_inbox:
        return settings.default_as_of()
    return datetime.fromisoformat(due).astimezone(BUSINESS_ZONE).date()


def _date(given: str) -> date:
    try:
        return date.fromisoformat(given)
    except ValueError as error:
        raise UsageError(f"as_of is {given!r}; expected a date such as 2026-11-23") from error
