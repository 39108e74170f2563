"""A learned scorecard written as YAML: the same kind as an expert's, the same bytes for the same cards."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from pipelines.errors import UsageError
from pipelines.scoring.card import NAME, Card, Characteristic


def check_name(path: Path) -> None:
    """A scorecard is named as its file.

    Raises:
        UsageError: the file's name is none for a scorecard.
    """
    if path.suffix != ".yml" or not NAME.fullmatch(path.stem):
        raise UsageError(
            f"--out {path}: expected a file such as learned_2026w48.yml (small letters, digits, _, beginning with a letter)"
        )


def scorecard_yaml(name: str, learned_on: date, cards: Sequence[Card]) -> str:
    """The text of a scorecard file with these cards."""
    lines = [
        f"# Learned by `shoudai fit` from conversions matured on {learned_on}; how well it tells stands in {name}.md.",
        "# Points of 0 to 100; grades take in the shares of entities that the champion's took in.",
        f"scorecard: {name}",
        f"title_zh: {learned_on}转化数据学习评分卡",
        "segments:",
        *(line for card in cards for line in _card(card)),
    ]
    return "\n".join(lines) + "\n"


def _card(card: Card) -> Iterable[str]:
    yield f"  {card.segment}:"
    yield "    grades:"
    yield from (f"      - {{grade: {grade}, from: {start}}}" for grade, start in card.grades)
    yield "    characteristics:"
    for made in card.characteristics:
        yield from _characteristic(made)
    if card.learned is not None:
        yield "    learned:"
        yield f"      learned_on: {card.learned.learned_on}"
        yield f"      entities: {card.learned.entities}"
        yield f"      events: {card.learned.events}"
        yield "      shares_pct:"
        yield from (f"        {name}: [{', '.join(map(str, made))}]" for name, made in card.learned.shares_pct.items())
        yield f"      expected_pct: {{{', '.join(f'{grade}: {rate}' for grade, rate in card.learned.expected_pct.items())}}}"


def _characteristic(made: Characteristic) -> Iterable[str]:
    yield f"      {made.name}:"
    yield f"        clause: {made.clause}"
    yield f"        column: {made.column}"
    if made.values is not None:
        listed = ", ".join(
            f"{json.dumps(value, ensure_ascii=False)}: {points}" for value, points in made.values.items()
        )
        yield f"        values: {{{listed}}}"
        yield f"        other: {made.other}"
    else:
        bands = [f"below: {_plain(band.below)}, " if band.below is not None else "" for band in made.bands]
        written = ", ".join(f"{{{below}points: {band.points}}}" for below, band in zip(bands, made.bands, strict=True))
        yield f"        bands: [{written}]"
    yield f"        unknown: {made.unknown}"
    yield f"        reason_zh: {json.dumps(made.reason_zh, ensure_ascii=False)}"


def _plain(bound: Decimal | int) -> str:
    return f"{bound:f}" if isinstance(bound, Decimal) else str(bound)
