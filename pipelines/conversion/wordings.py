"""Results of contacts in other words than the usual: which there are, and which of them are heard as a refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pipelines.feeds.gate import usual_values
from pipelines.lists.feedback import FEED
from pipelines.warehouse.connect import Connection
from pipelines.warehouse.query import select

_A_DAY = date(2000, 1, 1)
"""Any: what words mean does not depend on the day they were said."""


@dataclass(frozen=True)
class Wording:
    """A result in words that the list does not offer.

    Attributes:
        words: as they landed.
        rows: of the file in which they stand.
        heard_as: the reasons for which such a contact keeps its entity off the lists; none = the words are not known, and
            the contact counts as one and as nothing more.
    """

    words: str
    rows: int
    heard_as: tuple[str, ...]


def unusual_results(con: Connection, file_id: str) -> tuple[Wording, ...]:
    """The results of a file landed in crm__contacts that are none of the usual, unknown ones first, then the most frequent."""
    rows = con.execute(
        f"""
        SELECT result, count(*) FROM lake.feed.{FEED} WHERE file_id = ? AND NOT list_contains(?, result)
        GROUP BY result ORDER BY count(*) DESC, result
        """,
        [file_id, list(usual_values(FEED, "result"))],
    ).fetchall()
    refusals = heard(con, [words for words, _ in rows])
    found = [Wording(words, count, refusals.get(words, ())) for words, count in rows]
    return tuple(sorted(found, key=lambda each: bool(each.heard_as)))


def heard(con: Connection, wordings: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The wordings that keep an entity off the lists, with the reasons: by the SELECT that does, of one entity for each.

    Replaces the views of the connection on contacts, suppressions and the register.
    """
    con.execute("CREATE SCHEMA IF NOT EXISTS feed")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE wordings AS SELECT unnest($wordings::VARCHAR[]) AS words",
        {"wordings": list(wordings)},
    )
    con.execute(
        f"""
        CREATE OR REPLACE VIEW feed.{FEED} AS
        SELECT words AS uscc, words AS result, TIMESTAMP '{_A_DAY}' AS contacted_at, '' AS file_id, 0 AS row_no FROM wordings
        """
    )
    for nothing in ("crm__suppressions", "registry__entities"):
        con.execute(f"CREATE OR REPLACE VIEW feed.{nothing} AS FROM lake.feed.{nothing} WHERE FALSE")
    found = con.execute(
        f"SELECT uscc, list(reason ORDER BY reason) FROM ({select('published/suppressed')}) GROUP BY uscc",
        {"as_of": _A_DAY},
    )
    return {words: tuple(reasons) for words, reasons in found.fetchall()}
