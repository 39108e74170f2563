"""The only code that opens DuckDB: connect, migrate, land, snapshot, publish."""
