"""The market regulator: the register of entities, in full and as changes, and certifications."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipelines.simulate.county import County
from pipelines.simulate.delivery import Shipment, Style
from pipelines.simulate.facts import TECHNOLOGY
from pipelines.simulate.headings import HEADINGS
from pipelines.simulate.planted import CASES, rows as planted
from pipelines.simulate.ugly.spares import spare_register

FEED = "registry__entities"
FULL_REGISTER_ON = date(2026, 10, 12)
_COLUMNS = list(HEADINGS[FEED])


def shipments(county: County) -> list[Shipment]:
    """The full register of October, the changes up to as-of, and the certifications."""
    full = _full(county)
    changes, unchanged = _changes(county, full)
    return [
        Shipment(
            FEED,
            "市场主体登记_20261012.csv.gz",
            full,
            "the full register: GB18030, gz, Chinese file name, amounts in 万元, capital as `50(万元人民币)`",
            Style("gb18030", pack="gz", ten_thousands=("annual_revenue", "total_assets")),
        ),
        Shipment(
            FEED,
            "scjg_bg_20261123.csv",
            changes,
            f"changes only: new registrations, cancellations, new names; {unchanged} rows say nothing new; one firm "
            "changes its name and is cancelled in the same file (the later row is the newer version); "
            "received on the as-of day, so visible",
            Style(
                "gb18030",
                newline="\r\n",
                day="%Y/%-m/%-d",
                ten_thousands=("annual_revenue", "total_assets"),
                control="json",
            ),
            duplicates=unchanged,
        ),
        _certifications(county),
    ]


def _full(county: County) -> pl.DataFrame:
    """Everybody registered before the full register was written, in the state of that day."""
    bulk = county.people.filter(pl.col("established_on") < FULL_REGISTER_ON).select(_COLUMNS)
    hand_made = planted.register(case for case in CASES if not case.is_new_in_change_file)
    return pl.concat([bulk, hand_made, spare_register()])


def cancelled_later(county: County) -> list[str]:
    """Codes of the 37 entities of the bulk that the change file cancels; the last one changes its name first."""
    rng = county.chance("cancellations")
    open_ones = county.people.filter(
        pl.col("status").is_in(["存续", "在业", "开业"]) & (pl.col("established_on") < FULL_REGISTER_ON)
    )
    return open_ones["uscc"].gather(rng.choice(open_ones.height, 37, replace=False)).to_list()


def _changes(county: County, full: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """The change file and how many of its rows say nothing new."""
    new = county.people.filter(pl.col("established_on") >= FULL_REGISTER_ON).select(_COLUMNS)
    planted_new = planted.register(case for case in CASES if case.is_new_in_change_file)
    *gone, renamed_and_gone = cancelled_later(county)
    cancelled = full.filter(pl.col("uscc").is_in(gone)).with_columns(status=pl.lit("注销"))
    planted_gone = full.join(_planted_states(), on="uscc").with_columns(status="status_later").drop("status_later")
    others = full.filter(pl.col("uscc").str.contains("MAW") & ~pl.col("uscc").is_in([*gone, renamed_and_gone]))
    renamed = others.gather_every(110).with_columns(name=pl.col("name").str.replace("锦溪县", "锦溪县新"))
    same = others.gather_every(400, offset=7)
    first = full.filter(pl.col("uscc") == renamed_and_gone).with_columns(name=pl.lit("锦溪县改名后注销商行"))
    second = first.with_columns(status=pl.lit("注销"))
    return pl.concat([new, planted_new, cancelled, planted_gone, renamed, same, first, second]), same.height


def _planted_states() -> pl.DataFrame:
    later = {case.uscc: case.status_later for case in CASES if case.status_later}
    return pl.DataFrame({"uscc": list(later), "status_later": list(later.values())})


def certifications(county: County) -> pl.DataFrame:
    """Recognitions of firms, some expired."""
    rng = county.chance("certifications")
    is_tech = pl.col("industry_code").is_in(TECHNOLOGY)
    firms = county.people.filter((pl.col("kind") == "91") & (is_tech | (pl.col("entity") % 17 == 0))).select("uscc")
    words = np.array(["科技型中小企业", "“专精特新”中小企业", "高新技术企业"])
    granted = np.datetime64(county.calendar.before(1636)) + rng.integers(0, 1500, firms.height)
    return firms.with_columns(
        certification=pl.Series(rng.choice(words, firms.height, p=[0.6, 0.2, 0.2])),
        granted_on=pl.Series(granted),
        expires_on=pl.Series(granted + rng.choice([365, 1095], firms.height)),
    )


def _certifications(county: County) -> Shipment:
    return Shipment(
        "registry__certifications",
        "zzrd_20261105.csv",
        certifications(county),
        "recognitions in the department's own words, some expired at as-of; UTF-8 with BOM",
        Style("utf-8-sig"),
    )
