"""Sweeps from files to runs: what a sweep would do, doing it, and what its workers do, point after point."""

from __future__ import annotations

import json
import platform
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar, cast

from zigzag_lab import executors
from zigzag_lab.api.databases import default_database
from zigzag_lab.api.given import plain_options
from zigzag_lab.api.pipeline import standard_stages, total_and_layers
from zigzag_lab.api.run import RunRequest
from zigzag_lab.api.sweep_findings import findings_of_points
from zigzag_lab.cost import CostModelEvaluation, CostModelEvaluationABC
from zigzag_lab.executors import Engine, check_engine
from zigzag_lab.findings import Finding
from zigzag_lab.hardware import Accelerator
from zigzag_lab.inputs import check_against, read_accelerator, read_mapping
from zigzag_lab.keys import engine_digest
from zigzag_lab.mapping.constraints import MappingRules
from zigzag_lab.stages import SearchTally, Stage
from zigzag_lab.stages.methods import code_of_added_searches, code_of_search
from zigzag_lab.stages.pipeline import Pipeline
from zigzag_lab.stages.question import code_of_added_array_models
from zigzag_lab.stages.spec import name_of
from zigzag_lab.store import RunInput, open_store
from zigzag_lab.store.cache import WorkerCache
from zigzag_lab.store.codec import rows_of, to_json
from zigzag_lab.store.designs import columns_of_design, columns_of_network
from zigzag_lab.store.errors import in_words
from zigzag_lab.store.results import ENERGIES, figures_of
from zigzag_lab.store.row_batch import RowBatch
from zigzag_lab.store.sweep_points import OBJECTIVES, PricedPoint, SweepRecord, open_sweep
from zigzag_lab.store.sweep_questions import mean_seconds, sweep_number
from zigzag_lab.store.url import SQLITE, DatabaseUrl
from zigzag_lab.sweeps import SweepSpec, points, read_sweep
from zigzag_lab.sweeps.adaptive import AdaptiveSearch
from zigzag_lab.sweeps.plan import Base, DesignPoint, changed_document
from zigzag_lab.sweeps.running import Listener, Progress, Work, missing
from zigzag_lab.vocab import InfeasibleError, InputError
from zigzag_lab.workload import Workload


@dataclass(frozen=True)
class SweepPlan:
    """What a sweep would do.

    Attributes:
        name: of the sweep.
        n_points: in all; of a search, its trials times its networks.
        n_done: priced already.
        n_missing: to be priced.
        n_failed: that failed before and are left alone.
        seconds_a_point: what the points priced so far took in the mean; None where there are none.
        n_others: points that earlier forms of the file asked for, and this one does not.
        findings: what points hold that changes results without being wrong, or cannot be used.
    """

    name: str
    n_points: int
    n_done: int
    n_missing: int
    n_failed: int
    seconds_a_point: float | None
    n_others: int = 0
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class SweepOutcome:
    """What a sweep did; for points see :class:`SweepPlan`.

    Attributes:
        n_known: answered before it began.
        progress: what was done.
        is_complete: whether no point is missing.
        seconds: wall time, start of the workers included.
    """

    name: str
    n_points: int
    n_known: int
    progress: Progress
    is_complete: bool
    seconds: float
    n_others: int = 0


def plan_sweep(file: str | Path, *, store: str | None = None, retry_failed: bool = False) -> SweepPlan:
    """Return what a sweep would do; nothing is run, and no database is made.

    Raises:
        InputError: the file cannot be used.
    """
    url = DatabaseUrl.parse(store or default_database())
    sweep, search, asked, n_points = _read(file)
    unknown = SweepPlan(sweep.name, n_points, 0, n_points, 0, None, findings=tuple(_findings(sweep, asked)))
    if url.path is not None and not url.path.exists():
        return unknown
    with open_store(str(store or default_database())) as opened:
        number = sweep_number(opened.database, sweep.name)
        if number is None:
            return unknown
        record, seconds = SweepRecord(opened, number, 0, ""), mean_seconds(opened.database, number)
        states = record.states()
        asked = asked if search is None else _asked_before(search, record)
    wanted = {point.key for point in missing(asked, states, retry_failed=retry_failed)}
    there = [states[point.key] for point in asked if point.key in states and point.key not in wanted]
    n_failed = sum(state.status == "failed" for state in there)
    n_others = 0 if search is not None else len(states.keys() - {point.key for point in asked})
    n_missing = n_points - len(there)
    return replace(
        unknown, n_done=len(there), n_missing=n_missing, n_failed=n_failed, seconds_a_point=seconds, n_others=n_others
    )


def check_sweep(file: str | Path) -> list[Finding]:
    """Return what the points of a sweep hold that changes results without being wrong, or cannot be used.

    Raises:
        InputError: the file cannot be used.
    """
    sweep, _, asked, _ = _read(file)
    return _findings(sweep, asked)


def _findings(sweep: SweepSpec, asked: list[DesignPoint]) -> list[Finding]:
    pricer = PointPricer(sweep.name, sweep.bases, sweep.options)
    return findings_of_points(sweep, lambda point: pricer.request(point, []), asked)


def _read(file: str | Path) -> tuple[SweepSpec, AdaptiveSearch | None, list[DesignPoint], int]:
    """Return a sweep; its search, or else its points; and how many points there are."""
    sweep = read_sweep(file)
    if sweep.sampling.adaptive is not None:
        search = AdaptiveSearch(sweep)
        return sweep, search, [], search.adaptive.n_trials * search.n_networks
    asked = list(points(sweep))
    return sweep, None, asked, len(asked)


def run_sweep(
    file: str | Path,
    *,
    store: str | None = None,
    n_workers: int | None = None,
    executor: str = "local",
    scheduler: str | None = None,
    retry_failed: bool = False,
    listener: Listener,
) -> SweepOutcome:
    """Price the points of a sweep, a file or its folder, that have no answer yet, and store each as it comes.

    The engine is that of :func:`zigzag_lab.executors.open_engine`. Points that failed are priced again if asked for.
    The listener receives progress, and is polled for cancellation.

    Raises:
        InputError: the file or an option cannot be used.
    """
    started, url = time.monotonic(), store or default_database()
    check_engine(executor, n_workers, scheduler)
    sweep, search, asked, n_points = _read(file)
    progress = Progress(n_points)
    with open_store(url) as opened:
        content = {"file": str(file), "text": Path(sweep.where).read_text(encoding="utf-8")}
        record = open_sweep(opened, sweep.name, str(sweep.options["objective"]), n_points, content)

        def engine() -> Engine[DesignPoint, PricedPoint]:
            return _engine(sweep, url, executor, n_workers, scheduler)

        column = OBJECTIVES[record.objective]
        with Work(record, engine, column, listener, progress, retry_failed=retry_failed) as work:
            is_complete = work.price(asked) if search is None else _searched(search, work)
        if search is not None and is_complete and progress.n_wanted > progress.n_done + progress.n_elsewhere:
            n_points -= progress.n_wanted - progress.n_done - progress.n_elsewhere  # the space holds no more
            progress.n_wanted = progress.n_done + progress.n_elsewhere
            open_sweep(opened, sweep.name, record.objective, n_points, content)
        n_others = record.n_points() - n_points if search is None and is_complete else 0
    seconds = time.monotonic() - started
    return SweepOutcome(sweep.name, n_points, n_points - progress.n_wanted, progress, is_complete, seconds, n_others)


def _engine(
    sweep: SweepSpec, url: str, executor: str, n_workers: int | None, scheduler: str | None
) -> Engine[DesignPoint, PricedPoint]:
    """Start an engine that prices the sweep's points.

    Raises:
        InputError: it cannot be started, or its workers cannot share the database.
    """
    database = DatabaseUrl.parse(url)
    url_of_workers = database.for_workers(elsewhere=executor != "local")
    pricer = PointPricer(sweep.name, sweep.bases, sweep.options, WorkerCache(url_of_workers))
    engine = executors.open_engine(executor, pricer, n_workers=n_workers, scheduler=scheduler)
    others = engine.hosts - {platform.node()}
    if database.kind == SQLITE and others:
        engine.close(now=True)
        found = f"workers on other machines ({', '.join(sorted(others))}) would look layers up in {database}"
        hint = "SQLite files are safe on one machine only: name a Postgres database with '--db'."
        raise InputError("database", found, "a database that they can reach", hint)
    return engine


# -- searches ----------------------------------------------------------------------------------------------------------


def _searched(search: AdaptiveSearch, work: Work) -> bool:
    """Price what a search asks for, batch after batch; whether it came to its end."""
    while batch := search.ask():
        asked = [point for design in batch for point in design.points]
        if not work.price(asked):
            return False
        search.tell(batch, work.record.figures([point.key for point in asked]))
    return True


def _asked_before(search: AdaptiveSearch, record: SweepRecord) -> list[DesignPoint]:
    """The points that a search asked for as far as they are answered, and those of the batch after that."""
    asked: list[DesignPoint] = []
    states = record.states()
    while batch := search.ask():
        new = [point for design in batch for point in design.points]
        asked += new
        if any(missing(new, states)):
            break
        search.tell(batch, record.figures([point.key for point in new]))
    return asked


T = TypeVar("T")
Record = TypeVar("Record", Accelerator, MappingRules)


@dataclass
class PointPricer:
    """Prices points; sent to each worker once, and then grown there by what is worth remembering.

    Attributes:
        sweep: its name, for the record.
        bases: kind -> name -> the file that points start from.
        options: of the search, where a point has no other.
        cache: stored answers about layers.
        engine: the digest of the code that is to decide the numbers; a worker with other code refuses to work.
        searches: the same of the searches that installed packages add, by name.
        array_models: the same of the array models that installed packages add, by name.
    """

    sweep: str
    bases: Mapping[str, Mapping[str, Base]]
    options: Mapping[str, object]
    cache: WorkerCache = field(default_factory=WorkerCache)
    engine: str = field(default_factory=engine_digest)
    searches: Mapping[str, str] = field(default_factory=code_of_added_searches)
    array_models: Mapping[str, str] = field(default_factory=code_of_added_array_models)
    _read: dict[str, OrderedDict[str, object]] = field(default_factory=dict)

    def __call__(self, point: DesignPoint) -> PricedPoint:
        """Price a point. Whatever goes wrong is an answer, too.

        Raises:
            InputError: this process runs another version of the code than the one that hands out the points.
        """
        self._check_code(str(self._options(point)["search"]))
        started = time.perf_counter()
        options: dict[str, object] = {"sweep": self.sweep, "point": dict(point.values)}
        inputs: list[RunInput] = []
        try:
            request = self.request(point, inputs)
            options |= {**plain_options(request.keywords()), "stages": [name_of(stage) for stage in _stages(request)]}
            priced = self._priced(point, request, inputs, options, started)
        except Exception as error:
            status = "infeasible" if isinstance(error, InfeasibleError) else "failed"
            figures: dict[str, object] = {"seconds": time.perf_counter() - started}
            reason, kind, trace = in_words(error)
            priced = PricedPoint(
                point.key, status, figures, options, inputs, reason=reason, error=kind, traceback=trace
            )
        return replace(priced, answers=self.cache.new_answers())

    def _check_code(self, search: str) -> None:
        """Refuse to work with other code than that of the process that hands out the points."""
        here = f"a worker on {platform.node()}"
        code, asked = code_of_added_array_models(), self.array_models
        models = [model for model in sorted({*code, *asked}) if code.get(model) != asked.get(model)]
        if engine_digest() != self.engine:
            found = f"{here} runs another version of zigzag_lab than the sweep"
        elif code_of_search(search) != self.searches.get(search, ""):
            found = f"{here} has another version of the search '{search}' than the sweep, or none"
        elif models:
            found = f"{here} has another version of the array model '{models[0]}' than the sweep, or none"
        else:
            return
        raise InputError("executor", found, "the same installation on every machine")

    def _options(self, point: DesignPoint) -> dict[str, object]:
        own = point.overrides("options")
        return {**self.options, **{path.removeprefix("options."): value for path, value in own.items()}}

    # -- inputs --------------------------------------------------------------------------------------------------------

    def request(self, point: DesignPoint, inputs: list[RunInput]) -> RunRequest:
        """The request of a point; ``inputs`` is filled as they are read, also where reading fails later."""
        workload, read = self._workload(point.workload)
        inputs.append(read)
        accelerator, read = self._changed("accelerator", point, read_accelerator)
        inputs.append(read)
        rules, read = self._changed("mapping", point, read_mapping)
        inputs.append(read)
        check_against(rules, accelerator)
        return RunRequest.of_options(workload, accelerator, rules, self._options(point)).for_array(accelerator)

    def _workload(self, name: str) -> tuple[Workload, RunInput]:
        base = self.bases["workload"][name]

        def read() -> tuple[Workload, RunInput]:
            source = base.file.read_bytes() if base.file.is_file() else None
            workload = cast(Workload, base.document)
            return workload, RunInput.of(workload, name=base.file.stem, file_name=name, source=source)

        return self._remembered("workload", name, read)

    def _changed(self, kind: str, point: DesignPoint, read: Callable[[Any], Record]) -> tuple[Record, RunInput]:
        name, overrides = getattr(point, kind), point.overrides(kind)
        base = self.bases[kind][name]

        def read_changed() -> tuple[Record, RunInput]:
            record = read(changed_document(base, kind, overrides))
            return record, RunInput.of(record, name=base.file.stem)

        return self._remembered(kind, json.dumps([name, overrides]), read_changed)

    def _remembered(self, kind: str, key: str, make: Callable[[], T]) -> T:
        known = self._read.setdefault(kind, OrderedDict())
        if key not in known:
            known[key] = make()
            if len(known) > 64:
                known.popitem(last=False)
        return cast(T, known[key])

    # -- results -------------------------------------------------------------------------------------------------------

    def _priced(
        self,
        point: DesignPoint,
        request: RunRequest,
        inputs: list[RunInput],
        options: dict[str, object],
        started: float,
    ) -> PricedPoint:
        tally = SearchTally(warnings=[])
        pipeline = Pipeline(
            _stages(request),
            tally=tally,
            cache=self.cache,
            without_effect=request.without_effect,
            **request.keywords(),
        )
        total, cmes = total_and_layers(pipeline.run())
        rows = [rows_of(cme, 0, i, self.cache.digests.of_meaning(cme.layer)) for i, cme in enumerate(cmes)]
        design, network = cast(Accelerator, request.accelerator), cast(Workload, request.workload)
        figures = _figures(total, cmes) | columns_of_design(design) | columns_of_network(network)[0]
        figures |= {
            "seconds": time.perf_counter() - started,
            "n_mappings_evaluated": tally.n_mappings_evaluated,
            "cache_hits": self.cache.hits,
            "cache_misses": self.cache.misses,
            "warnings": to_json(tally.warnings) if tally.warnings else None,
        }
        ideal = sum(cme.breakdown.ideal_cycles for cme in cmes)
        return PricedPoint(
            point.key,
            "finished",
            figures,
            options,
            inputs,
            RowBatch.of(rows),
            area_mm2=cast("float | None", figures["area_total_mm2"]),
            utilisation=float(ideal / total.latency_total2),
        )


def _stages(request: RunRequest) -> Sequence[type[Stage]]:
    local = request.keeps_data_on_chip
    return standard_stages(request.workload, request.objective, request.search, exploit_locality=local)


def _figures(total: CostModelEvaluationABC, cmes: Sequence[CostModelEvaluation]) -> dict[str, object]:
    return {
        **dict(zip(ENERGIES, figures_of(total), strict=True)),
        "edp_pj_cycles": float(total.edp_pj_cycles),
        "n_macs": sum(cme.layer.n_macs for cme in cmes),
        "n_layers": len(cmes),
        "n_results": 1,
        "area_mm2": total.area_mm2,
    }
