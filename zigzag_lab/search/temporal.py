"""Proposals of temporal mappings: every order of the loop prime factors, allocated to the memories."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from zigzag_lab.mapping.batch import LoopTables, MappingBatch
from zigzag_lab.mapping.lattice import Factor
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.shapes import TileShapes
from zigzag_lab.search.factors import loop_prime_factors
from zigzag_lab.search.loma import Overflow, allocate
from zigzag_lab.search.order_classes import OrderClasses
from zigzag_lab.search.order_constraints import OrderConstraints
from zigzag_lab.search.orderings import n_orderings, orderings
from zigzag_lab.vocab import InfeasibleError, TemporalMappingType

FEW = 10_000
"""Orders that are all allocated and priced without further thought."""
MOST_CLASSES = 300_000
"""Maximum of classes of beginnings of one length; where there are more, orders are taken one by one."""


def temporal_mappings(
    problem: Problem, lpf_limit: int | None, kind: TemporalMappingType = TemporalMappingType.UNEVEN
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
