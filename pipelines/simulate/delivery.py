"""Files as departments send them: a typed frame in a house style becomes bytes, a name and a control file."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache

import polars as pl

from pipelines.simulate.headings import FLAG_WORDS, HEADINGS, Heading

_FIRST_DAY, _LAST_DAY = date(1900, 1, 1), date(2099, 12, 31)
"""Days a department may write."""

_EPOCH = (2026, 1, 1, 0, 0, 0)
"""The modification time inside every zip: same content, same bytes."""


@dataclass(frozen=True)
class Style:
    """How a department writes its files.

    Attributes:
        encoding: `utf-8`, `utf-8-sig` (with BOM) or `gb18030`.
        separator: one character.
        pack: `""`, `gz` or `zip`.
        newline: line end.
        day: shape of dates; month: shape of months (strftime).
        ten_thousands: money columns written in 万元, with the unit in the heading.
        is_english: headings are the contract's column names.
        control: `""`, `json` or `pairs`: the shape of the control file beside it.
        digest: the algorithm the control file names.
        received_on: delivery day in the control file, for names that carry none.
    """

    encoding: str = "utf-8"
    separator: str = ","
    pack: str = ""
    newline: str = "\n"
    day: str = "%Y-%m-%d"
    month: str = "%Y%m"
    ten_thousands: tuple[str, ...] = ()
    is_english: bool = False
    control: str = ""
    digest: str = "sha256"
    received_on: str = ""


@dataclass(frozen=True)
class Expected:
    """What must become of a file, known from how it was made: rows_in = accepted + duplicates + quarantined."""

    rows_in: int
    accepted: int
    duplicates: int = 0
    quarantined: int = 0
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Delivery:
    """One file on its way.

    Attributes:
        folder: below the samples: the feed, or `_broken/<feed>`, `_next_week/<feed>`.
        name: file name, carrying the delivery day.
        content: the bytes.
        proves: what the file is for, one sentence.
        expected: what becomes of its rows; None for a file that must be refused.
        refusal: why it must be refused, one word.
        control: text of the `.ok` file beside it.
        same_bytes_as: the name of an earlier file of the same feed with the same bytes.
    """

    folder: str
    name: str
    content: bytes
    proves: str
    expected: Expected | None = None
    refusal: str = ""
    control: str = ""
    same_bytes_as: str = ""

    def again_as(self, name: str, proves: str) -> Delivery:
        """The same bytes once more under another name: nothing of it may land."""
        rows = self.expected.rows_in if self.expected else 0
        expected = Expected(rows, accepted=0, duplicates=rows)
        return replace(self, name=name, proves=proves, expected=expected, control="", same_bytes_as=self.name)


@dataclass(frozen=True)
class Shipment:
    """What to deliver: the rows of one file and what is known of them."""

    feed: str
    name: str
    rows: pl.DataFrame
    proves: str
    style: Style = field(default_factory=Style)
    duplicates: int = 0
    shelf: str = ""


def delivered(shipment: Shipment) -> Delivery:
    """The file of a shipment; its columns stand in the order of `HEADINGS`."""
    style = shipment.style
    content = packed(csv_bytes(as_text(shipment.feed, shipment.rows, style), style), shipment.name, style.pack)
    height = shipment.rows.height
    return Delivery(
        folder=f"{shipment.shelf}/{shipment.feed}".strip("/"),
        name=shipment.name,
        content=content,
        proves=shipment.proves,
        expected=Expected(height, height - shipment.duplicates, shipment.duplicates),
        control=control_text(content, height, style),
    )


def as_text(feed: str, rows: pl.DataFrame, style: Style) -> pl.DataFrame:
    """All cells as the department writes them, under its headings."""
    columns = HEADINGS[feed].items()
    return rows.select(_cell(name, heading, style).alias(_title(name, heading, style)) for name, heading in columns)


def header(feed: str, style: Style) -> bytes:
    """The first line of a file, with the mark of its encoding where it has one."""
    titles = [_title(name, heading, style) for name, heading in HEADINGS[feed].items()]
    return csv_bytes(pl.DataFrame(schema=dict.fromkeys(titles, pl.String)), style)


def csv_bytes(table: pl.DataFrame, style: Style, *, include_header: bool = True) -> bytes:
    """A text table as delimited bytes; gaps are empty. The mark of an encoding stands before the header."""
    buffer = io.BytesIO()
    table.write_csv(
        buffer,
        include_header=include_header,
        include_bom=include_header and style.encoding == "utf-8-sig",
        separator=style.separator,
        line_terminator=style.newline,
    )
    content = buffer.getvalue()
    return content if style.encoding.startswith("utf-8") else content.decode().encode(style.encoding)


def packed(content: bytes, name: str, pack: str) -> bytes:
    """The bytes plain, gzipped or zipped, without clock times in them."""
    if pack == "gz":
        return gzip.compress(content, compresslevel=9, mtime=0)
    if pack == "zip":
        return zipped(content, name.removesuffix(".zip") + ".csv")
    return content


def zipped(content: bytes, member: str) -> bytes:
    """A zip of one member with a fixed time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        bundle.writestr(zipfile.ZipInfo(member, _EPOCH), content, zipfile.ZIP_DEFLATED, 9)
    return buffer.getvalue()


def control_text(content: bytes, rows: int, style: Style) -> str:
    """The control file's text for these bytes, empty when the department sends none."""
    return stated_text(hashlib.new(style.digest, content, usedforsecurity=False).hexdigest(), rows, style)


def stated_text(digest: str, rows: int, style: Style) -> str:
    """The control file's text for a digest and a number of rows, empty when the department sends none."""
    if not style.control:
        return ""
    day = {"received_on": style.received_on} if style.received_on else {}
    if style.control == "json":
        return json.dumps({"rows": rows, "digest": f"{style.digest}:{digest}"} | day) + "\n"
    return "".join(f"{key}={value}\n" for key, value in ({"rows": rows, style.digest: digest} | day).items())


def _title(name: str, heading: Heading, style: Style) -> str:
    if style.is_english:
        return name
    return f"{heading.title}(万元)" if name in style.ten_thousands else heading.title


def _cell(name: str, heading: Heading, style: Style) -> pl.Expr:
    column = pl.col(name)
    yes, no = FLAG_WORDS.get(name, ("是", "否"))
    shapes: dict[str, Callable[[], pl.Expr]] = {
        "cents": lambda: scaled(column, 6 if name in style.ten_thousands else 2),
        "hundredths": lambda: scaled(column, 2),
        "date": lambda: _day(column, style.day),
        "month": lambda: _day(column, style.month),
        "time": lambda: column.dt.strftime("%Y-%m-%d %H:%M:%S"),
        "flag": lambda: pl.when(column).then(pl.lit(yes)).when(~column).then(pl.lit(no)),
    }
    return shapes[heading.kind]() if heading.kind in shapes else column.cast(pl.String)


def _day(column: pl.Expr, shape: str) -> pl.Expr:
    """Dates as text, each day of the calendar written once."""
    return pl.lit(_days(shape)).gather((column - _FIRST_DAY).dt.total_days())


@cache
def _days(shape: str) -> pl.Series:
    return pl.date_range(_FIRST_DAY, _LAST_DAY, eager=True).dt.strftime(shape)


def scaled(column: pl.Expr, digits: int) -> pl.Expr:
    """An integer as a decimal with so many places, exactly (12345 with 2 digits is 123.45)."""
    return (column.cast(pl.Decimal(38, digits)) / pl.lit(10**digits)).cast(pl.Decimal(38, digits))
