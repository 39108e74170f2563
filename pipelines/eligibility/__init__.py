"""Who the plan addresses: rules by domain, segments over them, and the judgement of every entity."""

from pipelines.eligibility import credit, green, online, premises, registry, rural, sites, size, social, tax

__all__ = ["credit", "green", "online", "premises", "registry", "rural", "sites", "size", "social", "tax"]
