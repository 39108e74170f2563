"""How old a feed may be for rules to rest on it: from the day of its newest file to the outcome (S09)."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import date
from pathlib import Path

import pytest

from pipelines import freshness
from pipelines.eligibility import evidence
from pipelines.feeds.contract import contract
from pipelines.runs import Run
from pipelines.settings import Settings
from pipelines.warehouse.visible import Newest

from .frames import ALL_FRESH, AS_OF, WEEK, outcome


@pytest.mark.parametrize(
    ("received_on", "outcome_then"),
    [(date(2026, 10, 9), True), (date(2026, 10, 8), None), (AS_OF, True), (None, None)],
    ids=["45 days ago", "46 days ago", "today", "never"],
)
def test_a_loan_feed_of_45_days_is_current_and_of_46_is_not(
    received_on: date | None, outcome_then: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = {feed: Newest("f.csv", AS_OF) for feed in ALL_FRESH.delivered - {"credit__loans"}}
    newest |= {"credit__loans": Newest("loans.csv", received_on)} if received_on else {}
    monkeypatch.setattr(freshness, "reader", lambda *_: nullcontext())
    monkeypatch.setattr(freshness, "newest_files", lambda *_: newest)
    monkeypatch.setattr(freshness, "newest_failures", lambda *_: {})
    run = Run(Settings.from_env(Path("unused")), WEEK, AS_OF, 1, "run", Path("unused"))
    assert outcome("rule__never_borrowed", states=freshness.found_feeds(run).states) is outcome_then
    said_by_explain = "fresh" if outcome_then else "late" if received_on else "missing"
    assert evidence._state(contract("credit__loans"), received_on, AS_OF) == said_by_explain
