"""What marketing's files say about a release beside its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from pipelines.feeds.contract import contract

if TYPE_CHECKING:
    from pipelines.parameters import LprRate, Parameters


@dataclass(frozen=True)
class FeedSource:
    """What one feed contributed to a release.

    Attributes:
        feed: stem of the contract, e.g. `tax__payments`.
        title_zh: what the feed is called in Chinese.
        department: who delivers it.
        newest_file: name of its newest file visible at as-of; None when it never delivered.
        received_on: when that file came.
        state: `fresh`, `late`, `missing`, or `failed` (its newest file did not get in).
        rules: the rules that rest on it, unknown unless it is fresh.
    """

    feed: str
    title_zh: str
    department: str
    newest_file: str | None
    received_on: date | None
    state: str
    rules: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, feed: str, newest_file: str | None, received_on: date | None, state: str, rules: Sequence[str] = ()
    ) -> FeedSource:
        """The source with the Chinese name and the department of its contract."""
        made = contract(feed)
        return cls(feed, made.title_zh, made.department, newest_file, received_on, state, tuple(rules))


@dataclass(frozen=True)
class ListContext:
    """What the files say about the release beside its rows.

    Attributes:
        as_of: only what was received on or before this date was used.
        parameters: the dated numbers in force, quoted in the definitions.
        lpr: the loan prime rate behind `annual_rate_pct`.
        sources: the feeds, in the order to show them.
        division_names: division code -> name; a code that is missing is shown as it is.
    """

    as_of: date
    parameters: Parameters
    lpr: LprRate
    sources: tuple[FeedSource, ...] = ()
    division_names: Mapping[str, str] = field(default_factory=dict)
