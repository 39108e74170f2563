"""Marketing's files of one release: the Excel workbook, a CSV and a Parquet file.

The columns are those that `schemas/tables/out__target_list.yml` declares and no others: what a frame carries beside
them (a phone, an owner's id) never leaves the house. Same input, same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import polars as pl

from pipelines.errors import ShoudaiError
from pipelines.lists.context import FeedSource, ListContext
from pipelines.lists.feedback import SHEET, blanks
from pipelines.lists.manifest import write_manifest
from pipelines.lists.notes import notes
from pipelines.lists.summary import handed_out, named_divisions, summary
from pipelines.lists.workbook import Book
from pipelines.names import names_zh
from pipelines.warehouse.tables import Table, table

__all__ = ["FeedSource", "ListContext", "export_list", "write_manifest"]

TITLE = "首贷目标名单"
TABLE = "out.target_list"
FORMULA_START = r"^\s*[=+\-@＝＋－＠]|^[\t\r\n]"
"""How a text begins that Excel, WPS or LibreOffice would take for a formula when it opens a CSV."""

MOST_ROWS = 50_000
"""Rows of the workbook: what people can still work with, and ten seconds of writing; the CSV has all of them."""

ROWS_AT_ONCE = 200_000
"""Rows of the CSV that are in memory as text."""

UNSHOWN = ("points", "is_holdout")
"""Not in marketing's files as columns: points stand beside their reasons, hold-outs are left out."""


def export_list(picked: pl.DataFrame, folder: Path, week: str, context: ListContext) -> list[Path]:
    """Write `首贷目标名单_<week>.xlsx`, `.csv` and `.parquet` into `folder`.

    The workbook and the CSV have Chinese headings and leave the hold-outs out; the Parquet file has the English names,
    the types and every row of the table.

    Args:
        picked: rows of `out.target_list`, one per entity of one week; further columns are dropped.
        folder: where to write; made when missing.
        week: the release, e.g. `2026-W48`.
        context: as-of, rates and sources for the sheet 说明.

    Returns:
        The three paths: workbook, CSV, Parquet.

    Raises:
        ShoudaiError: a declared column is missing, or a row belongs to another week.
    """
    rows = _declared_rows(picked, week)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{TITLE}_{week}.{kind}" for kind in ("xlsx", "csv", "parquet")]
    write_workbook(paths[0], rows, week, context)
    write_csv(paths[1], (in_chinese(part, context.division_names) for part in _parts(handed_out(rows))))
    rows.write_parquet(paths[2], compression="zstd")
    return paths


def write_workbook(path: Path, rows: pl.DataFrame, week: str, context: ListContext, most_rows: int = MOST_ROWS) -> None:
    """The Excel workbook with the sheets 名单 (the first `most_rows` by rank, columns to fill in behind), 汇总 and 说明."""
    listed = handed_out(rows)
    shown = in_chinese(listed.head(most_rows), context.division_names)
    to_fill_in = blanks(context.as_of)
    said = notes(_table(), shown.columns, to_fill_in, (listed.height, most_rows), week, context)
    pinned = shown.columns.index(_title("name")) + 1
    with Book(path, f"{TITLE} {week}", context.as_of) as book:
        book.add_list(shown, SHEET, pinned=pinned if pinned <= 4 else 0, blanks=to_fill_in)
        book.add_text("汇总", summary(rows, week, context), widths=(30, 12, 12, 20, 14))
        book.add_text("说明", said, widths=(30, 78, 34, 14, 14))


def make_room(path: Path) -> None:
    """The folder of a file that is to be written, and the file, empty: each writer has its own words for a path it cannot use.

    Raises:
        OSError: it cannot be written there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def write_csv(path: Path, parts: Iterable[pl.DataFrame]) -> None:
    """A CSV that Chinese Excel opens by double click: UTF-8 with BOM, CRLF; no text cell and no heading can start a formula."""
    with path.open("wb") as file:
        for number, part in enumerate(parts):
            harmless = part.with_columns(_harmless(pl.col(pl.String))).rename(_harmless_name)
            harmless.write_csv(file, include_bom=number == 0, include_header=number == 0, line_terminator="\r\n")


def in_chinese(listed: pl.DataFrame, division_names: Mapping[str, str]) -> pl.DataFrame:
    """The list as marketing reads it: Chinese headings and names, one text for a list, points beside their reasons."""
    named = listed.with_columns(
        _reasons_with_points(listed),
        _each_named("segments", "segment"),
        _each_named("alternatives", "product"),
        _each_named("to_verify", "rule", "condition"),
        pl.col("channel_first_seen").replace(dict(names_zh("channel"))),
        *(pl.col(kind).replace(dict(names_zh(kind))) for kind in ("segment", "product", "grade", "first_loan_status")),
        pl.col("division_code").replace(named_divisions(division_names)),
    )
    columns = [column for column in table(TABLE).columns if column.name not in UNSHOWN]
    return named.select(
        _as_text(pl.col(column.name), named.schema[column.name]).alias(column.title_zh) for column in columns
    )


def _declared_rows(picked: pl.DataFrame, week: str) -> pl.DataFrame:
    """The declared columns of the table in their order, by rank.

    Raises:
        ShoudaiError: a declared column is missing, or a row belongs to another week.
    """
    declared = list(_table().table_columns)
    missing = [name for name in declared if name not in picked.columns]
    if missing:
        declaration = "schemas/tables/out__target_list.yml"
        raise ShoudaiError(f"the list of {week} lacks {', '.join(missing)}; expected the columns of {declaration}")
    strangers = picked.filter(pl.col("week").ne_missing(week)).height
    if strangers:
        raise ShoudaiError(f"the list of {week} holds {strangers} rows of another week; expected rows of {week} only")
    return picked.select(declared).sort("rank", "uscc", nulls_last=True)


def _parts(rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """A long list piece by piece: as text it is many times as large."""
    for start in range(0, max(rows.height, 1), ROWS_AT_ONCE):
        yield rows.slice(start, ROWS_AT_ONCE)


def _table() -> Table:
    return table(TABLE)


def _title(name: str) -> str:
    return next(column.title_zh for column in _table().columns if column.name == name)


def _reasons_with_points(listed: pl.DataFrame) -> pl.Series:
    """`连续按期纳税 +20；年纳税额 +12` of the parallel lists `reasons` and `points`."""
    pairs = listed.select("reasons", "points").with_row_index("row").explode("reasons", "points").drop_nulls()
    sign = pl.when(pl.col("points") >= 0).then(pl.lit("+")).otherwise(pl.lit(""))
    texts = pairs.group_by("row", maintain_order=True).agg(
        pl.concat_str("reasons", pl.lit(" "), sign, "points").str.join("；").alias("reasons")
    )
    rows = listed.select("uscc").with_row_index("row")
    return rows.join(texts, on="row", how="left", maintain_order="left").get_column("reasons")


def _each_named(column: str, *kinds: str) -> pl.Expr:
    names = {code: name for kind in kinds for code, name in names_zh(kind).items()}
    return pl.col(column).list.eval(pl.element().replace(names))


def _as_text(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Lists joined by ；, flags as 是/否; numbers, dates and texts stay as they are."""
    if isinstance(dtype, pl.List):
        return column.cast(pl.List(pl.String)).list.join("；")
    if dtype == pl.Boolean:
        return pl.when(column).then(pl.lit("是")).when(~column).then(pl.lit("否"))
    return column


def _harmless_name(name: str) -> str:
    return f"'{name}" if re.search(FORMULA_START, name) else name


def _harmless(text: pl.Expr) -> pl.Expr:
    """The text, with an apostrophe in front where a spreadsheet would take it for a formula."""
    return pl.when(text.str.contains(FORMULA_START)).then("'" + text).otherwise(text).name.keep()
