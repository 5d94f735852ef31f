"""What happens while a pipeline runs, seen from outside: nothing here asks the code that keeps records.

A pipeline runs without a record, and every stage that saves, sums up or tries combinations is watched. Each run and
each combination in it is an :class:`Event`, which travels down the list under the keyword for sinks.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from zigzag_lab import MainStage as RecordingMainStage
from zigzag_lab.cost import CostModelEvaluation, CostModelEvaluationABC
from zigzag_lab.stages import DumpStage, NetworkFrontStage, PickleSaveStage, Stage, SumStage, WorkloadStage
from zigzag_lab.stages.pipeline import Pipeline as MainStage
from zigzag_lab.stages.reducers import _MinimalStage
from zigzag_lab.stages.savers import _JsonSaveStage

Place = tuple["Event", int]
"""Where a CME was first met, and as which one there."""


@dataclass(eq=False)
class Event:
    """A run, or one combination within a run.

    Attributes:
        parent: what it is a part of.
        settings: of a combination.
        saved: what passed save stages, in order, each CME once, as its place.
        yielded: in order.
        parts: of each result that was yielded, in lists and dictionaries too: the places of what it is made of, and
            how often each counts.
        own: CMEs that were first saved or yielded here.
        proofs: of each of them, what was proven when it was met last.
        stages: the list.
        fronts: per layer, the trade-offs and which of them stands for the layer.
        children: in the order in which they were started.
        error: what ended it.
        left: whether a stage above stopped asking.
        goes_on: whether it comes layer by layer.
    """

    parent: Event | None = None
    settings: Mapping[str, Any] | None = None
    saved: list[Place] = field(default_factory=list)
    yielded: list[Any] = field(default_factory=list)
    parts: list[list[tuple[Place, float]]] = field(default_factory=list)
    own: list[CostModelEvaluation] = field(default_factory=list)
    proofs: list[Any] = field(default_factory=list)
    stages: list[Any] = field(default_factory=list)
    fronts: list[tuple[list[CostModelEvaluation], int]] = field(default_factory=list)
    children: list[Event] = field(default_factory=list)
    error: BaseException | None = None
    left: bool = False
    goes_on: bool = False
    _known: dict[Any, Event] = field(default_factory=dict)
    _saved: set[Place] = field(default_factory=set)
    places: dict[int, Place] = field(default_factory=dict)

    def save(self, cme: CostModelEvaluationABC) -> None:
        """What stages take for a sink; what passes them is seen elsewhere."""

    @property
    def top(self) -> Event:
        return self if self.parent is None else self.parent.top

    @property
    def ended_early(self) -> bool:
        """Whether an error kept it from its end."""
        return self.error is not None or (self.goes_on and self.parent is not None and self.parent.ended_early)

    def child(self, settings: Mapping[str, Any] | None, key: Any = None) -> Event:
        """The combination of a key that was seen before, or a new one."""
        if key is None or key not in self._known:
            made = Event(self, settings, goes_on=key is not None, stages=self.stages)
            self.children.append(made)
            if key is None:
                return made
            self._known[key] = made
        return self._known[key]

    def met(self, cme: CostModelEvaluation) -> Place:
        """Where a CME was first met, and as which one there."""
        places = self.top.places
        if id(cme.identity) not in places:
            places[id(cme.identity)] = self, len(self.own)
            self.own.append(cme)
            self.proofs.append(None)
        event, index = places[id(cme.identity)]
        event.proofs[index] = cme.certificate  # of which more may be proven later
        return event, index

    def owns(self, cme: CostModelEvaluation) -> None:
        """A front hangs on a row of the run that it is found in."""
        if self.met(cme)[0] is not self:
            del self.top.places[id(cme.identity)]
            self.met(cme)

    def passes(self, result: Any) -> None:
        """A result passes a save stage."""
        for cme in held(result):
            if isinstance(cme, CostModelEvaluation) and (place := self.met(cme)) not in self._saved:
                self._saved.add(place)
                self.saved.append(place)

    def yields(self, result: Any) -> None:
        """A result is handed up."""
        self.yielded.append(result)
        for _, cme, extra_info in flattened(result, ""):
            self.parts.append([(self.met(part), times) for part, times in made_of(cme, extra_info)])

    def everyone(self) -> Iterator[Event]:
        """It and all below."""
        yield self
        for child in self.children:
            yield from child.everyone()


def held(value: Any) -> Iterator[CostModelEvaluationABC]:
    """All CMEs in a value; of a result those in its extra information first."""
    if isinstance(value, CostModelEvaluationABC):
        yield value
    elif isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], CostModelEvaluationABC):
        yield from held(value[1])
        yield value[0]
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from held(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from held(item)


def flattened(value: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Results in lists and dictionaries: where they stand, the CME, and what is said beside it."""
    cme, extra_info = value if isinstance(value, tuple) and len(value) == 2 else (value, None)
    if isinstance(cme, dict):
        for key, item in cme.items():
            yield from flattened(item, f"{path}.{key}")
    elif isinstance(cme, (list, tuple)):
        for number, item in enumerate(cme):
            yield from flattened(item, f"{path}[{number}]")
    else:
        yield path, cme, extra_info


def made_of(cme: Any, extra_info: Any = None) -> list[tuple[CostModelEvaluation, float]]:
    """The evaluations of layers that a result is made of, and how often each counts."""
    if isinstance(cme, CostModelEvaluation):
        return [(cme, 1.0)]
    if not isinstance(cme, CostModelEvaluationABC):
        return []
    parts = list(cme.components())  # type: ignore[attr-defined]
    assert [part.layer.id for part, _ in parts] == list(cme.layer_ids)
    return parts


# -- watching ----------------------------------------------------------------------------------------------------------


def event_of(sink: Any) -> Event:
    """The event that a stage belongs to; what DumpStage hands down passes on to one."""
    while not isinstance(sink, Event):
        sink = sink.onto
    return sink


def observed(stages: Sequence[Any], kwargs: Mapping[str, Any]) -> Event:
    """Run a list, and tell what happened."""
    run = Event()
    with _watching():
        fill(run, stages, kwargs)
    return run


def fill(event: Event, stages: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """Run a list as an event."""
    event.stages = list(stages)
    try:
        for result in MainStage(stages, **kwargs, sink=event).results():
            event.yields(result)
    except AssertionError:
        raise  # what is watched is not as it should be
    except Exception as error:
        event.error = error


@contextmanager
def _watching() -> Iterator[None]:
    with ExitStack() as patches:
        patches.enter_context(patch.object(Stage, "variant", _variant))
        for stage in (_JsonSaveStage, PickleSaveStage, DumpStage):
            patches.enter_context(patch.object(stage, "run", _with_eyes(stage.run)))
        patches.enter_context(patch.object(_MinimalStage, "run", _choosing(_MinimalStage.run)))
        patches.enter_context(patch.object(SumStage, "run", _adding(SumStage.run)))
        patches.enter_context(patch.object(RecordingMainStage, "run", _started))
        patches.enter_context(patch.object(NetworkFrontStage, "_fronts_of_layers", _fronts))
        yield


def _started(main: RecordingMainStage) -> list[Any]:
    """A pipeline that a stage starts is a part of what that stage is a part of."""
    stage = sys._getframe(1).f_locals["self"]
    child = event_of(stage.kwargs["sink"]).child(None)
    fill(child, main.list_of_callables, main.kwargs)
    if child.error is not None:
        raise child.error
    return child.yielded


def _with_eyes(run: Any) -> Any:
    def watched(stage: Any) -> Iterator[Any]:
        event = event_of(stage.sink)
        for result in run(stage):
            event.passes(result)
            yield result

    return watched


def _choosing(run: Any) -> Any:
    """The best of results that are all kept is one of them."""

    def watched(stage: Any) -> Iterator[Any]:
        for best, others in run(stage):
            assert not stage.keep_others or any(_is_same(cme, best) for cme, _ in others)
            yield best, others

    return watched


def _is_same(one: Any, other: Any) -> bool:
    both = isinstance(one, CostModelEvaluation) and isinstance(other, CostModelEvaluation)
    return one is other or (both and one.identity is other.identity)


def _adding(run: Any) -> Any:
    """A sum is made of what it lists beside itself."""

    def watched(stage: Any) -> Iterator[Any]:
        for total, results in run(stage):
            expected = [(part, times) for cme, _ in results for part, times in made_of(cme)]
            found = made_of(total)
            assert [(id(p.identity), t) for p, t in found] == [(id(p.identity), t) for p, t in expected]
            yield total, results

    return watched


_of_layers = NetworkFrontStage._fronts_of_layers


def _fronts(stage: NetworkFrontStage) -> list[list[Any]]:
    layers = _of_layers(stage)
    event = event_of(stage.sink)
    for front, chosen in zip(layers, _least_product(layers), strict=True):
        event.owns(front[chosen][0])
        event.fronts.append(([cme for cme, _ in front], chosen))
    return layers


def _least_product(layers: Sequence[Sequence[Any]]) -> tuple[int, ...]:
    """Of all sums of one mapping a layer, that of the least product of energy and latency."""
    import itertools

    def product(choice: tuple[int, ...]) -> float:
        chosen = [front[i][0] for front, i in zip(layers, choice, strict=True)]
        return sum(c.energy_total for c in chosen) * sum(c.latency_total2 for c in chosen)

    return min(itertools.product(*(range(len(front)) for front in layers)), key=product)


def _variant(stage: Stage, settings: Mapping[str, Any], **changes: Any) -> Iterator[Any]:
    label = ", ".join(f"{name}={value}" for name, value in settings.items())
    tried = stage.__dict__.setdefault("_seen", [])
    tried.append(label)
    n_below = len(stage.list_of_callables)
    is_below_layers = WorkloadStage in event_of(stage.kwargs["sink"]).stages[: -n_below - 1]
    return _combination(stage, settings, changes, (n_below, label, tried.count(label)) if is_below_layers else None)


def _combination(stage: Stage, settings: Mapping[str, Any], changes: Mapping[str, Any], key: Any) -> Iterator[Any]:
    child = event_of(stage.kwargs["sink"]).child(settings, key)
    try:
        for result in stage.substage(**{**changes, "sink": child}).run():
            child.yields(result)
            yield result
    except GeneratorExit:
        child.left = True
        raise
    except BaseException as error:
        child.error = child.error or error
        raise
