"""The inbox: which files are deliveries, the day each was received, control files and digests."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pipelines.errors import FileWaitingError
from pipelines.feeds import pull

BYTES = "统一社会信用代码\n".encode()


def delivered(inbox: Path, name: str, control: str | None = None, modified: datetime | None = None) -> pull.Delivery:
    folder = inbox / "tax__payments"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(BYTES)
    if modified:
        os.utime(path, (modified.timestamp(), modified.timestamp()))
    if control is not None:
        path.with_name(name + ".ok").write_text(control, encoding="utf-8")
    return next(each for each in pull.deliveries(inbox, "tax__payments") if each.name == name)


def day_of(delivery: pull.Delivery) -> date:
    return pull.received_on(delivery, pull.control_of(delivery))


def test_received_on_comes_from_the_control_file_before_the_name(tmp_path):
    assert day_of(delivered(tmp_path, "a_20261102.csv", "received_on=2026-11-05\nrows=1")) == date(2026, 11, 5)


def test_received_on_comes_from_the_name_before_the_modification_time(tmp_path):
    assert day_of(delivered(tmp_path, "a_20261102.csv", modified=datetime(2026, 11, 9, tzinfo=UTC))) == date(
        2026, 11, 2
    )


def test_the_modification_time_counts_in_china(tmp_path):
    late_in_utc = datetime(2026, 11, 8, 17, 30, tzinfo=UTC)
    assert day_of(delivered(tmp_path, "a.csv", modified=late_in_utc)) == date(2026, 11, 9)


def test_a_control_file_that_says_nothing_leaves_the_name_to_decide(tmp_path):
    assert day_of(delivered(tmp_path, "a_20261102.csv", "")) == date(2026, 11, 2)


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("tax_20260101_20260131_20260203.csv", date(2026, 2, 3)),
        ("tax_2026-11-02.csv.gz", date(2026, 11, 2)),
        ("tax_2026.11.02.zip", date(2026, 11, 2)),
        ("tax_202610.csv", None),
        ("tax_20261399.csv", None),
        ("tax_120261102.csv", None),
        ("市场主体登记_20261012.csv.gz", date(2026, 10, 12)),
    ],
)
def test_the_last_calendar_date_of_a_name_is_its_day(name, day):
    assert pull.date_in_name(name) == day


def test_control_files_are_json_or_key_value_lines(tmp_path):
    expected = pull.Control(rows=12, digest="ab12", received_on=date(2026, 11, 2))
    as_json = json.dumps({"rows": 12, "digest": "sha256:AB12", "received_on": "20261102"})
    assert pull.control_of(delivered(tmp_path, "a.csv", as_json)) == expected
    assert (
        pull.control_of(delivered(tmp_path, "b.csv", "\ufeffROWS = 12\n\nsha256 = AB12\nreceived_on = 2026-11-02\n"))
        == expected
    )
    assert pull.control_of(delivered(tmp_path, "c.csv", None)) is None


@pytest.mark.parametrize("text", ["rows=twelve", "received_on=soon", "{not json", "just words", "[1, 2]"])
def test_a_control_file_that_cannot_be_read_makes_its_file_wait(tmp_path, text):
    with pytest.raises(FileWaitingError, match=r"a\.csv\.ok"):
        pull.control_of(delivered(tmp_path, "a.csv", text))


@pytest.mark.parametrize("stated", ["1.5", "-1", "twelve", "true"])
@pytest.mark.parametrize("text", ['{{"rows": {}}}', "rows={}"])
def test_what_counts_no_rows_is_shown_with_what_was_expected(tmp_path, text, stated):
    content = text.format(f'"{stated}"' if stated == "twelve" and "{{" in text else stated)
    with pytest.raises(
        FileWaitingError, match=r"a\.csv\.ok: rows is '(1\.5|-1|twelve|[Tt]rue)', which counts no rows; expected"
    ):
        pull.control_of(delivered(tmp_path, "a.csv", content))


@pytest.mark.parametrize("name", ["sha256", "md5", "sm3"])
def test_each_digest_is_checked_while_the_file_is_archived(tmp_path, name):
    if name not in hashlib.algorithms_available:
        pytest.skip(f"this OpenSSL has no {name}")
    right = hashlib.new(name, BYTES).hexdigest()
    delivery = delivered(tmp_path, "a.csv", f"{name}={right.upper()}")
    digest, archived = pull.archive(delivery, tmp_path / "archive", pull.control_of(delivery))
    assert digest == hashlib.sha256(BYTES).hexdigest()
    assert archived == tmp_path / "archive" / digest[:2] / digest
    assert archived.read_bytes() == BYTES
    assert [oct(path.stat().st_mode & 0o777) for path in (archived, archived.parent, tmp_path / "archive")] == [
        "0o600",
        "0o700",
        "0o700",
    ], "the file as it came may hold personal data: it is for the owner of the home alone"
    wrong = delivered(tmp_path, "b.csv", f"{name}={'0' * len(right)}")
    with pytest.raises(FileWaitingError, match="ask the sender"):
        pull.archive(wrong, tmp_path / "archive", pull.control_of(wrong))


def test_a_digest_that_cannot_be_computed_here_is_said_to_be_so(tmp_path, monkeypatch):
    monkeypatch.setattr(hashlib, "algorithms_available", {"sha256", "md5"})
    delivery = delivered(tmp_path, "a.csv", f"sm3={'0' * 64}")
    with pytest.raises(FileWaitingError, match="SM3, which this machine's OpenSSL lacks"):
        pull.archive(delivery, tmp_path / "archive", pull.control_of(delivery))


def test_a_file_that_grows_while_it_is_read_waits(tmp_path):
    delivery = delivered(tmp_path, "a.csv")
    delivery.path.write_bytes(BYTES * 2)
    with pytest.raises(FileWaitingError, match="still being delivered"):
        pull.archive(delivery, tmp_path / "archive", None)
    assert not [path for path in (tmp_path / "archive").rglob("*") if path.is_file()]


def test_unfinished_hidden_control_and_linked_files_are_not_deliveries(tmp_path):
    delivered(tmp_path, "good.csv")
    folder = tmp_path / "tax__payments"
    for name in (
        "a.csv.part",
        "b.tmp",
        "c.csv.filepart",
        "d.csv~",
        ".hidden.csv",
        "_draft.csv",
        "good.csv.ok",
        "README.md",
    ):
        (folder / name).write_bytes(BYTES)
    (tmp_path / "secret").write_bytes(b"root:x")
    (folder / "link.csv").symlink_to(tmp_path / "secret")
    (folder / "folder.csv").mkdir()
    assert [each.name for each in pull.deliveries(tmp_path, "tax__payments")] == ["good.csv"]


def test_the_oldest_delivery_comes_first_and_a_feed_without_folder_has_none(tmp_path):
    delivered(tmp_path, "a_20261102.csv")
    delivered(tmp_path, "b_20261001.csv")
    delivered(tmp_path, "c.csv", "received_on=2026-09-01")
    assert [each.name[0] for each in pull.deliveries(tmp_path, "tax__payments")] == ["c", "b", "a"]
    assert pull.deliveries(tmp_path, "tax__invoices") == []
