"""Who an account belongs to: by the name as written, by its core, by other clues; and when nobody is linked."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from itertools import count, product
from math import log2
from pathlib import Path

import pytest

from pipelines.registers.link import match
from pipelines.registers.model import model
from tests.benchmarks import linking as benchmark

from .tables import Warehouse

VALUES = {
    **model().numbers,
    "as_of": date(2026, 11, 23),
    "bill_window_months": 12,
    "not_in_business_statuses": ["注销"],
}
REGISTER = """
    ('A', '锦溪县永宁镇诚润设备维修部', '四川省锦溪县永宁镇文昌街332号附1号2楼', '存续'),
    ('B', '锦溪县双旺果品有限公司', '四川省锦溪县石梯镇园区一路46号', '存续'),
    ('C', '锦溪县永宁镇幸福超市', '四川省锦溪县永宁镇人民路10号', '存续'),
    ('D', '锦溪县永宁镇幸福超市', '四川省锦溪县永宁镇滨河路8号', '存续'),      -- a namesake in the same town
    ('E', '锦溪县青石镇永泽茶楼', '四川省锦溪县青石镇新华街131号', '注销'),
    ('F', '锦溪县青石镇永泽茶楼', '四川省锦溪县青石镇桂花巷7号', '存续'),      -- a namesake of one that has closed
    ('G', '锦溪县白鹤镇蜀岭饭店', '四川省锦溪县白鹤镇迎宾大道35号', '存续'),
    ('H', '锦溪县白鹤镇家庭旅馆', '四川省锦溪县白鹤镇迎宾大道35号', '存续'),
    ('I', '锦溪县柳溪镇广源烟酒店', '四川省锦溪县柳溪镇建设街5号', '存续'),
    ('J', '锦溪县柳溪镇广源烟酒店', '四川省锦溪县柳溪镇建设街5号', '存续')     -- registered twice at one door
"""
NAMES = "SELECT uscc, name, address, status, FALSE AS is_former FROM feed.registry__entities"


@pytest.fixture
def linked(warehouse: Warehouse):
    """Given bills (name, address), what is found: name -> (uscc, method) of those linked."""
    con, numbers = warehouse.con, count(1)
    con.execute("CREATE SCHEMA register; CREATE TABLE register.rejected (id VARCHAR, uscc VARCHAR)")
    warehouse.fill("feed.registry__entities", "uscc, name, address, status", REGISTER)
    con.execute(f"CREATE TABLE register.names AS {NAMES}")

    def find(*bills: tuple[str, str | None]) -> dict[str, tuple[str, str]]:
        for bill in bills:
            con.execute(
                "INSERT INTO feed.utilities__bills (account_no, account_name, address, kind, month) VALUES (?, ?, ?, '电', '2026-10-01')",
                [f"{next(numbers)}", *bill],
            )
        match(con, VALUES, model())
        rows = con.execute(
            "SELECT name, uscc, method FROM register.judged JOIN register.sources USING (id) WHERE is_linked"
        ).fetchall()
        return {name: (uscc, method) for name, uscc, method in rows}

    find.con = con
    return find


def asked(linked) -> dict[str, list[str]]:
    """Name -> the entities that are likely enough for a person to be asked about."""
    scored = "SELECT name, list(uscc ORDER BY uscc) FROM register.scored JOIN register.sources USING (id) GROUP BY name"
    return dict(linked.con.execute(scored).fetchall())


EXACT, NORMALISED, PROBABLE = "exact", "normalised", "probabilistic"


@pytest.mark.parametrize(
    ("name", "address", "owner", "method"),
    [
        ("锦溪县永宁镇诚润设备维修部", "四川省锦溪县永宁镇文昌街332号附1号2楼", "A", EXACT),
        ("锦溪县永宁镇诚润　设备维修部 ", None, "A", EXACT),  # blanks; the one of that name anywhere
        (
            "诚润设备维修部",
            "锦溪县永宁镇文昌街332-1-2",
            "A",
            NORMALISED,
        ),  # no place in the name, another way to write the number
        ("四川省锦溪县永宁镇诚润设备维修部（个体工商户）", "永宁镇文昌街332号", "A", NORMALISED),
        ("锦溪县双旺果品有限责任公司", "锦溪县石梯镇园区一路４６号", "B", NORMALISED),
        ("锦溪双旺果品有限公司", "锦溪县石梯镇园区一路46号", "B", NORMALISED),  # the county without its last character
        ("锦溪县双旺果", "锦溪县石梯镇园区一路46号", "B", PROBABLE),  # cut short
        ("锦溪县永宁镇诚闰设备维修部", "锦溪县永宁镇文昌街332号附1号2楼", "A", PROBABLE),  # a wrong character
        ("锦溪县永宁镇幸福超市", "四川省锦溪县永宁镇滨河路8号", "D", EXACT),  # the door tells the namesakes apart
    ],
)
def test_one_candidate_clearly_ahead_is_linked(linked, name, address, owner, method):
    assert linked((name, address)) == {name: (owner, method)}


@pytest.mark.parametrize(
    ("name", "address", "why"),
    [
        ("锦溪县永宁镇幸福超市", None, "two bear the name"),
        ("锦溪县永宁镇幸福超市", "四川省锦溪县永宁镇文昌街1号", "at neither door"),
        ("锦溪县柳溪镇广源烟酒店", "四川省锦溪县柳溪镇建设街5号", "two equally good candidates"),
        (
            "锦溪县青石镇永泽茶楼",
            "四川省锦溪县青石镇新华街131号",
            "its owner has closed, and the namesake is elsewhere",
        ),
        ("赵小明", "四川省锦溪县白鹤镇迎宾大道35号", "a person at the door of two firms"),
        ("赵**", "四川省锦溪县永宁镇文昌街332号", "a masked holder"),
        ("锦溪县永宁镇吉祥花店", "四川省锦溪县永宁镇文昌街332号附1号2楼", "another name at the same door"),
        ("青川县永宁镇诚润设备维修部", "四川省青川县永宁镇文昌街332号", "another county"),
        ("超市", "四川省锦溪县永宁镇人民路10号", "a name that names nobody"),
    ],
)
def test_in_doubt_nobody_is_linked(linked, name, address, why):
    assert linked((name, address)) == {}, why


def test_a_name_that_many_bear_elsewhere_still_names_the_only_one_in_its_county(linked):
    """Neither the name in the province nor any part of it in the county is rare; the name in the county is."""
    linked.con.execute(
        f"""
        INSERT INTO feed.registry__entities (uscc, name, address, status)
        SELECT 'Q' || k, '青川县城关镇丰收粮油店', '四川省青川县城关镇', '存续' FROM range(25) AS q(k)
        UNION ALL SELECT 'Z' || k, '锦溪县永宁镇丰收粮油店第' || k || '门市', '四川省锦溪县永宁镇', '存续' FROM range(25) AS z(k)
        UNION ALL SELECT 'Y', '锦溪县永宁镇丰收粮油店', '四川省锦溪县永宁镇', '存续';
        CREATE OR REPLACE TABLE register.names AS {NAMES}
        """
    )
    assert linked(("锦溪县永宁镇丰收粮油店", "四川省锦溪县永宁镇")) == {"锦溪县永宁镇丰收粮油店": ("Y", EXACT)}
    linked.con.execute("DELETE FROM feed.utilities__bills")
    assert linked(("丰收粮油店", None)) == {}, "without a county, many bear it"
    linked.con.execute(
        f"""
        DELETE FROM feed.utilities__bills;
        INSERT INTO feed.registry__entities (uscc, name, address, status) VALUES
            ('X', '锦溪县丰收粮油店', '四川省锦溪县石梯镇', '存续'), -- written as on the bill, in another town
            ('W', '丰收粮油店', NULL, '存续'); -- somewhere
        CREATE OR REPLACE TABLE register.names AS {NAMES}
        """
    )
    linked(("锦溪县丰收粮油店", "四川省锦溪县永宁镇"), ("丰收粮油店门市部", None), ("丰收粮油店", None))
    assert asked(linked) == {"锦溪县丰收粮油店": ["X", "Y"]}, "both of its county, and nobody where no county is known"


@pytest.mark.parametrize(("bearers", "candidates"), [(20, 20), (21, 0)])
@pytest.mark.parametrize("name", ["丰收粮油店", "锦溪县丰收粮油店"])
def test_a_name_is_a_clue_as_long_as_no_more_than_twenty_bear_it(linked, name, bearers, candidates):
    linked.con.execute(
        f"""
        INSERT INTO feed.registry__entities (uscc, name, status)
        SELECT 'Q' || k, '丰收粮油店', '存续' FROM range({bearers}) AS q(k);
        CREATE OR REPLACE TABLE register.names AS {NAMES}
        """
    )
    linked((name, None))
    assert len(asked(linked).get(name, [])) == candidates


def test_a_former_name_still_names_the_entity(linked):
    former = "SELECT uscc, '锦溪县白鹤镇老蜀岭食堂', address, status, TRUE FROM register.names WHERE uscc = 'G'"
    linked.con.execute(f"INSERT INTO register.names {former}")
    assert linked(("锦溪县白鹤镇老蜀岭食堂", "锦溪县白鹤镇迎宾大道35号")) == {"锦溪县白鹤镇老蜀岭食堂": ("G", EXACT)}
    ((evidence,),) = linked.con.execute("SELECT evidence FROM register.judged").fetchall()
    assert evidence == "名称：完全相同（+15.9）；地址：同一门牌（+10.1）；曾用名"


def test_a_refused_candidate_is_not_proposed_again_and_leaves_the_other(linked):
    bill = ("锦溪县柳溪镇广源烟酒店", "四川省锦溪县柳溪镇建设街5号")
    assert linked(bill) == {}
    linked.con.execute("INSERT INTO register.rejected SELECT id, 'I' FROM register.sources")
    assert linked() == {bill[0]: ("J", EXACT)}


def test_a_refused_candidate_is_not_proposed_again_by_its_door_either(linked):
    linked(("锦溪县双旺果", "锦溪县石梯镇园区一路46号"))
    assert asked(linked) == {"锦溪县双旺果": ["B"]}
    linked.con.execute("INSERT INTO register.rejected SELECT id, 'B' FROM register.sources")
    assert linked() == asked(linked) == {}


@pytest.mark.parametrize(
    ("name", "candidates"),
    [
        ("锦溪县永宁镇幸福超", ["C", "D"]),  # two whose names begin alike
        ("润设备维修部", ["A"]),  # the first character is missing
        ("设备维修部", ["A"]),  # the first two
    ],
)
def test_a_part_of_a_name_is_asked_about_by_how_it_begins(linked, name, candidates):
    linked((name, "锦溪县永宁镇"))
    assert asked(linked) == {name: candidates}


def test_the_other_bills_of_an_account_may_state_its_code(linked):
    con = linked.con
    con.execute(
        "INSERT INTO feed.utilities__bills (account_no, account_name, uscc, month) VALUES ('1', '赵小明', 'H', '2026-09-01')"
    )
    linked(("赵小明", None), ("钱小红", None))
    assert con.execute("SELECT name, uscc FROM register.stated JOIN register.sources USING (id)").fetchall() == [
        ("赵小明", "H")
    ]


def test_the_score_is_the_sum_of_its_evidence(linked):
    linked(("锦溪县双旺果", "锦溪县石梯镇园区一路46号"))
    ((weight, score, evidence),) = linked.con.execute(
        "SELECT match_weight, score, evidence FROM register.scored WHERE uscc = 'B'"
    ).fetchall()
    levels = {level.title_zh: level.bits for each in model().comparisons for level in each.levels}
    assert evidence == "名称：一方名称包含另一方（+7.2）；地址：同一门牌（+10.1）"
    odds = model().prior / (1 - model().prior) * 2 ** (levels["一方名称包含另一方"] + levels["同一门牌"])
    assert 2**weight == pytest.approx(odds, rel=1e-4)
    assert score == pytest.approx(odds / (1 + odds), abs=1e-6)


def test_order_of_rows_and_a_second_time_change_nothing(linked):
    bills = [
        ("锦溪县双旺果", "锦溪县石梯镇园区一路46号"),
        ("诚润设备维修部", "永宁镇文昌街332号"),
        ("幸福超市", "永宁镇人民路10号"),
    ]
    linked(*bills)
    judged = "SELECT name, judged.* EXCLUDE (id) FROM register.judged JOIN register.sources USING (id) ORDER BY ALL"
    first = linked.con.execute(judged).fetchall()
    linked.con.execute("DELETE FROM feed.utilities__bills")
    linked(*reversed(bills))
    again = linked.con.execute(judged).fetchall()
    assert first == again
    assert len(first) >= 3


def test_every_character_with_a_capital_is_folded_and_no_nought_before_a_number_stays(linked):
    linked()
    each = "(SELECT chr(range::INTEGER) AS c FROM range(33, 131072) WHERE range NOT BETWEEN 55296 AND 57343)"
    left = linked.con.execute(f"SELECT list(c) FROM {each} WHERE half_width(c) <> upper(half_width(c))").fetchone()
    assert left == (None,)
    keys = "address_key('文昌街08号附010号'), address_key('文昌街108号'), address_key('文昌街8号')"
    assert linked.con.execute(f"SELECT {keys}").fetchone() == ("文昌街8-10", "文昌街108", "文昌街8")


def test_text_with_nothing_to_drop_is_taken_apart_like_any_other(linked):
    """Against the wording applied step by step in Python, whether or not a text has anything to drop."""
    linked()
    names, addresses = model().names, model().addresses
    parts = ["锦溪县", "永泽", "有限公司", "（有限合伙）", "(个体)", "个体工商户", "·", "Ａb", " ", "，", "附1号"]
    texts = ["".join(chosen) for length in (1, 2, 3) for chosen in product(parts, repeat=length)]

    def gone(text: str, *shapes: str) -> str:
        for shape in shapes:
            text = re.sub(shape, "", text)
        return text

    narrow = [re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).upper() for text in texts]
    core = [names["remarks"], names["legal_forms"], names["dropped"], names["legal_forms"]]
    expected = [
        (gone(text, names["dropped"]), gone(text, *core), gone(text, addresses["remarks"], addresses["dropped"]))
        for text in narrow
    ]
    found = linked.con.execute(
        "SELECT name_plain(t), name_core(t), address_plain(t) FROM (SELECT unnest(?) AS t, generate_subscripts(?, 1) AS place) ORDER BY place",
        [texts, texts],
    ).fetchall()
    assert found == expected


def test_what_is_not_compared_could_not_even_be_a_question():
    """`named_alike` and `near` leave out pairs that lie apart: no weights of theirs may reach what a person is asked."""
    name, place = model().comparisons
    prior = log2(model().prior / (1 - model().prior))
    resembling = [level for level in name.levels if level.id not in ("same", "rare_core")]
    apart = [level for level in place.levels if level.id in ("elsewhere", "other_town")]
    assert len(apart) == 2
    weights = [prior + one.bits + other.bits for one in resembling for other in apart]
    assert all(2**weight / (1 + 2**weight) < model().review for weight in weights)


def test_a_core_in_another_town_is_asked_about_where_a_county_is_not_known(linked):
    linked(("幸福超市", "石梯镇人民路9号"), ("锦溪县石梯镇幸福超市", "锦溪县石梯镇人民路9号"))
    assert asked(linked) == {"幸福超市": ["C", "D"]}


def test_the_only_one_of_its_name_is_asked_about_in_another_county_too(linked):
    linked(("青川县永宁镇诚润设备维修部", "四川省青川县永宁镇文昌街332号"))
    assert asked(linked) == {"青川县永宁镇诚润设备维修部": ["A"]}


def test_a_name_that_very_many_bear_is_asked_about_at_its_street_and_number_in_another_town(linked, warehouse):
    namesakes = ", ".join(
        f"('N{n}', '锦溪县平安旅店', '四川省锦溪县石梯镇人民路{100 + n}号', '存续')" for n in range(21)
    )
    warehouse.fill("feed.registry__entities", "uscc, name, address, status", namesakes)
    linked.con.execute(f"CREATE OR REPLACE TABLE register.names AS {NAMES}")
    linked(("锦溪县平安旅店", "锦溪县永宁镇人民路107号"))
    assert asked(linked) == {"锦溪县平安旅店": ["N7"]}


def test_planted_truth_is_found_and_next_to_nothing_else(tmp_path: Path):
    world = tmp_path / "world"
    benchmark.make(world, 3000)
    ours = benchmark.ours(world, tmp_path)
    ours.run()
    exact = benchmark.exact_name(world, tmp_path)
    exact.run()
    (recall, precision), (recall_exact, _) = (
        benchmark.rates(ours.answer(), "all"),
        benchmark.rates(exact.answer(), "all"),
    )
    assert precision > 0.99
    assert recall > 0.9 > 2 * recall_exact
