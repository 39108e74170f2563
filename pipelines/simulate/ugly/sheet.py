"""A hand-made file as lines of text, with what must become of each of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.simulate.delivery import Delivery, Expected

RECEIVED = "20260226"
"""Before the county's own deliveries: a newer delivery of the same months replaces the ugly ones."""


@dataclass(frozen=True)
class Sheet:
    """One ugly file.

    Attributes:
        feed: whose folder it lies in.
        slug: what it is about; the file is `ugly_<slug>_<day>.csv`.
        proves: one sentence.
        header: the headings, one line.
        lines: the rows as they stand in the file.
        accepted, duplicates, quarantined: what must become of them.
        reasons: the reasons in the quarantine.
        encoding, day: of the file.
        raw: bytes to put in place of the character `¿`.
    """

    feed: str
    slug: str
    proves: str
    header: str
    lines: Sequence[str]
    accepted: int
    duplicates: int = 0
    quarantined: int = 0
    reasons: tuple[str, ...] = ()
    encoding: str = "utf-8"
    day: str = RECEIVED
    raw: bytes = b""

    def delivery(self) -> Delivery:
        """The file."""
        text = "".join(f"{line}\n" for line in (self.header, *self.lines))
        content = self.raw.join(part.encode(self.encoding) for part in text.split("¿"))
        rows = self.accepted + self.duplicates + self.quarantined
        if rows != len(self.lines):
            raise ValueError(f"{self.feed}/ugly_{self.slug}: {len(self.lines)} rows, but outcomes for {rows}")
        return Delivery(
            folder=self.feed,
            name=f"ugly_{self.slug}_{self.day}.csv",
            content=content,
            proves=self.proves,
            expected=Expected(rows, self.accepted, self.duplicates, self.quarantined, self.reasons),
        )
