"""One weekly run: its as-of, its week, the catalog version it reads, and where its steps hand over."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

from pipelines.errors import UsageError
from pipelines.settings import Settings


@dataclass(frozen=True)
class Run:
    """What every step of a week must agree on; kept in `work/<week>/run.json` so that each step may be its own process.

    `overrides` are the changed parameters of a rehearsal; a run that is published has none.
    """

    settings: Settings
    week: str
    as_of: date
    version: int
    run_id: str
    folder: Path
    overrides: Mapping[str, str] = field(default_factory=dict)

    def handover(self, step: str) -> Path:
        """Where a step leaves its rows for the next: a Parquet file, or a folder of such files."""
        return self.folder / f"{step}.parquet"

    def expect(self, handover: str, step: str) -> None:
        """Look before a step begins whether the one before has left what it reads.

        Raises:
            UsageError: it has not.
        """
        path = self.handover(handover)
        if not path.exists():
            raise UsageError(
                f"{step} of {self.week}: {path.name} is not in {self.folder}; expected what the step before leaves there. It "
                "did not run, or another run of the week has begun since: let that one end, or repeat the steps from `link` on"
            )

    def begin(self) -> None:
        """Write `run.json` where no hand-over of an earlier run of the week is left.

        What was made of two states of the warehouse could not be replayed.
        """
        for handover in self.folder.glob("*.parquet"):
            if handover.is_dir():
                shutil.rmtree(handover)
            else:
                handover.unlink()
        self.save()

    @contextmanager
    def aside(self) -> Iterator[Run]:
        """The run in a folder of its own that is removed afterwards, however it ended."""
        self.folder.mkdir(parents=True)
        try:
            yield self
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def save(self) -> None:
        """Write `run.json`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        facts = {"week": self.week, "as_of": self.as_of.isoformat(), "version": self.version, "run_id": self.run_id}
        (self.folder / "run.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, settings: Settings, week: str) -> Run:
        """The run of a week that `start` began.

        Raises:
            UsageError: there is none.
        """
        path = settings.work / week / "run.json"
        if not path.is_file():
            raise UsageError(f"no run of {week} is under way in {settings.work}; begin it with `start`")
        facts: Mapping[str, str] = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            settings,
            facts["week"],
            date.fromisoformat(facts["as_of"]),
            int(facts["version"]),
            facts["run_id"],
            path.parent,
        )

    def facts(self) -> str:
        """The settings of the run as JSON, for `ops.runs`; a catalog's password is never in them."""
        shown = {name: str(value) for name, value in asdict(self.settings).items()}
        shown["catalog"] = shown["catalog"].partition(":")[0]
        return json.dumps(shown, ensure_ascii=False, sort_keys=True)
