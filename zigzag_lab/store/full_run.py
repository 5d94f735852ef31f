"""All that the database holds of one run, read in one go."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from zigzag_lab.store.codec import unpacked
from zigzag_lab.store.database import Database
from zigzag_lab.store.results import LISTED, PLACE
from zigzag_lab.store.row_checks import from_json, in_utc
from zigzag_lab.store.states import RunStatus
from zigzag_lab.vocab import InputError

TOTALS = (
    "energy_pj",
    "mac_energy_pj",
    "memory_energy_pj",
    "latency_cycles",
    "edp_pj_cycles",
    "area_mm2",
    "clock_ns",
    "n_macs",
    "n_layers",
    "n_mappings_evaluated",
    "cache_hits",
    "cache_misses",
    "cache_seconds_saved",
)
MEMORY_ENERGIES = ("energy_to_low_pj", "energy_from_low_pj", "energy_to_high_pj", "energy_from_high_pj")


@dataclass(frozen=True)
class InputRecord:
    """A workload, an accelerator or a mapping of a run.

    Attributes:
        kind: ``workload``, ``accelerator`` or ``mapping``.
        name: what tables call it.
        digest: the key of its meaning.
        file_name: the file it was read from, if any.
        packed: all its fields, as compressed JSON.
    """

    kind: str
    name: str
    digest: str
    file_name: str | None
    packed: bytes

    @property
    def content(self) -> Any:
        """All its fields, as plain data."""
        return json.loads(unpacked(self.packed))


@dataclass(frozen=True)
class PointRecord:
    """A design point of a sweep.

    Attributes:
        sweep_number: of its sweep.
        key: of the point.
        settings: name -> value, of all axes but the files, and of what is derived.
        area_mm2: of the whole design; None where it is not known.
    """

    sweep_number: int
    key: str
    settings: Mapping[str, Any]
    area_mm2: float | None


@dataclass(frozen=True)
class FullRun:
    """One run of the database.

    Attributes:
        id, name, experiment: what people call it and its experiment.
        status: where it stands.
        reason, error, traceback: why it did not finish: in words, the kind of the exception, where.
        started_at, ended_at: in UTC.
        seconds: wall time.
        owner: machine, boot, namespace and process.
        objective, options, engine_digest: of the run, and of the code that priced it.
        totals: figures over all layers by the names of their columns (:data:`TOTALS`); None where not known.
        inputs: kind -> input.
        tags: the user's words.
        environment: versions, machine, command line, git.
        layers: per layer in the order of the run, its columns, its ``mapping`` and its ``memories`` (one per operand
            and level, columns); where an exact search was run, its ``certificate`` (columns).
        point: the design point of a sweep that it answers, if any.
        parent_id: the run that it is within, if any.
        settings: what it varies itself -> the value.
        varied: what it and those that it is within vary -> the value.
        warnings: what a reader of the record should know.
        n_results: how many results it yielded.
    """

    id: str
    name: str
    experiment: str
    status: RunStatus
    reason: str | None
    error: str | None
    traceback: str | None
    started_at: datetime
    ended_at: datetime | None
    seconds: float | None
    owner: str
    objective: str
    options: Mapping[str, Any]
    engine_digest: str
    totals: Mapping[str, float | int | None]
    inputs: Mapping[str, InputRecord]
    tags: Mapping[str, str]
    environment: Mapping[str, Any]
    layers: tuple[Mapping[str, Any], ...]
    point: PointRecord | None = None
    parent_id: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    varied: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    n_results: int | None = None

    @property
    def has_no_total(self) -> bool:
        """Whether it came to its end without a single total: its layers are those of several results."""
        return self.status is RunStatus.FINISHED and self.totals["energy_pj"] is None


def read_run(database: Database, run_id: str) -> FullRun:
    """Read a run.

    Raises:
        InputError: there is none of that id.
        StoreError: the database cannot be read.
    """
    rows = database.select(
        "SELECT r.*, e.name AS experiment, v.content AS environment FROM zl_run r "
        "JOIN zl_experiment e ON e.number = r.experiment_number "
        "LEFT JOIN zl_environment v ON v.digest = r.environment_digest WHERE r.id = ?",
        (run_id,),
    ).as_dicts()
    if not rows:
        raise InputError(f"run '{run_id}'", "no run is called so")
    row = rows[0]
    number = row["number"]
    parent_id, varied = _above(database, row)
    has_no_total = row["status"] == RunStatus.FINISHED and row["energy_pj"] is None
    return FullRun(
        status=RunStatus(row["status"]),
        started_at=in_utc(row["started_at"]),
        ended_at=None if row["ended_at"] is None else in_utc(row["ended_at"]),
        options=from_json(row["options"]) or {},
        environment=from_json(row["environment"]) or {},
        totals={name: row[name] for name in TOTALS},
        inputs=_inputs(database, number),
        tags=dict(database.select("SELECT key, value FROM zl_tag WHERE run_number = ? ORDER BY key", (number,)).rows),
        layers=() if has_no_total else _layers(database, number),
        parent_id=parent_id,
        settings=from_json(row["settings"]) or {},
        varied=varied,
        warnings=tuple(from_json(row["warnings"]) or ()),
        n_results=row["n_results"],
        point=_point(database, number),
        **{name: row[name] for name in ("id", "name", "experiment", "reason", "error", "traceback", "seconds")},
        **{name: row[name] for name in ("owner", "objective", "engine_digest")},
    )


def _above(database: Database, row: Mapping[str, Any]) -> tuple[str | None, dict[str, Any]]:
    """The run that a run is within, and what varies on the way from the outermost one."""
    parent_id, varied = None, dict(from_json(row["settings"]) or {})
    number = row["parent_number"]
    while number is not None:
        ((run_id, settings, above),) = database.select(
            "SELECT id, settings, parent_number FROM zl_run WHERE number = ?", (number,)
        ).rows
        parent_id, number = parent_id or run_id, above
        varied = {**(from_json(settings) or {}), **varied}
    return parent_id, varied


def _inputs(database: Database, number: int) -> dict[str, InputRecord]:
    rows = database.select(
        "SELECT i.kind, i.name, i.digest, i.file_name, c.content FROM zl_run_input i "
        "JOIN zl_input c ON c.digest = i.digest WHERE i.run_number = ? ORDER BY i.kind",
        (number,),
    ).rows
    return {kind: InputRecord(kind, name, digest, file, bytes(packed)) for kind, name, digest, file, packed in rows}


def _point(database: Database, number: int) -> PointRecord | None:
    rows = database.select(
        "SELECT sweep_number, point_key, settings, area_mm2 FROM zl_sweep_point WHERE run_number = ?", (number,)
    ).rows
    if not rows:
        return None
    sweep_number, key, settings, area_mm2 = rows[0]
    return PointRecord(sweep_number, key, from_json(settings) or {}, area_mm2)


def _layers(database: Database, number: int) -> tuple[dict[str, Any], ...]:
    where = "WHERE p.run_number = ? AND p.role = 'chosen'"
    layers = database.select(
        f"SELECT l.*, s.spatial_text, s.content AS mapping, {PLACE}, p.times "
        f"FROM {LISTED} JOIN zl_mapping s ON s.digest = l.mapping_digest {where} ORDER BY place",
        (number,),
    ).as_dicts()
    listed = f"(SELECT DISTINCT l.run_number, l.layer_index FROM {LISTED} {where}) x"
    on = "ON o.run_number = x.run_number AND o.layer_index = x.layer_index"
    memories = database.select(
        f"SELECT o.* FROM {listed} JOIN zl_memory_evaluation o {on} "
        "ORDER BY o.run_number, o.layer_index, operand, level",
        (number,),
    ).as_dicts()
    proofs = database.select(f"SELECT o.* FROM {listed} JOIN zl_certificate o {on}", (number,)).as_dicts()
    memories_of: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for memory in memories:
        memories_of.setdefault((memory.pop("run_number"), memory.pop("layer_index")), []).append(memory)
    proof_of = {(proof.pop("run_number"), proof.pop("layer_index")): proof for proof in proofs}
    for layer in layers:
        key = layer.pop("run_number"), layer["layer_index"]
        layer.update(
            mapping=from_json(layer["mapping"]), memories=memories_of.get(key, []), layer_index=layer.pop("place")
        )
        layer["keeps_at_output_pins"] = bool(layer["keeps_at_output_pins"])
        if key in proof_of:
            layer["certificate"] = proof_of[key]
    return tuple(layers)
