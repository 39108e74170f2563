"""Linking accounts without a code to entities: recall and precision against planted truth, by kind of dirt and by method.

`python -m tests.benchmarks.linking [ENTITIES]`: ours against the exact name alone and the normalised name alone, each in a
process of its own; the accounts of a made-up world, of which it is known whose they are.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from pipelines.feeds.contract import contract
from pipelines.registers.link import match
from pipelines.registers.model import model
from pipelines.warehouse.migrate import columns_sql
from tests.benchmarks.apart import Outcome, Work, run_apart

AS_OF = date(2026, 11, 23)
VALUES = {
    **model().numbers,
    "as_of": AS_OF,
    "bill_window_months": 12,
    "not_in_business_statuses": ["注销", "吊销"],
}
CONTENDERS = ("exact_name", "normalised_name", "ours")
PER_COUNTY = 25_000

_WORDS = """
    CREATE MACRO one_of(words, i, salt) AS words[1 + (hash(i || salt) % len(words))::INTEGER];
    CREATE MACRO letter(i, salt) AS substr('德旺信诚永泰和顺安发隆鑫宏达广源金诺瑞丰华兴盛茂聚美嘉悦远景天朗海川云峰明康立新同乐福禄祥瑞春秋东升启航正大百利万家荣昌裕民',
        1 + (hash(i || salt) % 60)::INTEGER, 1);
    CREATE MACRO trade(i) AS one_of(['超市', '饭店', '服装店', '建材经营部', '五金店', '百货店', '广告部', '装饰部', '果蔬批发部', '货运部', '酱菜坊',
        '茶楼', '理发店', '汽车修理厂', '家电维修部', '烟酒店', '药房', '副食店', '种植园', '养殖场'], i, 'trade');
    CREATE MACRO industry(i) AS one_of(['建筑工程', '商贸', '科技', '餐饮管理', '物流', '机械制造', '环保设备', '农业开发', '广告传媒', '粮油食品'], i, 'industry');
    CREATE MACRO road(i, salt) AS one_of(['人民路', '文昌街', '滨河路', '迎宾大道', '新华街', '建设街', '桂花巷', '解放东路', '园区一路', '凤凰大道'], i, salt);
    CREATE MACRO county(c) AS substr('锦清双龙白石青云太金东凤柳永', 1 + c % 14, 1) || substr('溪江桥泉鹤梯神集和坪岳鸣', 1 + (c // 14) % 12, 1) || one_of(['县', '区', '市'], c, 'kind');
    CREATE MACRO town(c, t) AS substr('永石白云双青龙太金凤', 1 + t % 10, 1) || substr('宁梯鹤集桥石泉和坪鸣', 1 + (c + t // 10) % 10, 1) || if(t % 3 = 0, '乡', '镇');
"""
_ENTITIES = """
    CREATE TABLE entities AS
    SELECT i, 'E' || lpad(i::VARCHAR, 17, '0') AS uscc, county(i // {per}) AS county, town(i // {per}, (hash(i || 't') % 30)::INTEGER) AS town,
        hash(i || 'form') % 3 = 0 AS is_firm,
        if(hash(i || 'common') % 12 = 0 AND NOT is_firm, one_of(['幸福', '便民', '好运来', '老地方'], i, 'c'), letter(i, 'a') || letter(i, 'b') || if(is_firm, letter(i, 'd'), '')) AS brand,
        if(is_firm, county || brand || industry(i) || '有限公司', county || town || brand || trade(i)) AS name,
        if(is_firm, industry(i) || '有限公司', trade(i)) AS tail,
        '四川省德安市' || county || town AS path, road(i, 'road') AS road, 1 + (hash(i || 'no') % 300)::INTEGER AS number,
        path || road || number || '号' || CASE hash(i || 'flat') % 4 WHEN 0 THEN '附' || (1 + hash(i || 'f') % 9) || '号'
            WHEN 1 THEN (1 + hash(i || 'f') % 9) || '栋' || (1 + hash(i || 'g') % 6) || '单元' ELSE '' END AS address,
        if(hash(i || 'status') % 25 = 0, '注销', '存续') AS status
    FROM range({entities}) AS t (i)
"""
_KINDS = (
    "as_registered", "full_width", "no_place", "more_place", "legal_form", "typo", "cut_short", "number_words", "no_number",
    "other_road", "no_address", "typo_and_words", "owner_name", "closed", "stranger",
)  # fmt: skip
"""What was done to an account; of the last three nobody may be linked (an owner may, at the door of a shop that bears the name)."""

_ACCOUNTS = """
    CREATE TABLE accounts AS
    WITH chosen AS (
        SELECT *, {kinds}[1 + (hash(i || 'dirt') % {known})::INTEGER] AS drawn, county || brand || tail AS short
        FROM entities WHERE hash(i || 'uncoded') % 5 = 0
    )
    SELECT 'A' || lpad(i::VARCHAR, 10, '0') AS account_no, if(status = '注销', 'closed', drawn) AS dirt,
        if(dirt IN ('closed', 'owner_name'), NULL, uscc) AS truth,
        CASE drawn
            WHEN 'full_width' THEN replace(replace(name, '有限公司', '（有限公司）'), brand, brand || '　')
            WHEN 'no_place' THEN brand || tail
            WHEN 'more_place' THEN '四川省' || name
            WHEN 'legal_form' THEN if(is_firm, replace(name, '有限公司', '有限责任公司'), name || '（个体工商户）')
            WHEN 'typo' THEN replace(name, brand, left(brand, -1) || letter(i, 'typo'))
            WHEN 'typo_and_words' THEN replace(name, brand, left(brand, -1) || letter(i, 'typo'))
            WHEN 'cut_short' THEN left(name, -2 - if(is_firm, 4, 0))
            WHEN 'owner_name' THEN one_of(['王', '李', '张', '刘'], i, 'o') || letter(i, 'x') || letter(i, 'y')
            ELSE name END AS account_name,
        CASE drawn
            WHEN 'no_place' THEN road || number || '号'
            WHEN 'number_words' THEN replace(replace(replace(replace(address, '四川省', ''), '号', ''), '附', '-'), '栋', '幢')
            WHEN 'typo_and_words' THEN replace(replace(address, '德安市', ''), '号', '号院')
            WHEN 'no_number' THEN path || road
            WHEN 'other_road' THEN path || road(i, 'second') || (1 + hash(i || 'second') % 300) || '号'
            WHEN 'no_address' THEN NULL
            ELSE address END AS address
    FROM chosen
    UNION ALL
    SELECT 'S' || lpad(i::VARCHAR, 10, '0'), 'stranger', NULL,
        county || town || letter(i, 'sa') || letter(i, 'sb') || trade(i + 1), path || road(i, 'sr') || (1 + hash(i || 'sn') % 300) || '号'
    FROM entities WHERE hash(i || 'stranger') % 20 = 0
"""


def make(folder: Path, entities: int) -> int:
    """Write a world's register and accounts; returns the number of accounts."""
    folder.mkdir(parents=True)
    con = duckdb.connect()
    con.execute(_WORDS)
    con.execute(_ENTITIES.format(per=PER_COUNTY, entities=entities))
    con.execute(_ACCOUNTS.format(kinds=list(_KINDS[:-2]), known=len(_KINDS) - 2))
    for name in ("entities", "accounts"):
        con.execute(f"COPY (FROM {name} ORDER BY ALL) TO '{folder / f'{name}.parquet'}'")
    return con.execute("SELECT count(*) FROM accounts").fetchone()[0]


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
        f"FROM '{world}/accounts.parquet'"
    )
    con.execute("CREATE TABLE register.names AS SELECT uscc, name, FALSE AS is_former FROM feed.registry__entities")
    con.execute("CREATE TABLE register.rejected (id VARCHAR, uscc VARCHAR)")
    return con


def ours(world: Path, scratch: Path) -> Work:
    """Exact, normalised and probabilistic, with the weights of the house."""
    import splink  # noqa: F401 - what the work would load on its way

    con = opened(world)
    found = "SELECT account_no, uscc, method FROM register.judged JOIN register.sources USING (id) WHERE is_linked"
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
        FROM (SELECT account_no, {account} AS name FROM feed.utilities__bills)
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
        "accounts", "how many", title=f"linking {accounts:,} accounts without a code to {entities:,} entities"
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
