"""The lattice of tile shapes, and what stands in for it where it is too large."""

from __future__ import annotations

from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.differential import problem_of
from tests.strategies.problems import random_problem
from zigzag_lab.cost.kernel import price, supports
from zigzag_lab.mapping import shapes
from zigzag_lab.mapping.lattice import Lattice, OwnPoints, n_tile_shapes
from zigzag_lab.search.temporal import temporal_mappings
from zigzag_lab.vocab import InfeasibleError, TemporalMappingType

LOOPS = st.lists(st.tuples(st.sampled_from("KCB"), st.sampled_from([2, 3, 5])), max_size=6)


@given(LOOPS, st.data())
def test_both_say_what_is_inside_a_position(loops: list[tuple[str, int]], data: st.DataObject) -> None:
    orders = [data.draw(st.permutations(range(len(loops)))) for _ in range(3)]
    order = np.array(orders, dtype=np.int8).reshape(3, len(loops)).T
    lattice, own = Lattice(loops), OwnPoints(loops, order)
    assert lattice.n_points == n_tile_shapes(loops)
    for points in (lattice, own):
        number = points.numbers(order)
        for m, column in enumerate(orders):
            for t in range(len(loops) + 1):
                inside, left = [loops[i] for i in column[:t]], [loops[i] for i in column[t:]]
                point = number[t, m]
                assert points.cycles[point] == prod(size for _, size in inside)
                assert points.iterations("K")[point] == prod(size for dim, size in inside if dim == "K")
                assert points.leaves("KB")[point] == any(dim in "KB" for dim, _ in left)
        assert points.cycles[-1] == prod(size for _, size in loops)


@given(LOOPS)
def test_steps_add_one_loop(loops: list[tuple[str, int]]) -> None:
    lattice = Lattice(loops)
    before, after = lattice.steps
    added = lattice.inside[:, after] - lattice.inside[:, before]
    assert (added.sum(axis=0) == 1).all()
    assert (added >= 0).all()
    assert len(before) == sum(
        int((row < count).sum()) for row, count in zip(lattice.inside, lattice.counts, strict=True)
    )


@pytest.mark.parametrize("kind", list(TemporalMappingType))
def test_allocations_and_prices_do_not_depend_on_tables(
    kind: TemporalMappingType, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_priced = 0
    for seed in range(40):
        problem = problem_of(random_problem(seed))
        found = []
        for most_points in (shapes.MOST_POINTS, 0):
            monkeypatch.setattr(shapes, "MOST_POINTS", most_points)
            try:
                found.append(next(iter(temporal_mappings(problem, 4, kind))))
            except InfeasibleError as error:
                found.append(str(error))  # type: ignore[arg-type]
        first, second = found
        if isinstance(first, str) or isinstance(second, str):
            assert first == second
            continue
        assert [first.allocated(i) for i in range(len(first))] == [second.allocated(i) for i in range(len(second))]
        if supports(problem):
            one, other = price(first), price(second)
            assert one.energy_pj.tolist() == other.energy_pj.tolist()
            assert one.latency_cycles.tolist() == other.latency_cycles.tolist()
            n_priced += len(first)
        monkeypatch.undo()
    assert n_priced > 100
