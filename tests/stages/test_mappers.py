"""What is yielded upward are light views of a batch, equal to CMEs priced on their own."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from typing import Any

import pytest

from tests.stages.small import accelerator, layer, mapping
from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.inputs import read_accelerator, read_mapping, read_workload
from zigzag_lab.stages import (
    CostModelStage,
    LomaStage,
    MinimalLatencyStage,
    Result,
    SpatialMappingGeneratorStage,
    Stage,
)
from zigzag_lab.stages.pipeline import Pipeline as MainStage
from zigzag_lab.vocab import InfeasibleError, InputError

LARGEST_PICKLE = 30_000


def results(limit: int = 4, **more: Any) -> list[Result]:
    [only] = read_workload([layer(0, "only")]).layers
    kwargs = {"layer": only, "accelerator": read_accelerator(accelerator()), "loma_lpf_limit": limit, **more}
    kwargs["constraints"] = read_mapping(mapping()).for_layer(only)
    return MainStage([SpatialMappingGeneratorStage, LomaStage, CostModelStage], **kwargs).run()


def terms(cme: Any) -> Any:
    return (cme.energy_total, cme.latency_total2, cme.breakdown, cme.temporal_mapping, cme.layer, cme.spatial_mapping)


@pytest.mark.parametrize(
    "more", [{}, {"access_same_data_considered_as_no_access": False}, {"temporal_mapping_type": "even"}]
)
def test_a_view_equals_a_cme_priced_on_its_own(more: dict[str, Any]) -> None:
    views = [cme for cme, _ in results(**more)]
    assert len(views) > 20
    for view in views[::7]:
        assert isinstance(view, CostModelEvaluation)
        alone = CostModelEvaluation(view.problem, view.temporal_mapping)
        assert (view.energy_total, view.latency_total2) == (alone.energy_total, alone.latency_total2)
        assert terms(view) == terms(alone)
        assert view.access_same_data_considered_as_no_access is more.get(
            "access_same_data_considered_as_no_access", True
        )


def test_a_batch_is_priced_by_the_rule_of_the_stage_that_prices_it() -> None:
    """Whatever rule for repeated reads it was proposed under."""
    found: Any = results()[0][0]
    problem, prices = found.problem, set()
    for skipped in (True, False):
        given = {"layer": problem.layer, "accelerator": problem.accelerator, "constraints": problem.constraints}
        stage = CostModelStage(
            [],
            **given,
            spatial_mapping=problem.fractional.loops,
            temporal_mapping=found._batch,
            access_same_data_considered_as_no_access=skipped,
        )
        for view, _ in stage.run():
            assert isinstance(view, CostModelEvaluation)
            assert view.access_same_data_considered_as_no_access is skipped
            assert view.energy_total == CostModelEvaluation(view.problem, view.temporal_mapping).energy_total
            prices.add((str(view.temporal_mapping), view.energy_total))
    assert len(prices) > len({mapping for mapping, _ in prices}) > 3


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda cme: pickle.loads(pickle.dumps(cme))])
def test_a_copy_is_equal_and_drags_no_batch_along(copied: Any) -> None:
    found = results(limit=5)
    view: Any = found[3][0]
    batch = weakref.ref(view._batch)
    twin = copied(view)
    assert terms(twin) == terms(view)
    assert twin._batch is None
    del found, view
    gc.collect()
    assert batch() is None


def test_sums_drag_no_batch_along() -> None:
    found = results()
    batch = weakref.ref(found[0][0]._batch)  # type: ignore[attr-defined]
    total = found[0][0] + found[1][0]
    energy = found[0][0].energy_total + found[1][0].energy_total
    del found
    gc.collect()
    assert batch() is None
    assert total.energy_total == energy


def test_the_pickle_of_a_view_is_small() -> None:
    few, many = (len(pickle.dumps(results(limit=n)[0][0])) for n in (2, 6))
    assert max(few, many) < LARGEST_PICKLE
    assert abs(many - few) < 2_000
    assert b"MappingBatch" not in pickle.dumps(results()[0][0])


def test_a_custom_stage_below_the_orders_sees_the_same_prices_one_by_one() -> None:
    class Single(Stage):
        def run(self) -> Any:
            yield from self.list_of_callables[0](self.list_of_callables[1:], **self.kwargs).run()

    [only] = read_workload([layer(0, "only")]).layers
    given = {"layer": only, "accelerator": read_accelerator(accelerator()), "loma_lpf_limit": 4}
    rules = read_mapping(mapping()).for_layer(only)
    stages = [SpatialMappingGeneratorStage, LomaStage, Single, CostModelStage]
    singles = MainStage(stages, constraints=rules, **given).run()
    for (cme, extra), (view, of_view) in zip(singles, results(), strict=True):
        assert (cme.energy_total, cme.latency_total2) == (view.energy_total, view.latency_total2)
        assert extra == of_view


def test_a_spatial_mapping_under_which_nothing_fits_is_passed_over() -> None:
    """ZigZag ends the whole run there."""
    [only] = read_workload([layer(0, "only")]).layers
    tight = read_accelerator(accelerator(sram_bits=160))
    stages = [SpatialMappingGeneratorStage, MinimalLatencyStage, LomaStage, CostModelStage]
    given = {"layer": only, "accelerator": tight, "loma_lpf_limit": 1}
    spatial = {str(extra[0]) for _, extra in MainStage(stages, **given, nb_mappings_generated=None).run()}
    assert spatial
    assert "D1: K 4; D2: C 4" not in spatial
    with pytest.raises(InfeasibleError):
        MainStage(stages, **{**given, "accelerator": read_accelerator(accelerator(sram_bits=8))}).run()


def test_weight_diagonal_mappings_are_refused_with_a_reason() -> None:
    assert results(enable_weight_diagonal_mapping=False)
    with pytest.raises(InputError, match="enable_weight_diagonal_mapping: weight-diagonal mapping has no effect"):
        results(enable_weight_diagonal_mapping=True)
