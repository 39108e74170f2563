"""Who is who at an as-of: legacy ids, accounts and farms without a code, linked to entities with evidence and score.

Tables of the connection's schema `register`: `parties` -> `sources` and `known` -> `pairs` -> `scored` -> `judged` -> links.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from pipelines.parameters import parameters
from pipelines.registers import legacy
from pipelines.registers.model import SOURCE, Model, model
from pipelines.registers.score import score
from pipelines.registers.wording import make_macros
from pipelines.runs import Run
from pipelines.warehouse.connect import Connection, quoted, reader
from pipelines.warehouse.query import SQL, bound, from_parquet, select, to_parquet
from pipelines.warehouse.visible import show_feeds, show_kept

_KEPT = ("sources", "stated", "judged")
"""What the matching leaves; the same inputs are not matched twice."""

_NEVER = date(1, 1, 1)


def link(run: Run, *, afresh: bool = False) -> None:
    """Write `links`, `review`, `changes` and `identities` of a run to its hand-overs.

    Args:
        run: its as-of and catalog version decide everything.
        afresh: do not take a matching of the same inputs that was done before (a replay must not).
    """
    p = parameters(run.as_of)
    values = {**vars(p), **model().numbers, "week": run.week}
    with reader(run.settings, run.version) as con:
        con.execute("CREATE SCHEMA IF NOT EXISTS register")
        show_feeds(con, run.as_of)
        _show_earlier(con, run)
        legacy.resolve(con)
        _make(con, "names", values)
        _match_or_take(con, run, values, afresh=afresh)
        values["before_on"] = _before_on(con)
        to_parquet(con, select("registers/links"), values, run.handover("links"))
        con.execute(f"CREATE OR REPLACE VIEW register.links_now AS FROM {quoted(str(run.handover('links')))}")
        to_parquet(con, select("registers/review"), values, run.handover("review"))
        to_parquet(con, select("registers/changes"), values, run.handover("changes"))
        show_feeds(con, run.as_of, run.handover("links"))
        to_parquet(con, select("registers/identities"), values, run.handover("identities"))


def match(con: Connection, values: Mapping[str, object], wording: Model) -> None:
    """`register.sources`, `register.stated` and `register.judged` from the feeds and `register.names`.

    Names first: who bears the same name, as written or in its core. Only what that leaves open is compared by other clues.

    Args:
        con: on which `feed.*` shows the as-of, and `register.rejected` the pairs a person has refused.
        values: the parameters of the SELECTs.
        wording: weights and thresholds.
    """
    make_macros(con, wording)
    _make(con, "parties", values)
    nothing = "DELETE FROM register.parties WHERE NOT EXISTS (SELECT 1 FROM register.parties WHERE side = 'source')"
    con.execute(nothing)  # to link: then no name of the register needs to be looked at
    _make(con, "spellings", values)
    con.execute(
        """
        DROP TABLE register.parties;
        CREATE OR REPLACE TABLE register.sources AS SELECT * EXCLUDE (side) FROM register.spellings WHERE side = 'source';
        CREATE OR REPLACE VIEW register.entities AS SELECT * FROM register.spellings WHERE side = 'entity';
        CREATE OR REPLACE TABLE register.known AS
        SELECT id, if(is_former, id || '~' || name, id) AS key, is_former, is_closed, name_plain, core, city, county, town,
               road, road_no, address_key, core_entities, core_nearby
        FROM register.entities
        JOIN (SELECT core, count(DISTINCT id) AS core_entities FROM register.entities GROUP BY core) USING (core)
        JOIN (SELECT core, county, count(DISTINCT id) AS core_nearby FROM register.entities GROUP BY ALL) USING (core, county);
        DROP VIEW register.entities;
        DROP TABLE register.spellings
        """
    )
    _make(con, "stated", values)
    _judge(con, values, wording, "named_alike", "by_name")
    con.execute(
        """
        CREATE OR REPLACE TABLE register.settled AS
        FROM register.by_name WHERE id IN (SELECT id FROM register.by_name WHERE is_linked AND score >= $sure);
        CREATE OR REPLACE TABLE register.named_pairs AS FROM register.pairs WHERE id NOT IN (SELECT id FROM register.settled);
        CREATE OR REPLACE TABLE register.unsettled AS
        SELECT * FROM register.sources
        WHERE id NOT IN (SELECT id FROM register.stated) AND id NOT IN (SELECT id FROM register.settled)
        """.replace("$sure", str(wording.sure))
    )
    _judge(con, values, wording, "near", "by_clues")
    con.execute("CREATE OR REPLACE TABLE register.judged AS FROM register.settled UNION ALL FROM register.by_clues")


def _judge(con: Connection, values: Mapping[str, object], wording: Model, candidates: str, into: str) -> None:
    _make(con, candidates, values, "pairs")
    score(con, wording, "register.pairs")
    _make(con, "judged", values, into)


def _make(con: Connection, name: str, values: Mapping[str, object], into: str | None = None) -> None:
    sql = select(f"registers/{name}")
    con.execute(f"CREATE OR REPLACE TABLE register.{into or name} AS {sql}", bound(con, sql, values))


def _match_or_take(con: Connection, run: Run, values: Mapping[str, object], *, afresh: bool) -> None:
    """Match, unless the same files, decisions and weights were matched before: a quiet week costs nothing."""
    folder = run.settings.work / "links" / _inputs_digest(con, run, values)
    if not afresh and all(from_parquet(con, folder / f"{name}.parquet", f"register.{name}") for name in _KEPT):
        return
    match(con, values, model())
    if not afresh:
        _keep(con, run.handover("matched"), folder)


def _keep(con: Connection, partial: Path, folder: Path) -> None:
    """Leave a matching in place of an older one: written into the folder of the run, then moved."""
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    for name in _KEPT:
        to_parquet(con, f"FROM register.{name} ORDER BY id", {}, partial / f"{name}.parquet")
    folder.parent.mkdir(exist_ok=True)
    for older in folder.parent.iterdir():
        shutil.rmtree(older, ignore_errors=True)
    partial.rename(folder)


def _inputs_digest(con: Connection, run: Run, values: Mapping[str, object]) -> str:
    """SHA-256 over all that a matching depends on: files, decisions, the window of bills, weights and SQL."""
    files = con.execute(
        """
        SELECT feed, file_id FROM lake.ops.files WHERE status = 'landed' AND received_on <= ?
            AND feed IN ('registry__entities', 'utilities__bills', 'agriculture__operators') ORDER BY ALL
        """,
        [run.as_of],
    ).fetchall()
    decisions = con.execute("SELECT * FROM register.rejected ORDER BY ALL").fetchall()
    window = (run.as_of.year, run.as_of.month, values["bill_window_months"], values["not_in_business_statuses"])
    code = [SOURCE, *Path(__file__).parent.glob("*.py"), *(SQL / "registers").glob("*.sql")]
    texts = [path.read_text(encoding="utf-8") for path in sorted(code)]
    return hashlib.sha256(repr((files, decisions, window, texts)).encode()).hexdigest()


def _show_earlier(con: Connection, run: Run) -> None:
    """`register.before`: the links of the list before this week; `accepted`, `rejected`: what people decided by as-of."""
    show_kept(
        con, "register.links", "before", f"week = (SELECT max(week) FROM lake.register.links WHERE week < '{run.week}')"
    )
    show_kept(con, "ops.runs", "runs_before", f"week < '{run.week}'")
    show_kept(con, "register.decisions", "decisions", f"decided_on <= DATE '{run.as_of}'")
    newest = "QUALIFY row_number() OVER (PARTITION BY {0} ORDER BY decided_on DESC, decision_no DESC) = 1"
    con.execute(
        f"""
        CREATE OR REPLACE TABLE register.verdicts AS
        FROM register.decisions {newest.format("source_feed, source_id, uscc")};
        CREATE OR REPLACE TABLE register.accepted AS
        SELECT * FROM register.verdicts WHERE is_accepted {newest.format("source_feed, source_id")};
        CREATE OR REPLACE TABLE register.rejected AS
        SELECT source_id AS id, uscc FROM register.verdicts WHERE NOT is_accepted
        """
    )


def _before_on(con: Connection) -> date:
    """The as-of of the list before; of the first list, the beginning of time."""
    row = con.execute("SELECT max(as_of) FROM register.runs_before").fetchone()
    return row[0] if row and row[0] else _NEVER
