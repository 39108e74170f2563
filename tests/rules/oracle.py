"""The judgement again, in plain Python on one dict of features, from WORK_PLAN.md ("Precisely") and nothing else.

Shares no code and no number with `pipelines`: what the plan says is typed here a second time. None = unknown.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Any

Facts = dict[str, Any]

MEDIUM_BEGINS = {
    "farming": (None, 5_000_000, None),
    "industry": (300, 20_000_000, None),
    "construction": (None, 60_000_000, 50_000_000),
    "wholesale": (20, 50_000_000, None),
    "retail": (50, 5_000_000, None),
    "transport": (300, 30_000_000, None),
    "storage": (100, 10_000_000, None),
    "post": (300, 20_000_000, None),
    "hotel": (100, 20_000_000, None),
    "catering": (100, 20_000_000, None),
    "information": (100, 10_000_000, None),
    "software": (100, 10_000_000, None),
    "real estate": (None, 10_000_000, 50_000_000),
    "property management": (300, 10_000_000, None),
    "leasing and business services": (100, None, 80_000_000),
    "other": (100, None, None),
}
"""People employed, revenue in yuan, assets in yuan."""

LAST_DIVISION = {
    "A": 5, "B": 12, "C": 43, "D": 46, "E": 50, "F": 52, "G": 60, "H": 62, "I": 65, "J": 69,
    "K": 70, "L": 72, "M": 75, "N": 79, "O": 82, "P": 83, "Q": 85, "R": 90, "S": 96, "T": 97,
}  # fmt: skip


def judge(facts: Facts, as_of: date, delivered: Collection[str], late: Collection[str], definition: str) -> Facts:
    """Every rule and segment and the first-loan status of one entity."""
    fresh = set(delivered) - set(late)
    rules = _rules(facts, as_of, fresh, definition)
    out: Facts = {f"rule__{name}": value for name, value in rules.items()}
    for name, needed in SEGMENTS.items():
        values = [rules[rule] for rule in [*needed, "in_business", "never_borrowed"]]
        out[f"segment__{name}"] = _all(values)
    out["first_loan_status"] = _status(rules["never_borrowed"], facts)
    source, day = _evidence(out["first_loan_status"], facts, definition)
    return out | {
        "first_loan_source": source,
        "first_loan_evidence_on": day,
        "first_loan_definition": definition,
    }


SEGMENTS = {
    "individual_taxpayer": ["is_individual_business", "paid_tax_12_months", "annual_tax_at_least"],
    "small_employer": ["insured_staff_3_to_20", "operating_2_years", "small_or_micro"],
    "new_enterprise": ["is_enterprise", "newly_established"],
    "park_tech": ["in_park", "is_tech", "small_or_micro"],
    "district_merchant": ["in_district", "is_individual_business"],
    "green": ["on_green_list", "small_or_micro"],
    "rural": ["is_rural_operator"],
    "online": ["registered_demand"],
}


def _all(values: list[bool | None]) -> bool | None:
    if False in values:
        return False
    return None if None in values else True


def _status(never_borrowed: bool | None, facts: Facts) -> str:
    if never_borrowed is False:
        return "disproved"
    if facts["first_loan_confirmed_on"] is not None:
        return "confirmed"
    return "presumed" if never_borrowed else "unknown"


LOANS_RECEIVED_ON = date(2026, 11, 13)


def _evidence(status: str, facts: Facts, definition: str) -> tuple[str, date | None]:
    if status == "confirmed":
        return "crm__contacts", facts["first_loan_confirmed_on"]
    if status != "disproved":
        return "credit__loans", LOANS_RECEIVED_ON
    if facts["personal_business_loans"] and facts["uscc"].startswith("92") and definition == "never_any_loan":
        return "credit__loans", facts["first_loan_on"]
    if facts["enterprise_loans"]:
        return "credit__loans", facts["first_enterprise_loan_on"]
    return "crm__disbursements", facts["own_first_disbursed_on"]


def _rules(facts: Facts, as_of: date, fresh: set[str], definition: str) -> dict[str, bool | None]:
    registry = {
        "in_business": _in_business(facts),
        "is_enterprise": _kind_is(facts, "91"),
        "is_individual_business": _kind_is(facts, "92"),
        "operating_2_years": _operating_2_years(facts, as_of),
        "newly_established": _newly_established(facts, as_of),
        "small_or_micro": _small_or_micro(facts),
    }
    by_feed: dict[str, dict[str, bool | None]] = {
        "registry__entities": registry,
        "registry__certifications": {"is_tech": _is_tech(facts)},
        "tax__payments": {
            "paid_tax_12_months": _paid_tax_12_months(facts),
            "annual_tax_at_least": _annual_tax_at_least(facts),
        },
        "tax__credit_grades": {"tax_grade_b_or_better": _tax_grade_b_or_better(facts, as_of)},
        "tax__invoices": {"annual_invoicing_at_least": _at_least(facts["invoiced_12m_yuan"], 1_000_000)},
        "social__insurance": {"insured_staff_3_to_20": _insured_staff_3_to_20(facts)},
        "sites__tenants": {"in_park": _tenant(facts, "园区"), "in_district": _tenant(facts, "商圈")},
        "green__enterprises": {"on_green_list": _on_green_list(facts, as_of)},
        "agriculture__operators": {"is_rural_operator": _is_rural_operator(facts)},
        "online__intents": {"registered_demand": _on_or_before(facts["demand_registered_on"], as_of) or False},
        "credit__owners": {"owner_without_severe_overdue": _owner(facts, as_of)},
    }
    settled = {
        name: value if feed in fresh else None for feed, rules in by_feed.items() for name, value in rules.items()
    }
    settled["never_borrowed"] = _never_borrowed(facts, "credit__loans" in fresh, definition)
    settled["proves_stable_premises"] = _premises(facts, as_of, fresh)
    return settled


def _in_business(facts: Facts) -> bool | None:
    if facts["status"] in ("存续", "在业", "开业", "在营"):
        return True
    return False if facts["status"] in ("注销", "吊销", "撤销", "清算", "停业", "迁出") else None


def _kind_is(facts: Facts, kind: str) -> bool | None:
    return None if facts["id_namespace"] == "farm" else facts["uscc"].startswith(kind)


def years_later(day: date, years: int) -> date:
    """The same calendar day; 29 February becomes 28 February."""
    is_leap_day = (day.month, day.day) == (2, 29)
    return (
        date(day.year + years, 2, 28) if is_leap_day and (day.year + years) % 4 else day.replace(year=day.year + years)
    )


def _operating_2_years(facts: Facts, as_of: date) -> bool | None:
    day = facts["established_on"]
    return None if day is None else years_later(day, 2) <= as_of


def _newly_established(facts: Facts, as_of: date) -> bool | None:
    day = facts["established_on"]
    return None if day is None else years_later(as_of, -1) < day <= as_of


def _at_least(amount: Decimal | None, bound: int) -> bool | None:
    return None if amount is None else amount >= bound


def _on_or_before(day: date | None, as_of: date) -> bool | None:
    return None if day is None else day <= as_of


def _paid_tax_12_months(facts: Facts) -> bool | None:
    return (facts["tax_months_normal"] or 0) == 12 if facts["tax_filings"] else None


def _annual_tax_at_least(facts: Facts) -> bool | None:
    paid = facts["tax_paid_12m_yuan"]
    return paid >= 50_000 if facts["tax_filings"] and paid is not None else None


def _insured_staff_3_to_20(facts: Facts) -> bool | None:
    known = [number for number in (facts["insured_min_12m"], facts["insured_max_12m"]) if number is not None]
    if any(number < 3 or number > 20 for number in known):
        return False
    months = facts["insured_months_12m"] or 0
    return True if known and months >= 11 else None


def _is_tech(facts: Facts) -> bool:
    return bool({"科技型中小企业", "专精特新", "高新技术企业"} & set(facts["certifications"] or []))


def _tenant(facts: Facts, kind: str) -> bool | None:
    if facts["site_id"] is None:
        return False
    if kind in (facts["site_kind"], facts["other_site_kind"]):
        return True
    return None if facts["site_kind"] is None else False


def _on_green_list(facts: Facts, as_of: date) -> bool:
    listed, until = facts["green_listed_on"], facts["green_valid_until"]
    if listed is None and until is None and facts["green_field"] is None:
        return False
    return (listed is None or listed <= as_of) and (until is None or until >= as_of)


def _is_rural_operator(facts: Facts) -> bool | None:
    if facts["operator_id"] is None:
        return False
    kind = facts["operator_type"]
    return None if kind is None else kind in ("家庭农场", "农民专业合作社", "农产品加工小作坊")


def _owner(facts: Facts, as_of: date) -> bool | None:
    if not _on_or_before(facts["owner_authorised_on"], as_of) or facts["owner_severe_overdue"] is None:
        return None
    return not facts["owner_severe_overdue"]


def _never_borrowed(facts: Facts, is_feed_fresh: bool, definition: str) -> bool | None:
    counted = ["enterprise_loans", "own_disbursements"]
    if definition == "never_any_loan" and facts["uscc"].startswith("92"):
        counted.append("personal_business_loans")
    if any(facts[name] for name in counted):
        return False
    return True if is_feed_fresh and facts["id_namespace"] == "uscc" else None


def _tax_grade_b_or_better(facts: Facts, as_of: date) -> bool | None:
    grade = facts["tax_grade"]
    if grade == "M":
        return _newly_established(facts, as_of)
    return None if grade not in ("A", "B", "C", "D") else grade in "AB"


def _premises(facts: Facts, as_of: date, fresh: set[str]) -> bool | None:
    if not facts["uscc"].startswith("92"):
        return None
    proofs: list[bool | None] = []
    if "sites__tenants" in fresh:
        proofs.append(None if facts["lease_until"] is None else facts["lease_until"] >= as_of)
    if "utilities__bills" in fresh:
        proofs.append(_bills(facts["bill_months_paid_12m"], facts["bill_months_12m"]))
    if True in proofs:
        return True
    return False if proofs == [False, False] else None


def _bills(paid: int | None, billed: int | None) -> bool | None:
    if paid is None or billed is None:
        return True if paid is not None and paid >= 10 else None
    most = paid + 12 - billed
    return True if paid >= 10 else (False if most < 10 else None)


def size_class(code: str | None) -> str | None:
    """The class of 300号 an industry code falls into; None when the industry is not known well enough."""
    found = re.fullmatch(r"([A-T]?)(\d{2,4})?", (code or "").strip().upper())
    if not found or not code or not code.strip():
        return None
    letter, digits = found.group(1), found.group(2) or ""
    if digits:
        section = next((name for name, last in LAST_DIVISION.items() if 0 < int(digits[:2]) <= last), None)
        if section is None or (letter and letter != section):
            return None
        letter = section
    if letter in "AE":
        return {"A": "farming", "E": "construction"}[letter]
    if letter in "BCD":
        return "industry"
    if letter in "LMNOR":
        return "leasing and business services" if letter == "L" else "other"
    if letter == "K":
        return {"701": "real estate", "702": "property management"}.get(digits[:3])
    return _class_of_division(digits[:2])


def _class_of_division(division: str) -> str | None:
    if division in ("53", "54", "55", "56", "57", "58"):
        return "transport"
    if division in ("63", "64"):
        return "information"
    named = {"51": "wholesale", "52": "retail", "59": "storage", "60": "post", "61": "hotel", "62": "catering"}
    return named.get(division) or ("software" if division == "65" else None)


def _small_or_micro(facts: Facts) -> bool | None:
    name = size_class(facts["industry_code"])
    if name is None:
        return None
    found = (facts["employees"], facts["annual_revenue_yuan"], facts["total_assets_yuan"])
    pairs = [(value, bound) for value, bound in zip(found, MEDIUM_BEGINS[name], strict=True) if bound is not None]
    if any(value is not None and value < bound for value, bound in pairs):
        return True
    return False if all(value is not None for value, _ in pairs) else None
