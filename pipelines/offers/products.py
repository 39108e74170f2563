"""Products, declared as YAML."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipelines.eligibility.rules import RULES, Rule
from pipelines.eligibility.segments import SEGMENTS, Segment
from pipelines.errors import DeclarationError
from pipelines.parameters.documents import declared

PRODUCTS = Path(__file__).with_name("products.yml")


@dataclass(frozen=True)
class Product:
    """A product: who is admitted, how it is repaid, and whose interest is subsidised."""

    name: str
    admission: tuple[Rule, ...]
    repayment_options: tuple[str, ...]
    subsidised_segments: tuple[Segment, ...]


@cache
def product(name: str) -> Product:
    """The product of that name.

    Raises:
        DeclarationError: products.yml lacks it, is wrong, or names a rule or segment that does not exist.
    """
    known = declared(PRODUCTS, "products")
    if name not in known:
        raise DeclarationError(f"{PRODUCTS.name} has no product {name!r}; expected one of {', '.join(sorted(known))}")
    spec = known[name]
    segments = {segment.name: segment for segment in SEGMENTS}
    odd = [*(set(spec["admission"]) - RULES.keys()), *(set(spec["subsidised_segments"]) - segments.keys())]
    if odd:
        raise DeclarationError(f"{PRODUCTS.name}: {name} names {', '.join(sorted(odd))}, which is no rule or segment")
    return Product(
        name=name,
        admission=tuple(RULES[rule] for rule in spec["admission"]),
        repayment_options=tuple(spec["repayment_options"]),
        subsidised_segments=tuple(segments[segment] for segment in spec["subsidised_segments"]),
    )
