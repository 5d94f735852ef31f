"""Measurements, run by hand: ``python -m tests.benchmarks.speed`` and ``python -m tests.benchmarks.growth``."""
