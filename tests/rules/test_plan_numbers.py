"""Every number that decides, by the clause it stands in and as the work plan states it: none moves without being seen here.

A value may be replaced by a later one (`2026-11-25: 250`); what is pinned is the value in force on 23 November 2026.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from pipelines.parameters import clause
from tests.sql.tables import NUMBERS

from .frames import plan

STATED: list[tuple[str, str, str, object]] = [
    ("S05", "近12个月内新注册企业", "new_enterprise_months", 12),
    ("S06", "尤其是科技型中小企业、“专精特新”培育企业", "priority_certifications", ("科技型中小企业", "专精特新")),
    ("S07", "连续12个月正常纳税", "tax_window_months", 12),
    ("S07", "the cycle is the shortest period among the filings of the last 15 months", "tax_cycle_months_back", 15),
    ("S07", "else the 15th of the month after the period", "tax_deadline_day", 15),
    ("S07", "grace_days = 0 by default", "grace_days", 0),
    ("S08", "年纳税额5万元以上", "min_annual_tax_yuan", Decimal(50_000)),
    ("S09", "无银行贷款记录: no loan and no discount ever", "first_loan_definition", "never_any_loan"),
    ("S10", "社保缴纳人数稳定在3-20人", "min_insured_staff", 3),
    ("S10", "社保缴纳人数稳定在3-20人", "max_insured_staff", 20),
    ("S10", "in every one of the last 12 closed months", "insured_window_months", 12),
    ("S10", "at most 1 month missing", "max_missing_insured_months", 1),
    ("S11", "且经营满2年", "min_operating_years", 2),
    ("Precisely", "存续, 在业, 开业, 在营 → true", "in_business_statuses", ("存续", "在业", "开业", "在营")),
    ("Precisely", "→ false", "not_in_business_statuses", ("注销", "吊销", "撤销", "清算", "停业", "迁出")),
    ("S15", "科技型中小微企业", "tech_certifications", ("科技型中小企业", "专精特新", "高新技术企业")),
    ("S24", "三类主体", "rural_operator_types", ("家庭农场", "农民专业合作社", "农产品加工小作坊")),
    ("S32", "税务信用等级B级以上", "admitted_tax_grades", ("A", "B")),
    ("S32", "grade M has its own switchable lane (on)", "unrated_lane", True),
    ("S32", "for firms under 12 months old", "unrated_lane_months", 12),
    ("S33", "年开票额100万元以上", "min_annual_invoicing_yuan", Decimal(1_000_000)),
    ("S36", "utility bills paid in ≥ 10 of the last 12 months", "min_paid_bill_months", 10),
    ("S36", "utility bills paid in ≥ 10 of the last 12 months", "bill_window_months", 12),
    ("S37", "平均流水的30%-50%", "basic_share_pct_by_grade", {"A": 50, "B": 45, "C": 40, "D": 35, "E": 30}),
    ("S37", "share × mean monthly inflow, literal", "flow_basis", "monthly"),
    ("S37", "单户最高300万元", "basic_cap_yuan", Decimal(3_000_000)),
    ("S38", "期限1-3年", "basic_min_term_months", 12),
    ("S38", "期限1-3年", "basic_term_months", 36),
    ("S38", "生产制造类可延长至5年", "basic_manufacturing_term_months", 60),
    ("S49", "the dearest that relending carries, the plan states no rate", "basic_spread_pct_points", Decimal("0.50")),
    ("S40", "年研发投入的1.5倍", "tech_rd_share_pct", Decimal(150)),
    ("S40", "最高500万元", "tech_cap_yuan", Decimal(5_000_000)),
    ("S41", "优惠50BP", "tech_discount_pct_points", Decimal("0.50")),
    ("S41", "期限最长5年", "tech_term_months", 60),
    ("S42", "批发、零售、物流", "trade_industry_codes", ("51", "52", "532", "543", "552", "5612", "581", "5821", "59", "60")),
    ("S43", "a default, the plan states none", "season_lead_days", 60),
    ("S44", "餐饮、家政、养老", "livelihood_industry_codes", ("62", "801", "8514", "8521")),
    ("S45", "±20 % over 6 months", "livelihood_max_change_pct", Decimal(20)),
    ("S46", "美团评分4.5分以上", "livelihood_min_rating", Decimal("4.5")),
    ("S47", "人均月工资的12倍", "livelihood_wage_months", 12),
    ("S47", "of the stable staff", "livelihood_reading", "staff"),
    ("S47", "单户最高200万元", "livelihood_cap_yuan", Decimal(2_000_000)),
    ("S48", "3个月延期还款", "deferral_months", 3),
    ("S49", "最高200万元再贷款", "relending_cap_yuan", Decimal(2_000_000)),
    ("S49", "利率不超过LPR+50BP", "relending_spread_pct_points", Decimal("0.50")),
    ("S50", "实际支付利息的30%贴息", "subsidy_share_pct", Decimal(30)),
    ("S50", "单户最高5万元/年", "subsidy_cap_yuan", Decimal(50_000)),
]  # fmt: skip

OF_THE_BANK = {"scorecard", "challenger", "holdout_share_pct", "maturity_days"} | {
    "min_fit_events", "min_watched_entities", "max_psi"
}  # fmt: skip
"""Numbers of how the bank measures and learns: they decide about no entity."""


@pytest.mark.parametrize(("stands_in", "name", "value"), [(s, name, value) for s, _, name, value in STATED])
def test_a_number_is_the_plans_and_names_its_clause(stands_in: str, name: str, value: object) -> None:
    assert (clause(name), getattr(plan(), name)) == (stands_in, value)


def test_no_number_is_left_out() -> None:
    assert vars(plan()).keys() - {"as_of", "version"} == {name for _, _, name, _ in STATED} | OF_THE_BANK


def test_the_tests_of_the_sql_bind_the_numbers_of_the_plan() -> None:
    bound = {name: value for name, value in NUMBERS.items() if name in vars(plan()) and name != "as_of"}
    of_the_plan = {name: getattr(plan(), name) for name in bound}
    assert len(bound) >= 10
    assert {n: list(v) if isinstance(v, tuple) else v for n, v in of_the_plan.items()} == bound
