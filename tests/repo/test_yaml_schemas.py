"""Every YAML of the project is of a known kind and fits the JSON Schema of its kind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from pipelines.settings import HOUSE

from .declarations import files, read

KINDS = {
    "schemas/feeds/*.yml": "feed_contract",
    "schemas/tables/*.yml": "table",
    "expectations/*.yml": "expectations",
    "pipelines/parameters/plan_*.yml": "parameters",
    "pipelines/parameters/targets_*.yml": "targets",
    "pipelines/parameters/lpr.yml": "lpr",
    "pipelines/parameters/industries.yml": "industries",
    "pipelines/scoring/scorecards/*.yml": "scorecard",
    "pipelines/parameters/products.yml": "products",
    "pipelines/parameters/seasons.yml": "seasons",
    "pipelines/names_zh.yml": "names_zh",
    "pipelines/lists/notes_zh.yml": "notes_zh",
}
YAML_FILES = [path.relative_to(HOUSE) for pattern in ("*.yml", "*.yaml") for path in files(pattern)]


def validator(kind: str) -> Draft202012Validator:
    schema = json.loads((HOUSE / "schemas" / f"{kind}.schema.json").read_text(encoding="utf-8"))
    return Draft202012Validator(schema)


@pytest.mark.parametrize("path", YAML_FILES, ids=str)
def test_a_yaml_fits_the_schema_of_its_kind(path: Path) -> None:
    kinds = [kind for pattern, kind in KINDS.items() if path.match(pattern)]
    assert len(kinds) == 1, f"{path} is of no declared kind: give it a JSON Schema and a line in KINDS"
    faults = [f"{error.json_path}: {error.message}" for error in validator(kinds[0]).iter_errors(read(HOUSE / path))]
    assert faults == []


@pytest.mark.parametrize("kind", sorted(set(KINDS.values())))
def test_a_schema_is_itself_valid_and_used(kind: str) -> None:
    Draft202012Validator.check_schema(validator(kind).schema)
    assert any(path.match(pattern) for path in YAML_FILES for pattern, name in KINDS.items() if name == kind)


def test_every_schema_file_has_a_kind() -> None:
    assert {path.name.removesuffix(".schema.json") for path in (HOUSE / "schemas").glob("*.json")} == set(
        KINDS.values()
    )


GOOD = {
    "feed": "a__b",
    "title_zh": "甲",
    "department": "乙",
    "description": "d",
    "grain": "g",
    "delivery": "append",
    "key": ["no"],
    "columns": {"no": {"type": "text", "headings": ["编号"], "description": "Number"}},
}
COLUMN = GOOD["columns"]["no"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"delivery": "period_snapshot"}, "a snapshot without the period it replaces by"),
        ({"snapshot_by": ["no"]}, "a replaced scope where nothing is replaced"),
        ({"delivery": "upsert", "period": "no"}, "a register has no period"),
        ({"late_after": 45}, "a misspelt key"),
        ({"columns": {"no": COLUMN | {"type": "string"}}}, "an unknown type"),
        ({"columns": {"no": COLUMN | {"type": "enum"}}}, "an enum without its values"),
        ({"columns": {"no": COLUMN | {"unit": "万元"}}}, "a unit on what is not money"),
        ({"columns": {"no": COLUMN | {"type": "date", "range": [0, 1]}}}, "a numeric range on a date"),
        (
            {"columns": {"no": COLUMN | {"type": "boolean", "lookups": {"已缴": True}}}},
            "a lookup that YAML made a flag",
        ),
        ({"columns": {"no": COLUMN | {"headings": []}}}, "a column without a heading"),
        ({"columns": {"No.": COLUMN}}, "a column name SQL would have to quote"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_contract_is_told_from_a_right_one(wrong: dict[str, object], why: str) -> None:
    contracts = validator("feed_contract")
    assert contracts.is_valid(GOOD)
    assert not contracts.is_valid(GOOD | wrong), why
