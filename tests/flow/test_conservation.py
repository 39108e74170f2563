"""Every file of the made-up county has a stated fate, and no row is lost or invented."""

from __future__ import annotations

import json
import re
import shutil

import pytest

from pipelines import flow
from pipelines.feeds.contract import feeds
from pipelines.settings import SAMPLES

EXPECTED = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))
COUNTY = {name: fate for name, fate in EXPECTED.items() if not name.startswith("_")}
COUNTS = ("rows_in", "accepted", "duplicates", "quarantined")
WORDS = {
    "not_a_zip_20261123.zip": ("archive is broken", "ask the sender"),
    "truncated_20261123.zip": ("archive is broken", "ask the sender"),
    "utf16_20261123.csv": ("UTF-16", "expected CSV in UTF-8 or GB18030"),
    "column_twice_20261116.csv": ("both mean", "keep one of them"),
    "digest_disagrees_20261116.csv": ("digest", "ask the sender"),
    "empty_20261116.csv": ("empty", "expected a header and rows"),
    "header_only_20261116.csv": ("header and no rows", "ask the sender"),
    "misnamed_column_20261116.csv": (
        "统一社会信用代码 [uscc]",
        "nearest in the file: 统一社会信用代玛",
        "add an alias",
    ),
    "rows_disagree_20261116.csv": ("2 rows", "states 3", "incomplete"),
    "missing_column_20261120.csv": ("税票号码 [voucher_no]", "correct the header, or add an alias"),
    "other_feed_20261116.csv": ("fits the feed social__insurance", "inbox/social__insurance"),
    "truncated_20261120.csv.gz": ("archive is broken", "ask the sender"),
    "wrong_header_20261120.csv": ("missing required columns", "Found:"),
}


@pytest.fixture(scope="module")
def ledger(county):
    rows = county.lake(f"SELECT feed || '/' || name, status, {', '.join(COUNTS)}, reason FROM lake.ops.files")
    return {
        name: {"status": status, "reason": reason, **dict(zip(COUNTS, counts, strict=True))}
        for name, status, *counts, reason in rows
    }


def test_the_ledger_has_exactly_the_files_of_the_county(ledger):
    assert set(ledger) == set(COUNTY)


def test_every_file_has_its_expected_fate_and_counts(ledger):
    found = {name: {key: ledger[name][key] for key in fate if key in ledger[name]} for name, fate in COUNTY.items()}
    assert found == {
        name: {key: value for key, value in fate.items() if key in ledger[name]} for name, fate in COUNTY.items()
    }


def test_rows_are_conserved_in_every_file(ledger):
    assert not {
        name for name, f in ledger.items() if f["rows_in"] != f["accepted"] + f["duplicates"] + f["quarantined"]
    }


def test_the_ledger_counts_what_the_tables_hold(county):
    each = " UNION ALL ".join(
        f"SELECT '{feed}' AS feed, file_id, count(*) FROM lake.feed.{feed} GROUP BY ALL" for feed in feeds()
    )
    stated = county.lake("SELECT feed, file_id, accepted FROM lake.ops.files WHERE accepted > 0 ORDER BY ALL")
    assert stated == county.lake(f"{each} ORDER BY ALL")
    stated = county.lake("SELECT feed, file_id, quarantined FROM lake.ops.files WHERE quarantined > 0 ORDER BY ALL")
    assert stated == county.lake("SELECT feed, file_id, count(*) FROM lake.quarantine.rows GROUP BY ALL ORDER BY ALL")


def test_every_quarantined_row_has_its_raw_text_and_the_expected_reasons(county):
    found: dict[str, set[str]] = {}
    rows = county.lake(
        "SELECT f.feed || '/' || f.name, q.raw, q.reasons FROM lake.quarantine.rows AS q JOIN lake.ops.files AS f USING (feed, file_id)"
    )
    for name, raw, reasons in rows:
        assert raw.strip(), name
        assert reasons, name
        found.setdefault(name, set()).update(re.sub(r" at byte \d+$", "", reason) for reason in reasons)
    assert found == {name: set(fate["reasons"]) for name, fate in COUNTY.items() if fate.get("reasons")}


def test_the_original_bytes_are_archived_under_their_digest(county):
    for name, archived, size in county.lake("SELECT feed || '/' || name, archived, size_bytes FROM lake.ops.files"):
        assert (county.settings.archive / archived).read_bytes() == (SAMPLES / name).read_bytes(), name
        assert (SAMPLES / name).stat().st_size == size


def test_broken_files_stay_out_whole_and_say_what_to_do(bare):
    shutil.copytree(SAMPLES / "_broken", bare.settings.inbox, dirs_exist_ok=True)
    report = flow.ingest(bare.settings)
    outcomes = {each.name: each for each in report.files}
    expected = {
        n.split("/")[-1]: f["status"]
        for n, f in EXPECTED.items()
        if n.startswith("_broken") and f["status"] != "unknown_feed"
    }
    assert {name: each.status for name, each in outcomes.items()} == expected
    assert [each.in_words().partition(";")[0] for each in report.ignored] == ["weather__stations/: unknown feed"], (
        "the folder of the rest"
    )
    for name, words in WORDS.items():
        reason = outcomes[name].reason or ""
        assert all(word in reason for word in words), (name, reason)
        assert (bare.settings.inbox / outcomes[name].feed / name).exists(), "a bad file stays where it is"
    assert dict(bare.lake("SELECT name, reason FROM lake.ops.files")) == {
        name: each.reason for name, each in outcomes.items()
    }
    for feed in ("registry__entities", "social__insurance", "tax__payments"):
        assert bare.lake(f"SELECT count(*) FROM lake.feed.{feed}") == [(0,)]
    assert bare.lake("SELECT count(*) FROM lake.quarantine.rows") == [(0,)]
