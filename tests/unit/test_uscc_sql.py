"""The SQL check of entity ids against python-stdnum and the plain statement of the standards."""

from __future__ import annotations

import random
from datetime import date

import duckdb
import pytest
from hypothesis import given, settings, strategies as st
from stdnum.cn import uscc as stdnum

from pipelines.feeds.codes import (
    clean_uscc,
    entity_id,
    is_entity_code,
    is_personal_number,
    is_valid_legacy,
    is_valid_uscc,
    looks_personal,
    masked,
    personal_numbers_masked,
    without_personal_numbers,
)
from pipelines.registers import uscc as plain

CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
ANYTHING = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CON = duckdb.connect()


def sql_says(codes: list[str], check=is_valid_uscc) -> list[bool]:
    rows = CON.execute(f"SELECT {check('code')} FROM (SELECT unnest(?::VARCHAR[]) AS code)", [codes]).fetchall()
    return [bool(found) for (found,) in rows]


def one(expression: str, raw: str):
    return CON.execute(f"SELECT {expression} FROM (SELECT ?::VARCHAR AS raw)", [raw]).fetchone()[0]


def random_body(chance: random.Random, prefix: str = "") -> str:
    return prefix + "".join(chance.choice(CHARACTERS) for _ in range(17 - len(prefix)))


def nearly(body: st.SearchStrategy[str], check, marks: str) -> st.SearchStrategy[str]:
    """Texts with the right last character, and some with any."""
    return body.flatmap(lambda text: st.sampled_from([check(text), check(text), *marks]).map(lambda last: text + last))


DIGITS = st.text("0123456789", min_size=8, max_size=8)
SUBJECT = st.text(CHARACTERS, min_size=9, max_size=9)
OLD_BODY = st.tuples(
    st.text("123456789", min_size=1, max_size=1),
    st.text("0123456789", min_size=5, max_size=5),
    st.text(ANYTHING, min_size=8, max_size=8),
).map("".join)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        nearly(st.tuples(DIGITS, SUBJECT).map("".join), stdnum.calc_check_digit, CHARACTERS), min_size=50, max_size=80
    )
)
def test_codes_that_begin_with_eight_digits_are_judged_as_stdnum_judges_them(codes):
    assert sql_says(codes) == [stdnum.is_valid(code) for code in codes] == [plain.is_valid(code) for code in codes]


@settings(max_examples=60, deadline=None)
@given(st.lists(nearly(st.text(CHARACTERS, min_size=17, max_size=17), plain.check_character, CHARACTERS), min_size=50))
def test_every_code_is_judged_as_the_plain_statement_of_the_standard_judges_it(codes):
    assert sql_says(codes) == [plain.is_valid(code) for code in codes]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(ANYTHING + "OISZVabc １-", max_size=20), min_size=30))
def test_any_text_at_all_is_judged_the_same(texts):
    assert sql_says(texts) == [plain.is_valid(text) for text in texts]
    assert sql_says(texts, is_valid_legacy) == [plain.is_valid_legacy(text) for text in texts]
    assert sql_says(texts, is_personal_number) == [plain.is_personal_number(text) for text in texts]


@pytest.mark.parametrize(
    "kind", ["N1", "N2", "N3", "N9", "A1", "A9", "Y1", "11", "12", "13", "51", "52", "53", "91", "92", "93"]
)
def test_all_authorities_and_kinds_are_valid_also_those_in_letters(kind):
    body = random_body(random.Random(kind), f"{kind}510623")  # noqa: S311
    code = body + plain.check_character(body)
    assert sql_says([code]) == [True] == [plain.is_valid(code)]
    assert stdnum.is_valid(code) == kind.isdigit(), "python-stdnum rejects letters: there it is wrong"


def test_a_letter_in_the_division_is_no_code():
    body = random_body(random.Random(5), "9151A623")  # noqa: S311
    code = body + plain.check_character(body)
    assert sql_says([code]) == [False] == [plain.is_valid(code)]


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


AS_EXPORTED = [
    text.replace("CODE", "92510623MAY004CT3H")
    for text in (
        "CODE\t",
        "\tCODE",
        "'CODE",
        "‘CODE",
        '="CODE"',
        "＇CODE",
        "\ufeffCODE",
        "\u200bCODE\u200b",
        "\u00a0CODE",
        "CODE\r\n",
    )
]


def test_blanks_case_and_width_are_repaired_before_the_check():
    code = "92510623MAY004CT3H"
    wide = "".join(chr(ord(character) + 0xFEE0) for character in code)
    for dirty in (code.lower(), f"  {code} ", wide, f"{code[:8]} {code[8:]}", *AS_EXPORTED):
        assert one(clean_uscc("raw"), dirty) == code
        assert one(entity_id("raw"), dirty) == code


@settings(max_examples=60, deadline=None)
@given(
    st.lists(nearly(OLD_BODY, lambda body: plain.organisation_check_character(body[6:]), "0123456789XA"), min_size=50)
)
def test_legacy_ids_are_judged_by_the_check_character_of_the_organisation_code(codes):
    assert sql_says(codes, is_valid_legacy) == [plain.is_valid_legacy(code) for code in codes]


def test_a_legacy_id_keeps_its_own_namespace():
    assert one(entity_id("raw"), "360206550875725") == "legacy:360206550875725"
    assert one(entity_id("raw"), "３６０２０６５５０８７５７２５") == "legacy:360206550875725", "repaired like a code"
    assert one(entity_id("raw"), "360206550875726") is None, "its check character is wrong"
    assert (
        plain.organisation_code("360206550875725") == plain.organisation_code("9136020655087572" + "5X") == "550875725"
    )


def test_an_old_number_of_a_person_is_masked_unless_its_organisation_code_checks():
    assert one(entity_id("raw"), "510104900101123") is None
    assert one(masked("raw"), "510104900101123") == "510104************"
    assert one(entity_id("raw"), "360702751111924") == "legacy:360702751111924", "a firm of the real A-grade list"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("联系13812345678或510104199001011234。", "联系138********或510104************。"),
        ("旧证510104900101123", "旧证510104************"),
        ("统一代码91510623MAY03B1R2U，票号351062026010001234567，2026年11月", None),
        ("51010419900101123x,13900000000", "510104************,139********"),
    ],
)
def test_numbers_of_persons_in_free_text_are_masked_and_nothing_else(text, shown):
    assert one(without_personal_numbers("raw"), text) == (shown or text)
    assert personal_numbers_masked(text) == (shown or text)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(110101, 659001),
    st.dates(date(1900, 1, 1), date(2099, 12, 31)),
    st.integers(0, 999),
    st.sampled_from(CHARACTERS),
)
def test_a_persons_number_is_known_by_its_last_place(region, born, serial, other):
    body = f"{region}{born:%Y%m%d}{serial:03}"
    total = sum(
        int(digit) * weight
        for digit, weight in zip(body, (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), strict=True)
    )
    right = body + "10X98765432"[total % 11]
    codes = [right, body + other]
    assert (
        sql_says(codes, is_personal_number) == [True, right == codes[1]] == [plain.is_personal_number(x) for x in codes]
    )
    assert sql_says(codes[:1], is_entity_code) == [False], "whatever else it may pass for"
    assert one(entity_id("raw"), right) is None


@pytest.mark.parametrize(
    "raw",
    ["510104199001011234", "510104199001011238", "51010419900101123x", "L510104199001011234", "51010419900101123400",
     "510104900101123", "５１０１０４１９９００１０１１２３４"],
)  # fmt: skip
def test_an_owners_number_is_masked_with_its_region_alone_left(raw):
    assert one(entity_id("raw"), raw) is None
    assert one(looks_personal("raw"), raw)
    assert one(masked("raw"), raw) == "510104************"
