"""What the tests of pages look at: the tags of a page, whether they close, and that nothing on it runs or is fetched."""

from __future__ import annotations

import re
from html.parser import HTMLParser

HOSTILE = '<script>alert("1")</script><img src=x onerror=alert(1)>\'"&'
RUNNING = {"script", "img", "iframe", "link", "object", "embed", "form", "base"}


class Tags(HTMLParser):
    """Every opened tag with its attributes, the tags still open at the end, and the text between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def assert_harmless(text: str) -> None:
    """Every tag is closed, nothing runs, nothing is fetched; `HOSTILE` may be on the page as text."""
    tags = Tags(text)
    assert {tag for tag, _ in tags.seen} & RUNNING == set()
    assert [attrs for _, attrs in tags.seen if any(name.startswith("on") for name in attrs)] == []
    assert tags.open == [], "every tag is closed"
    assert not re.search(r"https?://|@import|url\(|src=", text.replace("src=x", ""))
