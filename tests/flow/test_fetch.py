"""Every protocol alike: fetched whole, continued when cut, left alone while half-written, never twice, never deleted untold."""

from __future__ import annotations

import hashlib
import random
from datetime import UTC, datetime

import pytest

from pipelines.feeds.remote.fetch import Fetching
from pipelines.feeds.remote.ledger import Ledger

from .fetching import FEED, fetch, inbox, parts, said, statuses

BIG = random.Random(7).randbytes(9 << 20)  # noqa: S311
CONTENT = b"uscc,month\n"


def control(content: bytes) -> bytes:
    return f"sha256={hashlib.sha256(content).hexdigest()}\n".encode()


def test_new_files_and_their_control_files_come_into_the_inbox(drop, desk):
    drop.put("月流水_20261105.csv", CONTENT)
    drop.put("b_20261106.csv", CONTENT * 2)
    drop.put("b_20261106.csv.ok", control(CONTENT * 2))
    drop.put("c.csv.tmp", CONTENT)
    drop.put("d.csv.part", CONTENT)
    drop.declare(desk)
    outcome = fetch(desk)
    assert (outcome.status, outcome.files) == ("read", 2), outcome.reason
    assert statuses(outcome) == {"月流水_20261105.csv": "fetched", "b_20261106.csv": "fetched"}
    assert inbox(desk) == {
        "月流水_20261105.csv": CONTENT,
        "b_20261106.csv": CONTENT * 2,
        "b_20261106.csv.ok": control(CONTENT * 2),
    }


def test_a_seen_file_is_not_fetched_again_and_a_changed_one_is(drop, desk):
    drop.put("a_20261105.csv", CONTENT)
    drop.declare(desk)
    fetch(desk)
    assert fetch(desk).seen == 1
    desk.landed("a_20261105.csv", status="refused")
    (desk.settings.inbox / FEED / "a_20261105.csv").unlink()
    again = fetch(desk)
    assert (statuses(again), again.seen, inbox(desk)) == ({}, 1, {})
    drop.put("a_20261105.csv", CONTENT * 3)
    assert statuses(fetch(desk)) == {"a_20261105.csv": "fetched"}
    assert inbox(desk) == {"a_20261105.csv": CONTENT * 3}


def test_a_fetched_file_that_vanished_from_the_inbox_before_it_landed_is_fetched_again(folder_place, desk):
    folder_place.put("a_20261105.csv", CONTENT)
    folder_place.declare(desk)
    fetch(desk)
    (desk.settings.inbox / FEED / "a_20261105.csv").unlink()
    desk.con.execute("UPDATE lake.ops.fetches SET looked_at = looked_at - INTERVAL 1 SECOND")
    assert statuses(fetch(desk)) == {"a_20261105.csv": "fetched"}
    assert inbox(desk) == {"a_20261105.csv": CONTENT}


def test_what_has_landed_is_known_by_its_digest_whatever_it_is_called(drop, desk):
    drop.declare(desk)
    desk.deliver("by_hand_20261105.csv", CONTENT)
    desk.landed("by_hand_20261105.csv")
    drop.put("a_20261106.csv", CONTENT)
    drop.put("b_20261106.csv", CONTENT)
    drop.put("b_20261106.csv.ok", control(CONTENT))
    assert statuses(fetch(desk)) == {"a_20261106.csv": "known", "b_20261106.csv": "known"}
    assert set(inbox(desk)) == {"by_hand_20261105.csv"}


def test_nothing_is_deleted_at_the_source_unless_told_and_only_what_has_landed(drop, desk):
    for name in ("good_20261105.csv", "bad_20261105.csv"):
        drop.put(name, name.encode())
        drop.put(f"{name}.ok", control(name.encode()))
    drop.declare(desk)
    there = drop.names()
    fetch(desk)
    desk.landed("good_20261105.csv")
    desk.landed("bad_20261105.csv", status="refused")
    fetch(desk, clear=True)
    assert drop.names() == there
    if drop.name == "http":
        return  # over HTTP nothing can be deleted; declaring so is refused
    drop.declare(desk, delete_after=True)
    assert statuses(fetch(desk, clear=True)) == {"good_20261105.csv": "deleted"}
    assert drop.names() == {"bad_20261105.csv", "bad_20261105.csv.ok"}
    assert fetch(desk, clear=True).status == "read"


def test_a_file_that_changed_after_it_landed_is_not_deleted(folder_place, desk, monkeypatch):
    folder_place.put("a_20261105.csv", CONTENT)
    folder_place.declare(desk, delete_after=True)
    fetch(desk)
    desk.landed("a_20261105.csv")
    landed = Ledger.landed

    def while_clearing(self, feed):
        folder_place.put("a_20261105.csv", CONTENT * 2)
        return landed(self, feed)

    monkeypatch.setattr(Fetching, "_fetch_ready", lambda *_: None)
    monkeypatch.setattr(Ledger, "landed", while_clearing)
    fetch(desk, clear=True)
    assert folder_place.names() == {"a_20261105.csv"}


@pytest.mark.parametrize("drop", ["sftp", "web", "bucket"], indirect=True)
def test_a_cut_connection_is_continued_where_it_stopped(drop, desk):
    drop.put("big_20261105.csv", BIG)
    drop.put("big_20261105.csv.ok", control(BIG))
    drop.limits = {"tries": 1}
    drop.declare(desk)
    drop.line.dead_after = 6 << 20
    cut = fetch(desk)
    assert said(cut)["big_20261105.csv"][0] == "failed", said(cut)
    assert "the connection was cut: the next run goes on" in cut.reason
    (had,) = parts(desk)
    assert had >= 1 << 20
    drop.line.dead_after, drop.line.down = None, 0
    assert statuses(fetch(desk)) == {"big_20261105.csv": "fetched"}
    assert inbox(desk)["big_20261105.csv"] == BIG
    assert parts(desk) == []
    assert drop.line.down < len(BIG) - had + (1 << 20), "only what was missing came again"


@pytest.mark.parametrize("drop", ["sftp", "web"], indirect=True)
def test_a_line_that_is_cut_again_and_again_is_tried_on_within_one_run(drop, desk):
    drop.put("big_20261105.csv", BIG)
    drop.put("big_20261105.csv.ok", b"")
    drop.declare(desk)
    drop.line.cut_after = 4 << 20
    assert statuses(fetch(desk)) == {"big_20261105.csv": "fetched"}
    assert inbox(desk)["big_20261105.csv"] == BIG
    assert drop.line.connections >= 3


@pytest.mark.parametrize("drop", ["sftp", "web", "bucket"], indirect=True)
def test_a_file_that_changed_since_the_cut_is_fetched_anew(drop, desk):
    drop.put("big_20261105.csv", BIG, 1_790_000_000)
    drop.put("big_20261105.csv.ok", b"")
    drop.limits = {"tries": 1}
    drop.declare(desk)
    drop.line.dead_after = 6 << 20
    fetch(desk)
    assert len(parts(desk)) == 1
    drop.line.dead_after = None
    other = BIG[::-1]
    drop.put("big_20261105.csv", other, 1_790_000_100)
    drop.put("big_20261105.csv.ok", b" ")
    assert statuses(fetch(desk)) == {"big_20261105.csv": "fetched"}
    assert inbox(desk)["big_20261105.csv"] == other
    assert parts(desk) == []


def test_a_digest_that_disagrees_keeps_the_file_out_until_either_changes(drop, desk):
    drop.put("a_20261105.csv", CONTENT)
    drop.put("a_20261105.csv.ok", control(CONTENT * 2))
    drop.declare(desk)
    first, again = fetch(desk), fetch(desk)
    for outcome in (first, again):
        status, reason = said(outcome)["a_20261105.csv"]
        assert status == "disagrees"
        assert "is not the one its control file states" in reason
    assert inbox(desk) == {}
    drop.put("a_20261105.csv", CONTENT * 2)
    drop.put("a_20261105.csv.ok", control(CONTENT * 2))
    assert statuses(fetch(desk)) == {"a_20261105.csv": "fetched"}


def test_a_corrected_file_beside_a_stale_control_file_is_neither_known_nor_deleted(folder_place, desk):
    folder_place.put("a_20261105.csv", CONTENT)
    folder_place.put("a_20261105.csv.ok", control(CONTENT))
    folder_place.declare(desk, delete_after=True)
    fetch(desk)
    desk.landed("a_20261105.csv")
    folder_place.put("a_20261105.csv", CONTENT.upper())
    folder_place.put("a_20261105.csv.ok", control(CONTENT))
    assert statuses(fetch(desk, clear=True)) == {"a_20261105.csv": "disagrees"}
    assert folder_place.names() == {"a_20261105.csv", "a_20261105.csv.ok"}


@pytest.mark.parametrize("drop", ["sftp", "web", "folder"], indirect=True)
def test_a_growing_file_is_left_alone_until_it_rests(drop, desk, monkeypatch):
    drop.put("grows_20261105.csv", CONTENT)
    drop.put("rests_20261105.csv", CONTENT)
    drop.declare(desk)
    with monkeypatch.context() as patch:
        patch.setattr("time.sleep", lambda _: drop.put("grows_20261105.csv", CONTENT * 2))
        outcome = fetch(desk)
    assert statuses(outcome) == {"grows_20261105.csv": "waiting", "rests_20261105.csv": "fetched"}
    assert "still being delivered" in said(outcome)["grows_20261105.csv"][1]
    assert set(inbox(desk)) == {"rests_20261105.csv"}
    assert statuses(fetch(desk)) == {"grows_20261105.csv": "fetched"}


def test_a_file_that_looked_the_same_in_the_last_run_needs_no_second_wait(folder_place, desk, monkeypatch):
    folder_place.put("a_20261105.csv", CONTENT)
    folder_place.declare(desk)
    monkeypatch.setattr("time.sleep", lambda _: folder_place.put("a_20261105.csv", CONTENT * 2))
    assert statuses(fetch(desk)) == {"a_20261105.csv": "waiting"}
    monkeypatch.setattr("time.sleep", lambda _: pytest.fail("it has rested since the last run"))
    desk.con.execute("UPDATE lake.ops.fetches SET looked_at = looked_at - INTERVAL 1 SECOND")
    assert statuses(fetch(desk)) == {"a_20261105.csv": "fetched"}


def test_a_control_file_older_than_its_file_is_no_sign_that_it_is_complete(folder_place, desk, monkeypatch):
    folder_place.put("a_20261105.csv", CONTENT, 1_790_000_100)
    folder_place.put("a_20261105.csv.ok", b"", 1_790_000_000)
    folder_place.declare(desk)
    monkeypatch.setattr("time.sleep", lambda _: folder_place.put("a_20261105.csv", CONTENT * 2))
    assert statuses(fetch(desk)) == {"a_20261105.csv": "waiting"}


def test_a_fetched_file_keeps_the_time_it_had_so_that_its_day_can_be_told(drop, desk):
    drop.put("a.csv", CONTENT, datetime(2026, 11, 5, 3, tzinfo=UTC).timestamp())
    drop.declare(desk)
    fetch(desk)
    modified = datetime.fromtimestamp((desk.settings.inbox / FEED / "a.csv").stat().st_mtime, UTC)
    assert modified == desk.lake("SELECT modified_at FROM lake.ops.fetches")[0][0].replace(tzinfo=UTC)
    if drop.name != "s3":
        assert modified == datetime(2026, 11, 5, 3, tzinfo=UTC)


def test_a_file_in_the_inbox_that_has_not_landed_yet_is_not_overwritten(folder_place, desk):
    folder_place.put("a_20261105.csv", CONTENT)
    folder_place.declare(desk)
    desk.deliver("a_20261105.csv", b"by hand")
    outcome = fetch(desk)
    assert statuses(outcome) == {"a_20261105.csv": "waiting"}
    assert "not landed yet; it is not overwritten" in said(outcome)["a_20261105.csv"][1]
    assert inbox(desk)["a_20261105.csv"] == b"by hand"
    desk.landed("a_20261105.csv", status="refused")
    assert statuses(fetch(desk)) == {"a_20261105.csv": "fetched"}
    assert inbox(desk)["a_20261105.csv"] == CONTENT


def test_what_is_fetched_is_its_owners_alone(folder_place, desk, monkeypatch):
    for name in ("a_20261105.csv", "b_20261105.csv"):
        folder_place.put(name, CONTENT)
        folder_place.put(f"{name}.ok", control(CONTENT))
    folder_place.declare(desk)
    with monkeypatch.context() as patch:
        patch.setattr(Fetching, "_put", lambda *_: None)  # a part file stays
        fetch(desk)
    folder = desk.settings.inbox / FEED
    (part, *_) = folder.iterdir()
    modes = {path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert (folder.stat().st_mode & 0o777, modes) == (0o700, {0o600})
    part.chmod(0o644)  # as one of a former version
    desk.con.execute("DELETE FROM lake.ops.fetches")
    fetch(desk)
    assert len(inbox(desk)) == 4
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_only_names_of_the_pattern_are_deliveries(drop, desk):
    drop.put("a_20261105.csv", CONTENT)
    drop.put("a_20261105.log", CONTENT)
    drop.declare(desk, pattern="*.csv")
    assert statuses(fetch(desk)) == {"a_20261105.csv": "fetched"}


def test_a_quiet_second_fetch_writes_no_row_of_a_file(drop, desk):
    drop.put("a_20261105.csv", CONTENT)
    drop.declare(desk)
    fetch(desk)
    rows = desk.lake("SELECT * FROM lake.ops.fetches")
    fetch(desk)
    assert desk.lake("SELECT * FROM lake.ops.fetches") == rows
