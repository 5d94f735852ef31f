"""A temporal mapping from elsewhere: the loops of each operand, pinned to its memory levels."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from math import prod
from operator import itemgetter
from typing import SupportsInt

from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.spatial import Loop, LoopLevels, multiplied
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.vocab import InfeasibleError, InputError, TemporalMappingType, nearest

PinnedLevels = Mapping[str, Sequence[Sequence[Sequence[object]]]]
"""Layer operand -> for each of its memories from the innermost, (loop dimension, size) from the innermost."""


def pinned_mapping(
    problem: Problem,
    levels: PinnedLevels,
    kind: TemporalMappingType = TemporalMappingType.UNEVEN,
    where: str = "user_temporal_mapping",
) -> TemporalMapping:
    """Check a mapping against a layer, an accelerator and a spatial mapping. Loops of one iteration are left out.

    Whether the memories are large enough: :func:`zigzag_lab.cost.evaluation.capacity_misses`.

    Args:
        problem: what is mapped.
        levels: the loops of each operand per memory.
        kind: what to call the mapping.
        where: where the mapping was given, for messages.

    Raises:
        InputError: operands, levels or loops that the layer or the accelerator does not have, or operands that
            disagree about the order of the loops.
        InfeasibleError: the loops are not those that this spatial mapping leaves in time.
    """
    unknown = next((op for op in levels if op not in problem.operands), None)
    if unknown is not None:
        expected = f"operands of layer {problem.layer.name}: {', '.join(problem.operands)}"
        raise InputError(where, f"there is no operand '{unknown}'", expected, nearest(unknown, problem.operands))
    allocated = {op: _levels_of(problem, op, levels, where) for op in problem.operands}
    for op, of_op in allocated.items():
        _check_sizes(problem, op, of_op)
    _check_same_order(allocated, where)
    return TemporalMapping.of(problem.layer, allocated, kind)


def _levels_of(problem: Problem, operand: str, levels: PinnedLevels, where: str) -> LoopLevels:
    memories = [problem.accelerator.memories[i].name for i in problem.memories[operand]]
    expected = f"a list of loops for each of its {len(memories)} memories: {', '.join(memories)}"
    if operand not in levels:
        raise InputError(where, f"operand {operand} of layer {problem.layer.name} is missing", expected)
    given = levels[operand]
    n_found = len(given) if isinstance(given, Sequence) and not isinstance(given, (str, bytes)) else "no"
    if n_found != len(memories):
        raise InputError(f"{where}.{operand}", f"found {n_found} levels", expected, "An empty level is [].")
    found = [[_loop(problem, loop, f"{where}.{operand}[{i}]") for loop in level] for i, level in enumerate(given)]
    return tuple(tuple((dim, size) for dim, size in level if size > 1) for level in found)


def _loop(problem: Problem, loop: Sequence[object], where: str) -> Loop:
    is_pair = isinstance(loop, Sequence) and not isinstance(loop, (str, bytes)) and len(loop) == 2
    if not is_pair:
        raise InputError(where, f"found {loop!r}", "a loop and its size, such as [K, 4]")
    dim, size = loop
    if dim not in problem.layer.loop_sizes:
        known = problem.layer.loop_sizes
        raise InputError(where, f"there is no loop '{dim}'", f"one of {', '.join(known)}", nearest(str(dim), known))
    if isinstance(size, bool) or not isinstance(size, SupportsInt) or size != int(size) or int(size) < 1:
        raise InputError(where, f"loop {dim} has size {size!r}", "a whole number, 1 or more")
    return str(dim), int(size)


def _check_sizes(problem: Problem, operand: str, levels: LoopLevels) -> None:
    totals = multiplied(itertools.chain(*levels))
    if totals == problem.temporal_sizes:
        return
    shown = ", ".join(f"{d} {n}" for d, n in totals.items()) or "no loops"
    wanted = ", ".join(f"{d} {n}" for d, n in problem.temporal_sizes.items()) or "no loops"
    raise InfeasibleError(
        problem.layer.name,
        f"the temporal mapping gives operand {operand} {shown}, but the spatial mapping {problem.spatial_mapping} "
        f"leaves {wanted}",
        "Give every loop its full size, and fix the spatial mapping that belongs to this temporal mapping.",
    )


def _check_same_order(allocated: Mapping[str, LoopLevels], where: str) -> None:
    (first, expected), *others = ((op, _runs(levels)) for op, levels in allocated.items())
    for operand, runs in others:
        if runs != expected:
            raise InputError(
                f"{where}.{operand}",
                f"its loops run in the order {_shown(runs)}",
                f"the order of operand {first}: {_shown(expected)}",
                "The operands share one nest of loops; only the levels at which they keep them may differ.",
            )


def _runs(levels: LoopLevels) -> list[Loop]:
    """The loops from the innermost, neighbours of the same dimension multiplied."""
    neighbours = itertools.groupby(itertools.chain(*levels), key=itemgetter(0))
    return [(dim, prod(size for _, size in loops)) for dim, loops in neighbours]


def _shown(runs: list[Loop]) -> str:
    return " ".join(f"{dim} {size:g}" for dim, size in runs)
