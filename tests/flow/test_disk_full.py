"""A full disk: clear words, the last release stands, and with room again the same command succeeds."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .homes import Home, list_files, samples_of, settings_of, shoudai


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    mount = shutil.which("mount")
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() != 0 or mount is None:
        pytest.skip("mounting a small disk needs root")
    done = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(disk)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"mounting is not permitted here: {done.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_is_said_and_the_last_release_stands(small_disk, tmp_path):
    inbox = samples_of(tmp_path / "inbox")
    home = Home(settings_of(small_disk / "home", inbox), None)
    shoudai(home, "run", "--as-of", "2026-11-23")
    before, files = home.current.resolve(), list_files(home.current.resolve().parent)
    filler = small_disk / "filler"
    with filler.open("wb") as target:
        free = shutil.disk_usage(small_disk).free
        target.write(b"0" * max(free - (300 << 10), 0))
    done = shoudai(home, "run", "--as-of", "2026-11-30", check=74)
    assert "disk full" in done.stderr
    assert "run the same command again" in done.stderr or "run again" in done.stderr
    assert home.current.resolve() == before
    assert list_files(before.parent) == files
    assert home.ask("SELECT count(*) > 0 FROM out.target_list") == [(True,)]
    filler.unlink()
    shoudai(home, "run", "--as-of", "2026-11-30")
    assert home.current.resolve().parent.name == "2026-W49"
