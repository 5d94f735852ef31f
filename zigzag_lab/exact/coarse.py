"""What is done where a space is too large: the best of a coarser one, and a bound of all the same.

In a coarser space, prime factors of a loop dimension are merged, so that there are fewer loops; any order and any
allocation of these is still in it.
"""

from __future__ import annotations

import time
from math import inf

from zigzag_lab.exact.builder import build
from zigzag_lab.exact.search import Search
from zigzag_lab.exact.space import Space, TooLargeError
from zigzag_lab.exact.targets import Target
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.vocab import InfeasibleError

MOST_POINTS = 200_000
"""Tile shapes in a space; each takes some hundred numbers of 8 bytes."""

LOOPS = (16, 13, 10, 7)
_MOST_STEPS = 1_000_000


def offer_coarser(problem: Problem, target: Target, deadline: float) -> int:
    """Let a target consider the best of the finest coarse space that can be searched in time, or of the coarsest.

    Returns:
        How many mappings were priced.
    """
    for most_loops in LOOPS:
        halfway = time.monotonic() + (deadline - time.monotonic()) / 2
        enough = halfway if most_loops > LOOPS[-1] else inf
        try:
            space = Space(problem, most_loops=most_loops, most_points=MOST_POINTS)
            graph = build(space, _MOST_STEPS, enough)
        except (TooLargeError, InfeasibleError):
            continue
        return Search(graph, target, deadline).run().n_priced
    return 0
