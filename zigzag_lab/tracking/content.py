"""Turn a run into what MLflow shows: parameters to sort by, metrics to plot, tags that lead back to us.

Made for its comparison views: every run of the standard pipeline carries the same parameters, as plain numbers where
they are numbers; metrics have few keys, as each key becomes a chart; layers are the steps of one key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from math import fsum, isfinite
from pathlib import PurePath

from zigzag_lab.keys.records import record_from
from zigzag_lab.store import RunStatus
from zigzag_lab.store.full_run import MEMORY_ENERGIES, FullRun
from zigzag_lab.store.run_records import InputRecord
from zigzag_lab.store.run_start import INPUT_KINDS
from zigzag_lab.tracking import limits
from zigzag_lab.tracking.limits import cut, key_part, key_parts
from zigzag_lab.tracking.published_sweep import (
    NOT_STATED,
    PublishedSweep,
    plain_text,
    point_name,
    point_params,
    varied_name,
)
from zigzag_lab.tracking.run_texts import NO_KIN, Kin, note, run_json
from zigzag_lab.vocab import InputError
from zigzag_lab.vocab.options import LPF_LIMIT, N_SPATIAL_MAPPINGS, TEMPORAL_MAPPING_TYPE
from zigzag_lab.vocab.quantities import sums
from zigzag_lab.workload import Workload, operations_left_out

NO_LIMIT = "0"
"""The parameter of a limit that is off: text would drop the run from MLflow's parallel coordinates."""

SHORT_DIGEST = 12
MOST_STEPS = 1000
"""Results whose figures become the steps of a metric."""

MOST_MEMORIES = 16
MOST_USER_TAGS = limits.MAX_TAGS - 30

MLFLOW_STATUS = {
    RunStatus.RUNNING: "RUNNING",
    RunStatus.FINISHED: "FINISHED",
    RunStatus.INFEASIBLE: "FAILED",
    RunStatus.FAILED: "FAILED",
    RunStatus.LOST: "KILLED",
}

_NUMBERS = {
    option.parameter: (option.parameter, option.name, option.keyword) for option in (LPF_LIMIT, N_SPATIAL_MAPPINGS)
}
_TEMPORAL = (TEMPORAL_MAPPING_TYPE.parameter, TEMPORAL_MAPPING_TYPE.name)
_NOT_PARAMETERS = {"workload", "accelerator", "mapping", "dump_folder", "pickle_filename", "db", "mlflow"}


@dataclass(frozen=True)
class Measurement:
    """One value of a metric; the step is the layer's index, 0 for figures of the whole run."""

    key: str
    value: float
    step: int = 0


@dataclass(frozen=True)
class DatasetRecord:
    """A workload or an accelerator as MLflow's dataset; ``role`` is which of them."""

    role: str
    name: str
    digest: str
    full_digest: str
    place: str


@dataclass(frozen=True)
class RunContent:
    """Everything that is published of a run, within MLflow's limits.

    Attributes:
        status: MLflow's word for where it stands.
        started_ms, ended_ms: milliseconds since 1970, UTC.
        document: the run as JSON; None where its parent has it.
        parent: our id of the sweep that it is a point of, or of the run that it is within, if any.
        id_tag: the tag that holds ``run_id``.
        measured_ms: the time of the metrics; of two values of a key MLflow shows the later one.
    """

    run_id: str
    name: str
    experiment: str
    status: str
    started_ms: int
    ended_ms: int | None
    params: Mapping[str, str]
    metrics: tuple[Measurement, ...]
    tags: Mapping[str, str]
    datasets: tuple[DatasetRecord, ...]
    document: str | None
    measured_ms: int
    parent: str | None = None
    id_tag: str = limits.RUN_ID_TAG


def content_of(
    record: FullRun,
    database_url: str,
    scrub: Callable[[str], str],
    sweep: PublishedSweep | None = None,
    kin: Kin = NO_KIN,
) -> RunContent:
    """Put a run into MLflow's terms, one that may be a point of a sweep; the rest as in :func:`run_json`."""
    measured = (*_metrics(record), *_results(kin))
    left_out = sorted({m.key for m in measured if not isfinite(m.value)})
    started_ms = in_ms(record.started_at)
    name, found, tags = record.name, params(record), dict(_tags(record, database_url, left_out, kin))
    if sweep is not None and record.point is not None:
        name = point_name(record, sweep)
        found = {**point_params(record.point.settings, sweep.names), **found}
        started_ms -= round(1000 * (record.seconds or 0.0))  # points are recorded when they are done
        tags |= {limits.POINT_KEY_TAG: record.point.key, "zl.sweep": sweep.name}
    elif record.parent_run_id is not None:
        name = varied_name(record)
        found = {**point_params(record.all_settings, ()), **found}
    return RunContent(
        record.run_id,
        cut(scrub(name), limits.MAX_DATASET_NAME),
        cut(scrub(record.experiment), limits.MAX_EXPERIMENT_NAME),
        MLFLOW_STATUS[RunStatus(record.status)],
        started_ms,
        None if record.ended_at is None else in_ms(record.ended_at),
        {key: cut(scrub(found[key]), limits.MAX_PARAM_VALUE) or "none" for key in list(found)[: limits.MAX_PARAMS]},
        tuple(m for m in measured if isfinite(m.value)),
        {key: cut(scrub(value), limits.MAX_TAG_VALUE) for key, value in tags.items() if value},
        tuple(_datasets(record, scrub)),
        run_json(record, database_url, scrub, kin) if sweep is None else None,
        started_ms,
        record.parent_run_id if sweep is None else sweep.id,
    )


def in_ms(time: datetime) -> int:
    """A time in milliseconds since 1970, as MLflow has it."""
    return round(time.timestamp() * 1000)


# -- parameters --------------------------------------------------------------------------------------------------------


def params(record: FullRun) -> dict[str, str]:
    """The parameters of a run; the same keys for every run with the same options and searches."""
    given, options = record.inputs, record.options
    found = {kind: given[kind].name if kind in given else "none" for kind in INPUT_KINDS}
    found |= {f"{kind}_digest": given[kind].digest[:SHORT_DIGEST] if kind in given else "none" for kind in INPUT_KINDS}
    found["objective"] = record.objective
    for name, aliases in _NUMBERS.items():
        found[name] = _number(options, aliases)
    found[TEMPORAL_MAPPING_TYPE.parameter] = next(
        (plain_text(options[a]) for a in _TEMPORAL if options.get(a) is not None), "none"
    )
    known = {a for aliases in _NUMBERS.values() for a in aliases} | {*_TEMPORAL, *_NOT_PARAMETERS}
    for name in sorted(options.keys() - known):
        if (value := options[name]) is None or isinstance(value, (str, int, float)):
            found.setdefault(key_part(name), plain_text(value))
    return found


def _number(options: Mapping[str, object], aliases: tuple[str, ...]) -> str:
    for name in aliases:
        if name in options:
            value = options[name]
            return NO_LIMIT if value is None or str(value).lower() in ("none", "all") else plain_text(value)
    return NOT_STATED


# -- metrics -----------------------------------------------------------------------------------------------------------


def _metrics(record: FullRun) -> Iterator[Measurement]:
    for key, value in _totals(record).items():
        if value is not None:
            yield Measurement(key, float(value))
    if record.has_no_total:  # sums over the layers of several results mean nothing
        return
    energies = energy_by_memory(record)
    most = sorted(energies, key=lambda name: (-energies[name], name))[:MOST_MEMORIES]
    parts = key_parts(sorted(most))
    for name, part in parts.items():
        yield Measurement(f"breakdown/energy_pj/{part}", energies[name])
    if rest := [energy for name, energy in energies.items() if name not in parts]:
        yield Measurement("breakdown/energy_pj/all others", fsum(rest))
    for layer in record.layers:
        for key in ("energy_pj", "latency_cycles"):
            yield Measurement(f"layers/{key}", float(layer[key]), int(layer["layer_index"]))


def _results(kin: Kin) -> Iterator[Measurement]:
    """The results of a run without a single total, each at the step of its place."""
    for one in kin.results[:MOST_STEPS]:
        for key in ("energy_pj", "latency_cycles"):
            if (figure := getattr(one.result, key)) is not None:
                yield Measurement(f"results/{key}", float(figure), one.result.result_index)


def _totals(record: FullRun) -> dict[str, float | int | None]:
    """Figures of the whole run; None for those without a value."""
    latency, ideal = record.latency_cycles, fsum(layer["ideal_cycles"] * layer["times"] for layer in record.layers)
    gaps = [layer["certificate"]["gap"] for layer in record.layers if "certificate" in layer]
    of_network = ("energy_pj", "mac_energy_pj", "memory_energy_pj", "latency_cycles", "edp_pj_cycles", "area_mm2")
    return {
        **{f"total/{name}": getattr(record, name) for name in of_network},
        "total/design_area_mm2": None if record.point is None else record.point.area_mm2,
        "total/area_total_mm2": record.area_total_mm2,
        "total/clock_ns": record.clock_ns,
        **{f"total/{name}": figure for name, figure in _physical(record).items()},
        "total/utilisation": ideal / latency if latency and record.layers else None,
        "search/mappings_evaluated": record.n_mappings_evaluated,
        "search/seconds": record.seconds,
        "search/worst_gap": max(gaps, default=None),
    }


def _physical(record: FullRun) -> dict[str, float | None]:
    """What follows from the clock and the like; where nothing leaks, all energy is dynamic, which needs no metric."""
    found = record.physical.derived()
    if found["static_energy_pj"] is None:
        del found["dynamic_energy_pj"]
    return found


def energy_by_memory(record: FullRun) -> dict[str, float]:
    """Memory -> energy of all accesses to it in all layers, in pJ."""
    return sums(
        (memory["memory"], memory[name] * layer["times"])
        for layer in record.layers
        for memory in layer["memories"]
        for name in MEMORY_ENERGIES
    )


# -- tags --------------------------------------------------------------------------------------------------------------


def _tags(record: FullRun, database_url: str, left_out: list[str], kin: Kin) -> Iterator[tuple[str, str]]:
    """Tags; those without a value are empty texts."""
    machine = record.environment
    argv, git = machine.get("argv") or [""], machine.get("git") or {}
    yield limits.RUN_ID_TAG, record.run_id
    yield "zl.database", database_url
    yield "zl.status", record.status
    yield "zl.engine", record.engine_digest
    yield "zl.cache", cache_word(record)
    yield "zl.owner", record.owner
    yield "zl.version", str((machine.get("versions") or {}).get("zigzag_lab", ""))
    yield "zl.reason", record.reason or ""
    yield "zl.error", record.error or ""
    yield "zl.not_finite", ", ".join(left_out)
    yield "zl.parent_run", record.parent_run_id or ""
    yield "zl.chosen", kin.chosen if record.energy_pj is not None else ""
    yield "zl.warnings", "; ".join(record.warnings or ())
    yield "zl.results", str(record.n_results) if record.has_no_total else ""
    yield "zl.left_out", _not_priced(record.inputs["workload"]) if "workload" in record.inputs else ""
    yield "mlflow.note.content", note(record, database_url, kin)
    yield "mlflow.user", str(machine.get("user") or "unknown")
    yield "mlflow.source.type", "LOCAL"
    yield "mlflow.source.name", PurePath(str(argv[0])).name
    yield "mlflow.source.git.commit", str(git.get("commit") or "")
    yield "mlflow.source.git.branch", str(git.get("branch") or "")
    mine = list(record.tags.items())
    for key, value in mine[:MOST_USER_TAGS]:
        yield user_tag_key(key), cut(value, limits.MAX_USER_TAG_VALUE)
    if len(mine) > MOST_USER_TAGS:
        yield "zl.tags_left_out", str(len(mine) - MOST_USER_TAGS)


@lru_cache(maxsize=16)
def _not_priced(network: InputRecord) -> str:
    """What the description of a network leaves out; empty where it is none of this version's."""
    try:
        return operations_left_out(record_from(Workload, network.content)).sentence()
    except (InputError, ValueError):
        return ""


def user_tag_key(key: str) -> str:
    """A user's tag under its own name, unless that is one of ours or of MLflow's."""
    part = key_part(key)
    return f"user.{part}" if part.lower().startswith(("zl.", "mlflow.")) else part


def cache_word(record: FullRun) -> str:
    """``off``, ``hit`` (all layers), ``part`` or ``miss``: how much of a run came from the cache."""
    hits, misses = record.cache_hits, record.cache_misses
    if hits is None or misses is None:
        return "off"
    return "miss" if not hits else "part" if misses else "hit"


def _datasets(record: FullRun, scrub: Callable[[str], str]) -> Iterator[DatasetRecord]:
    for role in ("workload", "accelerator"):
        if given := record.inputs.get(role):
            name, place = cut(scrub(given.name), limits.MAX_DATASET_NAME), scrub(given.file_name or given.name)
            yield DatasetRecord(
                role, name or role, given.digest[: limits.MAX_DATASET_DIGEST], given.digest, cut(place, 4000)
            )
