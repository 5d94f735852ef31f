"""What tiles take at a memory, by the loops inside them.

Axes: ``N`` point (:mod:`zigzag_lab.mapping.lattice`), ``s`` what outputs are: unfinished sums (or any input), finished.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from zigzag_lab.mapping.lattice import Lattice
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.shapes import TileShapes
from zigzag_lab.vocab import OUTPUT

_MOST_EXACT = 2.0**53
"""Whole numbers below are exact in float64, and so is the order of their products."""


class Need:
    """What the tiles of one operand take at a memory, whatever the order of the loops inside them.

    Args:
        shapes: the tiles.
        operand: the layer operand.
        level: of the memory.
        elems: [N] elements of a tile.

    Attributes:
        memory: the memory.
        precisions: [s] bits an element; one entry where being finished makes no difference.
    """

    def __init__(self, shapes: TileShapes, operand: str, level: int, elems: np.ndarray) -> None:
        problem = shapes.problem
        self.shapes, self.points, self.elems = shapes, shapes.points, elems
        unrolled = problem.fractional.operands[operand]
        self._tile, self._is_whole = (operand, unrolled.inside(level)), unrolled.is_whole
        self.memory = problem.accelerator.memories[problem.memories[operand][level]]
        self.precisions = precisions_bits(problem, operand, level)

    @cached_property
    def bits(self) -> np.ndarray:
        """[s, N] bits reserved."""
        bits = self.elems * np.array(self.precisions)[:, None]
        if not self.memory.force_double_buffering:
            return bits
        is_part = self.points.cycles < self.points.cycles[-1]
        return np.where(is_part & (bits < bits[:, -1:]), bits * 2, bits)

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
        """What the largest tile takes, doubled if any is."""
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
        is_exact = self._is_whole and self.most_bits * points.cycles[-1] < _MOST_EXACT
        if is_exact and not self.memory.force_double_buffering:
            return self.shapes.known(("grows", *self._tile), lambda: _grows(points, self.elems))
        return all(_grows(points, bits) for bits in self.bits)


def _grows(points: Lattice, sizes: np.ndarray) -> bool:
    """Whether another loop never makes a tile smaller, nor all tiles together larger."""
    before, after = points.steps
    together = points.cycles[-1] / points.cycles * sizes
    return not ((sizes[after] < sizes[before]).any() or (together[after] > together[before]).any())


def need_of(shapes: TileShapes, operand: str, level: int) -> Need | None:
    """What an operand needs at a level; None where that depends on the order of the loops inside."""

    def make() -> Need | None:
        elems = shapes.elems(shapes.problem.fractional.operands[operand], operand, level)
        return None if elems is None else Need(shapes, operand, level, elems)

    return shapes.known(("need", operand, level), make)


def hold_all(needs: Sequence[Need | None], capacity: int) -> bool:
    """Whether a memory holds all loops of all its operands together, and that is the best that it can do."""
    known = [need for need in needs if need is not None and need.more_is_better]
    return len(known) == len(needs) and sum(need.most_bits for need in known) <= capacity


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
