"""Problems in which orders of the same loops make tiles of different sizes.

Among random problems they are rare. Here channels are unrolled so that half of one is left over, and windows slide over
odd sizes: elements then end on a half, and the last digit of a product of fractions decides how they are rounded.
"""

from __future__ import annotations

from random import Random

from tests.strategies.random_accelerators import random_accelerator
from tests.strategies.random_layers import chance
from tests.strategies.random_mappings import random_links
from zigzag_lab.exact.builder import build
from zigzag_lab.exact.graph import Graph
from zigzag_lab.exact.space import Space
from zigzag_lab.hardware import Accelerator
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.spatial import SpatialMapping
from zigzag_lab.vocab import InfeasibleError
from zigzag_lab.workload import DimensionRelation, Layer


def halved_problem(seed: int) -> Problem | None:
    """The convolution of a seed; None where orders of its loops make no difference to the size of any tile."""
    rng = Random(seed)
    sizes = {"K": rng.choice((1, 2)), "C": rng.choice((3, 5, 7))}
    sizes |= {dim: rng.choice((1, 3, 5, 7)) for dim in ("OX", "OY", "FX", "FY")}
    relations = tuple(DimensionRelation(f"I{a}", f"O{a}", rng.choice((1, 2, 3, 4)), f"F{a}", 1) for a in "XY")
    precision = {"W": 8, "I": rng.choice((8, 4)), "O": rng.choice((16, 24)), "O_final": 8}
    operands = {"O": ("K", "OX", "OY"), "W": ("K", "C", "FX", "FY"), "I": ("C", "IX", "IY")}
    layer = Layer(0, "conv", "Conv", operands, sizes, relations=relations, precision_bits=precision)
    links = random_links(rng)
    accelerator = random_accelerator(rng, layer, links)
    spatial = _unrolled(rng, sizes, accelerator)
    problem = Problem.of(layer, accelerator, MappingConstraints(operand_links=links), spatial)
    return problem if _tells_orders_apart(problem) else None


def followed_graph(problem: Problem) -> Graph | None:
    """The graph of a problem, orders of loops told apart where they matter; None where nothing fits."""
    try:
        return build(Space(problem).with_traces())
    except InfeasibleError:
        return None


def _tells_orders_apart(problem: Problem) -> bool:
    graph = followed_graph(problem) if Space(problem).is_ambiguous else None
    return graph is not None and bool((graph.kinds.row > graph.space.lattice.full).any())


def _unrolled(rng: Random, sizes: dict[str, int], accelerator: Accelerator) -> SpatialMapping:
    """Two channels side by side, and sometimes a sliding dimension."""
    array = accelerator.array.sizes
    unrolled: dict[str, dict[str, int]] = {dim: {} for dim in array}
    roomy = [dim for dim, units in array.items() if units > 1]
    sliding = ["OX", "OY", "FX"]
    for dim in rng.sample(roomy, len(roomy)):
        if not any(unrolled.values()):
            unrolled[dim] = {"C": 2 if chance(rng, 70) else min(array[dim], sizes["C"])}
        elif sliding and chance(rng, 50):
            loop = sliding.pop(rng.randrange(len(sliding)))
            unrolled[dim] = {loop: min(array[dim], sizes[loop])}
    return SpatialMapping(unrolled)
