"""The question of `by_hand.sql` as it is commonly written in pandas: boolean masks, merges and groupbys over the lake's Parquet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.apart import Work

if TYPE_CHECKING:
    import pandas as pd

INSURANCE = "保险费|社会保险|社保"
ENDS = {1: "2026-10-31", 3: "2026-09-30", 6: "2026-06-30", 12: "2025-12-31"}
"""The last month of the window by how often an entity files."""
SMALL = (  # GB/T 4754 prefix as a pattern, employees below, revenue below, assets below: any of them is enough
    ("[BCD]", 300, 20_000_000, None), ("A", None, 5_000_000, None), ("E", None, 60_000_000, 50_000_000),
    ("F51", 20, 50_000_000, None), ("F52", 50, 5_000_000, None), ("G5[3-8]", 300, 30_000_000, None),
    ("G59", 100, 10_000_000, None), ("H6[12]", 100, 20_000_000, None), ("I", 100, 10_000_000, None),
    ("K701", None, 10_000_000, 50_000_000), ("K702", 300, 10_000_000, None), ("L", 100, None, 80_000_000),
    ("[MNOR]", 100, None, None),
)  # fmt: skip


def in_pandas(home: Path, scratch: Path) -> Work:
    """Count who is eligible on 2026-11-23."""
    import pandas  # noqa: F401 - loaded before the clock starts

    counted: list[dict[str, int]] = []
    return Work(lambda: counted.append(count(home / "lake" / "feed")), lambda: counted[0])


def count(lake: Path) -> dict[str, int]:
    """The five counts of `by_hand.sql`."""
    entities = registered(lake)
    entities = entities[~entities["uscc"].isin(borrowers(lake))]
    paid = regular_payers(lake)
    is_business = entities["uscc"].str.startswith("92")
    is_large_payer = entities["uscc"].map(paid) >= 50_000
    is_staffed = entities["uscc"].isin(employers(lake)) & (entities["established_on"] <= "2024-11-23")
    is_new = entities["uscc"].str.startswith("91") & (entities["established_on"] > "2025-11-23")
    return {
        "individual_taxpayer": int((is_business & is_large_payer).sum()),
        "small_employer": int((is_staffed & entities["is_small"]).sum()),
        "new_enterprise": int(is_new.sum()),
        "green": int((entities["uscc"].isin(green(lake)) & entities["is_small"]).sum()),
        "invoicing": len(invoicing(lake)),
    }


def _read(lake: Path, feed: str, *columns: str) -> pd.DataFrame:
    """Columns of a feed; dates as datetime64, amounts in yuan as float64 (exact to the fen far beyond these sums)."""
    import pandas as pd

    frame = pd.read_parquet(lake / feed, columns=list(columns), dtype_backend="pyarrow")
    for column in columns:
        kind = str(frame[column].dtype)
        if kind.startswith("date"):
            frame[column] = frame[column].astype("datetime64[s]")
        elif kind.startswith("decimal"):
            frame[column] = frame[column].astype("float64").round(2)
        elif kind.startswith("string"):
            frame[column] = frame[column].astype("str")
    return frame


def registered(lake: Path) -> pd.DataFrame:
    """Entities in business, and whether they are small."""
    columns = ("uscc", "established_on", "industry_code", "employees", "annual_revenue", "total_assets", "status")
    frame = _read(lake, "registry__entities", *columns, "superseded_on")
    frame = frame[frame["superseded_on"].isna() & frame["status"].isin(["存续", "在业", "开业", "在营"])].copy()
    frame["is_small"] = False
    for prefix, *limits in SMALL:
        of_industry = frame["industry_code"].str.match(prefix, na=False)
        for column, limit in zip(("employees", "annual_revenue", "total_assets"), limits, strict=True):
            if limit is not None:
                frame["is_small"] |= of_industry & (frame[column] < limit).fillna(value=False).astype(bool)
    return frame


def regular_payers(lake: Path) -> pd.Series[float]:
    """Tax paid in the window, by entity with twelve good months in it."""
    columns = (
        "uscc",
        "tax_item",
        "period_start",
        "period_end",
        "due_on",
        "declared_on",
        "paid_on",
        "tax_due",
        "tax_paid",
    )
    own = _read(lake, "tax__payments", *columns, "withheld")
    withheld = own["withheld"].fillna(value=False).astype(bool)
    own = own[(own["period_end"] >= "2023-11-01") & ~withheld & ~own["tax_item"].str.contains(INSURANCE)].copy()
    own["first"] = _month(own["period_start"])
    own["last"] = _month(own["period_end"])
    own["is_filing"] = (own["tax_due"].fillna(0) >= 0) & (own["tax_paid"].fillna(0) >= 0)
    own["is_normal"] = _is_normal(own)
    own = own.merge(_windows(own), on="uscc")
    filed = own[own["is_filing"] & (own["last"] > own["begins"]) & (own["first"] <= own["ends"])].copy()
    filed["first"] = filed[["first", "begins"]].assign(begins=filed["begins"] + 1).max(axis=1)
    filed["last"] = filed[["last", "ends"]].min(axis=1)
    repeated = filed.loc[filed.index.repeat(filed["last"] - filed["first"] + 1), ["uscc", "first", "is_normal"]]
    repeated["month"] = repeated["first"] + repeated.groupby(level=0).cumcount()
    months = repeated.groupby(["uscc", "month"])["is_normal"].all().groupby("uscc").agg(["size", "all"])
    regular = months.index[(months["size"] == 12) & months["all"]]
    in_window = own[(own["last"] > own["begins"]) & (own["last"] <= own["ends"]) & own["uscc"].isin(regular)]
    return in_window.groupby("uscc")["tax_paid"].sum().round(2)


def _month(day: pd.Series[pd.Timestamp]) -> pd.Series[int]:
    return day.dt.year * 12 + day.dt.month


def _is_normal(own: pd.DataFrame) -> pd.Series[bool]:
    import pandas as pd

    month_end = own["period_end"] + pd.offsets.MonthEnd(0)
    deadline = own["due_on"].fillna(month_end + pd.Timedelta(days=15))
    is_paid = (own["tax_paid"] >= own["tax_due"]) & (own["paid_on"] <= deadline)
    return (own["declared_on"] <= deadline) & ((own["tax_due"].fillna(0) <= 0) | is_paid)


def _windows(own: pd.DataFrame) -> pd.DataFrame:
    """Each filer with the months at which its window begins (exclusive) and ends, as numbers."""
    import pandas as pd

    recent = own[own["is_filing"] & own["period_end"].between("2025-08-01", "2026-10-31")]
    cycle = (recent["last"] - recent["first"] + 1).groupby(recent["uscc"]).min()
    bins = pd.cut(cycle, [0, 1, 3, 6, 10_000], labels=list(ENDS.values())).astype("str").astype("datetime64[s]")
    ends = _month(bins)
    return pd.DataFrame({"uscc": ends.index, "ends": ends.to_numpy(), "begins": ends.to_numpy() - 12})


def employers(lake: Path) -> pd.Index[str]:
    """Entities with 3 to 20 insured in at least eleven of the twelve latest months."""
    panel = _read(lake, "social__insurance", "uscc", "month", "insured_headcount")
    panel = panel[panel["month"].between("2025-11-01", "2026-10-01")]
    staff = panel.groupby("uscc")["insured_headcount"].agg(["min", "max", "count"])
    return staff.index[(staff["min"] >= 3) & (staff["max"] <= 20) & (staff["count"] >= 11)]


def borrowers(lake: Path) -> set[str]:
    """Entities that ever had a loan."""
    loans = _read(lake, "credit__loans", "uscc", "kind", "granted_on")
    is_own = (loans["kind"] == "个人经营贷款") & loans["uscc"].str.startswith("92")
    loans = loans[(loans["granted_on"] <= "2026-11-23") & (loans["kind"].isin(["贷款", "贴现"]) | is_own)]
    disbursed = _read(lake, "crm__disbursements", "uscc", "disbursed_on")
    return {*loans["uscc"], *disbursed.loc[disbursed["disbursed_on"] <= "2026-11-23", "uscc"]}


def green(lake: Path) -> pd.Series[str]:
    """Entities on the green list."""
    listed = _read(lake, "green__enterprises", "uscc", "listed_on", "valid_until", "superseded_on")
    is_valid = listed["valid_until"].isna() | (listed["valid_until"] >= "2026-11-23")
    return listed.loc[listed["superseded_on"].isna() & (listed["listed_on"] <= "2026-11-23") & is_valid, "uscc"]


def invoicing(lake: Path) -> pd.Index[str]:
    """Entities that invoiced a million yuan in the twelve latest months."""
    panel = _read(lake, "tax__invoices", "uscc", "month", "amount", "red_amount")
    panel = panel[panel["month"].between("2025-11-01", "2026-10-01")]
    net = (panel["amount"] - panel["red_amount"].abs().fillna(0)).groupby(panel["uscc"]).sum().round(2)
    return net.index[net >= 1_000_000]
