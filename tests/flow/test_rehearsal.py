"""A rehearsal: who would enter and leave under changed parameters, and nothing in the home changes."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines import flow
from pipelines.errors import UsageError
from pipelines.rehearsal import Line, Rate, Rehearsal
from pipelines.rehearsed_text import render

from .homes import AS_OF, WEEK, Home, settings_of, shoudai

LOWER_TAX = "min_annual_tax_yuan=30000"


@pytest.fixture(scope="module")
def lowered(county: Home) -> Rehearsal:
    return flow.rehearse(county.settings, [LOWER_TAX])


def digests(home: Path) -> dict[str, str]:
    files = [path for path in sorted(home.rglob("*")) if path.is_file() and not path.is_symlink()]
    return {str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_lower_bound_lets_in_exactly_those_between_the_two(county: Home, lowered: Rehearsal) -> None:
    between = county.ask(
        """
        SELECT uscc FROM out.eligibility JOIN mart.features USING (uscc)
        WHERE rule__is_individual_business AND rule__paid_tax_12_months AND rule__in_business AND rule__never_borrowed
            AND tax_paid_12m_yuan >= 30000 AND tax_paid_12m_yuan < 50000
            AND uscc NOT IN (SELECT uscc FROM out.target_list)
            AND uscc NOT IN (SELECT uscc FROM feed.crm__suppressions WHERE coalesce(until_on >= DATE '2026-11-23', TRUE))
        ORDER BY uscc
        """
    )
    assert between
    entering = lowered.moving.filter(pl.col("change") == "enters")
    assert entering["uscc"].to_list() == [uscc for (uscc,) in between]
    assert {tuple(rules) for rules in entering["rules"]} == {("annual_tax_at_least",)}
    assert lowered.total.entering == len(between)
    assert lowered.total.leaving == 0


def test_every_count_of_a_rehearsal_adds_up(county: Home, lowered: Rehearsal) -> None:
    listed = county.ask("SELECT count(*), sum(limit_yuan) FROM out.target_list WHERE NOT is_holdout")[0]
    assert (lowered.total.before, lowered.total.limit_before_yuan) == listed
    for lines in (lowered.segments, lowered.places):
        assert all(line.before + line.entering - line.leaving == line.after for line in lines)
        for name in ("before", "after", "limit_before_yuan", "limit_after_yuan"):
            assert sum(getattr(line, name) for line in lines) == getattr(lowered.total, name)
    assert lowered.changes == {"min_annual_tax_yuan": ("50000", "30000")}
    assert (lowered.week, lowered.as_of) == (WEEK, AS_OF)


def test_nothing_in_the_home_changes(county: Home) -> None:
    before = digests(county.settings.home)
    flow.rehearse(county.settings, ["max_insured_staff=30", "grace_days=5"])  # both enter the features' SQL
    with pytest.raises(UsageError):
        flow.rehearse(county.settings, ["grace_days=soon"])
    assert digests(county.settings.home) == before
    assert not list(county.settings.work.glob("rehearsal-*"))


def test_the_value_in_force_moves_nobody_whether_features_are_kept_or_made_anew(county: Home) -> None:
    for change in ("min_annual_tax_yuan=50000", "grace_days=0"):
        made = flow.rehearse(county.settings, [change])
        assert (made.moving.height, made.total.before) == (0, made.total.after)


def test_a_stricter_bound_lets_the_others_go_with_the_rule_that_did_it(county: Home) -> None:
    made = flow.rehearse(county.settings, ["max_insured_staff=10"])
    leaving = made.moving.filter(pl.col("change") == "leaves")
    assert made.total.leaving == leaving.height > 0
    assert {"insured_staff_3_to_20"} == {rule for rules in leaving["rules"] for rule in rules}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["grace_day=5"], "there is no parameter 'grace_day'.* such as grace_days"),
        (["grace_days=soon"], "grace_days='soon' is no value in days"),
        (["grace_days=900"], "grace_days='900' is out of range; expected days from 0 to 180"),
        (["grace_days"], "--set 'grace_days': expected KEY=VALUE"),
        (["grace_days=1", "grace_days=2"], r"--set grace_days is given twice \(1 and 2\)"),
        ([], "nothing to rehearse"),
    ],
)
def test_a_change_that_is_none_is_refused_in_words(county: Home, changes: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        flow.rehearse(county.settings, changes)


def test_without_a_release_there_is_nothing_to_rehearse(tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    with pytest.raises(UsageError, match="no published release"):
        flow.rehearse(settings_of(tmp_path / "home", tmp_path / "inbox"), [LOWER_TAX])


def test_without_a_cohort_old_enough_no_conversions_are_promised(lowered: Rehearsal) -> None:
    assert lowered.expected is None
    assert all(line.rate is None for line in lowered.segments)
    assert any("no cohort older than 90 days" in note for note in lowered.notes)


def test_expected_conversions_carry_their_denominators_and_intervals(county: Home, tmp_path: Path) -> None:
    shutil.copytree(county.settings.home / "published", tmp_path / "home" / "published", symlinks=True)
    for name in ("lake", "catalog.sqlite", "work"):
        (tmp_path / "home" / name).symlink_to(county.settings.home / name)
    settings = settings_of(tmp_path / "home", county.settings.inbox)
    with duckdb.connect(str((settings.published / "current.duckdb").resolve())) as con:
        con.execute("DELETE FROM out.funnel")
        con.execute(
            "INSERT INTO out.funnel (week, segment, grade, published, disbursed, is_mature) VALUES"
            " ('2026-W20', 'individual_taxpayer', 'A', 60, 9, TRUE), ('2026-W21', 'individual_taxpayer', 'B', 40, 1, TRUE),"
            " ('2026-W40', 'individual_taxpayer', 'A', 50, 50, FALSE)"  # too young: no part of the rate
        )
    made = flow.rehearse(settings, [LOWER_TAX])
    line = next(line for line in made.segments if line.code == "individual_taxpayer")
    assert line.rate is not None
    assert (line.rate.published, line.rate.disbursed, line.rate.share) == (100, 10, 0.1)
    assert (round(line.rate.low, 4), round(line.rate.high, 4)) == (0.0552, 0.1744)  # Wilson's, from the tables
    assert line.expected_after == line.after * 0.1
    assert made.expected == (line.expected_before, line.expected_after)
    text = render(made, 180, color=False)
    assert "10.0% = 10/100" in text
    assert "no expected conversions" in text  # of the other segments


def test_a_rate_of_nothing_and_of_all_stays_between_nought_and_one() -> None:
    assert (Rate.of(10, 0).low, Rate.of(10, 10).high) == pytest.approx((0.0, 1.0))
    assert Rate.of(10, 10).high <= 1.0
    assert 0.27 < Rate.of(10, 0).high < 0.28


def test_the_command_prints_a_table_json_and_a_harmless_csv(county: Home, tmp_path: Path) -> None:
    path = tmp_path / "new" / "moving.csv"
    text = shoudai(county, "rehearse", "--set", LOWER_TAX, "--out", str(path), inbox=False).stdout
    assert "min_annual_tax_yuan: 50000 -> 30000" in text
    assert "individual_taxpayer" in text
    rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    assert {row["变动"] for row in rows} == {"进入"}
    assert {row["结果改变的规则"] for row in rows} == {"年纳税额达标"}
    made = json.loads(shoudai(county, "rehearse", "--set", LOWER_TAX, "--json", inbox=False).stdout)
    assert made["total"]["entering"] == len(rows) == len(made["moving"])
    assert made["expected"] is None


def test_no_cell_of_the_csv_starts_a_formula(tmp_path: Path) -> None:
    moving = pl.DataFrame(
        [["enters", "92X", "=1+1", "rural", "510623", 1, "A", Decimal(1), ["in_business"]]],
        schema=["change", "uscc", "name", "segment", "division_code", "score", "grade", "limit_yuan", "rules"],
        orient="row",
    )
    total = Line("total", "合计", 0, 1, 1, 0, Decimal(0), Decimal(1))
    Rehearsal(WEEK, AS_OF, {}, total, (), (), moving, ()).write_csv(tmp_path / "x.csv")
    assert "'=1+1" in (tmp_path / "x.csv").read_text(encoding="utf-8-sig")
