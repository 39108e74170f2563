"""The ledger of delivered files: `ops.files`, `ops.checks` and `ops.file_totals`.

A look at a table of the warehouse takes some twenty milliseconds, and landing looks many times a file. So the ledger is read
once, into the temporary tables `delivered` and `totalled`, and each change is made in both, in the transaction of its file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.feeds.gate import Check
    from pipelines.feeds.pull import Delivery
    from pipelines.feeds.split import Counts
    from pipelines.warehouse.connect import Connection

LANDED, REPEATED, REFUSED, GATED, WAITING = "landed", "repeated", "refused", "gate_failed", "waiting"
WITHDRAWN = "withdrawn"

_FILES, _TOTALS = ("delivered", "lake.ops.files"), ("totalled", "lake.ops.file_totals")
"""A table as it is known here, and as the warehouse keeps it."""


@dataclass(frozen=True)
class FileOutcome:
    """What became of one delivered file; the row of `ops.files`."""

    feed: str
    name: str
    file_id: str
    received_on: date
    status: str
    counts: Counts
    reason: str | None = None
    period: str | None = None
    extra_headings: tuple[str, ...] = ()
    headings: tuple[str, ...] | None = None
    amends: str | None = None
    checks: tuple[Check, ...] = field(default=(), repr=False)

    @property
    def rows_in(self) -> int:
        """Rows of the file."""
        return self.counts.rows_in

    @property
    def accepted(self) -> int:
        """Rows that went into the feed table."""
        return self.counts.accepted

    @property
    def duplicates(self) -> int:
        """Rows that were already known."""
        return self.counts.duplicates

    @property
    def quarantined(self) -> int:
        """Rows kept aside with their raw text and reasons."""
        return self.counts.quarantined

    @property
    def is_good(self) -> bool:
        """Landed now or before."""
        return self.status in (LANDED, REPEATED)


class Ledger:
    """The rows of one writer connection's ledger."""

    def __init__(self, con: Connection) -> None:
        """Read what the warehouse knows of files and their totals."""
        self._con = con
        for known, kept in (_FILES, _TOTALS):
            con.execute(f"CREATE OR REPLACE TEMP TABLE {known} AS FROM {kept}")

    def looked_at(self, feed: str) -> set[tuple[str, int, int]]:
        """Name, size and time of the files of a feed that landed, or that have what had landed before."""
        found = self._con.execute(
            "SELECT name, size_bytes, modified_ns FROM delivered WHERE feed = ? AND status IN ('landed', 'repeated')",
            [feed],
        ).fetchall()
        return set(found)

    def not_landed(self, feeds: Sequence[str]) -> list[tuple[str, str]]:
        """Feed and name of every file that did not land and may still lie in the inbox."""
        return self._con.execute(
            "SELECT feed, name FROM delivered WHERE list_contains(?, feed) AND status IN ('refused', 'gate_failed', 'waiting')",
            [list(feeds)],
        ).fetchall()

    def is_landed(self, feed: str, file_id: str) -> bool:
        """Whether a file of these bytes has landed."""
        found = self._con.execute(
            "SELECT 1 FROM delivered WHERE feed = ? AND file_id = ? AND status = 'landed'", [feed, file_id]
        ).fetchone()
        return found is not None

    def withdraw(self, feed: str, name: str) -> None:
        """A file that did not land lies in nobody's inbox any more; to be said in a transaction."""
        self._change(
            "UPDATE {} SET status = ? WHERE feed = ? AND name = ? AND status NOT IN ('landed', 'repeated')",
            [WITHDRAWN, feed, name],
        )

    def record(self, delivery: Delivery, outcome: FileOutcome) -> None:
        """Note a file; one tried again replaces its earlier row, but never one that landed. To be said in a transaction."""
        now = datetime.now(UTC).replace(tzinfo=None)
        same = [outcome.feed, outcome.name, outcome.file_id]
        self._change(
            "DELETE FROM {} WHERE feed = ? AND name = ? AND (file_id = ? OR status <> 'repeated') AND status <> 'landed'",
            same,
        )
        if outcome.status == REPEATED and self._is_the_landed_one(delivery, same):
            return
        counts = outcome.counts
        self._add(
            """
            INSERT INTO {} (feed, file_id, name, received_on, period, rows_in, accepted, duplicates, quarantined,
                repaired_codes, status, reason, headings, extra_headings, amends, size_bytes, modified_ns, archived, landed_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            _FILES,
            [
                outcome.feed, outcome.file_id, outcome.name, outcome.received_on, outcome.period, counts.rows_in, counts.accepted,
                counts.duplicates, counts.quarantined, counts.repaired_codes, outcome.status, outcome.reason,
                list(outcome.headings) if outcome.headings else None, list(outcome.extra_headings), outcome.amends,
                delivery.size_bytes, delivery.modified_ns,
                f"{outcome.file_id[:2]}/{outcome.file_id}", now,
            ],
        )  # fmt: skip
        self._record_checks(outcome, now)

    def keep_totals(self, feed: str, file_id: str, columns: Sequence[str]) -> None:
        """Keep the totals of a delivery (`total_<column>` of `measured`), for those to come. To be said in a transaction."""
        for column in columns:
            self._add(
                f"""
                INSERT INTO {{}} (feed, file_id, column_name, months, total_yuan)
                SELECT ?, ?, ?, months, "total_{column}" FROM measured WHERE "total_{column}" IS NOT NULL
                """,
                _TOTALS,
                [feed, file_id, column],
            )

    def _is_the_landed_one(self, delivery: Delivery, same: Sequence[str]) -> bool:
        """Whether a repeat is the landed file itself, under its name; its size and time are noted, so that it is known."""
        return self._change(
            """
            UPDATE {} SET size_bytes = ?, modified_ns = ?
            WHERE feed = ? AND name = ? AND file_id = ? AND status = 'landed'
            """,
            [delivery.size_bytes, delivery.modified_ns, *same],
        )

    def _record_checks(self, outcome: FileOutcome, now: datetime) -> None:
        rows = [
            [now, outcome.feed, outcome.file_id, check.expectation, check.column_name, check.severity, check.success,
             check.observed, check.expected, check.error]
            for check in outcome.checks
        ]  # fmt: skip
        if rows:
            self._con.executemany(
                "INSERT INTO lake.ops.checks (checked_at, feed, file_id, expectation, column_name, severity, success, observed, "
                "expected, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )

    def _change(self, statement: str, bound: Sequence[object]) -> bool:
        """Change rows of `delivered`, and where there were any, those of the warehouse; whether there were."""
        known, kept = _FILES
        met = self._con.execute(statement.format(known), list(bound)).fetchone()
        if not met or not met[0]:
            return False
        self._con.execute(statement.format(kept), list(bound))
        return True

    def _add(self, statement: str, tables: Sequence[str], bound: Sequence[object]) -> None:
        for table in tables:
            self._con.execute(statement.format(table), list(bound))
