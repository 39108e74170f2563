"""What nobody reads is said: one line for each file or folder, with what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.feeds.ignored import ignored
from pipelines.settings import SAMPLES


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """One feed with a good delivery and its control file, and what an inbox may hold besides."""
    for name in (
        "tax__payments/a.csv",
        "tax__payments/a.csv.ok",
        "as_of",
        "README.md",
        "_next_week/x/a.csv",
        ".cache/a",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    return tmp_path


def lines(inbox: Path, *feeds: str) -> list[str]:
    return [each.in_words() for each in ignored(inbox, feeds or None)]


def test_of_a_tidy_inbox_nothing_is_said(inbox):
    assert lines(inbox) == []
    assert lines(SAMPLES) == []


@pytest.mark.parametrize(
    ("folder", "hint"),
    [
        ("tax_payments", "did you mean tax__payments/?"),
        ("Tax__payments", "did you mean tax__payments/?"),
        ("tax-payment", "did you mean tax__payments/?"),
        ("weather__stations", "feeds are declared in schemas/feeds/"),
    ],
)
def test_a_folder_that_is_no_feed(inbox, folder, hint):
    (inbox / folder).mkdir()
    assert lines(inbox) == [f"{folder}/: unknown feed; {hint}"]


def test_a_file_in_no_feeds_folder(inbox):
    (inbox / "shebao.csv").write_text("x")
    (inbox / "sites__tenants").write_text("x")
    words = f"a file in no feed's folder; expected it in {inbox.name}/<feed>/"
    assert lines(inbox) == [f"shebao.csv: {words}", f"sites__tenants: {words}"]


def test_what_a_feed_does_not_take(inbox):
    folder = inbox / "tax__payments"
    (folder / "2026").mkdir()
    (folder / "b.csv").symlink_to(folder / "a.csv")
    (folder / "gone.csv").symlink_to(folder / "nowhere.csv")
    for name in ("c.csv.ok", "d.csv.part", ".hidden", "_aside", "README.md"):
        (folder / name).write_text("x")
    assert (
        lines(inbox)
        == lines(inbox, "tax__payments")
        == [
            "tax__payments/2026/: a folder; expected its files directly in tax__payments/",
            "tax__payments/b.csv: a link, which is not followed; expected the file itself",
            "tax__payments/c.csv.ok: a control file without its data file; expected c.csv beside it",
            "tax__payments/gone.csv: a link, which is not followed; expected the file itself",
        ]
    )


def test_of_other_feeds_nothing_is_said_where_one_was_named(inbox):
    (inbox / "tax_payments").mkdir()
    assert lines(inbox, "social__insurance") == []
