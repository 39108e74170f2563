"""Tests over the repository itself."""
