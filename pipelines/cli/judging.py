"""The commands that try other judgements: rehearse changed parameters, fit scorecards."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path

import click

from pipelines.cli.base import as_json, as_of, bar, home, in_words, main, out, print_json
from pipelines.cli.shown import show_fit
from pipelines.settings import Settings


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
@in_words
def rehearse(changes: tuple[str, ...], path: Path | None, home: Path | None, as_json: bool) -> None:
    """Who would enter and leave the last list if parameters were changed. Nothing is published."""
    from pipelines import flow
    from pipelines.rehearsed_text import render

    with bar() as shown:
        made = flow.rehearse(Settings.from_env(home), changes, shown)
    if path is not None:
        made.write_csv(path)
    click.echo(made.to_json() if as_json else render(made, out.width, color=out.is_terminal))


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
@in_words
def fit(segments: tuple[str, ...], target: Path | None, home: Path | None, as_of: date | None, as_json: bool) -> None:
    """Learn scorecards from matured conversions; the parameters `challenger` and `scorecard` put one to work."""
    from pipelines import flow
    from pipelines.scoring.card import SCORECARDS
    from pipelines.settings import week_of

    settings = Settings.from_env(home)
    week = week_of(as_of or settings.default_as_of()).lower().replace("-", "")
    with bar() as shown:
        report = flow.fit(settings, target or SCORECARDS / f"learned_{week}.yml", segments, as_of, shown)
    if as_json:
        print_json(asdict(report))
        return
    show_fit(report)
