"""Adding a feed touches one stem in four places; nothing stands without its counterpart."""

from __future__ import annotations

import pytest

from pipelines.settings import HOUSE

from .declarations import read, stems

FEEDS = sorted(stems("schemas/feeds"))
TABLES = stems("schemas/tables")


@pytest.mark.parametrize("feed", FEEDS)
def test_a_contract_has_expectations(feed: str) -> None:
    assert (HOUSE / "expectations" / f"{feed}.yml").is_file()


@pytest.mark.parametrize("feed", FEEDS)
def test_a_contract_has_a_sample(feed: str) -> None:
    assert any((HOUSE / "data_samples" / feed).glob("*")), f"no file in data_samples/{feed}/"


def test_expectations_are_of_a_feed_or_a_table() -> None:
    assert stems("expectations") - set(FEEDS) - TABLES == set()


def test_a_feature_select_is_of_a_feed() -> None:
    features = stems("sql/features", ".sql")
    assert features, "no feature SELECT found"
    assert features - set(FEEDS) == set()


def test_a_folder_of_samples_is_of_a_feed() -> None:
    folders = {
        path.name for path in (HOUSE / "data_samples").glob("[!_]*") if path.is_dir()
    }  # _broken and the like aside
    assert folders, "no samples found"
    assert folders - set(FEEDS) == set()


@pytest.mark.parametrize("feed", FEEDS)
def test_the_stem_is_the_name_inside(feed: str) -> None:
    assert read(HOUSE / "schemas" / "feeds" / f"{feed}.yml")["feed"] == feed
    assert read(HOUSE / "expectations" / f"{feed}.yml")["name"] == feed


@pytest.mark.parametrize("stem", sorted(TABLES))
def test_a_table_is_named_as_its_file(stem: str) -> None:
    assert read(HOUSE / "schemas" / "tables" / f"{stem}.yml")["table"] == stem.replace("__", ".", 1)
