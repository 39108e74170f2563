"""From a delivered file to a feed table: contract -> pull -> decode -> split (accepted | quarantined) -> land."""
