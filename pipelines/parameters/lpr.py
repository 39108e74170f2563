"""The loan prime rate in force on a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from pipelines.errors import UsageError
from pipelines.parameters.documents import declared
from pipelines.parameters.plan import FOLDER


@dataclass(frozen=True)
class LprRate:
    """LPR of one and of over five years, in percent a year, with the day it came into force.

    Every product of the plan ends after five years at the latest (S38, S41), so all are priced over `lpr_1y_pct`;
    `lpr_5y_pct` is for terms of more than five years.

    `is_past_table_end`: the day asked for lies after the last row of the table, so that a newer rate may exist.
    """

    lpr_1y_pct: Decimal
    lpr_5y_pct: Decimal
    effective_on: date
    is_past_table_end: bool


def rates(as_of: date) -> LprRate:
    """The LPR in force on `as_of`; after the table's end its last rate, flagged.

    Raises:
        UsageError: the day lies before the table's first rate.
    """
    table = _table()
    known = [day for day in table if day <= as_of]
    if not known:
        raise UsageError(
            f"no LPR on {as_of}: the table begins on {min(table)}. Price from that day on, or extend lpr.yml"
        )
    effective_on = max(known)
    row = table[effective_on]
    return LprRate(Decimal(row["lpr_1y_pct"]), Decimal(row["lpr_5y_pct"]), effective_on, as_of > max(table))


@cache
def _table() -> dict[date, dict[str, Any]]:
    return dict(declared(FOLDER / "lpr.yml", "lpr")["rates"])
