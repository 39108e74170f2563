"""The weekly job from the departments' files to the published list: the first week of a warehouse, and one a month later."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from tests.benchmarks.apart import Work
from tests.benchmarks.clock import Clock

FIRST = date(2026, 10, 26)
"""A Monday before the new month of `month.py`."""

STEPS = ("link", "features", "judge", "score", "offer", "pick", "publish")


def first(inputs: Path, scratch: Path) -> Work:
    """All steps of a week for a warehouse that has never published; the release stays in the home of `month.make`."""
    return _week(inputs, FIRST, has_files=False)


def later(inputs: Path, scratch: Path) -> Work:
    """What `shoudai run` does four weeks later: the new month lands, and a list is published."""
    from pipelines.simulate.months import AS_OF

    return _week(inputs, AS_OF, has_files=True)


def _week(inputs: Path, as_of: date, *, has_files: bool) -> Work:
    import great_expectations  # noqa: F401 - loaded before the clock starts

    from pipelines import flow, releases
    from pipelines.lists import export
    from pipelines.releases import Release
    from pipelines.settings import Settings

    settings = Settings.from_env(home=inputs / "home")
    clock = Clock()
    for step in ("ingest", *STEPS):
        clock.watch(flow, step, step)
    clock.watch(export, "write_workbook", "publish: workbook")
    clock.watch(releases, "_write_lake", "publish: into the warehouse")
    clock.watch(releases, "_build_database", "publish: the .duckdb")
    published: list[Release] = []

    def week() -> None:
        if has_files:
            flow.ingest(settings)
        started = flow.start(settings, as_of)
        for step in STEPS[:-1]:
            getattr(flow, step)(started)
        published.append(flow.publish(started))

    return Work(week, lambda: {"listed": published[0].counts["listed"]}, lambda: clock.seconds)
