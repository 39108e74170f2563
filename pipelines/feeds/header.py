"""Where the header of a delivered table stands: its line, encoding and delimiter, and whether the rows below fit it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pipelines.errors import FileRefusedError
from pipelines.feeds.contract import (
    Contract,
    HeadingMatch,
    contract,
    feeds,
    known_headings,
    match_header,
    plain_heading,
)
from pipelines.registers.uscc import is_valid

DELIMITERS = ("|!", ",", "\t", "|", ";")
TITLE_LINES = 20
"""Lines in which the header is looked for: titles, the unit and the period of the report stand above it."""

_HEADER_LINES = 8
"""Lines a header with line breaks in its quoted headings may take."""

MOST_COLUMNS = 1_000
"""No table of a department is as wide; a spoilt workbook of 32,008 columns took all memory with one expression a column."""

_LONGEST_HEADER = 1 << 16
_SAMPLE_ROWS = 200
_TITLE_UNIT = re.compile(r"单位\s*[:：]\s*(?:人民币)?\s*(亿元|百万元|万元|千元|元)")
_CODE_LIKE = re.compile(r"[0-9A-Za-z]{15,20}")


class NoHeaderError(FileRefusedError):
    """None of the first lines is a header of the feed: this is another table."""


@dataclass(frozen=True)
class Header:
    """The header of a table of text.

    Attributes:
        encoding: in which its line was read.
        delimiter: between fields.
        fields: the headings as delivered.
        matched: which column of the contract stands where.
        start: offset of the header's first byte.
        end: offset of the first byte below it.
        is_ascii: whether the line says nothing about the encoding of the rows.
    """

    encoding: str
    delimiter: str
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
    fields: tuple[str, ...]
    hits: frozenset[str]

    @property
    def rank(self) -> tuple[int, int, int]:
        return len(self.hits), -self.line, len(self.fields)


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
        raise NoHeaderError(f"{refusal}{_other_feed(lines, made)}") from refusal


def _header(lines: Sequence[bytes], found: _Candidate, made: Contract) -> Header:
    if len(found.fields) > MOST_COLUMNS:
        raise FileRefusedError(
            f"the header has {len(found.fields):,} columns; expected at most {MOST_COLUMNS:,}: "
            "cut off what is no column of the table"
        )
    above = _decoded(lines[: found.line], found.encoding)
    unit = _TITLE_UNIT.search(above)
    matched = match_header(made, found.fields, unit.group(1) if unit else None)
    below = found.line + _lines_of_header(lines[found.line :], found)
    header = Header(
        found.encoding, found.delimiter, found.fields, matched, sum(map(len, lines[: found.line])),
        sum(map(len, lines[:below])), is_ascii=lines[found.line].isascii(),
    )  # fmt: skip
    _check_rows(header, _rows(lines[below:], found))
    return header


def _lines_of_header(lines: Sequence[bytes], found: _Candidate) -> int:
    """Lines the header takes: more than one when a quoted heading has a line break."""
    if len(found.delimiter) > 1:
        return 1
    reader = csv.reader(
        io.StringIO(_decoded(lines[:_HEADER_LINES], found.encoding), newline=""), delimiter=found.delimiter
    )
    next(reader)
    return reader.line_num


def _candidates(lines: Sequence[bytes], made: Contract) -> Iterator[_Candidate]:
    known = known_headings(made)
    for place, line in enumerate(lines[:TITLE_LINES]):
        if len(line) > _LONGEST_HEADER:
            continue
        for encoding in ("utf-8", "gb18030"):
            try:
                line.decode(encoding)
            except UnicodeDecodeError:
                continue
            text = _decoded(lines[place : place + _HEADER_LINES], encoding)[:_LONGEST_HEADER]
            for delimiter in DELIMITERS:
                fields = tuple(next(_records(text, delimiter), []))
                hits = frozenset(known[name].name for name in map(plain_heading, fields) if name in known)
                if any(field.strip() for field in fields):
                    yield _Candidate(place, encoding, delimiter, fields, hits)
            break


def _decoded(lines: Sequence[bytes], encoding: str) -> str:
    return b"".join(lines).decode(encoding, "replace").removeprefix("\ufeff")


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    if len(delimiter) > 1:
        for line in io.StringIO(text, newline=""):
            yield [field.strip().strip('"') for field in line.rstrip("\r\n").split(delimiter)]
        return
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error:  # a NUL, or a cell larger than the library takes: no header
        return


def _rows(lines: Sequence[bytes], found: _Candidate) -> list[list[str]]:
    """The first rows below the header, for a look only."""
    text = _decoded(lines[:_SAMPLE_ROWS], found.encoding)
    return [row for row in _records(text, found.delimiter) if any(field.strip() for field in row)]


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
    values = [row[position].strip() for row in rows if len(row) > position and row[position].strip()]
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
