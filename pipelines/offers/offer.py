"""The offer: the best-fitting product of every scored prospect with its limit, term, rate and subsidy, in decimals."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from pipelines.eligibility.rules import Rule
from pipelines.names import name_zh
from pipelines.offers.conditions import CONDITIONS, Condition
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
    "alternative_offers",
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
    (S43; only with products of trade), `alternatives` (the other products that fit, in order), `alternative_offers`
    (their limits, terms and rates as one text; NULL when there are none), and `to_verify`: the rules and conditions
    of the product that are still unknown.
    """
    kept = [name for name in scored.collect_schema().names() if name not in OFFERED]
    known = scored.with_columns(made.outcome(p) for made in CONDITIONS.values())
    fitting = known.with_columns(_fits(made).alias(f"fits__{made.name}") for made in products())
    return (
        fitting.with_columns(_first_that_fits())
        .with_columns(*_limits(p), *_terms(p, lpr))
        .with_columns(_subsidy(p), is_relending(p, lpr).alias("is_relending"), _note(p), _season(p))
        .with_columns(_alternatives(), _alternative_offers(p, lpr), _to_verify())
        .select(*kept, *OFFERED)
    )


def _fits(made: Product) -> pl.Expr:
    """All it is addressed to is known to be true, and nothing it asks for is false."""
    is_addressed = [pl.col(each.column).fill_null(value=False) for each in made.addressed_to]
    is_not_refused = [pl.col(each.column).fill_null(value=True) for each in made.to_verify()]
    return pl.all_horizontal([*is_addressed, *is_not_refused])


def _first_that_fits() -> pl.Expr:
    names = [pl.when(pl.col(f"fits__{made.name}")).then(pl.lit(made.name)) for made in products()]
    return pl.coalesce(names).alias("product")


def _alternatives() -> pl.Expr:
    return _names_of({made.name: _is_alternative(made) for made in products()}).alias("alternatives")


def _is_alternative(made: Product) -> pl.Expr:
    return pl.col(f"fits__{made.name}") & (pl.col("product") != made.name)


def _alternative_offers(p: Parameters, lpr: LprRate) -> pl.Expr:
    """Limit, longest term and rate of each alternative, in order; of `trade` never a limit (S42)."""
    told = [pl.when(_is_alternative(made)).then(_told(made, p, lpr)) for made in products()]
    joined = pl.concat_str(told, separator="；", ignore_nulls=True)
    return pl.when(joined != "").then(joined).alias("alternative_offers")


def _told(made: Product, p: Parameters, lpr: LprRate) -> pl.Expr:
    limit = LIMITS[made.limit](p)
    at_least = pl.when(limit.is_partial).then(pl.lit("不低于")).otherwise(pl.lit(""))
    amount = pl.format("{}{}元", at_least, limit.yuan.cast(pl.Int64))
    shown = pl.when(limit.yuan.is_null()).then(pl.lit(made.note_without.format_map(vars(p)))).otherwise(amount)
    name, months, rate = name_zh("product", made.name), term_months(made, p), annual_rate_pct(made, p, lpr)
    return pl.format("{}：{}，最长{}个月，年利率{}%", pl.lit(name), shown, months, rate.cast(pl.String))


def _limits(p: Parameters) -> list[pl.Expr]:
    limits = {made.name: LIMITS[made.limit](p) for made in products()}
    return [
        _of_the_chosen(lambda made: limits[made.name].yuan).alias("limit_yuan"),
        _of_the_chosen(lambda made: limits[made.name].other_yuan).alias("limit_other_reading_yuan"),
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
    return _of_the_chosen(lambda made: _note_of(made, p)).alias("limit_note")


def _note_of(made: Product, p: Parameters) -> pl.Expr:
    whole, partial, none = (text.format_map(vars(p)) for text in (made.note, made.note_partial, made.note_without))
    is_partial = LIMITS[made.limit](p).is_partial
    known = pl.when(is_partial).then(pl.lit(partial)).otherwise(pl.lit(whole))
    return pl.when(pl.col("limit_yuan").is_null()).then(pl.lit(none)).otherwise(known)


def _season(p: Parameters) -> pl.Expr:
    near = season(p.as_of, p.season_lead_days)
    text = pl.lit(near.text_zh(p.as_of) if near else None, dtype=pl.String)
    seasonal = [made.name for made in products() if made.is_seasonal]
    return pl.when(pl.col("product").is_in(seasonal)).then(text).alias("season")


def _to_verify() -> pl.Expr:
    """Names of the rules and conditions of the product that are unknown to entities they apply to."""
    asked = {each.name: each for made in products() for each in made.to_verify()}
    is_open = {name: pl.col(each.column).is_null() & _asked(each) & each.applies() for name, each in asked.items()}
    return _names_of(is_open).alias("to_verify")


def _asked(each: Condition | Rule) -> pl.Expr:
    return pl.col("product").is_in([made.name for made in products() if each in made.to_verify()])


def _names_of(facts: Mapping[str, pl.Expr]) -> pl.Expr:
    """The names of the facts that hold, in order (a list of columns with its gaps dropped takes four times as long)."""
    joined = pl.concat_str(
        [pl.when(fact).then(pl.lit(name)) for name, fact in facts.items()], separator=",", ignore_nulls=True
    )
    return pl.when(joined != "").then(joined.str.split(",")).otherwise(pl.lit([], dtype=pl.List(pl.String)))


def _of_the_chosen(part: Callable[[Product], pl.Expr]) -> pl.Expr:
    """A part of the chosen product; NULL without one (`replace_strict` would hold the whole frame in memory)."""
    return pl.coalesce([pl.when(pl.col("product") == made.name).then(part(made)) for made in products()])
