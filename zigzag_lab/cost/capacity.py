"""Whether the tiles of a mapping fit the memories they are pinned to."""

from __future__ import annotations

from dataclasses import dataclass

from zigzag_lab.cost.evaluation import CostModelEvaluation
from zigzag_lab.mapping.footprint import capacity_bits


@dataclass(frozen=True, slots=True)
class CapacityMiss:
    """A memory that is too small.

    Attributes:
        memory: its name.
        missing_bits: how much larger one instance would have to be.
        operands: the layer operands that should fit it together.
    """

    memory: str
    missing_bits: float
    operands: tuple[str, ...]


def capacity_misses(cme: CostModelEvaluation) -> tuple[CapacityMiss, ...]:
    """The memories that cannot hold what a mapping keeps in them, from inner to outer.

    Outputs count with the precision of partial sums where sums are unfinished. A memory that must be double buffered
    holds the next tile of an operand too, as long as there is another one.
    """
    problem, misses = cme.problem, []
    for index, sharers in enumerate(problem.sharers):
        memory = problem.accelerator.memories[index]
        bits = sum(_tile_bits(cme, op, level) for op, level in sharers)
        if bits > capacity_bits(memory):
            misses.append(CapacityMiss(memory.name, bits - memory.size_bits, tuple(op for op, _ in sharers)))
    return tuple(misses)


def _tile_bits(cme: CostModelEvaluation, operand: str, level: int) -> float:
    problem = cme.problem
    memory = problem.accelerator.memories[problem.memories[operand][level]]
    bits = cme.breakdown.utilisation[operand][level] * memory.size_bits
    if memory.force_double_buffering:
        outside = [dim for loops in cme.temporal_mapping.levels[operand][level + 1 :] for dim, _ in loops]
        if any(dim not in problem.layer.relevancy.irrelevant[operand] for dim in outside):
            return 2 * bits
    return bits
