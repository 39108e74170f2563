"""What a rule shows of an entity, in the words that marketing reads: the value found, what is needed, and the day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from pipelines.eligibility.rules import RULES
from pipelines.parameters import Parameters

from .frames import AS_OF, ENTERPRISE, INDIVIDUAL, entity, frame, plan

FARM = "farm:F0001"


def shown(
    name: str, p: Parameters | None = None, uscc: str = INDIVIDUAL, **facts: object
) -> tuple[str, str, date | None]:
    """Value, need and closing day of one rule for one entity."""
    gap = RULES[name].gap
    assert gap is not None
    made = gap(p or plan())
    features = frame([entity(uscc, **facts)])
    value, closes_on = features.select(made.value.alias("value"), made.closes_on.alias("day")).collect().row(0)
    return value, made.needed, closes_on


STAFF: dict[str, Any] = {"insured_min_12m": 2, "insured_max_12m": 9, "insured_months_12m": 11, "insured_latest": 9}
BILLS: dict[str, Any] = {"bill_months_12m": 11, "bill_months_paid_12m": 9}
TAX: dict[str, Any] = {
    "tax_window_end_on": date(2026, 10, 31),
    "tax_months_covered": 12,
    "tax_months_normal": 11,
    "tax_zero_return_months": 0,
}
OWNER: dict[str, Any] = {"owner_authorised_on": AS_OF}


@pytest.mark.parametrize(
    ("name", "facts", "value"),
    [
        ("in_business", {"status": "筹建"}, "登记状态：筹建"),
        ("in_business", {}, "登记状态：未知"),
        ("in_business", {"uscc": FARM}, "无统一社会信用代码"),
        ("never_borrowed", {}, "未见记录，但贷款记录不够新或无法关联"),
        ("never_borrowed", {"enterprise_loans": 0}, "未见记录，但贷款记录不够新或无法关联"),
        ("never_borrowed", {"own_disbursements": 1}, "企业贷款贴现0笔，个人经营贷款0笔，本行放款1笔"),
        ("never_borrowed", {"enterprise_loans": 2, "personal_business_loans": 1}, "企业贷款贴现2笔，个人经营贷款1笔，本行放款0笔"),
        ("owner_without_severe_overdue", {}, "未取得企业主授权"),
        ("owner_without_severe_overdue", {"owner_authorised_on": date(2026, 11, 24)}, "未取得企业主授权"),
        ("owner_without_severe_overdue", OWNER, "严重逾期：未知"),
        ("owner_without_severe_overdue", OWNER | {"owner_severe_overdue": True}, "严重逾期：有"),
        ("owner_without_severe_overdue", OWNER | {"owner_severe_overdue": False}, "严重逾期：无"),
        ("insured_staff_3_to_20", STAFF, "近12个月2至9人（11个月有数据），最近9人"),
        ("insured_staff_3_to_20", {}, "近12个月未知至未知人（未知个月有数据），最近未知人"),
        ("paid_tax_12_months", TAX, "截至2026-10：已申报12个月，正常11个月"),
        ("paid_tax_12_months", TAX | {"tax_zero_return_months": 3}, "截至2026-10：已申报12个月，正常11个月（其中零申报3个月）"),
        ("paid_tax_12_months", {}, "截至未知：已申报未知个月，正常未知个月"),
        ("annual_tax_at_least", {"tax_paid_12m_yuan": Decimal("-3.50")}, "近12个税款所属月净入库-3.50元"),
        ("annual_invoicing_at_least", {"invoiced_12m_yuan": Decimal(7), "invoice_months_12m": 2}, "近12个月净开票7.00元（2个月有票）"),
        ("tax_grade_b_or_better", {"tax_grade": "M", "tax_grade_year": 2025}, "2025年评价：M级"),
        ("proves_stable_premises", BILLS, "租约至未知，近12个月11个月有账单、9个月已缴"),
        ("small_or_micro", {"industry_code": "C1329", "employees": 9}, "行业C1329，从业9人，营业收入未知元，资产总额未知元"),
        ("is_rural_operator", {}, "不在经营主体名录"),
        ("is_rural_operator", {"operator_id": "F1"}, "主体类型：未知"),
        ("on_green_list", {}, "不在绿色企业库"),
        ("on_green_list", {"green_field": "循环经济服务"}, "入库日期未知，有效期至未知"),
        ("in_park", {}, "不在入驻名单"),
        ("in_district", {"site_id": "S1", "site_name": "锦里", "site_kind": "园区"}, "锦里（园区）"),
        ("is_tech", {"certifications": ["专精特新", "高新技术企业"]}, "有效资质：专精特新、高新技术企业"),
        ("registered_demand", {}, "最近登记：未知"),
    ],
)  # fmt: skip
def test_what_was_found_is_said_as_it_is(name: str, facts: dict[str, Any], value: str) -> None:
    assert shown(name, **facts)[0] == value


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("paid_tax_12_months", "连续12个月按期申报并足额缴纳"),
        ("annual_tax_at_least", "50,000元以上"),
        ("insured_staff_3_to_20", "每月3至20人，至少11个月有数据"),
        ("operating_2_years", "成立满2年"),
        ("newly_established", "2026-11-23前12个月内成立"),
        ("tax_grade_b_or_better", "A或B级；成立12个月内M级可准入"),
        ("annual_invoicing_at_least", "1,000,000元以上"),
        ("proves_stable_premises", "有效租约，或近12个月水电费已缴10个月以上"),
        ("is_tech", "持有科技型中小企业、专精特新、高新技术企业之一"),
        ("is_rural_operator", "家庭农场、农民专业合作社、农产品加工小作坊"),
    ],
)
def test_what_is_needed_has_the_numbers_of_the_plan(name: str, needed: str) -> None:
    assert shown(name)[1] == needed


@pytest.mark.parametrize(
    ("name", "change", "value", "needed"),
    [
        ("insured_staff_3_to_20", {"insured_window_months": 6}, "近6个月2至9人（11个月有数据），最近9人", "每月3至20人，至少5个月有数据"),
        ("proves_stable_premises", {"bill_window_months": 15}, "租约至未知，近15个月11个月有账单、9个月已缴", "有效租约，或近15个月水电费已缴10个月以上"),
        ("annual_tax_at_least", {"tax_window_months": 18}, "近18个税款所属月净入库未知元", "50,000元以上"),
        ("tax_grade_b_or_better", {"unrated_lane": False}, "未知年评价：未知级", "A或B级"),
    ],
)  # fmt: skip
def test_under_changed_numbers_the_words_change_with_them(
    name: str, change: dict[str, Any], value: str, needed: str
) -> None:
    assert shown(name, plan(**change), **STAFF | BILLS)[:2] == (value, needed)


@pytest.mark.parametrize(
    ("begins", "ends", "day"),
    [
        (date(2026, 11, 24), None, date(2026, 11, 24)),
        (date(2026, 11, 24), date(2026, 11, 24), date(2026, 11, 24)),  # an entry of one day
        (date(2026, 11, 24), date(2026, 11, 23), None),  # over before it begins
        (AS_OF, date(2026, 11, 22), None),
        (None, date(2026, 11, 22), None),
    ],
)
def test_a_green_entry_says_its_day_only_while_that_day_is_to_come(
    begins: date | None, ends: date | None, day: date | None
) -> None:
    assert shown("on_green_list", uscc=ENTERPRISE, green_listed_on=begins, green_valid_until=ends)[2] == day


@pytest.mark.parametrize(("uscc", "day"), [(INDIVIDUAL, date(2027, 2, 1)), (ENTERPRISE, None), (FARM, None)])
def test_only_an_individual_business_waits_for_its_bills(uscc: str, day: date | None) -> None:
    """Three more paid months: November, December and January, which is closed on 1 February."""
    assert shown("proves_stable_premises", uscc=uscc, **BILLS, bill_months_to_go=3)[2] == day
    assert shown("proves_stable_premises", uscc=uscc, **BILLS, bill_months_to_go=0)[2] is None


@pytest.mark.parametrize(
    ("put_off_to", "as_of", "day"),
    [
        (None, AS_OF, date(2026, 12, 16)),  # November's usual deadline, the 15th
        (date(2026, 12, 28), AS_OF, date(2026, 12, 29)),  # put off, as its filing states
        (date(2026, 12, 7), AS_OF, date(2026, 12, 8)),  # or brought forward
        (None, date(2026, 12, 15), date(2026, 12, 16)),  # on the deadline itself it is still open
        (None, date(2026, 12, 16), None),  # a day that has passed is no promise
    ],
)
def test_the_twelfth_month_closes_the_day_after_its_deadline(
    put_off_to: date | None, as_of: date, day: date | None
) -> None:
    facts = TAX | {"tax_months_to_go": 1, "tax_twelfth_due_on": put_off_to}
    assert shown("paid_tax_12_months", plan(as_of), **facts)[2] == day
