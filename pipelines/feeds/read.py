"""Reading a decoded file by its contract: one streamed pass for plain rows, a second look only at the odd ones.

Temporary tables of the landing connection:
- `typed`: every readable row, by its file's usual shapes; `raw` holds the fields of a row that needs care.
- `fetched`: raw fields asked for later.
- `careful`: the rows that need it, read with care.
- `broken`: lines that are not rows; `shifts`: how many of them stand before a block of rows.
- `registered` (see history.py): digests of codes known to be right.
- `rows`, a view over `typed` and `careful`: row_id (place in `typed`), contract columns, is_faulty, is_out (set aside).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pipelines.errors import FileRefusedError
from pipelines.feeds import cells
from pipelines.feeds.cells import Cell
from pipelines.feeds.codes import LEGACY, is_entity_code
from pipelines.feeds.contract import Contract, Correction
from pipelines.feeds.decode import Source
from pipelines.feeds.personal import shown_fields
from pipelines.feeds.texts import MARK, Lines
from pipelines.warehouse.connect import Connection, in_written_order, quoted

UNDECODABLE = "row: undecodable bytes"
TOTALS_LINE = "row: totals line"
_REJECTS = {
    "MISSING COLUMNS": "row: too few fields",
    "TOO MANY COLUMNS": "row: too many fields",
    "INVALID ENCODING": UNDECODABLE,
    "UNQUOTED VALUE": "row: broken quotes",
    "LINE SIZE OVER MAXIMUM": "row: too long",
    "INVALID STATE": "row: broken quotes",
}


_LONGEST_REJECT = 10_000
"""The engine keeps so many characters of a rejected row; a longer one could not be kept whole."""

_BLOCK = 256

_PEEK = 4 << 20
"""Bytes read for the first rows of a file: more than the longest line that the engine takes, an eighth of its usual buffer."""

_SHIFTS = f"""
    CREATE OR REPLACE TEMP TABLE shifts AS
    WITH numbered AS (SELECT row_number() OVER (ORDER BY row_no) AS shift, row_no - shift AS good_before FROM broken),
    each_break AS (SELECT good_before, max(shift) AS shift FROM numbered GROUP BY good_before),
    breaks AS (
        SELECT good_before // {_BLOCK} AS block, max(shift) AS shift,
               list(struct_pack(good_before, shift) ORDER BY good_before) AS breaks
        FROM each_break GROUP BY block
    )
    SELECT block, breaks,
           coalesce(max(shift) OVER (ORDER BY block ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS shift_before
    FROM (SELECT unnest(range(1 + (SELECT max(rowid) FROM typed) // {_BLOCK})) AS block) LEFT JOIN breaks USING (block)
"""
"""Broken lines before a row, by blocks of rows: a join with few blocks, where a join by range would sort the whole file."""


class UnmarkedBytesError(Exception):
    """The engine met bytes that are no UTF-8; it names only their cell, so the text has to be marked first."""


@dataclass(frozen=True)
class Reading:
    """A file read into `typed`, `careful` and `broken`.

    Attributes:
        cells: the contract's columns as this file has them.
        shapes: the usual shape of each, as SQL.
        scan: SQL of the file's raw text columns c0, c1, …
        made: the contract.
        scratch: folder for copies.
    """

    source: Source
    cells: tuple[Cell, ...]
    shapes: tuple[str, ...]
    scan: str
    made: Contract
    scratch: Path

    @cached_property
    def lines(self) -> Lines:
        """Of the decoded file: its rows and its header, where no cell spans several lines and no line is blank."""
        return Lines(self.source.path)

    def has_odd_rows(self, con: Connection) -> bool:
        """Whether any row was read with care."""
        return count(con, "typed WHERE needs_care") > 0

    def fetch_raw(self, con: Connection, wanted: str) -> None:
        """Add to `fetched` the raw fields of the plain rows whose row_id `wanted` selects: a second look at the file.

        Where each row is one line, as almost everywhere, only those lines are read again; else the file is, row by row.
        """
        con.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE wanted AS
            SELECT row_no, row_id FROM ({numbered(con, f"SELECT rowid AS row_id, raw FROM typed WHERE rowid IN ({wanted})")})
            WHERE raw IS NULL AND row_id NOT IN (SELECT row_id FROM fetched) ORDER BY row_no
            """
        )
        numbers = con.execute("SELECT row_no FROM wanted ORDER BY row_no").fetchnumpy()["row_no"]
        again = self.scratch / "again"
        if self.lines.count == 1 + rows_in(con):
            self.lines.pick(numbers, again)
            places, scan = (
                "SELECT row_id, row_number() OVER (ORDER BY row_no) AS place FROM wanted",
                _scan(self.source, again, skip=0),
            )
        else:
            places, scan = "SELECT row_id, row_id + 1 AS place FROM wanted", self.scan
        con.execute(
            f"""
            INSERT INTO fetched SELECT row_id, raw
            FROM (SELECT row_number() OVER () AS place, {_fields(self.source)} AS raw FROM {scan}) JOIN ({places}) USING (place)
            """
        )
        again.unlink(missing_ok=True)


def read(con: Connection, source: Source, made: Contract, scratch: Path) -> Reading:
    """Read a decoded file; afterwards the view `rows` has every readable row with its contract types."""
    found = {heading.column.name: heading for heading in source.matched.headings}
    read_cells = tuple(
        cells.cell(found[column.name], f"c{found[column.name].position}")
        if column.name in found
        else cells.absent(column)
        for column in made.columns
    )
    shapes = _usual_shapes(con, read_cells, _scan(source, source.path, f"ignore_errors=true, buffer_size={_PEEK}"))
    reading = Reading(source, read_cells, shapes, _scan(source, source.path), made, scratch)
    _stream(con, reading)
    _break(con, source)
    _check_codes(con, reading)
    take_care(con, reading)
    return reading


def count(con: Connection, relation: str) -> int:
    """Rows of a table, view or condition of the landing connection."""
    row = con.execute(f"SELECT count(*) FROM {relation}").fetchone()
    return int(row[0]) if row else 0


def rows_in(con: Connection) -> int:
    """Rows of the file, readable or not."""
    return count(con, "typed") + count(con, "broken")


def numbered(con: Connection, relation: str) -> str:
    """SELECT a relation that has row_id, with row_no before it: its place among all rows of the file, from 1."""
    if not count(con, "broken"):
        return f"SELECT row_id + 1 AS row_no, each.* FROM ({relation}) AS each"
    shift = "coalesce(list_filter(breaks, lambda each: each.good_before <= row_id)[-1].shift, shift_before)"
    return f"""
        SELECT row_id + 1 + CASE WHEN breaks IS NULL THEN shift_before ELSE {shift} END AS row_no, each.*
        FROM ({relation}) AS each JOIN shifts ON shifts.block = each.row_id // {_BLOCK}
    """


def _scan(source: Source, path: Path, errors: str = "ignore_errors=true", skip: int = 1) -> str:
    columns = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(source.columns))
    quoting = "quote='\"', escape='\"'" if source.is_quoted else "quote='', escape=''"
    return (
        f"read_csv({quoted(str(path))}, auto_detect=false, header=false, skip={skip}, delim={quoted(source.delimiter)}, "
        f"{quoting}, columns={{{columns}}}, nullstr='', {errors})"
    )


def _fields(source: Source) -> str:
    return f"[{', '.join(f'c{place}' for place in range(source.columns))}]"


def _usual_shapes(con: Connection, read_cells: Sequence[Cell], scan: str) -> tuple[str, ...]:
    """For each cell the shape that most of the file's first rows have."""
    tried = [shape for each in read_cells for shape in each.quick]
    counted = ", ".join(f"count({shape})" for shape in tried)
    hits = con.execute(f"SELECT {counted} FROM (FROM {scan} LIMIT 500)").fetchone() or ()
    score = dict(zip(tried, hits, strict=True))
    return tuple(max(each.quick, key=lambda shape: score[shape]) for each in read_cells)


def _stream(con: Connection, reading: Reading) -> None:
    """`typed`, in file order; `reject_errors` gets what is not a row."""
    for name in ("reject_errors", "reject_scans"):
        con.execute(f"DROP TABLE IF EXISTS temp.{name}")
    care = [each.needs_care() for each in reading.cells]
    care += [_has_undecodable(reading.source)] if reading.source.has_undecodable else []
    care += [where for _, where, _ in _corrections(reading)]
    shaped = ", ".join(
        f'{shape} AS "{each.column.name}"' for each, shape in zip(reading.cells, reading.shapes, strict=True)
    )
    scan = _scan(reading.source, reading.source.path, "store_rejects=true, rejects_limit=0")
    with in_written_order(con):
        con.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE typed AS
            SELECT {_names(reading)}, needs_care, FALSE AS is_out, CASE WHEN needs_care THEN {_fields(reading.source)} END AS raw
            FROM (SELECT *, {_any(care)} AS needs_care FROM (SELECT *, {shaped} FROM {scan}))
            """
        )


def _check_codes(con: Connection, reading: Reading) -> None:
    """Rows whose 18 bytes are no code, or one with a wrong check character, need care; distinct codes are checked, not rows.

    In two statements: the engine would push the check below the DISTINCT. Those of the register were checked when they landed
    (by a digest of 64 bits: that of a wrong code would be among ten million once in a million million).
    """
    con.execute("CREATE OR REPLACE TEMP TABLE fetched (row_id BIGINT, raw VARCHAR[])")
    for each in reading.cells:
        if each.column.type == "uscc" and each.raw != "NULL":
            name = f'"{each.column.name}"'
            con.execute(
                f"""
                CREATE OR REPLACE TEMP TABLE codes AS
                SELECT DISTINCT {name} FROM (SELECT {name} FROM typed WHERE {name} IS NOT NULL)
                ANTI JOIN registered ON code = hash({name})
                """
            )
            con.execute(
                f"CREATE OR REPLACE TEMP TABLE wrong_codes AS SELECT {name} FROM codes WHERE NOT {is_entity_code(name)}"
            )
            if count(con, "wrong_codes"):
                reading.fetch_raw(con, f"SELECT rowid FROM typed WHERE {name} IN (FROM wrong_codes)")
    con.execute("UPDATE typed SET needs_care = TRUE WHERE rowid IN (SELECT row_id FROM fetched)")


def _break(con: Connection, source: Source) -> None:
    """`broken`: what is not CSV of the header's width, with its place among the rows of the file; `shifts` of the rows after it.

    Raises:
        UnmarkedBytesError: some bytes are no UTF-8, and nobody has marked which.
        FileRefusedError: a quote that is never closed swallowed the rows after it.
    """
    if not source.has_undecodable and count(con, "reject_errors WHERE error_type = 'INVALID ENCODING'"):
        raise UnmarkedBytesError
    swallowed = con.execute(
        f"SELECT min(line) FROM reject_errors WHERE length(csv_line) >= {_LONGEST_REJECT}"
    ).fetchone()
    if swallowed and swallowed[0] is not None:
        raise FileRefusedError(
            f"row {swallowed[0] - 1}: a quote opened here is not closed, and what follows would become one cell; "
            "expected each quoted cell to be closed: mend the quote, or ask the sender for the file again"
        )
    kinds = _REJECTS | ({"MISSING COLUMNS": "row: not a JSON object"} if source.form == "json" else {})
    cases = " ".join(f"WHEN {quoted(kind)} THEN {quoted(reason)}" for kind, reason in kinds.items())
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE broken AS
        SELECT row_no, {_without_marks("raw")} AS raw,
               [CASE WHEN {_begins_with_total("raw")} THEN {quoted(TOTALS_LINE)}
                     WHEN contains(raw, '\ufffd') THEN {_undecodable("raw")}
                     ELSE CASE kind {cases} ELSE 'row: ' || lower(kind) END END] AS reasons
        FROM (SELECT line - 1 AS row_no, trim(any_value(csv_line), chr(13) || chr(10)) AS raw,
                     coalesce(min(kind) FILTER (kind <> 'INVALID ENCODING'), min(kind)) AS kind  -- also said of broken quotes
              FROM (SELECT *, error_type::VARCHAR AS kind FROM reject_errors) GROUP BY line)
        """
    )
    con.execute(_SHIFTS)


def take_care(con: Connection, reading: Reading) -> None:
    """`careful`: the rows that need it, read with care; then the view `rows` over all."""
    careful = ", ".join(f'{each.value} AS "{each.column.name}"' for each in reading.cells)
    faults = [condition for each in reading.cells for condition, _ in each.faults]
    faults += [_has_undecodable(reading.source)] if reading.source.has_undecodable else []
    faults += [_is_totals(reading)]
    con.execute("DROP VIEW IF EXISTS rows")
    plain = f"SELECT rowid AS row_id, {_names(reading)}, FALSE AS is_faulty, is_out FROM typed"
    if reading.has_odd_rows(con):
        con.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE careful AS
            SELECT row_id, fields, {_names(reading)}, {_any(faults)} AS is_faulty, FALSE AS is_out
            FROM (SELECT *, {careful} FROM ({_as_fields(reading)}))
            """
        )
        plain += f" WHERE NOT needs_care UNION ALL SELECT row_id, {_names(reading)}, is_faulty, is_out FROM careful"
    con.execute(f"CREATE TEMP VIEW rows AS {plain}")


def reasons_sql(reading: Reading) -> str:
    """SELECT row_id, raw text and reasons of every faulty row."""
    faults = [(condition, quoted(reason)) for each in reading.cells for condition, reason in each.faults]
    if reading.source.has_undecodable:
        faults.append((_has_undecodable(reading.source), _undecodable(_all_fields(reading.source))))
    reasons = ", ".join(f"CASE WHEN {condition} THEN {reason} END" for condition, reason in faults) or "NULL"
    names = [f"c{place}" for place in range(reading.source.columns)]
    fields = ", ".join(f"fields[{place + 1}] AS c{place}" for place in range(reading.source.columns))
    return f"""
        SELECT row_id, {raw_text(reading, shown_fields(reading.source, names))} AS raw,
               CASE WHEN {_is_totals(reading)} THEN [{quoted(TOTALS_LINE)}]
                    ELSE list_filter([{reasons}], lambda reason: reason IS NOT NULL) END AS reasons
        FROM (SELECT *, {fields} FROM careful WHERE is_faulty)
    """


def raw_text(reading: Reading, fields: str) -> str:
    """SQL: the fields of a row as the text they were delivered as (without their quotes)."""
    joined = f"array_to_string(list_transform({fields}, lambda field: coalesce(field, '')), {quoted(reading.source.delimiter)})"
    return _without_marks(joined) if reading.source.has_undecodable else joined


def count_repaired(con: Connection, reading: Reading) -> int:
    """Codes that were not delivered in the standard's form (lower case, full width, blanks) and were read all the same."""
    codes = [each for each in reading.cells if each.column.type == "uscc" and each.raw != "NULL"]
    if not codes or not reading.has_odd_rows(con):
        return 0
    changed = (
        f"""fields[{int(each.raw[1:]) + 1}] <> replace("{each.column.name}", {quoted(LEGACY)}, '')""" for each in codes
    )
    repaired = " + ".join(f"count(*) FILTER (WHERE NOT is_faulty AND {each})" for each in changed)
    row = con.execute(f"SELECT {repaired} FROM careful").fetchone()
    return int(row[0]) if row else 0


def kept_raw() -> str:
    """SELECT row_id and raw fields of the rows whose text was kept."""
    return "SELECT rowid AS row_id, raw FROM typed WHERE raw IS NOT NULL UNION ALL FROM fetched"


def _as_fields(reading: Reading) -> str:
    raw = {place: f"raw[{place + 1}]" for place in range(reading.source.columns)}
    for correction, where, place in _corrections(reading, tuple(raw.values())):
        wrong = f"{where} AND coalesce(trim(raw[{place + 1}]), '') = {quoted(correction.expect)}"
        raw[place] = f"CASE WHEN {wrong} THEN {quoted(correction.to)} ELSE {raw[place]} END"
    fields = ", ".join(f"{field} AS c{place}" for place, field in raw.items())
    return f"SELECT row_id, raw AS fields, {fields} FROM ({kept_raw()})"


def corrections_made(con: Connection, reading: Reading) -> list[tuple[Correction, int, int]]:
    """Each correction of the contract with its rows in this file, and in how many of them the value was the expected one."""
    found = _corrections(reading, tuple(f"raw[{place + 1}]" for place in range(reading.source.columns)))
    counted = []
    for correction, where, place in found:
        row = con.execute(
            f"SELECT count(*), count(*) FILTER (WHERE coalesce(trim(raw[{place + 1}]), '') = ?) "
            f"FROM ({kept_raw()}) WHERE {where}",
            [correction.expect],
        ).fetchone()
        counted.append((correction, *(row or (0, 0))))
    return counted


def _corrections(reading: Reading, fields: Sequence[str] | None = None) -> list[tuple[Correction, str, int]]:
    """Corrections of columns this file has: SQL condition of their rows, and the place of the column."""
    at = {heading.column.name: heading.position for heading in reading.source.matched.headings}
    raw = fields or tuple(f"c{place}" for place in range(reading.source.columns))
    return [
        (
            each,
            " AND ".join(f"trim({raw[at[name]]}) = {quoted(text)}" for name, text in each.where.items()),
            at[each.column],
        )
        for each in reading.made.corrections
        if {*each.where, each.column} <= at.keys()
    ]


def _names(reading: Reading) -> str:
    return ", ".join(f'"{each.column.name}"' for each in reading.cells)


def _any(conditions: Sequence[str]) -> str:
    return " OR ".join(f"coalesce({condition}, FALSE)" for condition in conditions if condition) or "FALSE"


def _has_undecodable(source: Source) -> str:
    return f"contains({_all_fields(source)}, '\ufffd')"


def _all_fields(source: Source) -> str:
    return f"concat_ws(' ', {', '.join(f'c{place}' for place in range(source.columns))})"


def _undecodable(text: str) -> str:
    """SQL: the reason, with the offset of the first undecodable byte where it is known."""
    return f"{quoted(UNDECODABLE)} || coalesce(' at byte ' || nullif(regexp_extract({text}, '{MARK}', 1), ''), '')"


def _without_marks(text: str) -> str:
    return f"regexp_replace({text}, '{MARK}', '\ufffd', 'g')"


def _is_totals(reading: Reading) -> str:
    """SQL: one of the first cells says totals, and a column of the key is missing or says so itself."""
    raw = {each.column.name: each.raw for each in reading.cells}
    filled = ", ".join(f"nullif(trim(c{place}), '')" for place in range(min(3, reading.source.columns)))
    missing = " OR ".join(f'"{name}" IS NULL OR {cells.is_total(raw[name])}' for name in reading.made.key)
    return f"({cells.is_total(f'coalesce({filled})')} AND ({missing}))"


def _begins_with_total(raw: str) -> str:
    words = "|".join(cells.TOTALS)
    between = "[\\s[:punct:][:cntrl:]：]"
    return f"regexp_matches({raw}, '^{between}*({words}){between}')"
