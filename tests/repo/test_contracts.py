"""What every contract and table declaration promises beyond its JSON Schema."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import Any

import pytest

from pipelines.dictionary import DICTIONARY, dictionary
from pipelines.settings import HOUSE

from .declarations import read, stems

CONTRACTS = {stem: read(HOUSE / "schemas" / "feeds" / f"{stem}.yml") for stem in sorted(stems("schemas/feeds"))}
TABLES = {stem: read(HOUSE / "schemas" / "tables" / f"{stem}.yml") for stem in sorted(stems("schemas/tables"))}
CHINESE = re.compile(r"[\u4e00-\u9fff]")

contracts = pytest.mark.parametrize("made", CONTRACTS.values(), ids=CONTRACTS)
tables = pytest.mark.parametrize("made", TABLES.values(), ids=TABLES)


def bare(heading: str) -> str:
    """A heading as a clerk may type it: case, width, brackets and blanks do not tell two headings apart."""
    return re.sub(r"[\s()\[\]【】_]", "", unicodedata.normalize("NFKC", heading).casefold())


@contracts
def test_no_heading_means_two_columns(made: dict[str, Any]) -> None:
    headings = [(bare(text), name) for name, column in made["columns"].items() for text in (name, *column["headings"])]
    meanings = Counter(text for text, _ in set(headings))
    assert [text for text, count in meanings.items() if count > 1] == []
    assert [text for text, count in Counter(headings).items() if count > 1] == [], "an alias that is there already"


@contracts
def test_the_primary_heading_is_chinese(made: dict[str, Any]) -> None:
    assert [name for name, column in made["columns"].items() if not CHINESE.search(column["headings"][0])] == []


@contracts
def test_a_key_column_must_be_in_the_file_and_in_every_row(made: dict[str, Any]) -> None:
    columns = made["columns"]
    optional = [
        name for name in made["key"] if not columns[name].get("required") or columns[name].get("nullable", True)
    ]
    assert optional == []


@contracts
def test_key_period_and_scope_are_columns_of_the_contract(made: dict[str, Any]) -> None:
    named = {*made["key"], *made.get("snapshot_by", []), *([made["period"]] if "period" in made else [])}
    assert named - made["columns"].keys() == set()
    assert made.get("period") is None or not made["columns"][made["period"]].get("nullable", True)


@contracts
def test_a_lookup_leads_to_a_value_and_not_to_itself_or_another_lookup(made: dict[str, Any]) -> None:
    for name, column in made["columns"].items():
        lookups = column.get("lookups", {})
        assert lookups.keys() & set(lookups.values()) == set(), name
        if column["type"] == "enum":
            assert set(lookups.values()) <= set(column["values"]), name
            assert lookups.keys() & set(column["values"]) == set(), name


@contracts
def test_a_range_has_its_ends_in_order(made: dict[str, Any]) -> None:
    for name, column in made["columns"].items():
        low, high = column.get("range", (0, 1))
        assert low < high, name


@tables
def test_the_key_of_a_table_is_among_its_columns(made: dict[str, Any]) -> None:
    assert set(made["key"]) - made["columns"].keys() == set()


@tables
def test_no_two_columns_of_a_table_have_one_chinese_title(made: dict[str, Any]) -> None:
    titles = Counter(column["title_zh"] for column in made["columns"].values())
    assert [title for title, count in titles.items() if count > 1] == []


@tables
def test_a_column_says_its_unit_by_its_name(made: dict[str, Any]) -> None:
    columns = made["columns"].items()
    assert [name for name, column in columns if "（元）" in column["title_zh"] and "yuan" not in name] == []
    assert [name for name, column in columns if name.endswith("_on") and column["type"] != "DATE"] == []
    assert [name for name, column in columns if name.startswith(("is_", "has_")) and column["type"] != "BOOLEAN"] == []
    assert [name for name, column in columns if "yuan" in name and not column["type"].startswith("DECIMAL")] == []


def test_every_rule_and_segment_of_the_plan_has_its_column_in_eligibility() -> None:
    columns = TABLES["out__eligibility"]["columns"]
    assert sum(name.startswith("rule__") for name in columns) == 20
    assert sum(name.startswith("segment__") for name in columns) == 8
    assert {columns[name]["type"] for name in columns if name.startswith(("rule__", "segment__"))} == {"BOOLEAN"}


def test_the_dictionary_is_current() -> None:
    assert DICTIONARY.read_text(encoding="utf-8") == dictionary(), "run: python -m pipelines.dictionary"


def test_the_dictionary_names_every_column() -> None:
    text = dictionary()
    for name, made in {**CONTRACTS, **TABLES}.items():
        section = text.split(f"### {made.get('feed') or made['table']}\n")[1].split("\n### ")[0]
        assert [column for column in made["columns"] if f"\n| {column} |" not in section] == [], name
