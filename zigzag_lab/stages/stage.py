"""The stage contract.

A stage is built as ``SomeStage(list_of_callables, **kwargs)``. Its ``run()`` builds its substage from the first
callable, with the remaining list as first argument and ``**kwargs`` (which it may change) after it, iterates over the
``(CME, extra_info)`` tuples that ``substage.run()`` yields, and yields tuples in turn. A reduction yields after its
loop. Custom stages need nothing else; what they may declare of themselves besides is in
:class:`zigzag_lab.stages.spec.StageSpec`.
"""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

import numpy as np

from zigzag_lab.stages.protocols import Result as Result
from zigzag_lab.stages.protocols import Variant
from zigzag_lab.stages.recording import run_recorded
from zigzag_lab.stages.spec import DECLARED_BY, NOTHING, StageSpec, parameters_of, spec_of, wrong_kind
from zigzag_lab.vocab import PipelineError
from zigzag_lab.vocab.registry import Registry


@runtime_checkable
class StageCallable(Protocol):
    """Anything that builds a stage: usually its class."""

    def __call__(self, list_of_callables: Sequence[StageCallable], *args: Any, **kwargs: Any) -> Stage:
        """Build the stage."""


class _StageMeta(ABCMeta):
    """Builds stages, with an error that names what a stage needs and was not given; has the fields of its spec."""

    def __getattr__(cls, name: str) -> object:
        if name in DECLARED_BY:
            return getattr(spec_of(cls), DECLARED_BY[name])
        raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}")

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        for name, kind in spec_of(cls).requires.items():
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

    What it declares of itself stands in ``declares``, or in class attributes of the names of its fields, such as
    ``is_pure = False``; ``SomeStage.provides`` and the like are what follows from that.
    """

    declares: ClassVar[StageSpec]

    def __init__(self, list_of_callables: Sequence[StageCallable], **kwargs: object) -> None:
        self.list_of_callables: list[StageCallable] = list(list_of_callables or [])
        self.kwargs: dict[str, object] = kwargs
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

    def substage(self, **changes: object) -> Stage:
        """Build the next stage with this stage's keywords, some of them changed."""
        return self.list_of_callables[0](self.list_of_callables[1:], **{**self.kwargs, **changes})

    def variant(self, settings: Mapping[str, object], **changes: object) -> Iterator[Result]:
        """Yield what the stages below find for one combination of a stage that tries several.

        In the record of the run each combination is a child run of its own, with its settings, its layers and its
        status, as a point of a sweep is; below WorkloadStage one for all layers.

        Args:
            settings: what is varied -> its value, for people: plain values, files, or records with a name.
            **changes: keywords of the stages below that the combination sets.
        """
        before = self.__dict__.setdefault("_tried", [])
        # below WorkloadStage a combination comes again with every layer, which a stage may withhold from those below
        goes_on = "layer" in {**self.kwargs, **changes}
        named = Variant(dict(settings), dict(changes), len(self.list_of_callables), goes_on=goes_on)
        variant = replace(named, occurrence=before.count(named.label))
        before.append(named.label)
        return run_recorded(variant, self.kwargs, lambda **changed: self.substage(**changed).run())


STAGES: Registry[type[Stage]] = Registry("zigzag_lab.stages", _StageMeta, name_by="__name__")
"""Name -> stage. Entry points of the group ``zigzag_lab.stages`` add to it."""

StageClass = TypeVar("StageClass", bound=type[Stage])


def builtin(stage: StageClass) -> StageClass:
    """Register a stage that ships with this package, and whose declarations are complete."""
    stage.declares = replace(vars(stage).get("declares", NOTHING), is_complete=True)
    STAGES.add(stage)
    return stage


@dataclass(frozen=True)
class ResultBatch:
    """Many results at once: energy in pJ [m], latency in cycles [m], and what makes one of them when asked."""

    energy_pj: np.ndarray
    latency_cycles: np.ndarray
    result: Callable[[int], Result]

    def __len__(self) -> int:
        return len(self.energy_pj)

    def wrapped(self, wrap: Callable[[Result], Result]) -> ResultBatch:
        """Return the same batch with each result changed when it is asked for."""
        return ResultBatch(self.energy_pj, self.latency_cycles, lambda i: wrap(self.result(i)))

    def materialised(self) -> ResultBatch:
        """Return the same batch with each of its results made, once."""
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
