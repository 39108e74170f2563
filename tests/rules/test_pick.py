"""The target list: one row per entity, unique ranks, nobody suppressed, a stable hold-out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from pipelines.lists.pick import COLUMNS, pick
from pipelines.offers.offer import offer
from pipelines.parameters import Parameters, rates
from pipelines.scoring.score import score
from pipelines.warehouse.tables import table

from .frames import AS_OF, WEEK, entity, judged, plan


def merchant(number: int, **facts: object) -> dict[str, Any]:
    """A district merchant; equal but for what is named."""
    known = {"name": f"商户{number}", "status": "存续", "site_id": "S2", "site_name": "春熙路商圈", "site_kind": "商圈"}
    return entity(f"92510104MA6C{number:05d}X", **known | facts)


def picked(
    entities: list[dict[str, Any]],
    suppressed: tuple[str, ...] = (),
    first_seen: dict[str, str] | None = None,
    p: Parameters | None = None,
    week: str = WEEK,
) -> pl.DataFrame:
    p = p or plan()
    seen = first_seen or {}
    channels = pl.LazyFrame(
        {"uscc": list(seen), "channel": list(seen.values())}, {"uscc": pl.String, "channel": pl.String}
    )
    offers = offer(score(judged(entities), p), p, rates(AS_OF))
    return pick(offers, pl.LazyFrame({"uscc": suppressed}, {"uscc": pl.String}), channels, p, week).collect(
        engine="streaming"
    )


def test_the_rows_are_those_of_the_declared_table() -> None:
    declared = table("out.target_list").table_columns
    found = picked([merchant(1, site_manager="王经理", division_code="510104")])
    assert tuple(found.columns) == tuple(declared) == COLUMNS
    row = found.row(0, named=True)
    assert (row["site"], row["manager"], row["division_code"]) == ("春熙路商圈", "王经理", "510104")
    assert (row["first_loan_status"], row["segment"], row["is_holdout"]) == ("presumed", "district_merchant", False)


_DECLARED = {
    "VARCHAR": pl.String,
    "INTEGER": pl.Int32,
    "BOOLEAN": pl.Boolean,
    "DECIMAL(18,2)": pl.Decimal(18, 2),
    "DECIMAL(6,3)": pl.Decimal(6, 3),
    "VARCHAR[]": pl.List(pl.String),
    "INTEGER[]": pl.List(pl.Int32),
}


@pytest.mark.parametrize("entities", [[merchant(1)], []], ids=["one", "nobody"])
def test_the_types_are_those_of_the_declared_table(entities: list[dict[str, Any]]) -> None:
    expected = {name: _DECLARED[kind] for name, kind in table("out.target_list").table_columns.items()}
    assert dict(picked(entities).schema) == expected


def test_the_rank_is_by_score_then_limit_then_code() -> None:
    found = picked(
        [
            merchant(5),
            merchant(4),  # equal to 5 in score, without flows: by code
            merchant(3, inflow_mean_12m_yuan=Decimal(9_000), patents=None),  # 0 points for that level, unknown has 3
            merchant(2, inflow_mean_12m_yuan=Decimal(60_000)),
            merchant(1, inflow_mean_12m_yuan=Decimal(60_001), repurchase_rate=Decimal("0.1")),
            merchant(6, inflow_mean_12m_yuan=Decimal(60_010)),
        ]
    )
    assert found["name"].to_list() == ["商户6", "商户1", "商户2", "商户4", "商户5", "商户3"]
    assert found["rank"].to_list() == [1, 2, 3, 4, 5, 6]


def test_equal_scores_without_a_limit_come_last() -> None:
    # The level of the flows is worth 3 points unknown and 0 below 10,000; three consultations (3) make them equal.
    poor = merchant(9, inflow_mean_12m_yuan=Decimal(9_000), consultations_12m=3)
    found = picked([merchant(1), poor])
    assert found["score"].n_unique() == 1
    assert found["name"].to_list() == ["商户9", "商户1"]


def test_the_order_of_the_input_does_not_change_the_list() -> None:
    entities = [merchant(n, inflow_mean_12m_yuan=Decimal(n % 7 * 30_000)) for n in range(60)]
    assert picked(entities).equals(picked(entities[::-1]))


def test_suppressed_entities_are_left_out_and_the_ranks_close() -> None:
    entities = [merchant(n) for n in range(5)]
    gone = (entities[0]["uscc"], entities[3]["uscc"], entities[3]["uscc"], "92不在名单")
    found = picked(entities, suppressed=gone)
    assert found["uscc"].to_list() == [entities[n]["uscc"] for n in (1, 2, 4)]
    assert found["rank"].to_list() == [1, 2, 3]


def test_an_entity_of_two_segments_stands_in_the_list_once() -> None:
    found = picked([merchant(1, demand_registered_on=AS_OF)])
    assert found.select("segment", "segments").rows() == [("online", ["online", "district_merchant"])]


def test_the_channel_that_saw_it_first_is_kept() -> None:
    entities = [merchant(1), merchant(2), merchant(3, demand_registered_on=AS_OF)]
    found = picked(entities, first_seen={entities[0]["uscc"]: "green_list"}).sort("name")
    assert found["channel_first_seen"].to_list() == ["green_list", "district", "online"]


def test_two_first_channels_do_not_make_two_rows() -> None:
    code = merchant(1)["uscc"]
    seen = pl.LazyFrame({"uscc": [code, code], "channel": ["park", "green_list"]})
    offers = offer(score(judged([merchant(1)]), plan()), plan(), rates(AS_OF))
    nobody = pl.LazyFrame(schema={"uscc": pl.String})
    assert pick(offers, nobody, seen, plan(), WEEK).collect()["channel_first_seen"].to_list() == ["green_list"]


MANY = [merchant(n) for n in range(2000)]


def held_out(share: int, week: str = WEEK) -> set[str]:
    found = picked(MANY, p=plan(holdout_share_pct=share), week=week)
    return set(found.filter("is_holdout")["uscc"])


def test_nobody_is_held_out_by_default_and_everybody_at_100_percent() -> None:
    assert held_out(0) == set()
    assert len(held_out(100)) == len(MANY)


def test_the_held_out_share_is_met_and_grows_without_moving_anybody() -> None:
    ten, twenty = held_out(10), held_out(20)
    assert 160 <= len(ten) <= 240
    assert 340 <= len(twenty) <= 460
    assert ten < twenty


def test_an_entity_keeps_its_side_for_the_year() -> None:
    assert held_out(10, "2026-W48") == held_out(10, "2026-W02")
    assert held_out(10, "2027-W01") != held_out(10)


def test_the_draw_is_the_same_on_every_machine() -> None:
    code = merchant(1)["uscc"].encode().hex()
    draw = 2026
    for start in range(0, 42, 7):
        draw = (draw * 48_271 + int(code[start : start + 7] or "0", 16)) % (2**31 - 1)
    share = draw * 48_271 % (2**31 - 1) % 10_000
    for pct, expected in ((Decimal(share) / 100, False), (Decimal(share + 1) / 100, True)):
        assert picked([merchant(1)], p=plan(holdout_share_pct=pct))["is_holdout"].to_list() == [expected]
