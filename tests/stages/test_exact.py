"""The stage of the exact search: one certified mapping, under the contract of stages."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import pytest

from tests.exact.networks import CONV, layer_problem
from tests.stages import small
from zigzag_lab.cost import Certificate, CostModelEvaluation
from zigzag_lab.inputs import read_accelerator, read_mapping, read_workload
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.stages import (
    CostModelStage,
    ExactFrontStage,
    ExactStage,
    GeneralParameterIteratorStage,
    LomaStage,
    MinimalEnergyStage,
    MinimalLatencyStage,
    SearchTally,
    SpatialMappingConversionStage,
    SpatialMappingGeneratorStage,
    WorkloadStage,
)
from zigzag_lab.stages.pipeline import Pipeline as MainStage
from zigzag_lab.stages.reducers import LayerMemo
from zigzag_lab.vocab import InfeasibleError, InputError, Objective


def keywords(problem: Problem, **more: Any) -> dict[str, Any]:
    return {
        "layer": problem.layer,
        "accelerator": problem.accelerator,
        "constraints": problem.constraints,
        "spatial_mapping": problem.fractional.loops,
        "spatial_mapping_int": problem.integer.loops,
        **more,
    }


def searched(problem: Problem, **more: Any) -> CostModelEvaluation:
    ((cme, (mapping, _)),) = ExactStage([CostModelStage], **keywords(problem, **more)).run()
    assert isinstance(cme, CostModelEvaluation)
    assert mapping == cme.temporal_mapping
    return cme


def test_it_yields_one_certified_mapping_no_worse_than_loma() -> None:
    problem, tally = layer_problem("tpu_like"), SearchTally()
    cme = searched(problem, exact_objective="latency", tally=tally)
    assert isinstance(cme.certificate, Certificate)
    assert cme.certificate.is_proven
    assert cme.certificate.objective is Objective.LATENCY
    assert cme.certificate.best == cme.latency_total2
    assert cme.breakdown.latency_cycles == pytest.approx(cme.latency_total2, rel=1e-12)
    assert tally.n_mappings_evaluated > 1
    loma = MinimalLatencyStage([LomaStage, CostModelStage], **keywords(problem, loma_lpf_limit=6))
    ((best, _),) = loma.run()
    assert cme.latency_total2 <= best.latency_total2


def test_the_certificate_survives_pickling_and_another_layers_name() -> None:
    cme = searched(layer_problem("tpu_like"), exact_objective=Objective.ENERGY)
    assert cme.certificate is not None
    for copy in (pickle.loads(pickle.dumps(cme)), cme.for_layer(replace(cme.layer, name="twin"))):
        assert copy.certificate == cme.certificate
        assert copy.energy_total == cme.energy_total
    assert cme.certificate.as_dict()["gap"] == 0


def test_it_stands_below_a_reduction_that_remembers() -> None:
    problem = layer_problem("tpu_like")
    stage = MinimalEnergyStage(
        [ExactStage, CostModelStage], **keywords(problem, exact_objective="energy", layer_memo=LayerMemo())
    )
    ((best, _),) = stage.run()
    assert best.certificate.is_proven  # type: ignore[attr-defined]


def test_what_is_remembered_of_a_layer_keeps_its_own_certificate() -> None:
    """Of two equal layers whose best is chosen among combinations, the second one's proof counted them twice."""
    choosing = [MinimalLatencyStage, GeneralParameterIteratorStage, MinimalLatencyStage, SpatialMappingConversionStage]
    results = MainStage(
        [WorkloadStage, *choosing, ExactStage, CostModelStage],
        workload=read_workload([small.layer(0, "one"), small.layer(1, "again")]),
        accelerator=read_accelerator(small.accelerator()),
        mapping=read_mapping(small.mapping(spatial_mapping={"D1": ["K, 4"], "D2": ["C, 4"]})),
        general_parameter_iterations={"access_same_data_considered_as_no_access": [True, False]},
        loma_lpf_limit=3,
    ).run()
    first, second = (cme.certificate for cme, _ in results)
    assert (first.n_mappings, first.n_priced) == (second.n_mappings, second.n_priced)


def test_over_several_spatial_mappings_the_certificate_speaks_of_all() -> None:
    problem = layer_problem("tpu_like")
    wishes = replace(problem.constraints, spatial_mapping={})
    common = {"layer": problem.layer, "accelerator": problem.accelerator, "constraints": wishes}
    below = [MinimalLatencyStage, ExactStage, CostModelStage]
    stage = SpatialMappingGeneratorStage(below, nb_mappings_generated=2, exact_objective="latency", **common)
    each = [cme.certificate for cme, _ in stage.run()]
    top = MinimalLatencyStage(
        [SpatialMappingGeneratorStage, *below], nb_mappings_generated=2, exact_objective="latency", **common
    )
    ((best, _),) = top.run()
    assert len(each) > 1
    assert best.certificate.best == best.latency_total2 == min(c.best for c in each)
    assert best.certificate.lower_bound == min(best.certificate.best, *(c.lower_bound for c in each))
    assert best.certificate.n_mappings == sum(c.n_mappings for c in each)
    assert str(len(each)) in best.certificate.space


@pytest.mark.parametrize(
    ("keyword", "value"),
    [("exact_objective", "enrgy"), ("exact_time_limit", 0), ("temporal_mapping_type", "evne")],
)
def test_what_it_cannot_do_is_refused(keyword: str, value: object) -> None:
    with pytest.raises(InputError, match=keyword):
        searched(layer_problem("tpu_like"), **{keyword: value})


@pytest.mark.parametrize("stage", [ExactStage, ExactFrontStage])
def test_where_nothing_fits_it_says_which_memory_is_too_small(stage: type) -> None:
    problem = layer_problem("tpu_like")
    top = problem.accelerator.memories[-1]
    small = replace(problem.accelerator, memories=(*problem.accelerator.memories[:-1], replace(top, size_bits=1000)))
    with pytest.raises(InfeasibleError, match=rf"memory {top.name} is [\d,]+ bits too small .* Enlarge that memory"):
        list(stage([CostModelStage], **keywords(problem, accelerator=small)).run())


def test_a_layer_without_loops_is_proven_best_of_its_one_order() -> None:
    one_mac = read_workload([{**CONV, "loop_sizes": [1] * 7}]).layers[0]
    problem = layer_problem("tpu_like", layer=one_mac)
    ((cme, _),) = MinimalLatencyStage([LomaStage, CostModelStage], **keywords(problem, loma_lpf_limit=None)).run()
    assert cme.certificate.is_proven  # type: ignore[union-attr, attr-defined]
