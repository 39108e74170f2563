"""Airflow for tests: a throw-away AIRFLOW_HOME, fixed before anything imports airflow (which settles it at import)."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipelines.settings import HOUSE

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag

AIRFLOW_HOME = Path(tempfile.mkdtemp(prefix="shoudai-airflow-"))
atexit.register(shutil.rmtree, AIRFLOW_HOME, ignore_errors=True)
for name in [name for name in os.environ if name.startswith("AIRFLOW_")]:
    del os.environ[name]  # whatever Airflow the caller has: not his database
os.environ.update(
    AIRFLOW_HOME=str(AIRFLOW_HOME),
    AIRFLOW__CORE__DAGS_FOLDER=str(HOUSE / "dags"),
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{AIRFLOW_HOME / 'airflow.db'}",
)


@pytest.fixture(scope="session")
def bag() -> DagBag:
    """The DAGs of the checkout, over a fresh metadata database."""
    from airflow.dag_processing.dagbag import DagBag
    from airflow.utils import db

    db.initdb()
    return DagBag(HOUSE / "dags")


@pytest.fixture(scope="session")
def feeds() -> list[str]:
    """The feeds that have a contract."""
    return sorted(path.stem for path in (HOUSE / "schemas" / "feeds").glob("*.yml"))
