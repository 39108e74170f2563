"""What a cell of each contract type means, as SQL expressions: its value, and the reasons it cannot be accepted.

Each type is read twice over. *Quick* shapes are what almost all rows of a file have; a row in which every cell has its
file's usual shape is done. Any other row is read with *care*: full-width digits, odd dates, thousands commas, lookups.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.feeds.codes import USCC_SHAPE, entity_id, looks_personal, narrow
from pipelines.feeds.contract import UNITS, Column, Heading
from pipelines.warehouse.connect import quoted

EMPTY = ("", "-", "--", "—", "——", "NULL", "null", "N/A", "n/a", "#N/A", "None", "\\N")
"""Texts departments write for "nothing here"; they are unknown, never 0."""

_TRUE = ("是", "1", "true", "t", "y", "yes", "有", "已缴", "已缴费", "同意", "已授权")
_FALSE = ("否", "0", "false", "f", "n", "no", "无", "未缴", "未缴费", "欠缴", "不同意", "未授权")
_PLAIN_FLAGS = {"是": True, "否": False, "Y": True, "N": False, "1": True, "0": False}
_DATE_SHAPES = ["%Y%m%d", "%Y年%m月%d日", "%Y.%m.%d", "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"]
PERSONAL = "a personal identity number, kept masked; expected the code of the business"
"""Owners registered under their own number are natural persons: their number is not taken in, not even into quarantine."""

_NEVER_WRONG = ("text", "capital")
"""Types in which any text is acceptable, at worst unknown."""

_MONTH_SHAPES = ["%Y-%m", "%Y%m", "%Y/%m", "%Y年%m月", "%Y.%m"]


@dataclass(frozen=True)
class Cell:
    """A column of a feed as SQL over the raw text columns.

    Attributes:
        column: of the contract.
        quick: SQL of the typed value for each usual shape; NULL where the cell is not of that shape.
        value: SQL of the typed value read with care, NULL when empty or wrong.
        faults: SQL condition -> reason, over `raw` text and the typed value (by the column's name).
        limits: those of the faults that look at the typed value only.
    """

    column: Column
    raw: str
    quick: tuple[str, ...]
    value: str
    faults: tuple[tuple[str, str], ...]
    limits: tuple[tuple[str, str], ...]

    def needs_care(self) -> str:
        """SQL: this cell is not of the usual shape, missing where it must not be, or out of its limits."""
        odd = (
            [f'("{self.column.name}" IS NULL AND {self.raw} IS NOT NULL)']
            if self.column.type not in _NEVER_WRONG
            else []
        )
        odd += (
            []
            if self.column.nullable
            else [f"{self.raw} IS NULL", *([is_empty(self.raw)] if self.column.type == "text" else [])]
        )
        return " OR ".join([*odd, *(condition for condition, _ in self.limits)])


def cell(heading: Heading, raw: str) -> Cell:
    """How a column delivered as the raw text `raw` is read and judged."""
    column = heading.column
    limits = _limits(column)
    quick = _quick(column, raw, heading.unit)
    return Cell(column, raw, quick, _value(column, raw, heading.unit), (*_presence(column, raw), *limits), limits)


def absent(column: Column) -> Cell:
    """A column the file does not have: unknown for every row."""
    return Cell(column, "NULL", (f"NULL::{column.duckdb_type}",), f"NULL::{column.duckdb_type}", (), ())


def is_empty(raw: str) -> str:
    """SQL: the cell holds nothing."""
    listed = ", ".join(quoted(text) for text in EMPTY)
    return f"CASE WHEN {raw} IS NULL THEN TRUE WHEN strlen({raw}) <= 8 THEN trim({raw}) IN ({listed}) ELSE trim({raw}) = '' END"


def _numeric(raw: str) -> str:
    """SQL: a number's text without thousands commas, blanks, currency signs and full-width digits."""
    return f"regexp_replace({narrow(raw)}, '[,\\s¥￥$元人]', '', 'g')"


def _presence(column: Column, raw: str) -> tuple[tuple[str, str], ...]:
    wrong = {
        "uscc": "not a valid unified social credit code",
        "date": "not a date",
        "month": "not a month",
        "timestamp": "not a time",
        "enum": f"not one of {'/'.join(column.values)}",
        "boolean": "not a yes or no",
        "integer": "not a whole number",
        "year": "not a year",
    }.get(column.type, "not a number")
    faults = []
    if not column.nullable:
        faults.append((is_empty(raw), f"{column.name}: empty"))
    is_wrong = f'"{column.name}" IS NULL AND NOT {is_empty(raw)}'
    if column.type == "uscc":
        faults.append((f"({is_wrong} AND {looks_personal(raw)})", f"{column.name}: {PERSONAL}"))
        is_wrong += f" AND NOT {looks_personal(raw)}"
    if column.type not in _NEVER_WRONG:
        faults.append((f"({is_wrong})", f"{column.name}: {wrong}"))
    return tuple(faults)


def _limits(column: Column) -> tuple[tuple[str, str], ...]:
    name = f'"{column.name}"'
    faults = []
    if column.minimum is not None:
        faults.append((f"{name} < {column.minimum}", f"{column.name}: below {column.minimum}"))
    if column.maximum is not None:
        faults.append((f"{name} > {column.maximum}", f"{column.name}: above {column.maximum}"))
    if column.pattern is not None:
        faults.append(
            (f"NOT regexp_full_match({name}, {quoted(column.pattern)})", f"{column.name}: not shaped {column.pattern}")
        )
    if column.type in ("date", "month", "timestamp"):
        faults.append(
            (f"{name} NOT BETWEEN DATE '1900-01-01' AND DATE '2199-12-31'", f"{column.name}: not a plausible date")
        )
    return tuple(faults)


def _value(column: Column, raw: str, unit: str) -> str:
    read = {
        "uscc": lambda: entity_id(raw),
        "text": lambda: _looked_up(column, f"CASE WHEN {is_empty(raw)} THEN NULL ELSE trim({raw}) END"),
        "enum": lambda: _enum(column, raw),
        "date": lambda: _date(raw),
        "month": lambda: (
            f"date_trunc('month', coalesce({_serial(raw)}, {_shaped(raw, _MONTH_SHAPES)}, "
            f"{_shaped(narrow(raw), _MONTH_SHAPES)}, {_date(raw)}))::DATE"
        ),
        "timestamp": lambda: (
            f"coalesce(TRY_CAST({raw} AS TIMESTAMP), CASE WHEN NOT contains({raw}, ':') THEN ({_date(raw)})::TIMESTAMP END)"
        ),
        "money": lambda: _money(raw, unit),
        "capital": lambda: _capital(raw, unit),
        "decimal": lambda: f"coalesce(TRY_CAST({raw} AS DECIMAL(18,4)), TRY_CAST({_numeric(raw)} AS DECIMAL(18,4)))",
        "integer": lambda: _integer(raw),
        "year": lambda: _integer(f"regexp_replace({raw}, '年度?$', '')"),
        "boolean": lambda: _boolean(_looked_up(column, raw)),
    }
    return read[column.type]()


def _quick(column: Column, raw: str, unit: str) -> tuple[str, ...]:
    """The usual shapes of a type, cheapest first; a file has one of them throughout."""
    whole = f"CASE WHEN regexp_full_match({raw}, '-?[0-9]+') THEN TRY_CAST({raw} AS INTEGER) END"
    words = " ".join(f"WHEN {quoted(text)} THEN {value}" for text, value in _PLAIN_FLAGS.items())
    known = ", ".join(quoted(value) for value in column.values)
    shapes: dict[str, tuple[str, ...]] = {
        "uscc": (f"CASE WHEN regexp_full_match({raw}, '{USCC_SHAPE}') THEN {raw} END",),
        "enum": (f"CASE WHEN {raw} IN ({known}) THEN {raw} END",),
        "date": (
            f"TRY_CAST({raw} AS DATE)",
            *(f"try_strptime({raw}, {quoted(shape)})::DATE" for shape in _DATE_SHAPES[:2]),
        ),
        "month": (
            f"CASE WHEN strlen({raw}) <= 7 THEN TRY_CAST({raw} || '-01' AS DATE) END",  # '2026-01-31-01' is a date too
            f"date_trunc('month', TRY_CAST({raw} AS DATE))::DATE",
            *(f"try_strptime({raw}, {quoted(shape)})::DATE" for shape in _MONTH_SHAPES[1:4]),
        ),
        "timestamp": (f"TRY_CAST({raw} AS TIMESTAMP)",),
        "money": (_plain_money(raw, unit),),
        "decimal": (f"TRY_CAST({raw} AS DECIMAL(18,4))",),
        "integer": (whole,),
        "year": (whole,),
        "boolean": (f"CASE {raw} {words} END", *([_boolean_lookup(column, raw)] if column.lookups else [])),
    }
    return shapes.get(column.type) or (_value(column, raw, unit),)


def _boolean_lookup(column: Column, raw: str) -> str:
    return f"CASE {raw} {' '.join(f'WHEN {quoted(dirty)} THEN {clean in _TRUE}' for dirty, clean in column.lookups.items())} END"


def _plain_money(raw: str, unit: str) -> str:
    if UNITS[unit] == 1:
        return f"TRY_CAST({raw} AS DECIMAL(18,2))"
    return f"TRY_CAST(TRY_CAST({raw} AS DECIMAL(18,6)) * {UNITS[unit]} AS DECIMAL(18,2))"


def _shaped(raw: str, shapes: list[str]) -> str:
    listed = ", ".join(quoted(shape) for shape in shapes)
    return f"try_strptime(trim({raw}), [{listed}])::DATE"


def _date(raw: str) -> str:
    """A date in any of the shapes departments write, Excel serials included."""
    trimmed = f"trim({narrow(raw)})"
    tried = (_shaped(raw, _DATE_SHAPES), _serial(raw), f"TRY_CAST({trimmed} AS DATE)", _shaped(trimmed, _DATE_SHAPES))
    return f"coalesce(TRY_CAST({raw} AS DATE), {', '.join(tried)})"


def _serial(raw: str) -> str:
    """The day number of a spreadsheet: five digits, days since 30 December 1899."""
    days = f"TRY_CAST(floor(TRY_CAST({raw} AS DOUBLE)) AS INTEGER)"
    return f"CASE WHEN regexp_full_match({raw}, '[2-6][0-9]{{4}}(\\.0+)?') THEN DATE '1899-12-30' + {days} END"


def _money(raw: str, unit: str) -> str:
    """Yuan to the fen, half up; a unit of the heading multiplies before rounding."""
    factor = UNITS[unit]
    if factor == 1:
        return f"coalesce(TRY_CAST({raw} AS DECIMAL(18,2)), TRY_CAST({_numeric(raw)} AS DECIMAL(18,2)))"
    number = f"coalesce(TRY_CAST({raw} AS DECIMAL(18,6)), TRY_CAST({_numeric(raw)} AS DECIMAL(18,6)))"
    return f"TRY_CAST(({number}) * {factor} AS DECIMAL(18,2))"


def _capital(raw: str, unit: str) -> str:
    """Registered capital in yuan; another currency, or none legible, is unknown and never read as yuan."""
    number = f"TRY_CAST(regexp_extract({_numeric(raw)}, '^[0-9.]+') AS DECIMAL(18,6))"
    foreign = f"regexp_matches({raw}, '美元|港|欧元|日元|英镑|澳|加拿大|新加坡|韩|法郎|马克|台|USD|HKD|EUR|JPY')"
    stated = (("亿", 100_000_000), ("万", 10_000), ("元", 1))
    cases = " ".join(f"WHEN contains({raw}, '{mark}') THEN {factor}" for mark, factor in stated)
    factor = f"CASE {cases} ELSE {UNITS[unit]} END"
    return f"CASE WHEN NOT {foreign} THEN TRY_CAST({number} * {factor} AS DECIMAL(18,2)) END"


def _integer(raw: str) -> str:
    number = f"coalesce(TRY_CAST({raw} AS DECIMAL(18,4)), TRY_CAST({_numeric(raw)} AS DECIMAL(18,4)))"
    return f"CASE WHEN {number} = trunc({number}) THEN TRY_CAST({number} AS INTEGER) END"


def _boolean(raw: str) -> str:
    text = f"lower(trim({narrow(raw)}))"
    yes, no = (", ".join(quoted(word) for word in words) for words in (_TRUE, _FALSE))
    return f"CASE WHEN {text} IN ({yes}) THEN TRUE WHEN {text} IN ({no}) THEN FALSE END"


def _looked_up(column: Column, value: str) -> str:
    if not column.lookups:
        return value
    cases = " ".join(f"WHEN {quoted(dirty)} THEN {quoted(clean)}" for dirty, clean in column.lookups.items())
    return f"CASE {value} {cases} ELSE {value} END"


def _enum(column: Column, raw: str) -> str:
    text = _looked_up(column, f"trim({raw})")
    return f"CASE WHEN {text} IN ({', '.join(quoted(value) for value in column.values)}) THEN {text} END"
