"""Recording one run: a sink for CMEs, results and child runs that keeps them in the database while the run goes on."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Any, Protocol

from zigzag_lab.cost.evaluation import CostModelEvaluation
from zigzag_lab.cost.sums import CostModelEvaluationABC
from zigzag_lab.hardware import Accelerator
from zigzag_lab.keys.records import RecordDigests
from zigzag_lab.stages.protocols import RunPlace, SearchTally, Variant
from zigzag_lab.store.choice import ask_to_publish
from zigzag_lab.store.codec import to_json
from zigzag_lab.store.database import Database
from zigzag_lab.store.designs import Designs, columns_of_design, columns_of_network
from zigzag_lab.store.errors import CutShortError, StoreError, in_words
from zigzag_lab.store.pulse import Pulse
from zigzag_lab.store.results import Summary, YieldedResult, figures_of, stored_results, sum_of_layers, summary_of
from zigzag_lab.store.run_rows import RunRows, Tree
from zigzag_lab.store.run_start import INPUT_KINDS, RunInput, RunStart
from zigzag_lab.store.states import ResultKind, RunStatus
from zigzag_lab.store.url import DatabaseUrl
from zigzag_lab.vocab import InfeasibleError
from zigzag_lab.vocab.masking import masked

log = logging.getLogger("zigzag_lab.store")

FLUSH_SECONDS = 1.0
FLUSH_LAYERS = 256
HEARTBEAT_SECONDS = 10.0
MANY_SAVED = 100_000
"""CMEs from save stages at which a run says how many they are: one may stand below LOMA by accident."""

MOST_WARNINGS = 20

Describe = Callable[[RunStart, Variant], RunStart]
"""What is known of a child run when it starts, from its parent's start and the combination."""


@dataclass(frozen=True)
class Totals:
    """What a run came to, beside the sum of its layers. What is not known stays None.

    Attributes:
        n_mappings_evaluated: mappings that were priced.
        cache_hits, cache_misses: distinct layer lookups.
        cache_seconds_saved: seconds that the hits took when they were computed.
        area_mm2: of the design, where it is known (in-memory computing).
        accelerator: the one that the total was priced on; None where the layers tell, or there are several.
    """

    n_mappings_evaluated: int | None = None
    cache_hits: int | None = None
    cache_misses: int | None = None
    cache_seconds_saved: float | None = None
    area_mm2: float | None = None
    accelerator: Accelerator | None = None


class Home(Protocol):
    """What a recorder asks of the store that its run is in; see :class:`zigzag_lab.store.Store`."""

    database: Database
    digests: RecordDigests
    pulse: Pulse

    def start_run(self, start: RunStart, parent: RunRecorder | RunPlace | None = None) -> RunRecorder:
        """Open a run within another."""

    def keep_input(self, run_number: int, given: RunInput) -> None:
        """Store an input of a run, within a transaction."""

    def mark_persisted(self, digests: Iterable[str]) -> None:
        """Mark inputs as stored, after the commit."""


def described(parent: RunStart, variant: Variant) -> RunStart:
    """A child run of a parent of which nothing but its start is known."""
    return replace(parent, name=f"{parent.title} ({variant.label})", settings=variant.settings, tags={})


class RunRecorder:
    """One run, from its start to its end: a sink for its CMEs, its results and its children.

    Used as a context manager, it closes the run whatever happens: as finished, as infeasible, or as failed with the
    traceback. The store's pulse writes what has been saved every second and gives signs of life, so that a process
    that is killed loses a second at most, and is known to be lost.

    Args:
        store: the open database.
        run_id, number: what people call the run, and what its rows are keyed by.
        start: what is known of it.
        within: the run within which it was started; its place, where that run is recorded by another process.

    Attributes:
        run_id, number, start: see there.
        describe: what is known of its children when they start.
        is_told: whether it is told all that it yields; what was saved is the result of others.
    """

    def __init__(
        self, store: Home, run_id: str, number: int, start: RunStart, within: RunRecorder | RunPlace | None = None
    ) -> None:
        self.run_id, self.number, self.start = run_id, number, start
        parent = within if isinstance(within, RunRecorder) else None
        self.describe: Describe = described if parent is None else parent.describe
        self._store, self._database, self._is_child = store, store.database, within is not None
        is_in_one_store = parent is not None and parent._store is store
        self._lock: Any = parent._lock if parent is not None and is_in_one_store else RLock()
        self._tree: Tree = Tree() if parent is None else parent._tree
        self._rows = RunRows(number, store.digests, Designs({i.kind: i for i in start.inputs}), self._tree)
        self._results: list[YieldedResult] = []
        self.is_told = within is not None
        self._n_yielded = 0
        self._last_sum: CostModelEvaluationABC | None = None
        self._children: dict[Any, RunRecorder] = {}
        self.n_children = 0
        self._tallies: list[SearchTally] = []
        self._warnings: list[str] = []
        self._goes_on = False
        self._error: BaseException | None = None
        self._started = self._flushed = self._seen_alive = time.monotonic()
        self._closed = False
        self._beats = not is_in_one_store
        if self._beats:  # children in the store of their parent are looked after by it
            store.pulse.start(self)

    # -- the sink ------------------------------------------------------------------------------------------------------

    def save(self, cme: CostModelEvaluationABC) -> None:
        """Store what passes a save stage. The same CME is stored once, whoever saves it how often.

        Of sums, the last one is the run's total where it ends without results.

        Raises:
            StoreError: the run is closed, or the database cannot be written to.
        """
        if self._closed:
            raise StoreError(f"run {self.run_id}", "it is closed", "a run that is going on", "Start another run.")
        if not isinstance(cme, CostModelEvaluation):
            self._last_sum = cme
            return
        with self._lock:
            try:
                self._rows.save(cme)
            except Exception:
                with self._noted("a CME"):
                    raise
            if len(self._rows.saved) == MANY_SAVED:
                log.warning("run %s: its save stages have stored %s CMEs and go on", self.run_id, f"{MANY_SAVED:,}")
            self._flush_now_and_then()

    def save_front(self, points: Sequence[CostModelEvaluation], chosen: int) -> None:
        """Store the front of a layer, and which of its mappings stands for the layer; written when the run closes."""
        with self._lock, self._noted("a front"):
            self._rows.save_front(points, chosen)

    def read(self, kind: str, record: Any, file: Path | None) -> None:
        """Note an input that a stage of the run has read."""
        with self._lock, self._noted(f"the {kind}"):
            source = file.read_bytes() if file is not None and file.is_file() else None
            name, file_name = (None, None) if file is None else (file.stem, str(file))
            self._rows.designs.add(RunInput.of(record, name=name, file_name=file_name, source=source))

    def variant(self, variant: Variant) -> RunRecorder:
        """The record of a combination: a child run; where its results go on, the child that is there already."""
        with self._lock:
            known = self._children.get(variant.key) if variant.goes_on else None
            if known is None:
                known = self._store.start_run(self._start_of(variant), parent=self)
                known._goes_on = variant.goes_on
                self._children[known.number if not variant.goes_on else variant.key] = known
            return known

    def _start_of(self, variant: Variant) -> RunStart:
        start = replace(self.start, inputs=list(self._rows.designs.inputs.values()))
        with self._noted(f"the inputs of ({variant.label})"):
            return self.describe(start, variant)
        return described(start, variant)

    def yielded(self, result: Any) -> None:
        """Note a result of the run, in order."""
        with self._lock:
            path = str(self._n_yielded)
            self._n_yielded += 1
            with self._noted(f"result {path}"):
                self._results += stored_results(result, path, self._rows.place)
            self._flush_now_and_then()

    def _noted(self, what: str) -> _Noted:
        """Say what cannot be recorded, in a line and in the run: it does not end the run."""
        return _Noted(self, what)

    def cannot_record(self, what: str, error: BaseException) -> None:
        """Note that something of the run is not recorded."""
        warning = f"{what} cannot be recorded ({type(error).__name__}: {error})"
        if warning not in self._warnings and len(self._warnings) < MOST_WARNINGS:
            log.warning("run %s: %s", self.run_id, masked(warning))
            self.warn(warning)

    def count_with(self, tally: SearchTally) -> None:
        """Take from a tally, at the end, how many mappings were priced."""
        self._tallies.append(tally)

    def end(self, error: BaseException | None = None) -> None:
        """Close the record of a combination, unless results of other layers may follow."""
        if isinstance(error, GeneratorExit):
            self.warn(f"a stage above took {self._n_yielded} of its results, and no more")
        elif error is not None and self._error is None:
            self._error = error
        if not self._goes_on:
            self._end_as_it_went()

    def adopt(self, run_id: str) -> None:
        """Take as a child a run that a worker has made, in the order in which its work is noted here."""
        with self._lock:
            sql = "UPDATE zl_run SET parent_number = ?, child_index = ? WHERE id = ?"
            self._database.transact(lambda: self._database.execute(sql, (self.number, self.n_children, run_id)))
            self.n_children += 1

    @property
    def place(self) -> RunPlace:
        """Which run it is, for other processes."""
        return RunPlace(str(self.url), self.number)

    def warn(self, warning: str) -> None:
        """Note what a reader of the record should know."""
        text = masked(warning)
        if text not in self._warnings:
            self._warnings.append(text)

    def flush(self) -> None:
        """Write what has been saved, in one transaction."""
        with self._lock:
            if not self._rows.n_pending:
                return

            def write() -> None:
                self._write_pending()
                self._rows.write_lists_so_far(self._database)

            self._database.transact(write)
            self._have_written()
            self._flushed = time.monotonic()

    def _flush_now_and_then(self) -> None:
        if self._rows.n_pending >= FLUSH_LAYERS or time.monotonic() - self._flushed > FLUSH_SECONDS:
            self.flush()

    def _write_pending(self) -> None:
        for one in sorted(self._rows.designs.new, key=lambda given: given.digest):  # or two writers wait for each other
            self._store.keep_input(self.number, one)
        self._rows.write(self._database)

    def _have_written(self) -> None:
        self._store.mark_persisted(one.digest for one in self._rows.designs.new)
        self._rows.written(with_lists=True)

    # -- the end -------------------------------------------------------------------------------------------------------

    def finish(self, total: CostModelEvaluationABC | None = None, totals: Totals | None = None) -> None:
        """Close the run as finished.

        Args:
            total: the price of the whole run, where its stages did not yield it; by default the last sum that was
                saved, else the sum of the layers that were.
            totals: what else it came to.
        """
        with self._lock:
            if self.is_closed:
                return
            self._end_children(None)
            if not self.is_told and not self._n_yielded:
                self._results = self._from_saved(total or self._last_sum)
            self._close(RunStatus.FINISHED, totals, summary_of(self._results, self._answer_of_fronts()))

    def _from_saved(self, total: CostModelEvaluationABC | None) -> list[YieldedResult]:
        """The results of a run that was only handed layers to save."""
        if total is None or not self._rows.saved:
            return self._rows.saved_results(self._database)
        return [YieldedResult("0", ResultKind.SUM, figures_of(total), self._rows.saved_parts(self._database))]

    def _answer_of_fronts(self) -> YieldedResult | None:
        """The sum of the mappings that stand for the fronts of their layers; None where no front was yielded.

        Where layers have several fronts, those of other accelerators, say, their sum says nothing.
        """
        chosen = self._rows.chosen_of_fronts
        if not chosen or (self.is_told and not self._results):
            return None
        layers = [one for cme in chosen for one in stored_results((cme, None), "", self._rows.place)]
        parts = tuple(part for one in layers for part in one.parts)
        return YieldedResult("", ResultKind.SUM, sum_of_layers(layers), parts)

    def finish_with(self, figures: Mapping[str, float | int | None]) -> None:
        """Close a run as finished whose rows are there already.

        Args:
            figures: columns of the run -> their values.
        """
        with self._lock:
            self._close(RunStatus.FINISHED, None, Summary(dict(figures), []))

    def fail(self, error: BaseException) -> None:
        """Close the run as failed, with the error and its traceback; what was saved stays.

        It is infeasible where its inputs are sound, yet some layer fits in no way.
        """
        status = RunStatus.INFEASIBLE if isinstance(error, InfeasibleError) else RunStatus.FAILED
        with self._lock:
            self._end_children(error)
            self._close(status, None, error=error)

    def _end_children(self, error: BaseException | None) -> None:
        """Close the children that go on; those that an error of the run cut short fail with it.

        Inputs that all children have read, below the stage that tries combinations, are those of the run, too.
        """
        for child in self._children.values():
            if not child.is_closed:
                if error is not None and child._error is None:
                    child._error = CutShortError.of(error)
                child._end_as_it_went()
        known = self._rows.designs.inputs
        for kind in INPUT_KINDS if not self._rows.n_rows else ():  # which say what rows of its own were priced on
            read = [child._rows.designs.inputs.get(kind) for child in self._children.values()]
            different = {given.digest: given for given in read if given is not None}
            if kind not in known and len(different) == 1:
                self._rows.designs.add(*different.values())

    def _end_as_it_went(self) -> None:
        if self._error is None:
            self.finish()
        else:
            self.fail(self._error)

    def _close(
        self,
        status: RunStatus,
        totals: Totals | None,
        summary: Summary | None = None,
        *,
        error: BaseException | None = None,
    ) -> None:
        """Write what is left, the end and the entry in the outbox in one transaction. Closing twice does nothing."""
        if self._closed:
            return
        n_mappings = sum(tally.n_mappings_evaluated for tally in self._tallies) if self._tallies else None
        texts = (None, None, None) if error is None else in_words(error)
        found = {"n_layers": len(self._rows.layer_ids), "n_results": len(self._results)}
        for warning in [] if summary is None else summary.warnings:
            self.warn(warning)
        values: dict[str, object] = {
            "status": status.value,
            **dict(zip(("reason", "error", "traceback"), texts, strict=True)),
            "seconds": time.monotonic() - self._started,
            **(found if summary is None else summary.figures),
            **_as_columns(totals or Totals(n_mappings_evaluated=n_mappings)),
            **({} if summary is None else self._physical(totals, summary)),
            "warnings": to_json(self._warnings) if self._warnings else None,
        }
        now = self._database.now
        assignments = ", ".join(f"{column} = ?" for column in values)

        def close() -> None:
            self._write_pending()
            self._rows.write_results(self._database, self._results, None if summary is None else summary.chosen)
            self._database.execute(
                f"UPDATE zl_run SET ended_at = {now}, heartbeat_at = {now}, {assignments} WHERE number = ?",
                (*values.values(), self.number),
            )
            if not self._is_child:
                ask_to_publish(self._database, self.number, has_children=self.n_children > 0)

        self._database.transact(close)
        self._have_written()
        self._rows.release()
        self._results = []
        self._end()

    def _physical(self, totals: Totals | None, summary: Summary) -> dict[str, object]:
        """The columns from which physical figures follow; none where there is no single total."""
        if summary.figures["energy_pj"] is None:
            return {}
        met, designs = totals.accelerator if totals else None, self._rows.designs
        whole = None if met is None and self.n_children else designs.whole(met)
        network = designs.network()
        counted, warning = ({}, "") if network is None else columns_of_network(network)
        if warning:
            self.warn(warning)
        return {**({} if whole is None else columns_of_design(whole)), **counted}

    def give_up(self) -> None:
        """Write nothing more: the database cannot be written to."""
        for child in self._children.values():
            child.give_up()
        self._end()

    @property
    def url(self) -> DatabaseUrl:
        """The database that it is in."""
        return self._database.url

    def _end(self) -> None:
        self._closed = True
        if not self._is_child:
            self._tree.is_closed = True
        if self._beats:
            self._store.pulse.stop(self)

    @property
    def is_closed(self) -> bool:
        """Whether the run has ended."""
        return self._closed

    def __enter__(self) -> RunRecorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self.finish()
            else:
                self.fail(error)
        except StoreError as second:
            if error is None:
                raise
            if not isinstance(error, StoreError):  # which says the same
                log.error("run %s could not be closed: %s", self.run_id, second)
        finally:
            self._end()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(None), ()  # another process has no record to write to

    def __deepcopy__(self, memo: Any) -> RunRecorder:
        return self

    # -- signs of life -------------------------------------------------------------------------------------------------

    def beat(self) -> None:
        """Write what is pending, and say now and then that the run lives. The store's pulse calls it each second."""
        try:
            with self._lock:
                if self._closed:
                    return
                for run in self._going_on():
                    run.flush()
                    if time.monotonic() - run._seen_alive >= HEARTBEAT_SECONDS:
                        run.heartbeat()
        except StoreError as error:
            log.warning("run %s: %s", self.run_id, error)

    def _going_on(self) -> list[RunRecorder]:
        """The run, and those of its children that go on, theirs first."""
        children = [child for child in self._children.values() if not child.is_closed and not child._beats]
        return [*(run for child in children for run in child._going_on()), self]

    def heartbeat(self) -> None:
        """Say that the run goes on. One that was taken for lost, its machine asleep, is found again."""
        sql = (
            f"UPDATE zl_run SET heartbeat_at = {self._database.now}, status = 'running', ended_at = NULL, "
            "reason = NULL WHERE number = ? AND status IN ('running', 'lost')"
        )
        self._database.transact(lambda: self._database.execute(sql, (self.number,)))
        self._seen_alive = time.monotonic()


class _Noted:
    """A block whose errors are noted with the run; failures of the database are raised. As a class, it costs little."""

    __slots__ = ("recorder", "what")

    def __init__(self, recorder: RunRecorder, what: str) -> None:
        self.recorder, self.what = recorder, what

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> bool:
        if not isinstance(error, Exception) or isinstance(error, StoreError):
            return False
        self.recorder.cannot_record(self.what, error)
        return True


def _as_columns(totals: Totals) -> dict[str, float | int | None]:
    return {name: value for name, value in vars(totals).items() if name != "accelerator"}
