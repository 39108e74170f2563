"""Corrected rows come back: through the same contract, split and gate, as a delivery of their own linked to the old one."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import fastexcel
import polars as pl

from pipelines.errors import UsageError
from pipelines.feeds.arrive import arrive
from pipelines.feeds.contract import contract
from pipelines.feeds.land import Landing, landing
from pipelines.feeds.ledger import FileOutcome
from pipelines.feeds.personal import HIDDEN
from pipelines.feeds.pull import Delivery
from pipelines.quarantine.correction import DIGEST, FEED, REFERENCE, ROW, bare_name, column_names, without_apostrophe
from pipelines.quarantine.state import show_states
from pipelines.settings import Settings, today_in_china
from pipelines.warehouse.connect import Connection, expect_warehouse, transaction, writer
from pipelines.warehouse.lock import only_writer


@dataclass(frozen=True)
class Returned:
    """What became of a correction file.

    Attributes:
        files: one delivery per file whose rows came back.
        left_out: rows that were not open any more (fixed by a later delivery, or taken back before).
        untouched: rows that are as they were, or empty.
    """

    files: tuple[FileOutcome, ...]
    left_out: int
    untouched: int


def take_back(settings: Settings, path: Path, day: date | None = None) -> Returned:
    """Land the corrected rows of a file that `quarantine export` wrote; from `day` (default: today in China) on they are visible.

    Each original file's rows become one delivery with its headings, which adds to the original instead of replacing its
    periods. A row refused again stands in the quarantine as a row of the new delivery.

    Raises:
        UsageError: the file is not one that `quarantine export` wrote, or a column of it is gone.
    """
    received_on = day or today_in_china()
    corrected = _read(path)
    feed = contract(str(corrected[FEED][0])).feed
    expect_warehouse(settings)
    with only_writer(settings, "quarantine return"), writer(settings) as con, landing(con, settings) as lands:
        show_states(con)
        known = con.execute(
            "SELECT file_id, row_no, name, state, cells, headings, received_on FROM quarantined WHERE feed = ?", [feed]
        ).pl()
        rows = _matched(path, corrected, known)
        is_open = rows.filter(pl.col("state") == "open")
        changed = [_changed(path, group) for group in is_open.partition_by("file_id", maintain_order=True)]
        back = [group for group in changed if not group.is_empty()]
        files = tuple(_land(con, lands, settings, feed, group, received_on) for group in back)
    kept = sum(group.height for group in back)
    return Returned(files, rows.height - is_open.height, is_open.height - kept)


def _read(path: Path) -> pl.DataFrame:
    """The correction file, all cells text; no row or a missing reference column is said in words."""
    try:
        if path.suffix == ".xlsx":
            found = fastexcel.read_excel(path).load_sheet(0, dtypes="string").to_polars()
        else:
            found = pl.read_csv(path, infer_schema=False, encoding="utf8", truncate_ragged_lines=False)
    except Exception as error:
        raise UsageError(
            f"{path.name} cannot be read as .xlsx or .csv (UTF-8): {str(error).splitlines()[0]}"
        ) from error
    missing = [name for name in REFERENCE if name not in found.columns]
    fault = f"missing: {', '.join(missing)}" if missing else "it has no rows, or rows of several feeds"
    if missing or found.is_empty() or found[FEED].n_unique() != 1:
        raise UsageError(
            f"{path.name}: expected a file of `shoudai quarantine export`, of one feed, with its columns "
            f"{', '.join(REFERENCE)}; {fault}"
        )
    return found.with_columns(without_apostrophe(pl.all())).rename(bare_name)


def _matched(path: Path, corrected: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """The corrected rows beside what the quarantine holds of them."""
    rows = corrected.with_columns(
        pl.col(DIGEST).alias("file_id"),
        pl.col(ROW).cast(pl.Float64, strict=False).cast(pl.Int64, strict=False).alias("row_no"),
    )
    joined = rows.join(known, on=["file_id", "row_no"], how="left", maintain_order="left")
    strange = joined.filter(pl.col("state").is_null())
    if not strange.is_empty():
        raise UsageError(
            f"{path.name}: {strange.height} rows are not in the quarantine, the first with {ROW} {strange[ROW][0]}; "
            f"keep {DIGEST} and {ROW} as they were exported, one line per row"
        )
    twice = joined.filter(joined.select("file_id", "row_no").is_duplicated())
    if not twice.is_empty():
        raise UsageError(f"{path.name}: {ROW} {twice[ROW][0]} stands twice; keep one line per row")
    return joined


def _changed(path: Path, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of one original file that were corrected, as its cells c0, c1, … in file order."""
    names = column_names(rows["headings"][0].to_list())
    gone = [name for name in names if name not in rows.columns]
    if gone:
        raise UsageError(f"{path.name}: the column {', '.join(gone)} is gone; export again and correct the cells only")
    cells = [
        pl.when(pl.col(name) == HIDDEN).then(_delivered(place)).otherwise(pl.col(name)).fill_null("").alias(f"c{place}")
        for place, name in enumerate(names)
    ]
    made = rows.select("file_id", "row_no", "name", "headings", "received_on", "cells", *cells).sort("row_no")
    columns = [pl.col(f"c{place}") for place in range(len(names))]
    is_filled = pl.any_horizontal([column != "" for column in columns])
    is_other = pl.any_horizontal([columns[place] != _delivered(place).fill_null("") for place in range(len(names))])
    return made.filter(is_filled & (pl.col("cells").is_null() | is_other))


def _delivered(place: int) -> pl.Expr:
    return pl.col("cells").list.get(place, null_on_oob=True)


def _land(
    con: Connection, lands: Landing, settings: Settings, feed: str, rows: pl.DataFrame, received_on: date
) -> FileOutcome:
    """One delivery of corrected rows, and the link of each to the row it corrects."""
    original = str(rows["file_id"][0])
    first_day = max(received_on, rows["received_on"][0])
    path = settings.work / "returned" / f"更正_{original[:12]}_{first_day:%Y%m%d}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_as_csv(rows), encoding="utf-8")
    stat = path.stat()
    with arrive(Delivery(feed, path, stat.st_size, stat.st_mtime_ns), settings) as arrival:
        outcome = lands.land(arrival, amends=original)
    path.unlink()
    if outcome.is_good:
        _link(con, feed, rows, outcome, first_day)
    return outcome


def _as_csv(rows: pl.DataFrame) -> str:
    head = io.StringIO()
    csv.writer(head, lineterminator="\n").writerow(rows["headings"][0].to_list())
    cells = [column for column in rows.columns if column.startswith("c") and column[1:].isdigit()]
    return head.getvalue() + rows.select(cells).write_csv(include_header=False)


def _link(con: Connection, feed: str, rows: pl.DataFrame, outcome: FileOutcome, day: date) -> None:
    links = rows.select("file_id", "row_no").with_row_index("nth", offset=1)
    con.register("links", links)
    with transaction(con):
        con.execute(
            """
            INSERT INTO lake.quarantine.returns (feed, file_id, row_no, returned_file_id, returned_row_no, returned_on)
            SELECT $feed, file_id, row_no, $returned, nth, $day FROM links ANTI JOIN lake.quarantine.returns AS known
                USING (file_id, row_no)
            """,
            {"feed": feed, "returned": outcome.file_id, "day": day},
        )
    con.unregister("links")
