"""Features to judged for many entities: our steps, against one hand-written query that only counts who is eligible.

The world is the simulated province (quarterly and yearly filers, refunds, late filings, missing months, settled loans), put
straight into a warehouse. Both must count the same entities.
"""

from __future__ import annotations

import shutil
import time
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.apart import Work
from tests.benchmarks.clock import Clock

if TYPE_CHECKING:
    from pipelines.simulate.province import Batch, World
    from pipelines.warehouse.connect import Connection

MONTHS, SEED = 14, 1
COUNTED = {
    "individual_taxpayer": "segment__individual_taxpayer",
    "small_employer": "segment__small_employer",
    "new_enterprise": "segment__new_enterprise",
    "green": "segment__green",
    "invoicing": "rule__annual_invoicing_at_least",
}
"""What both count, and where we keep it."""
WRITTEN = {"features": "features.parquet/*.parquet", "judged": "judged.parquet"}
"""What deciding leaves behind."""
BY_HAND = (Path(__file__).parent / "by_hand.sql").read_text(encoding="utf-8")


def make(home: Path, entities: int, months: int = MONTHS, until: date = date.max) -> int:
    """A warehouse of all that a province delivered before `until`, with its ledger rows; returns the rows of all panels."""
    from pipelines.settings import Settings
    from pipelines.simulate.province import World
    from pipelines.warehouse.connect import writer
    from pipelines.warehouse.migrate import migrate

    shutil.rmtree(home, ignore_errors=True)
    (home / "inbox").mkdir(parents=True)
    spooled = home / "spool"
    rows = spool(World(entities, months, SEED, recent=months), spooled, until=until)
    with writer(Settings.from_env(home=home)) as con:
        migrate(con)
        for folder in sorted(spooled.iterdir()):
            _insert(con, folder)
            shutil.rmtree(folder)
    shutil.rmtree(spooled)
    return rows


def spool(world: World, folder: Path, until: date = date.max) -> int:
    """The deliveries received before `until` as Parquet, made by all cores; returns the rows."""
    from pipelines.simulate.crew import in_order

    return sum(in_order(partial(_spool, world, folder, until), len(world.sizes)))


def _spool(world: World, folder: Path, until: date, county: int) -> int:
    """The deliveries of a county; returns the rows."""
    batches = (each for each in world.batches(world.county(county)) if each.parcel.received_on < until)
    return sum(put(batch, folder, county) for batch in batches)


def put(batch: Batch, folder: Path, county: int) -> int:
    """One delivery of a county as a Parquet file in the words of the contract; returns its rows."""
    import polars as pl

    from pipelines.feeds.contract import contract
    from pipelines.simulate.province import typed

    parcel = batch.parcel
    looked_up = [
        pl.col(column.name).replace(dict(column.lookups))
        for column in contract(parcel.feed).columns
        if column.lookups and column.type in ("text", "enum")
    ]
    lineage = (pl.lit(parcel.name).alias("file_id"), pl.lit(parcel.received_on).alias("received_on"))
    (folder / parcel.feed).mkdir(parents=True, exist_ok=True)
    made = typed(parcel.feed, batch.accepted).with_columns(*looked_up, *lineage)
    made = made.drop("registered_capital", strict=False)  # a text with unit and currency; no rule looks at it
    name = f"{parcel.received_on}_{parcel.name}-{county:05}.parquet"
    made.write_parquet(folder / parcel.feed / name, compression="lz4", statistics=False)
    return made.height


def _insert(con: Connection, folder: Path) -> None:
    """All deliveries of a feed, each into Parquet of its own as landing does; of a register, each version until the next one."""
    from pipelines.feeds.contract import contract

    made = contract(folder.name)
    until = f"LEFT JOIN superseded USING ({_superseded(con, folder)})" if made.delivery == "upsert" else ""
    for delivery in sorted({path.name.rpartition("-")[0] for path in folder.iterdir()}):
        con.execute(
            f"""
            INSERT INTO lake.feed.{made.feed} BY NAME
            SELECT *, row_number() OVER () AS row_no FROM read_parquet('{folder}/{delivery}-*') {until}
            """
        )
    con.execute(
        f"""
        INSERT INTO lake.ops.files (feed, file_id, name, received_on, rows_in, accepted, duplicates, quarantined, status, landed_at)
        SELECT '{made.feed}', file_id, file_id, received_on, count(*), count(*), 0, 0, 'landed', ?
        FROM lake.feed.{made.feed} GROUP BY ALL
        """,
        [datetime(2026, 11, 23, 8)],
    )


def _superseded(con: Connection, folder: Path) -> str:
    """`superseded`: the versions of a register that a later delivery replaces, and when; returns the columns they are known by."""
    from pipelines.feeds.contract import contract

    key = ", ".join(f'"{name}"' for name in contract(folder.name).key)
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE superseded AS
        SELECT {key}, received_on, file_id,
               lead(received_on) OVER (PARTITION BY {key} ORDER BY received_on, file_id) AS superseded_on
        FROM read_parquet('{folder}/*') QUALIFY superseded_on IS NOT NULL
        """
    )
    return f"{key}, received_on, file_id"


def ours(home: Path, scratch: Path) -> Work:
    """`flow.features` and `flow.judge`: every rule and segment of every entity, kept as Parquet; who is who is known."""
    from pipelines import flow
    from pipelines.settings import Settings
    from pipelines.simulate.months import AS_OF

    settings = Settings.from_env(home=home)
    clock = Clock()
    clock.watch(flow, "features", "features")
    clock.watch(flow, "judge", "judge")
    run = flow.start(settings, AS_OF)
    flow.link(run)

    def decide() -> None:
        flow.features(run)
        flow.judge(run)

    return Work(decide, lambda: counted(run.handover("judged")), lambda: clock.seconds)


def counted(judged: Path) -> dict[str, int]:
    """How many a judgement found true, of what is counted."""
    import polars as pl

    rows = pl.scan_parquet(judged)
    found = rows.select(pl.col(column).sum().alias(name) for name, column in COUNTED.items()).collect()
    return {name: int(found[name][0]) for name in COUNTED}


def by_hand(home: Path, scratch: Path) -> Work:
    """One query on the same tables that only counts, then the bare writing of the Parquet that ours left behind before."""
    from pipelines.settings import Settings, week_of
    from pipelines.simulate.months import AS_OF
    from pipelines.warehouse.connect import quoted, reader
    from pipelines.warehouse.query import to_parquet

    settings = Settings.from_env(home=home)
    left = settings.work / week_of(AS_OF)
    scratch.mkdir(parents=True, exist_ok=True)
    found: list[tuple[int, ...]] = []
    seconds: dict[str, float] = {}

    def count_and_write() -> None:
        with reader(settings) as con:
            began = time.perf_counter()
            found.append(con.execute(BY_HAND).fetchone() or ())
            seconds["counting"] = time.perf_counter() - began
            for step, rows in WRITTEN.items():
                to_parquet(con, f"FROM {quoted(str(left / rows))}", {}, scratch / f"{step}.parquet")
            seconds["writing"] = time.perf_counter() - began - seconds["counting"]

    return Work(count_and_write, lambda: dict(zip(COUNTED, found[0], strict=True)), lambda: seconds)
