"""A feed that did not exist an hour ago: proposed from a sample in a copy of the house, landed, and fit for the repo tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest
import yaml

from pipelines.errors import FileRefusedError, UsageError
from pipelines.newfeed.propose import propose
from pipelines.newfeed.sample import read_sample
from pipelines.newfeed.scaffold import new_feed
from pipelines.settings import HOUSE
from tests.unit import forms

from .homes import COMMAND, codes

HEADER = "统一社会信用代码,企业名称,法定代表人,联系电话,补贴月份,补贴金额（万元）,补贴类型,发放日期\n"
ROWS = "".join(
    f"{code},示例{number}号,王某{number},138{number:08d},{month},{number / 7 + 0.5:.2f},{'稳岗' if number % 3 else '培训'},2026-11-05\n"
    for number, code in enumerate(codes(300_000, 60))
    for month in ("202609", "202610")
)
FEED = "jobs__subsidies"
TABLE = [line.split(",") for line in (HEADER + ROWS).splitlines()]
FORMS = {
    "xlsx": forms.xlsx(TABLE, titles=[["就业补贴发放表（2026年）"]], totals=[["合计", "", "", "", "", "512.3", "", ""]], other_sheet=True),
    "xls": forms.xls(TABLE),
    "html": forms.html_xls(TABLE),
    "parquet": forms.parquet(TABLE),
    "jsonl": forms.json_lines(TABLE),
    "zip": forms.zipped({"a.parquet": forms.parquet(TABLE)}),
    "csv": forms.csv([["就业补贴发放表"], *TABLE], "\t"),
}  # fmt: skip
"""The same sample in other forms, some with a title above and totals below."""


@pytest.fixture
def sample(tmp_path) -> Path:
    path = tmp_path / "jobs_20261110.csv"
    path.write_bytes((HEADER + ROWS).encode("gb18030"))
    return path


@pytest.fixture
def house(tmp_path) -> Path:
    """The house without its samples."""
    copy = tmp_path / "house"
    for folder in ("pipelines", "schemas", "sql", "expectations", "tests/repo"):
        shutil.copytree(HOUSE / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("tests/conftest.py", "data_samples/expected.json", "data_samples/as_of", "pyproject.toml"):
        (copy / name).parent.mkdir(exist_ok=True)
        shutil.copy2(HOUSE / name, copy / name)
    return copy


def inside(house: Path, *words: str) -> str:
    """Run a command whose `pipelines` is that of the copy."""
    environment = {**os.environ, "PYTHONPATH": str(house), "COLUMNS": "200"}
    done = subprocess.run(words, cwd=house, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_from_a_sample_to_a_working_feed_with_no_other_edit(house, sample, tmp_path):
    said = inside(
        house, str(COMMAND), "new-feed", FEED, "--from", str(sample), "--title", "就业补贴", "--department", "人社"
    )
    assert "trial: landed; rows_in 120, accepted 120, duplicates 0, quarantined 0" in said
    written = yaml.safe_load((house / "schemas" / "feeds" / f"{FEED}.yml").read_text(encoding="utf-8"))
    assert (written["delivery"], written["key"], written["period"]) == ("period_snapshot", ["uscc", "month"], "month")
    assert written["columns"]["amount"]["unit"] == "万元"
    (masked,) = (house / "data_samples" / FEED).glob("*.csv")
    text = masked.read_text(encoding="utf-8")
    assert "***" in text
    assert "王某" not in text
    assert "138" + "0" * 8 not in text
    inbox = tmp_path / "inbox"
    (inbox / FEED).mkdir(parents=True)
    shutil.copy2(sample, inbox / FEED)
    landed = inside(
        house, str(COMMAND), "ingest", FEED, "--home", str(tmp_path / "home"), "--inbox", str(inbox), "--json"
    )
    assert '"accepted": 120' in landed
    inside(house, sys.executable, "-m", "pytest", "tests/repo", "-q", "-k", f"{FEED} or dictionary")


def test_a_workbook_parquet_or_json_lines_is_a_sample_too(house, tmp_path):
    for form in ("xlsx", "parquet", "jsonl"):
        (tmp_path / f"jobs_20261110.{form}").write_bytes(FORMS[form])
    script = """
import sys; from pathlib import Path; from pipelines.newfeed.scaffold import new_feed
for path in map(Path, sys.argv[1:]):
    made = new_feed(f"jobs__{path.suffix[1:]}", path, None, None)
    print(path.suffix, made.trial.status, made.trial.rows_in, made.trial.accepted, made.trial.quarantined)
"""
    said = inside(house, sys.executable, "-c", script, *map(str, sorted(tmp_path.glob("jobs_*"))))
    assert said.splitlines() == [".jsonl landed 120 120 0", ".parquet landed 120 120 0", ".xlsx landed 121 120 1"]
    for masked in (house / "data_samples").glob("jobs__*/*.csv"):
        text = masked.read_text(encoding="utf-8")
        assert "***" in text
        assert "王某" not in text
        assert "138" + "0" * 8 not in text


@pytest.mark.parametrize("form", [None, *FORMS])
def test_what_is_proposed_is_the_same_in_every_form(sample, tmp_path, form):
    if form:
        sample = tmp_path / f"s.{form}"
        sample.write_bytes(FORMS[form])
    made = propose(read_sample(sample))
    found = {each.name: (each.type, each.personal) for each in made.columns}
    assert found == {
        "uscc": ("uscc", False),
        "name": ("text", False),
        "legal_representative": ("text", True),
        "phone": ("text", True),
        "month": ("month", False),
        "amount": ("money", False),
        "kind": ("text", False),
        "disbursed_on": ("date", False),
    }
    assert next(each.values for each in made.columns if each.name == "kind") == ("培训", "稳岗")


def test_the_days_and_months_of_a_spreadsheet_have_no_time_of_day(tmp_path):
    rows = {
        "统一社会信用代码": codes(300_000, 3),
        "补贴月份": [date(2026, 9, 1)] * 3,
        "发放日期": [date(2026, 10, 5), None, date(2026, 10, 6)],
    }
    pl.DataFrame(rows).write_excel(tmp_path / "s.xlsx")
    made = propose(read_sample(tmp_path / "s.xlsx"))
    assert [each.type for each in made.columns] == ["uscc", "month", "date"]


@pytest.mark.parametrize(
    ("text", "delivery", "key", "period"),
    [
        ("事件编号|时间|内容\ne1|2026-01-05|甲\ne2|2026-01-05|甲\n", "append", ("event_id",), "at"),
        ("统一社会信用代码,认定日期\n92510623MAY004CT3H,2026-01-05\n92510623MAY00CL99R,\n", "upsert", ("uscc",), None),
    ],
)
def test_a_delivery_kind_follows_from_key_and_dates(tmp_path, text, delivery, key, period):
    (tmp_path / "s.csv").write_text(text, encoding="utf-8")
    made = propose(read_sample(tmp_path / "s.csv"))
    assert (made.delivery, made.key, made.period) == (delivery, key, period)


@pytest.mark.parametrize("month", ["202611", "202612", "2026-11", "2026/12", "2026/9", "2026年9月", "2026年11月"])
def test_a_sample_of_one_month_is_a_snapshot_of_it_however_it_is_written(tmp_path, month):
    rows = "".join(f"{code},{month},20261105\n" for code in codes(300_000, 3))
    (tmp_path / "s.csv").write_text(f"统一社会信用代码,补贴月份,发放日期\n{rows}", encoding="utf-8")
    made = propose(read_sample(tmp_path / "s.csv"))
    assert [each.type for each in made.columns] == ["uscc", "month", "date"]
    assert (made.delivery, made.key, made.period) == ("period_snapshot", ("uscc", "month"), "month")


@pytest.mark.parametrize("heading", ["企业代码", "单位编号", "担保机构代码"])
def test_a_column_of_codes_is_called_so_whatever_its_heading(tmp_path, heading):
    (tmp_path / "s.csv").write_text(
        f"{heading},企业名称\n92510623MAY004CT3H,甲\n92510623MAY00CL99R,乙\n", encoding="utf-8"
    )
    made = propose(read_sample(tmp_path / "s.csv"))
    assert [(each.name, each.type) for each in made.columns] == [("uscc", "uscc"), ("name", "text")]


def test_an_id_card_is_personal_whatever_its_heading_says(tmp_path):
    (tmp_path / "s.csv").write_text("编号,甲\n1,510623199001011234\n2,510623198512310021\n", encoding="utf-8")
    assert [each.personal for each in propose(read_sample(tmp_path / "s.csv")).columns] == [False, True]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("甲,乙\n1,2\n1,2\n", "name the key"),
        ("甲\n1\n", "no header found"),
        ("甲,乙\n", "no rows"),
    ],
)
def test_a_sample_that_proposes_nothing_is_refused_in_words(tmp_path, text, words):
    (tmp_path / "s.csv").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=words):
        propose(read_sample(tmp_path / "s.csv"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"%PDF-1.7", "this is a PDF"),
        ("甲,乙\n1,2\n".encode("utf-16"), "UTF-16"),
        (b"PAR1broken", "as Parquet"),
        (b"", "empty"),
    ],
)
def test_a_sample_that_is_no_table_is_refused_as_its_delivery_would_be(tmp_path, content, words):
    (tmp_path / "s").write_bytes(content)
    with pytest.raises(FileRefusedError, match=words):
        read_sample(tmp_path / "s")


@pytest.mark.parametrize(("name", "words"), [("tax__payments", "exists already"), ("Bad Name", "is not a feed name")])
def test_an_existing_or_misnamed_feed_changes_nothing(sample, name, words):
    with pytest.raises(UsageError, match=words):
        new_feed(name, sample, None, None)
