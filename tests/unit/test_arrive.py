"""Arrivals: what is taken in ahead comes in its turn, with its own faults, its own marks, and leaves nothing behind."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.errors import FileRefusedError, FileWaitingError
from pipelines.feeds import arrive, pull, texts
from pipelines.settings import Settings

FEED = "tax__credit_grades"
HEADER = "纳税人识别号,评价年度,信用级别\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "inbox").mkdir()
    return Settings.from_env(home=tmp_path / "home", inbox=tmp_path / "inbox")


def deliver(settings: Settings, files: dict[str, bytes]) -> list[pull.Delivery]:
    folder = settings.inbox / FEED
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return pull.deliveries(settings.inbox, FEED)


def grades(year: int) -> bytes:
    return f"{HEADER}92510623MAY004CT3H,{year},A\n".encode("gb18030")


def test_each_file_comes_in_its_turn_and_the_wrong_ones_say_why_in_theirs(settings):
    files = {
        "a_20260101.csv": grades(2024),
        "b_20260102.csv": b"no such heading\n1\n",
        "c_20260103.csv": grades(2025),
        "c_20260103.csv.ok": b"digest=" + b"0" * 64,
        "d_20260104.csv": grades(2023),
    }
    seen: dict[str, object] = {}
    for arrival in arrive.arrivals(deliver(settings, files), settings):
        try:
            seen[arrival.delivery.name] = arrival.source.path.read_text("utf-8").splitlines()[1]
        except FileRefusedError as refusal:
            seen[arrival.delivery.name] = type(refusal)
    assert seen == {
        "a_20260101.csv": "92510623MAY004CT3H,2024,A",
        "b_20260102.csv": FileRefusedError,
        "c_20260103.csv": FileWaitingError,
        "d_20260104.csv": "92510623MAY004CT3H,2023,A",
    }


def test_the_next_file_is_taken_in_while_this_one_is_at_work(settings):
    first, second = grades(2024), grades(2025)
    coming = arrive.arrivals(deliver(settings, {"a_20260101.csv": first, "b_20260102.csv": second}), settings)
    next(coming)
    archived = settings.archive / hashlib.sha256(second).hexdigest()[:2] / hashlib.sha256(second).hexdigest()
    for _ in range(100):
        if archived.exists():
            break
        time.sleep(0.1)
    assert archived.read_bytes() == second, "it lies in the archive before anybody asked for it"
    assert next(coming).file_id == archived.name


def test_nothing_decoded_is_left(settings):
    files = deliver(settings, {"a_20260101.csv": grades(2024), "b_20260102.csv": grades(2025)})
    with arrive.scratch_cleared(settings):
        for arrival in arrive.arrivals(files, settings):
            source = arrival.source.path
            assert source.exists()
        assert not source.exists(), "the text of the last one is given up"
    assert not (settings.work / "decode").exists()


def test_no_deliveries_are_no_arrivals(settings):
    assert list(arrive.arrivals([], settings)) == []


def test_two_files_decoded_at_once_keep_their_own_marks(tmp_path, monkeypatch):
    """The name of a codec's error handler is the whole process's; the places it marks are a file's own."""
    both = threading.Barrier(2, timeout=30)
    texts_of: dict[int, str] = {}
    blocks = texts._blocks

    def both_at_their_first_block(path: Path, start: int, size: int) -> Iterator[tuple[int, bytes]]:
        both.wait()
        yield from blocks(path, start, size)

    monkeypatch.setattr(texts, "_blocks", both_at_their_first_block)

    def decode(nth: int) -> None:
        path, target = tmp_path / f"{nth}", tmp_path / f"{nth}.utf8"
        path.write_bytes(b"a" * nth + b"\xff\n" * 20)
        texts.to_utf8(path, target, "gb18030", start=nth)
        texts_of[nth] = target.read_text("utf-8")

    threads = [threading.Thread(target=decode, args=(nth,)) for nth in (1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for nth in (1, 5):
        marks = [f"\ufffd@{place}\ufffd\n" for place in range(nth, nth + 40, 2)]
        assert texts_of[nth] == "".join(marks)
