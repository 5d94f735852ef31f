"""The fixed order of dimensions is the one in which zigzag-dse's sets are walked over."""

from __future__ import annotations

from random import Random

import pytest
from zigzag.datatypes import LayerDim, OADimension

from zigzag_lab.mapping.dimension_order import array_dimension_order, layer_dimension_order

LAYER_DIMS = ["B", "K", "G", "OX", "OY", "C", "FX", "FY", "D", "H", "D0", "D1", "D2"]
ARRAY_DIMS = ["D1", "D2", "D3", "D4"]


@pytest.mark.parametrize("seed", range(300))
def test_loops_are_ordered_as_in_a_set_of_the_reference(seed: int) -> None:
    rng = Random(seed)
    names = rng.sample(LAYER_DIMS, rng.randint(0, len(LAYER_DIMS)))
    assert list(layer_dimension_order(names)) == [str(dim) for dim in set(map(LayerDim, names))]


@pytest.mark.parametrize("seed", range(60))
def test_array_dimensions_are_ordered_as_in_a_set_of_the_reference(seed: int) -> None:
    rng = Random(seed)
    names = rng.sample(ARRAY_DIMS, rng.randint(0, len(ARRAY_DIMS)))
    assert list(array_dimension_order(names)) == [str(dim) for dim in set(map(OADimension, names))]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("B K G OX OY C FX FY", "FY FX B G OX C K OY"),
        ("B K C OY OX FY FX", "FY FX B OX C K OY"),
        ("C D K", "K D C"),
        ("C FX FY", "FX C FY"),
        ("OX OY", "OY OX"),
    ],
)
def test_usual_layers(names: str, expected: str) -> None:
    assert " ".join(layer_dimension_order(names.split())) == expected


def test_other_names_come_last_in_alphabetical_order() -> None:
    assert layer_dimension_order(["Z", "K", "A", "C", "K"]) == ("K", "C", "A", "Z")
    assert array_dimension_order(["D9", "D2", "D1", "D8"]) == ("D1", "D2", "D8", "D9")
