"""One fully run home, made once a session; tests that change it work on a copy."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines import flow
from pipelines.settings import Settings

from .fetching import Desk, Drop, bucket_drop, folder_drop, log_in, sftp_drop, web_drop
from .homes import Home, settings_of
from .servers import SftpServer, WebServer, sftp_server, web_server


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


@pytest.fixture
def sftp(tmp_path: Path) -> Iterator[SftpServer]:
    """An SFTP server with a folder `out`."""
    (tmp_path / "front" / "out").mkdir(parents=True)
    with sftp_server(tmp_path / "front") as server:
        yield server


@pytest.fixture
def web(tmp_path: Path) -> Iterator[WebServer]:
    """A web server with a folder `out`."""
    (tmp_path / "site" / "out").mkdir(parents=True)
    with web_server(tmp_path / "site") as server:
        yield server


@pytest.fixture(scope="session")
def s3_port() -> Iterator[int]:
    """A server of the S3 protocol, which names itself once: in dev mode aiohttp refuses an answer with two `Server`."""
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from moto.server import ThreadedMotoServer

    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(MotoRequestHandler, "send_response", MotoRequestHandler.send_response_only)
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        yield server.get_host_and_port()[1]
        server.stop()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An empty home with an inbox, and its ledgers in memory."""
    (tmp_path / "home").mkdir(exist_ok=True)
    with duckdb.connect() as con:
        yield Desk.made(settings_of(tmp_path / "home", tmp_path / "inbox"), con)


@pytest.fixture
def sftp_place(sftp: SftpServer, tmp_path: Path) -> Iterator[Drop]:
    with sftp_drop(sftp, tmp_path / "home") as drop:
        yield drop


@pytest.fixture
def web_place(web: WebServer) -> Iterator[Drop]:
    with web_drop(web) as drop:
        yield drop


@pytest.fixture
def bucket_place(s3_port: int) -> Iterator[Drop]:
    with bucket_drop(s3_port) as drop:
        yield drop


@pytest.fixture
def folder_place(tmp_path: Path) -> Iterator[Drop]:
    with folder_drop(tmp_path / "exchange") as drop:
        yield drop


@pytest.fixture(params=["sftp", "web", "bucket", "folder"])
def drop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Drop:
    """A drop of each protocol in turn, with the credentials to read it."""
    log_in(monkeypatch)
    found: Drop = request.getfixturevalue(f"{request.param}_place")
    return found
