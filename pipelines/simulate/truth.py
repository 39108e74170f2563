"""The planted truth as a small file: for each planted entity the outcomes the work plan demands at as-of."""

from __future__ import annotations

import json
from typing import Any

from pipelines.simulate.months import AS_OF
from pipelines.simulate.planted import CASES

_FARM = {
    "uscc": "farm:JXNY000001",
    "slug": "farm-without-code",
    "proves": "an operator without a code is an entity of its own namespace: unknown, so watched and never listed",
    "rules": {"in_business": None, "never_borrowed": None, "is_rural_operator": True},
    "segments": {"rural": None},
}


def truth() -> dict[str, Any]:
    """as_of, and per entity: uscc, slug, proves, rules, segments (true, false, null = unknown)."""
    planted = [
        {
            "uscc": case.uscc,
            "slug": case.slug,
            "proves": case.proves,
            "rules": case.expected_rules,
            "segments": dict(case.segments),
        }
        for case in CASES
    ]
    return {"as_of": AS_OF.isoformat(), "entities": [*planted, _FARM]}


def truth_text() -> str:
    """The truth as JSON, one entity per line."""
    made = truth()
    lines = ",\n".join(f"  {json.dumps(entity, ensure_ascii=False)}" for entity in made["entities"])
    return f'{{"as_of": "{made["as_of"]}", "entities": [\n{lines}\n]}}\n'
