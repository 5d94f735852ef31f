"""Reductions of whole batches choose what reductions of single results choose; sums are ZigZag's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracle.golden import load_golden
from tests.stages import small
from zigzag_lab.api import RunRequest, run
from zigzag_lab.cost import CumulativeCME
from zigzag_lab.inputs import read_accelerator, read_mapping, read_workload
from zigzag_lab.stages import (
    AcceleratorParserStage,
    BatchStage,
    CostModelStage,
    LomaStage,
    MinimalEDPStage,
    MinimalEnergyStage,
    MinimalLatencyStage,
    Result,
    ResultBatch,
    SearchTally,
    SpatialMappingGeneratorStage,
    Stage,
    SumStage,
    WorkloadParserStage,
    WorkloadStage,
)
from zigzag_lab.stages.pipeline import Pipeline as MainStage
from zigzag_lab.stages.reducers import LayerMemo
from zigzag_lab.vocab import ZigzagLabError

Prices = list[tuple[float, float]]


@dataclass(frozen=True)
class Priced:
    """All that a reduction reads of a CME, and which one it is."""

    number: int
    energy_total: float
    latency_total2: float


class _Leaf:
    def __init__(self, list_of_callables: Any, *, prices: Prices, cuts: Sequence[int] = (), **kwargs: Any) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.cmes = [Priced(i, *price) for i, price in enumerate(prices)]
        self.edges = [0, *sorted(cuts), len(prices)]

    def is_leaf(self) -> bool:
        return True


class Singles(_Leaf, Stage):
    def run(self) -> Iterator[Result]:
        yield from ((cme, cme.number) for cme in self.cmes)  # type: ignore[misc]


class Batches(_Leaf, BatchStage):
    def batches(self) -> Iterator[ResultBatch]:
        for start, end in pairwise(self.edges):
            part = self.cmes[start:end]
            yield ResultBatch(
                np.array([cme.energy_total for cme in part]),
                np.array([cme.latency_total2 for cme in part]),
                lambda i, part=part: (part[i], part[i].number),  # type: ignore[misc]
            )


FEW = st.sampled_from([1.0, 1.5, 2.0, 3.0, 4.0])
PRICES = st.lists(st.tuples(FEW, FEW), min_size=1, max_size=12)
RANKS = {
    MinimalLatencyStage: lambda energy, latency: (latency, energy),
    MinimalEnergyStage: lambda energy, latency: (energy, latency),
    MinimalEDPStage: lambda energy, latency: latency * energy,
}


@pytest.mark.parametrize("stage", RANKS, ids=lambda stage: stage.__name__)
@given(data=st.data())
def test_a_batch_reduces_to_what_its_results_reduce_to(stage: type[Stage], data: st.DataObject) -> None:
    """Of equals the first wins, wherever the batches are cut."""
    prices = data.draw(PRICES)
    cuts = data.draw(st.lists(st.integers(0, len(prices)), max_size=3))
    rank = RANKS[stage]  # type: ignore[index]
    first_best = min(range(len(prices)), key=lambda i: rank(*prices[i]))
    for leaf in (Singles, Batches):
        [(best, others)] = MainStage([stage, leaf], prices=prices, cuts=cuts).run()
        assert best.number == first_best  # type: ignore[attr-defined]
        assert others == []


@pytest.mark.parametrize("stage", RANKS, ids=lambda stage: stage.__name__)
@settings(max_examples=30)
@given(prices=PRICES)
def test_the_others_are_all_results(stage: type[Stage], prices: Prices) -> None:
    for leaf in (Singles, Batches):
        given_all = {"prices": prices, "reduce_minimal_keep_others": True}
        [(_, others)] = MainStage([stage, leaf], **given_all).run()
        assert [(cme.number, extra) for cme, extra in others] == [(i, i) for i in range(len(prices))]


def test_the_best_is_one_of_the_others_and_no_second_evaluation(tmp_path: Path) -> None:
    """So that a record holds it once."""
    readers = (WorkloadParserStage, AcceleratorParserStage, WorkloadStage, SpatialMappingGeneratorStage)
    listed = [*readers, MinimalEnergyStage, LomaStage, CostModelStage]
    results = MainStage(listed, **small.written(tmp_path), loma_lpf_limit=3, reduce_minimal_keep_others=True).run()
    for cme, (_, (_, others)) in results:
        assert [other.identity is cme.identity for other, _ in others].count(True) == 1


@pytest.mark.parametrize("stage", RANKS, ids=lambda stage: stage.__name__)
def test_a_layer_under_another_name_is_not_searched_again(stage: type[Stage]) -> None:
    layers = read_workload(small.network()).layers
    memo, tally, found = LayerMemo(), SearchTally(), []
    accelerator, rules = read_accelerator(small.accelerator()), read_mapping(small.mapping())
    for layer in layers:
        search = stage(
            [SpatialMappingGeneratorStage, LomaStage, CostModelStage],
            layer=layer,
            accelerator=accelerator,
            constraints=rules.for_layer(layer),
            loma_lpf_limit=3,
            layer_memo=memo,
            tally=tally,
        )
        found += [cme for cme, _ in search.run()]
    assert (tally.n_searches, tally.n_reused) == (2, 1)
    assert tally.n_mappings_evaluated > 2
    assert [cme.layer.name for cme in found] == ["stem", "wide", "again"]  # type: ignore[attr-defined]
    assert found[0].energy_total == found[2].energy_total != found[1].energy_total


def test_nothing_to_choose_from_is_an_error_with_words() -> None:
    for leaf in (Singles, Batches):
        with pytest.raises(ZigzagLabError, match="MinimalLatencyStage: the stages below yielded nothing"):
            MainStage([MinimalLatencyStage, leaf], prices=[]).run()


def test_the_sum_of_nothing_is_zero() -> None:
    [(total, parts)] = MainStage([SumStage, Singles], prices=[]).run()
    assert isinstance(total, CumulativeCME)
    assert (total.energy_total, total.latency_total2, total.mac_utilization2, parts) == (0, 0, 0, [])


@lru_cache
def resnet() -> Any:
    return run(RunRequest("resnet18", "tpu_like", "tpu_like"), store=None)


ADDED = {
    "mac_energy": "mac_energy_pj",
    "mem_energy": "mem_energy_pj",
    "ideal_cycle": "ideal_cycles",
    "ideal_temporal_cycle": "temporal_cycles",
    "latency_total0": "compute_cycles",
    "latency_total1": "compute_onload_cycles",
    "latency_total2": "latency_cycles",
    "energy_total": "energy_pj",
    "data_onloading_cycle": "onload_cycles",
    "data_offloading_cycle": "offload_cycles",
}


def test_the_sum_of_a_network_is_the_sum_of_zigzags_layers() -> None:
    total, layers = resnet().total, load_golden("latency-tpu_like-resnet18.onnx")["layers"]
    for ours, theirs in ADDED.items():
        assert getattr(total, ours) == pytest.approx(sum(layer[theirs] for layer in layers), rel=1e-9), ours
    for operand, levels in total.mem_energy_breakdown.items():
        by_layer = [layer["mem_energy_pj_by_operand_and_level"][operand] for layer in layers]
        assert levels == pytest.approx([sum(level) for level in zip(*by_layer, strict=True)], rel=1e-9)
    assert len(total.layer_ids) == len(layers)


def test_sums_and_multiples_agree() -> None:
    cme = resnet().layers[3]
    twice, added = cme * 2, cme + cme
    for name in ADDED:
        assert getattr(twice, name) == getattr(added, name) == 2 * getattr(cme, name)
    assert twice.mem_energy_breakdown == added.mem_energy_breakdown
    assert twice.mem_energy_breakdown_further == added.mem_energy_breakdown_further
    assert twice.memory_word_access == added.memory_word_access
    assert added.layer_ids == [cme.layer.id] * 2
    assert twice.mac_utilization2 == cme.mac_utilization2
