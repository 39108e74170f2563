"""The files of a new feed, written where every feed has them: contract, expectations, masked sample, dictionary."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from pipelines import dictionary, flow
from pipelines.errors import UsageError
from pipelines.feeds.contract import CONTRACTS
from pipelines.feeds.gate import EXPECTATIONS
from pipelines.feeds.ledger import FileOutcome
from pipelines.feeds.personal import HIDDEN
from pipelines.feeds.pull import date_in_name
from pipelines.newfeed.propose import Proposal, Proposed, as_contract, propose
from pipelines.newfeed.sample import Sample, read_sample
from pipelines.settings import SAMPLES, Settings, today_in_china
from pipelines.warehouse.connect import reader

NAME = r"[a-z][a-z0-9]*__[a-z][a-z0-9_]*"
SAMPLE_ROWS = 200
EXPECTED = SAMPLES / "expected.json"


@dataclass(frozen=True)
class NewFeed:
    """What was proposed and written, and how the sample file itself landed by it in a trial."""

    feed: str
    proposal: Proposal
    paths: tuple[Path, ...]
    trial: FileOutcome


def new_feed(feed: str, path: Path, title_zh: str | None, department: str | None, key: Sequence[str] = ()) -> NewFeed:
    """Propose a feed from a sample, write its files, and land the sample by them in a home of its own.

    Raises:
        UsageError: the name is not one of a feed, or the feed exists; no header or key is found.
        FileRefusedError: the sample cannot be decoded.
    """
    if not re.fullmatch(NAME, feed):
        raise UsageError(
            f"{feed!r} is not a feed name; expected department__content in lower case, e.g. housing__permits"
        )
    targets = (CONTRACTS / f"{feed}.yml", EXPECTATIONS / f"{feed}.yml", SAMPLES / feed)
    taken = [str(each) for each in targets if each.exists()]
    if taken:
        raise UsageError(
            f"{feed} exists already ({', '.join(taken)}); nothing was changed: edit those, or take another name"
        )
    sample = read_sample(path)
    proposal = propose(sample, key)
    _write_yaml(targets[0], as_contract(proposal, feed, title_zh or feed, department or "待填写"))
    _write_yaml(targets[1], _expectations(proposal, feed, sample))
    written = _write_sample(targets[2], feed, path, sample, proposal)
    dictionary.write()
    _expect_sample(feed, written)
    trial, _ = _trial(feed, path)
    return NewFeed(feed, proposal, (*targets[:2], written, dictionary.DICTIONARY, EXPECTED), trial)


def _write_yaml(path: Path, content: Mapping[str, Any]) -> None:
    text = yaml.safe_dump(dict(content), allow_unicode=True, sort_keys=False, default_flow_style=None, width=1000)
    path.write_text(text, encoding="utf-8")


def _write_sample(folder: Path, feed: str, path: Path, sample: Sample, proposal: Proposal) -> Path:
    """The first rows with their headings; personal cells are masked, for a sample goes into the repository."""
    folder.mkdir(parents=True)
    day = date_in_name(path.name) or today_in_china()
    shown = [
        (pl.when(pl.col(f"c{each.place}").is_not_null()).then(pl.lit(HIDDEN)) if each.personal else pl.col(f"c{each.place}"))
        .alias(each.heading)
        for each in proposal.columns
    ]  # fmt: skip
    target = folder / f"{feed.partition('__')[2]}_{day:%Y%m%d}.csv"
    sample.rows.head(SAMPLE_ROWS).select(shown).write_csv(target)
    return target


def _expect_sample(feed: str, written: Path) -> None:
    """Note what must become of the sample, as for every file of `data_samples/`, one line a file."""
    outcome, reasons = _trial(feed, written)
    fate = {name: getattr(outcome, name) for name in ("status", "rows_in", "accepted", "duplicates", "quarantined")}
    known = EXPECTED.read_text(encoding="utf-8").rstrip().removesuffix("}").rstrip()
    line = f"{json.dumps(f'{feed}/{written.name}')}: {json.dumps({**fate, 'reasons': reasons}, ensure_ascii=False)}"
    EXPECTED.write_text(f"{known},\n  {line}\n}}\n", encoding="utf-8")


def _trial(feed: str, path: Path) -> tuple[FileOutcome, list[str]]:
    """What becomes of a file by the new contract, in a home of its own, and why rows of it were quarantined."""
    with tempfile.TemporaryDirectory() as scratch:
        inbox = Path(scratch) / "inbox" / feed
        inbox.mkdir(parents=True)
        shutil.copy2(path, inbox / path.name)
        settings = Settings.from_env(Path(scratch) / "home", inbox.parent)
        (outcome,) = flow.ingest(settings, [feed]).files
        with reader(settings) as con:
            rows = con.execute("SELECT DISTINCT unnest(reasons) FROM lake.quarantine.rows ORDER BY 1").fetchall()
        return outcome, [reason for (reason,) in rows]


def _expectations(proposal: Proposal, feed: str, sample: Sample) -> dict[str, Any]:
    """What a batch of it is, from the sample: bounds are a hundredfold around it until somebody knows better."""
    rows = [
        _expect("expect_table_row_count_to_be_between", "critical", "An empty delivery is a failed export", min_value=1)
    ]
    always = [each for each in proposal.columns if each.name in proposal.key]
    rows += [_filled(each, 0.99) for each in always]
    rows += [
        _filled(each, round(each.filled / 2, 2))
        for each in proposal.columns
        if each not in always and each.filled >= 0.2
    ][:3]
    rows += [_words(each) for each in proposal.columns if each.values][:2]
    rows += [found for each in proposal.of("money") if (found := _median(each, sample))][:2]
    broken = "When most rows break the contract, contract and file do not speak of the same thing"
    facts: list[tuple[str, str, float, str, str]] = [
        ("clean_share", "min", 0.5, "critical", broken),
        ("rows_vs_usual", "min", 0.2, "warning", "Far fewer rows than usual: an export that broke off"),
        ("rows_vs_usual", "max", 5, "warning", "Far more rows than usual: another export"),
    ]
    facts += (
        [("known_share", "min", 0.3, "warning", "Codes the register does not know reach no entity")]
        if proposal.of("uscc")
        else []
    )
    facts += (
        [("days_behind", "max", 100, "warning", "Its newest period is old for the day it came")]
        if proposal.period
        else []
    )
    totals = proposal.of("money")[:1] if proposal.delivery != "upsert" else []
    unit = "A total two hundred times below the usual one is in another unit"
    facts += [(f"{each.name}_vs_usual", "min", 0.005, "critical", unit) for each in totals]
    delivery = [
        _expect(f"expect_column_{end}_to_be_between", severity, why, column=fact, **{f"{end}_value": bound})
        for fact, end, bound, severity, why in facts
    ]
    return {"name": feed, "expectations": rows, "delivery": delivery}


def _expect(kind: str, severity: str, why: str, **kwargs: Any) -> dict[str, Any]:
    return {"type": kind, "kwargs": kwargs, "severity": severity, "meta": {"why": why}}


def _filled(column: Proposed, mostly: float) -> dict[str, Any]:
    why = f"In the sample {column.filled:.0%} of the rows have it"
    return _expect("expect_column_values_to_not_be_null", "warning", why, column=column.name, mostly=mostly)


def _words(column: Proposed) -> dict[str, Any]:
    why = "Words the sample did not have: a lookup in the contract, or a new kind"
    kind = "expect_column_distinct_values_to_be_in_set"
    return _expect(kind, "warning", why, column=column.name, value_set=list(column.values))


def _median(column: Proposed, sample: Sample) -> dict[str, Any] | None:
    numbers = sample.rows[f"c{column.place}"].str.replace_all(",", "").cast(pl.Float64, strict=False)
    scale = {"千元": 1e3, "万元": 1e4, "百万元": 1e6, "亿元": 1e8}.get(column.unit or "", 1.0)
    median = float(numbers.median() or 0) * scale  # type: ignore[arg-type]
    if median <= 0:
        return None
    bounds = [float(f"{median / 100:.1g}"), float(f"{median * 100:.1g}")]
    why = "A median a hundred times off the sample's means another unit (元 against 万元)"
    return _expect(
        "expect_column_quantile_values_to_be_between", "warning", why, column=column.name,
        quantile_ranges={"quantiles": [0.5], "value_ranges": [bounds]},
    )  # fmt: skip
