"""Where feeds are fetched from: the YAML, the environment, credentials by convention; a URI with a secret is refused."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from pipelines.errors import DeclarationError, SourceError
from pipelines.feeds.contract import feeds
from pipelines.feeds.remote import faults, names
from pipelines.feeds.remote.credentials import Credentials, credentials
from pipelines.feeds.remote.places import posix_folder
from pipelines.feeds.remote.sources import Limits, Source, sources
from pipelines.settings import HOUSE, Settings

FEED = "tax__payments"
LIMITS = Limits(1, 7, 3, Path("known_hosts"), None)


@pytest.fixture
def settings(tmp_path, monkeypatch) -> Settings:
    for name in ("HOME", "INBOX", "SOURCES", "KNOWN_HOSTS", "CA_FILE", "SOURCE_TAX__PAYMENTS"):
        monkeypatch.delenv(f"SHOUDAI_{name}", raising=False)
    (tmp_path / "in").mkdir()
    return Settings.from_env(tmp_path, tmp_path / "in")


def declared(settings: Settings, spec: object, **more: object) -> list[Source]:
    content = {**more, "sources": {FEED: spec}}
    settings.sources.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return sources(settings, feeds())[0]


def test_without_a_file_nothing_is_fetched(settings):
    assert sources(settings, feeds())[0] == []


def test_a_file_that_was_asked_for_must_be_there(settings, monkeypatch, tmp_path):
    monkeypatch.setenv("SHOUDAI_SOURCES", str(tmp_path / "mine.yml"))
    with pytest.raises(DeclarationError, match=r"mine\.yml: expected a readable"):
        sources(Settings.from_env(tmp_path, tmp_path / "in"), feeds())


def test_the_example_is_a_valid_declaration(settings, monkeypatch):
    example = HOUSE / "pipelines" / "feeds" / "remote" / "sources.example.yml"
    settings.sources.write_bytes(example.read_bytes())
    found, limits = sources(settings, feeds())
    by_feed = {source.feed: source for source in found}
    assert (by_feed[FEED].scheme, by_feed[FEED].path, by_feed[FEED].pattern) == ("sftp", "/out/payments", "*.zip")
    assert (by_feed[FEED].delete_after, by_feed["bank__flows"].delete_after) == (True, False)
    assert by_feed["bank__flows"].uri == "file:///data/exchange/flows"
    assert limits == Limits(2, 30, 3, settings.home / "known_hosts", None)


def test_a_relative_folder_lies_beside_the_file(settings):
    assert declared(settings, {"uri": "drop/税务"})[0].path == str(settings.home / "drop" / "税务")


def test_the_environment_replaces_the_uri_and_an_empty_one_switches_it_off(settings, monkeypatch):
    monkeypatch.setenv("SHOUDAI_SOURCE_TAX__PAYMENTS", "https://data.example/b/")
    (found,) = declared(settings, {"uri": "https://data.example/a/", "pattern": "*.zip"})
    assert (found.uri, found.pattern) == ("https://data.example/b/", "*.zip")
    monkeypatch.setenv("SHOUDAI_SOURCE_TAX__PAYMENTS", "")
    assert declared(settings, {"uri": "https://data.example/a/"}) == []
    monkeypatch.setenv("SHOUDAI_SOURCE_NO__FEED", "x")
    with pytest.raises(DeclarationError, match="SHOUDAI_SOURCE_NO__FEED: no such feed"):
        sources(settings, feeds())


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"uri": "sftp://u:Geheim1@h/out"}, "carries a password.*SHOUDAI_SECRET_TAX__PAYMENTS"),
        ({"uri": "sftp://u:Geheim1@h/out", "connection": "tax-front"}, "SHOUDAI_SECRET_TAX_FRONT"),
        ({"uri": "https://u:Geheim1@h/out/"}, "carries a password"),
        ({"uri": "https://h/out/?token=Geheim1"}, "query or fragment"),
        ({"uri": "https://h/out/#Geheim1"}, "query or fragment"),
        ({"uri": "ftp://h/out"}, "begins with 'ftp'; expected a folder, sftp://"),
        ({"uri": "sftp:///out"}, "names no host"),
        ({"uri": "sftp://h:port/out"}, "cannot be read"),
        ({"uri": "https:///out"}, "names no host"),
        ({"uri": "https://h/out/", "delete_after": True}, "cannot be deleted over HTTPS"),
        ({"uri": "s3:///prefix"}, "expected s3://bucket/prefix"),
        ({"uri": "s3://key@bucket/prefix"}, "the access key goes into the environment"),
        ({"uri": "file://server/share"}, "folder of another machine"),
        ({"uri": "in/tax__payments"}, "lies in the inbox"),
        ({"uri": "sftp://u:Geh/Geheim1@h:22/x"}, "cannot be read; expected a folder"),
        ({"uri": "sftp://u:Geheim1/er2@h:22/x"}, "cannot be read; expected a folder"),
        ({"uri": "u:Geheim1@h/x"}, "holds an @ and no scheme"),
        ({"uri": "/x", "password": "Geheim1"}, "expected only uri, connection, .*see schemas/sources.schema.json"),
        ({"uri": "/x", "Geheim1": "x"}, "expected only uri"),
        ({"uri": "/x", "delete_after": "Geheim1"}, "expected type boolean; see schemas/sources.schema.json"),
        ("sftp://u:Geheim1@h/x", "sources.tax__payments: expected type object"),
        ({"uri": ["sftp://u:Geheim1@h/x"]}, "expected type string"),
        ({}, "'uri' is a required property"),
    ],
    ids=str,
)
def test_a_wrong_source_is_refused_in_words_that_do_not_repeat_a_secret(settings, spec, says):
    with pytest.raises(DeclarationError, match=says) as refusal:
        declared(settings, spec)
    assert "sources.yml" in str(refusal.value)
    assert "Geheim1" not in str(refusal.value)


def test_the_environment_and_broken_yaml_are_refused_without_their_secret(settings, monkeypatch):
    settings.sources.write_text("sources: {tax__payments: {uri: 'sftp://u:Geheim1@h/x}}", encoding="utf-8")
    with pytest.raises(DeclarationError, match="look at line 1") as refusal:
        sources(settings, feeds())
    assert "Geheim1" not in str(refusal.value)
    settings.sources.unlink()
    monkeypatch.setenv("SHOUDAI_SOURCE_TAX__PAYMENTS", "u:Geheim1@h/x")
    with pytest.raises(DeclarationError, match="holds an @ and no scheme") as refusal:
        sources(settings, feeds())
    assert "Geheim1" not in str(refusal.value)


def test_an_unknown_feed_is_answered_with_the_nearest(settings):
    settings.sources.write_text("sources: {tax__payment: {uri: /x}}")
    with pytest.raises(DeclarationError, match="did you mean tax__payments"):
        sources(settings, feeds())


def test_a_source_makes_the_home_its_own_inbox(tmp_path, monkeypatch, settings):
    declared(settings, {"uri": "/x"})
    assert Settings.from_env(tmp_path).inbox == tmp_path / "inbox"


SFTP = Source(FEED, "sftp://u@h/out", "tax-front", is_connection_declared=True)


def test_our_own_variables_come_before_an_airflow_connection(monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_TAX-FRONT", "sftp://x:y@z")
    monkeypatch.setenv("SHOUDAI_USER_TAX_FRONT", "ann")
    monkeypatch.setenv("SHOUDAI_SECRET_TAX_FRONT", "s")
    assert credentials(SFTP) == Credentials(user="ann", secret="s")  # noqa: S106
    monkeypatch.setenv("SHOUDAI_KEY_FILE_TAX_FRONT", "keys/id")
    assert credentials(SFTP).key == Path("keys/id")


@pytest.mark.parametrize(
    "text",
    [
        "sftp://ann:p%40ss@front.example:2222/?key_file=%2Fkeys%2Fid&private_key_passphrase=open",
        "sftp://ann:p%40ss@front.example:2222/?__extra__=%7B%22key_file%22%3A%20%22/keys/id%22%2C%20"
        "%22private_key_passphrase%22%3A%20%22open%22%7D",
        json.dumps(
            {"login": "ann", "password": "p@ss", "host": "front.example", "port": 2222,
             "extra": json.dumps({"key_file": "/keys/id", "private_key_passphrase": "open"})}
        ),
    ],
)  # fmt: skip
def test_airflow_connections_are_read_without_airflow(monkeypatch, text):
    monkeypatch.setenv("AIRFLOW_CONN_TAX-FRONT", text)
    assert credentials(SFTP) == Credentials("ann", "open", Path("/keys/id"), host="front.example", port=2222)


def test_agrees_with_airflows_own_reading(monkeypatch):
    from airflow.sdk import Connection

    text = "aws://AKID:s%2Fecret@/?region_name=cn-north-1&endpoint_url=https%3A%2F%2Fobjects.example"
    monkeypatch.setenv("AIRFLOW_CONN_TAX-FRONT", text)
    theirs = Connection.from_uri(text, "tax-front")
    found = credentials(SFTP)
    assert (found.user, found.secret) == (theirs.login, theirs.password)
    assert found.endpoint == theirs.extra_dejson["endpoint_url"]


def test_inside_a_dag_airflow_is_asked_last_and_its_refusal_is_in_words():
    given = SimpleNamespace(login="ann", password="s", host=None, port=None, extra_dejson={})  # noqa: S106
    assert credentials(SFTP, lambda _: given) == Credentials(user="ann", secret="s")  # noqa: S106
    with pytest.raises(SourceError, match="Airflow does not give the connection tax-front: KeyError"):
        credentials(SFTP, lambda name: {}[name])
    with pytest.raises(SourceError, match="set SHOUDAI_SECRET_TAX_FRONT"):
        credentials(SFTP)
    assert credentials(Source(FEED, "sftp://u@h/out", FEED)) == Credentials()


def test_a_broken_connection_is_said_without_showing_it(monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_TAX-FRONT", '{"login": "ann", "password": "Geheim1"')
    with pytest.raises(SourceError, match="AIRFLOW_CONN_TAX-FRONT cannot be read") as refusal:
        credentials(SFTP)
    assert "Geheim1" not in str(refusal.value)


def test_secrets_are_not_in_what_is_shown_of_credentials():
    assert "Geheim1" not in repr(Credentials("ann", "Geheim1", b"Geheim1", "Geheim1"))


@pytest.mark.parametrize("name", ["市场主体登记_20261012.csv.gz", "a b.csv", "a..b.csv", "console.csv", "É.csv"])
def test_ordinary_names_are_harmless(name):
    assert names.fault_in(name) is None


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "a/b", "a\\b", "a\0b", "a\u200fb", "Aux", "lpt1.csv.gz", "a:b", " a", "a.", "x" * 201, "\udc80"],
)
def test_other_names_are_refused(name):
    assert names.fault_in(name)


def test_parts_of_two_versions_or_sources_never_mix():
    made = {names.part_of("a.csv", uri, version) for uri in ("x", "y") for version in ((1, None), (2, None))}
    assert len(made) == 4
    assert all(name.startswith(".a.csv.") and name.endswith(".part") for name in made)


@pytest.mark.parametrize(
    ("path", "folder"), [("/out/tax/", "/out/tax"), ("/~/out", "out"), ("/~/", "/"), ("/", "/"), ("", "/")]
)
def test_the_folder_of_an_sftp_uri(path, folder):
    assert posix_folder(path) == folder


def test_the_innermost_cause_gives_the_words():
    outer, inner = FileNotFoundError("y"), ConnectionRefusedError("x")
    outer.__cause__ = inner
    assert faults.is_passing(outer)
    assert not faults.is_passing(FileNotFoundError("y"))
    assert "h does not accept connections" in faults.in_words(outer, SFTP, Credentials(), LIMITS)


def test_a_fault_nobody_foresaw_keeps_its_own_words():
    assert faults.in_words(ValueError("odd\nmore"), SFTP, Credentials(), LIMITS) == "ValueError: odd"
    assert not faults.is_passing(ValueError("odd"))
