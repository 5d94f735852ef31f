"""The stage contract.

A stage is built as ``SomeStage(list_of_callables, **kwargs)``. Its ``run()`` builds its substage from the first
callable, with the remaining list as first argument and ``**kwargs`` (which it may change) after it, iterates over the
``(CME, extra_info)`` tuples that ``substage.run()`` yields, and yields tuples in turn. A reduction yields after its
loop. Custom stages need nothing else; the class attributes below let built-in stages say more about themselves. What a
class says of itself in ``is_builtin``, ``is_pure`` and ``takes_batches`` does not pass to its subclasses, which may do
something else.
"""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from zigzag_lab.cost import CostModelEvaluationABC
from zigzag_lab.stages.recording import run_recorded, variant_of
from zigzag_lab.stages.signature import parameters_of, records_needed, wrong_kind
from zigzag_lab.vocab import PipelineError

Result = tuple[CostModelEvaluationABC, Any]
"""A CME and what the stages below say about it."""


@runtime_checkable
class StageCallable(Protocol):
    """Anything that builds a stage: usually its class."""

    def __call__(self, list_of_callables: Sequence[StageCallable], *args: Any, **kwargs: Any) -> Stage:
        """Build the stage."""


class _StageMeta(ABCMeta):
    """Builds stages, and says in words what a stage lacks that was not given what it needs."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        for name, kind in records_needed(cls).items():
            if kwargs.get(name) is not None and not isinstance(kwargs[name], kind):
                raise wrong_kind(cls.__name__, name, kwargs[name], kind, "Put the stage that reads it above.")
        try:
            return super().__call__(*args, **kwargs)
        except TypeError as error:
            required = (n for n, p in parameters_of(cls).items() if p.default is p.empty and n not in kwargs)
            missing = next((name for name in required if f"'{name}'" in str(error)), None)
            if missing is None:
                raise
            raise PipelineError(
                cls.__name__,
                f"needs '{missing}', which the stage above it does not hand down",
                hint="Put the stage that provides it above, or give the keyword to MainStage.",
            ) from None


class Stage(metaclass=_StageMeta):
    """A step of the pipeline.

    Attributes:
        provides: keywords that the stage hands to its substages, whether or not it was given them.
        consumes: keywords in its signature that it keeps from its substages.
        requires: keywords that must be records by the time the stage is built -> their class.
        reads: keywords that it turns into records.
        is_builtin: whether the declarations above are complete, so that a pipeline can be checked before it runs.
        is_pure: whether its results depend on its keywords alone, so that they may be reused. None where that is not
            said: then a cache keeps them where the code shows nothing to the contrary.
        takes_batches: whether its keyword ``temporal_mapping`` may be a whole batch.
        yields_lists: whether the extra information it yields is a list of the results below.
        hands_on: whether it yields the results of the stages below as they are.
        changes_nothing: keywords that it reads and that change no result.
        writes: keywords that, given, have it write files; answers from a cache would leave them unwritten.
        leaves_records: whether it puts more on record than its results: saved CMEs, or child runs.
        prepares: whether it only makes keywords for the stages below: reads, walks over layers, proposes.
    """

    provides: ClassVar[tuple[str, ...]] = ()
    consumes: ClassVar[tuple[str, ...]] = ()
    requires: ClassVar[Mapping[str, type]] = {}
    reads: ClassVar[tuple[str, ...]] = ()
    is_builtin: ClassVar[bool] = False
    is_pure: ClassVar[bool | None] = None
    takes_batches: ClassVar[bool] = False
    yields_lists: ClassVar[bool] = False
    hands_on: ClassVar[bool] = False
    changes_nothing: ClassVar[tuple[str, ...]] = ()
    writes: ClassVar[tuple[str, ...]] = ()
    leaves_records: ClassVar[bool] = False
    prepares: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for claim in ("is_builtin", "is_pure", "takes_batches", "hands_on"):
            if claim not in vars(cls):
                setattr(cls, claim, None if claim == "is_pure" else False)

    def __init__(self, list_of_callables: Sequence[StageCallable], **kwargs: Any) -> None:
        self.list_of_callables: list[StageCallable] = list(list_of_callables or [])
        self.kwargs: dict[str, Any] = kwargs
        name = type(self).__name__
        if self.is_leaf() and self.list_of_callables:
            raise PipelineError(name, "stands above other stages", "the last place", "Move it to the end of the list.")
        if not self.is_leaf() and not self.list_of_callables:
            raise PipelineError(name, "has no stage below it", hint="End the list with CostModelStage.")

    @abstractmethod
    def run(self) -> Iterator[Result]:
        """Yield ``(CME, extra_info)`` tuples."""

    def __iter__(self) -> Iterator[Result]:
        return self.run()

    def is_leaf(self) -> bool:
        """Whether the stage prices by itself and has nothing below it."""
        return False

    def substage(self, **changes: Any) -> Stage:
        """Build the next stage with this stage's keywords, some of them changed."""
        return self.list_of_callables[0](self.list_of_callables[1:], **{**self.kwargs, **changes})

    def variant(self, settings: Mapping[str, Any], **changes: Any) -> Iterator[Result]:
        """Yield what the stages below find for one combination of a stage that tries several.

        In the record of the run each combination is a child run of its own, with its settings, its layers and its
        status, as a point of a sweep is; below WorkloadStage one for all layers.

        Args:
            settings: what is varied -> its value, for people: plain values, files, or records with a name.
            **changes: keywords of the stages below that the combination sets.
        """
        before = self.__dict__.setdefault("_tried", [])
        named = variant_of(self, settings, changes, 0)
        variant = replace(named, occurrence=before.count(named.label))
        before.append(named.label)
        return run_recorded(self, variant)


@dataclass(frozen=True)
class ResultBatch:
    """Many results at once, whose CMEs are only made when asked for.

    Attributes:
        energy_pj: [m].
        latency_cycles: [m].
        result: mapping number -> its CME and extra information.
    """

    energy_pj: np.ndarray
    latency_cycles: np.ndarray
    result: Callable[[int], Result]

    def __len__(self) -> int:
        return len(self.energy_pj)

    def wrapped(self, wrap: Callable[[Result], Result]) -> ResultBatch:
        """The same batch with each result changed when it is asked for."""
        return ResultBatch(self.energy_pj, self.latency_cycles, lambda i: wrap(self.result(i)))

    def kept(self) -> ResultBatch:
        """The same batch, each of its results made once."""
        return ResultBatch(self.energy_pj, self.latency_cycles, [self.result(i) for i in range(len(self))].__getitem__)

    @classmethod
    def of(cls, result: Result) -> ResultBatch:
        """A batch of one."""
        cme = result[0]
        return cls(np.array([cme.energy_total]), np.array([cme.latency_total2]), lambda _: result)


class BatchStage(Stage):
    """A stage that can yield its results in batches; seen one by one through ``run()`` like any other."""

    @abstractmethod
    def batches(self) -> Iterator[ResultBatch]:
        """Yield results in batches."""

    def run(self) -> Iterator[Result]:
        """Yield the results of all batches one by one."""
        for batch in self.batches():
            for index in range(len(batch)):
                yield batch.result(index)


def batches_of(stage: Stage) -> Iterator[ResultBatch]:
    """The results of any stage in batches; one by one where it, or a subclass of it, only yields tuples."""
    if isinstance(stage, BatchStage) and type(stage).run is BatchStage.run:
        yield from stage.batches()
    else:
        for result in stage.run():
            yield ResultBatch.of(result)
