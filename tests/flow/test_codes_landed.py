"""Codes as departments write them: repaired and counted, legacy ids kept in their namespace, personal numbers kept out."""

from __future__ import annotations

import pytest

from pipelines import flow
from pipelines.feeds.contract import contract
from tests.unit.room import Room

from .homes import Home, settings_of

CODE, LEGACY, PERSON = "92510623MAY004CT3H", "360206550875725", "510104199001011234"
GRADES = f"""纳税人识别号,评价年度,信用级别
{CODE},2025,A
{CODE.lower()},2024,B
{"".join(chr(ord(each) + 0xFEE0) for each in CODE)},2023,B
 {CODE[:8]} {CODE[8:]} ,2022,B
'{CODE},2021,B
="{CODE}",2020,B
\ufeff{CODE}\u200b,2019,B
{LEGACY},2025,A
３６０２０６５５０８７５７２５,2024,B
360206550875726,2025,A
{PERSON},2025,B
L{PERSON}00,2024,B
510104900101123,2023,B
"""


@pytest.fixture(scope="module")
def landed(tmp_path_factory) -> Home:
    folder = tmp_path_factory.mktemp("codes")
    home = Home(settings_of(folder / "home", folder / "inbox"), None)
    home.deliver("tax__credit_grades", "grades_20261102.csv", GRADES)
    flow.ingest(home.settings)
    return home


def test_codes_are_repaired_and_the_repairs_counted(landed):
    assert landed.lake("SELECT rows_in, accepted, quarantined, repaired_codes FROM lake.ops.files") == [(13, 9, 4, 7)]
    assert landed.lake("SELECT year FROM lake.feed.tax__credit_grades WHERE uscc = ? ORDER BY year", [CODE]) == [
        (2019,),
        (2020,),
        (2021,),
        (2022,),
        (2023,),
        (2024,),
        (2025,),
    ]


def test_a_valid_legacy_id_lands_in_its_own_namespace(landed):
    assert landed.lake("SELECT uscc, year FROM lake.feed.tax__credit_grades WHERE uscc <> ? ORDER BY year", [CODE]) == [
        (f"legacy:{LEGACY}", 2024),
        (f"legacy:{LEGACY}", 2025),
    ]


def test_what_is_no_id_stays_out_with_its_reason(landed):
    assert landed.lake("SELECT raw, reasons FROM lake.quarantine.rows WHERE row_no = 10") == [
        ("360206550875726,2025,A", ["uscc: not a valid unified social credit code"])
    ]


def test_an_owners_number_is_in_no_table_in_clear(landed):
    rows = landed.lake("SELECT raw, reasons[1] FROM lake.quarantine.rows WHERE row_no > 10 ORDER BY row_no")
    reason = "uscc: a personal identity number, kept masked; expected the unified code of the business"
    assert rows == [(f"510104************,{year},B", reason) for year in (2025, 2024, 2023)]
    cells = landed.lake("SELECT cells[1] FROM lake.quarantine.cells WHERE row_no > 10 ORDER BY row_no")
    assert cells == [("510104************",)] * 3


def test_what_the_warehouse_keeps_is_its_owners_alone(landed):
    home = landed.settings.home
    kept = (home / "catalog.sqlite", home / "lake", home / "archive", home / "work")
    assert [path.name for path in kept if path.stat().st_mode & 0o077] == []


def test_rows_that_need_care_and_state_no_code_have_none_to_repair(tmp_path):
    """The engine counts nothing but unknowns as unknown, not as 0: this once stopped the whole landing."""
    room = Room(contract("utilities__bills"), tmp_path)
    landed = room.land(
        "户号,户名,统一社会信用代码,能源类型,抄表月份,用量,金额,缴费日期\n1001,张,,电,202610,9,¥12.5,\n".encode()
    )
    room.close()
    assert (landed.counts.accepted, landed.counts.repaired_codes) == (1, 0)
