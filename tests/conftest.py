"""One home for all tests: the made-up county, landed and published once a session. Tests that change it copy it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pipelines import flow
from pipelines.settings import SAMPLES, Settings

AS_OF = date(2026, 11, 23)


@pytest.fixture(scope="session")
def published_county(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, flow.RunReport]:
    """The settings of a home run as of 2026-11-23, and the report of that run. Only for reading."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "INBOX", "CATALOG", "LAKE", "BANK"):
            patch.delenv(f"SHOUDAI_{name}", raising=False)
        settings = Settings.from_env(tmp_path_factory.mktemp("county") / "home", Path(SAMPLES))
    return settings, flow.run(settings, AS_OF)
