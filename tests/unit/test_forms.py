"""Every form a table is delivered in lands as the same rows; what is odd about one is said, and never guessed."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from decimal import Decimal

import polars as pl
import pytest
import xlsxwriter

from pipelines.errors import FileRefusedError
from pipelines.feeds.contract import contract

from . import forms
from .room import Room

REGISTER = contract("registry__entities")
HEADER = ["统一社会信用代码", "企业名称", "注册日期", "从业人数", "营业收入"]
TABLE = [
    HEADER,
    ["92510623MAY004CT3H", "𠮷野家小吃店㐂", "2026-01-31", "12", "1234.50"],
    ["92510623MAY00CL99R", "龘龘五金", "20260131", "", "-3"],
]


@pytest.fixture
def room(tmp_path):
    made = Room(REGISTER, tmp_path)
    yield made
    made.close()


def brief(landed):
    return [
        (row["uscc"], row["name"], row["established_on"], row["employees"], row["annual_revenue"])
        for row in landed.accepted
    ]


EXPECTED = [
    ("92510623MAY004CT3H", "𠮷野家小吃店㐂", date(2026, 1, 31), 12, Decimal("1234.50")),
    ("92510623MAY00CL99R", "龘龘五金", date(2026, 1, 31), None, Decimal(-3)),
]


@pytest.mark.parametrize("form", forms.FORMS)
def test_every_form_lands_as_the_same_rows(room, form):
    landed = room.land(forms.FORMS[form](TABLE))
    assert brief(landed) == EXPECTED
    assert landed.rejected == []


def test_titles_above_and_totals_below_are_no_rows_in_a_workbook_whose_other_sheet_is_said_to_be_unread(room):
    data = forms.xlsx(
        TABLE, titles=[["锦溪县登记表"], ["单位：万元"]], totals=[["合计", "2户", "", "12", "1231.5"], ["制表人", "", "", "", ""]],
        other_sheet=True,
    )  # fmt: skip
    landed = room.land(data)
    assert [row["annual_revenue"] for row in landed.accepted] == [Decimal(12_345_000), Decimal(-30_000)], "单位：万元"
    assert [(row_no, reasons[0]) for row_no, _, reasons in landed.rejected] == [
        (3, "row: totals line"),
        (4, "uscc: not a valid unified social credit code"),
    ]
    assert landed.extra == ("sheet 填表说明",)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_titles_and_totals_of_a_csv(room, encoding):
    text = "锦溪县登记表,,,,\n制表日期：2026-11-01\n\n" + forms.csv(TABLE).decode() + "合计,2户,,12,1231.50\n总计,2户\n"
    landed = room.land(text.encode(encoding))
    assert brief(landed) == EXPECTED
    assert [(row_no, reasons) for row_no, _, reasons in landed.rejected] == [
        (3, ["row: totals line"]),
        (4, ["row: totals line"]),
    ]


def test_a_totals_line_under_a_key_that_is_any_text_is_no_row(tmp_path):
    room = Room(contract("credit__loans"), tmp_path)
    header = "借据号,统一社会信用代码,放款机构,业务类型,放款日期,金额,余额,结清日期\n"
    row = "J1,92510623MAY004CT3H,甲银行,贷款,2026-01-31,100,50,\n"
    landed = room.land((header + row + "合计,92510623MAY004CT3H,甲银行,贷款,2026-01-31,100,50,\n").encode())
    room.close()
    assert (landed.counts.accepted, landed.reasons) == (1, ["row: totals line"])


def workbook(*rows):
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    sheet, day = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd"})
    for place, row in enumerate([HEADER, *rows]):
        for column, value in enumerate(row):
            if isinstance(value, datetime):
                sheet.write_datetime(place, column, value, day)
            elif isinstance(value, str):
                sheet.write_string(place, column, value)
            elif value is not None:
                sheet.write_number(place, column, value)
    book.close()
    return target.getvalue()


def test_dates_and_numbers_of_a_workbook_are_exact_and_codes_stay_text(room):
    landed = room.land(
        workbook(
            ["92510623MAY004CT3H", "=1+1", datetime(2026, 1, 31), 12, 0.1 + 0.2],
            ["92510623MAY00CL99R", "@cmd|' /C calc'!A0", 46053, 3, 99999999.99],
        )
    )
    assert brief(landed) == [
        ("92510623MAY004CT3H", "=1+1", date(2026, 1, 31), 12, Decimal("0.30")),
        ("92510623MAY00CL99R", "@cmd|' /C calc'!A0", date(2026, 1, 31), 3, Decimal("99999999.99")),
    ]


def test_a_code_that_became_a_number_is_quarantined_even_if_its_last_digits_would_fit(room):
    landed = room.land(workbook([915106000000000000.0, "甲", None, 1, 1], ["92510623MAY00CL99R", "乙", None, 1, 2e15]))
    assert landed.counts.accepted == 0
    assert landed.reasons == [
        "uscc: not a valid unified social credit code",
        "annual_revenue: digits lost in a spreadsheet, expected all of them: deliver it as text",
    ]
    assert landed.rejected[0][1].startswith("9.15106E+17,甲")


def test_a_voucher_number_in_e_notation_is_no_voucher_number(tmp_path):
    room = Room(contract("tax__payments"), tmp_path)
    landed = room.land(TAX.format("3.36016E+17").encode())
    room.close()
    assert landed.reasons == ["voucher_no: digits lost in a spreadsheet, expected all of them: deliver it as text"]


TAX = (
    "nsrsbh,zsxm,skssqq,skssqz,nssbrq,rkrq,ybtse,ynse,jmse,yjse,sphm\n"
    "92510623MAY004CT3H,增值税,2026-10-01,2026-10-31,2026-11-10,2026-11-10,100.00,900,800,100.00,{}\n"
)


def test_tax_field_codes_are_headings_and_tax_before_relief_is_not_tax_to_pay(tmp_path):
    room = Room(contract("tax__payments"), tmp_path)
    landed = room.land(TAX.format("V1").encode())
    room.close()
    assert landed.accepted[0]["tax_due"] == landed.accepted[0]["tax_paid"] == Decimal(100)
    assert landed.extra == ("ynse", "jmse")


def test_undecodable_bytes_are_named_by_their_offset_and_the_rest_lands(room):
    for encoding in ("utf-8", "gb18030"):
        good = forms.csv(TABLE, encoding=encoding)
        at = good.index("五金".encode(encoding))
        landed = room.land(good[:at] + b"\xff" + good[at:])
        assert [row["name"] for row in landed.accepted] == ["𠮷野家小吃店㐂"]
        assert landed.reasons == [f"row: undecodable bytes at byte {at}"], encoding
        assert "@" not in landed.rejected[0][1]


def test_four_byte_characters_survive_every_cut_of_the_stream(room, monkeypatch):
    monkeypatch.setattr("pipelines.feeds.texts._CHUNK", 7)
    assert brief(room.land(forms.csv(TABLE, encoding="gb18030"))) == EXPECTED


def test_an_html_table_with_spans_keeps_its_columns(room):
    page = (
        "<html><table><tr><th colspan=5>表</th></tr><tr>" + "".join(f"<th>{text}</th>" for text in HEADER) + "</tr>"
        "<tr><td rowspan=2>92510623MAY004CT3H</td><td>甲&amp;乙<br></td><td>2026-01-31</td><td>1</td><td>2</td></tr>"
        "<tr><td>丙</td><td>2026-01-31</td><td>1</td><td>2</td></tr></table></html>"
    )
    landed = room.land(page.encode())
    assert [(row["name"], row["employees"]) for row in landed.accepted] == [("甲&乙", 1)]
    assert landed.reasons == ["uscc: empty"], "a merged cell is not spread over the rows below"


def test_entities_of_xml_are_never_resolved(room, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET", "utf-8")
    bomb = "".join(f'<!ENTITY a{n} "' + f"&a{n - 1};" * 10 + '">' for n in range(1, 12))
    declared = f'<!DOCTYPE x [<!ENTITY a0 "{"x" * 1000}">{bomb}<!ENTITY f SYSTEM "{secret.as_uri()}">]>'
    page = forms.xml_xls(TABLE).decode().replace('progid="Excel.Sheet"?>', f'progid="Excel.Sheet"?>{declared}')
    landed = room.land(page.replace("龘龘", "龘&f;龘").encode())
    assert [row["name"] for row in landed.accepted] == ["𠮷野家小吃店㐂", "龘&f;龘五金"]
    with pytest.raises(FileRefusedError, match="amplification"):
        room.land(page.replace("龘龘", "龘&a11;龘").encode())


def test_lines_that_are_no_json_objects_stay_out_with_their_text(room):
    lines = forms.json_lines(TABLE).decode().splitlines()
    landed = room.land("\n".join([lines[0], '{"统一社会信用代码": "925', "[1]", lines[1], ""]).encode())
    assert brief(landed) == EXPECTED
    assert landed.reasons == ["row: not a JSON object"] * 2


def test_a_key_that_json_first_names_late_is_read(room):
    one = '{"统一社会信用代码": "92510623MAY004CT3H", "企业名称": "甲"}\n'
    landed = room.land((one * 1200 + one.replace("}", ', "从业人数": 12, "别的": 1}')).encode())
    assert landed.accepted[-1]["employees"] == 12


def test_typed_parquet_is_read_as_it_is_meant(room):
    target = io.BytesIO()
    pl.DataFrame(
        {
            "统一社会信用代码": ["92510623MAY004CT3H", "92510623MAY00CL99R"],
            "企业名称": ["甲", "乙"],
            "注册日期": [datetime(2026, 1, 30, 16), None],
            "从业人数": [12.0, float("nan")],
            "营业收入": [Decimal("1234.50"), None],
        }
    ).with_columns(pl.col("注册日期").dt.replace_time_zone("UTC")).write_parquet(target)
    landed = room.land(target.getvalue())
    assert [row[2:] for row in brief(landed)] == [(date(2026, 1, 31), 12, Decimal("1234.50")), (None, None, None)]


# --- archives --------------------------------------------------------------------------------------------------------


def test_several_members_of_one_feed_are_one_delivery_in_the_order_of_their_names(room):
    first, second = forms.csv(TABLE[:2])[:-1], forms.csv([HEADER, TABLE[2]], encoding="gb18030")
    landed = room.land(forms.zipped({"2.csv": second, "1.csv": first, "说明/readme.txt": b"x", "1.csv.ok": b"rows=1"}))
    assert brief(landed) == EXPECTED


def link() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as bundle:
        info = zipfile.ZipInfo("a.csv")
        info.external_attr = 0o120777 << 16
        bundle.writestr(info, "/etc/passwd")
    return target.getvalue()


def encrypted() -> bytes:
    data = bytearray(forms.zipped({"a.csv": forms.csv(TABLE)}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def deep(depth: int) -> bytes:
    data = forms.csv(TABLE)
    for _ in range(depth):
        data = forms.zipped({"a.zip": data})
    return data


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (link(), "a link instead of a file"),
        (encrypted(), "encrypted"),
        (deep(4), "deep in each other"),
        (forms.zipped({"../escaped.csv": forms.csv(TABLE)}), "a path out of itself"),
        (forms.zipped({"/etc/escaped.csv": forms.csv(TABLE)}), "a path out of itself"),
        (forms.zipped({"C:\\escaped.csv": forms.csv(TABLE)}), "a path out of itself"),
        (forms.zipped({f"{n}.csv": b"" for n in range(1100)}), "more than 1,000 files"),
        (forms.zipped({"a.csv": forms.csv(TABLE), "b.csv": b"x,y\n1,2\n"}), "b.csv: header: missing"),
        (forms.html_xls(TABLE)[:-30], "transfer broke off"),
        (b'[{"a": 1}]', "JSON array"),
        (forms.parquet(TABLE)[:-20], "cannot be read .* as Parquet"),
        (forms.xls(TABLE)[:900], "cannot be read .* as an Excel workbook"),
    ],
)  # fmt: skip
def test_hostile_and_broken_files_are_refused_in_words(room, data, words):
    with pytest.raises(FileRefusedError, match=words):
        room.land(data)
    assert not list(room.folder.parent.rglob("*escaped*"))


def test_a_sheet_that_claims_the_whole_grid_of_a_spreadsheet_takes_no_memory_of_ours(room):
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    sheet = book.add_worksheet()
    for place, row in enumerate(TABLE):
        sheet.write_row(place, 0, row)
    sheet.write(1_048_575, 16_383, "x")
    book.close()
    with pytest.raises(FileRefusedError, match="cannot be read .* as an Excel workbook"):
        room.land(target.getvalue())


# --- headers that do not fit -----------------------------------------------------------------------------------------


def test_rows_with_more_fields_than_headings_refuse_the_file(room):
    with pytest.raises(FileRefusedError, match="5 headings, but most rows have 6 fields"):
        room.land(forms.csv([HEADER, *(["1", *row] for row in TABLE[1:])]))


def test_codes_under_the_heading_of_names_refuse_the_file(room):
    with pytest.raises(FileRefusedError, match="the codes stand under '企业名称' and not under '统一社会信用代码'"):
        room.land(forms.csv([HEADER, *([row[1], row[0], *row[2:]] for row in TABLE[1:])]))


def test_bad_codes_alone_do_not_refuse_the_file(room):
    landed = room.land(forms.csv([HEADER, *([row[0][:-1], *row[1:]] for row in TABLE[1:]), TABLE[1]]))
    assert (landed.counts.accepted, landed.counts.quarantined) == (1, 2)


def test_text_behind_a_closing_quote_keeps_its_row_out_and_no_other(room):
    rows = [HEADER[:2], TABLE[1][:2], ["92510623MAY00CL99R", '"老字号"五金']]
    landed = room.land(forms.csv(rows))
    assert (landed.counts.accepted, landed.reasons) == (1, ["row: broken quotes"])


def test_both_names_of_a_customer_are_hidden_where_their_row_is_kept_out(tmp_path):
    room = Room(contract("utilities__bills"), tmp_path)
    header = ["户号", "信用代码", "抄表月份", "能源类型", "用量", "金额", "缴费日期", "客户名称", "户名"]
    rows = [
        ["1", "", "2026-01", "柴油", "1", "1", "", "张三", "李四"],
        ["2", "", "2026-01", "电", "1", "1", "", "甲", "乙"],
    ]
    landed = room.land(forms.csv([header, *rows]))
    room.close()
    assert ([row["account_name"] for row in landed.accepted], landed.extra) == (["乙"], ("客户名称",))
    assert landed.rejected[0][1] == "***,,2026-01,柴油,1,1,,***,***"
