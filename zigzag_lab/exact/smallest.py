"""The smallest tiles that mappings can have: whether any can fit, and a mapping that has them, for layers of any size.

Another loop inside a level never makes its tile smaller, so no mapping takes less of a memory than tiles without any
temporal loop, or, where the memory is an operand's outermost, than whole tensors. If even these do not fit together,
nothing does. They are those of the mapping in which every loop runs at the outermost memories, the loops that sum up
outputs innermost, so that sums are finished in the innermost memory.
"""

from __future__ import annotations

import numpy as np

from zigzag_lab.mapping.batch import LoopTables, MappingBatch
from zigzag_lab.mapping.footprint import capacity_bits, precisions_bits, reserved_bits, tile_elems
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.search.factors import loop_prime_factors
from zigzag_lab.search.order_constraints import OrderConstraints
from zigzag_lab.vocab import InfeasibleError, TemporalMappingType
from zigzag_lab.vocab.options import TEMPORAL_MAPPING_TYPE


def smallest_mapping(
    problem: Problem, kind: TemporalMappingType = TEMPORAL_MAPPING_TYPE.default
) -> MappingBatch | None:
    """Return the mapping of the smallest tiles, alone in a batch; whether it fits is another question.

    None where the user wants some loops at some positions; a whole order of the user's holds.
    """
    if OrderConstraints.of(problem).positions:
        return None
    tables = LoopTables(problem, *_summing_innermost(problem))
    cuts = {op: _cuts(problem, op, tables.n_slots, kind) for op in problem.operands}
    return MappingBatch(tables, cuts)


def check_smallest_tiles(problem: Problem) -> None:
    """Check that memories can hold the smallest tiles, in whatever order loops run.

    Raises:
        InfeasibleError: one cannot, which proves that no mapping fits.
    """
    tables = LoopTables(problem, *_summing_innermost(problem))
    for memory, sharers in zip(problem.accelerator.memories, problem.sharers, strict=True):
        missing = sum(_least_bits(tables, op, level) for op, level in sharers) - capacity_bits(memory)
        if missing > 0:
            are_whole = all(level == len(problem.memories[op]) - 1 for op, level in sharers)
            what = "the whole of" if are_whole else "the smallest tiles of"
            operands = " and ".join(op for op, _ in sharers)
            raise InfeasibleError(
                problem.layer.name,
                f"memory {memory.name} is {int(np.ceil(missing)):,} bits too small for {what} {operands} "
                f"under the spatial mapping {problem.spatial_mapping}",
                "Enlarge that memory, or unroll fewer loops.",
                missing,
                is_proven=True,
            )


def _summing_innermost(problem: Problem) -> tuple[list[tuple[str, int]], np.ndarray]:
    """All prime factors, and [n, 1] their order: those of loops irrelevant to outputs first."""
    wanted = OrderConstraints.of(problem)
    if wanted.is_complete:
        return wanted.complete_order, np.arange(len(wanted.complete_order))[:, None]
    loops = loop_prime_factors(problem.temporal_sizes, None)
    summing = problem.layer.relevancy.irrelevant[problem.layer.output_operand]
    loops.sort(key=lambda loop: loop[0] not in summing)
    return loops, np.arange(len(loops))[:, None]


def _cuts(problem: Problem, operand: str, n_loops: int, kind: TemporalMappingType) -> np.ndarray:
    """[level, 1] how many loops are inside each level: none below the outermost one.

    Evenly, operands take the same loops at a memory that is the outermost one of any of them.
    """
    tops = {memories[-1] for memories in problem.memories.values()}
    cuts = [n_loops * (kind is TemporalMappingType.EVEN and index in tops) for index in problem.memories[operand]]
    cuts[-1] = n_loops
    return np.maximum.accumulate(np.array(cuts, dtype=np.int64))[:, None]


def _least_bits(tables: LoopTables, operand: str, level: int) -> float:
    """The least that an operand takes of a memory in any mapping."""
    problem = tables.problem
    none = [np.zeros(1, dtype=np.int64)] * level
    elems = tile_elems(tables, operand, level, none)[:, 0]
    precisions = precisions_bits(problem, operand, level)
    irrelevant = problem.layer.relevancy.irrelevant[operand]
    is_summed = level > 0 or not any(dim in irrelevant for dim, _ in tables.loops)
    bits = elems * (min(precisions) if is_summed else precisions[0])
    if level == len(problem.memories[operand]) - 1:
        return float(bits[-1])
    memory = problem.accelerator.memories[problem.memories[operand][level]]
    reserved = reserved_bits(memory, bits[:1], bits[-1:], np.ones(1, dtype=bool))
    return float(min(reserved[0], bits[-1]))
