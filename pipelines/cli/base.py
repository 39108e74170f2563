"""The group `shoudai`, and what its commands share: the console, options, progress, faults in words, JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from pipelines import __version__
from pipelines.errors import ShoudaiError, UsageError, in_own_words
from pipelines.terminal import Terminal

P = ParamSpec("P")
R = TypeVar("R")

# names, reasons and cells come out of files: colour is put on by `marked` alone
out = Terminal()
err = Terminal(stderr=True)

# click ends with 2 where the command cannot be read; to a scheduler it is the same wrong call as an unknown feed
click.UsageError.exit_code = UsageError.exit_code


def marked(word: str, style: str, told: str) -> Text:
    """A coloured word, then text as it is."""
    return Text.assemble((word, style), " ", told)


def say(told: str | Text) -> None:
    """A line of output, never cut or wrapped: a path in it can be copied."""
    out.print(told, soft_wrap=True)


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
def bar() -> Iterator[Bar]:
    """A progress bar on the terminal, gone when the work is done."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<18}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[part]}", markup=False),
    )
    with Progress(*columns, console=err) as shown:
        yield Bar(shown)


def day(_: click.Context, __: click.Parameter, value: str | None) -> date | None:
    """An option's text as a date.

    Raises:
        click.BadParameter: it is none.
    """
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a date; expected one such as 2026-11-23") from None


def in_words(command: Callable[P, R]) -> Callable[P, R]:
    """A fault a person can act on is shown as a sentence, with the exit code of its kind."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            _check_is_text(kwargs.values())
            return command(*args, **kwargs)
        except BrokenPipeError:  # who reads the output has gone, as `head` does
            raise
        except (ShoudaiError, OSError, UnicodeError) as error:
            fault = in_own_words(error)
            err.print(marked("shoudai:", "bold red", str(fault)), soft_wrap=True)
            sys.exit(fault.exit_code)

    return run


def _check_is_text(given: Iterable[object]) -> None:
    """Bytes of a shell that are no UTF-8 come as halves of characters, which no engine takes; raises `UnicodeError`."""
    for value in given:
        if isinstance(value, (str, Path)):
            str(value).encode()


home = click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the warehouse and the releases lie (SHOUDAI_HOME; default ./shoudai-home).",
)
inbox = click.option(
    "--inbox",
    type=click.Path(file_okay=False, path_type=Path),
    help="One folder per feed with the delivered files (SHOUDAI_INBOX; default <home>/inbox, in a new home the samples).",
)
as_of = click.option(
    "--as-of",
    callback=day,
    metavar="DATE",
    help="Only what was received on or before this day is seen (default: Monday of this ISO week).",
)
tracked_to = click.option(
    "--as-of",
    callback=day,
    metavar="DATE",
    help="Only what was received on or before this day is seen (default: today).",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for a script.")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="shoudai")
def main() -> None:
    """首贷 first-loan prospects: department feeds in, a scored weekly target list out, conversions back in."""


def print_json(value: Any) -> None:
    """A value as JSON for a script."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))
