"""What a rule is, and the register of all of them.

A rule is a short function named as a fact that returns a three-valued expression over the features frame: TRUE, FALSE,
or NULL for unknown. `@rule` adds its clause and the feed it needs, and registers it under its name; its Chinese name is
the title of its column in out.eligibility.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from pipelines.errors import DeclarationError
from pipelines.parameters import Parameters

UNKNOWN = pl.lit(None, dtype=pl.Boolean)
NO_DATE = pl.lit(None, dtype=pl.Date)
INDIVIDUAL_BUSINESS = "92"
ENTERPRISE = "91"


@dataclass(frozen=True)
class FeedStates:
    """Which feeds stand behind a judgement at the as-of date.

    Attributes:
        delivered: feeds that delivered at least once.
        late: delivered once, but not within the `late_after_days` of their contract.
        failed: its newest delivery was refused or stopped by the gate, so that what is held is known to be outdated.
        received_on: when the newest file of a feed came; feeds may be left out.
    """

    delivered: frozenset[str]
    late: frozenset[str]
    failed: frozenset[str] = frozenset()
    received_on: Mapping[str, date] = field(default_factory=dict, hash=False)

    def is_fresh(self, feed: str) -> bool:
        """Whether rules may rest on the feed."""
        return self.of(feed) == "fresh"

    def of(self, feed: str) -> str:
        """`fresh`, `missing` (never delivered), `failed` or `late`."""
        if feed not in self.delivered:
            return "missing"
        return "failed" if feed in self.failed else "late" if feed in self.late else "fresh"


@dataclass(frozen=True)
class Gap:
    """How a rule that is not met is shown: what was found, what is needed, and when time alone will meet it.

    Attributes:
        value: what was found, as readable Chinese text; every part that is not known reads 未知.
        needed: what the rule asks for.
        closes_on: the earliest as-of date on which it will hold if nothing else changes; NULL when not computable.
    """

    value: pl.Expr
    needed: str
    closes_on: pl.Expr = field(default_factory=lambda: NO_DATE)


Judgement = Callable[[Parameters], "pl.Expr | tuple[pl.Expr, ...]"]


@dataclass
class Rule:
    """A named fact about an entity, with the clause it stands in and the feeds that settle it.

    Attributes:
        feeds: one feed, or one per alternative of a rule that any of several proofs meets.
        disproof_lasts: FALSE stays FALSE when the feed is late or was never delivered (a loan record is for ever).
        can_be_met: to whom time or work can turn FALSE into TRUE, so that being short of it is worth watching.
        applies: to whom the rule is addressed; for others unknown means "not applicable", not "to verify".
    """

    name: str
    clause: str
    feeds: tuple[str, ...]
    judgement: Judgement
    disproof_lasts: bool = False
    can_be_met: Callable[[], pl.Expr] | None = None
    applies: Callable[[], pl.Expr] = field(default=lambda: pl.lit(value=True))
    gap: Callable[[Parameters], Gap] | None = None

    @property
    def column(self) -> str:
        """The column of the judged frame that holds the outcome."""
        return f"rule__{self.name}"

    def __call__(self, p: Parameters) -> pl.Expr:
        """The outcome if every feed were fresh."""
        return pl.any_horizontal(self._alternatives(p))

    def outcome(self, p: Parameters, feeds: FeedStates) -> pl.Expr:
        """The outcome with the feeds as they are: an alternative whose feed is not fresh is unknown to everyone."""
        pairs = zip(self._alternatives(p), self.feeds, strict=True)
        settled = [made if feeds.is_fresh(feed) else self._frozen(made) for made, feed in pairs]
        return pl.any_horizontal(settled).alias(self.column)

    def shown(self, gap: Callable[[Parameters], Gap]) -> Callable[[Parameters], Gap]:
        """Decorator: how this rule's value and need read."""
        self.gap = gap
        return gap

    def _alternatives(self, p: Parameters) -> tuple[pl.Expr, ...]:
        made = self.judgement(p)
        return made if isinstance(made, tuple) else (made,)

    def _frozen(self, made: pl.Expr) -> pl.Expr:
        return pl.when(~made).then(statement=False) if self.disproof_lasts else UNKNOWN


RULES: dict[str, Rule] = {}
"""Every rule by name, in the order of the domain modules. Import `pipelines.eligibility` and it is complete."""


def rules_on(feed: str) -> list[str]:
    """The names of the rules that rest on a feed, wholly or in one of their alternatives: unknown while it is not fresh."""
    return [name for name, made in RULES.items() if feed in made.feeds]


def rule(
    *,
    clause: str,
    feed: str | tuple[str, ...],
    disproof_lasts: bool = False,
    can_be_met: Callable[[], pl.Expr] | None = None,
    applies: Callable[[], pl.Expr] | None = None,
) -> Callable[[Judgement], Rule]:
    """Decorator: register a judgement as the rule of its function's name.

    Raises:
        DeclarationError: two rules share a name.
    """

    def register(judgement: Judgement) -> Rule:
        name = judgement.__name__
        if name in RULES:
            raise DeclarationError(f"rule {name} is declared twice; a name must mean one thing")
        made = Rule(name, clause, (feed,) if isinstance(feed, str) else feed, judgement)
        made.__doc__ = judgement.__doc__
        made.disproof_lasts, made.can_be_met = disproof_lasts, can_be_met
        made.applies = applies or made.applies
        RULES[name] = made
        return made

    return register


def months_before(day: date, months: int) -> date:
    """The same day of the month `months` earlier, or that month's last day (31 March - 1 month = 28 or 29 February)."""
    return pl.select(pl.lit(day).dt.offset_by(f"-{months}mo")).item()  # type: ignore[no-any-return]


def by_anyone() -> pl.Expr:
    """For `can_be_met`: whoever is short of the rule may meet it one day."""
    return pl.lit(value=True)


def after_months(p: Parameters, months: pl.Expr) -> pl.Expr:
    """The first day on which `months` more calendar months than at as-of are closed; NULL where `months` is, or is 0."""
    first_of_month = pl.lit(p.as_of.replace(day=1))
    return pl.when(months > 0).then(first_of_month.dt.offset_by(pl.format("{}mo", months)))


def said(template: str, *parts: pl.Expr) -> pl.Expr:
    """Text with `{}` filled in; a part that is not known reads 未知."""
    return pl.format(template, *[part.cast(pl.String).fill_null("未知") for part in parts])
