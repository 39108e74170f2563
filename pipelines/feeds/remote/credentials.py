"""Who we are to a source: from `SHOUDAI_…_<CONNECTION>`, `AIRFLOW_CONN_<ID>`, or, inside a DAG, Airflow's own look-up."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from pipelines.errors import SourceError
from pipelines.feeds.remote.sources import Source, secret_name

Lookup = Callable[[str], Any]
"""Airflow's `BaseHook.get_connection`: id -> an object with login, password, host, port and extra_dejson."""


@dataclass(frozen=True)
class Credentials:
    """What a source wants to know; everything may be absent. Secrets are never shown.

    Attributes:
        secret: a password, an S3 secret key, a bearer token (HTTPS without a user), or the passphrase of the key.
        key: a private key in OpenSSH's or PEM form, as a file or as text.
    """

    user: str | None = None
    secret: str | None = field(default=None, repr=False)
    key: Path | bytes | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    host: str | None = None
    port: int | None = None
    endpoint: str | None = None


def credentials(source: Source, lookup: Lookup | None = None) -> Credentials:
    """The credentials of a source; a source whose connection is not declared may have none.

    Raises:
        SourceError: the declared connection is known nowhere, or its value cannot be read.
    """
    own = _from_env(source)
    if own is not None:
        return own
    name = f"AIRFLOW_CONN_{source.connection.upper()}"
    if os.environ.get(name):
        return _from_text(name, os.environ[name])
    if not source.is_connection_declared:
        return Credentials()
    found = _looked_up(source.connection, lookup)
    if found is None:
        raise SourceError(
            f"connection {source.connection} has no credentials: set {secret_name(source)} (and {secret_name(source, 'USER')} "
            f"or {secret_name(source, 'KEY_FILE')}), or the Airflow connection {name}"
        )
    return found


def _from_env(source: Source) -> Credentials | None:
    user, secret, key, token = (
        os.environ.get(secret_name(source, what)) for what in ("USER", "SECRET", "KEY_FILE", "TOKEN")
    )
    if not (user or secret or key):
        return None
    return Credentials(user=user, secret=secret, key=Path(key) if key else None, token=token)


def _from_text(name: str, text: str) -> Credentials:
    """An Airflow connection as its environment variable holds it: JSON or a URI."""
    try:
        return _from_json(text) if text.lstrip().startswith("{") else _from_uri(text)
    except (ValueError, AttributeError):
        raise SourceError(f"{name} cannot be read; expected an Airflow connection as JSON or as a URI") from None


def _from_json(text: str) -> Credentials:
    found = json.loads(text)
    extra = found.get("extra") or {}
    return _made(found, json.loads(extra) if isinstance(extra, str) else extra)


def _from_uri(text: str) -> Credentials:
    parts = urlsplit(text)
    named: dict[str, Any] = dict(parse_qsl(parts.query))
    extra = json.loads(named.pop("__extra__", "{}")) | named
    found = {
        "login": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "host": unquote(parts.hostname or ""),
        "port": parts.port,
    }
    return _made(found, extra)


def _looked_up(connection: str, lookup: Lookup | None) -> Credentials | None:
    if lookup is None:
        return None
    try:
        found = lookup(connection)
    except Exception as error:
        raise SourceError(f"Airflow does not give the connection {connection}: {type(error).__name__}") from None
    return _made(
        {name: getattr(found, name, None) for name in ("login", "password", "host", "port")}, found.extra_dejson
    )


def _made(found: Mapping[str, Any], extra: Mapping[str, Any]) -> Credentials:
    """An Airflow connection of the kinds sftp, ssh, http and aws, by the names its providers use."""
    text = extra.get("private_key")
    key = str(text).encode() if text else Path(extra["key_file"]) if extra.get("key_file") else None
    secret = extra.get("private_key_passphrase") if key else None
    return Credentials(
        user=found.get("login") or extra.get("aws_access_key_id") or None,
        secret=secret or found.get("password") or extra.get("aws_secret_access_key") or None,
        key=key,
        token=extra.get("aws_session_token"),
        host=found.get("host") or None,
        port=int(found["port"]) if found.get("port") else None,
        endpoint=extra.get("endpoint_url"),
    )
