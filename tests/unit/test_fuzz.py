"""Mutated files of every form: each is read or refused in words; no traceback, no hang, no row lost or invented.

`FUZZ_FILES=10000 python -m pytest tests/unit/test_fuzz.py` runs as many as wanted, from file `FUZZ_FROM` (default 0) on; the
n-th file is always the same.
"""

from __future__ import annotations

import io
import os
import random
import resource
import signal
import struct
import traceback
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

from pipelines.errors import FileRefusedError
from pipelines.feeds import convert
from pipelines.feeds.contract import contract

from . import forms
from .room import Room

FILES = int(os.environ.get("FUZZ_FILES", "200"))
FIRST = int(os.environ.get("FUZZ_FROM", "0"))
SECONDS_EACH = 60
BREAKS = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError, struct.error)
"""What a mutated zip makes the library say when it is to be mutated again."""

CODES = ("92510623MAY004CT3H", "92510623MAY00CL99R")
TABLES: dict[str, list[list[str]]] = {
    "registry__entities": [
        ["统一社会信用代码", "企业名称", "注册日期", "注册资金", "备注"],
        *([CODES[n % 2], f"𠮷野家{n}店", f"2026-01-{n + 10}", f"{n}(万元人民币)", "合计" if n == 5 else ""] for n in range(12)),
    ],
    "tax__payments": [
        ["纳税人识别号", "征收项目", "税款所属期起", "税款所属期止", "申报日期", "入库日期", "应补退税额", "实缴税额（万元）", "税票号码"],
        *(
            [CODES[n % 2], "增值税" if n % 3 else "印花税", "20261001", "2026-10-31", "2026/11/1", "46053", f"{n}.5", "0.01", f"V{n // 2}"]
            for n in range(12)
        ),
    ],
}  # fmt: skip


def flipped(data: bytes, dice: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.choice((1, 3, 20))):
        changed[dice.randrange(1, len(changed))] = dice.randrange(256)
    return bytes(changed)


def truncated(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data))]


def cut_out(data: bytes, dice: random.Random) -> bytes:
    first, last = sorted(dice.randrange(len(data)) for _ in range(2))
    return data[:first] + data[last:]


def inserted(data: bytes, dice: random.Random) -> bytes:
    odd = (
        b'"',
        b"\x00",
        b"\r",
        b"\n\n",
        b"\xff\xfe",
        b",",
        b"\t|;",
        "合计,".encode(),
        b"9.15E+17",
        b"\xef\xbf\xbd",
        b"=cmd|' /C calc'!A0",
    )
    at = dice.randrange(len(data))
    return data[:at] + dice.choice(odd) * dice.choice((1, 1, 9)) + data[at:]


def doubled(data: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(data))
    return data[:at] + data[dice.randrange(len(data)) :]


def other_delimiter(data: bytes, dice: random.Random) -> bytes:
    lines = data.split(b"\n")
    at = dice.randrange(len(lines))
    return b"\n".join(
        [*lines[:at], *(line.replace(b",", dice.choice((b"\t", b"|", b"|!", b""))) for line in lines[at:])]
    )


def other_encoding(data: bytes, dice: random.Random) -> bytes:
    at = data.find(b"\n", dice.randrange(len(data))) + 1
    try:
        return data[:at] + data[at:].decode("utf-8").encode(dice.choice(("gb18030", "utf-16-le")))
    except UnicodeDecodeError:
        return data[:at] + data[at:].decode("gb18030", "replace").encode("utf-8")


def other_line_ends(data: bytes, dice: random.Random) -> bytes:
    return b"".join(line + dice.choice((b"\n", b"\r\n", b"\r", b"\n\n")) for line in data.split(b"\n"))


def inside(data: bytes, dice: random.Random) -> bytes:
    """Mutate one member of a zip (a workbook is one too) and pack it again: the archive itself is whole."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as bundle:
            members = {name: bundle.read(name) for name in bundle.namelist()}
    except BREAKS:
        return flipped(data, dice)
    name = dice.choice(sorted(members))
    members[name] = mutated(members[name], dice) if members[name] else b"x"
    return forms.zipped(members)


def emptied(table: list[list[str]], dice: random.Random) -> list[list[str]]:
    """Cells emptied, moved, or replaced, before the file is made."""
    odd = ("", "-", "合计", "#REF!", "1e400", "９９", "２０２６年１月", "万", "\ufffd", "a\nb", '"', "x" * 3000)
    changed = [list(row) for row in table]
    for _ in range(dice.choice((0, 1, 8))):
        changed[dice.randrange(1, len(changed))][dice.randrange(len(table[0]))] = dice.choice(odd)
    return changed


MUTATIONS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    flipped, truncated, cut_out, inserted, inserted, doubled, other_delimiter, other_encoding, other_line_ends, inside, inside,
)  # fmt: skip


def mutated(data: bytes, dice: random.Random) -> bytes:
    return dice.choice(MUTATIONS)(data, dice) or b"\n"


@contextmanager
def bounded(what: str) -> Iterator[None]:
    def too_long(*_: object) -> None:
        raise TimeoutError(what)

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(SECONDS_EACH)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


class Reader:
    """The process conversions run in, kept for many files: the landing starts one for each. A reader that dies is replaced."""

    def __init__(self) -> None:
        self.pool, self.deaths = self._new(), 0

    def __call__(self, form: str, source: Path, feed: str, base: Path) -> dict[str, object]:
        try:
            return self.pool.submit(answer, form, source, feed, base).result(SECONDS_EACH)
        except BrokenProcessPool:
            self.pool.shutdown()
            self.pool, self.deaths = self._new(), self.deaths + 1
            return dict(convert.GAVE_UP)

    @staticmethod
    def _new() -> ProcessPoolExecutor:
        return ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=bound_memory)


def bound_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what a dying reader says, the landing does not show either


def answer(form: str, source: Path, feed: str, base: Path) -> dict[str, object]:
    try:
        return convert.convert(form, source, feed, base)
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        return dict(convert.GAVE_UP)


def test_no_mutated_file_breaks_the_landing(tmp_path, monkeypatch):
    reader = Reader()
    monkeypatch.setattr(convert, "_apart", reader)
    rooms = {feed: Room(contract(feed), tmp_path) for feed in TABLES}
    fates: Counter[str] = Counter()
    broken: dict[int, str] = {}
    for number in range(FIRST, FIRST + FILES):
        dice = random.Random(number)  # noqa: S311 - not a secret
        feed, form = dice.choice(sorted(TABLES)), dice.choice(sorted(forms.FORMS))
        data = forms.FORMS[form](emptied(TABLES[feed], dice))
        for _ in range(dice.choice((0, 1, 1, 1, 2))):
            data = mutated(data, dice)
        with bounded(f"file {number} ({feed} as {form}) takes more than {SECONDS_EACH} seconds"):
            try:
                landed = rooms[feed].land(data)
                fates["with quarantine" if landed.counts.quarantined else "whole"] += 1
            except FileRefusedError as refusal:
                fates["refused" if str(refusal).strip() else "refused without a word"] += 1
            except Exception:
                broken[number] = f"{feed} as {form}: {traceback.format_exc()}"
    reader.pool.shutdown()
    for room in rooms.values():
        room.close()
    assert broken == {}
    assert "refused without a word" not in fates
    assert min(fates[fate] for fate in ("whole", "with quarantine", "refused")) > FILES // 20, fates
    print(dict(fates), f"{reader.deaths} readers died")
