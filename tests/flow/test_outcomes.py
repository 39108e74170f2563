"""What became of a list comes back: filled in by marketing or exported by the CRM, through the one landing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from click.testing import CliRunner, Result
from openpyxl.worksheet.worksheet import Worksheet

from pipelines import flow
from pipelines.cli import main
from pipelines.conversion import outcomes
from pipelines.conversion.wordings import Wording
from pipelines.errors import FileRefusedError
from pipelines.quarantine.correction import write_correction
from pipelines.quarantine.state import reasons
from pipelines.verified import verify
from pipelines.warehouse.connect import reader, writer

from .homes import WEEK, Home, feed_tables, settings_of, shoudai

CAME_BACK, AGAIN, NEXT_LIST = date(2026, 11, 25), date(2026, 11, 27), date(2026, 11, 30)
TODAY = date(2026, 12, 1)
FORMULA = "=cmd|'/c calc'!A1"
STRANGER = "91510623MAY03B1R2U"


class Sheet:
    """The sheet 名单 as a person works on it: cells by heading and row."""

    def __init__(self, path: Path) -> None:
        self._book = openpyxl.load_workbook(path)
        self.page: Worksheet = self._book["名单"]
        self._at = {str(cell.value): cell.column for cell in self.page[1]}

    def set(self, row: int, **values: object) -> None:
        for heading, value in values.items():
            cell = self.page.cell(row, self._at[heading])
            cell.value = value
            if value == FORMULA:
                cell.data_type = "s"  # typed with an apostrophe in front

    def code(self, row: int) -> str:
        return str(self.page.cell(row, self._at["统一社会信用代码"]).value)

    def save(self, path: Path) -> Path:
        self._book.save(path)
        return path


def moment(row: int) -> datetime:
    return datetime(2026, 11, 24, 9) + timedelta(minutes=5 * row)


@dataclass(frozen=True)
class Returned:
    """A home in which the filled-in list of the week was handed in."""

    home: Home
    workbook: Path
    report: flow.OutcomesReport

    @property
    def sheet(self) -> Sheet:
        return Sheet(self.workbook)


@pytest.fixture(scope="module", autouse=True)
def _a_day_of_december() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outcomes, "_today", lambda: TODAY)
        yield


@pytest.fixture(scope="module")
def returned(county: Home, tmp_path_factory: pytest.TempPathFactory) -> Returned:
    """Nine rows filled in: six good ones, a refusal, a code that is not listed, two that cannot be taken."""
    folder = tmp_path_factory.mktemp("outcomes")
    shutil.copytree(county.settings.home, folder / "home", symlinks=True)
    home = Home(settings_of(folder / "home", folder / "inbox"), county.report)
    sheet = Sheet(home.settings.published / "latest" / f"首贷目标名单_{WEEK}.xlsx")
    for row in range(2, 8):
        sheet.set(row, 触达时间=moment(row), 触达方式="电话", 触达结果="有意向")
    sheet.set(8, 触达时间="2026/11/24 16:00", 触达方式="实地走访", 触达结果="拒绝营销")
    sheet.set(9, 统一社会信用代码=STRANGER, 触达时间="2026-11-24", 触达结果="未接通")
    sheet.set(10, 触达方式="电话", 触达结果="有意向")
    sheet.set(11, 触达时间="11月25日", 触达结果=FORMULA)
    path = sheet.save(folder / "首贷目标名单_2026-W48（张三）.xlsx")
    return Returned(home, path, flow.outcomes(home.settings, path, CAME_BACK))


def counts(handed_in: outcomes.HandedIn) -> tuple[int, int, int, int]:
    file = handed_in.file
    return file.rows_in, file.accepted, file.duplicates, file.quarantined


def next_list(home: Home) -> set[str]:
    """The codes that the list of the week after would hold."""
    following = flow.start(home.settings, NEXT_LIST)
    for step in (flow.link, flow.features, flow.judge, flow.score, flow.offer, flow.pick):
        step(following)
    return set(pl.read_parquet(following.handover("picked"))["uscc"])


def test_only_filled_in_rows_are_rows_of_the_feed_and_all_rows_are_counted(returned: Returned) -> None:
    handed_in = returned.report.handed_in
    assert handed_in.listed == returned.sheet.page.max_row - 1
    assert (handed_in.filled_in, counts(handed_in)) == (10, (10, 8, 0, 2))
    assert handed_in.file.received_on == CAME_BACK


def test_a_row_set_aside_is_named_by_its_row_in_the_workbook(returned: Returned) -> None:
    said = [(each.sheet, each.row, each.words) for each in returned.report.handed_in.set_aside]
    assert said == [("名单", 10, "contacted_at: empty"), ("名单", 11, "contacted_at: not a time")]
    found = [each.found for each in returned.report.handed_in.set_aside]
    assert found == ["触达方式 '电话', 触达结果 '有意向'", f"触达时间 '11月25日', 触达结果 '{FORMULA}'"]
    with reader(returned.home.settings) as con:
        found = [each for each in reasons(con, "crm__contacts") if each.reason == "contacted_at: empty"]
    assert [(each.row_no, each.file) for each in found] == [(10, returned.report.handed_in.file.name)]


def test_a_code_that_is_not_on_the_list_is_said_and_landed(returned: Returned) -> None:
    handed_in = returned.report.handed_in
    assert (handed_in.strangers, handed_in.first_stranger) == (
        1,
        outcomes.Place("名单", 9, f"not on the list of {WEEK}"),
    )
    landed = returned.home.seen("crm__contacts", CAME_BACK, "uscc, contacted_at, result")
    assert (STRANGER, datetime(2026, 11, 24), "未接通") in landed


def test_what_was_filled_in_is_read_by_the_contract(returned: Returned) -> None:
    landed = {
        row[0]: row[1:]
        for row in returned.home.seen("crm__contacts", CAME_BACK, "uscc, week, contacted_at, channel, result")
    }
    assert landed[returned.sheet.code(2)] == (WEEK, moment(2), "电话", "有意向")
    assert landed[returned.sheet.code(8)] == (WEEK, datetime(2026, 11, 24, 16), "上门", "拒绝营销"), (
        "实地走访 is looked up"
    )


def test_conversions_and_funnel_show_it_at_once(returned: Returned) -> None:
    codes = tuple(returned.sheet.code(row) for row in range(2, 9))
    found = returned.home.ask(
        f"SELECT uscc, contacted_on, outcome FROM out.conversions WHERE uscc IN {codes} ORDER BY uscc"
    )
    assert found == [(code, date(2026, 11, 24), "contacted") for code in sorted(codes)]
    ((contacted,),) = returned.home.ask(f"SELECT sum(contacted) FROM out.funnel WHERE week = '{WEEK}'")
    (before,), (now,) = returned.report.before, returned.report.now
    assert (before.contacted, now.contacted, now.week) == (0, 7, WEEK)
    assert contacted == 7
    assert now.listed == returned.report.handed_in.listed


def test_the_workbook_as_it_came_back_is_in_the_archive_and_named_by_the_delivery(returned: Returned) -> None:
    handed_in = returned.report.handed_in
    archived = returned.home.settings.archive / handed_in.original[:2] / handed_in.original
    assert archived.read_bytes() == returned.workbook.read_bytes()
    assert handed_in.file.name == f"{returned.workbook.stem}_{handed_in.original[:12]}.csv"
    assert all(finding.is_sound for finding in verify(returned.home.settings))


def test_the_same_file_again_changes_nothing(returned: Returned) -> None:
    before, shown = feed_tables(returned.home.settings), returned.home.ask("FROM out.conversions")
    again = flow.outcomes(returned.home.settings, returned.workbook, AGAIN)
    assert again.handed_in.file.status == "repeated"
    assert feed_tables(returned.home.settings) == before
    assert returned.home.ask("FROM out.conversions") == shown


def test_no_cell_of_a_returned_list_becomes_a_formula_in_a_later_export(returned: Returned, tmp_path: Path) -> None:
    write_correction(returned.home.settings, "crm__contacts", tmp_path / "open.csv")
    written = pl.read_csv(tmp_path / "open.csv", infer_schema=False).filter(pl.col("工作簿行号") == "11")
    assert written["结果"].to_list() == ["'" + FORMULA]


@pytest.fixture
def changed(returned: Returned, tmp_path: Path) -> Returned:
    """A copy of that home, to change."""
    shutil.copytree(returned.home.settings.home, tmp_path / "home", symlinks=True)
    home = Home(settings_of(tmp_path / "home", tmp_path / "inbox"), None)
    return Returned(home, returned.workbook, returned.report)


def test_a_list_worked_on_and_saved_again_brings_only_what_is_new(changed: Returned, tmp_path: Path) -> None:
    sheet = changed.sheet
    sheet.page.delete_rows(2)  # done with: six of the seven good rows stay, one row up
    sheet.set(9, 触达时间=datetime(2026, 11, 26, 10))  # row 10 of before, completed
    sheet.set(12, 触达时间=datetime(2026, 11, 26, 11), 触达方式="微信", 触达结果="无意向")
    sheet.set(3, 触达结果="他行已贷")  # other content at the same moment: a correction needs a moment of its own
    handed_in = outcomes.hand_in(changed.home.settings, sheet.save(tmp_path / "b.xlsx"), AGAIN)
    assert counts(handed_in) == (10, 2, 6, 2)
    assert [(each.row, each.words) for each in handed_in.set_aside] == [
        (3, "uscc+contacted_at: key_conflict, other content under the same key in an earlier file"),
        (10, "contacted_at: not a time"),
    ]
    sheet.set(3, 触达时间=datetime(2026, 11, 26, 12))
    corrected = outcomes.hand_in(changed.home.settings, sheet.save(tmp_path / "c.xlsx"), AGAIN)
    assert counts(corrected) == (10, 1, 8, 1)
    assert len([row for row in changed.home.seen("crm__contacts", AGAIN, "uscc") if row == (sheet.code(3),)]) == 2
    with reader(changed.home.settings) as con:
        states = {each.reason: (each.open, each.returned) for each in reasons(con, "crm__contacts")}
    assert states["contacted_at: empty"] == (0, 1), "completed since"
    assert states["uscc+contacted_at: key_conflict, other content under the same key in an earlier file"] == (0, 1)
    assert all(finding.is_sound for finding in verify(changed.home.settings))


def test_who_refused_is_left_out_of_the_next_list_and_the_published_one_replays(changed: Returned) -> None:
    refusing, willing = changed.sheet.code(8), changed.sheet.code(2)
    assert flow.replay(changed.home.settings, WEEK).agrees
    listed = next_list(changed.home)
    assert willing in listed
    assert refusing not in listed


def test_a_row_of_days_to_come_or_without_a_result_is_set_aside_and_the_others_land(
    changed: Returned, tmp_path: Path
) -> None:
    sheet = changed.sheet
    sheet.set(20, 触达时间=datetime(2027, 11, 25, 9), 触达结果="有意向")  # a wrong year
    sheet.set(21, 触达时间=datetime(2026, 11, 27, 23, 59), 触达结果="有意向")  # of the day of receipt
    sheet.set(22, 触达时间=moment(22))
    sheet.set(23, 触达时间=moment(23), 触达方式="电话", 触达结果=" ")
    handed_in = outcomes.hand_in(changed.home.settings, sheet.save(tmp_path / "late.xlsx"), AGAIN)
    assert (handed_in.file.status, *counts(handed_in)) == ("landed", 14, 1, 8, 5)
    said = {each.row: each.words for each in handed_in.set_aside}
    assert said.keys() == {10, 11, 20, 22, 23}
    assert said[20] == "contacted_at: after 2026-11-27, the day of receipt"
    assert {said[22], said[23]} == {"result: empty"}
    seen = {code for (code,) in changed.home.seen("crm__contacts", AGAIN, "uscc")}
    assert {row for row in range(20, 24) if sheet.code(row) in seen} == {21}, "one without a result is no contact"
    again = outcomes.hand_in(changed.home.settings, tmp_path / "late.xlsx", TODAY)
    assert (again.file.status, again.set_aside) == ("repeated", handed_in.set_aside), "said again"
    sheet.set(20, 触达时间=moment(20))
    sheet.set(22, 触达结果="拒绝营销")  # completed: nothing stands under its key
    completed = outcomes.hand_in(changed.home.settings, sheet.save(tmp_path / "full.xlsx"), TODAY)
    assert (counts(completed), {each.row for each in completed.set_aside}) == ((14, 2, 9, 3), {10, 11, 23})
    assert sheet.code(22) in {
        code for code, said in changed.home.seen("crm__contacts", TODAY, "uscc, result") if said == "拒绝营销"
    }
    once_more = outcomes.hand_in(changed.home.settings, tmp_path / "late.xlsx", TODAY)
    assert {each.row for each in once_more.set_aside} == set(), "all of them stood in the later file"
    assert all(finding.is_sound for finding in verify(changed.home.settings))


def test_a_list_of_which_no_row_can_be_taken_is_refused_and_each_row_named(changed: Returned, tmp_path: Path) -> None:
    sheet, before = changed.sheet, feed_tables(changed.home.settings)
    sheet.page.delete_rows(2, 8)  # the two that could not be taken are left, now 2 and 3
    report = flow.outcomes(changed.home.settings, sheet.save(tmp_path / "none.xlsx"), AGAIN)
    file = report.handed_in.file
    assert (file.status, report.database) == ("gate_failed", None)
    assert "all 2 rows were refused" in str(file.reason)
    assert [(each.row, each.words) for each in report.handed_in.set_aside] == [
        (2, "contacted_at: empty"),
        (3, "contacted_at: not a time"),
    ]
    ledger = changed.home.lake("SELECT status, reason FROM lake.ops.files WHERE name = ?", [file.name])
    assert ledger == [("withdrawn", file.reason)], "it lies in no inbox, so it freezes nothing"
    after = feed_tables(changed.home.settings)
    assert {name: rows for name, rows in after.items() if name != "files"} == {
        n: r for n, r in before.items() if n != "files"
    }


def test_an_entity_counts_as_published_from_the_as_of_of_its_release_on(changed: Returned) -> None:
    with writer(changed.home.settings) as con:
        con.execute("UPDATE lake.ops.runs SET as_of = DATE '2026-11-25'")
    flow.track(changed.home.settings, AGAIN)
    days = changed.home.ask("SELECT first_published_on, count(contacted_on) FROM out.conversions GROUP BY ALL")
    assert days == [(date(2026, 11, 25), 0)], "those of 24 November came before the list"


def test_a_refusal_in_a_row_set_aside_is_said_to_be_without_effect(changed: Returned, tmp_path: Path) -> None:
    """The same moment told otherwise before, or no moment at all: the row waits in quarantine, and the entity stays listed."""
    sheet = changed.sheet
    sheet.set(3, 触达结果="客户拒绝营销")
    sheet.set(10, 触达结果="拒绝")
    handed_in = outcomes.hand_in(changed.home.settings, sheet.save(tmp_path / "b.xlsx"), AGAIN)
    said = {each.row: each.words.split("; ") for each in handed_in.set_aside}
    assert said[3][0].startswith("uscc+contacted_at: key_conflict")
    assert said[10][0] == "contacted_at: empty"
    assert all(said[row][1].startswith("REFUSAL NOT IN FORCE: hand the row in again") for row in (3, 10))
    assert said[11] == ["contacted_at: not a time"]
    sheet.set(3, 触达时间=moment(3) + timedelta(days=1))
    corrected = outcomes.hand_in(changed.home.settings, sheet.save(tmp_path / "c.xlsx"), AGAIN)
    assert 3 not in {each.row for each in corrected.set_aside}


REFUSED = {20: "拒绝营销。", 21: " 拒绝 营销 ", 22: "客户拒绝营销", 23: "不要再打", 24: "投诉"}
PUT_OFF = {25: "过两天再说", 26: "过两天再说", 27: "未拒绝"}


def test_a_refusal_in_other_words_is_honoured_and_words_not_known_are_said(changed: Returned, tmp_path: Path) -> None:
    sheet = changed.sheet
    for row, words in (REFUSED | PUT_OFF).items():
        sheet.set(row, 触达时间=moment(row), 触达方式="电话", 触达结果=words)
    report = flow.outcomes(changed.home.settings, sheet.save(tmp_path / "b.xlsx"), AGAIN)
    said = [(each.words, each.rows, each.heard_as) for each in report.handed_in.wordings]
    assert said[:2] == [("过两天再说", 2, ()), ("未拒绝", 1, ())], "unknown words first"
    assert set(said[2:]) == {
        ("拒绝营销。", 1, ("拒绝营销",)),
        ("拒绝 营销", 1, ("拒绝营销",)),
        ("客户拒绝营销", 1, ("拒绝营销",)),
        ("不要再打", 1, ("拒绝营销",)),
        ("投诉", 1, ("投诉",)),
    }
    listed = next_list(changed.home)
    assert {row for row in REFUSED if sheet.code(row) in listed} == set()
    assert {row for row in PUT_OFF if sheet.code(row) in listed} == PUT_OFF.keys()


def as_xlsx(path: Path, *rows: tuple[object, ...]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    book.save(path)
    return path


def test_whatever_people_type_into_a_cell_stays_one_cell_of_its_row(changed: Returned, tmp_path: Path) -> None:
    sheet = changed.sheet
    typed = ['他说："再,想想"\n明天|!回', "'; DROP TABLE x; --", "𠮷\t<b>&amp;[red]", "长" * 20_000, FORMULA, "合计"]
    for row, text in enumerate(typed, 30):
        sheet.set(row, 触达时间=moment(row), 触达结果=text)
    handed_in = outcomes.hand_in(changed.home.settings, sheet.save(tmp_path / "odd.xlsx"), AGAIN)
    assert {each.row for each in handed_in.set_aside} == {10, 11}
    landed = dict(changed.home.seen("crm__contacts", AGAIN, "uscc, result"))
    assert [landed[sheet.code(row)] for row in range(30, 36)] == typed


EXPORTS = {
    "crm__contacts": (("统一社会信用代码", "触达时间", "触达方式", "结果"), (STRANGER, datetime(2026, 11, 24, 9), "电话", "有意向")),
    "crm__applications": (("申请编号", "统一社会信用代码", "申请日期", "申请金额", "状态"),
                          ("SQ1", STRANGER, date(2026, 11, 24), 100000, "审批中")),
    "crm__disbursements": (("借据号", "统一社会信用代码", "放款日期", "放款金额"), ("JJ1", STRANGER, date(2026, 11, 24), 100000)),
    "crm__suppressions": (("统一社会信用代码", "原因"), (STRANGER, "投诉")),
}  # fmt: skip


def test_an_export_of_the_crm_is_known_by_its_header_and_landed_as_from_the_inbox(bare: Home, tmp_path: Path) -> None:
    for feed, rows in EXPORTS.items():
        if feed in ("crm__contacts", "crm__applications"):
            path = as_xlsx(tmp_path / f"export_{feed}.xlsx", *rows)
        else:
            path = tmp_path / f"export_{feed}.csv"
            path.write_text("".join(",".join(map(str, row)) + "\n" for row in rows), encoding="gb18030")
        handed_in = outcomes.hand_in(bare.settings, path, CAME_BACK)
        file = handed_in.file
        assert (file.feed, file.name, file.status, file.accepted) == (feed, path.name, "landed", 1), feed
        assert (handed_in.listed, handed_in.original, file.received_on) == (None, file.file_id, CAME_BACK)
        assert path.is_file(), "what was handed in stays where it is"
    assert bare.seen("crm__contacts", CAME_BACK, "uscc, contacted_at") == [(STRANGER, datetime(2026, 11, 24, 9))]


def test_an_export_without_a_day_of_receipt_was_received_on_the_day_its_name_says(bare: Home, tmp_path: Path) -> None:
    path = as_xlsx(tmp_path / "yzmd_20261120.xlsx", *EXPORTS["crm__suppressions"])
    assert outcomes.hand_in(bare.settings, path).file.received_on == date(2026, 11, 20)
    to_come = path.rename(tmp_path / "yzmd_20271120.xlsx")
    with pytest.raises(FileRefusedError, match="received on 2027-11-20, which lies in the future.*--received-on"):
        outcomes.hand_in(bare.settings, to_come)


def test_before_anything_was_published_a_file_lands_and_nothing_is_tracked(bare: Home, tmp_path: Path) -> None:
    report = flow.outcomes(bare.settings, as_xlsx(tmp_path / "a.xlsx", *EXPORTS["crm__contacts"]), CAME_BACK)
    assert (report.handed_in.file.status, report.now, report.database) == ("landed", (), None)


@pytest.fixture
def command(returned: Returned, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command on a report that was made already."""
    monkeypatch.setattr(flow, "outcomes", lambda *_: returned.report)

    def run(*words: str) -> Result:
        return CliRunner().invoke(
            main, ["outcomes", str(returned.workbook), "--home", str(returned.home.settings.home), *words]
        )

    return run


def test_the_command_says_what_landed_what_did_not_and_what_is_new(command: Callable[..., Result]) -> None:
    done = command()
    assert done.exit_code == 0
    assert "rows, 10 filled in, " in done.stdout
    assert "set aside sheet 名单, row 10: contacted_at: empty (found 触达方式 '电话', 触达结果 '有意向')" in done.stdout
    assert "expected 触达时间 (contacted_at) as 2026-11-25 14:30, up to today" in done.stdout
    assert f"not on the list of their week: 1; first sheet 名单, row 9: not on the list of {WEEK}" in done.stdout
    assert "7 (+7)" in done.stdout


def test_the_command_says_which_words_it_does_not_know(
    returned: Returned, command: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = (Wording("再说" * 50, 2, ()), Wording("投诉[银行]", 1, ("投诉",)))
    report = replace(returned.report, handed_in=replace(returned.report.handed_in, wordings=said))
    monkeypatch.setattr(flow, "outcomes", lambda *_: report)
    done = command()
    assert f"result '{'再说' * 20}…', rows: 2: not known, counts as a contact only; expected one of" in done.stdout
    assert "result '投诉[银行]', rows: 1: heard as 投诉; not listed from the next list on" in done.stdout


def test_a_script_reads_the_same_as_json(command: Callable[..., Result]) -> None:
    told = json.loads(command("--json").stdout)
    assert (told["file"]["feed"], told["file"]["accepted"], told["file"]["quarantined"]) == ("crm__contacts", 8, 2)
    assert (told["filled_in"], told["strangers"], told["set_aside"][0]["row"]) == (10, 1, 10)
    assert [each["contacted"] for when in ("before", "now") for each in told["lists"][when]] == [0, 7]


def test_a_wrong_file_and_a_wrong_day_end_with_words_and_the_exit_code_of_their_kind(
    returned: Returned, tmp_path: Path
) -> None:
    wrong = tmp_path / "a.csv"
    wrong.write_text("甲,乙\n1,2\n", encoding="utf-8")
    assert "expected the sheet 名单" in shoudai(returned.home, "outcomes", str(wrong), check=65, inbox=False).stderr
    late = ("outcomes", str(wrong), "--received-on", "2999-01-01")
    assert "lies in the future" in shoudai(returned.home, *late, check=64, inbox=False).stderr
