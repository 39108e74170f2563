"""What follows a published list in a simulated world: list -> contact -> apply -> disburse, by the true propensities.

Each listed entity is drawn once per release: who was contacted takes a loan with `with_contact`, who was held out with
`without_contact`. The files of the following weeks carry their day of receipt, so a run sees only what had come by then.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from pipelines.errors import UsageError
from pipelines.simulate.chance import stream
from pipelines.simulate.delivery import Style, as_text
from pipelines.simulate.facts import LENDERS, MANAGERS
from pipelines.simulate.headings import HEADINGS
from pipelines.simulate.planted import rows as planted
from pipelines.simulate.spool import Spooled
from pipelines.warehouse.connect import open_published

FEEDS = {
    "crm__contacts": "cdjl",
    "crm__applications": "sqjl",
    "crm__disbursements": "fkjl",
    "credit__loans": "dkjl_bg",
}
"""Feeds an outcome shows in, and how their files begin."""

_CONTACTED, _LOST, _REFUSED = 0.9, 0.06, 0.15
_NOT_REACHED = 0.25


def play(release: Path, world: Path, seed: int, folder: Path) -> dict[str, int]:
    """Write the crm and loan files of the weeks after a release; returns rows per feed.

    Args:
        release: a home, a release folder, or a published `.duckdb` file; its latest list counts.
        world: the folder `shoudai simulate` wrote.
        seed: same seed and release, same bytes.
        folder: where the inbox folders are written; files of earlier weeks in it stay.

    Raises:
        UsageError: there is no list or no world, or nobody of the list is of that world.
    """
    listed = target_list(release)
    truth = world / "truth" / "propensity.parquet"
    if not truth.is_file():
        raise UsageError(f"{world} is no simulated world: {truth} is missing; expected a folder of `shoudai simulate`")
    known = listed.join(pl.read_parquet(truth), on="uscc").sort("rank")
    if known.is_empty():
        raise UsageError(f"nobody on the list of {listed['week'][0]} is of the world {world}")
    rows = events(known, seed)
    return {feed: _write(folder, feed, known["week"][0], rows[feed]) for feed in FEEDS}


def target_list(release: Path) -> pl.DataFrame:
    """week, rank, uscc, is_holdout, manager, limit_yuan of the latest list of a home, a release or a published file.

    Raises:
        UsageError: nothing published there.
    """
    candidates = [release / "published" / "current.duckdb", *sorted(release.glob("*.duckdb"))]
    path = release if release.is_file() else next((each for each in candidates if each.is_file()), None)
    if path is None:
        raise UsageError(f"no published list under {release}; expected a home, a release folder or a .duckdb file")
    try:
        with open_published(path) as con:
            rows = con.execute(
                "SELECT week, rank, uscc, is_holdout, manager, limit_yuan FROM out.target_list "
                "WHERE week = (SELECT max(week) FROM out.target_list) ORDER BY rank"
            ).pl()
    except duckdb.CatalogException as error:
        raise UsageError(f"{path} holds no out.target_list; expected a published .duckdb file") from error
    if rows.is_empty():
        raise UsageError(f"the list in {path} is empty")
    return rows


def events(listed: pl.DataFrame, seed: int) -> dict[str, pl.DataFrame]:
    """Feed -> rows with `received_on`: what becomes of one release's list.

    Applications come twice: pending, then decided. An application follows its contact, the loan follows the decision.
    """
    drawn = _drawn(listed, seed)
    return {
        "crm__contacts": _contacts(drawn.filter("is_contacted")),
        "crm__applications": _applications(drawn.filter("applies")),
        "crm__disbursements": _disbursements(drawn.filter("converts")),
        "credit__loans": _lost(drawn.filter("is_lost")),
    }


def monday(week: str) -> date:
    """The Monday a release `2026-W48` is of."""
    return date.fromisocalendar(int(week[:4]), int(week[6:]), 1)


def _drawn(listed: pl.DataFrame, seed: int) -> pl.DataFrame:
    week = str(listed["week"][0])
    rng, size = stream(seed, f"outcomes {week}"), listed.height
    luck = {name: pl.Series(name, rng.random(size)) for name in ("reach", "luck", "refuse", "elsewhere", "hear")}
    spans = {name: rng.integers(low, high, size) for name, low, high in (
        ("contact_after", 1, 6), ("apply_after", 0, 11), ("decide_after", 2, 10), ("pay_after", 1, 8), ("second", 32_400, 64_800),
    )}  # fmt: skip
    manager = pl.Series(rng.choice(np.array(MANAGERS), size))
    frame = listed.with_columns(*luck.values(), **{name: pl.Series(span) for name, span in spans.items()}).with_columns(
        pl.coalesce("manager", manager).alias("manager"), is_holdout=pl.col("is_holdout").fill_null(value=False)
    )
    is_contacted = ~pl.col("is_holdout") & (pl.col("reach") < _CONTACTED)
    chance = pl.when(is_contacted).then("with_contact").otherwise("without_contact")
    frame = frame.with_columns(
        is_contacted.alias("is_contacted"),
        (pl.col("luck") < chance).alias("converts"),
        (pl.lit(monday(week)) + pl.duration(days="contact_after")).alias("contacted_on"),
    )
    on = pl.col("contacted_on")
    return frame.with_columns(
        ((pl.col("elsewhere") < _LOST) & ~pl.col("converts")).alias("is_lost"),
        (on + pl.duration(days="apply_after")).alias("applied_on"),
    ).with_columns(
        (pl.col("converts") | ((pl.col("refuse") < _REFUSED) & ~pl.col("is_lost"))).alias("applies"),
        (pl.col("applied_on") + pl.duration(days="decide_after")).alias("decided_on"),
        (pl.col("applied_on") + pl.duration(days=pl.col("decide_after") + pl.col("pay_after"))).alias("disbursed_on"),
        pl.coalesce(pl.col("limit_yuan").cast(pl.Int64), 200_000).clip(20_000, 1_000_000).mul(100).alias("wanted"),
        (pl.lit(week.replace("-", "")) + pl.col("rank").cast(pl.String).str.zfill(7)).alias("number"),
    )


def _contacts(rows: pl.DataFrame) -> pl.DataFrame:
    result = (
        pl.when("is_lost").then(pl.lit("他行已贷"))
        .when("applies").then(pl.lit("有意向"))
        .when(pl.col("hear") < _NOT_REACHED).then(pl.lit("未接通"))
        .otherwise(pl.lit("无意向"))
    )  # fmt: skip
    return rows.select(
        "uscc",
        "week",
        (pl.col("contacted_on").cast(pl.Datetime) + pl.duration(seconds="second")).alias("contacted_at"),
        pl.when(pl.col("reach") < 0.6).then(pl.lit("电话")).otherwise(pl.lit("上门")).alias("channel"),
        result.alias("result"),
        "manager",
        _received("contacted_on"),
    )


def _applications(rows: pl.DataFrame) -> pl.DataFrame:
    """Pending as filed, then with the decision: two versions of each number."""
    channel = pl.when("is_contacted").then(pl.lit("客户经理")).otherwise(pl.lit("网点"))
    filed = rows.select(
        ("SQ" + pl.col("number")).alias("application_no"), "uscc", channel.alias("channel"), "applied_on",
        pl.col("wanted").alias("amount"), pl.lit("审批中").alias("status"), pl.lit(None, pl.Date).alias("decided_on"),
        _received("applied_on"),
    )  # fmt: skip
    status = pl.when("converts").then(pl.lit("通过")).otherwise(pl.lit("拒绝"))
    decided = filed.with_columns(rows.select(status.alias("status"), "decided_on", _received("decided_on")))
    return pl.concat([filed, decided])


def _disbursements(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        ("JX" + pl.col("number")).alias("loan_no"), ("SQ" + pl.col("number")).alias("application_no"), "uscc",
        "disbursed_on", pl.col("wanted").alias("amount"), pl.lit(350).alias("annual_rate"), pl.lit(36).alias("term_months"),
        _received("disbursed_on"),
    )  # fmt: skip


def _lost(rows: pl.DataFrame) -> pl.DataFrame:
    """Loans of other lenders; the credit feed shows them the week after."""
    return rows.select(
        ("TH" + pl.col("number")).alias("loan_no"), "uscc", pl.lit(LENDERS[2]).alias("lender"), pl.lit("贷款").alias("kind"),
        pl.col("contacted_on").alias("granted_on"), pl.col("wanted").alias("amount"), pl.col("wanted").alias("balance"),
        pl.lit(None, pl.Date).alias("settled_on"), _received("contacted_on"),
    )  # fmt: skip


def _received(day: str) -> pl.Expr:
    """Events of a week come in on the Monday after it."""
    return (pl.col(day).dt.truncate("1w") + timedelta(days=7)).alias("received_on")


def _write(folder: Path, feed: str, week: str, rows: pl.DataFrame) -> int:
    """One file per Monday of receipt."""
    schema = planted.frame(feed, []).schema
    for (on,), part in sorted(rows.partition_by("received_on", as_dict=True).items()):
        style = Style()
        path = folder / feed / f"{FEEDS[feed]}_{week}_{on:%Y%m%d}.csv"
        spooled = Spooled(path, feed, style)
        spooled.append(as_text(feed, part.select(list(HEADINGS[feed])).cast(schema), style))
        spooled.close()
    return rows.height
