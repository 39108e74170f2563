"""Benchmarks: ratios taken in one run, each contender in a process of its own. Nothing here is a test."""
