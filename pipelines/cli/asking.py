"""The commands that ask what was published: explain, report, lists, sql, changes."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path

import click
from rich.table import Table

from pipelines.cli.base import as_json, day, err, home, in_words, main, out, print_json
from pipelines.cli.shown import show_rows
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
    out.print(f"weekly report: {path}", soft_wrap=True, highlight=False)


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
    shown = Table("week", "as of", "listed", "published (UTC)", "folder", title="published lists")
    for row in rows:
        shown.add_row(
            str(row["week"]),
            str(row["as_of"]),
            f"{row['listed']:,}",
            f"{row['published_at']:%Y-%m-%d %H:%M}",
            str(row["folder"]),
        )
    out.print(shown)


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

    text = file.read_text(encoding="utf-8") if file else query
    answer = ask(Settings.from_env(home).published / CURRENT, text)
    if as_json:
        print_json([dict(zip(answer.columns, row, strict=True)) for row in answer.rows])
        return
    show_rows(answer.columns, answer.rows)
    if answer.is_cut:
        err.print(f"the first {len(answer.rows):,} rows; add LIMIT or write to a file with COPY", style="dim")


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
