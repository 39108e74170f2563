"""Rules on parks and commercial districts."""

from __future__ import annotations

import polars as pl

from pipelines.eligibility.rules import Gap, rule, said
from pipelines.parameters import Parameters

PARK = "园区"
DISTRICT = "商圈"


@rule(clause="S15", feed="sites__tenants")
def in_park(p: Parameters) -> pl.Expr:
    """A tenant of a park; false for everyone the tenants' lists do not name, unknown at a site of unstated kind."""
    return _is_tenant_of(PARK)


@rule(clause="S17", feed="sites__tenants")
def in_district(p: Parameters) -> pl.Expr:
    """A tenant of a commercial district; false for everyone the tenants' lists do not name."""
    return _is_tenant_of(DISTRICT)


def _is_tenant_of(kind: str) -> pl.Expr:
    """At the site it is shown at, or at another one: who rents in a park and in a district is a tenant of both."""
    is_beside = (pl.col("other_site_kind") == kind).fill_null(value=False)
    return (
        pl.when(pl.col("site_id").is_null()).then(statement=False).otherwise((pl.col("site_kind") == kind) | is_beside)
    )


@in_park.shown
def _in_park(p: Parameters) -> Gap:
    return Gap(_site(), "在园区入驻名单内")


@in_district.shown
def _in_district(p: Parameters) -> Gap:
    return Gap(_site(), "在商圈入驻名单内")


def _site() -> pl.Expr:
    shown = said("{}（{}）", pl.col("site_name"), pl.col("site_kind"))
    tenancy = pl.concat_str([shown, pl.col("other_site_kind")], separator="，另在", ignore_nulls=True)
    return pl.when(pl.col("site_id").is_null()).then(pl.lit("不在入驻名单")).otherwise(tenancy)
