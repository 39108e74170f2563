"""Real A-grade taxpayers and registrations: legacy ids find their firms through the organisation code."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest

from pipelines import flow
from pipelines.registers import uscc as plain
from pipelines.registers.link import link
from pipelines.settings import HOUSE

from .homes import Home, settings_of

DATA = HOUSE.parent / "shared" / "data"
REGISTRY, A_LIST = DATA / "registry_jiangxi_28k.csv", DATA / "a_list_jiangxi_2018.gbk.csv"
AS_OF = date(2026, 11, 23)
pytestmark = pytest.mark.skipif(
    not (REGISTRY.is_file() and A_LIST.is_file()), reason="the real registrations are not on this machine"
)


@pytest.fixture(scope="module")
def listed() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(A_LIST.read_bytes().decode("gb18030"))))


@pytest.fixture(scope="module")
def real(tmp_path_factory, listed) -> Home:
    """The registrations, and the list with the grade that its title states."""
    folder = tmp_path_factory.mktemp("real")
    home = Home(settings_of(folder / "home", folder / "inbox"), None)
    rows = "".join(f"{row['纳税人识别号']},{row['评价年度']},A\n" for row in listed)
    home.deliver("registry__entities", "jiangxi_20261102.csv", REGISTRY.read_bytes())
    home.deliver("tax__credit_grades", "a_list_20261102.csv", f"纳税人识别号,评价年度,信用级别\n{rows}")
    flow.ingest(home.settings)
    link(flow.start(home.settings, AS_OF))
    return home


def test_legacy_ids_land_and_what_is_no_id_does_not(real, listed):
    ids = {row["纳税人识别号"].strip() for row in listed}
    legacy = {code for code in ids if plain.is_valid_legacy(code)}
    landed = real.lake("SELECT uscc FROM lake.feed.tax__credit_grades WHERE starts_with(uscc, 'legacy:')")
    assert {code.removeprefix("legacy:") for (code,) in landed} == legacy
    assert len(legacy) > 0.15 * len(ids), "about a fifth"


def test_each_link_is_a_firm_with_its_organisation_code_whatever_the_region_and_nearly_all_names_agree(real, listed):
    links = real.lake(
        f"""
        SELECT l.source_id, l.uscc, e.name FROM '{real.settings.work / "2026-W48" / "links.parquet"}' AS l
        JOIN lake.feed.registry__entities AS e USING (uscc)
        """
    )
    ids = {source_id.removeprefix("legacy:"): (code, name) for source_id, code, name in links}
    assert len(ids) > 450
    assert all(plain.organisation_code(old) == plain.organisation_code(code) for old, (code, _) in ids.items())
    assert sum(old[:6] != code[2:8] for old, (code, _) in ids.items()) > 200, (
        "by the region most would have been missed"
    )
    names = {row["纳税人识别号"].strip(): row["纳税人名称"].strip() for row in listed}
    renamed = [old for old, (_, name) in ids.items() if _half_width(name) != _half_width(names[old])]
    assert 0 < len(renamed) < 0.05 * len(ids), "the same firm under a later name"


def _half_width(name: str) -> str:
    return name.replace("（", "(").replace("）", ")")
