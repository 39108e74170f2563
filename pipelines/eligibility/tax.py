"""Rules on tax: regular payment, annual amount, credit grade, invoicing."""

from __future__ import annotations

import polars as pl

from pipelines.eligibility.registry import is_established_within
from pipelines.eligibility.rules import INDIVIDUAL_BUSINESS, Gap, by_anyone, rule, said
from pipelines.parameters import Parameters


@rule(clause="S07", feed="tax__payments", can_be_met=by_anyone)
def paid_tax_12_months(p: Parameters) -> pl.Expr:
    """Every month of the tax window is covered by normal filings only; unknown when the feed has no filing of it.

    An entity that filed once, but so long ago that it has no window, has months without coverage: false.
    """
    return _filed(pl.col("tax_months_normal").fill_null(0) >= p.tax_window_months)


@paid_tax_12_months.shown
def _paid_tax_12_months(p: Parameters) -> Gap:
    value = said(
        "截至{}：已申报{}个月，正常{}个月",
        pl.col("tax_window_end_on").dt.strftime("%Y-%m"),
        pl.col("tax_months_covered"),
        pl.col("tax_months_normal"),
    )
    zero = pl.col("tax_zero_return_months")
    flagged = pl.when(zero > 0).then(pl.format("（其中零申报{}个月）", zero)).otherwise(pl.lit(""))
    return Gap(
        pl.concat_str(value, flagged), f"连续{p.tax_window_months}个月按期申报并足额缴纳", _twelfth_month_closes_on(p)
    )


def _twelfth_month_closes_on(p: Parameters) -> pl.Expr:
    """The day after the deadline of the period that completes the window, if every period until then is filed well.

    `tax_months_to_go` counts in whole filing cycles: a quarterly filer's window moves on by quarters. A month that went
    wrong is no bar for ever: the window moves past it. The deadline is the period's own where a filing states it
    (`tax_twelfth_due_on`), else the usual one; the window has not closed on a day that has passed.
    """
    to_go = pl.col("tax_months_to_go")
    first_after = pl.col("tax_window_end_on").dt.month_start().dt.offset_by(pl.format("{}mo", to_go + 1))
    usual = first_after.dt.offset_by(f"{p.tax_deadline_day - 1}d")
    due_on = pl.coalesce(pl.col("tax_twelfth_due_on"), usual)
    closes_on = due_on.dt.offset_by(f"{p.grace_days + 1}d")  # the deadline itself is still open: closed the day after
    return pl.when((to_go > 0) & (closes_on > p.as_of)).then(closes_on)


@rule(clause="S08", feed="tax__payments", can_be_met=by_anyone)
def annual_tax_at_least(p: Parameters) -> pl.Expr:
    """Own taxes paid for the tax window, net of refunds, reach the bound; unknown without a filing."""
    return _filed(pl.col("tax_paid_12m_yuan") >= p.min_annual_tax_yuan)


@annual_tax_at_least.shown
def _annual_tax_at_least(p: Parameters) -> Gap:
    value = said(f"近{p.tax_window_months}个税款所属月净入库{{}}元", pl.col("tax_paid_12m_yuan"))
    return Gap(value, f"{p.min_annual_tax_yuan:,}元以上")


def _filed(outcome: pl.Expr) -> pl.Expr:
    return pl.when(pl.col("tax_filings") > 0).then(outcome)


def _grade_applies() -> pl.Expr:
    """Individual businesses are not rated by law: without a grade the rule is not addressed to them."""
    return (pl.col("kind") != INDIVIDUAL_BUSINESS).fill_null(value=True) | pl.col("tax_grade").is_not_null()


@rule(clause="S32", feed="tax__credit_grades", applies=_grade_applies)
def tax_grade_b_or_better(p: Parameters) -> pl.Expr:
    """Graded A or B; M passes in the lane of new firms (`unrated_lane`) only; C and D fail; without a grade unknown."""
    grade = pl.col("tax_grade")
    in_lane = is_established_within(p, p.unrated_lane_months) if p.unrated_lane else pl.lit(value=False)
    return (
        pl.when(grade.is_in(p.admitted_tax_grades))
        .then(statement=True)
        .when(grade == "M")
        .then(in_lane)
        .when(grade.is_in(["A", "B", "C", "D"]))
        .then(statement=False)
    )


@tax_grade_b_or_better.shown
def _tax_grade_b_or_better(p: Parameters) -> Gap:
    value = said("{}年评价：{}级", pl.col("tax_grade_year"), pl.col("tax_grade"))
    lane = f"；成立{p.unrated_lane_months}个月内M级可准入" if p.unrated_lane else ""
    return Gap(value, f"{'或'.join(p.admitted_tax_grades)}级{lane}")


@rule(clause="S33", feed="tax__invoices")
def annual_invoicing_at_least(p: Parameters) -> pl.Expr:
    """Invoiced over 12 closed months, net of red invoices, reaches the bound; unknown without any invoice month."""
    return pl.col("invoiced_12m_yuan") >= p.min_annual_invoicing_yuan


@annual_invoicing_at_least.shown
def _annual_invoicing_at_least(p: Parameters) -> Gap:
    value = said("近12个月净开票{}元（{}个月有票）", pl.col("invoiced_12m_yuan"), pl.col("invoice_months_12m"))
    return Gap(value, f"{p.min_annual_invoicing_yuan:,}元以上")
