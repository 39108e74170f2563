"""The power and the water company: bills by account, most of them without a code."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipelines.simulate.chance import Integers, days
from pipelines.simulate.county import County
from pipelines.simulate.delivery import Shipment, Style
from pipelines.simulate.facts import SURNAMES
from pipelines.simulate.headings import HEADINGS
from pipelines.simulate.planted import rows as planted

FEED = "utilities__bills"
_OCTOBER = date(2026, 10, 1)
_QUARTERS = {
    "2025q4_20260115": (date(2025, 10, 1), date(2026, 1, 1)),
    "2026q1_20260415": (date(2026, 1, 1), date(2026, 4, 1)),
} | {
    "2026q2_20260715": (date(2026, 4, 1), date(2026, 7, 1)),
    "2026q3_20261015": (date(2026, 7, 1), date(2026, 10, 1)),
}


def bills(county: County, kind: str, share: float, price: int, delivered_on: date) -> pl.DataFrame:
    """Bills of one supply; quantity in hundredths, amount in cents at `price` cents a unit, as known on a day."""
    rng = county.chance(f"bills {kind}")
    served = rng.random(county.people.height) < share
    panel = county.panel(county.people["entity"].to_numpy()[served])
    quantity = np.maximum(panel["turnover"].to_numpy() // 4_000 * rng.integers(60, 140, panel.height) // 100, 600)
    on = pl.col("month_end") + days(rng.integers(3, 22, panel.height))
    is_paid = pl.Series(rng.random(panel.height) > 0.035) & panel.select(on < delivered_on).to_series()
    return (
        panel.with_columns(
            pl.lit(kind).alias("kind"),
            pl.Series("quantity", quantity),
            pl.Series("amount", quantity * price // 100),
            pl.when(is_paid).then(on).alias("paid_on"),
        )
        .drop("uscc")
        .join(accounts(county, kind), on="entity", maintain_order="left")
        .select(list(HEADINGS[FEED]))
    )


def accounts(county: County, kind: str) -> pl.DataFrame:
    """Account number, holder, place and (for about two in five) code of every entity's account."""
    rng = county.chance(f"accounts {kind}")
    size = county.people.height
    numbers = _account_numbers(rng, size)
    person = pl.Series([character + "**" for character in SURNAMES]).gather(rng.integers(0, len(SURNAMES), size))
    is_named = pl.Series(rng.random(size) < 0.6) | (county.people["kind"] != "92")
    is_coded = pl.Series(rng.random(size) < 0.42)
    return county.people.select(
        "entity",
        pl.Series("account_no", numbers),
        pl.when(is_named).then("name").otherwise(person).alias("account_name"),
        pl.when(is_coded).then("uscc").alias("uscc"),
        "address",
    )


def _account_numbers(rng: np.random.Generator, size: int) -> list[str]:
    numbers: Integers = rng.choice(10_000_000, size, replace=False)
    return pl.Series(numbers).cast(pl.String).str.zfill(8).to_list()


def shipments(county: County) -> list[Shipment]:
    """Power: a history and a month. Water: four quarters and a month."""
    power = pl.concat([bills(county, "电", 0.5, 76, date(2026, 10, 12)), planted.bills()])
    power_october = bills(county, "电", 0.5, 76, date(2026, 11, 10))
    return [
        Shipment(
            FEED,
            "dian_202509_202609_20261012.zip",
            power.filter(pl.col("month") < _OCTOBER),
            "power, thirteen months: zip, `|` between fields; most accounts without a code",
            Style(separator="|", pack="zip"),
        ),
        Shipment(
            FEED,
            "dian_202610_20261110.csv.gz",
            pl.concat(
                [power_october.filter(pl.col("month") == _OCTOBER), planted.bills().filter(pl.col("month") == _OCTOBER)]
            ),
            "power, the month after; bills not paid yet have no day of payment",
            Style(separator="|", pack="gz", day="%Y年%-m月%-d日"),
        ),
        *_water(county),
    ]


def _water(county: County) -> list[Shipment]:
    quarters = [
        Shipment(
            FEED,
            f"shui_{name}.csv.gz",
            bills(county, "水", 0.2, 345, last).filter(pl.col("month").is_between(first, last, closed="left")),
            f"water, quarter from {first:%Y-%m}: does not replace the power bills of the same months",
            Style("gb18030", pack="gz"),
        )
        for name, (first, last) in _QUARTERS.items()
    ]
    october = bills(county, "水", 0.2, 345, date(2026, 11, 12)).filter(pl.col("month") == _OCTOBER)
    return [
        *quarters,
        Shipment(FEED, "shui_202610_20261112.csv", october, "water, the month after, plain GB18030", Style("gb18030")),
    ]
