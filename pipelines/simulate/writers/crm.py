"""The bank's own side, so far and in the week after: events, contacts, applications, disbursements, suppressions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl

from pipelines.simulate.county import County
from pipelines.simulate.delivery import Shipment, Style
from pipelines.simulate.facts import LENDERS, MANAGERS
from pipelines.simulate.headings import HEADINGS
from pipelines.simulate.planted import rows as planted
from pipelines.simulate.prospects import prospects

NEXT_WEEK = "_next_week"
WEEK = "2026-W48"
"""The release that the contacts of the week after follow."""

_RESULTS = {"有意向": 34, "确认首贷": 22, "未接通": 24, "无意向": 16, "他行已贷": 4}


def shipments(county: County) -> list[Shipment]:
    """What the bank knew before as-of, and the week after."""
    return [*_so_far(county), *_week_after(county)]


def _moments(rng: np.random.Generator, first_day: date, days: int, size: int) -> pl.Series:
    """Times in office hours."""
    seconds = rng.integers(9 * 3600, 18 * 3600, size) + rng.integers(0, days, size) * 86_400
    return pl.Series(np.datetime64(first_day, "ms") + (seconds * 1000).astype("timedelta64[ms]")).cast(pl.Datetime)


def _so_far(county: County) -> list[Shipment]:
    return [
        Shipment(
            "online__intents",
            "xssj_20261120.csv.gz",
            intents(county),
            "events of three channels, a fifth of them without consent",
            Style("utf-8-sig", pack="gz"),
        ),
        Shipment(
            "crm__contacts",
            "cdjl_20261120.csv",
            early_contacts(county),
            "contacts before any list: their batch is empty",
            Style(),
        ),
        Shipment(
            "crm__applications",
            "sqjl_20261120.csv",
            early_applications(county),
            "applications before any list, most of them refused",
            Style("gb18030"),
        ),
        Shipment(
            "crm__disbursements",
            "fkjl_20261120.csv",
            planted.more("crm__disbursements"),
            "an own loan that the loan feed does not have yet",
            Style(),
        ),
        Shipment(
            "crm__suppressions",
            "yzmd_20261120.csv",
            suppressions(county, prospects(county)["uscc"].to_list()),
            "refusals, complaints, cases in hand: in force, over, not begun yet",
            Style("gb18030", day="%Y%m%d"),
        ),
    ]


def intents(county: County) -> pl.DataFrame:
    """Events of three channels over half a year, a fifth of them without consent."""
    rng = county.chance("intents")
    people = county.people.filter(pl.col("entity") % 7 == 2)["uscc"]
    who = people.gather(rng.integers(0, people.len(), max(520, county.people.height * 3 // 16)))
    kind = rng.choice(np.array(["浏览", "咨询", "需求登记"]), who.len(), p=[0.62, 0.24, 0.14])
    topics = {"浏览": "首贷产品页", "咨询": "额度与利率怎么算", "需求登记": "首贷需求登记"}
    return pl.DataFrame(
        {
            "event_id": [f"SJ{number:07d}" for number in range(1, who.len() + 1)],
            "uscc": who,
            "channel": rng.choice(np.array(["手机银行", "微信公众号", "一网通办"]), who.len()),
            "kind": kind,
            "at": _moments(rng, county.calendar.before(175), 172, who.len()),
            "topic": pl.Series(kind).replace_strict(topics),
            "consent": rng.random(who.len()) < 0.8,
        }
    )


def early_contacts(county: County) -> pl.DataFrame:
    """Contacts before any list."""
    rng = county.chance("early contacts")
    who = county.people.filter((pl.col("entity") % 45 == 3) & (pl.col("borrows") != "never"))["uscc"]
    return pl.DataFrame(
        {
            "uscc": who,
            "week": pl.Series([None] * who.len(), dtype=pl.String),
            "contacted_at": _moments(rng, county.calendar.before(83), 60, who.len()),
            "channel": rng.choice(np.array(["电话", "上门"]), who.len()),
            "result": rng.choice(np.array(["未接通", "无意向"]), who.len()),
            "manager": rng.choice(np.array(MANAGERS), who.len()),
        }
    )


def early_applications(county: County) -> pl.DataFrame:
    """Applications before any list, refused or withdrawn."""
    rng = county.chance("early applications")
    who = county.people.filter(pl.col("entity") % 70 == 11)["uscc"]
    applied = np.datetime64(county.calendar.before(266)) + rng.integers(0, 200, who.len())
    return pl.DataFrame(
        {
            "application_no": [f"SQ2026E{number:05d}" for number in range(1, who.len() + 1)],
            "uscc": who,
            "channel": rng.choice(np.array(["网点", "手机银行"]), who.len()),
            "applied_on": applied,
            "amount": rng.integers(5, 60, who.len()) * 10_000_00,
            "status": rng.choice(np.array(["拒绝", "撤回"]), who.len(), p=[0.8, 0.2]),
            "decided_on": applied + 9,
        }
    )


def suppressions(county: County, spared: Sequence[str] = ()) -> pl.DataFrame:
    """Refusals, complaints, cases in hand: in force, over, not begun yet; nobody of `spared`."""
    rng = county.chance("suppressions")
    who = county.people.filter((pl.col("entity") % 30 == 5) & ~pl.col("uscc").is_in(list(spared)))["uscc"]
    size = who.len()
    start = np.datetime64(county.calendar.before(295)) + rng.integers(0, 320, size)
    ends = pl.Series(start + rng.choice([60, 365], size))
    return pl.DataFrame(
        {
            "uscc": who,
            "reason": rng.choice(np.array(["拒绝营销", "投诉", "黑名单", "处理中"]), size, p=[0.5, 0.15, 0.1, 0.25]),
            "from_on": start,
            "until_on": ends.set(pl.Series(rng.random(size) < 0.5), None),
        }
    )


def _week_after(county: County) -> list[Shipment]:
    """Contacts of surely listed entities, what they applied for, what was paid out, and who went elsewhere."""
    contacts = _contacts(county)
    applications = _applications(county, contacts)
    keen = contacts.filter(pl.col("result").is_in(["有意向", "确认首贷"]))
    elsewhere = contacts.filter(pl.col("result") == "他行已贷")
    return [
        Shipment(
            "crm__contacts",
            "cdjl_20261130.csv",
            contacts.select(list(HEADINGS["crm__contacts"])),
            f"contacts of listed entities, {keen.height} of them keen",
            Style(),
            shelf=NEXT_WEEK,
        ),
        Shipment(
            "crm__applications",
            "sqjl_20261130.csv",
            applications.select(list(HEADINGS["crm__applications"])),
            "their applications, some pending",
            Style("gb18030"),
            shelf=NEXT_WEEK,
        ),
        Shipment(
            "crm__disbursements",
            "fkjl_20261130.csv",
            _disbursements(applications),
            "first loans paid out: conversions",
            Style(control="json"),
            shelf=NEXT_WEEK,
        ),
        Shipment(
            "crm__suppressions",
            "yzmd_20261130.csv",
            _refusals(contacts),
            "who does not want to be called again",
            Style("gb18030"),
            shelf=NEXT_WEEK,
        ),
        Shipment(
            "credit__loans",
            "dkjl_bg_20261130.csv",
            _lost(elsewhere),
            "listed entities that another lender was quicker with",
            Style("gb18030"),
            shelf=NEXT_WEEK,
        ),
    ]


def _contacts(county: County) -> pl.DataFrame:
    """One contact of every prospect between 24 and 28 November 2026; carries `turnover`."""
    rng = county.chance("contacts")
    listed = prospects(county)
    size = listed.height
    results = rng.choice(np.array(list(_RESULTS)), size, p=np.array(list(_RESULTS.values())) / sum(_RESULTS.values()))
    return listed.with_columns(
        pl.lit(WEEK).alias("week"),
        _moments(rng, date(2026, 11, 24), 4, size).alias("contacted_at"),
        pl.Series("channel", rng.choice(np.array(["电话", "上门", "企业微信"]), size, p=[0.6, 0.25, 0.15])),
        pl.Series("result", results),
        pl.Series("manager", rng.choice(np.array(MANAGERS), size)),
    )


def _applications(county: County, contacts: pl.DataFrame) -> pl.DataFrame:
    rng = county.chance("applications")
    keen = contacts.filter(pl.col("result").is_in(["有意向", "确认首贷"]))
    applied = keen.filter(pl.Series(rng.random(keen.height) < 0.72))
    size = applied.height
    status = pl.Series("status", rng.choice(np.array(["通过", "审批中", "拒绝"]), size, p=[0.58, 0.27, 0.15]))
    on = applied["contacted_at"].dt.date()
    return applied.select("uscc", "turnover", channel=pl.lit("客户经理")).with_columns(
        (pl.lit("SQ2026W48") + pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(4)).alias("application_no"),
        on.alias("applied_on"),
        (pl.col("turnover") * 2 // 10_000 * 10_000 * 100).clip(50_000_00, 1_000_000_00).alias("amount"),
        status,
        pl.when(status != "审批中").then(on + pl.duration(days=1)).alias("decided_on"),
    )


def _disbursements(applications: pl.DataFrame) -> pl.DataFrame:
    granted = applications.filter(pl.col("status") == "通过")
    return granted.select(
        (pl.lit("JX20261128") + pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(4)).alias("loan_no"),
        "application_no",
        "uscc",
        pl.lit(date(2026, 11, 28)).alias("disbursed_on"),
        "amount",
        pl.lit(350).alias("annual_rate"),
        pl.lit(36).alias("term_months"),
    )


def _refusals(contacts: pl.DataFrame) -> pl.DataFrame:
    unwilling = contacts.filter(pl.col("result") == "无意向").head(5)
    return unwilling.select(
        "uscc",
        pl.lit("拒绝营销").alias("reason"),
        pl.col("contacted_at").dt.date().alias("from_on"),
        pl.lit(None, pl.Date).alias("until_on"),
    )


def _lost(elsewhere: pl.DataFrame) -> pl.DataFrame:
    return planted.frame(
        "credit__loans",
        (
            {
                "loan_no": f"DK20261125{number:06d}",
                "uscc": uscc,
                "lender": LENDERS[2],
                "kind": "贷款",
                "granted_on": date(2026, 11, 25),
                "amount": 300_000_00,
                "balance": 300_000_00,
            }
            for number, uscc in enumerate(elsewhere["uscc"], start=1)
        ),
    )
