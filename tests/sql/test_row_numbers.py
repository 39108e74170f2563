"""A row keeps the number it has in its file, in the feed and in quarantine, also when several threads read the file."""

from pipelines.feeds.contract import contract
from pipelines.feeds.decode import decoded
from pipelines.feeds.split import split
from pipelines.settings import Settings
from pipelines.warehouse.connect import writer
from pipelines.warehouse.migrate import migrate
from tests.benchmarks import tax_file
from tests.flow.homes import AS_OF

ROWS = 300_000
"""Large enough for two threads to read it in parts."""


def test_rows_keep_their_numbers(tmp_path):
    tax_file.make(tmp_path, ROWS)
    path = tmp_path / "inbox" / "tax__payments" / tax_file.NAME
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    with writer(Settings.from_env(tmp_path / "home", tmp_path / "inbox")) as con:
        migrate(con)
        made = contract("tax__payments")
        with decoded(path, made, tmp_path / "scratch") as source:
            split(con, source, made, AS_OF, tmp_path / "scratch")
        accepted = con.execute("SELECT row_no, voucher_no FROM batch").fetchall()
        rejected = con.execute("SELECT row_no, raw FROM rejected").fetchall()
    assert len(accepted) > ROWS * 0.99
    assert len(rejected) > 100
    assert [voucher for row_no, voucher in accepted if not lines[row_no - 1].endswith(f",{voucher}")] == []
    assert [raw for row_no, raw in rejected if lines[row_no - 1] != raw] == []
