"""The command line: what a person and a scheduler see, in words and exit codes, never a traceback."""

from __future__ import annotations

import json

import pytest

from .homes import WEEK, Home, samples_of, settings_of, shoudai


@pytest.fixture(scope="module")
def listed(county) -> tuple[str, str]:
    return county.ask("SELECT uscc, name FROM out.target_list WHERE rank = 1")[0]


def test_run_as_json_states_files_and_release(tmp_path):
    home = Home(settings_of(tmp_path / "home", samples_of(tmp_path / "inbox")), None)
    made = json.loads(shoudai(home, "run", "--as-of", "2026-11-23", "--json").stdout)
    assert made["ingested"]["landed"] == len(made["ingested"]["files"]) == 6
    assert made["release"]["week"] == WEEK
    assert made["release"]["counts"]["listed"] > 0
    again = json.loads(shoudai(home, "run", "--as-of", "2026-11-23", "--json").stdout)
    assert again["ingested"]["files"] == []
    assert again["release"]["list_digest"] == made["release"]["list_digest"]


def test_an_unknown_feed_is_answered_with_the_nearest(tmp_path):
    home = Home(settings_of(tmp_path / "home", tmp_path / "inbox"), None)
    done = shoudai(home, "ingest", "tax_payments", check=64)
    assert "unknown feed 'tax_payments'" in done.stderr
    assert "did you mean tax__payments" in done.stderr


def test_a_refused_file_makes_ingest_end_with_65_and_its_reason(bare):
    bare.deliver(
        "social__insurance", "a_20261116.csv", "统一社会信用代玛,费款所属期,参保人数\n92510623MAY004CT3H,202601,4\n"
    )
    done = shoudai(bare, "ingest", "social__insurance", check=65)
    assert "a_20261116.csv" in done.stdout
    assert "统一社会信用代玛" in done.stdout


def test_a_folder_that_is_no_feed_is_said_and_changes_nothing(bare):
    bare.deliver("tax_payments", "a_20261116.csv", "x")
    words = "unknown feed; did you mean tax__payments/?"
    assert f"ignored tax_payments/: {words}" in shoudai(bare, "ingest").stdout
    found = json.loads(shoudai(bare, "ingest", "--json").stdout)
    assert (found["files"], found["ignored"]) == ([], [{"path": "tax_payments/", "reason": words}])


def test_a_file_dated_ahead_lands_and_is_named(bare):
    bare.deliver("crm__suppressions", "yzmd_20990105.csv", "统一社会信用代码,原因\n92510623MAY004CT3H,投诉\n")
    bare.deliver("crm__suppressions", "yzmd_20260105.csv", "统一社会信用代码,原因\n92510623MAY00CL99R,投诉\n")
    notes = [line for line in shoudai(bare, "ingest").stdout.splitlines() if line.startswith("note")]
    ahead = "is dated 2099-01-05, which has not come yet; no list before that day sees it"
    assert notes == [f"note crm__suppressions/yzmd_20990105.csv: {ahead}"]
    assert bare.lake("SELECT DISTINCT status FROM lake.ops.files") == [("landed",)]


def test_explain_says_why_a_listed_entity_is_listed(county, listed):
    uscc, name = listed
    text = shoudai(county, "explain", uscc, inbox=False).stdout
    assert uscc in text
    assert name in text
    assert "never_borrowed" in text
    made = json.loads(shoudai(county, "explain", uscc, "--json", inbox=False).stdout)
    assert uscc in json.dumps(made)


def test_explain_says_why_an_entity_is_not_listed(county):
    (uscc,) = county.ask(
        "SELECT uscc FROM out.eligibility WHERE rule__never_borrowed = FALSE AND rule__in_business ORDER BY uscc LIMIT 1"
    )[0]
    text = shoudai(county, "explain", uscc, inbox=False).stdout
    assert "never_borrowed" in text
    assert uscc in text


@pytest.mark.parametrize("query", ["91000000000000000X", "没有这样的企业名称"])
def test_an_entity_nobody_knows_is_a_wrong_call(county, query):
    assert query in shoudai(county, "explain", query, check=64, inbox=False).stderr


def test_lists_names_the_weeks(county):
    (row,) = json.loads(shoudai(county, "lists", "--json", inbox=False).stdout)
    assert (row["week"], row["as_of"]) == (WEEK, "2026-11-23")
    assert row["listed"] == county.ask("SELECT count(*) FROM out.target_list")[0][0]
    assert WEEK in shoudai(county, "lists", inbox=False).stdout


def test_sql_asks_the_published_file_and_cannot_change_it(county):
    done = shoudai(county, "sql", "SELECT count(*) AS n FROM out.target_list", inbox=False)
    assert str(county.ask("SELECT count(*) FROM out.target_list")[0][0]) in done.stdout
    assert "out.target_list" in shoudai(county, "sql", inbox=False).stdout
    assert "read-only" in shoudai(county, "sql", "DROP TABLE out.target_list", check=64, inbox=False).stderr
    assert "no_such_table" in shoudai(county, "sql", "SELECT * FROM no_such_table", check=64, inbox=False).stderr


def test_replay_agrees_and_an_unknown_week_is_named(copied):
    home = copied()
    assert "agrees" in shoudai(home, "replay", WEEK, inbox=False).stdout
    done = shoudai(home, "replay", "2025-W01", check=64, inbox=False)
    assert "2025-W01 was never published" in done.stderr
    assert WEEK in done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("lists",), "no warehouse"),
        (("explain", "x"), "no published release"),
        (("sql", "SELECT 1"), "no published release"),
        (("replay", WEEK), "no warehouse"),
    ],
)
def test_an_empty_home_is_said_so(tmp_path, words, says):
    home = Home(settings_of(tmp_path / "home", tmp_path / "inbox"), None)
    assert says in shoudai(home, *words, check=64, inbox=False).stderr


def test_a_wrong_date_is_said_so(tmp_path):
    home = Home(settings_of(tmp_path / "home", tmp_path / "inbox"), None)
    assert "expected one such as 2026-11-23" in shoudai(home, "run", "--as-of", "23.11.2026", check=64).stderr


def test_a_day_before_the_first_parameter_is_a_wrong_call(tmp_path):
    home = Home(settings_of(tmp_path / "home", tmp_path / "inbox"), None)
    assert "has no value on 2025-06-02" in shoudai(home, "run", "--as-of", "2025-06-02", check=64).stderr


def test_before_the_first_list_that_is_said(bare):
    assert "no list was published yet" in shoudai(bare, "lists", inbox=False).stdout
    assert json.loads(shoudai(bare, "lists", "--json", inbox=False).stdout) == []
