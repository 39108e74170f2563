"""What goes wrong at a source is said in words: which feed, which place, what to do; never a secret, and the others go on."""

from __future__ import annotations

import base64
import json
import socket
import struct
import urllib.request

import asyncssh
import pytest
from fsspec.asyn import get_loop

from .fetching import FEED, declare, fetch, inbox, log_in, said, statuses
from .servers import PASSWORD, USER, basic, certificate_for_loopback, web_server

CONTENT = b"uscc,month\n"
OTHER = "green__enterprises"


def closed_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def reason(outcome) -> str:
    assert outcome.status == "failed"
    assert PASSWORD not in repr(outcome)
    return outcome.reason


def test_one_failing_source_does_not_stop_the_others(folder_place, desk):
    folder_place.put("a_20261105.csv", CONTENT)
    declare(desk, {OTHER: {"uri": f"sftp://{USER}@127.0.0.1:{closed_port()}/out"}, FEED: folder_place.spec})
    assert "127.0.0.1 does not accept connections: check host and port" in reason(fetch(desk, OTHER, FEED))
    assert set(inbox(desk)) == {"a_20261105.csv"}
    rows = desk.lake("SELECT feed, status, reason IS NOT NULL FROM lake.ops.sources ORDER BY feed")
    assert rows == [(FEED, "read", False), (OTHER, "failed", True)]


def test_an_unknown_host_key_is_refused_before_anything_is_sent(sftp, desk, monkeypatch):
    log_in(monkeypatch)
    declare(desk, {FEED: {"uri": f"sftp://{USER}@127.0.0.1:{sftp.port}/out", "connection": "front"}})
    words = reason(fetch(desk))
    hosts = desk.settings.home / "known_hosts"
    assert "the host key of 127.0.0.1 is unknown" in words
    assert f"ssh-keyscan -p {sftp.port} 127.0.0.1 >> {hosts}" in words
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    hosts.write_text(f"[127.0.0.1]:{sftp.port} {other}")
    assert "or not the one noted in" in reason(fetch(desk))
    elsewhere = desk.settings.home / "bank_hosts"
    elsewhere.write_text(sftp.known_hosts())
    monkeypatch.setenv("SHOUDAI_KNOWN_HOSTS", str(elsewhere))
    assert fetch(desk).status == "read"


def test_a_wrong_password_names_the_variable_that_holds_it(sftp_place, desk, monkeypatch):
    sftp_place.declare(desk)
    monkeypatch.setenv("SHOUDAI_SECRET_FRONT", "wrong-secret")
    words = reason(fetch(desk))
    assert f"the login of {USER} was refused" in words
    assert "SHOUDAI_SECRET_FRONT (or the Airflow connection front)" in words
    assert "wrong-secret" not in words


def test_a_private_key_logs_in_and_its_passphrase_is_the_secret(sftp, sftp_place, desk, monkeypatch, tmp_path):
    sftp_place.put("a_20261105.csv", CONTENT)
    sftp_place.declare(desk)
    sftp.client_key.write_private_key(tmp_path / "key", "pkcs8-pem", passphrase="open")  # noqa: S106
    monkeypatch.setenv("SHOUDAI_KEY_FILE_FRONT", str(tmp_path / "key"))
    monkeypatch.setenv("SHOUDAI_SECRET_FRONT", "shut")
    assert "private key in SHOUDAI_KEY_FILE_FRONT cannot be read" in reason(fetch(desk))
    monkeypatch.setenv("SHOUDAI_SECRET_FRONT", "open")
    assert statuses(fetch(desk)) == {"a_20261105.csv": "fetched"}


def encrypted_in_openssh_form() -> str:
    """A private key as `ssh-keygen` writes one with a passphrase; what it holds is nothing."""

    def text(content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + content

    rounds = text(bytes(16)) + struct.pack(">I", 16)
    public = text(b"ssh-ed25519") + text(bytes(32))
    key = b"openssh-key-v1\0" + text(b"aes256-ctr") + text(b"bcrypt") + text(rounds)
    body = base64.encodebytes(key + struct.pack(">I", 1) + text(public) + text(bytes(160))).decode()
    return f"-----BEGIN OPENSSH PRIVATE KEY-----\n{body}-----END OPENSSH PRIVATE KEY-----\n"


@pytest.mark.parametrize("passphrase", ["open", None])
def test_a_key_encrypted_in_openssh_form_says_what_it_needs(sftp_place, desk, monkeypatch, tmp_path, passphrase):
    sftp_place.declare(desk)
    (tmp_path / "key").write_text(encrypted_in_openssh_form())
    monkeypatch.setenv("SHOUDAI_KEY_FILE_FRONT", str(tmp_path / "key"))
    if passphrase:
        monkeypatch.setenv("SHOUDAI_SECRET_FRONT", passphrase)
    words = reason(fetch(desk))
    assert "private key in SHOUDAI_KEY_FILE_FRONT cannot be read" in words
    assert "needs the package bcrypt; `ssh-keygen -p -m PKCS8 -f KEY`" in words


def test_an_airflow_connection_gives_host_user_and_key(sftp, sftp_place, desk, monkeypatch):
    sftp_place.put("a_20261105.csv", CONTENT)
    declare(desk, {FEED: {"uri": "sftp:///out", "connection": "front"}})
    extra = {"private_key": sftp.client_key.export_private_key().decode()}
    found = {"host": "127.0.0.1", "port": sftp_place.line.port, "login": USER, "extra": json.dumps(extra)}
    monkeypatch.setenv("AIRFLOW_CONN_FRONT", json.dumps(found))
    assert statuses(fetch(desk)) == {"a_20261105.csv": "fetched"}


def test_a_declared_connection_without_credentials_says_how_to_give_them(sftp_place, desk):
    sftp_place.declare(desk)
    assert "set SHOUDAI_SECRET_FRONT" in reason(fetch(desk))
    assert sftp_place.line.connections == 0


@pytest.mark.parametrize("drop", ["sftp", "web", "folder"], indirect=True)
def test_a_folder_that_is_not_there_is_said_so(drop, desk):
    drop.declare(desk, uri=drop.spec["uri"].rstrip("/") + "/nowhere/")
    assert "there is no such folder" in reason(fetch(desk))


def test_a_page_that_is_refused_is_let_go_in_the_loop_it_came_in(web_place, desk, request):
    """A loop that debugs refuses to be touched by another thread; one that does not may be harmed."""
    request.addfinalizer(lambda: get_loop().set_debug(False))
    get_loop().set_debug(True)
    web_place.declare(desk, uri=f"http://127.0.0.1:{web_place.line.port}/gone/")
    for _ in range(10):
        assert "there is no such folder" in reason(fetch(desk))


def test_an_empty_prefix_is_empty_and_a_missing_bucket_is_missing(bucket_place, desk, monkeypatch):
    log_in(monkeypatch)
    bucket_place.declare(desk)
    assert (fetch(desk).status, fetch(desk).files) == ("read", 0)
    bucket_place.declare(desk, uri="s3://no-such-bucket/out")
    assert "there is no such folder, file or bucket" in reason(fetch(desk))


def test_a_wrong_key_of_a_bucket_is_a_refused_login(bucket_place, s3_port, desk, monkeypatch):
    log_in(monkeypatch)
    bucket_place.put("a_20261105.csv", CONTENT)
    bucket_place.declare(desk)
    check_logins(s3_port, after=0)
    try:
        words = reason(fetch(desk))
    finally:
        check_logins(s3_port, after=1_000_000)
    assert f"the login of {USER} was refused" in words
    assert "SHOUDAI_SECRET_OBJECTS" in words


def check_logins(port: int, after: int) -> None:
    """From how many further calls on the S3 server checks who asks."""
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}/moto-api/reset-auth", str(after).encode(), {"Content-Type": "text/plain"}
    )
    urllib.request.urlopen(asked, timeout=5).close()  # noqa: S310


def test_a_web_login_is_refused_and_then_let_in(web, web_place, desk, monkeypatch):
    web_place.put("a_20261105.csv", CONTENT)
    web.needs = basic(USER, PASSWORD)
    web_place.declare(desk, connection="site")
    monkeypatch.setenv("SHOUDAI_USER_SITE", USER)
    monkeypatch.setenv("SHOUDAI_SECRET_SITE", "wrong")
    assert f"the login of {USER} was refused" in reason(fetch(desk))
    monkeypatch.setenv("SHOUDAI_SECRET_SITE", PASSWORD)
    assert statuses(fetch(desk)) == {"a_20261105.csv": "fetched"}
    web.needs = "Bearer abc"
    monkeypatch.delenv("SHOUDAI_USER_SITE")
    monkeypatch.setenv("SHOUDAI_SECRET_SITE", "abc")
    assert fetch(desk).seen == 1


def test_a_certificate_nobody_trusts_is_refused_and_the_banks_own_authority_can_be_named(desk, tmp_path, monkeypatch):
    pem = certificate_for_loopback(tmp_path / "server.pem")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "a_20261105.csv").write_bytes(CONTENT)
    with web_server(tmp_path / "site", pem) as site:
        declare(desk, {FEED: {"uri": f"https://127.0.0.1:{site.port}/"}})
        words = reason(fetch(desk))
        assert "the TLS certificate of 127.0.0.1 is not trusted, so nothing was sent" in words
        assert "`ca_file` (or SHOUDAI_CA_FILE)" in words
        assert site.asked == []
        monkeypatch.setenv("SHOUDAI_CA_FILE", str(pem))
        assert statuses(fetch(desk)) == {"a_20261105.csv": "fetched"}


def test_a_secret_is_not_sent_over_plain_http(desk, monkeypatch):
    monkeypatch.setenv("SHOUDAI_SECRET_SITE", PASSWORD)
    declare(desk, {FEED: {"uri": "http://data.example/out/", "connection": "site"}})
    assert "use https://" in reason(fetch(desk))


def test_a_host_name_nobody_knows_is_said_so(desk):
    declare(desk, {FEED: {"uri": "https://no-such-host.invalid/out/"}}, tries=1)
    assert "the host name no-such-host.invalid is not known here" in reason(fetch(desk))


def test_a_silent_server_is_given_up_in_time(desk):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        declare(desk, {FEED: {"uri": f"http://127.0.0.1:{silent.getsockname()[1]}/"}}, tries=1, timeout_seconds=0.3)
        assert "did not answer within 0.3 seconds" in reason(fetch(desk))


def test_a_file_that_may_not_be_read_is_named_and_the_others_come(sftp_place, desk, monkeypatch):
    log_in(monkeypatch)
    for name in ("a_20261105.csv", "b_20261105.csv", "c_20261105.csv"):
        sftp_place.put(name, CONTENT)
    opened = asyncssh.SFTPServer.open

    def refusing(self, path, pflags, attrs):
        if b"b_2026" in path:
            raise asyncssh.SFTPPermissionDenied("no")
        return opened(self, path, pflags, attrs)

    monkeypatch.setattr(asyncssh.SFTPServer, "open", refusing)
    sftp_place.declare(desk)
    outcome = fetch(desk)
    assert statuses(outcome) == {"a_20261105.csv": "fetched", "b_20261105.csv": "failed", "c_20261105.csv": "fetched"}
    assert f"b_20261105.csv: permission denied: ask the department to let of {USER} read" in reason(outcome)


def test_a_server_that_cannot_continue_is_asked_for_the_whole_file(web, web_place, desk):
    content = bytes(6 << 20)
    web.ranges = False
    web_place.put("a_20261105.csv", content)
    web_place.limits = {"tries": 1}
    web_place.declare(desk)
    web_place.line.dead_after = 3 << 20
    assert statuses(fetch(desk)) == {"a_20261105.csv": "failed"}
    web_place.line.dead_after = None
    assert statuses(fetch(desk)) == {"a_20261105.csv": "fetched"}
    assert inbox(desk) == {"a_20261105.csv": content}


def test_a_file_without_stated_size_needs_a_control_file_with_its_digest(web, web_place, desk):
    web.sizes = False
    web_place.put("a_20261105.csv", CONTENT)
    web_place.declare(desk)
    assert "a_20261105.csv.ok" in said(fetch(desk))["a_20261105.csv"][1]
    web_place.put("a_20261105.csv.ok", b"sha256=e1d50d6ab34e2b4d3b8ac2f1a9f4f5a0")
    assert statuses(fetch(desk)) == {"a_20261105.csv": "disagrees"}


def test_a_redirect_is_not_followed(web, web_place, desk):
    web_place.declare(desk, uri=web_place.spec["uri"].rstrip("/"))
    assert "end the URI with a / when it is a folder" in reason(fetch(desk))


def test_a_source_that_is_no_longer_declared_no_longer_fails(desk):
    declare(desk, {FEED: {"uri": "nowhere"}})
    assert fetch(desk).status == "failed"
    declare(desk, {OTHER: {"uri": "nowhere"}})
    fetch(desk, FEED, OTHER)
    assert desk.lake("SELECT feed FROM lake.ops.sources") == [(OTHER,)]
