"""What passes on to a record: the CMEs that results hold, child runs for combinations, and logs to be replayed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zigzag_lab.cost import CostModelEvaluation, CostModelEvaluationABC
from zigzag_lab.stages.protocols import (
    CURRENT_SINK,
    PartialTally,
    Result,
    RunFiles,
    RunPlace,
    RunSink,
    SearchTally,
    Sink,
    Variant,
)
from zigzag_lab.stages.spec import Keywords
from zigzag_lab.vocab import InfeasibleError


def cmes_in(value: object) -> Iterator[CostModelEvaluationABC]:
    """All CMEs that results hold in tuples, lists and dictionaries, in order; sums after what they sum up."""
    if isinstance(value, CostModelEvaluationABC):
        yield value
    elif isinstance(value, (list, tuple)):
        is_result = len(value) == 2 and isinstance(value, tuple) and isinstance(value[0], CostModelEvaluationABC)
        for item in reversed(value) if is_result else value:
            yield from cmes_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from cmes_in(item)


def cmes_at_the_top(results: Iterable[object]) -> Iterator[CostModelEvaluationABC]:
    """The CMEs that results are, in lists and dictionaries too, without those in extra information."""
    for result in results.values() if isinstance(results, dict) else results:
        cme = result[0] if isinstance(result, tuple) and len(result) == 2 else result
        if isinstance(cme, CostModelEvaluationABC):
            yield cme
        elif isinstance(cme, (list, tuple, dict)):
            yield from cmes_at_the_top(cme)


def save_all(sink: Sink | None, result: object) -> None:
    """Hand a sink every CME that a result holds, as extra information too."""
    if sink is not None:
        for cme in cmes_in(result):
            sink.save(cme)


# -- child runs --------------------------------------------------------------------------------------------------------


def run_recorded(variant: Variant, kwargs: Keywords, run: Callable[..., Iterable[Result]]) -> Iterator[Result]:
    """Yield what stages find for a combination, and record it as a child run where there is a record.

    `kwargs` are those of the stage that tries it, and `run` runs the stages below with some of them changed.
    """
    sink = kwargs.get("sink")
    if not isinstance(sink, RunSink):
        yield from run(**variant.changes)
        return
    child = _ChildRecord(sink.variant(variant))
    tally = kwargs.get("tally")
    seams = {"sink": child.sink} | ({"tally": child.tally(tally)} if isinstance(tally, SearchTally) else {})
    try:
        for result in results_within(child.sink, lambda: run(**{**variant.changes, **seams})):
            child.yielded(result)
            yield result
    except BaseException as error:
        child.end(error)
        raise
    child.end()


@contextmanager
def at_work(sink: Sink) -> Iterator[None]:
    """The time during which pipelines that are started belong to a record."""
    token = CURRENT_SINK.set(sink)
    try:
        yield
    finally:
        CURRENT_SINK.reset(token)


def results_within(sink: Sink, run: Callable[[], Iterable[Result]]) -> Iterator[Result]:
    """Yield what stages yield that are at work for a record, and at rest while others look at their results."""
    with at_work(sink):
        results = iter(run())
    while True:
        with at_work(sink):
            result = next(results, _NO_MORE)
        if result is _NO_MORE:
            return
        yield result  # type: ignore[misc]


_NO_MORE = object()


def record_behind(sink: Sink | None) -> Sink | RunPlace | None:
    """The record that what a sink is handed ends up in; where that is in another process, the place of its run."""
    while isinstance(sink, SinkLog) and sink.onto is not None:
        sink = sink.onto
    return sink.within if isinstance(sink, SinkLog) else sink


class _ChildRecord:
    """The record of a combination while it runs: it ends once all that workers compute for it is there, too."""

    def __init__(self, sink: RunSink) -> None:
        self.sink = sink
        self._waiting: list[Placeholder] = []
        self._has_ended = False

    def tally(self, whole: SearchTally) -> SearchTally:
        """A tally of its work."""
        counted = PartialTally(whole)
        self.sink.count_with(counted)
        return counted

    def yielded(self, result: object) -> None:
        """Note a result, or wait for the results that it stands for."""
        waited_for = placeholder_in(result[1]) if isinstance(result, tuple) and result[0] is None else None
        if waited_for is None:
            self.sink.yielded(result)
            return
        self._waiting.append(waited_for)
        waited_for.when_settled(lambda results, error: self._settled(waited_for, results, error))

    def _settled(self, placeholder: Placeholder, results: Sequence[Result], error: BaseException | None) -> None:
        for result in results:
            self.sink.yielded(result)
        self._waiting.remove(placeholder)
        if error is not None:
            self.sink.end(error)
        elif self._has_ended and not self._waiting:
            self.sink.end()

    def end(self, error: BaseException | None = None) -> None:
        """Note that the stages below are done."""
        self._has_ended = True
        if error is not None or not self._waiting:
            self.sink.end(error)


# -- logs --------------------------------------------------------------------------------------------------------------


@dataclass
class SinkLog:
    """All that a record was handed, in order, to be handed to another one: by a cache, or from a worker process.

    Attributes:
        onto: the record that it passes on to, if any.
        events: what was handed over, each the name of a method and what it was called with; for combinations the
            :class:`Variant` and the log of its own.
        results: of a combination.
        tallies: of the work that was done for a combination.
        has_ended, error: of a combination.
        within: the run that it is a part of, in a worker process.
    """

    onto: Sink | None = None
    events: list[tuple[Any, ...]] = field(default_factory=list)
    results: list[object] = field(default_factory=list)
    tallies: list[SearchTally] = field(default_factory=list)
    has_ended: bool = False
    error: BaseException | None = None
    within: RunPlace | None = None
    _children: dict[tuple[int, str, int], SinkLog] = field(default_factory=dict)

    def save(self, cme: CostModelEvaluationABC) -> None:
        """Note what passes a save stage."""
        self._note("save", cme)

    def save_front(self, points: Sequence[CostModelEvaluation], chosen: int) -> None:
        """Note the trade-offs of a layer."""
        self._note("save_front", points, chosen)

    def read(self, kind: str, record: object, file: Path | None) -> None:
        """Note an input that was read."""
        self._note("read", kind, record, file)

    def warn(self, warning: str) -> None:
        """Note what a reader of the record should know."""
        self._note("warn", warning)

    def variant(self, variant: Variant) -> SinkLog:
        """The log of a combination."""
        onto = self.onto.variant(variant) if isinstance(self.onto, RunSink) else None
        known = self._children.get(variant.key) if variant.goes_on else None
        if known is None:
            known = self._children[variant.key] = SinkLog(onto, within=self.within)
            self.events.append(("variant", variant, known))
        return known

    def yielded(self, result: object) -> None:
        """Note a result of a combination; extra information is not part of a record."""
        self.results.append((result[0], None) if isinstance(result, tuple) and len(result) == 2 else result)
        if isinstance(self.onto, RunSink):
            self.onto.yielded(result)

    def count_with(self, tally: SearchTally) -> None:
        """Note who counts the work that is done for a combination."""
        self.tallies.append(tally)
        if isinstance(self.onto, RunSink):
            self.onto.count_with(tally)

    def end(self, error: BaseException | None = None) -> None:
        """Note the end of a combination."""
        self.has_ended, self.error = True, error
        if isinstance(self.onto, RunSink):
            self.onto.end(error)

    def started(self, run_id: str) -> None:
        """Note a pipeline that was started meanwhile, and has a record of its own."""
        self.events.append(("adopt", run_id))

    def adopt(self, run_id: str) -> None:
        """Note a run that belongs here, and hand it on."""
        self._note("adopt", run_id)

    def _note(self, event: str, *given: Any) -> None:
        """Note an event, and hand it on to a record that takes such."""
        self.events.append((event, *given))
        if hasattr(self.onto, event):
            getattr(self.onto, event)(*given)

    def replay(self, sink: Sink | None) -> None:
        """Hand all of it to another record, if there is one."""
        for name, *given in self.events:
            if name == "variant" and isinstance(sink, RunSink):
                variant, log = given
                child = sink.variant(variant)
                child.count_with(SearchTally(n_mappings_evaluated=log.n_mappings_evaluated))
                log.replay(child)
                for result in log.results:
                    child.yielded(result)
                if log.has_ended:
                    child.end(log.error)
            elif name != "variant" and hasattr(sink, name):
                getattr(sink, name)(*given)

    def count(self) -> int:
        """How many CMEs were saved, those of combinations included."""
        n_saved = 0
        for name, *given in self.events:
            n_saved += given[1].count() if name == "variant" else name == "save"
        return n_saved

    @property
    def n_mappings_evaluated(self) -> int:
        """Mappings that were priced for a combination; none where it was answered from a cache."""
        return sum([int(tally.n_mappings_evaluated) for tally in self.tallies])

    def __getstate__(self) -> dict[str, object]:
        return {**vars(self), "onto": None, "within": None, "tallies": [SearchTally(self.n_mappings_evaluated)]}


Settled = Callable[[Sequence[Result], BaseException | None], None]
"""Takes the results that a worker found, or the error that ended it."""


@dataclass
class Combination:
    """One of several that a stage tries, which it passes over where something in it fits nothing: its miss."""

    miss: InfeasibleError | None = None


class Placeholder:
    """Stands for the extra information of results that a worker is still computing.

    Attributes:
        run_files: the files of the run that the worker's stages may write to.
        sink: where what the worker's save stages saved goes.
        tally: where the worker's work is counted.
        combination: what it is a part of, where that may be passed over.
    """

    def __init__(self, run_files: RunFiles | None, sink: Sink | None = None, tally: SearchTally | None = None) -> None:
        self.run_files, self.sink, self.tally = run_files, sink, tally
        self.combination: Combination | None = None
        self._listeners: list[Settled] = []
        self._n_within = 0

    def when_settled(self, listener: Settled) -> None:
        """Register a callback for the results."""
        self._listeners.append(listener)

    def allow_miss(self, combination: Combination) -> None:
        """Let a combination be passed over if nothing fits, as its stage does: listeners above it get no error."""
        if self.combination is None:
            self.combination, self._n_within = combination, len(self._listeners)

    def settle(self, results: Sequence[Result], error: BaseException | None = None) -> None:
        """Call the listeners with the results, the innermost stage's first."""
        is_passed_over = isinstance(error, InfeasibleError) and self.combination is not None
        n_concerned = self._n_within if is_passed_over else len(self._listeners)
        for number, listener in enumerate(self._listeners):
            listener(results, error if number < n_concerned else None)


def placeholder_in(extra_info: object) -> Placeholder | None:
    """The placeholder that extra information holds, in tuples within tuples; None where it holds none."""
    if isinstance(extra_info, Placeholder):
        return extra_info
    inner = extra_info if isinstance(extra_info, tuple) else ()
    return next((found for part in inner if (found := placeholder_in(part)) is not None), None)


def replaced(extra_info: object, placeholder: Placeholder, information: object) -> object:
    """Return the extra information of the stages in between, with a placeholder replaced by the worker's."""
    if extra_info is placeholder:
        return information
    if isinstance(extra_info, tuple):
        return tuple(replaced(part, placeholder, information) for part in extra_info)
    return extra_info
