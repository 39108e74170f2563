"""Where each feed is fetched from: `<home>/sources.yml` and `SHOUDAI_SOURCE_<FEED>`; a URI never carries a secret."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from pipelines.errors import DeclarationError, UsageError
from pipelines.feeds.contract import contract, feeds as all_feeds
from pipelines.parameters.documents import declared
from pipelines.settings import SOURCE_ENV, Settings

SCHEMES = ("file", "sftp", "https", "http", "s3")
_EXAMPLES = "expected a folder, sftp://user@host/path, https://host/path/ or s3://bucket/prefix"


@dataclass(frozen=True)
class Limits:
    """How long and how often a source is tried, and whom it is believed.

    Attributes:
        settle_seconds: a file without control file must look the same for so long before it is taken.
        timeout_seconds: how long one answer of a source may take, also when it comes byte by byte.
        total_minutes: how long a source may take in one run; what has arrived is kept, and the next run goes on.
        largest_gb: how large one file may be, whether or not the source states its size.
        tries: how often one thing is tried before the source counts as failed.
        known_hosts: the host keys of SFTP servers, in OpenSSH's form.
        ca_file: certificates to trust for HTTPS and S3 instead of the system's.
    """

    settle_seconds: float
    timeout_seconds: float
    tries: int
    known_hosts: Path
    ca_file: Path | None
    total_minutes: float = 60
    largest_gb: float = 20

    @property
    def largest_bytes(self) -> int:
        """How many bytes one file may have."""
        return int(self.largest_gb * 1_000_000_000)


@dataclass(frozen=True)
class Source:
    """Where one feed is fetched from.

    Attributes:
        connection: names the credentials: `SHOUDAI_SECRET_<CONNECTION>` …, or an Airflow connection id.
        is_connection_declared: whether the file names it; else it is the feed's own name and credentials are optional.
        pattern: which names are deliveries, as a shell would match them.
        files: for HTTPS without an index page, the names themselves.
        delete_after: whether a file is deleted at the source once it has landed.
        endpoint: the server of an S3 protocol that is not Amazon's.
        name_encoding: in what an SFTP or web server encodes file names.
    """

    feed: str
    uri: str
    connection: str
    is_connection_declared: bool = False
    pattern: str = "*"
    files: tuple[str, ...] = ()
    delete_after: bool = False
    endpoint: str | None = None
    name_encoding: str = "utf-8"

    @property
    def parts(self) -> SplitResult:
        """The URI taken apart."""
        return urlsplit(self.uri)

    @property
    def scheme(self) -> str:
        """`file`, `sftp`, `https`, `http` or `s3`."""
        return self.parts.scheme

    @property
    def path(self) -> str:
        """The path of the URI, percent signs resolved."""
        return unquote(self.parts.path)


def sources(settings: Settings, feeds: Sequence[str]) -> tuple[list[Source], Limits]:
    """The sources of those of the feeds that have one, and the limits that hold for all.

    Raises:
        DeclarationError: the file does not fit its schema, names an unknown feed, or a URI is wrong or carries a secret.
    """
    is_there = settings.sources.is_file() or "SHOUDAI_SOURCES" in os.environ
    raw = declared(settings.sources, "sources", may_hold_secrets=True) if is_there else {}
    wanted: dict[str, Mapping[str, Any]] = dict(raw.get("sources", {}))
    place = settings.sources.name
    for feed in wanted:
        _check_feed(feed, place)
    wanted = {feed: spec for feed, spec in (wanted | _from_env(wanted)).items() if spec["uri"]}
    made = [_source(settings, feed, wanted[feed], place) for feed in feeds if feed in wanted]
    return made, _limits(settings, raw)


def _from_env(declared_ones: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """`SHOUDAI_SOURCE_<FEED>` gives the URI, with the file's other options; an empty one switches the source off."""
    known = {f"{SOURCE_ENV}{feed.upper()}": feed for feed in all_feeds()}
    given = {name: uri for name, uri in os.environ.items() if name.startswith(SOURCE_ENV)}
    unknown = sorted(given.keys() - known.keys())
    if unknown:
        raise DeclarationError(f"{unknown[0]}: no such feed; expected one such as {SOURCE_ENV}TAX__PAYMENTS")
    return {known[name]: {**declared_ones.get(known[name], {}), "uri": uri.strip()} for name, uri in given.items()}


def _check_feed(feed: str, place: str) -> None:
    try:
        contract(feed)
    except UsageError as error:
        raise DeclarationError(f"{place}: {error}") from error


def _source(settings: Settings, feed: str, spec: Mapping[str, Any], place: str) -> Source:
    made = Source(
        feed=feed,
        uri=_whole(settings, str(spec["uri"])),
        connection=spec.get("connection") or feed,
        is_connection_declared="connection" in spec,
        pattern=spec.get("pattern", "*"),
        files=tuple(spec.get("files", ())),
        delete_after=bool(spec.get("delete_after", False)),
        endpoint=spec.get("endpoint"),
        name_encoding=spec.get("name_encoding", "utf-8"),
    )
    fault = _fault(settings, made)
    if fault:
        raise DeclarationError(f"{place}: {feed}: {fault}")
    return made


def _whole(settings: Settings, uri: str) -> str:
    """A folder as a `file:` URI; a relative one lies beside the sources file."""
    return uri if "://" in uri or "@" in uri else (settings.sources.parent / uri).resolve().as_uri()


def _fault(settings: Settings, source: Source) -> str | None:
    """What is wrong with a source; the words never repeat the URI, which may carry the secret they are about."""
    try:
        parts, _ = source.parts, source.parts.port
    except ValueError:
        return f"the URI cannot be read; {_EXAMPLES}"
    if "://" not in source.uri:
        return f"the URI holds an @ and no scheme; {_EXAMPLES} (a folder with an @ in its name: file:///path)"
    if parts.scheme not in SCHEMES:
        return f"the URI begins with {parts.scheme!r}; {_EXAMPLES}"
    if parts.password is not None:
        return (
            "the URI carries a password; take it out (and change it, it has been written down) and put it into the "
            f"environment as {secret_name(source)}, or into an Airflow connection"
        )
    if (parts.query or parts.fragment) and parts.scheme != "file":
        return "the URI has a query or fragment, where secrets hide; end it with the path"
    return _SCHEME_FAULTS[parts.scheme](settings, source)


def _file_fault(settings: Settings, source: Source) -> str | None:
    folder = Path(source.path).resolve()
    if source.parts.netloc not in ("", "localhost"):
        return "a folder of another machine cannot be named so; mount it, or use sftp://"
    if folder.is_relative_to(settings.inbox):
        return f"the folder lies in the inbox ({settings.inbox}), from which files land anyway; remove this source"
    return None


def _sftp_fault(_: Settings, source: Source) -> str | None:
    if not source.parts.hostname and not source.is_connection_declared:
        return "the URI names no host; expected sftp://user@host/path, or a `connection` that has it"
    return None


def _web_fault(_: Settings, source: Source) -> str | None:
    if not source.parts.hostname:
        return "the URI names no host; expected https://host/path/"
    return "files cannot be deleted over HTTPS; remove `delete_after`" if source.delete_after else None


def _s3_fault(_: Settings, source: Source) -> str | None:
    if not source.parts.netloc or "@" in source.parts.netloc:
        return "expected s3://bucket/prefix; the access key goes into the environment"
    return None


_SCHEME_FAULTS = {"file": _file_fault, "sftp": _sftp_fault, "https": _web_fault, "http": _web_fault, "s3": _s3_fault}


def secret_name(source: Source, what: str = "SECRET") -> str:
    """The environment variable that holds a source's secret (or `USER`, `KEY_FILE`, `TOKEN`)."""
    return f"SHOUDAI_{what}_{''.join(c if c.isascii() and c.isalnum() else '_' for c in source.connection).upper()}"


def _limits(settings: Settings, raw: Mapping[str, Any]) -> Limits:
    beside = settings.sources.parent
    known = os.environ.get("SHOUDAI_KNOWN_HOSTS") or raw.get("known_hosts") or "known_hosts"
    trusted = os.environ.get("SHOUDAI_CA_FILE") or raw.get("ca_file")
    if trusted and not (beside / trusted).is_file():
        raise DeclarationError(
            f"{settings.sources.name}: ca_file {trusted} is not a file; expected certificates in PEM"
        )
    return Limits(
        settle_seconds=float(raw.get("settle_seconds", 2)),
        timeout_seconds=float(raw.get("timeout_seconds", 30)),
        tries=int(raw.get("tries", 3)),
        known_hosts=beside / known,
        ca_file=beside / trusted if trusted else None,
        total_minutes=float(raw.get("total_minutes", Limits.total_minutes)),
        largest_gb=float(raw.get("largest_gb", Limits.largest_gb)),
    )
