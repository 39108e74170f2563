"""Where the simulated worlds lie: the sample county, and the invented counties of a province."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipelines.registers.divisions import division_names
from pipelines.simulate.codes import SUBJECTS
from pipelines.simulate.facts import COUNTY, DIVISION, DIVISIONS_OF_REGISTRATION

COUNTY_ENTITIES = 50_000
"""Entities of a whole county of a province; the last county has what is left."""

MOST_COUNTIES = 512
"""Counties a province may have: each has its own span of subject numbers, so that no code is given twice."""

_PROVINCE = "51"
_NAMES = ("云", "青", "白", "双", "永", "龙", "金", "柳", "石", "凤", "安", "清", "平", "临", "长", "东")
_WATERS = ("溪", "江", "川", "河", "泉", "湖", "津", "浦", "塘", "源", "洲", "滩", "谷", "岭", "峰", "原",
           "坝", "坪", "山", "关", "桥", "亭", "城", "阳", "陵", "宁", "安", "丰", "和", "兴", "林", "田")  # fmt: skip
_SPAN = SUBJECTS // MOST_COUNTIES

KINDS = {"92": 1800, "91": 860, "93": 115}
"""Entities of the sample county by kind, planted cases and ugly rows not counted."""

KINDS_OF_PROVINCE = {"92": 0.645, "91": 0.31, "93": 0.038, "N2": 0.004, "Y1": 0.002, "A1": 0.001}
"""Shares by authority and kind; rural collectives (N), other bodies (Y) and A have letters in their first places."""


@dataclass(frozen=True)
class Place:
    """A county: how it is called, its division code, where its codes were issued, which subject numbers are its own."""

    name: str = COUNTY
    division: str = DIVISION
    registrations: Mapping[str, float] = field(default_factory=lambda: DIVISIONS_OF_REGISTRATION)
    kinds: Mapping[str, int] = field(default_factory=lambda: KINDS)
    first_subject: int = 0
    subjects: int = SUBJECTS


def county_of_province(number: int, entities: int) -> Place:
    """The invented county of a number, with so many entities; division codes are those of Sichuan, used in turn."""
    codes = sorted(code for code in division_names() if code.startswith(_PROVINCE) and not code.endswith("00"))
    division = codes[number % len(codes)]
    name = f"{_NAMES[number % len(_NAMES)]}{_WATERS[number // len(_NAMES)]}县"
    registrations = {division: 0.94, f"{division[:4]}00": 0.04, "510626": 0.02}
    counts = {kind: round(entities * share) for kind, share in KINDS_OF_PROVINCE.items()}
    counts["92"] += entities - sum(counts.values())
    return Place(name, division, registrations, counts, number * _SPAN, _SPAN)
