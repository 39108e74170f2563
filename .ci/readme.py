"""Fill README.md with real output: every fenced block behind `<!-- output: COMMAND -->` becomes what COMMAND prints.

`make readme`. Commands run in the order of the page, in one fresh home, so that later ones see what earlier ones left.
`<!-- output (head N): COMMAND -->` keeps the first N lines and says how many there are.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HOUSE = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"<!-- output(?: \(head (?P<head>\d+)\))?: (?P<command>.+?) -->\n```\n.*?```", re.DOTALL)


def filled(text: str, home: Path) -> str:
    """The page with every output block made again."""

    def again(block: re.Match[str]) -> str:
        opening = block.group(0).partition("\n")[0]
        return f"{opening}\n```\n{printed(block['command'], block['head'], home)}\n```"

    return BLOCK.sub(again, text)


def printed(command: str, head: str | None, home: Path) -> str:
    """What a command prints, without the places of this machine.

    Raises:
        SystemExit: it ended with a traceback.
    """
    places = {"SHOUDAI_HOME": str(home), "COLUMNS": "120", "PATH": f"{HOUSE / '.venv/bin'}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", command], cwd=HOUSE, env={**os.environ, **places}, capture_output=True, text=True, check=False
    )  # fmt: skip
    if "Traceback" in done.stderr:
        raise SystemExit(f"{command}\n{done.stderr}")
    lines = [line.rstrip() for line in done.stdout.strip("\n").splitlines()]
    kept = lines[: int(head)] if head else lines
    more = [f"… {len(lines) - len(kept):,} more lines"] if len(lines) > len(kept) else []
    return "\n".join([*kept, *more]).replace(str(home), "shoudai-home").replace(f"{HOUSE}/", "")


def main() -> int:
    """Rewrite README.md."""
    page = HOUSE / "README.md"
    with tempfile.TemporaryDirectory() as scratch:
        page.write_text(filled(page.read_text(encoding="utf-8"), Path(scratch) / "home"), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
