"""Administrative divisions (GB/T 2260): code -> name."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("divisions.csv")


@cache
def division_names() -> dict[str, str]:
    """Six-digit code -> name, the divisions of today; a code of the past is not in it and is shown as it is."""
    with TABLE.open(encoding="utf-8", newline="") as table:
        return {row["code"]: row["name"] for row in csv.DictReader(table)}
