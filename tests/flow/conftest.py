"""One fully run home, made once a session; tests that change it work on a copy."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines import flow
from pipelines.settings import Settings

from .homes import Home, settings_of


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside():
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("SHOUDAI_")}
    yield
    os.environ.update(kept)


@pytest.fixture(scope="session")
def county(published_county: tuple[Settings, flow.RunReport]) -> Home:
    """The made-up county, run as of 2026-11-23. Only for reading."""
    return Home(*published_county)


@pytest.fixture
def copied(county: Home, tmp_path: Path) -> Callable[..., Home]:
    """A copy of the county's home to change, with an inbox of its own."""

    def copy(inbox: Path | None = None) -> Home:
        shutil.copytree(county.settings.home, tmp_path / "home", symlinks=True)
        return Home(settings_of(tmp_path / "home", inbox or tmp_path / "inbox"), county.report)

    return copy


@pytest.fixture(scope="session")
def _migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("migrated")
    flow.ingest(settings_of(folder / "home", folder / "inbox"))
    return folder / "home"


@pytest.fixture
def bare(_migrated: Path, tmp_path: Path) -> Home:
    """A warehouse with its tables and nothing in them."""
    shutil.copytree(_migrated, tmp_path / "home", symlinks=True)
    return Home(settings_of(tmp_path / "home", tmp_path / "inbox"), None)
