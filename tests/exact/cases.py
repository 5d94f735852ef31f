"""Random cases small enough for brute force: what a search is asked, and all problems that its answer is chosen from.

Layers, hierarchies and unrollings are those of ``tests.strategies``; a case is drawn again until the number of its
mappings suits. Most cases are one problem. Some let operands skip memories or try all spatial mappings, and have a
problem for each choice; some wish for an order of loops.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from random import Random

from tests.exact.brute import Allocations, loops_of, most_mappings
from tests.strategies.random_accelerators import random_accelerator
from tests.strategies.random_imc import in_memory
from tests.strategies.random_layers import chance, random_layer
from tests.strategies.random_mappings import random_links, random_spatial
from zigzag_lab.cost.kernel import supports
from zigzag_lab.hardware import Accelerator
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.spatial import SpatialMapping
from zigzag_lab.search.spatial import divisors, spatial_mappings
from zigzag_lab.vocab import MEMORY_OPERANDS, InputError
from zigzag_lab.workload import Layer

SIZES = ((2, 100), (100, 1_000), (1_000, 4_000), (1_000, 4_000), (4_000, 12_000))
"""How many mappings a case has before those that do not fit are left out."""

CHOICES = (*[(False, False)] * 34, *[(True, False)] * 4, (False, True), (True, True))
"""With bypass or not, all spatial mappings or one."""

OF_SEVERAL = (200, 8_000)
"""The same, of all problems together, where all spatial mappings are tried."""

LARGE = (100_000, 400_000)
MOST_SPATIAL = 30
"""Spatial mappings of a case that tries all of them, before those that the array and the memories do not allow."""


@dataclass(frozen=True)
class Case:
    """What a search is asked.

    Attributes:
        given: the layer, the whole accelerator, the wishes and, unless all are tried, the spatial mapping.
        problems: one for each choice of skipped memories and each spatial mapping.
        with_bypass: whether operands may skip memories.
        all_spatial: whether all spatial mappings are tried.
        mixed: whether loops may share an array dimension there.
    """

    given: Problem
    problems: tuple[Problem, ...]
    with_bypass: bool = False
    all_spatial: bool = False
    mixed: bool = False

    @classmethod
    def of(cls, problem: Problem) -> Case:
        """The case of one problem."""
        return cls(problem, (problem,))

    @property
    def is_plain(self) -> bool:
        """Whether there is one problem, so that no stage is needed to ask for its best."""
        return not (self.with_bypass or self.all_spatial)


def random_case(seed: int, sizes: tuple[int, int] | None = None) -> Case:
    """The case of a seed, with about so many mappings."""
    rng = Random(seed)
    with_bypass, all_spatial = rng.choice(CHOICES)
    least, most = sizes or (OF_SEVERAL if all_spatial else rng.choice(SIZES))
    may_fit_nothing = chance(rng, 4)
    while True:
        case = _drawn(rng, with_bypass, all_spatial)
        if case is None or not least <= sum(map(most_mappings, case.problems)) <= most:
            continue
        if may_fit_nothing or any(_holds_something(problem) for problem in case.problems):
            return case


def _drawn(rng: Random, with_bypass: bool, all_spatial: bool) -> Case | None:
    """Any case; None where exact search does not cover it or there are too many spatial mappings."""
    layer, links = random_layer(rng, 5 if all_spatial else 7), random_links(rng)
    accelerator = random_accelerator(rng, layer, links)
    if all_spatial and _most_spatial(layer, accelerator) > MOST_SPATIAL:
        return None
    if chance(rng, 4):
        memories = tuple(replace(memory, force_double_buffering=True) for memory in accelerator.memories)
        accelerator = replace(accelerator, memories=memories)
    if chance(rng, 6):
        layer = without_an_input(rng, layer)
    if chance(rng, 30) and len(accelerator.array.sizes) > 1:
        accelerator = in_memory(rng, accelerator, grouped=chance(rng, 50))
    spatial = SpatialMapping(random_spatial(rng, layer, accelerator))
    mixed, skipped = all_spatial and chance(rng, 30), chance(rng, 70)
    if with_bypass:
        accelerator = free_to_skip(accelerator, rng, 1 if all_spatial else 3)
    given = Problem.of(
        layer, accelerator, MappingConstraints(operand_links=links), spatial, skip_repeated_reads=skipped
    )
    if not supports(given):
        return None
    if chance(rng, 10) and not all_spatial and given.temporal_sizes:
        given = replace(given, constraints=replace(given.constraints, temporal_ordering=random_wishes(rng, given)))
    used = [links[op] for op in layer.operands]
    designs = list(designs_by_hand(accelerator, used)) if with_bypass else [accelerator]
    choices = [(d, s) for d in designs for s in (_all_spatial(given, d, mixed) if all_spatial else [spatial])]
    if not choices:
        return None
    problems = tuple(Problem.of(layer, d, given.constraints, s, skip_repeated_reads=skipped) for d, s in choices)
    return Case(given, problems, with_bypass, all_spatial, mixed)


def without_an_input(rng: Random, layer: Layer) -> Layer:
    """The layer with one of its inputs left out, so that no operand is in that one's memories."""
    gone = rng.choice(layer.input_operands)
    operands = {op: dims for op, dims in layer.operand_dims.items() if op != gone}
    return replace(layer, operand_dims=operands, constant_operands=())


def random_wishes(rng: Random, problem: Problem) -> tuple[tuple[str, int | None], ...]:
    """Some innermost loops and, behind a gap, some outermost; with their sizes, at times of two primes, or without."""
    loops = loops_of(problem)
    rng.shuffle(loops)
    if len(loops) > 2 and loops[0][0] == loops[1][0] and chance(rng, 50):
        loops = [(loops[0][0], loops[0][1] * loops[1][1]), *loops[2:]]
    n_inner = rng.randint(0, min(2, len(loops)))
    n_outer = rng.randint(0 if n_inner else 1, min(2, len(loops) - n_inner)) if n_inner < len(loops) else 0
    named = [(dim, size if chance(rng, 60) else None) for dim, size in loops]
    outer = named[len(loops) - n_outer :]
    return (*named[:n_inner], *((("*", None),) if outer or chance(rng, 50) else ()), *outer)


def free_to_skip(accelerator: Accelerator, rng: Random, most: int = 3) -> Accelerator:
    """The accelerator with up to so many pairs of memory and operand that may be skipped."""
    pairs = [
        (i, op)
        for op, levels in accelerator.levels.items()
        for i in levels[:-1]
        if not (accelerator.array.imc and i < 2)
    ]
    chosen = rng.sample(pairs, min(most, len(pairs)))
    memories = tuple(
        replace(memory, bypass=tuple(op for i, op in chosen if i == index))
        for index, memory in enumerate(accelerator.memories)
    )
    return replace(accelerator, memories=memories)


def designs_by_hand(accelerator: Accelerator, used: Collection[str] = MEMORY_OPERANDS) -> Iterator[Accelerator]:
    """Every choice, written apart from the code it checks: memories made anew without the operands that skip them.

    Args:
        accelerator: whose memories say which operands may skip them.
        used: the memory operands that the layer has.
    """
    pairs = [(m.name, op) for m in accelerator.memories for op in m.bypass if op in used]
    for flags in product((False, True), repeat=len(pairs)):
        gone = {pair for pair, flag in zip(pairs, flags, strict=True) if flag}
        memories = []
        for memory in accelerator.memories:
            stays = [op for op in memory.operands if (memory.name, op) not in gone]
            ports = [replace(p, serves=tuple(t for t in p.serves if t[0] in stays)) for p in memory.ports]
            if stays:
                kept = tuple(port for port in ports if port.serves)
                memories.append(replace(memory, operands=tuple(stays), ports=kept, bypass=()))
        yield replace(accelerator, memories=tuple(memories))


def _most_spatial(layer: Layer, accelerator: Accelerator) -> int:
    """An estimate of how many spatial mappings there are, as it would take long to list too many."""
    sizes = layer.loop_sizes.values()
    return prod(sum(len(divisors(min(size, n))) for size in sizes) for n in accelerator.array.sizes.values())


def _all_spatial(given: Problem, design: Accelerator, mixed: bool) -> list[SpatialMapping]:
    try:
        return spatial_mappings(given.layer, design, given.constraints, None, mixed=mixed)
    except InputError:
        return []


def _holds_something(problem: Problem) -> bool:
    order = tuple(loops_of(problem))
    return next(iter(Allocations(problem, order)), None) is not None
