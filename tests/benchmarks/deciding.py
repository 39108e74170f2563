"""Features to judged for many entities: our steps, against one hand-written query that only counts who is eligible."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

from tests.benchmarks.apart import Work
from tests.benchmarks.clock import Clock
from tests.benchmarks.codes import code_sql

AS_OF = date(2026, 11, 23)
SEGMENTS = ("individual_taxpayer", "small_employer", "new_enterprise")

ENTITIES = """
    SELECT i, {code} AS uscc, if(i % 3 < 2, '92', '91') AS kind
    FROM (SELECT i, if(i % 3 < 2, '92', '91') || '510623MA' || lpad(((i * 7919) % 10000000)::VARCHAR, 7, '0') AS body
          FROM range({entities}) AS t (i))
"""
MONTHS = "(SELECT (DATE '2025-11-01' + to_months(m::INTEGER))::DATE AS month, m FROM range(12) AS months (m))"
PANELS = {
    "registry__entities": """
        SELECT uscc, '户' || i AS name, DATE '2026-11-20' - (hash(i, 'age') % 4000)::INTEGER AS established_on,
            if(hash(i, 'status') % 20 = 0, '注销', '存续') AS status,
            ['C1311', 'F5211', 'H6210', 'I6510', NULL][1 + (hash(i, 'industry') % 5)::INTEGER] AS industry_code,
            (hash(i, 'people') % 120)::INTEGER AS employees, (hash(i, 'revenue') % 60000000)::DECIMAL(18, 2) AS annual_revenue
        FROM entities
    """,
    "tax__payments": """
        SELECT uscc, '增值税' AS tax_item, month AS period_start, last_day(month) AS period_end,
            last_day(month) + 15 AS due_on, last_day(month) + if(hash(i, m, 'late') % 300 = 0, 20, 8) AS declared_on,
            last_day(month) + 9 AS paid_on, (hash(i, m) % 900000 / 100)::DECIMAL(18, 2) AS tax_due, tax_due AS tax_paid,
            FALSE AS withheld, 'V' || (i * 12 + m) AS voucher_no
        FROM entities, months WHERE hash(i, m, 'missing') % 200 > 0 ORDER BY month
    """,
    "social__insurance": """
        SELECT uscc, month, (1 + i % 25 + hash(i, m) % 2)::INTEGER AS insured_headcount
        FROM entities, months WHERE hash(i, m, 'unseen') % 100 > 0 ORDER BY month
    """,
    "credit__loans": """
        SELECT 'L' || i AS loan_no, uscc, '贷款' AS kind, DATE '2020-01-01' AS granted_on FROM entities WHERE hash(i, 'loan') % 4 = 0
    """,
}

BY_HAND = """
    WITH tax AS (
        SELECT uscc, count(*) AS months, sum(tax_paid) AS paid,
            bool_and(declared_on <= due_on AND (tax_due <= 0 OR (tax_paid >= tax_due AND paid_on <= due_on))) AS is_normal
        FROM lake.feed.tax__payments WHERE period_end BETWEEN DATE '2025-11-01' AND DATE '2026-10-31' GROUP BY uscc
    ),
    staff AS (
        SELECT uscc, count(*) AS months, min(insured_headcount) AS low, max(insured_headcount) AS high
        FROM lake.feed.social__insurance WHERE month BETWEEN DATE '2025-11-01' AND DATE '2026-10-01' GROUP BY uscc
    ),
    borrowers AS (SELECT DISTINCT uscc FROM lake.feed.credit__loans),
    entities AS (
        SELECT *, left(uscc, 2) AS code_kind, CASE
            WHEN industry_code LIKE 'C%' THEN employees < 300 OR annual_revenue < 20000000
            WHEN industry_code LIKE 'F52%' THEN employees < 50 OR annual_revenue < 5000000
            WHEN industry_code LIKE 'H62%' THEN employees < 100 OR annual_revenue < 20000000
            WHEN industry_code LIKE 'I65%' THEN employees < 100 OR annual_revenue < 10000000
        END AS is_small
        FROM lake.feed.registry__entities WHERE status = '存续'
    )
    SELECT
        count(*) FILTER (code_kind = '92' AND tax.months = 12 AND is_normal AND paid >= 50000) AS individual_taxpayer,
        count(*) FILTER (low >= 3 AND high <= 20 AND staff.months >= 11 AND established_on <= DATE '2024-11-23' AND is_small)
            AS small_employer,
        count(*) FILTER (code_kind = '91' AND established_on > DATE '2025-11-23') AS new_enterprise
    FROM entities LEFT JOIN tax USING (uscc) LEFT JOIN staff USING (uscc) ANTI JOIN borrowers USING (uscc)
"""


def make(home: Path, entities: int) -> int:
    """Write the panels straight into a warehouse, with the ledger rows that make them visible; returns the panel rows."""
    from pipelines.settings import Settings
    from pipelines.warehouse.connect import named, writer
    from pipelines.warehouse.migrate import migrate

    shutil.rmtree(home, ignore_errors=True)
    (home / "inbox").mkdir(parents=True)
    rows = 0
    with writer(Settings.from_env(home=home)) as con:
        migrate(con)
        con.execute(f"CREATE TEMP TABLE entities AS {ENTITIES.format(code=code_sql('body'), entities=entities)}")
        con.execute(f"CREATE TEMP TABLE months AS FROM {MONTHS}")
        for feed, panel in PANELS.items():
            columns = named(column[0] for column in con.execute(f"DESCRIBE {panel}").fetchall())
            con.execute(
                f"""
                INSERT INTO lake.feed.{feed} ({columns}, file_id, row_no, received_on)
                SELECT *, '{feed}', 0, DATE '2026-11-20' FROM ({panel})
                """
            )
            con.execute(
                """
                INSERT INTO lake.ops.files (feed, file_id, name, received_on, status, landed_at)
                VALUES ($feed, $feed, $feed, DATE '2026-11-20', 'landed', TIMESTAMP '2026-11-20 08:00:00')
                """,
                {"feed": feed},
            )
            counted = con.execute(f"SELECT count(*) FROM lake.feed.{feed}").fetchone()
            rows += int(counted[0]) if counted and feed in ("tax__payments", "social__insurance") else 0
    return rows


def ours(home: Path, scratch: Path) -> Work:
    """`flow.start`, `flow.features` and `flow.judge`: every rule and segment of every entity, kept as Parquet."""
    import polars as pl

    from pipelines import flow
    from pipelines.settings import Settings

    settings = Settings.from_env(home=home)
    clock = Clock()
    clock.watch(flow, "features", "features")
    clock.watch(flow, "judge", "judge")

    def decide() -> None:
        run = flow.start(settings, AS_OF)
        flow.features(run)
        flow.judge(run)

    def answer() -> dict[str, int]:
        judged = pl.scan_parquet(settings.work / "2026-W48" / "judged.parquet")
        counted = judged.select([pl.col(f"segment__{name}").sum().alias(name) for name in SEGMENTS]).collect()
        return {name: int(counted[name][0]) for name in SEGMENTS}

    return Work(decide, answer, lambda: clock.seconds)


def by_hand(home: Path, scratch: Path) -> Work:
    """One query on the same tables that only counts."""
    from pipelines.settings import Settings
    from pipelines.warehouse.connect import reader

    settings = Settings.from_env(home=home)
    counted: list[tuple[int, ...]] = []

    def count() -> None:
        with reader(settings) as con:
            counted.append(con.execute(BY_HAND).fetchone() or ())

    return Work(count, lambda: dict(zip(SEGMENTS, counted[0], strict=True)))
