"""Dirt: rows spoilt as departments spoil them, each with what was done and what must become of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.registers.uscc import ALPHABET
from pipelines.simulate.delivery import Style, as_text
from pipelines.simulate.headings import HEADINGS

RATES = {"none": 0.0, "light": 0.0005, "heavy": 0.02}
"""Share of rows that are spoilt."""

REPAIRED, QUARANTINED, DUPLICATE = "repaired", "quarantined", "duplicate"


FIELD_GONE, BAD_BYTE = "\ue000", "\ue001"
"""Stand-ins in a text: the field with the delimiter before it is gone; a byte that no encoding knows."""

_NOT_A_CODE = "uscc: not a valid unified social credit code"
_CONFLICTS = {
    "tax__payments": "voucher_no+tax_item",
    "tax__invoices": "uscc+month",
    "social__insurance": "uscc+month",
    "bank__flows": "uscc+month",
    "utilities__bills": "account_no+month+kind",
    "platform__sales": "uscc+platform+month",
}
"""Feeds in which other content under the same key costs both rows, and how the reason names the key."""


@dataclass(frozen=True)
class Spoil:
    """One way to spoil a row: `text` changes the text columns; a `copy` adds the row once more behind it."""

    what: str
    fate: str
    reason: str | None
    text: Callable[[pl.Expr, Style], pl.Expr]
    column: str
    copy: bool = False


@dataclass(frozen=True)
class Dirty:
    """Rows spoilt in one way: as they truly are, and as text."""

    spoil: Spoil
    rows: pl.DataFrame
    text: pl.DataFrame


def spoilt(feed: str, rows: pl.DataFrame, style: Style, rate: float, rng: np.random.Generator) -> list[Dirty]:
    """Some rows of a parcel, spoilt; their places stand in the column `row` that `rows` must have."""
    candidates = rows.filter(pl.col("uscc").is_not_null()) if "uscc" in rows.columns else rows
    count = int(rng.binomial(candidates.height, rate))
    if not count:
        return []
    chosen = candidates[np.sort(rng.choice(candidates.height, count, replace=False)).tolist()]
    ways = list(_ways(feed))
    nth = rng.integers(0, len(ways), count)
    text = as_text(feed, chosen, style).cast(pl.String)
    taken = [(way, np.flatnonzero(nth == number).tolist()) for number, way in enumerate(ways)]
    dirty = [_dirty(feed, way, chosen[places], text[places], style) for way, places in taken if places]
    return [each for each in dirty if not each.rows.is_empty()]


def _dirty(feed: str, way: Spoil, rows: pl.DataFrame, text: pl.DataFrame, style: Style) -> Dirty:
    """The rows in which there was something to spoil: an empty cell may have none."""
    title = text.columns[list(HEADINGS[feed]).index(way.column)]
    spoilt_cell = way.text(pl.col(title), style)
    is_touched = text.select(spoilt_cell.ne_missing(pl.col(title)) | way.copy).to_series()
    rows, text = rows.filter(is_touched), text.filter(is_touched)
    changed = text.with_columns(spoilt_cell.alias(title))
    if way.copy:
        pairs = pl.concat([text.with_row_index("nth"), changed.with_row_index("nth")])
        changed = pairs.sort("nth", maintain_order=True).drop("nth")
    return Dirty(way, rows, changed)


def _ways(feed: str) -> Iterator[Spoil]:
    kinds = {heading.kind: name for name, heading in reversed(HEADINGS[feed].items())}
    last = list(HEADINGS[feed])[-1]
    yield Spoil("code in full width", REPAIRED, None, lambda cell, _: _wide(cell), "uscc")
    yield Spoil("code in lower case", REPAIRED, None, lambda cell, _: cell.str.to_lowercase(), "uscc")
    yield Spoil("wrong check character", QUARANTINED, _NOT_A_CODE, lambda cell, _: _wrong_check(cell), "uscc")
    yield Spoil("row again", DUPLICATE, None, lambda cell, _: cell, last, copy=True)
    yield Spoil("field missing", QUARANTINED, "row: too few fields", lambda cell, _: pl.lit(FIELD_GONE), last)
    if "date" in kinds:
        reason = f"{kinds['date']}: not a date"
        yield Spoil("30 February", QUARANTINED, reason, lambda cell, _: pl.lit("2026-02-30"), kinds["date"])
    if "month" in kinds:
        yield Spoil("month 13", QUARANTINED, "month: not a month", lambda cell, _: pl.lit("202613"), "month")
    if "cents" in kinds:
        money = kinds["cents"]
        yield Spoil(
            "words for an amount", QUARANTINED, f"{money}: not a number", lambda cell, _: pl.lit("见备注"), money
        )
        yield Spoil("currency sign", REPAIRED, None, lambda cell, _: pl.lit("¥") + cell, money)
    if "name" in HEADINGS[feed]:
        yield Spoil("bad byte", QUARANTINED, "row: undecodable bytes", lambda cell, _: cell + pl.lit(BAD_BYTE), "name")
    if feed in _CONFLICTS:
        reason = f"{_CONFLICTS[feed]}: key_conflict, other content under the same key in this file"
        money = kinds["cents"]
        yield Spoil(
            "other content under its key", QUARANTINED, reason, lambda cell, _: pl.lit("0.07"), money, copy=True
        )
    if feed == "tax__payments":
        yield Spoil("legacy id of 15 characters", REPAIRED, None, lambda cell, _: _legacy(cell), "uscc")


def _wide(cell: pl.Expr) -> pl.Expr:
    return cell.str.replace_many(list(ALPHABET), [chr(ord(each) + 0xFEE0) for each in ALPHABET])


def _wrong_check(cell: pl.Expr) -> pl.Expr:
    following = dict(zip(ALPHABET, ALPHABET[1:] + ALPHABET[0], strict=True))
    return cell.str.slice(0, 17) + cell.str.slice(17, 1).replace_strict(following)


def _legacy(cell: pl.Expr) -> pl.Expr:
    """Division and organisation code, as ids were before 2015."""
    return cell.str.slice(2, 6) + cell.str.slice(8, 9)
