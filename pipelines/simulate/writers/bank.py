"""The bank itself and the platforms: account flows and sales that fit the turnover."""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.simulate.county import County
from pipelines.simulate.delivery import Shipment, Style

_OCTOBER = date(2026, 10, 1)
_FOOD_AND_SHOPS = ("H6210", "H6291", "F5212", "F5123", "O8010")


def flows(county: County) -> pl.DataFrame:
    """Flows of the entities with an account here (about half): inflow is a large part of the turnover."""
    rng = county.chance("flows")
    holders = rng.random(county.people.height) < 0.52
    panel = county.panel(county.people["entity"].to_numpy()[holders])
    inflow = panel["turnover"].to_numpy() * rng.integers(62, 108, panel.height) // 100
    outflow = inflow * rng.integers(80, 104, panel.height) // 100
    return panel.select("uscc", "month", pl.Series("inflow", inflow), pl.Series("outflow", outflow))


def sales(county: County, platform: str, share: float) -> pl.DataFrame:
    """Sales of shops and kitchens on one platform; one rating in eight is missing."""
    rng = county.chance(f"sales {platform}")
    sellers = county.people.filter(pl.col("industry_code").is_in(_FOOD_AND_SHOPS))["entity"].to_numpy()
    panel = county.panel(sellers[rng.random(len(sellers)) < share])
    settled = panel["turnover"].to_numpy() * rng.integers(15, 40, panel.height) // 100
    rating = pl.Series(rng.integers(38, 50, panel.height) * 10)
    return panel.select(
        "uscc",
        pl.lit(platform).alias("platform"),
        "month",
        pl.Series("orders", settled // rng.integers(2_800, 6_500, panel.height)),
        pl.Series("settled_amount", settled),
        pl.when(pl.Series(rng.random(panel.height) > 0.125)).then(rating).alias("rating"),
    )


def shipments(county: County) -> list[Shipment]:
    """Flows: a history with English headings and a month. Platforms: each delivers its own file."""
    rows, meituan, douyin = flows(county), sales(county, "美团", 0.35), sales(county, "抖音", 0.12)
    is_october = pl.col("month") == _OCTOBER
    return [
        Shipment(
            "bank__flows",
            "flows_202509_202609_20261010.csv.gz",
            rows.filter(~is_october),
            "thirteen months of account flows with English headings and months as first days",
            Style(pack="gz", month="%Y-%m-%d", is_english=True),
        ),
        Shipment(
            "bank__flows",
            "flows_202610_20261105.csv",
            rows.filter(is_october),
            "the month after with Chinese headings and a control file (key=value, sha256)",
            Style(month="%Y/%-m/%-d", control="pairs"),
        ),
        Shipment(
            "platform__sales",
            "meituan_202509_202609_20261015.csv.gz",
            meituan.filter(~is_october),
            "one platform, thirteen months",
            Style(pack="gz", month="%Y-%m"),
        ),
        Shipment(
            "platform__sales",
            "meituan_202610_20261112.csv",
            meituan.filter(is_october),
            "the same platform, the month after",
            Style(month="%Y-%m"),
        ),
        Shipment(
            "platform__sales",
            "douyin_202509_202610_20261113.csv.gz",
            douyin,
            "another platform, fourteen months: does not replace the first one's months",
            Style("gb18030", pack="gz", month="%Y%m"),
        ),
    ]
