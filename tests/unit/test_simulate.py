"""The made-up county: reproducible, valid, in the encodings it claims, and true to its planted outcomes."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
import stdnum.cn.uscc

from pipelines.registers.uscc import check_character, is_valid, organisation_check_character
from pipelines.simulate.__main__ import SEED, main
from pipelines.simulate.county import County
from pipelines.simulate.planted import CASES
from pipelines.simulate.samples import samples
from pipelines.simulate.ugly.spares import spare, wrong_check

from .county_reading import County as Reading, table, unpacked

COMMITTED = Path(__file__).resolve().parents[2] / "data_samples"
SEGMENTS = ("individual_taxpayer", "small_employer", "new_enterprise", "green", "rural")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("county") / "samples"
    assert main([str(made)]) == 0
    return made


@pytest.fixture(scope="module")
def reading(folder: Path) -> Reading:
    return Reading(folder)


@pytest.fixture(scope="module")
def truth(folder: Path) -> list[dict]:
    return json.loads((folder / "_truth" / "county_truth.json").read_text(encoding="utf-8"))["entities"]


def _bytes_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_same_seed_gives_the_same_bytes_and_replaces_an_earlier_run(folder: Path) -> None:
    before = _bytes_below(folder)
    main([str(folder)])
    assert _bytes_below(folder) == before


def test_another_seed_gives_another_county() -> None:
    one, other = County(1).people, County(2).people
    assert not set(one["uscc"]) & set(other["uscc"])


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("ten years of work")
    with pytest.raises(FileExistsError, match=r"holds no expected\.json"):
        main([str(tmp_path)])
    assert (tmp_path / "thesis.txt").read_text() == "ten years of work"


def test_the_committed_samples_are_what_the_generator_makes(folder: Path) -> None:
    """Contents are compared unpacked: another zlib may pack the same text into other bytes."""
    made, committed = _bytes_below(folder), _bytes_below(COMMITTED)
    assert made.keys() == committed.keys(), "rebuild with: python -m pipelines.simulate data_samples"
    for name, content in made.items():
        if name.endswith(".ok") or name.startswith("_broken"):
            continue
        assert unpacked(content, name) == unpacked(committed[name], name), f"{name}: rebuild the samples"


def test_the_samples_stay_small(folder: Path) -> None:
    assert sum(len(content) for content in _bytes_below(folder).values()) <= 8_000_000


def test_every_code_of_the_county_is_valid_by_an_independent_library() -> None:
    people = County(SEED).people["uscc"].to_list()
    codes = [*people, *(case.uscc for case in CASES), *(spare(number) for number in range(70))]
    assert len(set(codes)) == len(codes) > 2800
    assert [code for code in codes if not stdnum.cn.uscc.is_valid(code)] == []
    assert [code for code in codes if not is_valid(code)] == []


def test_the_organisation_code_inside_every_code_has_its_own_check_character() -> None:
    codes = County(SEED).people["uscc"].to_list()
    assert [code for code in codes if organisation_check_character(code[8:16]) != code[16]] == []


def test_check_characters_of_known_codes() -> None:
    assert check_character("91110000600037341") == "L"
    assert organisation_check_character("60003734") == "1"
    assert not is_valid(wrong_check("91110000600037341L"))
    assert not is_valid("91110000600037341")
    assert not is_valid("9111000060003734IL")


@pytest.mark.parametrize("body", ["9111000060003734", "9111000060003734I", "911100006000373411"])
def test_a_body_that_is_no_body_of_a_code_is_refused(body: str) -> None:
    with pytest.raises(ValueError, match=body):
        check_character(body)


@pytest.mark.parametrize(
    ("name", "encoding", "first_bytes"),
    [
        ("tax__payments/sbjk_2025q3_2026q3_20261020.zip", "gb18030", "纳税人识别号,".encode("gb18030")),
        ("tax__payments/sbjk_202610_20261120.csv.gz", "utf-8", "纳税人识别号\t".encode()),
        ("tax__payments/sbjk_bc_20261121.csv", "utf-8-sig", b"\xef\xbb\xbf"),
        ("registry__entities/市场主体登记_20261012.csv.gz", "gb18030", "统一社会信用代码,".encode("gb18030")),
        ("utilities__bills/dian_202509_202609_20261012.zip", "utf-8", "户号|户名".encode()),
        ("bank__flows/flows_202509_202609_20261010.csv.gz", "ascii", b"uscc,month,inflow,outflow\n"),
    ],
)
def test_files_are_in_the_encoding_they_are_said_to_be(
    folder: Path, name: str, encoding: str, first_bytes: bytes
) -> None:
    content = unpacked((folder / name).read_bytes(), name)
    assert content.startswith(first_bytes)
    content.decode(encoding)


def test_the_expected_counts_conserve_rows_and_count_every_file(folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    found = {
        str(path.relative_to(folder))
        for path in folder.glob("**/*/*")
        if path.is_file() and path.suffix != ".ok" and "_truth" not in path.parts
    }
    assert expected.keys() == found
    for name, counts in expected.items():
        if counts["status"] == "landed":
            assert counts["rows_in"] == counts["accepted"] + counts["duplicates"] + counts["quarantined"], name
            assert bool(counts["reasons"]) == bool(counts["quarantined"]), name


def test_the_expected_rows_are_the_rows_of_the_files(folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    for name, counts in expected.items():
        if counts["status"] == "landed" and "ugly_" not in name:
            assert len(table(folder / name)) == counts["rows_in"], name


def test_every_sample_file_says_what_it_proves(folder: Path) -> None:
    readme = (folder / "README.md").read_text(encoding="utf-8")
    for delivery in samples(SEED):
        assert f"| `{delivery.folder}/{delivery.name}`" in readme
        assert len(delivery.proves) > 10


def test_all_feeds_have_a_sample(folder: Path) -> None:
    contracts = {path.stem for path in (COMMITTED.parent / "schemas" / "feeds").glob("*.yml")}
    assert contracts == {path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("_")}


def test_a_file_sent_twice_has_the_same_bytes(folder: Path) -> None:
    place = folder / "tax__payments"
    assert (place / "sbjk_bc_20261121.csv").read_bytes() == (place / "sbjk_bc_cf_20261123.csv").read_bytes()


def test_the_planted_truth_follows_from_the_delivered_files(reading: Reading, truth: list[dict]) -> None:
    """Outcomes typed by hand against the plan's rules read again from the files, entity by entity."""
    claims = 0
    for entity in truth:
        if entity["uscc"].startswith("farm:"):
            continue
        for kind, found in (("rules", reading.rules(entity["uscc"])), ("segments", reading.segments(entity["uscc"]))):
            for name in entity[kind].keys() & found.keys():
                claims += 1
                assert found[name] is entity[kind][name], f"{entity['slug']}: {name} ({entity['proves']})"
    assert claims > 500
    assert len(truth) <= 100


def test_planted_outcomes_come_in_all_three_values(truth: list[dict]) -> None:
    three_valued = (
        "paid_tax_12_months",
        "annual_tax_at_least",
        "insured_staff_3_to_20",
        "small_or_micro",
        "in_business",
    )
    for rule in three_valued:
        assert {entity["rules"][rule] for entity in truth if rule in entity["rules"]} == {True, False, None}, rule


def test_a_healthy_number_qualifies_in_every_segment(reading: Reading) -> None:
    qualified = Counter(
        name for uscc in reading.register for name, value in reading.segments(uscc).items() if value is True
    )
    assert qualified.keys() == set(SEGMENTS)
    assert {name: count for name, count in qualified.items() if not 100 <= count <= 300} == {}


def test_the_week_after_speaks_of_entities_that_can_be_listed(folder: Path, reading: Reading) -> None:
    contacts = table(folder / "_next_week" / "crm__contacts" / "cdjl_20261130.csv")
    codes = [row["统一社会信用代码"] for row in contacts]
    assert len(codes) > 100
    assert [code for code in codes if True not in reading.segments(code).values()] == []
    assert [code for code in codes if code in reading.suppressed] == []
    applications = {
        row["申请编号"]: row for row in table(folder / "_next_week" / "crm__applications" / "sqjl_20261130.csv")
    }
    paid_out = table(folder / "_next_week" / "crm__disbursements" / "fkjl_20261130.csv")
    assert paid_out
    for loan in paid_out:
        assert applications[loan["申请编号"]]["统一社会信用代码"] == loan["统一社会信用代码"]
        assert applications[loan["申请编号"]]["状态"] == "通过"
