"""Exact search against brute force on the random case of a seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import isclose
from random import Random
from typing import Any

from tests.exact.brute import Everything, everything
from tests.exact.cases import Case, random_case
from tests.exact.features import INEXACT, features_of
from tests.strategies.random_accelerators import random_accelerator
from tests.strategies.random_imc import in_memory
from tests.strategies.random_layers import chance, random_layer
from tests.strategies.random_mappings import random_links, random_spatial
from zigzag_lab.cost import Certificate, CostModelEvaluation, FrontCertificate
from zigzag_lab.exact.solve import solve, solve_front
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.spatial import SpatialMapping
from zigzag_lab.stages import (
    CostModelStage,
    ExactFrontStage,
    ExactStage,
    MinimalEDPStage,
    MinimalEnergyStage,
    MinimalLatencyStage,
    ParetoFrontStage,
    SpatialMappingConversionStage,
    SpatialMappingGeneratorStage,
)
from zigzag_lab.vocab import InfeasibleError, Objective

RELATIVE = 1e-12
SETTLED = "of equal ones"
"""What a certificate says where no equal mapping is better in the figure that was not minimised."""

REDUCTIONS = {
    Objective.ENERGY: MinimalEnergyStage,
    Objective.LATENCY: MinimalLatencyStage,
    Objective.EDP: MinimalEDPStage,
}

Points = list[tuple[float, float]]


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


# -- answers -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """What exact search answers: a price, and what it says it proved."""

    energy_pj: float
    latency_cycles: float
    certificate: Certificate


def best_of(case: Case, objective: Objective) -> Found:
    """The best by exact search; through the stages where there is something to choose from."""
    if case.is_plain:
        answer = solve(case.given, objective, seconds=None)
        return Found(answer.energy_pj, answer.latency_cycles, answer.certificate)
    best = winner(case, objective)
    assert isinstance(best.certificate, Certificate)
    return Found(best.energy_total, best.latency_total2, best.certificate)


def winner(case: Case, objective: Objective) -> CostModelEvaluation:
    """The best by the stages."""
    stages = [*_choosing(case), ExactStage, CostModelStage]
    ((best, _),) = REDUCTIONS[objective](stages, exact_objective=objective, **_keywords(case)).run()
    assert isinstance(best, CostModelEvaluation)
    return best


def front_of(case: Case) -> tuple[Points, bool, float]:
    """The front, whether it is proven, and the size of the space."""
    if case.is_plain:
        front = solve_front(case.given, seconds=None)
        return [(p[0], p[1]) for p in front.points], front.certificate.is_proven, front.certificate.n_mappings
    stages = [*_choosing(case), ExactFrontStage, CostModelStage]
    cmes = [cme for cme, _ in ParetoFrontStage(stages, **_keywords(case)).run()]
    (certificate,) = {cme.certificate for cme in cmes}  # type: ignore[attr-defined]
    assert isinstance(certificate, FrontCertificate)
    points = [(cme.energy_total, cme.latency_total2) for cme in cmes]
    return points, certificate.is_proven, certificate.n_mappings


def _choosing(case: Case) -> list[Any]:
    return [SpatialMappingGeneratorStage if case.all_spatial else SpatialMappingConversionStage]


def _keywords(case: Case) -> dict[str, Any]:
    given = case.given
    keywords: dict[str, Any] = {"user_spatial_mapping": given.spatial_mapping}
    if case.all_spatial:
        keywords = {"nb_mappings_generated": None, "enable_mix_spatial_mapping_generation": case.mixed}
    return {
        "layer": given.layer,
        "accelerator": given.accelerator,
        "constraints": given.constraints,
        "access_same_data_considered_as_no_access": given.skip_repeated_reads,
        "exact_time_limit": None,
        **keywords,
    }


# -- differences -------------------------------------------------------------------------------------------------------


def truth_of(case: Case, limit: int, *, scalar: bool) -> Everything | None:
    """Every mapping of every problem of a case; None where they are more than a limit."""
    together = Everything()
    for problem in case.problems:
        found = everything(problem, limit - together.n_mappings, scalar=scalar)
        if found is None:
            return None
        together.add(found)
    return together


def compared(
    seed: int, counts: Counter[str], *, limit: int, sizes: tuple[int, int] | None = None, scalar: bool = True
) -> list[str]:
    """In what exact search and brute force differ on the case of a seed."""
    return differences(random_case(seed, sizes), counts, limit=limit, scalar=scalar)


def differences(case: Case, counts: Counter[str], *, limit: int, scalar: bool = True) -> list[str]:
    """In what exact search and brute force differ; what kind of case it was goes into the counts."""
    truth = truth_of(case, limit, scalar=scalar)
    if truth is None:
        counts["too many mappings"] += 1
        return []
    if not truth.prices:
        counts["nothing fits"] += 1
        return list(_says_nothing_fits(case))
    counts["compared"] += 1
    counts["mappings"] += truth.n_mappings
    counts["priced by the scalar model" if scalar else "priced by the kernel"] += truth.n_distinct
    counts["by the scalar model"] += scalar
    counts["priced by both"] += truth.n_checked
    counts["of 40,000 mappings and more"] += truth.n_mappings >= 40_000
    counts.update(features_of(case))
    counts["fronts of several points"] += len(truth.front()) > 1
    return [*truth.complaints, *differences_from(truth, case, counts)]


def _says_nothing_fits(case: Case) -> Iterator[str]:
    try:
        best_of(case, Objective.ENERGY)
    except InfeasibleError:
        return
    yield "found a mapping where none fits"


def differences_from(truth: Everything, case: Case, counts: Counter[str]) -> Iterator[str]:
    """In what exact search differs from the prices of all mappings."""
    for objective in Objective:
        best = min(figure(objective, *prices) for prices in truth.prices)
        found = best_of(case, objective)
        yield from (f"{objective}: {said}" for said in (*_of_answer(found, objective, best), *_of_ties(found, truth)))
        counts["proven"] += found.certificate.is_proven
        counts["left open"] += not found.certificate.is_proven
        counts["ties settled"] += SETTLED in found.certificate.space
        counts["left open, and not the best"] += not isclose(found.certificate.best, best, rel_tol=RELATIVE)
    points, is_proven, n_mappings = front_of(case)
    counts["proven fronts"] += is_proven
    counts["open fronts"] += not is_proven
    if is_proven and not _same(points, truth.front()):
        yield f"front: {points}, brute force {truth.front()}"
    counts["open fronts that differ"] += not is_proven and not _same(points, truth.front())
    is_exact = INEXACT not in features_of(case)  # elsewhere, what fits may hang on the last digit
    if n_mappings < truth.n_distinct or (is_exact and n_mappings > truth.n_distinct):
        yield f"a space of {n_mappings:.0f} mappings, brute force {truth.n_distinct}"
    counts["spaces of the same size"] += n_mappings == truth.n_distinct


def _of_answer(found: Found, objective: Objective, best: float) -> Iterator[str]:
    certificate = found.certificate
    if not isclose(certificate.best, figure(objective, found.energy_pj, found.latency_cycles), rel_tol=RELATIVE):
        yield f"certificate of {certificate.best} for another mapping"
    if certificate.lower_bound > best * (1 + RELATIVE):
        yield f"lower bound {certificate.lower_bound} above {best}"
    if certificate.best < best * (1 - RELATIVE):
        yield f"found {certificate.best}, which brute force misses ({best})"
    if certificate.is_proven and not isclose(certificate.best, best, rel_tol=RELATIVE):
        yield f"proven {certificate.best}, brute force {best}"


def _of_ties(found: Found, truth: Everything) -> Iterator[str]:
    """What is wrong with the claim that of equal mappings none is better in the other figure."""
    if SETTLED not in found.certificate.space:
        return
    second = 0 if found.certificate.objective is Objective.LATENCY else 1
    ours = found.energy_pj, found.latency_cycles
    least = min(p[second] for p in truth.prices if isclose(p[1 - second], ours[1 - second], rel_tol=RELATIVE))
    if ours[second] > least * (1 + RELATIVE):
        yield f"ties settled at {ours}, though one has {least}"


def _same(ours: Points, theirs: Points) -> bool:
    return len(ours) == len(theirs) and all(map(_close, ours, theirs))


def _close(a: tuple[float, float], b: tuple[float, float]) -> bool:
    return isclose(a[0], b[0], rel_tol=RELATIVE) and isclose(a[1], b[1], rel_tol=RELATIVE)
