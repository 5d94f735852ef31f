"""Simulated annealing: reproducible, never worse than its start, and never against the user's wishes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as cases
from hypothesis import strategies as st

from tests.oracle.bridge import reference_price
from tests.oracle.salsa import reference_salsa
from tests.strategies.problems import random_search
from zigzag_lab.cost import price
from zigzag_lab.hardware import Accelerator
from zigzag_lab.inputs import read_accelerator, read_mapping, read_workload
from zigzag_lab.inputs.presets import preset_path
from zigzag_lab.mapping.batch import MappingBatch
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.search.salsa import SalsaSettings, salsa_mapping
from zigzag_lab.search.spatial import spatial_mappings
from zigzag_lab.search.temporal import temporal_mappings
from zigzag_lab.vocab import InfeasibleError, InputError, TemporalMappingType
from zigzag_lab.workload import Layer

SEEDS = st.integers(0, 2**32 - 1)
CONV = {
    "id": 0,
    "operator_type": "Conv",
    "equation": "O[b][k][oy][ox]+=W[k][c][fy][fx]*I[b][c][iy][ix]",
    "dimension_relations": ["ix=1*ox+1*fx", "iy=1*oy+1*fy"],
    "loop_dims": ["B", "K", "C", "OY", "OX", "FY", "FX"],
    "loop_sizes": [1, 64, 64, 28, 28, 3, 3],
    "operand_precision": {"W": 8, "I": 8, "O": 16, "O_final": 8},
    "operand_source": {"W": 0},
}


def energy(batch: MappingBatch) -> np.ndarray:
    return price(batch).energy_pj


def latency(batch: MappingBatch) -> np.ndarray:
    return price(batch).latency_cycles


def tpu_problem(ordering: Sequence[tuple[str, int | None]] = ()) -> Problem:
    accelerator = read_accelerator(preset_path("accelerator", "tpu_like"))
    (layer,) = read_workload([CONV]).layers
    given_by_file = read_mapping(preset_path("mapping", "tpu_like")).for_layer(layer)
    constraints = MappingConstraints(spatial_mapping=given_by_file.spatial_mapping, temporal_ordering=tuple(ordering))
    return Problem.of(layer, accelerator, constraints, spatial_mappings(layer, accelerator, constraints)[0])


def random_problem(scene: tuple[Layer, Accelerator, MappingConstraints]) -> Problem:
    layer, accelerator, constraints = scene
    return Problem.of(layer, accelerator, constraints, spatial_mappings(layer, accelerator, constraints)[0])


def test_equal_seeds_give_equal_mappings() -> None:
    problem = tpu_problem()
    found = [salsa_mapping(problem, latency, SalsaSettings(60, 4, seed=7)) for _ in range(2)]
    assert found[0].loops(0) == found[1].loops(0)
    assert found[0].allocated(0) == found[1].allocated(0)


@pytest.mark.parametrize("objective", [energy, latency])
def test_longer_and_wider_searches_start_no_worse_than_shorter_ones(objective: object) -> None:
    problem = tpu_problem()
    values = [
        float(objective(salsa_mapping(problem, objective, settings))[0])  # type: ignore[operator, arg-type]
        for settings in (SalsaSettings(0, 1), SalsaSettings(200, 8))
    ]
    assert values[1] <= values[0]


def test_it_is_no_worse_than_a_search_over_few_large_loops() -> None:
    problem = tpu_problem()
    loma = min(energy(batch).min() for batch in temporal_mappings(problem, 6))
    (salsa,) = energy(salsa_mapping(problem, energy, SalsaSettings(100, 4)))
    assert salsa <= loma


@pytest.mark.parametrize("seed", range(3))
def test_it_is_no_worse_than_the_references_with_as_many_swaps(seed: int) -> None:
    """One chain here, one worker there; ``python -m tests.benchmarks.salsa`` compares whole networks."""
    problem = tpu_problem()
    scene = problem.layer, problem.accelerator, problem.constraints, problem.spatial_mapping.unrollings
    theirs = reference_price(*scene, reference_salsa(*scene, n_iterations=60, seed=seed))["energy_total"]
    (ours,) = energy(salsa_mapping(problem, energy, SalsaSettings(60, 1, seed=seed)))
    assert ours <= theirs * (1 + 1e-9)


@pytest.mark.parametrize(
    ("n_steps", "n_chains", "n_walks", "n_each"),
    [(0, 1, 1, 0), (15, 1, 1, 15), (40, 4, 2, 20), (1000, 1, 62, 16), (1000, 4, 16, 62), (1000, 16, 8, 125)],
)
def test_a_chain_spreads_its_swaps_over_walks(n_steps: int, n_chains: int, n_walks: int, n_each: int) -> None:
    settings = SalsaSettings(n_steps, n_chains)
    assert (settings.walks_per_chain, settings.steps_per_walk) == (n_walks, n_each)


@cases(max_examples=40)
@given(SEEDS)
def test_on_small_layers_it_finds_nothing_better_than_the_exhaustive_search(seed: int) -> None:
    problem = random_problem(random_search(seed, max_factors=5))
    try:
        every = min(energy(batch).min() for batch in temporal_mappings(problem, None))
    except InfeasibleError:
        with pytest.raises(InfeasibleError):
            salsa_mapping(problem, energy, SalsaSettings(30, 4))
        return
    try:
        found = salsa_mapping(problem, energy, SalsaSettings(60, 8))
    except InfeasibleError:
        return  # annealing promises to find a mapping that fits only where it passes one
    assert energy(found)[0] >= every
    assert len(found) == 1


def test_even_mappings_are_even() -> None:
    problem = tpu_problem()
    even = salsa_mapping(problem, energy, SalsaSettings(50, 4), TemporalMappingType.EVEN)
    sharers = [[(op, level) for op, level in of_memory] for of_memory in problem.sharers if len(of_memory) > 1]
    assert sharers
    allocated = even.allocated(0)
    for (first, at), *others in sharers:
        for second, level in others:
            kept, beside = allocated[first][at], allocated[second][level]
            assert not kept or not beside or kept[-1] == beside[-1]


def test_loops_that_the_user_fixes_stay_where_they_are() -> None:
    problem = tpu_problem([("FX", 3), ("*", None), ("OX", None)])
    loops = salsa_mapping(problem, energy, SalsaSettings(50, 4)).loops(0)
    assert loops[0] == ("FX", 3)
    assert loops[-1][0] == "OX"


def test_a_complete_order_is_taken_as_it_is() -> None:
    order = [("FX", 3), ("FY", 3), ("K", 2), ("C", 2), ("OX", 28), ("OY", 28)]
    assert list(salsa_mapping(tpu_problem(order), energy, SalsaSettings(50, 4)).loops(0)) == order


def test_where_no_order_fits_it_speaks_of_those_that_it_tried() -> None:
    problem = tpu_problem()
    *inner, outermost = problem.accelerator.memories
    too_small = replace(problem.accelerator, memories=(*inner, replace(outermost, size_bits=8 * 1000)))
    problem = Problem.of(problem.layer, too_small, problem.constraints, problem.spatial_mapping)
    with pytest.raises(InfeasibleError, match="in the best of all orders of its loops") as of_all:
        next(temporal_mappings(problem, 4))
    with pytest.raises(
        InfeasibleError, match=r"in the best of the [\d,]+ orders of its loops that were tried"
    ) as tried:
        salsa_mapping(problem, energy, SalsaSettings(50, 2))
    assert tried.value.missing_bits == of_all.value.missing_bits > 0


@pytest.mark.parametrize(
    "wanted",
    [
        [("OX", None)] * 4,
        [("C", 3)],
        [("OX", 5), ("*", None)],
        [("OX", 4), ("OX", 14)],
        [("*", None), ("K", 4)],
    ],
    ids=str,
)
def test_wishes_that_no_order_meets_are_reported(wanted: list[tuple[str, int | None]]) -> None:
    problem = tpu_problem(wanted)
    for search in (
        lambda: salsa_mapping(problem, energy, SalsaSettings(5, 2)),
        lambda: next(temporal_mappings(problem, 6)),
    ):
        with pytest.raises(InfeasibleError, match="meets the temporal ordering"):
            search()


@pytest.mark.parametrize(
    ("settings", "keyword"),
    [
        ({"n_steps": -1}, "salsa_iteration_number"),
        ({"n_chains": 0}, "salsa_number_of_core"),
        ({"start_temperature": 0.0}, "salsa_start_temperature"),
        ({"seed": -1}, "seed"),
        ({"seed": 1.5}, "seed"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, object], keyword: str) -> None:
    with pytest.raises(InputError, match=keyword):
        SalsaSettings(**settings)  # type: ignore[arg-type]
