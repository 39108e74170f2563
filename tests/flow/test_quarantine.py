"""The quarantine is worked off: listed, exported, corrected, taken back; or closed when a later delivery fixed it."""

from __future__ import annotations

from datetime import date

import fastexcel
import openpyxl
import polars as pl
import pytest

from pipelines import flow
from pipelines.errors import UsageError
from pipelines.feeds.personal import HIDDEN
from pipelines.quarantine.correction import write_correction
from pipelines.quarantine.returned import take_back
from pipelines.quarantine.state import reasons
from pipelines.warehouse.connect import reader

from .homes import shoudai

A, B, C = "92510623MAY004CT3H", "92510623MAY00CL99R", "91510623MAY03B1R2U"
SOCIAL = f"统一社会信用代码,费款所属期,参保人数,备注\n{A},202601,4,好\n{B},202601,很多,=1+1\n{C},202613,5,好\n"
RETURN_DAY = date(2026, 3, 9)


def ingest(home, feed: str, name: str, content: str):
    home.deliver(feed, name, content)
    return next(each for each in flow.ingest(home.settings, [feed]).files if each.name == name)


def listed(home) -> dict[tuple[str, str], tuple[int, int, int, int]]:
    with reader(home.settings) as con:
        return {
            (each.feed, each.reason): (each.open, each.fixed, each.returned, each.replaced) for each in reasons(con)
        }


def corrected(path, out, **changes: tuple[str, str, str]):
    """The exported file with cells changed: heading -> (row number, new text)."""
    rows = pl.read_csv(path, infer_schema=False)
    for heading, (number, text) in changes.items():
        rows = rows.with_columns(
            pl.when(pl.col("来源行号") == number).then(pl.lit(text)).otherwise(pl.col(heading)).alias(heading)
        )
    rows.write_csv(out, include_bom=True)
    return out


@pytest.fixture
def social(bare):
    outcome = ingest(bare, "social__insurance", "sb_20260201.csv", SOCIAL)
    assert (outcome.accepted, outcome.quarantined) == (1, 2)
    return bare


def test_the_listing_names_reason_counts_and_first_example(social):
    shown = shoudai(social, "quarantine", "--json", inbox=False).stdout
    assert '"file": "sb_20260201.csv"' in shown
    assert sorted(listed(social).values()) == [(1, 0, 0, 0), (1, 0, 0, 0)]


def test_the_export_has_the_original_headings_and_no_formula(social, tmp_path):
    assert write_correction(social.settings, "social__insurance", tmp_path / "a.csv") == 2
    rows = pl.read_csv(tmp_path / "a.csv", infer_schema=False)
    assert rows.columns[-4:] == ["统一社会信用代码", "费款所属期", "参保人数", "备注"]
    assert rows["来源行号"].to_list() == ["2", "3"]
    assert rows["备注"].to_list() == ["'=1+1", "好"]
    assert write_correction(social.settings, "social__insurance", tmp_path / "a.xlsx", "month") == 1
    sheet = fastexcel.read_excel(tmp_path / "a.xlsx").load_sheet(0, dtypes="string").to_polars()
    assert sheet["费款所属期"].to_list() == ["202613"]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_no_heading_of_the_export_is_a_formula_and_its_rows_come_back(bare, tmp_path, kind):
    odd = ["=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0", "＝1"]
    header = f"统一社会信用代码,费款所属期,参保人数,{','.join(odd)}"
    ingest(bare, "social__insurance", "sb_20260201.csv", f"{header}\n{A},202601,4,a,b,c\n{B},202613,5,a,b,c\n")
    write_correction(bare.settings, "social__insurance", tmp_path / f"a.{kind}")
    if kind == "csv":
        shown = pl.read_csv(tmp_path / "a.csv", infer_schema=False)
        assert shown.columns[-3:] == ["'=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0（第5列）", "'＝1"]
        path = corrected(tmp_path / "a.csv", tmp_path / "b.csv", 费款所属期=("2", "202601"))
    else:
        path = tmp_path / "a.xlsx"
        book = openpyxl.load_workbook(path)
        cells = {cell.value: cell for cell in book.active[1]}
        assert {cell.data_type for cell in cells.values()} == {"s"}
        book.active.cell(2, cells["费款所属期"].column, "202601")
        book.save(path)
    (outcome,) = take_back(bare.settings, path, RETURN_DAY).files
    assert (outcome.accepted, outcome.quarantined) == (1, 0)


def test_the_export_makes_its_folder_and_says_when_it_cannot(social, tmp_path):
    for name in ("a.csv", "a.xlsx"):
        assert write_correction(social.settings, "social__insurance", tmp_path / "new" / "folder" / name) == 2
        assert (tmp_path / "new" / "folder" / name).stat().st_mode & 0o777 == 0o600, (
            "names in clear: their owner's only"
        )
    (tmp_path / "file").touch()
    wanted = str(tmp_path / "file" / "a.xlsx")
    done = shoudai(social, "quarantine", "export", "social__insurance", "--out", wanted, check=74, inbox=False)
    assert "file cannot be used: File exists" in done.stderr


@pytest.mark.parametrize("number", ["nan", "1e300", "zwei", ""])
def test_a_row_whose_number_is_none_is_said_so(social, tmp_path, number):
    write_correction(social.settings, "social__insurance", tmp_path / "a.csv")
    path = corrected(tmp_path / "a.csv", tmp_path / "b.csv", 来源行号=("2", number))
    with pytest.raises(UsageError, match="1 rows are not in the quarantine"):
        take_back(social.settings, path, RETURN_DAY)


def test_corrected_rows_come_back_from_their_day_on_and_replace_nothing(social, tmp_path):
    write_correction(social.settings, "social__insurance", tmp_path / "a.csv")
    path = corrected(tmp_path / "a.csv", tmp_path / "b.csv", 参保人数=("2", "7"))
    done = take_back(social.settings, path, RETURN_DAY)
    (outcome,) = done.files
    assert (outcome.rows_in, outcome.accepted, outcome.quarantined, done.untouched) == (1, 1, 0, 1)
    before, after = date(2026, 3, 8), RETURN_DAY
    assert social.seen("social__insurance", before, "insured_headcount") == [(4,)]
    assert social.seen("social__insurance", after, "insured_headcount") == [(4,), (7,)]
    assert sorted(listed(social).values()) == [(0, 0, 1, 0), (1, 0, 0, 0)]
    ((rows_in, accepted, quarantined),) = social.lake(
        "SELECT rows_in, accepted, quarantined FROM lake.ops.files WHERE name = 'sb_20260201.csv'"
    )
    assert (rows_in, accepted, quarantined) == (3, 1, 2), "the old file's counts stand"
    again = take_back(social.settings, path, RETURN_DAY)
    assert (again.files, again.left_out, again.untouched) == ((), 1, 1)


def test_a_newer_file_for_the_period_replaces_the_returned_rows_with_the_file_they_came_back_to(social, tmp_path):
    write_correction(social.settings, "social__insurance", tmp_path / "a.csv")
    take_back(social.settings, corrected(tmp_path / "a.csv", tmp_path / "b.csv", 参保人数=("2", "7")), RETURN_DAY)
    newer = f"统一社会信用代码,费款所属期,参保人数\n{A},202601,9\n{B},202601,8\n"
    ingest(social, "social__insurance", "sb_20260401.csv", newer)
    assert social.seen("social__insurance", date(2026, 3, 31), "insured_headcount") == [(4,), (7,)]
    assert social.seen("social__insurance", date(2026, 4, 1), "insured_headcount") == [(8,), (9,)]


def test_a_row_corrected_into_one_that_is_there_is_told_apart(social, tmp_path):
    write_correction(social.settings, "social__insurance", tmp_path / "a.csv")
    path = corrected(tmp_path / "a.csv", tmp_path / "b.csv", 参保人数=("2", "5"), 统一社会信用代码=("2", A))
    (outcome,) = take_back(social.settings, path, RETURN_DAY).files
    assert (outcome.status, outcome.rows_in) == ("gate_failed", 0)
    assert "key_conflict" in str(outcome.reason)
    assert sorted(listed(social).values()) == [(1, 0, 0, 0), (1, 0, 0, 0)], "still open"


def test_a_later_delivery_with_the_same_key_closes_the_row(social):
    ingest(social, "social__insurance", "sb_20260301.csv", f"统一社会信用代码,费款所属期,参保人数\n{B},202601,6\n")
    assert sorted(listed(social).values()) == [(0, 0, 0, 1), (0, 1, 0, 0)]


def test_personal_cells_are_hidden_and_come_back_as_they_were(bare, tmp_path):
    header = "事件编号,统一社会信用代码,渠道,行为,时间,内容,授权\n"
    ingest(bare, "online__intents", "xs_20260201.csv", header + f"e1,{A},手机银行,闲逛,2026-01-05 10:00:00,张三 13800000000,是\n"
           f"e2,{B},手机银行,浏览,2026-01-05 10:00:00,无,是\n")  # fmt: skip
    write_correction(bare.settings, "online__intents", tmp_path / "a.csv")
    text = (tmp_path / "a.csv").read_text(encoding="utf-8")
    assert "13800000000" not in text
    assert HIDDEN in text
    (outcome,) = take_back(
        bare.settings, corrected(tmp_path / "a.csv", tmp_path / "b.csv", 行为=("1", "咨询")), RETURN_DAY
    ).files
    assert outcome.accepted == 1
    assert ("张三 13800000000",) in bare.seen("online__intents", RETURN_DAY, "topic")


BILLS = """户号,户名,统一社会信用代码,用电地址,能源类型,抄表月份,用量,金额,缴费日期,备注,经办人姓名
10001,王小明,,永宁镇文昌街3号,电,202610,1,2,,电话13812345678,李四
10002,赵小红,,永宁镇文昌街4号,电,202613,1,2,,电话13812345678,李四
10003,钱小刚,,永宁镇文昌街5号,电,202610
10004,孙小兰,,永宁镇文昌街6号,电,202610,1,2,,,
10005,李小华,,永宁镇文昌街7号,电,202610,1,2,,,
"""


def test_no_personal_cell_stands_in_the_text_of_a_quarantined_row(bare, tmp_path):
    outcome = ingest(bare, "utilities__bills", "dian_20261110.csv", BILLS)
    assert (outcome.accepted, outcome.quarantined) == (3, 2), outcome.reason
    assert bare.lake("SELECT raw FROM lake.quarantine.rows ORDER BY row_no") == [
        (f"{HIDDEN},{HIDDEN},,{HIDDEN},电,202613,1,2,,电话138********,{HIDDEN}",),
        (HIDDEN,),
    ]
    write_correction(bare.settings, "utilities__bills", tmp_path / "a.csv")
    shown = pl.read_csv(tmp_path / "a.csv", infer_schema=False)
    assert shown["原文"].to_list() == [None, "10003,钱小刚,,永宁镇文昌街5号,电,202610"], (
        "a line is mended from its text"
    )
    assert shown["户名"].to_list() == [HIDDEN, None]
    assert shown["经办人姓名"].to_list() == [HIDDEN, None], "no column of the contract, and of a person all the same"
    back = corrected(tmp_path / "a.csv", tmp_path / "b.csv", 抄表月份=("2", "202610"))
    (outcome,) = take_back(bare.settings, back, RETURN_DAY).files
    assert outcome.accepted == 1
    assert ("赵小红",) in bare.lake("SELECT account_name FROM lake.feed.utilities__bills")


def test_a_refused_file_shows_no_row_of_itself(bare):
    rows = "10001,王小明,,永宁镇文昌街3号,电,202610,1,2,,x,y\n" * 3
    headless = ingest(bare, "utilities__bills", "a_20261110.csv", rows)
    narrow = ingest(
        bare, "utilities__bills", "b_20261110.csv", BILLS.splitlines()[0].rpartition(",备注")[0] + "\n" + rows
    )
    for outcome, words in ((headless, "a line of data without headings"), (narrow, "row 1 below it")):
        assert outcome.status == "refused"
        assert words in str(outcome.reason)
        assert "王小明" not in str(outcome.reason)


def test_a_row_that_is_no_row_is_filled_in_from_its_text(bare, tmp_path):
    text = f"统一社会信用代码,费款所属期,参保人数\n{A},202601,4\n{B},202601,4,8,9\n"
    ingest(bare, "social__insurance", "sb_20260201.csv", text)
    write_correction(bare.settings, "social__insurance", tmp_path / "a.csv")
    assert pl.read_csv(tmp_path / "a.csv", infer_schema=False)["原文"].to_list() == [f"{B},202601,4,8,9"]
    path = corrected(
        tmp_path / "a.csv",
        tmp_path / "b.csv",
        统一社会信用代码=("2", B),
        费款所属期=("2", "202601"),
        参保人数=("2", "4"),
    )
    (outcome,) = take_back(bare.settings, path, RETURN_DAY).files
    assert outcome.accepted == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a,b\n1,2\n", "missing: 数据源"),
        ("数据源,文件摘要,来源文件,来源行号,隔离原因,原文\nsocial__insurance,abc,x,9,,\n", "not in the quarantine"),
        ("", "cannot be read"),
    ],
)
def test_a_file_that_is_no_correction_file_is_refused_in_words(social, tmp_path, content, words):
    (tmp_path / "wrong.csv").write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=words):
        take_back(social.settings, tmp_path / "wrong.csv", RETURN_DAY)


def test_nothing_open_is_said(bare, tmp_path):
    with pytest.raises(UsageError, match="no row of tax__invoices is open"):
        write_correction(bare.settings, "tax__invoices", tmp_path / "a.csv")


def test_every_ingest_leaves_the_quality_page_with_what_is_open(social):
    page = social.settings.published / "quality.html"
    first = page.read_text(encoding="utf-8")
    assert "sb_20260201.csv" in first
    assert "insured_headcount: " in first
    page.unlink()
    assert str(page) in shoudai(social, "quality", inbox=False).stdout
    assert page.read_text(encoding="utf-8") == first, "same warehouse, same bytes"
