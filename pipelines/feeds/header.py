"""Where the header of a delivered table stands: its line, encoding and delimiter, and whether the rows below fit it."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.errors import FileRefusedError
from pipelines.feeds.codes import personal_numbers_masked
from pipelines.feeds.contract import (
    Column,
    Contract,
    HeadingMatch,
    contract,
    feeds,
    known_headings,
    match_header,
    plain_heading,
)
from pipelines.registers.uscc import is_valid

_USUAL = (",", "\t", "|", ";")
DELIMITERS = (*_USUAL, "|!")
"""Those tried first; any other is what stands between the headings of the file itself."""

_BETWEEN = re.compile(r"""(?:[^\w\s"'()\[\]（）【】]|[\x1c-\x1f])+""")
_MOST_DERIVED = 8
_LONGEST_DELIMITER = 4
"""Bytes of a delimiter that the engine takes."""

_STAND_IN = "\uffff"
"""No character of any text: one place for a delimiter of several, so that one reader of CSV serves all."""

TITLE_LINES = 20
"""Lines in which the header is looked for: titles, the unit and the period of the report stand above it."""

_HEADER_LINES = 8
"""Lines a header with line breaks in its quoted headings may take."""

MOST_COLUMNS = 1_000
"""No table of a department is as wide; a spoilt workbook of 32,008 columns took all memory with one expression a column."""

_LONGEST_HEADER = 1 << 16
_SAMPLE_ROWS = 200
_TITLE_UNIT = re.compile(r"单位\s*[:：]\s*(?:人民币)?\s*(亿元|百万元|万元|千元|元)")
_NO_PART = re.compile(r"[\W_]+")
"""What a spreadsheet puts around a code, and the landing takes off it."""

_CODE_LIKE = re.compile(r"[0-9A-Za-z]{15,20}")


class NoHeaderError(FileRefusedError):
    """None of the first lines is a header of the feed: this is another table."""


@dataclass(frozen=True)
class Header:
    """The header of a table of text.

    Attributes:
        encoding: in which its line was read.
        delimiter: between fields.
        is_quoted: whether quotes around a cell are no part of it; who takes an unusual delimiter mostly does so to write
            none, and then a quote is text.
        fields: the headings as delivered.
        matched: which column of the contract stands where.
        start: offset of the header's first byte.
        end: offset of the first byte below it.
        is_ascii: whether the line says nothing about the encoding of the rows.
    """

    encoding: str
    delimiter: str
    is_quoted: bool
    fields: tuple[str, ...]
    matched: HeadingMatch
    start: int
    end: int
    is_ascii: bool


@dataclass(frozen=True)
class _Candidate:
    line: int
    encoding: str
    delimiter: str
    is_quoted: bool
    fields: tuple[str, ...]
    hits: frozenset[str]

    @property
    def rank(self) -> tuple[int, int, int]:
        return len(self.hits), -self.line, 0 if self.hits else len(self.fields)


def find_header(lines: Sequence[bytes], made: Contract) -> Header:
    """The first line that has every required heading of the contract, under the delimiter that shows them.

    A unit stated above it (`单位：万元`) holds for the money columns whose headings name none.

    Raises:
        NoHeaderError: no line has them; the nearest one is shown.
        FileRefusedError: the rows below do not fit the headings, or a heading stands twice.
    """
    required = {column.name for column in made.columns if column.required}
    nearest: _Candidate | None = None
    for candidate in _candidates(lines, made):
        if required <= candidate.hits:
            return _header(lines, candidate, made)
        nearest = max(nearest or candidate, candidate, key=lambda each: each.rank)
    if nearest is None:
        raise NoHeaderError(
            "the header is neither UTF-8 nor GB18030; expected one of these: ask the sender to save it so"
        )
    try:
        return _header(lines, nearest, made)
    except FileRefusedError as refusal:
        words = personal_numbers_masked(str(refusal))  # a line that is no header may name who made the file
        raise NoHeaderError(f"{words}{_other_feed(lines, made)}") from refusal


def _header(lines: Sequence[bytes], found: _Candidate, made: Contract) -> Header:
    if len(found.fields) > MOST_COLUMNS:
        raise FileRefusedError(
            f"the header has {len(found.fields):,} columns; expected at most {MOST_COLUMNS:,}: "
            "cut off what is no column of the table"
        )
    if len(found.delimiter.encode()) > _LONGEST_DELIMITER:
        raise FileRefusedError(
            f"header: {found.delimiter!r} stands between the headings; expected a delimiter of at most {_LONGEST_DELIMITER} "
            "bytes: ask the sender for a shorter one, best a comma"
        )
    above = _decoded(lines[: found.line], found.encoding)
    unit = _TITLE_UNIT.search(above)
    matched = match_header(made, found.fields, unit.group(1) if unit else None)
    below = found.line + _lines_of_header(lines[found.line :], found)
    header = Header(
        found.encoding, found.delimiter, found.is_quoted, found.fields, matched, sum(map(len, lines[: found.line])),
        sum(map(len, lines[:below])), is_ascii=lines[found.line].isascii(),
    )  # fmt: skip
    _check_rows(header, _rows(lines[below:], found))
    return header


def _lines_of_header(lines: Sequence[bytes], found: _Candidate) -> int:
    """Lines the header takes: more than one when a quoted heading has a line break."""
    reader = _reader(_decoded(lines[:_HEADER_LINES], found.encoding), found.delimiter, found.is_quoted)
    next(reader)
    return int(reader.line_num)


def _candidates(lines: Sequence[bytes], made: Contract) -> Iterator[_Candidate]:
    """Each of the first lines under each delimiter, line by line, the delimiter that explains it best first."""
    known = known_headings(made)
    for place, line in enumerate(lines[:TITLE_LINES]):
        if len(line) > _LONGEST_HEADER:
            continue
        for encoding in ("utf-8", "gb18030"):
            try:
                text = line.decode(encoding)
            except UnicodeDecodeError:
                continue
            read = [_candidate(lines, place, encoding, each, known) for each in (*DELIMITERS, *_derived(text))]
            yield from sorted(filter(None, read), key=lambda each: _explains(lines, each), reverse=True)
            break


def _candidate(
    lines: Sequence[bytes], place: int, encoding: str, delimiter: str, known: Mapping[str, Column]
) -> _Candidate | None:
    """A line read as the header; None where it holds nothing, or where what stands between its headings divides no rows."""
    shows = delimiter in _USUAL or _known(lines[place].decode(encoding).split(delimiter), known) > 1
    if not shows and delimiter not in DELIMITERS:
        return None
    is_quoted = (
        delimiter in _USUAL or shows and _is_quoted(_decoded(lines[place : place + _SAMPLE_ROWS], encoding), delimiter)
    )
    text = _decoded(lines[place : place + _HEADER_LINES], encoding)[:_LONGEST_HEADER]
    fields = tuple(next(_records(text, delimiter, is_quoted), []))
    hits = frozenset(known[name].name for name in map(plain_heading, fields) if name in known)
    found = _Candidate(place, encoding, delimiter, is_quoted, fields, hits)
    if not any(field.strip() for field in fields):
        return None
    if delimiter in DELIMITERS:
        return found
    rows = _rows(lines[place + 1 :], found) if len(hits) > 1 else []
    return found if len(hits) > 1 and sum(len(row) > 1 for row in rows) * 2 >= len(rows) else None


def _known(fields: Sequence[str], known: Mapping[str, Column]) -> int:
    """How many of the fields of a line are known headings, quoted or not."""
    return sum(plain_heading(field) in known for field in fields)


def _derived(line: str) -> list[str]:
    """What may be the delimiter of a header line: the texts without letters and digits in it, the most frequent first."""
    found = Counter(_BETWEEN.findall(line))
    return [text for text, _ in found.most_common(_MOST_DERIVED) if text not in DELIMITERS]


def _explains(lines: Sequence[bytes], found: _Candidate) -> tuple[int, int, int, int]:
    """How well a delimiter explains a header: headings known, rows of its width, and no fields or characters to spare."""
    rows = _rows(lines[found.line + 1 :], found) if found.hits else []
    fitting = sum(len(row) == len(found.fields) for row in rows)
    return len(found.hits), fitting, -len(found.fields), -sum(map(len, found.fields))


def _is_quoted(text: str, delimiter: str) -> bool:
    """Whether a heading, or a cell of most of the rows below, stands in quotes as a whole."""
    edge = re.escape(delimiter)
    cell = re.compile(rf'(?:^|{edge})"[^"]*"(?:{edge}|\s*$)')
    header, *rows = text.split("\n")
    return bool(cell.search(header)) or sum(bool(cell.search(row)) for row in rows) * 2 > len(rows)


def _decoded(lines: Sequence[bytes], encoding: str) -> str:
    return b"".join(lines).decode(encoding, "replace").removeprefix("\ufeff")


def _records(text: str, delimiter: str, is_quoted: bool) -> Iterator[list[str]]:
    try:
        for fields in _reader(text, delimiter, is_quoted):
            yield [field.replace(_STAND_IN, delimiter) for field in fields]
    except csv.Error:  # a NUL, or a cell larger than the library takes: no header
        return


def _reader(text: str, delimiter: str, is_quoted: bool) -> Any:
    plain = io.StringIO(text.replace(delimiter, _STAND_IN), newline="")
    return csv.reader(plain, delimiter=_STAND_IN, quoting=csv.QUOTE_MINIMAL if is_quoted else csv.QUOTE_NONE)


def _rows(lines: Sequence[bytes], found: _Candidate) -> list[list[str]]:
    """The first rows below the header, for a look only."""
    text = _decoded(lines[:_SAMPLE_ROWS], found.encoding)
    return [row for row in _records(text, found.delimiter, found.is_quoted) if any(field.strip() for field in row)]


def _check_rows(header: Header, rows: Sequence[Sequence[str]]) -> None:
    """A header that does not fit its rows would put values under wrong names: nothing of the file can be believed.

    Raises:
        FileRefusedError: most rows have more fields than there are headings, or the codes stand under another heading.
    """
    wider = [row for row in rows if len(row) > len(header.fields)]
    if len(wider) * 2 > len(rows):
        raise FileRefusedError(
            f"header: {len(header.fields)} headings, but most rows have {len(wider[0])} fields, so values stand under the "
            f"wrong headings; the first such row is row {rows.index(wider[0]) + 1} below it: complete the header"
        )
    codes = {each.position: each for each in header.matched.headings if each.column.type == "uscc"}
    for position, heading in codes.items():
        if not heading.column.required or _share(rows, position, _looks_like_a_code) >= 0.5:
            continue
        for other, text in enumerate(header.fields):
            if other not in codes and _share(rows, other, is_valid) >= 0.8:
                raise FileRefusedError(
                    f"header: the codes stand under {text.strip()!r} and not under "
                    f"{header.fields[position].strip()!r} [{heading.column.name}], so the header does not fit its rows: "
                    "put the headings in the order of the columns"
                )


def _share(rows: Sequence[Sequence[str]], position: int, is_one: Callable[[str], bool]) -> float:
    """The share of the cells under a heading that are codes; of no cells at all, 0."""
    values = [text for row in rows if len(row) > position and (text := _NO_PART.sub("", row[position]))]
    return sum(map(is_one, values)) / len(values) if values else 0.0


def _looks_like_a_code(text: str) -> bool:
    return _CODE_LIKE.fullmatch(text) is not None


def _other_feed(lines: Sequence[bytes], made: Contract) -> str:
    """` The header fits the feed …` when it is that of another feed: the file lies in the wrong folder."""
    for feed in fitting_feeds(lines):
        if feed != made.feed:
            return f". The header fits the feed {feed}: does the file belong into inbox/{feed}/?"
    return ""


def fitting_feeds(lines: Sequence[bytes]) -> Iterator[str]:
    """The feeds of which the header stands among the first lines, by name: all required headings and few unknown ones."""
    for feed in feeds():
        made = contract(feed)
        required = {column.name for column in made.columns if column.required}
        if any(_fits(each, required) for each in _candidates(lines, made)):
            yield feed


def _fits(candidate: _Candidate, required: set[str]) -> bool:
    extra = sum(bool(field.strip()) for field in candidate.fields) - len(candidate.hits)
    return required <= candidate.hits and extra <= len(candidate.fields) // 3
