"""What the data-quality page shows, feed by feed: deliveries, checks that failed, the open quarantine, frozen rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pipelines.feeds.contract import contract, feeds
from pipelines.feeds.gate import expected_of, filled, suite_of
from pipelines.lists.checks import CHECKED, SUITE, list_values
from pipelines.parameters import parameters
from pipelines.quarantine.state import Reason, reasons
from pipelines.report.markup import write_page
from pipelines.report.quality_page import page
from pipelines.settings import Settings
from pipelines.warehouse.connect import Connection, reader

QUALITY = "quality.html"
DELIVERIES_SHOWN = 24
"""Two years of a monthly feed; what came before is counted."""


@dataclass(frozen=True)
class DeliveryLine:
    """One file: when it came, what became of it and of its rows."""

    file_id: str
    name: str
    received_on: date
    status: str
    rows_in: int
    accepted: int
    duplicates: int
    quarantined: int
    reason: str | None


@dataclass(frozen=True)
class FailedCheck:
    """One expectation that did not hold; `success` None = it raised."""

    file: str
    expectation: str
    column: str | None
    severity: str
    success: bool | None
    observed: str
    expected: str
    why: str


@dataclass(frozen=True)
class FeedQuality:
    """One feed, newest delivery last.

    Attributes:
        state: `fresh`, `late`, `failed`, `missing`, or None before the first release.
        frozen_rules: rules unknown to everyone because of it.
        files: all its files, of which `deliveries` are the newest.
    """

    feed: str
    title_zh: str
    department: str
    state: str | None
    days_old: int | None
    late_after_days: int | None
    frozen_rules: tuple[str, ...]
    files: int
    checks: int
    deliveries: tuple[DeliveryLine, ...]
    failed_checks: tuple[FailedCheck, ...]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Quality:
    """All feeds, and the week their states are of.

    Attributes:
        list_checks: how many checks the newest list and its scores went through.
        failed_list_checks: those that did not hold, in words of the list's suite.
    """

    week: str | None
    as_of: date | None
    feeds: tuple[FeedQuality, ...]
    list_checks: int = 0
    failed_list_checks: tuple[FailedCheck, ...] = ()


def write_quality(settings: Settings) -> Path:
    """Write `published/quality.html` from the warehouse as it is, whole or not at all; same warehouse, same bytes.

    Raises:
        UsageError: there is no warehouse yet.
    """
    return write_page(settings, QUALITY, page(quality(settings)))


def quality(settings: Settings) -> Quality:
    """The quality of every declared feed, by name."""
    with reader(settings) as con:
        week, as_of = con.execute(
            "SELECT max(week), arg_max(as_of, week) FROM lake.ops.runs WHERE status = 'published'"
        ).fetchone() or (None, None)
        states = _by_feed(
            con, "SELECT feed, state, days_old, frozen_rules FROM lake.out.feed_states WHERE week = ?", [week]
        )
        deliveries, failed = _deliveries(con), _failed_checks(con)
        files = dict(con.execute("SELECT feed, count(*) FROM lake.ops.files GROUP BY 1").fetchall())
        checks = dict(con.execute("SELECT feed, count(*) FROM lake.ops.checks GROUP BY 1").fetchall())
        open_reasons = [each for each in reasons(con) if each.open]
        list_checks, failed_list_checks = checks_of_list(con, "lake.ops.checks")
    made = []
    for feed in feeds():
        of = contract(feed)
        (state, days_old, frozen) = states[feed][0][1:] if feed in states else (None, None, ())
        made.append(
            FeedQuality(
                feed, of.title_zh, of.department, state, days_old, of.late_after_days, tuple(frozen or ()),
                files.get(feed, 0), checks.get(feed, 0), tuple(deliveries.get(feed, ())), tuple(failed.get(feed, ())),
                tuple(each for each in open_reasons if each.feed == feed),
            )
        )  # fmt: skip
    return Quality(week, as_of, tuple(made), list_checks, failed_list_checks)


def _by_feed(con: Connection, sql: str, bound: Sequence[object] = ()) -> Mapping[str, list[tuple[Any, ...]]]:
    found: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for row in con.execute(sql, list(bound)).fetchall():
        found[row[0]].append(row)
    return found


def _deliveries(con: Connection) -> Mapping[str, list[DeliveryLine]]:
    rows = _by_feed(
        con,
        f"""
        SELECT feed, file_id, name, received_on, status, rows_in, accepted, duplicates, quarantined, reason FROM lake.ops.files
        QUALIFY row_number() OVER (PARTITION BY feed ORDER BY received_on DESC, landed_at DESC, name) <= {DELIVERIES_SHOWN}
        ORDER BY feed, received_on, landed_at, name
        """,
    )
    return {feed: [DeliveryLine(*row[1:]) for row in each] for feed, each in rows.items()}


def _failed_checks(con: Connection) -> Mapping[str, list[FailedCheck]]:
    """Of the newest trial of each file: what did not hold, newest file first."""
    rows = _by_feed(
        con,
        """
        SELECT c.feed, f.name, c.expectation, c.column_name, c.severity, c.success, coalesce(c.error, c.observed), c.expected
        FROM lake.ops.checks AS c JOIN lake.ops.files AS f ON f.feed = c.feed AND f.file_id = c.file_id AND f.status <> 'repeated'
        WHERE c.success IS NOT TRUE
        QUALIFY c.checked_at = max(c.checked_at) OVER (PARTITION BY c.feed, c.file_id)
        ORDER BY c.feed, f.received_on DESC, f.name, c.severity, c.expectation, c.column_name
        """,
    )
    made = {feed: _asked(suite_of(feed)) for feed in rows if feed in feeds()}
    return {
        feed: [FailedCheck(*(*row[1:], _why(made.get(feed, ()), row[2], row[3], row[7]))) for row in each]
        for feed, each in rows.items()
    }


def checks_of_list(con: Connection, ledger: str) -> tuple[int, tuple[FailedCheck, ...]]:
    """Of the newest week that was judged: how many checks its list and scores went through, and those that did not hold.

    `ledger` is `ops.checks`, of the warehouse or of a published file.
    """
    rows = con.execute(
        f"""
        SELECT file_id, expectation, column_name, severity, success, coalesce(error, observed), expected
        FROM {ledger}
        WHERE list_contains($checked, feed)
            AND file_id = (SELECT max(file_id) FROM {ledger} WHERE list_contains($checked, feed))
        ORDER BY severity, expectation, column_name, expected
        """,
        {"checked": list(CHECKED)},
    ).fetchall()
    week = rows[0][0] if rows else None
    as_of = date.fromisocalendar(int(week[:4]), int(week[6:]), 1) if week else None
    suite = filled(SUITE, list_values(parameters(as_of))) if as_of else []
    failed = [FailedCheck(*(*row, _why(suite, row[1], row[2], row[6]))) for row in rows if not row[4]]
    return len(rows), tuple(failed)


def _asked(suite: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return (*suite["expectations"], *suite.get("delivery", ()))


def _why(asked: Sequence[Mapping[str, Any]], expectation: str, column: str | None, expected: str) -> str:
    """What the suite says it would mean; empty when the suite does not ask for it any more."""
    like = [
        each
        for each in asked
        if (each["type"], each["kwargs"].get("column", each["kwargs"].get("column_A"))) == (expectation, column)
    ]
    exact = [each for each in like if expected_of(each["kwargs"]) == expected]
    return next((str(each.get("meta", {}).get("why", "")) for each in exact or like), "")
