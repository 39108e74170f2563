"""Reading the project's YAML for tests, apart from the loaders of the pipeline."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

import yaml

from pipelines.settings import HOUSE

NOT_OURS = {"__pycache__", "shoudai-home", "build", "dist"}


class _Strict(yaml.SafeLoader):
    """YAML in which a key that stands twice is an error instead of the last one winning."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        repeated = sorted({str(key) for key in keys if keys.count(key) > 1})
        if repeated:
            raise ValueError(f"line {node.start_mark.line + 1}: {repeated} stands twice")
        return super().construct_mapping(node, deep)


def read(path: Path) -> dict[str, Any]:
    """The content of a YAML file as JSON would carry it: keys are strings, dates are ISO text."""
    found = yaml.load(path.read_text(encoding="utf-8"), Loader=_Strict)  # noqa: S506 - a SafeLoader
    return {str(key): _plain(value) for key, value in found.items()}


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def files(pattern: str = "*") -> Iterator[Path]:
    """Every file of the project whose name fits, without the environment, caches and what runs leave behind."""
    for top in sorted(HOUSE.iterdir()):
        if (top.name.startswith(".") and top.name != ".ci") or top.name in NOT_OURS:
            continue
        found = top.rglob(pattern) if top.is_dir() else [top] * top.match(pattern)
        yield from (path for path in sorted(found) if path.is_file() and NOT_OURS.isdisjoint(path.parts))


def stems(folder: str, suffix: str = ".yml") -> set[str]:
    """The stems of the files in a folder of the house."""
    return {path.stem for path in (HOUSE / folder).glob(f"*{suffix}")}
