"""Hand-made ugly files: small literal tables, each proving one thing about a row or a file."""
