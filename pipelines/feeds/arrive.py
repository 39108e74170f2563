"""Arrivals: deliveries taken into the archive and decoded, the next one while the one before lands."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from pipelines.errors import FileRefusedError
from pipelines.feeds import pull
from pipelines.feeds.contract import Contract, contract
from pipelines.feeds.decode import Source, decoded
from pipelines.feeds.pull import Control, Delivery
from pipelines.settings import Settings


@dataclass
class Arrival:
    """One delivery before the engine reads it; used as a context, at whose end its decoded text is gone.

    Attributes:
        made: the contract under which it lands.
        scratch: its own folder, for copies.
        received_on: the day it counts as received.
        control: what its control file states.
        file_id: its SHA-256; empty when it never came into the archive.
    """

    delivery: Delivery
    made: Contract
    scratch: Path
    received_on: date
    control: Control | None = None
    file_id: str = ""
    _found: Source | FileRefusedError | OSError = field(init=False, repr=False)
    _open: ExitStack = field(default_factory=ExitStack, repr=False)

    def __enter__(self) -> Arrival:
        """The arrival itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """The decoded text is given up."""
        self._open.close()

    @property
    def source(self) -> Source:
        """The decoded text.

        Raises:
            FileRefusedError: what is wrong with the delivery.
            OSError: it could not be read, or its copy not be written.
        """
        if isinstance(self._found, Source):
            return self._found
        raise self._found

    def take(self, settings: Settings, day: date | None) -> None:
        """Read the control file, copy the bytes into the archive, decode them; what stops that is raised by `source`."""
        try:
            self.control = pull.control_of(self.delivery)
            self.received_on = day or pull.received_on(self.delivery, self.control)
            self.file_id, archived = pull.archive(self.delivery, settings.archive, self.control)
            self._found = self._open.enter_context(decoded(archived, self.made, self.scratch))
        except (FileRefusedError, OSError) as fault:
            self._found = fault


def arrive(delivery: Delivery, settings: Settings, day: date | None = None, under: Contract | None = None) -> Arrival:
    """Take one delivery in.

    Args:
        delivery: the file.
        settings: where the archive and the scratch folder are.
        day: on which it was received, from whoever hands it in; default: what its control file, name or time says.
        under: a stricter contract than that of its feed.
    """
    scratch = _scratch(settings) / delivery.feed / delivery.name
    arrival = Arrival(delivery, under or contract(delivery.feed), scratch, day or pull.received_on(delivery, None))
    arrival.take(settings, day)
    return arrival


def arrivals(deliveries: Sequence[Delivery], settings: Settings) -> Iterator[Arrival]:
    """Each delivery in its turn, valid until the next one is asked for; one is always taken in ahead, in a thread.

    That costs the disk one more decoded file, and hides what one core spends on digests and decoding.
    """
    with ThreadPoolExecutor(1) as ahead:
        coming = [ahead.submit(arrive, each, settings) for each in deliveries[:1]]
        for place in range(len(deliveries)):
            with coming.pop().result() as arrival:
                coming += [ahead.submit(arrive, each, settings) for each in deliveries[place + 1 : place + 2]]
                yield arrival


@contextmanager
def scratch_cleared(settings: Settings) -> Iterator[None]:
    """Nothing decoded lies about, before and after."""
    shutil.rmtree(_scratch(settings), ignore_errors=True)
    try:
        yield
    finally:
        shutil.rmtree(_scratch(settings), ignore_errors=True)


def _scratch(settings: Settings) -> Path:
    return settings.work / "decode"
