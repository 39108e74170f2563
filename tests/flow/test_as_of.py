"""Nothing received after the as-of changes a list, and a release can be computed again, byte for byte."""

from __future__ import annotations

import shutil

import pytest

from pipelines import flow

from .homes import AS_OF, WEEK, list_files, shoudai

LATE = {  # received after the as-of, all of them about periods before it
    "credit__loans": (
        "x_20261124.csv",
        "借据号,统一社会信用代码,放款机构,业务类型,放款日期,金额\nLATE-1,{uscc},某银行,贷款,2020-01-01,1000\n",
    ),
    "registry__entities": ("x_20261124.csv", "统一社会信用代码,企业名称,登记状态\n{uscc},改名小店,注销\n"),
    "crm__suppressions": ("x_20261124.csv", "统一社会信用代码,原因,起始日期\n{uscc},拒绝营销,2026-01-01\n"),
    "social__insurance": ("x_20261124.csv", "统一社会信用代码,费款所属期,参保人数\n{uscc},202610,999\n"),
}


@pytest.fixture(scope="module")
def later(county, tmp_path_factory):
    """The county with four later files landed; nothing published since."""
    from .homes import Home, settings_of

    folder = tmp_path_factory.mktemp("later")
    shutil.copytree(county.settings.home, folder / "home", symlinks=True)
    home = Home(settings_of(folder / "home", folder / "inbox"), None)
    (uscc,) = county.ask("SELECT uscc FROM out.target_list WHERE rank = 1")[0]
    for feed, (name, text) in LATE.items():
        home.deliver(feed, name, text.format(uscc=uscc))
    assert flow.ingest(home.settings).landed == len(LATE)
    return home


def test_replay_agrees_after_more_files_have_landed(later):
    report = flow.replay(later.settings, WEEK)
    assert report.differences == ()
    assert {"out.target_list", "out.eligibility", "out.conversions", "feed.registry__entities"} <= set(report.compared)


def test_that_a_row_will_be_replaced_is_not_known_before(county, later):
    (uscc,) = county.ask("SELECT uscc FROM out.target_list WHERE rank = 1")[0]
    found = later.seen("registry__entities", AS_OF, "uscc, received_on, superseded_on")
    assert [(code, until) for code, _, until in found if code == uscc] == [(uscc, None)]
    assert {until for _, _, until in found} == {None}
    ends = later.lake("SELECT superseded_on FROM lake.feed.registry__entities WHERE uscc = ? ORDER BY 1", [uscc])
    assert ends[0][0].isoformat() == "2026-11-24", "the warehouse knows it"


def test_publishing_the_same_as_of_again_gives_the_same_bytes(county, later):
    release = flow.run(later.settings, AS_OF).release
    assert release.folder.name == WEEK, "no revision"
    assert list_files(release.folder) == list_files(county.settings.published / WEEK)


def test_the_later_files_do_count_from_their_day_on(county, later):
    """The counter-proof: with the next week's as-of the same files take the entity off the list."""
    (uscc,) = county.ask("SELECT uscc FROM out.target_list WHERE rank = 1")[0]
    from datetime import date

    found = later.seen("crm__suppressions", date(2026, 11, 24), "uscc")
    assert (uscc,) in found
    assert (uscc,) not in later.seen("crm__suppressions", AS_OF, "uscc")


def test_a_changed_release_is_reported_by_name_with_exit_code_70(copied):
    home = copied()
    table = next((home.settings.published / WEEK).glob("*.csv"))
    table.write_bytes(table.read_bytes().replace(b",1,", b",2,", 1) + b"x")
    done = shoudai(home, "replay", WEEK, check=70, inbox=False)
    assert f"{table.name}: bytes differ" in done.stdout + done.stderr
