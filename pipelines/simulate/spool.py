"""The files of a province while they are written: counties append to them, control files follow at the end."""

from __future__ import annotations

import gzip
import hashlib
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import polars as pl

from pipelines.simulate.delivery import Style, stated_text
from pipelines.simulate.dirt import BAD_BYTE, FIELD_GONE


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
    """One open file.

    Attributes:
        rows: written so far, without the header.
    """

    path: Path
    style: Style
    rows: int = 0
    _raw: _Hashed = field(init=False)
    _out: IO[bytes] = field(init=False)
    _closing: list[Callable[[], object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Open it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._raw = _Hashed(self.path, self.style.digest)
        self._out = self._packed()

    def _packed(self) -> IO[bytes]:
        if self.style.pack == "gz":
            packed = gzip.GzipFile("", "wb", compresslevel=1, fileobj=self._raw, mtime=0)
            self._closing = [packed.close]
            return packed  # type: ignore[return-value]
        if self.style.pack == "zip":
            bundle = zipfile.ZipFile(self._raw, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
            # opened by name it is dated 1980: no clock time gets into the bytes
            member = bundle.open(self.path.stem + ".csv", "w", force_zip64=True)
            self._closing = [member.close, bundle.close]
            return member
        return self._raw  # type: ignore[return-value]

    def append(self, table: pl.DataFrame) -> int:
        """Write a text table behind what is there, its header first of all; returns the number of its first row."""
        buffer = io.BytesIO()
        table.write_csv(
            buffer,
            include_header=not self.rows,
            separator=self.style.separator,
            include_bom=not self.rows and self.style.encoding == "utf-8-sig",
            line_terminator=self.style.newline,
        )
        self._out.write(_encoded(buffer.getvalue(), self.style))
        first = self.rows + 1
        self.rows += table.height
        return first

    def close(self) -> None:
        """Finish the file and write its control file, if its department sends one."""
        for closing in self._closing:
            closing()
        self._raw.close()
        text = stated_text(self._raw.hash.hexdigest(), self.rows, self.style)
        if text:
            self.path.with_name(f"{self.path.name}.ok").write_text(text, encoding="utf-8", newline="\n")


def _encoded(content: bytes, style: Style) -> bytes:
    """UTF-8 text in the encoding of a style, the stand-ins of dirt put in."""
    gone = (style.separator + FIELD_GONE).encode()
    content = content.replace(gone, b"") if FIELD_GONE.encode() in content else content
    has_bad_byte = BAD_BYTE.encode() in content
    encoding = style.encoding.removesuffix("-sig")
    if encoding != "utf-8" and not content.isascii():
        content = content.decode().encode(encoding)
    return content.replace(BAD_BYTE.encode(encoding), b"\xff") if has_bad_byte else content
