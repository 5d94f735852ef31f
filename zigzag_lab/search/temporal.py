"""Proposals of temporal mappings: every order of the loop prime factors, allocated to the memories, or a pinned one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from math import prod
from operator import itemgetter
from typing import SupportsInt

import numpy as np

from zigzag_lab.mapping.batch import LoopTables, MappingBatch
from zigzag_lab.mapping.lattice import Factor
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.shapes import TileShapes
from zigzag_lab.mapping.spatial import Loop, LoopLevels, multiplied
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.search.factors import loop_prime_factors
from zigzag_lab.search.loma import Overflow, allocate
from zigzag_lab.search.order_classes import OrderClasses
from zigzag_lab.search.order_constraints import OrderConstraints
from zigzag_lab.search.orderings import n_orderings, orderings
from zigzag_lab.vocab import InfeasibleError, InputError, TemporalMappingType, nearest
from zigzag_lab.vocab.options import TEMPORAL_MAPPING_TYPE

FEW = 10_000
"""Orders that are all allocated and priced without further thought."""
MOST_CLASSES = 300_000
"""Maximum of classes of beginnings of one length; where there are more, orders are taken one by one."""


def temporal_mappings(
    problem: Problem, lpf_limit: int | None, kind: TemporalMappingType = TEMPORAL_MAPPING_TYPE.default
) -> Iterator[MappingBatch]:
    """Yield the mappings that fit, in bounded batches, in the order of ZigZag 3.9.1.

    A complete order of the user's is the only one tried; an incomplete one filters the orders.

    Raises:
        InfeasibleError: no order fits the memories.
    """
    yield from fitting(problem, *orders_of(problem, lpf_limit), kind)


def fitting(
    problem: Problem, loops: list[Factor], orders: Iterator[np.ndarray], kind: TemporalMappingType
) -> Iterator[MappingBatch]:
    """Yield the mappings of those orders of some loops that fit.

    Raises:
        InfeasibleError: none does.
    """
    found = False
    nearest: Overflow | None = None
    shapes = TileShapes.of(problem, loops)
    for order in orders:
        allocation = allocate(LoopTables(problem, loops, order, shapes), kind)
        if allocation.fitting is not None:
            found = True
            yield allocation.fitting
        miss = allocation.nearest_miss
        if miss is not None and miss.is_nearer_than(nearest):
            nearest = miss
    if not found:
        raise nothing_fits(problem, nearest)


def orders_of(problem: Problem, lpf_limit: int | None) -> tuple[list[Factor], Iterator[np.ndarray]]:
    """Return the loops to reorder, and all orders that meet the user's constraints: [n, m] indices into the loops."""
    wanted = OrderConstraints.of(problem)
    if wanted.is_complete:
        loops = wanted.complete_order
        return loops, iter([np.arange(len(loops), dtype=np.int8)[:, None]])
    if not wanted.suits(problem.temporal_sizes):
        return [], iter(())
    loops = loop_prime_factors(problem.temporal_sizes, lpf_limit, wanted.fixed_loops)
    return loops, wanted.filtered(loops, orderings(loops))


def order_classes(problem: Problem, lpf_limit: int | None) -> OrderClasses | None:
    """All orders that :func:`orders_of` finds, those of equal prices taken together.

    None where they are few, or where it is not known that LOMA treats orders of a class alike.
    """
    wanted = OrderConstraints.of(problem)
    if wanted.is_complete or not wanted.suits(problem.temporal_sizes):
        return None
    loops = loop_prime_factors(problem.temporal_sizes, lpf_limit, wanted.fixed_loops)
    allowed = wanted.allowed(tuple(dict.fromkeys(loops)), len(loops))
    if n_orderings(loops) <= FEW or allowed is None:
        return None
    return OrderClasses.of(problem, loops, allowed, MOST_CLASSES)


def nothing_fits(problem: Problem, nearest: Overflow | None, n_tried: int | None = None) -> InfeasibleError:
    """Return the error where no order fits, with the nearest miss, or none where no order meets the constraints.

    ``n_tried`` is how many orders were tried, where those were not all.
    """
    spatial = f"under the spatial mapping {problem.spatial_mapping}"
    if nearest is None:
        return InfeasibleError(
            problem.layer.name,
            f"no order of its loops meets the temporal ordering of entry '{problem.constraints.name}' {spatial}",
            "Loosen the ordering, or check its sizes against the temporal loops "
            + ", ".join(f"{d} {n}" for d, n in problem.temporal_sizes.items())
            + ".",
        )
    operands = " and ".join(nearest.operands)
    tried = "all orders of its loops" if n_tried is None else f"the {n_tried:,} orders of its loops that were tried"
    if not np.isfinite(nearest.missing_bits):
        return InfeasibleError(
            problem.layer.name,
            f"memory {nearest.memory} cannot hold {operands} evenly {spatial}: "
            f"{'no order' if n_tried is None else f'none of {tried}'} lets them take the same loops",
            "Let the mapping be uneven, or give one of them a memory of its own.",
        )
    return InfeasibleError(
        problem.layer.name,
        f"memory {nearest.memory} is {int(np.ceil(nearest.missing_bits)):,} bits too small for {operands} {spatial}, "
        f"in the best of {tried}",
        "Enlarge that memory, or unroll fewer loops.",
        nearest.missing_bits,
    )


PinnedLevels = Mapping[str, Sequence[Sequence[Sequence[object]]]]
"""Layer operand -> for each of its memories from the innermost, (loop dimension, size) from the innermost."""


def pinned_mapping(
    problem: Problem,
    levels: PinnedLevels,
    kind: TemporalMappingType = TEMPORAL_MAPPING_TYPE.default,
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
