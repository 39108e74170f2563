"""Feed contracts: what a row of a feed is. One YAML drives parsing, types, keys, the split, DDL and the dictionary."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.declarations import read_declaration
from pipelines.errors import DeclarationError, FileRefusedError, UsageError
from pipelines.settings import HOUSE

CONTRACTS = HOUSE / "schemas" / "feeds"
DELIVERIES = ("append", "period_snapshot", "upsert")
UNITS = {"元": 1, "千元": 1_000, "万元": 10_000, "百万元": 1_000_000, "亿元": 100_000_000}
DUCKDB_TYPES = {
    "uscc": "VARCHAR",
    "text": "VARCHAR",
    "enum": "VARCHAR",
    "date": "DATE",
    "month": "DATE",
    "timestamp": "TIMESTAMP",
    "money": "DECIMAL(18,2)",
    "capital": "DECIMAL(18,2)",
    "decimal": "DECIMAL(18,4)",
    "integer": "INTEGER",
    "year": "INTEGER",
    "boolean": "BOOLEAN",
}
_IS_DATA = re.compile(r"(?=(?:[^0-9]*[0-9]){6})[0-9A-Za-z\-]+")
"""A number of six places or more is no heading."""

_OF_IDS = ("_no", "_id", "_code")
"""How the names of columns end that hold the number of a thing."""

LINEAGE = {"file_id": "VARCHAR", "row_no": "BIGINT", "received_on": "DATE"}
"""Columns every feed table carries after those of its contract."""


@dataclass(frozen=True)
class Column:
    """One column of a feed: its type, the headings it goes by (the first found counts), and what a cell may hold.

    Attributes:
        latest: the last day that a date or time may be of: known only to whoever takes a delivery in, so no YAML states it.
        is_free: people write words into it, and a personal number among them is masked; ids, which are digits too, are not.
    """

    name: str
    type: str
    headings: tuple[str, ...]
    description: str
    required: bool = False
    nullable: bool = True
    unit: str = "元"
    values: tuple[str, ...] = ()
    lookups: Mapping[str, str] = field(default_factory=dict)
    minimum: float | None = None
    maximum: float | None = None
    latest: date | None = None
    pattern: str | None = None
    personal: bool = False
    is_free: bool = False

    @property
    def duckdb_type(self) -> str:
        """The SQL type of the feed table's column; money is always yuan."""
        return DUCKDB_TYPES[self.type]

    @property
    def title_zh(self) -> str:
        """The primary Chinese heading."""
        return self.headings[0] if self.headings else self.name


@dataclass(frozen=True)
class Correction:
    """One value known to be delivered wrongly; it stops applying once the source delivers anything but `expect`.

    Attributes:
        where: column -> text as delivered; names the row.
        column: to correct.
        expect: the wrong text as delivered.
        to: the text it is read as.
        reason: who found it out, and how.
    """

    where: Mapping[str, str]
    column: str
    expect: str
    to: str
    reason: str


@dataclass(frozen=True)
class Repeats:
    """One amount that an export repeats on several lines; see `split`.

    Attributes:
        within: columns that name what was paid once (a voucher of a taxpayer for a period).
        across: the column that differs between the lines (the tax item).
        amount: the column whose value is repeated.
    """

    within: tuple[str, ...]
    across: str
    amount: str


@dataclass(frozen=True)
class Contract:
    """What one row of a feed is, and how its files replace or add to each other."""

    feed: str
    title_zh: str
    department: str
    description: str
    grain: str
    delivery: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    period: str | None = None
    snapshot_by: tuple[str, ...] = ()
    late_after_days: int | None = None
    corrections: tuple[Correction, ...] = ()
    repeats: Repeats | None = None

    def column(self, name: str) -> Column:
        """The column of that name."""
        return next(column for column in self.columns if column.name == name)

    @property
    def table_columns(self) -> dict[str, str]:
        """Column name -> SQL type of `feed.<feed>`, in order, with lineage and (for registers) the validity end."""
        own = {column.name: column.duckdb_type for column in self.columns}
        superseded = {"superseded_on": "DATE"} if self.delivery == "upsert" else {}
        return own | LINEAGE | superseded


@dataclass(frozen=True)
class Heading:
    """Where a column of the contract was found in a file, and the unit its heading states."""

    column: Column
    position: int
    unit: str


@dataclass(frozen=True)
class HeadingMatch:
    """How a file's header fits a contract.

    Attributes:
        headings: the columns found.
        extra: headings nothing is read from.
        outranked: those of them that name a column which stands under an earlier one of its headings.
    """

    headings: tuple[Heading, ...]
    extra: tuple[str, ...]
    outranked: tuple[Heading, ...] = ()


def feeds() -> list[str]:
    """The names of all declared feeds, sorted."""
    return sorted(path.stem for path in CONTRACTS.glob("*.yml"))


@cache
def contract(feed: str) -> Contract:
    """The contract of a feed.

    Raises:
        UsageError: no such feed; the nearest names are suggested.
        DeclarationError: the contract's YAML is wrong.
    """
    path = CONTRACTS / f"{feed}.yml"
    if not re.fullmatch(r"[a-z0-9_]+", feed) or not path.is_file():
        near = get_close_matches(feed, feeds(), n=3, cutoff=0.4)
        hint = f"; did you mean {', '.join(near)}?" if near else "."
        raise UsageError(f"unknown feed {feed!r}{hint} Feeds are declared in schemas/feeds/: {', '.join(feeds())}")
    return load(path)


def load(path: Path) -> Contract:
    """The contract in a YAML file.

    Raises:
        DeclarationError: a key is missing or names something that does not exist.
    """
    raw: dict[str, Any] = read_declaration(path)
    try:
        columns = tuple(_column(name, spec, raw["key"]) for name, spec in raw["columns"].items())
        made = Contract(
            feed=raw["feed"],
            title_zh=raw["title_zh"],
            department=raw["department"],
            description=raw["description"],
            grain=raw["grain"],
            delivery=raw["delivery"],
            key=tuple(raw["key"]),
            columns=columns,
            period=raw.get("period"),
            snapshot_by=tuple(raw.get("snapshot_by", ())),
            late_after_days=raw.get("late_after_days"),
            corrections=tuple(_correction(spec) for spec in raw.get("corrections", ())),
            repeats=_repeats(raw["repeats"]) if "repeats" in raw else None,
        )
    except KeyError as missing:
        raise DeclarationError(f"{path.name}: the contract has no {missing}") from missing
    _check(made, path)
    return made


def _column(name: str, spec: Mapping[str, Any], key: Sequence[str]) -> Column:
    low, high = spec.get("range", (None, None))
    is_id = name.endswith(_OF_IDS) or (name in key and not spec.get("lookups"))
    return Column(
        name=name,
        type=spec["type"],
        headings=tuple(spec.get("headings", ())),
        description=spec.get("description", ""),
        required=spec.get("required", False),
        nullable=spec.get("nullable", True),
        unit=spec.get("unit", "元"),
        values=tuple(str(value) for value in spec.get("values", ())),
        lookups={str(dirty): str(clean) for dirty, clean in spec.get("lookups", {}).items()},
        minimum=low,
        maximum=high,
        pattern=spec.get("pattern"),
        personal=spec.get("personal", False),
        is_free=spec["type"] == "text" and not is_id and not spec.get("personal", False),
    )


def _correction(spec: Mapping[str, Any]) -> Correction:
    where = {str(name): str(text) for name, text in spec["where"].items()}
    return Correction(where, spec["column"], str(spec["expect"]), str(spec["to"]), spec["reason"])


def _repeats(spec: Mapping[str, Any]) -> Repeats:
    return Repeats(tuple(spec["within"]), spec["across"], spec["amount"])


def _check(made: Contract, path: Path) -> None:
    names = {column.name for column in made.columns}
    unknown = {*made.key, *made.snapshot_by, *([made.period] if made.period else [])} - names
    if unknown:
        raise DeclarationError(f"{path.name}: key or period names {sorted(unknown)}, which are not among its columns")
    named = {name for each in made.corrections for name in (*each.where, each.column)}
    named |= {*made.repeats.within, made.repeats.across, made.repeats.amount} if made.repeats else set()
    if named - names:
        raise DeclarationError(
            f"{path.name}: corrections or repeats name {sorted(named - names)}, which are not among its columns"
        )
    if made.repeats and made.repeats.within[0] not in made.key:
        raise DeclarationError(f"{path.name}: the first column of repeats.within must be one of the key {made.key}")
    if made.feed != path.stem or made.delivery not in DELIVERIES:
        raise DeclarationError(f"{path.name}: `feed` must equal the file name and `delivery` be one of {DELIVERIES}")
    odd = {column.type for column in made.columns} - DUCKDB_TYPES.keys()
    if odd:
        raise DeclarationError(f"{path.name}: unknown column types {sorted(odd)}; known are {sorted(DUCKDB_TYPES)}")
    if made.delivery == "period_snapshot" and made.period is None:
        raise DeclarationError(f"{path.name}: a period_snapshot needs `period`, the column a newer file replaces by")


def plain_heading(heading: str) -> str:
    """A heading without its unit, case, width and marks: what aliases are compared by."""
    return _name_and_unit(heading)[0]


def known_headings(made: Contract) -> dict[str, Column]:
    """The column of each heading, in its plain form."""
    return {_plain(alias): column for column in made.columns for alias in (*column.headings, column.name)}


def _plain(heading: str) -> str:
    """A heading without case, width, spaces, marks and BOM, so that ` 应补（退）税额 ` meets `应补退税额`."""
    text = unicodedata.normalize("NFKC", heading).replace("\ufeff", "").lower()
    return re.sub(r"[\s*\"'`_:()\[\]【】]+", "", text)


def _name_and_unit(heading: str) -> tuple[str, str | None]:
    text = unicodedata.normalize("NFKC", heading).strip()
    found = re.search(r"[(\[【](?:单位[::]?)?(亿元|百万元|万元|千元|元)[)\]】]\s*$", text)
    return (_plain(text[: found.start()]), found.group(1)) if found else (_plain(text), None)


def match_header(made: Contract, header: Sequence[str], unit_above: str | None = None) -> HeadingMatch:
    """Which column of the contract stands where in a file's header, and which headings are extra.

    Of several headings of one column the one that the contract lists first is the column, and the others are extra.

    Args:
        made: the contract.
        header: the headings as delivered.
        unit_above: the unit a title line above the header states for all amounts that name none.

    Raises:
        FileRefusedError: a required heading is missing (the nearest headings are named), or one stands twice.
    """
    known = known_headings(made)
    named = [_name_and_unit(text) for text in header]
    places = _places(header, [name for name, _ in named], known)
    found: dict[str, Heading] = {}
    outranked = []
    for name, column in known.items():
        if name in places:
            unit = named[places[name]][1] or unit_above or column.unit
            heading = Heading(column, places[name], unit)
            if found.setdefault(column.name, heading) is not heading:
                outranked.append(heading)
    read = {each.position for each in found.values()}
    extra = [text.strip() for position, text in enumerate(header) if position not in read]
    missing = [column for column in made.columns if column.required and column.name not in found]
    if missing:
        raise FileRefusedError(_missing_words(made, missing, extra, header))
    headings = sorted(found.values(), key=lambda each: each.position)
    return HeadingMatch(tuple(headings), tuple(text for text in extra if text), tuple(outranked))


def _places(header: Sequence[str], names: Sequence[str], known: Mapping[str, Column]) -> dict[str, int]:
    """Where each known heading stands.

    Raises:
        FileRefusedError: one stands twice.
    """
    places: dict[str, int] = {}
    for position, name in enumerate(names):
        if name in known and places.setdefault(name, position) != position:
            first, again = header[places[name]].strip(), header[position].strip()
            raise FileRefusedError(f"header: {first!r} and {again!r} both mean {known[name].name}; keep one of them")
    return places


def _missing_words(made: Contract, missing: Sequence[Column], extra: Sequence[str], header: Sequence[str]) -> str:
    lines = []
    if any(_IS_DATA.fullmatch(text.strip()) for text in header):  # what stands in it may be personal
        extra, header = (), ("a line of data without headings",)
    for column in missing:
        near = get_close_matches(column.title_zh, [*extra], n=2, cutoff=0.4)
        hint = f" (nearest in the file: {', '.join(near)})" if near else ""
        lines.append(f"{column.title_zh} [{column.name}]{hint}")
    shown = ", ".join(text.strip() for text in header[:12]) or "nothing"
    return (
        f"header: missing required column{'s' if len(lines) > 1 else ''} {'; '.join(lines)}. Found: {shown}. "
        f"Expected the headings of schemas/feeds/{made.feed}.yml: correct the header, or add an alias to the contract"
    )
