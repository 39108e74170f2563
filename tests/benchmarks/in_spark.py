"""The query of `by_hand.sql` on PySpark `local[2]`, put into its dialect by SQLGlot; reads the lake's Parquet."""

from __future__ import annotations

import re
from pathlib import Path

from tests.benchmarks.apart import Work, with_contenders
from tests.benchmarks.deciding import BY_HAND, COUNTED


def in_spark(home: Path, scratch: Path) -> Work:
    """Count who is eligible on 2026-11-23."""
    with_contenders()
    import sqlglot
    from pyspark.sql import SparkSession

    (query,) = sqlglot.transpile(BY_HAND, read="duckdb", write="spark")
    builder = SparkSession.builder.master("local[2]").config("spark.driver.memory", "12g")
    spark = (
        builder.config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.local.dir", str(scratch))
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    counted: list[tuple[int, ...]] = []

    def count() -> None:
        for feed in set(re.findall(r"lake\.feed\.(\w+)", query)):
            spark.read.parquet(str(home / "lake" / "feed" / feed)).createOrReplaceTempView(feed)
        counted.append(tuple(spark.sql(query.replace("lake.feed.", "")).collect()[0]))

    return Work(count, lambda: dict(zip(COUNTED, counted[0], strict=True)))
