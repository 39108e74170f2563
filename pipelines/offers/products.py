"""Products, declared as YAML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pipelines.eligibility.rules import RULES, Rule
from pipelines.eligibility.segments import SEGMENTS
from pipelines.errors import DeclarationError
from pipelines.offers.conditions import CONDITIONS, Condition
from pipelines.parameters import Parameters
from pipelines.parameters.documents import declared
from pipelines.parameters.plan import FOLDER

PRODUCTS = FOLDER / "products.yml"


@dataclass(frozen=True)
class Product:
    """A product: whom it is for, who is admitted, what its limit is, how it is repaid.

    Attributes:
        limit: name of a formula of `limits.py`.
        note, note_partial, note_without: what the limit rests on; what is said of a bound from below, and of none.
        addressed_to: conditions that must be known to be true.
        conditions: conditions that must not be false; while unknown they are to be verified.
        admission: rules of the same kind.
        subsidised: columns of rules, segments or conditions, any of which makes the interest subsidised (S50).
        options: repayment options, each with the parameter that turns it off when it is 0.
        term: parameter with its longest term; None = that of `basic`.
        discount: parameter with the points taken off the rate of `basic`; None = none.
    """

    name: str
    clauses: tuple[str, ...]
    limit: str
    note: str
    note_partial: str
    note_without: str
    addressed_to: tuple[Condition, ...]
    conditions: tuple[Condition, ...]
    admission: tuple[Rule, ...]
    options: tuple[tuple[str, str | None], ...]
    subsidised: tuple[str, ...]
    term: str | None
    discount: str | None
    is_seasonal: bool

    def repayment_options(self, p: Parameters) -> str:
        """The options in force, one text (S39, S48)."""
        texts = [text for text, switch in self.options if switch is None or getattr(p, switch)]
        return "；".join(text.format_map(vars(p)) for text in texts)

    def to_verify(self) -> tuple[Condition | Rule, ...]:
        """What may still be unknown when the product is offered, admission first."""
        return (*self.admission, *self.conditions)


def product(name: str) -> Product:
    """The product of that name.

    Raises:
        DeclarationError: products.yml lacks it, is wrong, or names what does not exist.
    """
    known = {made.name: made for made in products()}
    if name not in known:
        raise DeclarationError(f"{PRODUCTS.name} has no product {name!r}; expected one of {', '.join(sorted(known))}")
    return known[name]


@cache
def products() -> tuple[Product, ...]:
    """Every product in order of preference: the first that fits an entity is the one it is offered.

    Raises:
        DeclarationError: products.yml is wrong, or names a rule, segment, condition or parameter that does not exist.
    """
    spec = declared(PRODUCTS, "products")
    odd = sorted({*spec["order"]} ^ spec["products"].keys())
    if odd:
        raise DeclarationError(f"{PRODUCTS.name}: {', '.join(odd)} must stand once in `order` and once in `products`")
    return tuple(_product(name, spec["products"][name]) for name in spec["order"])


def _product(name: str, spec: Mapping[str, Any]) -> Product:
    _check(name, spec)
    columns = _columns()
    return Product(
        name=name,
        clauses=tuple(spec["clauses"]),
        limit=spec["limit"],
        note=spec["note"],
        note_partial=spec.get("note_partial", spec["note"]),
        note_without=spec["note_without"],
        addressed_to=tuple(CONDITIONS[each] for each in spec["addressed_to"]),
        conditions=tuple(CONDITIONS[each] for each in spec["conditions"]),
        admission=tuple(RULES[each] for each in spec["admission"]),
        options=tuple((option["text"], option.get("while")) for option in spec["repayment_options"]),
        subsidised=tuple(columns[each] for each in spec["subsidised"]),
        term=spec.get("term"),
        discount=spec.get("discount"),
        is_seasonal=spec.get("is_seasonal", False),
    )


def _check(name: str, spec: Mapping[str, Any]) -> None:
    """Everything a product names exists.

    Raises:
        DeclarationError: something does not.
    """
    parameters = Parameters.__dataclass_fields__.keys()
    switches = {option["while"] for option in spec["repayment_options"] if "while" in option}
    kinds = {
        "rule": (set(spec["admission"]), RULES.keys()),
        "condition": ({*spec["addressed_to"], *spec["conditions"]}, CONDITIONS.keys()),
        "rule, segment or condition": (set(spec["subsidised"]), _columns().keys()),
        "parameter": (switches | {spec[key] for key in ("term", "discount") if key in spec}, parameters),
    }
    for kind, (named, known) in kinds.items():
        if odd := sorted(named - known):
            raise DeclarationError(f"{PRODUCTS.name}: {name} names {', '.join(odd)}, which is no {kind}")


@cache
def _columns() -> dict[str, str]:
    """Rule, segment or condition -> the column of its outcome."""
    segments = {segment.name: segment.column for segment in SEGMENTS}
    rules = {rule.name: rule.column for rule in RULES.values()}
    return rules | segments | {each.name: each.column for each in CONDITIONS.values()}
