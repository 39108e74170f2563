"""Lists that departments keep: green enterprises, farm operators, tenants of parks and districts."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipelines.simulate.county import County
from pipelines.simulate.delivery import Shipment, Style
from pipelines.simulate.facts import GREEN_FIELDS, MANAGERS, OTHER_GREEN_FIELD, SURNAMES, TECHNOLOGY, TOWNS
from pipelines.simulate.headings import HEADINGS
from pipelines.simulate.planted import rows as planted

FARMS_WITHOUT_CODE = 60

SITES = (
    ("JXYQ01", "锦溪县工业园区", "产业园区", "省级", date(2026, 3, 2)),
    ("JXYQ02", "锦溪县农产品加工园", "产业园区", "省级", date(2026, 6, 15)),
    ("JXYQ03", "锦溪县创业孵化园", "产业园区", "市级", None),
    ("JXSQ01", "锦溪人民路商圈", "商圈", "市级", date(2026, 4, 20)),
    ("JXSQ02", "迎宾大道商贸综合体", "商贸综合体", "省级", date(2026, 5, 11)),
    ("JXSQ03", "滨河夜市商圈", "商圈", "区县级", None),
)


def shipments(county: County) -> list[Shipment]:
    """The green register, the farm operators with a change file, the tenants."""
    return [_green(county), *_operators(county), _tenants(county)]


def green(county: County) -> pl.DataFrame:
    """Entries of the green register; some have expired."""
    rng = county.chance("green")
    wanted = pl.col("industry_code").is_in(list(GREEN_FIELDS)) | (
        (pl.col("kind") == "91") & (pl.col("entity") % 8 == 0)
    )
    firms = county.people.filter(wanted & (pl.col("kind") != "93")).select("uscc", "name", "industry_code")
    size = firms.height
    listed = np.datetime64(county.calendar.before(1363)) + rng.integers(0, 1250, size)
    known = pl.Series(rng.random(size) < 0.6)
    return firms.with_columns(
        pl.col("industry_code").replace_strict(GREEN_FIELDS, default=OTHER_GREEN_FIELD).alias("field"),
        pl.Series("listed_on", listed),
        pl.when(known).then(pl.Series(rng.integers(20_00, 9_000_00, size))).alias("carbon_tonnes"),
        pl.when(pl.Series(rng.random(size) < 0.5))
        .then(pl.Series(rng.integers(3, 300, size) * 1_000_000))
        .alias("retrofit_investment"),
        pl.Series("valid_until", listed + rng.choice([730, 1095, 1825], size, p=[0.1, 0.5, 0.4])),
    ).select(list(HEADINGS["green__enterprises"]))


def _green(county: County) -> Shipment:
    return Shipment(
        "green__enterprises",
        "lsqyk_20261030.csv",
        pl.concat([green(county), planted.more("green__enterprises")]),
        "the green register with retrofit investment in 万元; some entries have expired",
        Style("utf-8-sig", ten_thousands=("retrofit_investment",)),
    )


def _operators(county: County) -> list[Shipment]:
    hand_made = planted.more("agriculture__operators")
    linked = pl.col("operator_id") == "JXNY900002"
    first = hand_made.with_columns(pl.when(linked).then(None).otherwise("uscc").alias("uscc"))
    coded, farms = coded_operators(county), farms_without_code(county)
    return [
        Shipment(
            "agriculture__operators",
            "nyjyzt_20261025.csv",
            pl.concat([coded, farms, first]),
            f"farm operators, `|` between fields, GB18030; {farms.height + 1} of them have no unified code",
            Style("gb18030", separator="|"),
        ),
        Shipment(
            "agriculture__operators",
            "nyjyzt_bg_20261118.csv",
            pl.concat([hand_made.filter(linked), coded.head(3)]),
            "changes: an operator got its code; three rows say nothing new",
            Style("gb18030", separator="|"),
            duplicates=3,
        ),
    ]


def coded_operators(county: County) -> pl.DataFrame:
    """Operators of the list that have a code."""
    is_farm = pl.col("industry_code").str.starts_with("A") | pl.col("industry_code").is_in(["C1311", "C1353", "C1371"])
    listed = (pl.col("kind") == "93") | ((pl.col("kind") == "92") & is_farm)
    people = county.people.filter(listed).select("uscc", "name", "kind", "industry_code")
    kind = (
        pl.when(pl.col("kind") == "93")
        .then(pl.lit("农民专业合作社"))
        .when(pl.col("industry_code").str.starts_with("C"))
        .then(pl.lit("农产品加工小作坊"))
        .otherwise(pl.lit("家庭农场"))
    )
    return _farming(county, people.with_columns(kind.alias("operator_type")), "operators", "JXNY1")


def farms_without_code(county: County) -> pl.DataFrame:
    """Family farms known by the department's number only; their names carry a person's family name."""
    rng = county.chance("farms")
    names = pl.format(
        "{}{}家家庭农场",
        pl.Series("town", rng.choice(np.array(TOWNS), FARMS_WITHOUT_CODE)),
        pl.Series("surname", rng.choice(np.array(list(SURNAMES)), FARMS_WITHOUT_CODE)),
    )
    people = pl.select(names.alias("name")).with_columns(
        uscc=pl.lit(None, pl.String), operator_type=pl.lit("家庭农场"), industry_code=pl.lit("A0111")
    )
    return _farming(county, people, "farms without code", "JXNY0")


def _farming(county: County, people: pl.DataFrame, topic: str, prefix: str) -> pl.DataFrame:
    rng = county.chance(topic)
    size = people.height
    sectors = np.array(["粮食种植", "特色养殖", "冷链物流", "蔬菜种植", "水果种植"])
    land = rng.integers(5_00, 800_00, size)
    gaps = rng.random((3, size)) < 0.45
    return people.select(
        (pl.lit(prefix) + pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(5)).alias("operator_id"),
        "uscc",
        "name",
        "operator_type",
        pl.Series("sector", rng.choice(sectors, size, p=[0.35, 0.2, 0.06, 0.22, 0.17])),
        pl.Series("transferred_area_mu", land),
        pl.when(pl.Series(~gaps[0]))
        .then(pl.Series(np.datetime64(county.calendar.before(296)) + rng.integers(0, 2600, size)))
        .alias("contract_until"),
        pl.when(pl.Series(~gaps[1])).then(pl.Series(land * rng.integers(300, 1500, size))).alias("purchase_orders"),
        pl.when(pl.Series(~gaps[2])).then(pl.Series(land * 900)).alias("insured_amount"),
        pl.when(pl.Series(~gaps[2]))
        .then(pl.Series(rng.choice([2025, 2026], size, p=[0.3, 0.7])))
        .alias("insurance_year"),
    )


def tenants(county: County) -> pl.DataFrame:
    """Tenants of three parks and three districts, with the facts of their site."""
    rng = county.chance("tenants")
    in_park = pl.col("industry_code").is_in(TECHNOLOGY) & (pl.col("entity") % 3 > 0) | (pl.col("entity") % 9 == 1)
    firms = county.people.filter((pl.col("kind") == "91") & in_park).select("uscc", "kind", "turnover")
    shops = county.people.filter((pl.col("kind") == "92") & (pl.col("entity") % 9 == 1)).select(
        "uscc", "kind", "turnover"
    )
    inside = pl.concat([firms, shops])
    size = inside.height
    place = np.where(inside["kind"].to_numpy() == "91", rng.integers(0, 3, size), 3 + rng.integers(0, 3, size))
    sites = pl.DataFrame(SITES, schema=["site_id", "site_name", "site_kind", "level", "opened_on"], orient="row")
    manager = pl.Series("manager", [MANAGERS[number] for number in range(len(SITES))])
    is_firm = pl.col("kind") == "91"
    rows: pl.DataFrame = pl.concat(
        [sites.with_columns(manager)[place.tolist()], inside], how="horizontal"
    ).with_columns(
        pl.Series("lease_until", np.datetime64(county.calendar.before(146)) + rng.integers(0, 1400, size)),
        pl.Series("rent_on_time_months", rng.integers(6, 13, size)),
        pl.when(is_firm).then(pl.col("turnover") * 12 * pl.Series(rng.integers(0, 9, size))).alias("rd_spend"),
        pl.when(is_firm).then(pl.Series(rng.integers(0, 7, size))).alias("patents"),
        pl.when(~is_firm).then(pl.Series(rng.integers(10, 75, size))).alias("repurchase_rate"),
    )
    return rows.select(list(HEADINGS["sites__tenants"]))


def _tenants(county: County) -> Shipment:
    return Shipment(
        "sites__tenants",
        "yqsq_20261102.csv",
        tenants(county),
        "tenants of three parks and three districts, two sites without a service station yet",
        Style(),
    )
