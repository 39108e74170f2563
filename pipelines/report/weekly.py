"""The weekly report: what a published file holds, asked in aggregates, and the page written beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

from pipelines.eligibility.explain import explain_each
from pipelines.eligibility.history import CAUSES, Change, Weeks, history
from pipelines.eligibility.rules import RULES
from pipelines.feeds.contract import contract
from pipelines.parameters import parameters, targets
from pipelines.report.figures import (
    Cause,
    Causes,
    Cohort,
    FeedFound,
    Graded,
    Listed,
    Moves,
    Needing,
    Prospect,
    Qualifying,
    Stages,
    Step,
    Summed,
    TargetLine,
    Weekly,
)
from pipelines.report.markup import write_page
from pipelines.report.quality import checks_of_list
from pipelines.report.weekly_page import page
from pipelines.settings import Settings
from pipelines.warehouse.connect import Connection, open_published
from pipelines.warehouse.publish import CURRENT
from pipelines.warehouse.query import published_rows, release_of

T = TypeVar("T")

REPORT = "report.html"
EXPLAINED = 10
"""How many of the list, from its first on, are explained in full."""

CAUSES_ASKED = 12
"""How many of a kind of change are asked for their cause, which takes a comparison of two published files each."""

COHORTS_SHOWN = 26
"""Half a year of weekly lists: the newest thirteen are too young for a final rate, those before them are not."""


def write_report(settings: Settings) -> Path:
    """Write `published/report.html` from the current published file, whole or not at all; same file, same bytes.

    Raises:
        UsageError: nothing was published yet, or by a version that wrote less than is asked for.
    """
    path = (settings.published / CURRENT).resolve()  # one file for all, whatever is published meanwhile
    made = weekly(path)
    explained = explain_each(path, (one.uscc for one in made.first))
    return write_page(settings, REPORT, page(made, explained))


def weekly(published: Path) -> Weekly:
    """The figures of a published file.

    Raises:
        UsageError: nothing was published there, or by a version that wrote less than is asked for.
    """
    con = open_published(published)
    try:
        return _weekly(con, published)
    finally:
        con.close()


def _weekly(con: Connection, published: Path) -> Weekly:
    release = release_of(con, published)
    week = release["week"]
    asked = _Asked(con, {"week": week})
    followed_on = asked.rows("followed")[0]["followed_on"] or release["as_of"]
    weeks = Weeks(con, published, week)
    since = max((each for each in weeks.runs if each < week), default=None)
    checks, failed = checks_of_list(con, "ops.checks")
    lines, summed = _targets(asked, followed_on)
    try:
        causes = _causes(asked, weeks, since)
    finally:
        weeks.close()
    return Weekly(
        week=week,
        as_of=release["as_of"],
        followed_on=followed_on,
        since=since,
        maturity_days=parameters(followed_on).maturity_days,
        notes=tuple(release["notes"] or ()),
        listed=asked.each("listed", Listed)[0],
        targets=lines,
        summed=summed,
        stages=asked.each("funnel", Stages),
        cohorts=asked.each("cohorts", Cohort, most=COHORTS_SHOWN),
        steps=asked.each("attrition", Step),
        moves=asked.each("changes", Moves, since=since),
        causes=causes,
        qualifying=asked.each("qualifying", Qualifying),
        needing=_needing(asked),
        grades=asked.each("grades", Graded),
        checks=checks,
        failed_checks=failed,
        feeds=_feeds(asked),
        first=asked.each("first", Prospect, most=EXPLAINED),
    )


class _Asked:
    """What the SELECTs of `sql/report/` find in a published file."""

    def __init__(self, con: Connection, named: Mapping[str, object]) -> None:
        self._con, self._named = con, named

    def rows(self, name: str, **named: object) -> list[dict[str, Any]]:
        return published_rows(self._con, f"report/{name}", **self._named, **named)

    def each(self, name: str, kind: type[T], **named: object) -> tuple[T, ...]:
        return tuple(kind(**row) for row in self.rows(name, **named))


def _targets(asked: _Asked, day: date) -> tuple[tuple[TargetLine, ...], Summed]:
    """The targets in the plan's order, the house's total last; and what its lines add up to, counting overlaps twice."""
    plan = {target.id: target for target in targets(day) if target.measure == "first_loans"}
    order = {target.id: number for number, target in enumerate(targets(day))}
    found = [
        replace(line, is_sum=line.target in plan and not plan[line.target].segments)
        for line in asked.each("targets", TargetLine)
    ]
    found.sort(key=lambda line: (line.is_sum, order.get(line.target, len(order)), line.target))
    added = [line for line in found if line.target in plan and not line.is_sum]
    known = [line.actual_value for line in added if line.actual_value is not None]
    actual = sum(known, Decimal(0)) if len(known) == len(added) else None
    titles = tuple(line.title_zh for line in added)
    return tuple(found), Summed(titles, sum((line.target_value for line in added), Decimal(0)), actual)


def _causes(asked: _Asked, weeks: Weeks, since: str | None) -> tuple[Causes, ...]:
    """Why some of each kind entered, left or moved, each by its own history; nothing without an earlier list."""
    if since is None:
        return ()
    rows = asked.rows("changed", since=since, most=CAUSES_ASKED)
    weeks.gather(row["uscc"] for row in rows)
    kinds = {kind: list(each) for kind, each in groupby(rows, lambda row: str(row["kind"]))}
    return tuple(
        Causes(kind, each[0]["entities"], len(each), _counted([_change(weeks, row) for row in each]))
        for kind, each in kinds.items()
    )


def _change(weeks: Weeks, row: Mapping[str, Any]) -> Change:
    return history(weeks, row["uscc"], row["listings"], most=1)[0]


def _counted(changes: Sequence[Change]) -> tuple[Cause, ...]:
    """The changes by cause, the commonest first, each with the rules that turned for it."""
    counts = Counter(change.cause for change in changes)
    rules = {cause: Counter[str]() for cause in counts}
    for change in changes:
        rules[change.cause].update(one.rule for one in change.rules if one.cause == change.cause)
    ordered = sorted(counts, key=lambda cause: (-counts[cause], CAUSES.index(cause)))
    return tuple(Cause(cause, counts[cause], tuple(_commonest(rules[cause]))) for cause in ordered)


def _commonest(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))


def _needing(asked: _Asked) -> tuple[Needing, ...]:
    resting = [(rule.name, feed) for rule in RULES.values() for feed in rule.feeds]
    rules, feeds = ([pair[place] for pair in resting] for place in (0, 1))
    rows = asked.rows("needing", rules=rules, feeds=feeds)
    return tuple(Needing(row["feed"], tuple(row["rules"]), row["entities"]) for row in rows)


def _feeds(asked: _Asked) -> tuple[FeedFound, ...]:
    return tuple(
        FeedFound(**{**row, "frozen_rules": tuple(row["frozen_rules"] or ())}, title_zh=contract(row["feed"]).title_zh)
        for row in asked.rows("feeds")
    )
