"""A province of invented counties: its files as departments deliver them, month by month, with the truth beside them.

Streaming: counties (`places.COUNTY_ENTITIES` entities) are made apart, one a core (`crew`), as pieces of bytes that are put into
the files of all feeds in the order of the counties; so memory does not grow with the province. Same seed, entities and
months: same bytes, however many processes made them.

For benchmarks without text files: `World.batches(World.county(k))` yields the `Batch`es of a county; its `parcel` has feed, file
name and day of receipt, and `typed(feed, batch.accepted)` has the contract's column names and the types of the warehouse
(money as decimals in yuan). `expected.Evidence` takes the same rows and gives the true rules and segments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from pipelines.errors import DiskFullError, UsageError, is_disk_full
from pipelines.progress import Progress, Quiet
from pipelines.simulate.county import County
from pipelines.simulate.crew import in_order
from pipelines.simulate.deliveries import Parcel, parcels, uncoded_accounts, uncoded_farms
from pipelines.simulate.delivery import as_text, scaled
from pipelines.simulate.dirt import QUARANTINED, RATES, Dirty, spoilt
from pipelines.simulate.expected import Evidence, propensity
from pipelines.simulate.headings import HEADINGS
from pipelines.simulate.months import AS_OF, Calendar
from pipelines.simulate.places import COUNTY_ENTITIES, MOST_COUNTIES, county_of_province
from pipelines.simulate.spool import Piece, PieceWriter, Spool, Tables

TRUTH = "truth"
_GB_PER_MILLION = 0.24
"""A month of a million entities on disk, packed as their departments pack it; measured."""

_FEWEST_MONTHS, _MOST_MONTHS = 3, 36
_FIRST_AS_OF, _LAST_AS_OF = date(1950, 1, 1), date(2090, 1, 1)
"""All days of a world, decades back and some years ahead, are among those a department may write."""

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
        county_size: entities of a whole county; another size is another world.

    Raises:
        UsageError: more entities or months than a province can have, or an unknown level of dirt.
    """

    entities: int
    months: int = 14
    seed: int = 1
    dirt: str = "none"
    as_of: date = AS_OF
    recent: int | None = None
    county_size: int = COUNTY_ENTITIES

    def __post_init__(self) -> None:
        """Check the bounds."""
        most = self.county_size * MOST_COUNTIES
        if not 1_000 <= self.entities <= most:
            raise UsageError(f"a world of {self.entities:,} entities; expected 1,000 to {most:,}")
        if not _FEWEST_MONTHS <= self.months <= _MOST_MONTHS:
            raise UsageError(f"{self.months} months; expected {_FEWEST_MONTHS} to {_MOST_MONTHS}")
        if not _FIRST_AS_OF <= self.as_of <= _LAST_AS_OF:
            raise UsageError(f"as of {self.as_of}; expected a day from {_FIRST_AS_OF} to {_LAST_AS_OF}")
        if self.dirt not in RATES:
            raise UsageError(f"dirt {self.dirt!r}; expected one of {', '.join(RATES)}")

    @cached_property
    def sizes(self) -> list[int]:
        """Entities of each county; a rest too small for a county of its own goes to the last."""
        whole, rest = divmod(self.entities, self.county_size)
        sizes = [self.county_size] * whole
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


def write(world: World, folder: Path, progress: Progress | None = None, workers: int | None = None) -> int:
    """Write the files of a world and its truth into a new folder; returns the rows written.

    Counties are made by `workers` processes (default: one a core); the bytes do not depend on how many.

    Raises:
        UsageError: the folder is not empty.
        DiskFullError: no space left; what was written is no whole world.
    """
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty; expected a new folder: a world is never mixed with another")
    watch = progress or Quiet()
    watch.begin("counties", len(world.sizes))
    try:
        rows = _write(world, folder, watch, workers)
    except OSError as error:
        if not is_disk_full(error):
            raise
        raise DiskFullError(
            f"disk full while writing {folder}: a million entities take about {_GB_PER_MILLION * world.months:.1f} GB; "
            "delete it, free some space, and simulate again"
        ) from error
    watch.end()
    return rows


def _write(world: World, folder: Path, watch: Progress, workers: int | None) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory(prefix=".pieces-", dir=folder) as pieces,
        closing(in_order(partial(_made, world, Path(pieces)), len(world.sizes), workers)) as counties,
        Spool(folder) as spool,
        Tables(folder / TRUTH) as tables,
    ):
        for county in counties:
            watch.advance(county.name)
            before = spool.take(county.pieces)
            for name, rows in county.truth.items():
                tables.append(name, _numbered(rows, before) if name == "dirt" else rows)
    return spool.rows


@dataclass(frozen=True)
class _Made:
    """A county as it goes into the files: its pieces lie on disk."""

    name: str
    pieces: tuple[Piece, ...]
    truth: dict[str, pl.DataFrame]


def _made(world: World, folder: Path, number: int) -> _Made:
    """One county; the row numbers of its dirt count from the county's own first row of a file."""
    county = world.county(number)
    evidence, dirt, pieces = Evidence(county), [pl.DataFrame(schema=_DIRT_SCHEMA)], []
    for nth, batch in enumerate(world.batches(county)):
        parcel = batch.parcel
        piece = PieceWriter(folder / f"{number}-{nth}", parcel.style)
        piece.append(as_text(parcel.feed, batch.clean, parcel.style))
        if batch.dirty:
            dirt += _notes(batch, piece.append(pl.concat(each.text for each in batch.dirty), has_stand_ins=True))
        pieces.append(piece.done(parcel.feed, parcel.name))
        evidence.take(parcel.feed, batch.accepted)
    rules = evidence.judged()
    truth = {
        "rules": rules,
        "dirt": pl.concat(dirt),
        "accounts": uncoded_accounts(county),
        "farms": uncoded_farms(county),
        "propensity": propensity(evidence, rules),
    }
    return _Made(county.place.name, tuple(pieces), truth)


def _numbered(dirt: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Rows counted from the first of the whole file on."""
    rows = dirt.join(before, on=["feed", "file"], how="left", maintain_order="left")
    return rows.with_columns(pl.col("row_no") + pl.col("before")).drop("before")


def _notes(batch: Batch, before: int) -> Iterator[pl.DataFrame]:
    """Where the spoilt rows of a batch stand, behind so many others, and what must become of them."""
    first = before + 1
    for dirty in batch.dirty:
        spoil, height = dirty.spoil, dirty.text.height
        rows = pl.select(row_no=pl.int_range(first, first + height))
        first += height
        # of a row sent twice the second is the duplicate
        yield (rows.gather_every(2, offset=1) if spoil.copy and spoil.fate != QUARANTINED else rows).select(
            pl.lit(batch.parcel.feed).alias("feed"),
            pl.lit(batch.parcel.name).alias("file"),
            "row_no",
            pl.lit(spoil.what).alias("what"),
            pl.lit(spoil.fate).alias("fate"),
            pl.lit(spoil.reason, pl.String).alias("reason"),
        )
