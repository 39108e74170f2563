"""The split: every row of a delivered file is accepted, a duplicate, or quarantined with its reasons.

All of it is SQL over temporary tables of the landing connection: `rows` (see `read.py`) -> `excluded` (duplicates and key
conflicts) -> `batch` (accepted) and `rejected` (quarantined).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipelines.errors import FileRefusedError
from pipelines.feeds.codes import without_personal_numbers
from pipelines.feeds.contract import Contract, Repeats
from pipelines.feeds.decode import Source, with_plain_newlines
from pipelines.feeds.personal import has_personal, kept_fields, shown_fields, shown_line
from pipelines.feeds.read import (
    Reading,
    UnmarkedBytesError,
    corrections_made,
    count,
    count_repaired,
    kept_raw,
    numbered,
    raw_text,
    read,
    reasons_sql,
    rows_in,
)
from pipelines.warehouse.connect import Connection, UnreadableTextError, named, quoted


@dataclass(frozen=True)
class Counts:
    """Conservation of one file: `rows_in = accepted + duplicates + quarantined`; and how many codes were repaired."""

    rows_in: int
    accepted: int
    duplicates: int
    quarantined: int
    repaired_codes: int = 0

    @property
    def is_conserved(self) -> bool:
        """Whether no row was lost or invented."""
        return self.rows_in == self.accepted + self.duplicates + self.quarantined


def split(
    con: Connection, source: Source, made: Contract, received_on: date, scratch: Path, amends: str | None = None
) -> Counts:
    """Read a decoded file into `batch` (rows to accept) and `rejected` (row_no, row_id, raw, reasons); the lake stays as it is.

    `batch` has the contract's columns, `row_id`, and for registers `superseded_on`; `closings` holds the register versions
    (file_id, row_no) that the batch replaces. What the engine cannot take as it is (mixed line ends, bytes that are no UTF-8) is
    read again from a copy in `scratch` with one kind of line end and each such byte marked.

    Raises:
        FileRefusedError: it is no CSV even so.
    """
    try:
        return _split(con, source, made, received_on, scratch, amends)
    except (UnreadableTextError, UnmarkedBytesError):
        plain = with_plain_newlines(source, scratch)
    try:
        return _split(con, plain, made, received_on, scratch, amends)
    except UnreadableTextError as error:
        words = str(error).splitlines()[0]
        raise FileRefusedError(f"this cannot be read as CSV ({words}); ask the sender for the file again") from error


def _split(
    con: Connection, source: Source, made: Contract, received_on: date, scratch: Path, amends: str | None
) -> Counts:
    reading = read(con, source, made, scratch)
    con.execute("CREATE OR REPLACE TEMP TABLE excluded (row_id BIGINT, fate VARCHAR, reason VARCHAR)")
    _note_corrections(con, reading)
    has_repeats = _exclude_repeats(con, made)
    has_known = _compare_with_known(con, made, received_on, amends)
    _set_aside(con, reading)
    _divide(con, made, received_on, has_known=has_known, has_repeats=has_repeats)
    _reject(con, made, reading)
    _keep_cells(con, made, reading)
    return _count(con, count_repaired(con, reading))


def _key(made: Contract, alias: str = "") -> str:
    prefix = f"{alias}." if alias else ""
    return ", ".join(f'{prefix}"{name}"' for name in made.key)


def _content(made: Contract, alias: str = "") -> str:
    prefix = f"{alias}." if alias else ""
    return "row(" + ", ".join(f'{prefix}"{column.name}"' for column in made.columns) + ")"


def _exclude_repeats(con: Connection, made: Contract) -> bool:
    """Within the file: an identical row again is a duplicate; other content under the same key is a conflict.

    In a register the order of a file is the order of events, so a later row with other content is a newer version.

    Returns:
        Whether a key may stand in several rows.
    """
    if not _find_repeated(con, f'"{made.repeats.within[0]}"' if made.repeats else _key(made)):
        return False
    if made.repeats:
        _exclude_repeated_amounts(con, made, made.repeats)
        if not _find_repeated(con, _key(made), f'hash("{made.repeats.within[0]}") IN (FROM repeated)'):
            return False
    rows = f"""
        SELECT row_id, {_key(made)}, {_content(made)} AS content FROM rows
        WHERE NOT is_faulty AND hash({_key(made)}) IN (FROM repeated)
    """
    if made.delivery == "upsert":
        con.execute(
            f"""
            INSERT INTO excluded SELECT row_id, 'duplicate', NULL FROM ({rows})
            QUALIFY content IS NOT DISTINCT FROM lag(content) OVER (PARTITION BY {_key(made)} ORDER BY row_id)
            """
        )
        return True
    con.execute(
        f"""
        INSERT INTO excluded
        SELECT row_id, CASE WHEN copy > 1 THEN 'duplicate' ELSE 'quarantined' END, {quoted(_conflict(made, "in this file"))}
        FROM (SELECT row_id, row_number() OVER (PARTITION BY {_key(made)}, content ORDER BY row_id) AS copy,
                     count(DISTINCT content) OVER (PARTITION BY {_key(made)}) AS contents FROM ({rows}))
        WHERE (copy > 1 OR contents > 1) AND row_id NOT IN (SELECT row_id FROM excluded)
        """
    )
    return True


def _find_repeated(con: Connection, columns: str, among: str = "TRUE") -> bool:
    """`repeated`: hashes of what several good rows have in `columns`; exact comparisons then look at those rows only."""
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE repeated AS
        SELECT hash({columns}) AS key_hash FROM rows WHERE NOT is_faulty AND {among} GROUP BY key_hash HAVING count(*) > 1
        """
    )
    return count(con, "repeated") > 0


def _exclude_repeated_amounts(con: Connection, made: Contract, repeats: Repeats) -> None:
    """Some exports write the total of a voucher on each of its lines; summing the lines would count it many times.

    A voucher looks so when it has several items and the same amount, not 0, on all of them. One voucher may by chance; so
    the file's own pattern decides: when most of its vouchers of several items look so, each of them counts once, by its
    first line, and its other lines are set aside. Otherwise all lines count.
    """
    within, amount = named(repeats.within), f'"{repeats.amount}"'
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE shared AS
        SELECT {within}, arg_min("{repeats.across}", row_id) AS first_value,
               count({amount}) = count(*) AND min({amount}) = max({amount}) AND min({amount}) <> 0 AS is_one_amount
        FROM rows WHERE NOT is_faulty AND hash("{repeats.within[0]}") IN (FROM repeated)
        GROUP BY {within} HAVING count(DISTINCT "{repeats.across}") > 1
        """
    )
    if count(con, "shared WHERE is_one_amount") * 2 <= count(con, "shared"):
        return
    same = " AND ".join(f'r."{name}" = s."{name}"' for name in repeats.within)
    reason = (
        f"{repeats.amount}: the total of {'+'.join(repeats.within)} repeated under several values of {repeats.across}; "
        "counted once, under the first"
    )
    con.execute(
        f"""
        INSERT INTO excluded
        SELECT r.row_id, 'quarantined', {quoted(reason)} FROM rows AS r JOIN shared AS s ON {same}
        WHERE NOT r.is_faulty AND s.is_one_amount AND r."{repeats.across}" <> s.first_value
        """
    )


def _note_corrections(con: Connection, reading: Reading) -> None:
    """`corrected`: what became of each correction of the contract in this file."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE corrected (
            column_name VARCHAR, named VARCHAR, expect VARCHAR, becomes VARCHAR, rows BIGINT, applied BIGINT
        )
        """
    )
    for each, rows, applied in corrections_made(con, reading):
        named_by = ", ".join(f"{name} {text}" for name, text in each.where.items())
        con.execute(
            "INSERT INTO corrected VALUES (?, ?, ?, ?, ?, ?)",
            [each.column, named_by, each.expect, each.to, rows, applied],
        )


def _conflict(made: Contract, where: str) -> str:
    return f"{'+'.join(made.key)}: key_conflict, other content under the same key {where}"


def _compare_with_known(con: Connection, made: Contract, received_on: date, amends: str | None) -> bool:
    """Whether the warehouse holds rows under the keys of this file; those that say nothing new are excluded.

    Rows that come back to a snapshot (`amends`) are compared with the snapshot they come back to.
    """
    if made.delivery == "append":
        return _compare_with_events(con, made)
    if made.delivery == "period_snapshot" and amends:
        own = "file_id = ? OR file_id IN (SELECT file_id FROM lake.ops.files WHERE amends = ?)"
        return _compare_with_same_keys(con, made, f"({own})", [amends, amends])
    return made.delivery == "upsert" and _compare_with_register(con, made, received_on)


def _known(con: Connection, made: Contract, extra: str, where: str, bound: Sequence[object]) -> bool:
    """`known`: what the warehouse already holds under the keys of this file; keys alone are looked for first."""
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE met AS
        SELECT DISTINCT key_hash FROM (SELECT hash({_key(made)}) AS key_hash FROM lake.feed.{made.feed} WHERE {where})
        SEMI JOIN (SELECT hash({_key(made)}) AS key_hash FROM rows WHERE NOT is_faulty) USING (key_hash)
        """,
        list(bound),
    )
    if not count(con, "met"):
        return False
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE known AS
        SELECT {named(column.name for column in made.columns)}{extra} FROM lake.feed.{made.feed}
        WHERE {where} AND hash({_key(made)}) IN (FROM met)
        """,
        list(bound),
    )
    return count(con, "known") > 0


def _same_key(made: Contract, left: str, right: str) -> str:
    return " AND ".join(f'{left}."{name}" = {right}."{name}"' for name in made.key)


def _compare_with_events(con: Connection, made: Contract) -> bool:
    """Against earlier files: the same event again is a duplicate, the same key with other content a conflict.

    Repeats are looked for within the span of the file's own periods, so the cost follows the file and not the history.
    """
    where, bound = "TRUE", []
    if made.period:
        span = con.execute(
            f'SELECT min("{made.period}"), max("{made.period}") FROM rows WHERE NOT is_faulty'
        ).fetchone()
        where, bound = f'"{made.period}" BETWEEN ? AND ?', list(span or (None, None))
    return _compare_with_same_keys(con, made, where, bound)


def _compare_with_same_keys(con: Connection, made: Contract, where: str, bound: Sequence[object]) -> bool:
    """Against known rows that keep their content for ever: the same again is a duplicate, other content a conflict."""
    if not _known(con, made, "", where, bound):
        return False
    con.execute(
        f"""
        INSERT INTO excluded
        SELECT t.row_id, CASE WHEN {_content(made, "t")} IS NOT DISTINCT FROM {_content(made, "k")} THEN 'duplicate'
                         ELSE 'quarantined' END, {quoted(_conflict(made, "in an earlier file"))}
        FROM rows AS t JOIN known AS k ON {_same_key(made, "t", "k")}
        WHERE NOT t.is_faulty AND t.row_id NOT IN (SELECT row_id FROM excluded)
        """
    )
    return True


def _compare_with_register(con: Connection, made: Contract, received_on: date) -> bool:
    """`known` versions valid on the day of receipt; a first row equal to its key's version says nothing new."""
    if not _known(con, made, ", file_id, row_no, received_on, superseded_on", "TRUE", []):
        return False
    con.execute(
        f"""
        INSERT INTO excluded
        SELECT t.row_id, 'duplicate', NULL
        FROM (SELECT * FROM rows WHERE NOT is_faulty AND row_id NOT IN (SELECT row_id FROM excluded)
              QUALIFY row_number() OVER (PARTITION BY {_key(made)} ORDER BY row_id) = 1) AS t
        JOIN known AS k ON {_same_key(made, "t", "k")}
        WHERE k.received_on <= ? AND (k.superseded_on IS NULL OR k.superseded_on > ?)
            AND {_content(made, "t")} IS NOT DISTINCT FROM {_content(made, "k")}
        """,
        [received_on, received_on],
    )
    return True


def _set_aside(con: Connection, reading: Reading) -> None:
    """Mark the excluded rows, so that whoever asks for the others afterwards meets a flag and no join."""
    if count(con, "excluded"):
        con.execute("UPDATE typed SET is_out = TRUE WHERE rowid IN (SELECT row_id FROM excluded)")
        if reading.has_odd_rows(con):
            con.execute("UPDATE careful SET is_out = TRUE WHERE row_id IN (SELECT row_id FROM excluded)")


def _divide(con: Connection, made: Contract, received_on: date, *, has_known: bool, has_repeats: bool) -> None:
    """`batch`: the rows to accept."""
    kept = (
        f"SELECT {named(column.name for column in made.columns)}, row_id FROM rows WHERE NOT is_faulty AND NOT is_out"
    )
    con.execute("DROP VIEW IF EXISTS batch")
    if made.delivery == "upsert":
        con.execute("CREATE OR REPLACE TEMP TABLE closings (file_id VARCHAR, row_no BIGINT)")
        if has_known or has_repeats:
            _version(con, made, kept, received_on, has_known=has_known)
            kept = "FROM versions"
        else:
            kept = f"SELECT *, NULL::DATE AS superseded_on FROM ({kept})"
    con.execute(f"CREATE TEMP VIEW batch AS {kept}")


def _version(con: Connection, made: Contract, kept: str, received_on: date, *, has_known: bool) -> None:
    """`versions`: accepted register rows with the day each stops being valid; `closings`: the versions they end."""
    later = (
        f"""(SELECT {_key(made)}, min(received_on) AS next_on FROM known WHERE received_on > $received_on GROUP BY ALL)"""
        if has_known
        else f"(SELECT {_key(made)}, NULL::DATE AS next_on FROM rows WHERE FALSE)"
    )
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE versions AS
        SELECT t.*, lead(row_id) OVER (PARTITION BY {_key(made, "t")} ORDER BY row_id) AS next_in_file,
               CASE WHEN next_in_file IS NOT NULL THEN $received_on::DATE ELSE n.next_on END AS superseded_on
        FROM ({kept}) AS t LEFT JOIN {later} AS n ON {_same_key(made, "t", "n")}
        """,
        {"received_on": received_on},
    )
    if has_known:
        con.execute(
            f"""
            INSERT INTO closings
            SELECT DISTINCT k.file_id, k.row_no FROM known AS k JOIN versions AS v ON {_same_key(made, "k", "v")}
            WHERE k.received_on <= $received_on AND (k.superseded_on IS NULL OR k.superseded_on > $received_on)
            """,
            {"received_on": received_on},
        )


def _reject(con: Connection, made: Contract, reading: Reading) -> None:
    """`rejected`: row_no, row_id (none for what is no row), raw text and reasons of every quarantined row."""
    line = shown_line(reading.source, "raw")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE rejected AS SELECT row_no, NULL::BIGINT AS row_id, {line} AS raw, reasons FROM broken"
    )
    if reading.has_odd_rows(con):
        _reject_rows(con, reasons_sql(reading))
    if count(con, "excluded WHERE fate = 'quarantined'"):
        reading.fetch_raw(con, "SELECT row_id FROM excluded WHERE fate = 'quarantined'")
        shown = shown_fields(reading.source, _fields(reading))
        _reject_rows(
            con,
            f"""
            SELECT row_id, {raw_text(reading, shown)} AS raw, [e.reason] AS reasons
            FROM excluded AS e JOIN ({kept_raw()}) AS k USING (row_id) WHERE e.fate = 'quarantined'
            """,
        )


def _reject_rows(con: Connection, rejected: str) -> None:
    con.execute(f"INSERT INTO rejected SELECT row_no, row_id, raw, reasons FROM ({numbered(con, rejected)})")


def _keep_cells(con: Connection, made: Contract, reading: Reading) -> None:
    """`rejected_cells`: row_no, cells and key of each rejected row, and the line of one that is none: where correction starts."""
    if not count(con, "rejected"):
        return
    key = ", ".join(f'CAST(r."{name}" AS VARCHAR)' for name in made.key)
    missing = " OR ".join(f'r."{name}" IS NULL' for name in made.key)
    lines = "FROM broken" if has_personal(reading.source) else "FROM broken WHERE FALSE"
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE rejected_cells AS
        SELECT x.row_no, CASE WHEN {missing} THEN NULL ELSE [{key}] END AS key_values,
               {kept_fields(reading.source, _fields(reading))} AS cells, NULL AS line
        FROM rejected AS x JOIN (FROM rows WHERE row_id IN (SELECT row_id FROM rejected)) AS r USING (row_id)
        JOIN ({kept_raw()}) AS k USING (row_id)
        UNION ALL
        SELECT row_no, NULL, NULL, {without_personal_numbers("raw")} {lines}
        """
    )


def _fields(reading: Reading) -> list[str]:
    return [f"k.raw[{place + 1}]" for place in range(reading.source.columns)]


def _count(con: Connection, repaired_codes: int) -> Counts:
    return Counts(
        rows_in=rows_in(con),
        accepted=count(con, "batch"),
        duplicates=count(con, "excluded WHERE fate = 'duplicate'"),
        quarantined=count(con, "rejected"),
        repaired_codes=repaired_codes,
    )
