"""A place files are fetched from: what lies there, one look at a file, its bytes from an offset. fsspec does the protocols."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from pipelines.errors import SourceError
from pipelines.feeds.remote import faults, names
from pipelines.feeds.remote.credentials import Credentials
from pipelines.feeds.remote.sources import Limits, Source

BLOCK = 1 << 20
_MOST_CONTROL = 1 << 16


@dataclass(frozen=True)
class RemoteFile:
    """One thing at a source, as it looked at one moment.

    Attributes:
        name: what the source calls it; not to be trusted.
        path: what the file system opens.
        kind: `file`, `folder`, `link` or `other`.
        modified_at: UTC, without zone.
    """

    name: str
    path: str
    kind: str = "file"
    size: int | None = None
    modified_at: datetime | None = None
    etag: str | None = None

    @property
    def version(self) -> tuple[int | None, datetime | None, str | None]:
        """What tells one state of the file from another, as the ledger can keep it."""
        return self.size, self.modified_at, self.etag and names.as_text(self.etag)


class Place:
    """The folder of a source, over one fsspec file system."""

    is_whole_at_once = False
    """Whether a file appears there only when it is complete."""
    block = BLOCK
    """How many bytes are asked for at once."""
    is_bare = False
    """Whether its list holds names only, so that each file must be looked at for itself."""

    def __init__(
        self, source: Source, known: Credentials, limits: Limits, connect: Callable[[], Any], folder: str
    ) -> None:
        """Look at `folder` of the file system that `connect` makes."""
        self.source, self.known, self.limits = source, known, limits
        self.folder = folder
        self._connect = connect
        self._connected: Any = None
        self.begin()

    def begin(self) -> None:
        """The time that a run gives the source begins now: others may have had their turn in between."""
        self._until = monotonic() + 60 * self.limits.total_minutes

    @property
    def fs(self) -> Any:
        """The file system, connected at first use.

        Raises:
            TakesTooLongError: the source has had its time.
        """
        if monotonic() > self._until:
            raise faults.TakesTooLongError
        if self._connected is None:
            self._connected = self._connect()
        return self._connected

    def reconnect(self) -> None:
        """Forget the connection; the next use makes a new one."""
        self._connected = None

    def entries(self) -> list[RemoteFile]:
        """What lies in the folder, by name; what lies in folders below it does not count."""
        return [self._entry(info) for info in self.fs.ls(self.folder, detail=True, **self._bound)]

    def look(self, file: RemoteFile) -> RemoteFile:
        """The file as it looks now."""
        now = self._entry(self.fs.info(file.path, **self._bound))
        return RemoteFile(file.name, file.path, file.kind, now.size, now.modified_at, now.etag)

    def opened(self, file: RemoteFile, offset: int) -> tuple[Any, int]:
        """A stream of the file's bytes, and at which offset it really begins."""
        stream = self.fs.open(file.path, "rb")
        stream.seek(offset)
        return stream, offset

    def read(self, stream: Any, size: int) -> bytes:
        """Up to `size` further bytes; none at the end."""
        return bytes(stream.read(size))

    def control(self, file: RemoteFile) -> bytes:
        """The bytes of a control file.

        Raises:
            SourceError: it is far too long for one.
        """
        stream, _ = self.opened(file, 0)
        content = b""
        with closing(stream):
            while len(content) <= _MOST_CONTROL and (more := self.read(stream, self.block)):
                content += more
        if len(content) > _MOST_CONTROL:
            raise SourceError(f"the control file is longer than {_MOST_CONTROL:,} bytes")
        return content

    def remove(self, file: RemoteFile) -> None:
        """Delete the file at the source."""
        self.fs.rm_file(file.path, **self._bound)

    @property
    def _bound(self) -> dict[str, Any]:
        """What keeps one call from waiting for ever, where the file system does not do so itself."""
        return {"timeout": self.limits.timeout_seconds}

    def _entry(self, info: dict[str, Any]) -> RemoteFile:
        path = str(info["name"])
        below = f"{self.folder.rstrip('/')}/"
        name = path.removeprefix(below) if path.startswith(below) else path
        kind = {"directory": "folder", "file": "file", "link": "link"}.get(str(info.get("type")), "other")
        if kind == "folder":
            name = name.rstrip("/")
        found = info.get("mtime", info.get("LastModified"))
        return RemoteFile(name, path, kind, info.get("size"), _moment(found), info.get("ETag"))


class Folder(Place):
    """A folder of this machine, mounted or not."""

    @property
    def _bound(self) -> dict[str, Any]:
        return {}

    def _entry(self, info: dict[str, Any]) -> RemoteFile:
        return super()._entry({**info, "type": "link"} if info.get("islink") else info)

    def look(self, file: RemoteFile) -> RemoteFile:
        """The file as it looks now; a link that has taken its place is one."""
        return self._entry(self.fs.info(file.path))

    def remove(self, file: RemoteFile) -> None:
        """Delete the file in its folder."""
        self.fs.rm_file(file.path)


class Sftp(Place):
    """A folder of an SFTP server."""

    def read(self, stream: Any, size: int) -> bytes:
        """Up to `size` further bytes; a server that falls silent is given up."""
        fs = self.fs
        try:
            return bytes(stream.read(size, **self._bound))
        except TimeoutError:
            fs.loop.call_soon_threadsafe(fs.client.abort)  # else closing the file waits for its answer
            raise


@dataclass
class _Object:
    """How far an object has been read."""

    file: RemoteFile
    at: int

    def close(self) -> None:
        """Nothing is held open between two requests."""


class Bucket(Place):
    """The objects under a prefix of an S3 bucket; an object is there whole or not at all."""

    is_whole_at_once = True
    block = 4 * BLOCK  # each is one request

    def entries(self) -> list[RemoteFile]:
        """What lies under the prefix; where nothing does there is no prefix, which is no fault."""
        try:
            self.fs.invalidate_cache()
            return [each for each in super().entries() if each.name and each.path.rstrip("/") != self.folder]
        except FileNotFoundError as error:
            if faults.names_bucket(error):
                raise
            self.fs.call_s3("head_bucket", Bucket=self.folder.partition("/")[0], **self._bound)
            return []

    def opened(self, file: RemoteFile, offset: int) -> tuple[Any, int]:
        """The object's bytes from `offset` on; that it became another in between is told by its tag afterwards."""
        return _Object(file, offset), offset

    def read(self, stream: Any, size: int) -> bytes:
        """Up to `size` further bytes, one request."""
        end = min(stream.at + size, stream.file.size or 0)
        if stream.at >= end:
            return b""
        seconds = self._bound["timeout"] * self.block / BLOCK
        found = bytes(self.fs.cat_file(stream.file.path, start=stream.at, end=end, timeout=seconds))
        stream.at += len(found)
        return found

    def _entry(self, info: dict[str, Any]) -> RemoteFile:
        """Lists and looks state times differently finely; the tag tells versions apart."""
        found = super()._entry(info)
        modified = found.modified_at.replace(microsecond=0) if found.modified_at else None
        etag = (found.etag or "").strip('"') or None
        return RemoteFile(found.name, found.path, found.kind, found.size, modified, etag)


def posix_folder(path: str) -> str:
    """The folder of an SFTP URI: `/out/tax`, or, after `/~/`, below the home of the user."""
    below = path.removeprefix("/~/") if path.startswith("/~/") else path
    return posixpath.normpath(below) if below else "/"


def _moment(found: object) -> datetime | None:
    """A modification time as file systems state it (seconds, or a datetime), UTC without zone."""
    if isinstance(found, int | float):
        found = datetime.fromtimestamp(found, UTC)
    return found.astimezone(UTC).replace(tzinfo=None) if isinstance(found, datetime) else None
