"""Which feeds stand behind a week: the newest file of each at as-of, what failed or is late, and which rules that freezes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from pipelines.eligibility.rules import FeedStates, rules_on
from pipelines.feeds.contract import contract, feeds
from pipelines.runs import Run
from pipelines.warehouse.connect import reader
from pipelines.warehouse.tables import table
from pipelines.warehouse.visible import Failure, Newest, newest_failures, newest_files

_STATE_WORDS = {
    "late": "is late",
    "missing": "has never been delivered",
    "failed": "failed with its newest file",
}
_TYPES: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "DATE": pl.Date,
    "INTEGER": pl.Int32,
    "VARCHAR[]": pl.List(pl.String),
    "VARCHAR": pl.String,
}


@dataclass(frozen=True)
class FoundFeeds:
    """The feeds as a week found them.

    Attributes:
        newest: feed -> its newest landed file; none where it never delivered.
        failures: feed -> its newest file that did not get in, where nothing newer did.
        states: what rules may rest on.
    """

    newest: Mapping[str, Newest]
    failures: Mapping[str, Failure]
    states: FeedStates


def found_feeds(run: Run) -> FoundFeeds:
    """Which feeds had delivered at as-of, which of them were late by their contract, and whose newest file failed."""
    with reader(run.settings, run.version) as con:
        newest, failures = newest_files(con, run.as_of), newest_failures(con, run.as_of)
    late = {feed for feed, each in newest.items() if _is_late(run, feed, each)}
    received_on = {feed: each.received_on for feed, each in newest.items()}
    states = FeedStates(frozenset(newest), frozenset(late), frozenset(failures), received_on)
    return FoundFeeds(newest, failures, states)


def feed_state_rows(run: Run, found: FoundFeeds) -> pl.LazyFrame:
    """The rows of `out.feed_states`: every feed as the week found it, with the rules it froze."""
    schema = {column.name: _TYPES[column.type] for column in table("out.feed_states").columns}
    return pl.LazyFrame([_feed_state(run, found, feed) for feed in feeds()], schema=schema, orient="row")


def frozen_words(feed: str, states: FeedStates) -> str:
    """What a reader of the list must know of a feed that is not fresh."""
    rules = rules_on(feed)
    follows = f"unknown to everyone: {', '.join(rules)}" if rules else "no rule rests on it"
    return f"{_STATE_WORDS[states.of(feed)]}: {follows}"


def _is_late(run: Run, feed: str, newest: Newest) -> bool:
    limit = contract(feed).late_after_days
    return limit is not None and (run.as_of - newest.received_on).days > limit


def _feed_state(run: Run, found: FoundFeeds, feed: str) -> tuple[object, ...]:
    newest, failure, state = found.newest.get(feed), found.failures.get(feed), found.states.of(feed)
    days = (run.as_of - newest.received_on).days if newest else None
    came = (newest.name, newest.received_on) if newest else (None, None)
    failed = (failure.name, failure.reason) if failure else (None, None)
    frozen = [] if state == "fresh" else rules_on(feed)
    return (run.week, feed, state, *came, days, contract(feed).late_after_days, *failed, frozen)
