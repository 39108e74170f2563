"""How departments head their columns and what a cell of each holds; stated from the sending side.

Frames of this package carry the English column names with these kinds:
`text`, `int`, `date`, `month` (dates), `time`, `flag` (booleans), `cents` (yuan x 100) and `hundredths` (number x 100).
"""

from __future__ import annotations

from typing import NamedTuple


class Heading(NamedTuple):
    """The primary Chinese heading of a column and the kind of its cells."""

    title: str
    kind: str


def _feed(**columns: str) -> dict[str, Heading]:
    return {name: Heading(*spec.split("/")) for name, spec in columns.items()}


HEADINGS: dict[str, dict[str, Heading]] = {
    "registry__entities": _feed(
        uscc="统一社会信用代码/text",
        name="企业名称/text",
        entity_type="企业类型/text",
        established_on="注册日期/date",
        status="登记状态/text",
        industry_code="行业代码/text",
        division_code="行政区划代码/text",
        registered_capital="注册资金/text",
        address="注册地址/text",
        business_scope="经营范围/text",
        employees="从业人数/int",
        annual_revenue="营业收入/cents",
        total_assets="资产总额/cents",
        predecessor_uscc="前身统一社会信用代码/text",
    ),
    "registry__certifications": _feed(
        uscc="统一社会信用代码/text",
        certification="资质名称/text",
        granted_on="认定日期/date",
        expires_on="有效期至/date",
    ),
    "tax__payments": _feed(
        uscc="纳税人识别号/text",
        name="纳税人名称/text",
        tax_item="征收项目/text",
        period_start="税款所属期起/date",
        period_end="税款所属期止/date",
        due_on="申报期限/date",
        declared_on="申报日期/date",
        paid_on="入库日期/date",
        tax_due="应补退税额/cents",
        tax_paid="实缴税额/cents",
        withheld="代扣代缴标志/flag",
        voucher_no="税票号码/text",
    ),
    "tax__credit_grades": _feed(uscc="纳税人识别号/text", year="评价年度/int", grade="信用级别/text"),
    "tax__invoices": _feed(
        uscc="纳税人识别号/text", month="开票月份/month", amount="开票金额/cents", red_amount="红字金额/cents"
    ),
    "social__insurance": _feed(
        uscc="统一社会信用代码/text",
        month="费款所属期/month",
        insured_headcount="参保人数/int",
        contribution_base="缴费基数总额/cents",
        paid="缴费状态/flag",
    ),
    "utilities__bills": _feed(
        account_no="户号/text",
        account_name="户名/text",
        uscc="统一社会信用代码/text",
        address="用电地址/text",
        kind="能源类型/text",
        month="抄表月份/month",
        quantity="用量/hundredths",
        amount="金额/cents",
        paid_on="缴费日期/date",
    ),
    "green__enterprises": _feed(
        uscc="统一社会信用代码/text",
        name="企业名称/text",
        listed_on="入库日期/date",
        field="领域/text",
        carbon_tonnes="碳排放量/hundredths",
        retrofit_investment="节能改造投入/cents",
        valid_until="有效期至/date",
    ),
    "agriculture__operators": _feed(
        operator_id="主体编号/text",
        uscc="统一社会信用代码/text",
        name="主体名称/text",
        operator_type="主体类型/text",
        sector="产业/text",
        transferred_area_mu="流转面积/hundredths",
        contract_until="流转合同到期日/date",
        purchase_orders="收购订单金额/cents",
        insured_amount="农业保险保额/cents",
        insurance_year="参保年度/int",
    ),
    "sites__tenants": _feed(
        site_id="站点编号/text",
        site_name="站点名称/text",
        site_kind="站点类型/text",
        level="级别/text",
        opened_on="服务站启用日期/date",
        manager="驻点客户经理/text",
        uscc="统一社会信用代码/text",
        lease_until="租约到期日/date",
        rent_on_time_months="按期缴租月数/int",
        rd_spend="年研发投入/cents",
        patents="专利数量/int",
        repurchase_rate="客户复购率/hundredths",
    ),
    "platform__sales": _feed(
        uscc="统一社会信用代码/text",
        platform="平台/text",
        month="月份/month",
        orders="订单量/int",
        settled_amount="结算金额/cents",
        rating="评分/hundredths",
    ),
    "bank__flows": _feed(
        uscc="统一社会信用代码/text", month="月份/month", inflow="流入金额/cents", outflow="流出金额/cents"
    ),
    "credit__loans": _feed(
        loan_no="借据号/text",
        uscc="统一社会信用代码/text",
        lender="放款机构/text",
        kind="业务类型/text",
        granted_on="放款日期/date",
        amount="金额/cents",
        balance="余额/cents",
        settled_on="结清日期/date",
    ),
    "credit__owners": _feed(
        uscc="统一社会信用代码/text", authorised_on="授权日期/date", severe_overdue="严重逾期/flag"
    ),
    "online__intents": _feed(
        event_id="事件编号/text",
        uscc="统一社会信用代码/text",
        channel="渠道/text",
        kind="行为/text",
        at="时间/time",
        topic="内容/text",
        consent="授权/flag",
    ),
    "crm__contacts": _feed(
        uscc="统一社会信用代码/text",
        week="名单批次/text",
        contacted_at="触达时间/time",
        channel="触达方式/text",
        result="结果/text",
        manager="客户经理/text",
    ),
    "crm__applications": _feed(
        application_no="申请编号/text",
        uscc="统一社会信用代码/text",
        channel="渠道/text",
        applied_on="申请日期/date",
        amount="申请金额/cents",
        status="状态/text",
        decided_on="审批日期/date",
    ),
    "crm__disbursements": _feed(
        loan_no="借据号/text",
        application_no="申请编号/text",
        uscc="统一社会信用代码/text",
        disbursed_on="放款日期/date",
        amount="放款金额/cents",
        annual_rate="年利率/hundredths",
        term_months="期限/int",
    ),
    "crm__suppressions": _feed(
        uscc="统一社会信用代码/text", reason="原因/text", from_on="起始日期/date", until_on="截止日期/date"
    ),
}

FLAG_WORDS = {"paid": ("已缴", "欠缴")}
"""Yes and no where a department does not write 是 and 否."""
