"""Stages that spread work over processes, with the engine that sweeps use.

A list such as ``[..., MultiProcessingGatherStage, WorkloadStage, MultiProcessingSpawnStage, ...]`` runs what stands
below the spawning stage in worker processes, and yields what the same list without the two stages would yield, in the
same order. Stages between the two see ``(None, placeholder)`` in place of results, and must hand them up as they are
or inside tuples; GeneralParameterIteratorStage may stand there, and its combinations run side by side. Workers are
fresh interpreters: a script that uses these stages needs the usual ``if __name__ == "__main__":``, and everything
handed down must survive pickling.
"""

from __future__ import annotations

import os
import pickle
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from zigzag_lab.cost import CostModelEvaluationABC
from zigzag_lab.stages.memo import LayerMemo
from zigzag_lab.stages.placeholders import Placeholder, placeholder_in, replaced
from zigzag_lab.stages.protocols import Cache, CacheReport, RunFiles, SearchTally
from zigzag_lab.stages.recording import SinkLog, at_work, record_behind
from zigzag_lab.stages.signature import name_of
from zigzag_lab.stages.spec import StageSpec
from zigzag_lab.stages.stage import Result, Stage, StageCallable, builtin
from zigzag_lab.vocab import InfeasibleError, InputError, PipelineError, ZigzagLabError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from zigzag_lab.executors import Engine


@dataclass(frozen=True)
class Job:
    """Task of a worker: build the first stage with the others below it and these keywords, and run it."""

    stages: list[StageCallable]
    kwargs: dict[str, Any]


@dataclass
class JobResult:
    """Outcome of a job.

    Attributes:
        results: in order.
        error, trace: what ended it, if it did not finish, and where.
        log: what its stages put on record.
        tally: what was done.
        run_files: what was written to files that the layers of a run write together.
        cache: what was asked of the cache.
    """

    results: list[Result] = field(default_factory=list)
    error: Exception | None = None
    trace: str = ""
    log: SinkLog = field(default_factory=SinkLog)
    tally: SearchTally = field(default_factory=SearchTally)
    run_files: RunFiles = field(default_factory=RunFiles)
    cache: CacheReport = field(default_factory=CacheReport)


Submit = Callable[[Job], Placeholder]


@builtin
class MultiProcessingSpawnStage(Stage):
    """Hands the stages below to a worker process; stands below MultiProcessingGatherStage.

    Keywords: ``multiprocessing_callback``: set by MultiProcessingGatherStage. Yields ``(None, placeholder)``.
    """

    declares = StageSpec(changes_nothing=("nb_multiprocessing_threads",))

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        multiprocessing_callback: Submit,
        nb_multiprocessing_threads: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.submit = multiprocessing_callback

    def run(self) -> Iterator[Result]:
        """Yield a placeholder."""
        yield cast(CostModelEvaluationABC, None), self.submit(Job(self.list_of_callables, self.kwargs))


@builtin
class MultiProcessingGatherStage(Stage):
    """Collects what worker processes find, in the order in which the work was handed out.

    Keywords: ``nb_multiprocessing_threads``: number of worker processes, one for each CPU by default. A worker that
    raises or dies ends the run with its error, as does an interrupt.
    """

    declares = StageSpec(
        provides=("multiprocessing_callback", "nb_multiprocessing_threads", "cache"),
        changes_nothing=("nb_multiprocessing_threads",),
    )

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        nb_multiprocessing_threads: int | None = None,
        cache: Cache | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            list_of_callables, nb_multiprocessing_threads=nb_multiprocessing_threads, cache=cache, **kwargs
        )
        n = os.cpu_count() or 1 if nb_multiprocessing_threads is None else nb_multiprocessing_threads
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise InputError("nb_multiprocessing_threads", f"found {n!r}", "a whole number, 1 or more")
        self.n_workers, self.cache = n, cache

    def run(self) -> Iterator[Result]:
        """Yield the results of all workers."""
        misses: list[InfeasibleError] = []
        found = False
        with _Workers(self.n_workers) as workers:
            handed_up = list(self.substage(multiprocessing_callback=workers.submit).run())
            for cme, extra_info in handed_up:
                placeholder = placeholder_in(extra_info)
                if placeholder is None:
                    yield cme, extra_info
                    continue
                answer, combination = workers.answer(placeholder), placeholder.combination
                if combination is not None and combination.miss is not None:  # it ended where it fitted nothing
                    placeholder.settle((), combination.miss)
                    continue
                self._note(answer, placeholder)
                if isinstance(answer.error, InfeasibleError) and combination is not None:
                    combination.miss = answer.error
                    misses.append(answer.error)
                elif answer.error is not None:
                    raise answer.error from _InWorkerError(answer.trace)
                found = found or bool(answer.results)
                try:
                    for result, information in answer.results:
                        yield result, replaced(extra_info, placeholder, information)
                except GeneratorExit as left:  # nobody asks for what others compute still
                    for other in workers.unanswered:
                        other.settle((), left)
                    raise
        if misses and not found:
            raise misses[0]

    def _note(self, answer: JobResult, placeholder: Placeholder) -> None:
        """Apply the side effects of a worker here: records, common files, counts."""
        if placeholder.run_files is not None:
            for path, parts in answer.run_files.texts.items():
                for part in parts:
                    placeholder.run_files.append(path, part)
        if self.cache is not None:
            self.cache.add(answer.cache)
        if placeholder.tally is not None:
            placeholder.tally.add(answer.tally)
        if placeholder.sink is not None:
            answer.log.replay(placeholder.sink)
        placeholder.settle(answer.results, answer.error)


class _InWorkerError(Exception):
    """The traceback of an error in a worker process."""

    def __str__(self) -> str:
        return f"in a worker process:\n{self.args[0]}"


class _Workers:
    """An engine of local processes, started with the first job and closed when its block ends, however that happens."""

    def __init__(self, n_workers: int) -> None:
        self.n_workers = n_workers
        self.engine: Engine | None = None
        self.futures: dict[Placeholder, Future[list[bytes]]] = {}

    def __enter__(self) -> _Workers:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        if self.engine is not None:
            self.engine.close(now=kind is not None)

    def submit(self, job: Job) -> Placeholder:
        """Hand out a job."""
        pickled = _pickled(job)
        if self.engine is None:
            from zigzag_lab.executors import open_engine

            self.engine = open_engine("local", _work, n_workers=self.n_workers)
        placeholder = Placeholder(*(job.kwargs.get(name) for name in ("run_files", "sink", "tally")))
        self.futures[placeholder] = self.engine.submit([pickled])
        return placeholder

    @property
    def unanswered(self) -> list[Placeholder]:
        """Placeholders of jobs whose outcome nobody waited for."""
        return list(self.futures)

    def answer(self, placeholder: Placeholder) -> JobResult:
        """Wait for the outcome of a job."""
        from concurrent.futures import wait
        from concurrent.futures.process import BrokenProcessPool

        future = self.futures.pop(placeholder)
        while self.engine is not None and not wait([future], timeout=1.0).done:
            self.engine.end_stuck_workers()
        try:
            (pickled,) = future.result()
        except BrokenProcessPool as error:
            raise ZigzagLabError(
                "MultiProcessingGatherStage: a worker process died. It may have run out of memory, somebody may have "
                "stopped or ended it, or the script that started it lacks 'if __name__ == \"__main__\":'."
            ) from error
        answer: JobResult = pickle.loads(pickled)
        return answer


def _pickled(job: Job) -> bytes:
    kwargs = {k: v for k, v in job.kwargs.items() if k != "progress"}
    kwargs["within"] = getattr(record_behind(kwargs.get("sink")), "place", None)
    kwargs["has_sink"] = kwargs.pop("sink", None) is not None
    kwargs["has_memo"] = kwargs.pop("layer_memo", None) is not None
    kwargs["has_run_files"] = kwargs.pop("run_files", None) is not None
    kwargs.pop("tally", None)
    if "cache" in kwargs:
        cache = kwargs.pop("cache")
        kwargs["cache_elsewhere"] = None if cache is None else cache.elsewhere()
    try:
        return pickle.dumps(Job(job.stages, kwargs), protocol=pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        names = ", ".join(name_of(stage) for stage in job.stages)
        raise PipelineError(
            "MultiProcessingSpawnStage",
            f"its stages ({names}) or their keywords cannot be sent to another process: {error}",
            "classes and functions of importable modules, and values that pickle",
            "Replace lambdas and classes defined inside functions.",
        ) from error


def _work(pickled: bytes) -> bytes:
    """Run a job in a worker."""
    job: Job = pickle.loads(pickled)
    answer = JobResult(log=SinkLog(within=job.kwargs.pop("within")))
    if job.kwargs.pop("has_sink"):
        job.kwargs["sink"] = answer.log
    if job.kwargs.pop("has_memo"):
        job.kwargs["layer_memo"] = LayerMemo()
    if job.kwargs.pop("has_run_files"):
        job.kwargs["run_files"] = answer.run_files
    if "cache_elsewhere" in job.kwargs:
        elsewhere = job.kwargs.pop("cache_elsewhere")
        job.kwargs["cache"] = None if elsewhere is None else elsewhere()
    try:
        with at_work(answer.log):
            answer.results.extend(job.stages[0](job.stages[1:], **job.kwargs, tally=answer.tally).run())
    except Exception as error:
        if not _survives(error):
            raise
        answer.error, answer.trace = error, traceback.format_exc()
    if (cache := job.kwargs.get("cache")) is not None:
        answer.cache = cache.report()
    return pickle.dumps(answer, protocol=pickle.HIGHEST_PROTOCOL)


def _survives(error: Exception) -> bool:
    """Whether an error comes out of a pickle as what it was."""
    try:
        return type(pickle.loads(pickle.dumps(error))) is type(error)
    except Exception:
        return False
