"""How many bits tiles take at a memory, and whether a memory holds them: the one rule of capacity.

A memory holds the tiles of its operands together, spatial loops up to its level with their fractional unrolling, not
rounded. Outputs count as unfinished sums where a reduction is outside the level below. A memory that forces double
buffering reserves a tile twice unless it is the whole tensor. LOMA compares bit for bit, as ZigZag 3.9.1 does;
checks of mappings from elsewhere allow for rounding (:func:`capacity_bits`).

Axes: ``N`` point (:mod:`zigzag_lab.mapping.lattice`), ``s`` what outputs are: unfinished sums (or any input), finished;
``t`` position between loops, ``m`` mapping (see ``LoopTables``).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from zigzag_lab.hardware import Memory
from zigzag_lab.mapping.batch import LoopTables, MappingBatch
from zigzag_lab.mapping.lattice import Lattice
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.shapes import TileShapes, extents
from zigzag_lab.mapping.unrolling import OperandUnrolling
from zigzag_lab.vocab import OUTPUT

ROUNDING = 1e-9
"""Share of a memory by which tiles may exceed it, as rounding of fractional unrollings makes them."""

_MAX_EXACT_INT = 2.0**53
"""Whole numbers below are exact in float64, and so is the order of their products."""


# -- the rule ----------------------------------------------------------------------------------------------------------


def capacity_bits(memory: Memory) -> float:
    """Return the capacity of a memory in bits, with an allowance for rounding."""
    return memory.size_bits * (1 + ROUNDING)


def precisions_bits(problem: Problem, operand: str, level: int) -> tuple[int, ...]:
    """Bits an element: for outputs as long as sums go on outside the level below, and once they are finished."""
    precision = problem.precision(operand)
    if problem.memory_operand(operand) != OUTPUT:
        return (precision,)
    irrelevant = problem.layer.relevancy.irrelevant[operand]
    above = problem.fractional.operands[operand].levels[level + 1 :]
    if any(dim in irrelevant for loops in above for dim, _ in loops):
        return (precision,)
    return precision, problem.final_precision


def reserved_bits(
    memory: Memory, bits: np.ndarray, whole_bits: np.ndarray, is_inner: np.ndarray, most_bits: np.ndarray | None = None
) -> np.ndarray:
    """Return the bits that a memory reserves for tiles: twice where the next one must have room beside them.

    Args:
        memory: the memory.
        bits: of each tile.
        whole_bits: of the whole tensor.
        is_inner: whether a loop is outside each tile.
        most_bits: upper bound of each tile, where its size is not certain.
    """
    if not memory.force_double_buffering:
        return bits
    return np.where(is_inner & ((bits if most_bits is None else most_bits) < whole_bits), bits * 2, bits)


def room_beside(own: np.ndarray, held: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return whether a memory has room for the next tile of an operand beside the current one, as the cost model asks.

    Sharers are served in turn: room that one takes is not there for the others.

    Args:
        own: [m] the share of the memory that the operand's tile takes.
        held: [m] what all tiles take together, and next tiles that have room already.

    Returns:
        Whether there is room, and what is held then.

    Example:
        >>> room_beside(np.array([0.2, 0.4, 0.3]), np.array([0.5, 0.7, 0.6]))
        (array([ True, False,  True]), array([0.5, 0.7, 0.9]))
    """
    half_empty = held <= 0.5
    beside = ~half_empty & (own <= 1 - held)
    return half_empty | beside, np.where(beside, held + own, held)


# -- tiles by the loops inside them, whatever their order --------------------------------------------------------------


class TileFootprint:
    """Bits that the tiles of one operand take at a memory, whatever the order of the loops inside them.

    Args:
        elems: [N] elements of a tile.

    Attributes:
        memory: the memory.
        precisions: [s] bits an element; one entry where being finished makes no difference.
    """

    def __init__(self, shapes: TileShapes, operand: str, level: int, elems: np.ndarray) -> None:
        problem = shapes.problem
        self.shapes, self.points, self.elems = shapes, shapes.points, elems
        unrolled = problem.fractional.operands[operand]
        self._tile, self._is_whole = (operand, unrolled.inside[level]), unrolled.is_whole
        self.memory = problem.accelerator.memories[problem.memories[operand][level]]
        self.precisions = precisions_bits(problem, operand, level)

    @cached_property
    def bits(self) -> np.ndarray:
        """[s, N] bits reserved."""
        bits = self.elems * np.array(self.precisions)[:, None]
        return reserved_bits(self.memory, bits, bits[:, -1:], self.points.cycles < self.points.cycles[-1])

    @cached_property
    def accesses(self) -> np.ndarray:
        """[s, N] accesses to the level above, of all tiles together."""
        return self.points.cycles[-1] / self.points.cycles * self.bits

    @cached_property
    def fits(self) -> np.ndarray:
        """[s, N] whether the memory holds the tile alone."""
        return self.bits <= self.memory.size_bits

    @property
    def most_bits(self) -> float:
        """Bits of the largest tile, doubled if any is."""
        largest = float(self.elems.max()) * max(self.precisions)
        return 2 * largest if self.memory.force_double_buffering else largest

    @cached_property
    def more_is_better(self) -> bool:
        """Whether another loop never takes fewer bits, nor makes for more accesses above.

        Then LOMA's choice is the largest tile that fits.
        """
        points = self.points
        if not isinstance(points, Lattice):
            return False
        is_exact = self._is_whole and self.most_bits * points.cycles[-1] < _MAX_EXACT_INT
        if is_exact and not self.memory.force_double_buffering:
            return self.shapes.known(("grows", *self._tile), lambda: _grows(points, self.elems))
        return all(_grows(points, bits) for bits in self.bits)


def _grows(points: Lattice, sizes: np.ndarray) -> bool:
    """Whether another loop never makes a tile smaller, nor all tiles together larger."""
    before, after = points.steps
    together = points.cycles[-1] / points.cycles * sizes
    return not ((sizes[after] < sizes[before]).any() or (together[after] > together[before]).any())


def footprint_of(shapes: TileShapes, operand: str, level: int) -> TileFootprint | None:
    """Return the footprint of an operand at a level; None where that depends on the order of the loops inside."""

    def make() -> TileFootprint | None:
        elems = shapes.elems(shapes.problem.fractional.operands[operand], operand, level)
        return None if elems is None else TileFootprint(shapes, operand, level, elems)

    return shapes.known(("footprint", operand, level), make)


def all_fit_together(footprints: Sequence[TileFootprint | None], capacity: int) -> bool:
    """Whether a memory holds all loops of all its operands together, and that is the best that it can do."""
    known = [footprint for footprint in footprints if footprint is not None and footprint.more_is_better]
    return len(known) == len(footprints) and sum(footprint.most_bits for footprint in known) <= capacity


# -- tiles of mappings one by one, where the order of their loops shows ------------------------------------------------


def bits_in_order(
    tables: LoopTables, operand: str, level: int, cuts: Sequence[np.ndarray], start: np.ndarray
) -> np.ndarray:
    """[t, m] bits that a memory reserves for the tile inside each position.

    Args:
        tables: the orders.
        operand: the layer operand.
        level: of the memory.
        cuts: [m] each, where the operand's lower levels end.
        start: [m] where the level begins.
    """
    memory = tables.problem.accelerator.memories[tables.problem.memories[operand][level]]
    precisions = precisions_bits(tables.problem, operand, level)
    unfinished: np.ndarray | bool = True
    if len(precisions) == 2:
        unfinished = tables.last_reuse(operand) > start
    bits = tile_elems(tables, operand, level, cuts) * np.where(unfinished, precisions[0], precisions[-1])
    is_inner = np.arange(tables.n_slots + 1)[:, None] < tables.n_slots
    return reserved_bits(memory, bits, bits[-1], is_inner)


def fits(batch: MappingBatch) -> np.ndarray:
    """[m] whether each mapping fits the memories, as it is priced: irrelevant loops moved down."""
    ok = np.ones(len(batch), dtype=bool)
    merged = {operand: batch.merged_cuts(operand) for operand in batch.problem.operands}
    for memory, sharers in zip(batch.problem.accelerator.memories, batch.problem.sharers, strict=True):
        total = np.zeros(len(batch))
        for operand, level in sharers:
            cuts = merged[operand]
            start = cuts[level - 1] if level else np.zeros(len(batch), dtype=np.int64)
            bits = bits_in_order(batch.tables, operand, level, list(cuts), start)
            total = total + batch.tables.at(np.ascontiguousarray(bits), cuts[level])
        ok &= total <= capacity_bits(memory)
    return ok


def tile_elems(tables: LoopTables, operand: str, level: int, cuts: Sequence[np.ndarray]) -> np.ndarray:
    """[t, m] elements of an operand inside each position, as the allocator counts them at a memory level.

    Spatial loops of levels 0 to ``level`` count with their fractional unrolling; those of level l > 0 stand right
    outside the loops allocated to memory l - 1, which end at ``cuts[l - 1]``.
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
