"""A weekly list that comes back: the rows people filled in, as rows of crm__contacts that name their place in the workbook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import polars as pl

from pipelines.errors import FileRefusedError
from pipelines.feeds.contract import Contract, HeadingMatch, contract
from pipelines.feeds.convert import converted
from pipelines.feeds.header import TITLE_LINES, NoHeaderError, find_header
from pipelines.lists.feedback import FEED, HEADINGS, PLACE, SHEET
from pipelines.warehouse.tables import table

_OF_A_LIST = 3
"""So many headings of the list that contacts do not have make a sheet a list, however it was renamed."""

_LOOKED_AT = 300
"""Rows of a sheet in which its header is looked for, and held against it."""


@dataclass(frozen=True)
class Sheet:
    """A sheet as it came: the number of each row, and its cells as text."""

    name: str
    numbers: pl.Series
    cells: pl.DataFrame

    @property
    def lines(self) -> list[bytes]:
        """Its first rows as lines of a CSV, in which a header can be found."""
        top = self.cells.head(_LOOKED_AT).write_csv(include_header=False, quote_style="necessary")
        return top.encode().splitlines(keepends=True)


@dataclass(frozen=True)
class Feedback:
    """What a returned list says.

    Attributes:
        rows: those with any feedback, all text: the columns of the contract, `sheet` and `row`.
        listed: rows of the list, with feedback or without.
    """

    rows: pl.DataFrame
    listed: int


def sheets_of(path: Path, scratch: Path) -> list[Sheet]:
    """The sheets of a workbook that hold anything.

    Raises:
        FileRefusedError: it cannot be read: broken, protected by a password, or no workbook.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    try:
        grids = converted(path, "numbered", FEED, scratch / "sheet")
        return [_sheet(grid.name, grid.path) for grid in grids]
    finally:
        for left in scratch.glob("sheet-*"):
            left.unlink()


def feedback_in(sheets: Sequence[Sheet]) -> Feedback | None:
    """The feedback on the lists among the sheets; None when none of them is a list.

    Raises:
        FileRefusedError: a sheet is a list, but a column is missing or stands twice, or its codes under another heading.
    """
    read = [_feedback(sheet) for sheet in sheets if is_list(sheet)]
    if not read:
        return None
    return Feedback(pl.concat([each.rows for each in read]), sum(each.listed for each in read))


def is_list(sheet: Sheet) -> bool:
    """Whether a sheet is a weekly list, also one cut to a few columns or renamed.

    It has several headings only a list has; or one of them and all columns to fill in; or the name of the sheet and one of these.
    """
    own, to_fill_in = _only_listed(), set(HEADINGS.values())
    is_named = sheet.name == SHEET
    return any(
        len(own & row) >= _OF_A_LIST or (own & row and to_fill_in <= row) or (is_named and to_fill_in & row)
        for row in map(set, _top(sheet))
    )


def delivery(feedback: Feedback) -> str:
    """The filled-in rows as a CSV under the headings of the contract; nothing else of the list is in it."""
    made = contract(FEED)
    named = {column.name: column.title_zh for column in made.columns} | dict(zip(("sheet", "row"), PLACE, strict=True))
    return feedback.rows.select(pl.col(name).alias(title) for name, title in named.items()).write_csv()


def under(received_on: date) -> Contract:
    """The contract under which a returned list lands: a row without a result, or of a day to come, is set aside by itself.

    A contact that says nothing would hide the row that completes it, which has the same key; one wrong year would close
    the gate for all rows, as it must for the export of a system.
    """
    made = contract(FEED)
    stricter = {
        "contacted_at": replace(made.column("contacted_at"), latest=received_on),
        "result": replace(made.column("result"), nullable=False),
    }
    return replace(made, columns=tuple(stricter.get(each.name, each) for each in made.columns))


def _sheet(name: str, path: Path) -> Sheet:
    frame = pl.read_csv(path, has_header=False, infer_schema=False)
    return Sheet(name, frame.to_series(0).cast(pl.Int64), frame.select(pl.nth(range(1, frame.width))))


def _top(sheet: Sheet) -> list[tuple[str, ...]]:
    return sheet.cells.head(TITLE_LINES).fill_null("").rows()


def _only_listed() -> set[str]:
    known = {heading for column in contract(FEED).columns for heading in column.headings}
    return {column.title_zh for column in table("out.target_list").columns} - known


def _feedback(sheet: Sheet) -> Feedback:
    try:
        header = find_header(sheet.lines, contract(FEED))
    except NoHeaderError as refusal:
        raise FileRefusedError(
            f"sheet {sheet.name}: {refusal}. Expected the list as published, with its columns 统一社会信用代码 and "
            f"{'、'.join(HEADINGS.values())}: fill in the workbook of `published/latest` and hand in that"
        ) from refusal
    except FileRefusedError as refusal:
        raise FileRefusedError(f"sheet {sheet.name}: {refusal}") from refusal
    if header.fields not in (top := _top(sheet)):
        raise FileRefusedError(
            f"sheet {sheet.name}: the headings stand together in one cell; expected one in each: split the text into columns"
        )
    rows = (
        _named(sheet, header.matched)
        .slice(top.index(header.fields) + 1)
        .filter(pl.col("uscc").is_not_null() | is_filled_in())
    )
    return Feedback(rows.filter(is_filled_in()), rows.height)


def _named(sheet: Sheet, matched: HeadingMatch) -> pl.DataFrame:
    """The cells under the names of the contract, blanks as null; a column the sheet does not have is null throughout."""
    at: Mapping[str, int] = {each.column.name: each.position for each in matched.headings}
    blank = pl.lit(None, pl.String)
    text = [
        (pl.nth(at[name]).str.strip_chars().replace("", None) if name in at else blank).alias(name)
        for name in (column.name for column in contract(FEED).columns)
    ]
    named = sheet.cells.select(text).with_columns(pl.lit(sheet.name).alias("sheet"), sheet.numbers.alias("row"))
    return named.with_columns(_to_the_second(pl.col("contacted_at")))


def _to_the_second(moment: pl.Expr) -> pl.Expr:
    """A spreadsheet keeps a moment as a fraction of a day and may cut its digits: 09:04:59.981 was typed as 09:05."""
    plain = moment.str.replace(r"^([\d-]{10})T", "$1 ")  # as an .ods has it
    exact = plain.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="ms", strict=False).dt.round("1s")
    return pl.coalesce(exact.dt.to_string("%Y-%m-%d %H:%M:%S"), moment)


def is_filled_in() -> pl.Expr:
    """A time, a way or a result of contact is given."""
    return pl.any_horizontal(pl.col(name).is_not_null() for name in HEADINGS)
