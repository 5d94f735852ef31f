"""Columns of tables, made by ``python -m zigzag_lab.store.generate``: edit ``models.py``."""

from datetime import datetime
from typing import NamedTuple

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011")
"""All revisions of the schema this program knows, oldest first."""


class ExperimentTuple(NamedTuple):
    """A row of ``zl_experiment``."""

    number: int
    name: str
    created_at: datetime


class EnvironmentTuple(NamedTuple):
    """A row of ``zl_environment``."""

    digest: str
    content: str


class InputTuple(NamedTuple):
    """A row of ``zl_input``."""

    digest: str
    kind: str
    content: bytes


class SourceTuple(NamedTuple):
    """A row of ``zl_source``."""

    digest: str
    n_bytes: int
    content: bytes


class RunTuple(NamedTuple):
    """A row of ``zl_run``."""

    number: int
    id: str
    experiment_number: int
    name: str
    status: str
    reason: str | None
    error: str | None
    traceback: str | None
    started_at: datetime
    ended_at: datetime | None
    heartbeat_at: datetime
    seconds: float | None
    owner: str
    objective: str
    options: str
    engine_digest: str
    environment_digest: str
    energy_pj: float | None = None
    mac_energy_pj: float | None = None
    memory_energy_pj: float | None = None
    latency_cycles: float | None = None
    edp_pj_cycles: float | None = None
    area_mm2: float | None = None
    clock_ns: float | None = None
    n_macs: int | None = None
    n_layers: int | None = None
    n_mappings_evaluated: int | None = None
    cache_hits: int | None = None
    cache_misses: int | None = None
    cache_seconds_saved: float | None = None
    note: str | None = None
    deleted_at: datetime | None = None
    parent_number: int | None = None
    child_index: int | None = None
    settings: str | None = None
    n_results: int | None = None
    warnings: str | None = None
    keywords: str | None = None
    area_total_mm2: float | None = None
    static_power_mw: float | None = None
    technology: str | None = None
    n_inferences: int | None = None


class RunInputTuple(NamedTuple):
    """A row of ``zl_run_input``."""

    run_number: int
    kind: str
    name: str
    digest: str
    file_name: str | None = None
    source_digest: str | None = None


class TagTuple(NamedTuple):
    """A row of ``zl_tag``."""

    run_number: int
    key: str
    value: str


class MappingTuple(NamedTuple):
    """A row of ``zl_mapping``."""

    digest: str
    spatial_text: str
    content: str


class LayerEvaluationTuple(NamedTuple):
    """A row of ``zl_layer_evaluation``."""

    run_number: int
    layer_index: int
    layer_id: int
    name: str
    operator_type: str
    layer_digest: str
    mapping_digest: str
    keeps_at_output_pins: bool
    n_macs: int
    energy_pj: float
    mac_energy_pj: float
    memory_energy_pj: float
    latency_cycles: float
    ideal_cycles: float
    temporal_cycles: float
    stall_cycles: float
    onload_cycles: float
    offload_cycles: float
    drain_cycles: float
    accelerator_kind: str | None = None
    constraints_kind: str | None = None
    memories_left_out: str | None = None


class ResultTuple(NamedTuple):
    """A row of ``zl_result``."""

    run_number: int
    result_index: int
    path: str
    kind: str
    n_layers: int
    energy_pj: float | None = None
    mac_energy_pj: float | None = None
    memory_energy_pj: float | None = None
    latency_cycles: float | None = None


class RunLayerTuple(NamedTuple):
    """A row of ``zl_run_layer``."""

    run_number: int
    role: str
    result_index: int
    position: int
    owner_number: int
    first_index: int
    last_index: int
    times: float


class CertificateTuple(NamedTuple):
    """A row of ``zl_certificate``."""

    run_number: int
    layer_index: int
    objective: str
    lower_bound: float
    best: float
    gap: float
    space: str
    n_mappings: float
    n_priced: int
    seconds: float


class FrontPointTuple(NamedTuple):
    """A row of ``zl_front_point``."""

    run_number: int
    layer_index: int
    point_index: int
    energy_pj: float
    latency_cycles: float
    is_proven: bool
    mapping_digest: str
    memories: str


class MemoryEvaluationTuple(NamedTuple):
    """A row of ``zl_memory_evaluation``."""

    run_number: int
    layer_index: int
    operand: str
    level: int
    memory: str
    loops: str
    utilisation: float
    shared_utilisation: float
    accesses_to_low: float
    accesses_from_low: float
    accesses_to_high: float
    accesses_from_high: float
    energy_to_low_pj: float
    energy_from_low_pj: float
    energy_to_high_pj: float
    energy_from_high_pj: float


class PublicationTuple(NamedTuple):
    """A row of ``zl_publication``."""

    run_number: int
    state: str
    mlflow_run_id: str | None
    attempts: int
    last_error: str | None
    updated_at: datetime


class CacheEntryTuple(NamedTuple):
    """A row of ``zl_cache_entry``."""

    key: str
    kind: str
    state: str
    owner: str
    token: str
    attempt: int
    claimed_at: datetime
    lease_until: datetime | None
    done_at: datetime | None
    used_at: datetime | None
    seconds: float | None
    engine_digest: str
    parts: str
    n_bytes: int | None = None
    content: bytes | None = None


class CachePartTuple(NamedTuple):
    """A row of ``zl_cache_part``."""

    digest: str
    kind: str
    content: bytes


class CacheUseTuple(NamedTuple):
    """A row of ``zl_cache_use``."""

    run_number: int
    key: str
    kind: str
    label: str
    outcome: str


class ReadingTuple(NamedTuple):
    """A row of ``zl_reading``."""

    key: str
    kind: str
    content: bytes
    digest: str
    used_at: datetime | None = None


class MemoryCostTuple(NamedTuple):
    """A row of ``zl_memory_cost``."""

    key: str
    read_pj: float
    write_pj: float
    area_mm2: float
    access_ns: float


class SweepTuple(NamedTuple):
    """A row of ``zl_sweep``."""

    number: int
    name: str
    objective: str
    n_points: int
    content: str
    created_at: datetime


class SweepPointTuple(NamedTuple):
    """A row of ``zl_sweep_point``."""

    sweep_number: int
    point_key: str
    run_number: int | None
    owner: str | None
    lease_until: datetime | None
    attempts: int
    workload: str
    accelerator: str
    mapping: str
    settings: str
    area_mm2: float | None = None
    utilisation: float | None = None


TABLES: dict[type[tuple[object, ...]], str] = {
    ExperimentTuple: "zl_experiment",
    EnvironmentTuple: "zl_environment",
    InputTuple: "zl_input",
    SourceTuple: "zl_source",
    RunTuple: "zl_run",
    RunInputTuple: "zl_run_input",
    TagTuple: "zl_tag",
    MappingTuple: "zl_mapping",
    LayerEvaluationTuple: "zl_layer_evaluation",
    ResultTuple: "zl_result",
    RunLayerTuple: "zl_run_layer",
    CertificateTuple: "zl_certificate",
    FrontPointTuple: "zl_front_point",
    MemoryEvaluationTuple: "zl_memory_evaluation",
    PublicationTuple: "zl_publication",
    CacheEntryTuple: "zl_cache_entry",
    CachePartTuple: "zl_cache_part",
    CacheUseTuple: "zl_cache_use",
    ReadingTuple: "zl_reading",
    MemoryCostTuple: "zl_memory_cost",
    SweepTuple: "zl_sweep",
    SweepPointTuple: "zl_sweep_point",
}
"""Type of a row -> its table."""
