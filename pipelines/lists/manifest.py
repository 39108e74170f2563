"""`manifest.json`: what a release is made of, file by file, so that anyone can check a copy."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import polars as pl

MANIFEST = "manifest.json"


def write_manifest(folder: Path, release: Mapping[str, Any]) -> Path:
    """Write `manifest.json` into `folder`: the release and, for each other file in it, SHA-256, size and row count.

    Args:
        folder: a release; every file in it but the manifest is listed under `files` by its path inside the folder.
        release: as-of, catalog version, input digests, parameter and scorecard versions, …; dates become ISO text.

    Returns:
        The path of the manifest. Keys are sorted, so the same release gives the same bytes. `rows` is what the list in
        the file holds (null for a file that is not a list).
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    entries = {path.relative_to(folder).as_posix(): _entry(path) for path in files}
    text = json.dumps({**release, "files": entries}, ensure_ascii=False, indent=2, sort_keys=True, default=str)
    path = folder / MANIFEST
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
    return path


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _entry(path: Path) -> dict[str, Any]:
    return {"bytes": path.stat().st_size, "rows": _rows(path), "sha256": sha256(path)}


def _rows(path: Path) -> int | None:
    if path.suffix == ".parquet":
        return int(pl.scan_parquet(path).select(pl.len()).collect().item())
    if path.suffix == ".csv":
        return int(pl.scan_csv(path, infer_schema=False).select(pl.len()).collect().item())
    return _workbook_rows(path) if path.suffix == ".xlsx" else None


def _workbook_rows(path: Path) -> int:
    """Rows below the headings on the sheet 名单, as it states its own extent."""
    with ZipFile(path) as book:
        names = re.findall(r'<sheet name="([^"]*)"', book.read("xl/workbook.xml").decode("utf-8"))
        return _extent(book, f"xl/worksheets/sheet{names.index('名单') + 1}.xml") - 1


def _extent(book: ZipFile, member: str) -> int:
    with book.open(member) as sheet:
        start = sheet.read(4096).decode("utf-8", errors="ignore")
    found = re.search(r'<dimension ref="[A-Z]+\d+(?::[A-Z]+(\d+))?"', start)
    return int(found.group(1) or 1) if found else 1
