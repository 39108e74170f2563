"""Who is who through the house: linked bills count, linked farms move, people decide, changes are logged, replays agree."""

from __future__ import annotations

import json
import shutil
from datetime import date

import openpyxl
import polars as pl
import pytest

from pipelines import flow
from pipelines.errors import UsageError
from pipelines.registers import link as linking
from pipelines.registers.review import ANSWERS, HEADINGS, export_review, import_decisions
from pipelines.registers.uscc import uscc_of
from pipelines.settings import week_of
from pipelines.warehouse.connect import writer

from .homes import Home, personal_columns, settings_of, shoudai

SHOP, FIRM, FARM, TWIN, OTHER, EARLIER, LATER = (
    uscc_of(kind, "510623", f"MAB0000{digit}") for kind, digit in zip(("92", "91", "93", "92", "92", "92", "91"), "1234567", strict=True)
)  # fmt: skip
LEGACY = f"510600{FIRM[8:17]}"
FIRST, SECOND = date(2026, 11, 16), date(2026, 11, 23)
TOWN = "四川省锦溪县永宁镇"
REGISTRY = f"""统一社会信用代码,企业名称,登记状态,注册日期,注册地址,前身统一社会信用代码
{SHOP},锦溪县永宁镇诚润维修部,存续,2020-01-01,{TOWN}文昌街332号,
{FIRM},锦溪县双旺果品有限公司,存续,2020-01-01,{TOWN}园区一路46号,
{FARM},锦溪县永宁镇清泉种植专业合作社,存续,2020-01-01,{TOWN}清泉村,
{TWIN},锦溪县永宁镇幸福超市,存续,2020-01-01,{TOWN}人民路10号,
{OTHER},锦溪县永宁镇幸福超市,存续,2020-01-01,{TOWN}滨河路8号,
{EARLIER},锦溪县永宁镇德旺饭店,注销,2018-01-01,{TOWN}新华街5号,
{LATER},锦溪县德旺餐饮有限公司,存续,2026-05-01,{TOWN}新华街5号,{EARLIER}
"""
MONTHS = [f"2026-{month:02}" for month in range(1, 11)]
BILLS = "户号,户名,统一社会信用代码,用电地址,能源类型,抄表月份,金额,缴费日期\n" + "".join(
    f"1001,诚润维修部,,锦溪县永宁镇文昌街332,电,{month},10,2026-11-01\n"
    f"1002,锦溪县永宁镇幸福超市,,,电,{month},10,2026-11-01\n"
    f"1003,钱小红,,{TOWN}文昌街1号,电,{month},10,2026-11-01\n"
    for month in MONTHS
)
FARMS = "主体编号,统一社会信用代码,主体名称,主体类型\nF1,,锦溪县永宁镇清泉种植专业合作社,农民专业合作社\nF2,,锦溪县刘家家庭农场,家庭农场\n"
GRADES = f"纳税人识别号,评价年度,信用级别\n{LEGACY},2025,A\n510623550875725,2025,B\n"
LOANS = f"借据号,统一社会信用代码,放款机构,业务类型,放款日期,金额\nL1,{EARLIER},他行,贷款,2019-01-01,100\nL2,{LEGACY},他行,贷款,2019-01-01,100\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Home:
    """Two weeks: in the second a firm has another name, and a second cooperative bears the farm's name."""
    folder = tmp_path_factory.mktemp("links")
    made = Home(settings_of(folder / "home", folder / "inbox"), None)
    made.deliver("registry__entities", "all_20261102.csv", REGISTRY)
    made.deliver("utilities__bills", "bills_20261105.csv", BILLS)
    made.deliver("agriculture__operators", "farms_20261105.csv", FARMS)
    made.deliver("tax__credit_grades", "grades_20261105.csv", GRADES)
    made.deliver("credit__loans", "loans_20261105.csv", LOANS)
    flow.run(made.settings, FIRST)
    head, *rows = REGISTRY.splitlines()
    renamed = rows[1].replace("双旺果品", "双旺生鲜")
    rival = rows[2].replace(FARM, uscc_of("93", "510623", "MAB00008"))
    made.deliver("registry__entities", "changes_20261120.csv", "\n".join((head, renamed, rival)) + "\n")
    export_review(made.settings, folder / "asked.xlsx", FIRST, "review")
    shutil.copyfile(folder / "asked.xlsx", folder / "review.xlsx")
    decide(folder / "review.xlsx", {TWIN: "是", OTHER: "否"})
    import_decisions(made.settings, folder / "review.xlsx", date(2026, 11, 18))
    return Home(made.settings, flow.run(made.settings, SECOND))


def decide(path, answers: dict[str, str], by: str | None = "王经理") -> None:
    """Fill in a review workbook as a person would."""
    book = openpyxl.load_workbook(path)
    sheet = book.active
    places = {cell.value: cell.column for cell in sheet[1]}
    for row in range(2, sheet.max_row + 1):
        answer = answers.get(sheet.cell(row, places[HEADINGS["uscc"]]).value)
        if answer:
            sheet.cell(row, places[ANSWERS["decision"]], answer)
            sheet.cell(row, places[ANSWERS["decided_by"]], by)
    book.save(path)


def links(home: Home, week: str) -> dict[tuple[str, str], str]:
    """(feed, code) -> method of the links of a week; account ids are digests."""
    rows = home.lake("SELECT source_feed, uscc, method FROM lake.register.links WHERE week = ?", [week])
    assert len({row[:2] for row in rows}) == len(rows)
    return {row[:2]: row[2] for row in rows}


def test_each_link_says_how_it_came_about(home):
    assert links(home, "2026-W47") == {
        ("utilities__bills", SHOP): "normalised",
        ("agriculture__operators", FARM): "exact",
        ("tax__credit_grades", FIRM): "organisation_code",
        ("credit__loans", FIRM): "organisation_code",
    }


def test_two_equally_good_candidates_link_nothing_until_a_person_decides(home):
    assert ("utilities__bills", TWIN) not in links(home, "2026-W47")
    assert links(home, "2026-W48")["utilities__bills", TWIN] == "decided"
    assert home.ask(
        f"SELECT decided_by, score, since_on FROM register.links WHERE week = '2026-W48' AND uscc = '{TWIN}'"
    ) == [("王经理", None, SECOND)]


def test_linked_bills_count_for_their_entity_and_stand_under_its_code(home):
    features = "SELECT bill_months_paid_12m FROM mart.features WHERE uscc = '{}'"
    assert home.ask(features.format(SHOP)) == [(10,)]
    assert home.ask(
        f"SELECT rule__proves_stable_premises FROM out.eligibility WHERE week = '2026-W48' AND uscc = '{SHOP}'"
    ) == [(True,)]
    assert home.ask(features.format(OTHER)) == [(None,)]
    assert home.ask("SELECT uscc, count(*) FROM feed.utilities__bills GROUP BY uscc ORDER BY uscc NULLS LAST") == [
        *sorted([(SHOP, 10), (TWIN, 10)]),
        (None, 10),
    ]


def test_a_legacy_id_is_its_entity_through_the_organisation_code_and_else_an_entity_of_its_own(home):
    seen = dict(home.ask("SELECT uscc, tax_grade FROM mart.features WHERE tax_grade IS NOT NULL"))
    assert seen == {FIRM: "A", "legacy:510623550875725": "B"}
    assert home.ask("SELECT id_namespace, kind FROM mart.features WHERE starts_with(uscc, 'legacy:')") == [
        ("legacy", None)
    ]
    assert home.ask(
        f"SELECT rule__never_borrowed FROM out.eligibility WHERE week = '2026-W48' AND uscc = '{FIRM}'"
    ) == [(False,)]


def test_a_linked_farm_moves_to_its_entity_and_splits_off_again_when_the_name_is_no_longer_sure(home):
    def seen_on(day: date) -> list:
        return home.lake(
            "SELECT change, entity, was, now FROM lake.register.changes WHERE week = ? AND entity LIKE 'farm:%'",
            [f"2026-W{day.isocalendar().week}"],
        )

    assert seen_on(FIRST) == [("merged", "farm:F1", None, FARM)]
    assert seen_on(SECOND) == [("split", "farm:F1", FARM, None)]
    assert home.ask("SELECT uscc FROM mart.features WHERE id_namespace = 'farm' ORDER BY uscc") == [
        ("farm:F1",),
        ("farm:F2",),
    ]


def test_a_rename_keeps_the_code_and_a_conversion_keeps_its_link(home):
    assert home.ask("SELECT week, change, entity, was, now FROM register.changes WHERE change IN ('renamed', 'converted') ORDER BY ALL") == [
        ("2026-W47", "converted", LATER, EARLIER, LATER),
        ("2026-W48", "renamed", FIRM, "锦溪县双旺果品有限公司", "锦溪县双旺生鲜有限公司"),
    ]  # fmt: skip
    columns = "name, former_names, predecessor_uscc, predecessor_loans, successor_usccs, merged_ids, linked_accounts"
    entity = f"SELECT {columns} FROM register.entities WHERE uscc = '{{}}'"
    assert home.ask(entity.format(FIRM)) == [
        ("锦溪县双旺生鲜有限公司", ["锦溪县双旺果品有限公司"], None, None, None, [f"legacy:{LEGACY}"], 0)
    ]
    assert home.ask(entity.format(LATER)) == [("锦溪县德旺餐饮有限公司", None, EARLIER, 1, None, None, None)]
    assert home.ask(entity.format(EARLIER))[0][4] == [LATER]
    assert home.ask("SELECT count(*) = count(DISTINCT uscc) FROM register.entities") == [(True,)]


def test_loans_of_an_earlier_self_are_shown_and_not_counted(home):
    rule = f"SELECT rule__never_borrowed FROM out.eligibility WHERE week = '2026-W48' AND uscc = '{LATER}'"
    assert home.ask(rule) == [(True,)]


def test_a_replay_of_the_week_before_the_decision_agrees(home):
    report = flow.replay(home.settings, "2026-W47")
    assert report.agrees, report.differences
    assert {"register.links", "register.changes"} <= set(report.compared)


def test_the_same_inputs_are_not_matched_twice(home, monkeypatch):
    monkeypatch.setattr("pipelines.registers.link.match", None)  # a call would raise
    before = flow.Run.load(home.settings, week_of(SECOND)).handover("links").read_bytes()
    run = flow.start(home.settings, SECOND)
    flow.link(run)
    assert run.handover("links").read_bytes() == before


def test_a_matching_of_other_inputs_meanwhile_disturbs_none(home, monkeypatch):
    """As when somebody rehearses or exports the links of an older day while a DAG is at the week's: before each file it writes."""
    run, other = flow.start(home.settings, SECOND), flow.start(home.settings, FIRST)
    flow.link(run)
    before, write, met = run.handover("links").read_bytes(), linking.to_parquet, []

    def meanwhile(*words):
        with monkeypatch.context() as undone:
            undone.setattr(linking, "to_parquet", write)
            met.append(flow.link(other))
        write(*words)

    monkeypatch.setattr(linking, "to_parquet", meanwhile)
    for _ in ("what was matched is taken", "its place is gone: it is matched again"):
        flow.link(run)
        assert run.handover("links").read_bytes() == before
    assert len(met) > 8  # three files of the second matching among them
    assert len(list((home.settings.work / "links").iterdir())) == 1
    assert not run.handover("matched").exists()


def test_no_holder_and_no_place_is_published(home):
    tables = ("links", "changes", "entities", "decisions")
    names = ", ".join(f"'{name}'" for name in tables)
    columns = {name for (name,) in home.ask(f"SELECT column_name FROM duckdb_columns() WHERE table_name IN ({names})")}
    assert columns & {name for feed, name in personal_columns() if feed == "utilities__bills"} == set()
    assert home.ask("SELECT source_id FROM register.links WHERE source_feed = 'utilities__bills' AND source_id NOT SIMILAR TO 'account:[0-9a-f]{24}'") == []  # fmt: skip


def test_an_explanation_names_the_linked_accounts_and_farms_with_step_score_and_evidence(home):
    told = json.loads(shoudai(home, "explain", SHOP, "--json", inbox=False).stdout)
    (link,) = told["links"]
    assert (link["source_feed"], link["method"], link["since_on"]) == ("utilities__bills", "normalised", "2026-11-16")
    assert link["source_id"].startswith("account:")
    assert link["score"] > 0.9
    assert "地址：同一门牌" in link["evidence"]
    assert (link["rows"]["rows"], link["rows"]["file_name"]) == (10, "bills_20261105.csv")
    text = " ".join(shoudai(home, "explain", TWIN, inbox=False).stdout.split())
    assert "主体关联 links" in text
    assert "decided" in text
    assert json.loads(shoudai(home, "explain", OTHER, "--json", inbox=False).stdout)["links"] == []


def test_the_review_goes_out_and_comes_back_by_command(home, tmp_path):
    path = tmp_path / "review.xlsx"
    done = shoudai(home, "links", "export", str(path), "--as-of", SECOND.isoformat(), inbox=False)
    assert "1 accounts and farms to decide on" in done.stdout
    rows = list(openpyxl.load_workbook(path).active.values)
    place = rows[0].index(HEADINGS["source_name"])
    assert {row[place] for row in rows[1:]} == {"锦溪县永宁镇清泉种植专业合作社"}, (
        "what was decided does not come again"
    )
    refused = shoudai(home, "links", "import", str(path), inbox=False, check=64)
    assert "no row has 是 or 否" in refused.stderr


@pytest.mark.parametrize(
    ("answers", "by", "words"),
    [
        ({TWIN: "也许"}, "王经理", "row 2, column 是否同一主体（是/否）: found '也许', expected 是 or 否"),
        ({TWIN: "是"}, None, "row 2, column 确认人: found None, expected who decided"),
        ({TWIN: "是", OTHER: "是"}, "王经理", "expected one owner only"),
    ],
)
def test_a_decision_that_cannot_be_understood_is_refused_whole(home, tmp_path, answers, by, words):
    shutil.copyfile(home.settings.home.with_name("asked.xlsx"), tmp_path / "review.xlsx")
    decide(tmp_path / "review.xlsx", answers, by)
    before = home.lake("SELECT count(*) FROM lake.register.decisions")
    with pytest.raises(UsageError) as refused:
        import_decisions(home.settings, tmp_path / "review.xlsx")
    assert words in str(refused.value)
    assert home.lake("SELECT count(*) FROM lake.register.decisions") == before


def answer_of(home: Home, **changed: str) -> dict[str, str]:
    """One row of a review file, answered: the twin's, with changes."""
    ((feed, account),) = home.lake(
        f"SELECT DISTINCT source_feed, source_id FROM lake.register.decisions WHERE uscc = '{TWIN}'"
    )
    own = {"source_feed": feed, "source_id": account, "uscc": TWIN, "decision": "是", "decided_by": "李"}
    return {heading: (own | changed).get(name) for name, heading in (HEADINGS | ANSWERS).items()}


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (
            [{"decision": "否"}, {"uscc": "92510623MAB99999XX"}],
            "row 3, column 候选代码: found '92510623MAB99999XX', expected a code of",
        ),
        (
            [{"source_id": "account:nonexistent"}],
            "row 2, column 来源 and 来源编号: found 'utilities__bills account:nonex",
        ),
        ([{"source_feed": "weather__x"}], "row 2, column 来源 and 来源编号: found 'weather__x account:"),
        ([{"source_feed": "agriculture__operators"}], "expected an account or farm without a code, as exported"),
        ([{"source_feed": "tax__credit_grades", "source_id": f"legacy:{LEGACY}"}], "row 2, column 来源 and 来源编号"),
        ([{"decision": "否"}, {}], "row 2, column 是否同一主体（是/否）: found '否', expected one answer per"),
    ],
)
def test_answers_about_what_nobody_knows_or_that_contradict_are_refused_whole(home, tmp_path, answers, words):
    pl.DataFrame([answer_of(home, **each) for each in answers]).write_csv(tmp_path / "a.csv")
    before = home.lake("SELECT count(*) FROM lake.register.decisions")
    with pytest.raises(UsageError) as refused:
        import_decisions(home.settings, tmp_path / "a.csv")
    assert words in str(refused.value)
    assert "nothing of the file was taken" in str(refused.value)
    assert home.lake("SELECT count(*) FROM lake.register.decisions") == before


def test_a_closed_entity_is_an_answer_and_a_decision_can_be_taken_back_whatever_it_names(home, tmp_path):
    phantom = "92510623MAB99999XX"
    columns = "decision_no, source_feed, source_id, uscc, is_accepted, decided_by, decided_on"
    rows = [
        answer_of(home, uscc=EARLIER),
        answer_of(home, decision="否"),
        answer_of(home, uscc=phantom, source_id="account:gone", decision="否"),
        answer_of(home, uscc=LATER, source_feed="agriculture__operators", source_id="F2", decision="否"),
    ]
    with writer(home.settings) as con:
        con.execute(
            f"INSERT INTO lake.register.decisions ({columns}) VALUES (99, 'utilities__bills', 'account:gone', ?, true, '王', '2026-12-01')",
            [phantom],
        )
    pl.DataFrame(rows).write_csv(tmp_path / "a.csv")
    assert import_decisions(home.settings, tmp_path / "a.csv", date(2026, 12, 2)) == 4


def test_no_cell_of_the_questions_is_a_formula_or_a_link_and_answers_come_back_as_they_were(bare, tmp_path):
    bare.deliver("registry__entities", "all_20261102.csv", REGISTRY)
    bills = "".join(
        f"7{row},锦溪县永宁镇幸福超市,,{place},电,2026-10,10,2026-11-01\n"
        for row, place in enumerate(["=HYPERLINK(1)", "http://x"])
    )
    farm = FARMS.splitlines()[0] + "\n=1+1,,锦溪县永宁镇幸福超市,家庭农场\n"
    bare.deliver("utilities__bills", "bills_20261105.csv", BILLS.splitlines()[0] + "\n" + bills)
    bare.deliver("agriculture__operators", "farms_20261105.csv", farm)
    flow.ingest(bare.settings)
    for name in ("a.csv", "a.xlsx"):
        export_review(bare.settings, tmp_path / name, FIRST, "review")
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    asked = pl.read_csv(tmp_path / "a.csv", infer_schema=False)
    places, ids = (asked[HEADINGS[name]].to_list() for name in ("source_address", "source_id"))
    assert "'=HYPERLINK(1)" in places
    cells = [cell for row in openpyxl.load_workbook(tmp_path / "a.xlsx").active for cell in row]
    assert {"=HYPERLINK(1)", "http://x"} <= {cell.value for cell in cells}
    assert not any(cell.hyperlink or cell.data_type == "f" for cell in cells)
    assert "'=1+1" in ids
    decision, decided_by = (
        pl.lit(word).alias(ANSWERS[name]) for name, word in (("decision", "否"), ("decided_by", "李"))
    )
    asked.with_columns(decision, decided_by).write_csv(tmp_path / "b.csv")
    import_decisions(bare.settings, tmp_path / "b.csv", SECOND)
    assert bare.lake("SELECT count(*) FROM lake.register.decisions WHERE source_id = '=1+1'")[0][0] > 0


def test_a_file_that_is_no_review_is_refused_in_words(home, tmp_path):
    (tmp_path / "other.csv").write_text("甲,乙\n1,2\n", encoding="utf-8")
    (tmp_path / "broken.xlsx").write_bytes(b"PK")
    for name, words in (("other.csv", "no column 来源"), ("broken.xlsx", "cannot be read")):
        with pytest.raises(UsageError, match=words):
            import_decisions(home.settings, tmp_path / name)
