"""The sample a new feed starts from: its header, whatever the format, and its first rows as text."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import polars as pl

from pipelines.errors import UsageError
from pipelines.feeds.cells import TOTALS
from pipelines.feeds.contract import Column, Contract
from pipelines.feeds.convert import converted, form_of
from pipelines.feeds.decode import check_is_text, decoded
from pipelines.feeds.header import DELIMITERS, TITLE_LINES
from pipelines.feeds.texts import head_of
from pipelines.feeds.unpack import unpacked

ROWS_READ = 5_000
"""Enough to tell a type and a key; a proposal is looked over by a person anyway."""

UNIT = re.compile(r"[（(\[【](?:单位[:：]?)?(亿元|百万元|万元|千元|元)[)）\]】]\s*$")
"""A unit at the end of a heading; the contract keeps it apart from the heading."""

_FEED = "new__feed"


@dataclass(frozen=True)
class Sample:
    """The first rows of a file.

    Attributes:
        header: its headings as delivered.
        rows: text columns c0, c1, …, one per heading; empty cells are NULL.
    """

    header: tuple[str, ...]
    rows: pl.DataFrame


def bare(heading: str) -> str:
    """A heading without its unit and line breaks."""
    return UNIT.sub("", re.sub(r"[\r\n]+", "", heading)).strip()


def read_sample(path: Path) -> Sample:
    """The header and the first rows of a file of any form a feed may arrive in, decoded as any delivery is.

    Lines of totals and times of day that are midnight throughout are left out: the first are no rows, and the second are how
    a spreadsheet keeps dates.

    Raises:
        UsageError: no header can be found in it, or no row.
        FileRefusedError: it cannot be decoded; the reason is the one a delivery would get.
    """
    with tempfile.TemporaryDirectory() as folder:
        header = _header(path, Path(folder) / "look")
        columns = tuple(
            Column(f"c{place}", "text", (bare(text),), "", required=True) for place, text in enumerate(header)
        )
        made = Contract(_FEED, "", "", "", "", "append", (), columns)
        with decoded(path, made, Path(folder) / "read") as source:
            place = {heading.column.name: heading.position for heading in source.matched.headings}
            with source.path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
                lines = list(islice(stream, ROWS_READ + 1))
            rows = _rows(lines, source.delimiter, len(source.header))
    chosen = [pl.col(f"f{place[column.name]}").str.strip_chars().alias(column.name) for column in columns]
    text = rows.select(chosen).with_columns(pl.all().replace("", None))
    text = text.filter(~pl.coalesce(text.columns[:3]).is_in(TOTALS).fill_null(value=False))
    if text.is_empty():
        raise UsageError(f"{path.name} has a header and no rows; a proposal needs some: send a file with data")
    return Sample(header, text.with_columns(_without_midnight(text, name) for name in text.columns))


def _without_midnight(text: pl.DataFrame, name: str) -> pl.Expr:
    is_midnight = text[name].str.ends_with(" 00:00:00").all()
    return pl.col(name).str.strip_suffix(" 00:00:00") if is_midnight else pl.col(name)


def _rows(lines: Sequence[str], delimiter: str, width: int) -> pl.DataFrame:
    """The rows below the header of the decoded file as text columns f0, f1, …; its cells may have line breaks."""
    text = "".join(lines)
    mark, quote = (delimiter, '"') if len(delimiter) == 1 else ("\x1f", None)
    return pl.read_csv(
        io.StringIO(text.replace(delimiter, mark)), has_header=False, separator=mark, quote_char=quote, infer_schema=False,
        new_columns=[f"f{place}" for place in range(width)], schema={f"f{place}": pl.String for place in range(width)},
        truncate_ragged_lines=True, ignore_errors=True,
    ).slice(1)  # fmt: skip


def _header(path: Path, scratch: Path) -> tuple[str, ...]:
    """The headings of the first table in the file that has any: sheets of remarks may stand before it.

    Raises:
        UsageError: no table has two different headings.
    """
    scratch.mkdir()
    first: tuple[str, ...] = ()
    for lines in _tables(path, scratch):
        header = tuple(text.strip() for text in _header_line(lines) if text.strip())
        if len(header) > 1 and len(set(header)) == len(header):
            return header
        first = first or header
    raise UsageError(
        f"{path.name}: no header found (its first line gives {', '.join(first) or 'nothing'}); expected at least two "
        "different headings, in text separated by comma, tab, |, |! or ;"
    )


def _tables(path: Path, scratch: Path) -> Iterator[tuple[bytes, ...]]:
    """The first lines of each table in the file, as CSV."""
    for number, plain in enumerate(unpacked(path, scratch)):
        form = form_of(plain.path)
        if form is None:
            yield head_of(plain.path)
            continue
        for grid in converted(plain.path, form, _FEED, scratch / f"table-{number}"):
            yield head_of(grid.path)


def _header_line(lines: Sequence[bytes]) -> list[str]:
    """The first line that fills most of the columns, under the mark that shows most of them: a title above it fills one."""
    check_is_text(b"".join(lines))
    text = _decoded(b"".join(lines[:TITLE_LINES]))
    read = {mark: _records(text, mark) for mark in DELIMITERS}
    records = max(read.values(), key=lambda records: max((len(record) for record in records), default=0))
    width = max((len(record) for record in records), default=0)
    filled = (record for record in records if sum(bool(field.strip()) for field in record) * 2 > width)
    return next(filled, [])


def _decoded(head: bytes) -> str:
    try:
        return head.decode("utf-8-sig")
    except UnicodeDecodeError:
        return head.decode("gb18030", "replace")


def _records(text: str, mark: str) -> list[list[str]]:
    if len(mark) > 1:
        return [line.split(mark) for line in text.splitlines()]
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=mark))
    except csv.Error:  # a cell larger than the library takes
        return []
