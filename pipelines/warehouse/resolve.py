"""Who is who in the feeds: rows of linked accounts, farms and legacy ids under the code of their entity."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pipelines.feeds.contract import Contract
from pipelines.warehouse.connect import Connection, quoted

LEGACY_METHOD = "organisation_code"
"""How links of legacy ids come about; all other links are of rows without any code."""

_BY = {
    "utilities__bills": {"account_no": "account_no", "account_name": "account_name", "address": "address"},
    "agriculture__operators": {"operator_id": "source_id"},
}
"""Feed -> its columns that tell a source without a code, and the columns of the links they equal."""


def show_links(con: Connection, links: Path) -> Mapping[str, frozenset[str]]:
    """Table `register.links`, who is linked to whom; returns feed -> kinds of its links (`legacy`, `uncoded`)."""
    con.execute("CREATE SCHEMA IF NOT EXISTS register")
    columns = "source_feed, source_id, uscc, method, account_no, account_name, address"
    con.execute(f"CREATE OR REPLACE TABLE register.links AS SELECT {columns} FROM {quoted(str(links))}")
    kind = f"if(method = {quoted(LEGACY_METHOD)}, 'legacy', 'uncoded')"
    rows = con.execute(f"SELECT source_feed, list(DISTINCT {kind}) FROM register.links GROUP BY source_feed").fetchall()
    return {feed: frozenset(kinds) for feed, kinds in rows}


def resolved(made: Contract, kinds: frozenset[str]) -> str:
    """The rows of `delivered.<feed>` under the codes of their entities; a feed without links costs nothing.

    A register tells one thing of an entity: where the code itself has a row, that of the legacy id is left out, and of
    several legacy ids the lowest is shown.
    """
    rows = f"FROM delivered.{made.feed}"
    return f"({rows} WHERE uscc < 'legacy:') UNION ALL {linkable(made, kinds)}" if kinds else rows


def linkable(made: Contract, kinds: frozenset[str]) -> str:
    """Of `resolved`, the rows delivered without a code or under a legacy id: those that links may move."""
    uncoded, legacy = (f"FROM delivered.{made.feed} WHERE {each}" for each in ("uscc IS NULL", "uscc >= 'legacy:'"))
    if "uncoded" in kinds:
        same = " AND ".join(f"f.{own} IS NOT DISTINCT FROM l.{other}" for own, other in _BY[made.feed].items())
        uncoded = _joined(made, uncoded, f"l.method <> {quoted(LEGACY_METHOD)} AND {same}")
    if "legacy" in kinds:
        legacy = _joined(made, legacy, "l.source_id = f.uscc", "f.uscc")
        legacy = _one_of_each(made, legacy) if made.delivery == "upsert" and "uscc" in made.key else legacy
    return f"({uncoded}) UNION ALL ({legacy})"


def _joined(made: Contract, rows: str, condition: str, otherwise: str = "NULL") -> str:
    columns = ", ".join(
        f"coalesce(l.uscc, {otherwise}) AS uscc" if name == "uscc" else f'f."{name}"' for name in made.table_columns
    )
    feed = f"l.source_feed = {quoted(made.feed)}"
    return f"SELECT {columns} FROM ({rows}) AS f LEFT JOIN register.links AS l ON {feed} AND {condition}"


def _one_of_each(made: Contract, legacy: str) -> str:
    key = ", ".join(f'"{name}"' for name in made.key)
    return (
        f"SELECT * FROM ({legacy}) ANTI JOIN (FROM delivered.{made.feed} WHERE uscc < 'legacy:') USING ({key}) "
        f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY received_on DESC, file_id, row_no) = 1"
    )
