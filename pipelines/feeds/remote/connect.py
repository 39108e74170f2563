"""The fsspec file system of a source: timeouts bound, host keys and certificates checked, credentials in memory only."""

from __future__ import annotations

import ipaddress
import os
import ssl
from collections.abc import Callable
from typing import Any

from pipelines.errors import SourceError
from pipelines.feeds.remote.credentials import Credentials
from pipelines.feeds.remote.places import Bucket, Folder, Place, Sftp, posix_folder
from pipelines.feeds.remote.sources import Limits, Source
from pipelines.feeds.remote.web import Web

_FRESH = {"skip_instance_cache": True, "use_listings_cache": False}


def place(source: Source, known: Credentials, limits: Limits) -> Place:
    """The place a source names, not connected yet.

    Raises:
        SourceError: a secret would go over a line that is not encrypted.
    """
    makers: dict[str, Callable[[Source, Credentials, Limits], Place]] = {
        "file": _folder,
        "sftp": _sftp,
        "http": _web,
        "https": _web,
        "s3": _bucket,
    }
    return makers[source.scheme](source, known, limits)


def _folder(source: Source, known: Credentials, limits: Limits) -> Place:
    def connect() -> Any:
        from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]

        return LocalFileSystem()

    return Folder(source, known, limits, connect, source.path.rstrip("/") or "/")


def _sftp(source: Source, known: Credentials, limits: Limits) -> Place:
    def connect() -> Any:
        import asyncssh
        from sshfs import SSHFileSystem  # type: ignore[import-untyped]

        hosts = limits.known_hosts
        return SSHFileSystem(
            source.parts.hostname or known.host,
            port=source.parts.port or known.port or 22,
            known_hosts=str(hosts) if hosts.is_file() else asyncssh.import_known_hosts(""),
            config=None,  # whatever the account's own ssh settings allow does not count here
            connect_timeout=limits.timeout_seconds,
            login_timeout=limits.timeout_seconds,
            keepalive_interval=limits.timeout_seconds / 2,
            keepalive_count_max=2,
            timeout=3 * limits.timeout_seconds,
            sftp_client_kwargs={"path_encoding": source.name_encoding, "path_errors": "surrogateescape"},
            skip_instance_cache=True,
            **_login(source, known),
        )

    return Sftp(source, known, limits, connect, posix_folder(source.path))


def _login(source: Source, known: Credentials) -> dict[str, Any]:
    """Key before password; without either, the keys and the agent of the account that runs this."""
    user = source.parts.username or known.user
    named = {"username": user} if user else {}
    if known.key is not None:
        key = known.key if isinstance(known.key, bytes) else os.fspath(known.key)
        return {**named, "client_keys": [key], "passphrase": known.secret, "agent_path": None}
    if known.secret is not None:
        return {**named, "password": known.secret, "client_keys": None, "agent_path": None}
    return named


def _web(source: Source, known: Credentials, limits: Limits) -> Place:
    if source.scheme == "http" and (known.secret or known.user) and not _is_loopback(source.parts.hostname or ""):
        raise SourceError("a secret is not sent over http://, where anyone on the way can read it; use https://")

    def connect() -> Any:
        import aiohttp
        from fsspec.implementations.http import HTTPFileSystem  # type: ignore[import-untyped]

        seconds = limits.timeout_seconds
        waits = aiohttp.ClientTimeout(total=None, connect=seconds, sock_connect=seconds, sock_read=seconds)
        return HTTPFileSystem(
            client_kwargs={"timeout": waits},
            headers={"Accept-Encoding": "identity", **_authorization(source, known)},
            ssl=ssl.create_default_context(cafile=limits.ca_file),
            allow_redirects=False,
            encoded=True,
            **_FRESH,
        )

    parts = source.parts
    host = parts.netloc.rpartition("@")[2]
    return Web(source, known, limits, connect, f"{parts.scheme}://{host}{parts.path or '/'}")


def _authorization(source: Source, known: Credentials) -> dict[str, str]:
    import aiohttp

    user = source.parts.username or known.user
    if user and known.secret:
        return {"Authorization": aiohttp.encode_basic_auth(user, known.secret, encoding="utf-8")}
    return {"Authorization": f"Bearer {known.secret}"} if known.secret else {}


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bucket(source: Source, known: Credentials, limits: Limits) -> Place:
    def connect() -> Any:
        from s3fs import S3FileSystem  # type: ignore[import-untyped]

        made = S3FileSystem(
            key=known.user,
            secret=known.secret,
            token=known.token,
            endpoint_url=source.endpoint or known.endpoint,
            client_kwargs={"verify": str(limits.ca_file)} if limits.ca_file else {},
            config_kwargs={
                "connect_timeout": limits.timeout_seconds,
                "read_timeout": limits.timeout_seconds,
                "retries": {"max_attempts": 1},
            },
            default_fill_cache=False,
            **_FRESH,
        )
        made.retries = 1  # trying again is ours, alike for every protocol
        return made

    return Bucket(source, known, limits, connect, (source.parts.netloc + source.path).rstrip("/"))
