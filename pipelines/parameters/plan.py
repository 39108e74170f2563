"""The plan's numbers as they stood on a day, typed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.errors import DeclarationError, UsageError
from pipelines.parameters.documents import declared, digest, number

FOLDER = Path(__file__).parent
PLAN = FOLDER / "plan_2026.yml"
TRUE_WORDS = {"true": True, "on": True, "yes": True, "1": True, "false": False, "off": False, "no": False, "0": False}


@dataclass(frozen=True)
class Parameters:
    """Every number a decision reads, as in force on `as_of`; descriptions and clauses stand in plan_2026.yml.

    Units are in the names: `_yuan` and `_pct` are decimals, `_months`, `_years`, `_days` and `_staff` whole numbers.
    `version` is a digest of the parameter files (and of the overrides, for a rehearsal).
    """

    as_of: date
    version: str
    new_enterprise_months: int
    tax_window_months: int
    tax_cycle_months_back: int
    tax_deadline_day: int
    grace_days: int
    min_annual_tax_yuan: Decimal
    first_loan_definition: str
    min_insured_staff: int
    max_insured_staff: int
    insured_window_months: int
    max_missing_insured_months: int
    min_operating_years: int
    in_business_statuses: tuple[str, ...]
    not_in_business_statuses: tuple[str, ...]
    tech_certifications: tuple[str, ...]
    priority_certifications: tuple[str, ...]
    rural_operator_types: tuple[str, ...]
    admitted_tax_grades: tuple[str, ...]
    unrated_lane: bool
    unrated_lane_months: int
    min_annual_invoicing_yuan: Decimal
    min_paid_bill_months: int
    bill_window_months: int
    scorecard: Mapping[str, str]
    challenger: Mapping[str, str]
    basic_share_pct_by_grade: Mapping[str, Decimal]
    flow_basis: str
    basic_cap_yuan: Decimal
    basic_min_term_months: int
    basic_term_months: int
    basic_manufacturing_term_months: int
    basic_spread_pct_points: Decimal
    tech_rd_share_pct: Decimal
    tech_cap_yuan: Decimal
    tech_discount_pct_points: Decimal
    tech_term_months: int
    trade_industry_codes: tuple[str, ...]
    season_lead_days: int
    livelihood_industry_codes: tuple[str, ...]
    livelihood_max_change_pct: Decimal
    livelihood_min_rating: Decimal
    livelihood_wage_months: int
    livelihood_reading: str
    livelihood_cap_yuan: Decimal
    deferral_months: int
    relending_cap_yuan: Decimal
    relending_spread_pct_points: Decimal
    subsidy_share_pct: Decimal
    subsidy_cap_yuan: Decimal
    holdout_share_pct: Decimal
    maturity_days: int
    min_fit_events: int
    min_watched_entities: int
    max_psi: Decimal


def parameters(as_of: date, overrides: Mapping[str, object] | None = None) -> Parameters:
    """The plan's numbers in force on `as_of`; `overrides` replaces some for a rehearsal (text or typed values).

    Raises:
        UsageError: a number has no value yet on that day; an override names no parameter, or its value does not fit the
            parameter's unit.
        DeclarationError: plan_2026.yml is wrong.
    """
    plan = _plan()
    values: dict[str, Any] = {name: _in_force(name, spec, as_of) for name, spec in plan.items()}
    for name, value in (overrides or {}).items():
        values[name] = _overridden(name, value, plan)
    _check_together(values)
    return Parameters(as_of=as_of, version=_version(overrides or {}), **values)


@dataclass(frozen=True)
class ValueChange:
    """A dated value that takes the place of another: from `on` to the day before `until` (None = still in force)."""

    name: str
    description: str
    clause: str
    unit: str
    was: str
    now: str
    on: date
    until: date | None


def value_changes(since: date, until: date) -> list[ValueChange]:
    """The values that took the place of another after `since`, up to `until`, by day and name. First values are none."""
    found = [
        change for name, spec in _plan().items() for change in _changes_of(name, spec) if since < change.on <= until
    ]
    return sorted(found, key=lambda change: (change.on, change.name))


def _changes_of(name: str, spec: Mapping[str, Any]) -> list[ValueChange]:
    words = {day: str(value) for day, value in sorted(spec["values"].items())}
    days = [day for day, before in zip(words, [None, *words.values()], strict=False) if words[day] != before]
    about = (name, " ".join(spec["description"].split()), spec["clause"], spec["unit"])
    ends = [*days[2:], None]
    return [
        ValueChange(*about, words[was], words[now], now, end)
        for was, now, end in zip(days, days[1:], ends, strict=False)
    ]


def clause(name: str) -> str:
    """The clause of the work plan a parameter stands in, e.g. `S08`."""
    return str(_plan()[name]["clause"])


@cache
def _plan() -> dict[str, Any]:
    plan = declared(PLAN, "parameters")
    expected = set(Parameters.__dataclass_fields__) - {"as_of", "version"}
    if plan.keys() != expected:
        odd = sorted(plan.keys() ^ expected)
        raise DeclarationError(
            f"{PLAN.name}: {odd} stand(s) only in the file or only in the class Parameters; add or drop"
        )
    return plan


@cache
def _digest_of_files() -> str:
    return digest(list(FOLDER.glob("*.yml")))


def _version(overrides: Mapping[str, object]) -> str:
    if not overrides:
        return _digest_of_files()
    said = [f"{name}={overrides[name]}" for name in sorted(overrides)]
    return f"{_digest_of_files()}+{digest([], *said)}"


_MOST = Decimal(10**18)
"""No number of a plan is larger, and no engine takes one of hundreds of digits."""

_NOT_ABOVE = (
    ("min_insured_staff", "max_insured_staff"),
    ("max_missing_insured_months", "insured_window_months"),
    ("min_paid_bill_months", "bill_window_months"),
    ("basic_min_term_months", "basic_term_months"),
    ("basic_min_term_months", "basic_manufacturing_term_months"),
)
"""Pairs of which the first must not exceed the second."""


def _check_together(values: Mapping[str, Any]) -> None:
    for less, more in _NOT_ABOVE:
        if values[less] > values[more]:
            raise UsageError(f"{less}={values[less]} exceeds {more}={values[more]}; change both so that they fit")


def _in_force(name: str, spec: Mapping[str, Any], as_of: date) -> object:
    known = [day for day in spec["values"] if day <= as_of]
    if not known:
        first = min(spec["values"])
        raise UsageError(
            f"{name} ({spec['clause']}) has no value on {as_of}: its first holds from {first}. "
            f"Choose an as-of date from {first} on, or add an earlier value to {PLAN.name}"
        )
    return _typed(name, spec["values"][max(known)], spec)


def _overridden(name: str, value: object, plan: Mapping[str, Any]) -> object:
    if name not in plan:
        near = get_close_matches(name, plan, n=3, cutoff=0.4) or sorted(plan)
        raise UsageError(f"there is no parameter {name!r}; expected one of {PLAN.name}, such as {', '.join(near)}")
    return _typed(name, value, plan[name])


def _typed(name: str, value: object, spec: Mapping[str, Any]) -> object:
    try:
        typed = _CONVERSIONS[spec["unit"]](value)
    except (KeyError, TypeError, ValueError, AttributeError, InvalidOperation) as error:
        written = " (a number is written as 50000 or 0.30)" if _CONVERSIONS[spec["unit"]] in (_amount, _whole) else ""
        raise UsageError(
            f"{name}={value!r} is no value in {spec['unit']}{written}; see its entry in {PLAN.name}"
        ) from error
    if typed not in spec.get("choices", [typed]):
        raise UsageError(f"{name}={value!r} is not one of {', '.join(spec['choices'])}")
    if ("at_least" in spec and typed < spec["at_least"]) or ("at_most" in spec and typed > spec["at_most"]):
        bounds = f"from {spec.get('at_least', 0)}" + (f" to {spec['at_most']}" if "at_most" in spec else " on")
        raise UsageError(f"{name}={value!r} is out of range; expected {spec['unit']} {bounds}")
    return typed


def _amount(value: object) -> Decimal:
    made = number(value.strip()) if isinstance(value, str) else Decimal(str(value))
    if not made.is_finite() or made < 0 or made > _MOST:
        raise ValueError
    return made


def _whole(value: object) -> int:
    made = _amount(value)
    if made != int(made):
        raise ValueError
    return int(made)


def _flag(value: object) -> bool:
    return value if isinstance(value, bool) else TRUE_WORDS[str(value).lower()]


def _names(value: str | Iterable[object]) -> tuple[str, ...]:
    given = value.split(",") if isinstance(value, str) else value
    return tuple(str(item).strip() for item in given)


def _by_segment(value: str | Mapping[str, object]) -> dict[str, str]:
    given = dict(part.split(":") for part in value.split(",") if part) if isinstance(value, str) else value
    return {segment.strip(): str(name).strip() for segment, name in given.items()}


def _by_grade(value: str | Mapping[str, object]) -> dict[str, Decimal]:
    given = dict(part.split(":") for part in value.split(",")) if isinstance(value, str) else value
    made = {grade.strip(): _amount(share) for grade, share in given.items()}
    if max(made.values()) > 100:
        raise ValueError
    return made


_CONVERSIONS: dict[str, Callable[[Any], object]] = {
    "yuan": _amount,
    "pct": _amount,
    "pct_points": _amount,
    "months": _whole,
    "years": _whole,
    "days": _whole,
    "people": _whole,
    "rating": _amount,
    "entities": _whole,
    "index": _amount,
    "flag": _flag,
    "text": str,
    "names": _names,
    "pct_by_grade": _by_grade,
    "text_by_segment": _by_segment,
}
