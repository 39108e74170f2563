"""A tax__payments file of any size, as the department sends it, twice: clean, and with one row in a thousand spoilt.

The spoilt rows have known fates, so that the landing's counts can be checked, not only timed.
"""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

from tests.benchmarks.codes import check_sql, code_sql

NAME = "tax_20261120.csv"
HEADER = (
    "纳税人识别号,纳税人名称,征收项目,税款所属期起,税款所属期止,申报期限,申报日期,入库日期,应补退税额,实缴税额,"
    "代扣代缴标志,税票号码"
)
LINES_PER_ENTITY = 3
SPOILT_EVERY = 1000

SPOILT = (
    ("wrong check character", "quarantined", "concat_ws(',', body || wrong, rest, paid, tail)"),
    (
        "full-width code",
        "accepted",
        "concat_ws(',', translate(uscc, '0123456789', '０１２３４５６７８９'), rest, paid, tail)",
    ),
    ("no code", "quarantined", "concat_ws(',', '', rest, paid, tail)"),
    ("impossible date", "quarantined", "concat_ws(',', uscc, replace(rest, '2026-10-31', '2026-02-30'), paid, tail)"),
    ("compact date", "accepted", "concat_ws(',', uscc, replace(rest, '2026-10-31', '20261031'), paid, tail)"),
    ("words for an amount", "quarantined", "concat_ws(',', uscc, rest, '见备注', tail)"),
    ("currency sign", "accepted", "concat_ws(',', uscc, rest, '¥' || paid, tail)"),
    ("fields missing", "quarantined", "concat_ws(',', uscc, rest)"),
    ("the row before again", "duplicate", "before"),
    ("the key before, other content", "quarantined", "concat_ws(',', uscc, rest, '0.01', tail_before)"),
)
"""What is done to a row, what must become of it, and the SQL of its line. A key with two contents costs both rows."""


def make(folder: Path, rows: int) -> None:
    """Write `clean/` and `inbox/tax__payments/` with one file of `rows` rows each, and `expected.json`."""
    clean, dirty = folder / "clean" / NAME, folder / "inbox" / "tax__payments" / NAME
    for path in (clean, dirty):
        path.parent.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect()
    con.execute(_lines(rows))
    _write(con, "SELECT concat_ws(',', uscc, rest, paid, tail) AS line FROM lines", clean)
    fates = " ".join(f"WHEN {kind} THEN {sql}" for kind, (_, _, sql) in enumerate(SPOILT))
    _write(con, f"SELECT CASE kind {fates} ELSE concat_ws(',', uscc, rest, paid, tail) END AS line FROM lines", dirty)
    (folder / "expected.json").write_text(json.dumps(_expected(con, rows)), encoding="utf-8")
    con.close()


def _lines(rows: int) -> str:
    """A table `lines`: the parts of each line, in the order of the file, and which spoilt kind it is (NULL: none)."""
    entities = -(-rows // LINES_PER_ENTITY)
    return f"""
        CREATE TABLE lines AS
        WITH bodies AS (
            SELECT i, '92510623MA' || lpad(((i * 7919) % 10000000)::VARCHAR, 7, '0') AS body FROM range({entities}) AS t (i)
        ),
        entities AS (SELECT i, body, {code_sql("body")} AS uscc, {check_sql("body", 7)} AS wrong FROM bodies),
        parts AS (
            SELECT k * {entities} + i AS place, body, uscc, wrong,
                concat_ws(',', '德阳市某某商贸' || i || '部', ['增值税', '城市维护建设税', '个人所得税'][1 + k],
                    '2026-10-01', '2026-10-31', '2026-11-16', '2026-11-' || lpad((1 + i % 15)::VARCHAR, 2, '0'),
                    '2026-11-' || lpad((2 + i % 15)::VARCHAR, 2, '0'), (hash(i, k) % 1000000 / 100)::DECIMAL(18, 2)) AS rest,
                (hash(i, k) % 1000000 / 100)::DECIMAL(18, 2)::VARCHAR AS paid, '否,V' || (i * {LINES_PER_ENTITY} + k) AS tail
            FROM entities, range({LINES_PER_ENTITY}) AS r (k)
        )
        SELECT body, uscc, wrong, rest, paid, tail, lag(tail) OVER (ORDER BY place) AS tail_before,
            lag(concat_ws(',', uscc, rest, paid, tail)) OVER (ORDER BY place) AS before,
            CASE WHEN place % {SPOILT_EVERY} = {SPOILT_EVERY - 1} THEN place // {SPOILT_EVERY} % {len(SPOILT)} END AS kind
        FROM parts ORDER BY place LIMIT {rows}
    """


def _write(con: duckdb.DuckDBPyConnection, lines: str, path: Path) -> None:
    con.execute(
        f"COPY (SELECT '{HEADER}' AS line UNION ALL SELECT line FROM ({lines})) TO '{path}' "
        "(FORMAT csv, HEADER false, DELIMITER '\t', QUOTE '', ESCAPE '')"
    )


def _expected(con: duckdb.DuckDBPyConnection, rows: int) -> dict[str, int]:
    counted = dict(con.execute("SELECT kind, count(*) FROM lines WHERE kind IS NOT NULL GROUP BY kind").fetchall())
    fates = {"accepted": 0, "duplicate": 0, "quarantined": 0}
    for kind, (what, fate, _) in enumerate(SPOILT):
        fates[fate] += counted.get(kind, 0) * (2 if what.startswith("the key before") else 1)
    fates["accepted"] = rows - fates["duplicate"] - fates["quarantined"]
    return {
        "rows_in": rows,
        "accepted": fates["accepted"],
        "duplicates": fates["duplicate"],
        "quarantined": fates["quarantined"],
    }
