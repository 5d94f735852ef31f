"""Columns of tables, made by ``python -m zigzag_lab.store.generate``: edit ``models.py``."""

from datetime import datetime
from typing import NamedTuple

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011", "0012")
"""All revisions of the schema this program knows, oldest first."""


class EnvironmentTuple(NamedTuple):
    """A row of ``zl_environment``."""

    digest: str
    content: str


class InputTuple(NamedTuple):
    """A row of ``zl_input``."""

    digest: str
    kind: str
    content: bytes


class InputPortTuple(NamedTuple):
    """A row of ``zl_input_port``."""

    digest: str
    memory_index: int
    port_index: int
    memory: str
    n_instances: int
    size_bits: int
    read_cost_pj: float
    write_cost_pj: float
    port: str
    port_kind: str
    bandwidth_min_bits: int
    bandwidth_max_bits: int
    transfers: str


class InputOperandTuple(NamedTuple):
    """A row of ``zl_input_operand``."""

    digest: str
    layer_id: int
    operand: str
    batch_size: int
    precision_bits: int
    final_precision_bits: int | None = None


class SourceTuple(NamedTuple):
    """A row of ``zl_source``."""

    digest: str
    n_bytes: int
    content: bytes


class RunInputTuple(NamedTuple):
    """A row of ``zl_run_input``."""

    run_number: int
    kind: str
    name: str
    digest: str
    file_name: str | None = None
    source_digest: str | None = None


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
