"""Fitting: what was known of every prospect when it was first listed, what became of it, and the cards learned from both."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.conversion.track import track
from pipelines.eligibility.segments import SEGMENTS
from pipelines.eligibility.size import with_medium_bounds
from pipelines.errors import UsageError
from pipelines.parameters import Parameters, parameters
from pipelines.progress import Progress
from pipelines.registers.link import link
from pipelines.runs import Run
from pipelines.scoring.card import Card, Characteristic, champions
from pipelines.scoring.evaluate import evaluate, valued
from pipelines.scoring.fit import Fit, candidates, learn
from pipelines.scoring.fit_model import markdown, model_card
from pipelines.scoring.fit_yaml import check_name, scorecard_yaml
from pipelines.scoring.matured import CONTACTED, matured
from pipelines.warehouse.connect import reader
from pipelines.warehouse.features import make_features
from pipelines.warehouse.visible import show_feeds, show_history

BESIDE = ("size_class", "division_code")


@dataclass(frozen=True)
class FitReport:
    """What was learned: the files written, one model card a segment, and why other segments were not learned."""

    files: tuple[Path, ...]
    models: tuple[Mapping[str, Any], ...]
    refused: tuple[str, ...]


def fit(run: Run, segments: Sequence[str], target: Path, watch: Progress) -> FitReport:
    """Learn a card for each of the segments (none named: all) from conversions matured at the run's as-of.

    Nothing later than a listing's as-of is looked at: features are computed again from the catalog version that the
    release read, as that day saw the feeds. The same inputs give the same bytes.

    Raises:
        UsageError: an unknown segment, a name that is none for a scorecard, or no segment with enough events.
    """
    check_name(target)
    p = parameters(run.as_of)
    chosen = _chosen(segments)
    closed = _closed(run, p)
    refused = _too_few(closed, chosen, p)
    kept = [segment for segment in chosen if segment not in refused]
    if not kept:
        raise UsageError(f"nothing can be learned yet: {'; '.join(refused.values())}")
    known = _at_listing(run, closed, champions(p), watch)
    made = {segment: _learned(known, segment, p) for segment in kept}
    refused |= {
        segment: f"{segment}: nothing known at listing tells events apart" for segment in kept if made[segment] is None
    }
    found = [pair for pair in made.values() if pair is not None]
    if not found:
        raise UsageError(f"nothing can be learned: {'; '.join(refused.values())}")
    models = tuple(model for _, model in found)
    files = _write(target, run.as_of, [each.card for each, _ in found], models, tuple(refused.values()))
    return FitReport(files, models, tuple(refused.values()))


def _chosen(segments: Sequence[str]) -> list[str]:
    names = [segment.name for segment in SEGMENTS]
    for name in segments:
        if name not in names:
            raise UsageError(f"there is no segment {name!r}; expected one of {', '.join(names)}")
    return [name for name in names if name in segments or not segments]


def _closed(run: Run, p: Parameters) -> pl.DataFrame:
    """Matured conversions with the release that listed them first: its as-of, catalog version, score and grade."""
    link(run)
    track(run)
    with reader(run.settings, run.version) as con:
        show_history(con, run.week, inclusive=True)
        listed = con.execute(
            """
            WITH runs AS (
                SELECT week, arg_max(as_of, started_at) AS listed_as_of, arg_max(catalog_version, started_at) AS version
                FROM lake.ops.runs WHERE status = 'published' GROUP BY week
            )
            SELECT uscc, week AS first_published_week, score AS champion_score, grade AS champion_grade,
                listed_as_of, version
            FROM out.target_list JOIN runs USING (week)
            """
        ).pl()
    conversions = matured(pl.scan_parquet(run.handover("conversions")), p).drop("grade").collect()
    return conversions.join(listed, on=["uscc", "first_published_week"]).sort("uscc")


def _too_few(closed: pl.DataFrame, chosen: Sequence[str], p: Parameters) -> dict[str, str]:
    """Why a segment cannot be learned."""
    contacted = closed.filter(pl.col("lane") == CONTACTED)
    refused = {}
    for segment in chosen:
        of_segment = contacted.filter(pl.col("segment") == segment)
        events = int(of_segment.get_column("is_event").sum())
        if min(events, of_segment.height - events) < p.min_fit_events:
            refused[segment] = (
                f"{segment} has {events:,} first loans among {of_segment.height:,} contacted entities whose "
                f"{p.maturity_days} days are over on {p.as_of}; expected at least {p.min_fit_events:,} with and as many "
                "without (min_fit_events)"
            )
    return refused


def _at_listing(run: Run, closed: pl.DataFrame, cards: Mapping[str, Card], watch: Progress) -> pl.DataFrame:
    """The entities with the columns of all cards as they stood when each was first listed."""
    weeks = closed.partition_by("first_published_week", maintain_order=True)
    weeks.sort(key=lambda rows: str(rows.item(0, "first_published_week")))
    watch.begin("features at listing", len(weeks))
    made = []
    for rows in weeks:
        watch.advance(str(rows.item(0, "first_published_week")))
        made.append(_of_week(run, rows, cards))
    watch.end()
    return pl.concat(made).sort("uscc")


def _of_week(run: Run, rows: pl.DataFrame, cards: Mapping[str, Card]) -> pl.DataFrame:
    day: date = rows.item(0, "listed_as_of")
    week: str = rows.item(0, "first_published_week")
    p = parameters(day)
    listing = Run(run.settings, week, day, int(rows.item(0, "version")), run.run_id, run.folder / week)
    listing.save()
    link(listing)
    with reader(run.settings, listing.version) as con:
        show_feeds(con, day, listing.handover("links"))
        make_features(con, {**vars(p), "week": week}, listing.handover("features"))
    features = pl.scan_parquet(listing.handover("features"))
    sized = with_medium_bounds(features).join(rows.select("uscc", "segment").lazy(), on="uscc")
    columns = {made.column for card in cards.values() for made in card.characteristics}
    known = valued(sized, cards, p).select("uscc", *BESIDE, *sorted(columns)).collect()
    place = pl.col("division_code").str.slice(0, 6).alias("place")
    return rows.join(known, on="uscc", how="left").with_columns(place)


def _learned(known: pl.DataFrame, segment: str, p: Parameters) -> tuple[Fit, Mapping[str, Any]] | None:
    """A segment's card with its model card; None where nothing tells."""
    cards = champions(p)
    tried: Sequence[Characteristic] = candidates(segment, cards)
    is_own, is_contacted = pl.col("segment") == segment, pl.col("lane") == CONTACTED
    made = learn(known.filter(is_own & is_contacted), known.filter(~is_own & is_contacted), cards[segment], tried, p)
    if made is None:
        return None
    own = known.filter(is_own)
    scored = evaluate(own.lazy(), {segment: made.card}, p).drop("lines").collect()
    return made, model_card(made, own, scored)


def _write(
    target: Path, learned_on: date, cards: Sequence[Card], models: Sequence[Mapping[str, Any]], refused: Sequence[str]
) -> tuple[Path, ...]:
    """The scorecard, and its model card beside it as Markdown and JSON."""
    texts = {
        target: scorecard_yaml(target.stem, learned_on, cards),
        target.with_suffix(".md"): markdown(target.stem, models, refused),
        target.with_suffix(".json"): json.dumps(list(models), ensure_ascii=False, indent=2, default=str) + "\n",
    }
    target.parent.mkdir(parents=True, exist_ok=True)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    return tuple(texts)
