"""Every uneven mapping of a small problem, one by one: all orders of all prime factors, all allocations that fit.

Written apart from the search it checks: capacities are counted here with plain loops, prices are those of the scalar
model (or of the kernel, which other tests hold equal to it, where there are too many).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations_with_replacement, product
from math import prod

import numpy as np

from zigzag_lab.cost.kernel import price
from zigzag_lab.cost.scalar import evaluate
from zigzag_lab.mapping.problem import LoopTables, MappingBatch, Problem
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.search.factors import loop_prime_factors
from zigzag_lab.vocab import OUTPUT

Loops = tuple[tuple[str, int], ...]
Cuts = tuple[int, ...]
SLACK = 1 + 1e-9


@dataclass
class Everything:
    """What all mappings of a problem cost.

    Attributes:
        n_mappings: orders times allocations that fit.
        prices: (energy, latency) of each mapping that differs from the others.
    """

    n_mappings: int = 0
    prices: set[tuple[float, float]] = field(default_factory=set)

    def front(self) -> list[tuple[float, float]]:
        """Trade-offs that nothing beats, energy ascending."""
        front: list[tuple[float, float]] = []
        for energy, latency in sorted(self.prices):
            if not front or latency < front[-1][1] * (1 - 1e-12):
                front.append((energy, latency))
        return front


def orders(loops: list[tuple[str, int]]) -> Iterator[Loops]:
    """All distinct orders of some loops."""
    if not loops:
        yield ()
    for first in dict.fromkeys(loops):
        rest = list(loops)
        rest.remove(first)
        for tail in orders(rest):
            yield (first, *tail)


def everything(problem: Problem, limit: int, *, scalar: bool, keep_pins: bool = True) -> Everything | None:
    """The price of every mapping; None where there are more than a limit."""
    found = Everything()
    known: dict[tuple[object, ...], tuple[Loops, dict[str, Cuts]]] = {}
    for order in orders(loop_prime_factors(problem.temporal_sizes, None)):
        for cuts in allocations(problem, order):
            found.n_mappings += 1
            if found.n_mappings > limit:
                return None
            allocated = {op: tuple(order[a:b] for a, b in zip((0, *c[:-1]), c, strict=True)) for op, c in cuts.items()}
            temporal = TemporalMapping.of(problem.layer, allocated)  # type: ignore[arg-type]
            known.setdefault(tuple(temporal.levels.items()), (order, cuts))
    if scalar:
        found.prices = {_scalar_price(problem, dict(levels), keep_pins) for levels in known}  # type: ignore[call-overload]
    else:
        found.prices = _kernel_prices(problem, list(known.values()), keep_pins)
    return found


def _scalar_price(problem: Problem, levels: dict[str, object], keep_pins: bool) -> tuple[float, float]:
    breakdown = evaluate(problem, TemporalMapping(levels), keep_at_output_pins=keep_pins)  # type: ignore[arg-type]
    return float(breakdown.energy_pj), float(breakdown.latency_cycles)


def _kernel_prices(
    problem: Problem, mappings: list[tuple[Loops, dict[str, Cuts]]], keep_pins: bool
) -> set[tuple[float, float]]:
    loops = loop_prime_factors(problem.temporal_sizes, None)
    found: set[tuple[float, float]] = set()
    for start in range(0, len(mappings), 4096):
        chunk = mappings[start : start + 4096]
        order = np.array([[loops.index(loop) for loop in o] for o, _ in chunk], dtype=np.int64)
        order = order.reshape(len(chunk), len(loops)).T
        cuts = {op: np.array([c[op] for _, c in chunk]).T for op in problem.operands}
        prices = price(MappingBatch(LoopTables(problem, loops, order), cuts), keep_at_output_pins=keep_pins)
        found.update(zip(prices.energy_pj.tolist(), prices.latency_cycles.tolist(), strict=True))
    return found


def allocations(problem: Problem, order: Loops) -> Iterator[dict[str, Cuts]]:
    """All ways to cut an order into the levels of each operand that fit the memories.

    Where results are wider than unfinished sums, only those that no loop moves down in (see ``exact.space``).
    """
    n, operands = len(order), problem.operands
    wide_results = problem.final_precision > problem.precision(problem.layer.output_operand)
    choices: list[list[tuple[Cuts, tuple[float, ...]]]] = []
    for op in operands:
        n_levels = len(problem.memories[op])
        of_operand = []
        for inner in combinations_with_replacement(range(n + 1), n_levels - 1):
            cuts = (*inner, n)
            if wide_results and cuts != moved_down(problem, op, order, cuts):
                continue
            bits = _fitting_bits(problem, op, order, cuts)
            if bits is not None:
                of_operand.append((cuts, bits))
        if not of_operand:
            return
        choices.append(of_operand)
    for chosen in product(*choices):
        if _fit_together(problem, dict(zip(operands, (bits for _, bits in chosen), strict=True))):
            yield dict(zip(operands, (cuts for cuts, _ in chosen), strict=True))


def _fitting_bits(problem: Problem, operand: str, order: Loops, cuts: Cuts) -> tuple[float, ...] | None:
    """What one operand reserves at each level; None where it alone is too much for a memory."""
    found: list[float] = []
    for level in reversed(range(len(cuts))):
        bits = reserved_bits(problem, operand, level, order, cuts)
        if bits > problem.accelerator.memories[problem.memories[operand][level]].size_bits * SLACK:
            return None
        found.append(bits)
    return tuple(found[::-1])


def moved_down(problem: Problem, operand: str, order: Loops, cuts: Cuts) -> Cuts:
    """The cuts as the cost model takes them: irrelevant loops at the bottom of a level belong to the one below."""
    irrelevant = problem.layer.relevancy.irrelevant[operand]
    moved = []
    for cut in cuts[:-1]:
        while cut < len(order) and order[cut][0] in irrelevant:
            cut += 1
        moved.append(cut)
    return (*moved, cuts[-1])


def _fit_together(problem: Problem, bits: dict[str, tuple[float, ...]]) -> bool:
    for index, sharers in enumerate(problem.sharers):
        if sum(bits[op][level] for op, level in sharers) > problem.accelerator.memories[index].size_bits * SLACK:
            return False
    return True


def reserved_bits(problem: Problem, operand: str, level: int, order: Loops, cuts: Cuts) -> float:
    """Bits that a memory reserves for an operand's tile."""
    start = cuts[level - 1] if level else 0
    precision = _precision(problem, operand, level, order[start:])
    bits = elems(problem, operand, level, order, cuts, cuts[level]) * precision
    memory = problem.accelerator.memories[problem.memories[operand][level]]
    whole = elems(problem, operand, level, order, cuts, len(order)) * precision
    if memory.force_double_buffering and cuts[level] < len(order) and bits < whole:
        return 2 * bits
    return bits


def _precision(problem: Problem, operand: str, level: int, outside: Loops) -> int:
    if problem.memory_operand(operand) != OUTPUT:
        return problem.precision(operand)
    spatial = [dim for loops in problem.fractional.operands[operand].levels[level + 1 :] for dim, _ in loops]
    irrelevant = problem.layer.relevancy.irrelevant[operand]
    unfinished = any(dim in irrelevant for dim in [*spatial, *(d for d, _ in outside)])
    return problem.precision(operand) if unfinished else problem.final_precision


def elems(problem: Problem, operand: str, level: int, order: Loops, cuts: Cuts, position: int) -> float:
    """Elements of a tile: the loops inside a position, and the spatial loops up to a level."""
    sizes: dict[str, float] = {}
    spatial = problem.fractional.operands[operand].levels
    bounds = [0, *cuts[:level], position]
    for m in range(level + 1):
        for dim, size in (*order[bounds[m] : bounds[m + 1]], *spatial[m]):
            sizes[dim] = sizes.get(dim, 1) * size
    layer = problem.layer
    n = prod(sizes.get(dim, 1) for dim in layer.relevancy.relevant[operand])
    for relation in layer.relevancy.partial[operand]:
        a, b = (int(sizes.get(dim, 1)) for dim in relation.loop_dims)
        n *= min(layer.data_sizes[relation.data_dim], relation.extent(a, b))
    return n
