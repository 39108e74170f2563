"""From delivered bytes to one UTF-8 CSV the engine can stream: unpack, find the encoding and delimiter, read the header."""

from __future__ import annotations

import codecs
import csv
import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from pipelines.errors import FileRefusedError
from pipelines.feeds.contract import Contract, HeadingMatch, contract, feeds, match_header

DELIMITERS = ("|!", ",", "\t", "|", ";")
MAX_UNPACKED_BYTES = 64 << 30
MAX_RATIO = 1000
"""A real CSV shrinks 5-30 times; what unpacks to more than this many times its size is an archive bomb."""

_HEAD = 1 << 20
_CHUNK = 4 << 20
_UNDECODABLE = "\ufffd"


@dataclass(frozen=True)
class Source:
    """A delivered file as UTF-8 text.

    Attributes:
        path: the UTF-8 file to read (the archived original itself, when that is what it is).
        delimiter: between fields.
        header: the headings as delivered.
        matched: which column of the contract stands where.
        encoding: of the original.
        has_undecodable: whether undecodable bytes became U+FFFD; their rows are quarantined.
        columns: fields per row.
    """

    path: Path
    delimiter: str
    header: tuple[str, ...]
    matched: HeadingMatch
    encoding: str
    has_undecodable: bool

    @property
    def columns(self) -> int:
        """Fields per row."""
        return len(self.header)


@contextmanager
def decoded(archived: Path, made: Contract, scratch: Path) -> Iterator[Source]:
    """The archived original as a `Source`; what had to be unpacked or re-encoded lies in `scratch` meanwhile.

    Raises:
        FileRefusedError: it is empty, not CSV, a broken archive, in another encoding, or of another feed.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    plain, text, lines = scratch / "plain", scratch / "text", scratch / "lines"
    try:
        unpacked = _unpack(archived, plain)
        yield _source(unpacked, made, text)
    finally:
        for path in (plain, text, lines):
            path.unlink(missing_ok=True)


def with_plain_newlines(source: Source, scratch: Path) -> Source:
    """The same text with one kind of line end: files put together from several systems mix them."""
    target = scratch / "lines"
    previous = b""
    with source.path.open("rb") as stream, target.open("wb") as out:
        while chunk := stream.read(_CHUNK):
            joined = previous + chunk
            previous = joined[-1:] if joined.endswith(b"\r") else b""
            out.write(joined[: len(joined) - len(previous)].replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
        out.write(previous.replace(b"\r", b"\n"))
    return replace(source, path=target)


def _unpack(archived: Path, target: Path) -> Path:
    """The file itself, or the one file inside a .gz or .zip, streamed to `target`; names inside archives are never used."""
    with archived.open("rb") as source:
        magic = source.read(8)
    try:
        if magic.startswith(b"\x1f\x8b"):
            with gzip.open(archived, "rb") as stream:
                return _stream_to(stream, target, archived.stat().st_size)
        if magic.startswith(b"PK\x03\x04"):
            return _unzip(archived, target)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise FileRefusedError(f"the archive is broken ({error}); ask the sender for the file again") from error
    if magic.startswith((b"PK", b"\xd0\xcf\x11\xe0", b"PAR1", b"%PDF")):
        raise FileRefusedError(
            "this is not CSV text (it begins like an Office, Parquet, PDF or empty zip file); expected CSV"
        )
    return archived


def _unzip(archived: Path, target: Path) -> Path:
    with zipfile.ZipFile(archived) as bundle:
        names = bundle.namelist()
        if "[Content_Types].xml" in names:
            raise FileRefusedError(
                "this is an Excel workbook; expected CSV (plain, gzipped or zipped): save it as CSV UTF-8"
            )
        members = [
            info for info in bundle.infolist() if not info.is_dir() and not info.filename.startswith("__MACOSX/")
        ]
        if len(members) != 1:
            raise FileRefusedError(
                f"the zip holds {len(members)} files; expected exactly one CSV: deliver one zip per file"
            )
        with bundle.open(members[0]) as stream:
            return _stream_to(stream, target, archived.stat().st_size)


def _stream_to(stream: IO[bytes] | gzip.GzipFile, target: Path, packed_bytes: int) -> Path:
    limit = min(MAX_UNPACKED_BYTES, max(packed_bytes, 1 << 16) * MAX_RATIO)
    written = 0
    with target.open("wb") as out:
        while chunk := stream.read(_CHUNK):
            written += len(chunk)
            if written > limit:
                raise FileRefusedError(
                    f"the archive unpacks to more than {limit:,} bytes from {packed_bytes:,}: refused as an archive bomb"
                )
            out.write(chunk)
    return target


def _source(path: Path, made: Contract, text: Path) -> Source:
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    if not head.strip(b"\xef\xbb\xbf\r\n\t ,;|"):
        raise FileRefusedError("the file is empty; expected a header and rows")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\x00" in head:
        raise FileRefusedError(
            "the file is UTF-16 or binary (zero bytes in its text); expected CSV in UTF-8 or GB18030"
        )
    first_line = head.splitlines()[0]
    encoding, delimiter, header, matched = _read_header(first_line, made)
    if encoding == "utf-8" and first_line.isascii() and _is_gb18030(_first_chinese(path)):
        encoding = "gb18030"
    if encoding == "utf-8":
        return Source(path, delimiter, header, matched, encoding, has_undecodable=False)
    return Source(text, delimiter, header, matched, encoding, has_undecodable=_to_utf8(path, text, encoding))


def _first_chinese(path: Path) -> bytes:
    """The first stretch of whole lines that is not plain ASCII; empty when all of the file is."""
    rest = b""
    with path.open("rb") as stream:
        while chunk := stream.read(_HEAD):
            lines, _, rest = (rest + chunk).rpartition(b"\n")
            if not lines.isascii():
                return lines
    return b"" if rest.isascii() else rest


def _is_gb18030(whole_lines: bytes) -> bool:
    """Under an ASCII header the rows decide: they are not UTF-8 and they are GB18030."""
    for encoding, verdict in (("utf-8", False), ("gb18030", True)):
        try:
            whole_lines.decode(encoding)
        except UnicodeDecodeError:
            continue
        return verdict
    return False


def _read_header(line: bytes, made: Contract) -> tuple[str, str, tuple[str, ...], HeadingMatch]:
    """The encoding and delimiter under which the header fits the contract."""
    refusals: dict[int, FileRefusedError] = {}
    for encoding in ("utf-8", "gb18030"):
        try:
            text = line.decode(encoding).removeprefix("\ufeff")
        except UnicodeDecodeError:
            continue
        for delimiter in DELIMITERS:
            header = _fields(text, delimiter)
            try:
                return encoding, delimiter, tuple(header), match_header(made, header)
            except FileRefusedError as refusal:
                refusals.setdefault(len(header), refusal)
    if not refusals:
        raise FileRefusedError(
            "the header is neither UTF-8 nor GB18030; expected one of these: ask the sender to save it so"
        )
    nearest = refusals[max(refusals)]
    raise FileRefusedError(f"{nearest}{_other_feed(line, made)}") from nearest


def _other_feed(line: bytes, made: Contract) -> str:
    """` It fits <feed>…` when the header is that of another feed: the file lies in the wrong folder."""
    for feed in feeds():
        for encoding in ("utf-8", "gb18030"):
            header_of = [_fields(line.decode(encoding, "replace").removeprefix("\ufeff"), mark) for mark in DELIMITERS]
            if feed != made.feed and any(_fits(contract(feed), header) for header in header_of):
                return f". The header fits the feed {feed}: does the file belong into inbox/{feed}/?"
    return ""


def _fits(made: Contract, header: list[str]) -> bool:
    try:
        return len(match_header(made, header).extra) <= len(header) // 3
    except FileRefusedError:
        return False


def _fields(line: str, delimiter: str) -> list[str]:
    if len(delimiter) > 1:
        return [field.strip().strip('"') for field in line.split(delimiter)]
    return next(csv.reader([line], delimiter=delimiter), [])


def _to_utf8(path: Path, target: Path, encoding: str) -> bool:
    """Re-encode as a stream; whether any byte was undecodable (each becomes U+FFFD, so that only its row suffers)."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    has_undecodable = False
    with path.open("rb") as source, target.open("wb") as out:
        while chunk := source.read(_CHUNK):
            text = decoder.decode(chunk)
            has_undecodable = has_undecodable or _UNDECODABLE in text
            out.write(text.encode("utf-8"))
        rest = decoder.decode(b"", final=True)
        has_undecodable = has_undecodable or _UNDECODABLE in rest
        out.write(rest.encode("utf-8"))
    return has_undecodable
