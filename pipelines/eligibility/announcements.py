"""The announcement of a changed value, derived from its two dated values, in the changelog's form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from pipelines.eligibility.history import numbers_of
from pipelines.eligibility.rules import RULES
from pipelines.eligibility.segments import SEGMENTS
from pipelines.parameters import ValueChange, parameters, value_changes
from pipelines.settings import week_of
from pipelines.warehouse.features import parameters_of


@dataclass(frozen=True)
class Announcement:
    """What a changed value means to the people who use the lists.

    Attributes:
        weeks: the lists made with the new value, by week.
        lists: segments whose rules read it; all of them where none does (scores, offers, the picking).
        rules: rules that read it, or whose features do.
    """

    name: str
    weeks: str
    lists: tuple[str, ...]
    rules: tuple[str, ...]
    details: str

    def to_markdown(self) -> str:
        """One item of CHANGELOG.md: impacted weeks, lists, rules, details."""
        rules = "、".join(f"`{rule}`" for rule in self.rules) or "none"
        return (
            f"- **Impacted weeks:** {self.weeks}. **Lists:** {', '.join(self.lists)}. "
            f"**Rules:** {rules}. **Details:** {self.details}"
        )


def announcements(since: date, until: date) -> tuple[Announcement, ...]:
    """The announcements of the values that changed after `since`, up to `until`, by day."""
    return tuple(announced(change) for change in value_changes(since, until))


def announced(change: ValueChange) -> Announcement:
    """What the change of one value means."""
    rules = _rules_reading(change.name, change.on)
    lists = tuple(segment.name for segment in SEGMENTS if set(segment.rule_names) & set(rules))
    details = (
        f"`{change.name}` ({change.clause}) is {change.now} {change.unit} instead of {change.was} from {change.on} on: "
        f"{change.description}"
    )
    return Announcement(change.name, _weeks(change), lists or ("all",), rules, details)


def _rules_reading(name: str, day: date) -> tuple[str, ...]:
    p = parameters(day)
    reading = [
        rule.name
        for rule in RULES.values()
        if name in numbers_of(rule, p) or any(name in parameters_of(feed) for feed in rule.feeds)
    ]
    return tuple(reading)


def _weeks(change: ValueChange) -> str:
    """The weeks whose Monday, the as-of of a list, lies in the time of the new value."""
    first = week_of(_monday_from(change.on))
    if change.until is None:
        return f"from {first} on"
    last = week_of(_monday_from(change.until) - timedelta(days=7))
    return first if first == last else f"{first} to {last}"


def _monday_from(day: date) -> date:
    return day + timedelta(days=-day.weekday() % 7)
