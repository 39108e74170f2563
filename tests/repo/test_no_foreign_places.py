"""No file of the project names an index host or a path of the machine it was made on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipelines.settings import HOUSE

from .declarations import files

TEXT = {
    ".py",
    ".yml",
    ".yaml",
    ".md",
    ".sql",
    ".toml",
    ".json",
    ".lock",
    ".txt",
    ".cfg",
    ".ini",
    ".sh",
    ".css",
    ".html",
    "",
}
PLACES = re.compile(
    r"(?<![\w.])/(?:work|root)/[\w.]"  # where this checkout was made
    r"|(?<![\w.])/home/\w+/"
    r"|(?<![\w.])/tmp/\w"
    r"|https?://[^\s\"'/]*(?:pypi|pythonhosted|mirror|artifactory|nexus|devpi)"
    r"|--(?:extra-)?index-url|--find-links|--trusted-host"
)
OURSELVES = Path(__file__)
FILES = [path for path in files() if path.suffix in TEXT and path != OURSELVES]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_a_file_names_no_foreign_place(path: Path) -> None:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    assert [f"{no}: {line.strip()[:120]}" for no, line in enumerate(lines, start=1) if PLACES.search(line)] == []


@pytest.mark.parametrize(
    "line",
    [
        "cd /work/" + "main",
        'Path("/home/' + 'ann/shoudai")',
        "--index" + "-url https://example.test/simple",
        "https://files." + "pythonhosted.org/packages/x.whl",
    ],
)
def test_a_foreign_place_is_found(line: str) -> None:
    assert PLACES.search(line)


def test_the_lock_pins_every_package_with_a_hash() -> None:
    text = (HOUSE / "requirements.lock").read_text(encoding="utf-8")
    pinned = re.split(r"\n(?=[a-zA-Z0-9])", "\n" + re.sub(r"(?m)^\s*#.*\n", "", text))[1:]
    assert len(pinned) > 20
    assert [each.split()[0] for each in pinned if "==" not in each.split()[0] or "--hash=sha256:" not in each] == []
