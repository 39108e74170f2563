"""Loading a tax__payments file into DuckDB as dlt's documentation shows it: `filesystem | read_csv`, then `pipeline.run`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.benchmarks import tax_file
from tests.benchmarks.apart import Work, with_contenders


def in_dlt(inputs: Path, scratch: Path) -> Work:
    """The clean file into a table; dlt infers the types and checks no contract."""
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "DLT_DATA_DIR": str(scratch)}
    with_contenders()
    import dlt
    from dlt.sources.filesystem import filesystem, read_csv

    target = scratch / "loaded.duckdb"
    pipeline = dlt.pipeline(
        "tax", destination=dlt.destinations.duckdb(str(target)), dataset_name="feed", pipelines_dir=str(scratch)
    )
    files = filesystem(bucket_url=(inputs / "clean").as_uri(), file_glob=tax_file.NAME)

    def answer() -> dict[str, int]:
        with pipeline.sql_client() as client:
            ((rows,),) = client.execute_sql("SELECT count(*) FROM tax")
        return {"rows_in": rows}

    return Work(lambda: pipeline.run((files | read_csv()).with_name("tax")), answer)
