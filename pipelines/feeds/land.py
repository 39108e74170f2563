"""Landing: one delivered file, one transaction; accepted rows, quarantine and ledgers become visible together or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date

from pipelines.errors import FileRefusedError, FileWaitingError, is_disk_full
from pipelines.feeds import history, pull
from pipelines.feeds.arrive import Arrival, scratch_cleared
from pipelines.feeds.contract import Contract
from pipelines.feeds.gate import Check, Gate
from pipelines.feeds.ledger import GATED, LANDED, REFUSED, REPEATED, WAITING, FileOutcome, Ledger
from pipelines.feeds.pull import Delivery
from pipelines.feeds.read import numbered
from pipelines.feeds.split import Counts, split
from pipelines.settings import Settings
from pipelines.warehouse.connect import Connection, named, transaction
from pipelines.warehouse.migrate import migrate

_NOTHING = Counts(0, 0, 0, 0)


class Landing:
    """The landing of files through one writer connection."""

    def __init__(self, con: Connection, settings: Settings) -> None:
        """Land through `con`, whose database `lake` is the warehouse."""
        self._con = con
        self._settings = settings
        self._gate = Gate(con)
        self._ledger = Ledger(con)
        self._knows_register = False

    def pending(self, feed: str) -> list[Delivery]:
        """Delivered files not landed yet, oldest first; a file known by name, size and time is not even opened."""
        known = self._ledger.looked_at(feed)
        found = pull.deliveries(self._settings.inbox, feed)
        return [each for each in found if (each.name, each.size_bytes, each.modified_ns) not in known]

    def withdraw(self, feeds: Sequence[str]) -> None:
        """Files that did not land and were taken out of the inbox since are `withdrawn`: they hold nothing up any more."""
        for feed, name in self._ledger.not_landed(feeds):
            folder = self._settings.inbox / feed
            if folder.is_dir() and not (folder / name).exists():
                self.give_back(feed, name)

    def give_back(self, feed: str, name: str) -> None:
        """A file that did not land is in nobody's inbox: it is `withdrawn`, and whoever handed it in has its reason."""
        with transaction(self._con):
            self._ledger.withdraw(feed, name)

    def land(self, arrival: Arrival, amends: str | None = None) -> FileOutcome:
        """Land one file, whole or not at all; whatever happened is in `ops.files`.

        Args:
            arrival: the file, taken in.
            amends: digest of the file of which this one brings back quarantined rows; it adds to that file instead of
                replacing its periods, and disappears with it.

        Raises:
            OSError: no space left; nothing of the file was kept.
        """
        delivery = arrival.delivery
        if arrival.file_id and self._ledger.is_landed(delivery.feed, arrival.file_id):
            repeated = FileOutcome(
                delivery.feed, delivery.name, arrival.file_id, arrival.received_on, REPEATED, _NOTHING
            )
            return self._note(delivery, repeated)
        try:
            return self._land(arrival, amends)
        except FileRefusedError as refusal:
            status, reason = WAITING if isinstance(refusal, FileWaitingError) else REFUSED, str(refusal)
            file_id = arrival.file_id or pull.sha256(delivery.path)
        except OSError as error:
            if is_disk_full(error):
                raise
            status, reason = REFUSED, f"cannot be read: {error.strerror or error}"
            file_id = arrival.file_id
        refused = FileOutcome(delivery.feed, delivery.name, file_id, arrival.received_on, status, _NOTHING, reason)
        return self._note(delivery, refused)

    def _land(self, arrival: Arrival, amends: str | None) -> FileOutcome:
        delivery, source, received_on = arrival.delivery, arrival.source, arrival.received_on
        made = arrival.made
        if not self._knows_register:
            history.know_register(self._con)
            self._knows_register = True
        counts = split(self._con, source, made, received_on, arrival.scratch, amends)
        if (control := arrival.control) and control.rows is not None and control.rows != counts.rows_in:
            raise FileWaitingError(
                f"the file has {counts.rows_in:,} rows, its control file states {control.rows:,}: the delivery is incomplete"
            )
        if not counts.is_conserved:
            raise FileRefusedError(f"rows are not conserved: {counts}; this is a fault of shoudai, please report it")
        checks = (*self._judge(made, delivery.name, counts, received_on), *self._corrections())
        outcome = FileOutcome(
            made.feed, delivery.name, arrival.file_id, received_on, LANDED, counts,
            period=self._period(made), extra_headings=source.matched.extra, checks=checks,
            headings=source.header, amends=amends,
        )  # fmt: skip
        closing = [check.in_words() for check in checks if check.closes_gate] + self._nothing_to_accept(counts)
        if closing:
            return self._close_gate(delivery, outcome, closing)
        with transaction(self._con):
            self._write(made, outcome)
            self._ledger.record(delivery, outcome)
        return outcome

    def _judge(self, made: Contract, name: str, counts: Counts, received_on: date) -> tuple[Check, ...]:
        """The batch expectations; a file that brings nothing new has no batch to judge."""
        if not counts.accepted:
            return ()
        history.describe(self._con, made, name, counts, received_on)
        return tuple(self._gate.judge(made.feed, "batch", "delivery"))

    def _corrections(self) -> list[Check]:
        """Each correction that met its row: applied, or obsolete because the source now delivers something else."""
        rows = self._con.execute(
            """
            SELECT column_name, named, expect, becomes, applied, rows FROM corrected WHERE rows > 0 ORDER BY ALL
            """
        ).fetchall()
        return [
            Check(
                "correction", column, "warning", applied == rows,
                f"applied to {applied} of {rows} rows" + ("" if applied == rows else "; obsolete where the source was repaired"),
                f"{named_by}: {expect!r} is read as {becomes!r}", None,
            )
            for column, named_by, expect, becomes, applied, rows in rows
        ]  # fmt: skip

    def _nothing_to_accept(self, counts: Counts) -> list[str]:
        if not counts.rows_in:
            return ["the file has a header and no rows"]
        if counts.quarantined < counts.rows_in:
            return []
        reasons = self._con.execute(
            "SELECT reason, count(*) FROM (SELECT unnest(reasons) AS reason FROM rejected) GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 3"
        ).fetchall()
        return [
            f"all {counts.rows_in:,} rows were refused ({'; '.join(f'{rows:,} × {reason}' for reason, rows in reasons)})"
        ]

    def _close_gate(self, delivery: Delivery, outcome: FileOutcome, closing: list[str]) -> FileOutcome:
        what_to_do = f"Nothing of the file is visible; ask the sender, or mend expectations/{outcome.feed}.yml"
        reason = f"the batch gate is closed: {'; '.join(closing)}. {what_to_do}"
        closed = replace(outcome, status=GATED, counts=_NOTHING, reason=reason)
        return self._note(delivery, closed)

    def _note(self, delivery: Delivery, outcome: FileOutcome) -> FileOutcome:
        """Ledger rows of a file of which nothing landed."""
        with transaction(self._con):
            self._ledger.record(delivery, outcome)
        return outcome

    def _period(self, made: Contract) -> str | None:
        """The months a file speaks of, `2026-01` or `2025-09/2026-10`."""
        if made.period is None:
            return None
        column = f'"{made.period}"'
        row = self._con.execute(
            f"SELECT strftime(min({column}), '%Y-%m'), strftime(max({column}), '%Y-%m') FROM batch"
        ).fetchone()
        first, last = row or (None, None)
        return first if first == last else f"{first}/{last}"

    def _write(self, made: Contract, outcome: FileOutcome) -> None:
        names = named(column.name for column in made.columns)
        superseded = ", superseded_on" if made.delivery == "upsert" else ""
        lineage = {"file_id": outcome.file_id, "received_on": outcome.received_on}
        self._con.execute(
            f"""
            INSERT INTO lake.feed.{made.feed} ({names}, file_id, row_no, received_on{superseded})
            SELECT {names}, $file_id, row_no, $received_on{superseded} FROM ({numbered(self._con, "FROM batch")})
            """,
            lineage,
        )
        if made.delivery == "upsert" and self._con.execute("SELECT 1 FROM closings LIMIT 1").fetchone():
            self._close_versions(made, outcome.received_on)
        if made.delivery == "period_snapshot" and outcome.amends is None:
            self._write_periods(made, lineage)
        if outcome.accepted:
            self._ledger.keep_totals(made.feed, outcome.file_id, [each.name for each in history.totalled(made)])
        if made.feed == history.REGISTER:
            history.extend_register(self._con)
        if outcome.quarantined:
            self._quarantine(outcome)

    def _quarantine(self, outcome: FileOutcome) -> None:
        """The rejected rows with their reasons, and their cells, where correction starts."""
        of_file = {"feed": outcome.feed, "file_id": outcome.file_id}
        self._con.execute(
            """
            INSERT INTO lake.quarantine.rows (feed, file_id, row_no, raw, reasons)
            SELECT $feed, $file_id, row_no, raw, reasons FROM rejected ORDER BY row_no
            """,
            of_file,
        )
        self._con.execute(
            """
            INSERT INTO lake.quarantine.cells (feed, file_id, row_no, key_values, cells, line)
            SELECT $feed, $file_id, row_no, key_values, cells, line FROM rejected_cells ORDER BY row_no
            """,
            of_file,
        )

    def _close_versions(self, made: Contract, received_on: date) -> None:
        """Note the day on which earlier versions end: written again from `known`, where an update would read the whole feed."""
        names = named([*(column.name for column in made.columns), "file_id", "row_no", "received_on"])
        self._con.execute(
            f"DELETE FROM lake.feed.{made.feed} AS f USING closings AS c WHERE f.file_id = c.file_id AND f.row_no = c.row_no"
        )
        self._con.execute(
            f"""
            INSERT INTO lake.feed.{made.feed} ({names}, superseded_on)
            SELECT {names}, $received_on FROM known SEMI JOIN closings USING (file_id, row_no)
            """,
            {"received_on": received_on},
        )

    def _write_periods(self, made: Contract, lineage: dict[str, object]) -> None:
        """Which periods (and scopes) a file replaces."""
        columns = named(made.snapshot_by)
        scope = f"concat_ws('|', {columns})" if columns else "''"
        self._con.execute(
            f"""
            INSERT INTO lake.ops.file_periods (feed, file_id, period, scope, received_on, landing_no, rows)
            SELECT $feed, $file_id, "{made.period}", {scope}, $received_on,
                   1 + coalesce((SELECT max(landing_no) FROM lake.ops.file_periods), 0), count(*)
            FROM batch GROUP BY "{made.period}", {scope} ORDER BY ALL
            """,
            {"feed": made.feed, **lineage},
        )


@contextmanager
def landing(con: Connection, settings: Settings) -> Iterator[Landing]:
    """The landing of files through one writer connection, its tables as declared, its scratch folder cleared before and after."""
    migrate(con)
    with scratch_cleared(settings):
        yield Landing(con, settings)
