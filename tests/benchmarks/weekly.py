"""The weekly job on a warehouse that has landed everything: who is who, features, judged, scored, offered, picked, published."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.benchmarks.apart import Work
from tests.benchmarks.clock import Clock

STEPS = ("link", "features", "judge", "score", "offer", "pick", "publish")


def ours(home: Path, scratch: Path) -> Work:
    """All steps of a week; the release is published under the home."""
    import great_expectations  # noqa: F401 - loaded before the clock starts

    from pipelines import flow, releases
    from pipelines.lists import export
    from pipelines.releases import Release
    from pipelines.settings import Settings
    from pipelines.simulate.months import AS_OF

    settings = Settings.from_env(home=home)
    shutil.rmtree(settings.published, ignore_errors=True)
    clock = Clock()
    for step in STEPS:
        clock.watch(flow, step, step)
    clock.watch(export, "write_workbook", "publish: workbook")
    clock.watch(releases, "_write_lake", "publish: into the warehouse")
    clock.watch(releases, "_build_database", "publish: the .duckdb")
    published: list[Release] = []

    def week() -> None:
        started = flow.start(settings, AS_OF)
        for step in STEPS[:-1]:
            getattr(flow, step)(started)
        published.append(flow.publish(started))

    return Work(week, lambda: {"listed": published[0].counts["listed"]}, lambda: clock.seconds)
