"""`python -m pipelines.simulate DIR [--seed N]`: write the made-up county's files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pipelines.simulate.samples import write

SEED = 20261123


def main(arguments: list[str] | None = None) -> int:
    """Write the samples and say how much was written."""
    parser = argparse.ArgumentParser(
        prog="python -m pipelines.simulate", description="Write the files of a made-up county."
    )
    parser.add_argument(
        "folder", type=Path, help="where to, e.g. data_samples; an earlier run's files there are replaced"
    )
    parser.add_argument("--seed", type=int, default=SEED, help="same seed, same bytes (default %(default)s)")
    given = parser.parse_args(arguments)
    made = write(given.folder, given.seed)
    size_mb = sum(len(delivery.content) for delivery in made) / 1e6
    sys.stdout.write(f"{len(made)} files, {size_mb:.1f} MB in {given.folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
