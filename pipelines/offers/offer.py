"""The offer: the best-fitting product of every scored prospect with its limit, term, rate and subsidy, in decimals."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from pipelines.offers.conditions import CONDITIONS
from pipelines.offers.limits import LIMITS, NO_NUMBER
from pipelines.offers.pricing import annual_rate_pct, is_relending, subsidy_yuan_per_year, term_months
from pipelines.offers.products import Product, products
from pipelines.parameters import LprRate, Parameters, season

OFFERED = (
    "product",
    "limit_yuan",
    "limit_other_reading_yuan",
    "limit_note",
    "term_months",
    "annual_rate_pct",
    "subsidy_yuan_per_year",
    "is_relending",
    "repayment_options",
    "season",
    "alternatives",
    "to_verify",
)
"""The columns of an offer, in their order in `out.target_list`."""


def offer(scored: pl.LazyFrame, p: Parameters, lpr: LprRate) -> pl.LazyFrame:
    """Every scored prospect with the first product in order that fits it, indicative until what is open is verified.

    Grain and row order are those of `scored`. Adds the columns of `OFFERED`: `product` (NULL when none fits: then all
    else is NULL too, and `to_verify` and `alternatives` are empty), `limit_yuan` and `limit_other_reading_yuan` (whole
    yuan; NULL when set on application, or when what it is made of is not known), `limit_note` (what the limit rests
    on), `term_months` (the longest allowed), `annual_rate_pct`, `subsidy_yuan_per_year` (S50, if the whole limit is
    drawn for a year; NULL for who is not subsidised), `is_relending` (S49), `repayment_options` (S39, S48), `season`
    (S43; only with products of trade), `alternatives` (the other products that fit, in order), and `to_verify`: the
    rules and conditions of the product that are still unknown.
    """
    kept = [name for name in scored.collect_schema().names() if name not in OFFERED]
    known = scored.with_columns(made.outcome(p) for made in CONDITIONS.values())
    chosen = known.with_columns(_fitting()).with_columns(pl.col("fitting").list.first().alias("product"))
    return (
        chosen.with_columns(*_limits(p), *_terms(p, lpr))
        .with_columns(_subsidy(p), is_relending(p, lpr).alias("is_relending"), _note(p), _season(p))
        .with_columns(pl.col("fitting").list.slice(1).alias("alternatives"), _to_verify())
        .select(*kept, *OFFERED)
    )


def _fitting() -> pl.Expr:
    """The names of all products that fit, in order of preference."""
    names = [pl.when(_fits(made)).then(pl.lit(made.name)) for made in products()]
    return pl.concat_list(names).list.drop_nulls().alias("fitting")


def _fits(made: Product) -> pl.Expr:
    """All it is addressed to is known to be true, and nothing it asks for is false."""
    is_addressed = [pl.col(each.column).fill_null(value=False) for each in made.addressed_to]
    is_not_refused = [pl.col(each.column).fill_null(value=True) for each in made.to_verify()]
    return pl.all_horizontal([*is_addressed, *is_not_refused])


def _limits(p: Parameters) -> list[pl.Expr]:
    readings = {made.name: LIMITS[made.limit](p) for made in products()}
    return [
        _of_the_chosen(lambda made: readings[made.name][0]).alias("limit_yuan"),
        _of_the_chosen(lambda made: readings[made.name][1]).alias("limit_other_reading_yuan"),
    ]


def _terms(p: Parameters, lpr: LprRate) -> list[pl.Expr]:
    return [
        _of_the_chosen(lambda made: term_months(made, p)).alias("term_months"),
        _of_the_chosen(lambda made: annual_rate_pct(made, p, lpr)).alias("annual_rate_pct"),
        _of_the_chosen(lambda made: pl.lit(made.repayment_options(p))).alias("repayment_options"),
    ]


def _subsidy(p: Parameters) -> pl.Expr:
    is_subsidised = _of_the_chosen(
        lambda made: pl.any_horizontal([pl.col(name).fill_null(value=False) for name in made.subsidised])
    )
    return pl.when(is_subsidised).then(subsidy_yuan_per_year(p)).otherwise(NO_NUMBER).alias("subsidy_yuan_per_year")


def _note(p: Parameters) -> pl.Expr:
    """What the limit rests on, or what is said in its place."""
    has_limit = pl.col("limit_yuan").is_not_null()
    return _of_the_chosen(
        lambda made: (
            pl.when(has_limit)
            .then(pl.lit(made.note.format_map(vars(p))))
            .otherwise(pl.lit(made.note_without.format_map(vars(p))))
        )
    ).alias("limit_note")


def _season(p: Parameters) -> pl.Expr:
    near = season(p.as_of, p.season_lead_days)
    text = pl.lit(near.text_zh(p.as_of) if near else None, dtype=pl.String)
    seasonal = [made.name for made in products() if made.is_seasonal]
    return pl.when(pl.col("product").is_in(seasonal)).then(text).alias("season")


def _to_verify() -> pl.Expr:
    """Names of the rules and conditions of the product that are unknown to entities they apply to."""
    asked = {each.name: each for made in products() for each in made.to_verify()}
    names = []
    for each in asked.values():
        asking = [made.name for made in products() if each in made.to_verify()]
        is_open = pl.col(each.column).is_null() & pl.col("product").is_in(asking) & each.applies()
        names.append(pl.when(is_open).then(pl.lit(each.name)))
    return pl.concat_list(names).list.drop_nulls().alias("to_verify")


def _of_the_chosen(part: Callable[[Product], pl.Expr]) -> pl.Expr:
    """A part of the chosen product; NULL without one (`replace_strict` would hold the whole frame in memory)."""
    return pl.coalesce([pl.when(pl.col("product") == made.name).then(part(made)) for made in products()])
