"""The spine: file -> feed table -> features -> judged -> scored -> offered -> picked -> published -> converted.

Every step in running order. The command and the DAGs both call these functions; each step reads what the step before left
in `work/<week>/`, so that it can be repeated, or run in a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import wraps
from pathlib import Path
from typing import TypeVar

import polars as pl

from pipelines import fits, monitoring, rehearsal, releases, replays
from pipelines.conversion import outcomes as returns, track as conversion
from pipelines.conversion.outcomes import HandedIn, ListProgress
from pipelines.eligibility.arrow import ArrowJudge
from pipelines.eligibility.judge import attrition, judge as judge_rules, outcomes as judged_outcomes, watchlist
from pipelines.errors import GateError, disk_full_in_words
from pipelines.feeds.arrive import arrivals
from pipelines.feeds.contract import contract, feeds as all_feeds
from pipelines.feeds.ignored import Ignored, ignored
from pipelines.feeds.land import landing
from pipelines.feeds.ledger import FileOutcome
from pipelines.feeds.remote.credentials import Lookup
from pipelines.feeds.remote.fetch import Fetching
from pipelines.feeds.remote.ledger import SourceOutcome
from pipelines.fits import FitReport
from pipelines.freshness import feed_state_rows, found_feeds
from pipelines.lists.pick import PICKED_FROM, pick as pick_list
from pipelines.lock import exclusive
from pipelines.offers.offer import offer as offer_products
from pipelines.parameters import parameters, rates
from pipelines.progress import Progress, Quiet
from pipelines.registers.link import link as link_entities
from pipelines.rehearsal import Rehearsal
from pipelines.releases import Release
from pipelines.replays import ReplayReport
from pipelines.report.quality import write_quality
from pipelines.report.weekly import write_report
from pipelines.runs import Run
from pipelines.scoring.score import score as score_prospects, score_bands, scores, spread_of
from pipelines.settings import Settings, week_of
from pipelines.warehouse.connect import catalog_version, expect_warehouse, reader, writer
from pipelines.warehouse.features import make_features
from pipelines.warehouse.lock import only_writer
from pipelines.warehouse.migrate import migrate
from pipelines.warehouse.publish import CURRENT
from pipelines.warehouse.query import select
from pipelines.warehouse.visible import show_feeds, show_history

__all__ = [
    "Run",
    "arrow_judge",
    "features",
    "fit",
    "ingest",
    "judge",
    "link",
    "offer",
    "outcomes",
    "pick",
    "publish",
    "rehearse",
    "replay",
    "run",
    "score",
    "start",
    "track",
]


R = TypeVar("R")


@dataclass(frozen=True)
class IngestReport:
    """What became of every file that was new or had not landed before, how each source was found, and what nobody reads."""

    files: tuple[FileOutcome, ...]
    sources: tuple[SourceOutcome, ...] = ()
    ignored: tuple[Ignored, ...] = ()

    @property
    def landed(self) -> int:
        """Files that landed now."""
        return sum(each.status == "landed" for each in self.files)

    @property
    def feeds_changed(self) -> list[str]:
        """Feeds with something new."""
        return sorted({each.feed for each in self.files if each.status == "landed"})

    @property
    def refused(self) -> list[FileOutcome]:
        """Files that did not land, each with its reason."""
        return [each for each in self.files if not each.is_good]

    def ahead_of(self, day: date) -> list[FileOutcome]:
        """Files that landed now and are dated later than a day: no list up to it sees them."""
        return [each for each in self.files if each.status == "landed" and each.received_on > day]

    @property
    def failed_sources(self) -> list[SourceOutcome]:
        """Sources that could not be read, each with its reason."""
        return [each for each in self.sources if not each.is_good]


@dataclass(frozen=True)
class RunReport:
    """The main job from end to end."""

    ingested: IngestReport
    release: Release


@dataclass(frozen=True)
class OutcomesReport:
    """What became of a file handed in, and how far the lists had come before and have come now."""

    handed_in: HandedIn
    before: tuple[ListProgress, ...]
    now: tuple[ListProgress, ...]
    database: Path | None


def run(settings: Settings, as_of: date | None = None, progress: Progress | None = None) -> RunReport:
    """The main job: pull and land what has arrived, then publish the week's list with its conversions."""
    watch = progress or Quiet()
    with only_writer(settings, "run"):
        ingested = ingest(settings, progress=watch)
        started = start(settings, as_of)
        steps = (link, features, judge, score, offer, pick, publish)
        watch.begin(f"list of {started.week}", len(steps))
        for step in steps:
            watch.advance(step.__name__)
            made = step(started)
        watch.end()
        assert isinstance(made, Release)  # noqa: S101 - the last step publishes
        return RunReport(ingested, made)


def ingest(
    settings: Settings,
    feeds: Sequence[str] | None = None,
    progress: Progress | None = None,
    connections: Lookup | None = None,
) -> IngestReport:
    """Fetch what is new at the sources of the feeds (default: all) and land it into the warehouse; one transaction a file.

    A source that cannot be read is in the report; what the others brought lands all the same. `connections` is Airflow's
    look-up of a connection by its id, inside a DAG.

    Raises:
        UsageError: an unknown feed.
        DeclarationError: the sources are declared wrongly.
        BusyError: another run is at work.
    """
    chosen = [contract(feed).feed for feed in (feeds or all_feeds())]
    watch = progress or Quiet()
    with only_writer(settings, "ingest"), writer(settings) as con, landing(con, settings) as lands:
        lands.withdraw(chosen)
        fetching = Fetching(con, settings, chosen, connections)
        fetching.fetch(watch)
        pending = [delivery for feed in chosen for delivery in lands.pending(feed)]
        watch.begin("files", len(pending))
        outcomes = []
        for arrival in arrivals(pending, settings):
            watch.advance(f"{arrival.delivery.feed}/{arrival.delivery.name}")
            outcomes.append(lands.land(arrival))
        watch.end()
        fetching.clear_sources()
    if outcomes:
        write_quality(settings)
    return IngestReport(tuple(outcomes), fetching.outcomes, tuple(ignored(settings.inbox, feeds)))


def start(settings: Settings, as_of: date | None = None) -> Run:
    """Fix what all steps of a week read: the as-of (default: Monday of this ISO week) and the version of the warehouse."""
    day = as_of or settings.default_as_of()
    with only_writer(settings, "start"), writer(settings) as con:
        migrate(con)
        version = catalog_version(con)
    week = week_of(day)
    started = Run(settings, week, day, version, releases.run_id(), settings.work / week)
    with exclusive(started.folder, "start"):
        started.begin()
    return started


def _step(reads: str | None = None) -> Callable[[Callable[[Run], R]], Callable[[Run], R]]:
    """A step that has the folder of its run to itself: a DAG and the command may be at the same week.

    Args:
        reads: the hand-over of the step before, without which it does not begin; the first step reads none.
    """

    def made(step: Callable[[Run], R]) -> Callable[[Run], R]:
        @wraps(step)
        def alone(run: Run) -> R:
            with exclusive(run.folder, step.__name__):
                if reads:
                    run.expect(reads, step.__name__)
                return step(run)

        return alone

    return made


@_step()
def link(run: Run) -> None:
    """Feeds as seen at as-of -> who is who: legacy ids, accounts and farms without a code, each under its entity or its own."""
    link_entities(run)


@_step("links")
def features(run: Run) -> None:
    """Feeds as seen at as-of -> one row per entity. SQL ends here."""
    p = parameters(run.as_of, run.overrides)
    with reader(run.settings, run.version) as con:
        show_feeds(con, run.as_of, run.handover("links"))
        make_features(con, {**vars(p), "week": run.week}, run.handover("features"))


@_step("features")
def judge(run: Run) -> None:
    """Features -> every rule and segment, three-valued; who fell out where; who is one rule short."""
    p = parameters(run.as_of, run.overrides)
    found = found_feeds(run)
    _write(feed_state_rows(run, found), run.handover("feed_states"))
    judged = judge_rules(pl.scan_parquet(run.handover("features")), p, found.states)
    _write(judged_outcomes(judged), run.handover("judged"))
    judged = _judged(run)
    _write(attrition(judged, p, run.week), run.handover("attrition"))
    _write(watchlist(judged, p, found.states, run.week), run.handover("watchlist"))


def arrow_judge(run: Run) -> ArrowJudge:
    """The same judgement for an engine of many machines, which reads the features by itself (README, The nation)."""
    run.expect("features", arrow_judge.__name__)
    columns = pl.scan_parquet(run.handover("features")).collect_schema()
    return ArrowJudge(parameters(run.as_of, run.overrides), found_feeds(run).states, columns)


@_step("judged")
def score(run: Run) -> None:
    """Judged -> everyone in a segment, with points, reasons and grade; how they spread over the cards; challengers beside."""
    p = parameters(run.as_of, run.overrides)
    judged = _judged(run)
    spreads = spread_of(judged, p)
    _write(score_prospects(judged, p, spreads), run.handover("scored"))
    _write(scores(pl.scan_parquet(run.handover("scored")), p, run.week), run.handover("scores"))
    _write(score_bands(spreads, pl.scan_parquet(run.handover("scores")), run.week), run.handover("score_bands"))


@_step("scored")
def offer(run: Run) -> None:
    """Scored -> with product, limit, term and rate: of their other columns those that a list is picked from."""
    priced = offer_products(
        pl.scan_parquet(run.handover("scored")), parameters(run.as_of, run.overrides), rates(run.as_of)
    )
    _write(priced.select(PICKED_FROM), run.handover("offered"))


@_step("offered")
def pick(run: Run) -> None:
    """Offered -> the target list: suppressed entities left out, one entity once, ranked."""
    with reader(run.settings, run.version) as con:
        show_feeds(con, run.as_of, run.handover("links"))
        show_history(con, run.week)
        named = {"as_of": run.as_of}
        suppressed = con.execute(select("published/suppressed"), named).pl()
        first_seen = con.execute(select("published/first_seen")).pl()
    offered = pl.scan_parquet(run.handover("offered"))
    picked = pick_list(offered, suppressed.lazy(), first_seen.lazy(), parameters(run.as_of, run.overrides), run.week)
    _write(picked, run.handover("picked"))


@_step("picked")
def publish(run: Run) -> Release:
    """Picked -> tables of the warehouse, marketing's files, the published `.duckdb`, current by one symlink swap; both pages.

    Where conversions reach to a later day than the as-of, the current file gets them again up to that day.
    """
    conversion.track(run)
    monitoring.watch(run)
    with only_writer(run.settings, "publish"):
        try:
            release = releases.publish(run)
        except GateError:
            write_quality(run.settings)
            raise
        write_quality(run.settings)
        if releases.is_behind(run, release):
            track(run.settings, due=run.as_of)
        else:
            write_report(run.settings)
        return release


def track(settings: Settings, as_of: date | None = None, due: date | None = None) -> Path:
    """Daily: what became of everyone ever listed, into the warehouse, a new published file and the report; returns that file.

    Args:
        settings: of the home.
        as_of: the day as of which; also an earlier one than conversions reach to, which takes them back.
        due: without `as_of`, the day on which this was due (default: today); they are never taken back to it, but from a day
            that has not come yet, which was given by mistake.

    Raises:
        UsageError: nothing was published yet.
    """
    expect_warehouse(settings)
    with only_writer(settings, "track"), writer(settings) as con:
        migrate(con)
        version, day = catalog_version(con), as_of or releases.reached(con, due or settings.today())
    again = Run(settings, week_of(day), day, version, releases.run_id(), settings.work / f"track-{day}")
    again.save()
    link(again)
    conversion.track(again)
    with only_writer(settings, "track"):
        published = releases.publish_conversions(again)
        write_report(settings)
        return published


def outcomes(
    settings: Settings, file: Path, received_on: date | None = None, progress: Progress | None = None
) -> OutcomesReport:
    """Land a list that came back filled in, or an export of the CRM, then bring conversions up to date.

    Raises:
        FileRefusedError: it is neither.
        UsageError: a day of receipt in the future, or nothing was filled in.
    """
    watch = progress or Quiet()
    with only_writer(settings, "outcomes"):
        watch.begin(file.name, 2)
        watch.advance("landing")
        handed_in = returns.hand_in(settings, file, received_on)
        with reader(settings) as con:
            before = returns.progress(con, handed_in.weeks)
        write_quality(settings)
        watch.advance(track.__name__)
        is_published = (settings.published / CURRENT).exists()
        database = track(settings, due=handed_in.file.received_on) if handed_in.file.is_good and is_published else None
        with reader(settings) as con:
            now = returns.progress(con, handed_in.weeks)
        watch.end()
    return OutcomesReport(handed_in, before, now, database)


def replay(settings: Settings, week: str) -> ReplayReport:
    """Compute a release again from what it read, in a folder of its own, and compare: files byte for byte, tables row for row.

    Raises:
        UsageError: the week was never published.
    """
    again = replays.run_of(settings, week)
    link_entities(again, afresh=True)
    for step in (features, judge, score, offer, pick, conversion.track):
        step(again)
    return replays.compare(again)


def rehearse(settings: Settings, changes: Sequence[str], progress: Progress | None = None) -> Rehearsal:
    """The last release again with changed parameters (`KEY=VALUE`), compared with its list; nothing is published.

    Raises:
        UsageError: a change is no parameter, type or value of the plan, or nothing was published yet.
    """
    watch = progress or Quiet()
    with rehearsal.scratch(settings, changes) as again:
        steps = (judge, score, offer, pick)
        watch.begin(f"rehearsal of {again.week}", len(steps) + 1)
        watch.advance(features.__name__)
        link(again)
        if not rehearsal.reuse_features(again):
            features(again)
        for step in steps:
            watch.advance(step.__name__)
            step(again)
        watch.end()
        return rehearsal.compare(again)


def fit(
    settings: Settings,
    target: Path,
    segments: Sequence[str] = (),
    as_of: date | None = None,
    progress: Progress | None = None,
) -> FitReport:
    """Learn scorecards from what became of earlier lists; nothing in the warehouse changes.

    Raises:
        UsageError: too few conversions have matured, or a wrong name.
    """
    day = as_of or settings.default_as_of()
    with reader(settings) as con:
        version = catalog_version(con)
    made = releases.run_id()
    with Run(settings, week_of(day), day, version, made, settings.work / f"fit-{made}").aside() as fitted:
        return fits.fit(fitted, segments, target, progress or Quiet())


def _judged(run: Run) -> pl.LazyFrame:
    """The judged entities with their features: the two hand-overs have the same rows in the same order."""
    features, judged = (pl.scan_parquet(run.handover(step)) for step in ("features", "judged"))
    have = set(features.collect_schema())
    return pl.concat([features, judged.select(pl.exclude(have))], how="horizontal")


def _write(rows: pl.LazyFrame, path: Path) -> None:
    """Stream rows to a hand-over file, whole or not at all."""
    partial = path.with_suffix(".partial")
    try:
        with disk_full_in_words(path.parent):
            rows.sink_parquet(partial, compression="lz4", maintain_order=True)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
