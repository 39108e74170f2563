"""The judgement of every entity: rules, segments, first-loan status; how segments narrow; who is one rule short."""

from __future__ import annotations

import polars as pl

from pipelines.eligibility.credit import first_loan_evidence, first_loan_status
from pipelines.eligibility.rules import RULES, FeedStates, Gap, Rule
from pipelines.eligibility.segments import SEGMENTS, Segment
from pipelines.eligibility.size import with_medium_bounds
from pipelines.errors import DeclarationError
from pipelines.feeds.contract import contract
from pipelines.parameters import Parameters

__all__ = ["FeedStates", "attrition", "judge", "outcomes", "watchlist"]

FARM_SEGMENT = "rural"
_OUTCOMES = ("uscc", "name", "kind", "division_code", "size_class")
_OUTCOME_KINDS = ("rule__", "segment__", "first_loan_s", "first_loan_e", "first_loan_d", "medium_from_")
WATCHLIST = ("week", "uscc", "name", "segment", "missing_rule", "outcome", "value", "needed", "closes_on")


def judge(features: pl.LazyFrame, p: Parameters, feeds: FeedStates) -> pl.LazyFrame:
    """Every entity of the features frame with each rule and segment judged: TRUE, FALSE, or NULL for unknown.

    Grain and row order are those of `features`. Adds `size_class` and `medium_from_<metric>` (300号), `rule__<name>`
    for every rule, `segment__<name>` for every segment, and `first_loan_status` with its evidence (`first_loan_source`,
    `first_loan_evidence_on`, `first_loan_definition`). A rule whose feed was never delivered or is late is unknown to
    everyone, except that a known loan record still disproves.
    """
    rules = [made.outcome(p, feeds) for made in RULES.values()]
    segments = [segment.outcome() for segment in SEGMENTS]
    judged = with_medium_bounds(features).with_columns(rules).with_columns(*segments, first_loan_status())
    return judged.with_columns(first_loan_evidence(p, feeds))


def outcomes(judged: pl.LazyFrame) -> pl.LazyFrame:
    """What a judgement adds to the features, beside who it is about: the columns of `out.eligibility`, size and its bounds."""
    kept = [name for name in judged.collect_schema() if name in _OUTCOMES or name.startswith(_OUTCOME_KINDS)]
    return judged.select(kept)


def attrition(judged: pl.LazyFrame, p: Parameters, week: str) -> pl.LazyFrame:
    """How each segment narrows, rule by rule (`out.attrition`), in the segments' and their rules' order.

    Grain: week, segment, step. `entities_in` of a step is `passed` of the step before (all entities at the first), and
    passed + failed + unknown = entities_in. An entity counts at the first rule that is not true for it.
    """
    steps = [step for segment in SEGMENTS for step in _steps(segment, week)]
    return judged.select(pl.concat_list(steps).alias("step")).explode("step").unnest("step")


def _steps(segment: Segment, week: str) -> list[pl.Expr]:
    """One struct of counts per rule of the segment, aggregated over all entities."""
    made = []
    is_in = pl.lit(value=True)
    for number, rule in enumerate(segment.rules, start=1):
        outcome = pl.col(rule.column)
        entered = pl.len() if number == 1 else is_in.sum()
        is_in_next = is_in & outcome.fill_null(value=False)
        made.append(
            pl.struct(
                week=pl.lit(week),
                segment=pl.lit(segment.name),
                step=pl.lit(number, dtype=pl.Int32),
                rule=pl.lit(rule.name),
                entities_in=entered.cast(pl.Int64),
                passed=is_in_next.sum().cast(pl.Int64),
                failed=(is_in & ~outcome).sum().cast(pl.Int64),
                unknown=(is_in & outcome.is_null()).sum().cast(pl.Int64),
            )
        )
        is_in = is_in_next
    return made


def watchlist(judged: pl.LazyFrame, p: Parameters, feeds: FeedStates, week: str) -> pl.LazyFrame:
    """Everyone exactly one rule short of a segment (`out.watchlist`, the cultivation register of S49).

    Grain: week, uscc, segment; ordered by code and segment. `short`: the one open rule is false, and time or work with
    the entity can meet it (age, tax, insured staff, technology certification); a cancelled firm, an old loan or a firm
    outside every park is no prospect of next month's. `needs_data`: the one open rule is unknown. `closes_on` is the
    earliest date on which time alone meets the rule, where that can be computed (months yet to close are taken to be like
    the latest one). Farm operators without a code always
    stand in `rural` as `needs_data`, whatever else is open. A segment whose defining feed is missing or late has no
    one else: there the gap is the feed's, not the entity's.
    """
    watched = [_one_short(judged, p, segment, week) for segment in SEGMENTS if feeds.is_fresh(segment.feed)]
    if _farm_segment().feed in feeds.delivered:
        watched.append(_farms(judged, p, week))
    return pl.concat([*watched, _nobody()]).sort("uscc", "segment")


def _one_short(judged: pl.LazyFrame, p: Parameters, segment: Segment, week: str) -> pl.LazyFrame:
    """The entities for which all rules of the segment but one are true, and that one is worth watching.

    Farm operators without a code are never among them: two rules of every segment are unknown for them.
    """
    rules = segment.rules
    open_rules = pl.sum_horizontal([_is_open(rule).cast(pl.UInt8) for rule in rules])
    is_prospect = pl.all_horizontal([_is_worth_watching(rule) for rule in rules])
    found = judged.filter((open_rules == 1) & is_prospect)
    return found.select(*_who(segment, week), *_what_is_open(rules, p))


def _farms(judged: pl.LazyFrame, p: Parameters, week: str) -> pl.LazyFrame:
    """The farm operators without a code, unless known not to be of the segment; shown by the code they lack."""
    segment = _farm_segment()
    member = pl.col(segment.rules[0].column).fill_null(value=True)
    found = judged.filter((pl.col("id_namespace") == "farm") & member)
    return found.select(*_who(segment, week), *_what_is_open((RULES["in_business"],), p))


def _farm_segment() -> Segment:
    return next(segment for segment in SEGMENTS if segment.name == FARM_SEGMENT)


def _is_open(rule: Rule) -> pl.Expr:
    return ~pl.col(rule.column).fill_null(value=False)


def _is_worth_watching(rule: Rule) -> pl.Expr:
    is_not_false = pl.col(rule.column).fill_null(value=True)
    return is_not_false if rule.can_be_met is None else is_not_false | rule.can_be_met()


def _who(segment: Segment, week: str) -> list[pl.Expr]:
    return [pl.lit(week).alias("week"), pl.col("uscc"), pl.col("name"), pl.lit(segment.name).alias("segment")]


def _what_is_open(rules: tuple[Rule, ...], p: Parameters) -> list[pl.Expr]:
    """The open rule with its outcome, value, need and date; rows have exactly one."""
    gaps = [(rule, _gap(rule, p)) for rule in rules]
    is_false = pl.any_horizontal([(~pl.col(rule.column)).fill_null(value=False) for rule in rules])
    return [
        _of_the_open([(rule, pl.lit(rule.name)) for rule in rules]).alias("missing_rule"),
        pl.when(is_false).then(pl.lit("short")).otherwise(pl.lit("needs_data")).alias("outcome"),
        _of_the_open([(rule, gap.value) for rule, gap in gaps]).alias("value"),
        _of_the_open([(rule, _needed(rule, gap)) for rule, gap in gaps]).alias("needed"),
        _of_the_open([(rule, gap.closes_on) for rule, gap in gaps]).alias("closes_on"),
    ]


def _of_the_open(parts: list[tuple[Rule, pl.Expr]]) -> pl.Expr:
    return pl.coalesce([pl.when(_is_open(rule)).then(part) for rule, part in parts])


def _needed(rule: Rule, gap: Gap) -> pl.Expr:
    """What the rule asks for; where it is unknown, with the feeds that would settle it."""
    feeds = "、".join(contract(feed).title_zh for feed in rule.feeds)
    is_unknown = pl.col(rule.column).is_null()
    return pl.when(is_unknown).then(pl.lit(f"{gap.needed}；待数据：{feeds}")).otherwise(pl.lit(gap.needed))


def _gap(rule: Rule, p: Parameters) -> Gap:
    if rule.gap is None:
        raise DeclarationError(
            f"rule {rule.name} does not say how it is shown; add a `@{rule.name}.shown` function to it"
        )
    return rule.gap(p)


def _nobody() -> pl.LazyFrame:
    return pl.LazyFrame(schema=dict.fromkeys(WATCHLIST, pl.String) | {"closes_on": pl.Date})
