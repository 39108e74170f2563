"""Scorecards: declared as YAML, checked on loading."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.eligibility.segments import SEGMENTS
from pipelines.errors import DeclarationError
from pipelines.parameters import Parameters
from pipelines.parameters.documents import declared, digest

SCORECARDS = Path(__file__).parent / "scorecards"
NAME = re.compile(r"[a-z][a-z0-9_]*")
"""Of a scorecard, and so of its file."""

DEFAULT = "default"
"""Stands for every segment that a parameter by segment does not name."""

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

    @property
    def worth(self) -> tuple[int, ...]:
        """Points by band, in the numbering of `labels`."""
        known = [band.points for band in self.bands] or [*(self.values or {}).values(), self.other]
        return (*known, self.unknown)

    @property
    def labels(self) -> tuple[str, ...]:
        """What each band takes in: the bands or listed values in the card's order, other values, then `unknown`."""
        if self.values is not None:
            return (*self.values, "other", "unknown")
        bounds = [band.below for band in self.bands[:-1]]
        return (*(f"< {bound}" for bound in bounds), f">= {bounds[-1]}", "unknown")


@dataclass(frozen=True)
class Learned:
    """What a learned card rests on: the day it was learned, and what it then saw and expects.

    Attributes:
        shares_pct: characteristic -> share of the learning population in each of its bands, in percent; `score`: in
            each ten points.
        expected_pct: grade -> conversions expected of 100 contacted entities of the grade.
    """

    learned_on: date
    entities: int
    events: int
    shares_pct: Mapping[str, tuple[float, ...]]
    expected_pct: Mapping[str, float]


@dataclass(frozen=True)
class Card:
    """The card of one segment: its characteristics in order, and its grades, best first, with the score each begins at.

    `version` is the scorecard's name with a digest of its file: it changes with every point.
    """

    version: str
    segment: str
    grades: tuple[tuple[str, int], ...]
    characteristics: tuple[Characteristic, ...]
    learned: Learned | None = None


@dataclass(frozen=True)
class Scorecard:
    """A file of cards, at most one a segment."""

    name: str
    version: str
    title_zh: str
    cards: Mapping[str, Card]


def champions(p: Parameters) -> dict[str, Card]:
    """The card that ranks and grades each segment, by the parameter `scorecard`.

    Raises:
        DeclarationError: a segment has none, or the scorecard named for it has no card for it.
    """
    chosen = {segment.name: p.scorecard.get(segment.name, p.scorecard.get(DEFAULT)) for segment in SEGMENTS}
    return {segment: _card(segment, name) for segment, name in chosen.items()}


def challengers(p: Parameters) -> dict[str, Card]:
    """The card that runs beside a segment's champion, by the parameter `challenger`; most segments have none.

    `default` names a scorecard that challenges in every segment it has a card for.

    Raises:
        DeclarationError: a scorecard named for a segment has no card for it.
    """
    named = {segment: _card(segment, name) for segment, name in p.challenger.items() if segment != DEFAULT}
    everywhere = scorecard(p.challenger[DEFAULT]).cards if DEFAULT in p.challenger else {}
    return {**everywhere, **named}


def versions(p: Parameters) -> str:
    """The versions of all scorecards in use on the day, champions first."""
    used = [card.version for cards in (champions(p), challengers(p)) for card in cards.values()]
    return " ".join(dict.fromkeys(used))


def _card(segment: str, name: str | None) -> Card:
    if name is None:
        raise DeclarationError(
            f"the parameter `scorecard` names no card for {segment}; expected one under {segment!r} or {DEFAULT!r}"
        )
    found = scorecard(name).cards
    if segment not in found:
        raise DeclarationError(f"scorecard {name!r} has no card for {segment}; it has {', '.join(found)}")
    return found[segment]


@cache
def scorecard(name: str) -> Scorecard:
    """The scorecard of that name.

    Raises:
        DeclarationError: there is none, or its YAML is wrong; file, segment, characteristic and fault are named.
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
    version = f"{path.stem}-{digest([path])}"
    cards = {segment: _of_segment(path, version, segment, spec, raw) for segment, spec in raw["segments"].items()}
    return Scorecard(path.stem, version, raw["title_zh"], cards)


def _of_segment(path: Path, version: str, segment: str, spec: Mapping[str, Any], raw: Mapping[str, Any]) -> Card:
    place = f"{path.name}: {segment}"
    graded = spec.get("grades", raw.get("grades"))
    if graded is None:
        raise DeclarationError(f"{place} has no grades; expected `grades` in the segment or for the whole file")
    grades = tuple((entry["grade"], entry["from"]) for entry in graded)
    _check_grades(place, grades)
    made = tuple(_characteristic(place, name, each) for name, each in spec["characteristics"].items())
    return Card(version, segment, grades, made, _learned(spec.get("learned")))


def _learned(spec: Mapping[str, Any] | None) -> Learned | None:
    if spec is None:
        return None
    shares = {name: tuple(float(share) for share in made) for name, made in spec["shares_pct"].items()}
    expected = {grade: float(rate) for grade, rate in spec["expected_pct"].items()}
    return Learned(spec["learned_on"], spec["entities"], spec["events"], shares, expected)


def _characteristic(place: str, name: str, spec: Mapping[str, Any]) -> Characteristic:
    bands = tuple(Band(band.get("below"), band["points"]) for band in spec.get("bands", ()))
    _check_bands(f"{place}.{name}", bands)
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


def _check_grades(place: str, grades: Sequence[tuple[str, int]]) -> None:
    starts = [start for _, start in grades]
    if starts != sorted(set(starts), reverse=True) or len({grade for grade, _ in grades}) != len(grades):
        raise DeclarationError(f"{place}: expected grades best first, each once, each from a lower score than the last")
