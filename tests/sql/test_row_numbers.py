"""A row keeps the number it has in its file, in the feed and in quarantine, also when several threads read the file."""

import pytest

from pipelines.feeds.contract import contract
from pipelines.feeds.decode import decoded
from pipelines.feeds.history import know_register
from pipelines.feeds.read import numbered
from pipelines.feeds.split import split
from pipelines.settings import Settings
from pipelines.warehouse.connect import writer
from pipelines.warehouse.migrate import migrate
from tests.benchmarks import tax_file
from tests.flow.homes import AS_OF

ROWS = 300_000
"""Large enough for two threads to read it in parts."""


@pytest.fixture(scope="module")
def delivered(tmp_path_factory):
    """A file as the department sends it, some rows spoilt. Only for reading."""
    folder = tmp_path_factory.mktemp("tax")
    tax_file.make(folder, ROWS)
    return folder / "inbox" / "tax__payments" / tax_file.NAME


def rows_of(path, tmp_path):
    """Number and voucher of each accepted row, number and raw text of each rejected one."""
    with writer(Settings.from_env(tmp_path / "home", tmp_path)) as con:
        migrate(con)
        know_register(con)
        made = contract("tax__payments")
        with decoded(path, made, tmp_path / "scratch") as source:
            split(con, source, made, AS_OF, tmp_path / "scratch")
        accepted = con.execute(f"SELECT row_no, voucher_no FROM ({numbered(con, 'FROM batch')})").fetchall()
        rejected = con.execute("SELECT row_no, raw FROM rejected").fetchall()
    return accepted, rejected


def check(lines, accepted, rejected):
    assert len(accepted) > ROWS * 0.99
    assert len(rejected) > 100
    assert [voucher for row_no, voucher in accepted if not lines[row_no - 1].endswith(f",{voucher}")] == []
    assert [raw for row_no, raw in rejected if lines[row_no - 1] != raw] == []


def test_rows_keep_their_numbers(delivered, tmp_path):
    lines = delivered.read_text(encoding="utf-8").splitlines()[1:]
    check(lines, *rows_of(delivered, tmp_path))


def test_rows_keep_their_text_where_a_row_spans_lines(delivered, tmp_path):
    path = tmp_path / tax_file.NAME
    header, first, *rest = delivered.read_text(encoding="utf-8").splitlines()
    code, name, *others = first.split(",")
    spanning = ",".join([code, f'"{name[:4]}\n{name[4:]}"', *others])
    path.write_text("\n".join([header, *rest[: ROWS // 2], spanning, *rest[ROWS // 2 :], ""]), encoding="utf-8")
    accepted, rejected = rows_of(path, tmp_path)
    before, after = (
        [(row_no, raw) for row_no, raw in rejected if (row_no <= ROWS // 2) is first_half]
        for first_half in (True, False)
    )
    assert len(accepted) > ROWS * 0.99
    assert [raw for row_no, raw in before if rest[row_no - 1] != raw] == []
    assert {raw for _, raw in after} <= set(rest[ROWS // 2 :])
    assert len(before) > 50
    assert len(after) > 50
