"""The entry point of a pipeline that leaves a record, and the records of its child runs."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from zigzag_lab.api import databases
from zigzag_lab.api.databases import DEFAULT_STORE, LabMemoryCosts
from zigzag_lab.api.given import (
    OPTION_NAMES,
    RECORDS,
    findings_in,
    kept_keywords,
    read_given,
    run_inputs,
    run_options,
)
from zigzag_lab.api.pipeline import REDUCTIONS
from zigzag_lab.findings import Finding, Severity
from zigzag_lab.stages import NetworkFrontStage, Result, SearchTally, StageCallable
from zigzag_lab.stages.methods import SEARCH_METHODS
from zigzag_lab.stages.pipeline import Pipeline
from zigzag_lab.stages.protocols import CURRENT_SINK, RunPlace
from zigzag_lab.stages.recording import SinkLog, at_work, cmes_at_the_top, record_behind
from zigzag_lab.stages.spec import parameters_of, spec_of
from zigzag_lab.vocab import NO_OBJECTIVE, Objective, ZigzagLabError
from zigzag_lab.vocab.options import DEFAULT_EXPERIMENT
from zigzag_lab.workload import Workload

if TYPE_CHECKING:
    from zigzag_lab.stages.protocols import Variant
    from zigzag_lab.store import RunRecorder, RunStart, Store, Totals
    from zigzag_lab.store.cache import CacheFigures, RunCache
    from zigzag_lab.store.readings import Readings
    from zigzag_lab.tracking import PublishReport

log = logging.getLogger("zigzag_lab")


class MainStage(Pipeline):
    """Runs a list of stages, and records the run: its inputs, its options, every result, and how it ended.

    Args:
        list_of_callables: the stages, top down; the last one is CostModelStage.
        store: the URL of the database, or an open store; by default ``ZIGZAG_LAB_DB``, or ``zigzag_lab.db`` in the
            working folder. None leaves no record.
        experiment: the question that the run belongs to.
        run_name: what to call the run; by default its workload on its accelerator.
        tags: key -> value, to find the run by.
        mlflow: the tracking URI to publish to once the run is closed; ``off`` for none.
        sources: keyword -> the file or name that its record was read from, for keywords that are records already.
        cache: whether stored answers are used, and new ones stored.
        cache_salt: a word that sets the answers of this pipeline apart from those of others.
        **kwargs: what the stages need. The whole list is checked against them before anything runs.

    Attributes:
        run_id: the run's id, once it has started.
        cache_figures: what the cache did, once the run has ended; None where it was off.
        published: what was published to MLflow, once the run has ended.
        workload: the network as it was read, once the run has started.
        record_error: why the results are not on record, where the database could not be written to at the end.
        findings: what the inputs hold that changes results without being wrong, once the run has started.
    """

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable | None],
        *,
        store: str | Store | None = DEFAULT_STORE,
        experiment: str = DEFAULT_EXPERIMENT,
        run_name: str = "",
        tags: Mapping[str, str] | None = None,
        mlflow: str | None = None,
        sources: Mapping[str, object] | None = None,
        cache: bool = True,
        cache_salt: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.sources = dict(sources or {})
        self.store, self.experiment, self.run_name = store, experiment, run_name
        self.tags, self.mlflow = dict(tags or {}), mlflow
        self.cache, self.cache_salt = cache, cache_salt
        self.run_id: str | None = None
        self.cache_figures: CacheFigures | None = None
        self.published: PublishReport | None = None
        self.workload: Workload | None = None
        self.record_error: str | None = None
        self.findings: list[Finding] = []

    def run(self) -> list[Result]:
        """Run the pipeline, record it, and return its results."""
        if self.mlflow is not None:  # one that is no tracking URI is refused before anything runs
            from zigzag_lab.tracking import mlflow_uri_for

            mlflow_uri_for("sqlite://", self.mlflow)
        given = dict(self.kwargs)
        if self.store is None:
            return list(self.results(**self._read(given, databases.readings_of(None) if self.cache else None)))
        if "memory_costs" in _read_by(self.list_of_callables):
            given.setdefault("memory_costs", LabMemoryCosts(self.store))
        with ExitStack() as opened:
            may_recall = self.cache and databases.is_there(self.store)
            store = opened.enter_context(databases.opened_store(self.store)) if may_recall else None
            readings = databases.readings_of(store) if self.cache else None
            read = self._read(given, readings)
            store = store or opened.enter_context(databases.opened_store(self.store))
            databases.keep_memory_costs(store, given.get("memory_costs"))
            try:
                results = self._record_run(store, given, read, readings)
            except Exception as error:
                self._note_end(store, error)
                raise
            if self.record_error is None:
                self.published = _publish(store, self.mlflow, self.run_id)
        return results

    def _note_end(self, store: Store, error: Exception) -> None:
        """Note on an error which run it ended, and publish that run, unless the database is what failed."""
        from zigzag_lab.store import StoreError

        if isinstance(error, StoreError) or self.run_id is None:
            return
        if isinstance(error, ZigzagLabError):
            error.run_id = self.run_id
        self.published = _publish(store, self.mlflow, self.run_id)

    def _read(self, given: dict[str, object], readings: Readings | None) -> dict[str, object]:
        read = read_given(self.list_of_callables, given, readings)
        workload = read.get("workload")
        self.workload = workload if isinstance(workload, Workload) else None
        self.findings = findings_in(read)
        for finding in self.findings:
            _log_once(finding)
        return read

    def _record_run(
        self, store: Store, given: dict[str, object], read: dict[str, object], readings: Readings | None
    ) -> list[Result]:
        tally = own if isinstance(own := given.get("tally"), SearchTally) else SearchTally()
        results: list[Result] = []
        with store.start_run(self._start(given, read, readings), _parent(store)) as recorder:
            self.run_id = recorder.run_id
            if isinstance(around := CURRENT_SINK.get(), SinkLog):
                around.started(recorder.run_id)
            recorder.describe, recorder.is_told = partial(child_start, self.list_of_callables), True
            for finding in self.findings:
                recorder.warn(finding.line if finding.severity is Severity.NOTE else str(finding))
            with databases.run_cache(store, recorder.number, self.cache_salt, readings, is_off=not self.cache) as cache:
                observers = self._observers(recorder, tally, cache)
                with at_work(recorder):
                    for result in self.results(**{**read, **observers}):
                        results.append(result)
                        recorder.yielded(result)
            self.cache_figures = cache.figures if cache is not None else None
            self.record_error = _finish(recorder, _totals(tally, results, self.cache_figures))
        return results

    def _start(self, given: dict[str, object], read: dict[str, object], readings: Readings | None) -> RunStart:
        from zigzag_lab.store import RunStart

        return RunStart(
            experiment=self.experiment,
            name=self.run_name,
            objective=objective_of_stages(self.list_of_callables, self.kwargs),
            options=run_options(given, self.list_of_callables),
            keywords=kept_keywords(given, read, self.list_of_callables),
            inputs=run_inputs({**given, **self.sources}, read, readings),
            tags=self.tags,
        )

    def _observers(self, recorder: RunRecorder, tally: SearchTally, cache: RunCache | None) -> dict[str, object]:
        """Return the observers of the stages' work for which a stage of the list has a keyword."""
        wanted = _read_by(self.list_of_callables)
        observers: dict[str, object] = {"tally": tally, "cache": cache}
        chosen = {name: value for name, value in observers.items() if name in wanted}
        return {n: value for n, value in {**chosen, "sink": recorder}.items() if n not in self.kwargs}


@lru_cache(maxsize=4096)
def _log_once(finding: Finding) -> None:
    """Log a finding, unless another run of this process had it too."""
    log.log(logging.INFO if finding.severity is Severity.NOTE else logging.WARNING, "%s", finding.line)


N_PUBLISHED_AT_ONCE = 20
"""How many waiting runs a run publishes beside itself and those within it, so that a backlog does not hold it up."""


def publish(database: str, mlflow: str | None, run_id: str | None) -> PublishReport | None:
    """Publish a run to MLflow, and some of those that are not published yet.

    Returns:
        What was published, and what could not be; None where MLflow is off. Failures are never raised.
    """
    from zigzag_lab.store import open_store
    from zigzag_lab.tracking import mlflow_uri_for

    if mlflow_uri_for(database, mlflow) is None:
        return None
    with open_store(database) as store:
        return _publish(store, mlflow, run_id)


def _publish(store: Store, mlflow: str | None, run_id: str | None) -> PublishReport | None:
    from zigzag_lab.store.choice import n_waiting_within
    from zigzag_lab.tracking import mlflow_uri_for, publish_pending

    uri = mlflow_uri_for(store.url, mlflow)
    if uri is None:
        return None
    n_within = n_waiting_within(store.database, run_id) if run_id is not None else 0
    return publish_pending(store, uri, first=run_id, limit=N_PUBLISHED_AT_ONCE + n_within)


def _parent(store: Store) -> RunRecorder | RunPlace | None:
    """The run at work within which this one is started, where both are in one database."""
    from zigzag_lab.store import RunRecorder

    current = record_behind(CURRENT_SINK.get())
    if isinstance(current, RunPlace):
        return current if current.database == str(store.url) else None
    if isinstance(current, RunRecorder) and not current.is_closed and current.url == store.url:
        return current
    return None


def _finish(recorder: RunRecorder, totals: Totals) -> str | None:
    """Close a run that has its results, which trouble with the database does not take away; what it is, if any."""
    from zigzag_lab.store import StoreError

    try:
        recorder.finish(totals=totals)
    except StoreError as error:
        recorder.give_up()
        log.error("run %s has its results, and they are not on record: %s", recorder.run_id, error)
        return str(error)
    return None


def _totals(tally: SearchTally, results: Sequence[object], cache: CacheFigures | None) -> Totals:
    """What a run came to besides its layers: the design of its one result, and what the cache did."""
    from zigzag_lab.store import Totals

    found = list(cmes_at_the_top(results))
    total = found[0] if len({id(cme.accelerator) for cme in found}) == 1 else None
    return Totals(
        n_mappings_evaluated=tally.n_mappings_evaluated,
        area_mm2=None if total is None else total.area_mm2,
        accelerator=None if total is None else total.accelerator,
        cache_hits=None if cache is None else cache.hits,
        cache_misses=None if cache is None else cache.misses,
        cache_seconds_saved=None if cache is None else cache.seconds_saved,
    )


_OBJECTIVES: dict[object, Objective] = {
    **{stage: objective for objective, stage in REDUCTIONS.items()},
    NetworkFrontStage: Objective.EDP,
}


def objective_of_stages(stages: Sequence[StageCallable], kwargs: Mapping[str, object]) -> str:
    """What a list minimises, by its first stage that keeps the best, else by the keyword of its search."""
    for stage in stages:
        if stage in _OBJECTIVES:
            return _OBJECTIVES[stage].value
    keywords = sorted(method.objective_keyword for method in SEARCH_METHODS.values())
    given = (str(kwargs[name]).lower() for name in keywords if kwargs.get(name) is not None)
    return next((word for word in given if word in set(Objective)), NO_OBJECTIVE)


def child_start(stages: Sequence[StageCallable], parent: RunStart, variant: Variant) -> RunStart:
    """The start of a child run for a combination, from that of its parent, with the inputs that are known by now.

    Its stages are those below the stage that tries the combination, and of those above it the ones that prepare what
    is handed down: so the child can be run again by itself.
    """
    from zigzag_lab.store import RunInput

    records = tuple(RECORDS.values())
    changed = {name: RunInput.of(value) for name, value in variant.changes.items() if isinstance(value, records)}
    inputs = {**{i.kind: i for i in parent.inputs if i.kind in RECORDS}, **{i.kind: i for i in changed.values()}}
    for name in RECORDS.keys() & variant.changes.keys() - changed.keys():
        inputs.pop(name, None)  # a file that a stage below reads, and notes
    place = len(stages) - variant.position - 1
    remaining = [stage for stage in stages[:place] if spec_of(stage).prepares] + list(stages[place + 1 :])
    if not any("multiprocessing_callback" in spec_of(stage).provides for stage in remaining):
        remaining = [stage for stage in remaining if "multiprocessing_callback" not in spec_of(stage).consumes]
    read = {i.kind: i.as_record() for i in inputs.values()}
    dropped = _read_by(stages) - _read_by(remaining)
    known = (parent.keywords or {}).items()
    keywords = {name: value for name, value in known if name not in {*dropped, *variant.changes, *read}}
    silent = {"stage_code", *(OPTION_NAMES.get(name, name) for name in dropped)}
    of_parent = {name: value for name, value in parent.options.items() if name not in silent}
    keywords |= kept_keywords(variant.changes, {**variant.changes, **read}, remaining) or {}
    return replace(
        parent,
        name=f"{' on '.join(i.name for i in inputs.values() if i.kind != 'mapping')} ({variant.label})".strip(),
        objective=objective_of_stages(remaining, variant.changes),
        options={**of_parent, **run_options(variant.changes, remaining)},
        keywords=keywords or None,
        inputs=list(inputs.values()),
        settings=variant.settings,
        tags={},
    )


def _read_by(stages: Sequence[StageCallable]) -> set[str]:
    return {name for stage in stages for name in parameters_of(stage)}
