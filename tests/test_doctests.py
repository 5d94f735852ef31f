"""The examples in docstrings of the core are right."""

from __future__ import annotations

import doctest
import pkgutil
from importlib import import_module

import pytest

AT_LEAST = {"vocab": 7, "mapping": 15, "cost": 10}
"""Examples (lines that are run) in each package, so that none are lost unnoticed."""


@pytest.mark.parametrize("package", AT_LEAST)
def test_examples_in_docstrings_hold(package: str) -> None:
    folder = import_module(f"zigzag_lab.{package}")
    modules = [import_module(f"{folder.__name__}.{found.name}") for found in pkgutil.iter_modules(folder.__path__)]
    results = [doctest.testmod(module, raise_on_error=False) for module in modules]
    assert sum(result.failed for result in results) == 0
    assert sum(result.attempted for result in results) >= AT_LEAST[package]
