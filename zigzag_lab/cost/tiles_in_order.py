"""Tiles whose size depends on the order of the loops inside them, in the last digit.

Where an unrolling is not exact in binary, ZigZag 3.9.1's order of multiplication shows, and may decide a rounding.
Arrays are [m], one value a mapping.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from math import prod

import numpy as np

from zigzag_lab.mapping.batch import LoopTables, MappingBatch
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.shapes import extents
from zigzag_lab.mapping.sliding import split_levels
from zigzag_lab.mapping.unrolling import OperandUnrolling, SpatialForm

Column = np.ndarray
_TIE_MARGIN = 1e-9


def order_shows(problem: Problem, form: SpatialForm, operand: str, level: int) -> bool:
    """Whether the order of loops may show in the elements that an instance of a memory holds."""
    unrolled = form.operands[operand]
    if unrolled.is_whole:
        return False
    if unrolled.rounding_dims(problem.layer.addressing(operand)):
        return True
    return not float(_spatial(unrolled, problem.layer.relevancy.relevant[operand], level)).is_integer()


def _spatial(unrolled: OperandUnrolling, dims: Sequence[str], level: int) -> float:
    """Spatial iterations of some loop dimensions up to a level."""
    return prod(f for dim in dims for f in unrolled.factors(dim)[: level + 1])


def tile_in_order(batch: MappingBatch, operand: str, form: SpatialForm, level: int) -> Column:
    """[m] elements that one instance of a memory holds of an operand.

    Args:
        batch: the mappings.
        operand: the layer operand.
        form: of the spatial mapping.
        level: of the memory.
    """
    tables, layer = batch.tables, batch.problem.layer
    relevant = layer.relevancy.relevant[operand]
    unrolled, allocated = form.operands[operand], batch.cuts[operand]
    cuts = [*(tables.at(tables.next_useful(operand), cut).astype(np.int64) for cut in allocated[:-1]), allocated[-1]]
    cut, spatial = cuts[level], _spatial(unrolled, relevant, level)
    elems = tables.shapes.relevant(operand).take(tables.at(tables.points, cut)) * spatial
    for relation in layer.relevancy.partial[operand]:
        a, b = (_iterations(tables, unrolled, dim, level, cuts) for dim in relation.loop_dims)
        elems = elems * extents(relation, layer.data_sizes[relation.data_dim], a, b)
    rounded = np.rint(elems)
    if not float(spatial).is_integer():
        _settle_ties(batch, operand, cuts, unrolled, level, elems, rounded)
    return rounded


def _iterations(
    tables: LoopTables, unrolled: OperandUnrolling, dim: str, level: int, cuts: Sequence[Column]
) -> Column | float:
    factors = unrolled.factors(dim)[: level + 1]
    if unrolled.rounding_dims((dim,)):
        return tables.at(tables.ordered_product(dim, factors, cuts[: level + 1]), cuts[level])
    temporal = tables.iterations(dim)
    spatial = prod(factors)
    return spatial if temporal is None else tables.at(temporal, cuts[level]) * spatial


def _settle_ties(
    batch: MappingBatch,
    operand: str,
    cuts: Sequence[Column],
    unrolled: OperandUnrolling,
    level: int,
    elems: Column,
    rounded: Column,
) -> None:
    """Round products that end on a half as ZigZag does, whose order of multiplication decides; in place."""
    tied = np.flatnonzero(np.abs(elems - np.floor(elems) - 0.5) < _TIE_MARGIN * elems)
    for mapping in tied:
        loops = batch.loops(int(mapping))
        bounds = [0, *(int(cut[mapping]) for cut in cuts[: level + 1])]
        joint = [(*loops[low:high], *unrolled.levels[m]) for m, (low, high) in enumerate(itertools.pairwise(bounds))]
        split = split_levels(batch.problem.layer, operand, joint)
        rounded[mapping] = round(prod(s.n_relevant for s in split))
