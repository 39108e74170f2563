"""Chinese names of the codes in the tables: segments, rules, products, grades, statuses."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pipelines.declarations import read_declaration
from pipelines.warehouse.tables import table

NAMES = Path(__file__).with_name("names_zh.yml")
SEGMENT_TITLE = "客群："


@cache
def names_zh(kind: str) -> Mapping[str, str]:
    """Code -> Chinese name of one kind.

    Kinds: `rule`, `segment`, `product`, `condition`, `grade`, `channel`, `first_loan_status`, `outcome`. The first two are named
    by the titles of their columns in `out.eligibility`, the others in `names_zh.yml`.
    """
    if kind not in ("rule", "segment"):
        return dict(read_declaration(NAMES)[kind])
    prefix = f"{kind}__"
    columns = [column for column in table("out.eligibility").columns if column.name.startswith(prefix)]
    return {column.name.removeprefix(prefix): column.title_zh.removeprefix(SEGMENT_TITLE) for column in columns}


def name_zh(kind: str, code: str) -> str:
    """The Chinese name of one code, else the code itself."""
    return names_zh(kind).get(code, code)
