"""Landing one month of all feeds into a warehouse that holds the thirteen months before, against the engine's bare load.

Ours gets the files as the departments send them (GB18030, gz and zip, ten-thousand yuan, compact dates). The bare load gets
the same rows as CSV in the engine's own words, and only puts them into tables.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

from tests.benchmarks import deciding
from tests.benchmarks.apart import Work

SINCE = date(2026, 11, 1)
"""Deliveries from this day on are the new month."""


def make(folder: Path, entities: int) -> int:
    """`home/` with the months before; `home/inbox/` and `clean/` with the new month; returns the rows of the new month."""
    import duckdb

    from pipelines.simulate import province

    deciding.make(folder / "home", entities, until=SINCE)
    world = province.World(entities, deciding.MONTHS, deciding.SEED, recent=deciding.MONTHS)
    province.write(world, folder / "files")
    inbox, clean, rows = folder / "home" / "inbox", folder / "clean", 0
    deciding.spool(world, folder / "spool", since=SINCE)
    for feed in sorted((folder / "spool").iterdir()):
        (clean / feed.name).mkdir(parents=True)
        for delivery in sorted({path.name.rpartition("-")[0] for path in feed.iterdir()}):
            found = f"SELECT * EXCLUDE (file_id, received_on) FROM read_parquet('{feed}/{delivery}-*')"
            copied = duckdb.execute(f"COPY ({found}) TO '{clean / feed.name / delivery}.csv'").fetchone()
            rows += copied[0] if copied else 0
            name = delivery.partition("_")[2]
            shutil.copytree(folder / "files" / feed.name, inbox / feed.name, ignore=_all_but(name), dirs_exist_ok=True)
    shutil.rmtree(folder / "spool")
    shutil.rmtree(folder / "files")
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


def _all_but(name: str) -> Callable[[object, list[str]], list[str]]:
    """For `copytree`: the names to leave out, all but those of one delivery and its control file."""
    return lambda _, names: [each for each in names if not each.startswith(name)]
