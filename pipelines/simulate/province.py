"""A province of invented counties: its files as departments deliver them, month by month, with the truth beside them.

Streaming: one county (`places.COUNTY_ENTITIES` entities) is made at a time and appended to the open files of all feeds, so
memory does not grow with the province. Same seed, entities and months: same bytes.

For benchmarks without text files: `World.batches(World.county(k))` yields the `Batch`es of a county; its `parcel` has feed, file
name and day of receipt, and `typed(feed, batch.accepted)` has the contract's column names and the types of the warehouse
(money as decimals in yuan). `expected.Evidence` takes the same rows and gives the true rules and segments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import polars as pl

from pipelines.errors import UsageError
from pipelines.progress import Progress, Quiet
from pipelines.simulate.county import County
from pipelines.simulate.deliveries import Parcel, parcels, uncoded_accounts, uncoded_farms
from pipelines.simulate.delivery import as_text, scaled
from pipelines.simulate.dirt import QUARANTINED, RATES, Dirty, spoilt
from pipelines.simulate.expected import Evidence, propensity
from pipelines.simulate.headings import HEADINGS
from pipelines.simulate.months import AS_OF, Calendar
from pipelines.simulate.places import COUNTY_ENTITIES, MOST_COUNTIES, county_of_province
from pipelines.simulate.spool import Spooled

TRUTH = "truth"
_FEWEST_MONTHS, _MOST_MONTHS = 3, 36
_DIRT_SCHEMA = {"feed": pl.String, "file": pl.String, "row_no": pl.Int64, "what": pl.String, "fate": pl.String,
                "reason": pl.String}  # fmt: skip


@dataclass(frozen=True)
class Batch:
    """Rows of one county for one file: all as they truly are, and those that arrive spoilt.

    Attributes:
        rows: columns and kinds of `HEADINGS` (money in cents), with `row`, the place in this batch.
    """

    parcel: Parcel
    rows: pl.DataFrame
    dirty: tuple[Dirty, ...]

    @property
    def clean(self) -> pl.DataFrame:
        """The rows nothing was done to."""
        return self._without(self.dirty)

    @property
    def accepted(self) -> pl.DataFrame:
        """The rows that must be accepted, as they truly are."""
        refused = tuple(each for each in self.dirty if each.spoil.fate == QUARANTINED)
        return self._without(refused).drop("row")

    def _without(self, dirty: tuple[Dirty, ...]) -> pl.DataFrame:
        if not dirty:
            return self.rows
        places = pl.concat([each.rows.select("row") for each in dirty])
        return self.rows.join(places, on="row", how="anti", maintain_order="left")


@dataclass(frozen=True)
class World:
    """What to simulate.

    Attributes:
        entities: in all counties together.
        months: closed months before `as_of` that the panels report.
        seed: same seed, same bytes.
        dirt: a level of `RATES`.
        recent: the latest so many months come in files of their own (default: all of them).

    Raises:
        UsageError: more entities or months than a province can have, or an unknown level of dirt.
    """

    entities: int
    months: int = 14
    seed: int = 1
    dirt: str = "none"
    as_of: date = AS_OF
    recent: int | None = None

    def __post_init__(self) -> None:
        """Check the bounds."""
        most = COUNTY_ENTITIES * MOST_COUNTIES
        if not 1_000 <= self.entities <= most:
            raise UsageError(f"a world of {self.entities:,} entities; expected 1,000 to {most:,}")
        if not _FEWEST_MONTHS <= self.months <= _MOST_MONTHS:
            raise UsageError(f"{self.months} months; expected {_FEWEST_MONTHS} to {_MOST_MONTHS}")
        if self.dirt not in RATES:
            raise UsageError(f"dirt {self.dirt!r}; expected one of {', '.join(RATES)}")

    @cached_property
    def sizes(self) -> list[int]:
        """Entities of each county; a rest too small for a county of its own goes to the last."""
        whole, rest = divmod(self.entities, COUNTY_ENTITIES)
        sizes = [COUNTY_ENTITIES] * whole
        if rest >= 1_000 or not sizes:
            return [*sizes, rest]
        return [*sizes[:-1], sizes[-1] + rest]

    def county(self, number: int) -> County:
        """One county of the world."""
        calendar = Calendar(self.as_of, self.months)
        return County(self.seed, number, county_of_province(number, self.sizes[number]), calendar)

    def batches(self, county: County) -> Iterator[Batch]:
        """All deliveries of a county, with what is spoilt in them."""
        rng = county.chance("dirt")
        for parcel in parcels(county, self.recent or self.months):
            rows = parcel.rows.with_row_index("row")
            yield Batch(parcel, rows, tuple(spoilt(parcel.feed, rows, parcel.style, RATES[self.dirt], rng)))


def typed(feed: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of `HEADINGS` in the types of the warehouse: amounts in yuan and hundredths as decimals, counts as Int32."""
    shapes: dict[str, Callable[[pl.Expr], pl.Expr]] = {
        "cents": lambda cell: scaled(cell, 2).cast(pl.Decimal(18, 2)),
        "hundredths": lambda cell: scaled(cell, 2).cast(pl.Decimal(18, 4)),
        "int": lambda cell: cell.cast(pl.Int32),
    }
    kinds = HEADINGS[feed].items()
    return rows.select(
        shapes[heading.kind](pl.col(name)) if heading.kind in shapes else pl.col(name) for name, heading in kinds
    )


def write(world: World, folder: Path, progress: Progress | None = None) -> int:
    """Write the files of a world and its truth into a new folder; returns the rows written.

    Raises:
        UsageError: the folder is not empty.
    """
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty; expected a new folder: a world is never mixed with another")
    watch = progress or Quiet()
    files: dict[tuple[str, str], Spooled] = {}
    truths: list[dict[str, pl.DataFrame]] = []
    watch.begin("counties", len(world.sizes))
    try:
        for number in range(len(world.sizes)):
            county = world.county(number)
            watch.advance(county.place.name)
            truths.append(_write_county(world, county, folder, files))
    finally:
        for spooled in files.values():
            spooled.close()
    _write_truth(folder / TRUTH, truths)
    watch.end()
    return sum(each.rows for each in files.values())


def _write_county(
    world: World, county: County, folder: Path, files: dict[tuple[str, str], Spooled]
) -> dict[str, pl.DataFrame]:
    """Append a county to the files; returns its truth."""
    evidence, dirt = Evidence(county), [pl.DataFrame(schema=_DIRT_SCHEMA)]
    for batch in world.batches(county):
        parcel = batch.parcel
        spooled = files.get((parcel.feed, parcel.name)) or Spooled(folder / parcel.feed / parcel.name, parcel.style)
        files[parcel.feed, parcel.name] = spooled
        spooled.append(as_text(parcel.feed, batch.clean, parcel.style))
        dirt += [_note(parcel, each, spooled.append(each.text)) for each in batch.dirty]
        evidence.take(parcel.feed, batch.accepted)
    rules = evidence.judged()
    return {
        "rules": rules,
        "dirt": pl.concat(dirt),
        "accounts": uncoded_accounts(county),
        "farms": uncoded_farms(county),
        "propensity": propensity(county, evidence, rules),
    }


def _note(parcel: Parcel, dirty: Dirty, first: int) -> pl.DataFrame:
    """Where spoilt rows stand and what must become of them; of a row sent twice the second is the duplicate."""
    spoil, height = dirty.spoil, dirty.text.height
    rows = pl.DataFrame({"row_no": range(first, first + height)}, schema={"row_no": pl.Int64})
    if spoil.copy and spoil.fate != QUARANTINED:
        rows = rows.gather_every(2, offset=1)
    return rows.select(
        pl.lit(parcel.feed).alias("feed"),
        pl.lit(parcel.name).alias("file"),
        "row_no",
        pl.lit(spoil.what).alias("what"),
        pl.lit(spoil.fate).alias("fate"),
        pl.lit(spoil.reason, pl.String).alias("reason"),
    )


def _write_truth(folder: Path, truths: list[dict[str, pl.DataFrame]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in truths[0]:
        pl.concat([each[name] for each in truths]).write_parquet(folder / f"{name}.parquet")
