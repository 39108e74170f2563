"""The one exception family: every message says what was found, what was expected and what to do."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SMALLEST_USEFUL_BYTES = 1 << 20


class ShoudaiError(Exception):
    """A fault a person can act on; shown without a traceback. `exit_code` follows sysexits.h."""

    exit_code = 1


class UsageError(ShoudaiError):
    """The command was called with something that does not exist (feed, week, entity)."""

    exit_code = 64


class DeclarationError(ShoudaiError):
    """A YAML of this project (contract, table, parameter, scorecard) is wrong."""

    exit_code = 78


class FileRefusedError(ShoudaiError):
    """A delivered file cannot be read as its feed; it stays where it is, with this reason in `ops.files`."""

    exit_code = 65


class FileWaitingError(FileRefusedError):
    """A delivered file is not complete yet (its control file disagrees or it is still growing)."""


class GateError(FileRefusedError):
    """The batch expectations of a feed failed, or raised: nothing of the file became visible."""


class SourceError(ShoudaiError):
    """A source of a feed cannot be read; what had arrived before still counts."""

    exit_code = 69


class BusyError(ShoudaiError):
    """Another run holds the warehouse."""

    exit_code = 75


class DiskFullError(ShoudaiError):
    """No space left; the transaction was rolled back and the last release still stands."""

    exit_code = 74


class UnusablePathError(ShoudaiError):
    """A file or folder that was named cannot be read or written."""

    exit_code = 74


def is_disk_full(error: BaseException) -> bool:
    """Whether an exception (of Python or of an engine) says that a disk or quota is full."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    text = str(error).lower()
    return any(mark in text for mark in ("no space left", "disk is full", "disk full", "disk quota exceeded"))


def in_own_words(error: ShoudaiError | OSError | UnicodeError) -> ShoudaiError:
    """A fault as one of this family: what the system says of a path, or a text that is not UTF-8, becomes a sentence."""
    if isinstance(error, ShoudaiError):
        return error
    if isinstance(error, UnicodeError):
        return UsageError(f"found text that is not UTF-8 ({error}); expected UTF-8: save, name or type it anew so")
    if is_disk_full(error):
        return DiskFullError(f"disk full: {error}; free some space and run the same command again")
    paths = " -> ".join(str(path) for path in (error.filename, error.filename2) if path)
    return UnusablePathError(
        f"{paths or 'a file'} cannot be used: {error.strerror or error}; expected a path that can be read and written: "
        "look at its spelling and rights, or name another"
    )


def _has_no_space(home: Path) -> bool:
    """Whether nothing more can be written there; some engines only say that a file came out broken."""
    return home.exists() and shutil.disk_usage(home).free < _SMALLEST_USEFUL_BYTES


@contextmanager
def disk_full_in_words(home: Path) -> Iterator[None]:
    """Whatever found no space left inside says so as a `DiskFullError`, whichever engine it was."""
    try:
        yield
    except ShoudaiError:
        raise
    except Exception as error:
        if not (is_disk_full(error) or _has_no_space(home)):
            raise
        raise DiskFullError(
            f"disk full while writing under {home}: {str(error).splitlines()[0]}. Nothing of this step was kept and the "
            "last release still stands; free some space (work/ may be deleted) and run the same command again"
        ) from error
