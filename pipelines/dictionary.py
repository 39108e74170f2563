"""The data dictionary: every feed and table with its columns, written as Markdown from their declarations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from pipelines.feeds.contract import Column, Contract, contract, feeds
from pipelines.settings import HOUSE
from pipelines.warehouse.tables import Table, tables

DICTIONARY = HOUSE / "schemas" / "DICTIONARY.md"
_REMAKE = "python -m pipelines.dictionary"

_DELIVERIES = {
    "append": "append: events; a correction is a row of its own, the same row again is a duplicate",
    "period_snapshot": "period_snapshot: a newer file for a period replaces the older one whole",
    "upsert": "upsert: the newest row per key holds; files are full registers or changes",
}
_LINEAGE = (
    "Every `feed.<feed>` table also has `file_id` (SHA-256 of the file), `row_no` (row of the file, from 1) and "
    "`received_on`; registers have `superseded_on`. Money is yuan. Months are the first of the month."
)


def dictionary() -> str:
    """The data dictionary as Markdown: an index, then one section per feed and per table, with one line per column.

    Raises:
        DeclarationError: a contract or table declaration is wrong.
    """
    contracts = [contract(feed) for feed in feeds()]
    declared = tables()
    blocks = [
        "# Data dictionary",
        f"Made from `schemas/feeds/` and `schemas/tables/` by `{_REMAKE}`; edit those, not this file.",
        "## Contents",
        _index(contracts, declared),
        "## Feeds",
        _LINEAGE,
        *(block for made in contracts for block in _feed(made)),
        "## Tables",
        *(block for each in declared for block in _table(each)),
    ]
    return "\n\n".join(blocks) + "\n"


def write(path: Path = DICTIONARY) -> None:
    """Write the dictionary to its file, UTF-8."""
    path.write_text(dictionary(), encoding="utf-8")


def _index(contracts: Sequence[Contract], declared: Sequence[Table]) -> str:
    rows = [(_link(made.feed), made.title_zh, made.department, made.grain) for made in contracts]
    rows += [(_link(each.name), each.title_zh, "", each.grain) for each in declared]
    return _grid(("feed or table", "中文名", "department", "grain"), rows)


def _link(name: str) -> str:
    return f"[{name}](#{name.replace('.', '')})"


def _feed(made: Contract) -> list[str]:
    return [
        f"### {made.feed}",
        f"{made.title_zh} · {made.department}. {made.description}",
        _facts(
            {
                "Grain": made.grain,
                "Key": ", ".join(made.key),
                "Delivery": _delivery(made),
                "Late": f"after {made.late_after_days} days without a file" if made.late_after_days else "never",
            }
        ),
        _grid(
            ("column", "type", "headings", "must", "values and limits", "what"),
            [
                (
                    column.name,
                    column.duckdb_type,
                    "、".join(column.headings),
                    _must(column, made.key),
                    _limits(column),
                    _what(column),
                )
                for column in made.columns
            ],
        ),
    ]


def _delivery(made: Contract) -> str:
    if made.period is None:
        return _DELIVERIES[made.delivery]
    by = ", ".join((made.period, *made.snapshot_by))
    return f"{_DELIVERIES[made.delivery]} (by {by})"


def _must(column: Column, key: Sequence[str]) -> str:
    """What the file and the row must have: the heading, a value, or neither."""
    heading = ["heading"] if column.required else []
    value = ["value"] if column.name in key or not column.nullable else []
    return ", ".join(heading + value)


def _limits(column: Column) -> str:
    parts = []
    if column.values:
        parts.append(" / ".join(column.values))
    if column.minimum is not None or column.maximum is not None:
        parts.append(f"{_number(column, column.minimum)} to {_number(column, column.maximum)}")
    if column.pattern:
        parts.append(f"`{column.pattern}`")
    if column.type in ("money", "capital") and column.unit != "元":
        parts.append(f"{column.unit} unless the heading says otherwise")
    if column.lookups:
        parts.append(f"{len(column.lookups)} spellings looked up")
    return "; ".join(parts)


def _number(column: Column, bound: float | None) -> str:
    if bound is None:
        return "…"
    return str(bound) if column.type == "year" else f"{bound:,}"


def _what(column: Column) -> str:
    return f"{column.description} (personal)" if column.personal else column.description


def _table(declared: Table) -> list[str]:
    return [
        f"### {declared.name}",
        f"{declared.title_zh}. {declared.description}",
        _facts({"Grain": declared.grain, "Key": ", ".join(declared.key)}),
        _grid(
            ("column", "type", "中文名", "what"),
            [(column.name, column.type, column.title_zh, column.description) for column in declared.columns],
        ),
    ]


def _facts(facts: dict[str, str]) -> str:
    return "\n".join(f"- {name}: {text}" for name, text in facts.items())


def _grid(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(_cell(text) for text in line)} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").strip()


if __name__ == "__main__":
    write()
