"""What a cell of each contract type means, as SQL expressions: its value, and the reasons it cannot be accepted.

Each type is read twice over. *Quick* shapes are what almost all rows of a file have; a row in which every cell has its
file's usual shape is done. Any other row is read with *care*: full-width digits, odd dates, thousands commas, lookups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.feeds.codes import entity_id, looks_personal, narrow, without_personal_numbers
from pipelines.feeds.contract import UNITS, Column, Heading
from pipelines.warehouse.connect import quoted

EMPTY = ("", "-", "--", "—", "——", "NULL", "null", "N/A", "n/a", "#N/A", "None", "\\N")
"""Texts departments write for "nothing here"; they are unknown, never 0."""

TOTALS = ("合计", "总计", "小计", "共计", "合 计", "总 计", "小 计", "合　计", "总　计", "小　计")
"""What stands in the first cells of a line of totals, which is no row of any feed."""

LOST_DIGITS = "-?[0-9](\\.[0-9]+)?[eE]\\+?[0-9]+"
"""A number as a spreadsheet shows it when it kept only some of its digits (`9.15106E+17`): what was typed is lost."""

_TRUE = ("是", "1", "true", "t", "y", "yes", "有", "已缴", "已缴费", "同意", "已授权")
_FALSE = ("否", "0", "false", "f", "n", "no", "无", "未缴", "未缴费", "欠缴", "不同意", "未授权")
_STATED = {"亿": 100_000_000, "千万": 10_000_000, "百万": 1_000_000, "万": 10_000, "千": 1_000, "百": 100}
_PLAIN_FLAGS = {"是": True, "否": False, "Y": True, "N": False, "1": True, "0": False}
_DATE_SHAPES = ["%Y%m%d", "%Y年%m月%d日", "%Y.%m.%d", "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"]
PERSONAL = "a personal identity number, kept masked; expected the unified code of the business"
"""Owners registered under their own number are natural persons: their number is not taken in, not even into quarantine."""

_NEVER_WRONG = ("text", "capital")
"""Types in which any text is acceptable, at worst unknown."""

_LOSE_DIGITS = ("money", "decimal", "integer")

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
        if not self.column.nullable:
            odd += [f"{self.raw} IS NULL"]
            odd += [_is_empty_total_or_lost(self.raw)] if self.column.type == "text" else []
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


def is_total(raw: str) -> str:
    """SQL: the cell says that its line is a line of totals."""
    return f"coalesce(trim({raw}, ' :：\t') IN ({', '.join(quoted(text) for text in TOTALS)}), FALSE)"


def _is_empty_total_or_lost(raw: str) -> str:
    """SQL for every row, so the short way: such texts begin like one, and a number that lost its digits is short and has an E."""
    return (
        f"CASE WHEN {_begins_like(raw, (*EMPTY, *TOTALS))} "
        f"THEN {is_empty(raw)} OR {is_total(raw)} OR regexp_full_match(trim({raw}), '{LOST_DIGITS}') "
        f"WHEN strlen({raw}) > 12 OR {_has_no_e(raw)} THEN FALSE ELSE regexp_full_match(trim({raw}), '{LOST_DIGITS}') END"
    )


def _begins_like(raw: str, texts: Sequence[str]) -> str:
    """SQL, integers compared: the cell is empty, or begins with a blank or the first character of one of the texts."""
    firsts = sorted({-1, 9, 32, 160, 5760, 12288, *(ord(text[0]) for text in texts if text)})
    return f"(unicode({raw}) IN ({', '.join(map(str, firsts))}) OR unicode({raw}) BETWEEN 8192 AND 8303)"


def _numeric(raw: str) -> str:
    """SQL: a number's text without thousands commas, blanks, the sign of the yuan and full-width digits."""
    return f"regexp_replace({narrow(raw)}, '[,\\s¥￥元人]', '', 'g')"


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
    is_lost = f"regexp_full_match(trim({raw}), '{LOST_DIGITS}')"
    if not column.nullable:
        faults.append((is_empty(raw), f"{column.name}: empty"))
    if column.type in _LOSE_DIGITS or (column.type == "text" and not column.nullable):
        faults.append(
            (is_lost, f"{column.name}: digits lost in a spreadsheet, expected all of them: deliver it as text")
        )
    is_wrong = f'"{column.name}" IS NULL AND NOT {is_empty(raw)}'
    if column.type == "uscc":
        faults.append((f"({is_wrong} AND {looks_personal(raw)})", f"{column.name}: {PERSONAL}"))
        is_wrong += f" AND NOT {looks_personal(raw)}"
    if column.type in _LOSE_DIGITS:
        is_wrong += f" AND NOT {is_lost}"
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
    if column.latest is not None:
        after = f"CAST({name} AS DATE) > DATE '{column.latest}'"
        faults.append((after, f"{column.name}: after {column.latest}, the day of receipt"))
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
        "text": lambda: _looked_up(
            column, f"CASE WHEN {is_empty(raw)} THEN NULL ELSE {_free(column, f'trim({raw})')} END"
        ),
        "enum": lambda: _enum(column, raw),
        "date": lambda: _date(raw),
        "month": lambda: (
            f"date_trunc('month', coalesce({_serial(raw)}, {_shaped(raw, _MONTH_SHAPES)}, "
            f"{_shaped(narrow(raw), _MONTH_SHAPES)}, {_date(raw)}))::DATE"
        ),
        "timestamp": lambda: _moment(raw),
        "money": lambda: _money(raw, unit),
        "capital": lambda: _capital(raw, unit),
        "decimal": lambda: _number(raw),
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
        # a code that is none shows when distinct ones are checked
        "uscc": (f"CASE WHEN strlen({raw}) = 18 THEN {raw} END",),
        "enum": (f"CASE WHEN {raw} IN ({known}) THEN {raw} {_synonyms(column, raw)} END",),
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
        "decimal": (f"CASE WHEN {_has_no_e(raw)} THEN TRY_CAST({raw} AS DECIMAL(18,4)) END",),
        "integer": (whole,),
        "year": (whole,),
        "boolean": (f"CASE {raw} {words} END", *([_boolean_lookup(column, raw)] if column.lookups else [])),
        "text": ()
        if column.lookups
        else (
            f"CASE WHEN {_begins_like(raw, EMPTY)} THEN {_value(column, raw, unit)} ELSE {_free(column, _trimmed(raw))} END",
        ),
    }
    return shapes.get(column.type) or (_value(column, raw, unit),)


def _free(column: Column, text: str) -> str:
    """SQL: personal numbers in what people write are masked, so that they stand in no table, list or page."""
    return without_personal_numbers(text) if column.is_free else text


def _trimmed(raw: str) -> str:
    """SQL: text that begins with no blank, without blanks behind; plain ASCII is not taken apart for that."""
    return f"CASE WHEN strlen({raw}) = length({raw}) AND NOT suffix({raw}, ' ') THEN {raw} ELSE trim({raw}) END"


def _synonyms(column: Column, raw: str) -> str:
    """SQL: a department that says a value in its own word says it in every row."""
    return " ".join(f"WHEN {raw} = {quoted(dirty)} THEN {quoted(clean)}" for dirty, clean in column.lookups.items())


def _boolean_lookup(column: Column, raw: str) -> str:
    return f"CASE {raw} {' '.join(f'WHEN {quoted(dirty)} THEN {clean in _TRUE}' for dirty, clean in column.lookups.items())} END"


def _plain_money(raw: str, unit: str) -> str:
    yuan = f"TRY_CAST({raw} AS DECIMAL(18,2))"
    if UNITS[unit] != 1:
        yuan = f"TRY_CAST(TRY_CAST({raw} AS DECIMAL(18,6)) * {UNITS[unit]} AS DECIMAL(18,2))"
    return f"CASE WHEN {_has_no_e(raw)} THEN {yuan} END"


def _shaped(raw: str, shapes: list[str]) -> str:
    listed = ", ".join(quoted(shape) for shape in shapes)
    return f"try_strptime(trim({raw}), [{listed}])::DATE"


def _date(raw: str) -> str:
    """A date in any of the shapes departments write, Excel serials included."""
    trimmed = f"trim({narrow(raw)})"
    tried = (_shaped(raw, _DATE_SHAPES), _serial(raw), f"TRY_CAST({trimmed} AS DATE)", _shaped(trimmed, _DATE_SHAPES))
    return f"coalesce(TRY_CAST({raw} AS DATE), {', '.join(tried)})"


def _serial(raw: str) -> str:
    """The day number of a spreadsheet: five digits, days since 30 December 1899; its fraction is the time of day."""
    days = f"TRY_CAST(floor(TRY_CAST({raw} AS DOUBLE)) AS INTEGER)"
    return f"CASE WHEN regexp_full_match({raw}, '[2-6][0-9]{{4}}(\\.[0-9]+)?') THEN DATE '1899-12-30' + {days} END"


def _moment(raw: str) -> str:
    """A time to the second, that of a spreadsheet and `2026年11月5日 9时05分` included; a day alone is its midnight."""
    days = f"TRY_CAST({raw} AS DOUBLE)"
    serial = f"({_serial(raw)}) + to_seconds(round(({days} - floor({days})) * 86400)::BIGINT)"
    shape = r"([0-9]{4})[-./年]([0-9]{1,2})[-./月]([0-9]{1,2})(?:[日号]\s*|\s+)([0-9]{1,2})[:时点]([0-9]{1,2})(:[0-9]{1,2})?分?"
    told = f"regexp_replace(trim({narrow(raw)}), '^{shape}$', '\\1-\\2-\\3 \\4:\\5\\6')"
    day = f"CASE WHEN NOT regexp_matches({raw}, '[:：时点]') THEN ({_date(raw)})::TIMESTAMP END"
    return f"coalesce(TRY_CAST({raw} AS TIMESTAMP), {serial}, TRY_CAST({told} AS TIMESTAMP), {day})"


def _money(raw: str, unit: str) -> str:
    """Yuan to the fen, half up; the unit of the cell, else of the heading, multiplies before rounding."""
    text = f"regexp_replace({narrow(raw)}, '[,\\s¥￥]', '', 'g')"
    return f"coalesce({_plain_money(raw, unit)}, TRY_CAST({_with_unit(text, unit)} AS DECIMAL(18,2)))"


def _with_unit(text: str, unit: str) -> str:
    """SQL: a number with or without a unit of renminbi behind it, in yuan; NULL for everything else, so for other currencies."""
    shape = "([+-]?[0-9]*\\.?[0-9]*)[(]?(亿|百万|千万|万|千|百)?([元圆])?(人民币|RMB|CNY)?([元圆])?[)]?"
    number = f"TRY_CAST(nullif(regexp_extract({text}, '^{shape}$', 1), '') AS DECIMAL(18,6))"
    stated = f"regexp_extract({text}, '^{shape}$', 2)"
    is_yuan = f"regexp_matches({text}, '[元圆]')"
    cases = " ".join(f"WHEN '{mark}' THEN {factor}" for mark, factor in _STATED.items())
    return f"{number} * CASE {stated} {cases} ELSE CASE WHEN {is_yuan} THEN 1 ELSE {UNITS[unit]} END END"


def _capital(raw: str, unit: str) -> str:
    """Registered capital in yuan; another currency, or none legible, is unknown and never read as yuan."""
    text = f"upper(regexp_replace({narrow(raw)}, '[,\\s¥￥]|人民币', '', 'g'))"
    return f"CASE WHEN {_is_renminbi(raw)} THEN TRY_CAST({_with_unit(text, unit)} AS DECIMAL(18,2)) END"


def _is_renminbi(raw: str) -> str:
    """SQL: what the text names besides number and unit is nothing or renminbi: an unheard-of currency is not ours."""
    rest = f"regexp_replace(upper({narrow(raw)}), '人民币|RMB|CNY|[0-9.,\\s¥￥()+]|亿|百万|千万|万|千|百|元|圆|整', '', 'g')"
    return f"{rest} = ''"


def _number(raw: str) -> str:
    digits = f"coalesce(TRY_CAST({raw} AS DECIMAL(18,4)), TRY_CAST({_numeric(raw)} AS DECIMAL(18,4)))"
    return f"CASE WHEN {_has_no_e(raw)} THEN {digits} END"


def _has_no_e(raw: str) -> str:
    """SQL: no number in E notation, which the engine would read although its digits are lost."""
    return f"NOT contains({raw}, 'E') AND NOT contains({raw}, 'e')"


def _integer(raw: str) -> str:
    number = _number(raw)
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
