"""The Excel workbook of a release: formats, widths, the sheets 名单, 汇总 and 说明.

Cells are written row by row into xlsxwriter's constant-memory mode: a list needs no more memory than its frame. Strings
are only ever written as strings: nothing a department typed can become a formula or a link.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from math import ceil
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter  # type: ignore[import-untyped]
from xlsxwriter.format import Format  # type: ignore[import-untyped]
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

FONT = "微软雅黑"
WIDE = (
    r"[\x{1100}-\x{115F}\x{2E80}-\x{A4CF}\x{AC00}-\x{D7A3}\x{F900}-\x{FAFF}"
    r"\x{FE30}-\x{FE4F}\x{FF00}-\x{FF60}\x{FFE0}-\x{FFE6}\x{20000}-\x{3FFFD}]"
)
"""Characters that take two cells of a monospaced line (CJK ideographs and full-width forms)."""

NARROWEST, WIDEST = 8, 72
BLANK_WIDTH = 18
FILTER_ARROW = 3
MARGIN = 3
MOST_LINES = 4
LINE_HEIGHT = 15
PAGE_WIDTH = 210
"""Characters across a printed page that can still be read: about 8 points on A3."""


class Share(float):
    """A number between 0 and 1 that is shown as a percentage."""


@dataclass(frozen=True)
class Line:
    """One row of a text sheet: its cells and its style (`title`, `head`, `cell`, `note`)."""

    cells: tuple[Any, ...]
    style: str = "cell"


@dataclass(frozen=True)
class Blank:
    """A column of the list that people fill in, at its right end.

    Attributes:
        name: what it is read back as.
        choices: what may be chosen from a drop-down.
        since: without choices it takes a day or moment, from this day up to the present.
    """

    name: str
    heading: str
    choices: tuple[str, ...] = ()
    since: date | None = None

    @property
    def properties(self) -> dict[str, Any]:
        """How its cells look."""
        shape = {"num_format": "@"} if self.choices else {"num_format": "yyyy-mm-dd hh:mm", "align": "center"}
        return {"bottom": 1, "bottom_color": "#D9D9D9", **shape}

    @property
    def validation(self) -> dict[str, Any]:
        """What a spreadsheet accepts in its cells, and what it says of anything else."""
        if self.choices:
            return {"validate": "list", "source": list(self.choices), "error_title": self.heading,
                    "error_message": "请从下拉列表中选择"}  # fmt: skip
        return {
            "validate": "date", "criteria": "between", "minimum": self.since, "maximum": "=TODAY()+1",
            "error_title": self.heading,
            "error_message": f"请填写日期和时间，如 {self.since} 14:30：不早于 {self.since}，不晚于今天",
        }  # fmt: skip


class Book:
    """An open workbook with the formats of the house.

    The bytes depend on the content alone: the creation date is the as-of date, xlsxwriter gives every member of the zip
    the same fixed date.
    """

    def __init__(self, path: Path, title: str, as_of: date) -> None:
        """Open `path` for writing; `as_of` becomes the document's creation date."""
        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        self._book = xlsxwriter.Workbook(str(path), options)
        self._book.set_properties({"title": title, "author": "shoudai", "created": datetime.combine(as_of, time.min)})
        self._formats: dict[tuple[tuple[str, Any], ...], Format] = {}

    def __enter__(self) -> Book:
        """The book itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Write the file."""
        self._book.close()

    def style(self, **properties: str | int | bool) -> Format:
        """The format with these properties, made once."""
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            basics = {"font_name": FONT, "font_size": 10, "valign": "vcenter"}
            self._formats[key] = self._book.add_format({**basics, **properties})
        return self._formats[key]

    def add_list(self, frame: pl.DataFrame, sheet: str, pinned: int, blanks: Sequence[Blank] = ()) -> None:
        """Write a frame as a filterable sheet; its column names are the headings.

        Args:
            frame: what to write; text, numbers, dates.
            sheet: name of the sheet.
            pinned: leading columns that stay in sight when scrolling sideways.
            blanks: empty columns behind them, for people to fill in.
        """
        columns = [_Column.of(frame[name]) for name in frame.columns]
        cells = frame.with_columns(_as_cell(frame[name]) for name in frame.columns)
        page = self._list_head(sheet, columns, blanks, pinned)
        width = sum(column.width for column in columns) + BLANK_WIDTH * len(blanks)
        _printable(page, pages_wide=max(ceil(width / PAGE_WIDTH), 1))
        for place, blank in enumerate(blanks, len(columns)):
            page.set_column(place, place, BLANK_WIDTH, self.style(**blank.properties))
            page.data_validation(1, place, max(cells.height, 1), place, blank.validation)
        page.autofilter(0, 0, cells.height, len(columns) + len(blanks) - 1)
        heights = _heights(frame, columns)
        for row, (values, height) in enumerate(zip(cells.iter_rows(), heights, strict=True), 1):
            page.set_row(row, height)  # the file format has rows: the one loop over them
            page.write_row(row, 0, values)

    def add_text(self, sheet: str, lines: Sequence[Line], widths: Sequence[int]) -> None:
        """Write a sheet of lines that people read from top to bottom."""
        page = self._book.add_worksheet(sheet)
        page.hide_gridlines(2)
        _printable(page)
        for column, width in enumerate(widths):
            page.set_column(column, column, width)
        for row, line in enumerate(lines):
            self._text_row(page, row, line, widths)

    def _list_head(self, name: str, columns: Sequence[_Column], blanks: Sequence[Blank], pinned: int) -> Worksheet:
        page = self._book.add_worksheet(name)
        for number, column in enumerate(columns):
            page.set_column(number, number, column.width, self.style(**column.properties))
        page.set_row(0, 32)
        head: dict[str, Any] = {
            "bold": True,
            "font_color": "#FFFFFF",
            "align": "center",
            "text_wrap": True,
            "border": 1,
        }
        page.write_row(0, 0, [column.heading for column in columns], self.style(**head, bg_color="#1F4E79"))
        page.write_row(0, len(columns), [blank.heading for blank in blanks], self.style(**head, bg_color="#548235"))
        page.freeze_panes(1, pinned)
        page.repeat_rows(0)
        if pinned:
            page.repeat_columns(0, pinned - 1)
        return page

    def _text_row(self, page: Worksheet, row: int, line: Line, widths: Sequence[int]) -> None:
        styles: dict[str, dict[str, Any]] = {
            "title": {"bold": True, "font_size": 13, "font_color": "#1F4E79"},
            "head": {"bold": True, "bg_color": "#DDEBF7", "border": 1, "border_color": "#BFBFBF"},
            "cell": {"text_wrap": True, "border": 1, "border_color": "#BFBFBF"},
            "note": {},
        }
        if line.style in ("title", "cell"):
            page.set_row(row, 26 if line.style == "title" else LINE_HEIGHT * _lines(line, widths))
        for column, value in enumerate(line.cells):
            page.write(row, column, value, self.style(**styles[line.style], **_number_style(value)))


@dataclass(frozen=True)
class _Column:
    """How one column of the list looks."""

    heading: str
    width: int
    properties: dict[str, Any]

    @classmethod
    def of(cls, values: pl.Series) -> _Column:
        longest = _longest(values)
        heading = int(pl.select(display_width(pl.lit(values.name))).item()) + FILTER_ARROW
        width = min(max(longest + MARGIN, heading, NARROWEST), WIDEST)
        return cls(values.name, width, _properties(values))


def display_width(text: pl.Expr) -> pl.Expr:
    """Cells of a monospaced line a text takes: one a character, two where it is wide (CJK)."""
    return text.str.len_chars() + text.str.count_matches(WIDE)


def _heights(frame: pl.DataFrame, columns: Sequence[_Column]) -> pl.Series:
    """The height of each row: that of its longest text once wrapped, of at most `MOST_LINES`."""
    texts = [column for column in columns if frame.schema[column.heading] == pl.String]
    lines = [((display_width(pl.col(each.heading)) + MARGIN) / each.width).ceil() for each in texts]
    needed = pl.max_horizontal(pl.repeat(1, pl.len()), *lines).clip(upper_bound=MOST_LINES)
    return frame.select(height=LINE_HEIGHT * needed)["height"]


def _longest(values: pl.Series) -> int:
    """Display width of the longest value as it will be shown."""
    if values.dtype == pl.String:
        return int(values.to_frame().select(display_width(pl.first()).max()).item() or 0)
    if values.dtype.is_numeric():
        digits = values.to_frame().select(pl.first().abs().max().cast(pl.String).str.len_chars()).item() or 1
        return int(digits + digits // 3)
    return len("2026-11-23")


def _properties(values: pl.Series) -> dict[str, Any]:
    grid = {"bottom": 1, "bottom_color": "#D9D9D9"}
    if values.dtype == pl.String:
        return {**grid, "num_format": "@", "align": "left", "indent": 1, "text_wrap": True}
    if values.dtype == pl.Date:
        return {**grid, "num_format": "yyyy-mm-dd", "align": "center"}
    is_whole = values.dtype.is_integer() or bool((values == values.floor()).all())
    return {**grid, "num_format": "#,##0" if is_whole else "#,##0.00#"}


def _as_cell(values: pl.Series) -> pl.Series:
    """The column as it is written: Excel's numbers are doubles; no text may look like xlsxwriter's own markup."""
    if values.dtype.is_decimal():
        return values.cast(pl.Float64)
    if values.dtype == pl.String:
        is_markup = values.str.starts_with("<r>") & values.str.ends_with("</r>")
        return values.to_frame().select(pl.when(is_markup).then(pl.first() + " ").otherwise(pl.first())).to_series()
    return values


def _lines(line: Line, widths: Sequence[int]) -> int:
    """Printed lines the longest text of a line needs once wrapped; a number is shown rounded and never wraps."""
    texts = pl.Series([cell if isinstance(cell, str) else "" for cell in line.cells], dtype=pl.String)
    needed = texts.to_frame().select(display_width(pl.first())).to_series().to_list()
    return max((ceil((cells + 1) / width) for cells, width in zip(needed, widths, strict=False)), default=1)


def _number_style(value: object) -> dict[str, Any]:
    if isinstance(value, Share):
        return {"num_format": "0.0%", "align": "right"}
    if isinstance(value, float):
        return {"num_format": "0.0", "align": "right"}
    if isinstance(value, int):
        return {"num_format": "#,##0", "align": "right"}
    return {"num_format": "@"}


def _printable(page: Worksheet, pages_wide: int = 1) -> None:
    page.set_landscape()
    page.set_paper(8)  # A3
    page.fit_to_pages(pages_wide, 0)
    page.print_across()
    page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    page.set_footer("&C第 &P 页，共 &N 页")
