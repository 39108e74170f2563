"""A throw-away DuckDB with the feed tables of the contracts, empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .tables import Warehouse


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    made = Warehouse()
    yield made
    made.con.close()
