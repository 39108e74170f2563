"""Headings: which column of a contract stands where in a file, in which unit, and what is said when one is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import DeclarationError, FileRefusedError, UsageError
from pipelines.feeds.contract import contract, load, match_header

SOCIAL = contract("social__insurance")
TAX = contract("tax__payments")
TAX_HEADER = [
    "纳税人识别号",
    "征收项目",
    "税款所属期起",
    "税款所属期止",
    "申报日期",
    "入库日期",
    "应补退税额",
    "实缴税额",
    "税票号码",
]


def columns(header: list[str]) -> list[str]:
    return [each.column.name for each in match_header(SOCIAL, header).headings]


@pytest.mark.parametrize(
    "heading",
    [
        "参保人数", "单位参保人数", "insured_headcount", "INSURED_HEADCOUNT", " 参保人数 ", "\ufeff参保人数", "参 保 人 数",
        '"参保人数"', "*参保人数", "【参保人数】",
    ],
)  # fmt: skip
def test_a_heading_is_known_by_alias_english_name_width_case_and_marks(heading):
    assert columns(["统一社会信用代码", "费款所属期", heading]) == ["uscc", "month", "insured_headcount"]


def test_full_width_letters_and_brackets_are_the_same_heading():
    assert columns(["ＡＡＢ９９８", "ａａｅ００２", "参保人数"]) == ["uscc", "month", "insured_headcount"]


def test_the_field_codes_of_tax_exports_are_headings():
    header = ["nsrsbh", "ZSXM", "skssqq", "skssqz", "nssbrq", "rkrq", "ybtse", "sjje", "sphm"]
    found = {each.column.name for each in match_header(TAX, header).headings}
    assert found >= {
        "uscc",
        "tax_item",
        "period_start",
        "period_end",
        "declared_on",
        "paid_on",
        "tax_due",
        "tax_paid",
        "voucher_no",
    }


def test_brackets_inside_a_heading_do_not_hide_it():
    header = [heading.replace("应补退税额", "应补（退）税额") for heading in TAX_HEADER]
    assert "tax_due" in {each.column.name for each in match_header(TAX, header).headings}


@pytest.mark.parametrize(
    ("heading", "unit"),
    [
        ("实缴税额", "元"), ("实缴税额(元)", "元"), ("实缴税额（万元）", "万元"), ("实缴税额(万元)", "万元"), ("实缴税额【千元】", "千元"),
        ("实缴税额（单位：万元）", "万元"), ("实缴税额(单位:亿元)", "亿元"), ("实缴税额（百万元） ", "百万元"),
    ],
)  # fmt: skip
def test_the_unit_of_a_heading_wins(heading, unit):
    header = [heading if each == "实缴税额" else each for each in TAX_HEADER]
    assert {each.column.name: each.unit for each in match_header(TAX, header).headings}["tax_paid"] == unit


def test_order_and_extra_columns_do_not_matter():
    found = match_header(SOCIAL, ["备注", "参保人数", "费款所属期", "经办人", "统一社会信用代码", ""])
    assert {each.column.name: each.position for each in found.headings} == {
        "insured_headcount": 1,
        "month": 2,
        "uscc": 4,
    }
    assert found.extra == ("备注", "经办人")


def test_a_missing_column_is_named_with_the_nearest_heading_and_what_to_do():
    with pytest.raises(FileRefusedError) as refusal:
        match_header(SOCIAL, ["统一社会信用代玛", "费款所属期", "参保人数"])
    words = str(refusal.value)
    assert "统一社会信用代码 [uscc] (nearest in the file: 统一社会信用代玛)" in words
    assert "schemas/feeds/social__insurance.yml" in words
    assert "add an alias" in words


@pytest.mark.parametrize("again", ["参保人数", " 参保 人数", "【参保人数】"])
def test_a_heading_that_stands_twice_is_refused_with_both(again):
    with pytest.raises(FileRefusedError, match="'参保人数' and '.*' both mean insured_headcount; keep one"):
        match_header(SOCIAL, ["统一社会信用代码", "费款所属期", "参保人数", again])


def test_the_same_heading_in_two_units_is_refused():
    with pytest.raises(FileRefusedError, match=r"'实缴税额\(元\)' and '实缴税额\(万元\)' both mean tax_paid"):
        match_header(TAX, [*TAX_HEADER[:-2], "实缴税额(元)", "税票号码", "实缴税额(万元)"])


@pytest.mark.parametrize("others", [["yjse"], ["sjje", "yjse"], ["入库税额"], ["tax_paid"]])
def test_of_two_headings_of_one_column_the_first_of_the_contract_counts(others):
    found = match_header(TAX, [*others, *TAX_HEADER])
    at = {each.column.name: each.position for each in found.headings}
    assert (at["tax_paid"], found.extra) == (len(others) + TAX_HEADER.index("实缴税额"), tuple(others))
    assert [each.column.name for each in found.outranked] == ["tax_paid"] * len(others)


def test_an_unknown_feed_is_answered_with_the_nearest_ones():
    with pytest.raises(UsageError, match="did you mean .*social__insurance"):
        contract("social_insurance")


@pytest.mark.parametrize("name", ["../feeds/tax__payments", "tax__payments.yml", "", "Tax__Payments"])
def test_a_feed_name_is_never_a_path(name):
    with pytest.raises(UsageError, match="unknown feed"):
        contract(name)


MINIMAL = """
feed: {feed}
title_zh: 试
department: 试
description: d
grain: g
delivery: {delivery}
key: [{key}]
columns:
  a: {{type: {type}, headings: [甲]}}
"""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"key": "b"}, r"\['b'\], which are not among its columns"),
        ({"delivery": "sometimes"}, "delivery"),
        ({"type": "varchar"}, r"unknown column types \['varchar'\]"),
        ({"delivery": "period_snapshot"}, "needs `period`"),
        ({"feed": "other"}, "must equal the file name"),
    ],
)
def test_a_wrong_contract_is_a_declaration_error(tmp_path: Path, change, words):
    path = tmp_path / "trial.yml"
    path.write_text(
        MINIMAL.format(**{"feed": "trial", "delivery": "append", "key": "a", "type": "text"} | change), "utf-8"
    )
    with pytest.raises(DeclarationError, match=words):
        load(path)


def test_a_contract_without_a_needed_key_says_which(tmp_path: Path):
    path = tmp_path / "trial.yml"
    path.write_text("feed: trial\ncolumns: {}\n", "utf-8")
    with pytest.raises(DeclarationError, match=r"trial\.yml: the contract has no 'title_zh'"):
        load(path)
