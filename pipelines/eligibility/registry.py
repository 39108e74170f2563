"""Rules on the register of entities: state, kind, age, certifications."""

from __future__ import annotations

import polars as pl

from pipelines.eligibility.rules import ENTERPRISE, INDIVIDUAL_BUSINESS, Gap, by_anyone, months_before, rule, said
from pipelines.parameters import Parameters


@rule(clause="Precisely", feed="registry__entities")
def in_business(p: Parameters) -> pl.Expr:
    """The register's state is one in business; a state in neither list, or none, is unknown."""
    status = pl.col("status")
    return (
        pl.when(status.is_in(p.in_business_statuses))
        .then(statement=True)
        .when(status.is_in(p.not_in_business_statuses))
        .then(statement=False)
    )


@in_business.shown
def _in_business(p: Parameters) -> Gap:
    value = (
        pl.when(pl.col("id_namespace") == "farm")
        .then(pl.lit("无统一社会信用代码"))
        .otherwise(said("登记状态：{}", pl.col("status")))
    )
    return Gap(value, f"登记状态为{'、'.join(p.in_business_statuses)}之一（无代码主体须先关联统一社会信用代码）")


@rule(clause="S05", feed="registry__entities")
def is_enterprise(p: Parameters) -> pl.Expr:
    """The code's kind is 91; unknown for entities without a code."""
    return pl.col("kind") == ENTERPRISE


@is_enterprise.shown
def _is_enterprise(p: Parameters) -> Gap:
    return Gap(said("代码前两位：{}", pl.col("kind")), f"企业（统一社会信用代码以{ENTERPRISE}开头）")


@rule(clause="S09", feed="registry__entities")
def is_individual_business(p: Parameters) -> pl.Expr:
    """The code's kind is 92; unknown for entities without a code."""
    return pl.col("kind") == INDIVIDUAL_BUSINESS


@is_individual_business.shown
def _is_individual_business(p: Parameters) -> Gap:
    return Gap(said("代码前两位：{}", pl.col("kind")), f"个体工商户（统一社会信用代码以{INDIVIDUAL_BUSINESS}开头）")


@rule(clause="S11", feed="registry__entities", can_be_met=by_anyone)
def operating_2_years(p: Parameters) -> pl.Expr:
    """Established at least `min_operating_years` calendar years before as-of; unknown without a date.

    A firm of 29 February has its anniversary on 28 February of a common year.
    """
    return pl.col("established_on").dt.offset_by(f"{p.min_operating_years}y") <= p.as_of


@operating_2_years.shown
def _operating_2_years(p: Parameters) -> Gap:
    anniversary = pl.col("established_on").dt.offset_by(f"{p.min_operating_years}y")
    return Gap(said("成立日期：{}", pl.col("established_on")), f"成立满{p.min_operating_years}年", anniversary)


@rule(clause="S05", feed="registry__entities")
def newly_established(p: Parameters) -> pl.Expr:
    """Established after as-of minus `new_enterprise_months` and not after as-of; unknown without a date."""
    return is_established_within(p, p.new_enterprise_months)


@newly_established.shown
def _newly_established(p: Parameters) -> Gap:
    return Gap(said("成立日期：{}", pl.col("established_on")), f"{p.as_of}前{p.new_enterprise_months}个月内成立")


@rule(clause="S15", feed="registry__certifications", can_be_met=by_anyone)
def is_tech(p: Parameters) -> pl.Expr:
    """Holds one of `tech_certifications` in force at as-of; false when the register names none for it."""
    return (
        pl.col("certifications").list.eval(pl.element().is_in(p.tech_certifications)).list.any().fill_null(value=False)
    )


@is_tech.shown
def _is_tech(p: Parameters) -> Gap:
    held = pl.when(pl.col("certifications").list.len() > 0).then(pl.col("certifications").list.join("、"))
    ahead = pl.format("，{}起另有资质生效", pl.col("tech_certified_from")).fill_null("")
    value = pl.format("有效资质：{}{}", held.fill_null("无"), ahead)
    return Gap(value, f"持有{'、'.join(p.tech_certifications)}之一", pl.col("tech_certified_from"))


def is_established_within(p: Parameters, months: int) -> pl.Expr:
    """Established within the `months` up to as-of: after the same day of that month, and not after as-of."""
    established_on = pl.col("established_on")
    return (established_on > months_before(p.as_of, months)) & (established_on <= p.as_of)
