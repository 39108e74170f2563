"""What became of every quarantined row: still open, fixed by a later delivery, taken back corrected, or replaced."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.feeds.contract import contract, feeds
from pipelines.lists.feedback import PLACE
from pipelines.warehouse.connect import Connection, quoted

OPEN, FIXED, RETURNED, REPLACED = "open", "fixed", "returned", "replaced"


@dataclass(frozen=True)
class Reason:
    """How often one reason stands in the quarantine of a feed, and the first row still open with it.

    Attributes:
        row_no: its row in the file; of a list that came back filled in, its row in the workbook.
    """

    feed: str
    reason: str
    open: int
    fixed: int
    returned: int
    replaced: int
    file: str | None
    row_no: int | None


def show_states(con: Connection) -> None:
    """Temporary table `quarantined`: every quarantined row with file, cells, row in the workbook (of a returned list), `state`.

    - `fixed`: a later file brought an accepted row with the same key; `fixed_by` names it.
    - `returned`: taken back corrected; refused again, it stands as a row of its own.
    - `replaced`: newer files replaced every period of its file, so that nothing of it is visible.
    - `open`: somebody must look at it.
    """
    con.execute("CREATE OR REPLACE TEMP TABLE later (feed VARCHAR, file_id VARCHAR, row_no BIGINT, fixed_by VARCHAR)")
    for feed in _with_keys(con):
        _find_later(con, feed)
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE quarantined AS
        WITH newest AS (
            SELECT feed, file_id FROM lake.ops.file_periods
            QUALIFY row_number() OVER (PARTITION BY feed, period, scope ORDER BY received_on DESC, landing_no DESC) = 1
        ),
        replaced AS (
            SELECT DISTINCT feed, file_id FROM lake.ops.file_periods ANTI JOIN newest USING (feed, file_id)
        ),
        returned AS (SELECT feed, file_id, row_no FROM lake.quarantine.returns GROUP BY ALL)
        SELECT q.feed, q.file_id, f.name, f.received_on, f.headings, q.row_no,
               TRY_CAST(c.cells[list_position(f.headings, {quoted(PLACE[1])})] AS BIGINT) AS workbook_row,
               coalesce(c.line, q.raw) AS raw, q.reasons, c.cells, l.fixed_by,
               CASE WHEN r.row_no IS NOT NULL THEN {quoted(RETURNED)} WHEN l.row_no IS NOT NULL THEN {quoted(FIXED)}
                    WHEN p.file_id IS NOT NULL THEN {quoted(REPLACED)} ELSE {quoted(OPEN)} END AS state
        FROM lake.quarantine.rows AS q
        JOIN lake.ops.files AS f ON f.feed = q.feed AND f.file_id = q.file_id AND f.status = 'landed'
        LEFT JOIN lake.quarantine.cells AS c ON c.feed = q.feed AND c.file_id = q.file_id AND c.row_no = q.row_no
        LEFT JOIN later AS l ON l.feed = q.feed AND l.file_id = q.file_id AND l.row_no = q.row_no
        LEFT JOIN returned AS r ON r.feed = q.feed AND r.file_id = q.file_id AND r.row_no = q.row_no
        LEFT JOIN replaced AS p ON p.feed = q.feed AND p.file_id = coalesce(f.amends, q.file_id)
        """
    )


def reasons(con: Connection, feed: str | None = None) -> list[Reason]:
    """The quarantine by feed and reason, most open rows first; a row with two reasons counts under both.

    Args:
        con: a reader.
        feed: only this one.
    """
    show_states(con)
    rows = con.execute(
        """
        SELECT feed, reason, count(*) FILTER (state = 'open'), count(*) FILTER (state = 'fixed'),
               count(*) FILTER (state = 'returned'), count(*) FILTER (state = 'replaced'),
               min_by(name, (received_on, name, row_no)) FILTER (state = 'open'),
               min_by(coalesce(workbook_row, row_no), (received_on, name, row_no)) FILTER (state = 'open')
        FROM (SELECT *, unnest(reasons) AS reason FROM quarantined WHERE feed = coalesce(?, feed))
        GROUP BY feed, reason ORDER BY feed, 3 DESC, reason
        """,
        [feed],
    ).fetchall()
    return [Reason(*row) for row in rows]


def _with_keys(con: Connection) -> list[str]:
    """The declared feeds that have quarantined rows whose key could be read."""
    rows = con.execute("SELECT DISTINCT feed FROM lake.quarantine.cells WHERE key_values IS NOT NULL ORDER BY 1")
    declared = set(feeds())
    return [feed for (feed,) in rows.fetchall() if feed in declared]


def _find_later(con: Connection, feed: str) -> None:
    key = ", ".join(f'CAST(t."{name}" AS VARCHAR)' for name in contract(feed).key)
    con.execute(
        f"""
        INSERT INTO later
        WITH landed AS (FROM lake.ops.files WHERE feed = $feed AND status = 'landed'),
        wanted AS (
            SELECT c.file_id, c.row_no, c.key_values, f.landed_at
            FROM lake.quarantine.cells AS c JOIN landed AS f USING (file_id)
            WHERE c.feed = $feed AND c.key_values IS NOT NULL
        )
        SELECT $feed, w.file_id, w.row_no, arg_min(n.name, n.landed_at)
        FROM lake.feed.{feed} AS t JOIN landed AS n USING (file_id)
        JOIN wanted AS w ON w.key_values = [{key}] AND n.landed_at > w.landed_at
        GROUP BY ALL
        """,
        {"feed": feed},
    )
