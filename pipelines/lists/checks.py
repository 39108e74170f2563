"""The list's own expectations: judged before it is published, kept in `ops.checks` like those of the feeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from pipelines.eligibility.segments import SEGMENTS
from pipelines.feeds.gate import Check, Gate
from pipelines.offers.products import products
from pipelines.parameters import Parameters

if TYPE_CHECKING:
    from pipelines.warehouse.connect import Connection

LIST, SUITE = "out.target_list", "out__target_list"
CHECKED = {"ops.score_bands": "score_checks", LIST: "list_checks"}
"""Tables of a week that are checked themselves, and the step that says what was found (rows of `ops.checks`)."""


def judged(con: Connection, relation: str, p: Parameters) -> list[Check]:
    """Every expectation of `expectations/out__target_list.yml` on the list of a week, by the plan's numbers in force."""
    return Gate(con).judge(SUITE, relation, values=list_values(p))


def list_values(p: Parameters) -> Mapping[str, object]:
    """What stands for the `$name`s of the suite: every amount and term of the plan, and the largest of all products.

    Also `products` and `segments`, the names that there are.
    """
    plan = {name: _plain(value) for name, value in vars(p).items() if isinstance(value, int | Decimal)}
    caps = [plan[f"{made.name}_cap_yuan"] for made in products() if f"{made.name}_cap_yuan" in plan]  # trade has none
    terms = [plan[made.term] for made in products() if made.term]
    return {
        **plan,
        "largest_cap_yuan": max(caps),
        "longest_term_months": max(p.basic_term_months, p.basic_manufacturing_term_months, *terms),
        "products": [made.name for made in products()],
        "segments": [segment.name for segment in SEGMENTS],
    }


def check_rows(checks: Sequence[Check], week: str) -> pl.DataFrame:
    """Rows as those of `ops.checks`, without the time."""
    types = {name: pl.Boolean if name == "success" else pl.String for name in Check.__dataclass_fields__}
    rows = pl.DataFrame([asdict(check) for check in checks], schema=types)
    return rows.select(pl.lit(LIST).alias("feed"), pl.lit(week).alias("file_id"), *types)


def _plain(value: int | Decimal) -> int | float:
    """A number that Great Expectations can keep: whole where it is."""
    return int(value) if value == int(value) else float(value)
