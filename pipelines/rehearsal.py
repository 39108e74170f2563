"""Rehearsal: the last release again with changed parameters, compared with its list. Nothing is published."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl

from pipelines.eligibility.rules import RULES
from pipelines.errors import UsageError
from pipelines.lists.export import make_room, write_csv
from pipelines.lists.manifest import MANIFEST
from pipelines.names import names_zh
from pipelines.parameters import Parameters, parameters
from pipelines.registers.divisions import division_names
from pipelines.releases import code_digest, run_id
from pipelines.runs import Run
from pipelines.scoring.measures import interval
from pipelines.settings import Settings
from pipelines.warehouse.connect import open_published
from pipelines.warehouse.features import feature_names, parameters_of
from pipelines.warehouse.publish import CURRENT
from pipelines.warehouse.query import release_of, to_parquet
from pipelines.warehouse.tables import table

LISTED = ("uscc", "name", "segment", "division_code", "score", "grade", "limit_yuan")
"""What is compared of a listed entity."""


@dataclass(frozen=True)
class Rate:
    """First loans per published entity, observed in cohorts old enough: `disbursed` of `published`, Wilson's 95 % interval."""

    published: int
    disbursed: int
    share: float
    low: float
    high: float

    @classmethod
    def of(cls, published: int, disbursed: int) -> Rate | None:
        """The rate of a count over its denominator; None where that is 0."""
        ends = interval(disbursed, published)
        return cls(published, disbursed, disbursed / published, *ends) if ends else None


@dataclass(frozen=True)
class Line:
    """One segment or place: entities on marketing's list before and after (hold-outs left out), and what the limits add up to.

    Attributes:
        code: segment name or division code; `total` for all.
        limit_before_yuan: sum of the limits known; an entity whose limit is set on application adds nothing.
        rate: the segment's observed rate; None for places, and where no cohort is old enough.
    """

    code: str
    title_zh: str
    before: int
    after: int
    entering: int
    leaving: int
    limit_before_yuan: Decimal
    limit_after_yuan: Decimal
    rate: Rate | None = None

    @property
    def expected_before(self) -> float | None:
        """First loans to expect of the published list."""
        return None if self.rate is None else self.before * self.rate.share

    @property
    def expected_after(self) -> float | None:
        """First loans to expect of the rehearsed list."""
        return None if self.rate is None else self.after * self.rate.share


@dataclass(frozen=True)
class Rehearsal:
    """Who would enter and leave the list of a week under changed parameters.

    Attributes:
        changes: parameter -> (value in force, value rehearsed), as text.
        moving: entering and leaving entities with the rules whose outcome differs, by change and code.
        notes: what a reader must know about the comparison itself.
    """

    week: str
    as_of: date
    changes: Mapping[str, tuple[str, str]]
    total: Line
    segments: tuple[Line, ...]
    places: tuple[Line, ...]
    moving: pl.DataFrame
    notes: tuple[str, ...]

    @property
    def expected(self) -> tuple[float, float] | None:
        """First loans to expect of both lists, over the segments that have a rate; None where none has."""
        rated = [line for line in self.segments if line.rate is not None]
        if not rated:
            return None
        return sum(line.expected_before or 0 for line in rated), sum(line.expected_after or 0 for line in rated)

    def to_json(self) -> str:
        """The rehearsal as JSON: amounts and dates as text, what is not known as null."""
        made = asdict(self) | {
            "total": asdict(self.total),
            "expected": self.expected,
            "segments": [_as_dict(line) for line in self.segments],
            "places": [_as_dict(line) for line in self.places],
            "moving": self.moving.to_dicts(),
        }
        return json.dumps(made, ensure_ascii=False, indent=2, default=str)

    def write_csv(self, path: Path) -> None:
        """The entering and leaving entities as a CSV for a spreadsheet; no cell can start a formula."""
        titles = {column.name: column.title_zh for column in table("out.target_list").columns}
        named = self.moving.with_columns(
            pl.col("change").replace({"enters": "进入", "leaves": "退出"}),
            pl.col("segment").replace(dict(names_zh("segment"))),
            pl.col("rules").list.eval(pl.element().replace(dict(names_zh("rule")))).list.join("；"),
        )
        headings = {"change": "变动", "rules": "结果改变的规则"} | {name: titles[name] for name in LISTED}
        make_room(path)
        write_csv(path, [named.rename(headings)])


def _as_dict(line: Line) -> dict[str, object]:
    return asdict(line) | {"expected_before": line.expected_before, "expected_after": line.expected_after}


@contextmanager
def scratch(settings: Settings, changes: Sequence[str]) -> Iterator[Run]:
    """A run of the last release with changed parameters, in a folder of its own that is removed afterwards.

    Raises:
        UsageError: a change is not `KEY=VALUE` of a parameter, or nothing was published yet.
    """
    overrides = _overrides(changes)
    con = open_published(settings.published / CURRENT)
    try:
        found = release_of(con, settings.published / CURRENT)
    finally:
        con.close()
    week, as_of, version = found["week"], found["as_of"], int(found["catalog_version"])
    parameters(as_of, overrides)  # refused before anything is computed
    made = run_id()
    again = Run(settings, week, as_of, version, made, settings.work / f"rehearsal-{made}", overrides)
    with again.aside():
        yield again


def reuse_features(again: Run) -> bool:
    """Take the features of the release when no changed parameter enters their SQL; False when they must be made anew."""
    if any(again.overrides.keys() & parameters_of(feed) for feed in feature_names()):
        return False
    con = open_published(again.settings.published / CURRENT)
    try:
        columns = [name for name, *_ in con.execute("DESCRIBE mart.features").fetchall()]
        if columns != list(table("mart.features").table_columns):
            return False  # made by another version of the code
        to_parquet(con, "FROM mart.features", {}, again.handover("features"))
    finally:
        con.close()
    return True


def compare(again: Run) -> Rehearsal:
    """The rehearsed list against that of the release."""
    con = open_published(again.settings.published / CURRENT)
    try:
        query = "SELECT * FROM out.target_list WHERE week = ? AND NOT is_holdout"
        before = con.execute(query, [again.week]).pl()
        cohorts = con.execute(
            "SELECT segment, is_mature, CAST(sum(published) AS BIGINT) AS published, CAST(sum(disbursed) AS BIGINT)"
            " AS disbursed FROM out.funnel GROUP BY ALL ORDER BY ALL"
        ).pl()
        after = pl.read_parquet(again.handover("picked")).filter(~pl.col("is_holdout"))
        pairs = _paired(before, after)
        moved = pairs.filter(pl.col("change").is_not_null())
        con.register("moved", moved.select("uscc"))
        was = con.execute(
            "SELECT * FROM out.eligibility SEMI JOIN moved USING (uscc) WHERE week = ?", [again.week]
        ).pl()
    finally:
        con.close()
    rates = _rates(cohorts)
    p, changed = parameters(again.as_of), parameters(again.as_of, again.overrides)
    segments = _lines(pairs, "segment", names_zh("segment"), rates)
    return Rehearsal(
        week=again.week,
        as_of=again.as_of,
        changes={name: (str(getattr(p, name)), str(getattr(changed, name))) for name in again.overrides},
        total=_total(pairs),
        segments=segments,
        places=_lines(pairs, "division_code", division_names(), {}),
        moving=_moving(moved, was, pl.scan_parquet(again.handover("judged"))),
        notes=(*_notes(again.settings, p), *_rate_notes(segments, cohorts, p)),
    )


def _overrides(changes: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for change in changes:
        name, sign, value = change.partition("=")
        name = name.strip()
        if not sign or not name:
            raise UsageError(f"--set {change!r}: expected KEY=VALUE, such as min_annual_tax_yuan=30000")
        if name in found:
            raise UsageError(f"--set {name} is given twice ({found[name]} and {value.strip()}); give it once")
        found[name] = value.strip()
    if not found:
        raise UsageError(
            "nothing to rehearse: give at least one --set KEY=VALUE, such as --set min_annual_tax_yuan=30000"
        )
    return found


def _paired(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Everyone on either list: `change` (enters, leaves, NULL = stays) and what is compared, before and after."""
    was = before.select("uscc", pl.col(LISTED[1:]).name.suffix("_before"), pl.lit(value=True).alias("is_before"))
    now = after.select("uscc", pl.col(LISTED[1:]).name.suffix("_after"), pl.lit(value=True).alias("is_after"))
    change = (
        pl.when(pl.col("is_before").is_null())
        .then(pl.lit("enters"))
        .when(pl.col("is_after").is_null())
        .then(pl.lit("leaves"))
    )
    return was.join(now, on="uscc", how="full", coalesce=True).with_columns(change.alias("change")).sort("uscc")


def _counts() -> list[pl.Expr]:
    return [
        pl.col("is_before").sum().alias("before"),
        pl.col("is_after").sum().alias("after"),
        (pl.col("is_after") & pl.col("is_before").is_null()).sum().alias("entering"),
        (pl.col("is_before") & pl.col("is_after").is_null()).sum().alias("leaving"),
        pl.col("limit_before").sum().alias("limit_before_yuan"),
        pl.col("limit_after").sum().alias("limit_after_yuan"),
    ]


def _sides(pairs: pl.DataFrame, by: str) -> pl.DataFrame:
    """One row per entity and value of `by`: who moves from one segment to another leaves the one and enters the other."""
    before = pairs.filter(pl.col("is_before")).select(
        "uscc", pl.col(f"{by}_before").alias("code"), "is_before", pl.col("limit_yuan_before").alias("limit_before")
    )
    after = pairs.filter(pl.col("is_after")).select(
        "uscc", pl.col(f"{by}_after").alias("code"), "is_after", pl.col("limit_yuan_after").alias("limit_after")
    )
    return before.join(after, on=["uscc", "code"], how="full", coalesce=True, nulls_equal=True)


def _lines(pairs: pl.DataFrame, by: str, titles: Mapping[str, str], rates: Mapping[str, Rate]) -> tuple[Line, ...]:
    """One line per value of a column, those with most movement first."""
    counted = _sides(pairs, by).group_by("code").agg(_counts())
    moved = pl.col("entering") + pl.col("leaving")
    ordered = counted.sort(moved, "after", "code", descending=[True, True, False], nulls_last=True)
    return tuple(
        Line(code=code or "", title_zh=titles.get(code or "", code or "未知"), rate=rates.get(code or ""), **counts)
        for code, counts in ((row.pop("code"), row) for row in ordered.to_dicts())
    )


def _total(pairs: pl.DataFrame) -> Line:
    sides = pairs.rename({"limit_yuan_before": "limit_before", "limit_yuan_after": "limit_after"})
    return Line(code="total", title_zh="合计", **sides.select(_counts()).to_dicts()[0])


def _moving(moved: pl.DataFrame, was: pl.DataFrame, judged: pl.LazyFrame) -> pl.DataFrame:
    """Who enters or leaves, as it stands on the list it is on, with the rules whose outcome differs."""
    columns = [rule.column for rule in RULES.values() if rule.column in was.columns]
    now = judged.select("uscc", *columns).join(moved.lazy().select("uscc"), on="uscc", how="semi").collect()
    both = was.select("uscc", *columns).join(now, on="uscc", how="full", coalesce=True, suffix="_now")
    differing = [
        pl.when(pl.col(column).ne_missing(pl.col(f"{column}_now"))).then(pl.lit(column.removeprefix("rule__")))
        for column in columns
    ]
    rules = both.select("uscc", pl.concat_list(differing).list.drop_nulls().alias("rules"))
    shown = [pl.coalesce(f"{name}_after", f"{name}_before").alias(name) for name in LISTED[1:]]
    return moved.select("change", "uscc", *shown).join(rules, on="uscc", how="left").sort("change", "uscc")


def _rates(cohorts: pl.DataFrame) -> dict[str, Rate]:
    """Segment -> rate over all cohorts old enough (`maturity_days`)."""
    mature = cohorts.filter("is_mature").to_dicts()
    found = ((row["segment"], Rate.of(row["published"], row["disbursed"])) for row in mature)
    return {segment: rate for segment, rate in found if rate is not None}


def _rate_notes(segments: Sequence[Line], cohorts: pl.DataFrame, p: Parameters) -> list[str]:
    without = [line.title_zh for line in segments if line.rate is None]
    if not without:
        return []
    published, disbursed = int(cohorts["published"].sum()), int(cohorts["disbursed"].sum())
    so_far = f"so far {disbursed:,} first loans of {published:,} entities published, cohorts of any age"
    return [f"no cohort older than {p.maturity_days} days, so no expected conversions: {'、'.join(without)} ({so_far})"]


def _notes(settings: Settings, p: Parameters) -> list[str]:
    """What else than the changed parameters may be behind a difference."""
    manifest = (settings.published / CURRENT).resolve().with_name(MANIFEST)
    recorded = json.loads(manifest.read_text(encoding="utf-8")) if manifest.is_file() else {}
    now = {"parameters_version": ("the parameter files", p.version), "code_digest": ("the code", code_digest())}
    changed = [what for key, (what, version) in now.items() if recorded.get(key) != version]
    if not changed:
        return []
    return [f"{' and '.join(changed)} changed since this release: a difference may come from that, not from --set"]
