"""How commands show what was made: tables on a terminal, and the same as values for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from rich.table import Table
from rich.text import Text

from pipelines.cli.base import marked, out, say
from pipelines.settings import today_in_china


def show_rows(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Rows as a table, or one block a row when the terminal is too narrow for all columns."""
    shown = Table(*columns)
    for row in rows:
        shown.add_row(*map(_cell, row))
    needed = out.measure(shown, options=out.options.update(width=10_000)).maximum
    if not out.is_terminal:
        out.width = max(out.width, needed)
    if needed <= out.width or len(columns) <= 4:
        out.print(shown)
        return
    for row in rows:
        block = Table(show_header=False, box=None)
        for name, value in zip(columns, row, strict=True):
            block.add_row(Text(name, style="bold"), _cell(value))
        out.print(block, "")


def _cell(value: object) -> str:
    return "" if value is None else str(value)


def show_fit(report: Any) -> None:
    """What was learned, what was not and why, and the files written."""
    shown = Table("segment", "train", "test", "AUC", "KS", "champion's AUC", "PSI", title="learned, on the test part")
    for model in report.models:
        cells = (model["auc"]["test"], model["ks"]["test"], model["auc"]["champion on test"])
        counts = (f"{model['entities'][part]:,}" for part in ("train", "test"))
        shown.add_row(model["segment"], *counts, *map(str, cells), str(model["psi_against_champion_population"]))
    out.print(shown)
    for words in report.refused:
        say(marked("not learned", "yellow", words))
    for path in report.files:
        say(f"written {path}")


def ingested(report: Any) -> dict[str, Any]:
    """An `IngestReport` for JSON."""
    files = [
        {
            "feed": each.feed, "name": each.name, "file_id": each.file_id, "received_on": each.received_on, "status": each.status,
            "rows_in": each.rows_in, "accepted": each.accepted, "duplicates": each.duplicates, "quarantined": each.quarantined,
            "reason": each.reason, "extra_headings": each.extra_headings,
        }
        for each in report.files
    ]  # fmt: skip
    sources, ignored = ([asdict(each) for each in found] for found in (report.sources, report.ignored))
    counts = {"landed": report.landed, "feeds_changed": report.feeds_changed}
    return {**counts, "files": files, "sources": sources, "ignored": ignored}


def released(release: Any) -> dict[str, Any]:
    """A `Release` for JSON."""
    return {**asdict(release)}


def _show_sources(report: Any) -> None:
    from pipelines.feeds.remote.report import lines

    for line in lines(report.sources):
        say(line)


def show_ingested(report: Any, as_of: date | None = None) -> None:
    """Sources and files of an `IngestReport`: what is ignored, a row per feed, then each refusal in words.

    A file dated later than today and the as-of is named: nothing of it is seen before its day.
    """
    _show_sources(report)
    for each in report.ignored:
        say(marked("ignored", "yellow", each.in_words()))
    if not report.files:
        say("no new files")
        return
    shown = Table("feed", "files", "rows in", "accepted", "duplicates", "quarantined", title="landed")
    for feed in sorted({each.feed for each in report.files}):
        of_feed = [each for each in report.files if each.feed == feed and each.is_good]
        sums = (
            sum(getattr(each, name) for each in of_feed)
            for name in ("rows_in", "accepted", "duplicates", "quarantined")
        )
        shown.add_row(feed, str(len(of_feed)), *(f"{value:,}" for value in sums))
    shown.columns[0].no_wrap = True
    for column in shown.columns[1:]:
        column.justify = "right"
    out.print(shown)
    for each in report.refused:
        say(marked(each.status, "yellow", f"{each.feed}/{each.name}: {each.reason}"))
    today = today_in_china()
    for each in report.ahead_of(max(today, as_of or today)):
        told = f"{each.feed}/{each.name}: is dated {each.received_on}, which has not come yet; no list before that day sees it"
        say(marked("note", "yellow", told))


def show_release(release: Any) -> None:
    """A release: its list by segment, its notes, where its files are."""
    from pipelines.names import names_zh

    shown = Table("segment", "", "listed", title=f"first-loan target list {release.week} (as of {release.as_of})")
    segments = names_zh("segment")
    for name, rows in release.counts.items():
        if name not in ("entities", "listed"):
            shown.add_row(name, segments.get(name, ""), f"{rows:,}")
    shown.add_section()
    shown.add_row("listed", "合计", f"{release.counts['listed']:,}", style="bold")
    shown.add_row("of entities", "", f"{release.counts['entities']:,}")
    shown.columns[2].justify = "right"
    out.print(shown)
    for note in release.notes:
        say(marked("note", "yellow", note))
    for path in (*release.files, release.database):
        say(f"published {path}")
    say(f"current   {release.folder.parent / 'current.duckdb'}  (shoudai sql, shoudai explain CODE)")
