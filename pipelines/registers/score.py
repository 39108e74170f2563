"""Scores of candidate pairs: Splink with the fixed weights of `linking.yml`, every score the sum of its evidence."""

from __future__ import annotations

import logging
from typing import Any

from pipelines.registers.model import Comparison, Level, Model
from pipelines.warehouse.connect import Connection, quoted

METHODS = {"same": "exact", "rare_core": "normalised", "core": "normalised"}
"""Level of the names -> how the link came about; every other level is `probabilistic`."""

_SIDES = ("splink_accounts", "splink_entities")

PAIRS_AT_ONCE = 5_000_000
"""Pairs compared together: all texts of both sides are held for them, which for those of a province would fill the disk."""


def score(con: Connection, wording: Model, pairs: str) -> None:
    """`register.scored`: id, uscc, is_closed, match_weight (bits), score (probability), method and evidence of every pair.

    Grain: one row per source and entity of which a person would be asked at least (`review`): a rival that matters is never
    below, being within the margin of what is accepted. Of an entity's names the one that fits best.
    Nothing is learned from the data, so the same pairs have the same scores everywhere.
    """
    con.execute(
        "CREATE OR REPLACE TABLE register.scored "
        "(id VARCHAR, uscc VARCHAR, is_closed BOOLEAN, match_weight DOUBLE, score DOUBLE, method VARCHAR, evidence VARCHAR)"
    )
    _show_sides(con)
    row = con.execute(f"SELECT count(*) FROM {pairs}").fetchone()
    parts = -(-row[0] // PAIRS_AT_ONCE) if row else 0
    for part in range(parts):
        con.execute(f"CREATE OR REPLACE TABLE register.part AS FROM {pairs} WHERE hash(id) % {parts} = {part}")
        _predict(con, wording, "register.part")


def _predict(con: Connection, wording: Model, pairs: str) -> None:
    from splink import DuckDBAPI, Linker

    _name_pairs(con, pairs)
    engine = DuckDBAPI(connection=con)
    linker = Linker(
        [engine.register(side, dataset_display_name=side) for side in _SIDES],
        _settings(wording),
        log_level=logging.ERROR,
    )
    linker.table_management.register_blocked_pairs_for_predict(engine.register("splink_pairs"))
    found = linker.inference.predict(threshold_match_probability=wording.review, warning_mode="never").physical_name
    con.execute(f"INSERT INTO register.scored {_best_names(wording, found)}")
    for name in (found, "splink_pairs"):
        con.execute(f"DROP TABLE {name}")


def _show_sides(con: Connection) -> None:
    """The accounts and the entities, as Splink expects them; it takes those that a pair names."""
    columns = "name_plain, core, city, county, town, road, road_no, address_key"
    accounts, entities = _SIDES
    con.execute(
        f"""
        CREATE OR REPLACE VIEW {accounts} AS SELECT id AS unique_id, {columns}, 0 AS core_entities FROM register.sources;
        CREATE OR REPLACE VIEW {entities} AS SELECT key AS unique_id, {columns}, core_entities FROM register.known
        """
    )


def _name_pairs(con: Connection, pairs: str) -> None:
    accounts, entities = _SIDES
    con.execute(
        f"""
        CREATE TABLE splink_pairs AS
        SELECT '0' AS match_key, '{accounts}-__-' || pair.id AS join_key_l, '{entities}-__-' || entity.key AS join_key_r
        FROM {pairs} AS pair JOIN register.known AS entity ON entity.id = pair.uscc
        """
    )


def _settings(wording: Model) -> dict[str, Any]:
    return {
        "link_type": "link_only",
        "probability_two_random_records_match": wording.prior,
        "comparisons": [_comparison(each) for each in wording.comparisons],
        "blocking_rules_to_generate_predictions": ["l.core = r.core"],  # not used: the pairs are given
        "retain_matching_columns": True,
    }


def _comparison(made: Comparison) -> dict[str, Any]:
    levels = [
        {"sql_condition": level.sql, "label_for_charts": level.id, "is_null_level": True}
        if level.m is None
        else {
            "sql_condition": level.sql,
            "label_for_charts": level.id,
            "m_probability": level.m,
            "u_probability": level.u,
        }
        for level in made.levels
    ]
    return {"output_column_name": made.name, "comparison_levels": levels}


def _best_names(wording: Model, found: str) -> str:
    """SELECT of the best-fitting name of each pair, with its reasons in words."""
    shown = " || '；' || ".join(_in_words(each) for each in wording.comparisons)
    methods = " ".join(
        f"WHEN {number} THEN {quoted(METHODS[level.id])}"
        for number, level in _numbers(wording.comparisons[0]).items()
        if level.id in METHODS
    )
    return f"""
        SELECT pair.unique_id_l AS id, entity.id AS uscc, entity.is_closed, round(pair.match_weight, 6) AS bits,
               round(pair.match_probability, 6) AS score, CASE gamma_name {methods} ELSE 'probabilistic' END AS method,
               {shown} || if(entity.is_former, '；曾用名', '') AS evidence
        FROM {found} AS pair JOIN register.known AS entity ON entity.key = pair.unique_id_r
        QUALIFY row_number() OVER (PARTITION BY pair.unique_id_l, entity.id ORDER BY bits DESC, entity.key) = 1
    """


def _numbers(made: Comparison) -> dict[int, Level]:
    """The numbers Splink gives to levels: counted down to 0, and -1 for one that says nothing."""
    telling = [level for level in made.levels if level.m is not None]
    silent = [level for level in made.levels if level.m is None]
    pairs = [(len(telling) - 1 - place, level) for place, level in enumerate(telling)]
    return dict(pairs + [(-1, level) for level in silent])


def _in_words(made: Comparison) -> str:
    cases = " ".join(
        f"WHEN {number} THEN {quoted(f'{made.title_zh}：{level.title_zh}（{level.bits:+.1f}）')}"
        for number, level in _numbers(made).items()
    )
    return f"CASE gamma_{made.name} {cases} END"
