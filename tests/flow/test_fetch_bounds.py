"""No source is waited for without end: one that drips, or sends for ever, is given up in words, and the others go on."""

from __future__ import annotations

import hashlib
import json
import random
import time

import pytest

from pipelines.feeds.remote.places import BLOCK

from .fetching import Drop, fetch, inbox, log_in, said, statuses

CONTENT = random.Random(5).randbytes(3 * BLOCK)  # noqa: S311
NAME = "a_20261105.csv"


@pytest.fixture
def drop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Drop:
    log_in(monkeypatch)
    found: Drop = request.getfixturevalue(f"{request.param}_place")
    return found


@pytest.mark.parametrize("drop", ["sftp", "web", "bucket"], indirect=True)
def test_a_file_that_comes_byte_by_byte_is_given_up_and_continued_when_the_line_is_good_again(drop, desk):
    drop.put(NAME, CONTENT)
    drop.limits = {"timeout_seconds": 1}
    drop.declare(desk)
    drop.line.drips_after = 2 * BLOCK
    began = time.monotonic()
    outcome = fetch(desk)
    assert time.monotonic() - began < 30
    assert statuses(outcome) == {NAME: "failed"}
    assert "did not answer within 1 seconds" in outcome.reason
    drop.line.drips_after, drop.limits = None, {}
    drop.declare(desk)
    assert statuses(fetch(desk)) == {NAME: "fetched"}
    assert inbox(desk) == {NAME: CONTENT}


@pytest.mark.parametrize("first", [0, 300], ids=["its headers", "its links"])
def test_an_index_that_comes_byte_by_byte_is_given_up(web_place, desk, first):
    web_place.put("long" * 20 + NAME, CONTENT)
    web_place.limits = {"timeout_seconds": 1}
    web_place.declare(desk)
    web_place.line.drips_after = first
    began = time.monotonic()
    outcome = fetch(desk)
    assert time.monotonic() - began < 20
    assert outcome.status == "failed"
    assert "127.0.0.1 did not answer within 1 seconds" in outcome.reason


@pytest.mark.parametrize("drop", ["sftp", "web", "bucket"], indirect=True)
def test_a_source_has_its_time_in_one_run_and_the_next_run_goes_on(drop, desk, monkeypatch):
    for name in (NAME, "b_20261105.csv"):
        drop.put(name, CONTENT)
    drop.limits = {"total_minutes": 30}
    drop.declare(desk)
    minutes = iter(range(10_000))
    with monkeypatch.context() as patch:
        patch.setattr("pipelines.feeds.remote.places.monotonic", lambda: 600.0 * next(minutes))
        outcome = fetch(desk)
    assert "has not sent everything within 30 minutes" in outcome.reason
    assert "raise `total_minutes`" in outcome.reason
    for _ in range(3):
        outcome = fetch(desk)
    assert outcome.status == "read"
    assert inbox(desk) == {NAME: CONTENT, "b_20261105.csv": CONTENT}


@pytest.mark.parametrize("drop", ["sftp", "web", "bucket"], indirect=True)
def test_a_file_larger_than_the_largest_is_not_fetched_and_the_others_are(drop, desk):
    drop.put(NAME, CONTENT)
    drop.put("b_20261105.csv", b"small")
    drop.limits = {"largest_gb": 0.002}
    drop.declare(desk)
    found = said(fetch(desk))
    assert found["b_20261105.csv"][0] == "fetched"
    assert found[NAME] == (
        "failed",
        f"the file is {len(CONTENT):,} bytes long; expected at most 2,000,000: ask the sender for smaller files, or raise "
        "`largest_gb`",
    )
    assert drop.line.down < 2 * BLOCK
    assert set(inbox(desk)) == {"b_20261105.csv"}


def test_a_file_without_a_size_is_cut_off_where_it_does_not_end(web, web_place, desk):
    web.sizes = False
    web_place.put(NAME, CONTENT)
    web_place.put(f"{NAME}.ok", json.dumps({"digest": hashlib.sha256(CONTENT).hexdigest()}).encode())
    web_place.limits = {"largest_gb": 0.002}
    web_place.declare(desk)
    status, reason = said(fetch(desk))[NAME]
    assert status == "failed"
    assert reason.startswith("the file did not end after 2,")
    assert inbox(desk) == {}, "what would fill the disk does not stay"
