"""From delivered bytes to one UTF-8 CSV the engine can stream, whatever the form it came in.

Archives are unpacked (`unpack`), other forms turned into CSV (`convert`), the header is found (`header`), and text that is
not UTF-8 is re-encoded (`texts`). Several sheets or zip members with the same headings are one table, in their order.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines.errors import FileRefusedError
from pipelines.feeds.contract import Contract, HeadingMatch, plain_heading
from pipelines.feeds.convert import converted, form_of
from pipelines.feeds.header import Header, NoHeaderError, find_header
from pipelines.feeds.texts import encoding_of_rows, head_of, to_utf8
from pipelines.feeds.unpack import Plain, unpacked


@dataclass(frozen=True)
class Source:
    """A delivered file as UTF-8 text: one header line, then its rows.

    Attributes:
        path: the UTF-8 file to read (the archived original itself, when that is what it is).
        delimiter: between fields.
        header: the headings as delivered.
        matched: which column of the contract stands where.
        encoding: of the original.
        has_undecodable: whether undecodable bytes were marked; their rows are quarantined.
        is_quoted: whether quotes around a cell are no part of it.
        form: what it came as: `text`, or a form of `convert`.
        columns: fields per row.
    """

    path: Path
    delimiter: str
    header: tuple[str, ...]
    matched: HeadingMatch
    encoding: str
    has_undecodable: bool
    is_quoted: bool = True
    form: str = "text"

    @property
    def columns(self) -> int:
        """Fields per row."""
        return len(self.header)


@dataclass(frozen=True)
class _Part:
    """One table of the delivery: a whole CSV, a sheet, a member of a zip."""

    path: Path
    name: str
    form: str
    encoding: str
    header: Header
    is_marked: bool


@contextmanager
def decoded(archived: Path, made: Contract, scratch: Path) -> Iterator[Source]:
    """The archived original as a `Source`; what had to be unpacked, converted or re-encoded lies in `scratch` meanwhile.

    Raises:
        FileRefusedError: it is empty, no table, a broken or hostile archive, in another encoding, or of another feed.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    try:
        yield _source(archived, made, scratch)
    finally:
        for path in scratch.iterdir():
            path.unlink(missing_ok=True)


def with_plain_newlines(source: Source, scratch: Path) -> Source:
    """The same text with one kind of line end, its undecodable bytes marked: for what the engine gives up on."""
    target = scratch / "lines"
    to_utf8(source.path, target, "utf-8", plain_newlines=True)
    return replace(source, path=target, has_undecodable=True)


def check_is_text(head: bytes) -> None:
    """Refuse what begins like no text in UTF-8 or GB18030.

    Raises:
        FileRefusedError: it is empty, UTF-16 or binary.
    """
    if not head.strip(b'\xef\xbb\xbf\r\n\t ,;|"'):
        raise FileRefusedError("the file is empty; expected a header and rows")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in head:
        raise FileRefusedError(
            "the file is UTF-16 or binary (zero bytes in its text); expected CSV in UTF-8 or GB18030"
        )


def _source(archived: Path, made: Contract, scratch: Path) -> Source:
    parts, unread = [], []
    for plain in unpacked(archived, scratch):
        try:
            found, others = _parts(plain, made, scratch)
        except FileRefusedError as refusal:
            raise FileRefusedError(f"{plain.name}: {refusal}" if plain.name else str(refusal)) from refusal
        parts += found
        unread += others
    source = _joined(parts, scratch) if len(parts) > 1 else _single(parts[0], scratch / "text")
    extra = (*source.matched.extra, *(f"sheet {name}" for name in unread))
    return replace(source, matched=replace(source.matched, extra=extra))


def _parts(plain: Plain, made: Contract, scratch: Path) -> tuple[list[_Part], list[str]]:
    """The tables of one plain file that have the contract's header, and the names of the sheets that have not.

    Raises:
        FileRefusedError: no table has it, or a table's rows do not fit its header.
    """
    form = form_of(plain.path)
    if form is None:
        return [_part(plain.path, plain.name, "text", made, is_marked=False)], []
    base = plain.path if plain.path.parent == scratch else scratch / "delivered"
    parts, unread, refusals = [], [], []
    for grid in converted(plain.path, form, made.feed, base):
        try:
            parts.append(_part(grid.path, grid.name, form, made, is_marked=grid.is_marked))
        except NoHeaderError as refusal:
            unread.append(grid.name)
            refusals.append(refusal)
    if not parts:
        raise refusals[0] if refusals else FileRefusedError("the file is empty; expected a header and rows")
    return parts, unread


def _part(path: Path, name: str, form: str, made: Contract, *, is_marked: bool) -> _Part:
    lines = head_of(path)
    check_is_text(b"".join(lines))
    header = find_header(lines, made)
    encoding = encoding_of_rows(path) if header.is_ascii and header.encoding == "utf-8" else header.encoding
    return _Part(path, name, form, encoding, header, is_marked)


def _single(part: _Part, text: Path) -> Source:
    """The file itself when the engine can read it from its first byte on, else a re-encoded copy from the header on."""
    if part.encoding == "utf-8" and not part.header.start:
        return _source_of(part, part.path, part.is_marked)
    return _source_of(part, text, to_utf8(part.path, text, part.encoding, start=part.header.start))


def _source_of(part: _Part, text: Path, is_marked: bool) -> Source:
    """UTF-8 text that begins with the header of a table."""
    header = part.header
    return Source(
        text, header.delimiter, header.fields, header.matched, part.encoding, is_marked, header.is_quoted, part.form
    )


def _joined(parts: list[_Part], scratch: Path) -> Source:
    """Several tables of the same headings as one, the rows of the first first.

    Raises:
        FileRefusedError: their headings differ; nobody can say whether they belong together.
    """
    first, target, piece = parts[0], scratch / "joined", scratch / "piece"
    is_marked = False
    with target.open("wb") as out:
        for place, part in enumerate(parts):
            if _shape(part) != _shape(first):
                raise FileRefusedError(
                    f"{first.name or 'the first table'} and {part.name or 'another'} have different headings, "
                    "delimiters or quotes; expected the same in all of them: deliver one table per file"
                )
            start = part.header.end if place else part.header.start
            is_marked = to_utf8(part.path, piece, part.encoding, start=start, plain_newlines=True) or is_marked
            with piece.open("rb") as text:
                shutil.copyfileobj(text, out, 1 << 20)
                if text.tell() and not _ends_a_line(piece):
                    out.write(b"\n")
    return _source_of(first, target, is_marked)


def _shape(part: _Part) -> tuple[str, bool, list[str], list[str]]:
    units = [each.unit for each in part.header.matched.headings]
    return part.header.delimiter, part.header.is_quoted, [plain_heading(text) for text in part.header.fields], units


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as text:
        text.seek(-1, 2)
        return text.read() == b"\n"
