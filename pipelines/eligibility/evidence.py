"""Where a judgement comes from: newest file and row of each feed that names an entity, and its quarantined rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.feeds.contract import Contract, contract
from pipelines.warehouse.features import completed
from pipelines.warehouse.query import columns_of, select

if TYPE_CHECKING:
    from pipelines.warehouse.connect import Connection

FARM = "farm:"
BESIDE = {"never_borrowed": ("crm__disbursements",)}
"""Feeds a rule looks at beside those that settle it: the bank's own loans disprove a first loan too."""

QUARANTINED_SHOWN = 10


@dataclass(frozen=True)
class Source:
    """What one feed says of one entity, in a published file.

    Attributes:
        feed: stem of the contract.
        title_zh: what the feed is called.
        state: `fresh`, `late` (delivered, but longer ago than its contract allows), `missing` (never delivered), or
            `failed` (its newest file did not get in).
        feed_received_on: when the feed's newest file came; None when none did.
        rows: rows of this entity.
        file_name: the newest file with a row of it; `file_id` is that file's SHA-256 and `row_no` the row in it.
        period: month or day the newest of those rows is about; None for registers.
    """

    feed: str
    title_zh: str
    state: str
    feed_received_on: date | None = None
    rows: int = 0
    file_name: str | None = None
    file_id: str | None = None
    row_no: int | None = None
    received_on: date | None = None
    period: date | None = None


@dataclass(frozen=True)
class Quarantined:
    """A row that names the entity and broke its contract, so that no rule saw it."""

    feed: str
    file_name: str | None
    file_id: str
    row_no: int
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Link:
    """An account, farm or legacy id that delivered no code of its own, and why its rows stand under the entity's.

    Attributes:
        source_id: `account:<digest>`, the operator's number, or `legacy:<15-character id>`.
        method: the step that linked it: `organisation_code`, `decided`, `same_account`, `exact`, `normalised` or
            `probabilistic`.
        score: match probability; None where it follows from a code or a decision.
        since_on: as-of from which the link has stood without a break.
        rows: what its feed tells of the entity, linked rows among them.
    """

    source_feed: str
    source_id: str
    method: str
    score: float | None
    evidence: str
    decided_by: str | None
    since_on: date
    rows: Source


class Feeds:
    """The feeds of a published file at as-of: what is the same for every entity is looked up once."""

    def __init__(self, con: Connection, as_of: date) -> None:
        """Of the published file that `con` has open."""
        self._con, self._as_of = con, as_of
        self._delivered: dict[str, _Delivered] = {}

    def source(self, feed: str, uscc: str) -> Source:
        """What a feed says of an entity: how many rows, and file and row number of the newest."""
        if feed not in self._delivered:
            self._delivered[feed] = _delivered(self._con, feed, self._as_of)
        known = self._delivered[feed]
        newest = _newest_row(self._con, known, uscc) if known.received_on else None
        return Source(feed, known.made.title_zh, known.state, known.received_on, **(newest or {}))


@dataclass(frozen=True)
class _Delivered:
    """A feed of a published file: its contract, state, the day its newest file came, and the columns it has there."""

    made: Contract
    state: str
    received_on: date | None
    columns: frozenset[str]


def links(con: Connection, week: str, uscc: str, feeds: Feeds) -> tuple[Link, ...]:
    """The links of an entity in a release; none in a release that is older than linking."""
    if not columns_of(con, "register.links"):
        return ()
    query = """
        SELECT source_feed, source_id, method, score, evidence, decided_by, since_on FROM register.links
        WHERE week = ? AND uscc = ? ORDER BY source_feed, source_id
    """
    found = rows_of(con, query, week, uscc)
    return tuple(Link(**row, rows=feeds.source(row["source_feed"], uscc)) for row in found)


def rows_of(con: Connection, query: str, *values: object) -> list[dict[str, Any]]:
    """The rows of a query as dictionaries."""
    found = con.execute(query, list(values))
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def quarantined(con: Connection, uscc: str) -> tuple[Quarantined, ...]:
    """The quarantined rows whose text contains the entity's code, newest file first; at most 10."""
    query = f"""
        SELECT q.feed, f.name AS file_name, q.file_id, q.row_no, q.reasons
        FROM quarantine.rows AS q LEFT JOIN ops.files AS f USING (feed, file_id)
        WHERE contains(q.raw, ?) OR contains(q.raw, ?)
        ORDER BY f.received_on DESC NULLS LAST, q.feed, q.file_id, q.row_no
        LIMIT {QUARANTINED_SHOWN}
    """
    code = uscc.removeprefix(FARM)
    found = rows_of(con, query, code, code.lower())
    return tuple(Quarantined(**{**row, "reasons": tuple(row["reasons"] or ())}) for row in found)


@dataclass(frozen=True)
class Held:
    """The rows of one entity in one feed of a published file, without where they came from: what was told, by period.

    `rows` are (period, the contract's columns); the period is None where the feed has none.
    """

    rows: frozenset[tuple[date | None, tuple[Any, ...]]]
    is_snapshot: bool
    received_on: date | None

    @property
    def periods(self) -> set[date]:
        """The months or days its rows are about."""
        return {period for period, _ in self.rows if period is not None}

    def rows_of(self, period: date) -> set[tuple[Any, ...]]:
        """What was told about a period."""
        return {row for own, row in self.rows if own == period}


def held(con: Connection, feed: str, uscc: str) -> Held:
    """What a feed of a published file tells of an entity."""
    made = contract(feed)
    present = columns_of(con, f"feed.{feed}")
    key, value = _key(uscc)
    if key not in present:
        return Held(frozenset(), made.delivery == "period_snapshot", None)
    columns = [column.name for column in made.columns if column.name in present]
    period = f'CAST("{made.period}" AS DATE)' if made.period in present else "CAST(NULL AS DATE)"
    told = ", ".join(f'"{name}"' for name in columns)
    query = f"SELECT {period}, received_on, {told} FROM feed.{feed} WHERE {key} = ?"
    found = con.execute(query, [value]).fetchall()
    return Held(
        frozenset((row[0], tuple(row[2:])) for row in found),
        made.delivery == "period_snapshot",
        max((row[1] for row in found if row[1] is not None), default=None),
    )


def feed_state(con: Connection, feed: str, as_of: date) -> str:
    """`fresh`, `late` or `missing`, as a published file knows it."""
    return _state(contract(feed), _newest_file(con, feed, as_of), as_of)


def suppressions(con: Connection, uscc: str, as_of: date) -> tuple[dict[str, Any], ...]:
    """What keeps an entity off the lists at as-of, with the rows it stands in: by the SELECT that keeps it off."""
    if not columns_of(con, "feed.crm__suppressions"):
        return ()
    query = f"SELECT * EXCLUDE (uscc) FROM ({select('published/suppressed')}) WHERE uscc = $uscc"
    found = con.execute(query, {"uscc": uscc, "as_of": as_of})
    names = [column[0] for column in found.description or []]
    return tuple(dict(zip(names, row, strict=True)) for row in found.fetchall())


def features_of(con: Connection, uscc: str) -> pl.DataFrame:
    """The features of an entity in a published file, with every column declared today; no row where it is not known."""
    return con.execute(completed("SELECT * FROM mart.features WHERE uscc = ?"), [uscc]).pl()


def _key(uscc: str) -> tuple[str, str]:
    """The column an entity is found by, and its value there."""
    return ("operator_id", uscc.removeprefix(FARM)) if uscc.startswith(FARM) else ("uscc", uscc)


def _newest_file(con: Connection, feed: str, as_of: date) -> date | None:
    query = "SELECT max(received_on) AS day FROM ops.files WHERE feed = ? AND status = 'landed' AND received_on <= ?"
    day: date | None = rows_of(con, query, feed, as_of)[0]["day"]
    return day


def _has_failed(con: Connection, feed: str, received_on: date, as_of: date) -> bool:
    """Whether a file came after the newest good one and did not get in."""
    query = """
        SELECT count(*) AS files FROM ops.files
        WHERE feed = ? AND status IN ('refused', 'gate_failed') AND received_on > ? AND received_on <= ?
    """
    return bool(rows_of(con, query, feed, received_on, as_of)[0]["files"])


def _state(made: Contract, received_on: date | None, as_of: date) -> str:
    if received_on is None:
        return "missing"
    if made.late_after_days is None:
        return "fresh"
    return "late" if received_on < as_of - timedelta(days=made.late_after_days) else "fresh"


def _delivered(con: Connection, feed: str, as_of: date) -> _Delivered:
    made, received_on = contract(feed), _newest_file(con, feed, as_of)
    state = "failed" if received_on and _has_failed(con, feed, received_on, as_of) else _state(made, received_on, as_of)
    return _Delivered(made, state, received_on, frozenset(columns_of(con, f"feed.{feed}")))


def _newest_row(con: Connection, known: _Delivered, uscc: str) -> dict[str, Any] | None:
    """Newest by period, then by receipt; an operator without a code is found by its own number."""
    made, (key, value) = known.made, _key(uscc)
    if key not in known.columns:
        return None
    period = f'CAST("{made.period}" AS DATE)' if made.period in known.columns else "CAST(NULL AS DATE)"
    query = f"""
        WITH own AS MATERIALIZED (
            SELECT file_id, row_no, received_on, {period} AS period FROM feed.{made.feed} WHERE {key} = $2
        )
        SELECT (SELECT count(*) FROM own) AS rows, f.name AS file_name, own.*
        FROM own LEFT JOIN ops.files AS f ON f.feed = $1 AND f.file_id = own.file_id
        ORDER BY period DESC NULLS LAST, own.received_on DESC, own.file_id, own.row_no DESC
        LIMIT 1
    """
    found = rows_of(con, query, made.feed, value)
    return found[0] if found else None
