"""The ledger that a landing keeps in memory is the warehouse's own, whatever becomes of a file."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from pipelines.feeds.arrive import arrivals
from pipelines.feeds.land import landing
from pipelines.warehouse.connect import writer

from .homes import Home, samples_of, settings_of

FEED = "tax__payments"
GOOD = f"{FEED}/sbjk_2025q3_2026q3_20261020.zip"
KEPT = {"delivered": "lake.ops.files", "totalled": "lake.ops.file_totals"}


class Office:
    """One connection that lands what lies in the inbox, again and again."""

    def __init__(self, con, lands, home) -> None:
        self.con, self.lands, self.home = con, lands, home

    def lands_with(self):
        """Land what is pending; the statuses of all files afterwards. The two ledgers must be the same."""
        self.lands.withdraw([FEED])
        for arrival in arrivals(self.lands.pending(FEED), self.home.settings):
            self.lands.land(arrival)
        for known, kept in KEPT.items():
            for one, other in ((known, kept), (kept, known)):
                assert self.con.execute(f"FROM {one} EXCEPT ALL FROM {other}").fetchall() == []
        return Counter(status for (status,) in self.con.execute("SELECT status FROM lake.ops.files").fetchall())


@pytest.fixture
def office(tmp_path):
    settings = settings_of(tmp_path / "home", samples_of(tmp_path / "inbox", (GOOD,)))
    with writer(settings) as con, landing(con, settings) as lands:
        yield Office(con, lands, Home(settings, None))


def test_both_ledgers_are_the_same_whatever_becomes_of_a_file(office):
    good = office.home.settings.inbox / GOOD
    assert office.lands_with() == {"landed": 1}
    assert office.con.execute("SELECT count(*) > 0 FROM totalled").fetchone() == (True,)
    again = office.home.deliver(FEED, "again_20261021.zip", good.read_bytes())
    bad = office.home.deliver(FEED, "bad_20261022.csv", "甲,乙\n1,2\n")
    office.home.deliver(FEED, "part_20261023.zip", good.read_bytes() + b" ")
    stated = office.home.deliver(FEED, "part_20261023.zip.ok", "rows=1")
    assert office.lands_with() == {"landed": 1, "repeated": 1, "refused": 1, "waiting": 1}
    stated.write_text("rows=0", encoding="utf-8")  # looked at again, and as wrong as before: one row, not two
    assert office.lands_with() == {"landed": 1, "repeated": 1, "refused": 1, "waiting": 1}
    bad.unlink()
    os.utime(good, (1, 1))  # put there again: known by its content
    again.unlink()
    assert office.lands_with() == {"landed": 1, "repeated": 1, "withdrawn": 1, "waiting": 1}
    assert office.con.execute("SELECT modified_ns FROM delivered WHERE status = 'landed'").fetchall() == [(10**9,)]
    bad.write_text("甲,乙\n1,2\n", encoding="utf-8")
    assert office.lands_with() == {"landed": 1, "repeated": 1, "refused": 1, "waiting": 1}


def test_a_change_of_the_ledger_alone_is_found(office):
    office.lands_with()
    office.con.execute("UPDATE delivered SET status = 'refused'")
    with pytest.raises(AssertionError):
        office.lands_with()


def test_a_later_connection_reads_what_an_earlier_one_left(office):
    office.lands_with()
    before = office.con.execute("FROM delivered ORDER BY ALL").fetchall()
    with writer(office.home.settings) as con, landing(con, office.home.settings) as lands:
        assert con.execute("FROM delivered ORDER BY ALL").fetchall() == before
        assert lands.pending(FEED) == []
