"""Where things are: the home, the inbox, the warehouse catalog; from options, else the environment, else defaults."""

from __future__ import annotations

import hashlib
import math
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pipelines.errors import UsageError

HOUSE = Path(__file__).resolve().parent.parent
"""The checkout: where `schemas/`, `sql/`, `expectations/` and `data_samples/` lie."""

SAMPLES = HOUSE / "data_samples"
CONTAINER_MEMORY = Path("/sys/fs/cgroup/memory.max")
"""Where a container finds how much memory it has, a number of bytes or `max`."""

LEAST_MEMORY_GB = 0.1
"""With less the engine cannot even open the catalog."""

BUSINESS_ZONE = ZoneInfo("Asia/Shanghai")
SOURCE_ENV = "SHOUDAI_SOURCE_"
"""`SHOUDAI_SOURCE_<FEED>` names where a feed is fetched from."""


@dataclass(frozen=True)
class Settings:
    """The places of one installation.

    Attributes:
        home: holds `lake/`, `catalog.sqlite`, `archive/`, `published/`, `work/`.
        inbox: holds one folder per feed with the delivered files.
        catalog: DuckLake catalog, `sqlite:PATH` by default, `postgres:DSN` for several machines.
        lake: where the Parquet of the warehouse lies (a folder or an object-store URL).
        memory_gb: what DuckDB may use before it spills to `work/spill`; by default a quarter of the memory there is.
        bank: how this bank is named among the lenders of `credit__loans` (a part of the name is enough).
        sources: the YAML that says where feeds are fetched from; it need not exist.
    """

    home: Path
    inbox: Path
    catalog: str
    lake: str
    memory_gb: float
    bank: str
    sources: Path

    @classmethod
    def from_env(cls, home: Path | None = None, inbox: Path | None = None) -> Settings:
        """Settings from options, else `SHOUDAI_HOME` / `SHOUDAI_INBOX` / `SHOUDAI_CATALOG` / `SHOUDAI_LAKE` / `SHOUDAI_SOURCES`.

        Without any of them the home is `./shoudai-home`, and the inbox is `<home>/inbox` when it exists, or when feeds are
        fetched from sources or the home holds files that are no samples (then it is made); else the samples of this project.

        Raises:
            UsageError: the inbox does not exist, or `SHOUDAI_MEMORY_GB` is no number it could work with.
        """
        home = (home or Path(os.environ.get("SHOUDAI_HOME", "shoudai-home"))).resolve()
        sources = Path(os.environ.get("SHOUDAI_SOURCES", home / "sources.yml")).resolve()
        inbox = inbox or _inbox_from_env(home, sources)
        if not inbox.is_dir():
            raise UsageError(
                f"inbox {inbox} is not a folder; expected one folder per feed in it (inbox/tax__payments/…)"
            )
        return cls(
            home=home,
            inbox=inbox.resolve(),
            catalog=os.environ.get("SHOUDAI_CATALOG", f"sqlite:{home / 'catalog.sqlite'}"),
            lake=os.environ.get("SHOUDAI_LAKE", str(home / "lake")),
            memory_gb=_memory_gb(),
            bank=os.environ.get("SHOUDAI_BANK", "本行"),
            sources=sources,
        )

    @property
    def has_shared_catalog(self) -> bool:
        """Whether the catalog is a PostgreSQL database, which homes on several machines may share."""
        return self.catalog.startswith("postgres:")

    @property
    def archive(self) -> Path:
        """The original bytes of every landed file, under their SHA-256; only its owner may read them."""
        return self.home / "archive"

    @property
    def published(self) -> Path:
        """The releases, `current.duckdb` and `latest`."""
        return self.home / "published"

    @property
    def work(self) -> Path:
        """Hand-overs between steps and spill files; safe to delete when nothing runs."""
        return self.home / "work"

    @property
    def is_sample_inbox(self) -> bool:
        """Whether the inbox is this project's own made-up county."""
        return self.inbox == SAMPLES.resolve()

    def default_as_of(self) -> date:
        """The Monday of the current ISO week in China; for the samples the day they were made for."""
        today = self.today()
        return today if self.is_sample_inbox else today - timedelta(days=today.weekday())

    def today(self) -> date:
        """The day it is in China; for the samples the day they were made for."""
        stamp = self.inbox / "as_of"
        if self.is_sample_inbox and stamp.is_file():
            return date.fromisoformat(stamp.read_text(encoding="utf-8").strip())
        return today_in_china()


def today_in_china() -> date:
    """The day it is in China, whatever the samples were made for."""
    return datetime.now(BUSINESS_ZONE).date()


def week_of(as_of: date) -> str:
    """The release name of an as-of date: its ISO week, e.g. `2026-W48`."""
    year, week, _ = as_of.isocalendar()
    return f"{year}-W{week:02d}"


def _memory_gb() -> float:
    stated = os.environ.get("SHOUDAI_MEMORY_GB")
    if not stated:
        return _quarter_of_memory()
    try:
        found = float(stated)
    except ValueError:
        found = 0
    if not LEAST_MEMORY_GB <= found < math.inf:
        raise UsageError(f"SHOUDAI_MEMORY_GB is {stated!r}; expected a number from {LEAST_MEMORY_GB} up, such as 4")
    return found


def _quarter_of_memory() -> float:
    """A quarter of the machine's memory in GB, or of the container's where that is less."""
    limits = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    stated = CONTAINER_MEMORY.read_text(encoding="ascii").strip() if CONTAINER_MEMORY.is_file() else ""
    limits += [int(stated)] if stated.isdigit() else []
    return max(LEAST_MEMORY_GB, round(min(limits) / 4e9, 1))


def _inbox_from_env(home: Path, sources: Path) -> Path:
    if "SHOUDAI_INBOX" in os.environ:
        return Path(os.environ["SHOUDAI_INBOX"])
    own = home / "inbox"
    if own.is_dir():
        return own
    if sources.is_file() or any(name.startswith(SOURCE_ENV) for name in os.environ) or _is_in_use(home):
        with suppress(PermissionError):  # of somebody who only reads what is published
            own.mkdir(parents=True)
    return own if own.is_dir() else SAMPLES


def _is_in_use(home: Path) -> bool:
    """Whether files landed in a home and none of them is a sample: the made-up county has no business there."""
    archived = {path.name for path in (home / "archive").glob("*/*")}
    samples = (hashlib.sha256(path.read_bytes()).hexdigest() for path in SAMPLES.glob("*__*/*"))
    return bool(archived) and archived.isdisjoint(samples)
