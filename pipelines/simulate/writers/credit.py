"""Loan records of all lenders, and what owners let the bank see of their personal credit."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipelines.simulate.chance import days
from pipelines.simulate.county import County
from pipelines.simulate.delivery import Shipment, Style
from pipelines.simulate.facts import LENDERS
from pipelines.simulate.headings import HEADINGS
from pipelines.simulate.planted import rows as planted

FEED = "credit__loans"
_FULL_ON, _CHANGES_ON = date(2026, 10, 12), date(2026, 11, 13)


def loans(county: County) -> pl.DataFrame:
    """One or two loans of every borrower: running, long settled, or bills discounted."""
    rng = county.chance("loans")
    borrowers = county.people.filter(pl.col("borrows") != "never").select(
        "uscc", "kind", "borrows", "established_on", "entity"
    )
    rows = pl.concat([borrowers, borrowers.filter(pl.col("entity") % 3 == 0)])
    size = rows.height
    age = np.maximum(
        (np.datetime64(county.calendar.before(13)) - rows["established_on"].to_numpy()).astype(np.int64), 20
    )
    granted = rows["established_on"].to_numpy() + np.minimum(age - 10, (age * rng.random(size)).astype(np.int64))
    amount = rng.choice([5, 10, 20, 30, 50, 80, 120, 300], size) * 10_000_00
    settled = pl.min_horizontal(
        pl.Series(granted) + days(rng.integers(180, 1100, size)), pl.lit(county.calendar.before(24))
    )
    is_settled = (pl.col("borrows") == "settled") & (pl.Series(granted) < settled)
    return rows.select(
        pl.format(
            "DK{}{}", pl.Series(granted).dt.strftime("%Y%m%d"), pl.int_range(pl.len()).cast(pl.String).str.zfill(6)
        ).alias("loan_no"),
        "uscc",
        pl.Series("lender", rng.choice(np.array(LENDERS), size)),
        _kind().alias("kind"),
        pl.Series("granted_on", granted),
        pl.Series("amount", amount),
        pl.when(is_settled).then(0).otherwise(pl.Series(amount * rng.integers(20, 100, size) // 100)).alias("balance"),
        pl.when(is_settled).then(settled).alias("settled_on"),
    ).filter(pl.col("granted_on") < county.calendar.before(10))


def _kind() -> pl.Expr:
    personal = (pl.col("kind") == "92") & (pl.col("entity") % 5 < 2)
    return (
        pl.when(pl.col("borrows") == "discount")
        .then(pl.lit("贴现"))
        .when(personal)
        .then(pl.lit("个人经营贷款"))
        .otherwise(pl.lit("贷款"))
    )


def shipments(county: County) -> list[Shipment]:
    """All loans once, then changes: new ones and settlements."""
    bulk = loans(county)
    is_new = pl.col("granted_on") >= _FULL_ON
    full = pl.concat([bulk.filter(~is_new), planted.loans()])
    reopened = full.filter(pl.col("settled_on") >= _FULL_ON)
    before = full.join(reopened.select("loan_no"), on="loan_no", how="anti", maintain_order="left")
    open_then = reopened.with_columns(balance="amount", settled_on=pl.lit(None, pl.Date))
    changes = pl.concat([bulk.filter(is_new), reopened, before.gather_every(120)])
    return [
        Shipment(
            FEED,
            "dkjl_20261012.csv.gz",
            pl.concat([before, open_then]),
            "all loans ever by any lender in 万元: running, settled, discounts, owners' business loans, one undated",
            Style("gb18030", pack="gz", ten_thousands=("amount", "balance")),
        ),
        Shipment(
            FEED,
            "dkjl_bg_20261113.csv",
            changes,
            "changes in yuan: new loans, settlements, and some loans that did not change; keeps the loan feed current",
            Style("gb18030", control="pairs"),
            duplicates=before.gather_every(120).height,
        ),
        _owners(county),
    ]


def owners(county: County) -> pl.DataFrame:
    """What a ninth of the owners let the bank see; some without a day of authorisation."""
    rng = county.chance("owners")
    people = county.people.filter(pl.col("entity") % 9 == 0).select("uscc")
    day = pl.Series(np.datetime64(county.calendar.before(322)) + rng.integers(0, 300, people.height))
    return people.with_columns(
        pl.when(pl.Series(rng.random(people.height) > 0.1)).then(day).alias("authorised_on"),
        pl.Series("severe_overdue", rng.random(people.height) < 0.06),
    )


def _owners(county: County) -> Shipment:
    rows = pl.concat([owners(county), planted.more("credit__owners")]).select(list(HEADINGS["credit__owners"]))
    return Shipment(
        "credit__owners",
        "qyzzx_20261106.csv",
        rows,
        "owners' credit, only with a day of authorisation; some have none",
        Style(),
    )
