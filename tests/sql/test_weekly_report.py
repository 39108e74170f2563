"""`sql/report/`: how a list differs from the one before, and what the register and the cohorts of a week come to."""

from __future__ import annotations

from datetime import date

from pipelines.warehouse.migrate import columns_sql
from pipelines.warehouse.tables import table

from .tables import Warehouse

WEEK, SINCE = "2026-W48", "2026-W47"
LISTED = """
    ('2026-W47', 1, 'gone', 'green', 60, 'A', FALSE),
    ('2026-W47', 2, 'stays', 'green', 50, 'B', FALSE), ('2026-W48', 2, 'stays', 'green', 50, 'B', FALSE),
    ('2026-W47', 3, 'scored', 'green', 50, 'B', FALSE), ('2026-W48', 1, 'scored', 'green', 55, 'B', FALSE),
    ('2026-W47', 4, 'graded', 'rural', 40, 'B', FALSE), ('2026-W48', 4, 'graded', 'rural', 40, 'C', FALSE),
    ('2026-W47', 5, 'moved', 'green', 40, 'C', FALSE), ('2026-W48', 5, 'moved', 'rural', 40, 'C', FALSE),
    ('2026-W47', 6, 'lifted', 'rural', 30, 'C', FALSE), ('2026-W48', 6, 'lifted', 'green', 35, 'C', FALSE), -- moved only
    ('2026-W48', 7, 'new', 'online', 30, 'C', FALSE),
    ('2026-W46', 7, 'again', 'rural', 30, 'C', FALSE), ('2026-W48', 8, 'again', 'rural', 30, 'C', FALSE), -- not on the one before
    ('2026-W47', 8, 'held', 'green', 20, 'C', TRUE), ('2026-W48', 9, 'held', 'green', 25, 'C', TRUE), -- on neither list
    ('2026-W47', 9, 'drawn', 'online', 20, 'C', FALSE), ('2026-W48', 10, 'drawn', 'online', 20, 'C', TRUE) -- held out from now on
"""


def listed(warehouse: Warehouse) -> None:
    warehouse.fill("out.target_list", "week, rank, uscc, segment, score, grade, is_holdout", LISTED)


def made(warehouse: Warehouse, name: str, columns: str, values: str) -> None:
    warehouse.con.execute(f"CREATE TABLE {name} ({columns_sql(table(name).table_columns)})")
    warehouse.fill(name, columns, values)


def test_a_list_is_counted_against_the_one_before_by_segment(warehouse: Warehouse) -> None:
    listed(warehouse)
    names = ("before", "left_list", "moved_out", "entered", "moved_in", "rescored", "unchanged", "now")
    found = {
        row["segment"]: tuple(row[name] for name in names) for row in warehouse.rows("report/changes", since=SINCE)
    }
    assert found == {
        "green": (4, 1, 1, 0, 1, 1, 1, 3),
        "online": (1, 1, 0, 1, 0, 0, 0, 1),
        "rural": (2, 0, 1, 1, 1, 1, 0, 3),
    }
    first = {
        row["segment"]: (row["before"], row["entered"], row["now"])
        for row in warehouse.rows("report/changes", since=None)
    }
    assert first == {"green": (0, 3, 3), "online": (0, 1, 1), "rural": (0, 3, 3)}


def test_whose_causes_are_asked_for_entered_left_or_moved(warehouse: Warehouse) -> None:
    listed(warehouse)
    rows = warehouse.rows("report/changed", since=SINCE, most=9)
    assert {(row["kind"], row["uscc"], row["entities"]) for row in rows} == {
        ("entered", "again", 2), ("entered", "new", 2), ("left", "drawn", 2), ("left", "gone", 2),
        ("moved", "graded", 4), ("moved", "lifted", 4), ("moved", "moved", 4), ("moved", "scored", 4),
    }  # fmt: skip
    assert len(rows) == 8
    (scored,) = (row["listings"] for row in rows if row["uscc"] == "scored")
    assert scored == [  # this week's, then that of the list before
        {"week": WEEK, "rank": 1, "segment": "green", "score": 55, "grade": "B"},
        {"week": SINCE, "rank": 3, "segment": "green", "score": 50, "grade": "B"},
    ]
    assert [one["week"] for row in rows if row["kind"] == "left" for one in row["listings"]] == [SINCE, SINCE]
    some = warehouse.rows("report/changed", since=SINCE, most=1)
    assert sorted((row["kind"], row["entities"]) for row in some) == [("entered", 2), ("left", 2), ("moved", 4)]


def test_the_list_in_figures_leaves_the_hold_outs_out(warehouse: Warehouse) -> None:
    warehouse.fill(
        "out.target_list",
        "week, rank, uscc, segment, grade, product, limit_yuan, is_holdout",
        """
        ('2026-W48', 1, 'A', 'green', 'A', 'basic', 100, FALSE), ('2026-W48', 2, 'B', 'green', 'A', 'basic', 50, FALSE),
        ('2026-W48', 3, 'C', 'green', 'B', 'trade', NULL, FALSE), -- on application
        ('2026-W48', 4, 'D', 'rural', 'B', NULL, NULL, FALSE), -- no product fits
        ('2026-W48', 5, 'E', 'rural', 'B', 'trade', NULL, TRUE), ('2026-W48', 6, 'F', 'rural', 'B', NULL, NULL, TRUE),
        ('2026-W48', 7, 'G', 'rural', 'B', 'basic', 30, TRUE),
        ('2026-W47', 1, 'H', 'rural', 'B', 'basic', 7, FALSE) -- another week
        """,
    )
    (found,) = warehouse.rows("report/listed")
    assert found == {"listed": 4, "held_out": 3, "limit_yuan": 150, "on_application": 1, "without_product": 1}
    first = {most: [row["uscc"] for row in warehouse.rows("report/first", most=most)] for most in (2, 9)}
    assert first == {2: ["A", "B"], 9: ["A", "B", "C", "D"]}
    grades = {(row["segment"], row["grade"]): row["entities"] for row in warehouse.rows("report/grades")}
    assert grades == {("green", "A"): 2, ("green", "B"): 1, ("rural", "B"): 1}


def test_the_register_is_counted_by_feed_and_by_month(warehouse: Warehouse) -> None:
    made(
        warehouse,
        "out.watchlist",
        "week, uscc, segment, missing_rule, outcome, closes_on",
        """
        ('2026-W48', 'A', 'green', 'small_or_micro', 'needs_data', NULL),
        ('2026-W48', 'A', 'park_tech', 'small_or_micro', 'needs_data', NULL), -- one entity
        ('2026-W48', 'B', 'green', 'in_business', 'needs_data', '2027-01-01'),
        ('2026-W48', 'C', 'green', 'never_borrowed', 'needs_data', NULL),
        ('2026-W48', 'C', 'green', 'small_or_micro', 'short', NULL), -- known to be too large: no feed would settle it
        ('2026-W48', 'D', 'small_employer', 'operating_2_years', 'short', '2027-01-31'),
        ('2026-W48', 'E', 'small_employer', 'operating_2_years', 'short', '2027-01-01'),
        ('2026-W48', 'H', 'small_employer', 'operating_2_years', 'short', '2027-03-01'),
        ('2026-W48', 'F', 'individual_taxpayer', 'annual_tax_at_least', 'short', NULL), -- it has to do something
        ('2026-W47', 'G', 'small_employer', 'operating_2_years', 'short', '2027-01-01'),
        ('2026-W47', 'G', 'green', 'in_business', 'needs_data', NULL)
        """,
    )
    rests = {
        "rules": ["small_or_micro", "in_business", "never_borrowed"],
        "feeds": ["registry", "registry", "loans"],
    }
    needing = {row["feed"]: (row["rules"], row["entities"]) for row in warehouse.rows("report/needing", **rests)}
    assert needing == {"registry": (["in_business", "small_or_micro"], 2), "loans": (["never_borrowed"], 1)}
    months = {(row["month"], row["segment"]): row["entities"] for row in warehouse.rows("report/qualifying")}
    assert months == {
        (date(2027, 1, 1), "small_employer"): 2,
        (date(2027, 3, 1), "small_employer"): 1,
        (None, "individual_taxpayer"): 1,
        (None, "green"): 1,
    }


def test_cohorts_are_the_newest_weeks_with_all_their_segments(warehouse: Warehouse) -> None:
    made(
        warehouse,
        "out.funnel",
        "week, segment, grade, published, contacted, applied, disbursed, lost, days_since_published, is_mature",
        """
        ('2026-W30', 'green', 'A', 9, 8, 7, 6, 5, 126, TRUE), -- one too old
        ('2026-W40', 'green', 'A', 10, 5, 4, 3, 2, 56, FALSE), ('2026-W40', 'rural', 'B', 1, 1, 1, 1, 0, 56, FALSE),
        ('2026-W48', 'green', 'A', 7, 0, 0, 0, 1, 0, FALSE)
        """,
    )
    names = ("week", "days", "published", "contacted", "applied", "disbursed", "lost")
    found = [tuple(row[name] for name in names) for row in warehouse.rows("report/cohorts", most=2)]
    assert found == [("2026-W40", 56, 11, 6, 5, 4, 2), ("2026-W48", 0, 7, 0, 0, 0, 1)]


def test_stages_are_counted_by_segment_lane_and_age_each_over_its_own_denominator(warehouse: Warehouse) -> None:
    made(
        warehouse,
        "out.conversions",
        "first_published_week, uscc, segment, is_holdout, contacted_on, applied_on, approved_on, outcome",
        """
        ('2026-W30', 'A', 'green', FALSE, '2026-08-01', '2026-08-02', '2026-08-03', 'disbursed'),
        ('2026-W30', 'B', 'green', FALSE, NULL, '2026-08-02', '2026-08-03', 'disbursed'), -- by itself
        ('2026-W31', 'C', 'green', FALSE, '2026-08-01', NULL, NULL, 'disbursed'), -- without an application on record
        ('2026-W31', 'D', 'green', FALSE, '2026-08-01', '2026-08-02', NULL, 'rejected'),
        ('2026-W31', 'E', 'green', FALSE, '2026-08-01', NULL, NULL, 'lost'),
        ('2026-W31', 'F', 'green', TRUE, NULL, NULL, NULL, 'lost'),
        ('2026-W32', 'G', 'green', TRUE, NULL, NULL, NULL, NULL), -- a cohort of held-out entities alone
        ('2026-W47', 'H', 'green', FALSE, NULL, NULL, NULL, NULL)
        """,
    )
    made(
        warehouse,
        "out.funnel",
        "week, segment, is_mature",
        "('2026-W30', 'green', TRUE), ('2026-W31', 'green', TRUE), ('2026-W47', 'green', FALSE), ('2026-W47', 'rural', TRUE)",
    )
    names = ("published", "contacted", "applied", "approved", "disbursed", "lost")
    both = ("contacted_applied", "contacted_disbursed", "applied_disbursed")
    found = {
        (row["is_holdout"], row["is_mature"]): tuple(row[name] for name in (*names, *both))
        for row in warehouse.rows("report/funnel")
    }
    assert found == {
        (False, True): (5, 4, 3, 2, 3, 1, 2, 2, 2),
        (False, False): (1, 0, 0, 0, 0, 0, 0, 0, 0),
        (True, True): (1, 0, 0, 0, 0, 1, 0, 0, 0),
        (True, None): (1, 0, 0, 0, 0, 0, 0, 0, 0),
    }


def test_feeds_and_steps_are_those_of_the_week(warehouse: Warehouse) -> None:
    made(warehouse, "out.feed_states", "week, feed, state", "('2026-W47', 'a', 'late'), ('2026-W48', 'a', 'fresh')")
    made(
        warehouse,
        "out.attrition",
        "week, segment, step, entities_in",
        "('2026-W47', 'green', 1, 7), ('2026-W48', 'green', 1, 9)",
    )
    assert [row["state"] for row in warehouse.rows("report/feeds")] == ["fresh"]
    assert [row["entities_in"] for row in warehouse.rows("report/attrition")] == [9]


def test_targets_are_those_of_the_day_up_to_which_conversions_were_followed(warehouse: Warehouse) -> None:
    made(
        warehouse,
        "out.plan_progress",
        "as_of, target, actual_value",
        "('2026-11-16', 'green', 3), ('2026-11-23', 'green', 5), ('2026-11-22', 'rural', 1)",
    )
    assert [(row["target"], row["actual_value"]) for row in warehouse.rows("report/targets")] == [("green", 5)]
    assert warehouse.rows("report/followed") == [{"followed_on": date(2026, 11, 23)}]
    warehouse.con.execute("DELETE FROM out.plan_progress")
    assert warehouse.rows("report/followed") == [{"followed_on": None}]
