"""Simulated worlds: reproducible, valid, bounded; and the outcomes that follow a list."""

from __future__ import annotations

import errno
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest
from click.testing import CliRunner

from pipelines.cli import main
from pipelines.errors import DiskFullError, UsageError
from pipelines.feeds.contract import feeds
from pipelines.registers.uscc import is_valid
from pipelines.simulate import outcomes
from pipelines.simulate.delivery import as_text
from pipelines.simulate.months import Calendar
from pipelines.simulate.province import World, write
from pipelines.simulate.spool import Piece, Spool


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world") / "inbox"
    write(World(1_000, 13, 3, "heavy", recent=2), folder)
    return folder


def _bytes_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(world: Path, tmp_path: Path) -> None:
    write(World(1_000, 13, 3, "heavy", recent=2), tmp_path / "again")
    assert _bytes_below(tmp_path / "again") == _bytes_below(world)
    write(World(1_000, 13, 4, "heavy", recent=2), tmp_path / "other")
    assert _bytes_below(tmp_path / "other") != _bytes_below(world)


def test_the_bytes_do_not_depend_on_how_many_processes_made_them(tmp_path: Path) -> None:
    made = World(3_000, 3, 3, "heavy", recent=1, county_size=1_000)
    rows = [write(made, tmp_path / str(workers), workers=workers) for workers in (1, 2)]
    assert rows[0] == rows[1]
    assert _bytes_below(tmp_path / "1") == _bytes_below(tmp_path / "2")
    assert not list((tmp_path / "2").glob(".*")), "no pieces are left behind"


def test_all_feeds_are_delivered_with_days_in_their_names(world: Path) -> None:
    assert {path.name for path in world.iterdir()} == {*feeds(), "truth"}
    names = [path.name for feed in feeds() for path in (world / feed).iterdir()]
    assert [name for name in names if "_2026" not in name] == []


def test_codes_are_valid_and_some_have_letters_in_their_first_places(world: Path) -> None:
    codes = pl.read_parquet(world / "truth" / "propensity.parquet")["uscc"].to_list()
    assert [code for code in codes if not is_valid(code)] == []
    assert {"N2", "Y1", "A1"} <= {code[:2] for code in codes}
    assert len(set(codes)) == len(codes)


def test_accounts_and_farms_without_a_code_have_their_owner_in_the_truth(world: Path) -> None:
    accounts = pl.read_parquet(world / "truth" / "accounts.parquet")
    farms = pl.read_parquet(world / "truth" / "farms.parquet")
    assert accounts.height > 100
    assert farms.height >= 1
    assert accounts["account_no"].n_unique() == accounts.height
    assert accounts["uscc"].null_count() == farms["uscc"].null_count() == 0


def test_every_row_the_truth_calls_spoilt_arrives_otherwise_than_it_is() -> None:
    """An empty amount has no currency sign: such a row is clean."""
    made = World(3_000, 3, 3, "heavy")
    seen = set()
    for batch in made.batches(made.county(0)):
        for dirty in batch.dirty:
            seen.add(dirty.spoil.what)
            clean = as_text(batch.parcel.feed, dirty.rows, batch.parcel.style).cast(pl.String)
            assert clean.height > 0
            if not dirty.spoil.copy:
                alike = [each == other for each, other in zip(dirty.text.rows(), clean.rows(), strict=True)]
                assert not any(alike), (batch.parcel.name, dirty.spoil.what)
    assert "currency sign" in seen


@pytest.fixture(scope="module")
def delivered() -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """The entities of a clean county, and the rows of each feed with the day their file was received."""
    made = World(3_000, 13, 3)
    county, rows = made.county(0), {}
    for batch in made.batches(county):
        rows.setdefault(batch.parcel.feed, []).append(batch.rows.with_columns(received_on=batch.parcel.received_on))
    return county.people, {feed: pl.concat(parts) for feed, parts in rows.items()}


@pytest.mark.parametrize(
    ("feed", "when"),
    [
        ("registry__certifications", "granted_on"),
        ("green__enterprises", "listed_on"),
        ("credit__loans", "granted_on"),
        ("credit__owners", "authorised_on"),
        ("online__intents", "at"),
        ("crm__contacts", "contacted_at"),
        ("crm__applications", "applied_on"),
        ("crm__disbursements", "disbursed_on"),
    ],
)
def test_nothing_happens_before_the_founding_or_after_the_closing(delivered, feed: str, when: str) -> None:
    people, rows = delivered
    told = rows[feed].join(people.select("uscc", "established_on", "closed_on"), on="uscc")
    day = pl.col(when).cast(pl.Date)
    assert told.height == rows[feed].height > 10
    assert told.filter((day < pl.col("established_on")) | (day > pl.col("closed_on"))).is_empty()


@pytest.mark.parametrize(
    ("feed", "when"),
    [
        ("utilities__bills", "paid_on"),
        ("tax__payments", "paid_on"),
        ("credit__loans", "settled_on"),
        ("registry__entities", "established_on"),
        ("crm__applications", "decided_on"),
    ],
)
def test_no_file_tells_of_a_day_after_its_receipt(delivered, feed: str, when: str) -> None:
    rows = delivered[1][feed]
    assert rows[when].count() > 10
    assert rows.filter(pl.col(when) > pl.col("received_on")).is_empty()


def test_no_loan_is_settled_before_it_was_granted(delivered) -> None:
    settled = delivered[1]["credit__loans"].filter(pl.col("settled_on").is_not_null())
    assert settled.height > 100
    assert settled.filter(pl.col("settled_on") < pl.col("granted_on")).is_empty()


def test_names_and_forms_fit_the_authority_a_code_is_of(delivered) -> None:
    kinds = delivered[0].group_by("kind").agg(pl.col("entity_type").unique().sort(), pl.col("name").first())
    forms = dict(zip(kinds["kind"], kinds["entity_type"].to_list(), strict=True))
    assert forms["92"] == ["个体工商户"]
    assert forms["93"] == ["农民专业合作社"]
    assert forms["N2"] == ["农村集体经济组织"]
    assert kinds.filter(pl.col("kind") == "N2")["name"].str.ends_with("村股份经济合作联合社").all()
    sites = delivered[1]["sites__tenants"]["site_name"]
    assert not sites.str.contains("锦溪").any(), "of another county"


def test_two_counties_share_no_code() -> None:
    made = World(101_000, 13, 3)
    assert made.sizes == [50_000, 50_000, 1_000]
    first, last = made.county(0), made.county(2)
    assert first.place.name != last.place.name
    assert first.place.first_subject + first.place.subjects <= made.county(1).place.first_subject


@pytest.mark.parametrize(
    ("given", "words"), [((10,), "1,000"), ((2_000, 99), "3 to 36"), ((2_000, 13, 1, "mud"), "heavy")]
)
def test_a_world_that_cannot_be_is_refused_in_words(given: tuple, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        World(*given)


def test_a_folder_with_something_in_it_is_left_alone(world: Path) -> None:
    with pytest.raises(UsageError, match="is not empty"):
        write(World(1_000), world)


def test_a_full_disk_is_said_in_words_and_no_control_file_or_truth_vouches_for_what_was_cut_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = Spool.take

    def second_time_full(spool: Spool, pieces: tuple[Piece, ...]) -> pl.DataFrame:
        if spool.rows:
            raise OSError(errno.ENOSPC, "No space left on device")
        return taken(spool, pieces)

    monkeypatch.setattr(Spool, "take", second_time_full)
    with pytest.raises(DiskFullError, match="delete it, free some space"):
        write(World(2_000, 3, county_size=1_000, recent=1), tmp_path / "world", workers=1)
    assert list((tmp_path / "world").glob("tax__payments/*.csv"))
    assert not list((tmp_path / "world").glob("*/*.ok"))
    assert not (tmp_path / "world" / "truth").exists()
    assert not list((tmp_path / "world").glob(".*"))


def test_a_calendar_of_three_years_has_its_yearly_periods() -> None:
    periods = Calendar(date(2026, 11, 23), 36).tax_periods
    assert [each.period_end for each in periods if each.cycle == 12] == [
        date(2023, 12, 31),
        date(2024, 12, 31),
        date(2025, 12, 31),
    ]
    assert sum(each.cycle == 1 for each in periods) == 36


def _listed(world: Path, week: str = "2026-W48") -> pl.DataFrame:
    """A list of 800 of the world's entities, every tenth held out."""
    known = pl.read_parquet(world / "truth" / "propensity.parquet").head(800)
    return known.select("uscc", week=pl.lit(week), rank=pl.int_range(1, pl.len() + 1)).with_columns(
        is_holdout=pl.col("rank") % 10 == 0, manager=pl.lit(None, pl.String), limit_yuan=pl.lit(300_000)
    )


def _published(path: Path, listed: pl.DataFrame, *runs: tuple[str, date]) -> Path:
    """A file that lists somebody, published by the last of some weeks' runs; no contact has come back."""
    assert listed.height == 800
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE SCHEMA out; CREATE SCHEMA ops; CREATE SCHEMA feed")
        con.execute("CREATE TABLE out.target_list AS FROM listed")
        con.execute("CREATE TABLE feed.crm__contacts (week VARCHAR)")
        con.execute(
            "CREATE TABLE ops.runs (week VARCHAR, as_of DATE, status VARCHAR DEFAULT 'published', started_at TIMESTAMP, "
            "catalog_version BIGINT, parameters_version VARCHAR, notes VARCHAR)"
        )
        con.executemany("INSERT INTO ops.runs (week, as_of) VALUES (?, ?)", runs)
    return path


@pytest.fixture
def published(world: Path, tmp_path: Path) -> Path:
    return _published(tmp_path / "shoudai.duckdb", _listed(world), ("2026-W48", date(2026, 11, 23)))


def test_outcomes_follow_the_list_and_are_reproducible(world: Path, published: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        given = [
            "simulate",
            "outcomes",
            str(published),
            "--world",
            str(world),
            "--seed",
            "5",
            "--out",
            str(tmp_path / name),
        ]
        done = CliRunner().invoke(main, given)
        assert done.exit_code == 0, done.output
    assert _bytes_below(tmp_path / "one") == _bytes_below(tmp_path / "two")
    read = {
        feed: pl.concat([pl.read_csv(path, infer_schema=False) for path in sorted((tmp_path / "one" / feed).iterdir())])
        for feed in outcomes.FEEDS
    }
    held_out = set(outcomes.target_lists(published)[1].filter("is_holdout")["uscc"])
    contacted = set(read["crm__contacts"]["统一社会信用代码"])
    paid = read["crm__disbursements"]
    assert contacted & held_out == set()
    assert set(paid["申请编号"]) <= set(read["crm__applications"].filter(pl.col("状态") == "通过")["申请编号"])
    assert set(read["credit__loans"]["统一社会信用代码"]) & set(paid["统一社会信用代码"]) == set()
    assert len(paid) > 10


def test_who_is_contacted_converts_more_often(world: Path) -> None:
    listed, truth = _listed(world), pl.read_parquet(world / "truth" / "propensity.parquet")
    counted = [outcomes.events("2026-W48", listed, truth, seed)["crm__disbursements"] for seed in range(20)]
    alone = set(listed.filter("is_holdout")["uscc"])
    converted = pl.concat(counted)["uscc"].is_in(list(alone))
    assert converted.sum() / 80 < (~converted).sum() / 720
    assert converted.any(), "some of the held-out convert on their own"


def test_however_many_weeks_are_played_nobody_borrows_twice_and_as_many_convert_as_is_true(world: Path) -> None:
    truth = pl.read_parquet(world / "truth" / "propensity.parquet")
    weeks = [f"2026-W{number}" for number in range(44, 52)]
    lists = [_listed(world, week) for week in weeks]
    for seed in range(3):
        played = [
            outcomes.events(week, pl.concat(lists[: number + 1]), truth, seed) for number, week in enumerate(weeks)
        ]
        applied, paid, lost = (
            pl.concat(each[feed] for each in played)
            for feed in ("crm__applications", "crm__disbursements", "credit__loans")
        )
        assert paid["uscc"].is_unique().all()
        assert lost["uscc"].is_unique().all()
        assert not played[-1]["credit__loans"].is_empty(), "the loan feed stays current"
        assert applied.group_by("uscc").agg(pl.col("application_no").n_unique())["application_no"].max() == 1
        assert set(paid["uscc"]) & set(lost["uscc"]) == set()
        known = lists[0].join(truth, on="uscc").with_columns(converts=pl.col("uscc").is_in(paid["uscc"].implode()))
        for side, chance in ((~pl.col("is_holdout"), "with_contact"), (pl.col("is_holdout"), "without_contact")):
            part = known.filter(side)
            expected, variance = part[chance].sum(), (part[chance] * (1 - part[chance])).sum()
            assert abs(part["converts"].sum() - expected) < 4 * variance**0.5, (seed, chance)


def test_what_becomes_of_somebody_does_not_depend_on_who_else_is_listed(world: Path) -> None:
    truth = pl.read_parquet(world / "truth" / "propensity.parquet")
    listed = _listed(world)
    some = listed.filter(pl.col("rank") > 300).with_columns(pl.col("rank") - 300)
    whole, part = (outcomes.events("2026-W48", each, truth, 5) for each in (listed, some))
    for feed, rows in part.items():
        assert rows.height > 5
        assert rows.rows() == whole[feed].filter(pl.col("uscc").is_in(some["uscc"].implode())).rows()


def test_an_earlier_list_counts_as_played_once_its_contacts_have_come_back(world: Path, tmp_path: Path) -> None:
    lists = pl.concat(_listed(world, f"2026-W{number}").head(200) for number in (46, 47, 48, 49))
    path = _published(tmp_path / "shoudai.duckdb", lists, ("2026-W48", date(2026, 11, 23)))
    with duckdb.connect(str(path)) as con:
        con.execute("INSERT INTO feed.crm__contacts VALUES ('2026-W47'), ('2026-W49'), (NULL)")
    week, found = outcomes.target_lists(path)
    assert (week, found["week"].unique(maintain_order=True).to_list()) == ("2026-W48", ["2026-W47", "2026-W48"])


def test_an_empty_list_is_said_in_words_and_no_earlier_one_is_played(world: Path, tmp_path: Path) -> None:
    """The newest run, of W49, listed nobody: the file's lists end with W48."""
    runs = [("2026-W48", date(2026, 11, 23)), ("2026-W49", date(2026, 11, 30))]
    path = _published(tmp_path / "shoudai.duckdb", _listed(world), *runs)
    with pytest.raises(UsageError, match="the list of 2026-W49 in .* is empty"):
        outcomes.play(path, world, 1, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_release_that_is_not_there_is_said_in_words(world: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no published list"):
        outcomes.play(tmp_path, world, 1, tmp_path / "out")
