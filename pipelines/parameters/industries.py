"""Industries (GB/T 4754-2017) and their size classes (工信部联企业〔2011〕300号), looked up by an industry code.

A code may be `C1329`, `1329`, `C13`, `13` or `C`; without its letter the section follows from the division. A code
whose letter and division disagree, or of another shape, is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import product
from typing import Any

import polars as pl

from pipelines.errors import UsageError
from pipelines.parameters.documents import declared
from pipelines.parameters.plan import FOLDER

METRICS = ("employees", "annual_revenue_yuan", "total_assets_yuan")
"""What the bounds of a size class are stated in: people, yuan a year, yuan."""

MANUFACTURING = "C"
"""Its section (S38)."""

LEVELS = ("sections", "divisions", "groups")
"""What a size class is made of."""

_CLASS_CODE = r"^([A-T]?\d{3})\d$"
"""A four-digit code; no size class goes deeper than its group, the first three."""


def group(code: pl.Expr) -> pl.Expr:
    """An industry code without its fourth digit and in capitals: what sections and size classes are looked up by."""
    return code.str.strip_chars().str.to_uppercase().str.replace(_CLASS_CODE, "$1")


def is_of_section(code: pl.Expr, letter: str) -> pl.Expr:
    """Whether an industry code lies in a section, e.g. `C` for manufacturing; false for what is no industry code."""
    return group(code).is_in([made for made, section in _sections().items() if section == letter])


def is_listed(code: pl.Expr, listed: Sequence[str]) -> pl.Expr:
    """Whether an industry code lies in one of the listed divisions, groups or classes (two to four digits, no letter).

    Unknown for what is no industry code, and for one too short to tell: `F` or `54` where only `543` is listed. A
    section is in when all of its divisions are.

    Raises:
        UsageError: something listed is no such code.
    """
    within, too_short = _listed(tuple(listed))
    plain = code.str.strip_chars().str.to_uppercase()
    is_in = pl.when(plain.is_in(within)).then(statement=True).when(~plain.is_in(too_short)).then(statement=False)
    return pl.when(group(code).is_in(sorted(_sections()))).then(is_in)


@cache
def _listed(listed: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """The codes, with and without their letter, that lie in the listed ones, and those too short to tell."""
    odd = [each for each in listed if not each.isdecimal() or not 2 <= len(each) <= 4 or each[:2] not in _sections()]
    if odd:
        raise UsageError(
            f"{', '.join(odd)}: no division, group or class of GB/T 4754; expected two to four digits without a letter"
        )
    wider = {each[:n] for each in listed for n in (2, 3) if n < len(each)} - {*listed}
    deeper = {each + "".join(more) for each in listed for n in range(5 - len(each)) for more in _digits(n)}
    whole = [letter for letter in _table()["sections"] if _divisions(letter) <= {*listed}]
    partly = [letter for letter in _table()["sections"] if _divisions(letter) & {each[:2] for each in listed}]
    within, too_short = ([*codes, *(_sections()[code[:2]] + code for code in codes)] for codes in (deeper, wider))
    return sorted([*within, *whole]), sorted([*too_short, *({*partly} - {*whole})])


def _digits(count: int) -> Iterable[tuple[str, ...]]:
    return product("0123456789", repeat=count)


def medium_bounds() -> pl.DataFrame:
    """Where a medium enterprise begins, by `industry_group`: `size_class` and one `medium_from_<metric>` per metric.

    A bound is NULL where the class has none in that metric. Groups in no class (finance, education …) are not in it; a
    bare section is only when the whole section has one class (`C` has, `F` has not).
    """
    medium = {name: spec["medium"] for name, spec in _table()["classes"].items()}
    groups = _classes()
    bounds = {f"medium_from_{metric}": [medium[name].get(metric) for name in groups.values()] for metric in METRICS}
    found = {"industry_group": list(groups), "size_class": list(groups.values())} | bounds
    return pl.DataFrame(found, schema_overrides=dict.fromkeys(bounds, pl.Int64))


def _divisions(letter: str) -> set[str]:
    first, last = _table()["sections"][letter]["divisions"]
    return {f"{n:02d}" for n in range(first, last + 1)}


@cache
def _table() -> dict[str, Any]:
    return declared(FOLDER / "industries.yml", "industries")


@cache
def _sections() -> dict[str, str]:
    """Every section, division and group code, with and without its letter -> section."""
    ranges = {letter: spec["divisions"] for letter, spec in _table()["sections"].items()}
    divisions = {f"{n:02d}": letter for letter, (first, last) in ranges.items() for n in range(first, last + 1)}
    deeper = {division + digit: letter for division, letter in divisions.items() for digit in ["", *"0123456789"]}
    return {letter: letter for letter in ranges} | deeper | {letter + code: letter for code, letter in deeper.items()}


@cache
def _classes() -> dict[str, str]:
    """The same codes -> size class, the most specific entry of the table first; codes in none are left out."""
    listed = {
        code: name for name, spec in _table()["classes"].items() for level in LEVELS for code in spec.get(level, ())
    }
    found = {code: _most_specific(listed, letter, code.removeprefix(letter)) for code, letter in _sections().items()}
    return {code: name for code, name in found.items() if name is not None}


def _most_specific(listed: Mapping[str, str], letter: str, digits: str) -> str | None:
    return listed.get(digits) or listed.get(digits[:2]) or listed.get(letter)
