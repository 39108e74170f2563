"""The sample a new feed starts from: its header, whatever the format, and its first rows as text."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import fastexcel
import polars as pl

from pipelines.errors import FileRefusedError, UsageError
from pipelines.feeds.contract import Column, Contract
from pipelines.feeds.decode import decoded

ROWS_READ = 5_000
"""Enough to tell a type and a key; a proposal is looked over by a person anyway."""

UNIT = re.compile(r"[（(\[【](?:单位[:：]?)?(亿元|百万元|万元|千元|元)[)）\]】]\s*$")
"""A unit at the end of a heading; the contract keeps it apart from the heading."""

_HEAD = 1 << 18
_DELIMITERS = ("|!", "\t", "|", ";", ",")


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
    """A heading without its unit."""
    return UNIT.sub("", heading).strip()


def read_sample(path: Path) -> Sample:
    """The header and the first rows of a file, decoded as any delivery is.

    Raises:
        UsageError: no header can be found in it.
        FileRefusedError: it cannot be decoded; the reason is the one a delivery would get.
    """
    header = _header(path)
    columns = tuple(Column(f"c{place}", "text", (bare(text),), "", required=True) for place, text in enumerate(header))
    made = Contract("new__feed", "", "", "", "", "append", (), columns)
    with tempfile.TemporaryDirectory() as scratch, decoded(path, made, Path(scratch)) as source:
        place = {heading.column.name: heading.position for heading in source.matched.headings}
        with source.path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
            lines = list(islice(stream, ROWS_READ + 1))[1:]
        rows = _rows(lines, source.delimiter, len(source.header))
    chosen = [pl.col(f"f{place[column.name]}").str.strip_chars().alias(column.name) for column in columns]
    text = rows.select(chosen).with_columns(pl.all().replace("", None))
    if text.is_empty():
        raise UsageError(f"{path.name} has a header and no rows; a proposal needs some: send a file with data")
    return Sample(header, text)


def _rows(lines: Sequence[str], delimiter: str, width: int) -> pl.DataFrame:
    """Lines of the decoded file as text columns f0, f1, …."""
    text = "".join(lines)
    mark, quote = (delimiter, '"') if len(delimiter) == 1 else ("\x1f", None)
    return pl.read_csv(
        io.StringIO(text.replace(delimiter, mark)), has_header=False, separator=mark, quote_char=quote, infer_schema=False,
        new_columns=[f"f{place}" for place in range(width)], schema={f"f{place}": pl.String for place in range(width)},
        truncate_ragged_lines=True, ignore_errors=True,
    )  # fmt: skip


def _header(path: Path) -> tuple[str, ...]:
    head = _unpacked_head(path)
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        found = _sheet_header(path)
    elif head.startswith(b"PAR1"):
        found = list(pl.read_parquet_schema(path))
    elif head.lstrip().startswith(b"{"):
        found = list(json.loads(head.splitlines()[0]))
    else:
        found = _text_header(head)
    header = tuple(text.strip() for text in found if text and text.strip())
    if len(header) < 2 or len(set(header)) < len(header):
        raise UsageError(
            f"{path.name}: no header found (its first line gives {', '.join(header) or 'nothing'}); expected at least two "
            "different headings, separated by comma, tab, | or |!"
        )
    return header


def _unpacked_head(path: Path) -> bytes:
    """The first bytes of the file, or of the one file inside its .gz or .zip."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    try:
        if head.startswith(b"\x1f\x8b"):
            with gzip.open(path) as unpacked:
                return unpacked.read(_HEAD)
        if head.startswith(b"PK\x03\x04"):
            with zipfile.ZipFile(path) as bundle:
                names = [each.filename for each in bundle.infolist() if not each.is_dir()]
                return head if "[Content_Types].xml" in names or len(names) != 1 else bundle.open(names[0]).read(_HEAD)
    except (OSError, EOFError, zipfile.BadZipFile) as error:
        raise FileRefusedError(f"{path.name}: the archive is broken ({error})") from error
    return head


def _sheet_header(path: Path) -> list[str]:
    """The first line of the first sheet that fills most of its columns: title rows above it fill one."""
    sheet = fastexcel.read_excel(path).load_sheet(0, header_row=None, dtypes="string", n_rows=20).to_polars()
    filled = sheet.select(pl.sum_horizontal(pl.all().is_not_null()).alias("filled"))["filled"]
    first = next((place for place, cells in enumerate(filled) if cells > sheet.width / 2), 0)
    return [str(text) for text in sheet.row(first) if text is not None]


def _text_header(head: bytes) -> list[str]:
    """The first line in the encoding that fits, split by whichever mark gives most fields."""
    line = head.splitlines()[0] if head else b""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = line.decode(encoding)
        except UnicodeDecodeError:
            continue
        parts = [
            text.split(mark) if len(mark) > 1 else next(csv.reader([text], delimiter=mark), []) for mark in _DELIMITERS
        ]
        return max(parts, key=len)
    return []
