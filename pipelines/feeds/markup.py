"""Tables in HTML (the `.xls` of tax systems) and XML spreadsheets as CSV; streamed, entities are never resolved."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from lxml import etree  # type: ignore[import-untyped]

from pipelines.errors import FileRefusedError

_WIDEST = 16_384
"""Columns a spreadsheet can have; a cell said to span more is nonsense."""

_ENDS = (b"</html>", b"</table>", b"</workbook>", b"</body>")


def tables(path: Path, base: Path) -> Iterator[tuple[str, Path]]:
    """Name and CSV of the table of an HTML page (all its tables in one), or of each sheet of an XML spreadsheet.

    Args:
        path: the page, in UTF-8.
        base: beside which the CSV files go, as `<base>-0`, ….

    Raises:
        FileRefusedError: it has no end: the transfer broke off.
    """
    with path.open("rb") as stream:
        is_xml = b"urn:schemas-microsoft-com:office:spreadsheet" in stream.read(1 << 16)
        stream.seek(max(path.stat().st_size - 4096, 0))
        tail = stream.read().lower()
        if not any(end in tail for end in _ENDS):
            raise FileRefusedError(
                "the HTML table has no end (</table>); the transfer broke off: ask for the file again"
            )
    names: list[str] = []
    with ExitStack() as files:
        writer: Any = None
        for sheet, cells in _rows(path, is_xml=is_xml):
            if not names or sheet != names[-1]:
                target = base.with_name(f"{base.name}-{len(names)}")
                names.append(sheet)
                writer = csv.writer(
                    files.enter_context(target.open("w", encoding="utf-8", newline="")), lineterminator="\n"
                )
            writer.writerow(cells)
    for place, name in enumerate(names):
        yield name, base.with_name(f"{base.name}-{place}")


def _rows(path: Path, *, is_xml: bool) -> Iterator[tuple[str, list[str]]]:
    """Sheet name and cells of each row that holds anything, all of a sheet's rows equally wide from its widest on."""
    sheet, width = "", 0
    below: dict[int, int] = {}
    for element in _elements(path, is_xml=is_xml):
        kind = etree.QName(element).localname.lower()
        if kind in ("table", "worksheet"):
            below, width = {}, 0 if kind == "worksheet" else width
        else:
            sheet = _sheet_of(element) if is_xml else ""
            cells = _cells(element, below)
            if any(cells):
                width = max(width, len(cells))
                yield sheet, cells + [""] * (width - len(cells))
        _free(element)


def _elements(path: Path, *, is_xml: bool) -> Iterator[Any]:
    safe: dict[str, Any] = {"no_network": True, "huge_tree": False, "encoding": "utf-8"}
    if is_xml:
        safe |= {"resolve_entities": False, "load_dtd": False, "recover": False, "tag": ("{*}Row", "{*}Worksheet")}
    else:
        safe |= {"html": True, "recover": True, "tag": ("tr", "table")}
    for _, element in etree.iterparse(str(path), events=("end",), **safe):
        yield element


def _cells(row: Any, below: dict[int, int]) -> list[str]:
    """The texts of a row; a cell spanning columns or rows holds its text once, the places it covers are empty."""
    cells: list[str] = []
    for cell in row:
        if not isinstance(cell.tag, str) or etree.QName(cell).localname.lower() not in ("td", "th", "cell"):
            continue
        _leave_covered(cells, below)
        index = _number(cell, "Index", "index")
        cells += [""] * (min(index, _WIDEST) - 1 - len(cells))
        across = max(_number(cell, "colspan"), _number(cell, "MergeAcross") + 1, 1)
        down = max(_number(cell, "rowspan") - 1, _number(cell, "MergeDown"), 0)
        place = len(cells)
        cells += [" ".join("".join(cell.itertext()).split()), *[""] * (across - 1)]
        if down:
            below |= dict.fromkeys(range(place, len(cells)), down + 1)
        if len(cells) > _WIDEST:
            raise FileRefusedError(f"a row of the HTML table is wider than {_WIDEST:,} columns: this is no table")
    _leave_covered(cells, below)
    for place in [place for place, rows in below.items() if rows <= 1]:
        del below[place]
    for place in below:
        below[place] -= 1
    return cells


def _leave_covered(cells: list[str], below: dict[int, int]) -> None:
    """Step over places that a cell of a row above covers."""
    while len(cells) in below and len(cells) < _WIDEST:
        cells.append("")


def _number(cell: Any, *names: str) -> int:
    for key, value in cell.attrib.items():
        if etree.QName(key).localname in names and str(value).isascii() and str(value).isdigit():
            return min(int(value), _WIDEST)
    return 0


def _sheet_of(row: Any) -> str:
    for parent in row.iterancestors("{*}Worksheet"):
        return next((str(value) for key, value in parent.attrib.items() if etree.QName(key).localname == "Name"), "")
    return ""


def _free(element: Any) -> None:
    """Forget what was read, so that the memory follows the row and not the page."""
    element.clear()
    while element.getprevious() is not None and element.getparent() is not None:
        del element.getparent()[0]
