"""Text of any encoding as UTF-8: decoded as a stream in whole lines, each undecodable byte marked with its place."""

from __future__ import annotations

import codecs
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipelines.errors import FileRefusedError

UNDECODABLE = "\ufffd"
MARK = "\ufffd@([0-9]+)\ufffd"
"""Regular expression of what stands for an undecodable byte: its offset in the plain file between two U+FFFD."""

MAX_MARKS = 100_000
_HEAD = 1 << 20
_CHUNK = 4 << 20
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
    marks = _Marks(encoding)
    codecs.register_error("shoudai.marks", marks)
    has_genuine = False
    with target.open("wb") as out:
        for marks.base, block in _blocks(path, start):
            text = block.decode(encoding, "shoudai.marks")
            has_genuine = has_genuine or (UNDECODABLE in text)
            if plain_newlines:
                text = text.replace("\r\n", "\n").replace("\r", "\n")
            out.write(text.encode("utf-8"))
    return has_genuine


def _blocks(path: Path, start: int) -> Iterator[tuple[int, bytes]]:
    """Offset and bytes of blocks of whole lines: a line end is never part of a character in UTF-8 or GB18030."""
    with path.open("rb") as source:
        source.seek(start)
        offset, rest = start, b""
        while chunk := source.read(_CHUNK):
            joined = rest + chunk
            cut = max(joined.rfind(b"\n"), joined.rfind(b"\r", 0, -1)) + 1
            if not cut and len(joined) > _LONGEST_LINE:
                raise FileRefusedError(f"a line is longer than {_LONGEST_LINE:,} bytes: this is not CSV text")
            rest = joined[cut:]
            if cut:
                yield offset, joined[:cut]
                offset += cut
        if rest:
            yield offset, rest


def pick_lines(path: Path, numbers: Sequence[int], lines: int, target: Path) -> bool:
    r"""Copy the lines numbered `numbers` (from 0, ascending) to `target`; whether the text has the expected number of lines.

    Args:
        path: the text, its lines ended by \n.
        numbers: which lines.
        lines: how many lines it has when no cell spans several and none is blank: then lines are rows.
        target: to write to.
    """
    seen = taken = 0
    with path.open("rb") as text, target.open("wb") as out:
        while block := text.read(_CHUNK) + text.readline():
            until = seen + block.count(b"\n") + (not block.endswith(b"\n"))
            end = bisect_left(numbers, until, taken)
            if end > taken:
                each = block.splitlines(keepends=True)
                out.writelines(each[number - seen] for number in numbers[taken:end])
            seen, taken = until, end
    return seen == lines


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
    for _, block in _blocks(path, 0):
        if not block.isascii():
            return block
    return b""
