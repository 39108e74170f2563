"""Why an entity is on the list of a release, or why not: every rule with its value, source file and row."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.eligibility.entity import Candidate, find
from pipelines.eligibility.evidence import (
    BESIDE,
    Feeds,
    Link,
    Quarantined,
    Source,
    features_of,
    links,
    quarantined,
    rows_of,
    suppressions,
)
from pipelines.eligibility.explained_offer import OfferLine, offer_lines
from pipelines.eligibility.explained_verdict import Verdict, verdict
from pipelines.eligibility.history import Change, Weeks, history
from pipelines.eligibility.rules import RULES, Rule
from pipelines.eligibility.segments import SEGMENTS, Segment
from pipelines.names import name_zh, names_zh
from pipelines.parameters import Parameters, parameters
from pipelines.warehouse.connect import open_published, without_pandas
from pipelines.warehouse.query import columns_of, release_of

if TYPE_CHECKING:
    from pipelines.warehouse.connect import Connection

WHEN_MET = {"never_borrowed": "未见任何贷款、贴现记录"}
"""What a rule found once it is met, where the words of its gap would only fit while it is open."""

EARLIER_SHOWN = 12


@dataclass(frozen=True)
class RuleLine:
    """One rule for one entity.

    Attributes:
        outcome: True, False, or None for unknown.
        is_applicable: False where the rule is not addressed to such an entity.
        looked_at: feature column -> value, as the rule saw it.
        value: the same in words; `needed` is what the rule asks for.
        can_be_met: time or work with the entity can make it hold.
        closes_on: the day on which time alone will meet it; None when that is not computable.
        why_unknown: None unless the outcome is.
    """

    name: str
    title_zh: str
    clause: str
    outcome: bool | None
    is_applicable: bool
    looked_at: dict[str, Any]
    value: str | None
    needed: str
    can_be_met: bool
    closes_on: date | None
    why_unknown: str | None
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class SegmentLine:
    """One segment for one entity, with the rules that stand against it; `feed_state` is that of its defining feed."""

    name: str
    title_zh: str
    clause: str
    outcome: bool | None
    feed_state: str
    failed: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class PointLine:
    """One reason of the score and its points; `above_mean`: points above the mean of its segment, None where not kept."""

    reason: str
    points: int
    above_mean: float | None = None


@dataclass(frozen=True)
class Explanation:
    """All that a release knows of one entity; without an entity, the candidates a name may mean.

    Attributes:
        listed: the row of `out.target_list`; None when it is not on the list.
        watched: its rows of `out.watchlist`.
        links: accounts, farms and legacy ids whose rows stand under its code, with the step, score and evidence of each.
        predecessor: code and first-loan status of the business it was converted from (个转企), where the register names one.
        earlier: week, rank, segment, score and grade of earlier releases, newest first.
        history: when it entered, left or moved, and what caused it, newest first.
        notes: what a reader must know about this explanation itself.
    """

    query: str
    week: str
    as_of: date
    candidates: tuple[Candidate, ...] = ()
    uscc: str | None = None
    name: str | None = None
    first_loan_status: str | None = None
    first_loan_evidence: dict[str, Any] = field(default_factory=dict)
    predecessor: dict[str, Any] | None = None
    links: tuple[Link, ...] = ()
    verdict: Verdict | None = None
    rules: tuple[RuleLine, ...] = ()
    segments: tuple[SegmentLine, ...] = ()
    listed: dict[str, Any] | None = None
    points: tuple[PointLine, ...] = ()
    offer: tuple[OfferLine, ...] = ()
    watched: tuple[dict[str, Any], ...] = ()
    earlier: tuple[dict[str, Any], ...] = ()
    history: tuple[Change, ...] = ()
    suppressions: tuple[dict[str, Any], ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def to_json(self) -> str:
        """The explanation as JSON: amounts and dates as text, unknown as null."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2, default=str)

    def to_text(self, width: int = 120, *, color: bool = False) -> str:
        """The explanation as tables for a terminal of `width` columns, Chinese and English."""
        from pipelines.eligibility.explained_text import render

        return render(self, width, color=color)


@dataclass(frozen=True)
class _Release:
    """An open published file, and what it was made with."""

    con: Connection
    week: str
    as_of: date
    parameters: Parameters
    notes: tuple[str, ...]
    feeds: Feeds
    weeks: Weeks


def explain(published: Path, query: str) -> Explanation:
    """Why the entity that `query` names is on the list of the published release, or why not.

    Args:
        published: a published `.duckdb` file (or the link `current.duckdb`); opened read-only.
        query: unified social credit code (any case or width), legacy 15-character id, `farm:<operator_id>`, the exact
            name, or a part of it. A part that fits several gives the candidates instead of an explanation.

    Raises:
        UsageError: nothing is published there, or no entity of the release fits the query.
    """
    with _opened(published) as release:
        found = find(release.con, query, release.week)
        if len(found) > 1:
            return Explanation(query, release.week, release.as_of, candidates=found, notes=release.notes)
        return _explained(release, query, found[0].uscc)


def explain_each(published: Path, usccs: Iterable[str]) -> tuple[Explanation, ...]:
    """The same of several entities of the release, by their codes as it knows them, in their order.

    Raises:
        UsageError: nothing is published there.
    """
    with _opened(published) as release:
        return tuple(_explained(release, uscc, uscc) for uscc in usccs)


@contextmanager
def _opened(published: Path) -> Iterator[_Release]:
    with without_pandas(), closing(open_published(published)) as con:
        release = _release(con, published)
        with closing(release.weeks):
            yield release


def _release(con: Connection, published: Path) -> _Release:
    run = release_of(con, published)
    week, as_of = run["week"], run["as_of"]
    now = parameters(as_of)
    changed = run["parameters_version"] not in (None, now.version)
    note = (
        "参数文件在本批次发布后有改动：所列门槛与额度算式按现行参数，结论按发布时 "
        "(parameter files changed since this release: thresholds shown are today's, outcomes are the release's)"
    )
    notes = (note,) if changed else ()
    return _Release(con, week, as_of, now, notes, Feeds(con, as_of), Weeks(con, published, week))


def _explained(release: _Release, query: str, uscc: str) -> Explanation:
    con, week = release.con, release.week
    judged = rows_of(con, "SELECT * FROM out.eligibility WHERE week = ? AND uscc = ?", week, uscc)[0]
    features = features_of(con, uscc)
    listings = rows_of(con, "SELECT * FROM out.target_list WHERE uscc = ? ORDER BY week DESC", uscc)
    listed = next((row for row in listings if row["week"] == week), None)
    sources = {feed: release.feeds.source(feed, uscc) for feed in _feeds()}
    named = [RULES[name] for name in names_zh("rule") if name in RULES]
    rules = tuple(_rule_line(release, rule, judged, features, sources) for rule in named)
    segments = tuple(_segment_line(segment, judged, sources) for segment in SEGMENTS)
    suppressed = suppressions(con, uscc, release.as_of)
    return Explanation(
        query=query,
        week=week,
        as_of=release.as_of,
        uscc=uscc,
        name=judged["name"],
        first_loan_status=judged["first_loan_status"],
        first_loan_evidence={
            name: judged.get(f"first_loan_{name}") for name in ("source", "evidence_on", "definition")
        },
        predecessor=_predecessor(release, _first(features).get("predecessor_uscc")),
        links=links(con, week, uscc, release.feeds),
        verdict=verdict(uscc, listed, segments, suppressed, {line.name for line in rules if line.can_be_met}),
        rules=rules,
        segments=segments,
        listed=listed,
        points=_points(con, week, uscc, listed),
        offer=offer_lines(listed, _first(features), release.parameters),
        watched=tuple(
            rows_of(con, "SELECT * FROM out.watchlist WHERE week = ? AND uscc = ? ORDER BY segment", week, uscc)
        ),
        earlier=_earlier(listings, week),
        history=history(release.weeks, uscc, listings),
        suppressions=suppressed,
        quarantined=quarantined(con, uscc),
        notes=release.notes,
    )


def _feeds() -> list[str]:
    """Every feed that a rule or a segment rests on."""
    rules = [feed for rule in RULES.values() for feed in (*rule.feeds, *BESIDE.get(rule.name, ()))]
    return list(dict.fromkeys([*rules, *(segment.feed for segment in SEGMENTS)]))


def _rule_line(
    release: _Release, rule: Rule, judged: dict[str, Any], features: pl.DataFrame, sources: Mapping[str, Source]
) -> RuleLine:
    outcome: bool | None = judged.get(rule.column)
    own = tuple(sources[feed] for feed in (*rule.feeds, *BESIDE.get(rule.name, ())))
    value, needed, closes_on = _gap(rule, release.parameters, features)
    return RuleLine(
        name=rule.name,
        title_zh=name_zh("rule", rule.name),
        clause=rule.clause,
        outcome=outcome,
        is_applicable=features.is_empty() or _says(rule.applies(), features),
        looked_at=_looked_at(rule, release.parameters, features),
        value=WHEN_MET.get(rule.name, value) if outcome else value,
        needed=needed,
        can_be_met=rule.can_be_met is not None and _says(rule.can_be_met(), features),
        closes_on=None if outcome else closes_on,
        why_unknown=_why_unknown(rule, own) if outcome is None else None,
        sources=own,
    )


def _says(fact: pl.Expr, features: pl.DataFrame) -> bool:
    return not features.is_empty() and features.select(fact).item() is not False


def _gap(rule: Rule, p: Parameters, features: pl.DataFrame) -> tuple[str | None, str, date | None]:
    """What the rule found, what it asks for, and when time alone meets it."""
    if rule.gap is None or features.is_empty():
        return None, rule.__doc__ or "", None
    gap = rule.gap(p)
    value, closes_on = features.select(gap.value.alias("value"), gap.closes_on.alias("closes_on")).row(0)
    return value, gap.needed, closes_on


def _looked_at(rule: Rule, p: Parameters, features: pl.DataFrame) -> dict[str, Any]:
    names = dict.fromkeys(rule(p).meta.root_names())
    return {name: features[name].item() for name in names if name in features.columns} if features.height == 1 else {}


def _why_unknown(rule: Rule, sources: Sequence[Source]) -> str:
    states = [each.state for each in sources if each.feed in rule.feeds]
    if "fresh" in states:
        return "数据源中缺少判断所需的数据 (the feed is there, but not what the rule needs)"
    if "failed" in states:
        return "数据源最新文件未通过检查，按未知处理 (the newest file of its feed did not get in)"
    if "late" in states:
        return "数据源逾期未更新，按未知处理 (its feed is late)"
    return "数据源尚未交付 (its feed was never delivered)"


def _segment_line(segment: Segment, judged: dict[str, Any], sources: Mapping[str, Source]) -> SegmentLine:
    outcomes = {name: judged.get(f"rule__{name}") for name in segment.rule_names}
    return SegmentLine(
        name=segment.name,
        title_zh=name_zh("segment", segment.name),
        clause=segment.clause,
        outcome=judged.get(segment.column),
        feed_state=sources[segment.feed].state,
        failed=tuple(name for name, outcome in outcomes.items() if outcome is False),
        unknown=tuple(name for name, outcome in outcomes.items() if outcome is None),
    )


def _points(con: Connection, week: str, uscc: str, listed: dict[str, Any] | None) -> tuple[PointLine, ...]:
    """Every characteristic of the champion, what speaks against the entity last; of releases before `mart.scores` the list's."""
    if columns_of(con, "mart.scores"):
        query = "SELECT * FROM mart.scores WHERE week = ? AND uscc = ? AND role = 'champion'"
        lines = [
            PointLine(*line)
            for row in rows_of(con, query, week, uscc)
            for line in zip(row["reasons"], row["points"], row["above_mean"], strict=True)
        ]
        return tuple(lines)
    if listed is None:
        return ()
    pairs = zip(listed["reasons"] or (), listed["points"] or (), strict=True)
    return tuple(PointLine(reason, points) for reason, points in pairs)


def _earlier(listings: Iterable[dict[str, Any]], week: str) -> tuple[dict[str, Any], ...]:
    shown = ("week", "rank", "segment", "score", "grade", "is_holdout")
    earlier = [{name: row[name] for name in shown} for row in listings if row["week"] < week]
    return tuple(earlier[:EARLIER_SHOWN])


def _predecessor(release: _Release, uscc: str | None) -> dict[str, Any] | None:
    if uscc is None:
        return None
    query = "SELECT uscc, name, first_loan_status FROM out.eligibility WHERE week = ? AND uscc = ?"
    unlisted = {"uscc": uscc, "name": None, "first_loan_status": None}
    return next(iter(rows_of(release.con, query, release.week, uscc)), unlisted)


def _first(features: pl.DataFrame) -> dict[str, Any]:
    return features.row(0, named=True) if features.height else {}
