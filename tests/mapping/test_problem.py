"""Prefix tables over many orders at once, against one order at a time."""

from __future__ import annotations

from math import prod

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.differential import problem_of
from tests.strategies.problems import random_problem
from zigzag_lab.mapping.batch import LoopTables
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.unrolling import is_dyadic
from zigzag_lab.search.factors import loop_prime_factors


def tables_of(seed: int, n_orders: int) -> tuple[Problem, LoopTables, list[list[tuple[str, int]]]]:
    """Random orders of the loops of a problem: as tables, and one by one."""
    problem = problem_of(random_problem(seed))
    loops = loop_prime_factors(problem.temporal_sizes, 6)
    rng = np.random.default_rng(seed)
    order = np.array([rng.permutation(len(loops)) for _ in range(n_orders)]).reshape(n_orders, len(loops)).T
    order = np.ascontiguousarray(order)
    return problem, LoopTables(problem, loops, order), [[loops[i] for i in column] for column in order.T]


@given(st.integers(0, 200))
def test_products_of_prefixes(seed: int) -> None:
    problem, tables, orders = tables_of(seed, 3)
    for m, order in enumerate(orders):
        for t in range(len(order) + 1):
            inside = order[:t]
            assert tables.cycles[t, m] == prod(size for _, size in inside)
            for dim in problem.temporal_sizes:
                table = tables.iterations(dim)
                assert table is not None
                assert table[t, m] == prod(size for d, size in inside if d == dim)
            for op in problem.operands:
                relevant = problem.layer.relevancy.relevant[op]
                product = tables.shapes.relevant(op)[tables.points[t, m]]
                assert product == prod(size for d, size in inside if d in relevant)
    assert tables.iterations("no loop") is None


@given(st.integers(0, 200))
def test_runs_and_what_comes_next(seed: int) -> None:
    problem, tables, orders = tables_of(seed, 3)
    for o, op in enumerate(problem.operands):
        irrelevant, relevant = problem.layer.relevancy.irrelevant[op], problem.layer.relevancy.relevant[op]
        for m, order in enumerate(orders):
            is_irrelevant = [dim in irrelevant for dim, _ in order]
            n = len(order)
            for t in range(n + 1):
                useful = next((i for i in range(t, n) if not is_irrelevant[i]), n)
                assert tables.next_relevant(op)[t, m] == useful
                for starts, dims in ((tables.runs.reuse_start, irrelevant), (tables.runs.relevant_start, relevant)):
                    start = t
                    while start and order[start - 1][0] in dims:
                        start -= 1
                    assert starts[o, t, m] == start
            assert tables.last_reuse(op)[m] == max((i + 1 for i in range(n) if is_irrelevant[i]), default=0)


def test_products_in_order_are_products() -> None:
    for seed in range(30):
        problem, tables, orders = tables_of(seed, 2)
        for dim in problem.temporal_sizes:
            position = np.zeros(2, dtype=np.int64)
            table = tables.ordered_product(dim, (1.5, 0.25), (position, position))
            for m, order in enumerate(orders):
                assert table[-1, m] == 0.375 * prod(size for d, size in order if d == dim)


def test_dyadic_numbers() -> None:
    assert is_dyadic(3.5)
    assert not is_dyadic(1000 / 63)
