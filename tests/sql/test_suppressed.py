"""Who must not be approached (S29, PIPL 24): refusals are honoured wherever they were told, from their first to their last day.

Each case is asked twice: of the SELECT that keeps entities off the list, and of what `explain` says of one of them.
"""

from __future__ import annotations

from datetime import date

import pytest

from pipelines.eligibility.evidence import suppressions
from pipelines.feeds.gate import usual_values

from .tables import AS_OF, Warehouse

REGISTER, CONTACT = "feed.crm__suppressions", "feed.crm__contacts"
COLUMNS = {REGISTER: "uscc, reason, from_on, until_on", CONTACT: "uscc, contacted_at, result"}

CASES: list[tuple[str, date, dict[str, str], bool]] = [
    ("nobody said anything", AS_OF, {}, False),
    ("a refusal without days is for ever", AS_OF, {REGISTER: "('A', '拒绝营销', NULL, NULL)"}, True),
    ("it begins on its first day", AS_OF, {REGISTER: "('A', '拒绝营销', '2026-11-23', NULL)"}, True),
    ("and not the day before", AS_OF, {REGISTER: "('A', '拒绝营销', '2026-11-24', NULL)"}, False),
    ("it ends after its last day", AS_OF, {REGISTER: "('A', '投诉', '2026-01-01', '2026-11-23')"}, True),
    ("and is over the day after", AS_OF, {REGISTER: "('A', '投诉', '2026-01-01', '2026-11-22')"}, False),
    ("a last day on 29 February", date(2028, 2, 29), {REGISTER: "('A', '处理中', NULL, '2028-02-29')"}, True),
    ("is over on 1 March", date(2028, 3, 1), {REGISTER: "('A', '处理中', NULL, '2028-02-29')"}, False),
    ("a reason nobody knows suppresses as well", AS_OF, {REGISTER: "('A', '别打了', NULL, NULL)"}, True),
    ("one of two that is still in force is enough", AS_OF, {REGISTER: "('A', '投诉', NULL, '2026-01-01'), ('A', '黑名单', NULL, NULL)"}, True),
    ("a refusal told to the account manager counts", AS_OF, {CONTACT: "('A', '2026-03-02 10:00', '拒绝营销')"}, True),
    ("on the very day too", AS_OF, {CONTACT: "('A', '2026-11-23 23:59', '拒绝营销')"}, True),
    ("tomorrow's is not known yet", AS_OF, {CONTACT: "('A', '2026-11-24 00:00', '拒绝营销')"}, False),
    ("having no interest today is no refusal", AS_OF, {CONTACT: "('A', '2026-11-20 10:00', '无意向')"}, False),
    ("a contact without a result is none", AS_OF, {CONTACT: "('A', '2026-11-20 10:00', NULL)"}, False),
    ("interest shown later does not undo it", AS_OF, {CONTACT: "('A', '2026-03-02 10:00', '拒绝营销'), ('A', '2026-11-02 10:00', '有意向')"}, True),
    ("the bank's register can end it", AS_OF, {CONTACT: "('A', '2026-03-02 10:00', '拒绝营销')", REGISTER: "('A', '拒绝营销', '2026-03-02', '2026-11-22')"}, False),
    ("also by an entry without a first day", AS_OF, {CONTACT: "('A', '2026-03-02 10:00', '拒绝营销')", REGISTER: "('A', '拒绝营销', NULL, '2026-11-22')"}, False),
    ("not before the last day it states", AS_OF, {CONTACT: "('A', '2026-03-02 10:00', '拒绝营销')", REGISTER: "('A', '拒绝营销', '2026-03-02', '2026-11-23')"}, True),
    ("and not one told after that", AS_OF, {CONTACT: "('A', '2026-11-20 10:00', '拒绝营销')", REGISTER: "('A', '拒绝营销', '2026-03-02', '2026-11-19')"}, True),
    ("nor one told again after that", AS_OF, {CONTACT: "('A', '2026-03-02 10:00', '拒绝营销'), ('A', '2026-11-20 10:00', '拒绝营销')", REGISTER: "('A', '拒绝营销', '2026-03-02', '2026-11-19')"}, True),
    ("told on the last day it is ended with it", AS_OF, {CONTACT: "('A', '2026-11-19 10:00', '拒绝营销')", REGISTER: "('A', '拒绝营销', '2026-03-02', '2026-11-19')"}, False),
    ("however both of them spell it", AS_OF, {CONTACT: "('A', '2026-03-02 10:00', '不要再打')", REGISTER: "('A', '客户拒绝', NULL, '2026-11-22')"}, False),
    ("the end of a complaint does not end it", AS_OF, {CONTACT: "('A', '2026-03-02 10:00', '拒绝营销')", REGISTER: "('A', '投诉', '2026-03-02', '2026-11-22')"}, True),
]  # fmt: skip


@pytest.mark.parametrize(("as_of", "rows", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_who_refused_is_left_alone(as_of: date, rows: dict[str, str], expected: bool, warehouse: Warehouse) -> None:
    for table, values in rows.items():
        warehouse.fill(table, COLUMNS[table], values)
    warehouse.fill(REGISTER, COLUMNS[REGISTER], "('B', '黑名单', NULL, NULL) -- somebody else")
    kept_off = {row["uscc"] for row in warehouse.rows("published/suppressed", as_of=as_of)}
    assert kept_off == ({"A", "B"} if expected else {"B"})
    assert bool(suppressions(warehouse.con, "A", as_of)) is expected


REGISTRY = "feed.registry__entities"


@pytest.mark.parametrize(
    "told", [(REGISTER, "('P', '投诉', NULL, NULL)"), (CONTACT, "('P', '2026-03-02 10:00', '拒绝营销')")]
)
def test_a_refusal_holds_for_the_firm_a_business_was_converted_to(told: tuple[str, str], warehouse: Warehouse) -> None:
    warehouse.fill(REGISTRY, "uscc, predecessor_uscc", "('A', 'P'), ('B', NULL), ('C', 'C'), ('D', 'Q')")
    warehouse.fill(told[0], COLUMNS[told[0]], told[1])
    assert [row["uscc"] for row in warehouse.rows("published/suppressed")] == ["A", "P"]
    warehouse.fill(told[0], COLUMNS[told[0]], told[1].replace("P", "C"))  # said to be converted from itself
    assert [row["uscc"] for row in warehouse.rows("published/suppressed")] == ["A", "C", "P"]
    assert [bool(suppressions(warehouse.con, uscc, AS_OF)) for uscc in "ABCDP"] == [True, False, True, False, True]


def test_a_refusal_that_the_register_has_is_the_registers(warehouse: Warehouse) -> None:
    """One without a last day covers every day."""
    warehouse.fill(CONTACT, COLUMNS[CONTACT], "('A', '2026-03-02 10:00', '拒绝营销')")
    warehouse.fill(REGISTER, COLUMNS[REGISTER], "('A', '拒绝营销', '2026-03-05', NULL)")
    assert [row["from_on"] for row in warehouse.rows("published/suppressed")] == [date(2026, 3, 5)]


def test_the_register_ends_it_for_the_firm_too(warehouse: Warehouse) -> None:
    """By an entry under either code."""
    warehouse.fill(REGISTRY, "uscc, predecessor_uscc", "('A', 'P'), ('B', 'R')")
    warehouse.fill(
        CONTACT, COLUMNS[CONTACT], "('P', '2026-03-02 10:00', '拒绝营销'), ('R', '2026-03-02 10:00', '拒绝营销')"
    )
    warehouse.fill(
        REGISTER,
        COLUMNS[REGISTER],
        "('P', '拒绝营销', '2026-03-02', '2026-11-22'), ('B', '拒绝营销', NULL, '2026-11-22')",
    )
    assert [row["uscc"] for row in warehouse.rows("published/suppressed")] == ["R"]


REFUSALS = {
    "拒绝营销。": ["拒绝营销"],
    " 拒绝 营销 ": ["拒绝营销"],
    "拒　绝\u200b营 销！": ["拒绝营销"],  # a full-width blank, and one of no width
    "客户拒绝营销": ["拒绝营销"],
    "拒绝": ["拒绝营销"],
    "婉拒": ["拒绝营销"],
    "拒绝贷款": ["拒绝营销"],  # refuses us or only the loan: in doubt, it is a refusal
    "电话营销被拒绝": ["拒绝营销"],  # by the client, unlike an application
    "不，拒绝营销": ["拒绝营销"],  # a no of its own denies nothing
    "没有意向 拒绝": ["拒绝营销"],
    "不得不拒绝": ["拒绝营销"],
    "之前未拒绝，这次拒绝了": ["拒绝营销"],
    "不要再打": ["拒绝营销"],
    "别打了": ["拒绝营销"],
    "请勿打扰": ["拒绝营销"],
    "勿扰": ["拒绝营销"],
    "要求不再联系": ["拒绝营销"],
    "不希望再接到电话": ["拒绝营销"],
    "不再接受任何营销电话": ["拒绝营销"],
    "不同意接收营销信息": ["拒绝营销"],
    "不接营销电话": ["拒绝营销"],
    "请勿拨打": ["拒绝营销"],
    "不要发短信": ["拒绝营销"],
    "不得再联系": ["拒绝营销"],
    "不希望接到贵行电话": ["拒绝营销"],
    "撤回授权": ["拒绝营销"],
    "拒絕營銷": ["拒绝营销"],
    "对我行拒绝": ["拒绝营销"],
    "客户投诉！": ["投诉"],
    "已撤诉": ["投诉"],
    "投诉已处理": ["投诉"],  # the register ends it, not a word
    "黑名单客户": ["黑名单"],
    "拒绝营销，并已投诉": ["投诉", "拒绝营销"],  # both: the end of one does not end the other
}
NONE_OF_THEM = [
    "有意向", "无意向", "未接通", "确认首贷", "他行已贷", "已申请", "号码错误", "其他", "拒接", "不需要", "不感兴趣", "过两天再联系", "联系不上",
    "分别联系了老板和会计", "特别打电话来问", "不再打算贷款", "未拒绝", "没有拒绝", "未明确拒绝", "客户不拒绝营销", "客户无投诉", "没有被投诉过", "不在黑名单",
    "审批拒绝", "风控拒绝", "贷款申请被拒绝", "不接电话", "不在家，不接电话", "没说拒绝", "未遭投诉", "不属于黑名单", "",
]  # fmt: skip


@pytest.mark.parametrize(("result", "reasons"), [*REFUSALS.items(), *((each, []) for each in NONE_OF_THEM)])
def test_a_refusal_is_heard_however_it_is_spelt_and_nothing_else_is(
    result: str, reasons: list[str], warehouse: Warehouse
) -> None:
    warehouse.insert("A", {"crm__contacts": [{"contacted_at": "2026-03-02 10:00", "result": result}]})
    found = [(row["reason"], row["from_on"], row["until_on"]) for row in warehouse.rows("published/suppressed")]
    assert found == [(reason, date(2026, 3, 2), None) for reason in reasons]


def test_the_usual_results_but_one_refuse_nothing(warehouse: Warehouse) -> None:
    """What the drop-down of the list offers."""
    for result in usual_values("crm__contacts", "result"):
        warehouse.insert(result, {"crm__contacts": [{"contacted_at": "2026-03-02 10:00", "result": result}]})
    assert {row["uscc"]: row["reason"] for row in warehouse.rows("published/suppressed")} == {"拒绝营销": "拒绝营销"}


def test_a_refusal_told_in_a_contact_is_explained_with_its_day_and_its_row(warehouse: Warehouse) -> None:
    warehouse.fill(
        CONTACT, "uscc, contacted_at, result, file_id, row_no", "('A', '2026-03-02 10:00', '拒绝营销', 'f00d', 7)"
    )
    assert suppressions(warehouse.con, "A", AS_OF) == (
        {"reason": "拒绝营销", "from_on": date(2026, 3, 2), "until_on": None, "file_id": "f00d", "row_no": 7},
    )


def test_the_channel_of_the_earliest_week_is_that_which_saw_it_first(warehouse: Warehouse) -> None:
    """S30: one entity, several channels; the one that surfaced it first is kept."""
    warehouse.fill(
        "out.target_list",
        "week, uscc, channel_first_seen",
        "('2026-W40', 'A', 'park'), ('2026-W39', 'A', 'online'), ('2026-W41', 'A', 'government_data')",
    )
    assert warehouse.rows("published/first_seen") == [{"uscc": "A", "channel": "online"}]
