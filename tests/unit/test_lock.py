"""One job at a time on a home; a killed one frees it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pipelines.errors import BusyError
from pipelines.lock import exclusive

HOLD = "import sys, time\nfrom pathlib import Path\nfrom pipelines.lock import exclusive\nwith exclusive(Path(sys.argv[1]), 'run'):\n    print('held', flush=True)\n    time.sleep(60)\n"


def test_a_second_process_is_told_who_is_at_work_until_the_first_is_killed(tmp_path):
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        with (
            pytest.raises(BusyError, match=rf"run, process {first.pid}, since .*Try again") as busy,
            exclusive(tmp_path, "ingest"),
        ):
            pass
        assert busy.value.exit_code == 75
        first.kill()
        first.wait()
        with exclusive(tmp_path, "ingest"):
            assert f"ingest, process {os.getpid()}" in (tmp_path / "run.lock").read_text()


def test_steps_inside_a_job_pass(tmp_path):
    with exclusive(tmp_path, "run"), exclusive(tmp_path, "publish"):
        assert (tmp_path / "run.lock").read_text().startswith("run,")


def test_a_job_that_fails_frees_the_home(tmp_path):
    with pytest.raises(ValueError, match="in mid-work"), exclusive(tmp_path, "run"):
        raise ValueError("in mid-work")
    with exclusive(tmp_path, "run"):
        assert (tmp_path / "run.lock").exists()
