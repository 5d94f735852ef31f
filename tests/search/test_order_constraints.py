"""Wanted orders of temporal loops: fixed positions, fixed sizes, gaps, complete orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from random import Random

import pytest

from tests.differential import problem_of
from tests.oracle.bridge import Ordering, reference_factors, reference_orderings
from tests.strategies.problems import RandomProblem, random_problem
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.search.order_constraints import GAP, OrderConstraints
from zigzag_lab.search.temporal import orders_of, temporal_mappings
from zigzag_lab.vocab import InfeasibleError, InputError

Wanted = Sequence[tuple[str, int | None]]


def constrained(problem: RandomProblem, wanted: Wanted) -> Problem:
    """The problem under a wish for its order."""
    return problem_of(replace(problem, constraints=replace(problem.constraints, temporal_ordering=tuple(wanted))))


def our_orders(problem: RandomProblem, wanted: Wanted, lpf_limit: int | None) -> list[Ordering]:
    """The orders that meet the wish."""
    loops, orders = orders_of(constrained(problem, wanted), lpf_limit)
    return [[loops[i] for i in column] for order in orders for column in order.T]


def their_orders(problem: RandomProblem, wanted: Wanted, lpf_limit: int | None) -> list[Ordering]:
    """The same of the reference."""
    constraints = replace(problem.constraints, temporal_ordering=tuple(wanted))
    return reference_orderings(problem.layer, problem.accelerator, problem.spatial, lpf_limit, constraints)


def small_problems(n: int) -> list[tuple[int, RandomProblem, Ordering]]:
    """Problems of two to six temporal loops, with those loops."""
    found = []
    for seed in range(6 * n):
        problem = random_problem(seed)
        factors = reference_factors(problem.layer, problem.accelerator, problem.spatial, 5)
        if 2 <= len(factors) <= 6 and problem.ordering:
            found.append((seed, problem, factors))
    return found[:n]


def test_positions_and_sizes_filter_as_in_the_reference() -> None:
    n_orders = 0
    for seed, problem, factors in small_problems(60):
        rng = Random(seed)
        chosen = rng.sample(factors, rng.randint(1, min(3, len(factors))))
        primes = [(dim, size if size in (2, 3, 5, 7) and rng.random() < 0.3 else None) for dim, size in chosen]
        try:
            theirs = their_orders(problem, primes, 5)
        except (ValueError, IndexError, KeyError):  # more of a loop is wanted than there is
            continue
        ours = our_orders(problem, primes, 5)
        assert ours == theirs, (seed, primes)
        n_orders += len(ours)
    assert n_orders > 200


def test_any_wanted_size_stands_where_it_is_wanted_and_no_iteration_is_lost() -> None:
    for seed, problem, _ in small_problems(60):
        sizes = constrained(problem, ()).temporal_sizes
        rng = Random(seed)
        dim = rng.choice(sorted(sizes))
        size = rng.choice([n for n in range(2, sizes[dim] + 1) if sizes[dim] % n == 0])
        for order in our_orders(problem, [(dim, size)], 4):
            assert order[0] == (dim, size)
            assert {d: prod(s for k, s in order if k == d) for d in sizes} == sizes


def test_a_complete_order_is_the_only_one() -> None:
    for seed, problem, _ in small_problems(30):
        assert our_orders(problem, problem.ordering, 6) == [problem.ordering], seed
        assert their_orders(problem, problem.ordering, 6) == [problem.ordering], seed


def test_behind_a_gap_positions_count_from_the_outside() -> None:
    for seed, problem, factors in small_problems(40):
        first, last = Random(seed).sample(sorted({dim for dim, _ in factors}), 1)[0], factors[-1][0]
        everything = our_orders(problem, (), 5)
        ours = our_orders(problem, [(first, None), (GAP, None), (last, None)], 5)
        assert ours == [order for order in everything if order[0][0] == first and order[-1][0] == last], seed
        assert our_orders(problem, [(GAP, None), (last, None)], 5) == [o for o in everything if o[-1][0] == last]
        assert our_orders(problem, [(first, None), (GAP, None)], 5) == [o for o in everything if o[0][0] == first]


def test_the_reference_forgets_gaps() -> None:
    for _, problem, factors in small_problems(10):
        last = factors[-1][0]
        theirs = their_orders(problem, [(GAP, None), (last, None)], 5)
        assert all(order[0][0] == last for order in theirs)


def test_two_gaps_are_refused() -> None:
    _, problem, factors = small_problems(1)[0]
    with pytest.raises(InputError, match="2 gaps"):
        OrderConstraints.of(constrained(problem, [(GAP, None), (factors[0][0], None), (GAP, None)]))


def test_loops_that_are_not_there_are_left_out() -> None:
    for _, problem, factors in small_problems(20):
        sizes = constrained(problem, ()).temporal_sizes
        unrolled = [(dim, None) for dim in problem.layer.loop_sizes if dim not in sizes]
        ones = [(dim, 1) for dim in problem.layer.loop_sizes]
        wanted = [("Z", None), *unrolled, *ones, (factors[0][0], None)]
        assert our_orders(problem, wanted, 5) == our_orders(problem, [(factors[0][0], None)], 5)


def test_sizes_that_cannot_be_had_fit_nothing() -> None:
    _, problem, factors = small_problems(1)[0]
    with pytest.raises(InfeasibleError, match="temporal ordering"):
        list(temporal_mappings(constrained(problem, [(factors[0][0], 97)]), 5))


def test_more_positions_than_loops_fit_nothing() -> None:
    _, problem, factors = small_problems(1)[0]
    assert our_orders(problem, [(factors[0][0], None)] * 30, 5) == []
