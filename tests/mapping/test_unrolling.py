"""Loops split into new data and reuse: sliding windows."""

from __future__ import annotations

from math import isclose, prod

from hypothesis import given
from hypothesis import strategies as st

from tests.strategies.problems import layers, random_problem
from zigzag_lab.mapping.unrolling import data_extent, split_levels
from zigzag_lab.workload import Layer


@given(layers(), st.data())
def test_products_telescope(layer: Layer, data: st.DataObject) -> None:
    """However the loops are cut into levels, the factors multiply to what the whole tensor and all loops give."""
    loops = data.draw(st.permutations(list(layer.loop_sizes.items())))
    cut = data.draw(st.integers(0, len(loops)))
    for op in layer.operands:
        split = split_levels(layer, op, [loops[:cut], loops[cut:]])
        assert isclose(prod(s.n_relevant for s in split), layer.tensor_elems(op), rel_tol=1e-9)
        everything = prod(s.n_relevant * s.n_reuse * prod(s.neither) for s in split)
        assert isclose(everything, layer.n_macs, rel_tol=1e-9)


@given(layers(), st.data())
def test_a_prefix_holds_what_its_iterations_touch(layer: Layer, data: st.DataObject) -> None:
    loops = data.draw(st.permutations(list(layer.loop_sizes.items())))
    cut = data.draw(st.integers(0, len(loops)))
    inside = dict(loops[:cut])
    for op in layer.operands:
        (split,) = split_levels(layer, op, [loops[:cut]])
        expected = prod(inside.get(dim, 1) for dim in layer.relevancy.relevant[op])
        for relation in layer.relevancy.partial[op]:
            a, b = (inside.get(dim, 1) for dim in relation.loop_dims)
            touched = data_extent(layer, relation, a, b)
            expected *= touched if {*relation.loop_dims} & {*inside} else 1
        assert isclose(split.n_relevant, expected, rel_tol=1e-9)


def test_fractions_are_truncated_first() -> None:
    layer = next(r.layer for r in map(random_problem, range(50)) if r.layer.relations)
    relation = layer.relations[0]
    assert data_extent(layer, relation, 1.9, 1.0) == data_extent(layer, relation, 1, 1)
