"""Whole random problems, as hypothesis strategies and from a plain seed (for long runs by hand).

Example::

    @given(problems())
    def test_same_price(problem: RandomProblem) -> None:
        levels = reference_allocate(*problem.scene, problem.spatial, problem.ordering)
        ...
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from hypothesis import strategies as st

from tests.oracle.bridge import Levels, Ordering, Spatial, reference_allocate
from tests.strategies.random_accelerators import random_accelerator
from tests.strategies.random_layers import MAX_FACTORS, chance, random_layer
from tests.strategies.random_mappings import (
    random_levels,
    random_links,
    random_ordering,
    random_spatial,
    random_wishes,
)
from tests.strategies.tight_ports import tightened
from zigzag_lab.hardware import Accelerator
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.workload import Layer

Scene = tuple[Layer, Accelerator, MappingConstraints]
"""What every question to the oracle starts with."""


@dataclass(frozen=True)
class RandomProblem:
    """One mapping to be allocated and priced.

    Attributes:
        layer: what is computed.
        accelerator: on what.
        constraints: carries the operand links only.
        spatial: array dimension -> {loop: unrolling}, all array dimensions present.
        ordering: temporal loops, innermost first; it need not fit the memories.
        levels: the ordering cut at random into each operand's levels, fit or not: a mapping that can always be priced.
    """

    layer: Layer
    accelerator: Accelerator
    constraints: MappingConstraints
    spatial: Spatial
    ordering: Ordering
    levels: Levels

    @property
    def scene(self) -> Scene:
        """What every question to the oracle starts with."""
        return self.layer, self.accelerator, self.constraints


def random_problem(seed: int) -> RandomProblem:
    """The problem of a seed, the same at every run."""
    return _problem(Random(seed))


def _problem(rng: Random) -> RandomProblem:
    layer = random_layer(rng)
    links = random_links(rng)
    accelerator = random_accelerator(rng, layer, links)
    constraints = MappingConstraints(operand_links=links)
    spatial = random_spatial(rng, layer, accelerator)
    ordering = random_ordering(rng, layer, accelerator, constraints, spatial)
    levels = random_levels(rng, layer, accelerator, constraints, ordering)
    if chance(rng, 45):
        allocated = reference_allocate(layer, accelerator, constraints, spatial, ordering)
        accelerator = tightened(rng, layer, accelerator, constraints, spatial, allocated or levels)
    return RandomProblem(layer, accelerator, constraints, spatial, ordering, levels)


def random_search(seed: int, max_factors: int = MAX_FACTORS) -> Scene:
    """A layer, an accelerator and wishes for the spatial mapping, for comparing generators and searches.

    For whole searches take ``max_factors`` of 4 or 5: the reference tries every ordering, at milliseconds each.
    """
    return _search(Random(seed), max_factors)


def _search(rng: Random, max_factors: int) -> Scene:
    layer = random_layer(rng, max_factors)
    accelerator = random_accelerator(rng, layer)
    return layer, accelerator, random_wishes(rng, layer, accelerator)


def _randoms(shrinkable: bool = True) -> st.SearchStrategy[Random]:
    """Sources of chance: drawn call by call (failures shrink, but cases resemble each other) or seeded (they vary)."""
    return st.randoms(use_true_random=False) if shrinkable else st.integers(0, 2**32 - 1).map(Random)


def problems(shrinkable: bool = False) -> st.SearchStrategy[RandomProblem]:
    """Whole problems; memories are sized by the layer so that about half of the orderings fit.

    Args:
        shrinkable: whether hypothesis may shrink a failing problem; a tenth are then repetitions, and more of them fit.
    """
    return _randoms(shrinkable).map(_problem)


def searches(max_factors: int = MAX_FACTORS, shrinkable: bool = False) -> st.SearchStrategy[Scene]:
    """Layers, accelerators and wishes, for comparing generators and searches (see :func:`random_search`)."""
    return _randoms(shrinkable).map(lambda rng: _search(rng, max_factors))


def layers() -> st.SearchStrategy[Layer]:
    """Layers of every kind."""
    return _randoms().map(random_layer)


def accelerators(layer: Layer | None = None) -> st.SearchStrategy[Accelerator]:
    """Accelerators, their memories sized by the layer (default links) or, without one, for some kilobytes."""
    return _randoms().map(lambda rng: random_accelerator(rng, layer))


def spatial_mappings(layer: Layer, accelerator: Accelerator) -> st.SearchStrategy[Spatial]:
    """Spatial mappings in the generator's form that the array and the loops allow."""
    return _randoms().map(lambda rng: random_spatial(rng, layer, accelerator))


def orderings(
    layer: Layer, accelerator: Accelerator, constraints: MappingConstraints, spatial: Spatial
) -> st.SearchStrategy[Ordering]:
    """Permutations of the temporal loops that a spatial mapping leaves."""
    return _randoms().map(lambda rng: random_ordering(rng, layer, accelerator, constraints, spatial))
