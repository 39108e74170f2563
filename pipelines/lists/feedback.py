"""What people fill in on the weekly list: the columns at its right end, read back under the contract of crm__contacts."""

from __future__ import annotations

from datetime import date

from pipelines.feeds.gate import usual_values
from pipelines.lists.workbook import Blank

FEED = "crm__contacts"
SHEET = "名单"
HEADINGS = {"contacted_at": "触达时间", "channel": "触达方式", "result": "触达结果"}
"""Column of the feed -> heading on the list, one of those its contract knows."""

PLACE = ("工作表", "工作簿行号")
"""Headings of a returned row beside those of the contract: where it stands in the workbook as it came back."""


def blanks(as_of: date) -> tuple[Blank, ...]:
    """The columns to fill in: when (no earlier than the list's as-of), how, and what came of it.

    What may be chosen is what `expectations/crm__contacts.yml` names as the usual values.
    """
    return tuple(
        Blank(name, heading, since=as_of) if name == "contacted_at" else Blank(name, heading, usual_values(FEED, name))
        for name, heading in HEADINGS.items()
    )
