"""What was found at the sources, as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from pipelines.feeds.remote.ledger import DELETED, DISAGREES, FAILED, FETCHED, KNOWN, REFUSED, WAITING, SourceOutcome
from pipelines.feeds.remote.names import shown

_SAID = (WAITING, DISAGREES, REFUSED, FAILED)
_COUNTED = (FETCHED, KNOWN, *_SAID, DELETED)


def lines(outcomes: Sequence[SourceOutcome]) -> Iterator[Text]:
    """One line a source with its counts, then each file that was not taken with its reason; failures last."""
    for each in outcomes:
        counts = [f"{each.count(status)} {status}" for status in _COUNTED if each.count(status)]
        said = ", ".join([*counts, f"{each.seen} seen before"] if each.seen else counts) or "nothing there"
        yield Text(f"source {each.feed} {each.uri}: {said if each.is_good or each.files else 'not read'}")
        for fetch in each.fetches:
            if fetch.status in _SAID:
                told = f" {each.feed}/{shown(fetch.name)}: {fetch.reason or ''}"
                yield Text.assemble((fetch.status, "yellow"), told)
    for each in outcomes:
        if not each.is_good:
            yield Text.assemble(("source failed", "red"), f" {each.feed} {each.uri}: {each.reason or ''}")
