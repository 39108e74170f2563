"""Delimiters: a comma, any other sign or several of them; the header's own headings tell which."""

from __future__ import annotations

import pytest

from pipelines.errors import FileRefusedError
from pipelines.feeds.contract import contract

from .room import Landed, Room

ROWS = [
    ["统一社会信用代码", "企业名称", "注册资金（万元）", "经营范围", "备注"],
    ["92510623MAY004CT3H", "野家小吃店", "5", "餐饮|外卖", ""],
    ["92510623MAY00CL99R", '"老字号"五金', "1.5", "五金@零售^批发", "无"],
]
DELIMITERS = [
    ",", "\t", "|", ";", "|!", "||", "|@|", "|+|", "@@", "^|", "#|#", "::", "$$", "&&", "!|", "*|*", "|*", "~", ":", "、", "\x01",
    "\x1f", "\x01\x02", "\\|",
]  # fmt: skip


@pytest.fixture
def room(tmp_path):
    opened = Room(contract("registry__entities"), tmp_path)
    yield opened
    opened.close()


def quoted(rows: list[list[str]]) -> list[list[str]]:
    return [['"' + cell.replace('"', '""') + '"' for cell in row] for row in rows]


def written(rows: list[list[str]], delimiter: str) -> bytes:
    return "".join(delimiter.join(row) + "\n" for row in rows).encode()


def found(landed: Landed) -> list[tuple[str, str, int, str]]:
    return [
        (row["uscc"], row["name"], int(row["registered_capital"]), row["business_scope"]) for row in landed.accepted
    ]


EXPECTED = [(code, name, int(float(amount) * 10_000), scope) for code, name, amount, scope, _ in ROWS[1:]]


@pytest.mark.parametrize("delimiter", DELIMITERS[4:])
def test_an_unusual_delimiter_between_cells_in_which_a_quote_is_text(room, delimiter):
    landed = room.land(written(ROWS, delimiter))
    assert (found(landed), landed.extra, landed.counts.quarantined) == (EXPECTED, ("备注",), 0)


@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_any_delimiter_between_quoted_cells(room, delimiter):
    rows = [row[:3] + [row[3] + delimiter + "等", row[4]] if place else row for place, row in enumerate(ROWS)]
    landed = room.land(written(quoted(rows), delimiter))
    assert found(landed) == [(*each[:3], each[3] + delimiter + "等") for each in EXPECTED]
    assert (landed.extra, landed.counts.quarantined) == (("备注",), 0)


def test_quotes_around_the_cells_only_are_no_part_of_them(room):
    assert found(room.land(written([ROWS[0], *quoted(ROWS[1:])], "||"))) == EXPECTED


def test_a_column_without_a_heading_makes_no_double_delimiter(room):
    rows = [[row[0], "x" if place else "", *row[1:3]] for place, row in enumerate(ROWS[:2])]
    assert [row["name"] for row in room.land(written(rows, "|")).accepted] == ["野家小吃店"]


def test_a_sentence_that_lists_the_headings_is_not_the_header(room):
    guide = "、".join(ROWS[0]).encode() + b"\n"
    assert found(room.land(guide + written(quoted(ROWS), ","))) == EXPECTED


def test_a_row_of_totals_is_known_under_any_delimiter(room):
    landed = room.land(written([*ROWS, ["合计", "6.5"]], "~"))
    assert landed.reasons == ["row: totals line"]


def test_under_an_unknown_delimiter_the_missing_heading_is_named_all_the_same(room):
    rows = [["统一社会信用代码", "单位", "注册资金"], *(row[:3] for row in ROWS[1:])]
    with pytest.raises(FileRefusedError) as refusal:
        room.land(written(rows, "|@|"))
    assert "missing required column 企业名称 [name]" in str(refusal.value)
    assert "Found: 统一社会信用代码, 单位, 注册资金." in str(refusal.value)


def test_too_few_headings_for_the_rows_are_said_under_an_unknown_delimiter(room):
    with pytest.raises(FileRefusedError, match="2 headings, but most rows have 5 fields"):
        room.land(written([ROWS[0][:2], *ROWS[1:]], "@@"))


def test_a_delimiter_longer_than_the_engine_takes_is_refused_in_words(room):
    with pytest.raises(FileRefusedError, match=r"'\|###\|' stands between the headings; expected .* at most 4 bytes"):
        room.land(written(ROWS, "|###|"))
