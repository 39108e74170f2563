"""Real registrations land whole; what has no column for a rule leaves that rule unknown."""

from __future__ import annotations

from datetime import date

import pytest
from unit.room import Room

from pipelines import flow
from pipelines.feeds.contract import contract
from pipelines.settings import HOUSE

from .homes import Home, settings_of

DATA = HOUSE.parent / "shared" / "data"
REGISTRY = DATA / "registry_jiangxi_28k.csv"
A_LIST = DATA / "a_list_jiangxi_2018.gbk.csv"
AS_OF = date(2026, 11, 23)
pytestmark = pytest.mark.skipif(not REGISTRY.is_file(), reason="the real registrations are not on this machine")


@pytest.fixture(scope="module")
def real(tmp_path_factory) -> Home:
    folder = tmp_path_factory.mktemp("real")
    home = Home(settings_of(folder / "home", folder / "inbox"), None)
    home.deliver("registry__entities", "jiangxi_20261102.csv", REGISTRY.read_bytes())
    if A_LIST.is_file():
        home.deliver("tax__credit_grades", "a_list_20261102.csv", A_LIST.read_bytes())
    return Home(home.settings, flow.run(home.settings, AS_OF))


def test_every_row_is_accounted_for(real):
    rows = real.lake(
        "SELECT name, status, rows_in, accepted, duplicates, quarantined FROM lake.ops.files WHERE feed = 'registry__entities'"
    )
    ((_, status, rows_in, accepted, duplicates, quarantined),) = rows
    assert status == "landed"
    assert rows_in == accepted + duplicates + quarantined > 28_000
    assert accepted / rows_in > 0.9


def test_foreign_and_missing_capital_is_unknown_and_never_zero_or_yuan(real):
    assert real.lake("SELECT count(*) FROM lake.feed.registry__entities WHERE registered_capital > 0")[0][0] > 20_000
    assert real.lake("SELECT count(*) FROM lake.feed.registry__entities WHERE registered_capital > 1e12") == [(0,)]


def test_rules_without_a_column_are_unknown(real):
    columns = (
        "in_business",
        "paid_tax_12_months",
        "annual_tax_at_least",
        "insured_staff_3_to_20",
        "small_or_micro",
        "never_borrowed",
    )
    counted = ", ".join(f"count(rule__{name})" for name in columns)
    assert real.ask(f"SELECT count(*) > 25000, {counted} FROM out.eligibility") == [(True, *(0 for _ in columns))]
    assert real.ask(
        "SELECT count(rule__operating_2_years) > 25000, bool_or(rule__operating_2_years) FROM out.eligibility"
    ) == [(True, True)]


def test_with_everything_unknown_nobody_is_listed(real):
    assert real.ask("SELECT count(*) FROM out.target_list") == [(0,)]


@pytest.mark.skipif(not A_LIST.is_file(), reason="the A-grade list is not on this machine")
def test_the_a_list_with_its_grade_as_a_column_is_read_to_its_last_row(tmp_path):
    header, *rows = A_LIST.read_bytes().splitlines()
    graded = [header + ",信用级别".encode("gbk"), *(row + b",A" for row in rows)]
    room = Room(contract("tax__credit_grades"), tmp_path)
    landed = room.land(b"\r\n".join(graded))
    room.close()
    assert landed.counts.rows_in == len(rows) > 4_900
    assert landed.counts.accepted / len(rows) > 0.75
    assert {row["grade"] for row in landed.accepted} == {"A"}
    assert {reason for reason in landed.reasons if not reason.startswith("uscc: ")} == set()
    assert landed.extra == ("纳税人名称", "税务机关")


@pytest.mark.skipif(not A_LIST.is_file(), reason="the A-grade list is not on this machine")
def test_a_list_without_a_grade_column_is_refused_and_names_what_is_missing(real):
    ((status, reason),) = real.lake("SELECT status, reason FROM lake.ops.files WHERE feed = 'tax__credit_grades'")
    assert status == "refused"
    assert "信用级别 [grade]" in reason
    assert "评价年度" in reason
