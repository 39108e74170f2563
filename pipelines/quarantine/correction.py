"""A file of quarantined rows for whoever corrects them: their own headings, the reasons, and where each row stood."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import xlsxwriter  # type: ignore[import-untyped]

from pipelines.errors import UsageError
from pipelines.feeds.contract import Contract, contract, match_header
from pipelines.feeds.personal import HIDDEN, OF_A_PERSON
from pipelines.lists.export import FORMULA_START, make_room, write_csv
from pipelines.quarantine.state import OPEN, show_states
from pipelines.settings import Settings
from pipelines.warehouse.connect import reader

FEED, DIGEST, FILE, ROW, REASONS, RAW = "数据源", "文件摘要", "来源文件", "来源行号", "隔离原因", "原文"
REFERENCE = (FEED, DIGEST, FILE, ROW, REASONS, RAW)
"""Columns in front of the row's own; `文件摘要` and `来源行号` say where a corrected row belongs."""


def write_correction(settings: Settings, feed: str, path: Path, reason: str | None = None) -> int:
    """Write the open rows of a feed to an .xlsx or .csv for correction; returns how many.

    All cells are text. A row that is not a row (broken quotes, too many fields) has its text under 原文 and empty cells to
    fill in. Personal cells that no reason names and no key needs are hidden; taken back, they are as they were delivered. A
    personal number in place of a code stays masked: file and row say where it stands. No cell can start a formula.

    Raises:
        UsageError: nothing is open, or the file is neither .xlsx nor .csv, or exists.
    """
    made = contract(feed)
    if path.suffix not in (".xlsx", ".csv") or path.exists():
        raise UsageError(f"{path}: expected the name of a new .xlsx or .csv file")
    with reader(settings) as con:
        show_states(con)
        rows = con.execute(
            """
            SELECT file_id, name, row_no, raw, reasons, cells, headings, received_on FROM quarantined
            WHERE feed = ? AND state = ? AND (? IS NULL OR len(list_filter(reasons, lambda each: contains(each, ?))) > 0)
            ORDER BY received_on, name, row_no
            """,
            [feed, OPEN, reason, reason],
        ).pl()
    if rows.is_empty():
        about = f" with a reason containing {reason!r}" if reason else ""
        raise UsageError(f"no row of {feed}{about} is open in the quarantine; `shoudai quarantine` lists what is")
    groups = rows.with_columns(pl.col("headings").fill_null([])).partition_by("headings", maintain_order=True)
    shown = pl.concat([_of_one_header(made, group) for group in groups], how="diagonal")
    write_cells(shown, path, "待更正")
    return shown.height


def column_names(headings: Sequence[str]) -> list[str]:
    """The headings of a file as column names: an empty one or one that stands again is told apart by its place.

    They are as `bare_name` makes them, so that they come back the same from a file with and without apostrophes.
    """
    names = [bare_name(heading.strip()) or f"列{place}" for place, heading in enumerate(headings, 1)]
    return [
        name if name not in (*names[:place], *REFERENCE) else f"{name}（第{place + 1}列）"
        for place, name in enumerate(names)
    ]


def _of_one_header(made: Contract, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of files with the same headings."""
    headings = rows.get_column("headings")[0].to_list()
    personal = _personal(made, headings)
    cells = [_cell(place, personal.get(place)).alias(name) for place, name in enumerate(column_names(headings))]
    reference = [
        pl.lit(made.feed).alias(FEED),
        pl.col("file_id").alias(DIGEST),
        pl.col("name").alias(FILE),
        pl.col("row_no").cast(pl.String).alias(ROW),
        pl.col("reasons").list.join("；").alias(REASONS),
        pl.when(pl.col("cells").is_null()).then(pl.col("raw")).alias(RAW),
    ]
    return rows.select(*reference, *cells)


def _personal(made: Contract, headings: Sequence[str]) -> dict[int, str]:
    """Place -> name of the personal columns that are not part of the key, and of others whose heading speaks of a person."""
    if not headings:
        return {}
    columns = {each.position: each.column for each in match_header(made, headings).headings}
    own = {place: each.name for place, each in columns.items() if each.personal and each.name not in made.key}
    return own | {
        place: heading for place, heading in enumerate(headings) if place not in columns and OF_A_PERSON.search(heading)
    }


def _cell(place: int, personal: str | None) -> pl.Expr:
    cell = pl.col("cells").list.get(place, null_on_oob=True)
    if personal is None:
        return cell
    named = pl.col("reasons").list.eval(pl.element().str.starts_with(f"{personal}:")).list.any()
    return pl.when(named | cell.is_null()).then(cell).otherwise(pl.lit(HIDDEN))


def write_cells(shown: pl.DataFrame, path: Path, title: str) -> None:
    """An .xlsx or .csv for people to fill in, which its owner alone can read: no text is a formula or a link."""
    make_room(path)
    path.chmod(0o600)
    if path.suffix == ".csv":
        write_csv(path, [shown])
        return
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(path, options) as book:
        shown.write_excel(book, title, freeze_panes=(1, 0), autofit=True)


def without_apostrophe(text: pl.Expr) -> pl.Expr:
    """A cell as it was before the apostrophe that keeps a spreadsheet from taking it for a formula."""
    return (
        pl.when(text.str.contains(r"^'") & text.str.slice(1).str.contains(FORMULA_START))
        .then(text.str.slice(1))
        .otherwise(text)
    )


def bare_name(name: str) -> str:
    """The same for a heading."""
    return name[1:] if name.startswith("'") and re.search(FORMULA_START, name[1:]) else name
