"""Searches of temporal mappings: their common base, LOMA, which ZigZag uses by default, and simulated annealing."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import ceil
from typing import Any

import numpy as np

from zigzag_lab.cost import Certificate, CostModelEvaluation, FrontCertificate, price
from zigzag_lab.cost.certificate import ALL_ORDERS
from zigzag_lab.cost.evaluation import capacity_misses
from zigzag_lab.cost.kernel import supports
from zigzag_lab.hardware import Accelerator
from zigzag_lab.mapping.batch import LoopTables, MappingBatch
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.shapes import TileShapes
from zigzag_lab.mapping.spatial import UnrolledLoops
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.search.loma import allocate
from zigzag_lab.search.order_classes import OrderClasses
from zigzag_lab.search.order_constraints import OrderConstraints
from zigzag_lab.search.orderings import CHUNK
from zigzag_lab.search.salsa import SalsaSettings, salsa_mapping
from zigzag_lab.search.temporal import PinnedLevels, order_classes, pinned_mapping, temporal_mappings
from zigzag_lab.stages.cost_model import CostModelStage
from zigzag_lab.stages.keywords import UNROLLED_RECORDS, check_count, keywords_of, problem_of, ranks
from zigzag_lab.stages.protocols import Incumbent, SearchTally
from zigzag_lab.stages.spec import WITHOUT_EFFECT, StageSpec, spec_of
from zigzag_lab.stages.stage import BatchStage, Result, ResultBatch, StageCallable, batches_of, builtin
from zigzag_lab.vocab import InfeasibleError, InputError, Objective, TemporalMappingType
from zigzag_lab.vocab.options import OBJECTIVE, SKIPS_REPEATED_READS, TEMPORAL_MAPPING_TYPE
from zigzag_lab.workload import Layer

PROVIDES = (
    *("layer", "accelerator", "spatial_mapping", "spatial_mapping_int", "constraints"),
    *("temporal_mapping", "temporal_mapping_type", "problem", "tally"),
)


class TemporalSearchStage(BatchStage):
    """Proposes temporal mappings, and runs the stages below for each batch of them.

    A search is a subclass with :meth:`searched`, and a constructor that names the keywords which it alone reads. One
    that scripts written for ZigZag give whatever the search, and that it makes no use of, has the default
    :data:`zigzag_lab.stages.spec.WITHOUT_EFFECT`: it is accepted with a warning.

    Keywords: ``layer``, ``accelerator``, ``spatial_mapping``; ``temporal_mapping_type``: ``uneven`` (default) or
    ``even``; ``user_temporal_mapping``: operand -> loops per memory, a mapping from elsewhere to be priced instead of
    searching (by default the mapping file's ``temporal_mapping`` for this layer); ``loma_show_progress_bar``: accepted
    by all searches, which take milliseconds. Yields ``(cme, (temporal_mapping, extra_info))``.
    """

    declares = StageSpec(provides=PROVIDES, requires=UNROLLED_RECORDS, changes_nothing=("loma_show_progress_bar",))

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        accelerator: Accelerator,
        layer: Layer,
        spatial_mapping: UnrolledLoops,
        spatial_mapping_int: UnrolledLoops | None = None,
        constraints: MappingConstraints | None = None,
        problem: Problem | None = None,
        temporal_mapping_type: TemporalMappingType | str = TEMPORAL_MAPPING_TYPE.default,
        loma_show_progress_bar: bool = False,
        user_temporal_mapping: PinnedLevels | None = None,
        tally: SearchTally | None = None,
        to_beat: Incumbent | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        same = problem_of(problem, layer, accelerator, constraints, spatial_mapping, spatial_mapping_int)
        is_skipping = self.kwargs.get("access_same_data_considered_as_no_access", SKIPS_REPEATED_READS)
        self.problem = same.with_repeated_reads(skipped=bool(is_skipping))
        self.kind: TemporalMappingType = TEMPORAL_MAPPING_TYPE.checked(temporal_mapping_type)
        self.pinned = user_temporal_mapping
        self.tally, self.incumbent = tally or SearchTally(), to_beat
        self.certificate: Certificate | FrontCertificate | None = None

    @abstractmethod
    def searched(self) -> Iterator[MappingBatch]:
        """Yield the mappings that the search finds; what is proven of them goes to ``certificate``."""

    def batches(self) -> Iterator[ResultBatch]:
        """Yield the prices of all mappings proposed, in batches, with what is proven of them."""
        for batch in self._priced():
            yield batch.wrapped(self._certified)

    def _certified(self, result: Result) -> Result:
        if self.certificate is not None:
            result[0].certificate = self.certificate  # type: ignore[attr-defined]
        return result

    def _priced(self) -> Iterator[ResultBatch]:
        takes_batches = spec_of(self.list_of_callables[0]).takes_batches
        for proposed in self.proposals():
            for one in (proposed,) if takes_batches or isinstance(proposed, TemporalMapping) else self._each(proposed):
                stage = self.substage(
                    **keywords_of(self.problem), temporal_mapping=one, temporal_mapping_type=self.kind, tally=self.tally
                )
                for priced in batches_of(stage):
                    yield priced.wrapped(partial(_with_mapping, one))

    def _each(self, batch: MappingBatch) -> Iterator[TemporalMapping]:
        for index in range(len(batch)):
            yield TemporalMapping.of(self.problem.layer, batch.allocated(index), self.kind)

    def proposals(self) -> Iterator[MappingBatch | TemporalMapping]:
        """Yield the user's mapping where there is one, else what the search finds."""
        if self.pinned is not None:
            yield _pinned(self.problem, self.pinned, self.kind, "user_temporal_mapping")
        elif self.problem.constraints.temporal_mapping:
            where = f"mapping entry '{self.problem.constraints.name}': temporal_mapping"
            yield _pinned(self.problem, self.problem.constraints.temporal_mapping, self.kind, where)
        else:
            yield from self.searched()


@builtin
class TemporalMappingGeneratorStage(TemporalSearchStage):
    """LOMA: proposes the orders of the temporal loops that fit the memories.

    Keywords: ``layer``, ``accelerator``, ``spatial_mapping``; ``loma_lpf_limit``: the most loop prime factors to
    reorder (None for all: where a stage above wants the best only, equal beginnings of orders are merged, one mapping
    is yielded, and ``cme.certificate`` says what was proven), and those of :class:`TemporalSearchStage`. Yields
    ``(cme, (temporal_mapping, extra_info))``.
    """

    declares = StageSpec(is_pure=True)

    def __init__(
        self, list_of_callables: Sequence[StageCallable], *, loma_lpf_limit: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        check_count("loma_lpf_limit", loma_lpf_limit)
        self.lpf_limit = loma_lpf_limit
        self.wanted = None if self.incumbent is None else self.incumbent.objective

    def searched(self) -> Iterator[MappingBatch]:
        """Yield all orders that fit, in batches; where only the best is wanted and they are many, that one alone."""
        if self.lpf_limit is None and self.wanted is not None and can_be_merged(self.problem, self.kind):
            best, self.certificate = best_order(self.problem, self.wanted)
            self.tally.n_mappings_evaluated += self.certificate.n_priced
            yield best
            return
        if self.wanted is not None:
            found = best_of_classes(self.problem, self.lpf_limit, self.wanted, self.kind)
            if found is not None:
                self.tally.n_mappings_evaluated += found.n_orders - 1
                yield found.batch
                return
        yield from temporal_mappings(self.problem, self.lpf_limit, self.kind)


LomaStage = TemporalMappingGeneratorStage


def _with_mapping(proposed: MappingBatch | TemporalMapping, result: Result) -> Result:
    """The result, with its temporal mapping in front of the extra information of the stages below."""
    cme, extra_info = result
    return cme, (proposed if isinstance(proposed, TemporalMapping) else cme.temporal_mapping, extra_info)  # type: ignore[attr-defined]


def _pinned(problem: Problem, levels: PinnedLevels, kind: TemporalMappingType, where: str) -> TemporalMapping:
    """Return a mapping from elsewhere, checked against the layer and the sizes of the memories.

    Raises:
        InputError: it is not of this layer and this accelerator.
        InfeasibleError: it does not belong to the spatial mapping, or a memory is too small for it.
    """
    mapping = pinned_mapping(problem, levels, kind, where)
    misses = capacity_misses(CostModelEvaluation(problem, mapping))
    if misses:
        found = "; ".join(
            f"memory {m.memory} is {ceil(m.missing_bits):,} bits too small for {' and '.join(m.operands)}"
            for m in misses
        )
        raise InfeasibleError(
            problem.layer.name,
            f"{found} in the temporal mapping of {where} under the spatial mapping {problem.spatial_mapping}",
            "Keep fewer loops there, or enlarge the memory.",
        )
    return mapping


@dataclass(frozen=True)
class BestOrder:
    """The best mapping of a search through classes of orders, alone in its batch, with the figure that was minimised.

    Of the orders and classes those that fit the memories are counted.
    """

    batch: MappingBatch
    figure: float
    n_orders: int
    n_classes: int


def best_of_classes(
    problem: Problem,
    lpf_limit: int | None,
    objective: Objective,
    kind: TemporalMappingType,
) -> BestOrder | None:
    """Return the mapping that pricing every order one by one would choose, without pricing them all.

    Of equal latencies the one of least energy is chosen and the other way round, and then the first. None where orders
    are few, where it is not known which have equal prices, and where none fits the memories.
    """
    classes = order_classes(problem, lpf_limit) if supports(problem) else None
    if classes is None:
        return None
    energy, latency = _prices(problem, classes, kind)
    fitting = np.isfinite(energy)
    if not fitting.any():
        return None
    chosen = np.flatnonzero(fitting)
    compared = ranks(objective, energy, latency)
    for figures in compared:
        chosen = chosen[figures[chosen] == figures[chosen].min()]
    first = allocate(LoopTables(problem, classes.lattice.loops, classes.first_of(chosen)), kind).fitting
    n_orders = round(float(classes.n_orders[fitting].sum()))
    return None if first is None else BestOrder(first, float(compared[0][chosen[0]]), n_orders, int(fitting.sum()))


def can_be_merged(problem: Problem, kind: TemporalMappingType) -> bool:
    """Whether equal beginnings of orders can be merged: not for sliding-window outputs, nor for even mappings."""
    is_free = not OrderConstraints.of(problem).complete_order  # a layer that is all unrolled has one order, of none
    return is_free and kind is TemporalMappingType.UNEVEN and supports(problem)


def best_order(problem: Problem, objective: Objective) -> tuple[MappingBatch, Certificate]:
    """Return the best of all orders of all loop prime factors, alone in its batch, and what is proven of it."""
    started, kind = time.perf_counter(), TemporalMappingType.UNEVEN
    found = best_of_classes(problem, None, objective, kind)
    if found is not None:
        work = float(found.n_orders), found.n_classes, time.perf_counter() - started
        return found.batch, Certificate(objective, found.figure, found.figure, ALL_ORDERS, *work)
    from zigzag_lab.exact.all_orders import best_of_all_orders

    answer = best_of_all_orders(problem, objective)
    return answer.batch.only(answer.index), answer.certificate


def _prices(problem: Problem, classes: OrderClasses, kind: TemporalMappingType) -> tuple[np.ndarray, np.ndarray]:
    """[c] energy and latency of each class; infinite where LOMA rejects it."""
    shapes, orders = TileShapes.of(problem, classes.lattice.loops), classes.orders()
    energy, latency = np.full(orders.shape[1], np.inf), np.full(orders.shape[1], np.inf)
    for start in range(0, orders.shape[1], CHUNK):
        part = np.arange(start, min(start + CHUNK, orders.shape[1]))
        found = allocate(LoopTables(problem, classes.lattice.loops, orders[:, part], shapes), kind)
        if found.fitting is not None:
            prices = price(found.fitting)
            energy[part[found.fits]], latency[part[found.fits]] = prices.energy_pj, prices.latency_cycles
    return energy, latency


@builtin
class TemporalOrderingConversionStage(TemporalSearchStage):
    """Allocates the user's order of loops to memory levels; nothing is searched.

    Keywords: ``layer``, ``accelerator``, ``spatial_mapping``; ``user_temporal_ordering``: (loop dimension, size) from
    the innermost outwards, all loops that the spatial mapping leaves in time; by default the mapping file's
    ``temporal_ordering``. Yields ``(cme, (temporal_mapping, extra_info))``, once.
    """

    declares = StageSpec(is_pure=True)

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        user_temporal_ordering: Sequence[tuple[str, int]] | None = None,
        loma_lpf_limit: int | None = WITHOUT_EFFECT,
        **kwargs: Any,
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        if user_temporal_ordering is not None:
            order = tuple((dim, size) for dim, size in user_temporal_ordering)
            constraints = replace(self.problem.constraints, temporal_ordering=order)
            self.problem = replace(self.problem, constraints=constraints)

    def searched(self) -> Iterator[MappingBatch]:
        """Yield the one mapping of the user's order."""
        wanted = self.problem.constraints.temporal_ordering
        if not OrderConstraints.of(self.problem).is_complete:
            shown = ", ".join(f"[{dim}, {size or '*'}]" for dim, size in wanted) or "no order"
            left = ", ".join(f"{dim} {size}" for dim, size in self.problem.temporal_sizes.items()) or "none"
            raise InputError(
                f"layer {self.problem.layer.name}: temporal_ordering",
                f"found {shown}",
                f"every temporal loop of the spatial mapping {self.problem.spatial_mapping}, in order: {left}",
                "TemporalMappingGeneratorStage completes an order that leaves something open.",
            )
        yield from temporal_mappings(self.problem, None, self.kind)


# -- simulated annealing -----------------------------------------------------------------------------------------------


_DEFAULT = SalsaSettings()


@builtin
class SalsaStage(TemporalSearchStage):
    """SALSA: the best order of all prime factors of the temporal loops that simulated annealing finds.

    Keywords: ``layer``, ``accelerator``, ``spatial_mapping``; ``temporal_mapping_type``; ``salsa_opt_criterion``:
    ``energy`` (default), ``latency`` or ``EDP``; ``salsa_iteration_number``: swaps tried by each chain;
    ``salsa_number_of_core``: chains that run side by side; ``salsa_start_temperature``; ``seed``: equal seeds give
    equal results. Yields ``(cme, (temporal_mapping, extra_info))``, once.
    """

    declares = StageSpec(provides=(*PROVIDES, "access_same_data_considered_as_no_access"), is_pure=True)

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        salsa_opt_criterion: Objective | str = Objective.ENERGY,
        salsa_iteration_number: int = _DEFAULT.n_steps,
        salsa_number_of_core: int = _DEFAULT.n_chains,
        salsa_start_temperature: float = _DEFAULT.start_temperature,
        seed: int = _DEFAULT.seed,
        access_same_data_considered_as_no_access: bool = SKIPS_REPEATED_READS,
        loma_lpf_limit: int | None = WITHOUT_EFFECT,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            list_of_callables,
            access_same_data_considered_as_no_access=access_same_data_considered_as_no_access,
            **kwargs,
        )
        self.objective: Objective = OBJECTIVE.checked(salsa_opt_criterion, "salsa_opt_criterion")
        self.settings = SalsaSettings(salsa_iteration_number, salsa_number_of_core, salsa_start_temperature, seed)

    def searched(self) -> Iterator[MappingBatch]:
        """Yield the best mapping found."""
        yield salsa_mapping(self.problem, self._price, self.settings, self.kind)

    def _price(self, batch: MappingBatch) -> np.ndarray:
        """[m] the objective; energy in pJ, latency in cycles."""
        (priced,) = CostModelStage(
            [],
            accelerator=self.problem.accelerator,
            layer=self.problem.layer,
            spatial_mapping=self.problem.fractional.loops,
            temporal_mapping=batch,
            temporal_mapping_type=self.kind,
            problem=self.problem,
            access_same_data_considered_as_no_access=self.problem.skip_repeated_reads,
            tally=self.tally,
        ).batches()
        return ranks(self.objective, priced.energy_pj, priced.latency_cycles)[0]
