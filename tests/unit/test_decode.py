"""Decoding: encodings, delimiters and archives become one UTF-8 text, or a refusal in clear words."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from pipelines.errors import FileRefusedError
from pipelines.feeds.contract import contract
from pipelines.feeds.decode import decoded

REGISTER = contract("registry__entities")
TEXT = "统一社会信用代码,企业名称\n92510623MAY004CT3H,𠮷野家小吃店\n92510623MAY00CL99R,龘龘五金\n"


class Seen:
    def __init__(
        self, text: str, delimiter: str, encoding: str, header: tuple[str, ...], has_undecodable: bool
    ) -> None:
        self.text, self.delimiter, self.encoding, self.header = text, delimiter, encoding, header
        self.has_undecodable = has_undecodable


def read(tmp_path: Path, data: bytes, feed: str = "registry__entities") -> Seen:
    archived = tmp_path / "archived"
    archived.write_bytes(data)
    with decoded(archived, contract(feed), tmp_path / "scratch") as source:
        text = source.path.read_text(encoding="utf-8")
        seen = Seen(text, source.delimiter, source.encoding, source.header, source.has_undecodable)
    assert list((tmp_path / "scratch").iterdir()) == [], "the scratch folder is empty again"
    assert archived.read_bytes() == data, "the original is untouched"
    return seen


def zipped(members: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, data in members.items():
            bundle.writestr(name, data)
    return target.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_both_encodings_give_the_same_text_four_byte_characters_included(tmp_path, encoding):
    assert read(tmp_path, TEXT.encode(encoding)).text.removeprefix("\ufeff") == TEXT


def test_a_byte_order_mark_is_no_part_of_the_first_heading(tmp_path):
    assert read(tmp_path, TEXT.encode("utf-8-sig")).header == ("统一社会信用代码", "企业名称")


@pytest.mark.parametrize("delimiter", [",", "\t", "|", "|!", ";"])
def test_the_delimiter_is_found_under_the_header(tmp_path, delimiter):
    seen = read(tmp_path, TEXT.replace(",", delimiter).encode())
    assert (seen.delimiter, seen.header) == (delimiter, ("统一社会信用代码", "企业名称"))


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: zipped({"登记.csv": data})], ids=["gz", "zip"])
def test_archives_are_unpacked(tmp_path, pack):
    assert read(tmp_path, pack(TEXT.encode("gb18030"))).text == TEXT


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("制表人：张三 电话13812345678", "制表人：张三 电话138********"),
        ("张三 13812345678,成都公司,存续", "张三 138********, 成都公司, 存续"),
        ("证件510104199001011234,成都公司", "证件510104************, 成都公司"),
    ],
)
def test_numbers_of_persons_in_a_line_that_is_no_header_are_masked_in_the_refusal(tmp_path, line, shown):
    with pytest.raises(FileRefusedError) as refusal:
        read(tmp_path, f"{line}\n".encode())
    assert f"Found: {shown}. Expected" in str(refusal.value)


def test_under_an_ascii_header_the_rows_decide_the_encoding(tmp_path):
    text = TEXT.replace("统一社会信用代码,企业名称", "uscc,name")
    seen = read(tmp_path, text.encode("gb18030"))
    assert (seen.encoding, seen.text) == ("gb18030", text)
    assert read(tmp_path, text.encode()).encoding == "utf-8"


def test_under_an_ascii_header_a_late_gb18030_row_still_decides(tmp_path):
    text = "uscc,name\n" + "92510623MAY004CT3H,PLAIN\n" * 60_000 + "92510623MAY00CL99R,龘龘五金\n"
    seen = read(tmp_path, text.encode("gb18030"))
    assert seen.text.endswith("龘龘五金\n")


def test_an_undecodable_byte_of_gb18030_is_marked_and_the_rest_is_read(tmp_path):
    seen = read(tmp_path, TEXT.encode("gb18030").replace("龘".encode("gb18030"), b"\xff\xff", 1))
    assert seen.has_undecodable
    assert "𠮷野家小吃店" in seen.text


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\r\n\r\n", "empty"),
        (TEXT.encode("utf-16"), "UTF-16"),
        (TEXT.encode("utf-16-le"), "UTF-16"),
        (gzip.compress(TEXT.encode())[:-12], "archive is broken"),
        (zipped({"a.csv": TEXT.encode()})[:-30], "archive is broken"),
        (b"PK\x03\x04" + b"no zip at all" * 5, "archive is broken"),
        (
            zipped({"a.csv": TEXT.encode(), "b.csv": TEXT.replace("企业名称", "单位名称").encode()}),
            "different headings",
        ),
        (zipped({}), "holds no file"),
        (zipped({"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"}), "Excel workbook"),
        (b"PAR1" + b"x" * 40, "Parquet"),
        (b"%PDF-1.7 " + b"x" * 40, "PDF"),
        ("某县2026年登记表\n".encode() * 20 + TEXT.encode(), "missing required columns"),
    ],
)
def test_what_is_not_the_feed_is_refused_in_words(tmp_path, data, words):
    with pytest.raises(FileRefusedError, match=words):
        read(tmp_path, data)
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: zipped({"a.csv": data})], ids=["gz", "zip"])
def test_an_archive_bomb_is_refused_before_it_fills_the_disk(tmp_path, monkeypatch, pack):
    monkeypatch.setattr("pipelines.feeds.unpack.MAX_UNPACKED_BYTES", 1 << 20)
    with pytest.raises(FileRefusedError, match="archive bomb"):
        read(tmp_path, pack(TEXT.encode() + b"0" * (9 << 20)))


def test_a_file_of_another_feed_is_told_where_it_belongs(tmp_path):
    text = "统一社会信用代码,费款所属期,参保人数,缴费基数总额\n92510623MAY004CT3H,202601,4,16000\n"
    with pytest.raises(FileRefusedError, match="inbox/social__insurance"):
        read(tmp_path, text.encode(), "tax__payments")


def test_a_table_wider_than_any_is_refused_before_it_takes_all_memory(tmp_path):
    header, *rows = TEXT.splitlines()
    assert read(tmp_path, "\n".join([header + "," * 900, *(row + "," * 900 for row in rows)]).encode()).header[0]
    with pytest.raises(FileRefusedError, match="the header has 1,102 columns; expected at most 1,000"):
        read(tmp_path, "\n".join([header + "," * 1_100, *(row + "," * 1_100 for row in rows)]).encode())
