"""Runs lists without and with a record, and compares."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.pipelines import users
from tests.pipelines.bystander import Event, flattened, made_of, observed
from tests.pipelines.comparison import Comparison, figures_of, mapping_of, memories_of, prices
from tests.pipelines.lists import List, made
from tests.pipelines.stored import Reader
from zigzag_lab import MainStage
from zigzag_lab.cost import CostModelEvaluation, CostModelEvaluationABC
from zigzag_lab.executors.local import LocalProcesses
from zigzag_lab.stages import DumpStage, PlotTemporalMappingsStage, cache
from zigzag_lab.stages.cache import dumped_results
from zigzag_lab.store import RunRecorder, Store, open_store

PLOTS = "plot_filename_pattern", "bars.svg"


@dataclass
class Ending:
    """What came of a list."""

    listed: List
    faults: list[str]


@dataclass
class Bench:
    """A database in which lists are run.

    Attributes:
        store: open.
        folder: for files.
        counts: what was compared.
        outcomes: how lists ended.
    """

    store: Store
    url: str
    folder: Path
    counts: Counter[str] = field(default_factory=Counter)

    _engine: Any = None

    def __post_init__(self) -> None:
        self.reader = Reader(lambda sql, values: self.store.database.select(sql, values).as_dicts())

    def faults_of(self, listed: List) -> list[str]:
        """What differs between a list as it runs and its record: with a cache, twice where it has one; some without."""
        environment = {"ZIGZAG_LAB_DB": self.url, "MLFLOW_TRACKING_URI": "off", "ZIGZAG_LAB_GIT_DIFF": "off"}
        with patch.dict(os.environ, environment), patch("zigzag_lab.executors.open_engine", self.engine):
            if self.counts["lists"] % 3 != 1:
                return self._faults_of(listed)
            with patch.object(RunRecorder, "_flush_now_and_then", _written_at_odds):
                return self._faults_of(listed)

    def _faults_of(self, listed: List) -> list[str]:
        given = {**listed.kwargs, **self.files(listed, "seen")}
        seen = observed(listed.plain(), given)
        is_about_order = listed.is_about_order or seen.error is not None
        faults: list[str] = []
        for kind in self._kinds(listed):
            if kind == "first" and is_about_order and users.Eager in (eager := listed.plain(is_cached=True)):
                seen = observed(eager, given)
            faults += [f"{kind}: {fault}" for fault in self._faults(listed, seen, kind, self.counts["lists"])]
        file = self.files(listed, "first").get("dump_filename_pattern")
        if listed.from_a_file and seen.error is None and file.exists():
            if is_about_order:
                seen = observed(listed.plain(is_cached=True, is_answered=True), given)
            with patch.object(cache, "dumped_results", self._from_file):
                faults += [f"from a file: {f}" for f in self._faults(listed, seen, "file", 0, dump_folder=file)]
        self.counts["lists"] += 1
        self.counts["in processes"] += listed.in_processes
        self.counts["raised"] += seen.error is not None
        self.counts[f"raised {type(seen.error).__name__}"] += seen.error is not None
        return faults

    def _kinds(self, listed: List) -> list[str]:
        is_third = self.counts["lists"] % 3 == 0
        return [*(["computed"] if is_third else []), "first", *(["again"] if is_third or listed.has_caches else [])]

    def _from_file(self, path: Path) -> Any:
        self.counts["files"] += 1
        return dumped_results(path)

    def engine(self, kind: str, work: Any, *, n_workers: int) -> Any:
        """Processes that all lists share, as starting an interpreter takes longer than most lists."""
        if self._engine is None:
            self._engine = LocalProcesses(work, 2)
        return SharedEngine(self._engine)

    def close(self) -> None:
        """End the processes."""
        if self._engine is not None:
            self._engine.close(now=True)

    def files(self, listed: List, kind: str) -> dict[str, Any]:
        """Names of files that stages of a list write."""
        folder = self.folder / f"{self.counts['lists']} {kind}"
        named = {DumpStage: ("dump_filename_pattern", "dump.pickle"), PlotTemporalMappingsStage: PLOTS}
        return {name: folder / file for stage, (name, file) in named.items() if stage in listed.stages}

    def _faults(self, listed: List, seen: Event, kind: str, salt: int, **more: Any) -> list[str]:
        last = self.store.database.select("SELECT MAX(number) FROM zl_run").rows[0][0] or 0
        comparison = Comparison(listed.has_caches)
        main = MainStage(
            listed.stages,
            store=self.store,
            cache=kind != "computed",
            cache_salt=str(salt),
            **listed.kwargs,
            **self.files(listed, kind),
            **more,
        )
        try:
            results: Any = main.run()
            error = None
        except Exception as caught:
            results, error = [], caught
        if (error is None) != (seen.error is None) or type(error) is not type(seen.error):
            return [f"ended with {error!r}, not with {seen.error!r}"]
        if error is None:
            comparison.same("returned", returned(seen.yielded), returned(results))
        found = self.reader.since(last + 1)
        comparison.same("runs", 1, len(found))
        stored = next((run for run in found if run.row["id"] == main.run_id), None)
        if stored is None:
            return [*comparison.faults, "no run"]
        is_cut = users.FirstOnly in listed.stages or any(one.left for one in seen.everyone())
        if listed.in_processes and (seen.error is not None or is_cut):
            comparison.handed_out(seen, stored)
        else:
            comparison.run(seen, stored, in_order=not listed.in_processes)
        self.counts += comparison.counts
        self.counts["runs"] += 1
        self.counts["hits"] += bool(stored.row["cache_hits"])
        return comparison.faults


def returned(results: Sequence[Any]) -> list[Any]:
    """What results say, but for what is said beside them: of identical layers, that depends on who remembers them."""
    found = [one for number, result in enumerate(results) for one in flattened(result, str(number))]
    return [(path, *_said(cme)) for path, cme, _ in found]


def _said(cme: Any) -> tuple[Any, ...]:
    if isinstance(cme, CostModelEvaluation):
        return figures_of(cme), mapping_of(cme), sorted(memories_of(cme)), cme.accelerator
    if isinstance(cme, CostModelEvaluationABC):
        return prices(cme), cme.layer_ids, [(prices(part), times) for part, times in made_of(cme)], cme.accelerator
    return (cme,)


def _written_at_odds(run: RunRecorder) -> None:
    """Write what is pending of every other run at once, of the others at their end: in long runs both happen."""
    if run.number % 2:
        run.flush()


@dataclass
class SharedEngine:
    """An engine that goes on when a list is done with it."""

    engine: LocalProcesses

    def submit(self, items: Any) -> Any:
        """Hand out a job."""
        return self.engine.submit(items)

    def end_stuck_workers(self) -> None:
        """As the engine does."""
        self.engine.end_stuck_workers()

    def close(self, *, now: bool = False) -> None:
        """Do nothing."""


@contextmanager
def bench(url: str | None = None) -> Iterator[Bench]:
    """A database of its own, or the one of a URL."""
    with tempfile.TemporaryDirectory() as folder:
        url = url or f"sqlite:///{folder}/lab.db"
        with open_store(url) as store:
            on = Bench(store, url, Path(folder))
            try:
                yield on
            finally:
                on.close()


def endings(numbers: Iterable[int], on: Bench, **kind: bool) -> Iterator[Ending]:
    """What came of the lists of some numbers; ``kind`` as :func:`tests.pipelines.lists.made` takes it."""
    for number in numbers:
        listed = made(number, **kind)
        yield Ending(listed, on.faults_of(listed))
