"""The best of all mappings of a problem, uneven or even, with a certificate; or all of its trade-offs."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from zigzag_lab.cost.certificate import ALL_EVEN, ALL_UNEVEN, TOLERANCE, Certificate, FrontCertificate
from zigzag_lab.cost.kernel import supports
from zigzag_lab.exact.builder import build
from zigzag_lab.exact.graph import Graph, batch_of
from zigzag_lab.exact.relaxed import EnergyCutoff, Relaxation, compulsory
from zigzag_lab.exact.search import WIDTHS, Outcome, Search, offer, offer_cheapest
from zigzag_lab.exact.smallest import check_smallest_tiles, smallest_mapping
from zigzag_lab.exact.space import Space, TooLargeError
from zigzag_lab.exact.targets import Best, Front, Target
from zigzag_lab.mapping.batch import MappingBatch
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.vocab import InfeasibleError, Objective, TemporalMappingType
from zigzag_lab.vocab.options import TEMPORAL_MAPPING_TYPE, TIME_LIMIT

MOST_STEPS = 4_000_000
MOST_POINTS = 200_000
"""Tile shapes in a space; each takes some hundred numbers of 8 bytes."""

COARSE_LOOPS = (16, 13, 10, 7)
"""Loops of the coarser spaces that stand in for one that is too large, the finest first."""
MOST_COARSE_STEPS, MOST_COARSE_POINTS = 1_000_000, MOST_POINTS

MOST_ONE_BY_ONE = 2_000
"""Mappings that are all priced where the kernel does not cover the problem, in about a second."""

SPACES = {TemporalMappingType.UNEVEN: ALL_UNEVEN, TemporalMappingType.EVEN: ALL_EVEN}


@dataclass(frozen=True)
class Solution:
    """The best mapping found.

    Attributes:
        batch, index: where the mapping stands.
        energy_pj, latency_cycles: its price.
        certificate: what was proven.
    """

    batch: MappingBatch
    index: int
    energy_pj: float
    latency_cycles: float
    certificate: Certificate


@dataclass(frozen=True)
class FrontSolution:
    """Trade-offs of energy and latency.

    Attributes:
        points: (energy in pJ, latency in cycles, batch, index in it), energy ascending.
        certificate: what was proven.
    """

    points: tuple[tuple[float, float, MappingBatch, int], ...]
    certificate: FrontCertificate


class NothingBetterError(Exception):
    """No mapping beats what was to be beaten.

    Attributes:
        certificate: what was proven; its best is what was to be beaten.
    """

    def __init__(self, certificate: Certificate) -> None:
        super().__init__(f"no mapping is better than {certificate.best}")
        self.certificate = certificate


def solve(
    problem: Problem,
    objective: Objective,
    kind: TemporalMappingType = TEMPORAL_MAPPING_TYPE.default,
    *,
    seconds: float | None = TIME_LIMIT.default,
    known: Iterable[MappingBatch] = (),
    to_beat: float = np.inf,
) -> Solution:
    """The mapping of least energy, latency or product of both among all of a kind.

    Where the output slides (its loops overlap), which the bounds do not cover, it is the best of all only if these are
    few; else, the certificate has the bound that holds for any mapping.

    Args:
        problem: what is mapped.
        objective: what to minimise.
        kind: uneven or even mappings.
        seconds: when to stop, with a bound of the distance from the best; None to go on until it is proven.
        known: incumbents to start from; the better, the sooner the proof.
        to_beat: what was found under another spatial mapping.

    Raises:
        InfeasibleError: nothing fits, proven or as far as could be seen in time.
        NothingBetterError: everything costs more than what is to be beaten, or nothing better was found in time.
    """
    started, target = time.monotonic(), Best(objective, to_beat)
    run = _search(problem, kind, target, seconds, known)
    best = min(target.best, to_beat)
    certificate = Certificate(
        objective=objective,
        lower_bound=min(run.lower_bound, best),
        best=best,
        space=SPACES[kind],
        n_mappings=run.n_mappings,
        n_priced=run.n_priced,
        seconds=time.monotonic() - started,
    )
    if target.best > to_beat or (target.batch is None and to_beat < np.inf):
        raise NothingBetterError(certificate)
    if target.batch is None:
        raise nothing_found(problem)
    if run.is_tie_settled:
        certificate = certificate.with_ties_settled()
    energy, latency = target.prices
    return Solution(target.batch, target.index, energy, latency, certificate)


def nothing_found(problem: Problem) -> InfeasibleError:
    """Return the error where a search ended before it found anything, and before it proved that nothing fits."""
    return InfeasibleError(problem.layer.name, "no mapping was found that fits the memories", is_proven=False)


def solve_front(
    problem: Problem,
    kind: TemporalMappingType = TEMPORAL_MAPPING_TYPE.default,
    *,
    seconds: float | None = TIME_LIMIT.default,
    known: Iterable[MappingBatch] = (),
) -> FrontSolution:
    """All mappings that no other beats in both energy and latency; arguments as in :func:`solve`."""
    started, front = time.monotonic(), Front()
    run = _search(problem, kind, front, seconds, known)
    work = run.n_mappings, run.n_priced, time.monotonic() - started
    return FrontSolution(tuple(front.points), FrontCertificate(run.lower_bound == np.inf, SPACES[kind], *work))


def _search(
    problem: Problem, kind: TemporalMappingType, target: Target, seconds: float | None, known: Iterable[MappingBatch]
) -> Outcome:
    now = time.monotonic()
    deadline, halfway = (np.inf, np.inf) if seconds is None else (now + seconds, now + seconds / 2)
    space = None
    with suppress(TooLargeError):
        space = Space(problem, kind, most_points=MOST_POINTS)
    is_bounded = supports(problem)
    if space and is_bounded and isinstance(target, Best) and target.to_beat < np.inf:
        floor = _without_graph(space, target)
        if floor < np.inf and target.is_safe_from(floor):
            return Outcome(floor)
    n_known = sum(len(offer(target, batch).energy_pj) for batch in known)
    if not target.has_found:
        check_smallest_tiles(problem)
    try:
        if space is None:
            raise TooLargeError
        run = _beating(space, target, now, deadline) if is_bounded else None
        run = run or (_proven if is_bounded else _one_by_one)(_graph(space, now, halfway), target, deadline)
    except TooLargeError:
        n_priced = _offer_coarser(problem, kind, target, deadline)
        floor = _without_graph(space, target) if space and is_bounded else _floor(problem, target)
        run = Outcome(floor, n_priced)
    if not target.has_found:
        smallest = smallest_mapping(problem, kind)
        if smallest is not None:
            offer(target, smallest)
    run.n_priced += n_known
    return run


def _floor(problem: Problem, target: Target) -> float:
    """The least rank that any mapping can have, by its operations alone."""
    energy, latency = np.array(compulsory(problem))
    return float(target.value(energy, latency))


def _one_by_one(graph: Graph, target: Target, deadline: float) -> Outcome:
    """Price all mappings of a graph, or, of too many, those that promise most, where bounds do not cover the problem.

    What bounds say of such problems is an estimate, which does to choose by.
    """
    n_mappings = graph.n_walks()
    if n_mappings <= MOST_ONE_BY_ONE:
        walks = graph.walks()
        offer(target, batch_of(graph, walks))
        return Outcome(np.inf, walks.shape[1], n_mappings)
    search = Search(graph, target, deadline)
    search.offer_extremes()
    search.sweep(WIDTHS[0])
    return Outcome(_floor(graph.space.problem, target), search.outcome.n_priced, n_mappings)


def _offer_coarser(problem: Problem, kind: TemporalMappingType, target: Target, deadline: float) -> int:
    """Offer a target the best of the finest coarse space that can be searched in time, or of the coarsest.

    In a coarser space, prime factors of a loop dimension are merged, so that there are fewer loops; any order and any
    allocation of these is still in it.

    Returns:
        How many mappings were priced.
    """
    for most_loops in COARSE_LOOPS:
        halfway = time.monotonic() + (deadline - time.monotonic()) / 2
        enough = halfway if most_loops > COARSE_LOOPS[-1] else np.inf
        try:
            space = Space(problem, kind, most_loops=most_loops, most_points=MOST_COARSE_POINTS)
            graph = build(space, MOST_COARSE_STEPS, enough)
        except (TooLargeError, InfeasibleError):
            continue
        if not supports(problem):
            return _one_by_one(graph, target, deadline).n_priced
        return Search(graph, target, deadline).run().n_priced
    return 0


def _beating(space: Space, target: Target, now: float, deadline: float) -> Outcome | None:
    """Search under the energy cutoff that the incumbent implies; None where it implies none."""
    if not isinstance(target, Best) or target.to_beat == np.inf or target.best == np.inf:
        return None
    most_pj = _most_dynamic_pj(space, target.objective, min(target.to_beat, target.best))
    if most_pj == np.inf:
        return None
    try:
        graph = _graph(space, now, now + (deadline - now) / 2, most_pj)
    except InfeasibleError:
        return Outcome(min(target.to_beat, target.best))
    return replace(_proven(graph, target, deadline), n_mappings=0.0)


def _most_dynamic_pj(space: Space, objective: Objective, most: float) -> float:
    """Return the dynamic energy above which a mapping is worse than an objective's value; infinite without such."""
    static = space.problem.accelerator.static_pj_per_cycle
    if objective is Objective.LATENCY:
        return np.inf
    if objective is Objective.ENERGY and not static:
        return most
    least_cycles = Relaxation(space).latency_cycles()
    most_pj = most if objective is Objective.ENERGY else most / least_cycles
    return most_pj * (1 + TOLERANCE) - static * least_cycles if static else most_pj


def _graph(space: Space, now: float, halfway: float, most_pj: float = np.inf) -> Graph:
    """The graph of a space; orders of loops that decide sizes of tiles are distinguished unless they are too many."""
    if space.is_ambiguous:
        try:
            return _below(space.with_traces(), most_pj, (now + halfway) / 2)
        except TooLargeError:
            pass
    return _below(space, most_pj, halfway)


def _below(space: Space, most_pj: float, deadline: float) -> Graph:
    return build(space, MOST_STEPS, deadline, EnergyCutoff(space, most_pj) if most_pj < np.inf else None)


def _proven(graph: Graph, target: Target, deadline: float) -> Outcome:
    """Search a graph, the cheapest ways first where dynamic energy is all."""
    n_mappings = graph.n_walks()
    leaks = graph.space.problem.accelerator.static_pj_per_cycle > 0
    if isinstance(target, Best) and target.objective is Objective.ENERGY and not leaks:
        lower_bound, cheapest = offer_cheapest(graph, target)
        if lower_bound >= target.best * (1 - TOLERANCE):
            search = Search(cheapest, target, deadline)
            is_settled = search.settle_ties(target)
            return Outcome(lower_bound, 1 + search.outcome.n_priced, n_mappings, is_settled)
    search = Search(graph, target, deadline)
    at_root = search.bound_at_root()
    lower_bound, is_settled = max(at_root, search.run().lower_bound), False
    if isinstance(target, Best) and target.objective is Objective.LATENCY:
        is_settled = search.settle_ties(target)
    return Outcome(lower_bound, search.outcome.n_priced, n_mappings, is_settled)


def _without_graph(space: Space, target: Target) -> float:
    """A lower bound of the rank of all mappings, cheap for spaces of any size; no higher than makes a difference."""
    relaxed, enough = Relaxation(space), np.inf
    objective = target.objective if isinstance(target, Best) else Objective.EDP
    static = space.problem.accelerator.static_pj_per_cycle
    energy = latency = 1.0
    if objective is not Objective.LATENCY:
        energy = relaxed.energy_pj()
    if isinstance(target, Best) and target.to_beat < np.inf:
        if objective is not Objective.ENERGY:
            enough = target.to_beat / energy * (1 + TOLERANCE)
        elif static:
            enough = (target.to_beat * (1 + TOLERANCE) - energy) / static
    if objective is not Objective.ENERGY or static:
        latency = relaxed.latency_cycles(enough)
    energy = energy + static * latency if static and objective is not Objective.LATENCY else energy
    return energy if objective is Objective.ENERGY else energy * latency
