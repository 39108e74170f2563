"""Files over HTTPS: an index page of links, a list of names, or declared names; only what lies below the URI."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, unquote, unquote_to_bytes, urljoin, urlsplit

from pipelines.errors import SourceError
from pipelines.feeds.remote.places import BLOCK, Place, RemoteFile

_MOST_INDEX = 8 * BLOCK
_KEPT = "/%!$&'()*+,;=~@"


@dataclass(frozen=True)
class _Body:
    """An answer whose headers have come; its body is read piece by piece, in the loop it came in."""

    r: Any
    loop: Any

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.r.close)


class Web(Place):
    """The files below a URL. A URL that ends with `/` is an index page; another is a list of names, or an index page."""

    is_bare = True
    block = BLOCK // 16  # each is to come within the time of one answer, over a slow line too

    def entries(self) -> list[RemoteFile]:
        """The declared files, else those the index names; how each looks is asked one by one, when it is wanted."""
        encoding = self.source.name_encoding
        if self.source.files:
            return [RemoteFile(name, self._below() + quote(name, encoding=encoding)) for name in self.source.files]
        stream, _ = self._get(self.folder, {})
        with closing(stream):
            page = self._all(stream)
            mime = stream.r.content_type
            text = page.decode(stream.r.charset or "utf-8", errors="replace")
        found = [each for each in map(self._linked, _references(mime, text)) if each]
        return list({unquote_to_bytes(each.path): each for each in found}.values())

    def look(self, file: RemoteFile) -> RemoteFile:
        """The file as its headers describe it now."""
        found = self.fs.info(file.path, **self._bound)
        modified: datetime | None = None
        with suppress(ValueError, TypeError):
            modified = parsedate_to_datetime(found["Last-Modified"]) if "Last-Modified" in found else None
        shown = {"mtime": modified, "size": found["size"], "ETag": found.get("ETag"), "name": file.path, "type": "file"}
        now = self._entry(shown)
        return RemoteFile(file.name, file.path, "file", now.size, now.modified_at, now.etag)

    def opened(self, file: RemoteFile, offset: int) -> tuple[Any, int]:
        """The body from `offset` on, or from the start where the server cannot or the file is another by now."""
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        if offset and file.etag and file.etag.isascii() and not file.etag.startswith("W/"):
            headers["If-Range"] = file.etag
        stream, status = self._get(file.path, headers)
        if status == 206 and not stream.r.headers.get("Content-Range", "").startswith(f"bytes {offset}-"):
            stream.close()
            raise SourceError("the server answers a request for the rest of a file with another part of it")
        return stream, offset if status == 206 else 0

    def read(self, stream: Any, size: int) -> bytes:
        """Up to `size` further bytes; a server that drips is given up like one that falls silent."""
        from fsspec.asyn import sync  # type: ignore[import-untyped]

        async def whole() -> bytes:
            found = bytearray()
            while len(found) < size and (more := await stream.r.content.read(size - len(found))):
                found += more
            return bytes(found)

        return bytes(sync(self.fs.loop, whole, **self._bound))

    def _get(self, url: str, headers: dict[str, str]) -> tuple[Any, int]:
        from fsspec.asyn import sync

        fs = self.fs

        async def answer() -> Any:
            session = await fs.set_session()
            given = {**fs.kwargs, "headers": {**fs.kwargs.get("headers", {}), **headers}}
            return await session.get(fs.encode_url(url), raise_for_status=True, **given)

        stream = _Body(sync(fs.loop, answer, **self._bound), fs.loop)
        status = int(stream.r.status)
        if status in (200, 206):
            return stream, status
        where = stream.r.headers.get("Location", "nowhere")
        stream.close()
        if urlsplit(where).path.rstrip("/") == urlsplit(url).path.rstrip("/"):
            raise SourceError("the server redirects: end the URI with a / when it is a folder")
        raise SourceError(f"the server redirects elsewhere (status {status}); links are only followed below the URI")

    def _all(self, stream: Any) -> bytes:
        page = b""
        while more := self.read(stream, self.block):
            page += more
            if len(page) > _MOST_INDEX:
                raise SourceError(f"the index page is longer than {_MOST_INDEX:,} bytes; expected a list of files")
        return page

    def _below(self) -> str:
        return self.folder[: self.folder.rindex("/") + 1]

    def _linked(self, reference: str) -> RemoteFile | None:
        """The file a reference names; None for what is not below the URI: the parent, sort links, other servers."""
        try:
            base, found = urlsplit(self._below()), urlsplit(urljoin(self.folder, reference.strip()))
            same = (found.scheme, found.hostname, found.port) == (base.scheme, base.hostname, base.port)
        except ValueError:
            return None
        encoding = self.source.name_encoding
        below, path = (unquote(each.path, encoding, errors="surrogateescape") for each in (base, found))
        if not same or found.query or not path.startswith(below) or path == below:
            return None
        name = path.removeprefix(below)
        url = f"{base.scheme}://{base.netloc}{quote(found.path, safe=_KEPT)}"
        return RemoteFile(name.rstrip("/"), url, "folder" if name.endswith("/") else "file")


def _references(mime: str, text: str) -> Iterable[str]:
    """The links of a page, or the names of a list (JSON, or one a line)."""
    if mime == "application/json":
        try:
            return [str(each) for each in json.loads(text)]
        except (ValueError, TypeError) as error:
            raise SourceError("the index is not JSON; expected a list of names") from error
    if mime in ("text/html", "application/xhtml+xml"):
        return _links(text)
    if mime.startswith("text/"):
        return [line for line in text.splitlines() if line.strip()]
    raise SourceError(
        f"the index is {mime}; expected an HTML page with links, a text with one name a line, or a JSON list"
    )


def _links(page: str) -> list[str]:
    from lxml import html  # type: ignore[import-untyped]

    if not page.strip():
        return []
    with suppress(ValueError):
        page = re.sub(r"^\s*<\?xml[^>]*\?>", "", page)
        return [str(link) for link in html.document_fromstring(page).xpath("//a/@href")]
    return []
