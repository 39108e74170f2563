"""Drift, coverage and freshness as they come out of deliveries: each file against the earlier ones of its own series."""

from __future__ import annotations

import shutil

import pytest

from pipelines import flow

from .homes import Home, codes as codes_of, settings_of

HEADER = "统一社会信用代码,费款所属期,参保人数,缴费基数总额\n"
CODES = codes_of(100_000, 120)


def month(number: int, employers: int, base: int = 20_000, codes: list[str] = CODES) -> str:
    return HEADER + "".join(f"{code},2026{number:02d},4,{base}\n" for code in codes[:employers])


REGISTER = "统一社会信用代码,企业名称\n" + "".join(f"{code},甲{number}\n" for number, code in enumerate(CODES))


@pytest.fixture(scope="module")
def three_months(_migrated, tmp_path_factory):
    folder = tmp_path_factory.mktemp("settled")
    shutil.copytree(_migrated, folder / "home", symlinks=True)
    home = Home(settings_of(folder / "home", folder / "inbox"), None)
    home.deliver("registry__entities", "dj_20260101.csv", REGISTER)
    for number in (1, 2, 3):
        home.deliver(
            "social__insurance", f"sb_2026{number:02d}_2026{number + 1:02d}10.csv", month(number, 110 + number)
        )
    assert {each.status for each in flow.ingest(home.settings).files} == {"landed"}
    return home.settings.home


@pytest.fixture
def settled(three_months, tmp_path):
    """Three ordinary months of a feed, and the register that knows its codes."""
    shutil.copytree(three_months, tmp_path / "home", symlinks=True)
    return Home(settings_of(tmp_path / "home", tmp_path / "inbox"), None)


@pytest.fixture
def empty(_migrated, tmp_path):
    """A warehouse that holds nothing yet."""
    shutil.copytree(_migrated, tmp_path / "home", symlinks=True)
    return Home(settings_of(tmp_path / "home", tmp_path / "inbox"), None)


def delivered(home, content: str, name: str = "sb_202604_20260510.csv"):
    home.deliver("social__insurance", name, content)
    outcome = next(each for each in flow.ingest(home.settings, ["social__insurance"]).files if each.name == name)
    failed = {each.column_name for each in outcome.checks if not each.success}
    return outcome, failed


def test_an_ordinary_month_raises_nothing(settled):
    outcome, failed = delivered(settled, month(4, 115))
    assert (outcome.status, failed) == ("landed", set())


def test_a_fifth_of_the_usual_rows_stays_out_and_the_good_month_stands(settled):
    outcome, failed = delivered(settled, month(3, 20))
    assert outcome.status == "gate_failed"
    assert {"rows_vs_usual", "rows_vs_last"} <= failed
    assert "rows_vs_usual: found 0.178571, expected min_value 0.2" in outcome.reason
    assert settled.lake("SELECT count(*) FROM lake.feed.social__insurance WHERE month = DATE '2026-03-01'") == [(113,)]


def test_a_total_in_another_unit_stays_out(settled):
    outcome, failed = delivered(settled, month(4, 112, base=2))
    assert outcome.status == "gate_failed"
    assert "contribution_base_vs_usual" in failed


def test_codes_of_another_county_stay_out(settled):
    strangers = codes_of(200_000, 120)
    outcome, failed = delivered(settled, month(4, 112, codes=strangers))
    assert (outcome.status, failed) == ("gate_failed", {"known_share"})


def test_a_register_that_came_in_the_same_run_tells_strangers_too(empty):
    owners = f"统一社会信用代码,授权日期,严重逾期\n{CODES[0]},2026-01-05,否\n"
    empty.deliver("credit__owners", "owners_20260110.csv", owners)
    empty.deliver("registry__entities", "dj_20260101.csv", REGISTER)
    outcome, failed = delivered(empty, month(4, 112, codes=codes_of(200_000, 120)))
    assert (outcome.status, failed) == ("landed", set())  # nobody knew of the register yet
    empty.deliver("social__insurance", "sb_bc_202605_20260610.csv", month(5, 112, codes=codes_of(300_000, 120)))
    found = {each.feed: each.status for each in flow.ingest(empty.settings).files}
    assert found == {"credit__owners": "landed", "registry__entities": "landed", "social__insurance": "gate_failed"}


def test_a_wrong_code_is_found_among_those_of_the_register(settled):
    wrong = CODES[0][:-1] + ("0" if CODES[0][-1] != "0" else "1")
    outcome, _ = delivered(settled, month(4, 112, codes=[wrong, *CODES[1:], *codes_of(200_000, 1)]))
    assert (outcome.status, outcome.accepted, outcome.quarantined) == ("landed", 111, 1)


def test_a_month_that_has_not_come_stays_out_and_an_old_one_only_warns(settled):
    outcome, failed = delivered(settled, month(12, 112))
    assert (outcome.status, failed) == ("gate_failed", {"days_behind"})
    outcome, failed = delivered(settled, month(1, 112), "sb_202601_20260620.csv")
    assert (outcome.status, failed) == ("landed", {"days_behind"})


def test_a_file_of_another_series_is_not_held_against_the_monthly_one(settled):
    outcome, failed = delivered(settled, month(4, 3), "sb_bc_202604_20260510.csv")
    assert (outcome.status, failed) == ("landed", set())


TAX = "纳税人识别号,征收项目,税款所属期起,税款所属期止,申报日期,入库日期,应补退税额,实缴税额,税票号码\n"


def filed(number: int, taxpayers: int, amount: int = 5_000) -> str:
    """Filings of a month of 30 days, all made on the 10th of the month after."""
    days = f"2026-{number:02d}-01,2026-{number:02d}-30,2026-{number + 1:02d}-10,2026-{number + 1:02d}-10"
    return "".join(f"{code},增值税,{days},{amount},{amount},V{number}{code}{amount}\n" for code in CODES[:taxpayers])


@pytest.mark.parametrize(
    ("name", "lines", "expected"),
    [
        ("sbjk_202608_20261116.csv", filed(8, 1, -1_000), "landed"),  # a refund of an earlier month, a row of its own
        ("sbjk_202609_20261116.csv", filed(9, 2), "landed"),  # the newest month told, filed late
        ("sbjk_202610_20261116.csv", filed(10, 2), "gate_failed"),  # a month nobody told of yet: a broken export
    ],
    ids=["refund", "late", "broken"],
)
def test_late_events_and_corrections_may_be_few(empty, name, lines, expected):
    for number in (4, 6, 9):
        content = TAX + filed(number, 20)
        empty.deliver("tax__payments", f"sbjk_2026{number:02d}_2026{number + 1:02d}20.csv", content)
    empty.deliver("tax__payments", name, TAX + lines.replace("V9", "W9"))
    found = {each.name: each.status for each in flow.ingest(empty.settings).files}
    assert found.pop(name) == expected
    assert {*found.values()} == {"landed"}


def test_totals_are_kept_for_the_files_to_come(settled):
    kept = settled.lake("SELECT column_name, months, total_yuan FROM lake.ops.file_totals ORDER BY total_yuan")
    assert kept == [("contribution_base", 1, (110 + number) * 20_000) for number in (1, 2, 3)]


def test_a_late_filing_does_not_thin_out_an_ordinary_month(empty):
    """It is told of in passing: the file does not cover the half year that lies between."""
    for number in (4, 5, 6):
        content = TAX + filed(number, 20)
        empty.deliver("tax__payments", f"sbjk_2026{number:02d}_2026{number + 1:02d}20.csv", content)
    empty.deliver("tax__payments", "sbjk_202607_20260820.csv", TAX + filed(7, 20) + filed(1, 1))
    empty.deliver("tax__payments", "sbjk_202608_20260920.csv", TAX + filed(8, 20))
    files = flow.ingest(empty.settings).files
    assert [each.status for each in files] == ["landed"] * 5
    assert [check.in_words() for each in files for check in each.checks if not check.success] == []


def test_months_in_which_quarterly_filers_file_are_ordinary(empty):
    """They bring four times the rows and the tax of the others, for ever."""
    for number, filings in ((4, 20), (5, 20), (6, 80), (7, 20), (8, 20), (9, 80)):
        content = TAX + filed(number, filings)
        empty.deliver("tax__payments", f"sbjk_2026{number:02d}_2026{number + 1:02d}20.csv", content)
    files = flow.ingest(empty.settings).files
    assert [check.in_words() for each in files for check in each.checks if not check.success] == []
