"""A value that changes is announced: CHANGELOG.md has weeks, lists, rules and details of every dated change of the plan."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

import pipelines.eligibility  # noqa: F401 - registers every rule
from pipelines.eligibility.announcements import Announcement, announcements
from pipelines.parameters import documents, plan
from pipelines.settings import HOUSE


def unannounced(changelog: str) -> list[str]:
    """The announcements of all changes that the changelog does not carry, whatever its line breaks."""
    flat = " ".join(changelog.split())
    due = [each.to_markdown() for each in announcements(date.min, date.max)]
    return [text for text in due if " ".join(text.split()) not in flat]


@pytest.fixture(scope="module")
def changelog() -> str:
    return (HOUSE / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.fixture
def dated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str, str], None]:
    """Gives a parameter other dated values."""

    def give(old: str, new: str) -> None:
        text = plan.PLAN.read_text(encoding="utf-8")
        assert old in text
        path = tmp_path / "plan_2026.yml"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        monkeypatch.setattr(plan, "_plan", lambda: documents.declared(path, "parameters"))

    return give


OWN = announcements(date.min, date.max)
"""Those of the plan as it is."""


def new(since: date = date.min, until: date = date.max) -> list[Announcement]:
    """The announcements of what `dated` has changed."""
    return [each for each in announcements(since, until) if each not in OWN]


def only() -> Announcement:
    (made,) = new()
    return made


def test_every_change_of_the_plan_is_in_the_changelog(changelog: str) -> None:
    assert OWN
    assert unannounced(changelog) == []


def test_a_change_that_is_not_in_the_changelog_is_found(dated: Callable[[str, str], None], changelog: str) -> None:
    dated("{2026-01-01: 50000}", "{2026-01-01: 50000, 2026-07-01: 60000}")
    (text,) = unannounced(changelog)
    assert text == (
        "- **Impacted weeks:** from 2026-W28 on. **Lists:** individual_taxpayer. **Rules:** `annual_tax_at_least`. "
        "**Details:** `min_annual_tax_yuan` (S08) is 60000 yuan instead of 50000 from 2026-07-01 on: "
        "Own taxes paid in the 12 closed tax months, net of refunds"
    )
    wrapped = text.replace(" **Rules:**", "\n  **Rules:**")
    assert unannounced(f"{changelog}\n{wrapped}\n") == []


@pytest.mark.parametrize(
    ("values", "weeks"),
    [
        ("{2026-01-01: 50000, 2026-07-06: 60000}", "from 2026-W28 on"),  # a Monday: its own week
        ("{2026-01-01: 50000, 2026-07-07: 60000}", "from 2026-W29 on"),  # the day after: the next list
        ("{2026-01-01: 50000, 2026-07-01: 60000, 2026-08-03: 60000}", "from 2026-W28 on"),  # the same value again
    ],
)
def test_the_weeks_are_those_whose_monday_has_the_new_value(
    dated: Callable[[str, str], None], values: str, weeks: str
) -> None:
    dated("{2026-01-01: 50000}", values)
    assert only().weeks == weeks


def test_a_value_that_was_replaced_concerns_the_weeks_until_then(dated: Callable[[str, str], None]) -> None:
    dated("{2026-01-01: 50000}", "{2026-01-01: 50000, 2026-07-01: 60000, 2026-08-03: 50000}")
    first, second = new()
    assert (first.weeks, second.weeks) == ("2026-W28 to 2026-W31", "from 2026-W32 on")


def test_a_number_of_the_features_concerns_the_rules_on_its_feed(dated: Callable[[str, str], None]) -> None:
    dated("at_most: 180\n  values: {2026-01-01: 0}", "at_most: 180\n  values: {2026-01-01: 0, 2026-07-01: 5}")
    made = only()
    assert (made.name, made.rules) == ("grace_days", ("paid_tax_12_months", "annual_tax_at_least"))


def test_a_number_no_rule_reads_concerns_all_lists(dated: Callable[[str, str], None]) -> None:
    dated("{2026-01-01: 3000000}", "{2026-01-01: 3000000, 2026-07-01: 2000000}")
    made = only()
    assert (made.name, made.rules, made.lists) == ("basic_cap_yuan", (), ("all",))


def test_a_change_is_of_its_day_only(dated: Callable[[str, str], None]) -> None:
    dated("{2026-01-01: 50000}", "{2026-01-01: 50000, 2026-07-01: 60000}")
    assert new(date(2026, 7, 1)) == []
    assert len(new(date(2026, 6, 30), date(2026, 7, 1))) == 1
