"""Kinds of random problems, each asked of zigzag-dse and of us: seed -> everything in which the answers differ.

Where zigzag-dse is known to be wrong, the oracle is zigzag-dse mended, or what it should have meant (DEPARTURES.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import isclose
from random import Random
from typing import Any

from tests.differential import allocation_differences, differences, price_differences, problem_of
from tests.oracle.bridge import (
    Ordering,
    Spatial,
    reference_factors,
    reference_orderings,
    reference_price,
    reference_spatial_candidates,
)
from tests.oracle.imc import IMC_BREAKDOWNS, IMC_SCALARS, imc_terms, mended
from tests.oracle.locality import reference_locality
from tests.strategies.problems import RandomProblem, random_problem, random_search
from tests.strategies.random_imc import random_imc_problem
from tests.strategies.random_mappings import random_levels, random_ordering
from tests.strategies.random_networks import random_network
from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.hardware import Accelerator
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.search.locality import search_locality, without_unused_memories
from zigzag_lab.search.order_constraints import GAP as ANY
from zigzag_lab.search.spatial import spatial_mappings
from zigzag_lab.search.temporal import orders_of as our_orders_of
from zigzag_lab.vocab import InputError

Wanted = list[tuple[str, int | None]]

GAP = (ANY, None)
"""What stands behind it counts from the outside; zigzag-dse deletes it."""

PRIMES = (2, 3, 5, 7)
"""Sizes that exist as loops of their own; others may lose or multiply iterations in zigzag-dse."""

LPF_LIMIT = 5


def even(seed: int) -> Iterator[str]:
    """An order, allocated evenly, and its price."""
    yield from differences(random_problem(seed), keep_pins=seed % 3 != 0, even=True)


def mixed(seed: int) -> Iterator[str]:
    """The proposals of mixed spatial mappings; then, under one of them, an order's allocation and price."""
    layer, accelerator, wishes = random_search(seed)
    try:
        theirs = reference_spatial_candidates(layer, accelerator, wishes, 3, mixed=True)
    except (AssertionError, ZeroDivisionError):  # it unrolls zero times below a port that is narrower than an element
        theirs = []
    try:
        ours = [mapping.unrollings for mapping in spatial_mappings(layer, accelerator, wishes, 3, mixed=True)]
    except InputError:
        ours = []
    sound = [spatial for spatial in theirs if all(0 not in unrolled.values() for unrolled in spatial.values())]
    yield from (f"spatial mapping {spatial} is not among {ours}" for spatial in sound if spatial not in ours)
    shared = [spatial for spatial in ours if any(len(unrolled) > 1 for unrolled in spatial.values())]
    if shared or ours:
        yield from differences(_under(Random(seed), (shared or ours)[seed % len(shared or ours)], seed))


def _under(rng: Random, spatial: Spatial, seed: int) -> RandomProblem:
    """An order and levels under a spatial mapping of the search of a seed."""
    layer, accelerator, wishes = random_search(seed)
    links = MappingConstraints(operand_links=wishes.operand_links)
    ordering = random_ordering(rng, layer, accelerator, links, spatial)
    levels = random_levels(rng, layer, accelerator, links, ordering)
    return RandomProblem(layer, accelerator, links, spatial, ordering, levels)


def constraints(seed: int) -> Iterator[str]:
    """The orders that meet a wish of the user's; then the allocation and the price of one of them."""
    random, rng = random_problem(seed), Random(seed)
    factors = reference_factors(random.layer, random.accelerator, random.spatial, LPF_LIMIT)
    if not factors or len(factors) > 6:
        random = replace(random, ordering=[], levels={op: [[] for _ in of] for op, of in random.levels.items()})
        yield from differences(random) if not factors else ()
        return
    wanted = random_wish(rng, factors, random.ordering)
    ours = orders_of(problem_of(_wishing(random, wanted)))
    theirs = meant_orders(random, wanted) if GAP in wanted else their_orders(random, wanted)
    if ours != theirs:
        yield f"wish {wanted}: {len(ours)} orders, theirs {len(theirs)}: {ours[:2]}, {theirs[:2]}"
    if ours:
        chosen = rng.choice(ours)
        levels = random_levels(rng, random.layer, random.accelerator, random.constraints, chosen)
        yield from differences(replace(_wishing(random, wanted), ordering=chosen, levels=levels), even=seed % 4 == 0)


def random_wish(rng: Random, factors: Ordering, complete: Ordering) -> Wanted:
    """Some loops at fixed places from the inside, or around a gap; sizes open or prime; or a complete order."""
    if rng.random() < 0.15:
        return list(complete)
    chosen = rng.sample(factors, rng.randint(1, min(3, len(factors))))
    wanted: Wanted = [(dim, size if size in PRIMES and rng.random() < 0.3 else None) for dim, size in chosen]
    if rng.random() < 0.4:
        wanted.insert(rng.randint(0, len(wanted)), GAP)
    return wanted


def orders_of(problem: Problem) -> list[Ordering]:
    """Our orders of the loops that meet the problem's wish."""
    loops, orders = our_orders_of(problem, LPF_LIMIT)
    return [[loops[i] for i in column] for order in orders for column in order.T]


def their_orders(random: RandomProblem, wanted: Wanted) -> list[Ordering]:
    """The reference's orders under a wish; none where it asks for more of a loop than there is."""
    wishing = _wishing(random, wanted)
    try:
        return reference_orderings(*wishing.scene[:2], random.spatial, LPF_LIMIT, wishing.constraints)
    except (ValueError, IndexError, KeyError):
        return []


def meant_orders(random: RandomProblem, wanted: Wanted) -> list[Ordering]:
    """The reference's orders without a gap, filtered by what stands before it and, from the outside, behind it."""
    at = wanted.index(GAP)
    inside, outside = wanted[:at], wanted[at + 1 :]
    sized = [loop for loop in wanted if loop[1] is not None]
    everything = their_orders(random, [])
    if sized:  # a wanted size keeps its factors apart, which only an order with the size at hand shows
        everything = [[loops[i] for i in c] for loops, o in [_all_with(random, sized)] for order in o for c in order.T]
    return [order for order in everything if _stands(order, inside) and _stands(order[::-1], outside[::-1])]


def _all_with(random: RandomProblem, sized: Wanted) -> Any:
    """Our loops and orders where the sizes exist, wherever they stand."""
    from zigzag_lab.search.factors import loop_prime_factors
    from zigzag_lab.search.orderings import orderings

    problem = problem_of(random)
    loops = loop_prime_factors(problem.temporal_sizes, LPF_LIMIT, tuple(sized))
    return loops, orderings(loops)


def _stands(order: Ordering, wanted: Wanted) -> bool:
    pairs = zip(order, wanted, strict=False)
    return len(wanted) <= len(order) and all(d == dim and size in (None, s) for (d, s), (dim, size) in pairs)


def _wishing(random: RandomProblem, wanted: Wanted) -> RandomProblem:
    return replace(random, constraints=replace(random.constraints, temporal_ordering=tuple(wanted)))


def in_memory(seed: int) -> Iterator[str]:
    """An order and a mapping on an array that computes in memory, with its clock, area and parts."""
    random = random_imc_problem(seed)
    with mended():
        yield from allocation_differences(random, keep_pins=seed % 3 != 0, even=seed % 4 == 0)
    yield from imc_differences(random, keep_pins=seed % 3 != 0)


def imc_differences(random: RandomProblem, *, keep_pins: bool) -> Iterator[str]:
    """Everything in which the price of a mapping differs, clock, area and the parts of the array among it."""
    with mended():
        yield from price_differences(random, random.levels, keep_pins=keep_pins)
        theirs = reference_price(*random.scene, random.spatial, random.levels, keep_pins)
    if "error" in theirs:  # its assertion about loading; other errors are among the differences of the price
        return
    temporal = TemporalMapping.of(random.layer, {op: tuple(map(tuple, v)) for op, v in random.levels.items()})
    ours = imc_terms(CostModelEvaluation(problem_of(random, skip_repeated_reads=keep_pins), temporal))
    for name in (*IMC_SCALARS, *IMC_BREAKDOWNS):
        if not _close(ours[name], theirs[name]):
            yield f"{name}: ours {ours[name]}, theirs {theirs[name]}"


def _close(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, dict):
        return ours.keys() == theirs.keys() and all(_close(ours[key], theirs[key]) for key in ours)
    return isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-15)


def locality(seed: int) -> Iterator[str]:
    """The memories that tensors between layers need, and each layer's smaller accelerator; ends local or at the top."""
    workload, accelerator = random_network(seed)
    for at_top in (False, True):
        ours = search_locality(workload, accelerator, ends_at_the_top=at_top)
        theirs = reference_locality(workload, accelerator, ends_at_the_top=at_top)
        for layer in workload.layers:
            smaller = without_unused_memories(accelerator, layer, MappingConstraints(), ours)
            if set(smaller.levels) != set(accelerator.levels):
                yield f"layer {layer.id}, at the top {at_top}: an operand has no memory left"
            if theirs is None:  # it gives up on several inputs or outputs
                continue
            if ours.levels[layer.id] != theirs[0][layer.id]:
                yield f"layer {layer.id}, at the top {at_top}: {ours.levels[layer.id]}, theirs {theirs[0][layer.id]}"
            left = theirs[2][layer.id]
            if (
                ours.weight_level == theirs[1]
                and set(left.levels) == set(accelerator.levels)
                and _described(smaller) != _described(left)
            ):
                yield f"layer {layer.id}, at the top {at_top}: {_described(smaller)}, theirs {_described(left)}"
        if theirs is None or ours.weight_level == theirs[1]:
            continue
        if all(layer.constant_operands for layer in workload.layers) or ours.weight_level < theirs[1]:
            yield f"weights: {ours.weight_level}, theirs {theirs[1]}"  # layers without any may sink theirs, unseen


def _described(accelerator: Accelerator) -> list[object]:
    """What decides costs; the names of the two designs differ."""
    return [accelerator.meaning(), [memory.name for memory in accelerator.memories]]


KINDS: dict[str, Callable[[int], Iterator[str]]] = {
    "even": even,
    "mixed": mixed,
    "constraints": constraints,
    "imc": in_memory,
    "locality": locality,
}
"""The kinds by name, for ``python -m tests.differential --kind NAME FIRST LAST``."""
