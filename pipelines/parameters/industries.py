"""Industries (GB/T 4754-2017) and their size classes (工信部联企业〔2011〕300号), looked up by an industry code.

A code may be `C1329`, `1329`, `C13`, `13` or `C`; without its letter the section follows from the division. A code
whose letter and division disagree, or of another shape, is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import polars as pl

from pipelines.parameters.documents import declared
from pipelines.parameters.plan import FOLDER

METRICS = ("employees", "annual_revenue_yuan", "total_assets_yuan")
"""What the bounds of a size class are stated in: people, yuan a year, yuan."""

LEVELS = ("sections", "divisions", "groups")
"""What a size class is made of."""

_CLASS_CODE = r"^([A-T]?\d{3})\d$"
"""A four-digit code; no size class goes deeper than its group, the first three."""

_DIGITS = r"^[A-T]?(\d{2,4})$"
"""A code's digits, without the letter of its section."""


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
    """
    plain = code.str.strip_chars().str.to_uppercase()
    digits = plain.str.extract(_DIGITS)
    within = [digits.str.slice(0, n).is_in([each for each in listed if len(each) == n]) for n in (2, 3, 4)]
    wider = {each[:n] for each in listed for n in (2, 3) if n < len(each)}
    letters = {letter: _divisions(letter) for letter in _table()["sections"]}
    whole = [letter for letter, divisions in letters.items() if divisions <= {*listed}]
    partly = [letter for letter, divisions in letters.items() if divisions & {each[:2] for each in listed}]
    found = (
        pl.when(plain.is_in(whole) | pl.any_horizontal(within).fill_null(value=False))
        .then(statement=True)
        .when(~plain.is_in(partly) & ~digits.is_in(sorted(wider)).fill_null(value=False))
        .then(statement=False)
    )
    return pl.when(group(code).is_in(sorted(_sections()))).then(found)


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
