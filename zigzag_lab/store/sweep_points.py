"""Sweeps in the database: which points there are, who is at work on them, and which runs answer them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from zigzag_lab.keys import engine_digest
from zigzag_lab.store.cache import NewAnswers, keep_answers
from zigzag_lab.store.codec import to_json
from zigzag_lab.store.database import Database, Row, flat, insertion_of
from zigzag_lab.store.environment import process_exited, this_process
from zigzag_lab.store.results import OBJECTIVE_COLUMNS
from zigzag_lab.store.row_batch import RowBatch
from zigzag_lab.store.run_start import RunInput, new_run_id
from zigzag_lab.store.states import RunStatus
from zigzag_lab.store.store import Store
from zigzag_lab.store.tables import CacheUseTuple
from zigzag_lab.store.url import SQLITE
from zigzag_lab.vocab.masking import masked

LEASE_SECONDS = 60.0
WORKER_LOST = "WorkerLost"
"""The ``zl_run.error`` of a point whose worker died; it is priced again when the sweep goes on."""

OBJECTIVES: Mapping[str, str] = MappingProxyType(
    {
        **OBJECTIVE_COLUMNS,
        "area": "area_mm2",
        "utilisation": "utilisation",
        "time": "time_s",
        "power": "average_power_mw",
    }
)
"""What points of a sweep are compared by -> the column that holds it. All are to be small but utilisation."""

FIGURES = tuple(OBJECTIVES.values())
FIGURE_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        **{name: f"r.{name}" for name in OBJECTIVE_COLUMNS.values()},
        "area_mm2": "p.area_mm2",
        "utilisation": "p.utilisation",
        "time_s": "r.latency_cycles * r.clock_ns * 1e-9",
        "average_power_mw": "r.energy_pj / NULLIF(r.latency_cycles * r.clock_ns, 0)",
    }
)
"""Each of these figures of a point ``p`` and its run ``r``, in their order."""

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class PointRow:
    """A point before it is priced.

    Attributes:
        key: made of the digests of its inputs and its overrides; the same in every run of the sweep.
        workload, accelerator, mapping: as the sweep file names them.
        values: name -> value, of all axes but the files, and of what is derived.
    """

    key: str
    workload: str
    accelerator: str
    mapping: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PointState:
    """Where a point stands.

    Attributes:
        status: of its run; None where it has none yet, or one that was deleted.
        is_current: whether this version of the program priced it.
        is_lost: whether its worker died.
        run_number: of its run.
        is_taken: whether a live process is at work on it.
    """

    status: str | None
    is_current: bool
    is_lost: bool
    run_number: int | None
    is_taken: bool

    def is_wanted(self, *, retry_failed: bool) -> bool:
        """Whether the point is to be priced (again)."""
        if self.status is None or not self.is_current or self.is_lost:
            return True
        return retry_failed and self.status == RunStatus.FAILED


@dataclass(frozen=True, slots=True)
class PricedPoint:
    """What came of a point, ready to be stored.

    Attributes:
        key: of the point.
        status: finished, infeasible or failed.
        figures: columns of ``zl_run`` -> values.
        options: of the run.
        inputs: what the run was given.
        rows: of its layers; the number of the run is filled in when it is known.
        reason, error, traceback: of a point that came to nothing.
        area_mm2: of the whole design.
        utilisation: ideal cycles over latency.
        answers: about layers, which other points may need too.
    """

    key: str
    status: str
    figures: Mapping[str, Any]
    options: Mapping[str, Any]
    inputs: Sequence[RunInput] = ()
    rows: RowBatch = field(default_factory=RowBatch)
    reason: str | None = None
    error: str | None = None
    traceback: str | None = None
    area_mm2: float | None = None
    utilisation: float | None = None
    answers: NewAnswers | None = None


@dataclass
class SweepRecord:
    """A sweep of an open database, as one process works on it.

    Attributes:
        store: the database.
        number: of the sweep.
        experiment_number: that its runs belong to.
        objective: what its runs minimise by default.
    """

    store: Store
    number: int
    experiment_number: int
    objective: str
    owner: str = field(default_factory=lambda: f"{secrets.token_hex(6)}@{this_process()}")

    @property
    def _db(self) -> Database:
        return self.store.database

    def n_points(self) -> int:
        """Number of points that were begun or priced, also with earlier forms of the file."""
        sql = "SELECT COUNT(*) FROM zl_sweep_point WHERE sweep_number = ?"
        return int(self._db.select(sql, (self.number,)).rows[0][0])

    def states(self) -> dict[str, PointState]:
        """Point key -> where it stands, of every point that anybody began."""
        rows = self._db.select(
            f"SELECT p.point_key, p.owner, p.lease_until > {self._db.now}, p.run_number, r.status, r.error, "
            "r.engine_digest FROM zl_sweep_point p "
            "LEFT JOIN zl_run r ON r.number = p.run_number AND r.deleted_at IS NULL WHERE p.sweep_number = ?",
            (self.number,),
        ).rows
        engine = engine_digest()
        return {
            key: PointState(status, of == engine, error == WORKER_LOST, number, bool(leased) and self._is_alive(owner))
            for key, owner, leased, number, status, error, of in rows
        }

    def _is_alive(self, owner: str | None) -> bool:
        return owner is not None and owner != self.owner and not process_exited(owner.partition("@")[2])

    def figures(self, keys: Sequence[str]) -> dict[str, dict[str, float | None]]:
        """Point key -> column -> figure, of those points whose runs finished."""
        found: dict[str, dict[str, float | None]] = {}
        for start in range(0, len(keys), _AT_ONCE):
            part = tuple(keys[start : start + _AT_ONCE])
            rows = self._db.select(
                f"SELECT p.point_key, {', '.join(FIGURE_COLUMNS.values())} "
                "FROM zl_sweep_point p JOIN zl_run r ON r.number = p.run_number AND r.deleted_at IS NULL "
                "WHERE p.sweep_number = ? AND r.status = 'finished' "
                f"AND p.point_key IN ({', '.join('?' * len(part))})",
                (self.number, *part),
            ).rows
            found.update((key, dict(zip(FIGURES, values, strict=True))) for key, *values in rows)
        return found

    # -- claims --------------------------------------------------------------------------------------------------------

    def claim(self, points: Sequence[PointRow], known: Mapping[str, PointState]) -> set[str]:
        """Claim points, so that no other process works on them; the keys of those that are ours now.

        Args:
            points: what is wanted.
            known: where they stood when the sweep began; one whose run has changed since is not taken.
        """
        return self._db.transact(lambda: self._claim(points, known))

    def _claim(self, points: Sequence[PointRow], known: Mapping[str, PointState]) -> set[str]:
        keys = [point.key for point in points]
        there = {row[0]: row for row in self._locked(keys)}
        lease = self._db.seconds_ago(-LEASE_SECONDS)
        ours: set[str] = set()
        for point in points:
            row = there.get(point.key)
            if row is None:
                added = self._db.execute(
                    "INSERT INTO zl_sweep_point (sweep_number, point_key, owner, lease_until, attempts, workload, "
                    f"accelerator, mapping, settings) VALUES (?, ?, ?, {lease}, 0, ?, ?, ?, ?) "
                    "ON CONFLICT (sweep_number, point_key) DO NOTHING RETURNING point_key",
                    (
                        *(self.number, point.key, self.owner, point.workload, point.accelerator, point.mapping),
                        to_json(dict(point.values)),
                    ),
                )
                ours.update(key for (key,) in added)
                continue
            _, run_number, owner, leased = row
            before = known.get(point.key)
            is_as_it_was = run_number == (before.run_number if before else None) or run_number is None
            if is_as_it_was and not (leased and self._is_alive(owner)):
                self._db.execute(
                    f"UPDATE zl_sweep_point SET owner = ?, lease_until = {lease} "
                    "WHERE sweep_number = ? AND point_key = ?",
                    (self.owner, self.number, point.key),
                )
                ours.add(point.key)
        return ours

    def _locked(self, keys: Sequence[str]) -> list[Row]:
        """Points that are in the table, locked until the transaction ends."""
        lock = "" if self._db.url.kind == SQLITE else " ORDER BY point_key FOR UPDATE"
        rows: list[Row] = []
        for start in range(0, len(keys), _AT_ONCE):
            part = sorted(keys[start : start + _AT_ONCE])
            rows += self._db.execute(
                f"SELECT point_key, run_number, owner, lease_until > {self._db.now} FROM zl_sweep_point "
                f"WHERE sweep_number = ? AND point_key IN ({', '.join('?' * len(part))}){lock}",
                (self.number, *part),
            )
        return rows

    def renew(self) -> None:
        """Renew the leases of the claimed points."""
        lease = self._db.seconds_ago(-LEASE_SECONDS)
        sql = f"UPDATE zl_sweep_point SET lease_until = {lease} WHERE sweep_number = ? AND owner = ?"
        self._db.transact(lambda: self._db.execute(sql, (self.number, self.owner)))

    def release(self) -> None:
        """Give up all that we took and did not finish."""
        where = "WHERE sweep_number = ? AND owner = ?"

        def give_up() -> None:
            self._db.execute(f"DELETE FROM zl_sweep_point {where} AND run_number IS NULL", (self.number, self.owner))
            self._db.execute(
                f"UPDATE zl_sweep_point SET owner = NULL, lease_until = NULL {where}", (self.number, self.owner)
            )

        self._db.transact(give_up)

    # -- results -------------------------------------------------------------------------------------------------------

    def record(self, priced: Sequence[PricedPoint]) -> int:
        """Store what came of points, in one transaction; those that are no longer ours are left out.

        Returns:
            How many were stored.
        """
        n = self.store.transact(lambda: self._record(priced))
        self.store.mark_persisted(one.digest for point in priced for one in point.inputs)
        return n

    def _record(self, priced: Sequence[PricedPoint]) -> int:
        locked = self._locked([point.key for point in priced])
        ours = {key for key, _, owner, _ in locked if owner == self.owner}
        keep_answers(self._db, [point.answers for point in priced if point.answers is not None])
        mine = [point for point in priced if point.key in ours]
        if not mine:
            return 0
        environment, ids = self.store.environment_digest(), _ids(len(mine))
        batch, uses = RowBatch(), list[Any]()
        for run_id, point in zip(ids, mine, strict=True):
            number = self._insert_run(run_id, environment, point)
            for one in point.inputs:
                self.store.keep_input(number, one)
            batch.add(point.rows.numbered(number))
            if point.status == RunStatus.FINISHED:
                batch.add_sum(number, point.rows.n_layers, point.figures)
            uses += flat((number, *row) for row in point.answers.uses) if point.answers is not None else []
            self._db.execute(
                "UPDATE zl_sweep_point SET run_number = ?, owner = NULL, lease_until = NULL, attempts = attempts + 1, "
                "area_mm2 = ?, utilisation = ? WHERE sweep_number = ? AND point_key = ?",
                (number, point.area_mm2, point.utilisation, self.number, point.key),
            )
        batch.write(self._db)
        self._db.append(CacheUseTuple, uses)
        return len(mine)

    def _insert_run(self, run_id: str, environment: str, point: PricedPoint) -> int:
        now = self._db.now
        values: dict[str, Any] = {
            "id": run_id,
            "experiment_number": self.experiment_number,
            "name": " on ".join(i.name for i in point.inputs if i.kind != "mapping") or "point",
            "status": point.status,
            "owner": this_process(),
            "objective": point.options.get("objective", self.objective),
            "options": to_json(dict(point.options)),
            "engine_digest": engine_digest(),
            "environment_digest": environment,
            "reason": point.reason and masked(point.reason),
            "error": point.error,
            "traceback": point.traceback and masked(point.traceback),
            **point.figures,
        }
        rows = self._db.execute(
            f"{insertion_of('zl_run', values, dict.fromkeys(('started_at', 'ended_at', 'heartbeat_at'), now))} "
            "RETURNING number",
            tuple(values.values()),
        )
        return int(rows[0][0])


def _ids(n: int) -> list[str]:
    """So many ids of runs, all different."""
    ids: dict[str, None] = {}
    while len(ids) < n:
        ids[new_run_id()] = None
    return list(ids)


def open_sweep(store: Store, name: str, objective: str, n_points: int, content: Mapping[str, Any]) -> SweepRecord:
    """The sweep of that name, made when new; its file's words are noted.

    Args:
        store: an open database.
        name: of the sweep, and of the experiment that its runs belong to.
        objective: what its runs minimise.
        n_points: number of points of its file.
        content: the file, as plain data.
    """
    db = store.database

    def make() -> tuple[int, int]:
        experiment = store.experiment_number(name)
        rows = db.execute(
            f"INSERT INTO zl_sweep (name, objective, n_points, content, created_at) VALUES (?, ?, ?, ?, {db.now}) "
            "ON CONFLICT (name) DO UPDATE SET objective = excluded.objective, n_points = excluded.n_points, "
            "content = excluded.content RETURNING number",
            (name, objective, n_points, to_json(content)),
        )
        return int(rows[0][0]), experiment

    number, experiment = db.transact(make)
    return SweepRecord(store, number, experiment, objective)
