"""Trade-offs of layers and networks, under the contract of stages."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.exact.networks import layer_problem
from tests.stages import small
from tests.stages.caches import DictCache
from tests.stages.test_exact import keywords
from zigzag_lab.cost import CostModelEvaluation, CumulativeCME, FrontCertificate
from zigzag_lab.stages import (
    AcceleratorParserStage,
    CacheStage,
    CostModelStage,
    ExactFrontStage,
    ExactStage,
    LomaStage,
    MinimalEnergyStage,
    MinimalLatencyStage,
    NetworkFrontStage,
    ParetoFrontStage,
    Result,
    SearchTally,
    SpatialMappingGeneratorStage,
    SumStage,
    WorkloadParserStage,
    WorkloadStage,
)
from zigzag_lab.stages.pipeline import Pipeline as MainStage
from zigzag_lab.stages.reducers import LayerMemo
from zigzag_lab.vocab import InputError, PipelineError

Pair = tuple[float, float]
EXACT = (NetworkFrontStage, WorkloadStage, ParetoFrontStage, SpatialMappingGeneratorStage, ExactFrontStage)


def prices(results: list[Result]) -> list[Pair]:
    return [(cme.energy_total, cme.latency_total2) for cme, _ in results]


def unbeaten(pairs: list[Pair]) -> list[Pair]:
    """The front of some pairs, written for the eye."""
    return sorted({p for p in pairs if not any(q != p and q[0] <= p[0] and q[1] <= p[1] for q in pairs)})


def test_above_loma_it_keeps_what_nothing_beats() -> None:
    problem = layer_problem("eyeriss_like")
    given = keywords(problem, loma_lpf_limit=4)
    every = list(LomaStage([CostModelStage], **given).run())
    front = list(ParetoFrontStage([LomaStage, CostModelStage], **given).run())
    assert prices(front) == unbeaten(prices(every))
    assert len(front) > 1
    assert all(cme.certificate is None for cme, _ in front if isinstance(cme, CostModelEvaluation))


def test_the_exact_front_is_certified_and_reaches_the_best_of_each_figure() -> None:
    problem = layer_problem("tpu_like")
    front = list(ParetoFrontStage([ExactFrontStage, CostModelStage], **keywords(problem)).run())
    found = prices(front)
    assert found == unbeaten(found)
    for cme, _ in front:
        assert isinstance(cme, CostModelEvaluation)
        assert isinstance(cme.certificate, FrontCertificate)
        assert cme.certificate.is_proven
    loma = prices(list(LomaStage([CostModelStage], **keywords(problem, loma_lpf_limit=5)).run()))
    for energy, latency in loma:
        assert any(e <= energy * (1 + 1e-12) and t <= latency * (1 + 1e-12) for e, t in found)


def test_over_several_spatial_mappings_the_certificate_speaks_of_all() -> None:
    problem = layer_problem("tpu_like")
    wishes = replace(problem.constraints, spatial_mapping={})
    given = {"layer": problem.layer, "accelerator": problem.accelerator, "constraints": wishes}
    below = [SpatialMappingGeneratorStage, ExactFrontStage, CostModelStage]
    each = list(SpatialMappingGeneratorStage(below[1:], nb_mappings_generated=2, **given).run())
    front = list(ParetoFrontStage(below, nb_mappings_generated=2, **given).run())
    assert prices(front) == unbeaten(prices(each))
    (certificate,) = {cme.certificate for cme, _ in front if isinstance(cme, CostModelEvaluation)}
    assert isinstance(certificate, FrontCertificate)
    n = len({id(cme.certificate) for cme, _ in each if isinstance(cme, CostModelEvaluation)})
    assert n > 1
    assert certificate.space == f"all uneven mappings under each of {n} spatial mappings"


def network(folder: Path, **more: Any) -> dict[str, Any]:
    files = small.written(folder, workload=small.network()[:2], accelerator=small.accelerator(sram_bits=1536))
    return {**files, "nb_mappings_generated": 1, **more}


def searched(folder: Path, *stages: Any, **more: Any) -> list[Result]:
    every = [WorkloadParserStage, AcceleratorParserStage, *stages, CostModelStage]
    return MainStage(every, **network(folder, **more)).run()


def test_a_network_combines_its_layers(tmp_path: Path) -> None:
    below = (WorkloadStage, ParetoFrontStage, SpatialMappingGeneratorStage, LomaStage)
    layers = searched(tmp_path, *below, loma_lpf_limit=4)
    by_layer: dict[int, list[Pair]] = {}
    for cme, _ in layers:
        assert isinstance(cme, CostModelEvaluation)
        by_layer.setdefault(cme.layer.id, []).append((cme.energy_total, cme.latency_total2))
    sums = [(sum(e for e, _ in chosen), sum(t for _, t in chosen)) for chosen in product(*by_layer.values())]
    results = searched(tmp_path, NetworkFrontStage, *below, loma_lpf_limit=4)
    assert prices(results) == [pytest.approx(pair, rel=1e-12) for pair in unbeaten(sums)]
    assert len(results) > 2
    for total, chosen in results:
        assert isinstance(total, CumulativeCME)
        assert len(chosen) == 2
        assert total.energy_total == pytest.approx(sum(cme.energy_total for cme, _ in chosen))
    few = searched(tmp_path, NetworkFrontStage, *below, loma_lpf_limit=4, most_front_points=2)
    assert prices(few) == [prices(results)[0], prices(results)[-1]]


def test_its_ends_are_what_the_single_objectives_find(tmp_path: Path) -> None:
    front = prices(searched(tmp_path, *EXACT))
    for stage, objective, index in ((MinimalEnergyStage, "energy", 0), (MinimalLatencyStage, "latency", 1)):
        stages = (SumStage, WorkloadStage, stage, SpatialMappingGeneratorStage, stage, ExactStage)
        ((total, _),) = searched(tmp_path, *stages, exact_objective=objective)
        best = min(pair[index] for pair in front)
        assert (total.energy_total, total.latency_total2)[index] == pytest.approx(best, rel=1e-12)


def test_a_front_comes_back_from_a_cache_and_from_memory() -> None:
    problem, cache, memo = layer_problem("tpu_like"), DictCache(), LayerMemo()
    below = [ParetoFrontStage, ExactFrontStage, CostModelStage]
    first, second = (list(CacheStage(below, **keywords(problem, cache=cache)).run()) for _ in range(2))
    assert len(cache.hits) == 1
    assert prices(first) == prices(second)
    certificates = [cme.certificate for cme, _ in (*first, *second) if isinstance(cme, CostModelEvaluation)]
    assert set(certificates) == {certificates[0]}
    third, fourth = (list(below[0](below[1:], **keywords(problem, layer_memo=memo)).run()) for _ in range(2))
    assert prices(third) == prices(fourth) == prices(first)


class Kept:
    """A place for results and fronts, in memory."""

    def __init__(self) -> None:
        self.layers: dict[str, Pair] = {}
        self.fronts: list[list[Pair]] = []

    def save(self, cme: Any) -> None:
        raise AssertionError("no save stage stands in the list")

    def save_front(self, points: Any, chosen: int) -> None:
        self.fronts.append([(cme.energy_total, cme.latency_total2) for cme in points])
        self.layers[points[chosen].layer.name] = self.fronts[-1][chosen]


def test_the_sink_gets_the_fronts_and_the_layers_of_the_least_product(tmp_path: Path) -> None:
    sink, tally = Kept(), SearchTally()
    results = searched(tmp_path, *EXACT, sink=sink, tally=tally)
    best = min(results, key=lambda result: result[0].edp_pj_cycles)
    assert list(sink.layers.values()) == prices(best[1])
    assert [front == unbeaten(front) for front in sink.fronts] == [True, True]
    assert (tally.n_searches, tally.n_reused) == (2, 0)
    assert tally.n_mappings_evaluated > sum(map(len, sink.fronts))


def test_searches_above_and_below_are_counted_once() -> None:
    problem, tally = layer_problem("tpu_like"), SearchTally()
    stage = ParetoFrontStage([LomaStage, CostModelStage], tally=tally, **keywords(problem, loma_lpf_limit=4))
    assert len(list(stage.run())) <= tally.n_mappings_evaluated
    assert tally.n_searches == 1


def test_what_it_cannot_do_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="a sum of layers below"):
        searched(tmp_path, NetworkFrontStage, SumStage, *EXACT[1:])
    with pytest.raises(InputError, match="most_front_points"):
        searched(tmp_path, *EXACT, most_front_points=0)
