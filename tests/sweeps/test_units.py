from __future__ import annotations

from typing import Any

import pytest

from tests.sweeps.small import entry
from zigzag_lab.sweeps.units import value_at, whole
from zigzag_lab.vocab import InputError

SIZE, COST = "accelerator.memories.m.size", "accelerator.memories.m.r_cost"


@pytest.mark.parametrize(
    ("path", "given", "bits"),
    [
        (SIZE, "64 KiB", 524288),
        (SIZE, "2MiB", 2 * 2**20 * 8),
        (SIZE, "1.5 kB", 12000),
        (SIZE, "8 bits", 8),
        (SIZE, 4096, 4096),
        ("accelerator.memories.m.ports[0].bandwidth_max", "16 B", 128),
        (COST, "1 nJ", 1000),
        (COST, "50 fJ", 0.05),
        ("accelerator.memories.m.area", "1000 um2", 0.001),
        ("size", "1 KiB", 8192),
        ("leak", "2 uW", 0.002),
        ("accelerator.clock", "2 GHz", "2 GHz"),
        ("options.search", "salsa", "salsa"),
        ("mapping[0].spatial_mapping.D1", ["K, 32"], ["K, 32"]),
        ("mapping[0].name", "8 KiB", "8 KiB"),
    ],
)
def test_values_are_in_the_unit_of_their_path(path: str, given: Any, bits: Any) -> None:
    assert value_at(entry(given), path) == (pytest.approx(bits) if isinstance(bits, float) else bits)


@pytest.mark.parametrize(
    ("path", "given", "word"),
    [
        (SIZE, "64 pJ", "pJ"),
        (COST, "64 KiB", "KiB"),
        (SIZE, "64 KiBi", "KiB"),
        (SIZE, "much", "much"),
        (COST, "1e3", r"1\.0e\+3"),
        ("x", "1e3", r"1\.0e\+3"),
    ],
)
def test_a_wrong_unit_is_refused(path: str, given: str, word: str) -> None:
    with pytest.raises(InputError, match=word):
        value_at(entry(given), path)


def test_whole_numbers_are_integers() -> None:
    assert isinstance(whole(2.0), int)
    assert whole(2.5) == 2.5
