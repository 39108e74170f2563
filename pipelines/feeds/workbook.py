"""Excel workbooks (.xlsx, .xlsb, .xls, .ods) as CSV, one file per sheet, every cell as the text it means."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fastexcel
import polars as pl

if TYPE_CHECKING:
    from fastexcel import ExcelReader

_EXACT_BELOW = 1e15
"""A spreadsheet keeps fifteen digits of a number; a longer code typed as a number is no longer the code."""


def sheets(path: Path, base: Path, *, numbered: bool = False) -> Iterator[tuple[str, Path]]:
    """Name and CSV of each sheet that holds anything; formulas by their stored values, dates as ISO, errors as empty.

    A number of more than fifteen digits is written in E notation, as Excel shows it: it is not the code that was typed.
    Merged cells hold their value at the top left. Empty rows are no rows. `numbered` puts before each row the number it
    has in its sheet.
    """
    reader = fastexcel.read_excel(path.read_bytes())
    for place, name in enumerate(reader.sheet_names):
        frame = _texts(reader, place, skip=0 if numbered else None)
        frame = _filled(frame.with_row_index("row", offset=1), "row") if numbered else _filled(frame)
        if frame.height:
            target = base.with_name(f"{base.name}-{place}")
            frame.write_csv(target, include_header=False, quote_style="necessary")
            yield name, target


def _texts(reader: ExcelReader, place: int, skip: int | None) -> pl.DataFrame:
    """Every cell as text; `skip` 0 keeps the empty rows above the first cell, None leaves them out."""
    frame = _loaded(reader, place, "string", skip)
    long = [name for name in frame.columns if frame[name].str.contains(r"^-?\d{16,}(\.\d+)?$").any()]
    if long:
        is_number = _loaded(reader, place, "boolean", skip)  # reads numbers and flags, and no text
        frame = frame.with_columns(
            pl.when(is_number[name].is_not_null() & (pl.col(name).cast(pl.Float64, strict=False).abs() >= _EXACT_BELOW))
            .then(_in_e_notation(name))
            .otherwise(pl.col(name))
            .alias(name)
            for name in long
        )
    plain = pl.all().str.replace_all("_x000D_", "").str.replace_all("\r\n?", "\n")
    return frame.with_columns(plain) if frame.width else frame


def _filled(frame: pl.DataFrame, *beside: str) -> pl.DataFrame:
    """The rows with a cell that holds anything; the columns `beside` are no cells."""
    cells = pl.exclude(beside) if beside else pl.all()
    return frame.filter(~pl.all_horizontal(cells.is_null())) if frame.width > len(beside) else frame.clear()


def _in_e_notation(name: str) -> pl.Expr:
    """`9.15106E+17` of the text `915106…`."""
    digits = pl.col(name).str.strip_chars_start("-").str.extract(r"^(\d+)")
    exponent = (digits.str.len_chars() - 1).cast(pl.String).str.zfill(2)
    return pl.concat_str(digits.str.slice(0, 1), pl.lit("."), digits.str.slice(1, 5), pl.lit("E+"), exponent)


def _loaded(reader: ExcelReader, place: int, kind: Any, skip: int | None) -> pl.DataFrame:
    frame = pl.from_arrow(reader.load_sheet(place, header_row=None, skip_rows=skip, dtypes=kind, eager=True))
    if not isinstance(frame, pl.DataFrame):
        raise TypeError(f"a sheet came as {type(frame).__name__}")
    return frame
