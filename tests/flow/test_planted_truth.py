"""What was planted in the made-up county is what the pipeline says of it, in three values."""

from __future__ import annotations

import json

from pipelines.settings import SAMPLES

TRUTH = json.loads((SAMPLES / "_truth" / "county_truth.json").read_text(encoding="utf-8"))["entities"]


def test_every_planted_claim_holds(county):
    claims = {
        (each["uscc"], f"{kind}__{name}"): (each["slug"], value)
        for each in TRUTH
        for kind, named in (("rule", each["rules"]), ("segment", each["segments"]))
        for name, value in named.items()
    }
    columns = sorted({column for _, column in claims})
    rows = county.ask(f"SELECT uscc, {', '.join(columns)} FROM out.eligibility")
    judged = {(uscc, column): value for uscc, *values in rows for column, value in zip(columns, values, strict=True)}
    wrong = {
        (slug, column, f"expected {expected}, found {judged.get((uscc, column), 'no such entity')}")
        for (uscc, column), (slug, expected) in claims.items()
        if (uscc, column) not in judged or judged[uscc, column] is not expected
    }
    assert not wrong
    assert {value for _, value in claims.values()} == {True, False, None}, "all three values are planted"
