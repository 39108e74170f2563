"""Extensions of the engine: signed ones only, though each is checked once in a process."""

import shutil

import duckdb
import pytest

from pipelines.settings import Settings
from pipelines.warehouse import connect


@pytest.fixture
def settings(tmp_path):
    return Settings.from_env(tmp_path / "home", tmp_path)


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """The extension of the warehouse lies where anyone may write."""
    real = connect._extension
    copy = tmp_path / "ducklake.duckdb_extension"
    shutil.copyfile(real("ducklake"), copy)
    monkeypatch.setattr(connect, "_extension", lambda name: copy if name == "ducklake" else real(name))
    return copy


def unsigned(path):
    """Another file in its place, of the same size, whose signature is not that of its bytes."""
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def is_unsigned_allowed(settings):
    with connect.writer(settings) as con:
        return con.execute("SELECT current_setting('allow_unsigned_extensions')").fetchone()[0]


def test_the_first_connection_of_a_process_checks_and_later_ones_do_not(settings, copied):
    assert [is_unsigned_allowed(settings) for _ in range(3)] == [False, True, True]


def test_an_extension_with_a_wrong_signature_is_not_loaded(settings, copied):
    unsigned(copied)
    with pytest.raises(duckdb.IOException, match="signature"), connect.writer(settings):
        pass


def test_one_that_was_exchanged_since_it_was_checked_is_not_loaded(settings, copied):
    is_unsigned_allowed(settings)
    unsigned(copied)
    with pytest.raises(duckdb.IOException, match="signature"), connect.writer(settings):
        pass


def test_another_extension_is_checked_beside_known_ones(settings, copied, monkeypatch):
    is_unsigned_allowed(settings)
    unsigned(copied)
    more = connect._extensions(settings)
    monkeypatch.setattr(connect, "_extensions", lambda settings: [*reversed(more)])  # the good one first
    with pytest.raises(duckdb.IOException, match="signature"), connect.writer(settings):
        pass
