"""The files of a province while they are written: pieces of counties come one behind the other, control files at the end."""

from __future__ import annotations

import gzip
import hashlib
import io
import shutil
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import polars as pl
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from pipelines.simulate.delivery import Style, csv_bytes, header, stated_text
from pipelines.simulate.dirt import BAD_BYTE, FIELD_GONE

_CHUNK = 4 << 20


@dataclass(frozen=True)
class Piece:
    """Rows of one county for one file, as the bytes that stand in it.

    Attributes:
        path: a file that is gone once the piece is taken.
    """

    feed: str
    name: str
    style: Style
    rows: int
    path: Path


class PieceWriter:
    """A piece while it is written."""

    def __init__(self, path: Path, style: Style) -> None:
        """An empty piece."""
        self.path, self.style, self.rows = path, style, 0
        self._out = path.open("wb")

    def append(self, table: pl.DataFrame, *, has_stand_ins: bool = False) -> int:
        """A text table behind what is there; returns the place of its first row, counted from 0."""
        content = csv_bytes(table, self.style, include_header=False)
        self._out.write(_member(_spoilt(content, self.style) if has_stand_ins else content, self.style))
        first = self.rows
        self.rows += table.height
        return first

    def done(self, feed: str, name: str) -> Piece:
        """The piece, for a file of a feed."""
        self._out.close()
        return Piece(feed, name, self.style, self.rows, self.path)


class _Hashed(io.RawIOBase):
    """A file that knows the digest of what was written to it."""

    def __init__(self, path: Path, digest: str) -> None:
        self._file = path.open("wb")
        self.hash = hashlib.new(digest, usedforsecurity=False)

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.hash.update(data)
        return self._file.write(data)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


@dataclass
class Spooled:
    """One open file, its header written.

    Attributes:
        rows: written so far, without the header.
    """

    path: Path
    feed: str
    style: Style
    rows: int = 0
    _raw: _Hashed | None = field(init=False)
    _out: IO[bytes] = field(init=False)
    _closing: list[Callable[[], object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Open it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._raw = _Hashed(self.path, self.style.digest) if self.style.control else None
        self._out = self._raw or self.path.open("wb")  # type: ignore[assignment]
        self._closing = [self._out.close]
        if self.style.pack == "zip":
            bundle = zipfile.ZipFile(self._out, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
            # opened by name it is dated 1980: no clock time gets into the bytes
            self._out = bundle.open(self.path.stem + ".csv", "w", force_zip64=True)
            self._closing = [self._out.close, bundle.close, *self._closing]
        self._out.write(_member(header(self.feed, self.style), self.style))

    def append(self, table: pl.DataFrame) -> None:
        """A text table behind what is there."""
        self._out.write(_member(csv_bytes(table, self.style, include_header=False), self.style))
        self.rows += table.height

    def take(self, piece: Piece) -> None:
        """A piece behind what is there; its own file is removed."""
        with piece.path.open("rb") as source:
            shutil.copyfileobj(source, self._out, _CHUNK)
        piece.path.unlink()
        self.rows += piece.rows

    def close(self, *, is_whole: bool = True) -> None:
        """Finish the file and write its control file, if its department sends one: never for a file that was cut short."""
        for closing in self._closing:
            closing()
        if self._raw and is_whole:
            text = stated_text(self._raw.hash.hexdigest(), self.rows, self.style)
            self.path.with_name(f"{self.path.name}.ok").write_text(text, encoding="utf-8", newline="\n")


class Spool:
    """All files of a province, each begun with its first piece."""

    def __init__(self, folder: Path) -> None:
        """No file yet."""
        self._folder = folder
        self._files: dict[tuple[str, str], Spooled] = {}

    def __enter__(self) -> Spool:
        """Files stay open until the end."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish all files."""
        for spooled in self._files.values():
            spooled.close(is_whole=error is None)

    @property
    def rows(self) -> int:
        """Rows of all files so far."""
        return sum(each.rows for each in self._files.values())

    def take(self, pieces: Sequence[Piece]) -> pl.DataFrame:
        """The pieces of a county behind what is there; returns feed, file, before: the rows that stood there already."""
        before = []
        for piece in pieces:
            key = piece.feed, piece.name
            if key not in self._files:
                self._files[key] = Spooled(self._folder / piece.feed / piece.name, piece.feed, piece.style)
            before.append((*key, self._files[key].rows))
            self._files[key].take(piece)
        return pl.DataFrame(before, {"feed": pl.String, "file": pl.String, "before": pl.Int64}, orient="row")


class Tables:
    """Parquet files that grow by a row group a county."""

    def __init__(self, folder: Path) -> None:
        """No table yet."""
        self._folder = folder
        self._tables: dict[str, pq.ParquetWriter] = {}

    def __enter__(self) -> Tables:
        """Files stay open until the end."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish all files; after an error none is left: there is no truth of a world that was cut short."""
        for table in self._tables.values():
            table.close()
        if error is not None:
            shutil.rmtree(self._folder)

    def append(self, name: str, frame: pl.DataFrame) -> None:
        """Rows of a table behind what is there."""
        rows = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        if name not in self._tables:
            self._tables[name] = pq.ParquetWriter(self._folder / f"{name}.parquet", rows.schema, compression="zstd")
        self._tables[name].write_table(rows, row_group_size=max(frame.height, 1))


def _member(content: bytes, style: Style) -> bytes:
    """Bytes as they stand in a file that grows: members of a gzip may follow each other, a zip is packed as a whole."""
    return gzip.compress(content, compresslevel=1, mtime=0) if style.pack == "gz" else content


def _spoilt(content: bytes, style: Style) -> bytes:
    """Encoded text with the stand-ins of dirt put in; a separator is no part of a longer character before a stand-in."""
    encoding = style.encoding.removesuffix("-sig")
    gone = (style.separator + FIELD_GONE).encode(encoding)
    return content.replace(gone, b"").replace(BAD_BYTE.encode(encoding), b"\xff")
