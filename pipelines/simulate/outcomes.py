"""What follows a published list in a simulated world: list -> contact -> apply -> disburse, by the true propensities.

Each entity makes up its mind once for all weeks: it takes a loan with `with_contact` when it is contacted, on its own (held
out, or not reached) with `without_contact`. So however many weeks are played, as many convert as the propensities say; every
week some of the others go to another lender. Who took a loan, went elsewhere or was refused after an earlier list is out of
the game. A list counts as played once its contacts have come back to the release. The files of the following weeks carry
their day of receipt, so a run sees only what had come by then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from pipelines.errors import UsageError
from pipelines.simulate.chance import stream
from pipelines.simulate.delivery import Style, as_text
from pipelines.simulate.facts import LENDERS, MANAGERS
from pipelines.simulate.headings import HEADINGS
from pipelines.simulate.planted import rows as planted
from pipelines.simulate.spool import Spooled
from pipelines.warehouse.connect import open_published
from pipelines.warehouse.query import release_of

FEEDS = {
    "crm__contacts": "cdjl",
    "crm__applications": "sqjl",
    "crm__disbursements": "fkjl",
    "credit__loans": "dkjl_bg",
}
"""Feeds an outcome shows in, and how their files begin."""

_CONTACTED, _LOST, _REFUSED, _NOT_REACHED = 0.9, 0.06, 0.15, 0.25

_LISTS = """
SELECT week, rank, uscc, is_holdout, manager, limit_yuan FROM out.target_list
WHERE week = $week OR week < $week AND week IN (SELECT week FROM feed.crm__contacts)
ORDER BY week, rank
"""


def play(release: Path, world: Path, seed: int, folder: Path) -> dict[str, int]:
    """Write the crm and loan files of the weeks after a release; returns rows per feed.

    Args:
        release: a home, a release folder, or a published `.duckdb` file; the list of its own week counts.
        world: the folder `shoudai simulate` wrote.
        seed: same seed and release, same bytes; all weeks of one game are played with one seed.
        folder: where the inbox folders are written; files of earlier weeks in it stay.

    Raises:
        UsageError: there is no list or no world, the list is empty, or nobody of it is of that world.
    """
    week, lists = target_lists(release)
    truth = world / "truth" / "propensity.parquet"
    if not truth.is_file():
        raise UsageError(f"{world} is no simulated world: {truth} is missing; expected a folder of `shoudai simulate`")
    propensity = pl.read_parquet(truth)
    if lists.filter(pl.col("week") == week).join(propensity, on="uscc", how="semi").is_empty():
        raise UsageError(f"nobody on the list of {week} is of the world {world}")
    rows = events(week, lists, propensity, seed)
    return {feed: _write(folder, feed, week, rows[feed]) for feed in FEEDS}


def target_lists(release: Path) -> tuple[str, pl.DataFrame]:
    """The week of a home, a release or a published file; its list, and those before it whose contacts have come back.

    Columns of the lists: week, rank, uscc, is_holdout, manager, limit_yuan.

    Raises:
        UsageError: nothing published there, or nobody is on the list.
    """
    candidates = [release / "published" / "current.duckdb", *sorted(release.glob("*.duckdb"))]
    path = release if release.is_file() else next((each for each in candidates if each.is_file()), None)
    if path is None:
        raise UsageError(f"no published list under {release}; expected a home, a release folder or a .duckdb file")
    with open_published(path) as con:
        week = str(release_of(con, path)["week"])
        lists = con.execute(_LISTS, {"week": week}).pl()
    if lists.filter(pl.col("week") == week).is_empty():
        raise UsageError(f"the list of {week} in {path} is empty: there is nobody to contact; play another release")
    return week, lists


def events(week: str, lists: pl.DataFrame, propensity: pl.DataFrame, seed: int) -> dict[str, pl.DataFrame]:
    """Feed -> rows with `received_on`: what becomes of a week's list, after the earlier ones among `lists`.

    Applications come twice: pending, then decided. An application follows its contact, the loan follows the decision.
    """
    luck = _Luck(seed, propensity.height)
    known = lists.join(propensity.with_row_index("entity"), on="uscc").sort("week", "rank")
    met = pl.concat(_met(rows, luck) for rows in known.partition_by("week", maintain_order=True))
    is_over = pl.col("converts") | pl.col("is_lost") | pl.col("is_refused")
    gone = met.filter(is_over & (pl.col("week") < week))
    drawn = _dated(
        met.filter(pl.col("week") == week).join(gone, on="uscc", how="anti", maintain_order="left"), week, luck
    )
    return {
        "crm__contacts": _contacts(drawn.filter("is_contacted")),
        "crm__applications": _applications(drawn.filter(pl.col("converts") | pl.col("is_refused"))),
        "crm__disbursements": _disbursements(drawn.filter("converts")),
        "credit__loans": _lost(drawn.filter("is_lost")),
    }


def monday(week: str) -> date:
    """The Monday a release `2026-W48` is of."""
    return date.fromisocalendar(int(week[:4]), int(week[6:]), 1)


@dataclass(frozen=True)
class _Luck:
    """Draws for all entities of a world, of which those of some rows are taken: nobody's depend on who else is listed."""

    seed: int
    entities: int

    def drawn(self, topic: str, rows: pl.DataFrame, low: int = 0, high: int = 1) -> pl.Series:
        """Numbers from `low` to below `high`."""
        share = stream(self.seed, f"outcomes {topic}").random(self.entities)[rows["entity"].to_numpy()]
        return pl.Series(low + share * (high - low))


def _met(rows: pl.DataFrame, luck: _Luck) -> pl.DataFrame:
    """Who of one week's list is contacted, and the end of it for some: `converts`, `is_lost` or `is_refused`."""
    week = rows["week"][0]
    topics = {"mind": "mind", "refuse": "refuse", "reach": f"{week} reach", "elsewhere": f"{week} elsewhere"}
    drawn = rows.with_columns(luck.drawn(topic, rows).alias(name) for name, topic in topics.items())
    is_contacted = ~pl.col("is_holdout").fill_null(value=False) & (pl.col("reach") < _CONTACTED)
    converts = pl.col("mind") < pl.when(is_contacted).then("with_contact").otherwise("without_contact")
    is_lost = (pl.col("elsewhere") < _LOST) & ~converts
    is_refused = (pl.col("refuse") < _REFUSED) & (pl.col("mind") >= pl.col("with_contact")) & ~is_lost
    return drawn.with_columns(
        is_contacted.alias("is_contacted"),
        converts.alias("converts"),
        is_lost.alias("is_lost"),
        is_refused.alias("is_refused"),
    )


def _dated(rows: pl.DataFrame, week: str, luck: _Luck) -> pl.DataFrame:
    """With the days of what came of it, the amount asked for, and the number that its papers bear."""
    spans = {"contact_after": (1, 6), "apply_after": (0, 11), "decide_after": (2, 10), "pay_after": (1, 8),
             "second": (32_400, 64_800), "spare": (0, len(MANAGERS))}  # fmt: skip
    drawn = rows.with_columns(
        luck.drawn(f"{week} hear", rows).alias("hear"),
        *(luck.drawn(f"{week} {name}", rows, *span).cast(pl.Int64).alias(name) for name, span in spans.items()),
    )
    contacted_on = pl.lit(monday(week)) + pl.duration(days="contact_after")
    applied_on = contacted_on + pl.duration(days="apply_after")
    decided_on = applied_on + pl.duration(days="decide_after")
    return drawn.with_columns(
        contacted_on.alias("contacted_on"),
        applied_on.alias("applied_on"),
        decided_on.alias("decided_on"),
        (decided_on + pl.duration(days="pay_after")).alias("disbursed_on"),
        pl.coalesce("manager", pl.lit(pl.Series(MANAGERS)).gather("spare")).alias("manager"),
        pl.coalesce(pl.col("limit_yuan").cast(pl.Int64), 200_000).clip(20_000, 1_000_000).mul(100).alias("wanted"),
        (pl.lit(week.replace("-", "")) + pl.col("entity").cast(pl.String).str.zfill(8)).alias("number"),
    )


def _contacts(rows: pl.DataFrame) -> pl.DataFrame:
    result = (
        pl.when("is_lost").then(pl.lit("他行已贷"))
        .when(pl.col("converts") | pl.col("is_refused")).then(pl.lit("有意向"))
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
