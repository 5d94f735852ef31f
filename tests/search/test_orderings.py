"""All orders of a multiset of loops: the reference's, in its order, a few at a time."""

from __future__ import annotations

import tracemalloc
from itertools import islice, pairwise, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from zigzag.opt.loma.multipermute import permutations as multiset_permutations

from zigzag_lab.search.orderings import CHUNK, first_visited, n_orderings, orderings

LOOPS = st.lists(st.tuples(st.sampled_from("KCB"), st.sampled_from([2, 3, 5])), min_size=1, max_size=6)
Loop = tuple[str, int]


def ours(loops: list[Loop], chunk: int = CHUNK) -> list[list[Loop]]:
    """Every order, one by one."""
    return [[loops[i] for i in column] for chunk_ in orderings(loops, chunk) for column in chunk_.T]


@given(LOOPS)
def test_they_come_in_the_references_order(loops: list[Loop]) -> None:
    assert ours(loops) == [list(order) for order in multiset_permutations(loops)]


@given(LOOPS)
def test_each_occurs_once(loops: list[Loop]) -> None:
    found = ours(loops)
    assert len(found) == n_orderings(loops) == len(set(map(tuple, found)))
    assert set(map(tuple, found)) == set(permutations(loops))


@given(LOOPS, st.integers(1, 50))
def test_chunks_make_up_the_whole(loops: list[Loop], chunk: int) -> None:
    chunks = list(orderings(loops, chunk))
    assert max(c.shape[1] for c in chunks) <= chunk
    whole = np.concatenate(list(orderings(loops)), axis=1)
    assert np.array_equal(np.concatenate(chunks, axis=1), whole)


def test_no_loops_have_one_order() -> None:
    assert [chunk.shape for chunk in orderings([])] == [(0, 1)]
    assert n_orderings([]) == 1


@pytest.mark.parametrize("n", [9, 10])
def test_large_searches_are_visited_in_the_same_order(n: int) -> None:
    loops = [("K", size) for size in range(2, 2 + n)]
    first = next(iter(orderings(loops, 200)))
    theirs = islice(multiset_permutations(loops), 200)
    assert [[loops[i] for i in column] for column in first.T] == [list(order) for order in theirs]


def test_memory_is_bounded_whatever_the_number_of_orders() -> None:
    loops = [("K", size) for size in range(2, 14)]
    assert n_orderings(loops) == 479_001_600
    tracemalloc.start()
    for chunk in islice(orderings(loops), 5):
        assert chunk.shape == (12, CHUNK)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


@given(LOOPS, st.data())
def test_the_first_of_some_orders_is_found_without_visiting_them(loops: list[Loop], data: st.DataObject) -> None:
    """Numbers of what is reached: the prefixes of all orders, so that any set of orders can be asked for."""
    distinct = sorted(set(loops))
    all_ranks = [tuple(distinct.index(loop) for loop in order) for order in ours(loops)]
    prefixes = [sorted({ranks[:n] for ranks in all_ranks}) for n in range(len(loops) + 1)]
    children = []
    for before, after in pairwise(prefixes):
        number = {prefix: i for i, prefix in enumerate(after)}
        children.append(
            np.array([[number.get((*prefix, rank), -1) for rank in range(len(distinct))] for prefix in before])
        )
    wanted = data.draw(st.sets(st.sampled_from(all_ranks), min_size=1, max_size=5))
    accepted = np.array([prefixes[-1].index(ranks) for ranks in wanted])
    counts = [loops.count(loop) for loop in distinct]
    assert tuple(first_visited(counts, children, accepted)) == next(ranks for ranks in all_ranks if ranks in wanted)
