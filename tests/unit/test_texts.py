"""Lines of a text by their numbers, against Python's own reading of lines."""

from __future__ import annotations

import io
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np
from hypothesis import given, strategies as st

from pipelines.feeds import texts


@given(
    text=st.lists(st.sampled_from([b"a", b"\xe5\x95\x86", b"\r", b"\n", b'"', b","])).map(b"".join),
    block=st.integers(1, 9),
    data=st.data(),
)
def test_lines_are_counted_and_picked_as_python_reads_them(text, block, data):
    expected = io.BytesIO(text).readlines()
    numbers = data.draw(st.lists(st.integers(0, len(expected) - 1), unique=True).map(sorted)) if expected else []
    with TemporaryDirectory() as folder, patch.object(texts, "_BLOCK", block):
        path, target = Path(folder) / "text", Path(folder) / "picked"
        path.write_bytes(text)
        lines = texts.Lines(path)
        lines.pick(np.array(numbers, np.int64), target)
        assert (lines.count, target.read_bytes()) == (len(expected), b"".join(expected[number] for number in numbers))
