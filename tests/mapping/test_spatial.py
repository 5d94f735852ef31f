"""Spatial mappings spread over memory levels, against the reference."""

from __future__ import annotations

from typing import Any

import pytest

from tests.differential import problem_of
from tests.oracle.bridge import reference_factors, reference_levels
from tests.strategies.problems import random_problem
from zigzag_lab.hardware import Accelerator, Memory, OperationalArray
from zigzag_lab.mapping.spatial import SpatialMapping, temporal_loop_sizes, unroll
from zigzag_lab.search.factors import loop_prime_factors
from zigzag_lab.vocab import DEFAULT_LINKS, InputError
from zigzag_lab.workload import Layer


def in_levels(levels: Any) -> list[list[tuple[str, float]]]:
    """Loops per level; their order within one follows from a Python set in the reference, and means nothing."""
    return [sorted(level) for level in levels]


@pytest.mark.parametrize("first", range(0, 120, 30))
def test_both_forms_equal_the_references(first: int) -> None:
    for seed in range(first, first + 30):
        random = random_problem(seed)
        links = random.constraints.operand_links
        ours = unroll(random.layer, random.accelerator, links, SpatialMapping(random.spatial))
        for mine, theirs in zip(ours, reference_levels(*random.scene, random.spatial), strict=True):
            for op in random.layer.operands:
                assert in_levels(mine.levels[op]) == in_levels(theirs[op]), (seed, op)


def test_the_two_forms_are_one_object_where_they_agree() -> None:
    for seed in range(60):
        random = random_problem(seed)
        fractional, integer = unroll(
            random.layer, random.accelerator, random.constraints.operand_links, SpatialMapping(random.spatial)
        )
        assert (fractional is integer) == (fractional.levels == integer.levels)


def test_temporal_sizes_are_what_the_reference_splits_into_factors() -> None:
    for seed in range(60):
        random = random_problem(seed)
        sizes = problem_of(random).temporal_sizes
        assert all(size > 1 for size in sizes.values())
        theirs = reference_factors(random.layer, random.accelerator, random.spatial, None)
        assert sorted(loop_prime_factors(sizes, None)) == theirs, seed


def gemm_on_a_row(k: int, units: int) -> tuple[Layer, Accelerator]:
    """A matrix product with ``k`` columns on an array of one dimension, fed by one memory."""
    operands = {"O": ("D", "K"), "W": ("C", "K"), "I": ("D", "C")}
    bits = {"O": 8, "O_final": 8, "W": 8, "I": 8}
    layer = Layer(0, "gemm", "Gemm", operands, {"C": 2, "D": 2, "K": k}, precision_bits=bits)
    memory = Memory("m", 10**9, 1, 1, 0, 1, ("I1", "I2", "O"), (), ("D1",))
    return layer, Accelerator("row", (memory,), OperationalArray({"D1": units}, 1, 1))


@pytest.mark.parametrize(("size", "units", "passes"), [(75, 12, 8), (82, 12, 8), (96, 12, 8), (75, 16, 5), (10, 4, 3)])
def test_rounding_may_take_one_pass_too_many_as_in_the_reference(size: int, units: int, passes: int) -> None:
    layer, accelerator = gemm_on_a_row(size, units)
    fractional, integer = unroll(layer, accelerator, DEFAULT_LINKS, SpatialMapping({"D1": {"K": units}}))
    assert temporal_loop_sizes(layer, fractional)["K"] == passes
    exact = -(-size // units)
    assert passes - exact in (0, 1)
    assert dict(fractional.loops("W"))["K"] == size / exact
    assert dict(integer.loops("W"))["K"] == int(size / exact)


def test_more_units_than_iterations_are_refused() -> None:
    layer, accelerator = gemm_on_a_row(4, 16)
    with pytest.raises(InputError, match="unrolled 5 times"):
        unroll(layer, accelerator, DEFAULT_LINKS, SpatialMapping({"D1": {"K": 5}}))


def test_what_a_mapping_says_of_itself() -> None:
    mapping = SpatialMapping({"D1": {"K": 4, "C": 2}, "D2": {"K": 3}, "D3": {}})
    assert (mapping.utilisation_of("D1"), mapping.utilisation_of("D3"), mapping.utilisation_of("D9")) == (8, 1, 1)
    assert (mapping.total_of("K"), mapping.total_of("OX"), mapping.n_units) == (12, 1, 24)
    assert str(mapping) == "D1: K 4 C 2; D2: K 3; D3: -"
    assert mapping == SpatialMapping({"D1": {"K": 4, "C": 2}, "D2": {"K": 3}, "D3": {}})
    assert len({mapping, SpatialMapping({"D1": {"K": 4, "C": 2}, "D2": {"K": 3}, "D3": {}})}) == 1
