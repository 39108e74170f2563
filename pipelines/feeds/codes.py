"""Entity ids in SQL: unified codes (GB 32100-2015), legacy 15-character ids (GB 11714), and personal numbers, which are neither.

Every expression is one term over a column: no function of the engine, no loop. `pipelines/registers/uscc.py` states the
same in plain Python, apart from this but for the standard's own constants, as the measure of the tests.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipelines.registers.uscc import ALPHABET, ORGANISATION_WEIGHTS, WEIGHTS
from pipelines.warehouse.connect import quoted

LEGACY = "legacy:"
"""Namespace of ids that name an entity through its organisation code only; it sorts behind every unified code."""

USCC_SHAPE = "[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}"
"""Authority and kind may be letters (A, N, Y; N1 to N3), the division is digits, subject and check are the alphabet."""

_ORGANISATION_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LEGACY_SHAPE = "[1-8][0-9]{5}[0-9A-Z]{8}[0-9X]"
_PERSON_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_DAY = "(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])"
_PERSON_SHAPE = f"[1-8][0-9]{{5}}(19|20)[0-9]{{2}}{_DAY}[0-9]{{3}}[0-9X]"
_PERSON_ANYHOW = (
    f"L?([1-8][0-9]{{5}})((19|20)[0-9]{{2}}{_DAY}[0-9]{{3}}[0-9X]|[0-9]{{2}}{_DAY}[0-9]{{3}})[0-9A-Z]{{0,2}}"
)
"""18 or 15 places, also behind the L and before the serial number that tax offices put around an owner's number."""

_PERSON_IN_TEXT = f"\\b([1-8][0-9]{{5}})(?:(?:19|20)[0-9]{{2}}{_DAY}[0-9]{{3}}[0-9Xx]|[0-9]{{2}}{_DAY}[0-9]{{3}})\\b"
_MOBILE_IN_TEXT = "(\\b|\\b(?:86|0086|0)[- ]?|_)(1[3-9][0-9])[- ]?[0-9]{4}[- ]?[0-9]{4}\\b"
_IN_TEXT = ((_PERSON_IN_TEXT, "\\1************"), (_MOBILE_IN_TEXT, "\\1\\2********"))
"""Numbers of persons, and what of them is left; to be read with ASCII word boundaries, as the engine has them."""

_MAY_BE_PERSONAL = "1[3-9][0-9][- ]?[0-9]{4}[- ]?[0-9]{4}|[0-9]{15}|[０-９]{11}"
"""What text must have, at least, for a personal number to be in it; found in a sixth of a microsecond."""

_NO_PART = r"[\s='\"‘’“”\x{A0}\x{200B}-\x{200F}\x{2060}\x{FEFF}]"
"""Blanks, also those that show nothing, and the marks of `'9151…` and `="9151…"`."""

_WIDE = "".join(chr(code) for code in range(0xFF01, 0xFF5F)) + "\u3000"
_NARROW = "".join(chr(code) for code in range(0x21, 0x7F)) + " "


def narrow(text: str) -> str:
    """SQL: full-width letters, digits and signs as half-width ones."""
    return f"CASE WHEN strlen({text}) = length({text}) THEN {text} ELSE translate({text}, {quoted(_WIDE)}, {quoted(_NARROW)}) END"


def clean_uscc(raw: str) -> str:
    """SQL: a code in half-width capitals, without blanks and what a spreadsheet puts around text that is all digits."""
    return f"upper(regexp_replace({narrow(raw)}, {quoted(_NO_PART)}, '', 'g'))"


def is_valid_uscc(code: str) -> str:
    """SQL: 18 characters, of the standard's shape, whose check character is right (GB 32100-2015)."""
    total = _weighted(code, ALPHABET, WEIGHTS)
    check = f"(31 - ({total}) % 31) % 31 = instr('{ALPHABET}', substr({code}, 18, 1)) - 1"
    return f"CASE WHEN regexp_full_match({code}, '{USCC_SHAPE}') THEN {check} ELSE FALSE END"


def is_valid_legacy(code: str) -> str:
    """SQL: 6 digits of a region and an organisation code whose check character is right (GB 11714-1997)."""
    total = _weighted(f"substr({code}, 7, 8)", _ORGANISATION_ALPHABET, ORGANISATION_WEIGHTS)
    check = f"substr('0X987654321', 1 + ({total}) % 11, 1) = substr({code}, 15, 1)"
    return f"CASE WHEN regexp_full_match({code}, '{_LEGACY_SHAPE}') THEN {check} ELSE FALSE END"


def is_personal_number(code: str) -> str:
    """SQL: a resident identity number with a plausible day of birth and the right last place (GB 11643-1999)."""
    total = _weighted(code, _ORGANISATION_ALPHABET, _PERSON_WEIGHTS)
    check = f"substr('10X98765432', 1 + ({total}) % 11, 1) = substr({code}, 18, 1)"
    return f"CASE WHEN regexp_full_match({code}, '{_PERSON_SHAPE}') THEN {check} ELSE FALSE END"


def is_entity_code(code: str) -> str:
    """SQL: a valid code that is not some person's number; of the numbers of persons one in 31 would pass for a code."""
    return f"({is_valid_uscc(code)} AND NOT {is_personal_number(code)})"


def entity_id(raw: str) -> str:
    """SQL: the code a cell holds, `legacy:<id>` for a legacy id, NULL for anything else.

    Fifteen digits whose organisation code checks are a legacy id, also where they could be read as a person's number of
    before 1999: such numbers are void since 2013, one in eleven would check, and it names no entity, so it is on no list. To keep
    them out would cost one in 27 of the all-digit ids of organisations (14 of 975 on a real A-grade list).
    """
    code = clean_uscc(raw)
    return (
        f"CASE WHEN {is_entity_code(code)} THEN {code} WHEN {is_valid_legacy(code)} THEN {quoted(LEGACY)} || {code} END"
    )


def looks_personal(raw: str) -> str:
    """SQL: the cell has the shape of an owner's identity number, mistyped ones included; asked of what is no id of an entity."""
    return f"regexp_full_match({clean_uscc(raw)}, '{_PERSON_ANYHOW}')"


def masked(raw: str) -> str:
    """SQL: the region of an identity number. A digest would be no cover: such numbers are few enough to be tried out."""
    return f"regexp_extract({clean_uscc(raw)}, '{_PERSON_ANYHOW}', 1) || '************'"


def without_personal_numbers(text: str) -> str:
    """SQL: free text in which identity numbers and mobile numbers are masked but for their first places.

    Text without any stays as it is, at little cost; only of full-width digits the text is narrowed.
    """
    masked_text = f"CASE WHEN regexp_matches({text}, '[０-９]{{11}}') THEN {narrow(text)} ELSE {text} END"
    for shape, left in _IN_TEXT:
        masked_text = f"regexp_replace({masked_text}, '{shape}', '{left}', 'g')"
    return f"CASE WHEN regexp_matches({text}, '{_MAY_BE_PERSONAL}') THEN {masked_text} ELSE {text} END"


def personal_numbers_masked(text: str) -> str:
    """The same of a text at hand, for what is told of a file outside its rows."""
    for shape, left in _IN_TEXT:
        text = re.sub(shape, left, text, flags=re.ASCII)
    return text


def _weighted(text: str, alphabet: str, weights: Sequence[int]) -> str:
    """SQL: the values of the characters in the alphabet, from 0, times the weights, added up."""
    places = (
        f"{weight} * instr('{alphabet}', substr({text}, {place}, 1))" for place, weight in enumerate(weights, start=1)
    )
    return f"{' + '.join(places)} - {sum(weights)}"
