"""The commands about who is who: what people should decide on, out and in again."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from pipelines.cli.base import as_of, day, home, in_words, main, say
from pipelines.settings import Settings


@main.group()
def links() -> None:
    """Who is who: what people should decide on, out and in again."""


@links.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@home
@as_of
@in_words
def links_export(file: Path, home: Path | None, as_of: date | None) -> None:
    """Write the accounts and farms whose owner is likely but not sure to FILE (.xlsx or .csv), for people to decide."""
    from pipelines.registers.review import export_review
    from pipelines.releases import run_id

    asked = export_review(Settings.from_env(home), file, as_of, run_id())
    say(f"{asked:,} accounts and farms to decide on: {file}")


@links.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--decided-on", callback=day, metavar="DATE", help="From which as-of on they count (default: today).")
@home
@in_words
def links_import(file: Path, decided_on: date | None, home: Path | None) -> None:
    """Read the decisions in FILE back; accepted and rejected candidates stay decided."""
    from pipelines.registers.review import import_decisions

    taken = import_decisions(Settings.from_env(home), file, decided_on)
    say(f"{taken:,} decisions taken; they count with the next list")
