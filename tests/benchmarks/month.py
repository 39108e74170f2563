"""Landing one month of all feeds into a warehouse that holds the thirteen months before, against the engine's bare load.

Ours gets the files as the departments send them (GB18030, gz and zip, ten-thousand yuan, compact dates). The bare load gets
the same rows as CSV in the engine's own words, and only puts them into tables.
"""

from __future__ import annotations

import shutil
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks import deciding
from tests.benchmarks.apart import Work

if TYPE_CHECKING:
    from pipelines import flow
    from pipelines.simulate.province import World
    from pipelines.simulate.spool import Piece

SINCE = date(2026, 11, 1)
"""Deliveries from this day on are the new month."""


def make(folder: Path, entities: int) -> int:
    """`home/` with the months before; `home/inbox/` and `clean/` with the new month; returns the rows of the new month."""
    from pipelines.simulate.crew import in_order
    from pipelines.simulate.province import World
    from pipelines.simulate.spool import Spool

    deciding.make(folder / "home", entities, until=SINCE)
    world = World(entities, deciding.MONTHS, deciding.SEED, recent=deciding.MONTHS)
    with Spool(folder / "home" / "inbox") as spool:
        for pieces in in_order(partial(_made, world, folder), len(world.sizes)):
            spool.take(pieces)
    shutil.rmtree(folder / "pieces")
    rows = sum(_clean(feed, folder / "clean" / feed.name) for feed in sorted((folder / "spool").iterdir()))
    shutil.rmtree(folder / "spool")
    return rows


def _made(world: World, folder: Path, county: int) -> list[Piece]:
    """The new month of a county, as pieces of the departments' files, and as Parquet under `spool/`."""
    from pipelines.simulate.delivery import as_text
    from pipelines.simulate.spool import PieceWriter

    pieces = []
    (folder / "pieces").mkdir(exist_ok=True)
    for nth, batch in enumerate(world.batches(world.county(county))):
        parcel = batch.parcel
        if parcel.received_on >= SINCE:
            deciding.put(batch, folder / "spool", county)
            piece = PieceWriter(folder / "pieces" / f"{county}-{nth}", parcel.style)
            piece.append(as_text(parcel.feed, batch.clean, parcel.style))
            pieces.append(piece.done(parcel.feed, parcel.name))
    return pieces


def _clean(feed: Path, folder: Path) -> int:
    """The deliveries of a feed as CSV in the engine's own words; returns the rows."""
    import duckdb

    folder.mkdir(parents=True)
    rows = 0
    for delivery in sorted({path.name.rpartition("-")[0] for path in feed.iterdir()}):
        found = f"SELECT * EXCLUDE (file_id, received_on) FROM read_parquet('{feed}/{delivery}-*')"
        copied = duckdb.execute(f"COPY ({found}) TO '{folder / delivery}.csv'").fetchone()
        rows += copied[0] if copied else 0
    return rows


def ours(inputs: Path, scratch: Path) -> Work:
    """`flow.ingest` of everything that is new; the clock runs on a copy of the warehouse."""
    import great_expectations  # noqa: F401 - loaded before the clock starts

    from pipelines import flow
    from pipelines.settings import Settings

    shutil.rmtree(scratch, ignore_errors=True)
    shutil.copytree(inputs / "home", scratch)
    settings = Settings.from_env(home=scratch)
    reports: list[flow.IngestReport] = []

    def answer() -> dict[str, int]:
        refused = [f"{each.feed}/{each.name}: {each.reason}" for each in reports[0].refused]
        if refused:
            raise RuntimeError(f"files did not land: {refused}")
        return {"rows_in": sum(each.rows_in for each in reports[0].files)}

    return Work(lambda: reports.append(flow.ingest(settings)), answer)


def bare(inputs: Path, scratch: Path) -> Work:
    """`INSERT` from `read_csv` with every column typed, into a plain `.duckdb` file, closed."""
    import duckdb

    from pipelines.feeds.contract import contract

    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    loaded: list[int] = []

    def load() -> None:
        con = duckdb.connect(str(scratch / "bare.duckdb"))
        for path in sorted((inputs / "clean").glob("*/*.csv")):
            with path.open(encoding="utf-8") as text:
                names = text.readline().rstrip("\n").split(",")
            types = {column.name: column.duckdb_type for column in contract(path.parent.name).columns}
            columns = ", ".join(f"'{name}': '{types[name]}'" for name in names)
            read = f"FROM read_csv('{path}', header = true, auto_detect = false, columns = {{{columns}}})"
            con.execute(f"CREATE TABLE IF NOT EXISTS {path.parent.name} AS {read} LIMIT 0")
            copied = con.execute(f"INSERT INTO {path.parent.name} BY NAME {read}").fetchone()
            loaded.append(copied[0] if copied else 0)
        con.close()

    return Work(load, lambda: {"rows_in": sum(loaded)})
