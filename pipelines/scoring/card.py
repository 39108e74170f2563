"""Scorecards: declared as YAML, checked on loading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.errors import DeclarationError
from pipelines.parameters.documents import declared, digest

SCORECARDS = Path(__file__).parent / "scorecards"
UNKNOWN_NOTE_ZH = "（数据待补）"
"""Follows the reason where the points are those of a value that is not known."""


@dataclass(frozen=True)
class Band:
    """Points for values below `below` that no earlier band took; the last band has no bound."""

    below: Decimal | int | None
    points: int


@dataclass(frozen=True)
class Characteristic:
    """One feature and the points its values are worth: by `bands` of a number, or by listed `values`."""

    name: str
    clause: str
    column: str
    reason_zh: str
    unknown: int
    bands: tuple[Band, ...] = ()
    values: Mapping[str, int] | None = None
    other: int = 0

    @property
    def reason_of_unknown_zh(self) -> str:
        """The reason shown beside the points of an unknown value."""
        return self.reason_zh + UNKNOWN_NOTE_ZH


@dataclass(frozen=True)
class Scorecard:
    """A scorecard: its characteristics in order, and its grades, best first, with the score each begins at.

    `version` is the name with a digest of the file: it changes with every point.
    """

    version: str
    title_zh: str
    grades: tuple[tuple[str, int], ...]
    characteristics: tuple[Characteristic, ...]


@cache
def scorecard(name: str) -> Scorecard:
    """The scorecard of that name.

    Raises:
        DeclarationError: there is none, or its YAML is wrong; file, characteristic and fault are named.
    """
    path = SCORECARDS / f"{name}.yml"
    if not path.is_file():
        known = ", ".join(sorted(found.stem for found in SCORECARDS.glob("*.yml")))
        raise DeclarationError(
            f"there is no scorecard {name!r}; expected one of {known} (pipelines/scoring/scorecards/)"
        )
    return load(path)


def load(path: Path) -> Scorecard:
    """The scorecard in a YAML file.

    Raises:
        DeclarationError: it does not fit its schema, is named otherwise, or its bands or grades are out of order.
    """
    raw = declared(path, "scorecard")
    if raw["scorecard"] != path.stem:
        raise DeclarationError(
            f"{path.name}: `scorecard` is {raw['scorecard']!r}; expected the file's name {path.stem!r}"
        )
    characteristics = tuple(_characteristic(path, name, spec) for name, spec in raw["characteristics"].items())
    grades = tuple((entry["grade"], entry["from"]) for entry in raw["grades"])
    _check_grades(path, grades)
    return Scorecard(f"{path.stem}-{digest([path])}", raw["title_zh"], grades, characteristics)


def _characteristic(path: Path, name: str, spec: Mapping[str, Any]) -> Characteristic:
    bands = tuple(Band(band.get("below"), band["points"]) for band in spec.get("bands", ()))
    _check_bands(f"{path.name}: {name}", bands)
    values = {_text(value): points for value, points in spec["values"].items()} if "values" in spec else None
    return Characteristic(
        name=name,
        clause=spec["clause"],
        column=spec["column"],
        reason_zh=spec["reason_zh"],
        unknown=spec["unknown"],
        bands=bands,
        values=values,
        other=spec.get("other", 0),
    )


def _text(value: object) -> str:
    """A listed value as Polars writes it: `true`, not `True`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check_bands(place: str, bands: Sequence[Band]) -> None:
    bounds = [band.below for band in bands]
    if not bounds:
        return
    inner = [bound for bound in bounds[:-1] if bound is not None]
    if len(inner) != len(bounds) - 1 or bounds[-1] is not None:
        raise DeclarationError(f"{place}: expected every band but the last to have `below`, and the last to have none")
    if inner != sorted(set(inner)):
        raise DeclarationError(f"{place}: expected ascending bounds, found {', '.join(map(str, inner))}")


def _check_grades(path: Path, grades: Sequence[tuple[str, int]]) -> None:
    starts = [start for _, start in grades]
    if starts != sorted(set(starts), reverse=True) or len({grade for grade, _ in grades}) != len(grades):
        raise DeclarationError(
            f"{path.name}: expected grades best first, each once, each from a lower score than the last"
        )
