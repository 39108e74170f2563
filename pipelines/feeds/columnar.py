"""Parquet and JSON Lines as CSV, every value as text; streamed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from pipelines.errors import FileRefusedError
from pipelines.settings import BUSINESS_ZONE

_BATCH_ROWS = 65_536
_MOST_KEYS = 2_000
_FIRST_LINES = 1_000
_KEY = r'"((?:[^"\\]|\\.)+)"\s*:'


def parquet(path: Path, base: Path) -> Iterator[tuple[str, Path]]:
    """The CSV of a Parquet file: dates as ISO, times of day in China, floats without a needless `.0`, NaN as empty."""
    target = base.with_name(f"{base.name}-0")
    with pq.ParquetFile(path) as source, target.open("wb") as out:
        pl.DataFrame([source.schema_arrow.names], orient="row").write_csv(out, include_header=False)
        for batch in source.iter_batches(batch_size=_BATCH_ROWS):
            frame = pl.DataFrame(batch)
            texts = frame.select(_as_text(name, kind) for name, kind in frame.schema.items())
            texts.write_csv(out, include_header=False, quote_style="necessary")
    yield "", target


def _as_text(name: str, kind: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if kind.is_float():
        return column.fill_nan(None).cast(pl.Float64).cast(pl.String).str.replace(r"\.0$", "")
    if isinstance(kind, pl.Datetime) and kind.time_zone:
        return column.dt.convert_time_zone(str(BUSINESS_ZONE)).dt.replace_time_zone(None).cast(pl.String)
    if isinstance(kind, pl.Struct):
        return column.struct.json_encode()
    if isinstance(kind, (pl.List, pl.Array)):
        return pl.lit(None, pl.String).alias(name)
    return column.cast(pl.String).str.replace_all("\r\n?", "\n")


def json_lines(path: Path, base: Path, aliases: frozenset[str]) -> Iterator[tuple[str, Path]]:
    """The CSV of one JSON object a line; a line that is none is written as one field, so that it is no row of the table.

    Args:
        path: the lines, in UTF-8.
        base: beside which the CSV goes, as `<base>-0`.
        aliases: headings of the contract: a key of these counts even when it first comes late.

    Raises:
        FileRefusedError: its objects have thousands of keys.
    """
    lines = pl.scan_lines(path, name="line").filter(pl.col("line").str.strip_chars() != "")
    keys = _keys(path, lines, aliases)
    if len(keys) > _MOST_KEYS:
        raise FileRefusedError(
            f"the JSON objects have more than {_MOST_KEYS:,} keys; expected the headings of one table"
        )
    line = pl.col("line").str.strip_chars()
    is_object = line.str.starts_with("{") & line.str.json_path_match("$").is_not_null()
    row = pl.concat_str([_quoted(line.str.json_path_match(f"$['{key}']")) for key in keys], separator=",")
    target = base.with_name(f"{base.name}-0")
    with target.open("wb") as out:
        pl.DataFrame([keys], orient="row").write_csv(out, include_header=False, quote_style="always")
        lines.select(pl.when(is_object).then(row).otherwise(_quoted(line))).sink_csv(
            out, include_header=False, quote_style="never"
        )
    yield "", target


def _quoted(value: pl.Expr) -> pl.Expr:
    """A CSV field, always quoted; empty when there is nothing."""
    inside = value.str.replace_all('"', '""', literal=True)
    return pl.concat_str(pl.lit('"'), inside, pl.lit('"')).fill_null("")


def _keys(path: Path, lines: pl.LazyFrame, aliases: frozenset[str]) -> list[str]:
    """Keys of the first objects in their order, then the contract's own that come later."""
    found: dict[str, None] = {}
    for text in lines.head(_FIRST_LINES).collect()["line"]:
        found |= dict.fromkeys(_object(text))
    seen = lines.select(pl.col("line").str.extract_all(_KEY).explode().unique()).collect().to_series().drop_nulls()
    for text in seen.sort():
        found |= {key: None for key in _object(f"{{{text} 0}}") if key in aliases}
    return [key for key in found if not re.search(r"['\\\[\]]", key)]


def _object(text: str) -> Mapping[str, object]:
    try:
        made = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return made if isinstance(made, dict) else {}
