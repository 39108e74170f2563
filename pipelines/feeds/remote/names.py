"""Names a source gives its files are not trusted: what could leave the inbox, or deceive a reader, is refused."""

from __future__ import annotations

import hashlib
import unicodedata

from pipelines.feeds import pull

MOST_BYTES = 200
"""A name and the marks of an unfinished file must fit into the 255 bytes of a file system."""

_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}
_CONTROL = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def fault_in(name: str) -> str | None:
    """Why a name is refused; None for one that is harmless as a file name on every system."""
    try:
        encoded = name.encode()
    except UnicodeEncodeError:
        return "its name is not text in the declared encoding (name_encoding)"
    tests = (
        (not name or name in (".", ".."), "it names a folder"),
        ("/" in name or "\\" in name, "its name holds a path, which could lead out of the inbox"),
        (any(unicodedata.category(letter) in _CONTROL for letter in name), "its name holds control characters"),
        (":" in name, "its name holds a colon, as a drive or a stream does"),
        (name != name.strip() or name.endswith("."), "its name begins or ends with a blank, or ends with a point"),
        (name.split(".")[0].strip().lower() in _DEVICES, "it is named as a device"),
        (len(encoded) > MOST_BYTES, f"its name is longer than {MOST_BYTES} bytes"),
    )
    return next((words for is_so, words in tests if is_so), None)


def shown(name: str) -> str:
    """A name fit for a message: what cannot be printed is escaped, and it does not go on for ever."""
    text = name if name.isprintable() else ascii(name)[1:-1]
    return text if len(text) <= MOST_BYTES else f"{text[:MOST_BYTES]}…"


def as_text(given: str) -> str:
    """What a source gives, as the ledger can keep it: bytes that are no text are escaped, and stop nothing."""
    return given.encode("utf-8", "backslashreplace").decode()


def part_of(name: str, uri: str, version: object) -> str:
    """The unfinished file of one version of a remote file; another version has another, so that they never mix."""
    mark = hashlib.sha256(f"{uri}\0{name}\0{version}".encode()).hexdigest()[:12]
    return f"{parts_of(name)}{mark}{pull.PART}"


def parts_of(name: str) -> str:
    """How the unfinished files of a remote file begin; the point keeps them out of the inbox's deliveries."""
    return f".{name}."
