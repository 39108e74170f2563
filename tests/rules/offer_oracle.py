"""The offer again, in plain Python decimals on one dict of facts, from WORK_PLAN.md (S37-S50) and nothing else.

Shares no code and no number with `pipelines`: what the plan says is typed here a second time. None = unknown.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import Any

Facts = dict[str, Any]
ADMISSION = (
    "tax_grade_b_or_better",
    "annual_invoicing_at_least",
    "owner_without_severe_overdue",
    "proves_stable_premises",
)
SHARES = {"A": Decimal("0.50"), "B": Decimal("0.45"), "C": Decimal("0.40"), "D": Decimal("0.35"), "E": Decimal("0.30")}
YUAN, FEN = Decimal(1), Decimal("0.01")


def offer(facts: Facts, lpr: Decimal) -> Facts:
    """The whole offer of one entity; `facts` has features, grade, rules and the segment green."""
    fits = [name for name in ("tech", "livelihood", "trade", "basic") if _fits(name, facts)]
    if not fits:
        return dict.fromkeys(("product", "limit", "other", "term", "rate", "subsidy", "relending")) | {
            "alternatives": [],
            "to_verify": [],
        }
    product = fits[0]
    limit, other = _limits(product, facts)
    rate = lpr + Decimal("0.50") - (Decimal("0.50") if product == "tech" else 0)
    return {
        "product": product,
        "limit": limit,
        "other": other,
        "term": 60 if product == "tech" or _is_manufacturing(facts["industry_code"]) else 36,
        "rate": rate,
        "subsidy": _subsidy(product, facts, limit, rate),
        "relending": None if limit is None else limit <= 2_000_000 and rate <= lpr + Decimal("0.50"),
        "alternatives": fits[1:],
        "to_verify": _open(product, facts),
    }


def _fits(product: str, facts: Facts) -> bool:
    if any(facts[f"rule__{name}"] is False for name in ADMISSION):
        return False
    if product == "tech":
        return _technology(facts)
    if product == "trade":
        return _trades(facts["industry_code"]) and (facts["order_months_12m"] or 0) > 0
    if product == "livelihood":
        is_addressed = _serves(facts["industry_code"]) and (facts["insured_min_6m"] or 0) > 0
        return is_addressed and _steady(facts) is not False and _rated(facts) is not False
    return True


def _technology(facts: Facts) -> bool:
    return facts["rule__is_tech"] is True or (facts["patents"] or 0) > 0 or (facts["rd_spend_yuan"] or 0) > 0


def _steady(facts: Facts) -> bool | None:
    worst = facts["insured_max_change_pct_6m"]
    if worst is not None and worst > 20:
        return False
    return True if facts["insured_changes_6m"] == 5 else None


def _rated(facts: Facts) -> bool | None:
    rating = facts["meituan_rating"]
    return None if rating is None else bool(rating >= Decimal("4.5"))


def _digits(code: str | None) -> str:
    return (code or "").lstrip("ABCDEFGHIJKLMNOPQRST")


def _trades(code: str | None) -> bool:
    kinds = ("51", "52", "532", "543", "552", "5612", "581", "5821", "59", "60")
    return code == "F" or _digits(code).startswith(kinds)


def _serves(code: str | None) -> bool:
    return _digits(code).startswith(("62", "801", "8514", "8521"))


def _is_manufacturing(code: str | None) -> bool:
    digits = _digits(code)
    return code == "C" or (digits != "" and 13 <= int(digits[:2]) <= 43)


def _limits(product: str, facts: Facts) -> tuple[Decimal | None, Decimal | None]:
    share = SHARES[facts["grade"]]
    month, year = facts["inflow_mean_12m_yuan"], facts["inflow_sum_12m_yuan"]
    basic = _down(month, share, 3_000_000), _down(year, share, 3_000_000)
    if product == "basic":
        return basic
    if product == "tech":
        research = _down(facts["rd_spend_yuan"], Decimal("1.5"), 5_000_000)
        return _most(basic[0], research), _most(basic[1], research)
    if product == "livelihood":
        base = facts["contribution_base_per_head_yuan"]
        return _down(base, Decimal(12) * facts["insured_min_6m"], 2_000_000), _down(base, Decimal(12), 2_000_000)
    return None, None


def _down(amount: Decimal | None, times: Decimal, cap: int) -> Decimal | None:
    return None if amount is None else min((amount * times).quantize(YUAN, ROUND_DOWN), Decimal(cap))


def _most(*amounts: Decimal | None) -> Decimal | None:
    return max((amount for amount in amounts if amount is not None), default=None)


def _subsidy(product: str, facts: Facts, limit: Decimal | None, rate: Decimal) -> Decimal | None:
    is_green_or_tech = product == "tech" or facts["segment__green"] is True or facts["rule__is_tech"] is True
    if limit is None or not is_green_or_tech or product == "trade":
        return None
    return min((limit * rate / 100 * Decimal("0.30")).quantize(FEN, ROUND_DOWN), Decimal(50_000))


def _open(product: str, facts: Facts) -> list[str]:
    is_open = {name: facts[f"rule__{name}"] is None for name in ADMISSION}
    is_individual = facts["kind"] == "92"
    is_open["proves_stable_premises"] &= is_individual  # to no other kind it is addressed
    is_open["tax_grade_b_or_better"] &= not is_individual  # an individual business is not rated
    is_open["has_ip_right"] = product == "tech" and not (facts["patents"] or 0) > 0
    is_open["insured_staff_steady"] = product == "livelihood" and _steady(facts) is None
    is_open["rated_well"] = product == "livelihood" and _rated(facts) is None
    return [name for name, opened in is_open.items() if opened]
