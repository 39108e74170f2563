"""Who is eligible on PySpark `local[2]`: the query of `by_hand.sql` in its dialect, and our own rules on its rows."""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.apart import Work, with_contenders
from tests.benchmarks.deciding import BY_HAND, COUNTED, counted

BATCH = 100_000
"""Rows of an Arrow batch: each is planned for anew."""


def in_spark(home: Path, scratch: Path) -> Work:
    """Count who is eligible on 2026-11-23 by one query, put into Spark's dialect by SQLGlot; reads the lake's Parquet."""
    spark = _spark(scratch)
    import sqlglot

    (query,) = sqlglot.transpile(BY_HAND, read="duckdb", write="spark")
    found: list[tuple[int, ...]] = []

    def count() -> None:
        for feed in set(re.findall(r"lake\.feed\.(\w+)", query)):
            spark.read.parquet(str(home / "lake" / "feed" / feed)).createOrReplaceTempView(feed)
        found.append(tuple(spark.sql(query.replace("lake.feed.", "")).collect()[0]))

    return Work(count, lambda: dict(zip(COUNTED, found[0], strict=True)))


def our_rules(home: Path, scratch: Path) -> Work:
    """`flow.features`, then the rules of `flow.judge` by Spark on all of its rows, kept as Parquet; who is who is known."""
    spark = _spark(scratch)
    from pyspark.sql.pandas.types import from_arrow_schema

    from pipelines import flow
    from pipelines.settings import Settings
    from pipelines.simulate.months import AS_OF

    run = flow.start(Settings.from_env(home=home), AS_OF)
    flow.link(run)
    judged = scratch / "judged"
    seconds: dict[str, float] = {}

    def decide() -> None:
        began = time.perf_counter()
        flow.features(run)
        seconds["features"] = time.perf_counter() - began
        judge = flow.arrow_judge(run)
        features = spark.read.parquet(str(run.handover("features")))
        features.mapInArrow(judge, from_arrow_schema(judge.schema)).write.parquet(str(judged))
        seconds["judge on Spark"] = time.perf_counter() - began - seconds["features"]

    return Work(decide, lambda: counted(judged / "*.parquet"), lambda: seconds)


def _spark(scratch: Path) -> Any:
    with_contenders()
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local[2]").config("spark.driver.memory", "12g")
    spark = (
        builder.config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.local.dir", str(scratch))
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", str(BATCH))
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    return spark
