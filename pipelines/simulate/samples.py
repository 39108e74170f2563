"""All sample files of one seed, what must become of each, and the folder they are written to."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipelines.simulate.county import County
from pipelines.simulate.delivery import Delivery, delivered
from pipelines.simulate.months import AS_OF
from pipelines.simulate.truth import truth_text
from pipelines.simulate.ugly import events, registers
from pipelines.simulate.ugly.broken import broken
from pipelines.simulate.writers import bank, credit, crm, lists, registry, social, tax, utilities

_WRITERS = (registry, tax, social, utilities, lists, bank, credit, crm)

_INTRODUCTION = f"""# The made-up county

Files of the invented 锦溪县 as its departments send them, made by `python -m pipelines.simulate data_samples`:
same seed, same bytes. Nobody and nothing in them is real; codes, division and industry codes are valid. `as_of` holds
the Monday they are made for ({AS_OF}).

- `<feed>/` the county's deliveries, and `ugly_…` files by hand: what the contracts do with every kind of bad row.
- `_broken/<feed>/` files that must be refused whole; not part of the default run.
- `_next_week/<feed>/` what comes back in the week after the first list (contacts, applications, disbursements,
  refusals, loans of others), received 2026-11-30: deliver it to see conversions.
- `_truth/county_truth.json` planted entities on the edge of every rule with the outcomes they must have.
- `expected.json` this table for programs: rows of each file, how many are accepted, duplicates, quarantined.

Folders beginning with `_` are no feeds.

| file | what it proves | rows in | accepted | duplicates | quarantined |
|---|---|--:|--:|--:|--:|
"""


def samples(seed: int) -> list[Delivery]:
    """Every sample file: the county's deliveries, the ugly files, the broken ones."""
    county = County(seed)
    shipped = [delivered(shipment) for writer in _WRITERS for shipment in writer.shipments(county)]
    supplement = next(each for each in shipped if each.name == "sbjk_bc_20261121.csv")
    again = supplement.again_as(
        "sbjk_bc_cf_20261123.csv",
        "the supplement delivered twice, same bytes under another name: nothing of it lands again",
    )
    ugly = [sheet.delivery() for sheet in (*registers.SHEETS, *events.SHEETS)]
    return sorted(
        [*shipped, again, *ugly, *broken()], key=lambda each: (each.folder.startswith("_"), each.folder, each.name)
    )


def expectation(delivery: Delivery) -> dict[str, Any]:
    """What must become of a file: its status in `ops.files` and, when it lands, its counts and quarantine reasons."""
    if delivery.expected is None:
        return {"status": delivery.refusal}
    counts = delivery.expected
    found = {
        "rows_in": counts.rows_in,
        "accepted": counts.accepted,
        "duplicates": counts.duplicates,
        "quarantined": counts.quarantined,
    }
    if delivery.same_bytes_as:
        return {"status": "repeated", "same_bytes_as": delivery.same_bytes_as}
    return {"status": "landed", **found, "reasons": list(counts.reasons)}


def write(folder: Path, seed: int) -> list[Delivery]:
    """Write all samples with README, expectations and truth into `folder`, replacing what lies there of an earlier run.

    Raises:
        FileExistsError: the folder holds something that is not a sample folder.
    """
    _clear(folder)
    made = samples(seed)
    for delivery in made:
        place = folder / delivery.folder
        place.mkdir(parents=True, exist_ok=True)
        (place / delivery.name).write_bytes(delivery.content)
        if delivery.control:
            (place / f"{delivery.name}.ok").write_text(delivery.control, encoding="utf-8", newline="\n")
    _write_notes(folder, made)
    return made


def _write_notes(folder: Path, made: Iterable[Delivery]) -> None:
    (folder / "_truth").mkdir(exist_ok=True)
    texts = {
        "as_of": f"{AS_OF}\n",
        "README.md": _INTRODUCTION + "".join(_table_line(delivery) for delivery in made),
        "expected.json": _expected_text(made),
        "_truth/county_truth.json": truth_text(),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def _expected_text(made: Iterable[Delivery]) -> str:
    lines = (f'  "{each.folder}/{each.name}": {json.dumps(expectation(each), ensure_ascii=False)}' for each in made)
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _table_line(delivery: Delivery) -> str:
    name = f"`{delivery.folder}/{delivery.name}`" + (" + `.ok`" if delivery.control else "")
    proves = delivery.proves.replace("|", "\\|")
    if delivery.expected is None:
        return f"| {name} | {proves} | {delivery.refusal.replace('_', ' ')} | | | |\n"
    if delivery.same_bytes_as:
        return f"| {name} | {proves} | repeated | | | |\n"
    counts = delivery.expected
    return (
        f"| {name} | {proves} | {counts.rows_in} | {counts.accepted} | {counts.duplicates} | {counts.quarantined} |\n"
    )


def _clear(folder: Path) -> None:
    """Remove an earlier run's output, and only that."""
    if folder.exists() and any(folder.iterdir()) and not (folder / "expected.json").is_file():
        raise FileExistsError(
            f"{folder} is not empty and holds no expected.json; expected a new folder or one of an earlier run"
        )
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
