"""What crosses each memory boundary, for many mappings at once.

A *boundary* ``a`` of an operand is the border between memory a - 1 and memory a of that operand; boundary 0 lies
between the array and the innermost memory. Data crosses it once a *period*: the iterations of all loops inside it.
Arrays are [m], one value a mapping; symbols in comments give the shape.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from math import prod

import numpy as np

from zigzag_lab.mapping.problem import LoopTables, MappingBatch, OperandUnrolling, Problem, Variant
from zigzag_lab.mapping.sliding import split_levels
from zigzag_lab.mapping.tiles import extents

Column = np.ndarray
_TIE_MARGIN = 1e-9


@dataclass(frozen=True)
class Timing:
    """When data of an operand crosses its boundaries; the same for both forms of the spatial mapping.

    Attributes:
        cuts: per memory level, the position of its outermost loop, after moving irrelevant loops down.
        period: per boundary, cycles between two crossings.
        count: per boundary, crossings over the whole layer.
        window: per boundary, cycles in which a crossing may happen when the memory inside it has no double buffer.
        reuse_run: per boundary, iterations of the unbroken run of irrelevant loops right inside it.
        relevant_run: the same for relevant loops.
        reuse_above: per boundary, whether an irrelevant temporal loop lies outside it.
    """

    cuts: list[Column]
    period: list[Column]
    count: list[Column]
    window: list[Column]
    relevant_run: list[Column]
    reuse_above: list[Column]


def timing(batch: MappingBatch, operand: str, *, keep_at_output_pins: bool) -> Timing:
    """When data of an operand crosses its boundaries.

    Args:
        batch: the mappings.
        operand: the layer operand.
        keep_at_output_pins: whether an input that the array reads again and again is read from the innermost memory
            once (``access_same_data_considered_as_no_access``).
    """
    tables = batch.tables
    relevancy = batch.problem.layer.relevancy
    next_useful = tables.next_useful(operand)
    is_input = operand != batch.problem.layer.output_operand
    cuts = [tables.at(next_useful, cut) for cut in batch.cuts[operand][:-1]] + [batch.cuts[operand][-1]]
    ones = np.ones(len(batch))
    at_cut = [tables.at(tables.cycles, cut) for cut in cuts]
    innermost = tables.at(tables.cycles, next_useful[0]) if is_input and keep_at_output_pins else ones
    period = [innermost, *at_cut]
    total = tables.cycles[-1]
    reuse_start = tables.run_start(relevancy.irrelevant[operand])
    relevant_start = tables.run_start(relevancy.relevant[operand])
    below = [np.zeros_like(cuts[0]), *cuts[:-1]]
    reuse_run, relevant_run = (
        [ones]
        + [
            inside / tables.at(tables.cycles, np.maximum(tables.at(start, cut), low))
            for inside, cut, low in zip(at_cut, cuts, below, strict=True)
        ]
        for start in (reuse_start, relevant_start)
    )
    last = tables.last_reuse(operand)
    return Timing(
        cuts=cuts,
        period=period,
        count=[np.floor_divide(total, p) for p in period],
        window=[np.floor_divide(p, run) for p, run in zip(period, reuse_run, strict=True)],
        relevant_run=relevant_run,
        reuse_above=[last > low for low in [*below, cuts[-1]]],
    )


@dataclass(frozen=True)
class Content:
    """What crosses the boundaries of an operand, in one form of the spatial mapping.

    Attributes:
        elems: per boundary, elements of the tile inside it that one instance of the memory inside holds.
        boost: per boundary, how many distinct such tiles cross at once.
        tile_bits: per boundary, bits an element of the stored tile (partial sums or results).
        up_bits: per boundary, bits an element of outputs moving up.
        down_bits: per boundary, bits an element of partial sums moving back down, or of inputs; 0 where none do.
        is_partial: per boundary, whether outputs crossing it are partial sums that come back.
    """

    elems: list[Column]
    boost: tuple[int, ...]
    tile_bits: list[Column | int]
    up_bits: list[Column | int]
    down_bits: list[Column | int]
    is_partial: list[Column]


def content(batch: MappingBatch, operand: str, when: Timing, variant: Variant) -> Content:
    """What crosses the boundaries of an operand, in one form of the spatial mapping."""
    problem = batch.problem
    unrolled = variant.operands[operand]
    n_levels = len(when.cuts)
    elems = [np.ones(len(batch))]
    elems += [_tile(batch, operand, when, variant, level) for level in range(n_levels)]
    if operand != problem.layer.output_operand:
        bits: list[Column | int] = [problem.precision(operand)] * (n_levels + 1)
        never = [np.zeros(len(batch), dtype=bool)] * (n_levels + 1)
        return Content(elems, unrolled.boost, bits, bits, bits, never)
    full, final = problem.precision(operand), problem.final_precision
    static = partial_sums_above(problem, unrolled)
    partial = [above | flag for above, (flag, _) in zip(when.reuse_above, static, strict=True)]
    returning = [above | flag for above, (_, flag) in zip(when.reuse_above, static, strict=True)]
    return Content(
        elems=elems,
        boost=unrolled.boost,
        tile_bits=[np.where(p, full, final) for p in partial],
        up_bits=[np.where(r, full, final) for r in returning],
        down_bits=[np.where(r, full, 0) for r in returning],
        is_partial=partial,
    )


def partial_sums_above(problem: Problem, unrolled: OperandUnrolling) -> list[tuple[bool, bool]]:
    """Per boundary of the output: whether spatial loops outside it accumulate, and whether that moves any element.

    The second asks ZigZag's own question, ``int(size * (reuse - 1)) != 0``, which an unrolling of less than one
    whole extra iteration may answer differently.
    """
    output = problem.layer.output_operand
    reuse = [level.n_reuse for level in unrolled.split]
    flags: list[tuple[bool, bool]] = []
    for boundary in range(len(unrolled.split)):
        above = unrolled.split[boundary + 1 :]
        accumulates = any(factor > 1 for level in above for factor in level.reuse)
        extra = int(problem.layer.tensor_elems(output) * (prod(reuse[boundary + 1 :]) - 1))
        flags.append((accumulates, extra != 0))
    return flags


def _tile(batch: MappingBatch, operand: str, when: Timing, variant: Variant, level: int) -> Column:
    """[m] elements that one instance of a memory holds of an operand."""
    tables, problem = batch.tables, batch.problem
    relevancy = problem.layer.relevancy
    unrolled = variant.operands[operand]
    cut = when.cuts[level]
    spatial = prod(f for d in relevancy.relevant[operand] for f in unrolled.factors(d)[: level + 1])
    elems = tables.at(tables.relevant(operand), cut) * spatial
    for relation in relevancy.partial[operand]:
        a, b = (_iterations(tables, unrolled, dim, level, when.cuts) for dim in relation.loop_dims)
        elems = elems * extents(relation, problem.layer.data_sizes[relation.data_dim], a, b)
    rounded = np.rint(elems)
    if not float(spatial).is_integer():
        _settle_ties(batch, operand, when, unrolled, level, elems, rounded)
    return rounded


def _iterations(
    tables: LoopTables, unrolled: OperandUnrolling, dim: str, level: int, cuts: list[Column]
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
    when: Timing,
    unrolled: OperandUnrolling,
    level: int,
    elems: Column,
    rounded: Column,
) -> None:
    """Round products that end on a half as ZigZag does, whose order of multiplication decides; in place."""
    tied = np.flatnonzero(np.abs(elems - np.floor(elems) - 0.5) < _TIE_MARGIN * elems)
    for mapping in tied:
        loops = batch.loops(int(mapping))
        bounds = [0, *(int(cut[mapping]) for cut in when.cuts[: level + 1])]
        joint = [(*loops[low:high], *unrolled.levels[m]) for m, (low, high) in enumerate(itertools.pairwise(bounds))]
        split = split_levels(batch.problem.layer, operand, joint)
        rounded[mapping] = round(prod(s.n_relevant for s in split))
