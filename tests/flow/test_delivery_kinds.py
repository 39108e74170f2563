"""Landing twice changes nothing; snapshots replace, registers keep versions, events are counted once; as-of sees its day."""

from __future__ import annotations

import os
from datetime import date

from pipelines import flow

from .homes import feed_tables

A, B = "92510623MAY004CT3H", "92510623MAY00CL99R"
SOCIAL = "统一社会信用代码,费款所属期,参保人数\n"
REGISTER = "统一社会信用代码,企业名称,登记状态\n"
TAX = "纳税人识别号,征收项目,税款所属期起,税款所属期止,申报日期,入库日期,应补退税额,实缴税额,税票号码\n"


def line(voucher: str, paid: str) -> str:
    return f"{A},增值税,2026-01-01,2026-01-31,2026-02-10,2026-02-10,{paid},{paid},{voucher}\n"


def land(home, feed: str) -> list[tuple[str, int, int, int]]:
    return [
        (each.status, each.accepted, each.duplicates, each.quarantined)
        for each in flow.ingest(home.settings, [feed]).files
    ]


def test_the_same_bytes_again_change_nothing_under_another_name_too(bare):
    text = SOCIAL + f"{A},202601,4\n{B},202601,x\n"
    bare.deliver("social__insurance", "a_20260201.csv", text)
    assert land(bare, "social__insurance") == [("landed", 1, 0, 1)]
    before = feed_tables(bare.settings)
    assert land(bare, "social__insurance") == []
    bare.deliver("social__insurance", "b_20260301.csv", text)
    assert land(bare, "social__insurance") == [("repeated", 0, 0, 0)]
    after = feed_tables(bare.settings)
    assert {name: rows for name, rows in after.items() if name != "files"} == {
        n: r for n, r in before.items() if n != "files"
    }
    assert land(bare, "social__insurance") == []


def test_a_file_put_back_under_its_name_keeps_its_row_of_the_ledger(bare):
    text = SOCIAL + f"{A},202601,4\n{B},202601,x\n"
    path = bare.deliver("social__insurance", "a_20260201.csv", text)
    assert land(bare, "social__insurance") == [("landed", 1, 0, 1)]
    before = feed_tables(bare.settings)
    os.utime(path, (1_800_000_000, 1_800_000_000))
    assert land(bare, "social__insurance") == [("repeated", 0, 0, 0)]
    assert feed_tables(bare.settings) == before
    assert land(bare, "social__insurance") == [], "it is known by its new time"
    bare.deliver("social__insurance", "a_20260201.csv.ok", f"digest={'0' * 64}")
    os.utime(path, (1_900_000_000, 1_900_000_000))
    assert land(bare, "social__insurance") == [("waiting", 0, 0, 0)]
    landed = bare.lake("SELECT accepted, quarantined FROM lake.ops.files WHERE status = 'landed'")
    assert landed == [(1, 1)], "a control file that disagrees later does not undo what landed"


def test_a_newer_snapshot_replaces_its_period_whole_and_only_from_its_day_on(bare):
    bare.deliver("social__insurance", "a_20260301.csv", SOCIAL + f"{A},202601,4\n{B},202601,5\n{A},202602,4\n")
    bare.deliver("social__insurance", "b_20260310.csv", SOCIAL + f"{A},202601,9\n")
    assert land(bare, "social__insurance") == [("landed", 3, 0, 0), ("landed", 1, 0, 0)]
    columns = "month, uscc, insured_headcount"
    january, february = date(2026, 1, 1), date(2026, 2, 1)
    assert bare.seen("social__insurance", date(2026, 2, 28), columns) == []
    assert bare.seen("social__insurance", date(2026, 3, 9), columns) == [
        (january, A, 4),
        (january, B, 5),
        (february, A, 4),
    ]
    assert bare.seen("social__insurance", date(2026, 3, 10), columns) == [(january, A, 9), (february, A, 4)]
    bare.deliver("social__insurance", "a_20260310.csv", SOCIAL + f"{A},202601,7\n")
    land(bare, "social__insurance")
    assert bare.seen("social__insurance", date(2026, 3, 10), columns) == [(january, A, 7), (february, A, 4)], (
        "of one day the file that landed last"
    )


def test_a_snapshot_replaces_only_its_own_kind_of_the_period(bare):
    head = "户号,户名,统一社会信用代码,用电地址,能源类型,抄表月份,用量,金额,缴费日期\n"
    for day, kind, amount in ((1, "电", 5), (2, "水", 6), (3, "电", 7)):
        row = f"100,甲店,{A},文昌街1号,{kind},2026-01,1,{amount},2026-02-10\n"
        bare.deliver("utilities__bills", f"b_2026030{day}.csv", head + row)
    land(bare, "utilities__bills")
    assert bare.seen("utilities__bills", date(2026, 3, 3), "kind, amount::INTEGER") == [("水", 6), ("电", 7)]


def test_an_older_snapshot_that_lands_later_replaces_nothing_newer(bare):
    bare.deliver("social__insurance", "b_20260310.csv", SOCIAL + f"{A},202601,9\n")
    land(bare, "social__insurance")
    bare.deliver("social__insurance", "a_20260301.csv", SOCIAL + f"{A},202601,4\n{B},202601,5\n")
    land(bare, "social__insurance")
    assert bare.seen("social__insurance", date(2026, 3, 10), "uscc, insured_headcount") == [(A, 9)]
    assert bare.seen("social__insurance", date(2026, 3, 5), "uscc, insured_headcount") == [(A, 4), (B, 5)]


def test_a_month_written_as_any_of_its_days_is_one_period(bare):
    bare.deliver("social__insurance", "a_20260301.csv", SOCIAL + f"{A},2026-01-31,4\n{B},2026-01-31,5\n")
    bare.deliver("social__insurance", "b_20260310.csv", SOCIAL + f"{A},2026-01,9\n")
    land(bare, "social__insurance")
    assert bare.seen("social__insurance", date(2026, 3, 10), "month, uscc, insured_headcount") == [
        (date(2026, 1, 1), A, 9)
    ]


def test_a_register_shows_the_version_of_the_day_whatever_order_files_land_in(bare):
    bare.deliver("registry__entities", "c_20260320.csv", REGISTER + f"{A},甲店,注销\n")
    land(bare, "registry__entities")
    bare.deliver("registry__entities", "a_20260301.csv", REGISTER + f"{A},甲店,存续\n{B},乙店,存续\n")
    land(bare, "registry__entities")
    bare.deliver("registry__entities", "b_20260310.csv", REGISTER + f"{A},甲新店,存续\n{B},乙店,存续\n")
    assert land(bare, "registry__entities") == [("landed", 1, 1, 0)]
    bare.deliver("registry__entities", "z_20260201.csv", REGISTER + f"{A},甲旧店,存续\n")
    land(bare, "registry__entities")
    seen = {day: bare.seen("registry__entities", date(2026, 3, day), "name, status") for day in (1, 9, 10, 19, 20)}
    first, second, third = ("甲店", "存续"), ("甲新店", "存续"), ("甲店", "注销")
    other = ("乙店", "存续")
    assert seen == {
        1: sorted([first, other]), 9: sorted([first, other]), 10: sorted([second, other]), 19: sorted([second, other]),
        20: sorted([third, other]),
    }  # fmt: skip


def test_register_files_of_one_day_follow_each_other_as_they_land(bare):
    def told(name: str, *names: str) -> tuple[str, int, int, int]:
        bare.deliver("registry__entities", name, REGISTER + "".join(f"{A},{each},存续\n" for each in names))
        (outcome,) = land(bare, "registry__entities")
        return outcome

    assert told("a_20260310.csv", "甲店") == ("landed", 1, 0, 0)
    assert told("b_20260310.csv", "甲店", "甲店") == ("landed", 0, 2, 0), "known since that very day"
    assert told("c_20260310.csv", "甲新店") == ("landed", 1, 0, 0)
    assert bare.seen("registry__entities", date(2026, 3, 10), "name") == [("甲新店",)]
    assert told("d_20260310.csv", "甲店", "甲店 ") == ("landed", 1, 1, 0), "what it was called before is news again"
    assert bare.seen("registry__entities", date(2026, 3, 10), "name") == [("甲店",)]
    assert told("e_20260311.csv", "甲新店", "甲店") == ("landed", 2, 0, 0), "only a first line can say nothing new"
    assert bare.seen("registry__entities", date(2026, 3, 11), "name") == [("甲店",)]


def test_an_event_counts_once_and_another_content_under_its_key_stays_out(bare):
    bare.deliver("tax__payments", "a_20260220.csv", TAX + line("V1", "100") + line("V2", "200"))
    bare.deliver("tax__payments", "b_20260221.csv", TAX + line("V2", "200.00") + line("V3", "300"))
    bare.deliver("tax__payments", "c_20260222.csv", TAX + line("V1", "999") + line("V4", "400"))
    assert land(bare, "tax__payments") == [("landed", 2, 0, 0), ("landed", 1, 1, 0), ("landed", 1, 0, 1)]
    assert bare.seen("tax__payments", date(2026, 2, 22), "voucher_no, tax_paid::INTEGER") == [
        ("V1", 100),
        ("V2", 200),
        ("V3", 300),
        ("V4", 400),
    ]
    assert bare.seen("tax__payments", date(2026, 2, 20), "voucher_no") == [("V1",), ("V2",)]
    assert bare.lake("SELECT raw, reasons FROM lake.quarantine.rows")[0][1][0].startswith(
        "voucher_no+tax_item: key_conflict"
    )


def test_a_refused_file_lands_once_it_is_mended_under_the_same_name(bare):
    bare.deliver("social__insurance", "a_20260301.csv", "统一社会信用代玛,费款所属期,参保人数\n" + f"{A},202601,4\n")
    assert land(bare, "social__insurance") == [("refused", 0, 0, 0)]
    bare.deliver("social__insurance", "a_20260301.csv", SOCIAL + f"{A},202601,4\n")
    assert land(bare, "social__insurance") == [("landed", 1, 0, 0)]
    assert bare.lake("SELECT name, status, reason FROM lake.ops.files") == [("a_20260301.csv", "landed", None)]
