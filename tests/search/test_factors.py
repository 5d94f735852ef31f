"""Loop prime factors against the reference's, and their own properties."""

from __future__ import annotations

from collections import Counter
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.differential import problem_of
from tests.oracle.bridge import reference_factors
from tests.strategies.problems import random_problem
from zigzag_lab.hardware import Accelerator, Memory, OperationalArray, Port
from zigzag_lab.search.factors import loop_prime_factors, prime_factors
from zigzag_lab.vocab import Direction
from zigzag_lab.workload import Layer

SIZES = st.dictionaries(st.sampled_from(["B", "K", "C", "D"]), st.integers(2, 2048), min_size=1)


def _scene(sizes: dict[str, int]) -> tuple[Layer, Accelerator]:
    """A layer with these loops on an array of one unit, so that all of them are temporal."""
    operands = {"O": ("B", "D", "K"), "W": ("C", "K"), "I": ("B", "D", "C")}
    loops = {dim: sizes.get(dim, 1) for dim in dict.fromkeys([*sizes, "B", "D", "K", "C"])}
    bits = {"O": 8, "O_final": 8, "W": 8, "I": 8}
    layer = Layer(0, "gemm", "Gemm", operands, loops, precision_bits=bits)
    inputs = tuple((op, way) for op in ("I1", "I2") for way in (Direction.TO_LOW, Direction.FROM_HIGH))
    port = Port("rw_port_1", "read_write", 8, 8, (*inputs, *(("O", way) for way in Direction)))
    memory = Memory("m", 10**12, 1, 1, 0, 1, ("I1", "I2", "O"), (port,), ("D1",))
    return layer, Accelerator("one unit", (memory,), OperationalArray({"D1": 1}, 1, 1))


@given(SIZES, st.one_of(st.none(), st.integers(1, 10)))
def test_they_equal_the_references(sizes: dict[str, int], limit: int | None) -> None:
    layer, accelerator = _scene(sizes)
    theirs = reference_factors(layer, accelerator, {"D1": {}}, limit)
    assert sorted(loop_prime_factors(sizes, limit)) == theirs


@pytest.mark.parametrize("limit", [3, 5, 7, None])
def test_they_equal_the_references_on_random_problems(limit: int | None) -> None:
    for seed in range(40):
        problem = random_problem(seed)
        theirs = reference_factors(problem.layer, problem.accelerator, problem.spatial, limit, problem.constraints)
        assert sorted(loop_prime_factors(problem_of(problem).temporal_sizes, limit)) == theirs, seed


def test_the_example_of_the_reference_page() -> None:
    sizes = {"K": 64, "OX": 56, "OY": 56, "C": 2, "FX": 3, "FY": 3}
    limited = [("K", 64), ("OX", 7), ("OX", 8), ("OY", 7), ("OY", 8), ("C", 2), ("FX", 3), ("FY", 3)]
    assert loop_prime_factors(sizes, 8) == limited


@given(SIZES, st.integers(1, 10))
def test_a_limit_loses_no_iterations(sizes: dict[str, int], limit: int) -> None:
    loops = loop_prime_factors(sizes, limit)
    assert {dim: prod(f for d, f in loops if d == dim) for dim in sizes} == sizes
    assert len(loops) <= max(limit, len(sizes))


@given(SIZES, st.integers(1, 8), st.data())
def test_wanted_sizes_are_reserved(sizes: dict[str, int], limit: int, data: st.DataObject) -> None:
    dim = data.draw(st.sampled_from(sorted(sizes)))
    wanted = data.draw(st.sampled_from([n for n in range(2, sizes[dim] + 1) if sizes[dim] % n == 0]))
    loops = loop_prime_factors(sizes, limit, [(dim, wanted)])
    assert (dim, wanted) in loops
    assert {d: prod(f for k, f in loops if k == d) for d in sizes} == sizes


@given(st.integers(1, 100_000))
def test_prime_factors_multiply_to_the_number(number: int) -> None:
    factors = prime_factors(number)
    assert prod(factors.elements()) == number
    assert all(prime_factors(p) == Counter([p]) for p in factors)
    assert list(factors) == sorted(factors)


def test_the_largest_prime_that_a_loop_may_have_is_found_at_once() -> None:
    prime = 2**40 - 87
    assert prime_factors(prime) == {prime: 1}
    assert prime_factors(prime - 1).keys() >= {2}


def test_no_loops_have_no_factors() -> None:
    assert loop_prime_factors({}, 6) == []
