"""SQL macros that bring two spellings of one name or address to one, and the id of an account without a code."""

from __future__ import annotations

from pipelines.feeds.codes import narrow
from pipelines.registers.model import Model
from pipelines.warehouse.connect import Connection, quoted

_UNUSUAL = "[\u3000\uff01-\uff5e\\s\\p{Ll}\\p{Lt}\\p{Nl}\\p{So}\\p{Mn}]"
"""Wide characters, blanks, and all that has a capital: only text with one of them goes through what costs more than the text."""


def make_macros(con: Connection, wording: Model) -> None:
    """Define the macros on a connection; what they drop is data (`linking.yml`).

    - `half_width(text)`: half-width capitals without blanks.
    - `name_plain(name)`: half-width capitals without blanks and signs; brackets' content stays.
    - `name_core(name)`: without remarks and legal form besides.
    - `address_plain(address)`: half-width, without blanks, signs and remarks in brackets.
    - `address_key(rest)`: street and numbers, `文昌街332号附1号2楼` and `文昌街332-1-2` alike.
    - `one_off(a, b)`: one character replaced, left out or added; the engine's own distances count bytes, three a character.
    - `may_be_one(a, b)`: two places are the same, or one of them is not known.
    - `account_id(no, holder, place)`: of an account without a code; another holder or place makes it another account.
    - `without(text, place)`: without a leading place, written in full or short.
    """
    names, addresses = wording.names, wording.addresses
    text = "half_width(t)"
    bare = _gone("core", names["dropped"])
    without_form = _gone("t", names["legal_forms"])
    usual_name = _has_none("t", names["dropped"], names["remarks"])
    usual_address = _has_none("t", addresses["dropped"], addresses["remarks"])
    parts = _gone("t", addresses["separators"], "-")
    unpadded = _gone(parts, "(^|[^0-9])0+([0-9])", "\\1\\2")
    macros = {
        "half_width(t)": f"CASE WHEN regexp_matches(t, {quoted(_UNUSUAL)}) "
        f"THEN upper(regexp_replace({narrow('t')}, '\\s', '', 'g')) ELSE t END",
        "name_plain(t)": f"CASE WHEN {usual_name} THEN t ELSE {_gone(text, names['dropped'])} END",
        "name_core(t)": (
            f"CASE WHEN NOT {usual_name} THEN "
            f"list_transform([{_gone(_gone(text, names['remarks']), names['legal_forms'])}], lambda core: "
            f"{_gone(bare, names['legal_forms'])})[1] "
            f"WHEN {without_form} = t THEN t ELSE {_gone(without_form, names['legal_forms'])} END"
        ),
        "address_plain(t)": (
            f"CASE WHEN {usual_address} THEN t "
            f"ELSE {_gone(_gone(text, addresses['remarks']), addresses['dropped'])} END"
        ),
        "address_key(t)": f"trim(CASE WHEN contains(t, '0') THEN {unpadded} ELSE {parts} END, '-')",
        "shorter_by_one(t)": "list_transform(range(length(t)), lambda i: left(t, i) || substr(t, i + 2))",
        "one_off(a, b)": (
            "CASE length(a) - length(b) WHEN 1 THEN list_contains(shorter_by_one(a), b) "
            "WHEN -1 THEN list_contains(shorter_by_one(b), a) "
            "WHEN 0 THEN len(list_filter(range(1, length(a) + 1), lambda i: substr(a, i, 1) <> substr(b, i, 1))) <= 1 "
            "ELSE FALSE END"
        ),
        "account_id(no, holder, place)": (
            "'account:' || left(sha256(concat_ws('|', no, holder, coalesce(place, ''))), 24)"
        ),
        "may_be_one(a, b)": "('' IN (a, b) OR a = b)",
        "without(t, place)": (
            "CASE WHEN length(place) < 2 THEN t WHEN starts_with(t, place) THEN substr(t, 1 + length(place)) "
            "WHEN length(place) > 2 AND starts_with(t, left(place, -1)) THEN substr(t, length(place)) ELSE t END"
        ),
    }
    for head, body in macros.items():
        con.execute(f"CREATE OR REPLACE TEMP MACRO {head} AS {body}")


def _has_none(text: str, *shapes: str) -> str:
    """SQL, one look instead of several: text that nothing here would change."""
    return f"(NOT regexp_matches({text}, {quoted('|'.join((_UNUSUAL, *shapes)))}))"


def _gone(text: str, shape: str, instead: str = "") -> str:
    return f"regexp_replace({text}, {quoted(shape)}, {quoted(instead)}, 'g')"
