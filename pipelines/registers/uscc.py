"""Ids of entities in plain functions (GB 32100-2015, GB 11714-1997): check characters, for generators and tests.

The warehouse checks codes with a vectorised SQL expression of its own; this is the independent second statement.
"""

from __future__ import annotations

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""The 31 characters of a code: no I, O, Z, S, V."""

WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
"""Weights of places 1 to 17: powers of 3 modulo 31."""

ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
"""Weights of the 8 characters of an organisation code (GB 11714-1997)."""


def check_character(body: str) -> str:
    """The 18th character of a code whose first 17 are `body`.

    Source: GB 32100-2015, (31 - sum of value x weight modulo 31) modulo 31.

    Raises:
        ValueError: `body` is not 17 characters of the code alphabet.
    """
    if len(body) != len(WEIGHTS):
        raise ValueError(f"{body!r} has {len(body)} characters; expected the first 17 of a unified social credit code")
    total = sum(_place(character, body) * weight for character, weight in zip(body, WEIGHTS, strict=True))
    return ALPHABET[(31 - total % 31) % 31]


def organisation_check_character(body: str) -> str:
    """The 9th character of an organisation code whose first 8 are `body`: 0-9, or X for ten.

    Source: GB 11714-1997, 11 - sum of value x weight modulo 11, letters counting from A = 10.

    Raises:
        ValueError: `body` is not 8 capital letters or digits.
    """
    if len(body) != len(ORGANISATION_WEIGHTS) or not (body.isascii() and body.isalnum() and body == body.upper()):
        raise ValueError(f"{body!r} is not the body of an organisation code; expected 8 capital letters or digits")
    total = sum(int(character, 36) * weight for character, weight in zip(body, ORGANISATION_WEIGHTS, strict=True))
    return "0123456789X0"[11 - total % 11]


def uscc_of(kind: str, division_code: str, subject: str) -> str:
    """The whole code of a subject (8 characters) of a kind (`91`, `92`, `93` …) in a division (6 digits).

    Raises:
        ValueError: a part has a wrong length or a character outside the alphabet.
    """
    body = f"{kind}{division_code}{subject}{organisation_check_character(subject)}"
    return body + check_character(body)


def is_valid(code: str) -> bool:
    """Whether `code` is 18 characters of the alphabet, the division (places 3 to 8) in digits, with the right last one."""
    if len(code) != len(WEIGHTS) + 1 or any(character not in ALPHABET for character in code):
        return False
    return code[2:8].isdigit() and check_character(code[:-1]) == code[-1]


def organisation_code(code: str) -> str:
    """The 9 characters that name the subject in a unified code (places 9 to 17) and in a legacy id (the last 9).

    Raises:
        ValueError: neither 18 nor 15 characters.
    """
    if len(code) not in (15, 18):
        raise ValueError(f"{code!r} has {len(code)} characters; expected a unified code (18) or a legacy id (15)")
    return code[8:17] if len(code) == 18 else code[6:]


def is_valid_legacy(code: str) -> bool:
    """Whether `code` is a 15-character taxpayer id: six digits of a region, then a valid organisation code."""
    region, organisation = code[:6], code[6:]
    if len(code) != 15 or not (region.isascii() and region.isdigit()) or region[0] not in "12345678":
        return False
    body, check = organisation[:-1], organisation[-1]
    return body.isascii() and body.isalnum() and body == body.upper() and organisation_check_character(body) == check


def is_personal_number(code: str) -> bool:
    """Whether `code` is a resident identity number (GB 11643-1999): region, plausible day of birth, right last place."""
    digits, check = code[:17], code[17:]
    if len(check) != 1 or not (digits.isascii() and digits.isdigit()) or digits[0] not in "12345678":
        return False
    century, month, day = digits[6:8], int(digits[10:12]), int(digits[12:14])
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(digits))
    is_day = century in ("19", "20") and 1 <= month <= 12 and 1 <= day <= 31
    return is_day and check == "10X98765432"[total % 11]


def _place(character: str, body: str) -> int:
    place = ALPHABET.find(character)
    if place < 0:
        raise ValueError(f"{body!r} has the character {character!r}; a code has only {ALPHABET}")
    return place
