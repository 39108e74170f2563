"""The command that takes back what became of a list."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from pipelines.cli.base import as_json, bar, day, home, in_words, main, marked, out, print_json, say
from pipelines.cli.shown import ingested, show_ingested
from pipelines.errors import FileRefusedError
from pipelines.settings import Settings

_MOST_SHOWN = 20
"""Rows set aside that are shown on a terminal; --json and the quarantine have all of them."""

_LONGEST_SHOWN = 40
"""Characters shown of a result that a person typed."""

_EXPECTED = (
    "expected 触达时间 (contacted_at) as 2026-11-25 14:30, up to today, and 触达结果 (result) as in the drop-down; a correction "
    "has a time of its own: mend these rows in the workbook and hand it in again"
)


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--received-on",
    callback=day,
    metavar="DATE",
    help="Day from which on it is seen (default: today; for an export of the CRM the day its name or time says).",
)
@home
@as_json
@in_words
def outcomes(file: Path, received_on: date | None, home: Path | None, as_json: bool) -> None:
    """Take back FILE, a list filled in by marketing or an export of the CRM, and bring conversions up to date.

    The exports are known by their headings: contacts, applications, disbursements, suppressions, as .xlsx or .csv. Exit code
    65 when the file was refused; nothing of it was landed then.
    """
    from pipelines import flow

    settings = Settings.from_env(home)
    with bar() as shown:
        report = flow.outcomes(settings, file, received_on, shown)
    if as_json:
        print_json(_as_values(report))
    else:
        _show(report)
    if not report.handed_in.file.is_good:
        sys.exit(FileRefusedError.exit_code)


def _as_values(report: Any) -> dict[str, Any]:
    from pipelines.flow import IngestReport

    handed_in = report.handed_in
    (file,) = ingested(IngestReport((handed_in.file,)))["files"]
    told = {name: value for name, value in asdict(handed_in).items() if name != "file"}
    lists = {"before": [asdict(each) for each in report.before], "now": [asdict(each) for each in report.now]}
    return {"file": file, **told, "lists": lists, "database": report.database}


def _show(report: Any) -> None:
    from pipelines.flow import IngestReport

    handed_in = report.handed_in
    if handed_in.listed is not None:
        empty = handed_in.listed - handed_in.filled_in
        say(f"{handed_in.listed:,} rows, {handed_in.filled_in:,} filled in, {empty:,} without feedback")
    show_ingested(IngestReport((handed_in.file,)))
    if handed_in.file.status == "repeated":
        say("the same rows had landed before: nothing changed")
    for each in handed_in.set_aside[:_MOST_SHOWN]:
        say(marked("set aside", "yellow", _at(each)))
    if len(handed_in.set_aside) > _MOST_SHOWN:
        say(f"… and {len(handed_in.set_aside) - _MOST_SHOWN:,} more: see `shoudai quarantine`, or --json")
    if handed_in.set_aside:
        say(_EXPECTED)
    if handed_in.first_stranger:
        told = f"codes that are not on the list of their week: {handed_in.strangers:,}; first {_at(handed_in.first_stranger)}"
        say(marked("note", "yellow", told))
    for wording in handed_in.wordings[:_MOST_SHOWN]:
        say(marked("note", "yellow", _meaning(wording)))
    if handed_in.file.is_good:
        _show_progress(report)


def _at(place: Any) -> str:
    found = f" (found {place.found})" if place.found else ""
    return f"sheet {place.sheet}, row {place.row}: {place.words}{found}"


def _meaning(wording: Any) -> str:
    """What a result in other words than the usual was taken for, and what to do about one that is not known."""
    shown = wording.words if len(wording.words) <= _LONGEST_SHOWN else f"{wording.words[:_LONGEST_SHOWN]}…"
    found = f"result {shown!r}, rows: {wording.rows:,}"
    if wording.heard_as:
        return f"{found}: heard as {'、'.join(wording.heard_as)}; not listed from the next list on"
    return (
        f"{found}: not known, counts as a contact only; expected one of the list's drop-down: hand in the row again with it "
        "and a time of its own, or add the words to the lookups of schemas/feeds/crm__contacts.yml"
    )


def _show_progress(report: Any) -> None:
    """How far each list has come, and by how much since before."""
    if report.database is None:
        say("no list was published yet: conversions are tracked once there is one")
        return
    shown = Table("list", "listed", "contacted", "applied", "disbursed", title="conversions so far")
    earlier = {each.week: each for each in report.before}
    for each in report.now:
        cells = (_grown(each, earlier.get(each.week), name) for name in ("contacted", "applied", "disbursed"))
        shown.add_row(each.week, f"{each.listed:,}", *cells)
    for column in shown.columns[1:]:
        column.justify = "right"
    out.print(shown)
    say(f"conversions brought up to date: {report.database}")


def _grown(now: Any, before: Any, name: str) -> str:
    count = getattr(now, name)
    more = count - getattr(before, name) if before else count
    return f"{count:,} ({more:+,})" if more else f"{count:,}"
