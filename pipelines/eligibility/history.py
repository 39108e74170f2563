"""How an entity fared from list to list: entered, left or moved, and what caused it.

Two releases in a row are compared by their own published files: what the rules said then and now, with which numbers,
from which rows. What the rules are asked again, they are asked as they are today.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.eligibility.evidence import BESIDE, Held, feed_state, held, rows_of, suppressions
from pipelines.eligibility.rules import RULES, Rule
from pipelines.eligibility.segments import SEGMENTS
from pipelines.parameters import Parameters, parameters
from pipelines.warehouse.connect import open_published
from pipelines.warehouse.features import parameters_of

if TYPE_CHECKING:
    from pipelines.warehouse.connect import Connection

CHANGES_SHOWN = 12
CAUSES = ("rule_change", "correction", "new_data", "feed_state", "time", "suppression", "capacity", "unknown")
"""In the order in which the first that applies to any rule is named the cause of the whole change."""

VERSIONS = ("parameters_version", "scorecards_version", "package_version", "code_digest")


@dataclass(frozen=True)
class RuleChange:
    """A rule whose outcome differs between two releases, why, and what shows it."""

    rule: str
    before: bool | None
    after: bool | None
    cause: str
    detail: str


@dataclass(frozen=True)
class Change:
    """What happened to an entity between a release and the one before it.

    Attributes:
        kind: `entered`, `left` or `moved` (another segment, grade or score).
        cause: one of `CAUSES`; `unknown` where a release's file is gone, or the entity was on the first list there is.
        before: rank, segment, score and grade on the earlier list; None when it was not on it. `after` likewise.
        detail: the cause in words.
    """

    week: str
    since: str | None
    kind: str
    cause: str
    detail: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    rules: tuple[RuleChange, ...] = ()


SHOWN = ("rank", "segment", "score", "grade")


def history(
    weeks: Weeks, uscc: str, listings: Sequence[Mapping[str, Any]], most: int = CHANGES_SHOWN
) -> tuple[Change, ...]:
    """What happened to an entity from list to list up to a release, newest first; at most `most` changes.

    Args:
        weeks: the releases.
        uscc: the entity.
        listings: its rows of `out.target_list`, of any week.
        most: how many of its changes are told.
    """
    on = {row["week"]: {name: row[name] for name in SHOWN} for row in listings}
    pairs = list(zip([None, *weeks.runs], weeks.runs, strict=False))
    changed = [(old, new) for old, new in reversed(pairs) if _kind(on, old, new) is not None][:most]
    books = _Books(weeks, uscc)
    return tuple(_change(books, on, old, new) for old, new in changed)


def _runs(con: Connection, week: str) -> dict[str, dict[str, Any]]:
    """Week -> the run that published it last, in order."""
    query = """
        SELECT week, as_of, release, parameters_version, scorecards_version, package_version FROM ops.runs
        WHERE status = 'published' AND week <= ?
        QUALIFY row_number() OVER (PARTITION BY week ORDER BY started_at DESC) = 1 ORDER BY week
    """
    return {row["week"]: row for row in rows_of(con, query, week)}


def _kind(on: Mapping[str, Mapping[str, Any]], old: str | None, new: str) -> str | None:
    before, after = on.get(old or ""), on.get(new)
    if before is None or after is None:
        return "entered" if after else "left" if before else None
    same = all(before[name] == after[name] for name in ("segment", "score", "grade"))
    return None if same else "moved"


def _change(books: _Books, on: Mapping[str, dict[str, Any]], old: str | None, new: str) -> Change:
    kind, before, after = _kind(on, old, new) or "moved", on.get(old or ""), on.get(new)
    if old is None:
        return Change(new, None, kind, "unknown", "首个批次 (the first list there is)", before, after)
    was, now = books.of(old), books.of(new)
    if was is None or now is None:
        gone = old if was is None else new
        detail = f"{gone}的发布文件不在 (the published file of {gone} is gone)"
        return Change(new, old, kind, "unknown", detail, before, after)
    rules = _rule_changes(was, now)
    cause, detail = _cause(kind, was, now, rules)
    return Change(new, old, kind, cause, detail, before, after, rules)


class _Book:
    """What one release knows of the entity, read from its own published file."""

    def __init__(self, weeks: Weeks, con: Connection, folder: Path, uscc: str, run: Mapping[str, Any]) -> None:
        self.con, self.uscc, self.run = con, uscc, run
        self._weeks, self._folder = weeks, folder
        self._held: dict[str, Held] = {}

    @property
    def as_of(self) -> date:
        day: date = self.run["as_of"]
        return day

    @cached_property
    def judged(self) -> dict[str, Any]:
        rows = self._weeks.rows(self.con, "out.eligibility", self.run["week"], self.uscc)
        return next(iter(rows.filter(pl.col("week") == self.run["week"]).to_dicts()), {})

    @cached_property
    def features(self) -> pl.DataFrame:
        return self._weeks.rows(self.con, "mart.features", self.run["week"], self.uscc)

    @cached_property
    def versions(self) -> dict[str, Any]:
        manifest = self._folder / "manifest.json"
        recorded = json.loads(manifest.read_text(encoding="utf-8")) if manifest.is_file() else {}
        return {name: self.run.get(name) or recorded.get(name) for name in VERSIONS}

    def held(self, feed: str) -> Held:
        if feed not in self._held:
            self._held[feed] = held(self.con, feed, self.uscc)
        return self._held[feed]

    def says(self, rule: Rule, p: Parameters) -> bool | None:
        """What the rule says of the features of this release by other numbers, were every feed fresh."""
        if self.features.is_empty() or not set(rule(p).meta.root_names()) <= set(self.features.columns):
            return None
        outcome: bool | None = self.features.lazy().select(rule(p)).collect().item()
        return outcome


class Weeks:
    """The releases up to one, in order: each published file is opened when it is first asked for, and once for all entities.

    Attributes:
        runs: week -> the run that published it last.
    """

    def __init__(self, con: Connection, published: Path, week: str) -> None:
        """Of the published file of `week`, at `published`, that `con` has open; the earlier ones lie beside its folder."""
        folder = published.resolve().parent
        self.runs = _runs(con, week)
        self._root = folder.parent
        self._files: dict[str, tuple[Connection, Path] | None] = {week: (con, folder)}
        self._opened: list[Connection] = []
        self._gathered: frozenset[str] = frozenset()
        self._read: dict[tuple[str, str], pl.DataFrame] = {}

    def gather(self, usccs: Iterable[str]) -> None:
        """Of these entities a table is read in one pass for all, when one of them is first asked for."""
        self._gathered, self._read = frozenset(usccs), {}

    def rows(self, con: Connection, table: str, week: str, uscc: str) -> pl.DataFrame:
        """What `out.eligibility` or `mart.features` of a week's file, open on `con`, holds of an entity."""
        query = f"SELECT * FROM {table} WHERE uscc IN (SELECT unnest(?))"
        if uscc not in self._gathered:
            return con.execute(query, [[uscc]]).pl()
        if (week, table) not in self._read:
            self._read[week, table] = con.execute(query, [sorted(self._gathered)]).pl()
        return self._read[week, table].filter(pl.col("uscc") == uscc)

    def file(self, week: str) -> tuple[Connection, Path] | None:
        """The published file of a week, open, and its folder; None where it is gone."""
        if week not in self._files:
            folder = self._root / str(self.runs[week]["release"] or week)
            path = folder / f"shoudai-{week}.duckdb"
            self._files[week] = (self._open(path), folder) if path.is_file() else None
        return self._files[week]

    def _open(self, path: Path) -> Connection:
        self._opened.append(open_published(path))
        return self._opened[-1]

    def close(self) -> None:
        """Close what was opened here."""
        for con in self._opened:
            con.close()


class _Books:
    """What each release knows of one entity."""

    def __init__(self, weeks: Weeks, uscc: str) -> None:
        self._weeks, self._uscc = weeks, uscc
        self._books: dict[str, _Book | None] = {}

    def of(self, week: str) -> _Book | None:
        if week not in self._books:
            file = self._weeks.file(week)
            self._books[week] = _Book(self._weeks, *file, self._uscc, self._weeks.runs[week]) if file else None
        return self._books[week]


def _rule_changes(was: _Book, now: _Book) -> tuple[RuleChange, ...]:
    """The rules of the segments it was or is in whose outcome differs, in the segments' order."""
    member = [segment for segment in SEGMENTS if was.judged.get(segment.column) or now.judged.get(segment.column)]
    names = dict.fromkeys(name for segment in member for name in segment.rule_names)
    pairs = [(RULES[name], was.judged.get(f"rule__{name}"), now.judged.get(f"rule__{name}")) for name in names]
    return tuple(
        RuleChange(rule.name, before, after, *_why(rule, before, after, was, now))
        for rule, before, after in pairs
        if before is not after
    )


def _why(rule: Rule, before: bool | None, after: bool | None, was: _Book, now: _Book) -> tuple[str, str]:
    """Which of the causes changed one rule's outcome, and the evidence."""
    feeds = (*rule.feeds, *BESIDE.get(rule.name, ()))
    stalled = _state_change(rule.feeds, was, now)
    if stalled:
        return "feed_state", stalled
    p = parameters(now.as_of)
    changed = _changed_numbers(rule, parameters(was.as_of), p)
    if changed or (before is not None and was.says(rule, replace(p, as_of=was.as_of)) is not before):
        return "rule_change", changed or "规则或参数有改动 (the rule reads differently by today's numbers)"
    if was.says(rule, p) is after:
        return "time", f"同样的数据，截至日由{was.as_of}到{now.as_of} (the same data on a later day)"
    rows = [_row_change(feed, was.held(feed), now.held(feed)) for feed in feeds]
    for cause in ("correction", "new_data"):
        found = "；".join(text for kind, text in rows if kind == cause)
        if found:
            return cause, found
    other = [name for name in VERSIONS if was.versions[name] != now.versions[name]]
    if other:
        return "rule_change", f"数据未变，版本有变：{'、'.join(other)} (no new row of it, other versions)"
    return "time", "没有新数据，统计窗口后移 (no new row of it: the window moved on)"


def _state_change(feeds: Iterable[str], was: _Book, now: _Book) -> str:
    states = {feed: (feed_state(was.con, feed, was.as_of), feed_state(now.con, feed, now.as_of)) for feed in feeds}
    return "；".join(f"{feed}: {before} -> {after}" for feed, (before, after) in states.items() if before != after)


def _changed_numbers(rule: Rule, before: Parameters, after: Parameters) -> str:
    """The dated numbers the rule or its features read that have another value on the later day."""
    read = {name for feed in rule.feeds for name in parameters_of(feed)} | numbers_of(rule, after)
    differing = sorted(name for name in read if getattr(before, name) != getattr(after, name) and name != "as_of")
    return "；".join(f"{name}: {getattr(before, name)} -> {getattr(after, name)}" for name in differing)


def numbers_of(rule: Rule, p: Parameters) -> set[str]:
    """The parameters a rule reads."""
    reader = _Reader(p)
    rule(reader)  # type: ignore[arg-type]
    return reader.read


class _Reader:
    """Parameters that remember which of them were asked for."""

    def __init__(self, p: Parameters) -> None:
        self._p = p
        self.read: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.read.add(name)
        return getattr(self._p, name)


def _row_change(feed: str, was: Held, now: Held) -> tuple[str, str]:
    """Whether a feed holds other rows of the entity: `correction` of a period it had told of, or `new_data`."""
    corrected = sorted(period for period in was.periods & now.periods if was.rows_of(period) != now.rows_of(period))
    withdrawn = sorted(was.periods - now.periods) if now.is_snapshot else []
    if corrected or withdrawn:
        return "correction", f"{feed}更正：{'、'.join(f'{period:%Y-%m}' for period in (corrected + withdrawn)[:6])}"
    if now.rows != was.rows:
        new = sorted(now.periods - was.periods)
        about = f"：{'、'.join(f'{period:%Y-%m}' for period in new[-6:])}" if new else ""
        return "new_data", f"{feed}新数据{about}（{now.received_on}收到）"
    return "", ""


def _cause(kind: str, was: _Book, now: _Book, rules: Sequence[RuleChange]) -> tuple[str, str]:
    """The cause of the change as a whole: that of its rules, else of what comes after the rules."""
    for cause in CAUSES:
        told = [f"{change.rule}: {change.detail}" for change in rules if change.cause == cause]
        if told:
            return cause, "；".join(told)
    if kind == "moved":
        return _moved(was, now)
    then, since = (suppressions(book.con, book.uscc, book.as_of) for book in (was, now))
    reasons = "、".join(row["reason"] for row in (since if kind == "left" else then))
    if reasons:
        ended = "" if kind == "left" else "已结束 (ended)"
        return "suppression", f"营销抑制{ended}：{reasons}"
    return "capacity", "规则结论未变，名额取舍不同 (the rules say the same; others were picked)"


def _moved(was: _Book, now: _Book) -> tuple[str, str]:
    """The rules say the same, and the score does not: another scorecard, other rows, or a later day."""
    if was.versions["scorecards_version"] != now.versions["scorecards_version"]:
        return "rule_change", f"评分卡：{was.versions['scorecards_version']} -> {now.versions['scorecards_version']}"
    feeds = [rule.feeds for rule in RULES.values()]
    scored = ("bank__flows", "platform__sales", *(feed for names in feeds for feed in names))
    rows = [_row_change(feed, was.held(feed), now.held(feed)) for feed in dict.fromkeys(scored)]
    for cause in ("correction", "new_data"):
        found = "；".join(text for kind, text in rows if kind == cause)
        if found:
            return cause, found
    return "time", f"截至日由{was.as_of}到{now.as_of}，得分随之变化 (the same rows on a later day)"
