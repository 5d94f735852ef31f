"""Stages that select trade-offs of energy and latency: of a layer, and of a network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from zigzag_lab.cost import CostModelEvaluation, CostModelEvaluationABC, CumulativeCME, FrontCertificate
from zigzag_lab.exact.targets import combined, unbeaten
from zigzag_lab.stages.keywords import check_count
from zigzag_lab.stages.protocols import FrontSink, SearchTally, Sink
from zigzag_lab.stages.reducers import LayerMemo
from zigzag_lab.stages.spec import StageSpec
from zigzag_lab.stages.stage import Result, Stage, StageCallable, batches_of, builtin
from zigzag_lab.vocab import PipelineError

MOST_POINTS = 1000

Point = tuple[float, float, tuple[int, ...]]
"""Energy in pJ, latency in cycles, and the number of the mapping taken in each layer."""


@builtin
class ParetoFrontStage(Stage):
    """Keeps the results that no other beats in both energy and latency, energy ascending.

    Above :class:`ExactFrontStage` the front is exact, and the certificate of each of its CMEs covers all spatial
    mappings; above other searches it is that of the mappings they propose. Yields ``(cme, extra_info)``, many times.
    """

    declares = StageSpec(provides=("tally",), is_pure=True)

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        layer_memo: LayerMemo | None = None,
        tally: SearchTally | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.memo, self.tally = layer_memo, tally or SearchTally()

    def run(self) -> Iterator[Result]:
        """Yield the front."""
        key = self.memo and self.memo.key((type(self), *self.list_of_callables), self.kwargs)
        if self.memo is not None and key is not None and (known := self.memo.get(key, self.kwargs)):
            self.tally.n_reused += 1
            yield from ((cme, None) for cme in known)
            return
        self.tally.n_searches += 1
        front = self._front()
        if self.memo is not None and key is not None:
            found = tuple(cme.standalone() for cme, _ in front if isinstance(cme, CostModelEvaluation))
            self.memo.put(key, found, self.kwargs)
        yield from front

    def _front(self) -> list[Result]:
        energies, latencies, makers, firsts = [np.empty(0)], [np.empty(0)], [], []
        for batch in batches_of(self.substage(tally=self.tally)):
            unbeaten_here = unbeaten(batch.energy_pj, batch.latency_cycles)
            energies.append(batch.energy_pj[unbeaten_here])
            latencies.append(batch.latency_cycles[unbeaten_here])
            makers += [(batch.result, int(i)) for i in unbeaten_here]
            if len(unbeaten_here):
                firsts.append(batch.result(int(unbeaten_here[0]))[0])
        chosen = unbeaten(np.concatenate(energies), np.concatenate(latencies))
        front = [make(i) for make, i in (makers[c] for c in chosen)]
        proof = _proof_over(firsts)
        for cme, _ in front:
            if proof is not None and isinstance(cme, CostModelEvaluation):
                cme.certificate = proof
        return front


def _proof_over(results: Sequence[CostModelEvaluationABC]) -> FrontCertificate | None:
    """What is proven of the fronts that some results are of; None where some of it was not searched exactly."""
    proofs = [cme.certificate for cme in results if isinstance(cme, CostModelEvaluation)]
    exact = {id(proof): proof for proof in proofs if isinstance(proof, FrontCertificate)}
    if not exact or not all(id(proof) in exact for proof in proofs) or len(proofs) < len(results):
        return None
    return FrontCertificate.over(list(exact.values()), n_designs=len({id(cme.accelerator) for cme in results}))


@builtin
class NetworkFrontStage(Stage):
    """Combines the fronts of layers: the sums of one mapping a layer that no other choice beats in both figures.

    Keywords: ``sink``: stores the fronts of the layers, and as the result of each layer its mapping in the sum of least
    energy-delay product; ``most_front_points``: how many sums are yielded at most (None for all); of more, evenly many
    along the front, its ends included; of one, that of least energy-delay product, whose mappings are those of the
    record. Yields ``(sum, [(cme, extra_info), ...])`` for each point, energy ascending.
    """

    declares = StageSpec(provides=("sink",), yields_lists=True, leaves_records=True)

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        sink: Sink | None = None,
        most_front_points: int | None = MOST_POINTS,
        **kwargs: object,
    ) -> None:
        super().__init__(list_of_callables, sink=sink, **kwargs)
        check_count("most_front_points", most_front_points)
        self.sink, self.most = sink, most_front_points

    def run(self) -> Iterator[Result]:
        """Yield the sums."""
        layers = self._fronts_of_layers()
        points = combined([[(cme.energy_total, cme.latency_total2) for cme, _ in front] for front in layers])
        if isinstance(self.sink, FrontSink):
            for front, index in zip(layers, _least_product(points)[2], strict=True):
                self.sink.save_front([cme for cme, _ in front if isinstance(cme, CostModelEvaluation)], index)
        for _, _, chosen in _thinned(points, self.most):
            total: CostModelEvaluationABC = CumulativeCME()
            results = [front[i] for front, i in zip(layers, chosen, strict=True)]
            for cme, _ in results:
                total = total + cme
            yield total, results

    def _fronts_of_layers(self) -> list[list[Result]]:
        found: dict[int, list[Result]] = {}
        for cme, extra_info in self.substage().run():
            if not isinstance(cme, CostModelEvaluation):
                raise PipelineError("NetworkFrontStage", "a sum of layers below it", "results of single layers")
            found.setdefault(cme.layer.id, []).append((cme, extra_info))
        return list(found.values())


def _least_product(points: Sequence[Point]) -> Point:
    return min(points, key=lambda point: point[0] * point[1])


def _thinned(points: Sequence[Point], most: int | None) -> list[Point]:
    """Return at most so many of some points, evenly spread, the ends included; of one the least product."""
    if most == 1:
        return [_least_product(points)]
    if most is None or len(points) <= most:
        return list(points)
    return [points[i] for i in np.unique(np.linspace(0, len(points) - 1, most).round().astype(int))]
