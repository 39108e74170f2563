"""The week after: what became of the listed, in conversions, funnel and plan progress; the next list leaves out who must be."""

from __future__ import annotations

import csv
import re
import shutil
from datetime import date

import pytest

from pipelines import flow
from pipelines.settings import SAMPLES

from .homes import WEEK, Home, settings_of

NEXT = date(2026, 11, 30)


@pytest.fixture(scope="module")
def week_49(county, tmp_path_factory) -> Home:
    folder = tmp_path_factory.mktemp("next")
    shutil.copytree(county.settings.home, folder / "home", symlinks=True)
    shutil.copytree(SAMPLES / "_next_week", folder / "inbox")
    settings = settings_of(folder / "home", folder / "inbox")
    return Home(settings, flow.run(settings, NEXT))


def delivered(feed: str) -> list[dict[str, str]]:
    """Plain reading of the delivered rows."""
    (path,) = (SAMPLES / "_next_week" / feed).glob("*.csv")
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("gb18030")
    return list(csv.DictReader(text.splitlines()))


def codes(feed: str) -> set[str]:
    return {value for row in delivered(feed) for heading, value in row.items() if "统一社会信用代码" in heading}


def test_what_was_delivered_is_in_the_conversions(county, week_49):
    listed = {uscc for (uscc,) in county.ask("SELECT uscc FROM out.target_list")}
    reached = {
        uscc: dates
        for uscc, *dates in week_49.ask("SELECT uscc, contacted_on, applied_on, disbursed_on FROM out.conversions")
    }
    assert set(reached) >= listed
    for place, feed in enumerate(("crm__contacts", "crm__applications", "crm__disbursements")):
        expected = codes(feed) & listed
        assert expected, feed
        assert {uscc for uscc, dates in reached.items() if dates[place] is not None} >= expected, feed


def test_who_another_lender_was_quicker_with_is_lost_to_it_by_name(week_49):
    lost = week_49.ask("SELECT uscc, lost_to, lost_on, outcome FROM out.conversions WHERE lost_to IS NOT NULL")
    assert {uscc for uscc, *_ in lost} >= codes("credit__loans") & {
        uscc for (uscc,) in week_49.ask("SELECT uscc FROM out.conversions")
    }
    assert len(lost) >= 4
    assert {outcome for *_, outcome in lost} == {"lost"}
    assert all(lender and day <= NEXT for _, lender, day, _ in lost)


def test_the_funnel_narrows_and_counts_every_conversion_once(week_49):
    rows = week_49.ask("SELECT published, contacted, applied, approved, disbursed, lost FROM out.funnel")
    assert rows
    for published, contacted, applied, approved, disbursed, lost in rows:
        assert max(contacted, applied, approved, disbursed, lost) <= published
    stages = ["contacted_on", "applied_on", "approved_on", "disbursed_on", "lost_on"]
    counted = week_49.ask(f"SELECT count(*), {', '.join(f'count({stage})' for stage in stages)} FROM out.conversions")[
        0
    ]
    summed = tuple(sum(column) for column in zip(*rows, strict=True))
    assert summed[0] == counted[0]
    assert summed[:3] == counted[:3]


def test_every_rate_is_its_count_over_its_denominator(week_49):
    for rate, over in (
        ("contacted", "published"),
        ("applied", "contacted"),
        ("disbursed", "applied"),
        ("disbursed", "contacted"),
        ("disbursed", "published"),
    ):
        wrong = week_49.ask(
            f"""
            SELECT {rate}, {over}, {rate}_per_{over}_pct FROM out.funnel
            WHERE {rate}_per_{over}_pct IS DISTINCT FROM CASE WHEN {over} > 0 THEN 100.0 * {rate} / {over} END
                AND abs({rate}_per_{over}_pct - 100.0 * {rate} / nullif({over}, 0)) > 0.01
            """
        )
        assert wrong == [], (rate, over)
        assert week_49.ask(
            f"SELECT count(*) FROM out.funnel WHERE {over} = 0 AND {rate}_per_{over}_pct IS NOT NULL"
        ) == [(0,)]
    assert week_49.ask(
        "SELECT count(*) FROM out.funnel WHERE NOT disbursed_per_published_pct BETWEEN disbursed_per_published_low_pct - 1e-9 AND disbursed_per_published_high_pct + 1e-9"
    ) == [(0,)]


def test_plan_progress_counts_the_disbursed(week_49):
    disbursed = week_49.ask("SELECT count(*) FROM out.conversions WHERE disbursed_on IS NOT NULL")[0][0]
    assert disbursed > 0
    progress = week_49.ask(
        "SELECT target, clause, actual_value, target_value FROM out.plan_progress WHERE as_of = DATE '2026-11-30'"
    )
    assert {clause for _, clause, *_ in progress} >= {"S12", "S13", "S18", "S19", "S23", "S27", "S31", "S51"}
    total = [actual for _, clause, actual, _ in progress if clause == "S51"]
    assert any(actual == disbursed for actual in total), (progress, disbursed)


def test_who_refused_has_a_loan_now_or_was_paid_is_not_listed_again(week_49):
    listed = {uscc for (uscc,) in week_49.ask("SELECT uscc FROM out.target_list WHERE week = '2026-W49'")}
    assert len(listed) > 500
    for feed in ("crm__suppressions", "credit__loans", "crm__disbursements"):
        assert codes(feed), feed
        assert codes(feed) & listed == set(), feed


def test_the_channel_that_surfaced_an_entity_first_is_kept(week_49):
    changed = week_49.ask(
        f"""
        SELECT a.uscc FROM out.target_list AS a JOIN out.target_list AS b USING (uscc)
        WHERE a.week = '{WEEK}' AND b.week = '2026-W49' AND a.channel_first_seen IS DISTINCT FROM b.channel_first_seen
        """
    )
    assert changed == []
    assert week_49.ask(f"SELECT count(*) FROM out.conversions WHERE first_published_week = '{WEEK}'")[0][0] > 500


def test_an_entity_is_found_in_every_list_by_its_code(week_49):
    """Its rows lie in few blocks of each week, however many weeks the file holds."""
    lists = dict(week_49.ask("SELECT week, list(uscc ORDER BY rowid) FROM out.target_list GROUP BY week"))
    assert len(lists) == 2
    assert all(codes == sorted(codes) for codes in lists.values())


def test_the_report_says_who_left_came_and_changed_and_why(week_49):
    lists = {
        week: {
            uscc: rest
            for uscc, *rest in week_49.ask(
                f"SELECT uscc, segment, score, grade FROM out.target_list WHERE week = '{week}'"
            )
        }
        for week in (WEEK, "2026-W49")
    }
    was, now = lists[WEEK], lists["2026-W49"]
    changed = [uscc for uscc in was.keys() & now.keys() if was[uscc] != now[uscc]]
    assert was.keys() - now.keys()
    text = (week_49.settings.published / "report.html").read_text(encoding="utf-8")
    expected = {"新入": now.keys() - was.keys(), "退出": was.keys() - now.keys(), "留存": was.keys() & now.keys()}
    for zh, codes_of in expected.items():
        assert f"<b>{len(codes_of)}</b><span>{zh}</span>" in text
    changes = re.sub(
        r"<[^>]*>", " ", text[text.index('<section id="changes">') : text.index('<section id="watchlist">')]
    )
    told = " ".join(changes.split())
    same = len(was.keys() & now.keys()) - len(changed)
    assert (
        f"合计 all {len(was)} {len(expected['退出'])} 0 {len(expected['新入'])} 0 {len(changed)} {same} {len(now)}"
        in told
    )
    assert f"退出 left {len(expected['退出'])} 12 抽查 sampled 新数据 new data" in told
    assert "从未贷款" in told, "the rule that turned"
    asked = sum(
        int(number) for number in re.findall(r"： (\d+)", told[told.index("退出 left") : told.index("变动 moved")])
    )
    assert asked == 12, "everyone who was asked has one cause"


def test_both_weeks_replay_and_leave_the_report_as_it_is(week_49):
    report = week_49.settings.published / "report.html"
    before = report.read_bytes()
    assert flow.replay(week_49.settings, WEEK).differences == ()
    assert flow.replay(week_49.settings, "2026-W49").differences == ()
    assert report.read_bytes() == before
