"""Bring what the outbox holds to MLflow: once each, whatever happened before."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from zigzag_lab.store import Publication, PublicationState, Store, StoreError
from zigzag_lab.store.choice import n_waiting
from zigzag_lab.store.full_run import read_run
from zigzag_lab.store.locks import PUBLISH, LockHeldError, database_lock
from zigzag_lab.tracking.content import content_of
from zigzag_lab.tracking.places import absolute, is_database
from zigzag_lab.tracking.published_sweep import PublishedSweep, read_sweep
from zigzag_lab.tracking.reach import check_reachable, check_schema
from zigzag_lab.tracking.run_texts import NO_KIN, read_kin
from zigzag_lab.tracking.sweep_content import saved_view, sweep_content, write_files
from zigzag_lab.tracking.tracker import Tracker, is_of_the_run, quiet_mlflow
from zigzag_lab.vocab.masking import Masker

log = logging.getLogger("zigzag_lab.tracking")

PAGE = 1000
PATIENCE_SECONDS = 2.0
BUSY = "another process is publishing from this database and will take what is left"
ONE_THREAD = threading.Lock()
"""Held by the thread of this process that publishes: MLflow's settings are those of a process."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A run whose publishing failed, and why; without passwords."""

    run_id: str
    error: str


@dataclass(frozen=True)
class PublishReport:
    """What a call published to a store, whose URI is shown without its password: our id -> MLflow's.

    Attributes:
        failures: runs whose publishing failed.
        n_waiting: runs that still wait in the outbox, the failures among them.
        problem: why the call ended early; None when it did not.
        seconds: how long it took.
    """

    uri: str
    published: dict[str, str] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    n_waiting: int = 0
    problem: str | None = None
    seconds: float = 0.0

    @property
    def is_complete(self) -> bool:
        """Whether MLflow has all there is."""
        return self.n_waiting == 0 and self.problem is None

    @property
    def sentence(self) -> str:
        """The report in one line."""
        done, why = _runs(len(self.published)), self.problem or (self.failures[0].error if self.failures else "")
        if not why:
            waiting = f"; {_runs(self.n_waiting)} still to come" if self.n_waiting else ""
            return f"MLflow: {done} published to {self.uri}{waiting}."
        kept = f"{_runs(self.n_waiting)} kept for 'zigzag-lab mlflow sync'"
        return f"MLflow: {done} published to {self.uri}, {kept}: {why.rstrip('.')}."


def _runs(n: int) -> str:
    return "1 run" if n == 1 else f"{n} runs"


def publish_pending(
    store: Store,
    mlflow_uri: str,
    *,
    limit: int | None = None,
    first: str | None = None,
    again: bool = False,
    patience_seconds: float = PATIENCE_SECONDS,
) -> PublishReport:
    """Publish the runs that MLflow does not have yet: pending ones, then those that failed before.

    Trouble with MLflow is written into the outbox and reported, never raised. MLflow is not imported when there is
    nothing to publish, or when its store cannot be reached.

    Args:
        store: our database.
        mlflow_uri: MLflow's tracking URI (:func:`zigzag_lab.tracking.places.mlflow_uri_for`).
        limit: the most runs to publish; None for all.
        first: the id of a run that goes before the others.
        again: whether runs that were published are brought up to date as well (another or a new MLflow store).
        patience_seconds: how long to wait for another publisher of this database.
    """
    started = time.monotonic()
    publisher = _Publisher(store, absolute(mlflow_uri), limit, first, again)
    try:
        problem = publisher.run(patience_seconds)
    except StoreError as error:  # our own database: the runs are safe in it, the outbox is as it was
        problem = publisher.scrub.in_a_line(error)
    try:
        waiting = n_waiting(store.database)
    except StoreError as error:
        problem, waiting = problem or publisher.scrub.in_a_line(error), len(publisher.failures)
    return PublishReport(
        publisher.scrub(publisher.uri),
        publisher.published,
        tuple(publisher.failures),
        waiting,
        problem,
        time.monotonic() - started,
    )


class _Publisher:
    """One call: what it has done so far."""

    def __init__(self, store: Store, uri: str, limit: int | None, first: str | None, again: bool) -> None:
        self.store, self.uri, self.first = store, uri, first
        self.left = float("inf") if limit is None else limit
        self.states = [PublicationState.PENDING, PublicationState.FAILED]
        self.states += [PublicationState.PUBLISHED] if again else []
        self.scrub = Masker.of(uri, store.url.secret)
        self.database_url = self.scrub(str(store.url.absolute()))  # for readers elsewhere: a full path, no password
        self.published: dict[str, str] = {}
        self.failures: list[Failure] = []
        self.sweeps: dict[int, PublishedSweep] = {}
        self.parents: dict[int | str, str | Exception] = {}

    def run(self, patience_seconds: float) -> str | None:
        """Publish; the problem that ended it early, if any."""
        if next(self._entries(), None) is None:
            return None
        try:
            check_reachable(self.uri)
            check_schema(self.uri)
        except Exception as error:
            return self._none_reached(error)
        with ExitStack() as held:
            if not ONE_THREAD.acquire(timeout=patience_seconds):
                return BUSY
            held.callback(ONE_THREAD.release)
            try:
                held.enter_context(quiet_mlflow(for_database=is_database(self.uri)))
            except Exception as error:  # an installation of MLflow that cannot be imported
                return self._none_reached(error)
            try:
                held.enter_context(database_lock(self.store.url, PUBLISH, patience_seconds))
            except LockHeldError:
                return BUSY
            return self._publish_all(held)

    def _publish_all(self, held: ExitStack) -> str | None:
        try:
            tracker = Tracker(self.uri)
            held.callback(tracker.close)
        except Exception as error:
            return self._none_reached(error)
        for entry in self._entries():
            trouble = self._publish(tracker, entry)
            if trouble is not None and not is_of_the_run(trouble):
                return self.failures[-1].error
        return None

    def _entries(self) -> Iterator[Publication]:
        """Entries of the outbox that this call has not seen yet, new ones that arrive meanwhile included."""
        seen: set[str] = set()
        for state in self.states:
            while self.left > 0:
                page = self.store.publications(state, limit=PAGE + len(seen), first=self.first)
                fresh = [entry for entry in page if entry.run_id not in seen]
                for entry in fresh[: int(min(self.left, len(fresh)))]:
                    seen.add(entry.run_id)
                    yield entry
                if not fresh:
                    break

    def _publish(self, tracker: Tracker, entry: Publication) -> Exception | None:
        """Publish a run and write it down; the error if it could not be."""
        self.left -= 1
        try:
            mlflow_id = self._tell(tracker, entry)
        except StoreError:
            raise
        except Exception as error:
            self._failed(entry.run_id, error)
            return error
        self.store.record_publication(entry.run_id, mlflow_id, as_of=entry.updated_at)
        self.published[entry.run_id] = mlflow_id
        return None

    def _tell(self, tracker: Tracker, entry: Publication) -> str:
        """Publish a run, and before it the parent run that it stands below; MLflow's id of it."""
        record = read_run(self.store.database, entry.run_id)
        sweep, above, kin = None, None, NO_KIN
        if record.point is not None:
            number = record.point.sweep_number
            above = self._parent(number, partial(self._publish_sweep, tracker, number))
            sweep = self.sweeps[number]
        else:
            kin = read_kin(self.store, entry.run_id)
        if (parent := record.parent_run_id) is not None:
            above = self.published.get(parent) or self._parent(parent, partial(self._publish_run, tracker, parent))
        content = content_of(record, self.database_url, self.scrub, sweep, kin)
        return tracker.publish(content, entry.mlflow_run_id, above)

    def _parent(self, key: int | str, publish: Callable[[], str]) -> str:
        """MLflow's id of a parent run, published once in a call; its error is that of each run below it.

        It is published first: if the call is interrupted, the runs below it stay queued.
        """
        if key not in self.parents:
            try:
                self.parents[key] = publish()
            except StoreError:
                raise
            except Exception as error:
                self.parents[key] = error
        known = self.parents[key]
        if isinstance(known, Exception):
            raise known
        return known

    def _publish_run(self, tracker: Tracker, run_id: str) -> str:
        """Publish a run that others are within: it may be in another store of MLflow only, or have failed."""
        self.store.ask_to_publish([self.store.run_number(run_id)])
        (entry,) = self.store.publications(first=run_id, limit=1)
        return self._tell(tracker, entry)

    def _publish_sweep(self, tracker: Tracker, number: int) -> str:
        sweep = self.sweeps[number] = read_sweep(self.store.database, number)
        content = sweep_content(sweep, self.database_url, self.scrub)
        mlflow_id = tracker.publish(content, None)
        tracker.tag_experiment(content.experiment, *saved_view(sweep))
        with TemporaryDirectory() as folder:
            write_files(sweep, self.store.database, Path(folder), self.scrub)
            tracker.log_files(mlflow_id, Path(folder))
        return mlflow_id

    def _none_reached(self, error: Exception) -> str:
        """MLflow as a whole cannot be used: every run that waits learns why."""
        for entry in self._entries():
            self.left -= 1
            self._failed(entry.run_id, error)
        return self.scrub.in_a_line(error)

    def _failed(self, run_id: str, error: Exception) -> None:
        words = self.scrub.in_a_line(error)
        log.info("run %s was not published: %s", run_id, words)
        self.failures.append(Failure(run_id, words))
        self.store.record_publication(run_id, error=words)
