"""Spatial mappings: every candidate of the reference is among ours, and whatever we propose can run."""

from __future__ import annotations

from itertools import permutations
from math import prod
from typing import Any

import pytest

from tests.oracle.bridge import Spatial, reference_spatial_candidates
from tests.strategies.problems import random_search
from zigzag_lab.hardware import Accelerator, Memory, OperationalArray, Port
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.search.spatial import N_TIES_KEPT, divisors, spatial_mappings
from zigzag_lab.vocab import Direction, InputError
from zigzag_lab.workload import Layer

CHUNK = 15
GIVES_UP = (AssertionError, ZeroDivisionError)
"""What the reference raises where a port is narrower than an element, or a user's mapping forgets a dimension."""


def reference_candidates(scene: Any, n: int, mixed: bool) -> list[Spatial]:
    """Its candidates; none where it gives up, and without those that unroll a loop zero times."""
    try:
        candidates = reference_spatial_candidates(*scene, n, mixed)
    except GIVES_UP:
        return []
    return [spatial for spatial in candidates if all(0 not in unrolled.values() for unrolled in spatial.values())]


@pytest.mark.parametrize("first", range(0, 120, CHUNK))
@pytest.mark.parametrize(("n", "mixed"), [(3, False), (10, False), (3, True), (10, True)])
def test_every_candidate_of_the_reference_is_ours_too(first: int, n: int, mixed: bool) -> None:
    for seed in range(first, first + CHUNK):
        scene = random_search(seed)
        ours = [mapping.unrollings for mapping in spatial_mappings(*scene, n, mixed=mixed)]
        assert [spatial for spatial in reference_candidates(scene, n, mixed) if spatial not in ours] == [], seed


def test_nothing_given_at_all() -> None:
    compared = 0
    for seed in range(1000, 1110):
        layer, accelerator, wishes = random_search(seed)
        scene = layer, accelerator, MappingConstraints(operand_links=wishes.operand_links)
        ours = [mapping.unrollings for mapping in spatial_mappings(*scene)]
        theirs = reference_candidates(scene, 3, False)
        assert [spatial for spatial in theirs if spatial not in ours] == [], seed
        compared += bool(theirs)
    assert compared > 90


@pytest.mark.parametrize("first", range(0, 90, CHUNK))
def test_whatever_is_proposed_can_be_prepared(first: int) -> None:
    for seed in range(first, first + CHUNK):
        layer, accelerator, constraints = random_search(seed)
        for mapping in spatial_mappings(layer, accelerator, constraints):
            for dim, unrolled in mapping.unrollings.items():
                assert min(unrolled.values(), default=1) >= 1
                assert prod(unrolled.values()) <= accelerator.array.sizes[dim]
            assert all(mapping.total_of(loop) <= size for loop, size in layer.loop_sizes.items())
            Problem.of(layer, accelerator, constraints, mapping)


def test_ties_with_the_last_one_are_kept_but_not_more_than_sixteen() -> None:
    for sizes in ((8, 8, 8), (2, 3, 5), (1, 1, 1), (16, 4, 4), (7, 7, 64)):
        array = OperationalArray({"D1": 4, "D2": 8, "D3": 2}, 1, 1)
        scene = _gemm(*sizes), _roomy(Accelerator("a", (), array)), MappingConstraints()
        three, all_of_them = spatial_mappings(*scene, 3), spatial_mappings(*scene, None)
        assert three == all_of_them[: len(three)]
        assert min(3, len(all_of_them)) <= len(three) <= 3 + N_TIES_KEPT


@pytest.mark.parametrize("hints", list(permutations(("C", "OX", "OY", "K"), 2)))
def test_hints_count_in_the_order_of_the_file(hints: tuple[str, str]) -> None:
    """Where both fill the array the same, what comes first depends on no interpreter, and is what it is there."""
    operands = {"O": ("K", "OY", "OX"), "W": ("K", "C"), "I": ("C", "OY", "OX")}
    bits, sizes = {"O": 8, "O_final": 8, "W": 8, "I": 8}, dict.fromkeys(("K", "C", "OY", "OX"), 16)
    layer = Layer(0, "pointwise", "Conv", operands, sizes, precision_bits=bits, constant_operands=("W",))
    for wishes in ({"D1": hints}, {"D2": hints[:1], "D1": hints}):
        constraints = MappingConstraints(spatial_hints=wishes)
        scene = layer, _roomy(Accelerator("a", (), OperationalArray({"D1": 4, "D2": 8}, 1, 1))), constraints
        ours = [mapping.unrollings for mapping in spatial_mappings(*scene, 5)]
        assert ours[:5] == reference_spatial_candidates(*scene, 5)


def _roomy(accelerator: Accelerator) -> Accelerator:
    """The same array below memories that limit nothing."""
    return Accelerator("roomy", (_memory(10**9, 10**6, tuple(accelerator.array.sizes)),), accelerator.array)


def _memory(size_bits: int, width: int, served: tuple[str, ...]) -> Memory:
    inputs = tuple((op, way) for op in ("I1", "I2") for way in (Direction.TO_LOW, Direction.FROM_HIGH))
    serves = (*inputs, *(("O", way) for way in Direction))
    port = Port("rw_port_1", "read_write", 1, width, serves)
    return Memory("m", size_bits, 1, 1, 0, 1, ("I1", "I2", "O"), (port,), served)


def _gemm(k: int, c: int, d: int) -> Layer:
    operands = {"O": ("D", "K"), "W": ("C", "K"), "I": ("D", "C")}
    bits = {"O": 8, "O_final": 8, "W": 8, "I": 8}
    return Layer(0, "gemm", "Gemm", operands, {"C": c, "D": d, "K": k}, precision_bits=bits)


def _proposed(layer: Layer, accelerator: Accelerator, **wishes: Any) -> list[Spatial]:
    return [m.unrollings for m in spatial_mappings(layer, accelerator, MappingConstraints(**wishes))]


def test_equal_factors_shrink_together_as_in_the_reference_and_apart() -> None:
    accelerator = Accelerator(
        "a", (_memory(90 * 8, 10**6, ("D1", "D2")),), OperationalArray({"D1": 16, "D2": 16}, 1, 1)
    )
    layer = _gemm(64, 64, 4)
    scene = layer, accelerator, MappingConstraints(spatial_mapping={"D1": {"K": 16}, "D2": {"C": 16}})
    ours = [mapping.unrollings for mapping in spatial_mappings(*scene)]
    assert reference_candidates(scene, 3, False)[0] in ours
    assert {"D1": {"K": 10}, "D2": {"C": 9}} in ours
    assert {"D1": {"K": 9}, "D2": {"C": 10}} in ours
    assert {"D1": {"K": 10}, "D2": {"C": 10}} in ours


def test_a_port_narrower_than_an_element_unrolls_once() -> None:
    accelerator = Accelerator("a", (_memory(10**6, 4, ("D1",)),), OperationalArray({"D1": 4}, 1, 1))
    layer = _gemm(4, 4, 4)
    with pytest.raises(GIVES_UP):
        reference_spatial_candidates(layer, accelerator, MappingConstraints(), 3)
    assert {"D1": {"K": 1}} in _proposed(layer, accelerator)
    assert _proposed(layer, accelerator, spatial_mapping={"D1": {"K": 4}}) == [{"D1": {"K": 1}}]


def test_too_much_given_is_reduced_in_every_way() -> None:
    accelerator = _roomy(Accelerator("a", (), OperationalArray({"D1": 4, "D2": 4}, 1, 1)))
    given = {"D1": {"K": 4, "C": 4}, "D2": {"D": 4}}
    ours = _proposed(_gemm(8, 8, 8), accelerator, spatial_mapping=given)
    assert ours == [{"D1": {"C": 4}, "D2": {"D": 4}}, {"D1": {"K": 4}, "D2": {"D": 4}}]
    twice = _proposed(_gemm(8, 8, 8), accelerator, spatial_mapping={"D1": {"K": 4}, "D2": {"K": 4}})
    assert sorted(map(str, twice)) == [str({"D1": {"K": 4}, "D2": {}}), str({"D1": {}, "D2": {"K": 4}})]


def test_an_unknown_array_dimension_is_refused() -> None:
    accelerator = _roomy(Accelerator("a", (), OperationalArray({"D1": 4}, 1, 1)))
    with pytest.raises(InputError, match="D7"):
        _proposed(_gemm(8, 8, 8), accelerator, spatial_mapping={"D7": {"K": 4}})


def test_hints_bound_what_is_tried() -> None:
    accelerator = _roomy(Accelerator("a", (), OperationalArray({"D1": 4}, 1, 1)))
    assert _proposed(_gemm(8, 8, 8), accelerator, spatial_hints={"D1": ("C",)})[0] == {"D1": {"C": 4}}
    unknown = _proposed(_gemm(8, 8, 8), accelerator, spatial_hints={"D1": ("OX",)})
    assert {"D1": {"K": 4}} in unknown


def test_divisors() -> None:
    assert divisors(12) == [1, 2, 3, 4, 6, 12]
    assert divisors(0) == []
