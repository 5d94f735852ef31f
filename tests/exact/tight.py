"""Designs with hardly any room, against brute force: a layer is feasible exactly where some mapping fits.

Memories are cut down to what one mapping, drawn at random, needs there, or to a bit less, so that greedy searches often
find nothing where something fits. Mappings are uneven or even; some layers have a wanted order of loops, or outputs
that slide. What fits is listed by ``tests.exact.brute``; prices are compared with those of the live ZigZag.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations, combinations_with_replacement, product
from math import ceil, isclose
from random import Random
from typing import Any

from tests.exact.brute import (
    SLACK,
    Cuts,
    Loops,
    Mapping,
    is_as_wished,
    loops_of,
    most_mappings,
    moved_down,
    orders,
    reserved_bits,
    scalar_price,
)
from tests.exact.comparison import REDUCTIONS, figure
from tests.exact.repricing import repriced
from tests.strategies.random_accelerators import random_accelerator
from tests.strategies.random_layers import chance, random_layer
from tests.strategies.random_mappings import random_links, random_spatial
from zigzag_lab.cost import Certificate, CostModelEvaluation
from zigzag_lab.cost.kernel import supports
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.spatial import SpatialMapping
from zigzag_lab.search.spatial import spatial_mappings
from zigzag_lab.stages import (
    CostModelStage,
    ExactStage,
    LomaStage,
    SalsaStage,
    SpatialMappingConversionStage,
    SpatialMappingGeneratorStage,
    TemporalOrderingConversionStage,
)
from zigzag_lab.stages.recording import SinkLog
from zigzag_lab.vocab import InfeasibleError, InputError, Objective, TemporalMappingType
from zigzag_lab.workload import Layer

MOST_MAPPINGS, MOST_SPATIAL, MOST_OF_SEVERAL = 3_000, 30, 10_000
RELATIVE = 1e-12
Mappings = list[tuple[Problem, Mapping]]
WHOLE_SPACES = tuple(f"all {kind} mappings" for kind in TemporalMappingType)


@dataclass(frozen=True)
class TightCase:
    """What is asked: a problem, by which search and for which kind of mappings.

    Attributes:
        problem: with the spatial mapping that is given, if not all are tried.
        all_spatial: those, where they are.
    """

    problem: Problem
    kind: TemporalMappingType
    search: Any
    objective: Objective
    all_spatial: tuple[SpatialMapping, ...] = ()

    @property
    def problems(self) -> list[Problem]:
        """One for each spatial mapping."""
        given = self.problem
        scene = given.layer, given.accelerator, given.constraints
        return [Problem.of(*scene, spatial) for spatial in self.all_spatial] or [given]


def tight_case(seed: int) -> TightCase:
    """The case of a seed."""
    rng = Random(seed)
    while True:
        problem = _drawn(rng)
        if problem is not None and problem.temporal_sizes and most_mappings(problem) <= MOST_MAPPINGS:
            break
    kind = TemporalMappingType.EVEN if chance(rng, 40) else TemporalMappingType.UNEVEN
    search = rng.choice((LomaStage, LomaStage, SalsaStage, ExactStage))
    order = loops_of(problem)
    rng.shuffle(order)
    if chance(rng, 20):
        search = TemporalOrderingConversionStage
        problem = replace(problem, constraints=replace(problem.constraints, temporal_ordering=tuple(order)))
    elif chance(rng, 20):
        problem = replace(problem, constraints=replace(problem.constraints, temporal_ordering=(order[0],)))
    case = TightCase(_cut_down(rng, problem, tuple(order), kind), kind, search, rng.choice(list(Objective)))
    return with_all_spatial(case) if not problem.constraints.temporal_ordering and chance(rng, 50) else case


def with_all_spatial(case: TightCase) -> TightCase:
    """The case with all spatial mappings instead of one; as it is where they are too many."""
    given = case.problem
    try:
        found = spatial_mappings(given.layer, given.accelerator, given.constraints, None)
    except InputError:
        return case
    several = replace(case, all_spatial=tuple(found))
    too_many = len(found) > MOST_SPATIAL or sum(map(most_mappings, several.problems)) > MOST_OF_SEVERAL
    return case if too_many else several


def _drawn(rng: Random) -> Problem | None:
    layer, links = random_layer(rng, rng.choice((3, 4, 5))), random_links(rng)
    if layer.precision_bits["O_final"] > layer.precision_bits["O"]:
        layer = replace(layer, precision_bits={**layer.precision_bits, "O_final": layer.precision_bits["O"]})
    if layer.relations and chance(rng, 40):
        layer = transposed(layer)
    accelerator = random_accelerator(rng, layer, links)
    spatial = SpatialMapping(random_spatial(rng, layer, accelerator))
    problem = Problem.of(layer, accelerator, MappingConstraints(operand_links=links), spatial)
    return problem if any(len(sharers) > 1 for sharers in problem.sharers[:-1]) else None


def transposed(layer: Layer) -> Layer:
    """The layer with the dimensions of output and input exchanged: one whose outputs slide."""
    dims = layer.operand_dims
    swapped = {"O": dims["I"], "I": dims["O"]}
    return replace(layer, operand_dims={op: swapped.get(op, of_op) for op, of_op in dims.items()})


def _cut_down(rng: Random, problem: Problem, order: Loops, kind: TemporalMappingType) -> Problem:
    """The problem with memories of the size that a mapping needs, rarely less; private ones, which lure, often more."""
    cuts = _random_cuts(rng, problem, order, kind)
    moved = {op: moved_down(problem, op, order, of_op) for op, of_op in cuts.items()}
    memories = []
    for memory, sharers in zip(problem.accelerator.memories, problem.sharers, strict=True):
        needed = sum(reserved_bits(problem, op, level, order, moved[op]) for op, level in sharers)
        ample = rng.choice((1.0, 2.0, 4.0, 8.0)) if len(sharers) < 2 else 0.9 if chance(rng, 20) else 1.0
        memories.append(replace(memory, size_bits=max(1, ceil(needed * ample))))
    accelerator = replace(problem.accelerator, memories=tuple(memories))
    return Problem.of(problem.layer, accelerator, problem.constraints, problem.spatial_mapping)


def _random_cuts(rng: Random, problem: Problem, order: Loops, kind: TemporalMappingType) -> dict[str, Cuts]:
    n, tops = len(order), {levels[-1] for levels in problem.memories.values()}
    ends = {i: n if i in tops else rng.randint(0, n) for i in range(len(problem.sharers))}
    found = {}
    for op, levels in problem.memories.items():
        inner = sorted(rng.randint(0, n) for _ in levels[:-1])
        if kind is TemporalMappingType.EVEN:
            inner = [max(ends[i] for i in levels[: at + 1]) for at in range(len(levels) - 1)]
        found[op] = (*inner, n)
    return found


# -- brute force -------------------------------------------------------------------------------------------------------


def all_mappings(problem: Problem, kind: TemporalMappingType) -> Iterator[Mapping]:
    """Every mapping that fits as it is priced, irrelevant loops moved down; allocated by hand."""
    for order in orders(loops_of(problem)):
        if not is_as_wished(problem, order):
            continue
        n_inner = (len(levels) - 1 for levels in problem.memories.values())
        choices = [combinations_with_replacement(range(len(order) + 1), n) for n in n_inner]
        for chosen in product(*choices):
            cuts = {op: (*of_op, len(order)) for op, of_op in zip(problem.operands, chosen, strict=True)}
            if (kind is TemporalMappingType.UNEVEN or is_even(problem, cuts)) and fits(problem, order, cuts):
                yield Mapping(order, tuple(cuts.items()))


def fits(problem: Problem, order: Loops, cuts: dict[str, Cuts]) -> bool:
    """Whether every memory holds its tiles together, irrelevant loops moved down."""
    moved = {op: moved_down(problem, op, order, of_op) for op, of_op in cuts.items()}
    return all(
        sum(reserved_bits(problem, op, level, order, moved[op]) for op, level in sharers) <= memory.size_bits * SLACK
        for memory, sharers in zip(problem.accelerator.memories, problem.sharers, strict=True)
    )


def is_even(problem: Problem, cuts: dict[str, Cuts]) -> bool:
    """Whether operands that share a memory keep loops there up to the same position, or keep none and are beyond it."""
    for sharers in problem.sharers:
        places = [((0, *cuts[op])[level], cuts[op][level]) for op, level in sharers]
        for first, second in combinations(places, 2):
            (_, end), (start, beyond) = sorted((first, second), key=lambda place: place[1])
            if end != beyond and start != beyond:
                return False
    return True


# -- what the tool says ------------------------------------------------------------------------------------------------


def asked(case: TightCase, log: SinkLog) -> CostModelEvaluation:
    """What the stages find."""
    problem, reduction = case.problem, REDUCTIONS[case.objective]
    proposing: Any = SpatialMappingGeneratorStage if case.all_spatial else SpatialMappingConversionStage
    stages = [proposing, reduction, case.search, CostModelStage]
    given: dict[str, object] = {"user_spatial_mapping": problem.spatial_mapping}
    if case.all_spatial:
        given = {"nb_mappings_generated": None}
    if case.search is SalsaStage:
        given |= {"salsa_iteration_number": 100, "salsa_number_of_core": 2, "salsa_opt_criterion": case.objective}
    elif case.search is ExactStage:
        given["exact_objective"] = case.objective
    ((best, _),) = reduction(
        stages,
        layer=problem.layer,
        accelerator=problem.accelerator,
        constraints=problem.constraints,
        temporal_mapping_type=case.kind,
        sink=log,
        **given,
    ).run()
    assert isinstance(best, CostModelEvaluation)
    return best


def differences(seed: int, counts: Counter[str]) -> list[str]:
    """In what the tool and brute force, or ZigZag, differ on the case of a seed."""
    case, log = tight_case(seed), SinkLog()
    mappings = [(problem, mapping) for problem in case.problems for mapping in all_mappings(problem, case.kind)]
    counts["all spatial mappings"] += bool(case.all_spatial)
    counts[f"{case.kind}, by {case.search.__name__}"] += 1
    try:
        best = asked(case, log)
    except InfeasibleError as error:
        counts["infeasible, proven" if error.is_proven else "nothing found"] += 1
        complaints = [f"{len(mappings)} mappings fit, and it says: {error}"] if mappings else []
        return complaints if error.is_proven else [*complaints, f"not proven: {error}"]
    warnings = [event[1] for event in log.events if event[0] == "warn"]
    counts["found by searching on" if warnings else "found at once"] += 1
    if not supports(case.problem):
        counts["sliding outputs, searched on" if warnings else "sliding outputs"] += 1
    if not mappings:
        return ["found a mapping where none fits"]
    return [*_of_the_mapping(best, mappings, counts), *(_of_the_proof(case.objective, best, mappings, counts))]


def _of_the_mapping(best: CostModelEvaluation, mappings: Mappings, counts: Counter[str]) -> Iterator[str]:
    spatial, levels = best.problem.spatial_mapping, best.temporal_mapping.levels
    if not any(p.spatial_mapping == spatial and m.temporal(p).levels == levels for p, m in mappings):
        yield f"{best.temporal_mapping} is none of the {len(mappings)} mappings that fit"
    found = repriced(best)
    counts["not priced by ZigZag" if found.error else "priced by ZigZag"] += 1
    if found.differs:
        yield f"another price than ZigZag's: {found}"


def _of_the_proof(
    objective: Objective, best: CostModelEvaluation, mappings: Mappings, counts: Counter[str]
) -> Iterator[str]:
    if not isinstance(best.certificate, Certificate) or best.certificate.space.split(" under")[0] not in WHOLE_SPACES:
        return
    least = min(figure(objective, *scalar_price(*mapping)) for mapping in mappings)
    ours = figure(objective, best.energy_total, best.latency_total2)
    counts["proven best" if best.certificate.is_proven else "best left open"] += 1
    if ours < least * (1 - RELATIVE):
        yield f"{ours}, which brute force misses: {least}"
    if best.certificate.lower_bound > least * (1 + RELATIVE):
        yield f"a bound of {best.certificate.lower_bound}, brute force {least}"
    if best.certificate.is_proven and not isclose(ours, least, rel_tol=RELATIVE):
        yield f"proven {ours}, brute force {least}"
