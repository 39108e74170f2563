"""What lies in the inbox and is read by nobody: folders that are no feed, and what no feed takes as a delivery."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from pipelines.feeds.contract import feeds as all_feeds
from pipelines.feeds.pull import CONTROL

_OWN = ("as_of", "expected.json", "readme.md", "readme.txt")
"""What an inbox says of itself: the day its samples were made for, what is expected of them."""


@dataclass(frozen=True)
class Ignored:
    """A file or folder that is not read.

    Attributes:
        path: below the inbox, a folder with a slash behind it.
        reason: why, and what was expected.
    """

    path: str
    reason: str

    def in_words(self) -> str:
        """The same for a person."""
        return f"{self.path}: {self.reason}"


def ignored(inbox: Path, feeds: Sequence[str] | None = None) -> list[Ignored]:
    """What is not read in the folders of these feeds, or (default) in the whole inbox; hidden names are meant to be ignored."""
    folders = [inbox / feed for feed in (feeds or all_feeds())]
    found = [] if feeds else [(path, _beside_feeds(path)) for path in _seen(inbox)]
    found += [(path, _in_feed(path)) for folder in folders if folder.is_dir() for path in _seen(folder)]
    return [
        Ignored(f"{path.relative_to(inbox)}{'/' if path.is_dir() else ''}", reason) for path, reason in found if reason
    ]


def _seen(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.iterdir()) if not path.name.startswith((".", "_")))


def _beside_feeds(path: Path) -> str | None:
    name = path.name
    if name in all_feeds() and path.is_dir():
        return None
    if not path.is_dir():
        words = f"a file in no feed's folder; expected it in {path.parent.name}/<feed>/"
        return None if name.lower() in _OWN else words
    near = get_close_matches(name.lower().replace("-", "_"), all_feeds(), n=1)
    return f"unknown feed; {f'did you mean {near[0]}/?' if near else 'feeds are declared in schemas/feeds/'}"


def _in_feed(path: Path) -> str | None:
    if path.is_symlink():
        return "a link, which is not followed; expected the file itself"
    if path.is_dir():
        return f"a folder; expected its files directly in {path.parent.name}/"
    if path.name.endswith(CONTROL) and not (data := path.with_name(path.name.removesuffix(CONTROL))).exists():
        return f"a control file without its data file; expected {data.name} beside it"
    return None
