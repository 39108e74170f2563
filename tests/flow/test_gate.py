"""The batch gate: a critical failure, an expectation that raises and a misspelt one each keep a batch out, in their own words."""

from __future__ import annotations

import shutil
from decimal import Decimal

import pytest
import yaml

from pipelines import flow
from pipelines.errors import DeclarationError, GateError
from pipelines.feeds import gate

from .homes import WEEK, codes

HEADER = "统一社会信用代码,费款所属期,参保人数\n"
ROWS = "92510623MAY004CT3H,202601,4\n92510623MAY00CL99R,202601,5\n"
PLANTED = {
    "critical": {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "insured_headcount", "max_value": 3},
        "severity": "critical",
    },
    "warning": {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "insured_headcount", "max_value": 3},
        "severity": "warning",
    },
    "raises": {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "no_such_column", "max_value": 3},
        "severity": "warning",
    },
    "misspelt": {
        "type": "expect_column_valuess_to_be_between",
        "kwargs": {"column": "insured_headcount", "max_value": 3},
        "severity": "critical",
    },
}


@pytest.fixture
def planted(bare, tmp_path, monkeypatch):
    """Deliver one good file under a suite with one planted expectation."""

    def plant(which: str):
        folder = tmp_path / "expectations"
        folder.mkdir()
        suite = {"name": "social__insurance", "expectations": [PLANTED[which]]}
        (folder / "social__insurance.yml").write_text(yaml.safe_dump(suite), encoding="utf-8")
        monkeypatch.setattr(gate, "EXPECTATIONS", folder)
        bare.deliver("social__insurance", "a_20260201.csv", HEADER + ROWS)
        return bare

    return plant


def test_a_critical_failure_closes_the_gate_with_nothing_visible(planted):
    home = planted("critical")
    (outcome,) = flow.ingest(home.settings, ["social__insurance"]).files
    assert outcome.status == "gate_failed"
    assert "insured_headcount" in outcome.reason
    assert "Nothing of the file is visible" in outcome.reason
    assert home.lake("SELECT count(*) FROM lake.feed.social__insurance") == [(0,)]
    assert home.lake("SELECT status, reason FROM lake.ops.files") == [("gate_failed", outcome.reason)]
    assert home.lake("SELECT severity, success FROM lake.ops.checks") == [("critical", False)]


def test_a_warning_lets_the_batch_pass_and_is_kept(planted):
    home = planted("warning")
    assert [each.status for each in flow.ingest(home.settings, ["social__insurance"]).files] == ["landed"]
    assert home.lake("SELECT severity, success FROM lake.ops.checks") == [("warning", False)]


def test_an_expectation_that_raises_is_an_error_of_the_gate(planted):
    home = planted("raises")
    (outcome,) = flow.ingest(home.settings, ["social__insurance"]).files
    assert outcome.status == "gate_failed"
    assert "raised" in outcome.reason
    assert home.lake("SELECT success, error IS NOT NULL FROM lake.ops.checks") == [(None, True)]
    assert home.lake("SELECT count(*) FROM lake.feed.social__insurance") == [(0,)]


def test_a_quantile_of_a_very_large_batch_is_that_of_rows_spread_over_it(planted, monkeypatch):
    kwargs = {"column": "insured_headcount", "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[140, 160]]}}
    suite = [{"type": "expect_column_quantile_values_to_be_between", "kwargs": kwargs, "severity": "critical"}]
    monkeypatch.setitem(PLANTED, "quantile", suite[0])
    monkeypatch.setattr(gate, "MOST_HELD", 100)
    home = planted("quantile")
    rows = "".join(f"{code},202601,{number}\n" for number, code in enumerate(codes(300_000, 300)))
    home.deliver("social__insurance", "a_20260201.csv", HEADER + rows)
    (outcome,) = flow.ingest(home.settings, ["social__insurance"]).files
    assert outcome.status == "landed", outcome.reason
    asked = [check for check in outcome.checks if "quantile" in check.expectation]
    assert [check.success for check in asked] == [True]
    assert asked[0].observed.startswith("0.5: 1")


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        (
            {"observed_value": None, "partial_unexpected_list": ["有意向13812345678", "其他"]},
            "also 有意向138********, 其他",
        ),
        ({"observed_value": ["拒绝", "510104199001011234"]}, "['拒绝', '510104************']"),
        ({"observed_value": 13812345678}, "13812345678"),
        ({"observed_value": Decimal("13812345678")}, "13812345678"),
        ({"observed_value": 13812345678.0}, "13812345678.0"),
    ],
)
def test_what_was_observed_is_kept_without_the_numbers_of_persons(found, shown):
    assert gate._observed(found) == shown


def test_a_misspelt_expectation_is_a_fault_of_the_declaration(planted):
    home = planted("misspelt")
    with pytest.raises(DeclarationError, match="expect_column_valuess_to_be_between"):
        flow.ingest(home.settings, ["social__insurance"])
    assert home.lake("SELECT count(*) FROM lake.ops.files") == [(0,)]


def test_a_gate_that_was_closed_opens_when_the_expectation_is_mended(planted, monkeypatch):
    home = planted("critical")
    flow.ingest(home.settings, ["social__insurance"])
    monkeypatch.undo()
    assert [each.status for each in flow.ingest(home.settings, ["social__insurance"]).files] == ["landed"]


def test_a_list_that_fails_its_expectations_is_not_published(copied, tmp_path, monkeypatch):
    home = copied()
    before = home.current.resolve()
    suite = {
        "name": "out__target_list",
        "expectations": [
            {
                "type": "expect_table_row_count_to_be_between",
                "kwargs": {"max_value": 1},
                "severity": "critical",
                "meta": {"why": "nobody works through that many"},
            }
        ],
    }
    folder = tmp_path / "expectations"
    shutil.copytree(gate.EXPECTATIONS, folder)
    (folder / "out__target_list.yml").write_text(yaml.safe_dump(suite), encoding="utf-8")
    monkeypatch.setattr(gate, "EXPECTATIONS", folder)
    started = flow.Run.load(home.settings, WEEK)
    with pytest.raises(GateError, match="The last release still stands"):
        flow.publish(started)
    assert home.current.resolve() == before
    assert home.lake("SELECT count(*) FROM lake.ops.runs") == [(1,)]
    of_list = "FROM lake.ops.checks WHERE feed = 'out.target_list' AND file_id = '2026-W48'"
    assert home.lake(f"SELECT severity, success, expected {of_list}") == [("critical", False, "max_value 1")]
    assert "nobody works through that many" in (home.settings.published / "quality.html").read_text(encoding="utf-8")


def test_what_the_list_was_checked_for_is_kept_like_the_checks_of_the_feeds(county):
    of_list = "FROM ops.checks WHERE feed = 'out.target_list'"
    asked = len(gate.suite_of("out__target_list")["expectations"])
    assert county.ask(f"SELECT file_id, success, count(*) {of_list} GROUP BY ALL") == [(WEEK, True, asked)]
    caps = county.ask(f"SELECT expected {of_list} AND column_name = 'limit_yuan'")
    assert caps == [("max_value 5000000.0, min_value 0.0",)]
    assert county.lake(f"SELECT count(*) {of_list.replace('ops', 'lake.ops')}") == [(asked,)]
    page = (county.settings.published / "quality.html").read_text(encoding="utf-8")
    assert "名单与评分的检查" in page
