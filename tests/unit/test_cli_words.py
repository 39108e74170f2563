"""What the command says reaches the reader whole: brackets are no markup, colons no emoji; a wrong call is a sentence and 64."""

from __future__ import annotations

import io
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result
from rich.table import Table

from pipelines.cli import main
from pipelines.cli.base import bar
from pipelines.cli.shown import show_rows
from pipelines.settings import Settings
from pipelines.terminal import Terminal
from pipelines.warehouse.connect import writer


def shoudai(*words: str, code: int | None = 64, **env: str) -> Result:
    """The command in this process; a fault that is no sentence comes through as its exception."""
    done = CliRunner().invoke(main, list(words), env=env)
    assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
    assert code is None or done.exit_code == code, (done.exit_code, done.output)
    return done


@pytest.fixture
def home(tmp_path: Path) -> str:
    """A home with a published file that holds nothing."""
    (tmp_path / "home" / "published").mkdir(parents=True)
    duckdb.connect(str(tmp_path / "home" / "published" / "current.duckdb")).close()
    return str(tmp_path / "home")


def test_brackets_in_a_message_are_shown(tmp_path):
    done = shoudai("explain", "x", "--home", str(tmp_path / "[uscc]"), "--json")
    assert "/[uscc]/published/current.duckdb" in done.output


@pytest.mark.parametrize("text", ["a [/b] c", "[red]x[/red] [bold", ":x: :fire:", "\\[x]"])
def test_what_a_cell_or_a_heading_says_is_shown_as_it_is(home, text):
    assert shoudai("sql", f"SELECT '{text}' AS x", "--home", home, code=0).output.count(text) == 1
    assert shoudai("sql", f'SELECT 1 AS "{text}"', "--home", home, code=0).output.count(text) == 1


def test_a_row_shown_as_a_block_is_shown_as_it_is(monkeypatch, capsys):
    monkeypatch.setattr("pipelines.cli.shown.out._force_terminal", True)
    monkeypatch.setattr("pipelines.cli.shown.out._width", 20)
    columns = ("[/a]", ":fire:", "three", "four", "five")
    show_rows(columns, [("[/b]", ":x:", "[bold]", None, "[red]")])
    shown = capsys.readouterr().out
    assert [text for text in (*columns, "[/b]", ":x:", "[bold]", "[red]") if text not in shown] == []


@pytest.mark.parametrize("control", ["\x1b[2J", "\x1b]0;x\x07", "\x9b1A", "\r", "\x08"])
def test_what_a_cell_says_cannot_steer_the_terminal(control):
    shown = io.StringIO()
    terminal = Terminal(file=shown, force_terminal=True, color_system=None, width=60)
    table = Table("name")
    table.add_row(f"甲{control}乙")
    terminal.print(table)
    terminal.print(f"甲{control}乙\n丙\t丁")
    assert not {character for character in control if ord(character) < 32 or ord(character) > 126} & set(
        shown.getvalue()
    )
    assert "丙" in shown.getvalue().splitlines()[-1]
    assert shown.getvalue().count("甲") == 2


def test_a_file_name_in_brackets_does_not_stop_the_progress_bar():
    with bar() as shown:
        shown.begin("a[/b].xlsx", 1)
        shown.advance("feed/a[/b].csv")
        shown.end()


@pytest.mark.parametrize("nothing", [";", "", "/* c */", "-- c"])
def test_sql_that_says_nothing_is_a_wrong_call(home, nothing):
    assert f"{nothing!r} holds no statement" in shoudai("sql", "--home", home, "--", nothing).output


@pytest.mark.parametrize("query", ["SELECT INTERVAL 3000000 YEARS", "SELECT '\udcff'"])
def test_what_python_cannot_hold_is_said_so(home, query):
    shoudai("sql", query, "--home", home)


def test_a_file_of_sql_in_another_encoding_is_named(home, tmp_path):
    (tmp_path / "gbk.sql").write_bytes("SELECT '首贷'".encode("gbk"))
    said = shoudai("sql", "--file", str(tmp_path / "gbk.sql"), "--home", home).output
    assert "gbk.sql: byte 9 is not UTF-8; expected SQL saved as UTF-8" in said


def test_sql_takes_a_query_or_a_file(home, tmp_path):
    (tmp_path / "a.sql").write_text("SELECT 1")
    assert (
        "expected one of them" in shoudai("sql", "SELECT 2", "--file", str(tmp_path / "a.sql"), "--home", home).output
    )


def test_a_published_file_that_is_none_is_said_so(home):
    (Path(home) / "published" / "current.duckdb").write_text("no database, whatever its name says")
    assert "expected a published .duckdb file" in shoudai("explain", "x", "--home", home).output


@pytest.mark.parametrize(
    "words",
    [
        ("misspelt",),
        ("run", "--misspelt"),
        ("run", "--as-of", "2026-13-01"),
        ("outcomes", "no-such-file.xlsx"),
        ("lists", "one-too-many"),
        ("simulate",),
        ("simulate", "--entities", "1000", "--seed", "-1", "--out", "w"),
        ("simulate", "--entities", "1000", "--as-of", "9999-12-31", "--out", "w"),
        (),
        ("links",),
    ],
)
def test_every_wrong_call_ends_with_64(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shoudai(*words)
    assert list(tmp_path.iterdir()) == []


def test_help_is_no_wrong_call():
    shoudai("--help", code=0)
    shoudai("run", "-h", code=0)


@pytest.mark.parametrize("stated", ["abc", "0", "-1", "nan", "inf"])
def test_a_memory_that_is_none_names_its_variable(home, stated):
    said = shoudai("lists", "--home", home, SHOUDAI_MEMORY_GB=stated).output
    assert f"SHOUDAI_MEMORY_GB is '{stated}'; expected a number from 0.1 up" in said


@pytest.mark.parametrize(
    "words",
    [
        ("lists",),
        ("quality",),
        ("verify",),
        ("quarantine",),
        ("track",),
        ("fit",),
        ("links", "export", "r.csv"),
        ("quarantine", "export", "tax__payments", "--out", "q.csv"),
    ],
)
def test_without_a_warehouse_nothing_is_made(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "no warehouse" in shoudai(*words, "--home", "nowhere").output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [("quality",), ("quarantine",)])
def test_a_catalog_whose_tables_are_still_to_be_made_is_no_warehouse(words, home):
    """As while the first run makes it, or after that was killed."""
    with writer(Settings.from_env(Path(home))):
        pass
    assert "no warehouse" in shoudai(*words, "--home", home).output


@pytest.mark.parametrize("words", [("ingest", "tax_payments"), ("quarantine", "--feed", "tax_payments")])
def test_an_unknown_feed_is_answered_with_the_nearest(words, home):
    assert "unknown feed 'tax_payments'; did you mean tax__payments" in shoudai(*words, "--home", home).output


def test_a_feed_like_no_other_is_answered_with_all(home):
    assert "unknown feed 'x'. Feeds are declared" in shoudai("quarantine", "--feed", "x", "--home", home).output


def test_a_home_that_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    said = shoudai("ingest", "--home", str(tmp_path / "file" / "home"), code=74).output
    assert f"{tmp_path}/file/home cannot be used: Not a directory; expected a path" in said


@pytest.mark.parametrize(
    "catalog",
    [
        "sqlite:{file}",
        "sqlite:{folder}",
        "postgres:host=127.0.0.1 port=1 password=secret",
        "postgres:host=127.0.0.1 port=1 password=my secret",
        "postgres:postgresql://u:my%secret@127.0.0.1/x",
        "host=db password=secret dbname=x",
    ],
)
def test_a_catalog_that_is_none_is_said_so_without_its_password(home, tmp_path, catalog):
    (tmp_path / "file").write_text("no catalog, whatever its name says")
    stated = catalog.format(file=tmp_path / "file", folder=tmp_path)
    said = shoudai("ingest", "--home", home, SHOUDAI_CATALOG=stated).output
    assert "SHOUDAI_CATALOG" in said
    assert "secret" not in said


@pytest.mark.parametrize("text", ["a text", b"\0" * 100])
def test_outcomes_are_not_played_for_a_file_that_is_no_release(tmp_path, text):
    (tmp_path / "file").write_bytes(text.encode() if isinstance(text, str) else text)
    words = ("--world", str(tmp_path), "--out", str(tmp_path / "out"))
    assert "expected a published .duckdb file" in shoudai("simulate", "outcomes", str(tmp_path / "file"), *words).output
