"""Corrections stop when the source is repaired; an amount repeated under several items of one voucher counts once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from pipelines.feeds.contract import Correction, contract

from .room import Room

TAX = contract("tax__payments")
ONE, OTHER = "92510623MAY004CT3H", "92510623MAY00CL99R"
HEADER = "纳税人识别号,征收项目,税款所属期起,税款所属期止,申报日期,入库日期,应补退税额,实缴税额,税票号码\n"


def line(voucher, item, paid, uscc=ONE, month=10):
    return f"{uscc},{item},2026-{month}-01,2026-{month}-30,2026-11-10,2026-11-10,{paid},{paid},{voucher}\n"


@pytest.fixture
def land(tmp_path):
    rooms = []

    def do(text, made=TAX):
        rooms.append(Room(made, tmp_path))
        return rooms[-1].land(text.encode())

    yield do
    for room in rooms:
        room.close()


def paid(landed):
    return sum(row["tax_paid"] or 0 for row in landed.accepted)


def test_a_total_repeated_under_each_item_of_a_voucher_counts_once_under_its_first_line(land):
    items = ("增值税", "城市维护建设税", "教育费附加")
    landed = land(HEADER + "".join(line(voucher, item, 336) for voucher in ("V1", "V2") for item in items))
    assert (landed.counts.accepted, paid(landed)) == (2, Decimal(672))
    assert {row["tax_item"] for row in landed.accepted} == {"增值税"}
    assert (
        landed.reasons
        == [
            "tax_paid: the total of voucher_no+uscc+period_start+period_end repeated under several values of tax_item; "
            "counted once, under the first"
        ]
        * 4
    )


def test_equal_amounts_of_two_taxes_with_vouchers_of_their_own_both_count(land):
    landed = land(HEADER + line("V1", "增值税", 336) + line("V2", "企业所得税", 336))
    assert (landed.reasons, paid(landed)) == ([], Decimal(672))


def test_by_chance_equal_amounts_on_one_voucher_count_where_the_file_does_not_repeat_totals(land):
    by_chance = line("V1", "城市维护建设税", 50) + line("V1", "印花税", 50)
    usual = line("V2", "增值税", 300) + line("V2", "印花税", 36)  # as many vouchers: half is not most
    landed = land(
        HEADER + by_chance + usual + line("V3", "增值税", 9) * 2
    )  # a line twice is no voucher of several items
    assert (landed.reasons, paid(landed)) == ([], Decimal(100 + 336 + 9))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (336, line("V1", "印花税", 336, uscc=OTHER)),
        (336, line("V1", "印花税", 336, month=11)),
        (336, line("V1", "印花税", 0)),
        (0, line("V1", "印花税", 0)),
        (336, line("V1", "印花税", 335)),
        (336, line("V1", "印花税", "")),
    ],
    ids=["another taxpayer", "another period", "a zero return", "two zero returns", "another amount", "no amount"],
)
def test_what_is_not_one_amount_of_one_payment_is_not_repeated(land, first, second):
    landed = land(HEADER + line("V1", "增值税", first) + second)
    assert (landed.counts.accepted, landed.reasons) == (2, [])


def test_the_same_line_again_is_a_duplicate_and_no_second_item(land):
    landed = land(HEADER + line("V1", "增值税", 336) * 2)
    assert (landed.counts.accepted, landed.counts.duplicates, landed.reasons) == (1, 1, [])


def test_the_same_line_again_is_a_duplicate_where_totals_are_repeated_too(land):
    landed = land(HEADER + line("V1", "增值税", 336) * 2 + line("V1", "印花税", 336))
    assert (landed.counts.accepted, landed.counts.duplicates, landed.counts.quarantined) == (1, 1, 1)


def test_of_a_key_with_several_contents_no_line_counts(land):
    one, other = line("V1", "增值税", 336), line("V1", "增值税", 335)
    landed = land(HEADER + one + other + one + line("V2", "增值税", 5))
    assert (landed.counts.duplicates, paid(landed)) == (1, Decimal(5))
    assert landed.reasons == ["voucher_no+tax_item: key_conflict, other content under the same key in this file"] * 2


def test_the_lines_of_a_key_are_versions_one_after_the_other_in_a_register(land):
    landed = land(REGISTER + "".join(f"{ONE},{name},2020-01-31\n" for name in "甲甲乙甲"), CORRECTED)
    assert ([row["name"] for row in landed.accepted], landed.counts.duplicates) == (["甲", "乙", "甲"], 1)


# --- corrections -----------------------------------------------------------------------------------------------------

REGISTER = "统一社会信用代码,企业名称,注册日期\n"
SLIP = Correction({"uscc": ONE}, "established_on", "2926-01-31", "2026-01-31", "asked the registrar on 2026-11-02")
CORRECTED = replace(contract("registry__entities"), corrections=(SLIP,))


def test_a_correction_is_applied_and_counted_while_the_wrong_value_is_delivered(land):
    landed = land(f"{REGISTER}{ONE},甲,2926-01-31\n{OTHER},乙,2926-01-31\n", CORRECTED)
    assert [(row["name"], row["established_on"]) for row in landed.accepted] == [("甲", date(2026, 1, 31))]
    assert landed.corrected == [("established_on", 1, 1)]
    assert landed.reasons == ["established_on: not a plausible date"], (
        "the other row is not the one the correction names"
    )


def test_a_correction_is_obsolete_once_the_source_delivers_something_else(land):
    landed = land(f"{REGISTER}{ONE},甲,2025-12-31\n", CORRECTED)
    assert landed.accepted[0]["established_on"] == date(2025, 12, 31)
    assert landed.corrected == [("established_on", 0, 1)]


def test_a_correction_of_an_empty_cell_and_of_a_column_the_file_has_not(land):
    empty = replace(SLIP, expect="", to="2020-02-02")
    landed = land(f"{REGISTER}{ONE},甲,\n", replace(CORRECTED, corrections=(empty, replace(SLIP, column="status"))))
    assert landed.accepted[0]["established_on"] == date(2020, 2, 2)
    assert landed.corrected == [("established_on", 1, 1)]
