"""A feed whose newest file did not get in freezes what rests on it, and nothing else, and says so everywhere."""

from __future__ import annotations

import json
import shutil

import pytest
from openpyxl import load_workbook

from pipelines import flow
from pipelines.freshness import found_feeds

from .homes import AS_OF, Home, settings_of

RULE = "insured_staff_3_to_20"
BROKEN = "统一社会信用代码,月份不明\n92510623MAY004CT3H,202610\n"


@pytest.fixture(scope="module")
def frozen(county, tmp_path_factory):
    """The county's week again after a broken social-insurance file came; and that file."""
    folder = tmp_path_factory.mktemp("frozen")
    shutil.copytree(county.settings.home, folder / "home", symlinks=True)
    home = Home(settings_of(folder / "home", folder / "inbox"), None)
    path = home.deliver("social__insurance", "shebao_20261120.csv", BROKEN)
    report = flow.run(home.settings, AS_OF)
    return home, report, path


def test_only_the_rules_on_the_failed_feed_are_unknown(frozen, county):
    home, report, _ = frozen
    assert [each.status for each in report.ingested.files] == ["refused"]
    assert home.ask(f"SELECT count(rule__{RULE}), count(rule__annual_tax_at_least) > 0 FROM out.eligibility") == [
        (0, True)
    ]
    assert report.release.counts["listed"] < county.report.release.counts["listed"]
    assert "small_employer" not in report.release.counts


def test_the_frozen_rules_are_named_in_notes_manifest_table_and_workbook(frozen):
    home, report, _ = frozen
    note = f"social__insurance failed with its newest file: unknown to everyone: {RULE}"
    assert any(each.startswith(note) for each in report.release.notes)
    manifest = json.loads((report.release.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["frozen"]["social__insurance"]["state"] == "failed"
    assert RULE in manifest["frozen"]["social__insurance"]["rules"]
    ((state, newest, failed, reason, rules),) = home.ask(
        "SELECT state, newest_file, failed_file, failed_reason, frozen_rules FROM out.feed_states WHERE feed = 'social__insurance'"
    )
    assert (state, newest, failed) == ("failed", "shebao_202610.csv", "shebao_20261120.csv")
    assert "missing required column" in reason
    assert RULE in rules
    sheet = load_workbook(report.release.files[0], read_only=True)["说明"]
    lines = [row[:2] for row in sheet.iter_rows(values_only=True) if row and row[0]]
    assert any("social__insurance" in str(first) and "以下条件按未知处理" in str(second) for first, second in lines)


def test_every_other_feed_stays_fresh(frozen):
    home, _, _ = frozen
    states = home.ask(
        "SELECT state, count(*), bool_or(len(frozen_rules) > 0) FROM out.feed_states GROUP BY 1 ORDER BY 1"
    )
    assert [(state, frozen) for state, _, frozen in states if state == "fresh"] == [("fresh", False)]
    assert home.ask("SELECT feed FROM out.feed_states WHERE state = 'failed'") == [("social__insurance",)]


def test_the_frozen_week_replays(frozen):
    home, report, _ = frozen
    assert flow.replay(home.settings, report.release.week).agrees


def test_a_file_taken_out_of_the_inbox_freezes_nothing_any_more(frozen):
    home, _, path = frozen
    path.unlink()
    flow.ingest(home.settings, ["social__insurance"])
    assert home.lake("SELECT status, reason IS NOT NULL FROM lake.ops.files WHERE name = 'shebao_20261120.csv'") == [
        ("withdrawn", True)
    ]
    states = flow.start(home.settings, AS_OF)
    assert found_feeds(states).states.is_fresh("social__insurance")
