"""The plan's targets, as data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pipelines.errors import UsageError
from pipelines.parameters.documents import declared
from pipelines.parameters.plan import FOLDER


@dataclass(frozen=True)
class Target:
    """One target of one plan year: what is counted (`measure`), and how much of it.

    `segments` bounds it to entities one of whose segments, the primary or another, is named; none = all.
    `value` is in `unit` (entities, sites, applications or pct).
    """

    id: str
    year: int
    clause: str
    title_zh: str
    unit: str
    value: Decimal
    measure: str
    segments: tuple[str, ...]


def targets(as_of: date) -> list[Target]:
    """The targets of the newest plan year that had begun on `as_of`, in the plan's order.

    Raises:
        UsageError: no plan year had begun.
    """
    begun = [plan for plan in _plans() if plan[0].year <= as_of.year]
    if not begun:
        first = _plans()[0][0].year
        raise UsageError(f"no targets on {as_of}: the first plan year is {first}. Choose an as-of date from then on")
    return begun[-1]


def _plans() -> list[list[Target]]:
    return [_targets_of(declared(path, "targets")) for path in sorted(FOLDER.glob("targets_*.yml"))]


def _targets_of(plan: dict[str, object]) -> list[Target]:
    rows = plan["targets"]
    assert isinstance(rows, list)  # noqa: S101 - the JSON Schema says so; this tells the type checker
    return [
        Target(
            id=row["id"],
            year=int(str(plan["year"])),
            clause=row["clause"],
            title_zh=row["title_zh"],
            unit=row["unit"],
            value=Decimal(row["value"]),
            measure=row["measure"],
            segments=tuple(row.get("segments", ())),
        )
        for row in rows
    ]
