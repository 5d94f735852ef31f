"""The examples in docstrings of the core are right, and references lead somewhere."""

from __future__ import annotations

import doctest
import pkgutil
import re
from contextlib import suppress
from importlib import import_module
from pathlib import Path

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


PACKAGE = Path(__file__).parents[1] / "zigzag_lab"
REFERENCE = re.compile(r":(?:mod|class|func|meth|data|attr):`~?(zigzag_lab[.\w]*)`")


def is_there(name: str) -> bool:
    """Whether a dotted name is a module, something in one, or an attribute of a class there."""
    with suppress(ImportError, AttributeError):
        pkgutil.resolve_name(name)
        return True
    return False


def test_references_in_docstrings_lead_somewhere() -> None:
    found = [
        (file.relative_to(PACKAGE).as_posix(), name)
        for file in sorted(PACKAGE.rglob("*.py"))
        for name in REFERENCE.findall(file.read_text(encoding="utf-8"))
    ]
    assert [(file, name) for file, name in found if not is_there(name)] == []
    assert len(found) > 20
