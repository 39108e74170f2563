"""The published file: its tables, their comments, what must not be in it, and what must add up."""

from __future__ import annotations

import json

from openpyxl import load_workbook

from pipelines.feeds.contract import feeds
from pipelines.warehouse.tables import tables

from .homes import WEEK, list_files, personal_columns

PROMISED = {
    "out.target_list", "out.eligibility", "out.attrition", "out.watchlist", "out.conversions", "out.funnel", "out.plan_progress",
    "ops.files", "quarantine.rows",
}  # fmt: skip


def test_every_promised_table_is_there_with_comments_on_it_and_its_columns(county):
    commented = dict(county.ask("SELECT schema_name || '.' || table_name, comment FROM duckdb_tables()"))
    assert set(commented) >= PROMISED | {f"feed.{feed}" for feed in feeds()}
    assert [name for name, comment in commented.items() if not comment] == []
    assert (
        county.ask("SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal AND comment IS NULL") == []
    )


def test_declared_tables_have_their_declared_columns_in_order(county):
    for declared in tables():
        found = county.ask(
            f"SELECT column_name FROM duckdb_columns() WHERE schema_name || '.' || table_name = '{declared.name}' ORDER BY column_index"
        )
        if found:
            assert [name for (name,) in found] == list(declared.table_columns), declared.name


def test_personal_columns_are_absent(county):
    assert personal_columns(), "the contracts name some"
    found = county.ask("SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = 'feed'")
    assert personal_columns() & set(found) == set()


def test_the_list_is_unique_ranked_unborrowed_and_adds_up(county):
    rows = county.ask(
        "SELECT rank, uscc, name, first_loan_status, score, points, reasons, segment, segments FROM out.target_list ORDER BY rank"
    )
    assert len(rows) > 500
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    assert len({row[1] for row in rows}) == len(rows)
    assert {row[3] for row in rows} <= {"presumed", "confirmed"}
    assert all(row[2] for row in rows)
    assert all(sum(points) == score and len(points) == len(reasons) for *_, score, points, reasons, _, _ in rows)
    assert all(segment in segments for *_, segment, segments in rows)
    assert [row[4] for row in rows] == sorted((row[4] for row in rows), reverse=True)


def test_nobody_suppressed_borrowing_or_outside_a_segment_is_listed(county):
    suppressed = """
        SELECT uscc FROM feed.crm__suppressions
        WHERE coalesce(from_on, DATE '1900-01-01') <= DATE '2026-11-23' AND coalesce(until_on, DATE '2200-01-01') >= DATE '2026-11-23'
    """
    assert county.ask(f"SELECT count(*) > 10 FROM ({suppressed})") == [(True,)]
    assert county.ask(f"SELECT uscc FROM out.target_list SEMI JOIN ({suppressed}) USING (uscc)") == []
    assert (
        county.ask(
            "SELECT uscc FROM out.target_list JOIN out.eligibility USING (uscc) WHERE rule__never_borrowed IS NOT TRUE OR rule__in_business IS NOT TRUE"
        )
        == []
    )
    assert county.ask("SELECT uscc FROM out.target_list WHERE starts_with(uscc, 'farm:')") == []


def test_whoever_is_in_a_segment_and_not_suppressed_is_listed(county):
    segments = [
        name
        for (name,) in county.ask(
            "SELECT column_name FROM duckdb_columns() WHERE table_name = 'eligibility' AND starts_with(column_name, 'segment__')"
        )
    ]
    in_any = " OR ".join(segments)
    listed_or_suppressed = "SELECT uscc FROM out.target_list UNION ALL SELECT uscc FROM feed.crm__suppressions"
    missing = county.ask(
        f"SELECT uscc FROM (FROM out.eligibility WHERE {in_any}) ANTI JOIN ({listed_or_suppressed}) USING (uscc)"
    )
    assert missing == []


def test_attrition_adds_up_step_by_step_and_against_eligibility(county):
    rows = county.ask(
        "SELECT segment, step, rule, entities_in, passed, failed, unknown FROM out.attrition ORDER BY segment, step"
    )
    entities = county.ask("SELECT count(*) FROM out.eligibility")[0][0]
    for position, (segment, step, _, entered, passed, failed, unknown) in enumerate(rows):
        assert entered == passed + failed + unknown
        is_first = position == 0 or rows[position - 1][0] != segment
        assert entered == (entities if is_first else rows[position - 1][4]), (segment, step)
    last = {segment: passed for segment, _, _, _, passed, _, _ in rows}
    assert len(last) == 8
    for segment, passed in last.items():
        assert county.ask(f"SELECT count(*) FROM out.eligibility WHERE segment__{segment}") == [(passed,)], segment


def test_the_watchlist_names_entities_that_are_not_in_the_segment(county):
    watched = county.ask("SELECT uscc, segment, missing_rule, outcome FROM out.watchlist")
    assert watched
    assert {outcome for *_, outcome in watched} <= {"short", "needs_data"}
    assert len({(uscc, segment) for uscc, segment, *_ in watched}) == len(watched)
    for segment in {segment for _, segment, *_ in watched}:
        assert (
            county.ask(
                f"SELECT uscc FROM out.watchlist JOIN out.eligibility USING (uscc) WHERE segment = '{segment}' AND segment__{segment}"
            )
            == []
        )


def test_farm_operators_without_a_code_are_watched_and_needs_data_is_said(county):
    found = county.ask("SELECT DISTINCT segment, outcome FROM out.watchlist WHERE starts_with(uscc, 'farm:')")
    assert found == [("rural", "needs_data")]


def test_the_links_stand_and_no_scaffold_is_left(county):
    published = county.settings.published
    assert county.current.is_symlink()
    assert (published / "latest").resolve() == (published / WEEK)
    assert sorted(path.name for path in published.iterdir()) == [
        WEEK,
        "current.duckdb",
        "latest",
        "quality.html",
        "report.html",
    ]


def test_the_manifest_states_the_digest_of_every_file(county):
    folder = county.settings.published / WEEK
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    text = json.dumps(manifest)
    assert all(digest in text for digest in list_files(folder).values())
    assert manifest["as_of"] == "2026-11-23"
    assert manifest["counts"]["listed"] == county.ask("SELECT count(*) FROM out.target_list")[0][0]


def test_marketing_gets_chinese_headings_and_no_cell_that_runs(county):
    folder = county.settings.published / WEEK
    sheet = load_workbook(next(folder.glob("*.xlsx"))).worksheets[0]
    assert sheet.freeze_panes is not None
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert not [cell.coordinate for cell in cells if cell.data_type == "f"]
    text = next(folder.glob("*.csv")).read_bytes()
    assert text.startswith(b"\xef\xbb\xbf")
    assert "统一社会信用代码" in text.decode("utf-8-sig").splitlines()[0]
