"""Lists whose record was once untrue: each was found among random ones, and cut down."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from tests.pipelines import users
from tests.pipelines.lists import designs, listed
from tests.pipelines.running import Bench, bench
from zigzag_lab import MainStage
from zigzag_lab.stages import (
    CacheStage,
    CompleteSaveStage,
    CostModelStage,
    DumpStage,
    GeneralParameterIteratorStage,
    LomaStage,
    MinimalEnergyStage,
    MultiProcessingGatherStage,
    MultiProcessingSpawnStage,
    NetworkFrontStage,
    PickleSaveStage,
    SpatialMappingGeneratorStage,
    SumStage,
    WorkloadStage,
)

SEARCH = (MinimalEnergyStage, SpatialMappingGeneratorStage, MinimalEnergyStage, LomaStage, CostModelStage)
FRONT = (NetworkFrontStage, WorkloadStage, SpatialMappingGeneratorStage, LomaStage, CostModelStage)
TRYING = (GeneralParameterIteratorStage, MultiProcessingSpawnStage)
SPAWNED = (MultiProcessingSpawnStage, CompleteSaveStage, users.SweepsOptions, *SEARCH)
IN_A_WORKER = (MultiProcessingGatherStage, MultiProcessingSpawnStage)
TWO_LIMITS = {"general_parameter_iterations": {"loma_lpf_limit": [1, 2]}}

FOUND: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "what was saved was taken for the results of a run that yielded none": (
        [users.Nothing, CompleteSaveStage, WorkloadStage, *SEARCH],
        {},
    ),
    "the same of a combination": (
        [users.Twice, GeneralParameterIteratorStage, users.Nothing, CompleteSaveStage, WorkloadStage, *SEARCH],
        TWO_LIMITS,
    ),
    "a pickle stage did not save what passed it": ([WorkloadStage, PickleSaveStage, *SEARCH], {}),
    "a pipeline started in a combination below a dump was no child": (
        [DumpStage, GeneralParameterIteratorStage, users.Starts, WorkloadStage, *SEARCH],
        TWO_LIMITS,
    ),
    "a hit lost the child that a stage had started": ([CacheStage, users.Starts, WorkloadStage, *SEARCH], {}),
    "the same of a combination below a cache": (
        [CacheStage, GeneralParameterIteratorStage, users.Starts, WorkloadStage, *SEARCH],
        TWO_LIMITS,
    ),
    "a pipeline started in a worker was no child": (
        [*IN_A_WORKER, users.Starts, WorkloadStage, *SEARCH],
        {},
    ),
    "a pipeline started in a combination of a worker was no child": (
        [*IN_A_WORKER, GeneralParameterIteratorStage, users.Starts, SumStage, WorkloadStage, *SEARCH],
        TWO_LIMITS,
    ),
    "a stage that names the layer made a child for each layer": (
        [SumStage, WorkloadStage, users.SweepsALayer, *SEARCH],
        {},
    ),
    "two fronts of a network ended a run that had its results": (
        [users.TwoAccelerators, *FRONT],
        {},
    ),
    "the total of the one point that was yielded of a front was another's": (
        [MinimalEnergyStage, *FRONT],
        {},
    ),
    "a front of which nothing was yielded had a total": (
        [users.Nothing, *FRONT],
        {},
    ),
    "a miss in a worker that is passed over ended the combination around it": (
        [MultiProcessingGatherStage, users.Sweeps, *TRYING, SumStage, WorkloadStage, *SEARCH],
        {**designs(), "skip_infeasible": True},
    ),
    "workers went on with layers of a combination of which one had fitted nothing": (
        [MultiProcessingGatherStage, GeneralParameterIteratorStage, WorkloadStage, *SPAWNED],
        {**designs(), "skip_infeasible": True},
    ),
    "the best of results that are all kept was stored twice": (
        [CompleteSaveStage, WorkloadStage, MinimalEnergyStage, SpatialMappingGeneratorStage, LomaStage, CostModelStage],
        {"reduce_minimal_keep_others": True},
    ),
}


@pytest.fixture(scope="module")
def on() -> Iterator[Bench]:
    """A database of the tests here."""
    with bench() as opened:
        yield opened


@pytest.mark.parametrize("why", FOUND)
def test_the_record_is_true(why: str, on: Bench) -> None:
    stages, kwargs = FOUND[why]
    assert on.faults_of(listed(*stages, **kwargs)) == []


def children_of(stages: list[Any], on: Bench) -> list[Any]:
    """What is stored of the children of a run, which may fail."""
    made = listed(*stages, **TWO_LIMITS)
    with suppress(RuntimeError):
        MainStage(made.stages, store=on.store, mlflow="off", **made.kwargs).run()
    last = on.store.database.select("SELECT MAX(number) FROM zl_run WHERE parent_number IS NULL").rows[0][0]
    return on.reader.since(last)[0].children


def test_a_combination_whose_results_nobody_took_says_so(on: Bench) -> None:
    below = [SumStage, WorkloadStage, *SEARCH]
    processes = [MultiProcessingGatherStage, GeneralParameterIteratorStage, MultiProcessingSpawnStage]
    taken, left = children_of([users.FirstOnly, *processes, *below], on)
    assert (taken.row["warnings"], len(taken.results)) == (None, 1)
    assert (left.row["status"], len(left.results)) == ("finished", 0)
    assert "took 0 of its results" in left.row["warnings"]


def test_children_of_children_that_an_error_cuts_short_say_so_once(on: Bench) -> None:
    trying = [users.SweepsALayer, GeneralParameterIteratorStage]
    (first, *_) = children_of([users.Raises, WorkloadStage, *trying, *SEARCH], on)
    cut_short = [first, *first.children]
    assert len(cut_short) == 3
    assert {child.row["reason"] for child in cut_short} == {"its run ended before it: in the middle"}
