"""What the tests of fetching do: declare sources, fetch into a home, look at inbox and ledger; one drop per protocol."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import boto3
import yaml

from pipelines.feeds.remote.fetch import Fetching
from pipelines.feeds.remote.ledger import SourceOutcome
from pipelines.progress import Quiet
from pipelines.settings import Settings
from pipelines.warehouse.connect import Connection
from pipelines.warehouse.migrate import columns_sql
from pipelines.warehouse.tables import table

from .servers import PASSWORD, USER, Line, SftpServer, WebServer, line_to

FEED = "bank__flows"
QUICK = {"settle_seconds": 0.2, "timeout_seconds": 5, "tries": 2}


@dataclass(frozen=True)
class Desk:
    """A home with its inbox, and the ledgers of files and fetches in memory: quick to make, for what does not land."""

    settings: Settings
    con: Connection

    @classmethod
    def made(cls, settings: Settings, con: Connection) -> Desk:
        con.execute("ATTACH ':memory:' AS lake; CREATE SCHEMA lake.ops")
        for name in ("ops.files", "ops.fetches", "ops.sources"):
            con.execute(f"CREATE TABLE lake.{name} ({columns_sql(table(name).table_columns)})")
        return cls(settings, con)

    def lake(self, sql: str) -> list[tuple[Any, ...]]:
        return self.con.execute(sql).fetchall()

    def deliver(self, name: str, content: bytes) -> None:
        path = self.settings.inbox / FEED / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)

    def landed(self, name: str, status: str = "landed") -> None:
        """The ledger says that this file of the inbox has landed."""
        path = self.settings.inbox / FEED / name
        stat, digest = path.stat(), hashlib.sha256(path.read_bytes()).hexdigest()
        self.con.execute(
            "INSERT INTO lake.ops.files (feed, file_id, name, status, size_bytes, modified_ns) VALUES (?, ?, ?, ?, ?, ?)",
            [FEED, digest, name, status, stat.st_size, stat.st_mtime_ns],
        )


class HasSettings(Protocol):
    """A home, or a desk."""

    @property
    def settings(self) -> Settings: ...


def declare(home: HasSettings, sources: dict[str, dict[str, Any]], **limits: Any) -> None:
    """Write `<home>/sources.yml`."""
    text = yaml.safe_dump({**QUICK, **limits, "sources": sources}, allow_unicode=True)
    home.settings.sources.parent.mkdir(parents=True, exist_ok=True)
    home.settings.sources.write_text(text, encoding="utf-8")


def fetch(desk: Desk, *feeds: str, clear: bool = False) -> SourceOutcome:
    """Fetch, without landing, and `clear` the source of what has landed; the outcome of the first feed."""
    fetching = Fetching(desk.con, desk.settings, feeds or (FEED,))
    fetching.fetch(Quiet())
    if clear:
        fetching.clear_sources()
    return fetching.outcomes[0]


def said(outcome: SourceOutcome) -> dict[str, tuple[str, str]]:
    """Name -> status and reason of the files of which something was said."""
    return {each.name: (each.status, each.reason or "") for each in outcome.fetches}


def statuses(outcome: SourceOutcome) -> dict[str, str]:
    return {each.name: each.status for each in outcome.fetches}


def inbox(home: HasSettings, feed: str = FEED) -> dict[str, bytes]:
    """Everything in the inbox of a feed, unfinished files too."""
    folder = home.settings.inbox / feed
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.is_dir() else {}


def parts(home: HasSettings) -> list[int]:
    return [len(content) for name, content in inbox(home).items() if name.endswith(".part")]


@dataclass
class Drop:
    """Where one protocol leaves files: put, look, remove, and the spec of the source; `line` is in front of the server."""

    name: str
    line: Line
    folder: Path | None = None
    bucket: Any = None
    spec: dict[str, Any] = field(default_factory=dict)
    limits: dict[str, Any] = field(default_factory=dict)

    def put(self, name: str, content: bytes, modified: float | None = None) -> None:
        if self.bucket is not None:
            self.bucket.put_object(Bucket="drop", Key=f"out/{name}", Body=content)
            return
        path = self.folder / name
        path.write_bytes(content)
        if modified is not None:
            os.utime(path, (modified, modified))

    def names(self) -> set[str]:
        if self.bucket is not None:
            found = self.bucket.list_objects_v2(Bucket="drop", Prefix="out/").get("Contents", [])
            return {each["Key"].removeprefix("out/") for each in found}
        return {path.name for path in self.folder.iterdir()}

    def declare(self, home: HasSettings, feed: str = FEED, **options: Any) -> None:
        declare(home, {feed: {**self.spec, **options}}, **self.limits)


@contextmanager
def sftp_drop(server: SftpServer, home: Path) -> Iterator[Drop]:
    with line_to(server.port) as line:
        home.mkdir(parents=True, exist_ok=True)
        (home / "known_hosts").write_text(server.known_hosts(line.port))
        uri = f"sftp://{USER}@127.0.0.1:{line.port}/out"
        yield Drop("sftp", line, server.folder / "out", spec={"uri": uri, "connection": "front"})


@contextmanager
def web_drop(server: WebServer) -> Iterator[Drop]:
    with line_to(server.port) as line:
        yield Drop("http", line, server.folder / "out", spec={"uri": f"http://127.0.0.1:{line.port}/out/"})


@contextmanager
def bucket_drop(port: int) -> Iterator[Drop]:
    client = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id=USER,
        aws_secret_access_key=PASSWORD,
    )
    client.create_bucket(Bucket="drop")
    with ExitStack() as stack:
        line = stack.enter_context(line_to(port))
        stack.callback(client.delete_bucket, Bucket="drop")
        stack.callback(_empty, client)
        spec = {"uri": "s3://drop/out", "connection": "objects", "endpoint": f"http://127.0.0.1:{line.port}"}
        yield Drop("s3", line, bucket=client, spec=spec)


def _empty(client: Any) -> None:
    for each in client.list_objects_v2(Bucket="drop").get("Contents", []):
        client.delete_object(Bucket="drop", Key=each["Key"])


@contextmanager
def folder_drop(folder: Path) -> Iterator[Drop]:
    folder.mkdir(parents=True)
    line = Line(0)
    yield Drop("folder", line, folder, spec={"uri": str(folder)})
    line.stop()


def log_in(monkeypatch: Any) -> None:
    """The credentials of the drops, each the way a bank may have it."""
    monkeypatch.setenv("SHOUDAI_SECRET_FRONT", PASSWORD)
    connection = {"conn_type": "aws", "login": USER, "password": PASSWORD, "extra": {"region_name": "us-east-1"}}
    monkeypatch.setenv("AIRFLOW_CONN_OBJECTS", json.dumps(connection))
