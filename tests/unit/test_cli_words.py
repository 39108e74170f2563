"""What the command says reaches the reader whole: a column in brackets is no markup."""

from click.testing import CliRunner

from pipelines.cli import main


def test_brackets_in_a_message_are_shown(tmp_path):
    done = CliRunner().invoke(main, ["explain", "x", "--home", str(tmp_path / "[uscc]"), "--json"])
    assert done.exit_code == 64
    assert "/[uscc]/published/current.duckdb" in done.output
