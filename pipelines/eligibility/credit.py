"""Rules on credit: the first loan, and the owner's record."""

from __future__ import annotations

import polars as pl

from pipelines.eligibility.rules import INDIVIDUAL_BUSINESS, FeedStates, Gap, rule, said
from pipelines.parameters import Parameters


@rule(clause="S09", feed="credit__loans", disproof_lasts=True)
def never_borrowed(p: Parameters) -> pl.Expr:
    """No loan and no bill discount by any lender up to as-of, settled ones included (`first_loan_definition`).

    One record disproves for ever, whatever the age of the loan feed. Without a record it holds while that feed is
    fresh. Unknown for entities without a code, whose loans stand under a name nobody has linked yet.
    """
    return pl.when(_has_record(p)).then(statement=False).when(pl.col("id_namespace") == "uscc").then(statement=True)


def _has_record(p: Parameters) -> pl.Expr:
    own = (pl.col("own_disbursements") > 0).fill_null(value=False)
    return (pl.col("enterprise_loans") > 0).fill_null(value=False) | _owners_loan_counts(p) | own


def _owners_loan_counts(p: Parameters) -> pl.Expr:
    """Whether the owner has a personal business loan and it counts: for individual businesses, by the wider definition."""
    if p.first_loan_definition != "never_any_loan":
        return pl.lit(value=False)
    return ((pl.col("personal_business_loans") > 0) & (pl.col("kind") == INDIVIDUAL_BUSINESS)).fill_null(value=False)


@never_borrowed.shown
def _never_borrowed(p: Parameters) -> Gap:
    counts = [
        pl.col(name).fill_null(0) for name in ("enterprise_loans", "personal_business_loans", "own_disbursements")
    ]
    found = pl.format("企业贷款贴现{}笔，个人经营贷款{}笔，本行放款{}笔", *counts)
    value = pl.when(pl.sum_horizontal(counts) > 0).then(found).otherwise(pl.lit("未见记录，但贷款记录不够新或无法关联"))
    return Gap(value, "任何机构均无贷款、贴现记录，且贷款记录数据在期")


def first_loan_status() -> pl.Expr:
    """The evidence for a first loan: `disproved` by a record, else `confirmed` by contact, else `presumed` | `unknown`.

    Reads the judged column `rule__never_borrowed`.
    """
    outcome = pl.col(never_borrowed.column)
    return (
        pl.when(~outcome)
        .then(pl.lit("disproved"))
        .when(pl.col("first_loan_confirmed_on").is_not_null())
        .then(pl.lit("confirmed"))
        .when(outcome)
        .then(pl.lit("presumed"))
        .otherwise(pl.lit("unknown"))
        .alias("first_loan_status")
    )


def first_loan_evidence(p: Parameters, feeds: FeedStates) -> list[pl.Expr]:
    """What the status rests on: `first_loan_source` (a feed), `first_loan_evidence_on`, `first_loan_definition`.

    The day is that of the earliest loan that counts (`disproved`; NULL when the record states none), of the contact
    (`confirmed`), or of the newest loan file (`presumed`; for `unknown` it is too old, or NULL when none ever came).
    Reads the judged column `first_loan_status`.
    """
    status, loans_on = pl.col("first_loan_status"), pl.lit(feeds.received_on.get("credit__loans"), dtype=pl.Date)
    enterprise, owner = pl.col("enterprise_loans") > 0, _owners_loan_counts(p)
    lent_on = (
        pl.when(owner)
        .then(pl.col("first_loan_on"))
        .when(enterprise)
        .then(pl.col("first_enterprise_loan_on"))
        .otherwise(pl.col("own_first_disbursed_on"))
    )
    is_own = (status == "disproved") & ~(enterprise.fill_null(value=False) | owner)
    is_confirmed = status == "confirmed"
    source = pl.when(is_own).then(pl.lit("crm__disbursements")).when(is_confirmed).then(pl.lit("crm__contacts"))
    day = pl.when(status == "disproved").then(lent_on).when(is_confirmed).then(pl.col("first_loan_confirmed_on"))
    return [
        source.otherwise(pl.lit("credit__loans")).alias("first_loan_source"),
        day.otherwise(loans_on).alias("first_loan_evidence_on"),
        pl.lit(p.first_loan_definition).alias("first_loan_definition"),
    ]


@rule(clause="S34", feed="credit__owners")
def owner_without_severe_overdue(p: Parameters) -> pl.Expr:
    """The owner has no severe overdue on record; unknown without the owner's authorisation at as-of."""
    is_authorised = pl.col("owner_authorised_on") <= p.as_of
    return pl.when(is_authorised).then(~pl.col("owner_severe_overdue"))


@owner_without_severe_overdue.shown
def _owner_without_severe_overdue(p: Parameters) -> Gap:
    overdue = (
        pl.when(pl.col("owner_severe_overdue"))
        .then(pl.lit("有"))
        .when(~pl.col("owner_severe_overdue"))
        .then(pl.lit("无"))
    )
    is_authorised = pl.col("owner_authorised_on") <= p.as_of
    value = pl.when(is_authorised).then(said("严重逾期：{}", overdue)).otherwise(pl.lit("未取得企业主授权"))
    return Gap(value, "企业主授权后查询，无严重逾期")
