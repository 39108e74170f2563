"""What the pages share: the document and its style, text made safe, cards, tables, badges, failed checks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.eligibility.explained_parts import clean
from pipelines.errors import disk_full_in_words
from pipelines.settings import Settings

if TYPE_CHECKING:
    from pipelines.report.quality import FailedCheck

STYLE = Path(__file__).with_name("page.css")
UNKNOWN = "—"
STATES = {
    "fresh": ("正常", "fresh", "good"),
    "late": ("逾期", "late", "warn"),
    "failed": ("未通过", "failed", "bad"),
    "missing": ("未接入", "missing", "calm"),
    None: ("待判定", "not judged yet", "calm"),
}
"""Of a feed: Chinese, English, tone."""


def document(title: str, body: Iterable[str], *styles: Path) -> str:
    """A page of its own: no script, no net; `body` is markup already, `styles` come after the common one."""
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{e(title)}</title>"
    )
    style = "".join(path.read_text(encoding="utf-8") for path in (STYLE, *styles))
    return (
        f'<!doctype html>\n<html lang="zh-CN"><head>{head}<style>\n{style}</style></head>\n<body>\n'
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def write_page(settings: Settings, name: str, text: str) -> Path:
    """Write a page beside the releases, whole or not at all.

    Raises:
        DiskFullError: no space left; the page that was there is left.
    """
    settings.published.mkdir(parents=True, exist_ok=True)
    path = settings.published / name
    partial = path.with_suffix(".partial")
    try:
        with disk_full_in_words(settings.home):
            partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def e(value: object) -> str:
    """Any value as text that stays text: escaped, without control characters; nothing for None."""
    return escape(clean("" if value is None else str(value)), quote=True)


def count(number: int | None) -> str:
    """A number of things, thousands separated; a dash when it is not known."""
    return UNKNOWN if number is None else f"{number:,}"


def card(number: str, zh: str, en: str, tone: str = "") -> str:
    """One figure with its names."""
    return f'<div class="card {tone}"><b>{e(number)}</b><span>{e(zh)}</span><small>{e(en)}</small></div>'


def cards(each: Iterable[tuple[str, str, str, str]]) -> str:
    """Figures side by side: number, Chinese, English, tone."""
    return f'<div class="cards">{"".join(card(*one) for one in each)}</div>'


def badge(zh: str, en: str, tone: str) -> str:
    """A coloured word with its English beside it."""
    return f'<span class="badge {tone}">{e(zh)}</span> <small>{e(en)}</small>'


def state_badge(state: str | None) -> str:
    """The state of a feed."""
    return badge(*STATES[state])


def heading(zh: str, en: str, level: int = 2) -> str:
    """A heading, Chinese first."""
    return f"<h{level}>{e(zh)} <small>{e(en)}</small></h{level}>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "") -> str:
    """Cells of `rows` are markup already; `head` is text: Chinese, then English after the first space."""
    heads = "".join(f"<th>{e(zh)} <small>{e(en)}</small></th>" for zh, _, en in (each.partition(" ") for each in head))
    lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    told = f' class="{kind}"' if kind else ""
    return f'<div class="scroll"><table{told}><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div>'


def legend(*texts: str) -> str:
    """How what stands above is to be read, Chinese first; the texts are markup already."""
    return f'<p class="legend">{" ".join(texts)}</p>'


def more(number: int, words: str) -> str:
    """How many are not shown; nothing when all are."""
    return legend(f"… {number:,} {words}") if number > 0 else ""


def checks_table(checks: Iterable[FailedCheck]) -> str:
    """Checks that did not hold."""
    return table(("级别 Severity", "检查 Check", "实际 Found", "期望 Expected", "文件 File"), map(_check, checks))


def _check(check: FailedCheck) -> Sequence[str]:
    raised = check.success is None
    tone = "bad" if raised or check.severity == "critical" else "warn"
    words = (
        ("检查出错", "raised")
        if raised
        else ("拦截", "critical")
        if check.severity == "critical"
        else ("告警", "warning")
    )
    what = check.expectation.removeprefix("expect_").replace("_", " ")
    column = f"<b>{e(check.column)}</b> " if check.column else ""
    why = f'<p class="reason">{e(check.why)}</p>' if check.why else ""
    return (
        badge(*words, tone),
        f"{column}<small>{e(what)}</small>{why}",
        e(check.observed),
        f"<small>{e(check.expected)}</small>",
        e(check.file),
    )
