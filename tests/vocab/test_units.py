"""Units: what a quantity is in the unit that the package counts in."""

from __future__ import annotations

import re

import pytest

from zigzag_lab.vocab.units import AREA, BITS, CYCLES, ENERGY, SECONDS, Unit, quantity


@pytest.mark.parametrize(
    ("unit", "text", "expected"),
    [
        (BITS, "256 KiB", 2_097_152), (BITS, "1.5kB", 12_000), (BITS, "1_000 Mbit", 10**9), (BITS, "2e3 bits", 2000),
        (ENERGY, "1.5 nJ", 1500), (ENERGY, "50 fJ", 0.05), (ENERGY, "2 uJ", 2_000_000), (AREA, "1000 um2", 0.001),
        (AREA, "1 cm2", 100), (CYCLES, "1 cycle", 1), (SECONDS, "2 min", 120), (SECONDS, "250 ms", 0.25),
    ],
)  # fmt: skip
def test_a_quantity_in_the_base_unit(unit: Unit, text: str, expected: float) -> None:
    found = quantity(text)
    assert found is not None
    number, name = found
    assert number * unit.factors[name] == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("text", ["", "KiB", "64", "1e3", "64 KiB/s", "sixty KiB", "64 KiB 3", "0x10 B", ". B"])
def test_what_is_no_quantity(text: str) -> None:
    assert quantity(text) is None


@pytest.mark.parametrize("unit", [BITS, ENERGY, AREA, CYCLES, SECONDS], ids=str)
def test_every_unit_has_an_example_in_one_of_its_own(unit: Unit) -> None:
    found = quantity(unit.example)
    assert found is not None
    assert found[1] in unit.factors
    assert all(re.fullmatch(r"[A-Za-z]\w*", name) for name in unit.factors)
