"""Fitting on a played home: outcomes come back, a card is learned from what was known at listing, runs beside, takes over."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from pipelines import fits, flow, monitoring
from pipelines.errors import UsageError
from pipelines.parameters import parameters
from pipelines.scoring import card

from .homes import Home, shoudai

LATER = date(2027, 3, 1)
SEGMENT = "individual_taxpayer"


def draw(uscc: str, salt: str) -> float:
    """A number of 0 to 1 that follows from the code alone."""
    return int(hashlib.sha256(f"{salt}{uscc}".encode()).hexdigest()[:8], 16) / 2**32


@pytest.fixture
def played(copied: Callable[..., Home], monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """The county after its first list: all were contacted, the high taxpayers took loans; then all borrowers browsed."""
    home = copied()
    people = home.ask(
        f"SELECT uscc, tax_paid_12m_yuan FROM out.target_list JOIN mart.features USING (uscc) WHERE segment = '{SEGMENT}' ORDER BY uscc"
    )
    middle = sorted(tax for _, tax in people)[len(people) // 2]
    borrowers = [uscc for uscc, tax in people if draw(uscc, "loan") < (0.75 if tax >= middle else 0.2)]
    contacts = "".join(f"{uscc},2026-W48,2026-11-25 10:00:00,电话,有意向\n" for uscc, _ in people)
    loans = "".join(f"L{n},A{n},{uscc},2026-12-20,100000,4.1,12\n" for n, uscc in enumerate(borrowers))
    browsed = "".join(f"E{n},{uscc},小程序,浏览,2026-12-21 10:00:00,首贷,是\n" for n, uscc in enumerate(borrowers))
    home.deliver("crm__contacts", "a_20270222.csv", f"统一社会信用代码,名单批次,触达时间,触达方式,结果\n{contacts}")
    home.deliver(
        "crm__disbursements",
        "b_20270222.csv",
        f"借据号,申请编号,统一社会信用代码,放款日期,放款金额,年利率,期限\n{loans}",
    )
    home.deliver("online__intents", "c_20270222.csv", f"事件编号,统一社会信用代码,渠道,行为,时间,内容,授权\n{browsed}")
    report = flow.ingest(home.settings)
    assert [each.reason for each in report.refused] == []
    numbers = {"min_fit_events": 30, "min_watched_entities": 30, "challenger": {SEGMENT: "learned_small"}}
    fit_only = {name: value for name, value in numbers.items() if name != "challenger"}
    monkeypatch.setattr(fits, "parameters", lambda as_of: parameters(as_of, fit_only))
    monkeypatch.setattr(monitoring, "parameters", lambda as_of: parameters(as_of, fit_only))
    yield home
    card.scorecard.cache_clear()


def test_a_card_is_learned_from_what_was_known_at_listing_and_runs_beside_the_champion(
    played: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "learned_small.yml"
    report = flow.fit(played.settings, target, [SEGMENT], LATER)
    assert report.files == (target, target.with_suffix(".md"), target.with_suffix(".json"))
    (model,) = report.models
    assert {row["lane"] for row in model["lanes"]} == {"contacted"}
    assert model["auc"]["test"] > 0.65
    learned = card.load(target).cards[SEGMENT]
    names = {made.name for made in learned.characteristics}
    assert "tax_amount" in names
    assert "browsing" not in names  # it would have told everything, but came after the listing
    first = [path.read_bytes() for path in report.files]
    flow.fit(played.settings, target, [SEGMENT], LATER)
    assert [path.read_bytes() for path in report.files] == first

    expert = card.SCORECARDS / "expert_2026.yml"
    (tmp_path / expert.name).write_bytes(expert.read_bytes())
    monkeypatch.setattr(card, "SCORECARDS", tmp_path)
    card.scorecard.cache_clear()
    p = parameters(date(2026, 11, 30), {"challenger": {SEGMENT: "learned_small"}})
    monkeypatch.setattr(flow, "parameters", lambda *_: p)
    flow.run(played.settings, date(2026, 11, 30))
    roles = dict(played.ask(f"SELECT role, count(*) FROM mart.scores WHERE segment = '{SEGMENT}' GROUP BY role"))
    assert roles["champion"] == roles["challenger"] > 100
    lists = played.ask("SELECT DISTINCT scorecard FROM out.target_list WHERE week = '2026-W49'")
    assert [version.startswith("expert_2026-") for (version,) in lists] == [True]
    checks = played.ask(
        "SELECT column_name, success, severity, observed, expected FROM ops.checks WHERE feed = 'ops.score_bands' AND file_id = '2026-W49'"
    )
    watched = {column: (success, severity) for column, success, severity, _, _ in checks}
    assert watched[f"{SEGMENT}.score"] == (True, "warning")
    assert {expected for *_, expected in checks} == {"at most 0.25 against 2026-W48 to 2026-W48"}
    lake = played.lake("SELECT count(*) FROM lake.ops.checks WHERE feed = 'ops.score_bands' AND file_id = '2026-W49'")
    assert lake == [(len(checks),)]


def test_a_segment_with_too_few_first_loans_is_refused_in_words(played: Home, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="rural has 0 first loans among 0 contacted entities"):
        flow.fit(played.settings, tmp_path / "a.yml", ["rural"], LATER)
    with pytest.raises(UsageError, match="there is no segment 'rurale'"):
        flow.fit(played.settings, tmp_path / "a.yml", ["rurale"], LATER)
    assert list(tmp_path.glob("a.*")) == []


def test_the_command_refuses_the_young_county_and_names_the_parameter(county: Home, tmp_path: Path) -> None:
    before = set(county.settings.work.iterdir())
    done = shoudai(county, "fit", "--segment", "online", "--out", str(tmp_path / "a.yml"), check=64, inbox=False)
    assert "expected at least 100 with and as many without (min_fit_events)" in done.stderr
    assert set(county.settings.work.iterdir()) == before, "nothing is left of a refused one"


def test_explain_shows_every_line_of_the_card_with_its_distance_from_the_mean(county: Home) -> None:
    row = "SELECT uscc, score, reasons, points, above_mean FROM mart.scores WHERE role = 'champion' ORDER BY score DESC, uscc LIMIT 1"
    uscc, score, reasons, points, above_mean = county.ask(row)[0]
    assert sum(points) == score
    assert above_mean == sorted(above_mean, reverse=True)
    text = shoudai(county, "explain", uscc, inbox=False).stdout
    assert "above mean" in text
    assert all(reason in text for reason in reasons)
    means = county.ask("""
        WITH lines AS (SELECT segment, unnest(above_mean) AS above FROM mart.scores WHERE role = 'champion')
        SELECT max(abs(total)) FROM (SELECT segment, sum(above) AS total FROM lines GROUP BY segment)
    """)
    assert means[0][0] < 1  # the differences from a mean add up to nothing, but for rounding
