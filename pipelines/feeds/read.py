"""Reading a decoded file by its contract: one streamed pass for plain rows, a second look only at the odd ones.

Temporary tables of the landing connection:
- `typed`: every readable row, by its file's usual shapes; `raw` holds the fields of a row that needs care.
- `fetched`: raw fields asked for later.
- `careful`: the rows that need it, read with care.
- `broken`: lines that are not rows.
- `rows`, a view over them: row_id (place in `typed`), row_no (place in the file), contract columns, is_faulty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.errors import FileRefusedError
from pipelines.feeds import cells
from pipelines.feeds.cells import Cell
from pipelines.feeds.codes import LEGACY, is_entity_code, looks_personal, masked
from pipelines.feeds.contract import Contract
from pipelines.feeds.decode import Source
from pipelines.warehouse.connect import Connection, quoted

UNDECODABLE = "row: undecodable bytes"
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


@dataclass(frozen=True)
class Reading:
    """A file read into `typed`, `careful` and `broken`.

    Attributes:
        cells: the contract's columns as this file has them.
        shapes: the usual shape of each, as SQL.
        scan: SQL of the file's raw text columns c0, c1, …
    """

    source: Source
    cells: tuple[Cell, ...]
    shapes: tuple[str, ...]
    scan: str

    def has_odd_rows(self, con: Connection) -> bool:
        """Whether any row was read with care."""
        return count(con, "typed WHERE needs_care") > 0

    def fetch_raw(self, con: Connection, columns: Sequence[str], wanted: str) -> None:
        """Add to `fetched` the raw fields of the plain rows whose `columns` are in the table `wanted`: a second pass.

        Both passes see the same rows of a value in the same order, so the n-th of one is the n-th of the other.
        """
        shape = {each.column.name: text for each, text in zip(self.cells, self.shapes, strict=True)}
        named = ", ".join(f'"{name}"' for name in columns)
        shaped = ", ".join(f'{shape[name]} AS "{name}"' for name in columns)
        con.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE seen_again AS
            SELECT raw, {named}
            FROM (SELECT {shaped}, {_fields(self.source)} AS raw FROM {self.scan}) SEMI JOIN {wanted} USING ({named})
            """
        )
        nth = f"row_number() OVER (PARTITION BY {named} ORDER BY rowid) AS nth"
        con.execute(
            f"""
            INSERT INTO fetched
            SELECT row_id, again.raw
            FROM (SELECT rowid AS row_id, raw, {named}, {nth} FROM typed SEMI JOIN {wanted} USING ({named})) AS plain
            JOIN (SELECT raw, {named}, {nth} FROM seen_again) AS again USING (nth, {named})
            WHERE plain.raw IS NULL AND row_id NOT IN (SELECT row_id FROM fetched)
            """
        )


def read(con: Connection, source: Source, made: Contract) -> Reading:
    """Read a decoded file; afterwards the view `rows` has every readable row with its contract types."""
    found = {heading.column.name: heading for heading in source.matched.headings}
    read_cells = tuple(
        cells.cell(found[column.name], f"c{found[column.name].position}")
        if column.name in found
        else cells.absent(column)
        for column in made.columns
    )
    scan = _scan(source, rejects=True)
    reading = Reading(source, read_cells, _usual_shapes(con, read_cells, _scan(source, rejects=False)), scan)
    _stream(con, reading)
    _check_codes(con, reading)
    _break(con)
    take_care(con, reading)
    return reading


def count(con: Connection, relation: str) -> int:
    """Rows of a table, view or condition of the landing connection."""
    row = con.execute(f"SELECT count(*) FROM {relation}").fetchone()
    return int(row[0]) if row else 0


def _scan(source: Source, *, rejects: bool) -> str:
    columns = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(source.columns))
    quoting = "quote='', escape=''" if len(source.delimiter) > 1 else "quote='\"', escape='\"'"
    errors = "store_rejects=true, rejects_limit=0" if rejects else "ignore_errors=true"
    return (
        f"read_csv({quoted(str(source.path))}, auto_detect=false, header=false, skip=1, delim={quoted(source.delimiter)}, "
        f"{quoting}, columns={{{columns}}}, nullstr='', {errors})"
    )


def _fields(source: Source) -> str:
    return f"[{', '.join(f'c{place}' for place in range(source.columns))}]"


def _usual_shapes(con: Connection, read_cells: Sequence[Cell], scan: str) -> tuple[str, ...]:
    """For each cell the shape that most of the file's first rows have."""
    tried = [shape for each in read_cells for shape in each.quick]
    counted = ", ".join(f"count({shape})" for shape in tried)
    hits = con.execute(f"SELECT {counted} FROM (FROM {scan} LIMIT 2000)").fetchone() or ()
    score = dict(zip(tried, hits, strict=True))
    return tuple(max(each.quick, key=lambda shape: score[shape]) for each in read_cells)


def _stream(con: Connection, reading: Reading) -> None:
    """`typed`, in file order; `reject_errors` gets what is not a row."""
    for name in ("reject_errors", "reject_scans"):
        con.execute(f"DROP TABLE IF EXISTS temp.{name}")
    care = [each.needs_care() for each in reading.cells]
    care += [_has_undecodable(reading.source)] if reading.source.has_undecodable else []
    shaped = ", ".join(
        f'{shape} AS "{each.column.name}"' for each, shape in zip(reading.cells, reading.shapes, strict=True)
    )
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE typed AS
        SELECT {_names(reading)}, needs_care, CASE WHEN needs_care THEN {_fields(reading.source)} END AS raw
        FROM (SELECT *, {_any(care)} AS needs_care FROM (SELECT *, {shaped} FROM {reading.scan}))
        """
    )


def _check_codes(con: Connection, reading: Reading) -> None:
    """Rows whose code has a wrong check character need care; distinct codes are checked, not rows."""
    con.execute("CREATE OR REPLACE TEMP TABLE fetched (row_id BIGINT, raw VARCHAR[])")
    for each in reading.cells:
        if each.column.type == "uscc" and each.raw != "NULL":
            name = f'"{each.column.name}"'
            con.execute(
                f"""
                CREATE OR REPLACE TEMP TABLE wrong_codes AS
                SELECT {name} FROM (SELECT DISTINCT {name} FROM typed WHERE {name} IS NOT NULL)
                WHERE NOT {is_entity_code(name)}
                """
            )
            if count(con, "wrong_codes"):
                reading.fetch_raw(con, [each.column.name], "wrong_codes")
    con.execute("UPDATE typed SET needs_care = TRUE WHERE rowid IN (SELECT row_id FROM fetched)")


def _break(con: Connection) -> None:
    """`broken`: what is not CSV of the header's width, with its place among the rows of the file.

    Raises:
        FileRefusedError: a quote that is never closed swallowed the rows after it.
    """
    swallowed = con.execute(
        f"SELECT min(line) FROM reject_errors WHERE length(csv_line) >= {_LONGEST_REJECT}"
    ).fetchone()
    if swallowed and swallowed[0] is not None:
        raise FileRefusedError(
            f"row {swallowed[0] - 1}: a quote opened here is not closed, and what follows would become one cell; "
            "expected each quoted cell to be closed: mend the quote, or ask the sender for the file again"
        )
    cases = " ".join(f"WHEN {quoted(kind)} THEN {quoted(reason)}" for kind, reason in _REJECTS.items())
    kind = "min(error_type::VARCHAR)"
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE broken AS
        SELECT line - 1 AS row_no, trim(any_value(csv_line), chr(13) || chr(10)) AS raw,
               [CASE {kind} {cases} ELSE 'row: ' || lower({kind}) END] AS reasons
        FROM reject_errors GROUP BY line
        """
    )


def take_care(con: Connection, reading: Reading) -> None:
    """`careful`: the rows that need it, read with care; then the view `rows` over all."""
    careful = ", ".join(f'{each.value} AS "{each.column.name}"' for each in reading.cells)
    faults = [condition for each in reading.cells for condition, _ in each.faults]
    faults += [_has_undecodable(reading.source)] if reading.source.has_undecodable else []
    con.execute("DROP VIEW IF EXISTS rows")
    plain = f"SELECT rowid AS row_id, {_names(reading)}, FALSE AS is_faulty FROM typed"
    if reading.has_odd_rows(con):
        con.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE careful AS
            SELECT row_id, fields, {_names(reading)}, {_any(faults)} AS is_faulty
            FROM (SELECT *, {careful} FROM ({_as_fields(reading.source)}))
            """
        )
        plain += f" WHERE NOT needs_care UNION ALL SELECT row_id, {_names(reading)}, is_faulty FROM careful"
    shift, shift_join = _row_numbers(con)
    con.execute(
        f"CREATE TEMP VIEW rows AS SELECT row_id + 1 + {shift} AS row_no, each.* FROM ({plain}) AS each {shift_join}"
    )


def reasons_sql(reading: Reading) -> str:
    """SELECT row_id, raw text and reasons of every faulty row."""
    faults = [(condition, reason) for each in reading.cells for condition, reason in each.faults]
    faults += [(_has_undecodable(reading.source), UNDECODABLE)] if reading.source.has_undecodable else []
    reasons = ", ".join(f"CASE WHEN {condition} THEN {quoted(reason)} END" for condition, reason in faults) or "NULL"
    fields = ", ".join(f"fields[{place + 1}] AS c{place}" for place in range(reading.source.columns))
    return f"""
        SELECT row_id, {raw_text(reading, _masked_fields(reading))} AS raw,
               list_filter([{reasons}], lambda reason: reason IS NOT NULL) AS reasons
        FROM (SELECT *, {fields} FROM careful WHERE is_faulty)
    """


def raw_text(reading: Reading, fields: str) -> str:
    """SQL: the fields of a row as the text they were delivered as (without their quotes)."""
    return f"array_to_string(list_transform({fields}, lambda field: coalesce(field, '')), {quoted(reading.source.delimiter)})"


def count_repaired(con: Connection, reading: Reading) -> int:
    """Codes that were not delivered in the standard's form (lower case, full width, blanks) and were read all the same."""
    codes = [each for each in reading.cells if each.column.type == "uscc" and each.raw != "NULL"]
    if not codes or not reading.has_odd_rows(con):
        return 0
    repaired = " + ".join(
        f"""count_if(NOT is_faulty AND fields[{int(each.raw[1:]) + 1}] <> replace("{each.column.name}", {quoted(LEGACY)}, ''))"""
        for each in codes
    )
    row = con.execute(f"SELECT {repaired} FROM careful").fetchone()
    return int(row[0]) if row else 0


def _masked_fields(reading: Reading) -> str:
    """SQL: the fields of a row, personal numbers in cells of codes masked."""
    places = [f"c{place}" for place in range(reading.source.columns)]
    for each in reading.cells:
        if each.raw in places and each.column.type == "uscc":
            is_personal = f'"{each.column.name}" IS NULL AND {looks_personal(each.raw)}'
            places[places.index(each.raw)] = f"CASE WHEN {is_personal} THEN {masked(each.raw)} ELSE {each.raw} END"
    return f"[{', '.join(places)}]"


def kept_raw() -> str:
    """SELECT row_id and raw fields of the rows whose text was kept."""
    return "SELECT rowid AS row_id, raw FROM typed WHERE raw IS NOT NULL UNION ALL FROM fetched"


def _as_fields(source: Source) -> str:
    fields = ", ".join(f"raw[{place + 1}] AS c{place}" for place in range(source.columns))
    return f"SELECT row_id, raw AS fields, {fields} FROM ({kept_raw()})"


def _names(reading: Reading) -> str:
    return ", ".join(f'"{each.column.name}"' for each in reading.cells)


def _any(conditions: Sequence[str]) -> str:
    return " OR ".join(f"coalesce({condition}, FALSE)" for condition in conditions if condition) or "FALSE"


def _has_undecodable(source: Source) -> str:
    joined = ", ".join(f"c{place}" for place in range(source.columns))
    return f"contains(concat_ws(' ', {joined}), '\ufffd')"


def _row_numbers(con: Connection) -> tuple[str, str]:
    """SQL that adds to a row's place among the readable rows the number of broken rows before it."""
    if not count(con, "broken"):
        return "0", ""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE shifts AS
        SELECT good_before, max(shift) AS shift
        FROM (SELECT row_number() OVER (ORDER BY row_no) AS shift, row_no - shift AS good_before FROM broken)
        GROUP BY good_before
        """
    )
    return "coalesce(shifts.shift, 0)", "ASOF LEFT JOIN shifts ON each.row_id >= shifts.good_before"
