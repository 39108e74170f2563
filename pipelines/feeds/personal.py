"""What of a quarantined row may be shown: its text is published, and the columns that would say what is personal are gone.

- A cell of a column the contract marks personal is `***`, and so is one under a heading that speaks of a person and that no
  contract knows.
- A personal number in a column of codes keeps its region.
- In free text, and under other headings no contract knows, identity numbers and mobile numbers are masked.
- A line that is no row cannot be told apart into cells: from a file that has any personal column nothing of it is shown.

The reason names the column; file and row say where the delivered value stands.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipelines.feeds.codes import entity_id, looks_personal, masked, without_personal_numbers
from pipelines.feeds.contract import Column
from pipelines.feeds.decode import Source
from pipelines.warehouse.connect import quoted

HIDDEN = "***"

OF_A_PERSON = re.compile(
    r"手机|电话|身份证|证件号|法定代表人|法人代表|法人姓名|联系人|姓名|负责人|银行卡|住址|邮箱|微信"
)
"""Headings under which a person is named or can be reached."""


def shown_fields(source: Source, fields: Sequence[str]) -> str:
    """SQL list of a row's cells as they may be shown; `fields` are the cells as delivered, in file order."""
    columns = _columns(source)
    return f"[{', '.join(_shown(columns.get(place), source.header[place], text) for place, text in enumerate(fields))}]"


def kept_fields(source: Source, fields: Sequence[str]) -> str:
    """SQL list of a row's cells as they are kept for correction: as delivered, without persons' numbers in place of codes."""
    columns = _columns(source)
    is_code = [place in columns and columns[place].type == "uscc" for place in range(len(fields))]
    return f"[{', '.join(_code(text) if of_codes else text for text, of_codes in zip(fields, is_code, strict=True))}]"


def shown_line(source: Source, line: str) -> str:
    """SQL of a line that is no row, as it may be shown."""
    return quoted(HIDDEN) if has_personal(source) else without_personal_numbers(line)


def has_personal(source: Source) -> bool:
    """Whether the file has a column of personal data."""
    columns = _columns(source)
    return any(_is_personal(columns.get(place), heading) for place, heading in enumerate(source.header))


def _columns(source: Source) -> dict[int, Column]:
    return {each.position: each.column for each in (*source.matched.headings, *source.matched.outranked)}


def _is_personal(column: Column | None, heading: str) -> bool:
    return column.personal if column else bool(OF_A_PERSON.search(heading))


def _shown(column: Column | None, heading: str, text: str) -> str:
    if _is_personal(column, heading):
        return f"CASE WHEN trim({text}) <> '' THEN {quoted(HIDDEN)} ELSE {text} END"
    if column and column.type == "uscc":
        return _code(text)
    return without_personal_numbers(text) if column is None or column.is_free else text


def _code(text: str) -> str:
    return f"CASE WHEN {looks_personal(text)} AND {entity_id(text)} IS NULL THEN {masked(text)} ELSE {text} END"
