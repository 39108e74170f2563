"""How the warehouse writes its files: as told, readable by others than the engine, and as whoever keeps the catalog chose."""

from datetime import date

import polars as pl
import pyarrow.parquet as pq
import pytest

from pipelines.settings import Settings
from pipelines.warehouse.connect import writer
from pipelines.warehouse.migrate import FILES, migrate

ROWS = """
    SELECT '91510600MA' || lpad(i::VARCHAR, 8, '0') AS uscc, DATE '2026-10-01' AS month,
           nullif(i, 7)::DECIMAL(18, 2) / 4 AS inflow, (i % 3)::DECIMAL(18, 2) AS outflow, 'some-file' AS file_id, i + 1 AS row_no,
           DATE '2026-11-05' AS received_on
    FROM range(5000) AS r (i)
"""


@pytest.fixture
def home(tmp_path):
    """A warehouse with one file of flows."""
    settings = Settings.from_env(tmp_path / "home", tmp_path)
    with writer(settings) as con:
        migrate(con)
        con.execute(f"INSERT INTO lake.feed.bank__flows BY NAME {ROWS}")
    return settings


def flows_of(settings):
    (file,) = (settings.home / "lake").rglob("bank__flows/*.parquet")
    return file


def test_files_are_written_as_told(home):
    columns = [pq.ParquetFile(flows_of(home)).metadata.row_group(0).column(place) for place in range(4)]
    assert {column.compression for column in columns} == {"LZ4"}  # so pyarrow calls LZ4_RAW
    assert "DELTA_LENGTH_BYTE_ARRAY" in columns[0].encodings  # of the second version of the format only


def test_others_read_what_was_written(home):
    """Polars and Arrow have readers of their own."""
    of_polars = pl.read_parquet(flows_of(home)).sort("row_no")
    assert of_polars.height == 5000
    assert of_polars["inflow"].null_count() == 1
    assert of_polars.row(8)[:4] == ("91510600MA00000008", date(2026, 10, 1), 2, 2)
    of_arrow = pq.read_table(flows_of(home)).sort_by("row_no")
    assert pl.DataFrame(of_arrow).equals(of_polars)


def test_whoever_keeps_the_catalog_may_choose(home):
    with writer(home) as con:
        con.execute("CALL lake.set_option('parquet_compression', 'zstd')")
    with writer(home) as con:
        migrate(con)
        chosen = dict(con.execute("SELECT option_name, value FROM lake.options()").fetchall())
    assert chosen["parquet_compression"] == "zstd"
    assert chosen["parquet_version"] == f"V{FILES['parquet_version']}"
