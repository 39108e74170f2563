"""The command `shoudai`: one module per kind of work, each adding its commands to the group."""

from pipelines.cli import asking, judging, linking, quality, returning, running, worlds
from pipelines.cli.base import main

__all__ = ["asking", "judging", "linking", "main", "quality", "returning", "running", "worlds"]
