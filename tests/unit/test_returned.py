"""A list that comes back: sorted, filtered, cut, widened, renamed; what was filled in is found, with its place."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import polars as pl
import pytest
import xlwt
from openpyxl.worksheet.worksheet import Worksheet

from pipelines.conversion import outcomes
from pipelines.conversion.returned import Feedback, Sheet, delivery, feedback_in, sheets_of
from pipelines.errors import FileRefusedError, UsageError
from pipelines.lists.context import ListContext
from pipelines.lists.export import write_workbook
from pipelines.parameters import parameters, rates
from pipelines.settings import Settings
from pipelines.warehouse.tables import table

AS_OF, WEEK = date(2026, 11, 23), "2026-W48"
A, B, C, D = "92510623MAY004CT3H", "92510623MAY00CL99R", "91510623MAY03B1R2U", "92510623MAWUAPF944"
CALLED = datetime(2026, 11, 25, 14, 30)
Edit = Callable[[Worksheet, dict[str, int]], None]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workbook of a list of four, as it is published."""
    types = {"VARCHAR": pl.String, "VARCHAR[]": pl.List(pl.String), "INTEGER": pl.Int32, "INTEGER[]": pl.List(pl.Int32),
             "BOOLEAN": pl.Boolean, "DECIMAL(18,2)": pl.Decimal(18, 2), "DECIMAL(6,3)": pl.Decimal(6, 3)}  # fmt: skip
    schema = {name: types[kind] for name, kind in table("out.target_list").table_columns.items()}
    rows = [
        {"week": WEEK, "rank": rank, "uscc": uscc, "name": f"第{rank}户", "manager": "张三", "is_holdout": False}
        for rank, uscc in enumerate((A, B, C, D), 1)
    ]
    path = tmp_path_factory.mktemp("list") / "首贷目标名单_2026-W48.xlsx"
    context = ListContext(AS_OF, parameters(AS_OF), rates(AS_OF), (), {})
    write_workbook(path, pl.DataFrame(rows, schema=schema), WEEK, context)
    return path


def edited(published: Path, target: Path, *edits: Edit) -> Path:
    """The workbook after a person worked on it and saved it under another name."""
    book = openpyxl.load_workbook(published)
    for edit in edits:
        page = book["名单"]
        edit(page, {str(cell.value): cell.column for cell in page[1]})
    book.save(target)
    return target


def fill(row: int, when: Any = CALLED, how: str | None = "电话", what: str | None = "有意向") -> Edit:
    """Type into the three columns of a row."""

    def typed(page: Worksheet, at: dict[str, int]) -> None:
        for heading, value in zip(("触达时间", "触达方式", "触达结果"), (when, how, what), strict=True):
            page.cell(row, at[heading]).value = value

    return typed


def upside_down(page: Worksheet, at: dict[str, int]) -> None:
    rows = [[cell.value for cell in row] for row in page.iter_rows(min_row=2)]
    page.delete_rows(2, len(rows))
    for row in reversed(rows):
        page.append(row)


def one_row_deleted(page: Worksheet, at: dict[str, int]) -> None:
    page.delete_rows(2)


def a_column_inserted(page: Worksheet, at: dict[str, int]) -> None:
    page.insert_cols(2)
    page.cell(1, 2).value = "联系电话"
    page.cell(3, 2).value = "13800138000"


def a_title_put_above(page: Worksheet, at: dict[str, int]) -> None:
    page.insert_rows(1, 2)
    page.cell(1, 1).value = "张三的名单"


def filtered(page: Worksheet, at: dict[str, int]) -> None:
    page.auto_filter.add_filter_column(1, ["3"])
    for row in (2, 3, 5):
        page.row_dimensions[row].hidden = True


def renamed(page: Worksheet, at: dict[str, int]) -> None:
    page.title = "张三"


def cut_to_what_is_needed(page: Worksheet, at: dict[str, int]) -> None:
    kept = {"统一社会信用代码", "企业名称", "名单批次", "客户经理", "触达时间", "触达方式", "触达结果"}
    for heading in sorted(at.keys() - kept, key=at.__getitem__, reverse=True):
        page.delete_cols(at[heading])


def read(path: Path, scratch: Path) -> Feedback:
    found = feedback_in(sheets_of(path, scratch))
    assert found is not None
    assert not list(scratch.iterdir()), "nothing is left behind"
    return found


@pytest.mark.parametrize(
    ("edits", "sheet", "row", "listed"),
    [
        pytest.param([fill(3)], "名单", 3, 4, id="filled in"),
        pytest.param([fill(3), upside_down], "名单", 4, 4, id="sorted the other way"),
        pytest.param([fill(3), one_row_deleted], "名单", 2, 3, id="a row deleted"),
        pytest.param([fill(3), a_column_inserted], "名单", 3, 4, id="a column of their own inserted"),
        pytest.param([fill(3), a_title_put_above], "名单", 5, 4, id="a title and an empty line put above"),
        pytest.param([fill(3), filtered], "名单", 3, 4, id="filtered so that it is hidden"),
        pytest.param([fill(3), renamed], "张三", 3, 4, id="the sheet renamed"),
        pytest.param([fill(3), cut_to_what_is_needed, renamed], "张三", 3, 4, id="cut to a few columns and renamed"),
    ],
)
def test_what_was_filled_in_is_found_with_its_row_however_the_sheet_was_treated(
    published: Path, tmp_path: Path, edits: list[Edit], sheet: str, row: int, listed: int
) -> None:
    found = read(edited(published, tmp_path / "back.xlsx", *edits), tmp_path / "scratch")
    assert found.listed == listed
    (line,) = csv.DictReader(io.StringIO(delivery(found)))
    assert line == {
        "统一社会信用代码": B, "名单批次": WEEK, "触达时间": "2026-11-25 14:30:00", "触达方式": "电话", "结果": "有意向",
        "客户经理": "张三", "工作表": sheet, "工作簿行号": str(row),
    }, "nothing else of the workbook goes on, no telephone number least of all"  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "read_as"),
    [
        (datetime(2026, 11, 25, 14, 30), "2026-11-25 14:30:00"),
        (date(2026, 11, 25), "2026-11-25 00:00:00"),
        (" 2026/11/25 14:30 ", "2026/11/25 14:30"),  # text stays text: the contract reads it
        ("11月25日", "11月25日"),  # no year: the contract refuses it
        ("  ", None),
    ],
)
def test_a_time_is_handed_on_as_it_was_meant(published: Path, tmp_path: Path, typed: Any, read_as: str | None) -> None:
    found = read(edited(published, tmp_path / "back.xlsx", fill(2, when=typed)), tmp_path / "scratch")
    assert found.rows["contacted_at"].to_list() == [read_as]


def test_a_moment_whose_digits_a_spreadsheet_cut_is_the_one_that_was_typed(published: Path, tmp_path: Path) -> None:
    def cut(page: Worksheet, at: dict[str, int]) -> None:
        page.cell(2, at["触达时间"]).value = 46350.378472  # 09:05 is 46350.37847222…
        page.cell(2, at["触达时间"]).number_format = "yyyy-mm-dd hh:mm"

    found = read(edited(published, tmp_path / "back.xlsx", cut), tmp_path / "scratch")
    assert found.rows["contacted_at"].to_list() == ["2026-11-24 09:05:00"]


def test_a_moment_of_an_ods_is_the_one_of_the_same_list_as_xlsx() -> None:
    """LibreOffice writes `2026-11-24T09:04:59.98` where it saved 09:05 of the same workbook as .xlsx."""
    cells = [["统一社会信用代码", "触达时间"], [A, "2026-11-24T09:04:59.98"], [B, "2026-11-24T09:05:00"]]
    sheet = Sheet("名单", pl.Series([1, 2, 3]), pl.DataFrame(cells, schema=["a", "b"], orient="row"))
    found = feedback_in([sheet])
    assert found is not None
    assert found.rows["contacted_at"].to_list() == ["2026-11-24 09:05:00"] * 2


def test_a_result_alone_counts_as_filled_in_and_an_empty_sheet_as_a_list(published: Path, tmp_path: Path) -> None:
    only_result = read(edited(published, tmp_path / "a.xlsx", fill(2, None, None, "未接通")), tmp_path / "scratch")
    assert only_result.rows.select("contacted_at", "channel", "result").rows() == [(None, None, "未接通")]
    untouched = read(published, tmp_path / "scratch")
    assert (untouched.rows.height, untouched.listed) == (0, 4)


def test_a_sheet_put_together_of_several_weeks_keeps_the_week_of_each_row(published: Path, tmp_path: Path) -> None:
    def an_earlier_row(page: Worksheet, at: dict[str, int]) -> None:
        page.cell(4, at["名单批次"]).value = "2026-W47"

    found = read(edited(published, tmp_path / "back.xlsx", fill(2), fill(4), an_earlier_row), tmp_path / "scratch")
    assert found.rows.select("week", "uscc").rows() == [(WEEK, A), ("2026-W47", C)]


def test_a_copy_of_the_sheet_is_read_as_well_and_named(published: Path, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(edited(published, tmp_path / "back.xlsx", fill(2)))
    book.copy_worksheet(book["名单"]).title = "名单 (2)"
    book.save(tmp_path / "copied.xlsx")
    found = read(tmp_path / "copied.xlsx", tmp_path / "scratch")
    assert found.rows.select("sheet", "row").rows() == [("名单", 2), ("名单 (2)", 2)]


def test_a_list_saved_as_an_old_xls_is_read_too(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    page = book.add_sheet("名单")
    for place, heading in enumerate(("名单批次", "排名", "统一社会信用代码", "触达时间", "触达方式", "触达结果")):
        page.write(0, place, heading)
    for place, value in enumerate((WEEK, 1, A, "2026-11-25 14:30", "上门", "拒绝营销")):
        page.write(1, place, value)
    book.save(str(tmp_path / "back.xls"))
    found = read(tmp_path / "back.xls", tmp_path / "scratch")
    assert found.rows.select("uscc", "week", "result", "manager", "row").rows() == [(A, WEEK, "拒绝营销", None, 2)]


def test_the_total_below_a_list_is_no_code_that_is_not_listed() -> None:
    rows = pl.DataFrame(
        {"uscc": [A.lower(), B, None], "week": [WEEK, WEEK, "合计"], "sheet": ["名单"] * 3, "row": [2, 3, 7]},
    )
    with duckdb.connect() as con:
        con.execute("ATTACH ':memory:' AS lake; CREATE SCHEMA lake.out")
        con.execute(
            "CREATE TABLE lake.out.target_list AS SELECT $w AS week, $a AS uscc, FALSE AS is_holdout",
            {"w": WEEK, "a": A},
        )
        assert [each.row for each in outcomes._strangers(con, rows)] == [3]


def without(heading: str) -> Edit:
    def cut(page: Worksheet, at: dict[str, int]) -> None:
        page.delete_cols(at[heading])

    return cut


def twice(page: Worksheet, at: dict[str, int]) -> None:
    page.cell(1, at["企业名称"]).value = "触达 时间"


def in_one_cell(page: Worksheet, at: dict[str, int]) -> None:
    rows = ["|".join(str(cell.value or "") for cell in row) for row in page.iter_rows()]
    page.delete_cols(1, page.max_column)
    for number, text in enumerate(rows, 1):
        page.cell(number, 1).value = text
    page.cell(1, 2).value = "触达时间"
    page.cell(2, 2).value = "2026-11-25"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home without anything in it: what is refused does not even open a warehouse."""
    return Settings.from_env(tmp_path / "home")


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (without("统一社会信用代码"), ["sheet 名单", "missing required column 统一社会信用代码", "published/latest"]),
        (without("触达时间"), ["sheet 名单", "missing required column 触达时间 [contacted_at]", "触达时间、触达方式、触达结果"]),
        (in_one_cell, ["sheet 名单", "the headings stand together in one cell; expected one in each"]),
        (twice, ["sheet 名单", "'触达 时间' and '触达时间' both mean contacted_at; keep one of them"]),
    ],
)  # fmt: skip
def test_a_list_without_its_columns_is_refused_in_words(
    published: Path, tmp_path: Path, settings: Settings, edit: Edit, said: list[str]
) -> None:
    with pytest.raises(FileRefusedError) as refused:
        outcomes.hand_in(settings, edited(published, tmp_path / "back.xlsx", fill(2), edit))
    assert all(words in str(refused.value) for words in ["back.xlsx", *said]), refused.value
    assert not settings.home.joinpath("catalog.sqlite").exists()


def test_an_export_on_a_sheet_that_is_called_like_the_list_is_an_export_all_the_same(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].title = "名单"
    book.worksheets[0].append(["统一社会信用代码", "企业名称", "原因"])
    book.worksheets[0].append([A, "第1户", "投诉"])
    book.save(tmp_path / "a.xlsx")
    assert feedback_in(sheets_of(tmp_path / "a.xlsx", tmp_path / "scratch")) is None
    assert outcomes.recognised(tmp_path / "a.xlsx", tmp_path / "scratch") == "crm__suppressions"


def other_sheets_only(published: Path) -> bytes:
    book = openpyxl.load_workbook(published)
    del book["名单"]
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def cut_off(published: Path) -> bytes:
    return published.read_bytes()[:5000]


def plain_zip(_: Path) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as bundle:
        bundle.writestr("读我.txt", "不是表格")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.xlsx", other_sheets_only, ["found the sheets 汇总, 说明, none of them a list", "expected the sheet 名单"]),
        ("a.xlsx", cut_off, ["cannot be read", "broken or protected by a password"]),
        ("a.xlsx", plain_zip, ["cannot be read", "broken or protected by a password"]),
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 4096, ["protected by a password: save it again without one"]),
        ("a.pdf", b"%PDF-1.7", ["a PDF and no table"]),
        ("a.csv", b"", ["the file is empty"]),
        ("a.csv", b"\x89PNG\r\n\x1a\n\x00\x00", ["binary"]),
        ("a.csv", "甲,乙\n1,2\n".encode(), ["a table with other headings", "expected the sheet 名单", "crm__applications"]),
        ("a.csv", f"统一社会信用代码,费款所属期,参保人数\n{A},202610,4\n".encode(), ["fits the feed social__insurance",
                                                                          "inbox/social__insurance/"]),
        ("a.json", b'{"uscc": "1"}\n', ["of the form json", "an Excel workbook (.xlsx) or a CSV"]),
    ],
)  # fmt: skip
def test_what_is_neither_a_list_nor_an_export_of_the_crm_is_refused_in_words(
    published: Path, tmp_path: Path, settings: Settings, name: str, content: Any, said: list[str]
) -> None:
    path = tmp_path / name
    path.write_bytes(content(published) if callable(content) else content)
    with pytest.raises(FileRefusedError) as refused:
        outcomes.hand_in(settings, path)
    assert all(words in str(refused.value) for words in [name, *said]), refused.value
    assert "or as CSV" not in str(refused.value), "a list saved so is refused in its turn"


def test_a_day_of_receipt_to_come_is_a_wrong_call(published: Path, settings: Settings) -> None:
    with pytest.raises(UsageError, match=r"--received-on 2999-01-01 lies in the future; expected a day up to 2"):
        outcomes.hand_in(settings, published, date(2999, 1, 1))


def test_a_list_in_which_nothing_was_filled_in_is_a_wrong_call(published: Path, settings: Settings) -> None:
    with pytest.raises(
        UsageError, match=r"2026-W48\.xlsx: 4 rows, none of them filled in; expected 触达时间、触达方式"
    ):
        outcomes.hand_in(settings, published)
    assert not settings.home.joinpath("catalog.sqlite").exists()
