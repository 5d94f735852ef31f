"""Random constraints, spatial mappings and orderings for a layer on an accelerator."""

from __future__ import annotations

from itertools import pairwise
from random import Random

from tests.oracle.bridge import Levels, Ordering, Spatial, reference_factors
from tests.strategies.random_layers import chance
from zigzag_lab.hardware import Accelerator
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.vocab import DEFAULT_LINKS
from zigzag_lab.workload import Layer

LPF_LIMIT = 7


def random_links(rng: Random) -> dict[str, str]:
    """Which memory operand holds which operand: the usual, in any order of the file, or inputs exchanged."""
    links = dict(DEFAULT_LINKS)
    if chance(rng, 15):
        links["W"], links["I"] = links["I"], links["W"]
    order = list(links)
    if chance(rng, 40):
        rng.shuffle(order)
    return {op: links[op] for op in order}


def random_spatial(rng: Random, layer: Layer, accelerator: Accelerator) -> Spatial:
    """A spatial mapping as the generator would give it: array dimension -> {loop: unrolling}, possibly empty ones.

    No dimension of the array is exceeded, nor is a loop unrolled beyond its size.
    """
    left = dict(layer.loop_sizes)
    return {dim: _unrolled(rng, left, size) for dim, size in accelerator.array.sizes.items()}


def _unrolled(rng: Random, left: dict[str, int], units: int) -> dict[str, int]:
    """Loops along one array dimension; what they take is taken from ``left``."""
    unrolled: dict[str, int] = {}
    for dim in rng.sample(sorted(left), min(len(left), rng.choice((1, 1, 1, 0, 2, 3)))):
        most = min(units, left[dim])
        factor = most if chance(rng, 65) else rng.randint(1, most)
        unrolled[dim] = factor
        left[dim] //= factor
        units //= factor
    return unrolled


def random_ordering(
    rng: Random, layer: Layer, accelerator: Accelerator, constraints: MappingConstraints, spatial: Spatial
) -> Ordering:
    """A permutation of the temporal loops, cut into prime factors (merged down to a few), innermost first."""
    limit = rng.choice((LPF_LIMIT, LPF_LIMIT, 4, 3))
    factors = reference_factors(layer, accelerator, spatial, limit, constraints)
    rng.shuffle(factors)
    return factors


def random_levels(
    rng: Random, layer: Layer, accelerator: Accelerator, constraints: MappingConstraints, ordering: Ordering
) -> Levels:
    """The ordering cut anywhere into the levels of each operand, whether it fits the memories or not.

    No allocator would cut like this: irrelevant loops stand at the bottom of a level, so that merging down moves them.
    """
    levels: Levels = {}
    for op in layer.operands:
        n_levels = len(accelerator.levels[constraints.operand_links[op]])
        cuts = sorted(rng.randint(0, len(ordering)) for _ in range(n_levels - 1))
        levels[op] = [list(ordering[a:b]) for a, b in pairwise([0, *cuts, len(ordering)])]
    return levels


def random_wishes(rng: Random, layer: Layer, accelerator: Accelerator) -> MappingConstraints:
    """Constraints for the generator: some dimensions given (also too much), some hinted at, most left free."""
    loops = sorted(layer.loop_sizes)
    given: dict[str, dict[str, int]] = {}
    hints: dict[str, tuple[str, ...]] = {}
    for dim in accelerator.array.sizes:
        if chance(rng, 25):
            given[dim] = {loop: rng.randint(1, 16) for loop in rng.sample(loops, rng.choice((1, 1, 2)))}
        elif chance(rng, 25):
            hints[dim] = tuple(rng.sample(loops, rng.randint(1, min(3, len(loops)))))
    return MappingConstraints(spatial_mapping=given, spatial_hints=hints, operand_links=random_links(rng))
