"""One writer at a time on a warehouse: the lock of the home, and that of its catalog, which homes may share.

The lock of an SQLite catalog lies beside it: in the home, where SHOUDAI_CATALOG names no other place. That of PostgreSQL is an
advisory lock of the server, one for each database. It belongs to a session, so that the server frees it however the process
ends; a machine that vanishes is given up after two minutes.

- The session is one of the engine's. Its pool resets what is given back to it, which frees the lock: a transaction of the
  engine keeps it away from the pool, but none is begun on the server, where it would hold up vacuum for hours.
- A connection that breaks in the middle frees the lock, and somebody else may begin. The job finds out before it commits
  anything more, rolls that back and ends; what it had committed stands, and the same command again goes on from there.
- A pooler in between (pgbouncer) has to pool by session: one that pools by transaction hands the session, and the lock with
  it, to others.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from pipelines.errors import BusyError
from pipelines.lock import exclusive, held, is_held
from pipelines.settings import BUSINESS_ZONE, Settings
from pipelines.warehouse.connect import Connection, catalog_session, quoted

_KEY = int.from_bytes(b"shoudai")
"""Names our lock among all advisory locks of a database."""

_SESSION = """
SELECT set_config(name, value, false) FROM pg_settings JOIN (VALUES
    ('application_name', {who}),
    ('idle_session_timeout', '0'),
    ('tcp_keepalives_idle', '60'), ('tcp_keepalives_interval', '10'), ('tcp_keepalives_count', '6')
) AS wanted (name, value) USING (name)
"""
"""Says who it is, is not ended for being idle, and keeps the connection open through firewalls; older servers lack some."""

_OURS = f"""
locktype = 'advisory' AND objsubid = 1 AND classid::BIGINT = {_KEY >> 32} AND objid::BIGINT = {_KEY & 0xFFFFFFFF} AND granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_HOLDER = f"SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE {_OURS}"
_STILL_OURS = f"SELECT 1 AS found FROM pg_locks WHERE pid = pg_backend_pid() AND {_OURS}"
_LONGEST_NAME = 63
"""Of an `application_name`; the server cuts off the rest."""


@contextmanager
def only_writer(settings: Settings, job: str) -> Iterator[None]:
    """No other job writes to the home or its catalog meanwhile; further steps of the same process pass.

    Raises:
        BusyError: another process is at work, and the message says which job, where and since when; or the connection that
            held the lock broke during the job.
        UsageError: the catalog cannot be reached.
    """
    kind, _, where = settings.catalog.partition(":")
    with exclusive(settings.home, job):
        if kind == "sqlite":
            with exclusive(Path(where).resolve().parent, job):
                yield
            return
        if is_held(settings.catalog):
            yield
            return
        with _locked(settings, job) as expect, held(settings.catalog, expect):
            try:
                yield
            except duckdb.Error:
                expect()  # when the server has gone, that is what is to be said
                raise


@contextmanager
def _locked(settings: Settings, job: str) -> Iterator[Callable[[], None]]:
    """The lock of the catalog; yields what raises once it is lost."""
    with catalog_session(settings) as con:
        con.execute("BEGIN")  # of the engine only: keeps the session
        _asked(con, _SESSION.format(who=quoted(_who(job))))
        if not _asked(con, f"SELECT pg_try_advisory_lock({_KEY}) AS taken")[0]:
            holder = _asked(con, _HOLDER)
            raise BusyError(
                "another run is at work on the catalog of SHOUDAI_CATALOG: "
                f"{_in_words(holder[0]) if holder else 'it ends just now'}. Try again when it has ended"
            )

        def expect() -> None:
            with suppress(duckdb.Error):
                if _asked(con, _STILL_OURS):
                    return
            raise BusyError(
                "the connection to the catalog of SHOUDAI_CATALOG that kept other runs out broke during the job; what was not "
                "committed was rolled back. Look at the server, then run the same command again: it goes on from there"
            )

        try:
            yield expect
        finally:
            with suppress(duckdb.Error):  # freed with the session, but some time after it is closed here
                _asked(con, f"SELECT pg_advisory_unlock({_KEY}) AS freed")


def _asked(con: Connection, sql: str) -> tuple[Any, ...]:
    """The first column of what the server answers in the session that the connection keeps."""
    asked = f"FROM postgres_query('catalog', {quoted(sql)}, use_transaction = false)"
    return tuple(row[0] for row in con.execute(asked).fetchall())


def _who(job: str) -> str:
    """The name of our session: what a refused run tells of us, the end of a long host name left out."""
    since = f"{datetime.now(BUSINESS_ZONE):%Y-%m-%d %H:%M:%S}"
    return f"{job}, {os.getpid()}, {since}, {socket.gethostname()}"[:_LONGEST_NAME]


def _in_words(who: str) -> str:
    """A session's name as a sentence; one that a pooler has changed as it is."""
    parts = who.split(", ")
    if len(parts) != 4:
        return who or "a session without a name"
    job, process, since, host = parts
    return f"{job}, process {process} on {host}, since {since}"
