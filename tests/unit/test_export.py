"""Marketing's files: what a person opens in Excel, what a system imports, and that nothing in them can bite."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import openpyxl
import polars as pl
import pytest
import yaml
from openpyxl.cell import Cell

from pipelines.errors import ShoudaiError
from pipelines.feeds.contract import contract, match_header
from pipelines.lists import export, workbook
from pipelines.lists.export import FeedSource, ListContext, export_list, write_manifest
from pipelines.names import name_zh
from pipelines.parameters import parameters, rates
from pipelines.settings import HOUSE
from pipelines.warehouse.tables import table

AS_OF = date(2026, 11, 23)
WEEK = "2026-W48"
DECLARED = {column.name: column.title_zh for column in table("out.target_list").columns}
SHOWN = [title for name, title in DECLARED.items() if name not in ("points", "is_holdout")]
TO_FILL_IN = ["触达时间", "触达方式", "触达结果"]
HEAD = SHOWN + TO_FILL_IN

HOSTILE = [
    "=cmd|'/c calc'!A1",
    "+1+1",
    "-2",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "＝1+1",
    "＋1",
    "－1",
    "＠A1",
    " =1",
]


def prospect(rank: int, **values: object) -> dict[str, object]:
    """One row of `out.target_list`, a plain restaurant unless said otherwise."""
    plain: dict[str, object] = {
        "week": WEEK,
        "rank": rank,
        "uscc": f"92511921MA{rank:07d}X",
        "name": f"通江县第{rank}餐馆",
        "segment": "individual_taxpayer",
        "segments": ["individual_taxpayer", "green"],
        "channel_first_seen": "government_data",
        "site": None,
        "division_code": "511921",
        "score": 42,
        "grade": "B",
        "points": [30, 12],
        "reasons": ["连续按期纳税", "年纳税额较高"],
        "first_loan_status": "presumed",
        "product": "basic",
        "limit_yuan": Decimal("51234.00"),
        "limit_other_reading_yuan": Decimal("614808.00"),
        "limit_note": "按近12个月流水测算",
        "term_months": 36,
        "annual_rate_pct": Decimal("3.600"),
        "subsidy_yuan_per_year": None,
        "is_relending": True,
        "repayment_options": "随借随还",
        "season": None,
        "alternatives": ["trade"],
        "alternative_offers": "商贸流通快贷：以申请核定（订单量、结算流水），最长36个月，年利率3.600%",
        "to_verify": ["tax_grade_b_or_better", "has_ip_right"],
        "manager": None,
        "is_holdout": False,
        "scorecard": "expert_2026",
    }
    return plain | values


def listing(*rows: dict[str, object]) -> pl.DataFrame:
    """Rows as the frame that `pick` hands over."""
    types = {
        "VARCHAR": pl.String,
        "VARCHAR[]": pl.List(pl.String),
        "INTEGER": pl.Int32,
        "INTEGER[]": pl.List(pl.Int32),
        "BOOLEAN": pl.Boolean,
        "DECIMAL(18,2)": pl.Decimal(18, 2),
        "DECIMAL(6,3)": pl.Decimal(6, 3),
    }
    schema = {name: types[kind] for name, kind in table("out.target_list").table_columns.items()}
    return pl.DataFrame(list(rows), schema=schema, orient="row")


@pytest.fixture
def context() -> ListContext:
    """A release of 23 November 2026: a tax file came, the social-insurance feed never did, the tenants are of last year."""
    sources = (
        FeedSource.of("tax__payments", "tax_20261115.csv.gz", date(2026, 11, 15), "fresh"),
        FeedSource.of("social__insurance", None, None, "missing", ["insured_staff_3_to_20"]),
        FeedSource.of("sites__tenants", "a.csv", date(2025, 11, 15), "late", ["in_park"]),
    )
    return ListContext(AS_OF, parameters(AS_OF), rates(AS_OF), sources, {"511921": "通江县"})


def texts(path: Path, sheet: str) -> list[str]:
    """Every text on a sheet."""
    page = openpyxl.load_workbook(path)[sheet]
    return [cell.value for row in page.iter_rows() for cell in row if isinstance(cell.value, str)]


def name_cells(path: Path) -> list[Cell]:
    """The cells under 企业名称."""
    page = openpyxl.load_workbook(path)["名单"]
    return [row[SHOWN.index("企业名称")] for row in page.iter_rows(min_row=2)]


def as_excel_shows(text: str) -> str:
    """A text with the escapes of the file format undone (_x000D_ is a return), as Excel does and openpyxl does not."""
    return re.sub("_x([0-9A-F]{4})_", lambda found: chr(int(found.group(1), 16)), text)


def csv_rows(path: Path) -> list[dict[str, str]]:
    """The CSV as Python's own reader sees it."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_release_is_a_workbook_a_csv_and_a_parquet_file_named_after_its_week(
    tmp_path: Path, context: ListContext
) -> None:
    paths = export_list(listing(prospect(1)), tmp_path / "latest", WEEK, context)
    assert [path.name for path in paths] == [f"首贷目标名单_{WEEK}.{kind}" for kind in ("xlsx", "csv", "parquet")]
    assert all(path.parent == tmp_path / "latest" for path in paths)


def test_the_workbook_opens_on_the_list_with_chinese_headings_a_frozen_header_and_a_filter(
    tmp_path: Path, context: ListContext
) -> None:
    book = openpyxl.load_workbook(export_list(listing(prospect(1), prospect(2)), tmp_path, WEEK, context)[0])
    page = book.active
    assert book.sheetnames == ["名单", "汇总", "说明"]
    assert page.title == "名单"
    assert [cell.value for cell in page[1]] == HEAD
    assert page.freeze_panes == "E2"
    assert page.auto_filter.ref == f"A1:{page.cell(3, len(HEAD)).coordinate}"


def test_the_columns_to_fill_in_are_empty_set_apart_and_known_to_the_contract(
    tmp_path: Path, context: ListContext
) -> None:
    page = openpyxl.load_workbook(export_list(listing(prospect(1), prospect(2)), tmp_path, WEEK, context)[0])["名单"]
    own, filled_in = page.cell(1, len(SHOWN)), page.cell(1, len(HEAD))
    assert own.fill.fgColor.rgb != filled_in.fill.fgColor.rgb
    assert [page.cell(row, place).value for row in (2, 3) for place in range(len(SHOWN) + 1, len(HEAD) + 1)] == [
        None
    ] * 6
    matched = match_header(contract("crm__contacts"), HEAD)
    assert {each.column.name: HEAD[each.position] for each in matched.headings} == {
        "week": "名单批次", "uscc": "统一社会信用代码", "manager": "客户经理",
        "contacted_at": "触达时间", "channel": "触达方式", "result": "触达结果",
    }  # fmt: skip


def test_drop_downs_offer_what_the_gate_expects_and_the_time_takes_only_days_since_the_list(
    tmp_path: Path, context: ListContext
) -> None:
    page = openpyxl.load_workbook(export_list(listing(prospect(1), prospect(2)), tmp_path, WEEK, context)[0])["名单"]
    when, how, what = page.data_validations.dataValidation
    places = [page.cell(2, place).column_letter for place in range(len(SHOWN) + 1, len(HEAD) + 1)]
    assert [str(each.sqref) for each in (when, how, what)] == [f"{letter}2:{letter}3" for letter in places]
    assert (when.type, when.operator or "between", when.formula2) == ("date", "between", "TODAY()+1")
    assert date(1899, 12, 30) + timedelta(days=int(when.formula1)) == AS_OF
    suite = yaml.safe_load((HOUSE / "expectations" / "crm__contacts.yml").read_text("utf-8"))["expectations"]
    usual = {e["kwargs"]["column"]: e["kwargs"]["value_set"] for e in suite if "value_set" in e["kwargs"]}
    assert how.formula1 == f'"{",".join(usual["channel"])}"'
    assert what.formula1 == f'"{",".join(usual["result"])}"'
    assert {"拒绝营销", "确认首贷"} <= set(usual["result"])


def test_the_notes_say_how_to_fill_in_and_return(tmp_path: Path, context: ListContext) -> None:
    said = texts(export_list(listing(prospect(1)), tmp_path, WEEK, context)[0], "说明")
    assert any("shoudai outcomes" in text and "未联系的留空" in text for text in said)
    assert set(TO_FILL_IN) <= set(said)
    assert any("从下拉列表选择：电话、上门" in text for text in said)


def test_a_column_is_as_wide_as_its_chinese_text(tmp_path: Path, context: ListContext) -> None:
    name = "四川省通江县诺水河镇绿源生态农业科技发展有限责任公司"
    path = export_list(listing(prospect(1, name=name)), tmp_path, WEEK, context)[0]
    widths = openpyxl.load_workbook(path)["名单"].column_dimensions
    assert 2 * len(name) <= widths["D"].width <= 2 * len(name) + 5
    assert widths["C"].width >= 18  # the code
    assert all(column.width <= workbook.WIDEST + 1 for column in widths.values())


def test_long_reasons_are_wrapped_in_rows_tall_enough_to_read_them(tmp_path: Path, context: ListContext) -> None:
    long = prospect(1, reasons=["连续按期纳税（数据待补）"] * 4, points=[10] * 4)  # 118 cells: two lines of 72
    low = prospect(2, alternative_offers=None)
    page = openpyxl.load_workbook(export_list(listing(long, low), tmp_path, WEEK, context)[0])["名单"]
    assert page.cell(2, SHOWN.index("得分理由") + 1).alignment.wrap_text
    heights = [page.row_dimensions[row].height or page.sheet_format.defaultRowHeight for row in (2, 3)]
    assert heights == [2 * workbook.LINE_HEIGHT, workbook.LINE_HEIGHT], "one long text costs the other rows nothing"


def test_a_printed_list_can_be_read(tmp_path: Path, context: ListContext) -> None:
    """31 columns on one sheet of paper are printed at a quarter of their size."""
    page = openpyxl.load_workbook(export_list(listing(prospect(1)), tmp_path, WEEK, context)[0])["名单"]
    widths = {cell.column_letter: page.column_dimensions[cell.column_letter].width for cell in page[1]}
    assert page.page_setup.fitToHeight == 0
    assert page.page_setup.fitToWidth >= sum(widths.values()) / 230
    assert (page.print_title_rows, page.print_title_cols) == ("$1:$1", "$A:$D"), "each page says whose row it is"


def test_a_share_with_many_digits_makes_no_row_of_the_summary_taller(tmp_path: Path) -> None:
    with workbook.Book(tmp_path / "a.xlsx", "a", AS_OF) as book:
        book.add_text(
            "汇总", [workbook.Line(("D档", 128, workbook.Share(128 / 974), 529805.0 / 7))], widths=(30, 12, 12, 12)
        )
    page = openpyxl.load_workbook(tmp_path / "a.xlsx")["汇总"]
    assert (page.row_dimensions[1].height or workbook.LINE_HEIGHT) == workbook.LINE_HEIGHT


def test_numbers_are_numbers_and_codes_are_text(tmp_path: Path, context: ListContext) -> None:
    row = prospect(1, uscc="913601007339317853", subsidy_yuan_per_year=Decimal("1234.56"))
    page = openpyxl.load_workbook(export_list(listing(row), tmp_path, WEEK, context)[0])["名单"]
    cells = {HEAD[number]: cell for number, cell in enumerate(page[2])}
    assert cells["统一社会信用代码"].value == "913601007339317853"
    assert cells["统一社会信用代码"].number_format == "@"
    assert (cells["得分"].value, cells["测算额度（元）"].value) == (42, 51234)
    assert cells["测算额度（元）"].number_format == "#,##0"
    assert cells["每年贴息（元）"].value == pytest.approx(1234.56)
    assert cells["每年贴息（元）"].number_format == "#,##0.00#"
    assert cells["测算年利率（%）"].value == pytest.approx(3.6)
    assert cells["客户经理"].value is None


def test_dates_are_dates(tmp_path: Path) -> None:
    frame = pl.DataFrame({"登记日期": [date(2024, 2, 29), None]})
    with workbook.Book(tmp_path / "dates.xlsx", "dates", AS_OF) as book:
        book.add_list(frame, "名单", pinned=0)
    cell = openpyxl.load_workbook(tmp_path / "dates.xlsx")["名单"]["A2"]
    assert cell.is_date
    assert cell.value.date() == date(2024, 2, 29)
    assert cell.number_format == "yyyy-mm-dd"


def test_codes_are_shown_by_their_chinese_names(tmp_path: Path, context: ListContext) -> None:
    row = csv_rows(export_list(listing(prospect(1)), tmp_path, WEEK, context)[1])[0]
    assert row["主客群"] == "纳税个体工商户"
    assert row["全部客群"] == "纳税个体工商户；绿色企业"
    assert row["首次发现渠道"] == "政务数据"
    assert row["推荐产品"] == "首贷信用贷"
    assert row["评分等级"] == "B档"
    assert row["首贷状态"] == "推定首贷户"
    assert row["待核实事项"] == "纳税信用B级以上；知识产权（专利或软件著作权）"
    assert (row["其他可选产品"], row["符合再贷款条件"]) == ("商贸流通快贷", "是")
    assert row["行政区划代码"] == "511921 通江县"


def test_a_code_without_a_name_is_shown_as_it_is(tmp_path: Path, context: ListContext) -> None:
    odd = prospect(1, product="night_market", division_code="999999")
    row = csv_rows(export_list(listing(odd), tmp_path, WEEK, context)[1])[0]
    assert (row["推荐产品"], row["行政区划代码"]) == ("night_market", "999999")


def test_an_entity_that_is_not_admitted_is_listed_without_an_offer(tmp_path: Path, context: ListContext) -> None:
    offerless = dict.fromkeys(
        ("product", "limit_yuan", "limit_other_reading_yuan", "term_months", "annual_rate_pct", "repayment_options")
    )
    row = csv_rows(export_list(listing(prospect(1, **offerless)), tmp_path, WEEK, context)[1])[0]
    assert (row["排名"], row["推荐产品"], row["测算额度（元）"]) == ("1", "", "")
    flags = [prospect(rank, is_relending=flag) for rank, flag in enumerate((True, False, None), 1)]
    shown = csv_rows(export_list(listing(*flags), tmp_path, WEEK, context)[1])
    assert [row[DECLARED["is_relending"]] for row in shown] == ["是", "否", ""], "unknown is not no"


def test_reasons_show_the_points_that_add_up_to_the_score(tmp_path: Path, context: ListContext) -> None:
    rows = [prospect(1), prospect(2, points=[], reasons=[], score=0), prospect(3, points=[9, -4], reasons=["甲", "乙"])]
    shown = csv_rows(export_list(listing(*rows), tmp_path, WEEK, context)[1])
    assert [row["得分理由"] for row in shown] == ["连续按期纳税 +30；年纳税额较高 +12", "", "甲 +9；乙 -4"]


def test_rows_come_by_rank(tmp_path: Path, context: ListContext) -> None:
    shown = csv_rows(export_list(listing(prospect(3), prospect(1), prospect(2)), tmp_path, WEEK, context)[1])
    assert [row["排名"] for row in shown] == ["1", "2", "3"]


def test_hold_outs_are_kept_from_marketing_but_not_from_the_typed_file(tmp_path: Path, context: ListContext) -> None:
    book, text, typed = export_list(listing(prospect(1), prospect(2, is_holdout=True)), tmp_path, WEEK, context)
    page = openpyxl.load_workbook(book)["名单"]
    assert [page.cell(row, 2).value for row in range(2, page.max_row + 1)] == [1]
    assert [row["排名"] for row in csv_rows(text)] == ["1"]
    assert pl.read_parquet(typed)["is_holdout"].to_list() == [False, True]


def test_the_parquet_file_has_the_table_as_declared(tmp_path: Path, context: ListContext) -> None:
    picked = listing(prospect(1), prospect(2))
    typed = pl.read_parquet(export_list(picked.select(reversed(picked.columns)), tmp_path, WEEK, context)[2])
    assert typed.schema == picked.schema
    assert typed.equals(picked)


def test_what_the_schema_does_not_declare_never_leaves_the_house(tmp_path: Path, context: ListContext) -> None:
    picked = listing(prospect(1)).with_columns(owner_phone=pl.lit("13800138000"), owner_id=pl.lit("510101199001011234"))
    for path in export_list(picked, tmp_path, WEEK, context)[1:]:
        assert b"13800138000" not in path.read_bytes()
        assert b"510101199001011234" not in path.read_bytes()
    assert not any("13800138000" in text for text in texts(tmp_path / f"首贷目标名单_{WEEK}.xlsx", "名单"))


def test_no_name_becomes_a_formula_and_none_loses_its_text(tmp_path: Path, context: ListContext) -> None:
    picked = listing(*(prospect(rank, name=name) for rank, name in enumerate(HOSTILE, 1)))
    book, text, typed = export_list(picked, tmp_path, WEEK, context)
    cells = name_cells(book)
    assert {cell.data_type for cell in cells} == {"s"}
    assert [as_excel_shows(cell.value) for cell in cells] == HOSTILE
    assert [row["企业名称"] for row in csv_rows(text)] == ["'" + name for name in HOSTILE]
    assert pl.read_parquet(typed)["name"].to_list() == HOSTILE


def test_no_heading_of_a_csv_becomes_a_formula(tmp_path: Path) -> None:
    export.write_csv(tmp_path / "a.csv", [pl.DataFrame({"=1+1": ["x"], "名称": ["y"]})])
    assert csv_rows(tmp_path / "a.csv") == [{"'=1+1": "x", "名称": "y"}]


def test_a_harmless_name_stays_as_it_is(tmp_path: Path, context: ListContext) -> None:
    names = ["3=1餐馆", "A-1", "a@b.cn", "李'记", "https://example.com/店", "1e5", "007", "TRUE"]
    picked = listing(*(prospect(rank, name=name) for rank, name in enumerate(names, 1)))
    book, text, _ = export_list(picked, tmp_path, WEEK, context)
    cells = name_cells(book)
    assert [(cell.data_type, cell.value, cell.hyperlink) for cell in cells] == [("s", name, None) for name in names]
    assert [row["企业名称"] for row in csv_rows(text)] == names


def test_markup_and_control_characters_do_not_break_the_workbook(tmp_path: Path, context: ListContext) -> None:
    names = ["<r><t>某店</t></r>", "a<b & c>d\"e'", "甲\x0b乙", "甲\n乙", "_x0041_", "𠮷野家"]
    picked = listing(*(prospect(rank, name=name) for rank, name in enumerate(names, 1)))
    book = export_list(picked, tmp_path, WEEK, context)[0]
    assert [as_excel_shows(cell.value).rstrip() for cell in name_cells(book)] == names


def test_the_csv_is_what_chinese_excel_expects(tmp_path: Path, context: ListContext) -> None:
    path = export_list(listing(prospect(1, name="甲,乙"), prospect(2)), tmp_path, WEEK, context)[1]
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\r\n") == data.count(b"\n") == 3
    assert data.decode("utf-8-sig").splitlines()[0].split(",") == SHOWN
    assert csv_rows(path)[0]["企业名称"] == "甲,乙"


@pytest.fixture
def in_new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Moves the process to another time zone, and back."""

    def move() -> None:
        monkeypatch.setenv("TZ", "America/New_York")
        time.tzset()

    yield move
    monkeypatch.undo()
    time.tzset()


def test_the_same_list_gives_the_same_bytes_anywhere_and_any_time(
    tmp_path: Path, context: ListContext, in_new_york: Callable[[], None]
) -> None:
    picked = listing(*(prospect(rank) for rank in range(1, 40)))
    first = export_list(picked, tmp_path / "a", WEEK, context)
    time.sleep(2.1)  # a zip counts in two seconds
    in_new_york()
    second = export_list(picked.sample(fraction=1, shuffle=True, seed=1), tmp_path / "b", WEEK, context)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_of_a_long_list_the_workbook_has_the_first_ranks_and_says_so(tmp_path: Path, context: ListContext) -> None:
    picked = listing(*(prospect(rank) for rank in range(1, 8)))
    export.write_workbook(tmp_path / "long.xlsx", picked, WEEK, context, most_rows=3)
    book = openpyxl.load_workbook(tmp_path / "long.xlsx")
    assert book.sheetnames == ["名单", "汇总", "说明"]
    assert [cell.value for cell in book["名单"]["B"]] == ["排名", 1, 2, 3]
    assert "名单共 7 户，本工作簿列出排名前 3 户；全部名单见同名 CSV 和 Parquet 文件。" in [
        cell.value for cell in book["说明"]["A"]
    ]
    export.write_workbook(tmp_path / "whole.xlsx", picked, WEEK, context, most_rows=7)
    assert not any("本工作簿列出" in text for text in texts(tmp_path / "whole.xlsx", "说明")), "it has all of them"
    assert write_manifest(tmp_path, {}).is_file()
    assert json.loads((tmp_path / "manifest.json").read_text("utf-8"))["files"]["long.xlsx"]["rows"] == 3


def test_a_long_list_is_the_same_csv_piece_by_piece(
    tmp_path: Path, context: ListContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    picked = listing(*(prospect(rank, is_holdout=rank == 4) for rank in range(1, 8)))
    whole = export_list(picked, tmp_path / "whole", WEEK, context)[1]
    monkeypatch.setattr(export, "ROWS_AT_ONCE", 2)
    pieces = export_list(picked, tmp_path / "pieces", WEEK, context)[1]
    assert [row["排名"] for row in csv_rows(pieces)] == ["1", "2", "3", "5", "6", "7"]
    assert pieces.read_bytes() == whole.read_bytes()


def test_an_empty_list_is_still_a_release(tmp_path: Path, context: ListContext) -> None:
    book, text, typed = export_list(listing(), tmp_path, WEEK, context)
    assert [cell.value for cell in openpyxl.load_workbook(book)["名单"][1]] == HEAD
    assert csv_rows(text) == []
    assert text.read_text("utf-8-sig").startswith(HEAD[0]), "the headings are there"
    assert pl.read_parquet(typed).height == 0


def test_the_summary_counts_by_segment_grade_and_division(tmp_path: Path, context: ListContext) -> None:
    rows = [
        prospect(1, segment="green", grade="A", score=60, limit_yuan=Decimal(100)),
        prospect(2, segment="green", product="trade", limit_yuan=None),  # on application: counted, adds nothing
        prospect(3, division_code=None, limit_yuan=Decimal(50)),  # no division: counted as unknown
        prospect(5, product=None, limit_yuan=None, division_code="511922"),  # not admitted: no product
        prospect(4, is_holdout=True, limit_yuan=Decimal(9999)),  # held out: in no total but its own
    ]
    page = openpyxl.load_workbook(export_list(listing(*rows), tmp_path, WEEK, context)[0])["汇总"]
    lines = {row[0]: row[1:] for row in page.iter_rows(values_only=True) if row[0] is not None}
    assert lines["名单户数"][0] == 4
    assert lines["对照组户数（不下发、不营销）"][0] == 1
    assert lines["测算额度合计（元）"][0] == 150
    assert lines["以申请核定户数（商贸流通或缺数据）"][0] == 1
    assert lines["无适用产品户数（准入条件不符）"][0] == 1
    assert [lines[product][0] for product in ("首贷信用贷", "商贸流通快贷", "无适用产品")] == [2, 1, 1]
    assert lines["绿色企业"] == (2, pytest.approx(1 / 2), 100, 51)
    assert lines["纳税个体工商户"] == (2, pytest.approx(1 / 2), 50, 42)
    assert lines["A档"][0] == 1
    assert lines["511921 通江县"][0] == 2
    assert lines["未知"][0] == 1


def test_the_notes_explain_every_column_the_numbers_the_sources_and_the_way_to_refuse(
    tmp_path: Path, context: ListContext
) -> None:
    path = export_list(listing(prospect(1)), tmp_path, WEEK, context)[0]
    said = texts(path, "说明")
    assert set(SHOWN) <= set(said)
    assert any("50,000 元" in text for text in said)
    assert any("3,000,000 元" in text for text in said)
    assert "税务申报缴款（tax__payments）" in said
    assert f"尚未接入，以下条件按未知处理：{name_zh('rule', 'insured_staff_3_to_20')}" in said
    assert f"逾期未到，以下条件按未知处理：{name_zh('rule', 'in_park')}" in said
    assert any("拒绝营销" in text for text in said)
    assert any("2026-11-23" in text for text in said)


def test_the_notes_quote_the_definition_in_force(tmp_path: Path, context: ListContext) -> None:
    other = parameters(AS_OF, {"first_loan_definition": "never_enterprise_loan", "min_annual_tax_yuan": 80000})
    path = export_list(listing(prospect(1)), tmp_path, WEEK, ListContext(AS_OF, other, context.lpr, context.sources))[0]
    said = texts(path, "说明")
    assert any("个人经营贷款不计" in text for text in said)
    assert not any("还包括个人经营贷款" in text for text in said)
    assert any("80,000 元" in text for text in said)


def test_the_notes_are_silent_on_a_deferral_that_is_not_offered(tmp_path: Path, context: ListContext) -> None:
    off = ListContext(AS_OF, parameters(AS_OF, {"deferral_months": 0}), context.lpr, context.sources)
    on = texts(export_list(listing(prospect(1)), tmp_path / "on", WEEK, context)[0], "说明")
    said = texts(export_list(listing(prospect(1)), tmp_path / "off", WEEK, off)[0], "说明")
    assert [any("延期还款" in text for text in each) for each in (on, said)] == [True, False]


def test_the_notes_warn_when_the_lpr_table_has_ended(tmp_path: Path, context: ListContext) -> None:
    before = rates(date(2024, 11, 1))
    assert context.lpr.is_past_table_end
    assert not before.is_past_table_end
    old = ListContext(AS_OF, context.parameters, before, context.sources)
    warned = texts(export_list(listing(prospect(1)), tmp_path / "a", WEEK, context)[0], "说明")
    quiet = texts(export_list(listing(prospect(1)), tmp_path / "b", WEEK, old)[0], "说明")
    assert any("LPR表止于" in text for text in warned)
    assert not any("LPR表止于" in text for text in quiet)


def test_a_list_that_lacks_a_declared_column_is_refused(tmp_path: Path, context: ListContext) -> None:
    with pytest.raises(ShoudaiError, match="lacks grade, manager"):
        export_list(listing(prospect(1)).drop("manager", "grade"), tmp_path, WEEK, context)


@pytest.mark.parametrize("week", ["2026-W47", None])
def test_a_row_of_another_week_is_refused(tmp_path: Path, context: ListContext, week: str | None) -> None:
    with pytest.raises(ShoudaiError, match="holds 1 rows of another week"):
        export_list(listing(prospect(1), prospect(2, week=week)), tmp_path, WEEK, context)


def test_the_manifest_lets_anyone_check_a_copy(tmp_path: Path, context: ListContext) -> None:
    paths = export_list(listing(prospect(1), prospect(2, is_holdout=True)), tmp_path, WEEK, context)
    (tmp_path / "shoudai.duckdb").write_bytes(b"not a list")
    path = write_manifest(tmp_path, {"week": WEEK, "as_of": AS_OF})
    manifest = json.loads(path.read_text(encoding="utf-8"))
    assert (manifest["week"], manifest["as_of"]) == (WEEK, "2026-11-23")
    assert set(manifest["files"]) == {one.name for one in paths} | {"shoudai.duckdb"}
    for one in paths:
        entry = manifest["files"][one.name]
        assert entry["sha256"] == hashlib.sha256(one.read_bytes()).hexdigest()
        assert entry["bytes"] == one.stat().st_size
    assert [manifest["files"][one.name]["rows"] for one in paths] == [1, 1, 2]
    assert manifest["files"]["shoudai.duckdb"]["rows"] is None
    assert path.read_bytes() == write_manifest(tmp_path, {"as_of": AS_OF, "week": WEEK}).read_bytes()


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_reads_the_list_as_written(tmp_path: Path, context: ListContext) -> None:
    rows = [prospect(1, name="=1+1", uscc="913601007339317853"), prospect(2, name="<r><t>某店</t></r>")]
    path = export_list(listing(*rows), tmp_path, WEEK, context)[0]
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = ["soffice", profile, "--headless", "--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76", str(path)]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=120)
    converted = (tmp_path / f"首贷目标名单_{WEEK}.csv").read_text(encoding="utf-8-sig").splitlines()
    read = list(csv.DictReader(converted))
    assert [row["企业名称"].rstrip() for row in read] == ["=1+1", "<r><t>某店</t></r>"]
    assert read[0]["统一社会信用代码"] == "913601007339317853"
    assert read[0]["测算额度（元）"] == "51,234"
