"""Tables that are not CSV, turned into CSV: workbooks, HTML and XML tables, Parquet, JSON Lines.

Their parsers are fed what strangers made, and a broken file can make one ask for all memory, stop, or never end. So each
conversion runs in a process of its own, with bounds on memory and time; whatever becomes of it, the landing goes on.

`python -m pipelines.feeds.convert FORM SOURCE FEED BASE` is that process.
"""

from __future__ import annotations

import errno
import json
import resource
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import FileRefusedError, is_disk_full
from pipelines.feeds.contract import contract, feeds
from pipelines.feeds.texts import encoding_of_rows, to_utf8

MAX_MEMORY_BYTES = 8 << 30
MAX_SECONDS = 1800
_WORDS = {
    "workbook": "an Excel workbook; it is broken or protected by a password: save it again without one, or as CSV UTF-8",
    "markup": "an HTML or XML table: save it as CSV UTF-8, or ask the sender for the file again",
    "parquet": "Parquet: ask the sender for the file again",
    "json": "JSON Lines, one object a line: ask the sender for the file again",
}
_WORDS["numbered"] = _WORDS["workbook"].removesuffix(", or as CSV UTF-8")  # a list is taken back as a workbook only
_TEXT_FORMS = ("markup", "json")
GAVE_UP = {"refused": "its reader gave up"}
"""The answer of a reader that asked for too much memory, or stopped."""


@dataclass(frozen=True)
class Grid:
    """A table as UTF-8 CSV, titles and totals still in it.

    Attributes:
        name: of the sheet, where there are several.
        is_marked: whether undecodable bytes were marked in it.
    """

    path: Path
    name: str
    is_marked: bool


def form_of(path: Path) -> str | None:
    """`workbook`, `markup`, `parquet` or `json`, by the first bytes and never by the name; None for plain text.

    Raises:
        FileRefusedError: it is something no feed arrives as.
    """
    with path.open("rb") as stream:
        head = stream.read(1 << 12)
    if head.startswith(b"%PDF"):
        raise FileRefusedError("this is a PDF and no table; expected CSV, Excel, Parquet or JSON Lines")
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return "workbook"
    if head.startswith(b"PAR1"):
        return "parquet"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"[") and text[1:].lstrip().startswith(b"{"):
        raise FileRefusedError("this is one JSON array; expected JSON Lines, one object a line")
    if text.startswith(b"{") and text[1:].lstrip()[:1] in (b'"', b"}"):
        return "json"
    return "markup" if text.startswith(b"<") else None


def converted(path: Path, form: str, feed: str, base: Path) -> list[Grid]:
    """The tables of a file as CSV beside `base` (`<base>-0`, `<base>-1`, …), made by a process of its own.

    The form `numbered` is a workbook with the number of each row in its sheet as the first field.

    Raises:
        FileRefusedError: it cannot be read as what it begins like.
        OSError: no space left.
    """
    source, is_marked = path, False
    if form in _TEXT_FORMS:
        source = base.with_name(f"{base.name}-utf8")
        is_marked = to_utf8(path, source, encoding_of_rows(path))
    return _grids(form, _apart(form, source, feed, base), is_marked=is_marked)


def _apart(form: str, source: Path, feed: str, base: Path) -> dict[str, Any]:
    """The answer of `convert`, asked of a process of its own."""
    command = [sys.executable, "-m", "pipelines.feeds.convert", form, str(source), feed, str(base)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=MAX_SECONDS, check=False)  # noqa: S603 - ours
    except subprocess.TimeoutExpired:
        return {"refused": f"its reader did not end in {MAX_SECONDS} seconds"}
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else GAVE_UP
    return answer


def convert(form: str, source: Path, feed: str, base: Path) -> dict[str, Any]:
    """What the process of its own does and answers: `tables`, or `refused` with the reason, or `disk_full`."""
    try:
        return {"tables": [[name, str(path)] for name, path in _tables(form, source, feed, base)]}
    except FileRefusedError as refusal:
        return {"refused": str(refusal), "is_final": True}
    except Exception as error:
        if is_disk_full(error):
            return {"disk_full": True}
        return {"refused": (str(error).strip().splitlines() or [type(error).__name__])[0][:200]}


def _tables(form: str, source: Path, feed: str, base: Path) -> Iterator[tuple[str, Path]]:
    """The parser of a form, loaded only where it runs."""
    if form in ("workbook", "numbered"):
        from pipelines.feeds.workbook import sheets

        return sheets(source, base, numbered=form == "numbered")
    if form == "markup":
        from pipelines.feeds.markup import tables

        return tables(source, base)
    from pipelines.feeds import columnar

    if form == "parquet":
        return columnar.parquet(source, base)
    return columnar.json_lines(source, base, _aliases(feed))


def _aliases(feed: str) -> frozenset[str]:
    """The headings of a feed's contract; none for the sample of a feed that has no contract yet."""
    columns = contract(feed).columns if feed in feeds() else ()
    return frozenset(alias for column in columns for alias in (*column.headings, column.name))


def _grids(form: str, answer: Mapping[str, Any], *, is_marked: bool) -> list[Grid]:
    if answer.get("disk_full"):
        raise OSError(errno.ENOSPC, "no space left while a file was converted")
    if "refused" in answer:
        final = answer.get("is_final")
        raise FileRefusedError(
            answer["refused"] if final else f"this cannot be read ({answer['refused']}) as {_WORDS[form]}"
        )
    return [Grid(Path(path), name, is_marked) for name, path in answer["tables"]]


def _main(form: str, source: str, feed: str, base: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    sys.stdout.write(json.dumps(convert(form, Path(source), feed, Path(base))) + "\n")


if __name__ == "__main__":
    _main(*sys.argv[1:])
