"""The eight segments, each an ordered list of rules: the order of the attrition table, the defining rules first."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from pipelines.eligibility.rules import RULES, Rule


@dataclass(frozen=True)
class Segment:
    """A group the plan addresses: everyone for whom all of `rules` hold.

    Attributes:
        feed: the defining feed. While it is missing or late nobody is watched for the segment: the gap is the feed's.
    """

    name: str
    clause: str
    feed: str
    channel: str
    rule_names: tuple[str, ...]

    @property
    def column(self) -> str:
        """The column of the judged frame that holds the outcome."""
        return f"segment__{self.name}"

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules, in attrition order."""
        return tuple(RULES[name] for name in self.rule_names)

    def outcome(self) -> pl.Expr:
        """Kleene: false if any rule is false, else unknown if any is unknown, else true. Reads the judged columns."""
        return pl.all_horizontal([made.column for made in self.rules]).alias(self.column)


SEGMENTS: tuple[Segment, ...] = (
    Segment("online", "S28", "online__intents", "online", ("registered_demand", "in_business", "never_borrowed")),
    Segment(
        "individual_taxpayer",
        "S09",
        "tax__payments",
        "government_data",
        ("is_individual_business", "paid_tax_12_months", "annual_tax_at_least", "in_business", "never_borrowed"),
    ),
    Segment(
        "small_employer",
        "S11",
        "social__insurance",
        "government_data",
        ("insured_staff_3_to_20", "operating_2_years", "small_or_micro", "in_business", "never_borrowed"),
    ),
    Segment(
        "park_tech",
        "S15",
        "sites__tenants",
        "park",
        ("in_park", "is_tech", "small_or_micro", "in_business", "never_borrowed"),
    ),
    Segment(
        "district_merchant",
        "S17",
        "sites__tenants",
        "district",
        ("in_district", "is_individual_business", "in_business", "never_borrowed"),
    ),
    Segment(
        "green",
        "S20",
        "green__enterprises",
        "green_list",
        ("on_green_list", "small_or_micro", "in_business", "never_borrowed"),
    ),
    Segment(
        "rural",
        "S24",
        "agriculture__operators",
        "rural",
        ("is_rural_operator", "in_business", "never_borrowed"),
    ),
    Segment(
        "new_enterprise",
        "S05",
        "registry__entities",
        "new_registration",
        ("newly_established", "is_enterprise", "in_business", "never_borrowed"),
    ),
)
"""In the order in which an entity of several gets its primary one: strongest intent first, then most specific."""
