"""Two simulated worlds played on: one teaches a card by what became of its list, the other is ranked by that card.

The second world has other entities and a later day, so nothing learned is measured on what it was learned from. Both the
test and `python -m tests.benchmarks.learning` play them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import polars as pl

from pipelines import flow
from pipelines.parameters import plan
from pipelines.scoring import card
from pipelines.settings import Settings
from pipelines.simulate import province
from pipelines.simulate.outcomes import play

TAUGHT, RANKED, MATURED = date(2026, 11, 23), date(2027, 2, 22), date(2027, 5, 24)
"""The list that teaches; ninety-one days later the fit and the list by the learned card; ninety-one more, and that has matured."""

LEARNED, EXPERT = "learned_world", "expert_2026"
MONTHS = 14


@dataclass(frozen=True)
class World:
    """A simulated world in a folder, with the home its files land in."""

    folder: Path
    as_of: date
    seed: int

    @property
    def settings(self) -> Settings:
        return Settings.from_env(self.folder / "home", self.folder / "inbox")

    def made(self, entities: int) -> World:
        """Write its files."""
        made = province.World(entities, MONTHS, self.seed, as_of=self.as_of, recent=1)
        province.write(made, self.folder / "inbox")
        return self

    def truth(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.folder / "inbox" / "truth" / f"{name}.parquet")

    def ask(self, sql: str, database: Path | None = None) -> pl.DataFrame:
        """The answer of a published file, by default the current one."""
        chosen = (database or self.settings.published / "current.duckdb").resolve()
        with duckdb.connect(str(chosen), read_only=True) as con:
            return con.execute(sql).pl()

    def listed(self) -> flow.RunReport:
        """Its list, and what becomes of it in the weeks after."""
        report = flow.run(self.settings, self.as_of)
        play(self.settings.home, self.folder / "inbox", self.seed, self.folder / "inbox")
        return report


def fitted(world: World, target: Path, segments: Sequence[str] = ()) -> flow.FitReport:
    """A card learned from what became of a world's list (no segment named: of all that can be learned)."""
    flow.ingest(world.settings)
    return flow.fit(world.settings, target, segments, RANKED)


def switched(segments: list[str]) -> dict[str, dict[date, Any]]:
    """The dated values that make the learned card the champion of some segments, and the expert's its challenger."""
    learned = dict.fromkeys(segments, LEARNED)
    return {
        "scorecard": {RANKED: {"default": EXPERT, **learned}},
        "challenger": {RANKED: dict.fromkeys(segments, EXPERT)},
    }


@contextmanager
def changed_plan(folder: Path, values: Mapping[str, Mapping[date, Any]]) -> Iterator[None]:
    """The plan with further dated values and the scorecards of `folder / "cards"`, as an editor of the files leaves them."""
    for name, source in (("parameters", plan.FOLDER), ("cards", card.SCORECARDS)):
        shutil.copytree(source, folder / name, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    path = folder / "parameters" / plan.PLAN.name
    path.write_text(_with_values(path.read_text(encoding="utf-8"), values), encoding="utf-8")
    with (
        mock.patch.object(plan, "FOLDER", folder / "parameters"),
        mock.patch.object(plan, "PLAN", path),
        mock.patch.object(card, "SCORECARDS", folder / "cards"),
    ):
        _forget()
        try:
            yield
        finally:
            _forget()


def _with_values(text: str, values: Mapping[str, Mapping[date, Any]]) -> str:
    for name, by_date in values.items():
        head, tail = text.split(f"\n{name}:\n", 1)
        before, after = tail.split("  values: {", 1)
        first, rest = after.split("\n", 1)
        more = ", ".join(f"{day}: {_flow(value)}" for day, value in by_date.items())
        text = f"{head}\n{name}:\n{before}  values: {{{first[:-1]}, {more}}}\n{rest}"
    return text


def _flow(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {each}" for key, each in value.items()) + "}"
    return str(value)


def _forget() -> None:
    """What was read of the files before they were changed."""
    plan._plan.cache_clear()
    plan._digest_of_files.cache_clear()
    card.scorecard.cache_clear()
