"""Text of any encoding as UTF-8: decoded as a stream in whole lines, each undecodable byte marked with its place."""

from __future__ import annotations

import codecs
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from pipelines.errors import FileRefusedError

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNDECODABLE = "\ufffd"
MARK = "\ufffd@([0-9]+)\ufffd"
"""Regular expression of what stands for an undecodable byte: its offset in the plain file between two U+FFFD."""

MAX_MARKS = 100_000
_HEAD = 1 << 20
_CHUNK = 256 << 10
_STRETCH = 4 << 20
"""Of text whose encoding is guessed: one Chinese character alone may read as UTF-8 and as GB18030."""

_BLOCK = 64 << 10
_LONGEST_LINE = 64 << 20


class _Marks:
    """A codec error handler that puts a mark for each undecodable byte; `base` is the offset of the block being decoded."""

    def __init__(self, encoding: str) -> None:
        self.base = 0
        self.found = 0
        self._encoding = encoding

    def __call__(self, error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeDecodeError):
            raise error
        self.found += 1
        if self.found > MAX_MARKS:
            raise FileRefusedError(
                f"more than {MAX_MARKS:,} bytes are no {self._encoding.upper()}: this is not text in UTF-8 or GB18030"
            )
        return f"{UNDECODABLE}@{self.base + error.start}{UNDECODABLE}", error.end


_decoding = threading.local()
"""The marks of the file that a thread decodes; the name of the handler is the whole process's."""

codecs.register_error("shoudai.marks", lambda error: _decoding.marks(error))


def to_utf8(path: Path, target: Path, encoding: str, *, start: int = 0, plain_newlines: bool = False) -> bool:
    r"""Re-encode from the byte `start` on as a stream; whether any byte was undecodable (its row will be quarantined).

    Args:
        path: the text as delivered.
        target: the UTF-8 text to write.
        encoding: of the text as delivered.
        start: where to begin, the start of a line.
        plain_newlines: write every line end as \n: files put together from several systems mix them.

    Raises:
        FileRefusedError: it is no text of this encoding at all.
    """
    marks = _decoding.marks = _Marks(encoding)
    has_genuine = False
    with target.open("wb") as out:
        for marks.base, block in _blocks(path, start, _CHUNK):
            text = block.decode(encoding, "shoudai.marks")
            has_genuine = has_genuine or (UNDECODABLE in text)
            if plain_newlines:
                text = text.replace("\r\n", "\n").replace("\r", "\n")
            out.write(text.encode("utf-8"))
    return has_genuine


def _blocks(path: Path, start: int, size: int) -> Iterator[tuple[int, bytes]]:
    """Offset and bytes of blocks of whole lines: a line end is never part of a character in UTF-8 or GB18030."""
    with path.open("rb") as source:
        source.seek(start)
        offset, length = start, 0
        pieces: list[bytes] = []
        while chunk := source.read(size):
            cut = max(chunk.rfind(b"\n"), chunk.rfind(b"\r", 0, -1)) + 1
            length += len(chunk)
            if not cut and length > _LONGEST_LINE:
                raise FileRefusedError(f"a line is longer than {_LONGEST_LINE:,} bytes: this is not CSV text")
            if cut:
                block = b"".join((*pieces, chunk[:cut]))
                yield offset, block
                offset += len(block)
                pieces, length = [], len(chunk) - cut
            pieces.append(chunk[cut:])
        if rest := b"".join(pieces):
            yield offset, rest


class Lines:
    r"""The lines of a text, each ended by \n, by their numbers from 0: line ends are counted once, by blocks of the file.

    Attributes:
        count: how many lines it has.
    """

    def __init__(self, path: Path) -> None:
        """Count the lines of `path`."""
        counted, last = [0], b""
        with path.open("rb") as text:
            while block := text.read(_BLOCK):
                counted.append(int(np.count_nonzero(_is_line_end(block))))
                last = block[-1:]
            self._size = text.tell()
        self._path = path
        self._ends_before = np.cumsum(counted)
        self.count = int(self._ends_before[-1]) + (last not in (b"", b"\n"))

    def pick(self, numbers: NDArray[np.int64], target: Path) -> None:
        """Copy the lines numbered `numbers` (ascending) to `target`."""
        with self._path.open("rb") as text, target.open("wb") as out:
            begins, ends = self._ends_of(numbers - 1, text), self._ends_of(numbers, text)
            for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
                text.seek(begin)
                out.write(text.read(end - begin))

    def _ends_of(self, numbers: NDArray[np.int64], text: BinaryIO) -> NDArray[np.int64]:
        """The place behind each of these lines; 0 for the line before the first, the size for a last one without its end."""
        places = np.zeros(len(numbers), np.int64)
        bounds = np.searchsorted(numbers, self._ends_before)
        for block in np.flatnonzero(np.diff(bounds)).tolist():
            here = slice(bounds[block], bounds[block + 1])
            text.seek(block * _BLOCK)
            ends = np.flatnonzero(_is_line_end(text.read(_BLOCK)))
            places[here] = block * _BLOCK + 1 + ends[numbers[here] - self._ends_before[block]]
        places[bounds[-1] :] = self._size
        return places


def _is_line_end(block: bytes) -> NDArray[np.bool_]:
    return np.equal(np.frombuffer(block, np.uint8), ord("\n"))


def head_of(path: Path) -> tuple[bytes, ...]:
    """The first lines of a file with their ends; the last one is whole, or the only one."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
        is_all = not stream.read(1)
    lines = tuple(head.splitlines(keepends=True))
    return lines if is_all or len(lines) == 1 else lines[:-1]


def encoding_of_rows(path: Path) -> str:
    """Under a plain ASCII header the rows decide: GB18030 when they are that and not UTF-8."""
    whole_lines = _first_chinese(path)
    for encoding in ("utf-8", "gb18030"):
        try:
            whole_lines.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "utf-8"


def _first_chinese(path: Path) -> bytes:
    """The first stretch of whole lines that is not plain ASCII; empty when all of the file is."""
    for _, block in _blocks(path, 0, _STRETCH):
        if not block.isascii():
            return block
    return b""
