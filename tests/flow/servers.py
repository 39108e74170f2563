"""Real servers on loopback: SFTP, HTTP(S), the S3 protocol, and a line that can be cut in front of any of them."""

from __future__ import annotations

import asyncio
import base64
import html
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import sleep
from urllib.parse import quote, unquote

import asyncssh

USER, PASSWORD = "shoudai", "f9-front-machine"


@dataclass
class Line:
    """A TCP line to a server that counts what came down.

    Each connection is cut after `cut_after` bytes, and after `dead_after` bytes in all the line is dead, while those are set.
    After `drips_after` bytes in all the rest comes byte by byte, ten a second, while that is set.
    """

    target: int
    port: int = 0
    cut_after: int | None = None
    dead_after: int | None = None
    drips_after: int | None = None
    down: int = 0
    connections: int = 0
    _socket: socket.socket = field(default_factory=socket.socket)

    def start(self) -> None:
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(64)
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                self.connections += 1
                server = socket.create_connection(("127.0.0.1", self.target))
                threading.Thread(target=self._pump, args=(client, server, False), daemon=True).start()
                threading.Thread(target=self._pump, args=(server, client, True), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, is_down: bool) -> None:
        passed = 0
        with suppress(OSError):
            while chunk := source.recv(1 << 14):
                if is_down and self.drips_after is not None:
                    kept = min(max(self.drips_after - self.down, 0), len(chunk))
                    sink.sendall(chunk[:kept])
                    self.down += kept
                    self._drip(sink, chunk[kept:])
                else:
                    sink.sendall(chunk)
                    self.down += len(chunk) * is_down
                passed += len(chunk)
                if is_down and (_beyond(passed, self.cut_after) or _beyond(self.down, self.dead_after)):
                    break
        for each in (source, sink):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        source.close()  # the sink is the other pump's

    def _drip(self, sink: socket.socket, content: bytes) -> None:
        for byte in content:
            sleep(0.1 * (self.drips_after is not None))
            sink.sendall(bytes([byte]))


def _beyond(count: int, limit: int | None) -> bool:
    return limit is not None and count > limit


@contextmanager
def line_to(port: int) -> Iterator[Line]:
    made = Line(port)
    made.start()
    try:
        yield made
    finally:
        made.stop()


class _Door(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, PASSWORD)


@dataclass
class SftpServer:
    """An SFTP server on a folder; `extra_names` are listed as well, whatever they are called."""

    folder: Path
    client_key: asyncssh.SSHKey
    host_key: asyncssh.SSHKey
    port: int = 0
    extra_names: list[str] = field(default_factory=list)

    def known_hosts(self, port: int | None = None) -> str:
        return f"[127.0.0.1]:{port or self.port} {self.host_key.export_public_key().decode()}"


@contextmanager
def sftp_server(folder: Path) -> Iterator[SftpServer]:
    made = SftpServer(
        folder, asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-ed25519")
    )

    class Files(asyncssh.SFTPServer):
        def __init__(self, channel: asyncssh.SSHServerChannel) -> None:
            super().__init__(channel, chroot=os.fsencode(folder))

        async def scandir(self, path: bytes):  # type: ignore[no-untyped-def]
            async for each in super().scandir(path):
                yield each
            for name in made.extra_names:
                attrs = asyncssh.SFTPAttrs(size=5, permissions=0o100644, atime=1_000_000, mtime=1_000_000)
                yield asyncssh.SFTPName(name.encode("utf-8", "surrogateescape"), attrs=attrs)

    connections: list[asyncssh.SSHServerConnection] = []

    class Door(_Door):
        def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
            connections.append(conn)

    async def listen() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=Door,
            server_host_keys=[made.host_key],
            authorized_client_keys=asyncssh.import_authorized_keys(made.client_key.export_public_key().decode()),
            sftp_factory=Files,
        )

    async def close() -> None:
        acceptor.close()
        for each in connections:
            each.abort()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    acceptor = asyncio.run_coroutine_threadsafe(listen(), loop).result(10)
    made.port = acceptor.get_port()
    try:
        yield made
    finally:
        asyncio.run_coroutine_threadsafe(close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


@dataclass
class WebServer:
    """An HTTP server on a folder: index pages, HEAD, Range, ETag; what it was asked is in `asked`."""

    folder: Path
    port: int = 0
    needs: str | None = None
    index: Callable[[list[str]], tuple[str, str]] | None = None
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    ranges: bool = True
    sizes: bool = True
    etag: bytes | None = None


class _Pages(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: WebServer

    def log_message(self, *_: object) -> None: ...

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        self.site.asked.append((self.command, self.path, self.headers.get("Range")))
        if self.site.needs and self.headers.get("Authorization") != self.site.needs:
            self._send(401, b"", {}, body)
            return
        path = self.site.folder / unquote(self.path, errors="surrogateescape").lstrip("/")
        if path.is_dir() and not self.path.endswith("/"):
            self._send(301, b"", {"Location": self.path + "/"}, body)
        elif path.is_dir():
            self._send(200, *self._listing(path), body)
        elif path.is_file():
            self._file(path, body)
        else:
            self._send(404, b"gone", {}, body)

    def _listing(self, path: Path) -> tuple[bytes, dict[str, str]]:
        names = sorted(each.name + "/" * each.is_dir() for each in path.iterdir())
        if self.site.index:
            mime, text = self.site.index(names)
            return text.encode(), {"Content-Type": mime}
        links = "".join(f'<li><a href="{html.escape(quote(name))}">{html.escape(name)}</a>' for name in names)
        page = f'<html><a href="?C=N;O=D">Name</a> <a href="../">Parent</a><ul>{links}</ul></html>'
        return page.encode(), {"Content-Type": "text/html; charset=utf-8"}

    def _file(self, path: Path, body: bool) -> None:
        content, stat = path.read_bytes(), path.stat()
        etag = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
        if self.site.etag:
            etag = self.site.etag.decode("latin-1")
        given = {"ETag": etag, "Last-Modified": self.date_time_string(stat.st_mtime)}
        asked = self.headers.get("Range") if self.site.ranges else None
        if asked and self.headers.get("If-Range", etag) == etag:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            given["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            self._send(206, content[start:], given, body)
        else:
            self._send(200, content, given, body)

    def _send(self, status: int, content: bytes, headers: dict[str, str], body: bool) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if self.site.sizes or status != 200:
            self.send_header("Content-Length", str(len(content)))
        else:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        if body:
            with suppress(OSError):
                self.wfile.write(content)


@contextmanager
def web_server(folder: Path, certificate: Path | None = None) -> Iterator[WebServer]:
    site = WebServer(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Pages", (_Pages,), {"site": site}))
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign,assignment]
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    site.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def certificate_for_loopback(path: Path) -> Path:
    """A self-signed certificate for 127.0.0.1 with its key, in one PEM file."""
    from datetime import UTC, datetime, timedelta
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path
