"""What lies in the inbox: delivered files, their control files, the day each was received, their digests."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from pipelines.errors import FileWaitingError
from pipelines.settings import BUSINESS_ZONE

CONTROL = ".ok"
PART = ".part"
_UNFINISHED = (".tmp", PART, ".filepart", ".swp", "~")
_CHUNK = 1 << 20
_OTHERS = {32: "md5", 64: "sm3"}
"""The digests that a control file may state instead of a SHA-256, by their length in hexadecimal."""


@dataclass(frozen=True)
class Delivery:
    """One file in the inbox of a feed."""

    feed: str
    path: Path
    size_bytes: int
    modified_ns: int

    @property
    def name(self) -> str:
        """The file's name, as the department gave it."""
        return self.path.name


@dataclass(frozen=True)
class Control:
    """What a control file states of its data file; None = not stated."""

    rows: int | None = None
    digest: str | None = None
    received_on: date | None = None


def deliveries(inbox: Path, feed: str) -> list[Delivery]:
    """The finished data files of a feed, oldest delivery first.

    Hidden, unfinished (`.tmp`, `.part`) and control files are not deliveries; links are not followed.
    """
    folder = inbox / feed
    if not folder.is_dir():
        return []
    found = [_delivery(feed, path) for path in folder.iterdir() if _is_data_file(path)]
    return sorted(found, key=lambda each: (_received_or_modified(each), each.name))


def _is_data_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and is_data_name(path.name)


def is_data_name(name: str) -> bool:
    """Whether a name is that of a delivery: not hidden, not unfinished, no control file, no read-me."""
    return (
        not name.startswith((".", "_"))
        and not name.endswith((CONTROL, *_UNFINISHED))
        and name.lower() not in ("readme.md", "readme.txt")
    )


def _delivery(feed: str, path: Path) -> Delivery:
    stat = path.stat()
    return Delivery(feed, path, stat.st_size, stat.st_mtime_ns)


def control_of(delivery: Delivery) -> Control | None:
    """What the delivery's control file (`<file>.ok`, JSON or `key=value` lines) states; None without one.

    Raises:
        FileWaitingError: there is one, but it cannot be read.
    """
    path = delivery.path.with_name(delivery.name + CONTROL)
    if not path.is_file():
        return None
    return control_in(path.name, path.read_bytes())


def control_in(name: str, content: bytes) -> Control:
    """What the bytes of a control file of that name state.

    Raises:
        FileWaitingError: they are neither JSON nor `key=value` lines, or a value is none.
    """
    text = content.decode("utf-8-sig", errors="replace").strip()
    if not text:
        return Control()
    stated = _stated(name, text)
    digest = next((stated[key] for key in ("digest", "sha256", "md5", "sm3") if stated.get(key)), None)
    try:
        return Control(
            rows=_rows(stated["rows"]) if stated.get("rows") else None,
            digest=digest.lower().rpartition(":")[2] if digest else None,
            received_on=_day(stated["received_on"]) if stated.get("received_on") else None,
        )
    except ValueError as error:
        raise FileWaitingError(
            f"control file {name}: {error}; expected rows=NUMBER (whole, from 0 on) and received_on=2026-11-02: "
            "ask the sender for it again"
        ) from error


def received_on(delivery: Delivery, control: Control | None) -> date:
    """The day a file was received: from its control file, else a date in its name, else its modification time (China)."""
    if control and control.received_on:
        return control.received_on
    return date_in_name(delivery.name) or datetime.fromtimestamp(delivery.modified_ns / 1e9, BUSINESS_ZONE).date()


def date_in_name(name: str) -> date | None:
    """The last calendar date in a file name: `tax_20260101_20260131_20260203.csv` was delivered on 3 February."""
    for year, month, day in reversed(re.findall(r"(?<!\d)(20\d\d)[-_.]?(\d\d)[-_.]?(\d\d)(?!\d)", name)):
        try:
            return date(int(year), int(month), int(day))
        except ValueError:
            continue
    return None


def archive(delivery: Delivery, folder: Path, control: Control | None) -> tuple[str, Path]:
    """Copy the original bytes to `<folder>/ab/<sha256>` while hashing them; the source is never touched.

    A replay and a correction need the file as it came, personal data included, so nothing is masked in it. Instead only the
    owner of the home may read it (0700, 0600), and nothing of it is ever published.

    Returns:
        The SHA-256 and the copy.

    Raises:
        FileWaitingError: the digest is not the one its control file states, or the file changed while it was read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    partial = folder / f".incoming-{os.getpid()}"
    try:
        with partial.open("wb") as target:
            partial.chmod(0o600)
            digest = _digest(delivery.path, "sha256", target.write)
        _check_unchanged(delivery)
        if (words := disagreement(partial, digest, control)) is not None:
            raise FileWaitingError(words)
        final = folder / digest[:2] / digest
        final.parent.mkdir(exist_ok=True, mode=0o700)
        partial.replace(final)
    finally:
        partial.unlink(missing_ok=True)
    return digest, final


def disagreement(path: Path, digest: str, control: Control | None) -> str | None:
    """How the digest of a file differs from the one its control file states; None when it does not.

    The file is read again only where its SHA-256 is not what is stated: then an MD5 or SM3 may be.
    """
    stated = control.digest if control else None
    if not stated or stated == digest:
        return None
    other = _OTHERS.get(len(stated))
    is_known = other in hashlib.algorithms_available
    if other and is_known and _digest(path, other, len) == stated:
        return None
    unknown = "" if is_known or not other else f" (unless it is {other.upper()}, which this machine's OpenSSL lacks)"
    return (
        f"digest of the file (sha256 {digest}) is not the one its control file states ({stated}): "
        f"the delivery is incomplete or changed{unknown}; ask the sender for file and control file again"
    )


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes."""
    return _digest(path, "sha256", len)


def _check_unchanged(delivery: Delivery) -> None:
    stat = delivery.path.stat()
    if (stat.st_size, stat.st_mtime_ns) != (delivery.size_bytes, delivery.modified_ns):
        raise FileWaitingError(
            "the file changed while it was read: it is still being delivered; it is taken up by the next run"
        )


def _digest(path: Path, name: str, keep: Callable[[memoryview], object]) -> str:
    """A digest of a file's bytes, hexadecimal; `keep` takes them meanwhile."""
    digest = hashlib.new(name, usedforsecurity=False)
    chunk = memoryview(bytearray(_CHUNK))
    with path.open("rb", buffering=0) as source:
        while size := source.readinto(chunk):
            digest.update(chunk[:size])
            keep(chunk[:size])
    return digest.hexdigest()


def _received_or_modified(delivery: Delivery) -> date:
    try:
        return received_on(delivery, control_of(delivery))
    except FileWaitingError:
        return received_on(delivery, None)


def _stated(name: str, text: str) -> dict[str, str]:
    if text.startswith("{"):
        try:
            return {str(key).lower(): str(value) for key, value in json.loads(text).items() if value is not None}
        except (ValueError, AttributeError) as error:
            raise FileWaitingError(f"control file {name} is not valid JSON: {error}") from error
    pairs = [line.partition("=") for line in text.splitlines() if line.strip()]
    if not all(mark for _, mark, _ in pairs):
        raise FileWaitingError(
            f"control file {name}: expected key=value lines (rows=…, digest=…, received_on=…) or JSON"
        )
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def _rows(text: str) -> int:
    if not re.fullmatch(r"\d+", text.strip()):
        raise ValueError(f"rows is {text!r}, which counts no rows")
    return int(text)


def _day(text: str) -> date:
    found = date_in_name(text)
    if found is None:
        raise ValueError(f"received_on is {text!r}, not a date")
    return found
