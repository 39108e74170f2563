"""Valid unified social credit codes in SQL, for the generators (GB 32100-2015, from the plain-Python register)."""

from __future__ import annotations

from pipelines.registers.uscc import ALPHABET, WEIGHTS


def code_sql(body: str) -> str:
    """SQL: the 17 characters of `body` with their check character."""
    return f"{body} || {check_sql(body, 0)}"


def check_sql(body: str, off_by: int) -> str:
    """SQL: the check character of `body`, or the one `off_by` places further, which is wrong."""
    terms = " + ".join(
        f"{weight} * (instr('{ALPHABET}', substr({body}, {place}, 1)) - 1)"
        for place, weight in enumerate(WEIGHTS, start=1)
    )
    return f"substr('{ALPHABET}', 1 + ((31 - ({terms}) % 31) % 31 + {off_by}) % 31, 1)"
