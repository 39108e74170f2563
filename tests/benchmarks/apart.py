"""One contender in a fresh process: what it took, as JSON on the last line of its output.

`python -m tests.benchmarks.apart landing:ours INPUTS SCRATCH`
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

CONTENDERS = Path(__file__).parents[2] / ".bench"
"""Libraries of contenders, installed apart by `make bench`: ours must not meet them."""


def with_contenders() -> None:
    """Let this process import the contenders' libraries, behind its own."""
    sys.path.append(str(CONTENDERS))


@dataclass(frozen=True)
class Outcome:
    """What one repetition of one contender took.

    Attributes:
        seconds: wall time of the work itself, libraries loaded.
        imports: wall time of loading the libraries, before the work.
        peak_mb: largest resident set of the process, memory-mapped files included.
        written_mb: what the process gave to the file system, scratch files included.
        answer: what both contenders must agree on.
        steps: seconds of its parts, where it tells them.
    """

    seconds: float
    imports: float
    peak_mb: float
    written_mb: float
    answer: dict[str, int]
    steps: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Work:
    """What a contender hands to the clock: the work itself, and what it says afterwards."""

    run: Callable[[], object]
    answer: Callable[[], dict[str, int]]
    steps: Callable[[], dict[str, float]] = dict


def run_apart(contender: str, inputs: Path, scratch: Path) -> Outcome:
    """Run `module:function` in a new process and wait for it.

    Raises:
        RuntimeError: it failed; its output is in the message.
    """
    command = [sys.executable, "-m", "tests.benchmarks.apart", contender, str(inputs), str(scratch)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{contender} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return Outcome(**json.loads(done.stdout.splitlines()[-1]))


def _measured(contender: str, inputs: Path, scratch: Path) -> Outcome:
    """What one repetition took; time spent on nothing is no measure.

    Raises:
        RuntimeError: the answer is nothing.
    """
    module, _, function = contender.partition(":")
    began = time.perf_counter()
    prepare: Callable[[Path, Path], Work] = getattr(import_module(f"tests.benchmarks.{module}"), function)
    work = prepare(inputs, scratch)  # loads what the work would load on its way
    ready = time.perf_counter()
    written = _written()
    work.run()
    seconds, written = time.perf_counter() - ready, _written() - written
    peak = _status("VmHWM") / 1024
    answer = work.answer()
    if not any(answer.values()):
        raise RuntimeError(f"{contender} found nothing in {inputs}: {answer}")
    return Outcome(seconds, ready - began, peak, written / 1e6, answer, work.steps())


def _status(key: str) -> int:
    """A kB figure of this process; unlike `ru_maxrss`, VmHWM does not begin with the size of the parent."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:"))


def _written() -> int:
    lines = Path("/proc/self/io").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("wchar:"))


def _main(arguments: list[str]) -> None:
    contender, inputs, scratch = arguments
    measured: dict[str, Any] = asdict(_measured(contender, Path(inputs), Path(scratch)))
    print(json.dumps(measured))


if __name__ == "__main__":
    _main(sys.argv[1:])
