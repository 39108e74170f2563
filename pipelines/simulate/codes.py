"""Unified social credit codes by the thousand: the arithmetic of `registers.uscc` on numpy arrays.

Subjects begin with MAW (bulk), MAX (planted) or MAY (ugly rows): blocks chosen because they are not known to be
issued, so that no made-up code should be that of a real firm.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pipelines.registers.uscc import ALPHABET, ORGANISATION_WEIGHTS, WEIGHTS
from pipelines.simulate.chance import Integers

Texts = npt.NDArray[np.str_]

SUBJECTS = len(ALPHABET) ** 5
"""Different subjects one three-letter block has."""

_CHARACTERS = np.array(list(ALPHABET))
_ORGANISATION_VALUES = np.array([int(character, 36) for character in ALPHABET])
_ORGANISATION_CHECK = np.array([ALPHABET.index(character) for character in "0123456789X0"])


def usccs(kinds: Texts, divisions: Texts, block: str, numbers: Integers) -> Texts:
    """Valid codes, one per kind (2 characters), division (6) and subject number (below `SUBJECTS`) of a block."""
    subjects = _subjects(block, numbers)
    organisation = _ORGANISATION_CHECK[11 - _ORGANISATION_VALUES[subjects] @ np.array(ORGANISATION_WEIGHTS) % 11]
    body = np.concatenate([_places(kinds), _places(divisions), subjects, organisation[:, None]], axis=1)
    check = (31 - body @ np.array(WEIGHTS) % 31) % 31
    return _texts(np.concatenate([body, check[:, None]], axis=1))


def _subjects(block: str, numbers: Integers) -> Integers:
    powers = len(ALPHABET) ** np.arange(5)[::-1]
    head = np.tile([ALPHABET.index(character) for character in block], (len(numbers), 1))
    return np.concatenate([head, numbers[:, None] // powers % len(ALPHABET)], axis=1)


def _places(texts: Texts) -> Integers:
    """The place of every character in the code alphabet, one row per text; the texts are equally long."""
    width = texts.dtype.itemsize // 4
    characters = np.ascontiguousarray(texts).view("U1").reshape(len(texts), width)
    return np.searchsorted(_CHARACTERS, characters)


def _texts(places: Integers) -> Texts:
    characters = np.ascontiguousarray(_CHARACTERS[places])
    return characters.view(f"U{places.shape[1]}").ravel()
