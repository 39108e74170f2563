"""A published file that is built on the one before has the feeds of one built anew."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipelines import flow, releases
from pipelines.feeds.contract import feeds
from pipelines.warehouse import refresh as refreshing
from pipelines.warehouse.connect import quoted, reader
from pipelines.warehouse.publish import build
from pipelines.warehouse.visible import show_feeds

from .homes import AS_OF, Home, settings_of

DAYS = (date(2026, 5, 4), date(2026, 10, 26), date(2026, 11, 9), AS_OF)
"""Between them months arrive, a correction replaces one, registers change, and links come and go."""


def published(home: Home, day: date, base: Path | None, target: Path, *, unlinked: str = "FALSE") -> Path:
    """A file with the feeds as seen on a day; links for which `unlinked` holds are left out."""
    run = flow.start(home.settings, day)
    flow.link(run)
    links = target.with_suffix(".parquet")
    duckdb.execute(f"COPY (FROM {quoted(str(run.handover('links')))} WHERE NOT ({unlinked})) TO {quoted(str(links))}")
    if base:
        shutil.copyfile(base, target)
    with reader(run.settings, run.version) as con:
        show_feeds(con, day, links)
        rows = f"SELECT * EXCLUDE (account_no, account_name, address) FROM {quoted(str(links))}"
        build(con, target, {"register.links": rows})
    return target


def feed_rows(path: Path, other: Path) -> dict[str, tuple[int, int]]:
    """Feed -> its rows, and how many of them the other file does not have."""
    con = duckdb.connect()
    con.execute(f"ATTACH {quoted(str(path))} AS a (READ_ONLY); ATTACH {quoted(str(other))} AS b (READ_ONLY)")
    counts = (
        "SELECT (SELECT count(*) FROM a.feed.{0}), (SELECT count(*) FROM (FROM a.feed.{0} EXCEPT ALL FROM b.feed.{0}))"
    )
    return {feed: con.execute(counts.format(feed)).fetchone() for feed in feeds()}


@pytest.fixture(scope="module")
def home(county, tmp_path_factory) -> Home:
    folder = tmp_path_factory.mktemp("refreshed")
    shutil.copytree(county.settings.home, folder / "home", symlinks=True)
    return Home(settings_of(folder / "home", folder / "inbox"), county.report)


@pytest.fixture(scope="module")
def chain(home, tmp_path_factory) -> list[Path]:
    """Each day's file built on the one before; in the last but one, links of every third source are missing."""
    folder, base, made = tmp_path_factory.mktemp("chain"), None, []
    for number, day in enumerate(DAYS):
        missing = "hash(source_id) % 3 = 0" if number == 2 else "FALSE"
        base = published(home, day, base, folder / f"{day}.duckdb", unlinked=missing)
        made.append(base)
    return made


def test_the_feeds_are_those_of_a_file_built_anew(home, chain, tmp_path):
    anew = published(home, AS_OF, None, tmp_path / "anew.duckdb")
    for one, other in ((chain[-1], anew), (anew, chain[-1])):
        rows = feed_rows(one, other)
        assert {feed: different for feed, (_, different) in rows.items() if different} == {}
        assert sum(count for count, _ in rows.values()) > 100_000


def test_every_way_a_feed_can_change_was_taken(chain):
    shrunk = feed_rows(chain[1], chain[2])
    assert shrunk["social__insurance"][1] > 0, "a correction replaced rows"
    assert shrunk["utilities__bills"][1] > 0, "links went"
    assert feed_rows(chain[3], chain[2])["utilities__bills"][1] > 0, "links came"
    assert feed_rows(chain[2], chain[3])["registry__entities"][1] > 0, "versions were superseded"
    assert feed_rows(chain[3], chain[2])["tax__invoices"][1] > 0, "a month arrived"


def test_files_are_written_in_batches_that_fit_into_memory(home, tmp_path, monkeypatch):
    monkeypatch.setattr(refreshing, "SORTED_AT_ONCE", 5_000)
    written: list[str] = []
    insert = refreshing._insert
    monkeypatch.setattr(refreshing, "_insert", lambda *args: (written.append(args[1]), insert(*args))[1])
    small = published(home, DAYS[1], None, tmp_path / "small.duckdb")
    assert max(map(written.count, written)) > 1
    monkeypatch.undo()
    large = published(home, DAYS[1], None, tmp_path / "large.duckdb")
    assert not any(different for _, different in feed_rows(small, large).values())


def test_a_long_table_is_written_once(home, tmp_path):
    """A file whose parts fill no whole blocks of the engine: what is written twice leaves its first place free."""
    rows = """
        SELECT '2026-W48' AS week, sha256(range::VARCHAR)[:18] AS uscc, 'rural' AS segment, 'a' AS scorecard, 'champion' AS role,
               range % 900 AS score, 'B' AS grade, ['甲'] AS reasons, [range % 7, range % 11] AS points, [0.5] AS above_mean
        FROM range(1_000_000)
    """
    source = quoted(str(tmp_path / "scores.parquet"))
    duckdb.execute(f"COPY ({rows}) TO {source} (ROW_GROUP_SIZE 124_928)")
    target = tmp_path / "long.duckdb"
    with reader(home.settings) as con:
        show_feeds(con, date(2020, 1, 1))
        build(con, target, {"mart.scores": f"FROM {source}"})
    with duckdb.connect(str(target), read_only=True) as con:
        total, free = con.execute("SELECT total_blocks, free_blocks FROM pragma_database_size()").fetchone()
    assert total > 50
    assert free < total / 5


@pytest.mark.parametrize(
    ("change", "is_taken"),
    [
        ({}, True),
        ({"code_digest": "of other code"}, False),
        ({"as_of": "2026-11-24"}, False),
        ({"catalog_version": 10**9}, False),
    ],
)
def test_only_a_whole_earlier_file_of_the_same_code_is_built_on(copied, change, is_taken):
    home = copied()
    manifest = home.settings.published / "latest" / "manifest.json"
    recorded = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps(recorded | change), encoding="utf-8")
    run = flow.start(home.settings, AS_OF)
    assert (releases._earlier(run) is not None) is is_taken
    if is_taken:
        with home.current.resolve().open("ab") as file:
            file.write(b"more")
        assert releases._earlier(run) is None
