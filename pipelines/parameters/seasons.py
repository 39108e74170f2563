"""The seasons of trade around a day (S43)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from pipelines.errors import DeclarationError
from pipelines.parameters.documents import declared
from pipelines.parameters.plan import FOLDER

SEASONS = FOLDER / "seasons.yml"


@dataclass(frozen=True)
class Season:
    """A window of days, both included, in which trade needs money most."""

    name_zh: str
    begins_on: date
    ends_on: date

    def text_zh(self, day: date) -> str:
        """How the season reads on a day within it or before it."""
        state = "进行中" if day >= self.begins_on else f"{(self.begins_on - day).days}天后开始"
        return f"{self.name_zh}（{self.begins_on}至{self.ends_on}，{state}）"


def season(day: date, lead_days: int) -> Season | None:
    """The season that `day` lies in, else the next one that begins within `lead_days`; None between seasons.

    Raises:
        DeclarationError: seasons.yml is wrong.
    """
    near = [each for each in _seasons() if each.begins_on - timedelta(lead_days) <= day <= each.ends_on]
    return min(near, key=lambda each: each.begins_on, default=None)


def last_season_ends_on() -> date:
    """The last day for which `seasons.yml` has a season.

    Raises:
        DeclarationError: seasons.yml is wrong.
    """
    return max(each.ends_on for each in _seasons())


@cache
def _seasons() -> tuple[Season, ...]:
    found = tuple(Season(**row) for row in declared(SEASONS, "seasons")["seasons"])
    for each in found:
        if each.ends_on < each.begins_on:
            raise DeclarationError(f"{SEASONS.name}: {each.name_zh} ends on {each.ends_on}, before {each.begins_on}")
    return found
