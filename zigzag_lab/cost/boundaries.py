"""Data that crosses each memory boundary, for many mappings at once.

A *boundary* ``a`` of an operand is the border between memory a - 1 and memory a of that operand; boundary 0 lies
between the array and the innermost memory. Data crosses it once a *period*: the iterations of all loops inside it.
Arrays are [b, m]: the boundaries of all operands in one row (:mod:`zigzag_lab.cost.wiring`), and the mappings.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from zigzag_lab.cost.chains import Chains
from zigzag_lab.cost.wiring import TransferTable
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.unrolling import OperandUnrolling, SpatialForm


@dataclass(frozen=True)
class Timing:
    """When data crosses boundaries; the same for both forms of the spatial mapping.

    Attributes:
        inside: the point inside (:mod:`zigzag_lab.mapping.lattice`).
        period: cycles between two crossings.
        count: crossings over the whole layer.
        window: cycles in which a crossing may happen when the memory inside it has no double buffer.
        relevant_run: iterations of the unbroken run of relevant loops right inside.
        reuse_above: of the output's boundaries, whether an irrelevant temporal loop lies outside.
    """

    inside: np.ndarray
    period: np.ndarray
    count: np.ndarray
    window: np.ndarray
    relevant_run: np.ndarray
    reuse_above: np.ndarray

    @classmethod
    def of(cls, chains: Chains) -> Timing:
        """When the tiles of some chains move."""
        shapes, cycles = chains.shapes, chains.shapes.points.cycles
        inside, reuse_from, relevant_from = chains.at_boundaries()
        period = cycles.take(inside)
        outputs = inside[: chains.wiring.first[1]]
        return cls(
            inside=inside,
            period=period,
            count=np.floor_divide(cycles[-1], period),
            window=np.floor_divide(period, period / cycles.take(reuse_from)),
            relevant_run=period / cycles.take(relevant_from),
            reuse_above=shapes.leaves_reuse(shapes.problem.layer.output_operand).take(outputs),
        )


@dataclass(frozen=True)
class Content:
    """Data that crosses boundaries, in one form of the spatial mapping.

    Attributes:
        elems: elements of the tile inside that one instance of the memory inside holds; 1 at the array.
        boost: [b] how many distinct such tiles cross at once.
        tile_bits: bits an element of the stored tile (partial sums or results).
        moved_bits: [2b, m] bits an element of what moves down (0 where partial sums do not), then of what moves up.
        counts: [2b, m] crossings downwards (0 where no partial sums come back), then upwards.
    """

    elems: np.ndarray
    boost: np.ndarray
    tile_bits: np.ndarray
    moved_bits: np.ndarray
    counts: np.ndarray

    def boost_of(self, transfers: TransferTable) -> np.ndarray:
        """[w, 1] how many tiles cross at once at some transfers: several on the inner side of a memory only."""
        return np.where(transfers.is_low, self.boost[transfers.boundary], 1.0)[:, None]

    @classmethod
    def of(cls, chains: Chains, when: Timing, form: SpatialForm) -> Content:
        """Return the content of the tiles of some chains."""
        problem, wiring = chains.shapes.problem, chains.wiring
        n_outputs = wiring.first[1]
        unrolled = [form.operands[op] for op in problem.operands]
        full, final = problem.precision(problem.layer.output_operand), problem.final_precision
        flags = np.array(partial_sums_above(problem, unrolled[0])).T[:, :, None]
        partial, returning = when.reuse_above | flags
        tile = np.empty(when.inside.shape)
        for first, op in zip(wiring.first[1:], problem.operands[1:], strict=True):
            tile[first:] = problem.precision(op)
        down, up = tile.copy(), tile.copy()
        tile[:n_outputs] = np.where(partial, full, final)
        down[:n_outputs] = np.where(returning, full, 0)
        up[:n_outputs] = np.where(returning, full, final)
        fewer = when.count.copy()
        fewer[:n_outputs][~partial] = 0
        return cls(
            elems=chains.elems(when.inside, form),
            boost=np.array([b for u in unrolled for b in u.boost], dtype=np.float64),
            tile_bits=tile,
            moved_bits=np.concatenate([down, up]),
            counts=np.concatenate([fewer, when.count]),
        )


def partial_sums_above(problem: Problem, unrolled: OperandUnrolling) -> list[tuple[bool, bool]]:
    """Per boundary of the output: whether spatial loops outside it accumulate, and whether that moves any element.

    The second is ZigZag's own test, ``int(size * (reuse - 1)) != 0``, which an unrolling of less than one
    whole extra iteration may answer differently.
    """
    output = problem.layer.output_operand
    reuse = [level.n_reuse for level in unrolled.split]
    flags: list[tuple[bool, bool]] = []
    for above in range(1, len(unrolled.split) + 1):
        accumulates = any(factor > 1 for level in unrolled.split[above:] for factor in level.reuse)
        extra = int(problem.layer.tensor_elems(output) * (prod(reuse[above:]) - 1))
        flags.append((accumulates, extra != 0))
    return flags
