"""Cells: what every shape departments write means, read quickly and with care alike."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings, strategies as st

from pipelines.feeds.cells import EMPTY, cell
from pipelines.feeds.contract import Column, Contract, Heading, HeadingMatch, contract
from pipelines.feeds.decode import Source
from pipelines.feeds.read import read, reasons_sql

from .room import NO_REGISTER

CON = duckdb.connect()


def column(kind: str, **more: Any) -> Column:
    return Column("a", kind, ("甲",), "", **more)


def meaning(raw: str | None, kind: str, unit: str = "元", **more: Any) -> Any:
    """The value a cell is read as, or the first reason against it; quick shapes must not say anything else."""
    made = cell(Heading(column(kind, **more), 0, unit), "c0")
    quick = ", ".join(made.quick)
    faults = ", ".join(f"CASE WHEN {condition} THEN '{reason}' END" for condition, reason in made.faults) or "NULL"
    row = CON.execute(
        f"SELECT a, list_filter([{faults}], lambda r: r IS NOT NULL), [{quick}] FROM (SELECT *, {made.value} AS a FROM (SELECT ?::VARCHAR AS c0))",
        [raw],
    ).fetchone()
    assert row is not None
    value, reasons, shapes = row
    if kind not in ("text", "capital"):
        plausible = [shape for shape in shapes if not (isinstance(shape, date) and not 1900 <= shape.year < 2200)]
        assert all(shape is None or shape == value for shape in plausible), ("quick differs", raw, shapes, value)
    return reasons[0].removeprefix("a: ") if reasons else value


@pytest.mark.parametrize(
    ("raw", "read_as"),
    [
        ("张三13812345678", "张三138********"),
        ("李四 身份证510623199001011234", "李四 身份证510623************"),
        ("  有意向，13812345678回电 ", "有意向，138********回电"),
        ("广汉市3123号，票号351062026010001234567", "广汉市3123号，票号351062026010001234567"),
        ("138 1234", "138 1234"),
        ("电话+8613812345678", "电话+86138********"),
        ("张三138-1234-5678，或138 1234 5679", "张三138********，或138********"),
        ("张三（１３８１２３４５６７８）", "张三(138********)"),
        ("013812345678", "0138********"),
    ],
)
def test_personal_numbers_among_words_are_masked_and_ids_are_not(raw, read_as):
    assert meaning(raw, "text", is_free=True) == read_as
    assert meaning(raw, "text") == raw.strip()
    made = cell(Heading(column("text", is_free=True), 0, "元"), "c0")
    assert CON.execute(f"SELECT {made.quick[0]} FROM (SELECT ?::VARCHAR AS c0)", [raw]).fetchone() == (read_as,)


DAY = date(2026, 1, 31)


@pytest.mark.parametrize(
    "raw",
    [
        "2026-01-31", "20260131", "2026/1/31", "2026/01/31", "2026年1月31日", "2026年01月31日", "2026.1.31", "46053", "46053.0", "46053.5", "46053.999999",
        "2026-01-31 00:00:00", "2026-01-31 13:45:10", "2026/01/31 13:45:10", "2026-01-31T13:45:10", " 2026-01-31 ",
        "２０２６－０１－３１", "２０２６０１３１", "２０２６年１月３１日", "\t2026-01-31",
    ],
)  # fmt: skip
def test_a_day_in_every_shape(raw):
    assert meaning(raw, "date") == DAY


@pytest.mark.parametrize(
    "raw", ["2026-02-30", "20260230", "2026-13-01", "soon", "202601", "31/01/2026", "0", "1", "2026", "2026年"]
)
def test_what_is_no_day_is_said_so(raw):
    assert meaning(raw, "date") == "not a date"


@pytest.mark.parametrize("raw", ["2926-01-31", "1026-01-31", "0026-01-31"])
def test_a_day_centuries_away_is_a_slip(raw):
    assert meaning(raw, "date") == "not a plausible date", "quick or careful, the limits hold"


@pytest.mark.parametrize(
    "raw",
    [
        "2026-01",
        "202601",
        "2026/1",
        "2026/01",
        "2026年1月",
        "2026年01月",
        "2026.1",
        "2026-01-31",
        "20260101",
        "2026/1/15",
        "46023",
        "46023.75",
        "２０２６０１",
    ],
)
def test_a_month_in_every_shape_is_its_first_day(raw):
    assert meaning(raw, "month") == date(2026, 1, 1)


@pytest.mark.parametrize("raw", ["202613", "202600", "2026-13", "2026年13月", "month", "2026", "12"])
def test_what_is_no_month_is_said_so(raw):
    assert meaning(raw, "month") == "not a month"


@pytest.mark.parametrize(
    ("raw", "moment"),
    [
        ("2026-11-23 09:05:10", datetime(2026, 11, 23, 9, 5, 10)),
        ("2026-11-23 09:05", datetime(2026, 11, 23, 9, 5)),
        ("2026-11-23T09:05:10", datetime(2026, 11, 23, 9, 5, 10)),
        ("2026/11/23 09:05:10", datetime(2026, 11, 23, 9, 5, 10)),
        ("2026-11-23", datetime(2026, 11, 23)),
        ("20261123", datetime(2026, 11, 23)),
        ("46349", datetime(2026, 11, 23)),
        ("46349.0", datetime(2026, 11, 23)),
        ("46349.5", datetime(2026, 11, 23, 12)),
        ("46349.37859", datetime(2026, 11, 23, 9, 5, 10)),
        ("46349.378587963", datetime(2026, 11, 23, 9, 5, 10)),
        ("46349.99999999", datetime(2026, 11, 24)),
        ("2026-11-23 9：05", datetime(2026, 11, 23, 9, 5)),  # the colon of a Chinese keyboard
        ("２０２６年１１月２３日　９：０５", datetime(2026, 11, 23, 9, 5)),
        ("2026年11月23日 9:05", datetime(2026, 11, 23, 9, 5)),
        ("2026年11月23日09:05:10", datetime(2026, 11, 23, 9, 5, 10)),
        ("2026年11月3号 9点05分", datetime(2026, 11, 3, 9, 5)),
        ("2026.11.23 09:05", datetime(2026, 11, 23, 9, 5)),
        ("2026年13月23日 9:05", "not a time"),
        ("2026.11.2309:05", "not a time"),  # 2 and 30, or 23 and 9
        ("11月23日 9:05", "not a time"),  # of which year
        ("2026年11月23日 下午2:30", "not a time"),
        ("16349.5", "not a time"),
        ("2026-11-23 25:00:00", "not a time"),
        ("yesterday", "not a time"),
    ],
)
def test_a_time(raw, moment):
    assert meaning(raw, "timestamp") == moment


@pytest.mark.parametrize(
    ("raw", "unit", "yuan"),
    [
        ("12345.67", "元", "12345.67"), ("12,345.67", "元", "12345.67"), ("１２，３４５．６７", "元", "12345.67"), ("¥12,345.67", "元", "12345.67"),
        ("￥99", "元", "99"), (" 88.8 ", "元", "88.8"), ("-50.00", "元", "-50"), ("－５０", "元", "-50"), ("12345.67元", "元", "12345.67"),
        ("0", "元", "0"), ("0.00", "万元", "0"), ("1.234567", "万元", "12345.67"), ("-0.5", "万元", "-5000"), ("1,000", "万元", "10000000"),
        ("１．５", "万元", "15000"), ("2", "亿元", "200000000"), ("3", "千元", "3000"), ("0.1", "元", "0.1"), ("0.29", "万元", "2900"),
    ],
)  # fmt: skip
def test_money_is_yuan_to_the_fen(raw, unit, yuan):
    assert meaning(raw, "money", unit) == Decimal(yuan)


@pytest.mark.parametrize(
    ("raw", "unit", "yuan"),
    [
        ("1.5万元", "元", "15000"), ("1.5万", "元", "15000"), ("2亿", "万元", "200000000"), ("3千元", "元", "3000"), ("300元", "万元", "300"),
        ("12,345.67元", "千元", "12345.67"), ("-0.5万元", "元", "-5000"), ("１.５万元", "万元", "15000"), ("88万元人民币", "元", "880000"),
    ],
)  # fmt: skip
def test_the_unit_in_a_cell_wins_over_the_headings(raw, unit, yuan):
    assert meaning(raw, "money", unit) == Decimal(yuan)


@pytest.mark.parametrize("raw", ["20万美元", "$99", "USD 5", "100港币", "€3"])
def test_an_amount_of_another_currency_is_never_yuan(raw):
    assert meaning(raw, "money") == "not a number"


@pytest.mark.parametrize("kind", ["money", "decimal", "integer"])
@pytest.mark.parametrize("raw", ["1.23457E+08", "9E+15", "-1.5e+20", "1E9"])
def test_a_number_that_lost_its_digits_is_not_guessed(raw, kind):
    assert meaning(raw, kind) == "digits lost in a spreadsheet, expected all of them: deliver it as text"


@pytest.mark.parametrize("raw", ["1.2.3", "#REF!", "twelve", "12..5", "1-2", "五千", "NaN", "inf"])
def test_what_is_no_amount_is_said_so(raw):
    assert meaning(raw, "money") == "not a number"


def test_an_amount_beyond_all_digits_is_no_number_and_no_crash():
    assert meaning("9" * 30, "money", "亿元") == "not a number"


@pytest.mark.parametrize(
    ("raw", "count"),
    [
        ("12", 12),
        ("12人", 12),
        ("１２", 12),
        ("1,200", 1200),
        ("12.0", 12),
        (" 7 ", 7),
        ("0", 0),
        ("3.5", "not a whole number"),
        ("三", "not a whole number"),
    ],
)
def test_a_headcount_is_whole(raw, count):
    assert meaning(raw, "integer") == count


def test_limits_name_the_bound():
    assert meaning("-1", "integer", minimum=0) == "below 0"
    assert meaning("35", "decimal", maximum=1) == "above 1"


@pytest.mark.parametrize(
    ("raw", "year"), [("2025", 2025), ("2025年度", 2025), ("2025年", 2025), ("２０２５", 2025), ("last", "not a year")]
)
def test_a_year(raw, year):
    assert meaning(raw, "year") == year


@pytest.mark.parametrize(
    ("raw", "flag"),
    [
        ("是", True),
        ("否", False),
        ("Y", True),
        ("n", False),
        ("1", True),
        ("0", False),
        ("TRUE", True),
        (" 是 ", True),
        ("Ｙ", True),
        ("也许", "not a yes or no"),
    ],
)
def test_a_flag_is_yes_or_no(raw, flag):
    assert meaning(raw, "boolean") == flag


def test_lookups_are_data():
    grades: dict[str, Any] = {"values": ("A", "B"), "lookups": {"Ａ": "A", "B级": "B"}}
    assert [meaning(raw, "enum", **grades) for raw in ("A", " A ", "Ａ", "B级", "E")] == [
        "A",
        "A",
        "A",
        "B",
        "not one of A/B",
    ]
    assert [meaning(raw, "text", lookups={"正常": "存续"}) for raw in ("正常", "存续", " 别的 ")] == [
        "存续",
        "存续",
        "别的",
    ]
    assert meaning("已缴纳", "boolean", lookups={"已缴纳": "true"}) is True


@pytest.mark.parametrize(
    ("raw", "yuan"),
    [
        ("200(万元人民币)", "2000000"), ("1,000万人民币", "10000000"), ("30", "300000"), ("５０万元", "500000"), ("1.5亿元", "150000000"), ("0.5万", "5000"),
        ("5千万元", "50000000"), ("1百万", "1000000"), ("500000圆", "500000"), ("RMB 50万", None), ("50万RMB", "500000"),
        ("20(万美元)", None), ("100万港元", None), ("300(万港币)", None), ("5000(万日元)", None), ("100万泰铢", None), ("$100万", None), ("100万元美金", None), ("10万欧元", None), ("USD 5", None), ("N/A", None), ("", None), ("叁佰万", None),
    ],
)  # fmt: skip
def test_capital_names_its_unit_and_a_foreign_currency_is_unknown(raw, yuan):
    assert meaning(raw, "capital", "万元") == (Decimal(yuan) if yuan else None)


@pytest.mark.parametrize("raw", ["500000元", "500000元人民币", "500000(元)"])
def test_capital_in_plain_yuan_under_a_ten_thousand_heading(raw):
    assert meaning(raw, "capital", "万元") == Decimal(500000)


@pytest.mark.parametrize(
    "kind",
    ["text", "enum", "date", "month", "timestamp", "money", "capital", "decimal", "integer", "year", "boolean", "uscc"],
)
@pytest.mark.parametrize("raw", [None, *EMPTY, "  ", " N/A "])
def test_nothing_is_unknown_and_never_zero(kind, raw):
    assert meaning(raw, kind, values=("A",)) is None
    assert meaning(raw, kind, values=("A",), nullable=False) == "empty"


# --- a value written in any usual shape lands as the same typed value, whatever the other rows look like -------------


def wide(text: str) -> str:
    return "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in text)


DATE_SHAPES = [
    lambda d: d.isoformat(), lambda d: f"{d:%Y%m%d}", lambda d: f"{d.year}/{d.month}/{d.day}", lambda d: f"{d.year}年{d.month}月{d.day}日",
    lambda d: str((d - date(1899, 12, 30)).days), lambda d: f"{d} 00:00:00", lambda d: wide(d.isoformat()), lambda d: f"{d:%Y.%m.%d}",
]  # fmt: skip
MONTH_SHAPES = [
    lambda m: f"{m:%Y-%m}", lambda m: f"{m:%Y%m}", lambda m: f"{m.year}/{m.month}", lambda m: f"{m.year}年{m.month}月", lambda m: m.isoformat(),
    lambda m: f"{m:%Y%m%d}", lambda m: str((m - date(1899, 12, 30)).days),
]  # fmt: skip
MONEY_SHAPES = [
    str,
    lambda v: f"{v:,}",
    lambda v: wide(str(v)),
    lambda v: f" {v} ",
    lambda v: f"¥{v}",
    lambda v: f"{v}元",
]
COUNT_SHAPES = [str, lambda v: f"{v:,}", lambda v: wide(str(v)), lambda v: f"{v}.0", lambda v: f"{v}人"]
FLAG_SHAPES = [
    lambda f: "是" if f else "否",
    lambda f: "Y" if f else "N",
    lambda f: "1" if f else "0",
    lambda f: "true" if f else "FALSE",
]

days = st.dates(date(1990, 1, 1), date(2060, 12, 31))
ROWS = st.lists(
    st.tuples(
        days,
        days.map(lambda day: day.replace(day=1)),
        st.decimals(Decimal(-10) ** 9, Decimal(10) ** 9, places=2),
        st.integers(0, 900_000),
        st.booleans(),
        st.tuples(*(st.integers(0, 40) for _ in range(5))),
    ),
    min_size=1,
    max_size=12,
)
KINDS = ("date", "month", "money", "integer", "boolean")
SHAPES = (DATE_SHAPES, MONTH_SHAPES, MONEY_SHAPES, COUNT_SHAPES, FLAG_SHAPES)
MADE = tuple(Column(kind, kind, (kind,), "") for kind in KINDS)
TRIAL = Contract("trial", "试", "试", "d", "g", "append", ("date",), MADE)


@settings(max_examples=40, deadline=None)
@given(rows=ROWS, is_mixed=st.booleans())
def test_a_value_in_any_usual_shape_lands_as_the_same_value(tmp_path_factory: pytest.TempPathFactory, rows, is_mixed):
    path: Path = tmp_path_factory.getbasetemp() / "shapes.csv"
    first = rows[0][5]
    lines = [
        "|".join(
            shapes[(choice if is_mixed else usual) % len(shapes)](value)
            for value, shapes, choice, usual in zip(row[:5], SHAPES, row[5], first, strict=True)
        )
        for row in rows
    ]
    path.write_text("\n".join(["|".join(KINDS), *lines]) + "\n", encoding="utf-8")
    matched = HeadingMatch(tuple(Heading(each, place, "元") for place, each in enumerate(MADE)), ())
    con = duckdb.connect()
    con.execute(NO_REGISTER)
    try:
        reading = read(con, Source(path, "|", KINDS, matched, "utf-8", has_undecodable=False), TRIAL, path.parent)
        found = con.execute(f"SELECT {', '.join(KINDS)} FROM rows ORDER BY row_id").fetchall()
        reasons = con.execute(reasons_sql(reading)).fetchall() if reading.has_odd_rows(con) else []
    finally:
        con.close()
    assert reasons == []
    assert found == [row[:5] for row in rows], lines


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ('"专精特新"培育企业', "专精特新"), ("“专精特新”培育企业", "专精特新"), ('"专精特新"中小企业', "专精特新"),
        ('专精特新"小巨人"企业', "专精特新"), ("专精特新“小巨人”企业", "专精特新"), ("省级专精特新中小企业", "专精特新"),
        ("国家级专精特新小巨人企业", "专精特新"), ('国家级专精特新"小巨人"企业', "专精特新"), ("国家级专精特新“小巨人”企业", "专精特新"),
        ("国家级高新技术企业", "高新技术企业"), ("国家高新技术企业", "高新技术企业"), ("瞪羚企业", "瞪羚企业"),
    ],
)  # fmt: skip
def test_a_certification_is_known_in_the_words_of_its_level_and_in_either_quotes(said, meant):
    lookups = contract("registry__certifications").column("certification").lookups
    assert meaning(said, "text", lookups=lookups) == meant
