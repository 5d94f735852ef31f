"""Stages that look at many results: the best of them, their sum, or all at once."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import ClassVar, cast

import numpy as np

from zigzag_lab.cost import Certificate, CostModelEvaluation, CostModelEvaluationABC, CumulativeCME
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.stages.keywords import ranks
from zigzag_lab.stages.protocols import Incumbent, SearchTally
from zigzag_lab.stages.spec import Keywords, StageSpec, spec_of
from zigzag_lab.stages.stage import BatchStage, Result, ResultBatch, Stage, StageCallable, batches_of, builtin
from zigzag_lab.vocab import Objective, ZigzagLabError
from zigzag_lab.workload import Layer

Rank = tuple[float, ...]


class _MinimalStage(Stage):
    """Keeps the result of the lowest rank; of equals the first.

    Keywords: ``reduce_minimal_keep_others``: whether all results are handed up as extra information.
    Yields ``(best_cme, others)``.
    """

    declares = StageSpec(provides=("tally", "to_beat"), yields_lists=True)
    objective: ClassVar[Objective]

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        reduce_minimal_keep_others: bool = False,
        layer_memo: LayerMemo | None = None,
        tally: SearchTally | None = None,
        to_beat: Incumbent | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.keep_others = reduce_minimal_keep_others
        self.memo, self.tally = layer_memo, tally or SearchTally()
        is_same = to_beat is not None and to_beat.objective is self.objective
        self.given = to_beat if is_same else None

    def run(self) -> Iterator[Result]:
        """Yield the best result of the stages below."""
        key = None
        if self.memo is not None and not self.keep_others:
            key = self.memo.key((type(self), *self.list_of_callables), self.kwargs)
        if self.memo is not None and key is not None:
            known = self.memo.get(key, self.kwargs)
            if known:
                self.tally.n_reused += 1
                yield known[0], []
                return
            self.tally.n_searches += 1
        found = self._reduce()
        if found is None:
            return
        best, others = found
        if self.memo is not None and key is not None and isinstance(best, CostModelEvaluation):
            best = best.standalone()
            self.memo.put(key, (best,), self.kwargs)
        yield best, others

    def _incumbent(self) -> Incumbent | None:
        """What the searches below need not look beyond; None where all that they find is wanted."""
        if self.keep_others or not all(_heeds_incumbents(stage) for stage in self.list_of_callables):
            return None
        return self.given or Incumbent(self.objective)

    def _reduce(self) -> tuple[CostModelEvaluationABC, list[Result]] | None:
        best: tuple[Rank, ResultBatch, int] | None = None
        others: list[Result] = []
        certificates: list[Certificate | None] = []
        designs: set[int] = set()
        incumbent = self._incumbent()
        handed_down: dict[str, object] = {} if incumbent is None else {"to_beat": incumbent}
        if self.memo is not None and any(spec_of(stage).leaves_records for stage in self.list_of_callables):
            handed_down["layer_memo"] = self.memo  # what is not remembered here may be further below
        for batch in batches_of(self.substage(tally=self.tally, **handed_down)):
            if not len(batch):
                continue
            certificates.append(_certificate_of(batch))
            if certificates[-1] is not None:
                designs.add(id(batch.result(0)[0].accelerator))
            index, rank = self._lowest(batch)
            if self.keep_others:
                batch = batch.materialised()
                others.extend(batch.result(i) for i in range(len(batch)))
            if best is None or rank < best[0]:
                best = rank, batch, index
                if incumbent is not None:
                    incumbent.value = min(incumbent.value, rank[0])
        if best is None and self.given is not None and self.given.discarded:
            return None
        if best is None:
            raise ZigzagLabError(f"{type(self).__name__}: the stages below yielded nothing to choose from")
        _, batch, index = best
        if incumbent is not None and incumbent is not self.given:
            certificates.extend(incumbent.discarded)
            designs |= incumbent.designs
        return _certified(batch.result(index)[0], certificates, len(designs)), others

    def _lowest(self, batch: ResultBatch) -> tuple[int, Rank]:
        compared = ranks(self.objective, batch.energy_pj, batch.latency_cycles)
        candidates = np.arange(len(batch))
        for values in compared:
            values = values[candidates]
            candidates = candidates[values == values.min()]
        index = int(candidates[0])
        return index, tuple(float(values[index]) for values in compared)


def _certificate_of(batch: ResultBatch) -> Certificate | None:
    """What an exact search proved of its one result; None of anything else."""
    if len(batch) != 1:
        return None
    cme = batch.result(0)[0]
    found = cme.certificate if isinstance(cme, CostModelEvaluation) else None
    return found if isinstance(found, Certificate) else None


def _certified(
    best: CostModelEvaluationABC, certificates: Sequence[Certificate | None], n_designs: int
) -> CostModelEvaluationABC:
    """The best result, certified over all that it was chosen from, if all of it is certified for one objective.

    A copy of it is: the stages below may remember the one that they yielded, for another choice.
    """
    proofs = [c for c in certificates if c is not None]
    own = best.certificate if isinstance(best, CostModelEvaluation) else None
    if (
        isinstance(best, CostModelEvaluation)
        and isinstance(own, Certificate)
        and 1 < len(proofs) == len(certificates)
        and len({c.objective for c in proofs}) == 1
    ):
        best = best.standalone()
        best.certificate = own.over(proofs, n_designs=n_designs)
    return best


def _heeds_incumbents(stage: StageCallable) -> bool:
    """Whether a stage is one of ours that reduces, proposes or prices, so that what is beaten need not be found."""
    if not (isinstance(stage, type) and spec_of(stage).is_complete and spec_of(stage).is_pure):
        return False
    return issubclass(stage, (_MinimalStage, BatchStage))


@builtin
class MinimalLatencyStage(_MinimalStage):
    """Keeps the result of the lowest latency; of equals the one of lower energy."""

    declares = StageSpec(is_pure=True)
    objective = Objective.LATENCY


@builtin
class MinimalEnergyStage(_MinimalStage):
    """Keeps the result of the lowest energy; of equals the one of lower latency."""

    declares = StageSpec(is_pure=True)
    objective = Objective.ENERGY


@builtin
class MinimalEDPStage(_MinimalStage):
    """Keeps the result of the lowest product of energy and latency."""

    declares = StageSpec(is_pure=True)
    objective = Objective.EDP


@builtin
class SumStage(Stage):
    """Adds up all results of the stages below. Yields ``(sum, [(cme, extra_info), ...])``."""

    declares = StageSpec(is_pure=True, yields_lists=True)

    def run(self) -> Iterator[Result]:
        """Yield the sum."""
        total: CostModelEvaluationABC = CumulativeCME()
        results: list[Result] = []
        for cme, extra_info in self.substage().run():
            total = total + cme
            results.append((cme, extra_info))
        yield total, results


@builtin
class ListifyStage(Stage):
    """Hands all results up at once. Yields ``([(cme, extra_info), ...], None)``, once."""

    def run(self) -> Iterator[Result]:
        """Yield the list."""
        results = list(self.substage().run())
        yield cast(CostModelEvaluationABC, results), None


@builtin
class RemoveExtraInfoStage(BatchStage):
    """Drops the extra information of the stages below, to free its memory. Yields ``(cme, None)``."""

    declares = StageSpec(is_pure=True)

    def batches(self) -> Iterator[ResultBatch]:
        """Yield the results without extra information."""
        for batch in batches_of(self.substage()):
            yield batch.wrapped(lambda result: (result[0], None))


@builtin
class CacheBeforeYieldStage(BatchStage):
    """Waits until the stages below are done, then hands all their results up."""

    declares = StageSpec(is_pure=True, hands_on=True)

    def batches(self) -> Iterator[ResultBatch]:
        """Yield the results, once all are there."""
        yield from list(batches_of(self.substage()))


_NOT_PART_OF_THE_QUESTION = frozenset(
    {"layer", "constraints", "tally", "layer_memo", "run_files", "progress", "sink", "to_beat"}
)


class LayerMemo:
    """Results of the searches below a stage, for each distinct question of this run."""

    def __init__(self) -> None:
        self._found: dict[Hashable, tuple[tuple[CostModelEvaluation, ...], Keywords]] = {}

    def key(self, stages: Sequence[StageCallable], kwargs: Keywords) -> Hashable | None:
        """Return the key of a question; None where a stage below may do more than answer it."""
        if not all(isinstance(stage, type) and spec_of(stage).is_pure for stage in stages):
            return None
        layer, constraints = kwargs.get("layer"), kwargs.get("constraints")
        if not isinstance(layer, Layer) or not isinstance(constraints, MappingConstraints):
            return None
        asked = repr((layer.meaning(), constraints.meaning()))
        others = [(k, _identity(v)) for k, v in sorted(kwargs.items()) if k not in _NOT_PART_OF_THE_QUESTION]
        return asked, tuple(others), tuple(stages)

    def get(self, key: Hashable, kwargs: Keywords) -> list[CostModelEvaluation]:
        """Return the results of a question for the layer of these keywords; nothing if it was not asked before."""
        found, _ = self._found.get(key, ((), {}))
        layer = kwargs.get("layer")
        return [cme.for_layer(layer) for cme in found if isinstance(layer, Layer)]

    def put(self, key: Hashable, cmes: tuple[CostModelEvaluation, ...], kwargs: Keywords) -> None:
        """Remember what was found; the keywords stay referenced, as identities of objects are part of the key."""
        self._found[key] = cmes, kwargs


def _identity(value: object) -> Hashable:
    plain = value is None or isinstance(value, (bool, int, float, str))
    return (type(value).__name__, value) if plain else id(value)
