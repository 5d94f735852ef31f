"""Every uneven mapping of a small problem, one by one: all orders of all prime factors, all allocations that fit.

Written apart from the search it checks: no table, no lattice. Loops are split, ordered and cut with plain Python here,
capacities are counted tile by tile, prices are those of the scalar model (or of the kernel, which is held against it,
where there are too many).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations_with_replacement, pairwise, product
from math import comb, factorial, isclose, prod

import numpy as np

from zigzag_lab.cost.kernel import price
from zigzag_lab.cost.scalar import evaluate
from zigzag_lab.mapping.batch import LoopTables, MappingBatch
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.vocab import OUTPUT

Loop = tuple[str, int]
Loops = tuple[Loop, ...]
Cuts = tuple[int, ...]
Price = tuple[float, float]
SLACK = 1 + 1e-9
N_SPOT_CHECKS = 4


@dataclass(frozen=True)
class Mapping:
    """An order of loops, innermost first, and per operand how many of them are inside each of its memories."""

    order: Loops
    cuts: tuple[tuple[str, Cuts], ...]

    def temporal(self, problem: Problem) -> TemporalMapping:
        """The mapping as the cost model takes it."""
        levels = {op: tuple(self.order[a:b] for a, b in pairwise((0, *cuts))) for op, cuts in self.cuts}
        return TemporalMapping.of(problem.layer, levels)


@dataclass
class Everything:
    """What all mappings of a problem cost.

    Attributes:
        n_mappings: orders times allocations that fit.
        n_distinct: those of them that differ once irrelevant loops at the bottom of a level have moved down.
        n_checked: those that were priced by the scalar model and by the kernel.
        prices: (energy, latency) of each.
        complaints: where the two prices differ.
    """

    n_mappings: int = 0
    n_distinct: int = 0
    n_checked: int = 0
    prices: set[Price] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)

    def add(self, other: Everything) -> None:
        """Take in the mappings of another problem."""
        self.n_mappings += other.n_mappings
        self.n_distinct += other.n_distinct
        self.n_checked += other.n_checked
        self.prices |= other.prices
        self.complaints += other.complaints

    def front(self) -> list[Price]:
        """Trade-offs that nothing beats, energy ascending."""
        front: list[Price] = []
        for energy, latency in sorted(self.prices):
            if not front or latency < front[-1][1] * (1 - 1e-12):
                front.append((energy, latency))
        return front


# -- loops -------------------------------------------------------------------------------------------------------------


def primes(number: int) -> list[int]:
    """Prime factors with multiplicity, ascending."""
    for divisor in range(2, number + 1):
        if number % divisor == 0:
            return [divisor, *primes(number // divisor)]
    return []


def loops_of(problem: Problem) -> list[Loop]:
    """The loops that orders are made of: all prime factors, some joined to a loop whose size is wished for."""
    wished = [loop for loop in problem.constraints.temporal_ordering if loop[1] is not None]
    loops = [(dim, prime) for dim, size in problem.temporal_sizes.items() for prime in primes(size)]
    for dim, size in wished:
        for prime in primes(size):  # type: ignore[arg-type]
            loops.remove((dim, prime))
    return [*loops, *wished]  # type: ignore[list-item]


def orders(loops: list[Loop]) -> Iterator[Loops]:
    """All distinct orders of some loops."""
    if not loops:
        yield ()
    for first in dict.fromkeys(loops):
        rest = list(loops)
        rest.remove(first)
        for tail in orders(rest):
            yield (first, *tail)


def is_as_wished(problem: Problem, order: Loops) -> bool:
    """Whether the loops named by the user stand first, and those named behind a gap last."""
    wishes = list(problem.constraints.temporal_ordering)
    gap = wishes.index(("*", None)) if ("*", None) in wishes else len(wishes)
    inner, outer = wishes[:gap], wishes[gap + 1 :]
    if len(inner) > len(order) or len(outer) > len(order):
        return False
    pairs = [*zip(inner, order, strict=False), *zip(reversed(outer), reversed(order), strict=False)]
    return all(dim == d and size in (None, s) for (dim, size), (d, s) in pairs)


def most_mappings(problem: Problem) -> int:
    """Orders times allocations, whether they fit or not."""
    loops = loops_of(problem)
    n_orders = factorial(len(loops)) // prod(map(factorial, Counter(loops).values()))
    n_levels = [len(memories) for memories in problem.memories.values()]
    return n_orders * prod(comb(len(loops) + n - 1, n - 1) for n in n_levels)


# -- everything --------------------------------------------------------------------------------------------------------


def everything(problem: Problem, limit: int, *, scalar: bool) -> Everything | None:
    """The price of every mapping; None where there are more than a limit.

    Args:
        problem: what is mapped.
        limit: the most mappings, before those that amount to the same are merged.
        scalar: whether the scalar model prices all of them, or some, while the kernel prices all.
    """
    found = Everything()
    distinct: list[Mapping] = []
    for order in orders(loops_of(problem)):
        if not is_as_wished(problem, order):
            continue
        n_mappings, mappings = all_of(problem, order, limit - found.n_mappings)
        found.n_mappings += n_mappings
        if found.n_mappings > limit:
            return None
        distinct += mappings
    found.n_distinct = len(distinct)
    by_kernel = kernel_prices(problem, distinct)
    checked = range(len(distinct)) if scalar else range(0, len(distinct), 1 + len(distinct) // N_SPOT_CHECKS)
    by_scalar = {i: scalar_price(problem, distinct[i]) for i in checked}
    found.n_checked = len(by_scalar)
    found.complaints = [
        f"{distinct[i]} costs {prices} by the scalar model, {by_kernel[i]} by the kernel"
        for i, prices in by_scalar.items()
        if not (isclose(prices[0], by_kernel[i][0], rel_tol=1e-12) and prices[1] == by_kernel[i][1])
    ]
    found.prices = set(by_scalar.values() if scalar else by_kernel)
    return found


def all_of(problem: Problem, order: Loops, limit: int) -> tuple[int, list[Mapping]]:
    """How many allocations of an order fit (counted to one above a limit), and those that differ."""
    n_mappings, seen, distinct = 0, set(), []
    for cuts, moved in Allocations(problem, order):
        n_mappings += 1
        if n_mappings > limit:
            break
        if moved not in seen:
            seen.add(moved)
            distinct.append(Mapping(order, tuple(zip(problem.operands, cuts, strict=True))))
    return n_mappings, distinct


def scalar_price(problem: Problem, mapping: Mapping) -> Price:
    """Energy and latency by the scalar model."""
    breakdown = evaluate(problem, mapping.temporal(problem))
    return float(breakdown.energy_pj), float(breakdown.latency_cycles)


def kernel_prices(problem: Problem, mappings: list[Mapping]) -> list[Price]:
    """The same by the array kernel."""
    loops = loops_of(problem)
    found: list[Price] = []
    for start in range(0, len(mappings), 4096):
        chunk = mappings[start : start + 4096]
        order = np.array([[loops.index(loop) for loop in m.order] for m in chunk], dtype=np.int64)
        order = order.reshape(len(chunk), len(loops)).T
        cuts = {op: np.array([m.cuts[o][1] for m in chunk]).T for o, op in enumerate(problem.operands)}
        prices = price(MappingBatch(LoopTables(problem, loops, order), cuts))
        found += zip(prices.energy_pj.tolist(), prices.latency_cycles.tolist(), strict=True)
    return found


# -- allocations -------------------------------------------------------------------------------------------------------


class Allocations:
    """All ways to cut an order into the levels of each operand that fit the memories.

    Yields the cuts of each operand, as they are and with irrelevant loops moved down. Where results are wider than
    unfinished sums, only those in which no loop moves down (see ``exact.space``).
    """

    def __init__(self, problem: Problem, order: Loops) -> None:
        self.problem, self.order = problem, order

    @cached_property
    def of_operands(self) -> list[list[tuple[Cuts, Cuts, tuple[float, ...]]]]:
        """Per operand: cuts that fit alone, the same with loops moved down, and the bits reserved at each level."""
        problem, order = self.problem, self.order
        wide_results = problem.final_precision > problem.precision(problem.layer.output_operand)
        choices = []
        for op in problem.operands:
            of_operand = []
            for inner in combinations_with_replacement(range(len(order) + 1), len(problem.memories[op]) - 1):
                cuts = (*inner, len(order))
                moved = moved_down(problem, op, order, cuts)
                bits = _fitting_bits(problem, op, order, cuts)
                if bits is not None and not (wide_results and cuts != moved):
                    of_operand.append((cuts, moved, bits))
            choices.append(of_operand)
        return choices

    def __iter__(self) -> Iterator[tuple[tuple[Cuts, ...], tuple[Cuts, ...]]]:
        """Those whose tiles fit the memories together."""
        numbers = {op: number for number, op in enumerate(self.problem.operands)}
        memories = self.problem.accelerator.memories
        contended = [
            ([(numbers[op], level) for op, level in sharers], memories[index].size_bits * SLACK)
            for index, sharers in enumerate(self.problem.sharers)
            if len(sharers) > 1
        ]
        for chosen in product(*self.of_operands):
            if all(sum(chosen[o][2][level] for o, level in places) <= size for places, size in contended):
                yield tuple(c[0] for c in chosen), tuple(c[1] for c in chosen)


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
