"""The whole way: a file from each protocol lands through `ingest`; a failing source is said and the list is published."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from pipelines import flow
from pipelines.cli import main
from pipelines.errors import UsageError
from pipelines.settings import SAMPLES

from .fetching import PASSWORD, declare, log_in
from .homes import AS_OF, Home, settings_of
from .servers import certificate_for_loopback, web_server

FILES = {
    "social__insurance": "sample",
    "green__enterprises": "lsqyk_20261030.csv",
    "bank__flows": "flows_202610_20261105.csv",
    "crm__suppressions": "yzmd_20261120.csv",
}


def sample(feed: str) -> tuple[str, bytes]:
    name = FILES[feed]
    path = SAMPLES / feed / name if name != "sample" else sorted((SAMPLES / feed).glob("*.csv"))[0]
    return path.name, path.read_bytes()


def test_a_file_from_each_protocol_lands(bare, sftp_place, bucket_place, folder_place, tmp_path, monkeypatch):
    log_in(monkeypatch)
    pem = certificate_for_loopback(tmp_path / "server.pem")
    (tmp_path / "web").mkdir()
    for feed, place in {
        "social__insurance": sftp_place,
        "bank__flows": bucket_place,
        "crm__suppressions": folder_place,
    }.items():
        place.put(*sample(feed))
    name, content = sample("green__enterprises")
    (tmp_path / "web" / name).write_bytes(content)
    with web_server(tmp_path / "web", pem) as site:
        sources = {
            "social__insurance": {**sftp_place.spec, "delete_after": True},
            "green__enterprises": {"uri": f"https://127.0.0.1:{site.port}/"},
            "bank__flows": {**bucket_place.spec, "delete_after": True},
            "crm__suppressions": folder_place.spec,
        }
        declare(bare, sources, ca_file=str(pem))
        report = flow.ingest(bare.settings)
    assert [each.reason for each in report.sources] == [None] * 4
    landed = {each.feed: (each.name, each.status) for each in report.files}
    assert landed == {feed: (sample(feed)[0], "landed") for feed in FILES}
    for each in report.files:
        assert each.accepted > 0
    rows = dict(bare.lake("SELECT feed, status FROM lake.ops.fetches"))
    assert rows == {
        "social__insurance": "deleted", "bank__flows": "deleted", "green__enterprises": "fetched", "crm__suppressions": "fetched",
    }  # fmt: skip
    assert (sftp_place.names(), bucket_place.names()) == (set(), set())
    assert folder_place.names() == {sample("crm__suppressions")[0]}
    digests = bare.lake("SELECT count(*) FROM lake.ops.fetches JOIN lake.ops.files USING (feed, file_id, name)")
    assert digests == [(4,)]


def test_the_command_says_what_was_fetched_and_ends_with_69_when_a_source_failed(sftp_place, tmp_path, monkeypatch):
    monkeypatch.setenv("SHOUDAI_SECRET_FRONT", PASSWORD)
    monkeypatch.setenv("SHOUDAI_SOURCE_CRM__CONTACTS", "/nowhere/at/all")
    sftp_place.put(*sample("social__insurance"))
    sftp_place.put("half.csv.part", b"x")
    sftp_place.put("CON.csv", b"x")
    home = Home(settings_of(tmp_path / "home", tmp_path / "inbox"), None)
    declare(home, {"social__insurance": sftp_place.spec})
    at_home = ["--home", str(home.settings.home)]
    done = CliRunner().invoke(main, ["run", "--as-of", str(AS_OF), *at_home])
    assert done.exit_code == 69, done.output
    uri = sftp_place.spec["uri"]
    assert f"source social__insurance {uri}: 1 fetched, 1 refused" in done.output
    assert "refused social__insurance/CON.csv: it is named as a device; ask the sender to rename it" in done.output
    assert "source failed crm__contacts file:///nowhere/at/all: there is no such folder" in done.output
    assert "note crm__contacts could not be fetched, the list stands on what had arrived before" in done.output
    assert PASSWORD not in done.output
    (notes,) = home.lake("SELECT notes FROM lake.ops.runs")[0]
    assert any("crm__contacts could not be fetched" in note for note in notes)
    assert home.ask("SELECT feed, status FROM ops.files") == [("social__insurance", "landed")]
    assert (home.settings.home / "inbox" / "social__insurance").is_dir(), "a home with sources has its own inbox"
    again = CliRunner().invoke(main, ["ingest", "social__insurance", "--json", *at_home])
    assert again.exit_code == 0, again.output
    (source,) = json.loads(again.stdout)["sources"]
    assert (source["status"], source["seen"], [each["status"] for each in source["fetches"]]) == (
        "read",
        1,
        ["refused"],
    )
    assert CliRunner().invoke(main, ["ingest", "crm__contacts", *at_home]).exit_code == 69


def test_nothing_is_fetched_into_the_samples(tmp_path):
    home = Home(settings_of(tmp_path / "home", SAMPLES), None)
    declare(home, {"bank__flows": {"uri": "/nowhere"}})
    with pytest.raises(UsageError, match="name an inbox of your own"):
        flow.ingest(home.settings)
