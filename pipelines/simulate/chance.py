"""Reproducible randomness: one independent stream per topic, so that a change to one feed leaves the others alone."""

from __future__ import annotations

import zlib

import numpy as np
import numpy.typing as npt
import polars as pl

Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]


def stream(seed: int, topic: str, county: int = 0) -> np.random.Generator:
    """The random stream of a topic in one county of a world."""
    return np.random.Generator(np.random.PCG64([seed, zlib.crc32(topic.encode()), *([county] if county else [])]))


def chosen(rng: np.random.Generator, weights: dict[str, float], size: int) -> npt.NDArray[np.str_]:
    """`size` texts drawn by their weights."""
    shares = np.array(list(weights.values()))
    return rng.choice(np.array(list(weights)), size=size, p=shares / shares.sum())


def spread(rng: np.random.Generator, middle: float, sigma: float, size: int) -> npt.NDArray[np.float64]:
    """Log-normal sizes around a median."""
    return middle * np.exp(sigma * rng.standard_normal(size))


def days(numbers: Integers) -> pl.Expr:
    """A span of days per row, to add to or take off a date column of the same height."""
    return pl.duration(days=pl.lit(pl.Series(numbers)))
