"""`shoudai verify` finds each kind of damage to a home, and nothing on a sound one."""

from __future__ import annotations

import json

import pytest

from pipelines import flow
from pipelines.verified import verify
from pipelines.warehouse.connect import writer

from .homes import shoudai

GOOD = "统一社会信用代码,费款所属期,参保人数\n92510623MAY004CT3H,202601,4\n92510623MAY00CL99R,202601,很多\n"


@pytest.fixture
def home(bare):
    bare.deliver("social__insurance", "sb_20260201.csv", GOOD)
    flow.ingest(bare.settings, ["social__insurance"])
    return bare


def faults(home) -> dict[str, str]:
    return {each.name.split()[1]: each.faults[0] for each in verify(home.settings) if not each.is_sound}


def statement(home, sql: str) -> None:
    with writer(home.settings) as con:
        con.execute(sql)


def test_the_county_is_sound(county):
    found = verify(county.settings)
    assert [each.faults for each in found] == [()] * 5
    assert all(each.checked for each in found)


@pytest.mark.parametrize(
    ("sql", "which", "words"),
    [
        ("UPDATE lake.ops.files SET duplicates = 1", "file's", "2 rows in, but 1 accepted + 1 duplicates + 1"),
        ("DELETE FROM lake.feed.social__insurance", "lake", "says 1 accepted, the lake holds 0"),
        ("UPDATE lake.feed.social__insurance SET file_id = 'x'", "lake", "the lake holds 0"),
        ("DELETE FROM lake.quarantine.rows", "quarantine", "says 1 quarantined, there are 0"),
    ],
)
def test_a_ledger_that_does_not_agree_is_found(home, sql, which, words):
    statement(home, sql)
    found = faults(home)
    assert list(found) == [which]
    assert words in found[which]


def test_parquet_that_is_gone_is_found_and_the_rest_is_looked_at_all_the_same(copied):
    home = copied()
    for path in (home.settings.home / "lake" / "feed" / "tax__payments").glob("*.parquet"):
        path.unlink()
    findings = verify(home.settings)
    (broken,) = (each for each in findings if not each.is_sound)
    assert broken.name == "what 'in lake' rests on can be read"
    assert ".parquet" in broken.faults[0]
    assert len(findings) == 5


def test_changed_and_missing_archive_bytes_are_found(home):
    (archived,) = (path for path in home.settings.archive.rglob("*") if path.is_file())
    archived.chmod(0o644)
    archived.write_text("changed", encoding="utf-8")
    assert "the archived bytes have SHA-256" in faults(home)["archive"]
    archived.unlink()
    assert "is not in the archive" in faults(home)["archive"]


def test_a_broken_link_and_a_broken_file_are_found_with_their_exit_code(home):
    assert faults(home) == {}
    published = home.settings.published
    (published / "w").mkdir(parents=True)
    (published / "current.duckdb").symlink_to("w/gone.duckdb")
    assert "is not there" in faults(home)["published"]
    (published / "w" / "gone.duckdb").write_bytes(b"no database")
    done = shoudai(home, "verify", "--json", check=70, inbox=False)
    assert [each["is_sound"] for each in json.loads(done.stdout)] == [True, True, True, True, False]
    assert "does not open" in done.stdout
    assert "broken  the published links" in shoudai(home, "verify", check=70, inbox=False).stdout
