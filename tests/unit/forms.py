"""The same table in every form a department delivers: for tests of decoding and for the fuzz run."""

from __future__ import annotations

import gzip
import html
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence

import polars as pl
import xlsxwriter
import xlwt

Table = Sequence[Sequence[str]]


def csv(table: Table, delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    return "".join(delimiter.join(row) + "\n" for row in table).encode(encoding)


def xlsx(table: Table, titles: Table = (), totals: Table = (), other_sheet: bool = False) -> bytes:
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    if other_sheet:
        book.add_worksheet("填表说明").write_row(0, 0, ["本表由税务局导出"])
    sheet = book.add_worksheet("明细")
    for place, row in enumerate((*titles, *table, *totals)):
        for column, text in enumerate(row):
            sheet.write_string(place, column, text)
    if titles:
        sheet.merge_range(0, 0, 0, len(table[0]) - 1, titles[0][0])
    book.close()
    return target.getvalue()


def xls(table: Table) -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("明细")
    for place, row in enumerate(table):
        for column, text in enumerate(row):
            sheet.write(place, column, text)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def html_xls(table: Table, encoding: str = "gb18030") -> bytes:
    rows = "".join(f"<tr>{''.join(f'<td>{html.escape(text)}</td>' for text in row)}</tr>\n" for row in table)
    return (
        '<html><head><meta http-equiv="Content-Type" content="text/html; charset=gb2312"></head><body>'
        f"<table border=1><tr><td colspan={len(table[0])}>申报明细表</td></tr>{rows}</table></body></html>"
    ).encode(encoding)


def xml_xls(table: Table) -> bytes:
    cells = [
        "".join(f'<Cell><Data ss:Type="String">{html.escape(text)}</Data></Cell>' for text in row) for row in table
    ]
    rows = "".join(f"<Row>{row}</Row>" for row in cells)
    return (
        '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>'
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">'
        f'<Worksheet ss:Name="明细"><Table>{rows}</Table></Worksheet></Workbook>'
    ).encode()


def parquet(table: Table) -> bytes:
    target = io.BytesIO()
    pl.DataFrame(list(table[1:]), schema=list(table[0]), orient="row").write_parquet(target)
    return target.getvalue()


def json_lines(table: Table) -> bytes:
    rows = [dict(zip(table[0], row, strict=True)) for row in table[1:]]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def zipped(members: Mapping[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, data in members.items():
            bundle.writestr(name, data)
    return target.getvalue()


FORMS: dict[str, Callable[[Table], bytes]] = {
    "utf-8": csv,
    "utf-8-sig": lambda table: csv(table, encoding="utf-8-sig"),
    "gb18030": lambda table: csv(table, encoding="gb18030"),
    "tab": lambda table: csv(table, "\t", "gb18030"),
    "bar": lambda table: csv(table, "|"),
    "bar-mark": lambda table: csv(table, "|!", "gb18030"),
    "semicolon": lambda table: csv(table, ";"),
    "gz": lambda table: gzip.compress(csv(table, encoding="gb18030"), mtime=0),
    "zip": lambda table: zipped({"a.csv": csv(table)}),
    "zip in zip": lambda table: zipped({"b.zip": zipped({"a.csv": csv(table)})}),
    "xlsx": xlsx,
    "xls": xls,
    "html": html_xls,
    "xml": xml_xls,
    "parquet": parquet,
    "json": json_lines,
    "zipped xlsx": lambda table: zipped({"a.xlsx": xlsx(table)}),
}
