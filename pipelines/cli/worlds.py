"""The commands of the simulator: a province with its truth, and what becomes of a published list in it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from pipelines.cli.base import bar, day, in_words, main, say


@main.group(invoke_without_command=True)
@click.option("--entities", type=int, help="Entities of the world, e.g. 20000.")
@click.option("--months", type=int, default=14, show_default=True, help="Closed months that the panels report.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Same seed, same bytes.")
@click.option("--out", "folder", type=click.Path(file_okay=False, path_type=Path), help="A new folder: one inbox.")
@click.option("--dirt", type=click.Choice(["none", "light", "heavy"]), default="none", show_default=True)
@click.option("--as-of", callback=day, metavar="DATE", help="The day the world is told for (default 2026-11-23).")
@click.pass_context
@in_words
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
    with bar() as shown:
        rows = province.write(world, folder, shown)
    say(f"{rows:,} rows of {entities:,} entities in {folder}, truth in {folder / province.TRUTH}")
    say(f"next: shoudai run --inbox {folder} --home HOME --as-of {world.as_of}")


@simulate.command()
@click.argument("release", type=click.Path(exists=True, path_type=Path))
@click.option("--world", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Same seed and release, same bytes; one seed for all weeks of a world.",
)
@click.option("--out", "folder", required=True, type=click.Path(file_okay=False, path_type=Path))
@in_words
def outcomes(release: Path, world: Path, seed: int, folder: Path) -> None:
    """The crm files of the weeks after RELEASE (a home, a release folder or a published file), by the world's truth."""
    from pipelines.simulate.outcomes import play

    for feed, rows in play(release, world, seed, folder).items():
        say(f"{feed:<20} {rows:>9,} rows")
