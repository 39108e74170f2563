"""What an entity's tax lines amount to (S07, S08), told a second time: sets of months as bits of an integer."""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.simulate.chance import Booleans, Integers
from pipelines.simulate.months import CYCLES, Calendar

_CYCLE_MONTHS_BACK = 15
_WINDOW = 12


def tax_facts(lines: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """uscc, is_normal, tax_paid (cents): one row per entity with a filing of its own.

    `is_normal`: each of the 12 months up to the last period of its cycle whose deadline has passed is covered, by normal
    filings only. `tax_paid`: over lines whose period ends in those months.
    """
    own = lines.filter(~pl.col("withheld") & ~pl.col("tax_item").str.contains("保险费"))
    entities = own["uscc"].unique(maintain_order=True)
    frame = own.with_columns(
        pl.col("uscc").replace_strict(entities, pl.int_range(entities.len(), eager=True)).alias("who")
    )
    who = frame["who"].to_numpy()
    first, last = (calendar.place_of(frame[name].to_numpy()) for name in ("period_start", "period_end"))
    is_filing = ((frame["tax_due"] >= 0) & (frame["tax_paid"] >= 0)).to_numpy()
    months = _bits(last + 1) - _bits(first)
    covered = _union(entities.len(), who, months, is_filing)
    abnormal = _union(entities.len(), who, months, is_filing & ~_is_normal(frame))
    end = _window_end(entities.len(), calendar, who, last - first + 1, last, is_filing, frame["due_on"].to_numpy())
    window = _bits(end + 1) - _bits(np.maximum(end + 1 - _WINDOW, 0))
    in_window = (last <= end[who]) & (last > end[who] - _WINDOW)
    paid = np.bincount(who, np.where(in_window, frame["tax_paid"].to_numpy(), 0), entities.len())
    has_filed = np.bincount(who, is_filing, entities.len()) > 0
    is_whole = (end + 1 >= _WINDOW) & (covered & ~abnormal & window == window)
    made = pl.DataFrame({"uscc": entities, "is_normal": is_whole, "tax_paid": np.rint(paid).astype(np.int64)})
    return made.filter(pl.Series(has_filed))


def _bits(place: Integers) -> Integers:
    return np.left_shift(np.int64(1), place)


def _union(size: int, who: Integers, months: Integers, chosen: Booleans) -> Integers:
    sets = np.zeros(size, dtype=np.int64)
    np.bitwise_or.at(sets, who[chosen], months[chosen])
    return sets


def _is_normal(lines: pl.DataFrame) -> Booleans:
    in_time = pl.col("declared_on") <= pl.col("due_on")
    is_paid = (pl.col("tax_paid") >= pl.col("tax_due")) & (pl.col("paid_on") <= pl.col("due_on"))
    return lines.select((in_time & ((pl.col("tax_due") == 0) | is_paid)).fill_null(value=False)).to_series().to_numpy()


def _window_end(
    size: int, calendar: Calendar, who: Integers, length: Integers, last: Integers, is_filing: Booleans, due: Integers
) -> Integers:
    """Place of the last month of each entity's latest closed period; monthly when nothing recent tells its cycle."""
    cycle = np.full(size, 99)
    is_recent = is_filing & (last >= calendar.life - _CYCLE_MONTHS_BACK)
    np.minimum.at(cycle, who[is_recent], length[is_recent])
    cycle[cycle == 99] = 1
    is_closing = due < np.datetime64(calendar.as_of)
    end = np.full(size, -1)
    for months in CYCLES:
        is_of_cycle = is_filing & (length == months)
        filed = _union(size, who, _bits(last), is_of_cycle)
        still_open = _union(size, who, _bits(last), is_of_cycle & ~is_closing)
        ends = [place for place in range(calendar.life - 1, -1, -1) if (calendar.begin + place + 1) % months == 0]
        for place in ends:
            by_default = calendar.first_day(place + 1).replace(day=15) < calendar.as_of
            has_row, is_open = (filed >> place & 1).astype(bool), (still_open >> place & 1).astype(bool)
            is_closed = np.where(has_row, ~is_open, by_default)
            end = np.where((cycle == months) & (end < 0) & is_closed, place, end)
    return end
