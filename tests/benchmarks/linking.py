"""Linking accounts and farms without a code to entities: recall and precision against planted truth, by kind of dirt and method.

`python -m tests.benchmarks.linking [ENTITIES]`: ours against the exact name alone and the normalised name alone, each in a
process of its own. Entities, holders, farms and who they truly belong to are those of the simulated province (`shoudai
simulate`); the utilities of the province copy the register word for word, so here most of them write as clerks do.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.feeds.contract import contract
from pipelines.parameters import parameters
from pipelines.registers.link import match
from pipelines.registers.model import model
from pipelines.simulate.county import County
from pipelines.simulate.deliveries import uncoded_accounts, uncoded_farms
from pipelines.simulate.province import World
from pipelines.simulate.writers import lists, utilities
from pipelines.warehouse.migrate import columns_sql
from tests.benchmarks.apart import Outcome, Work, run_apart

AS_OF = date(2026, 11, 23)
VALUES = {**vars(parameters(AS_OF)), **model().numbers, "as_of": AS_OF}
CONTENDERS = ("exact_name", "normalised_name", "ours")
POWER = "1"
"""Account numbers of the power company begin with it."""

_KINDS = (
    "as_registered", "full_width", "no_place", "more_place", "legal_form", "typo", "cut_short", "number_words", "no_number",
    "other_road", "no_address", "typo_and_words", "owner_name", "masked_holder", "closed", "stranger", "farm", "farm_stranger",
)  # fmt: skip
"""What was done to an account; owners' names (they may bear a shop's), masked ones, those of closed entities and strangers
belong to nobody."""

_DRAWN = _KINDS[: _KINDS.index("masked_holder")]
_NOBODY = ("owner_name", "masked_holder", "closed")

_ACCOUNTS = """
    CREATE MACRO one_of(words, i, salt) AS words[1 + (hash(i || salt) % len(words))::INTEGER];
    CREATE MACRO letter(i, salt) AS substr('德旺信诚永泰和顺安发隆鑫宏达广源金诺瑞丰华兴盛茂聚美嘉悦远景天朗海川云峰明康立新同乐福禄祥瑞春秋东升启航正大百利万家荣昌裕民',
        1 + (hash(i || salt) % 60)::INTEGER, 1);
    CREATE TABLE accounts AS
    WITH known AS (
        SELECT owned.account_no AS i, person.*, county || town AS place, '四川省' || place AS path, kind = '91' AS is_firm,
            CASE kind WHEN '92' THEN shop WHEN '91' THEN word || '有限公司' ELSE word || '农民专业合作社' END AS tail,
            CASE WHEN contains(holder, '*') THEN 'masked_holder' WHEN list_contains($closed, status) THEN 'closed'
                 ELSE one_of($drawn, i, 'dirt') END AS dirt
        FROM owned JOIN people AS person ON person.uscc = owned.uscc
    )
    SELECT i AS account_no, dirt, if(list_contains($nobody, dirt), NULL, uscc) AS truth,
        CASE dirt
            WHEN 'masked_holder' THEN left(coined, 1) || '**'
            WHEN 'full_width' THEN replace(replace(name, '有限公司', '（有限公司）'), coined, coined || '　')
            WHEN 'no_place' THEN coined || tail
            WHEN 'more_place' THEN '四川省' || name
            WHEN 'legal_form' THEN if(is_firm, replace(name, '有限公司', '有限责任公司'), name || '（个体工商户）')
            WHEN 'typo' THEN replace(name, coined, left(coined, -1) || letter(i, 'typo'))
            WHEN 'typo_and_words' THEN replace(name, coined, left(coined, -1) || letter(i, 'typo'))
            WHEN 'cut_short' THEN left(name, -2 - if(is_firm, 4, 0))
            WHEN 'owner_name' THEN one_of(['王', '李', '张', '刘'], i, 'o') || letter(i, 'x') || letter(i, 'y')
            ELSE name END AS account_name,
        CASE dirt
            WHEN 'no_place' THEN street || door || '号'
            WHEN 'number_words' THEN place || street || door
            WHEN 'typo_and_words' THEN place || street || door || '号院'
            WHEN 'no_number' THEN path || street
            WHEN 'other_road' THEN path || one_of($streets, i, 'road') || (1 + hash(i || 'number') % 300) || '号'
            WHEN 'no_address' THEN NULL
            ELSE address END AS address
    FROM known
    UNION ALL
    SELECT 'S' || uscc, 'stranger', NULL, county || town || letter(uscc, 'a') || letter(uscc, 'b') || shop,
        '四川省' || county || town || one_of($streets, uscc, 'road') || (1 + hash(uscc || 'number') % 300) || '号'
    FROM people WHERE hash(uscc || 'stranger') % 20 = 0
    UNION ALL
    SELECT operator_id, if(uscc IS NULL, 'farm_stranger', if(list_contains($closed, status), 'closed', 'farm')),
        if(list_contains($closed, status), NULL, uscc), coalesce(people.name, farms.name), NULL
    FROM farms LEFT JOIN people USING (uscc)
"""


def make(folder: Path, entities: int) -> int:
    """Write a world's register, accounts and farms; returns how many accounts and farms."""
    folder.mkdir(parents=True)
    world = World(entities, months=3, as_of=AS_OF)
    made = [_of(world.county(number)) for number in range(len(world.sizes))]
    con = duckdb.connect()
    for name in ("people", "owned", "farms"):
        con.register(name, pl.concat([each[name] for each in made]))
    streets = [street for (street,) in con.execute("SELECT DISTINCT street FROM people ORDER BY 1").fetchall()]
    closed = list(VALUES["not_in_business_statuses"])
    *macros, accounts = _ACCOUNTS.split(";")
    for macro in macros:
        con.execute(macro)
    con.execute(accounts, {"closed": closed, "drawn": list(_DRAWN), "nobody": list(_NOBODY), "streets": streets})
    con.execute("CREATE TABLE entities AS SELECT uscc, name, address, status FROM people")
    for name in ("entities", "accounts"):
        con.execute(f"COPY (FROM {name} ORDER BY ALL) TO '{folder / f'{name}.parquet'}'")
    return con.execute("SELECT count(*) FROM accounts").fetchone()[0]


def _of(county: County) -> dict[str, pl.DataFrame]:
    """People, accounts of the power company without a code, and farms without one, of a county: with whom they belong to."""
    parts = ("uscc", "name", "address", "status", "kind", "town", "coined", "shop", "word", "street", "door")
    people = county.people.select(*parts, county=pl.lit(county.place.name))
    statuses = contract("registry__entities").column("status").lookups
    holders = utilities.accounts(county, "电").select("entity", holder="account_name")
    owners = county.people.select("entity", "uscc").join(holders, on="entity").select("uscc", "holder")
    owned = uncoded_accounts(county).filter(pl.col("account_no").str.starts_with(POWER)).join(owners, on="uscc")
    strangers = lists.farms_without_code(county).select(pl.col("operator_id") + f"{county.number:03d}", "uscc", "name")
    known = uncoded_farms(county).with_columns(name=pl.lit(None, pl.String))
    return {
        "people": people.with_columns(pl.col("status").replace(statuses)),
        "owned": owned,
        "farms": pl.concat([known, strangers]),
    }


def opened(world: Path) -> duckdb.DuckDBPyConnection:
    """A database whose feeds and names are those of a world."""
    con = duckdb.connect(config={"memory_limit": "4GB"})
    con.execute("CREATE SCHEMA feed; CREATE SCHEMA register")
    for feed in ("registry__entities", "utilities__bills", "agriculture__operators"):
        con.execute(f"CREATE TABLE feed.{feed} ({columns_sql(contract(feed).table_columns)})")
    con.execute(
        f"INSERT INTO feed.registry__entities BY NAME SELECT uscc, name, address, status FROM '{world}/entities.parquet'"
    )
    con.execute(
        f"INSERT INTO feed.utilities__bills BY NAME SELECT account_no, account_name, address, '电' AS kind, DATE '2026-10-01' AS month "
        f"FROM '{world}/accounts.parquet' WHERE NOT starts_with(account_no, 'JX')"
    )
    con.execute(
        f"INSERT INTO feed.agriculture__operators BY NAME SELECT account_no AS operator_id, account_name AS name "
        f"FROM '{world}/accounts.parquet' WHERE starts_with(account_no, 'JX')"
    )
    con.execute(
        "CREATE TABLE register.names AS SELECT uscc, name, address, status, FALSE AS is_former FROM feed.registry__entities"
    )
    con.execute("CREATE TABLE register.rejected (id VARCHAR, uscc VARCHAR)")
    return con


def ours(world: Path, scratch: Path) -> Work:
    """Exact, normalised and probabilistic, with the weights of the house."""
    import splink  # noqa: F401 - what the work would load on its way

    con = opened(world)
    found = "SELECT coalesce(account_no, id) AS account_no, uscc, method FROM register.judged JOIN register.sources USING (id) WHERE is_linked"
    return Work(lambda: match(con, VALUES, model()), lambda: _marks(con, world, found))


def exact_name(world: Path, scratch: Path) -> Work:
    """The one entity that bears exactly this name."""
    con = opened(world)
    return Work(lambda: con.execute(_only("name", "account_name")), lambda: _marks(con, world, "FROM found"))


def normalised_name(world: Path, scratch: Path) -> Work:
    """The one entity whose name without blanks, remarks and legal form is the same."""
    from pipelines.registers.wording import make_macros

    con = opened(world)
    make_macros(con, model())
    sql = _only("name_core(name)", "name_core(account_name)")
    return Work(lambda: con.execute(sql), lambda: _marks(con, world, "FROM found"))


def _only(entity: str, account: str) -> str:
    return f"""
        CREATE TABLE found AS SELECT account_no, uscc, 'name' AS method
        FROM (SELECT account_no, {account} AS name FROM (
            SELECT account_no, account_name FROM feed.utilities__bills UNION ALL SELECT operator_id, name FROM feed.agriculture__operators
        ))
        JOIN (SELECT {entity} AS name, min(uscc) AS uscc FROM feed.registry__entities GROUP BY 1 HAVING count(*) = 1) USING (name)
    """


def _marks(con: duckdb.DuckDBPyConnection, world: Path, found: str) -> dict[str, int]:
    """Counts of accounts, links and right links, by dirt and by method."""
    rows = con.execute(
        f"""
        SELECT dirt, method, count(*), count(truth), count(uscc), count(*) FILTER (uscc = truth)
        FROM '{world}/accounts.parquet' LEFT JOIN ({found}) USING (account_no) GROUP BY dirt, method ORDER BY ALL
        """
    ).fetchall()
    marks: dict[str, int] = {}
    for dirt, method, *counts in rows:
        for group in ("all", f"dirt {dirt}", *([f"method {method}"] if method else [])):
            for name, value in zip(("accounts", "owned", "links", "right"), counts, strict=True):
                marks[f"{group}|{name}"] = marks.get(f"{group}|{name}", 0) + value
    return marks


def rates(marks: dict[str, int], group: str) -> tuple[float | None, float | None]:
    """Recall and precision of a group; None where nothing was to be found, or nothing was."""
    owned, links, right = (marks.get(f"{group}|{name}", 0) for name in ("owned", "links", "right"))
    return (right / owned if owned else None), (right / links if links else None)


def main(entities: int) -> None:
    from rich.console import Console
    from rich.table import Table

    out, folder = Console(width=150), Path(tempfile.mkdtemp(prefix="shoudai-linking-"))
    try:
        accounts = make(folder / "world", entities)
        taken = {name: run_apart(f"linking:{name}", folder / "world", folder) for name in CONTENDERS}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    table = Table(
        "accounts",
        "how many",
        title=f"linking {accounts:,} accounts and farms without a code to {entities:,} entities of the province",
    )
    for name in CONTENDERS:
        table.add_column(f"{name} recall", justify="right")
        table.add_column("precision", justify="right")
    for group in ("all", *(f"dirt {kind}" for kind in _KINDS)):
        table.add_row(
            group.removeprefix("dirt "), f"{taken['ours'].answer.get(f'{group}|accounts', 0):,}", *_cells(taken, group)
        )
    table.add_section()
    for method in ("exact", "normalised", "probabilistic"):
        links = taken["ours"].answer.get(f"method {method}|links", 0)
        table.add_row(
            f"linked {method}",
            f"{links:,}",
            "",
            "",
            "",
            "",
            "",
            _shown(rates(taken["ours"].answer, f"method {method}")[1]),
        )
    table.add_section()
    table.add_row("seconds", "", *(cell for each in taken.values() for cell in (f"{each.seconds:.1f}", "")))
    table.add_row("peak MB", "", *(cell for each in taken.values() for cell in (f"{each.peak_mb:,.0f}", "")))
    out.print(table)


def _cells(taken: dict[str, Outcome], group: str) -> list[str]:
    return [_shown(rate) for each in taken.values() for rate in rates(each.answer, group)]


def _shown(rate: Any) -> str:
    return "" if rate is None else f"{rate:.3f}"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
