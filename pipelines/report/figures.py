"""The figures of the weekly report, as data: what was asked of a published file, before it is drawn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal

from pipelines.report.quality import FailedCheck
from pipelines.scoring.measures import interval


@dataclass(frozen=True)
class Rate:
    """`events` of `of`, with Wilson's 95 % interval; without a denominator there is no share and no interval."""

    events: int
    of: int

    @property
    def share(self) -> float | None:
        """From 0 to 1."""
        return self.events / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Both ends, from 0 to 1."""
        return interval(self.events, self.of)


@dataclass(frozen=True)
class Listed:
    """The week's list: entities handed out and held out; the limits known add up to `limit_yuan`, None where none is."""

    listed: int
    held_out: int
    limit_yuan: Decimal | None
    on_application: int
    without_product: int


@dataclass(frozen=True)
class TargetLine:
    """A target of the plan (`out.plan_progress`); `is_sum` = the house's own total, each entity once."""

    target: str
    clause: str
    title_zh: str
    unit: str
    target_value: Decimal
    actual_value: Decimal | None
    share_pct: float | None
    pace_pct: float
    projection: Decimal | None
    is_on_pace: bool | None
    note: str
    is_sum: bool = False

    @property
    def is_rate(self) -> bool:
        """A rate is compared with its target, not with the part of the year gone."""
        return self.unit == "%"


@dataclass(frozen=True)
class Summed:
    """The lines that the plan adds up, added up: entities of two lines count twice. None = a line is not known."""

    titles: tuple[str, ...]
    target_value: Decimal
    actual_value: Decimal | None


@dataclass(frozen=True)
class Stages:
    """Counts of the funnel of some entities; `segment` None = of all, `is_mature` None = not known, or of both."""

    segment: str | None
    is_holdout: bool
    is_mature: bool | None
    published: int
    contacted: int
    applied: int
    approved: int
    disbursed: int
    lost: int
    contacted_applied: int
    contacted_disbursed: int
    applied_disbursed: int


@dataclass(frozen=True)
class Cohort:
    """Those first published in a week, all segments together, hold-outs left out."""

    week: str
    days: int
    is_mature: bool
    published: int
    contacted: int
    applied: int
    disbursed: int
    lost: int


@dataclass(frozen=True)
class Step:
    """One rule of a segment, in its order, and what became of those who came so far."""

    segment: str
    step: int
    rule: str
    entities_in: int
    passed: int
    failed: int
    unknown: int


@dataclass(frozen=True)
class Moves:
    """A segment on the list before and now, hold-outs on neither; `segment` None = all."""

    segment: str | None
    before: int
    left_list: int
    moved_out: int
    entered: int
    moved_in: int
    rescored: int
    unchanged: int
    now: int


@dataclass(frozen=True)
class Cause:
    """How many of those asked changed for one cause, and the rules that turned with them."""

    cause: str
    entities: int
    rules: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Causes:
    """Of the `entities` that entered, left or moved, why the `asked` did."""

    kind: str
    entities: int
    asked: int
    causes: tuple[Cause, ...]


@dataclass(frozen=True)
class Qualifying:
    """Watched entities of a segment that time alone will let in, by month; None = their day cannot be computed."""

    month: date | None
    segment: str
    entities: int


@dataclass(frozen=True)
class Needing:
    """Watched entities whose rule is unknown, by the feed that would settle it."""

    feed: str
    rules: tuple[str, ...]
    entities: int


@dataclass(frozen=True)
class Graded:
    """Listed entities of a segment in a grade."""

    segment: str
    grade: str | None
    entities: int


@dataclass(frozen=True)
class FeedFound:
    """A feed as the week found it; `title_zh` is its contract's."""

    feed: str
    title_zh: str
    state: str
    received_on: date | None
    days_old: int | None
    late_after_days: int | None
    frozen_rules: tuple[str, ...]


@dataclass(frozen=True)
class Prospect:
    """One of the first of the list, as the list has it."""

    rank: int
    uscc: str
    name: str
    segment: str
    score: int
    grade: str | None
    product: str | None
    limit_yuan: Decimal | None


@dataclass(frozen=True)
class Weekly:
    """All figures of a published file.

    Attributes:
        as_of: of the list; the conversions reach to `followed_on`.
        since: the week the list is compared with; None for the first there is.
        notes: what the release says its reader must know.
        checks: how many checks the list and its scores went through; `failed_checks` did not hold.
    """

    week: str
    as_of: date
    followed_on: date
    since: str | None
    maturity_days: int
    notes: tuple[str, ...]
    listed: Listed
    targets: tuple[TargetLine, ...]
    summed: Summed
    stages: tuple[Stages, ...]
    cohorts: tuple[Cohort, ...]
    steps: tuple[Step, ...]
    moves: tuple[Moves, ...]
    causes: tuple[Causes, ...]
    qualifying: tuple[Qualifying, ...]
    needing: tuple[Needing, ...]
    grades: tuple[Graded, ...]
    checks: int
    failed_checks: tuple[FailedCheck, ...]
    feeds: tuple[FeedFound, ...]
    first: tuple[Prospect, ...]

    @property
    def total(self) -> Stages:
        """Everyone ever handed out."""
        return added_stages(None, (line for line in self.stages if not line.is_holdout), is_holdout=False)

    @property
    def moved(self) -> Moves:
        """The list as a whole."""
        return added_moves(self.moves)


def added_stages(
    segment: str | None, lines: Iterable[Stages], *, is_holdout: bool, is_mature: bool | None = None
) -> Stages:
    """Several lines of the funnel as one."""
    return Stages(segment, is_holdout, is_mature, **_added(Stages, lines))


def added_moves(lines: Iterable[Moves]) -> Moves:
    """Several segments as one."""
    return Moves(None, **_added(Moves, lines))


def _added(kind: type, lines: Iterable[object]) -> dict[str, int]:
    each = list(lines)
    counts = [field.name for field in fields(kind) if field.type == "int"]
    return {name: sum(getattr(line, name) for line in each) for name in counts}
