"""What the tests of the spine do with a home: deliver files, look into the warehouse, compare lists and tables."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from pipelines import flow
from pipelines.feeds.contract import contract, feeds
from pipelines.settings import SAMPLES, Settings
from pipelines.simulate.codes import usccs
from pipelines.warehouse.connect import reader
from pipelines.warehouse.visible import show_feeds

AS_OF = date(2026, 11, 23)
WEEK = "2026-W48"
COMMAND = Path(sys.executable).with_name("shoudai")
SMALL = (
    "registry__entities/市场主体登记_20261012.csv.gz",
    "tax__payments/sbjk_2025q3_2026q3_20261020.zip",
    "credit__loans/dkjl_bg_20261113.csv",
    "credit__loans/dkjl_bg_20261113.csv.ok",
    "green__enterprises/lsqyk_20261030.csv",
    "bank__flows/flows_202610_20261105.csv",
    "crm__suppressions/yzmd_20261120.csv",
)
"""A few offices' deliveries: enough for a list, quick to land."""


@dataclass(frozen=True)
class Home:
    """A home with its inbox, and the report of the run that filled it."""

    settings: Settings
    report: flow.RunReport | None

    @property
    def current(self) -> Path:
        return self.settings.published / "current.duckdb"

    def deliver(self, feed: str, name: str, content: str | bytes) -> Path:
        folder = self.settings.inbox / feed
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def lake(self, sql: str, bound: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with reader(self.settings) as con:
            return con.execute(sql, list(bound)).fetchall()

    def seen(self, feed: str, as_of: date, columns: str) -> list[tuple[Any, ...]]:
        """The rows of a feed visible at an as-of."""
        with reader(self.settings) as con:
            show_feeds(con, as_of)
            return con.execute(f"SELECT {columns} FROM feed.{feed} ORDER BY ALL").fetchall()

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """The answer of the current published file."""
        con = duckdb.connect(str(self.current.resolve()), read_only=True)
        try:
            return con.execute(sql).fetchall()
        finally:
            con.close()


def settings_of(home: Path, inbox: Path) -> Settings:
    inbox.mkdir(parents=True, exist_ok=True)
    return Settings.from_env(home, inbox)


def samples_of(inbox: Path, names: Sequence[str] = SMALL, root: Path = SAMPLES) -> Path:
    """Copy sample files into an inbox."""
    for name in names:
        (inbox / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, inbox / name)
    return inbox


def codes(first: int, count: int) -> list[str]:
    """Valid made-up codes of enterprises of one county."""
    numbers = np.arange(first, first + count)
    return [str(code) for code in usccs(np.full(count, "91"), np.full(count, "510623"), "MAY", numbers)]


def list_files(folder: Path) -> dict[str, str]:
    """Digest of every list file of a release (not its database and manifest, which carry times)."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.resolve().iterdir())
        if path.suffix in (".xlsx", ".csv", ".parquet")
    }


def feed_tables(settings: Settings) -> dict[str, tuple[Any, ...]]:
    """Row count and order-free checksum of every feed table, of the quarantine, and of the ledger without its times."""
    ledger = "SELECT feed, file_id, name, received_on, period, rows_in, accepted, duplicates, quarantined, status FROM lake.ops.files"
    tables = {feed: f"FROM lake.feed.{feed}" for feed in feeds()} | {
        "quarantine": "FROM lake.quarantine.rows",
        "files": ledger,
    }
    with reader(settings) as con:
        return {
            name: con.execute(f"SELECT count(*), sum(hash(each)::HUGEINT) FROM ({sql}) AS each").fetchone() or ()
            for name, sql in tables.items()
        }


def shoudai(
    home: Home | Settings, *words: str, check: int | None = 0, inbox: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run the command as a person would."""
    done = subprocess.run(
        command_line(home, *words, inbox=inbox), capture_output=True, text=True, env=environment(), check=False
    )
    assert "Traceback" not in done.stderr + done.stdout, done.stderr
    if check is not None:
        assert done.returncode == check, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return done


def command_line(home: Home | Settings, *words: str, inbox: bool = True) -> list[str]:
    settings = home.settings if isinstance(home, Home) else home
    given = ["--inbox", str(settings.inbox)] if inbox else []
    return [str(COMMAND), *words, "--home", str(settings.home), *given]


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("SHOUDAI_")} | {"COLUMNS": "200"}


def personal_columns() -> set[tuple[str, str]]:
    return {(feed, column.name) for feed in feeds() for column in contract(feed).columns if column.personal}
