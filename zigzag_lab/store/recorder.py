"""Recording one run: a sink for CMEs that keeps them in the database while the run goes on."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from threading import RLock
from types import TracebackType

from zigzag_lab.cost.evaluation import CostModelEvaluation
from zigzag_lab.cost.sums import CostModelEvaluationABC, CumulativeCME
from zigzag_lab.keys.records import RecordDigests
from zigzag_lab.store.codec import (
    CERTIFICATE_COLUMNS,
    FRONT_COLUMNS,
    LAYER_COLUMNS,
    MAPPING_COLUMNS,
    MEMORY_COLUMNS,
    LayerRows,
    front_rows,
    rows_of,
)
from zigzag_lab.store.database import Database, flat
from zigzag_lab.store.errors import StoreError
from zigzag_lab.store.pulse import Pulse
from zigzag_lab.store.states import RunStatus
from zigzag_lab.store.url import masked
from zigzag_lab.vocab import InfeasibleError

log = logging.getLogger("zigzag_lab.store")

FLUSH_SECONDS = 1.0
FLUSH_LAYERS = 256
HEARTBEAT_SECONDS = 10.0


@dataclass(frozen=True)
class Totals:
    """What a run came to, beside the sum of its layers. What is not known stays None.

    Attributes:
        n_mappings_evaluated: mappings that were priced.
        cache_hits, cache_misses: distinct layer lookups.
        cache_seconds_saved: seconds that the hits took when they were computed.
        area_mm2: of the design, where it is known (in-memory computing).
        clock_ns: of the design, where it is known.
    """

    n_mappings_evaluated: int | None = None
    cache_hits: int | None = None
    cache_misses: int | None = None
    cache_seconds_saved: float | None = None
    area_mm2: float | None = None
    clock_ns: float | None = None


class RunRecorder:
    """One run, from its start to its end. A sink: it has ``save(cme)``.

    Used as a context manager, it closes the run whatever happens: as finished, as infeasible, or as failed with the
    traceback. The store's pulse writes what has been saved every second and gives signs of life, so that a process
    that is killed loses a second at most, and is known to be lost.

    Attributes:
        run_id: what people call the run.
        number: what its rows are keyed by.
    """

    def __init__(self, database: Database, run_id: str, number: int, digests: RecordDigests, pulse: Pulse) -> None:
        self.run_id, self.number = run_id, number
        self._database, self._digests, self._pulse = database, digests, pulse
        self._lock = RLock()
        self._saved: dict[int, tuple[int, CostModelEvaluation]] = {}  # layer id -> its index in the run, its CME
        self._pending: dict[int, LayerRows] = {}  # layer index -> rows that are not in the database yet
        self._replaced: set[int] = set()  # layer indices whose rows in the database are out of date
        self._fronts: dict[int, Sequence[CostModelEvaluation]] = {}  # layer index -> its front
        self._total: CostModelEvaluationABC | None = None
        self._started = self._flushed = self._seen_alive = time.monotonic()
        self._closed = False
        pulse.start(self)

    # -- the sink ------------------------------------------------------------------------------------------------------

    def save(self, cme: CostModelEvaluationABC) -> None:
        """Keep the price of a layer. Saved again, it changes nothing; another price of the same layer replaces it.

        A sum of layers is not a layer: the last one seen is the run's total unless ``finish`` is given one.

        Raises:
            StoreError: the run is closed, or the database cannot be written to.
        """
        if self._closed:
            raise StoreError(f"run {self.run_id}", "it is closed", "a run that is going on", "Start another run.")
        if not isinstance(cme, CostModelEvaluation):
            self._total = cme
            return
        with self._lock:
            index, before = self._saved.get(cme.layer.id, (len(self._saved), None))
            if before is not None and (before is cme or _is_same(before, cme)):
                return
            if before is not None and index not in self._pending:
                self._replaced.add(index)
            self._saved[cme.layer.id] = index, cme
            self._pending[index] = rows_of(cme, self.number, index, self._digests.of_meaning(cme.layer))
            if len(self._pending) >= FLUSH_LAYERS or time.monotonic() - self._flushed > FLUSH_SECONDS:
                self.flush()

    def save_front(self, points: Sequence[CostModelEvaluation]) -> None:
        """Keep the front of a layer, one of whose mappings has been saved; it is written when the run is closed."""
        with self._lock:
            index, _ = self._saved[points[0].layer.id]
            self._fronts[index] = points

    @property
    def has_fronts(self) -> bool:
        """Whether fronts have been saved."""
        return bool(self._fronts)

    def flush(self) -> None:
        """Write what has been saved, in one transaction."""
        with self._lock:
            if not self._pending:
                return
            self._database.transact(self._write_pending)
            self._written()

    def _write_pending(self) -> None:
        rows, database = list(self._pending.values()), self._database
        for index in self._replaced:
            for table in ("zl_memory_evaluation", "zl_certificate", "zl_layer_evaluation"):
                where = "run_number = ? AND layer_index = ?"
                database.execute(f"DELETE FROM {table} WHERE {where}", (self.number, index))
        database.insert("zl_mapping", MAPPING_COLUMNS, [r.mapping for r in rows])
        database.append("zl_layer_evaluation", LAYER_COLUMNS, flat(r.layer for r in rows))
        database.append("zl_memory_evaluation", MEMORY_COLUMNS, flat(r.memories for r in rows))
        proofs = flat(r.certificate for r in rows if r.certificate is not None)
        database.append("zl_certificate", CERTIFICATE_COLUMNS, proofs)

    def _write_fronts(self) -> None:
        for index, points in self._fronts.items():
            rows, mappings = front_rows(points, self.number, index)
            self._database.insert("zl_mapping", MAPPING_COLUMNS, mappings)
            self._database.append("zl_front_point", FRONT_COLUMNS, flat(rows))

    def _written(self) -> None:
        self._pending.clear()
        self._replaced.clear()
        self._flushed = time.monotonic()

    # -- the end -------------------------------------------------------------------------------------------------------

    def finish(self, total: CostModelEvaluationABC | None = None, totals: Totals | None = None) -> None:
        """Close the run as finished.

        Args:
            total: the sum of its layers; by default the last sum that was saved, else that of the layers saved.
            totals: what else it came to.
        """
        if self.is_closed:
            return
        total = total or self._total or self._sum()
        n_macs = sum(cme.layer.n_macs for _, cme in self._saved.values())
        figures: dict[str, float | int | None] = {
            "energy_pj": float(total.energy_total),
            "mac_energy_pj": float(total.mac_energy),
            "memory_energy_pj": float(total.mem_energy),
            "latency_cycles": float(total.latency_total2),
            "edp_pj_cycles": float(total.edp_pj_cycles),
            "n_macs": n_macs,
        }
        self._close(RunStatus.FINISHED, figures, totals or Totals())

    def finish_with(self, figures: Mapping[str, float | int | None]) -> None:
        """Close the run as finished, with figures that are known already.

        Args:
            figures: columns of the run -> their values.
        """
        self._close(RunStatus.FINISHED, dict(figures), Totals())

    def fail(self, error: BaseException, totals: Totals | None = None) -> None:
        """Close the run as failed, with the error and its traceback; what was saved stays."""
        texts = _in_words(error)
        self._close(RunStatus.FAILED, {}, totals or Totals(), reason=texts[0], error=texts[1], trace=texts[2])

    def infeasible(self, error: BaseException, totals: Totals | None = None) -> None:
        """Close the run as infeasible: its inputs are sound, yet some layer fits in no way."""
        texts = _in_words(error)
        self._close(RunStatus.INFEASIBLE, {}, totals or Totals(), reason=texts[0], error=texts[1], trace=texts[2])

    def _sum(self) -> CostModelEvaluationABC:
        total: CostModelEvaluationABC = CumulativeCME()
        for _, cme in sorted(self._saved.values(), key=lambda saved: saved[0]):
            total = total + cme
        return total

    def _close(
        self,
        status: RunStatus,
        figures: dict[str, float | int | None],
        totals: Totals,
        *,
        reason: str | None = None,
        error: str | None = None,
        trace: str | None = None,
    ) -> None:
        """Write what is left, the end and the entry in the outbox in one transaction. Closing twice does nothing."""
        with self._lock:
            if self._closed:
                return
            values: dict[str, object] = {
                "status": status.value,
                "reason": reason,
                "error": error,
                "traceback": trace,
                "seconds": time.monotonic() - self._started,
                "n_layers": len(self._saved),
                **figures,
                **{f.name: getattr(totals, f.name) for f in fields(totals)},
            }
            now = self._database.now
            assignments = ", ".join(f"{column} = ?" for column in values)

            def close() -> None:
                if self._pending:
                    self._write_pending()
                self._write_fronts()
                self._database.execute(
                    f"UPDATE zl_run SET ended_at = {now}, heartbeat_at = {now}, {assignments} WHERE number = ?",
                    (*values.values(), self.number),
                )
                ask_to_publish(self._database, self.number)

            self._database.transact(close)
            self._written()
            self._end()

    def _end(self) -> None:
        self._closed = True
        self._pulse.stop(self)

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
            elif isinstance(error, InfeasibleError):
                self.infeasible(error)
            else:
                self.fail(error)
        except StoreError as second:
            if error is None:
                raise
            if not isinstance(error, StoreError):  # which says the same
                log.error("run %s could not be closed: %s", self.run_id, second)
        finally:
            self._end()

    # -- signs of life -------------------------------------------------------------------------------------------------

    def beat(self) -> None:
        """Write what is pending, and say now and then that the run lives. The store's pulse calls it each second."""
        try:
            with self._lock:
                if self._closed:
                    return
                self.flush()
                if time.monotonic() - self._seen_alive >= HEARTBEAT_SECONDS:
                    self.heartbeat()
        except StoreError as error:
            log.warning("run %s: %s", self.run_id, error)

    def heartbeat(self) -> None:
        """Say that the run goes on. One that was taken for lost, its machine asleep, is found again."""
        sql = (
            f"UPDATE zl_run SET heartbeat_at = {self._database.now}, status = 'running', ended_at = NULL, "
            "reason = NULL WHERE number = ? AND status IN ('running', 'lost')"
        )
        self._database.transact(lambda: self._database.execute(sql, (self.number,)))
        self._seen_alive = time.monotonic()


def ask_to_publish(database: Database, run_number: int) -> None:
    """Put a closed run into the outbox; within the transaction that closes it."""
    database.execute(
        "INSERT INTO zl_publication (run_number, state, attempts, updated_at) "
        f"VALUES (?, 'pending', 0, {database.now}) ON CONFLICT (run_number) "
        "DO UPDATE SET state = 'pending', updated_at = excluded.updated_at",
        (run_number,),
    )


def _is_same(first: CostModelEvaluation, second: CostModelEvaluation) -> bool:
    """Whether two CMEs of a layer would be kept as the same rows."""
    return (
        first.energy_total == second.energy_total
        and first.latency_total2 == second.latency_total2
        and first.problem.spatial_mapping == second.problem.spatial_mapping
        and first.temporal_mapping == second.temporal_mapping
        and first.certificate == second.certificate
    )


def _in_words(error: BaseException) -> tuple[str, str, str]:
    """The message, the kind and the traceback of an error, without passwords."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return masked(str(error) or name), name, masked("".join(traceback.format_exception(error)))
