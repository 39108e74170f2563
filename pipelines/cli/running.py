"""The commands that make a release: run, ingest, track, replay."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path

import click

from pipelines.cli.base import (
    as_json,
    as_of,
    bar,
    err,
    home,
    in_words,
    inbox,
    main,
    marked,
    print_json,
    say,
    tracked_to,
)
from pipelines.cli.shown import ingested, released, show_ingested, show_release
from pipelines.errors import SourceError
from pipelines.settings import Settings


@main.command()
@home
@inbox
@as_of
@as_json
@in_words
def run(home: Path | None, inbox: Path | None, as_of: date | None, as_json: bool) -> None:
    """The main job: pull, land, and publish the week's list. Without arguments it runs on the samples.

    Exit code 69 when a source could not be read: the list is published all the same, on what had arrived.
    """
    from pipelines import flow

    settings = Settings.from_env(home, inbox)
    if settings.is_sample_inbox and not as_json:
        err.print(f"inbox: the made-up county of {settings.inbox}", style="dim", soft_wrap=True)
    with bar() as shown:
        report = flow.run(settings, as_of, shown)
    if as_json:
        print_json({"ingested": ingested(report.ingested), "release": released(report.release)})
    else:
        show_ingested(report.ingested, as_of)
        show_release(report.release)
    if report.ingested.failed_sources:
        sys.exit(SourceError.exit_code)


@main.command()
@click.argument("feeds", nargs=-1)
@home
@inbox
@as_json
@in_words
def ingest(feeds: tuple[str, ...], home: Path | None, inbox: Path | None, as_json: bool) -> None:
    """Fetch and land the new files of FEEDS (default: all) into the warehouse.

    Exit code 65 when a file was refused, else 69 when a source could not be read; the others landed all the same.
    """
    from pipelines import flow

    settings = Settings.from_env(home, inbox)
    with bar() as shown:
        report = flow.ingest(settings, feeds or None, shown)
    if as_json:
        print_json(ingested(report))
    else:
        show_ingested(report)
    if report.refused:
        sys.exit(65)
    if report.failed_sources:
        sys.exit(SourceError.exit_code)


@main.command()
@home
@inbox
@tracked_to
@in_words
def track(home: Path | None, inbox: Path | None, as_of: date | None) -> None:
    """Bring conversions, funnel and plan progress up to date (daily).

    Without a day they are never taken back to an earlier one than they reach to.
    """
    from pipelines import flow

    path = flow.track(Settings.from_env(home, inbox), as_of)
    say(f"conversions brought up to date: {path}")


@main.command()
@click.argument("week")
@home
@as_json
@in_words
def replay(week: str, home: Path | None, as_json: bool) -> None:
    """Compute the release of WEEK again from what it read, and compare. Exit code 70 when it differs."""
    from pipelines import flow

    report = flow.replay(Settings.from_env(home), week)
    if as_json:
        print_json({**asdict(report), "agrees": report.agrees})
    else:
        for name in report.compared:
            wrong = [text for text in report.differences if text.startswith(name)]
            say(marked("differs", "red", f" {'; '.join(wrong)}") if wrong else marked("agrees", "green", f"  {name}"))
        for text in report.differences:
            if not text.startswith(report.compared):
                say(marked("differs", "red", f" {text}"))
    if not report.agrees:
        sys.exit(70)
