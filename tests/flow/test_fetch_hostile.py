"""A source is not trusted: whatever it calls its files, nothing outside the inbox is written, and the refusal is in words."""

from __future__ import annotations

import json
import os
from urllib.parse import quote

import pytest

from .fetching import FEED, fetch, inbox, log_in, said, statuses

CONTENT = b"uscc,month\n"
HOSTILE = {
    "../../evil.csv": "could lead out of the inbox",
    "/etc/cron.d/evil.csv": "could lead out of the inbox",
    "..\\evil.csv": "could lead out of the inbox",
    "a\nb_20261105.csv": "control characters",
    "vsc.\u202eexe.csv": "control characters",
    "CON.csv": "named as a device",
    "c:evil.csv": "holds a colon",
    "evil.csv ": "begins or ends with a blank",
    "长" * 80 + ".csv": "longer than 200 bytes",
    "\udcff\udcfe.csv": "not text in the declared encoding",
}


def everything(desk) -> set[str]:
    top = desk.settings.home.parent
    return {str(path.relative_to(top)) for path in top.rglob("*") if path.is_file()}


def test_hostile_names_of_an_sftp_server_are_refused_and_the_good_file_comes(sftp, sftp_place, desk, monkeypatch):
    log_in(monkeypatch)
    sftp.extra_names += [*HOSTILE, ".", ".."]
    sftp_place.put("good_20261105.csv", CONTENT)
    sftp_place.declare(desk)
    before = everything(desk)
    outcome = fetch(desk)
    found = said(outcome)
    assert found.pop("good_20261105.csv") == ("fetched", "")
    for words in HOSTILE.values():
        assert any(words in text and status == "refused" for status, text in found.values()), words
    assert len(found) == len(HOSTILE)
    assert everything(desk) - before == {f"inbox/{FEED}/good_20261105.csv"}


def test_links_and_folders_are_not_followed(drop_with_folder, desk):
    drop, folder = drop_with_folder
    (folder.parent / "secret.csv").write_bytes(b"root:x")
    (folder / "link_20261105.csv").symlink_to(folder.parent / "secret.csv")
    (folder / "folder.csv").mkdir()
    os.mkfifo(folder / "pipe_20261105.csv")
    drop.put("good_20261105.csv", CONTENT)
    drop.declare(desk)
    outcome = fetch(desk)
    assert statuses(outcome) == {
        "good_20261105.csv": "fetched", "link_20261105.csv": "refused", "pipe_20261105.csv": "refused",
    }  # fmt: skip
    assert "links are not followed" in said(outcome)["link_20261105.csv"][1]
    assert set(inbox(desk)) == {"good_20261105.csv"}


@pytest.fixture(params=["sftp", "folder"])
def drop_with_folder(request, monkeypatch):
    log_in(monkeypatch)
    drop = request.getfixturevalue(f"{request.param}_place")
    return drop, drop.folder


def test_a_link_in_the_inbox_is_not_written_through(folder_place, desk, tmp_path):
    folder_place.put("a_20261105.csv", CONTENT)
    folder_place.declare(desk)
    (desk.settings.inbox / FEED).mkdir()
    (tmp_path / "precious").write_bytes(b"keep")
    (desk.settings.inbox / FEED / "a_20261105.csv").symlink_to(tmp_path / "precious")
    assert statuses(fetch(desk)) == {"a_20261105.csv": "waiting"}
    assert (tmp_path / "precious").read_bytes() == b"keep"


def test_hostile_keys_of_a_bucket_are_refused(bucket_place, desk, monkeypatch):
    log_in(monkeypatch)
    for name in ("good_20261105.csv", "../evil.csv", "..\\evil.csv", "NUL.csv", "below/deep.csv"):
        bucket_place.put(name, CONTENT)
    bucket_place.declare(desk)
    before = everything(desk)
    found = statuses(fetch(desk))
    assert found.pop("good_20261105.csv") == "fetched"
    assert found == {"..": "refused", "..\\evil.csv": "refused", "NUL.csv": "refused"}
    assert everything(desk) - before == {f"inbox/{FEED}/good_20261105.csv"}


LINKS = [
    "good_20261105.csv",
    "./twice_20261105.csv",
    "/out/twice_20261105.csv",
    "?C=M;O=A",
    "#top",
    "../secret.csv",
    "/elsewhere/secret.csv",
    "//evil.example/out/x.csv",
    "https://evil.example/out/y.csv",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "good_20261105.csv?download=1",
    "http://[broken",
    "deeper/",
    "..%2f..%2fevil.csv",
    "%2e%2e%2fevil.csv",
    "nul.csv",
    "a%0ab.csv",
]


@pytest.mark.parametrize("mime", ["text/html", "text/plain", "application/json"])
def test_only_links_below_the_uri_on_the_same_server_are_followed(web, web_place, desk, mime):
    for name in ("good_20261105.csv", "twice_20261105.csv"):
        web_place.put(name, CONTENT)
    (web.folder / "secret.csv").write_bytes(b"x")
    texts = {
        "text/html": "<html>" + "".join(f"<a href='{link}'>x</a>" for link in LINKS),
        "text/plain": "\n".join(LINKS),
        "application/json": json.dumps(LINKS),
    }
    web.index = lambda _: (mime, texts[mime])
    web_place.declare(desk)
    before = everything(desk)
    found = statuses(fetch(desk))
    assert {name for name, status in found.items() if status == "fetched"} == {
        "good_20261105.csv",
        "twice_20261105.csv",
    }
    refused = {name for name, status in found.items() if status == "refused"}
    assert refused == {"../../evil.csv", "../evil.csv", "nul.csv", "a\nb.csv"}
    assert {path for _, path, _ in web.asked} == {"/out/", "/out/good_20261105.csv", "/out/twice_20261105.csv"}
    assert everything(desk) - before == {f"inbox/{FEED}/good_20261105.csv", f"inbox/{FEED}/twice_20261105.csv"}


def test_percent_encoded_names_in_gb18030_are_refused_or_read_when_that_is_declared(web, web_place, desk):
    named = {f"{month}月_20261105.csv": month.encode() for month in "一二"}
    for name, content in named.items():
        (web_place.folder / os.fsdecode(name.encode("gb18030"))).write_bytes(content)
    web.index = lambda _: ("text/plain", "\n".join(quote(name, encoding="gb18030") for name in named))
    web_place.declare(desk)
    assert [each.status for each in fetch(desk).fetches] == ["refused"] * 2
    web_place.declare(desk, name_encoding="gb18030")
    assert set(statuses(fetch(desk)).values()) == {"fetched"}
    assert inbox(desk) == named


def test_two_files_of_one_name_are_refused(web, web_place, desk):
    name = "月_20261105.csv"
    web_place.declare(desk, name_encoding="gb18030")
    web.index = lambda _: ("text/plain", f"{name}\n{quote(name, encoding='gb18030')}\ngood.csv\n./good%2Ecsv")
    web_place.put("good.csv", CONTENT)
    found = said(fetch(desk))
    assert (found[name][0], found["good.csv"][0]) == ("refused", "fetched")
    assert "several files at the source bear this name" in found[name][1]
    assert set(inbox(desk)) == {"good.csv"}


def test_names_can_be_declared_where_a_server_has_no_index(web, web_place, desk):
    web_place.put("月 1.csv", CONTENT)
    web.index = lambda _: pytest.fail("the index is not asked for")
    web_place.declare(desk, files=["月 1.csv", "not_yet.csv"])
    assert statuses(fetch(desk)) == {"月 1.csv": "fetched", "not_yet.csv": "waiting"}


def test_a_header_that_is_no_text_stops_nothing_and_compares_equal(web, web_place, desk):
    web.etag = '"月"'.encode("gb18030")
    web_place.put("a_20261105.csv", CONTENT)
    web_place.put("a_20261105.csv.ok", b"")
    web_place.declare(desk)
    assert statuses(fetch(desk)) == {"a_20261105.csv": "fetched"}
    assert (again := fetch(desk)).seen == 1, again
    assert desk.lake("SELECT etag FROM lake.ops.fetches") == [('"\\udcd4\\udcc2"',)]


def test_a_reason_that_is_no_text_stops_nothing(folder_place, desk):
    folder_place.put("a_20261105.csv", CONTENT)
    folder_place.put("a_20261105.csv.ok", b'{"digest": "\\udcd4"}')
    folder_place.declare(desk)
    status, reason = said(fetch(desk))["a_20261105.csv"]
    assert status == "disagrees"
    assert "\\udcd4" in reason


def test_an_index_that_is_no_list_is_said_so(web, web_place, desk):
    web.index = lambda _: ("image/png", "x")
    web_place.declare(desk)
    assert "the index is image/png; expected an HTML page with links" in fetch(desk).reason


def test_names_in_gb18030_are_read_when_that_is_declared(sftp, sftp_place, desk, monkeypatch):
    log_in(monkeypatch)
    named = os.fsdecode("月流水_20261105.csv".encode("gb18030"))
    (sftp_place.folder / named).write_bytes(CONTENT)
    sftp_place.declare(desk)
    assert [each.status for each in fetch(desk).fetches] == ["refused"]
    sftp_place.declare(desk, name_encoding="gb18030")
    assert statuses(fetch(desk)) == {"月流水_20261105.csv": "fetched"}
