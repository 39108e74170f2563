"""Ugly rows of the registers (upsert feeds): codes, dates, numbers, quotes, formulas, versions."""

# ruff: noqa: E501 - a row or a case per line reads better than a wrapped one
from __future__ import annotations

from pipelines.simulate.ugly.sheet import Sheet
from pipelines.simulate.ugly.spares import spare, wide, wrong_check

_FEED = "registry__entities"
_SHORT = "统一社会信用代码,企业名称,注册日期,登记状态"
_NOT_A_CODE = "uscc: not a valid unified social credit code"

_CODES = (
    Sheet(
        _FEED, "check_digit", "a code whose check character is wrong is nobody's code", _SHORT,
        (f"{spare(20)},锦溪县校验位正确商店,2015-05-06,存续", f"{wrong_check(spare(20))},锦溪县校验位错误商店,2015-05-06,存续"),
        accepted=1, quarantined=1, reasons=(_NOT_A_CODE,),
    ),
    Sheet(
        _FEED, "code_length", "17 characters, a code that Excel turned into a number, and a totals line are not codes", _SHORT,
        (
            f"{spare(21)},锦溪县长度正确商店,2015-05-06,存续",
            f"{spare(22)[:17]},锦溪县少一位商店,2015-05-06,存续",
            "9.25106E+17,锦溪县科学计数商店,2015-05-06,存续",
            "合计,3户,,",
        ),
        accepted=1, quarantined=3, reasons=("row: totals line", _NOT_A_CODE),
    ),
    Sheet(
        _FEED, "code_letters", "a letter O where the code has a zero: the alphabet has no I O Z S V", _SHORT,
        (f"{spare(23)},锦溪县字母正确商店,2015-05-06,存续", f"{spare(24)[:5]}O{spare(24)[6:]},锦溪县字母错误商店,2015-05-06,存续"),
        accepted=1, quarantined=1, reasons=(_NOT_A_CODE,),
    ),
    Sheet(
        _FEED, "code_repaired", "lower case, full width and blanks around are repaired, not refused", _SHORT,
        (
            f"{spare(25).lower()},锦溪县小写商店,2015-05-06,存续",
            f"{wide(spare(26))},锦溪县全角商店,2015-05-06,存续",
            f" {spare(27)}\u3000,锦溪县空格商店,2015-05-06,存续",
        ),
        accepted=3,
    ),
    Sheet(
        _FEED, "empty_required", "a row without its key or without a name cannot be accepted", _SHORT,
        (f"{spare(28)},锦溪县齐全商店,2015-05-06,存续", ",锦溪县无代码商店,2015-05-06,存续", f"{spare(29)},,2015-05-06,存续"),
        accepted=1, quarantined=2, reasons=("uscc: empty", "name: empty"),
    ),
)  # fmt: skip

_DATES = (
    Sheet(
        _FEED, "not_a_date", "30 February and a word are no dates", _SHORT,
        (f"{spare(30)},锦溪县有日期商店,2026-02-20,存续", f"{spare(31)},锦溪县二月三十商店,2026-02-30,存续", f"{spare(32)},锦溪县不详商店,不详,存续"),
        accepted=1, quarantined=2, reasons=("established_on: not a date",),
    ),
    Sheet(
        _FEED, "future_date", "a date centuries ahead is a slip of the hand (2926 for 2026)", _SHORT,
        (f"{spare(33)},锦溪县今日商店,2026-01-31,存续", f"{spare(34)},锦溪县未来商店,2926-01-31,存续"),
        accepted=1, quarantined=1, reasons=("established_on: not a plausible date",),
    ),
    Sheet(
        _FEED, "date_shapes", "seven ways to write 31 January 2026, the last one Excel's serial number", _SHORT,
        tuple(
            f"{spare(35 + number)},锦溪县日期写法{number}商店,{shape},存续"
            for number, shape in enumerate(
                ("2026-01-31", "20260131", "2026/1/31", "2026年1月31日", "2026.01.31", "2026-01-31 00:00:00", "46053")
            )
        ),
        accepted=7,
    ),
)  # fmt: skip

_TEXTS = (
    Sheet(
        _FEED, "headcount", "minus five, three and a half and a word are no headcounts; `12人` is twelve", f"{_SHORT},从业人数",
        (
            f"{spare(42)},锦溪县人数正确商店,2015-05-06,存续,12人",
            f"{spare(43)},锦溪县负数商店,2015-05-06,存续,-5",
            f"{spare(44)},锦溪县半人商店,2015-05-06,存续,3.5",
            f"{spare(45)},锦溪县汉字商店,2015-05-06,存续,若干",
        ),
        accepted=1, quarantined=3, reasons=("employees: below 0", "employees: not a whole number"),
    ),
    Sheet(
        _FEED, "capital", "capital in every wording; a foreign currency is unknown, never read as yuan", f"{_SHORT},注册资金",
        (
            f"{spare(46)},锦溪县资本甲商店,2015-05-06,存续,200(万元人民币)",
            f'{spare(47)},锦溪县资本乙商店,2015-05-06,存续,"1,000万人民币"',
            f"{spare(48)},锦溪县资本丙商店,2015-05-06,存续,30",
            f"{spare(49)},锦溪县资本丁商店,2015-05-06,存续,20(万美元)",
            f"{spare(50)},锦溪县资本戊商店,2015-05-06,存续,N/A",
        ),
        accepted=5,
    ),
    Sheet(
        _FEED, "field_count", "a row with a field too few and one with a field too many stay out; the others do not suffer", _SHORT,
        (
            f"{spare(51)},锦溪县四栏商店,2015-05-06,存续",
            f"{spare(52)},锦溪县三栏商店,2015-05-06",
            f"{spare(53)},锦溪县,五栏商店,2015-05-06,存续",
            f"{spare(54)},锦溪县又四栏商店,2015-05-06,存续",
        ),
        accepted=2, quarantined=2, reasons=("row: too few fields", "row: too many fields"),
    ),
    Sheet(
        _FEED, "quotes", "commas, doubled quotes and a line break inside quotes are content", f"{_SHORT},经营范围",
        (
            f'{spare(55)},"锦溪县""引号""商店",2015-05-06,存续,"零售：日用品, 食品"',
            f'{spare(56)},锦溪县换行商店,2015-05-06,存续,"零售\n批发"',
        ),
        accepted=2,
    ),
    Sheet(
        _FEED, "formula", "names that a spreadsheet would run as a formula are kept as text here and defused on export; young enterprises, so listed",
        f"{_SHORT},行业代码",
        (
            f"{spare(57, '91')},=cmd|'/C calc'!A0,2026-01-15,存续,F5211",
            f"{spare(58, '91')},+锦溪县加号有限公司,2026-01-15,存续,F5211",
            f"{spare(59, '91')},-锦溪县减号有限公司,2026-01-15,存续,F5211",
            f"{spare(60, '91')},@SUM(A1:A9)有限公司,2026-01-15,存续,F5211",
        ),
        accepted=4,
    ),
    Sheet(
        _FEED, "undecodable", "a byte that is no UTF-8: its row stays out, the rest is read", _SHORT,
        (f"{spare(61)},锦溪县可读商店,2015-05-06,存续", f"{spare(62)},锦溪县¿坏字节商店,2015-05-06,存续", f"{spare(63)},锦溪县也可读商店,2015-05-06,存续"),
        accepted=2, quarantined=1, reasons=("row: undecodable bytes",), raw=b"\xff",
    ),
    Sheet(
        _FEED, "undecodable_gbk", "a byte that is no GB18030, in a GB18030 file", _SHORT,
        (f"{spare(64)},锦溪县可读商店,2015-05-06,存续", f"{spare(65)},锦溪县¿坏字节商店,2015-05-06,存续"),
        accepted=1, quarantined=1, reasons=("row: undecodable bytes",), encoding="gb18030", raw=b"\xff",
    ),
)  # fmt: skip

_VERSIONS = (
    Sheet(
        _FEED, "versions", "in a register a later row of the same key is a newer version; the same row again is a duplicate", _SHORT,
        (
            f"{spare(66)},锦溪县旧名商店,2015-05-06,存续",
            f"{spare(67)},锦溪县同名商店,2015-05-06,存续",
            f"{spare(67)},锦溪县同名商店,2015-05-06,存续",
            f"{spare(66)},锦溪县新名商店,2015-05-06,存续",
        ),
        accepted=3, duplicates=1,
    ),
    Sheet(
        _FEED, "columns", "other order, English headings among Chinese ones, columns the contract does not know",
        "序号,登记状态,name,法定代表人电话,统一社会信用代码", (f"1,存续,锦溪县乱序商店,无,{spare(68)}", f"2,存续,锦溪县乱序二店,无,{spare(69)}"),
        accepted=2,
    ),
)  # fmt: skip

_LISTS = (
    Sheet(
        "tax__credit_grades", "grade", "full width and `B级` are looked up, `2025年度` is a year; E is no grade", "纳税人识别号,评价年度,信用级别",
        (f"{spare(0)},2025,Ａ", f"{spare(1)},2025年度,B级", f"{spare(2)},2025,E", f"{spare(3)},二〇二五,B"),
        accepted=2, quarantined=2, reasons=("grade: not one of A/B/M/C/D", "year: not a year"),
    ),
    Sheet(
        "credit__loans", "kind", "a kind of business the rule does not know must not look like `no loan`", "借据号,统一社会信用代码,业务类型,放款日期,金额",
        (f"UG0001,{spare(4)},流动资金贷款,2019-04-01,100000", f"UG0002,{spare(5)},融资租赁,2019-04-01,100000"),
        accepted=1, quarantined=1, reasons=("kind: not one of 贷款/贴现/个人经营贷款",),
    ),
    Sheet(
        "sites__tenants", "range", "a repurchase rate of 35 is a percentage where a share is expected", "站点编号,站点类型,统一社会信用代码,客户复购率",
        (f"JXSQ01,商圈,{spare(6)},0.35", f"JXSQ01,商圈,{spare(7)},35"),
        accepted=1, quarantined=1, reasons=("repurchase_rate: above 1",),
    ),
    Sheet(
        "green__enterprises", "ten_thousands", "an investment in 元 where the contract expects 万元: the heading's unit wins",
        "统一社会信用代码,企业名称,节能改造投入(元)", (f"{spare(8)},锦溪县备用08号商店,123456.78",), accepted=1,
    ),
    Sheet(
        "crm__applications", "status", "a state outside the list", "申请编号,统一社会信用代码,申请日期,状态",
        (f"UGSQ01,{spare(9)},2026-02-20,否决", f"UGSQ02,{spare(10)},2026-02-20,再议"),
        accepted=1, quarantined=1, reasons=("status: not one of 审批中/通过/拒绝/撤回",),
    ),
)  # fmt: skip

SHEETS: tuple[Sheet, ...] = (*_CODES, *_DATES, *_TEXTS, *_VERSIONS, *_LISTS)
