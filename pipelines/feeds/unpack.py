"""Archives: the plain files a delivery holds. What is unpacked is bounded, and names inside archives never become paths."""

from __future__ import annotations

import errno
import gzip
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from pipelines.errors import FileRefusedError

MAX_UNPACKED_BYTES = 64 << 30
MAX_RATIO = 1000
"""A real CSV shrinks 5-30 times; what unpacks to more than this many times its size is an archive bomb."""

MAX_DEPTH = 3
"""Archives in archives: gz in zip in zip is the deepest seen in real deliveries."""

MAX_MEMBERS = 1000
_CHUNK = 256 << 10
_BREAKS = (
    OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError,
    struct.error, OverflowError,
)  # fmt: skip
_BESIDES = (".ds_store", "thumbs.db", "desktop.ini", "readme.md", "readme.txt")
_OFFICE = ("[content_types].xml", "xl/", "mimetype")


@dataclass(frozen=True)
class Plain:
    """One file that is no archive.

    Attributes:
        name: inside its archive, for messages only; empty for a file delivered as it is.
    """

    path: Path
    name: str = ""


class _Budget:
    """How many bytes and members one delivery may unpack to, all its archives together."""

    def __init__(self, packed_bytes: int, scratch: Path) -> None:
        self.packed_bytes = packed_bytes
        self.limit = min(MAX_UNPACKED_BYTES, max(packed_bytes, 1 << 16) * MAX_RATIO)
        self._left, self._members, self._scratch = self.limit, 0, scratch

    def new_path(self) -> Path:
        self._members += 1
        if self._members > MAX_MEMBERS:
            raise FileRefusedError(f"the archive holds more than {MAX_MEMBERS:,} files: refused as an archive bomb")
        return self._scratch / f"plain-{self._members}"

    def spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise FileRefusedError(
                f"the archive unpacks to more than {self.limit:,} bytes from {self.packed_bytes:,}: refused as an archive bomb"
            )


def unpacked(archived: Path, scratch: Path) -> list[Plain]:
    """The file itself, or what its archives (.gz, .zip, one in the other) hold, by name; streamed into `scratch`.

    Raises:
        FileRefusedError: an archive is broken, encrypted, a bomb, too deep, empty, or holds links or paths out of itself.
    """
    return list(_open(Plain(archived), _Budget(archived.stat().st_size, scratch), 0))


def _open(plain: Plain, budget: _Budget, depth: int) -> Iterator[Plain]:
    with plain.path.open("rb") as source:
        magic = source.read(4)
    is_gzip, is_zip = magic.startswith(b"\x1f\x8b"), magic in (b"PK\x03\x04", b"PK\x05\x06")
    if not is_gzip and not is_zip:
        yield plain
        return
    if depth == MAX_DEPTH:
        raise FileRefusedError(f"archives lie more than {MAX_DEPTH} deep in each other: refused as an archive bomb")
    try:
        members = [_gunzip(plain, budget)] if is_gzip else _unzip(plain, budget)
    except _BREAKS as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):  # an offset before the file's start
            raise
        raise FileRefusedError(f"the archive is broken ({error}); ask the sender for the file again") from error
    if members is None:
        yield plain
        return
    for member in members:
        yield from _open(member, budget, depth + 1)


def _gunzip(plain: Plain, budget: _Budget) -> Plain:
    with gzip.open(plain.path, "rb") as stream:
        return Plain(_stream_to(stream, budget), plain.name)


def _unzip(plain: Plain, budget: _Budget) -> list[Plain] | None:
    """The members of a zip in the order of their names; None for an Office document, which only looks like a zip."""
    with zipfile.ZipFile(plain.path) as bundle:
        if any(name.lower().startswith(_OFFICE) for name in bundle.namelist()):
            return None
        members = sorted((info for info in bundle.infolist() if _is_data(info)), key=lambda info: info.filename)
        if not members:
            raise FileRefusedError("the zip holds no file; expected one table, or several of the same headings")
        found = []
        for info in members:
            _check_member(info)
            with bundle.open(info) as stream:
                found.append(Plain(_stream_to(stream, budget), _shown(info)))
        return found


def _is_data(info: zipfile.ZipInfo) -> bool:
    name = PurePosixPath(info.filename).name.lower()
    is_beside = name.startswith(".") or name.endswith(".ok") or name in _BESIDES
    return not info.is_dir() and not info.filename.startswith("__MACOSX/") and not is_beside


def _check_member(info: zipfile.ZipInfo) -> None:
    parts = info.filename.replace("\\", "/").split("/")
    if ".." in parts or not parts[0] or ":" in parts[0]:
        raise FileRefusedError(f"the zip holds {_shown(info)!r}, a path out of itself: refused; ask who packed it so")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise FileRefusedError(
            f"the zip holds {_shown(info)!r}, a link instead of a file: refused; pack the file itself"
        )
    if info.flag_bits & 1:
        raise FileRefusedError(
            "the zip is encrypted; expected one without a password: the transfer itself is protected"
        )


def _shown(info: zipfile.ZipInfo) -> str:
    """A member's name for a message; Chinese zippers write GBK where the standard says cp437."""
    try:
        name = info.filename if info.flag_bits & 0x800 else info.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        name = info.filename
    return "".join(each for each in name if each.isprintable())[:100]


def _stream_to(stream: IO[bytes] | gzip.GzipFile, budget: _Budget) -> Path:
    target = budget.new_path()
    with target.open("wb") as out:
        while chunk := stream.read(_CHUNK):
            budget.spend(len(chunk))
            out.write(chunk)
    return target
