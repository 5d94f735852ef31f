"""Each option of each stage that proposes temporal mappings, given by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.oracle.bridge import reference_allocate
from tests.stages import small
from zigzag_lab.cost import Certificate, CostModelEvaluation, ProofSummary
from zigzag_lab.inputs import read_accelerator, read_mapping, read_workload
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.spatial import SpatialMapping
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.stages import (
    CostModelStage,
    ExactFrontStage,
    ExactStage,
    LomaStage,
    MinimalEDPStage,
    MinimalEnergyStage,
    MinimalLatencyStage,
    SalsaStage,
    SearchTally,
    SpatialMappingConversionStage,
    SpatialMappingGeneratorStage,
    TemporalOrderingConversionStage,
)
from zigzag_lab.stages.protocols import Incumbent
from zigzag_lab.vocab import InputError, Objective

SPATIAL = {"D1": {"K": 4}, "D2": {"C": 4}}
ORDER = [("OX", 4), ("K", 2), ("FX", 3), ("OY", 4)]
LEVELS = {
    "O": [[["FX", 3]], [["OX", 4], ["OY", 4], ["K", 2]], []],
    "W": [[], [["FX", 3], ["OX", 4], ["OY", 4], ["K", 2]], []],
    "I": [[["FX", 3], ["OX", 4], ["OY", 4]], [["K", 2]]],
}
OPTIONS: dict[Any, dict[str, Any]] = {
    LomaStage: {},
    SalsaStage: {"salsa_iteration_number": 20, "salsa_number_of_core": 3},
    ExactStage: {"exact_objective": "energy"},
    ExactFrontStage: {},
    TemporalOrderingConversionStage: {"user_temporal_ordering": ORDER},
}
every_engine = pytest.mark.parametrize("engine", OPTIONS, ids=lambda stage: stage.__name__)
uneven_or_even = pytest.mark.parametrize(
    "engine",
    [stage for stage in OPTIONS if stage not in (ExactStage, ExactFrontStage)],
    ids=lambda stage: stage.__name__,
)


def problem(sram_bits: int = 1000, **changes: Any) -> Problem:
    (layer,) = read_workload([small.layer(0, "stem", **changes)]).layers
    accelerator, rules = read_accelerator(small.accelerator(sram_bits=sram_bits)), read_mapping(small.mapping())
    return Problem.of(layer, accelerator, rules.for_layer(layer), SpatialMapping(SPATIAL))


def records(of: Problem) -> dict[str, Any]:
    return {
        "layer": of.layer,
        "accelerator": of.accelerator,
        "constraints": of.constraints,
        "spatial_mapping": of.fractional.loops,
        "spatial_mapping_int": of.integer.loops,
    }


def found(engine: Any, of: Problem, **more: Any) -> list[CostModelEvaluation]:
    results = engine([CostModelStage], **{**records(of), **OPTIONS[engine], **more}).run()
    return [cme for cme, _ in results]


def prices(cmes: list[CostModelEvaluation]) -> list[tuple[float, float]]:
    return [(cme.energy_total, cme.latency_total2) for cme in cmes]


@every_engine
def test_records_by_hand_give_what_the_stage_above_gives(engine: Any) -> None:
    scene = problem()
    given = {"layer": scene.layer, "accelerator": scene.accelerator, "constraints": scene.constraints}
    above = SpatialMappingConversionStage(
        [engine, CostModelStage], user_spatial_mapping=SPATIAL, **given, **OPTIONS[engine]
    )
    by_hand = found(
        engine,
        scene,
        layer=scene.layer,
        accelerator=scene.accelerator,
        constraints=scene.constraints,
        spatial_mapping=scene.fractional.loops,
        spatial_mapping_int=scene.integer.loops,
    )
    assert prices(by_hand) == prices([cme for cme, _ in above.run()])  # type: ignore[misc]


@every_engine
def test_a_prepared_problem_is_used_while_it_is_that_of_the_records(engine: Any) -> None:
    scene, other = problem(), problem(operand_precision={"W": 4, "I": 4, "O": 16, "O_final": 8})
    alone = found(engine, scene)
    assert prices(found(engine, scene, problem=scene)) == prices(found(engine, scene, problem=other)) == prices(alone)
    assert prices(found(engine, other, problem=scene)) != prices(alone)
    (cme, *_) = found(LomaStage, scene, problem=scene)
    assert cme.problem is scene


def test_the_cost_model_prices_its_own_records_whatever_problem_it_is_given() -> None:
    scene, other = problem(), problem(operand_precision={"W": 4, "I": 4, "O": 16, "O_final": 8})
    mapping = found(TemporalOrderingConversionStage, scene)[0].temporal_mapping
    given = {**records(scene), "temporal_mapping": mapping}
    ((same, _),), ((again, _),) = (CostModelStage([], problem=prepared, **given).run() for prepared in (scene, other))
    assert same.energy_total == again.energy_total


@uneven_or_even
def test_even_mappings_are_even(engine: Any) -> None:
    """Whatever the engine finds, the reference's even allocation of the same order is the same."""
    scene = problem(sram_bits=700)
    even = found(engine, scene, temporal_mapping_type="even")
    assert even
    for cme in even[::50]:
        order = [loop for level in cme.temporal_mapping.levels["O"] for loop in level]
        theirs = reference_allocate(scene.layer, scene.accelerator, scene.constraints, SPATIAL, order, even=True)  # type: ignore[arg-type]
        assert theirs is not None
        levels = {op: tuple(tuple(level) for level in theirs[op]) for op in scene.operands}
        assert cme.temporal_mapping.levels == TemporalMapping.of(scene.layer, levels).levels
    uneven = found(engine, scene, temporal_mapping_type="uneven")
    assert min(prices(uneven)) <= min(prices(even))


def test_exact_search_of_even_mappings_lies_between_uneven_ones_and_loma() -> None:
    scene = problem(sram_bits=700)
    exact = {kind: min(prices(found(ExactStage, scene, temporal_mapping_type=kind))) for kind in ("uneven", "even")}
    assert exact["uneven"] <= exact["even"] <= min(prices(found(LomaStage, scene, temporal_mapping_type="even")))
    (front,) = {cme.certificate for cme in found(ExactFrontStage, scene, temporal_mapping_type="even")}
    assert front is not None
    assert front.space == "all even mappings under one spatial mapping"
    assert front.is_proven


@every_engine
def test_a_progress_bar_changes_nothing(engine: Any) -> None:
    with_it, without = (found(engine, problem(), loma_show_progress_bar=shown) for shown in (True, False))
    assert prices(with_it) == prices(without)


@every_engine
def test_the_limit_on_loops_is_lomas(engine: Any) -> None:
    few, many = (found(engine, problem(), loma_lpf_limit=limit) for limit in (1, 7))
    if engine is LomaStage:
        assert len(few) < len(many)
    else:
        assert prices(few) == prices(many)


@every_engine
def test_a_mapping_from_elsewhere_is_priced_instead_of_searching(engine: Any) -> None:
    scene = problem(sram_bits=10**6)
    (cme,) = found(engine, scene, user_temporal_mapping=LEVELS)
    levels = {op: tuple(tuple(map(tuple, level)) for level in LEVELS[op]) for op in scene.operands}
    assert cme.temporal_mapping == TemporalMapping.of(scene.layer, levels)  # type: ignore[arg-type]


@every_engine
def test_what_is_priced_is_counted(engine: Any) -> None:
    tally = SearchTally()
    cmes = found(engine, problem(), tally=tally)
    if engine in (LomaStage, TemporalOrderingConversionStage):
        assert tally.n_mappings_evaluated == len(cmes)
    else:
        assert tally.n_mappings_evaluated > len(cmes) >= 1


@pytest.mark.parametrize("engine", [SalsaStage, ExactStage], ids=lambda stage: stage.__name__)
def test_what_is_searched_is_what_is_priced(engine: Any) -> None:
    """Each is no worse than all of LOMA's mappings, by the same rule for inputs that are read again and again."""
    scene = problem()
    for pins in (True, False):
        (cme,) = found(engine, scene, access_same_data_considered_as_no_access=pins)
        loma = found(LomaStage, scene, access_same_data_considered_as_no_access=pins)
        assert cme.access_same_data_considered_as_no_access is pins
        assert cme.energy_total <= min(other.energy_total for other in loma) * (1 + 1e-9)


def test_an_exact_search_that_runs_out_of_time_says_so() -> None:
    scene = problem(loop_sizes=[1, 48, 36, 24, 24, 3, 3])
    (cme,) = found(ExactStage, scene, exact_objective="edp", exact_time_limit=1e-6)
    assert cme.certificate is not None
    assert not cme.certificate.is_proven
    assert cme.certificate.lower_bound < cme.certificate.best == cme.energy_total * cme.latency_total2
    (proven,) = found(ExactStage, problem(), exact_time_limit=None)
    assert proven.certificate is not None
    assert proven.certificate.is_proven


VALUES = {
    MinimalLatencyStage: (Objective.LATENCY, lambda cme: cme.latency_total2),
    MinimalEnergyStage: (Objective.ENERGY, lambda cme: cme.energy_total),
    MinimalEDPStage: (Objective.EDP, lambda cme: cme.energy_total * cme.latency_total2),
}


@pytest.mark.parametrize("reduction", VALUES, ids=lambda stage: stage.__name__)
def test_exact_search_gives_up_what_cannot_beat_what_is_known(reduction: Any) -> None:
    objective, value_of = VALUES[reduction]
    scene = problem()

    def best(**more: Any) -> list[float]:
        stage = reduction([ExactStage, CostModelStage], **records(scene), exact_objective=objective, **more)
        return [value_of(cme) for cme, _ in stage.run()]

    (least,) = best()
    better, worse = Incumbent(objective, least / 2), Incumbent(objective, least * 2)
    other = Incumbent(next(o for o in Objective if o is not objective), 0.0)
    assert best(to_beat=better) == []
    assert len(better.discarded) == 1
    assert best(to_beat=worse) == best(to_beat=other) == [least]


@every_engine
@pytest.mark.parametrize("reduction", VALUES, ids=lambda stage: stage.__name__)
def test_where_the_best_is_wanted_it_is_found(engine: Any, reduction: Any) -> None:
    objective, value_of = VALUES[reduction]
    settings = {"exact_objective": objective} if engine is ExactStage else {}
    whole, one = (
        [value_of(cme) for cme in found(engine, problem(), **settings, to_beat=wanted)]
        for wanted in (None, Incumbent(objective))
    )
    assert min(one) == pytest.approx(min(whole), rel=1e-12)


def test_all_orders_are_yielded_unless_only_the_best_is_wanted() -> None:
    scene, tally = problem(), SearchTally()
    whole = found(LomaStage, scene)
    (best,) = found(LomaStage, scene, to_beat=Incumbent(Objective.LATENCY), tally=tally)
    assert len(whole) > 1
    assert best.latency_total2 == min(cme.latency_total2 for cme in whole)
    assert best.certificate is not None
    assert best.certificate.is_proven
    assert best.certificate.best == best.latency_total2
    assert best.certificate.n_mappings >= len(whole)
    assert tally.n_mappings_evaluated == best.certificate.n_priced + 1
    assert "as LOMA allocates them" in best.certificate.sentence()
    limited = found(LomaStage, scene, to_beat=Incumbent(Objective.LATENCY), loma_lpf_limit=3)
    even = found(LomaStage, scene, to_beat=Incumbent(Objective.LATENCY), temporal_mapping_type="even")
    assert [cme.certificate for cme in (*limited, *even, *whole)] == [None] * len((*limited, *even, *whole))


def test_a_reduction_says_what_all_orders_prove() -> None:
    scene = problem()
    for keep_others in (False, True):
        stage = MinimalEnergyStage(
            [LomaStage, CostModelStage], **records(scene), reduce_minimal_keep_others=keep_others
        )
        ((best, others),) = stage.run()
        assert best.energy_total == min(cme.energy_total for cme in found(LomaStage, scene))
        assert isinstance(best, CostModelEvaluation)
        assert (best.certificate is None) == keep_others == (len(others) > 1)


def test_over_several_spatial_mappings_all_orders_of_each_are_meant() -> None:
    scene = problem()
    rules = replace(scene.constraints, spatial_mapping={})
    given = {"layer": scene.layer, "accelerator": scene.accelerator, "constraints": rules}
    below = [SpatialMappingGeneratorStage, MinimalEnergyStage, LomaStage, CostModelStage]
    ((best, _),) = MinimalEnergyStage(below, **given, nb_mappings_generated=2).run()
    assert isinstance(best, CostModelEvaluation)
    assert isinstance(best.certificate, Certificate)
    assert best.certificate.is_proven
    summary = ProofSummary.of([best.certificate])
    assert summary is not None
    assert summary.sentence() == "1 of 1 layers are proven best of what LOMA finds in any order"
    assert "as LOMA allocates them, under each of 3 spatial mappings" in best.certificate.sentence()


def test_a_front_is_wanted_whole_whatever_is_known() -> None:
    scene = problem()
    fronts = [
        [(cme.energy_total, cme.latency_total2) for cme, _ in stage.run()]
        for known in (None, Incumbent(Objective.ENERGY, 0.0))
        for stage in [ExactFrontStage([CostModelStage], **records(scene), to_beat=known)]
    ]
    assert fronts[0] == fronts[1] != []


def test_a_hot_start_wanders_further_than_a_cold_one() -> None:
    scene = problem(loop_sizes=[1, 24, 12, 6, 6, 3, 3])
    n_priced = []
    for temperature in (1e-9, 1e9):
        tally = SearchTally()
        found(SalsaStage, scene, salsa_start_temperature=temperature, salsa_iteration_number=60, tally=tally)
        n_priced.append(tally.n_mappings_evaluated)
    assert n_priced[0] < n_priced[1]
    with pytest.raises(InputError, match="salsa_start_temperature"):
        found(SalsaStage, scene, salsa_start_temperature=0)
