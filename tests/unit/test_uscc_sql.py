"""The SQL check of unified social credit codes against python-stdnum and a plain statement of GB 32100-2015."""

from __future__ import annotations

import random

import duckdb
from stdnum.cn import uscc as stdnum

from pipelines.feeds.cells import clean_uscc, is_valid_uscc
from pipelines.registers import uscc as plain

CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def sql_says(codes: list[str]) -> list[bool]:
    con = duckdb.connect()
    con.execute("CREATE TABLE codes (place INTEGER, code VARCHAR)")
    con.executemany("INSERT INTO codes VALUES (?, ?)", list(enumerate(codes)))
    return [
        bool(found) for (found,) in con.execute(f"SELECT {is_valid_uscc('code')} FROM codes ORDER BY place").fetchall()
    ]


def random_body(chance: random.Random, prefix: str = "") -> str:
    return prefix + "".join(chance.choice(CHARACTERS) for _ in range(17 - len(prefix)))


def test_codes_that_stdnum_can_judge_are_judged_the_same():
    chance = random.Random(32100)  # noqa: S311
    bodies = [
        random_body(chance, f"{chance.choice(['91', '92', '93'])}{chance.randrange(110000, 660000)}")
        for _ in range(400)
    ]
    codes = [body + chance.choice([stdnum.calc_check_digit(body), chance.choice(CHARACTERS)]) for body in bodies]
    oracle = [stdnum.is_valid(code) for code in codes]
    assert any(oracle)
    assert not all(oracle)
    assert sql_says(codes) == oracle


def test_letters_in_the_first_eight_places_are_valid_though_stdnum_rejects_them():
    chance = random.Random(1)  # noqa: S311
    codes = [
        body + plain.check_character(body)
        for body in (random_body(chance, prefix) for prefix in ("N2", "A1", "Y1", "N3"))
    ]
    assert not any(stdnum.is_valid(code) for code in codes)
    assert sql_says(codes) == [True] * len(codes)


def test_one_wrong_character_is_always_noticed():
    body = random_body(random.Random(2), "91510623")  # noqa: S311
    code = body + plain.check_character(body)
    wrong = [
        code[:place] + other + code[place + 1 :] for place in range(18) for other in CHARACTERS if other != code[place]
    ]
    assert sql_says([code]) == [True]
    assert not any(sql_says(wrong))


def test_what_has_not_18_characters_of_the_alphabet_is_no_code():
    body = random_body(random.Random(3), "92510623")  # noqa: S311
    code = body + plain.check_character(body)
    assert not any(
        sql_says(["", code[:-1], code + "0", code.lower(), code[:-2] + "O" + code[-1], " " + code[1:], "9.15E+17"])
    )


def test_blanks_case_and_width_are_repaired_before_the_check():
    con = duckdb.connect()
    code = "92510623MAY004CT3H"
    wide = "".join(chr(ord(character) + 0xFEE0) for character in code)
    for dirty in (code.lower(), f"  {code} ", wide, f"{code[:8]} {code[8:]}"):
        assert con.execute(f"SELECT {clean_uscc('raw')} FROM (SELECT ? AS raw)", [dirty]).fetchone() == (code,)
