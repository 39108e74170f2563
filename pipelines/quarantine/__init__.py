"""The quarantine is worked off: listed by reason, sent for correction, taken back, and closed when a delivery fixed it."""
