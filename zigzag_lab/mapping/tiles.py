"""How large the tile of an operand is at a memory level, for many orders of loops at once.

Axes: ``t`` position between loops, ``m`` mapping (see ``LoopTables``).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zigzag_lab.mapping.problem import LoopTables, OperandUnrolling
from zigzag_lab.mapping.shapes import extents


def tile_elems(tables: LoopTables, operand: str, level: int, cuts: Sequence[np.ndarray]) -> np.ndarray:
    """[t, m] elements of an operand inside each position, as the allocator counts them at a memory level.

    Spatial loops of levels 0 to ``level`` count with their fractional unrolling; those of level l > 0 stand right
    outside the loops kept at memory l - 1, which end at ``cuts[l - 1]``.
    """
    problem = tables.problem
    unrolled = problem.fractional.operands[operand]
    by_point = tables.shapes.elems(unrolled, operand, level)
    if by_point is not None:
        return by_point.take(tables.points)
    relevancy = problem.layer.relevancy
    inside = [np.zeros(tables.n_mappings, dtype=np.int64), *cuts[:level]]
    elems: np.ndarray | float = 1
    for dim in relevancy.relevant[operand]:
        elems = elems * _iterations(tables, unrolled, dim, level, inside)
    for relation in relevancy.partial[operand]:
        a, b = (_iterations(tables, unrolled, dim, level, inside) for dim in relation.loop_dims)
        elems = elems * extents(relation, problem.layer.data_sizes[relation.data_dim], a, b)
    return np.broadcast_to(np.asarray(elems, dtype=np.float64), (tables.n_slots + 1, tables.n_mappings))


def _iterations(
    tables: LoopTables, unrolled: OperandUnrolling, dim: str, level: int, inside: Sequence[np.ndarray]
) -> np.ndarray | float:
    """[t, m] iterations of a dimension, temporal and spatial up to a level, inside each position."""
    factors = unrolled.factors(dim)[: level + 1]
    if unrolled.rounding_dims((dim,)):
        return tables.ordered_product(dim, factors, inside)
    spatial = float(np.prod(factors))
    temporal = tables.iterations(dim)
    return spatial if temporal is None else temporal * spatial
