"""Dated numbers: in force on their day, exact, overridable for a rehearsal, and loud when wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.errors import DeclarationError, UsageError
from pipelines.parameters import clause, documents, industries, parameters, plan, rates, targets
from pipelines.releases import plan_notes

from .frames import AS_OF, outcome
from .oracle import size_class


def test_the_plans_numbers_are_typed_and_exact() -> None:
    p = parameters(AS_OF)
    assert p.min_annual_tax_yuan == Decimal(50000)
    assert repr(p.basic_spread_pct_points) == "Decimal('0.50')"
    assert p.basic_share_pct_by_grade == {"A": 50, "B": 45, "C": 40, "D": 35, "E": 30}
    assert (p.min_insured_staff, p.max_insured_staff, p.min_operating_years, p.grace_days) == (3, 20, 2, 0)
    assert clause("min_annual_tax_yuan") == "S08"


def test_a_day_before_the_first_value_is_refused_with_the_day_it_begins() -> None:
    with pytest.raises(UsageError, match=r"has no value on 2025-12-31: its first holds from 2026-01-01"):
        parameters(date(2025, 12, 31))


def test_the_newest_value_not_after_the_day_is_in_force(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    changed = _plan_with(tmp_path, "{2026-07-01: 60000, 2026-01-01: 50000}")
    monkeypatch.setattr(plan, "_plan", lambda: documents.declared(changed, "parameters"))
    found = [parameters(day).min_annual_tax_yuan for day in (date(2026, 6, 30), date(2026, 7, 1), date(2027, 1, 1))]
    assert found == [50000, 60000, 60000]


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("{2026-01-01: 050000}", "line 41: expected a whole number such as 50000"),  # 20480 to YAML
        ("{2026-01-01: 13:53:20}", "line 41: expected a whole number such as 50000"),
        ("{2026-01-01: 50000_}", "line 41: expected a whole number such as 50000"),
        ("{2026-01-01: 050000.5}", "line 41: expected a number such as 0.30"),
        ("{2026-01-01: .nan}", "line 41: expected a number such as 0.30"),
        ("{2026-02-30: 50000}", "line 41: expected a day that exists"),
        ('{"2026-02-30": 50000}', "line 41: expected a day that exists"),
        ('{2026-01-01: 50000, "2026-01-01": 1}', "line 41: .*2026-01-01.* stands twice"),
    ],
)
def test_a_number_or_a_day_written_wrong_is_refused_with_its_line(tmp_path: Path, written: str, says: str) -> None:
    with pytest.raises(DeclarationError, match=rf"^plan_2026\.yml: {says}"):
        documents.declared(_plan_with(tmp_path, written), "parameters")


def test_a_day_in_quotes_is_that_day(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    changed = _plan_with(tmp_path, '{"2026-01-01": 50_000}')
    monkeypatch.setattr(plan, "_plan", lambda: documents.declared(changed, "parameters"))
    assert parameters(AS_OF).min_annual_tax_yuan == Decimal(50000)


def _plan_with(folder: Path, values: str) -> Path:
    changed = folder / "plan_2026.yml"
    text = plan.PLAN.read_text(encoding="utf-8")
    changed.write_text(text.replace("{2026-01-01: 50000}", values), encoding="utf-8")
    return changed


def test_a_run_with_an_older_as_of_judges_by_the_values_of_that_day(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    changed = tmp_path / "plan_2026.yml"
    text = plan.PLAN.read_text(encoding="utf-8")
    changed.write_text(text.replace("{2026-01-01: 50000}", "{2026-01-01: 50000, 2026-07-01: 60000}"), encoding="utf-8")
    monkeypatch.setattr(plan, "_plan", lambda: documents.declared(changed, "parameters"))
    days = (date(2026, 6, 30), date(2026, 7, 1))
    payer: dict[str, Any] = {"tax_filings": 12, "tax_paid_12m_yuan": Decimal(55000)}
    found = [outcome("rule__annual_tax_at_least", p=parameters(day), **payer) for day in days]
    assert found == [True, False]


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("min_annual_tax_yuan", "30000.5", Decimal("30000.5")),
        ("min_annual_tax_yuan", "30_000", Decimal(30000)),
        ("min_operating_years", 3, 3),
        ("unrated_lane", "off", False),
        ("livelihood_min_rating", "4.6", Decimal("4.6")),
        ("rural_operator_types", "家庭农场,农民专业合作社", ("家庭农场", "农民专业合作社")),
        ("basic_share_pct_by_grade", "A:50,B:40", {"A": Decimal(50), "B": Decimal(40)}),
    ],
)
def test_an_override_is_typed_like_the_parameter(name: str, given: object, expected: object) -> None:
    assert getattr(parameters(AS_OF, {name: given}), name) == expected


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("min_anual_tax_yuan", 1, "there is no parameter 'min_anual_tax_yuan'.*min_annual_tax_yuan"),
        ("min_operating_years", "two", "is no value in years"),
        ("min_operating_years", "2.5", "is no value in years"),
        ("min_annual_tax_yuan", "-1", "is no value in yuan"),
        ("min_annual_tax_yuan", "NaN", "is no value in yuan"),
        ("min_annual_tax_yuan", "1e400", "is no value in yuan"),
        (
            "min_annual_tax_yuan",
            "050000",
            r"is no value in yuan \(a number is written as 50000 or 0.30\)",
        ),  # as in the file
        ("min_annual_tax_yuan", "13:53:20", "is no value in yuan"),
        ("min_operating_years", "02", "is no value in years"),
        ("basic_share_pct_by_grade", "A:50,B:045", "is no value in pct_by_grade"),
        ("basic_share_pct_by_grade", "A:101,B:40", "is no value in pct_by_grade"),
        ("unrated_lane", "maybe", "is no value in flag"),
        ("flow_basis", "weekly", "is not one of monthly, annual"),
        ("holdout_share_pct", "100.5", "is out of range; expected pct from 0 to 100"),
        ("tax_window_months", "0", "is out of range; expected months from 1 to 24"),
        ("tech_discount_pct_points", "24.1", "is out of range; expected pct_points from 0 to 24"),
        ("tech_term_months", "0", "is out of range; expected months from 1 to 360"),
        ("season_lead_days", "10000000000", "is out of range; expected days from 0 to 366"),
        ("livelihood_min_rating", "5.1", "is out of range; expected rating from 0 to 5"),
        ("livelihood_wage_months", "0", "is out of range; expected months from 1 to 120"),
        ("deferral_months", "361", "is out of range; expected months from 0 to 360"),
        ("relending_spread_pct_points", "25", "is out of range; expected pct_points from 0 to 24"),
        ("basic_term_months", "6", "basic_min_term_months=12 exceeds basic_term_months=6"),
        ("basic_manufacturing_term_months", "6", "basic_min_term_months=12 exceeds basic_manufacturing_term_months=6"),
        ("min_insured_staff", "21", "min_insured_staff=21 exceeds max_insured_staff=20"),
        ("max_insured_staff", "2", "min_insured_staff=3 exceeds max_insured_staff=2"),
    ],
)
def test_a_wrong_override_says_what_was_expected(name: str, given: object, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parameters(AS_OF, {name: given})


def test_the_version_changes_with_an_override_and_not_with_the_day() -> None:
    versions = {parameters(day).version for day in (AS_OF, date(2026, 1, 1))}
    assert len(versions) == 1
    assert parameters(AS_OF, {"grace_days": 3}).version not in versions


@pytest.mark.parametrize(
    ("day", "one_year", "effective_on", "is_past_table_end"),
    [
        (date(2019, 8, 20), "4.25", date(2019, 8, 20), False),
        (date(2024, 10, 20), "3.35", date(2024, 9, 20), False),
        (date(2024, 10, 21), "3.10", date(2024, 10, 21), False),
        (date(2025, 1, 20), "3.10", date(2025, 1, 20), False),
        (date(2025, 1, 21), "3.10", date(2025, 1, 20), True),
    ],
)
def test_the_lpr_is_that_in_force_and_says_when_the_table_ends(
    day: date, one_year: str, effective_on: date, is_past_table_end: bool
) -> None:
    rate = rates(day)
    assert (rate.lpr_1y_pct, rate.effective_on, rate.is_past_table_end) == (
        Decimal(one_year),
        effective_on,
        is_past_table_end,
    )


def test_there_is_no_lpr_before_the_table() -> None:
    with pytest.raises(UsageError, match="no LPR on 2019-08-19: the table begins on 2019-08-20"):
        rates(date(2019, 8, 19))


PUBLIC_LPR = Path(__file__).parents[3] / "shared" / "data" / "lpr_2019_2025.csv"


@pytest.mark.skipif(not PUBLIC_LPR.is_file(), reason="the public table is not beside this checkout")
def test_the_lpr_table_is_the_public_one() -> None:
    for row in pl.read_csv(PUBLIC_LPR, infer_schema=False, try_parse_dates=False).rows(named=True):
        rate = rates(date.fromisoformat(row["date"]))
        assert (rate.lpr_1y_pct, rate.lpr_5y_pct) == (Decimal(row["lpr_1y"]), Decimal(row["lpr_5y"]))


def test_the_targets_of_the_government_data_segments_fit_together() -> None:
    found = {target.id: target.value for target in targets(AS_OF)}
    assert (
        found["government_prospects"] * found["government_conversion"] / 100 == found["government_first_loans"] == 3000
    )
    assert found["online_applications"] * found["online_conversion"] / 100 == found["online_first_loans"] == 2400
    lines = ("government", "site", "green", "rural", "online")
    assert sum(found[f"{line}_first_loans"] for line in lines) == found["all_first_loans"]


def test_a_plan_year_that_is_over_is_said_to_the_reader_of_the_list() -> None:
    assert plan_notes(date(2026, 12, 31)) == []
    (note,) = plan_notes(date(2027, 1, 4))
    assert note.startswith("no targets for 2027: those of 2026 are shown as that year ended; add ")
    assert note.endswith("targets_2027.yml")


def test_a_list_after_the_last_season_says_that_none_is_known() -> None:
    assert len(plan_notes(date(2027, 11, 11))) == 1
    *_, note = plan_notes(date(2027, 11, 12))
    assert note.startswith("the seasons of trade end with 2027-11-11: none is shown; add the next to ")


def test_there_are_no_targets_before_the_plan() -> None:
    with pytest.raises(UsageError, match="the first plan year is 2026"):
        targets(date(2025, 12, 31))
    assert targets(date(2027, 3, 1))[0].year == 2026


CODES = sorted({f"{n:02d}" for n in range(100)} | {f"{n}" for n in range(700, 710)} | set("ABCDEFGHIJKLMNOPQRSTUZ"))


def test_every_industry_code_has_the_class_of_the_standard() -> None:
    made = dict(industries.medium_bounds().select("industry_group", "size_class").rows())
    assert {code: code in made for code in CODES} == {code: size_class(code) is not None for code in CODES}


@pytest.mark.parametrize("code", ["C1329", "1329", "c13", " C ", "43", "3620"])
def test_a_code_with_or_without_its_letter_lies_in_its_section(code: str) -> None:
    assert pl.select(industries.is_of_section(pl.lit(code), "C")).item() is True
    assert pl.select(industries.is_of_section(pl.lit(code), "D")).item() is False


@pytest.mark.parametrize("code", ["A1329", "12", "44", "D", "13290", "C1", "", "98"])
def test_a_code_of_another_section_or_of_none_does_not(code: str) -> None:
    assert pl.select(industries.is_of_section(pl.lit(code), "C")).item() is False


def declared(path: Path) -> dict[str, Any]:
    return documents.declared(path, "parameters")


GOOD = "grace_days: {description: Days after the deadline, clause: S07, unit: days, values: {2026-01-01: 0}}\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD + GOOD, "'grace_days'.* stands twice"),
        (GOOD.replace("unit: days, ", ""), "grace_days: 'unit' is a required property"),
        (GOOD.replace("0}}", "half}}"), "'half' is not of type 'integer'"),
        (GOOD.replace("clause: S07", "clause: S99"), "'S99' does not match"),
        (GOOD.replace("2026-01-01", "soon"), "'soon' does not match"),
        ("- a list\n", "is not of type 'object'"),
        ("grace_days: {", "expected a readable UTF-8 YAML file"),
    ],
)
def test_a_wrong_declaration_names_file_place_and_fault(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "plan.yml"
    path.write_text(GOOD, encoding="utf-8")
    assert declared(path)["grace_days"]["values"] == {date(2026, 1, 1): 0}
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationError, match=words) as caught:
        declared(path)
    assert str(caught.value).startswith("plan.yml: ")


@pytest.mark.parametrize("missing", [Path("nowhere.yml")])
def test_a_missing_declaration_is_said(missing: Path) -> None:
    with pytest.raises(DeclarationError, match=r"nowhere\.yml: expected a readable"):
        declared(missing)


def test_a_parameter_nobody_reads_or_knows_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    changed = tmp_path / "plan_2026.yml"
    changed.write_text(plan.PLAN.read_text(encoding="utf-8").replace("grace_days:", "grace:"), encoding="utf-8")
    load: Callable[[], Any] = plan._plan.__wrapped__
    monkeypatch.setattr(plan, "PLAN", changed)
    with pytest.raises(DeclarationError, match="'grace', 'grace_days'"):
        load()
