"""The review band: links a person should decide on, written for people, and their decisions read back."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import fastexcel
import polars as pl

from pipelines.errors import UsageError
from pipelines.quarantine.correction import without_apostrophe, write_cells
from pipelines.registers.link import link
from pipelines.registers.model import model
from pipelines.registers.wording import make_macros
from pipelines.runs import Run
from pipelines.settings import Settings, today_in_china, week_of
from pipelines.warehouse.connect import catalog_version, expect_warehouse, transaction, writer
from pipelines.warehouse.lock import only_writer
from pipelines.warehouse.migrate import migrate

HEADINGS = {
    "source_feed": "来源",
    "source_id": "来源编号",
    "account_no": "户号",
    "source_name": "户名",
    "source_address": "用能地址",
    "candidate_no": "候选",
    "uscc": "候选代码",
    "entity_name": "候选名称",
    "entity_address": "候选注册地址",
    "score": "匹配概率",
    "evidence": "依据",
    "is_ambiguous": "另有同样相近的候选",
}
ANSWERS = {"decision": "是否同一主体（是/否）", "decided_by": "确认人", "note": "备注"}
"""Columns that people fill in; a row without a decision stays open."""

_READ = ("source_feed", "source_id", "uscc")
_WORDS = {"是": True, "否": False}

_CHECKED = """
WITH sources AS (  -- as in sql/registers/parties.sql, whenever they were delivered: a question may be older than the newest file
    SELECT 'utilities__bills' AS source_feed, account_id(account_no, account_name, address) AS source_id
    FROM (SELECT DISTINCT account_no, account_name, address FROM lake.feed.utilities__bills
          WHERE uscc IS NULL AND account_name IS NOT NULL)
    UNION ALL SELECT 'agriculture__operators', operator_id FROM lake.feed.agriculture__operators WHERE uscc IS NULL
    UNION ALL SELECT source_feed, source_id FROM lake.register.links WHERE method <> 'organisation_code'
)
SELECT *, concat_ws(' ', source_feed, source_id) AS source,
    (source_feed, source_id) IN (SELECT (source_feed, source_id) FROM sources) AS is_source,
    uscc IN (SELECT uscc FROM lake.feed.registry__entities) AS is_entity,
    NOT is_accepted AND (source_feed, source_id, uscc) IN (
        SELECT (source_feed, source_id, uscc) FROM lake.register.decisions) AS is_taken_back
FROM decided ORDER BY line
"""
"""The answers, and whether linking knows their source and the register their code (closed or not). What was once decided
can be refused later, whatever it names."""


def export_review(settings: Settings, path: Path, as_of: date | None, run_id: str) -> int:
    """Write what is open at as-of to an Excel workbook or a CSV; returns the number of accounts and farms in question.

    The file names holders and places in clear: it is for the people who decide, and holds personal data.

    Raises:
        UsageError: the file's ending is neither .xlsx nor .csv.
    """
    _check_ending(path)
    open_rows = pl.read_parquet(_linked(settings, as_of, run_id).handover("review"))
    shown = open_rows.with_columns(
        pl.col("is_ambiguous").replace_strict({True: "是", False: ""}, return_dtype=pl.String)
    ).rename(HEADINGS)
    shown = shown.select(*HEADINGS.values(), *(pl.lit(None, pl.String).alias(heading) for heading in ANSWERS.values()))
    write_cells(shown, path, "待确认关联")
    return open_rows.select("source_feed", "source_id").n_unique()


def import_decisions(settings: Settings, path: Path, decided_on: date | None = None) -> int:
    """Read the decisions of a review file into `register.decisions`; returns how many there are.

    They count from `decided_on` (default: today in China) on: lists with an earlier as-of stay as they were.

    Raises:
        UsageError: a heading is missing, or a row says neither yes nor no, or names nobody who decided, or a source or a
            code that is not known, or rows contradict each other; nothing of the file is taken then.
        BusyError: another job writes to the warehouse.
    """
    _check_ending(path)
    decided = _answered(_rows(path), path)
    if decided.is_empty():
        raise UsageError(f"{path.name}: no row has 是 or 否 under {ANSWERS['decision']!r}; fill it in and import again")
    expect_warehouse(settings)
    day = decided_on or today_in_china()
    with only_writer(settings, "links import"), writer(settings) as con:
        migrate(con)
        con.register("decided", decided)
        make_macros(con, model())
        _refuse_unknown(con.execute(_CHECKED).pl(), path)
        with transaction(con):
            con.execute(
                """
                INSERT INTO lake.register.decisions BY NAME
                SELECT coalesce((SELECT max(decision_no) FROM lake.register.decisions), 0) + row AS decision_no,
                       source_feed, source_id, uscc, is_accepted, decided_by, $decided_on::DATE AS decided_on, note
                FROM decided
                """,
                {"decided_on": day},
            )
    return decided.height


def _linked(settings: Settings, as_of: date | None, run_id: str) -> Run:
    """The links at as-of in a work folder of their own, so that a list under way is not disturbed."""
    expect_warehouse(settings)
    day = as_of or settings.default_as_of()
    with only_writer(settings, "links export"), writer(settings) as con:
        migrate(con)
        version = catalog_version(con)
    run = Run(settings, week_of(day), day, version, run_id, settings.work / f"review-{day}")
    run.save()
    link(run)
    return run


def _check_ending(path: Path) -> None:
    if path.suffix not in (".xlsx", ".csv"):
        raise UsageError(f"{path.name}: expected a file that ends in .xlsx or .csv")


def _rows(path: Path) -> pl.DataFrame:
    """The cells of a review file as text, under our own names.

    Raises:
        UsageError: it cannot be read, or a heading is missing.
    """
    try:
        rows = (
            pl.read_csv(path, infer_schema=False)
            if path.suffix == ".csv"
            else pl.read_excel(path, infer_schema_length=0)
        )
    except (OSError, pl.exceptions.PolarsError, fastexcel.FastExcelError) as error:
        raise UsageError(f"{path.name} cannot be read ({error}); expected a file of `shoudai links export`") from error
    wanted = {name: HEADINGS[name] for name in _READ} | ANSWERS
    missing = [heading for heading in wanted.values() if heading not in rows.columns]
    if missing:
        raise UsageError(
            f"{path.name}: no column {', '.join(missing)}; expected a file of `shoudai links export` with its headings"
        )
    text = {name: without_apostrophe(pl.col(heading).cast(pl.String)) for name, heading in wanted.items()}
    return rows.select(cell.str.strip_chars().alias(name) for name, cell in text.items()).with_row_index(
        "line", offset=2
    )


def _answered(rows: pl.DataFrame, path: Path) -> pl.DataFrame:
    """The rows with a decision, checked whole: line, row, source_feed, source_id, uscc, is_accepted, decided_by, note."""
    answered = rows.filter(pl.col("decision").fill_null("") != "")
    _refuse(answered, ~pl.col("decision").is_in(list(_WORDS)), path, ANSWERS["decision"], "是 or 否", "decision")
    nobody = pl.col("decided_by").fill_null("") == ""
    _refuse(answered, nobody, path, ANSWERS["decided_by"], "who decided", "decided_by")
    for name in _READ:
        empty = pl.col(name).fill_null("") == ""
        _refuse(answered, empty, path, HEADINGS[name], "the value as exported", name)
    both = pl.col("decision").n_unique().over(_READ) > 1
    _refuse(
        answered, both, path, ANSWERS["decision"], "one answer per 来源编号 and 候选代码, not 是 and 否", "decision"
    )
    twice = (pl.col("decision") == "是").sum().over("source_feed", "source_id") > 1
    _refuse(answered, twice & (pl.col("decision") == "是"), path, HEADINGS["source_id"], "one owner only", "source_id")
    return answered.select(
        "line",
        (pl.int_range(pl.len()) + 1).alias("row"),
        *_READ,
        pl.col("decision").replace_strict(_WORDS, return_dtype=pl.Boolean).alias("is_accepted"),
        "decided_by",
        "note",
    )


def _refuse_unknown(checked: pl.DataFrame, path: Path) -> None:
    new = checked.filter(~pl.col("is_taken_back"))
    place = f"{HEADINGS['source_feed']} and {HEADINGS['source_id']}"
    _refuse(new, ~pl.col("is_source"), path, place, "an account or farm without a code, as exported", "source")
    _refuse(new, ~pl.col("is_entity"), path, HEADINGS["uscc"], "a code of the register (registry__entities)", "uscc")


def _refuse(rows: pl.DataFrame, wrong: pl.Expr, path: Path, heading: str, expected: str, column: str) -> None:
    found = rows.filter(wrong).head(1)
    if not found.is_empty():
        raise UsageError(
            f"{path.name}: row {found['line'].item()}, column {heading}: found {found[column].item()!r}, expected {expected}; "
            "nothing of the file was taken, mend it and import again"
        )
