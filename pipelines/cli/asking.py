"""The commands that ask what was published: explain, report, lists, sql, changes."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path

import click

from pipelines.cli.base import as_json, day, err, home, in_words, main, out, print_json, say
from pipelines.cli.shown import show_rows
from pipelines.errors import UsageError
from pipelines.settings import Settings


@main.command()
@click.argument("query")
@home
@as_json
@in_words
def explain(query: str, home: Path | None, as_json: bool) -> None:
    """Why the entity QUERY (code, name or part of it) is on the list, or not."""
    from pipelines.eligibility.explain import explain as explain_entity
    from pipelines.warehouse.publish import CURRENT

    settings = Settings.from_env(home)
    explained = explain_entity(settings.published / CURRENT, query)
    click.echo(explained.to_json() if as_json else explained.to_text(out.width, color=out.is_terminal))


@main.command()
@home
@as_json
@in_words
def report(home: Path | None, as_json: bool) -> None:
    """Write the weekly report anew: plan, funnel, changes, cultivation register, the first explained. Reads without a net."""
    from pipelines.report.weekly import write_report

    path = write_report(Settings.from_env(home))
    if as_json:
        print_json({"report": path})
        return
    say(f"weekly report: {path}")


@main.command()
@home
@as_json
@in_words
def lists(home: Path | None, as_json: bool) -> None:
    """The published lists, week by week."""
    from pipelines import releases

    rows = releases.published(Settings.from_env(home))
    if as_json:
        print_json(rows)
        return
    if not rows:
        say("no list was published yet; publish one with `shoudai run`")
        return
    shown = [
        (
            row["week"],
            row["as_of"],
            f"{row['listed']:,}",
            f"{row['published_at']:%Y-%m-%d %H:%M}",
            row["folder"] or f"its files are not there; publish them with `shoudai run --as-of {row['as_of']}`",
        )
        for row in rows
    ]
    show_rows(("week", "as of", "listed", "published (UTC)", "folder"), shown)


@main.command()
@click.argument("query", required=False)
@click.option(
    "--file",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Run the SQL of a file, e.g. sql/examples/….sql.",
)
@home
@as_json
@in_words
def sql(query: str | None, file: Path | None, home: Path | None, as_json: bool) -> None:
    """Ask the published file: run QUERY (or --file), or name its tables."""
    from pipelines.warehouse.ask import ask
    from pipelines.warehouse.publish import CURRENT

    if file and query is not None:
        raise UsageError(f"found both a query and --file {file}; expected one of them")
    answer = ask(Settings.from_env(home).published / CURRENT, _text_of(file) if file else query)
    if as_json:
        print_json([dict(zip(answer.columns, row, strict=True)) for row in answer.rows])
        return
    show_rows(answer.columns, answer.rows)
    if answer.is_cut:
        err.print(f"the first {len(answer.rows):,} rows; add LIMIT or write to a file with COPY", style="dim")


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{file}: byte {error.start + 1} is not UTF-8; expected SQL saved as UTF-8: save it so and ask again"
        ) from error


@main.command()
@click.option("--since", callback=day, metavar="DATE", help="Changes after this day (default: the plan's first).")
@click.option("--until", callback=day, metavar="DATE", help="Changes up to this day (default: all that are dated).")
@as_json
@in_words
def changes(since: date | None, until: date | None, as_json: bool) -> None:
    """The dated values of the plan that changed, announced in the form of CHANGELOG.md."""
    from pipelines.eligibility.announcements import announcements

    found = announcements(since or date.min, until or date.max)
    if as_json:
        print_json([asdict(each) for each in found])
        return
    for each in found:
        click.echo(each.to_markdown())
    if not found:
        click.echo("no dated value changed: every parameter has the value it began with")
