"""The command `shoudai`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from pipelines import __version__
from pipelines.errors import ShoudaiError, SourceError
from pipelines.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")

out = Console()
err = Console(stderr=True)


class Bar:
    """Progress on a terminal."""

    def __init__(self, shown: Progress) -> None:
        """Draw on `shown`."""
        self._shown = shown
        self._task: Any = None

    def begin(self, title: str, total: int) -> None:
        """A stretch of `total` parts begins."""
        self._task = self._shown.add_task(title, total=total, part="")

    def advance(self, part: str) -> None:
        """The next part, named, is at work."""
        done = self._shown.tasks[self._task].fields["part"] != ""
        self._shown.update(self._task, part=part, advance=1 if done else 0)

    def end(self) -> None:
        """The stretch has ended."""
        task = self._shown.tasks[self._task]
        self._shown.update(self._task, completed=task.total, part="")


@contextmanager
def _bar() -> Iterator[Bar]:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<18}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[part]}"),
    )
    with Progress(*columns, console=err) as shown:
        yield Bar(shown)


def _day(_: click.Context, __: click.Parameter, value: str | None) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a date; expected one such as 2026-11-23") from None


def _in_words(command: Callable[P, R]) -> Callable[P, R]:
    """A fault a person can act on is shown as a sentence, with the exit code of its kind."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except ShoudaiError as error:
            err.print(f"[bold red]shoudai:[/] {escape(str(error))}", markup=True, highlight=False, soft_wrap=True)
            sys.exit(error.exit_code)

    return run


home = click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the warehouse and the releases lie (SHOUDAI_HOME; default ./shoudai-home).",
)
inbox = click.option(
    "--inbox",
    type=click.Path(file_okay=False, path_type=Path),
    help="One folder per feed with the delivered files (SHOUDAI_INBOX; default <home>/inbox, else the samples).",
)
as_of = click.option(
    "--as-of",
    callback=_day,
    metavar="DATE",
    help="Only what was received on or before this day is seen (default: Monday of this ISO week).",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for a script.")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="shoudai")
def main() -> None:
    """首贷 first-loan prospects: department feeds in, a scored weekly target list out, conversions back in."""


@main.command()
@home
@inbox
@as_of
@as_json
@_in_words
def run(home: Path | None, inbox: Path | None, as_of: date | None, as_json: bool) -> None:
    """The main job: pull, land, and publish the week's list. Without arguments it runs on the samples.

    Exit code 69 when a source could not be read: the list is published all the same, on what had arrived.
    """
    from pipelines import flow

    settings = Settings.from_env(home, inbox)
    if settings.is_sample_inbox and not as_json:
        err.print(f"inbox: the made-up county of {settings.inbox}", style="dim", soft_wrap=True)
    with _bar() as bar:
        report = flow.run(settings, as_of, bar)
    if as_json:
        _print_json({"ingested": _ingested(report.ingested), "release": _released(report.release)})
    else:
        _show_ingested(report.ingested)
        _show_release(report.release)
    if report.ingested.failed_sources:
        sys.exit(SourceError.exit_code)


@main.command()
@click.argument("feeds", nargs=-1)
@home
@inbox
@as_json
@_in_words
def ingest(feeds: tuple[str, ...], home: Path | None, inbox: Path | None, as_json: bool) -> None:
    """Fetch and land the new files of FEEDS (default: all) into the warehouse.

    Exit code 65 when a file was refused, else 69 when a source could not be read; the others landed all the same.
    """
    from pipelines import flow

    settings = Settings.from_env(home, inbox)
    with _bar() as bar:
        report = flow.ingest(settings, feeds or None, bar)
    if as_json:
        _print_json(_ingested(report))
    else:
        _show_ingested(report)
    if report.refused:
        sys.exit(65)
    if report.failed_sources:
        sys.exit(SourceError.exit_code)


@main.command()
@click.argument("query")
@home
@as_json
@_in_words
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
@_in_words
def lists(home: Path | None, as_json: bool) -> None:
    """The published lists, week by week."""
    from pipelines import releases

    rows = releases.published(Settings.from_env(home))
    if as_json:
        _print_json(rows)
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
@home
@inbox
@as_of
@_in_words
def track(home: Path | None, inbox: Path | None, as_of: date | None) -> None:
    """Bring conversions, funnel and plan progress up to date (daily)."""
    from pipelines import flow

    path = flow.track(Settings.from_env(home, inbox), as_of)
    out.print(f"conversions brought up to date: {path}", soft_wrap=True)


@main.command()
@click.option(
    "--segment", "segments", multiple=True, help="Learn only this segment (may stand several times; default: all)."
)
@click.option(
    "--out",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The scorecard to write, its model card beside it (default: learned_<year>w<week>.yml among the scorecards).",
)
@home
@as_of
@as_json
@_in_words
def fit(segments: tuple[str, ...], target: Path | None, home: Path | None, as_of: date | None, as_json: bool) -> None:
    """Learn scorecards from matured conversions; the parameters `challenger` and `scorecard` put one to work."""
    from pipelines import flow
    from pipelines.scoring.card import SCORECARDS
    from pipelines.settings import week_of

    settings = Settings.from_env(home)
    week = week_of(as_of or settings.default_as_of()).lower().replace("-", "")
    with _bar() as bar:
        report = flow.fit(settings, target or SCORECARDS / f"learned_{week}.yml", segments, as_of, bar)
    if as_json:
        _print_json(asdict(report))
        return
    _show_fit(report)


@main.command()
@click.argument("week")
@home
@as_json
@_in_words
def replay(week: str, home: Path | None, as_json: bool) -> None:
    """Compute the release of WEEK again from what it read, and compare. Exit code 70 when it differs."""
    from pipelines import flow

    report = flow.replay(Settings.from_env(home), week)
    if as_json:
        _print_json({**asdict(report), "agrees": report.agrees})
    else:
        for name in report.compared:
            wrong = [text for text in report.differences if text.startswith(name)]
            out.print(
                f"[red]differs[/]  {escape('; '.join(wrong))}" if wrong else f"[green]agrees[/]   {name}",
                soft_wrap=True,
            )
        for text in report.differences:
            if not text.startswith(report.compared):
                out.print(f"[red]differs[/]  {escape(text)}", soft_wrap=True)
    if not report.agrees:
        sys.exit(70)


@main.command()
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="KEY=VALUE",
    help="A parameter of plan_2026.yml and the value to rehearse; may be given several times.",
)
@click.option(
    "--out", "path", type=click.Path(dir_okay=False, path_type=Path), help="Write who enters and leaves to this CSV."
)
@home
@as_json
@_in_words
def rehearse(changes: tuple[str, ...], path: Path | None, home: Path | None, as_json: bool) -> None:
    """Who would enter and leave the last list if parameters were changed. Nothing is published."""
    from pipelines import flow
    from pipelines.rehearsed_text import render

    with _bar() as bar:
        made = flow.rehearse(Settings.from_env(home), changes, bar)
    if path is not None:
        made.write_csv(path)
    click.echo(made.to_json() if as_json else render(made, out.width, color=out.is_terminal))


@main.command()
@click.option("--since", callback=_day, metavar="DATE", help="Changes after this day (default: the plan's first).")
@click.option("--until", callback=_day, metavar="DATE", help="Changes up to this day (default: all that are dated).")
@as_json
@_in_words
def changes(since: date | None, until: date | None, as_json: bool) -> None:
    """The dated values of the plan that changed, announced in the form of CHANGELOG.md."""
    from pipelines.eligibility.announcements import announcements

    found = announcements(since or date.min, until or date.max)
    if as_json:
        _print_json([asdict(each) for each in found])
        return
    for each in found:
        click.echo(each.to_markdown())
    if not found:
        click.echo("no dated value changed: every parameter has the value it began with")


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
@_in_words
def sql(query: str | None, file: Path | None, home: Path | None, as_json: bool) -> None:
    """Ask the published file: run QUERY (or --file), or name its tables."""
    from pipelines.warehouse.ask import ask
    from pipelines.warehouse.publish import CURRENT

    text = file.read_text(encoding="utf-8") if file else query
    answer = ask(Settings.from_env(home).published / CURRENT, text)
    if as_json:
        _print_json([dict(zip(answer.columns, row, strict=True)) for row in answer.rows])
        return
    _show_rows(answer.columns, answer.rows)
    if answer.is_cut:
        err.print(f"the first {len(answer.rows):,} rows; add LIMIT or write to a file with COPY", style="dim")


@main.group()
def links() -> None:
    """Who is who: what people should decide on, out and in again."""


@links.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@home
@as_of
@_in_words
def links_export(file: Path, home: Path | None, as_of: date | None) -> None:
    """Write the accounts and farms whose owner is likely but not sure to FILE (.xlsx or .csv), for people to decide."""
    from pipelines.registers.review import export_review
    from pipelines.releases import run_id

    asked = export_review(Settings.from_env(home), file, as_of, run_id())
    out.print(f"{asked:,} accounts and farms to decide on: {file}", soft_wrap=True, highlight=False)


@links.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--decided-on", callback=_day, metavar="DATE", help="From which as-of on they count (default: today).")
@home
@_in_words
def links_import(file: Path, decided_on: date | None, home: Path | None) -> None:
    """Read the decisions in FILE back; accepted and rejected candidates stay decided."""
    from pipelines.registers.review import import_decisions

    taken = import_decisions(Settings.from_env(home), file, decided_on)
    out.print(f"{taken:,} decisions taken; they count with the next list", soft_wrap=True, highlight=False)


@main.group(invoke_without_command=True)
@click.option("--entities", type=int, help="Entities of the world, e.g. 20000.")
@click.option("--months", type=int, default=14, show_default=True, help="Closed months that the panels report.")
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same bytes.")
@click.option("--out", "folder", type=click.Path(file_okay=False, path_type=Path), help="A new folder: one inbox.")
@click.option("--dirt", type=click.Choice(["none", "light", "heavy"]), default="none", show_default=True)
@click.option("--as-of", callback=_day, metavar="DATE", help="The day the world is told for (default 2026-11-23).")
@click.pass_context
@_in_words
def simulate(
    context: click.Context,
    entities: int | None,
    months: int,
    seed: int,
    folder: Path | None,
    dirt: str,
    as_of: date | None,
) -> None:
    """A synthetic province: the files of all feeds, month by month, in --out, with the truth beside them."""
    if context.invoked_subcommand:
        return
    if entities is None or folder is None:
        raise click.UsageError("a world needs --entities and --out, e.g. --entities 20000 --out world")
    from pipelines.simulate import province
    from pipelines.simulate.months import AS_OF

    world = province.World(entities, months, seed, dirt, as_of or AS_OF)
    with _bar() as bar:
        rows = province.write(world, folder, bar)
    out.print(f"{rows:,} rows of {entities:,} entities in {folder}, truth in {folder / province.TRUTH}", soft_wrap=True)
    out.print(f"next: shoudai run --inbox {folder} --home HOME --as-of {world.as_of}", soft_wrap=True, highlight=False)


@simulate.command()
@click.argument("release", type=click.Path(exists=True, path_type=Path))
@click.option("--world", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed and release, same bytes.")
@click.option("--out", "folder", required=True, type=click.Path(file_okay=False, path_type=Path))
@_in_words
def outcomes(release: Path, world: Path, seed: int, folder: Path) -> None:
    """The crm files of the weeks after RELEASE (a home, a release folder or a published file), by the world's truth."""
    from pipelines.simulate.outcomes import play

    for feed, rows in play(release, world, seed, folder).items():
        out.print(f"{feed:<20} {rows:>9,} rows", highlight=False)


def _show_rows(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Rows as a table, or one block a row when the terminal is too narrow for all columns."""
    shown = Table(*columns)
    for row in rows:
        shown.add_row(*("" if value is None else str(value) for value in row))
    needed = Console(width=10_000).measure(shown).maximum
    if not out.is_terminal:
        out.width = max(out.width, needed)
    if needed <= out.width or len(columns) <= 4:
        out.print(shown)
        return
    for row in rows:
        block = Table(show_header=False, box=None)
        for name, value in zip(columns, row, strict=True):
            block.add_row(f"[bold]{name}[/]", "" if value is None else str(value))
        out.print(block, "")


def _show_fit(report: Any) -> None:
    shown = Table("segment", "train", "test", "AUC", "KS", "champion's AUC", "PSI", title="learned, on the test part")
    for model in report.models:
        cells = (model["auc"]["test"], model["ks"]["test"], model["auc"]["champion on test"])
        counts = (f"{model['entities'][part]:,}" for part in ("train", "test"))
        shown.add_row(model["segment"], *counts, *map(str, cells), str(model["psi_against_champion_population"]))
    out.print(shown)
    for words in report.refused:
        out.print(f"[yellow]not learned[/] {escape(words)}", soft_wrap=True, highlight=False)
    for path in report.files:
        out.print(f"written {path}", soft_wrap=True, highlight=False)


def _ingested(report: Any) -> dict[str, Any]:
    files = [
        {
            "feed": each.feed, "name": each.name, "file_id": each.file_id, "received_on": each.received_on, "status": each.status,
            "rows_in": each.rows_in, "accepted": each.accepted, "duplicates": each.duplicates, "quarantined": each.quarantined,
            "reason": each.reason, "extra_headings": each.extra_headings,
        }
        for each in report.files
    ]  # fmt: skip
    sources = [asdict(each) for each in report.sources]
    return {"landed": report.landed, "feeds_changed": report.feeds_changed, "files": files, "sources": sources}


def _released(release: Any) -> dict[str, Any]:
    return {**asdict(release)}


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def _show_sources(report: Any) -> None:
    from pipelines.feeds.remote.report import lines

    for line in lines(report.sources):
        out.print(line, soft_wrap=True, highlight=False)


def _show_ingested(report: Any) -> None:
    _show_sources(report)
    if not report.files:
        out.print("no new files")
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
        told = escape(f"{each.feed}/{each.name}: {each.reason}")
        out.print(f"[yellow]{each.status}[/] {told}", soft_wrap=True, highlight=False)


def _show_release(release: Any) -> None:
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
        out.print(f"[yellow]note[/] {escape(note)}", soft_wrap=True, highlight=False)
    for path in (*release.files, release.database):
        out.print(f"published {path}", soft_wrap=True, highlight=False)
    out.print(
        f"current   {release.folder.parent / 'current.duckdb'}  (shoudai sql, shoudai explain CODE)",
        soft_wrap=True,
        highlight=False,
    )


from pipelines import cli_quality  # noqa: E402, F401 - adds its commands to `main`
