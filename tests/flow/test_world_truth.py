"""A simulated world through the real pipeline: what it says of every entity, and of every spoilt row, is the truth.

A small dirty world by default; `WORLD_ENTITIES=20000` takes a larger one at every level of dirt.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from pipelines import flow
from pipelines.settings import Settings
from pipelines.simulate.dirt import DUPLICATE, QUARANTINED, RATES, REPAIRED
from pipelines.simulate.province import World, typed, write
from pipelines.warehouse.connect import Connection, reader

ENTITIES = int(os.environ.get("WORLD_ENTITIES", "2000"))
LEVELS = list(RATES) if "WORLD_ENTITIES" in os.environ else ["heavy"]
MONTHS = 14


class Told:
    """A world of two counties that was written, landed and judged."""

    def __init__(self, folder: Path, dirt: str) -> None:
        self.world = World(ENTITIES, MONTHS, 7, dirt, recent=1, county_size=ENTITIES // 2)
        self.rows = write(self.world, folder / "inbox", workers=1)
        self.settings = Settings.from_env(folder / "home", folder / "inbox")
        self.ingested = flow.ingest(self.settings)
        run = flow.start(self.settings, self.world.as_of)
        for step in (flow.link, flow.features, flow.judge):
            step(run)
        self.links, self.judged = (pl.read_parquet(run.handover(name)) for name in ("links", "judged"))
        self.con: Connection

    def truth(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.settings.inbox / "truth" / f"{name}.parquet")

    def lake(self, sql: str) -> pl.DataFrame:
        return self.con.execute(sql).pl()


@pytest.fixture(scope="module", params=LEVELS)
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    made = Told(tmp_path_factory.mktemp(request.param), request.param)
    with reader(made.settings) as made.con:
        yield made


def test_every_file_landed_and_every_row_of_it_is_accounted_for(told: Told) -> None:
    assert [(each.name, each.status, each.reason) for each in told.ingested.files if each.status != "landed"] == []
    files = told.lake("SELECT rows_in, accepted, duplicates, quarantined FROM lake.ops.files")
    assert files["rows_in"].sum() == told.rows
    assert files.filter(
        pl.col("rows_in") != pl.col("accepted") + pl.col("duplicates") + pl.col("quarantined")
    ).is_empty()


def test_rules_and_segments_of_every_entity_are_the_truth(told: Told) -> None:
    """Who was linked to a farm or an account without a code has its facts too, which the truth leaves with nobody."""
    links = told.links
    owners = dict(told.truth("farms").select("operator_id", "uscc").iter_rows())
    farms = links.filter(pl.col("source_feed") == "agriculture__operators")
    assert [row for row in farms.select("source_id", "uscc").iter_rows() if owners.get(row[0]) != row[1]] == []
    without = pl.concat([links["uscc"], "farm:" + farms["source_id"]])
    truth = told.truth("rules").drop("as_of").filter(~pl.col("uscc").is_in(without.implode())).sort("uscc")
    judged = told.judged.select(truth.columns).sort("uscc")
    nobody = pl.col("uscc").str.starts_with("legacy:")  # of an entity whose register row was spoilt: one of its own
    judged = judged.filter(~pl.col("uscc").is_in(without.implode()) & ~nobody)
    assert truth.height > ENTITIES / 2
    assert judged["uscc"].to_list() == truth["uscc"].to_list()
    wrong = {
        name: (int(differs.sum()), truth["uscc"].filter(differs).head(3).to_list())
        for name in truth.columns[1:]
        if (differs := judged[name].ne_missing(truth[name])).any()
    }
    assert wrong == {}
    values = {value for name in truth.columns[1:] for value in truth[name].unique().to_list()}
    assert values == {True, False, None}


def test_every_quarantined_row_was_spoilt_for_its_reason_and_no_other_row_is_there(told: Told) -> None:
    found = told.lake(
        "SELECT q.feed, f.name AS file, q.row_no, q.reasons FROM lake.quarantine.rows AS q "
        "JOIN lake.ops.files AS f USING (feed, file_id) ORDER BY ALL"
    )
    truth = told.truth("dirt").filter(pl.col("fate") == QUARANTINED).sort("feed", "file", "row_no")
    assert found.select("feed", "file", "row_no").rows() == truth.select("feed", "file", "row_no").rows()
    reasons = found["reasons"].list.eval(pl.element().str.replace(" at byte \\d+$", ""))
    assert reasons.to_list() == [[reason] for reason in truth["reason"]]


def test_duplicates_are_as_many_as_were_sent_twice(told: Told) -> None:
    found = told.lake("SELECT feed, name AS file, duplicates FROM lake.ops.files WHERE duplicates > 0 ORDER BY ALL")
    truth = told.truth("dirt").filter(pl.col("fate") == DUPLICATE).group_by("feed", "file").len("duplicates")
    assert found.rows() == truth.sort("feed", "file").rows()


def test_what_was_accepted_is_what_is_true_repaired_values_included(told: Told) -> None:
    """Every accepted row of every file against the world's own rows, cell by cell."""
    for feed, rows in _true_rows(told.world).items():
        names = ", ".join(f'"{name}"' for name in rows.columns if name != "registered_capital")
        landed = told.lake(f"SELECT {names} FROM lake.feed.{feed}")
        expected = rows.select(landed.columns).cast(dict(landed.schema))
        if feed == "tax__payments":  # a legacy id lands as it came, and belongs to the entity of its organisation code
            landed, expected = landed.with_columns(_organisation()), expected.with_columns(_organisation())
        left = landed.join(expected, on=landed.columns, how="anti", nulls_equal=True)
        right = expected.join(landed, on=landed.columns, how="anti", nulls_equal=True)
        assert (left.height, right.height, landed.height) == (0, 0, expected.height), (
            feed,
            left.head(2),
            right.head(2),
        )


def _organisation() -> pl.Expr:
    code = pl.col("uscc")
    return pl.when(code.str.starts_with("legacy:")).then(code.str.tail(9)).otherwise(code.str.slice(8, 9)).alias("uscc")


def _true_rows(world: World) -> dict[str, pl.DataFrame]:
    """The accepted rows in the words of the contract: what the departments call a thing is looked up there."""
    words = {
        "registry__entities": {"status": {"存续（在营、开业、在册）": "存续", "吊销，未注销": "吊销"}},
        "registry__certifications": {"certification": {"“专精特新”中小企业": "专精特新"}},
        "sites__tenants": {"site_kind": {"产业园区": "园区", "商贸综合体": "商圈"}},
    }
    found: dict[str, list[pl.DataFrame]] = {}
    for number in range(len(world.sizes)):
        for batch in world.batches(world.county(number)):
            found.setdefault(batch.parcel.feed, []).append(typed(batch.parcel.feed, batch.accepted))
    return {
        feed: pl.concat(parts).with_columns(
            pl.col(name).replace(meant).alias(name) for name, meant in words.get(feed, {}).items()
        )
        for feed, parts in found.items()
    }


def test_spoilt_rows_of_every_fate_are_there_when_the_world_is_dirty(told: Told) -> None:
    fates = set(told.truth("dirt")["fate"])
    assert fates == (set() if told.world.dirt == "none" else {REPAIRED, QUARANTINED, DUPLICATE})
    assert RATES["none"] == 0
