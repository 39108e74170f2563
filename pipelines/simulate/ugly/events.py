"""Ugly rows of events (append) and monthly panels (period_snapshot): amounts, keys, repeats, months."""

# ruff: noqa: E501 - a row or a case per line reads better than a wrapped one
from __future__ import annotations

from pipelines.simulate.ugly.sheet import Sheet
from pipelines.simulate.ugly.spares import spare

_TAX = "tax__payments"
_TAX_HEADER = (
    "纳税人识别号,征收项目,税款所属期起,税款所属期止,申报日期,入库日期,应补退税额,实缴税额,代扣代缴标志,税票号码"
)
_SOCIAL = "social__insurance"
_SOCIAL_HEADER = "统一社会信用代码,费款所属期,参保人数"


def _tax(
    number: int,
    voucher: str,
    due: str = "100.00",
    paid: str = "100.00",
    withheld: str = "否",
    declared: str = "2026-02-10",
) -> str:
    """One line of the tax feed for spare `number`, January 2026."""
    return f"{spare(number)},增值税,2026-01-01,2026-01-31,{declared},2026-02-10,{due},{paid},{withheld},{voucher}"


def _tax_conflict(where: str) -> str:
    return f"voucher_no+tax_item: key_conflict, other content under the same key {where}"


_AMOUNTS = (
    Sheet(
        _TAX, "amounts", "thousands commas, full-width digits, a currency sign and blanks are still amounts; a minus is a refund", _TAX_HEADER,
        (
            _tax(0, "UG1001", '"12,345.67"', '"12,345.67"'),
            _tax(1, "UG1002", "１２３４．５", "１２３４．５"),
            _tax(2, "UG1003", "¥99.00", "￥99.00"),
            _tax(3, "UG1004", " 88.8 ", " 88.8 "),
            _tax(4, "UG1005", "-50.00", "-50.00"),
        ),
        accepted=5,
    ),
    Sheet(
        _TAX, "ten_thousands", "the unit in the heading, in half-width and full-width brackets: 1.234567 万元 are 12,345.67 yuan",
        _TAX_HEADER.replace("应补退税额", "应补退税额(万元)").replace("实缴税额", "实缴税额（万元）"),
        (_tax(0, "UG1101", "1.234567", "1.234567"), _tax(1, "UG1102", "0", "0")),
        accepted=2,
    ),
    Sheet(
        _TAX, "not_a_number", "words, spreadsheet errors and two decimal points are no amounts", _TAX_HEADER,
        (_tax(0, "UG1201"), _tax(1, "UG1202", "一千元"), _tax(2, "UG1203", "#REF!"), _tax(3, "UG1204", "1.2.3")),
        accepted=1, quarantined=3, reasons=("tax_due: not a number",),
    ),
    Sheet(
        _TAX, "flag", "a flag that is neither yes nor no; an empty one is allowed", _TAX_HEADER,
        (_tax(0, "UG1301", withheld="代扣代缴"), _tax(1, "UG1302", withheld=""), _tax(2, "UG1303", withheld="可能")),
        accepted=2, quarantined=1, reasons=("withheld: not a yes or no",),
    ),
    Sheet(
        _TAX, "not_a_date", "31 February as a filing day; a line without a filing day is allowed (a period not filed)", _TAX_HEADER,
        (_tax(0, "UG1401", declared=""), _tax(1, "UG1402", declared="2026-02-31")),
        accepted=1, quarantined=1, reasons=("declared_on: not a date",),
    ),
    Sheet(
        _TAX, "legacy_id", "a 15-character id of old names its firm by the organisation code, whatever its region; wrong, it names nobody",
        _TAX_HEADER,
        (
            _tax(0, "UG1501"),
            _tax(1, "UG1502").replace(spare(1), f"510600{spare(1)[8:17]}"),
            _tax(2, "UG1503").replace(spare(2), f"510623{spare(2)[8:16]}A"),
        ),
        accepted=2, quarantined=1, reasons=("uscc: not a valid unified social credit code",),
    ),
)  # fmt: skip

_KEYS = (
    Sheet(
        _TAX, "repeat", "the same row again in one file is a duplicate", _TAX_HEADER,
        (_tax(0, "UG2001"), _tax(1, "UG2002"), _tax(0, "UG2001")),
        accepted=2, duplicates=1,
    ),
    Sheet(
        _TAX, "key_conflict", "other content under the same voucher and tax: nobody can say which row is right, both stay out", _TAX_HEADER,
        (_tax(0, "UG2101", "100.00"), _tax(0, "UG2101", "200.00"), _tax(1, "UG2102")),
        accepted=1, quarantined=2, reasons=(_tax_conflict("in this file"),),
    ),
    Sheet(
        _TAX, "key_known", "a later file with other content under a known voucher: the new row stays out, the old one stands", _TAX_HEADER,
        (_tax(1, "UG2102", "900.00"), _tax(0, "UG2001"), _tax(2, "UG2201")),
        accepted=1, duplicates=1, quarantined=1, reasons=(_tax_conflict("in an earlier file"),), day="20260227",
    ),
    Sheet(
        _SOCIAL, "month_conflict", "two headcounts for one month: both stay out; the same row again is a duplicate", _SOCIAL_HEADER,
        (f"{spare(0)},202601,5", f"{spare(0)},202601,6", f"{spare(1)},202601,7", f"{spare(1)},202601,7"),
        accepted=1, duplicates=1, quarantined=2, reasons=("uscc+month: key_conflict, other content under the same key in this file",),
    ),
)  # fmt: skip

_PANELS = (
    Sheet(
        _SOCIAL, "headcount", "minus one and three and a half are no headcounts", _SOCIAL_HEADER,
        (f"{spare(0)},202601,5", f"{spare(1)},202601,-1", f"{spare(2)},202601,3.5"),
        accepted=1, quarantined=2, reasons=("insured_headcount: below 0", "insured_headcount: not a whole number"),
    ),
    Sheet(
        _SOCIAL, "month_shapes", "seven ways to write January 2026", _SOCIAL_HEADER,
        tuple(
            f"{spare(number)},{shape},4"
            for number, shape in enumerate(("202601", "2026-01", "2026/1", "2026年1月", "2026-01-31", "20260131", "46023"))
        ),
        accepted=7,
    ),
    Sheet(
        _SOCIAL, "not_a_month", "there is no month 13 and no month 00", _SOCIAL_HEADER,
        (f"{spare(0)},202601,5", f"{spare(1)},202613,5", f"{spare(2)},2026-00,5"),
        accepted=1, quarantined=2, reasons=("month: not a month",),
    ),
    Sheet(
        _SOCIAL, "undecodable", "a byte that is no GB18030 in the row of one employer", _SOCIAL_HEADER + ",备注",
        (f"{spare(0)},202601,5,正常", f"{spare(1)},202601,5,补¿缴", f"{spare(2)},202601,5,正常"),
        accepted=2, quarantined=1, reasons=("row: undecodable bytes",), encoding="gb18030", raw=b"\xff",
    ),
    Sheet(
        "utilities__bills", "kind", "diesel is no supply the contract knows; an empty code is allowed", "户号,户名,统一社会信用代码,能源类型,抄表月份,用量,金额,缴费日期",
        ("3590000001,王**,,天然气,202601,12.5,36.00,2026-02-03", "3590000002,李**,,柴油,202601,12.5,36.00,2026-02-03"),
        accepted=1, quarantined=1, reasons=("kind: not one of 电/水/气/热",),
    ),
    Sheet(
        "utilities__bills", "number", "a meter reading with two points", "户号,统一社会信用代码,能源类型,抄表月份,用量,缴费日期",
        ("3590000003,,燃气,202601,12.5,2026-02-03", "3590000004,,燃气,202601,12..5,2026-02-03"),
        accepted=1, quarantined=1, reasons=("quantity: not a number",),
    ),
    Sheet(
        "tax__invoices", "delimiter", "a delimiter of two characters, `|!`", "纳税人识别号|!开票月份|!开票金额|!红字金额",
        (f"{spare(0)}|!202601|!1000.00|!0", f"{spare(1)}|!202601|!2000.00|!-100.00"),
        accepted=2,
    ),
    Sheet(
        "bank__flows", "negative", "money in cannot be negative; nothing written is not zero", "统一社会信用代码,月份,流入金额,流出金额",
        (f"{spare(0)},202601,1000.00,", f"{spare(1)},202601,-1.00,5.00", f"{spare(2)},202601,—,5.00"),
        accepted=1, quarantined=2, reasons=("inflow: below 0", "inflow: empty"),
    ),
    Sheet(
        "platform__sales", "rating", "a rating of 48 is 4.8 without its point", "统一社会信用代码,平台,月份,订单量,评分",
        (f"{spare(0)},饿了么,202601,120,4.8", f"{spare(1)},饿了么,202601,120,48"),
        accepted=1, quarantined=1, reasons=("rating: above 5",),
    ),
)  # fmt: skip

_MOMENTS = (
    Sheet(
        "online__intents", "consent", "consent is yes or no; anything else is not taken for a yes", "事件编号,统一社会信用代码,行为,时间,授权",
        (f"UGE001,{spare(11)},浏览,2026-02-20 09:30:00,是", f"UGE002,{spare(12)},咨询,2026-02-20 09:30:00,待定"),
        accepted=1, quarantined=1, reasons=("consent: not a yes or no",),
    ),
    Sheet(
        "crm__contacts", "time", "25 o'clock, and a batch that is not a week", "统一社会信用代码,名单批次,触达时间,结果",
        (f"{spare(13)},,2026-02-20 09:30:00,未接通", f"{spare(14)},,2026-02-20 25:61:00,未接通", f"{spare(15)},第8周,2026-02-20 10:00:00,未接通"),
        accepted=1, quarantined=2, reasons=("contacted_at: not a time", "week: not shaped ^[0-9]{4}-W[0-9]{2}$"),
    ),
    Sheet(
        "crm__suppressions", "reason", "a reason the contract does not know still suppresses; no reason at all cannot", "统一社会信用代码,原因,起始日期,截止日期",
        (f"{spare(16)},勿扰,2026-02-20,", f"{spare(17)},老板出国,2026-02-20,", f"{spare(18)},,2026-02-20,"),
        accepted=2, quarantined=1, reasons=("reason: empty",),
    ),
)  # fmt: skip

SHEETS: tuple[Sheet, ...] = (*_AMOUNTS, *_KEYS, *_PANELS, *_MOMENTS)
