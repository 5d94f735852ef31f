"""Questions about sweeps: how far they have come, and what their points came to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from zigzag_lab.store.choice import Policy, chosen_within, point_columns
from zigzag_lab.store.database import Answer, Database, Row
from zigzag_lab.store.row_checks import checked, from_json, in_utc, object_of, reading, time_of
from zigzag_lab.store.sweep_points import FIGURE_COLUMNS
from zigzag_lab.vocab import InputError

if TYPE_CHECKING:
    from zigzag_lab.store.store import Store


@dataclass(frozen=True, slots=True)
class SweepSummary:
    """A sweep and how far it has come. ``n_points`` is that of the last form of its file."""

    name: str
    objective: str
    n_points: int
    n_finished: int
    n_infeasible: int
    n_failed: int
    n_taken: int
    n_layer_hits: int
    n_layer_misses: int


@dataclass(frozen=True, slots=True)
class SweepPointRecord:
    """A point that a run answers; what is not known is None.

    Attributes:
        stored_settings: its settings as the database has them, which is JSON in some; read on first use.
    """

    key: str
    workload: str
    accelerator: str
    mapping: str
    stored_settings: Any
    run_id: str
    status: str
    reason: str | None
    energy_pj: float | None
    latency_cycles: float | None
    edp_pj_cycles: float | None
    area_mm2: float | None
    utilisation: float | None
    time_s: float | None = None
    average_power_mw: float | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """Name -> value, of all axes but the files, and of what is derived."""
        stored = self.stored_settings
        with reading("zl_sweep_point", point_key=self.key):
            return object_of(stored)

    def as_dict(self) -> dict[str, Any]:
        """All of it by name."""
        known = {f.name: getattr(self, f.name) for f in fields(self)}
        return {("settings" if k == "stored_settings" else k): known[k] for k in known} | {"settings": self.settings}


_SUMMARY = [f.name for f in fields(SweepSummary)]


def sweep_number(database: Database, name: str) -> int | None:
    """The number of a sweep; None where there is none of that name."""
    rows = database.select("SELECT number FROM zl_sweep WHERE name = ?", (name,)).rows
    return int(rows[0][0]) if rows else None


def sweep_names(database: Database) -> list[str]:
    """The names of all sweeps, oldest first."""
    return [name for (name,) in database.select("SELECT name FROM zl_sweep ORDER BY number").rows]


def mean_seconds(database: Database, number: int) -> float | None:
    """Seconds that a point of a sweep took in the mean; None where none has been priced."""
    sql = (
        "SELECT AVG(r.seconds) FROM zl_sweep_point p JOIN zl_run r ON r.number = p.run_number WHERE p.sweep_number = ?"
    )
    mean: float | None = database.select(sql, (number,)).rows[0][0]
    return mean


def run_ids(database: Database, name: str) -> list[str]:
    """The runs that answer the points of a sweep, by the points' keys."""
    rows = database.select(
        "SELECT r.id FROM zl_sweep s JOIN zl_sweep_point p ON p.sweep_number = s.number "
        "JOIN zl_run r ON r.number = p.run_number AND r.deleted_at IS NULL WHERE s.name = ? ORDER BY p.point_key",
        (name,),
    ).rows
    return [str(run_id) for (run_id,) in rows]


@dataclass(frozen=True)
class StoredSweep:
    """A sweep as its row has it.

    Attributes:
        number: its own.
        name: its own, and that of the experiment of its runs.
        objective: what its points minimise.
        n_points: how many its file asks for.
        created_at: when it was first begun, in UTC.
        content: its file, as plain data.
        last_at: when the last of its points ended; until one has, when it was begun.
    """

    number: int
    name: str
    objective: str
    n_points: int
    created_at: datetime
    content: Mapping[str, Any]
    last_at: datetime


def stored_sweep(database: Database, number: int) -> StoredSweep:
    """The sweep of a number."""
    ((name, objective, n_points, begun, content),) = database.select(
        "SELECT name, objective, n_points, created_at, content FROM zl_sweep WHERE number = ?", (number,)
    ).rows
    last = database.select(
        "SELECT MAX(r.ended_at) FROM zl_sweep_point p JOIN zl_run r ON r.number = p.run_number "
        "WHERE p.sweep_number = ?",
        (number,),
    ).rows[0][0]
    created_at = in_utc(begun)
    content = from_json(content) or {}
    return StoredSweep(number, name, objective, n_points, created_at, content, time_of(last) or created_at)


def layers_of_sweep(database: Database, number: int) -> Iterator[Answer]:
    """Every layer of every point of a sweep, with the key of its point, a portion at a time."""
    return database.stream(
        "SELECT p.point_key, v.* FROM zl_sweep_point p JOIN zl_v_layers v ON v.run_number = p.run_number "
        "WHERE p.sweep_number = ? ORDER BY v.run_number, v.layer_index",
        (number,),
    )


def summaries(database: Database, name: str | None = None) -> list[SweepSummary]:
    """All sweeps, or the one of a name, newest first."""
    where, values = ("WHERE s.name = ?", (name,)) if name is not None else ("", ())
    counts = ", ".join(
        f"SUM(CASE WHEN r.status = '{s}' THEN 1 ELSE 0 END)" for s in ("finished", "infeasible", "failed")
    )
    taken = f"SUM(CASE WHEN p.owner IS NOT NULL AND p.lease_until > {database.now} THEN 1 ELSE 0 END)"
    rows = database.select(
        f"SELECT s.name, s.objective, s.n_points, {counts}, {taken}, SUM(r.cache_hits), SUM(r.cache_misses) "
        "FROM zl_sweep s LEFT JOIN zl_sweep_point p ON p.sweep_number = s.number "
        "LEFT JOIN zl_run r ON r.number = p.run_number AND r.deleted_at IS NULL "
        f"{where} GROUP BY s.number, s.name, s.objective, s.n_points ORDER BY s.number DESC",
        values,
    ).rows
    return [checked(SweepSummary, _counted(row), "zl_sweep", name=row[0]) for row in rows]


def _counted(row: Row) -> dict[str, Any]:
    with reading("zl_sweep", name=row[0]):
        return dict(zip(_SUMMARY, (*row[:3], *(int(n or 0) for n in row[3:])), strict=True))


_FIGURES = ", ".join(f"{column} AS {name}" for name, column in FIGURE_COLUMNS.items())


def priced_points(database: Database, name: str, statuses: Iterable[str] = ("finished",)) -> list[SweepPointRecord]:
    """The points of a sweep whose runs ended so, by their keys."""
    wanted = list(statuses)
    answer = database.select(
        "SELECT p.point_key AS key, p.workload, p.accelerator, p.mapping, p.settings AS stored_settings, "
        f"r.id AS run_id, r.status, r.reason, {_FIGURES} FROM zl_sweep s "
        "JOIN zl_sweep_point p ON p.sweep_number = s.number "
        "JOIN zl_run r ON r.number = p.run_number AND r.deleted_at IS NULL "
        f"WHERE s.name = ? AND r.status IN ({', '.join('?' * len(wanted))}) ORDER BY p.point_key",
        (name, *wanted),
    )
    return [checked(SweepPointRecord, row, "zl_sweep_point", point_key=row["key"]) for row in answer.as_dicts()]


def ask_to_publish_sweep(store: Store, name: str, policy: Policy | None = None) -> int:
    """Put points of a sweep, or runs within a run, into the outbox; those that are there already stay as they are.

    Args:
        store: an open database.
        name: of the sweep, or the id of the run.
        policy: which points; by default what suits their number.

    Returns:
        How many were chosen.

    Raises:
        InputError: there is no such sweep.
    """
    rows = store.database.select("SELECT number, objective, n_points FROM zl_sweep WHERE name = ?", (name,)).rows
    if not rows:
        chosen = store.database.transact(lambda: chosen_within(store.database, _run_called(store, name), policy))
    else:
        number, objective, n_points = rows[0]
        points = store.database.select(
            f"SELECT p.workload, {point_columns(objective)} FROM zl_sweep_point p "
            "JOIN zl_run r ON r.number = p.run_number AND r.deleted_at IS NULL WHERE p.sweep_number = ? "
            "ORDER BY r.number",
            (number,),
        ).rows
        chosen = (policy or Policy.for_size(n_points)).choose(points)
    store.ask_to_publish(chosen)
    return len(chosen)


def _run_called(store: Store, name: str) -> int:
    try:
        return store.run_number(name)
    except InputError:
        hint = "'zigzag-lab status' lists sweeps; the id of a run stands for the runs within it."
        raise InputError("sweep", f"there is none called '{name}'", hint=hint) from None
