"""Connections: a writer on the DuckLake warehouse, a reader pinned to one catalog version, a published file."""

from __future__ import annotations

import os
import re
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from pipelines.errors import DeclarationError, UsageError, disk_full_in_words
from pipelines.lock import expect_held

if TYPE_CHECKING:
    from pipelines.settings import Settings

_PLAIN_LISTS = "in_clause"
"""The optimizer that turns a long IN list into a join: a third of a second for each statement of a contract's words, and
rows come out as the join has them."""

_SCANNERS = {"sqlite": "sqlite_scanner", "postgres": "postgres_scanner"}
"""Kind of catalog -> the extension that reads it."""

_CHECKED: set[tuple[Path, int, int, int]] = set()
"""Extensions whose signature the engine has checked in this process, a sixth of a second each connection. They stay in
memory, and are not read from the disk again; a file that has changed is checked like a new one."""

Connection = duckdb.DuckDBPyConnection
UnreadableTextError = duckdb.InvalidInputException
"""What the engine raises on text that it cannot take for CSV at all."""


@contextmanager
def writer(settings: Settings) -> Iterator[Connection]:
    """A connection whose database `lake` is the warehouse, read-write.

    Raises:
        DiskFullError: a statement inside found no space left.
        UsageError: the catalog cannot be reached, or no longer.
    """
    con = _engine(settings)
    try:
        with disk_full_in_words(settings.home), _gone_in_words(settings):
            _attach(con, settings, read_only=False, version=None)
            yield con
    finally:
        con.close()


@contextmanager
def reader(settings: Settings, version: int | None = None) -> Iterator[Connection]:
    """A read-only connection to the warehouse as it was at a catalog version (default: now).

    Raises:
        UsageError: there is no warehouse yet, or its catalog cannot be reached, or no longer.
    """
    _expect_file(settings)
    con = _engine(settings)
    try:
        with disk_full_in_words(settings.home), _gone_in_words(settings):
            _attach(con, settings, read_only=True, version=version)
            yield con
    except duckdb.CatalogException:
        _expect_tables(con, settings)
        raise
    finally:
        con.close()


def expect_warehouse(settings: Settings) -> None:
    """For a command that writes, but not into a new warehouse.

    Raises:
        UsageError: there is none yet.
    """
    _expect_file(settings)
    if settings.has_shared_catalog:
        with reader(settings) as con:
            _expect_tables(con, settings)


@contextmanager
def catalog_session(settings: Settings) -> Iterator[Connection]:
    """An engine beside those of the warehouse, whose database `catalog` is the PostgreSQL catalog itself.

    Raises:
        UsageError: it cannot be reached.
    """
    con = _engine(settings)
    try:
        with _unreachable_in_words(settings):
            con.execute(f"ATTACH {quoted(settings.catalog)} AS catalog")
        yield con
    finally:
        con.close()


def catalog_version(con: Connection) -> int:
    """The newest snapshot of the attached warehouse."""
    row = con.execute("SELECT id FROM lake.current_snapshot()").fetchone()
    return int(row[0]) if row else 0


def open_published(path: Path) -> Connection:
    """A published `.duckdb`, read-only; any number of readers at once, also while a run is going on.

    Raises:
        UsageError: nothing was published there yet, or what lies there is no such file.
    """
    if not path.exists():
        raise UsageError(f"no published release at {path}; run `shoudai run` first")
    try:
        return duckdb.connect(str(path.resolve()), read_only=True)
    except duckdb.Error as error:
        raise UsageError(
            f"{path} cannot be opened ({str(error).splitlines()[0]}); expected a published .duckdb file: "
            "publish the week again with `shoudai run`"
        ) from error


@contextmanager
def without_pandas() -> Iterator[None]:
    """Values are bound without pandas, which the engine would load with the first one to know its NaT: a third of a second.

    Where pandas is loaded already, nothing changes.
    """
    if "pandas" in sys.modules:
        yield
        return
    sys.modules["pandas"] = None  # type: ignore[assignment]  # what Python looks for, and does not import
    try:
        yield
    finally:
        del sys.modules["pandas"]


@contextmanager
def transaction(con: Connection) -> Iterator[None]:
    """One transaction: committed whole, or rolled back when anything raises, or a lock of the job was lost meanwhile."""
    con.execute("BEGIN")
    try:
        yield
        expect_held()
    except BaseException:
        con.execute("ROLLBACK")
        raise
    con.execute("COMMIT")


@contextmanager
def in_written_order(con: Connection) -> Iterator[None]:
    """Rows come out in the order in which they go in.

    The two optimizers let a join begin from its smaller side, which they take a CSV file to be, and give the rows up as
    each thread has them.
    """
    con.execute(f"SET disabled_optimizers = '{_PLAIN_LISTS},join_order,build_side_probe_side'")
    try:
        yield
    finally:
        con.execute(f"SET disabled_optimizers = '{_PLAIN_LISTS}'")


@contextmanager
def in_any_order(con: Connection) -> Iterator[None]:
    """Rows without an ORDER BY go in as each thread has them.

    Kept in their order, the pieces in which a long table is read end in blocks all but empty, and a checkpoint writes most of it
    once more to fill them: twice the time, and twice the file.
    """
    con.execute("SET preserve_insertion_order = false")
    try:
        yield
    finally:
        con.execute("RESET preserve_insertion_order")


def quoted(text: str) -> str:
    """A text of our own (path, column name from a declaration) as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def named(columns: Iterable[str]) -> str:
    """Column names of a declaration as an SQL list."""
    return ", ".join(f'"{column}"' for column in columns)


def _engine(settings: Settings) -> Connection:
    spill = settings.work / "spill"
    settings.work.mkdir(parents=True, exist_ok=True, mode=0o700)  # what lies here meanwhile may be personal
    spill.mkdir(exist_ok=True)
    needed = {path: _seal(path) for path in map(_extension, _extensions(settings))}
    con = duckdb.connect(
        config={
            "memory_limit": f"{settings.memory_gb}GB",
            "temp_directory": str(spill),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_unsigned_extensions": "true" if _CHECKED.issuperset(needed.values()) else "false",
        }
    )
    con.execute(f"SET disabled_optimizers = '{_PLAIN_LISTS}'")
    for path, seal in needed.items():
        con.execute(f"LOAD {quoted(os.fspath(path))}")
        _CHECKED.add(seal)  # as it was before it was read
    return con


def _extensions(settings: Settings) -> list[str]:
    kind, _, _ = settings.catalog.partition(":")
    if kind not in _SCANNERS:
        raise UsageError("SHOUDAI_CATALOG: expected sqlite:PATH or postgres:CONNECTION")
    return ["ducklake", _SCANNERS[kind], *(["httpfs"] if "://" in settings.lake else [])]


@cache
def _extension(name: str) -> Path:
    """The file of an extension, from its wheel: nothing is downloaded, which a closed network would refuse."""
    spec = find_spec(f"duckdb_extension_{name}")
    folders = (spec.submodule_search_locations or []) if spec else []
    for folder in folders:
        for path in Path(folder).rglob(f"{name}.duckdb_extension"):
            return path
    raise DeclarationError(
        f"DuckDB extension {name} is not installed; install duckdb-extension-{name.replace('_', '-')}"
    )


def _seal(path: Path) -> tuple[Path, int, int, int]:
    """What changes when another file is put in the place of this one."""
    stat = path.stat()
    return path, stat.st_ino, stat.st_size, stat.st_mtime_ns


def _expect_file(settings: Settings) -> None:
    kind, _, where = settings.catalog.partition(":")
    if kind == "sqlite" and not Path(where).is_file():
        raise _no_warehouse(settings)


def _expect_tables(con: Connection, settings: Settings) -> None:
    """A catalog comes first, its tables in a transaction of their own: whoever reads between the two finds none."""
    made = "SELECT 1 FROM duckdb_schemas() WHERE database_name = 'lake' AND schema_name = 'ops'"
    if not con.execute(made).fetchone():
        raise _no_warehouse(settings)


def _no_warehouse(settings: Settings) -> UsageError:
    if settings.has_shared_catalog:
        return UsageError(
            "no warehouse in the catalog of SHOUDAI_CATALOG yet; run `shoudai run` first, or name another"
        )
    return UsageError(f"no warehouse at {settings.home} yet; run `shoudai run` first, or name another --home")


def _attach(con: Connection, settings: Settings, *, read_only: bool, version: int | None) -> None:
    kind, _, where = settings.catalog.partition(":")
    if kind == "sqlite":
        _prepare_sqlite(Path(where))
    if "://" not in settings.lake and not read_only:
        Path(settings.lake).mkdir(parents=True, exist_ok=True, mode=0o700)
    options = [f"DATA_PATH {quoted(settings.lake.rstrip('/') + '/')}", "OVERRIDE_DATA_PATH TRUE"]  # a home may be moved
    options += ["READ_ONLY"] if read_only else []
    options += [f"SNAPSHOT_VERSION {version:d}"] if version is not None else []
    with _unreachable_in_words(settings):
        con.execute(f"ATTACH {quoted(f'ducklake:{kind}:{where}')} AS lake ({', '.join(options)})")


@contextmanager
def _unreachable_in_words(settings: Settings) -> Iterator[None]:
    """What the engine says of a PostgreSQL catalog that it cannot attach, without its connection string."""
    kind, _, where = settings.catalog.partition(":")
    try:
        yield
    except duckdb.InvalidInputException as error:
        if "creating a new DuckLake is explicitly disabled" not in str(error):
            raise
        raise _no_warehouse(settings) from None
    except duckdb.IOException as error:
        if kind == "sqlite":  # its disk may be full, which is said elsewhere
            raise
        raise _unreachable(settings, error) from None


@contextmanager
def _gone_in_words(settings: Settings) -> Iterator[None]:
    """A PostgreSQL catalog that goes away in mid-work: of the errors that say so, those that name its connection string."""
    kind, _, where = settings.catalog.partition(":")
    try:
        yield
    except duckdb.Error as error:
        if kind == "sqlite" or where not in str(error):
            raise
        raise _unreachable(settings, error) from None


def _unreachable(settings: Settings, error: duckdb.Error) -> UsageError:
    kind, _, where = settings.catalog.partition(":")
    answer = re.search("connection to server .*", str(error).replace(where, "…"))  # other words may hold a password
    why = answer[0] if answer else "its connection string cannot be read, or its host is not known here"
    return UsageError(f"the {kind} catalog cannot be reached: {why}; look at SHOUDAI_CATALOG and its server")


def _is_sqlite(catalog: Path) -> bool:
    """Whether a file is new, or begins as every SQLite file does."""
    if not catalog.is_file():
        return False
    with catalog.open("rb") as file:
        return file.read(16) in (b"", b"SQLite format 3\0")


def _prepare_sqlite(catalog: Path) -> None:
    """Write-ahead mode, else an idle reader blocks every commit; its owner's alone, as it holds the bounds of every column."""
    catalog.parent.mkdir(parents=True, exist_ok=True)
    if not catalog.exists():
        catalog.touch(mode=0o600)
    if not _is_sqlite(catalog):
        raise UsageError(
            f"SHOUDAI_CATALOG: {catalog} is no SQLite file; expected sqlite:PATH of a warehouse, or a new path"
        )
    with sqlite3.connect(catalog) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
