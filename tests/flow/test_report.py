"""The weekly report of a published county: its numbers are those of the file, no hold-out is on it, and when it is written."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from datetime import date
from typing import Any

import duckdb
import pytest

from pipelines import flow
from pipelines.errors import UsageError
from pipelines.parameters import parameters
from pipelines.report.weekly import COHORTS_SHOWN, write_report
from pipelines.scoring.measures import Z
from pipelines.warehouse.query import published_rows, select

from .homes import WEEK, Home, shoudai

KEPT_BACK = "rank <= 3 OR rank % 7 = 0"


@pytest.fixture(scope="module")
def held(county, tmp_path_factory) -> Home:
    """The county with every seventh of the list and its first three held out, some prospects contacted, paid out or lost.

    Three of ten were first listed in July, so that there are mature cohorts; a loan feed is late.
    """
    folder = tmp_path_factory.mktemp("held")
    shutil.copytree(county.settings.published, folder / "published", symlinks=True)
    home = Home(replace(county.settings, home=folder), None)
    with duckdb.connect(str(home.current.resolve())) as con:
        con.execute(f"UPDATE out.target_list SET is_holdout = TRUE WHERE {KEPT_BACK}")
        con.execute(
            "UPDATE out.conversions SET is_holdout = uscc IN (SELECT uscc FROM out.target_list WHERE is_holdout)"
        )
        con.execute(
            """
            UPDATE out.conversions SET
                first_published_week = if(hash(uscc) % 10 < 3, '2026-W30', first_published_week),
                first_published_on = if(hash(uscc) % 10 < 3, DATE '2026-07-20', first_published_on),
                contacted_on = if(NOT is_holdout AND hash(uscc) % 3 = 0, DATE '2026-11-23', NULL),
                applied_on = if(hash(uscc) % 4 = 0, DATE '2026-11-23', NULL),
                approved_on = if(hash(uscc) % 8 = 0, DATE '2026-11-23', NULL),
                disbursed_on = if(hash(uscc) % 16 = 0 OR hash(uscc) % 9 = 1, DATE '2026-11-23', NULL),
                outcome = CASE
                    WHEN hash(uscc) % 16 = 0 OR hash(uscc) % 9 = 1 THEN 'disbursed'
                    WHEN hash(uscc) % 12 = 5 THEN 'lost' ELSE 'published'
                END
            """
        )
        funnel = select("conversion/funnel")
        con.execute(
            f"CREATE TEMP TABLE counted AS {funnel}", {"as_of": date(2026, 11, 23), "maturity_days": 90, "z": Z}
        )
        con.execute("DELETE FROM out.funnel")
        con.execute("INSERT INTO out.funnel BY NAME FROM counted")
        con.execute("UPDATE out.feed_states SET state = 'late' WHERE feed = 'credit__loans'")
    write_report(home.settings)
    return home


@pytest.fixture(scope="module")
def text(held) -> str:
    return (held.settings.published / "report.html").read_text(encoding="utf-8")


def part(text: str, name: str) -> str:
    found = re.search(rf'<section id="{name}">.*?</section>', text, re.DOTALL)
    assert found, name
    return found[0]


def rows(markup: str, after: str = "") -> dict[str, list[list[str]]]:
    """The rows of the first table after a text, by their first cell, each cell without its tags."""
    table = markup[markup.index(after) :]
    body = table[table.index("<tbody>") : table.index("</tbody>")]
    found: dict[str, list[list[str]]] = {}
    for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL):
        cells = [re.sub(r"<[^>]*>", " ", cell).split() for cell in re.findall(r"<td>(.*?)</td>", row, re.DOTALL)]
        found.setdefault(" ".join(cells[0]), []).append([" ".join(cell) for cell in cells[1:]])
    return found


def figure(text: str, zh: str) -> str:
    (number,) = re.findall(rf"<b>([^<]*)</b><span>{re.escape(zh)}</span>", text)
    return number.replace(",", "")


def test_the_head_is_that_of_the_list_and_of_all_ever_listed(held, text):
    listed, kept, yuan = held.ask(
        "SELECT count(*) FILTER (NOT is_holdout), count(*) FILTER (is_holdout), sum(limit_yuan) FILTER (NOT is_holdout) FROM out.target_list"
    )[0]
    assert kept > 100
    assert (figure(text, "名单户数"), figure(text, "对照组户数")) == (str(listed), str(kept))
    assert figure(text, "测算额度合计") == f"{yuan / 10_000:.1f} 万元"
    assert [figure(text, zh) for zh in ("新入", "退出", "留存")] == ["—"] * 3, "there is no earlier list"
    assert "首个批次" in part(text, "changes")
    ever = held.ask(
        "SELECT count(contacted_on), count(applied_on), count(*) FILTER (outcome = 'disbursed'), count(*) FILTER (outcome = 'lost')"
        " FROM out.conversions WHERE NOT is_holdout"
    )[0]
    assert all(ever)
    assert tuple(int(figure(text, zh)) for zh in ("已触达", "已申请", "首贷户", "流失至他行")) == ever


def test_the_funnel_is_that_of_the_published_table_in_both_ages(held, text, titles):
    found = rows(part(text, "funnel"))
    expected = held.ask(
        "SELECT segment, is_mature, sum(published), sum(contacted), sum(applied), sum(approved), sum(disbursed), sum(lost)"
        " FROM out.funnel GROUP BY ALL ORDER BY segment, is_mature DESC"
    )
    assert len(expected) == 16, "eight segments, old and young"
    for segment, is_mature, published, *stages, lost in expected:
        told = found[titles[segment]][0 if is_mature else 1]
        assert told[0] == ("成熟 mature" if is_mature else "未成熟 immature")
        assert told[1] == str(published)
        assert [cell.split()[0] for cell in told[2:6]] == [str(stage) for stage in stages], segment
        assert told[6].split()[1] == f"{stages[3]}/{published}", "the rate says of how many"
        assert told[7] == str(lost)
        young = "first_published_week <> '2026-W30'"
        counted = held.ask(
            f"""
            SELECT count(contacted_on), count(*), count(*) FILTER (contacted_on IS NOT NULL AND applied_on IS NOT NULL),
                count(contacted_on), count(approved_on), count(applied_on),
                count(*) FILTER (applied_on IS NOT NULL AND outcome = 'disbursed'), count(applied_on)
            FROM out.conversions WHERE NOT is_holdout AND segment = '{segment}' AND ({young}) = {not is_mature}
            """
        )[0]
        rates = [f"{events}/{of}" for events, of in zip(counted[::2], counted[1::2], strict=True)]
        assert [next(word for word in cell.split() if "/" in word) for cell in told[2:6]] == rates, segment


def test_the_held_out_have_their_own_rate(held, text, titles):
    found = rows(part(text, "funnel"), "对照组与已触达")
    expected = held.ask(
        """
        SELECT segment, format('{}/{}', count(*) FILTER (outcome = 'disbursed' AND NOT is_holdout), count(*) FILTER (NOT is_holdout)),
            format('{}/{}', count(*) FILTER (outcome = 'disbursed' AND contacted_on IS NOT NULL AND NOT is_holdout),
                count(*) FILTER (contacted_on IS NOT NULL AND NOT is_holdout)),
            format('{}/{}', count(*) FILTER (outcome = 'disbursed' AND is_holdout), count(*) FILTER (is_holdout))
        FROM out.conversions GROUP BY segment
        """
    )
    assert len(expected) == 8
    for segment, *rates in expected:
        assert [cell.split()[1] for cell in found[titles[segment]][0]] == rates, segment


def test_the_plan_stands_as_published_and_unknown_is_not_zero(held, text):
    found = rows(part(text, "plan"))
    for title, clause, unit, value, actual, share in held.ask(
        "SELECT title_zh, clause, unit, target_value, actual_value, share_pct FROM out.plan_progress"
    ):
        told = found[f"{title} {clause}"][0]
        digits = 2 if unit == "%" else 0
        assert told[0] == f"{value:,.{digits}f} {unit}"
        assert told[1] == ("未知 unknown" if actual is None else f"{actual:,.{digits}f} {unit}"), title
        assert told[2] == ("—" if share is None else f"{share:.1f}%")
    assert held.ask("SELECT count(*) FROM out.plan_progress WHERE actual_value IS NULL")[0][0] > 0


def test_every_step_of_every_segment_is_drawn(held, text):
    drawn = part(text, "attrition")
    steps = held.ask("SELECT entities_in, passed, failed, unknown FROM out.attrition ORDER BY segment, step")
    told = re.findall(r"进入 ([\d,]+) · 符合 ([\d,]+) · 不符合 ([\d,]+) · 未知 ([\d,]+)", drawn)
    assert [tuple(int(each.replace(",", "")) for each in step) for step in told] == steps
    assert drawn.count("<svg") == 8


def test_the_register_and_the_grades_are_counted(held, text, titles):
    register = part(text, "watchlist")
    months = rows(register)
    for month, entities in held.ask(
        "SELECT strftime(closes_on, '%Y-%m'), count(*) FROM out.watchlist WHERE outcome = 'short' AND closes_on < DATE '2027-10-01' GROUP BY 1"
    ):
        assert months[month][0][-1] == str(entities), month
    open_ended = held.ask("SELECT count(*) FROM out.watchlist WHERE outcome = 'short' AND closes_on IS NULL")[0][0]
    assert months["无法预计 no day"][0][-1] == str(open_ended)
    needing = held.ask(
        "SELECT count(DISTINCT uscc) FROM out.watchlist WHERE outcome = 'needs_data' AND missing_rule = 'insured_staff_3_to_20'"
    )[0][0]
    assert f"{needing:,}" in rows(register, "待补数据")["社保缴费月度汇总 social__insurance"][0]
    grades = rows(part(text, "scores"))
    for segment, entities in held.ask("SELECT segment, count(*) FROM out.target_list WHERE NOT is_holdout GROUP BY 1"):
        assert grades[titles[segment]][0][-1] == str(entities)
        assert sum(map(int, grades[titles[segment]][0][1:-1])) == entities


def test_a_late_feed_is_named(text):
    assert 'href="quality.html#credit__loans"' in part(text, "scores")
    assert "18 / 19 个数据源正常" in text


def test_the_first_ten_of_those_handed_out_are_explained(held, text):
    first = held.ask("SELECT uscc, score FROM out.target_list WHERE NOT is_holdout ORDER BY rank LIMIT 10")
    shown = re.findall(r"<details>.*?</details>", part(text, "first"), re.DOTALL)
    assert len(shown) == 10
    for (uscc, score), each in zip(first, shown, strict=True):
        assert uscc in each
        assert "never_borrowed S09" in each
        points = [int(cells[0][0]) for reason, cells in rows(each, "得分").items() if not reason.startswith("合计")]
        assert sum(points) == score


def test_no_hold_out_is_on_the_page(held, text):
    kept = held.ask("SELECT uscc, name FROM out.target_list WHERE is_holdout")
    assert [uscc for uscc, _ in kept if uscc in text] == []
    assert [name for _, name in kept if name in text] == []
    assert "对照组：" not in text, "no explanation says of anyone that it was held out"


def test_nothing_personal_beyond_the_list_is_on_the_page(held, text):
    first = held.ask("SELECT uscc FROM out.target_list WHERE NOT is_holdout ORDER BY rank LIMIT 10")
    codes = set(re.findall(r"(?<![0-9A-Z])9[123][0-9]{6}[0-9A-Z]{10}(?![0-9A-Z])", text))
    assert codes == {uscc for (uscc,) in first}
    assert re.findall(r"(?<![0-9a-f])1[3-9]\d{9}(?![0-9a-f])", text) == [], "no telephone number"


def test_the_same_file_gives_the_same_bytes(held, text):
    shoudai(held, "report", inbox=False)
    assert (held.settings.published / "report.html").read_text(encoding="utf-8") == text


def test_the_command_says_where_it_is(held):
    path = held.settings.published / "report.html"
    assert str(path) in shoudai(held, "report", inbox=False).stdout
    assert json.loads(shoudai(held, "report", "--json", inbox=False).stdout) == {"report": str(path)}


def test_every_release_leaves_its_report(county):
    text = (county.settings.published / "report.html").read_text(encoding="utf-8")
    assert f"名单批次 {WEEK}，截至 2026-11-23" in text


def test_a_report_follows_every_tracking(copied):
    home: Home = copied()
    path = home.settings.published / "report.html"
    path.unlink()
    flow.track(home.settings, date(2026, 11, 25))
    text = path.read_text(encoding="utf-8")
    assert f"名单批次 {WEEK}，截至 2026-11-23；转化截至 2026-11-25" in text


def test_before_anything_is_published_it_is_said(bare):
    done = shoudai(bare, "report", check=64, inbox=False)
    assert "no published release at" in done.stderr
    assert not (bare.settings.published / "report.html").exists()


def test_a_file_of_another_version_is_said_to_be_one(held, tmp_path):
    shutil.copytree(held.settings.published, tmp_path / "published", symlinks=True)
    home = Home(replace(held.settings, home=tmp_path), None)
    with duckdb.connect(str(home.current.resolve())) as con:
        con.execute("DROP TABLE out.feed_states")
    with pytest.raises(UsageError, match=r"sql/report/feeds.sql, another version of shoudai made it .*`shoudai run`"):
        write_report(home.settings)
    assert (home.settings.published / "report.html").exists(), "the page that was there is left"


@pytest.fixture(scope="module")
def titles(held) -> dict[str, Any]:
    """Segment -> its Chinese title, from the comments of the published file."""
    found = held.ask(
        "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'eligibility' AND starts_with(column_name, 'segment__')"
    )
    return {name.removeprefix("segment__"): comment.split("：")[1].split(":")[0] for name, comment in found}


def test_of_weekly_cohorts_as_many_are_shown_mature_as_still_growing():
    """With the newest twelve, all younger than the ninety days, the page never showed one week's final rate."""
    with duckdb.connect() as con:
        con.execute(
            """
            CREATE SCHEMA out;
            CREATE TABLE out.funnel AS
            SELECT format('2026-W{:02d}', 52 - age) AS week, 7 * age AS days_since_published, 7 * age >= ? AS is_mature,
                   10 AS published, 5 AS contacted, 3 AS applied, 2 AS disbursed, 1 AS lost
            FROM range(52) AS weeks(age)
            """,
            [parameters(date(2026, 12, 21)).maturity_days],
        )
        shown = published_rows(con, "report/cohorts", most=COHORTS_SHOWN)
    assert [each["is_mature"] for each in shown] == [False] * 13 + [True] * 13
