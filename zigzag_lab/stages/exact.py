"""Exact search: stages that find the best of all temporal mappings, uneven or even, and prove it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from math import inf, isfinite
from typing import Any

from zigzag_lab.cost.kernel import supports
from zigzag_lab.mapping.batch import MappingBatch
from zigzag_lab.search.temporal import temporal_mappings
from zigzag_lab.stages.keywords import check_count
from zigzag_lab.stages.spec import StageSpec
from zigzag_lab.stages.stage import StageCallable, builtin
from zigzag_lab.stages.temporal import PROVIDES, TemporalSearchStage
from zigzag_lab.vocab import InfeasibleError, InputError, Objective
from zigzag_lab.vocab.options import OBJECTIVE, SKIPS_REPEATED_READS, TIME_LIMIT

N_LOOPS_AT_START = 6
"""Loops in the short search whose mappings the exact one starts from."""


class _ProvingStage(TemporalSearchStage):
    """What exact searches have in common.

    Keywords: ``exact_time_limit``: seconds for each spatial mapping; None for no limit; ``loma_lpf_limit``: of LOMA's
    search, where exact search does not cover a layer.
    """

    declares = StageSpec(provides=(*PROVIDES, "access_same_data_considered_as_no_access"))

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        exact_time_limit: float | None = TIME_LIMIT.default,
        loma_lpf_limit: int | None = None,
        access_same_data_considered_as_no_access: bool = SKIPS_REPEATED_READS,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            list_of_callables,
            access_same_data_considered_as_no_access=access_same_data_considered_as_no_access,
            **kwargs,
        )
        check_count("loma_lpf_limit", loma_lpf_limit)
        if exact_time_limit is not None and not exact_time_limit > 0:
            raise InputError("exact_time_limit", repr(exact_time_limit), "seconds above 0, or None for no limit")
        self.seconds, self.lpf_limit = exact_time_limit, loma_lpf_limit
        self._miss: InfeasibleError | None = None

    def _start(self) -> Iterator[MappingBatch]:
        """Yield mappings of a short search."""
        if supports(self.problem):
            yield from self._greedy(N_LOOPS_AT_START)

    def _greedy(self, lpf_limit: int | None) -> Iterator[MappingBatch]:
        """Yield what LOMA finds, if anything."""
        try:
            yield from temporal_mappings(self.problem, lpf_limit, self.kind)
        except InfeasibleError as miss:
            self._miss = miss

    def searched(self) -> Iterator[MappingBatch]:
        """Yield what is proven best; for sliding-window outputs, which bounds do not cover, LOMA's, unproven.

        Raises:
            InfeasibleError: nothing fits; names the memory that is too small for the smallest tiles or, where it is not
                as simple, in LOMA's search.
        """
        if not supports(self.problem):
            yield from self._greedy(self.lpf_limit)
            if self._miss is None:
                return
        try:
            yield from self._proven()
        except InfeasibleError as error:
            if self._miss is None or isfinite(error.missing_bits):
                raise
            miss = self._miss
            raise InfeasibleError(miss.layer, miss.reason, miss.hint, miss.missing_bits, error.is_proven) from None

    @abstractmethod
    def _proven(self) -> Iterator[MappingBatch]:
        """Yield what exact search finds; its proof goes to ``certificate``."""


@builtin
class ExactStage(_ProvingStage):
    """Exact search: the best of all orders of all prime factors and all allocations that fit, with a certificate.

    Keywords: ``layer``, ``accelerator``, ``spatial_mapping``; ``exact_objective``: ``energy``, ``latency`` (default) or
    ``EDP``; ``exact_time_limit``: seconds for each spatial mapping, after which the best so far is yielded with its
    gap; None for no limit. Yields ``(cme, (temporal_mapping, extra_info))``, once; ``cme.certificate`` holds what was
    proven, under that spatial mapping. Where a stage above wants the best only, a spatial mapping under which nothing
    is better than what was found before yields nothing; its proof is part of the best one's certificate.
    """

    declares = StageSpec(is_pure=True)

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        exact_objective: Objective | str = OBJECTIVE.default,
        **kwargs: Any,
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.objective: Objective = OBJECTIVE.checked(exact_objective, "exact_objective")
        is_same = self.incumbent is not None and self.incumbent.objective is self.objective
        self.to_beat = self.incumbent if is_same else None

    def _proven(self) -> Iterator[MappingBatch]:
        """Yield the best mapping."""
        from zigzag_lab.exact.solve import NothingBetterError, solve

        try:
            answer = solve(
                self.problem,
                self.objective,
                self.kind,
                seconds=self.seconds,
                known=self._start(),
                to_beat=inf if self.to_beat is None else self.to_beat.value,
            )
        except NothingBetterError as nothing:
            self.to_beat.discard(nothing.certificate, self.problem)  # type: ignore[union-attr]
            self.tally.n_mappings_evaluated += nothing.certificate.n_priced
            return
        self.certificate = answer.certificate
        self.tally.n_mappings_evaluated += answer.certificate.n_priced
        yield answer.batch.only(answer.index)


@builtin
class ExactFrontStage(_ProvingStage):
    """Exact trade-offs: the mappings that no other one beats in both energy and latency.

    Keywords: ``layer``, ``accelerator``, ``spatial_mapping``; ``exact_time_limit``: seconds for each spatial mapping.
    Yields ``(cme, (temporal_mapping, extra_info))`` for each point; ``cme.certificate`` holds whether the front is
    proven.
    """

    declares = StageSpec(is_pure=True)

    def _proven(self) -> Iterator[MappingBatch]:
        """Yield the points of the front."""
        from zigzag_lab.exact.solve import nothing_found, solve_front

        front = solve_front(self.problem, self.kind, seconds=self.seconds, known=self._start())
        if not front.points:
            raise nothing_found(self.problem)
        self.certificate = front.certificate
        self.tally.n_mappings_evaluated += front.certificate.n_priced
        for _, _, batch, index in front.points:
            yield batch.only(index)
