"""Which entity of a release a person means: by code, legacy id, farm number, name or a part of the name."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.eligibility.evidence import FARM, rows_of
from pipelines.errors import UsageError
from pipelines.registers.uscc import is_valid

if TYPE_CHECKING:
    from pipelines.warehouse.connect import Connection

CODE_LENGTH = 18
LEGACY_LENGTH = 15
CANDIDATES_SHOWN = 20


@dataclass(frozen=True)
class Candidate:
    """An entity that a query may mean."""

    uscc: str
    name: str | None
    division_code: str | None


def find(con: Connection, query: str, week: str) -> tuple[Candidate, ...]:
    """The entities of `out.eligibility` that fit best: the one with that code, else with that name, else a part of it.

    Width and case of letters, spaces and the width of brackets do not matter. At most 20 are returned.

    Raises:
        UsageError: none fits; the nearest names are suggested.
    """
    text = plain(query)
    if not text:
        raise UsageError("nothing to look for; expected a unified social credit code or a name")
    for condition, values in _conditions(query, text):
        found = _candidates(con, condition, values, week)
        if found:
            return found
    raise UsageError(_not_found(con, query, text, week))


def plain(text: str) -> str:
    """Half-width capital letters without spaces: `９１５１ma…` and `91 51MA…` are the same code."""
    return "".join(unicodedata.normalize("NFKC", text).split()).upper()


def _conditions(query: str, text: str) -> list[tuple[str, tuple[str, ...]]]:
    """What to look for, the quickest first: plain comparisons are answered from a few blocks of the sorted file.

    A code is never looked for among names, nor a name among codes.
    """
    if text.startswith(FARM.upper()):
        return [("starts_with(uscc, 'farm:') AND upper(uscc) = ?", (text,))]
    if len(text) == CODE_LENGTH and text.isascii() and text.isalnum():
        return [("uscc = ?", (text,))]
    names = _spellings(query, text)
    exact = ("name IN (" + ", ".join("?" * len(names)) + ")", names)
    part = (" OR ".join(["contains(name, ?)"] * len(names)), names)
    plain_name = "translate(upper(replace(name, ' ', '')), '（）　', '()')"
    conditions = [exact, (f"({part[0]})", names), (f"contains({plain_name}, ?)", (text,))]
    if len(text) == LEGACY_LENGTH and text.isascii() and text.isalnum():
        # a legacy taxpayer id ends with the organisation code, characters 9 to 17 of the new code
        conditions.insert(0, ("substr(uscc, 9, 9) = ?", (text[-9:],)))
    return conditions


def _spellings(query: str, text: str) -> tuple[str, ...]:
    """The ways in which a register may write a name: as asked for, and with brackets of either width."""
    wide = text.translate(str.maketrans("()", "（）"))
    return tuple(dict.fromkeys([query.strip(), text, wide]))


def _candidates(con: Connection, condition: str, values: tuple[str, ...], week: str) -> tuple[Candidate, ...]:
    query = f"""
        SELECT uscc, name, division_code FROM out.eligibility
        WHERE week = ? AND {condition} ORDER BY uscc LIMIT {CANDIDATES_SHOWN}
    """
    return tuple(Candidate(**row) for row in rows_of(con, query, week, *values))


def _not_found(con: Connection, query: str, text: str, week: str) -> str:
    if len(text) == CODE_LENGTH and text.isascii() and not is_valid(text):
        return (
            f"{query!r} is not a unified social credit code: a character is wrong (its check character does not agree)"
        )
    if len(text) == CODE_LENGTH and text.isascii():
        return f"no feed had named {query!r} by the as-of date of {week}; expected an entity of out.eligibility"
    near = """
        SELECT name, uscc FROM out.eligibility WHERE week = ? AND name IS NOT NULL
        ORDER BY jaro_winkler_similarity(name, ?) DESC, uscc LIMIT 3
    """
    names = "; ".join(f"{row['name']} ({row['uscc'].removeprefix(FARM)})" for row in rows_of(con, near, week, query))
    return f"no entity of {week} is called {query!r}; nearest names: {names or 'none'}"
