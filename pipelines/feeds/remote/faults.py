"""What went wrong at a source, in words: which feed, which place (never a secret), and what to do."""

from __future__ import annotations

import errno
from collections.abc import Iterator

from pipelines.feeds.remote.credentials import Credentials
from pipelines.feeds.remote.sources import Limits, Source, secret_name

_KINDS = {
    "HostKeyNotVerifiable": "host_key",
    "PermissionDenied": "login",
    "NoCredentialsError": "login",
    "KeyImportError": "key",
    "KeyEncryptionError": "key",
    "SFTPPermissionDenied": "denied",
    "PermissionError": "denied",
    "SFTPNoSuchFile": "missing",
    "SFTPNoSuchPath": "missing",
    "SFTPNotADirectory": "missing",
    "FileNotFoundError": "missing",
    "NotADirectoryError": "missing",
    "ClientSSLError": "tls",
    "SSLError": "tls",
    "gaierror": "name",
    "ConnectionRefusedError": "closed",
    "EndpointConnectionError": "closed",
    "TakesTooLongError": "long",
    "TimeoutError": "silent",
    "ServerTimeoutError": "silent",
    "ConnectTimeoutError": "silent",
    "ReadTimeoutError": "silent",
    "DisconnectError": "cut",
    "SFTPConnectionLost": "cut",
    "SFTPNoConnection": "cut",
    "ClientPayloadError": "cut",
    "ClientConnectionError": "cut",
    "ConnectionError": "cut",
    "IncompleteReadError": "cut",
    "HTTPClientError": "cut",
}
"""Exception class (of Python, asyncssh, aiohttp, botocore) -> kind; by name, so that no protocol is imported unused."""

_STATUSES = {401: "login", 403: "denied", 404: "missing", 407: "login", 410: "missing", 429: "busy"}
_CODES = {
    "InvalidAccessKeyId": "login",
    "SignatureDoesNotMatch": "login",
    "ExpiredToken": "login",
    "InvalidToken": "login",
    "AccessDenied": "denied",
    "NoSuchBucket": "missing",
    "NoSuchKey": "missing",
    "SlowDown": "busy",
    "ServiceUnavailable": "busy",
    "InternalError": "busy",
}
_UNREACHABLE = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN)
_PASSING = {"closed", "silent", "long", "cut", "busy", "name"}

_WORDS = {
    "host_key": "the host key of {host} is unknown, or not the one noted in {known_hosts}: nothing was sent. Note it with "
    "`ssh-keyscan{port} {host} >> {known_hosts}` and compare its fingerprint (ssh-keygen -lf) with the department's",
    "login": "the login{user} was refused: check the user, and the secret in {secret} (or the Airflow connection {connection})",
    "key": "the private key in {key} cannot be read: check the file, and its passphrase in {secret} (an encrypted key in "
    "OpenSSH's own form needs the package bcrypt; `ssh-keygen -p -m PKCS8 -f KEY` brings it into a form that does not)",
    "denied": "permission denied: ask the department to let{user} read (and list) this place",
    "missing": "there is no such folder, file or bucket: check the URI with the department",
    "tls": "the TLS certificate of {host} is not trusted, so nothing was sent: if the bank's own authority signed it, name "
    "that authority's certificate in `ca_file` (or SHOUDAI_CA_FILE)",
    "name": "the host name {host} is not known here: check the URI and the name server",
    "closed": "{host} does not accept connections: check host and port, and whether the server and the firewall let us in",
    "silent": "{host} did not answer within {timeout:g} seconds: check the firewall, or raise `timeout_seconds`",
    "long": "{host} has not sent everything within {total:g} minutes: what has arrived is kept, and the next run goes on "
    "where it stopped; raise `total_minutes` when the line is that slow",
    "cut": "the connection was cut: the next run goes on where it stopped",
    "busy": "the server is busy or out of order: the next run tries again",
}


class TakesTooLongError(TimeoutError):
    """A source has had all the time that one run gives it."""


def in_words(error: BaseException, source: Source, known: Credentials, limits: Limits) -> str:
    """A sentence for a person; the engine's own words follow only where no better ones are known."""
    kind = _kind(error)
    if kind not in _WORDS:
        return _own_words(error)
    parts = source.parts
    user = parts.username or known.user
    port = parts.port or known.port
    return _WORDS[kind].format(
        host=parts.hostname or known.host or source.endpoint or "the server",
        port=f" -p {port}" if port else "",
        user=f" of {user}" if user else "",
        secret=secret_name(source),
        key=secret_name(source, "KEY_FILE"),
        connection=source.connection,
        known_hosts=limits.known_hosts,
        timeout=limits.timeout_seconds,
        total=limits.total_minutes,
    )


def is_passing(error: BaseException) -> bool:
    """Whether the same may succeed a little later."""
    return _kind(error) in _PASSING


def is_missing(error: BaseException) -> bool:
    """Whether the thing asked for is not there."""
    return _kind(error) == "missing"


def names_bucket(error: BaseException) -> bool:
    """Whether it is the bucket that is not there."""
    return any(_code(each) == "NoSuchBucket" for each in _chain(error))


def _own_words(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}{f': {text[0][:300]}' if text else ''}"


def _kind(error: BaseException) -> str | None:
    """The kind of the innermost cause that is known."""
    found = [kind for each in _chain(error) if (kind := _kind_of(each))]
    return found[-1] if found else None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _kind_of(error: BaseException) -> str | None:
    status, code = getattr(error, "status", None), _code(error)
    if isinstance(status, int) and status >= 400:
        return _STATUSES.get(status, "busy" if status >= 500 else "other")
    if code:
        return _CODES.get(code) or _STATUSES.get(int(code) if code.isdigit() else 0, "other")
    if isinstance(error, OSError) and (error.errno in _UNREACHABLE or "Connect call failed" in str(error)):
        return "closed"
    return next((_KINDS[each.__name__] for each in type(error).__mro__ if each.__name__ in _KINDS), None)


def _code(error: BaseException) -> str | None:
    """The code of an answer of the S3 protocol."""
    response = getattr(error, "response", None)
    found = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    return str(found) if found else None
