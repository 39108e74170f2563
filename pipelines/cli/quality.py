"""The commands about the quality of feeds: new-feed, quality, verify, quarantine."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path

import click

from pipelines.cli.base import as_json, bar, day, home, in_words, main, marked, out, print_json, say
from pipelines.cli.shown import ingested, show_ingested, show_rows
from pipelines.settings import Settings


@main.command("new-feed")
@click.argument("name")
@click.option(
    "--from",
    "sample",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A sample file.",
)
@click.option("--title", help="What it is called in Chinese.")
@click.option("--department", help="Who delivers it.")
@click.option("--key", help="HEADING,HEADING that name a row, when the sample does not show it.")
@in_words
def new_feed(name: str, sample: Path, title: str | None, department: str | None, key: str | None) -> None:
    """Propose the contract of feed NAME from a sample; write contract, expectations, masked sample and dictionary."""
    from pipelines.newfeed.scaffold import new_feed as scaffold

    made = scaffold(name, sample, title, department, key.split(",") if key else ())
    rows = [
        [each.heading, each.name, each.type, each.unit or "", "key" if each.name in made.proposal.key else "",
         "personal" if each.personal else "", f"{each.filled:.0%}"]
        for each in made.proposal.columns
    ]  # fmt: skip
    show_rows(("heading", "column", "type", "unit", "key", "personal", "filled"), rows)
    say(f"delivery {made.proposal.delivery}, period {made.proposal.period or 'none'}: look it over, then")
    for path in made.paths:
        say(f"wrote {path}")
    trial = made.trial
    names = ("rows_in", "accepted", "duplicates", "quarantined")
    counts = ", ".join(f"{name} {getattr(trial, name):,}" for name in names)
    say(f"trial: {trial.status}; {counts} {trial.reason or ''}")
    say(f"next: put files into inbox/{name}/ and run: shoudai ingest {name}")


@main.command()
@home
@click.option("--open", "shown", is_flag=True, help="Open the page in a browser.")
@in_words
def quality(home: Path | None, shown: bool) -> None:
    """Write the data-quality page anew: deliveries, checks, quarantine, frozen rules. Reads without a net."""
    from pipelines.report.quality import write_quality

    path = write_quality(Settings.from_env(home))
    say(f"data quality: {path}")
    if shown:
        click.launch(str(path))


@main.command()
@home
@as_json
@in_words
def verify(home: Path | None, as_json: bool) -> None:
    """Check a home: ledgers, lake, archive, published file and links. Exit code 70 when something does not hold."""
    from pipelines import verified

    with bar() as shown:
        findings = verified.verify(Settings.from_env(home), shown)
    if as_json:
        print_json([{**asdict(each), "is_sound": each.is_sound} for each in findings])
    for each in findings if not as_json else ():
        mark = ("holds", "green") if each.is_sound else ("broken", "red")
        say(marked(*mark, f" {each.name} ({each.checked:,} looked at)"))
        for fault in each.faults:
            say(f"        {fault}")
    if not all(each.is_sound for each in findings):
        sys.exit(70)


@main.group(invoke_without_command=True)
@click.option("--feed", help="Only this feed.")
@home
@as_json
@click.pass_context
@in_words
def quarantine(context: click.Context, feed: str | None, home: Path | None, as_json: bool) -> None:
    """What is in quarantine and why; with `export` and `return` it is worked off."""
    if context.invoked_subcommand:
        return
    from pipelines.feeds.contract import contract
    from pipelines.quarantine.state import reasons
    from pipelines.warehouse.connect import reader

    if feed is not None:
        contract(feed)  # refuses a name that is no feed's
    with reader(Settings.from_env(home)) as con:
        found = [asdict(each) for each in reasons(con, feed)]
    if as_json:
        print_json(found)
        return
    columns = ("feed", "reason", "open", "fixed", "returned", "replaced", "first open: file", "row")
    show_rows(columns, [list(each.values()) for each in found])
    out.print(
        f"{sum(each['open'] for each in found):,} open (a row with two reasons counts under both). fixed: a later delivery "
        "brought the same key; replaced: newer files took the place of its file"
    )


@quarantine.command("export")
@click.argument("feed")
@click.option(
    "--out", "target", required=True, type=click.Path(dir_okay=False, path_type=Path), help="FILE.xlsx or .csv"
)
@click.option("--reason", help="Only rows with a reason that contains this.")
@home
@in_words
def quarantine_export(feed: str, target: Path, reason: str | None, home: Path | None) -> None:
    """Write the open rows of FEED for correction: original headings, reasons, file and row."""
    from pipelines.quarantine.correction import write_correction

    rows = write_correction(Settings.from_env(home), feed, target, reason)
    say(f"{rows:,} rows for correction: {target}")


@quarantine.command("return")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--received-on", callback=day, metavar="DATE", help="Day from which on they are visible (default: today)."
)
@home
@as_json
@in_words
def quarantine_return(file: Path, received_on: date | None, home: Path | None, as_json: bool) -> None:
    """Take the corrected rows of FILE back: same contract, split and gate, as deliveries of their own."""
    from pipelines.flow import IngestReport
    from pipelines.quarantine.returned import take_back

    done = take_back(Settings.from_env(home), file, received_on)
    if as_json:
        print_json(
            {
                "files": ingested(IngestReport(done.files))["files"],
                "left_out": done.left_out,
                "untouched": done.untouched,
            }
        )
        return
    show_ingested(IngestReport(done.files))
    out.print(f"{done.untouched:,} rows were not changed, {done.left_out:,} were not open any more: left as they are")
