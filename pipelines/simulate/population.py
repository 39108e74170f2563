"""The entities of the county and what is true of them behind the feeds: one row each, traits included."""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.simulate.chance import Booleans, Integers, chosen, spread
from pipelines.simulate.codes import Texts, usccs
from pipelines.simulate.facts import (
    FIRST_CHARACTERS,
    SEASON,
    SECOND_CHARACTERS,
    STREETS,
    TOWNS,
    TRADES,
)
from pipelines.simulate.months import Calendar
from pipelines.simulate.places import Place

LAST_REGISTRATION_DAYS_AGO = 4

_STATES = {
    "存续（在营、开业、在册）": 70,
    "存续": 10,
    "在业": 5,
    "开业": 4,
    "注销": 7,
    "吊销，未注销": 2,
    "停业": 1,
    "迁出": 0.6,
    "清算": 0.4,
}
IN_BUSINESS = ("存续（在营、开业、在册）", "存续", "在业", "开业")
_BODIES = {"N2": "农村集体经济组织", "Y1": "其他组织", "A1": "事业单位"}
"""Entities of other authorities than the market regulator's."""

_LEGAL_FORMS = ("有限责任公司(自然人投资或控股)", "有限责任公司(自然人独资)", "个人独资企业")


def population(place: Place, calendar: Calendar, rng: np.random.Generator) -> pl.DataFrame:
    """The bulk of a county.

    Grain: one row per entity. Register columns as the contract names them (money in cents), and the hidden traits:
    `turnover` (yuan a month), `cycle` (months per tax period, 0 = files nothing), `discipline`, `headcount` (insured
    staff, 0 = none), `borrows`, `season` (row of `SEASONS`), `closed_on`.
    """
    kinds = np.repeat(np.array(list(place.kinds)), list(place.kinds.values()))
    trade = _trades(rng, place)
    frame = pl.DataFrame({"kind": kinds, "trade": trade, "uscc": _codes(rng, kinds, place)})
    return (
        frame.join(_trade_facts(), on="trade", maintain_order="left")
        .with_columns(**_life(rng, kinds, calendar))
        .with_columns(**_size(rng, kinds))
        .with_columns(**_habits(rng, kinds))
        .pipe(_with_register_texts, place, rng)
        .pipe(_with_accounts, calendar, rng)
        .pipe(_with_predecessors, calendar)
    )


def _trades(rng: np.random.Generator, place: Place) -> Integers:
    """The trade of each entity, drawn by the weights of its kind."""
    weights = {
        "92": [each.individuals for each in TRADES],
        "91": [each.enterprises for each in TRADES],
        "93": [each.cooperatives for each in TRADES],
    }
    drawn = [
        rng.choice(len(TRADES), size=count, p=np.array(weights[kind]) / sum(weights[kind]))
        for kind, count in ((kind if kind in weights else "93", count) for kind, count in place.kinds.items())
    ]
    return np.concatenate(drawn)


def _codes(rng: np.random.Generator, kinds: Texts, place: Place) -> Texts:
    divisions = chosen(rng, dict(place.registrations), len(kinds))
    numbers = place.first_subject + rng.choice(place.subjects, size=len(kinds), replace=False)
    return usccs(kinds, divisions, "MAW", numbers)


def _trade_facts() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "trade": range(len(TRADES)),
            "industry_code": [each.code for each in TRADES],
            "word": [each.word for each in TRADES],
            "shop": [each.shop for each in TRADES],
            "business_scope": [each.scope for each in TRADES],
            "season": [SEASON.get(each.code[0], 3) for each in TRADES],
        }
    )


def _life(rng: np.random.Generator, kinds: Texts, calendar: Calendar) -> dict[str, pl.Series]:
    """When founded, in which state, and since when closed."""
    size = len(kinds)
    share_new = np.select([kinds == "91", kinds == "92"], [0.27, 0.12], 0.08)
    band = rng.random(size)
    age = np.where(
        band < share_new,
        rng.integers(LAST_REGISTRATION_DAYS_AGO, 364, size),
        np.where(band < share_new + 0.13, rng.integers(365, 730, size), rng.integers(731, 6200, size)),
    )
    status = chosen(rng, _STATES, size)
    is_closed = ~np.isin(status, IN_BUSINESS) & (age > 120)
    status = np.where(~is_closed & ~np.isin(status, IN_BUSINESS), "存续", status)
    closed_ago = np.minimum(rng.integers(45, 1500, size), age - 60)
    today = np.datetime64(calendar.as_of)
    closed_on = np.where(is_closed, today - closed_ago, np.datetime64("NaT"))
    return {
        "established_on": pl.Series(today - age),
        "status": pl.Series(status),
        "closed_on": pl.Series(closed_on.astype("datetime64[D]")),
    }


def _size(rng: np.random.Generator, kinds: Texts) -> dict[str, pl.Series]:
    """Insured staff (0 = does not insure anybody) and monthly turnover in yuan, the two going together."""
    size = len(kinds)
    insures = rng.random(size) < np.select([kinds == "91", kinds == "92"], [0.66, 0.14], 0.3)
    usual = np.rint(spread(rng, 1.0, 0.75, size) * np.where(kinds == "91", 8.5, 5)).astype(np.int64)
    is_large = (kinds == "91") & (rng.random(size) < 0.012)
    headcount = np.where(insures, np.maximum(usual, 1) + np.where(is_large, 330, 0), 0)
    is_substantial = rng.random(size) < 0.31
    single = np.where(is_substantial, spread(rng, 245_000, 0.4, size), spread(rng, 24_000, 0.7, size))
    with_staff = np.maximum(headcount, 2) * spread(rng, 21_000, 0.5, size)
    turnover = np.where(kinds == "92", np.maximum(single, headcount * 9_000), with_staff).astype(np.int64)
    return {"headcount": pl.Series(headcount), "turnover": pl.Series(turnover)}


def _habits(rng: np.random.Generator, kinds: Texts) -> dict[str, pl.Series]:
    """How an entity files and whether it borrowed."""
    size = len(kinds)
    individual = chosen(rng, {"3": 72, "1": 15, "0": 12, "6": 1}, size)
    enterprise = chosen(rng, {"3": 50, "1": 46, "0": 4}, size)
    cooperative = chosen(rng, {"3": 60, "6": 20, "12": 10, "0": 10}, size)
    cycle = np.select([kinds == "92", kinds == "91"], [individual, enterprise], cooperative).astype(np.int64)
    discipline = chosen(rng, {"clean": 74, "late": 10, "missing": 7, "short": 5, "refund": 4}, size)
    has_loan = rng.random(size) < np.select([kinds == "91", kinds == "92"], [0.3, 0.22], 0.18)
    borrows = np.where(has_loan, chosen(rng, {"running": 45, "settled": 40, "discount": 15}, size), "never")
    return {"cycle": pl.Series(cycle), "discipline": pl.Series(discipline), "borrows": pl.Series(borrows)}


def _with_register_texts(frame: pl.DataFrame, place: Place, rng: np.random.Generator) -> pl.DataFrame:
    size = frame.height
    pairs = np.array([first + second for first in FIRST_CHARACTERS for second in SECOND_CHARACTERS])
    name = rng.permutation(np.tile(pairs, max(2, -(-size // len(pairs)))))[:size]
    town, street = rng.choice(np.array(TOWNS), size), rng.choice(np.array(STREETS), size)
    words = frame.with_columns(pl.Series("coined", name), pl.Series("town", town), pl.Series("street", street))
    door = pl.Series("door", rng.integers(1, 400, size))
    form = pl.Series("form", rng.choice(np.array(_LEGAL_FORMS), size, p=[0.6, 0.35, 0.05]))
    return words.with_columns(door, form).with_columns(
        _name(place.name).alias("name"),
        pl.col("kind").replace_strict(_BODIES, default=_entity_type()).alias("entity_type"),
        pl.format("四川省{}{}{}{}号", pl.lit(place.name), "town", "street", "door").alias("address"),
        pl.lit(place.division).alias("division_code"),
    )


def _entity_type() -> pl.Expr:
    return by_kind("个体工商户", pl.col("form"), "农民专业合作社")


def _name(county: str) -> pl.Expr:
    shop = pl.format("{}{}{}{}", pl.lit(county), "town", "coined", "shop")
    firm = pl.format("{}{}{}有限公司", pl.lit(county), "coined", "word")
    cooperative = pl.format("{}{}{}农民专业合作社", pl.lit(county), "coined", "word")
    village = pl.format("{}{}{}村股份经济合作联合社", pl.lit(county), "town", "coined")
    centre = pl.format("{}{}{}服务中心", pl.lit(county), "coined", "word")
    registered = by_kind(shop, firm, cooperative)
    return (
        pl.when(pl.col("kind") == "N2")
        .then(village)
        .when(pl.col("kind").is_in(_BODIES))
        .then(centre)
        .otherwise(registered)
    )


def by_kind(individual: pl.Expr | str, enterprise: pl.Expr | str, cooperative: pl.Expr | str) -> pl.Expr:
    """A text by kind of entity; plain texts are literals."""
    texts = [pl.lit(each) if isinstance(each, str) else each for each in (individual, enterprise, cooperative)]
    return (
        pl.when(pl.col("kind") == "92").then(texts[0]).when(pl.col("kind") == "91").then(texts[1]).otherwise(texts[2])
    )


def _with_accounts(frame: pl.DataFrame, calendar: Calendar, rng: np.random.Generator) -> pl.DataFrame:
    """Employees, yearly revenue and assets in cents as last reported, with gaps; registered capital as text."""
    size = frame.height
    working = frame["headcount"].to_numpy() + rng.integers(1, 5, size)
    is_old = frame["established_on"].to_numpy() < np.datetime64(f"{calendar.as_of.year}-01-01")
    revenue = frame["turnover"].to_numpy() * 1200 * rng.integers(88, 108, size) // 100
    assets = revenue * rng.integers(30, 160, size) // 100
    capital = rng.choice(
        np.array(["50", "100", "200", "500", "1,000", "2,000"]), size, p=[0.2, 0.3, 0.2, 0.2, 0.07, 0.03]
    )
    small_capital = rng.choice(np.array(["2", "5", "10", "20"]), size)
    return frame.with_columns(
        _with_gaps(rng, "employees", working, 0.08),
        _with_gaps(rng, "annual_revenue", revenue, 0.1, is_old),
        _with_gaps(rng, "total_assets", assets, 0.12, is_old),
        pl.Series("capital_text", np.where(frame["kind"].to_numpy() == "92", small_capital, capital)),
    ).with_columns(pl.format("{}(万元人民币)", "capital_text").alias("registered_capital"))


def _with_gaps(
    rng: np.random.Generator, name: str, values: Integers, share: float, known: Booleans | None = None
) -> pl.Series:
    is_known = rng.random(len(values)) >= share
    if known is not None:
        is_known &= known
    return pl.Series(name, values).set(pl.Series(~is_known), None)


def _with_predecessors(frame: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Some young enterprises are converted individual businesses (个转企): they name their closed earlier self."""
    links = max(24, frame.height // 116)
    year = pl.date(calendar.as_of.year, 1, 1)
    closed = frame.filter((pl.col("kind") == "92") & (pl.col("status") == "注销"))["uscc"].head(links)
    young = frame.filter((pl.col("kind") == "91") & (pl.col("established_on") > year))["uscc"].head(links)
    size = min(young.len(), closed.len())
    pairs = pl.DataFrame({"uscc": young.head(size), "predecessor_uscc": closed.head(size)})
    return frame.join(pairs, on="uscc", how="left", maintain_order="left")
