"""All that the database holds of one run, read in one go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from zigzag_lab.store.database import Database
from zigzag_lab.store.results import ENERGIES
from zigzag_lab.store.row_checks import from_json, in_utc, time_of
from zigzag_lab.store.run_records import InputRecord, RunDetails, RunRecord, input_records, layer_rows
from zigzag_lab.store.run_start import INPUT_KINDS
from zigzag_lab.store.tables import CertificateTuple, MemoryEvaluationTuple
from zigzag_lab.vocab import InputError

TOTALS = (
    *(*ENERGIES, "edp_pj_cycles", "area_mm2", "clock_ns", "area_total_mm2", "static_power_mw", "n_macs", "n_layers"),
    *("n_mappings_evaluated", "cache_hits", "cache_misses", "cache_seconds_saved"),
)
"""Figures of a run over all of its layers."""

MEMORY_ENERGIES = ("energy_to_low_pj", "energy_from_low_pj", "energy_to_high_pj", "energy_from_high_pj")


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


@dataclass(frozen=True, kw_only=True)
class FullRun(RunRecord, RunDetails):
    """One run of the database.

    Attributes:
        owner: machine, boot, namespace and process.
        inputs: kind -> input.
        layers: per layer in the order of the run, its columns, its ``mapping`` and its ``memories`` (one per operand
            and level, columns); where an exact search was run, its ``certificate`` (columns).
        point: the design point of a sweep that it answers, if any.
        all_settings: what it and those that it is within vary -> the value.
    """

    owner: str
    inputs: Mapping[str, InputRecord]
    layers: tuple[Mapping[str, Any], ...]
    point: PointRecord | None
    all_settings: Mapping[str, Any]


_COLUMNS = {field.name for field in fields(FullRun)}


def read_run(database: Database, run_id: str) -> FullRun:
    """Read a run, deleted or not.

    Raises:
        InputError: there is none of that id.
        StoreError: the database cannot be read.
    """
    rows = database.select(
        "SELECT r.*, r.id AS run_id, r.number AS run_number, e.name AS experiment, v.content AS environment "
        "FROM zl_run r JOIN zl_experiment e ON e.number = r.experiment_number "
        "LEFT JOIN zl_environment v ON v.digest = r.environment_digest WHERE r.id = ?",
        (run_id,),
    ).as_dicts()
    if not rows:
        raise InputError(f"run '{run_id}'", "no run is called so")
    row = rows[0]
    number, settings = row["number"], from_json(row["settings"]) or {}
    parent_id, all_settings = _above(database, row["parent_number"], settings)
    inputs = {given.kind: given for given in input_records(database, number)}
    tags = database.select("SELECT key, value FROM zl_tag WHERE run_number = ? ORDER BY key", (number,)).rows
    names = {kind: inputs[kind].name if kind in inputs else None for kind in INPUT_KINDS}
    read = {
        **names,
        "started_at": in_utc(row["started_at"]),
        "ended_at": time_of(row["ended_at"]),
        **{name: from_json(row[name]) or {} for name in ("options", "environment")},
        "settings": settings,
        "warnings": from_json(row["warnings"]) or [],
        "parent_run_id": parent_id,
        "all_settings": all_settings,
        "inputs": inputs,
        "tags": dict(tags),
        "point": _point(database, number),
        "layers": (),
    }
    run = FullRun(**{name: value for name, value in row.items() if name in _COLUMNS} | read)
    return run if run.has_no_total else replace(run, layers=_layers(database, number))


def _above(database: Database, number: int | None, settings: dict[str, Any]) -> tuple[str | None, dict[str, Any]]:
    """The run that a run is within, by the number of that, and what varies on the way from the outermost one."""
    parent_id = None
    while number is not None:
        ((run_id, outer, above),) = database.select(
            "SELECT id, settings, parent_number FROM zl_run WHERE number = ?", (number,)
        ).rows
        parent_id, number = parent_id or run_id, above
        settings = {**(from_json(outer) or {}), **settings}
    return parent_id, settings


def _point(database: Database, number: int) -> PointRecord | None:
    rows = database.select(
        "SELECT sweep_number, point_key, settings, area_mm2 FROM zl_sweep_point WHERE run_number = ?", (number,)
    ).rows
    if not rows:
        return None
    sweep_number, key, settings, area_mm2 = rows[0]
    return PointRecord(sweep_number, key, from_json(settings) or {}, area_mm2)


def _layers(database: Database, number: int) -> tuple[dict[str, Any], ...]:
    layers, memory_rows, proof_rows = layer_rows(database, number)
    memories: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for row in memory_rows:
        memory = MemoryEvaluationTuple._make(row)._asdict()
        memories.setdefault((memory.pop("run_number"), memory.pop("layer_index")), []).append(memory)
    proofs = [CertificateTuple._make(row)._asdict() for row in proof_rows]
    proof_of = {(proof.pop("run_number"), proof.pop("layer_index")): proof for proof in proofs}
    for layer in layers:
        key = layer.pop("run_number"), layer.pop("layer_index")
        layer |= {"layer_index": layer.pop("place"), "mapping": from_json(layer.pop("content"))}
        layer |= {"memories": memories.get(key, []), "keeps_at_output_pins": bool(layer["keeps_at_output_pins"])}
        if key in proof_of:
            layer["certificate"] = proof_of[key]
    return tuple(layers)
