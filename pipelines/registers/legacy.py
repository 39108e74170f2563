"""Legacy 15-character ids: the entity behind one is who has the same organisation code, whatever the region says."""

from __future__ import annotations

from pipelines.feeds.codes import LEGACY
from pipelines.feeds.contract import Contract, contract, feeds
from pipelines.warehouse.connect import Connection, quoted

_IDS = f"uscc >= {quoted(LEGACY)}"
"""Small letters sort behind every code, so that files without legacy ids are skipped by their statistics, not read."""


def resolve(con: Connection) -> None:
    """`register.legacy`: source_feed, source_id, uscc, evidence of every legacy id whose entity is known.

    Known are the codes of the registers (feeds delivered as `upsert`) as seen at as-of. An organisation code that two
    codes share names neither, and its ids stay entities of their own.
    """
    coded = [made for made in map(contract, feeds()) if any(column.name == "uscc" for column in made.columns)]
    delivered = " UNION ".join(
        f"SELECT {quoted(made.feed)} AS source_feed, uscc AS source_id FROM feed.{made.feed} WHERE {_IDS}"
        for made in coded
    )
    con.execute(f"CREATE OR REPLACE TABLE register.legacy_ids AS {delivered}")
    row = con.execute("SELECT count(*) FROM register.legacy_ids").fetchone()
    known = _known(coded) if row and row[0] else "SELECT NULL AS uscc WHERE FALSE"
    con.execute(
        f"""
        CREATE OR REPLACE TABLE register.legacy AS
        WITH entities AS (
            SELECT substr(uscc, 9, 9) AS organisation_code, min(uscc) AS uscc FROM ({known})
            GROUP BY organisation_code HAVING count(DISTINCT uscc) = 1
        )
        SELECT source_feed, source_id, uscc, '组织机构代码 ' || organisation_code || ' 相同' AS evidence
        FROM (SELECT *, right(source_id, 9) AS organisation_code FROM register.legacy_ids) JOIN entities USING (organisation_code)
        """
    )


def _known(coded: list[Contract]) -> str:
    wanted = "substr(uscc, 9, 9) IN (SELECT right(source_id, 9) FROM register.legacy_ids)"
    return " UNION ".join(
        f"SELECT uscc FROM feed.{made.feed} WHERE uscc < {quoted(LEGACY)} AND {wanted}"
        for made in coded
        if made.delivery == "upsert"
    )
