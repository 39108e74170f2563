"""Spare entities for the ugly rows, so that what is accepted of them disturbs nobody else."""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.registers.uscc import ALPHABET, uscc_of
from pipelines.simulate.facts import COUNTY, DIVISION
from pipelines.simulate.planted import rows as planted

REGISTERED = 20
"""Spares 0 .. 19 stand in the full register; ugly files of the other feeds use these."""


def spare(number: int, kind: str = "92") -> str:
    """The code of a spare entity."""
    base = len(ALPHABET)
    digits = [(number * 7_919 + 4_242) // base**power % base for power in (4, 3, 2, 1, 0)]
    return uscc_of(kind, DIVISION, "MAY" + "".join(ALPHABET[digit] for digit in digits))


def wrong_check(code: str) -> str:
    """The code with another last character."""
    return code[:-1] + ALPHABET[(ALPHABET.index(code[-1]) + 1) % len(ALPHABET)]


def wide(text: str) -> str:
    """The text in full-width characters, as an input method leaves them."""
    return "".join(chr(ord(character) + 0xFEE0) if "!" <= character <= "~" else character for character in text)


def spare_register() -> pl.DataFrame:
    """Register entries of the spares."""
    return planted.frame(
        "registry__entities",
        (
            {
                "uscc": spare(number),
                "name": f"{COUNTY}备用{number:02d}号商店",
                "entity_type": "个体工商户",
                "established_on": date(2018, 3, 5),
                "status": "存续",
                "industry_code": "F5219",
                "division_code": DIVISION,
                "registered_capital": "5(万元人民币)",
                "address": f"四川省{COUNTY}备用路{number + 1}号",
                "employees": 2,
            }
            for number in range(REGISTERED)
        ),
    )
