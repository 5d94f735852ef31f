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
from typing import TYPE_CHECKING, cast

from zigzag_lab.cost import CostModelEvaluationABC
from zigzag_lab.stages.protocols import Cache, CacheReport, RunFiles, RunPlace, SearchTally, sink_in
from zigzag_lab.stages.recording import Placeholder, SinkLog, at_work, placeholder_in, record_behind, replaced
from zigzag_lab.stages.reducers import LayerMemo
from zigzag_lab.stages.spec import Keywords, StageSpec, name_of
from zigzag_lab.stages.stage import Result, Stage, StageCallable, builtin
from zigzag_lab.vocab import InfeasibleError, InputError, PipelineError, ZigzagLabError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from zigzag_lab.executors import Engine


@dataclass(frozen=True)
class Job:
    """Task of a worker: build the first stage with the others below it and these keywords, and run it.

    On the way there, keywords that belong to the process that hands the job out are left out; those in ``own`` get a
    value of the worker's. ``open_cache`` opens the cache of the run that the job is ``within``.
    """

    stages: list[StageCallable]
    kwargs: Keywords
    own: tuple[str, ...] = ()
    within: RunPlace | None = None
    open_cache: Callable[[], Cache] | None = None


@dataclass
class JobResult:
    """Outcome of a job: results in order, or what ended it and where; what was put on record, counted and written."""

    results: list[Result] = field(default_factory=list)
    error: Exception | None = None
    trace: str = ""
    log: SinkLog = field(default_factory=SinkLog)
    tally: SearchTally = field(default_factory=SearchTally)
    run_files: RunFiles = field(default_factory=RunFiles)
    cache: CacheReport = field(default_factory=CacheReport)


Submit = Callable[[Job], Placeholder]

_LOCAL = ("progress", "tally", "sink", "layer_memo", "run_files", "cache")
"""Keywords that stay in the process that hands a job out."""


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
        **kwargs: object,
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
        **kwargs: object,
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
                except GeneratorExit as left:  # results that others still compute are not needed
                    for other in list(workers.futures):
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
        self.engine: Engine[bytes, bytes] | None = None
        self.futures: dict[Placeholder, Future[list[bytes]]] = {}  # of jobs whose outcome was not read yet

    def __enter__(self) -> _Workers:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self.engine is not None:
            self.engine.close(now=kind is not None)

    def submit(self, job: Job) -> Placeholder:
        """Hand out a job."""
        pickled = _pickled(job)
        if self.engine is None:
            from zigzag_lab.executors import open_engine

            self.engine = open_engine("local", _work, n_workers=self.n_workers)
        run_files, tally = job.kwargs.get("run_files"), job.kwargs.get("tally")
        placeholder = Placeholder(
            run_files if isinstance(run_files, RunFiles) else None,
            sink_in(job.kwargs),
            tally if isinstance(tally, SearchTally) else None,
        )
        self.futures[placeholder] = self.engine.submit([pickled])
        return placeholder

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
    cache = job.kwargs.get("cache")
    sent = Job(
        job.stages,
        {name: value for name, value in job.kwargs.items() if name not in _LOCAL},
        tuple(name for name in _LOCAL[2:] if job.kwargs.get(name) is not None),
        getattr(record_behind(sink_in(job.kwargs)), "place", None),
        cache.elsewhere() if isinstance(cache, Cache) else None,
    )
    try:
        return pickle.dumps(sent, protocol=pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        names = ", ".join(map(name_of, job.stages))
        raise PipelineError(
            "MultiProcessingSpawnStage",
            f"its stages ({names}) or their keywords cannot be sent to another process: {error}",
            "classes and functions of importable modules, and values that pickle",
            "Replace lambdas and classes defined inside functions.",
        ) from error


def _work(pickled: bytes) -> bytes:
    """Run a job in a worker."""
    job: Job = pickle.loads(pickled)
    answer = JobResult(log=SinkLog(within=job.within))
    cache = job.open_cache() if job.open_cache is not None else None
    own = {"sink": answer.log, "layer_memo": LayerMemo(), "run_files": answer.run_files, "cache": cache}
    kwargs = {**job.kwargs, "tally": answer.tally, **{name: own[name] for name in job.own}}
    try:
        with at_work(answer.log):
            answer.results.extend(job.stages[0](job.stages[1:], **kwargs).run())
    except Exception as error:
        if not _survives(error):
            raise
        answer.error, answer.trace = error, traceback.format_exc()
    if cache is not None:
        answer.cache = cache.report()
    return pickle.dumps(answer, protocol=pickle.HIGHEST_PROTOCOL)


def _survives(error: Exception) -> bool:
    """Whether an error comes out of a pickle as what it was."""
    try:
        return type(pickle.loads(pickle.dumps(error))) is type(error)
    except Exception:
        return False
