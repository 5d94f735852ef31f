"""Exact search against brute force on the random problem of a seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import isclose
from random import Random

from tests.exact.brute import Everything, everything
from tests.strategies.random_accelerators import random_accelerator
from tests.strategies.random_imc import in_memory
from tests.strategies.random_layers import chance, random_layer
from tests.strategies.random_mappings import random_links, random_spatial
from zigzag_lab.cost.kernel import supports
from zigzag_lab.exact.solve import Answer, solve, solve_front
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.spatial import SpatialMapping
from zigzag_lab.vocab import InfeasibleError, Objective

RELATIVE = 1e-12


def small_problem(seed: int, max_factors: int = 6) -> Problem:
    """A random problem of few loops, on any hierarchy; some arrays compute in memory."""
    rng = Random(seed)
    layer = random_layer(rng, max_factors)
    links = random_links(rng)
    accelerator = random_accelerator(rng, layer, links)
    if seed % 6 == 5 and len(accelerator.array.sizes) > 1:
        accelerator = in_memory(rng, accelerator, grouped=chance(rng, 50))
    constraints = MappingConstraints(operand_links=links)
    return Problem.of(layer, accelerator, constraints, SpatialMapping(random_spatial(rng, layer, accelerator)))


def figure(objective: Objective, energy: float, latency: float) -> float:
    """What an objective minimises."""
    return {Objective.ENERGY: energy, Objective.LATENCY: latency, Objective.EDP: energy * latency}[objective]


def compared(seed: int, limit: int, counts: Counter[str], *, max_factors: int = 6, scalar: bool = False) -> list[str]:
    """In what exact search and brute force differ on a seed; what kind of problem it was goes into the counts."""
    problem, keep_pins = small_problem(seed, max_factors), seed % 3 != 0
    if not supports(problem):
        counts["not covered"] += 1
        return []
    truth = everything(problem, limit, scalar=scalar, keep_pins=keep_pins)
    if truth is None:
        counts["too many mappings"] += 1
        return []
    if not truth.prices:
        counts["nothing fits"] += 1
        return list(_says_nothing_fits(problem))
    counts["compared"] += 1
    counts["mappings"] += truth.n_mappings
    counts["forced double buffering"] += any(m.force_double_buffering for m in problem.accelerator.memories)
    counts["shared memories"] += any(len(sharers) > 1 for sharers in problem.sharers)
    counts["partially relevant loops"] += any(problem.layer.relevancy.partial.values())
    counts["fractional unrollings"] += problem.integer is not problem.fractional
    counts["in-memory arrays"] += problem.accelerator.array.imc is not None
    counts["fronts of several points"] += len(truth.front()) > 1
    return [*_differences(problem, truth, keep_pins, counts)]


def _says_nothing_fits(problem: Problem) -> Iterator[str]:
    try:
        solve(problem, Objective.ENERGY)
    except InfeasibleError:
        return
    yield "found a mapping where none fits"


def _differences(problem: Problem, truth: Everything, keep_pins: bool, counts: Counter[str]) -> Iterator[str]:
    for objective in Objective:
        best = min(figure(objective, *prices) for prices in truth.prices)
        answer = solve(problem, objective, keep_at_output_pins=keep_pins, seconds=None)
        yield from (f"{objective}: {said}" for said in _of_answer(answer, objective, best))
        yield from _of_ties(answer, objective, truth, counts)
        counts["proven"] += answer.certificate.is_proven
        counts["left open"] += not answer.certificate.is_proven
    front = solve_front(problem, keep_at_output_pins=keep_pins, seconds=None)
    ours, theirs = [(p[0], p[1]) for p in front.points], truth.front()
    counts["proven fronts"] += front.is_proven
    if front.is_proven and not (len(ours) == len(theirs) and all(map(_close, ours, theirs))):
        yield f"front: {ours}, brute force {theirs}"


def _of_answer(answer: Answer, objective: Objective, best: float) -> Iterator[str]:
    certificate = answer.certificate
    if not isclose(certificate.best, figure(objective, answer.energy_pj, answer.latency_cycles), rel_tol=RELATIVE):
        yield f"certificate of {certificate.best} for another mapping"
    if certificate.lower_bound > best * (1 + RELATIVE):
        yield f"lower bound {certificate.lower_bound} above {best}"
    if certificate.best < best * (1 - RELATIVE):
        yield f"found {certificate.best}, which brute force misses ({best})"
    if certificate.is_proven and not isclose(certificate.best, best, rel_tol=RELATIVE):
        yield f"proven {certificate.best}, brute force {best}"


def _of_ties(answer: Answer, objective: Objective, truth: Everything, counts: Counter[str]) -> Iterator[str]:
    if ", and of equal ones " not in answer.certificate.space:
        return
    counts["ties settled"] += 1
    first, second = (0, 1) if objective is Objective.ENERGY else (1, 0)
    least = min(prices[first] for prices in truth.prices)
    best = min(prices[second] for prices in truth.prices if prices[first] <= least * (1 + RELATIVE))
    ours = (answer.energy_pj, answer.latency_cycles)[second]
    if not isclose(ours, best, rel_tol=RELATIVE):
        yield f"{objective}: {ours} in the other figure, brute force {best}"


def _close(a: tuple[float, float], b: tuple[float, float]) -> bool:
    return isclose(a[0], b[0], rel_tol=RELATIVE) and isclose(a[1], b[1], rel_tol=RELATIVE)
