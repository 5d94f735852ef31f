"""The tables, as SQLModel classes: what migrations are compared with, and what users of an ORM may query.

Recording does not pass through here: it speaks to the driver (:mod:`zigzag_lab.store.recorder`), as importing SQLModel
takes longer than pricing a network. Importing this module is therefore left to migrations and tests.

Rows of a run are keyed by the run's number, so that they lie side by side in the file; people speak of a run's id.
"""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Text,
    text,
)
from sqlalchemy import DateTime as SqlDateTime
from sqlalchemy import LargeBinary as SqlBinary
from sqlalchemy import Numeric as SqlNumeric
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import declared_attr
from sqlmodel import Field, SQLModel

from zigzag_lab.store.states import CacheState, LayerRole, PublicationState, ResultKind, RunStatus

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

UTC_TIME = SqlDateTime(timezone=True)
PLAIN_JSON = JSON().with_variant(JSONB(), "postgresql")
N_MACS = BigInteger().with_variant(SqlNumeric(), "postgresql")
"""A whole number of any size: SQLite keeps one beyond 64 bits as a float."""


class Table(SQLModel):
    """The base of our tables, with a catalogue of their own and names for every constraint.

    A table is called as its class: ``LayerEvaluation`` is ``zl_layer_evaluation``; ``Row`` at the end does not count.
    """

    metadata = MetaData(naming_convention=NAMING)

    @declared_attr.directive
    def __tablename__(cls) -> str:  # noqa: N805
        return "zl_" + re.sub(r"\B(?=[A-Z])", "_", cls.__name__.removesuffix("Row")).lower()


def _one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    """A check that a column of text holds one of an enum's words."""
    words = ", ".join(f"'{v.value}'" for v in values)
    return CheckConstraint(f"{column} IN ({words})", name=column)


def _of_layer(name: str) -> ForeignKeyConstraint:
    """A constraint of a given name: rows belong to a layer of a run, and are deleted with it."""
    columns = ["run_number", "layer_index"]
    return ForeignKeyConstraint(columns, [f"zl_layer_evaluation.{c}" for c in columns], name=name, ondelete="CASCADE")


class Experiment(Table, table=True):
    """A question that runs belong to."""

    number: int | None = Field(default=None, primary_key=True)
    name: str = Field(sa_type=Text, unique=True)
    created_at: datetime = Field(sa_type=UTC_TIME)


class Environment(Table, table=True):
    """A machine, an interpreter and the versions on it; stored once however many runs it sees."""

    digest: str = Field(sa_type=Text, primary_key=True)
    content: dict[str, Any] = Field(sa_type=PLAIN_JSON)


class Input(Table, table=True):
    """A workload, an accelerator or a mapping by its meaning; content is compressed canonical JSON of all it says."""

    digest: str = Field(sa_type=Text, primary_key=True)
    kind: str = Field(sa_type=Text)
    content: bytes = Field(sa_type=SqlBinary)


class InputPort(Table, table=True):
    """A port of a memory of an accelerator, with the costs of the memory: what its content holds, to be asked for."""

    __table_args__ = ({"sqlite_with_rowid": False},)

    digest: str = Field(sa_type=Text, primary_key=True, foreign_key="zl_input.digest", ondelete="CASCADE")
    memory_index: int = Field(primary_key=True)
    port_index: int = Field(primary_key=True)
    memory: str = Field(sa_type=Text)
    n_instances: int = Field(sa_type=N_MACS)
    size_bits: int = Field(sa_type=N_MACS)
    read_cost_pj: float = Field(sa_type=Double)
    write_cost_pj: float = Field(sa_type=Double)
    port: str = Field(sa_type=Text)
    port_kind: str = Field(sa_type=Text)
    bandwidth_min_bits: int = Field(sa_type=N_MACS)
    bandwidth_max_bits: int = Field(sa_type=N_MACS)
    transfers: str = Field(sa_type=Text)


class InputOperand(Table, table=True):
    """An operand of a layer of a workload: what its content holds, to be asked for."""

    __table_args__ = ({"sqlite_with_rowid": False},)

    digest: str = Field(sa_type=Text, primary_key=True, foreign_key="zl_input.digest", ondelete="CASCADE")
    layer_id: int = Field(primary_key=True)
    operand: str = Field(sa_type=Text, primary_key=True)
    batch_size: int = Field(sa_type=BigInteger)
    precision_bits: int = Field(sa_type=N_MACS)
    final_precision_bits: int | None = Field(default=None, sa_type=N_MACS)


class Source(Table, table=True):
    """A file that an input was read from, byte for byte, compressed."""

    digest: str = Field(sa_type=Text, primary_key=True)
    n_bytes: int = Field(sa_type=BigInteger)
    content: bytes = Field(sa_type=SqlBinary)


_IS_CHILD = text("parent_number IS NOT NULL")
"""Of children only, so that nobody takes the index for the way to all other runs."""


class Run(Table, table=True):
    """One run of a pipeline; its totals are empty until it is finished, and where it has no single total.

    A child is one of the combinations that a stage of its parent tried, or a pipeline that was started inside one. Its
    parent is no foreign key, as SQLite adds none to a table that is there; children are deleted with their parents.
    """

    __table_args__ = (
        _one_of("status", RunStatus),
        Index("ix_zl_run_status_heartbeat_at", "status", "heartbeat_at"),
        Index("ix_zl_run_experiment_number_energy_pj", "experiment_number", "energy_pj"),
        Index("ix_zl_run_experiment_number_latency_cycles", "experiment_number", "latency_cycles"),
        Index("ix_zl_run_experiment_number_edp_pj_cycles", "experiment_number", "edp_pj_cycles"),
        Index("ix_zl_run_parent_number", "parent_number", sqlite_where=_IS_CHILD, postgresql_where=_IS_CHILD),
        {"sqlite_autoincrement": True},
    )

    number: int | None = Field(default=None, primary_key=True)
    id: str = Field(sa_type=Text, unique=True)
    experiment_number: int = Field(foreign_key="zl_experiment.number")
    name: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text)
    reason: str | None = Field(default=None, sa_type=Text)
    error: str | None = Field(default=None, sa_type=Text)
    traceback: str | None = Field(default=None, sa_type=Text)
    started_at: datetime = Field(sa_type=UTC_TIME, index=True)
    ended_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    heartbeat_at: datetime = Field(sa_type=UTC_TIME)
    seconds: float | None = Field(default=None, sa_type=Double)
    owner: str = Field(sa_type=Text)
    objective: str = Field(sa_type=Text)
    options: dict[str, Any] = Field(sa_type=PLAIN_JSON)
    engine_digest: str = Field(sa_type=Text)
    environment_digest: str = Field(sa_type=Text, foreign_key="zl_environment.digest")
    energy_pj: float | None = Field(default=None, sa_type=Double)
    mac_energy_pj: float | None = Field(default=None, sa_type=Double)
    memory_energy_pj: float | None = Field(default=None, sa_type=Double)
    latency_cycles: float | None = Field(default=None, sa_type=Double)
    edp_pj_cycles: float | None = Field(default=None, sa_type=Double)
    area_mm2: float | None = Field(default=None, sa_type=Double)
    clock_ns: float | None = Field(default=None, sa_type=Double)
    n_macs: int | None = Field(default=None, sa_type=N_MACS)
    n_layers: int | None = Field(default=None, sa_type=Integer)
    n_mappings_evaluated: int | None = Field(default=None, sa_type=BigInteger)
    cache_hits: int | None = Field(default=None, sa_type=Integer)
    cache_misses: int | None = Field(default=None, sa_type=Integer)
    cache_seconds_saved: float | None = Field(default=None, sa_type=Double)
    note: str | None = Field(default=None, sa_type=Text)
    deleted_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    parent_number: int | None = Field(default=None, sa_type=Integer)
    child_index: int | None = Field(default=None, sa_type=Integer)
    settings: dict[str, Any] | None = Field(default=None, sa_type=PLAIN_JSON)
    n_results: int | None = Field(default=None, sa_type=Integer)
    warnings: list[str] | None = Field(default=None, sa_type=PLAIN_JSON)
    keywords: dict[str, Any] | None = Field(default=None, sa_type=PLAIN_JSON)
    area_total_mm2: float | None = Field(default=None, sa_type=Double)
    static_power_mw: float | None = Field(default=None, sa_type=Double)
    technology: str | None = Field(default=None, sa_type=Text)
    n_inferences: int | None = Field(default=None, sa_type=BigInteger)


class InputOfRun(Table, table=True):
    """Which input a run was given, under which name, read from which file."""

    __tablename__ = "zl_run_input"
    __table_args__ = ({"sqlite_with_rowid": False},)

    run_number: int = Field(primary_key=True, foreign_key="zl_run.number", ondelete="CASCADE")
    kind: str = Field(sa_type=Text, primary_key=True)
    name: str = Field(sa_type=Text)
    digest: str = Field(sa_type=Text, foreign_key="zl_input.digest", index=True)
    file_name: str | None = Field(default=None, sa_type=Text)
    source_digest: str | None = Field(default=None, sa_type=Text, foreign_key="zl_source.digest")


class Tag(Table, table=True):
    """A tag that a user set on a run."""

    __table_args__ = (Index("ix_zl_tag_key_value", "key", "value"), {"sqlite_with_rowid": False})

    run_number: int = Field(primary_key=True, foreign_key="zl_run.number", ondelete="CASCADE")
    key: str = Field(sa_type=Text, primary_key=True)
    value: str = Field(sa_type=Text)


class MappingRow(Table, table=True):
    """A spatial and a temporal mapping, stored once however many layers use it."""

    digest: str = Field(sa_type=Text, primary_key=True)
    spatial_text: str = Field(sa_type=Text)
    content: dict[str, Any] = Field(sa_type=PLAIN_JSON)


class LayerEvaluation(Table, table=True):
    """The price of one layer in a run."""

    __table_args__ = ({"sqlite_with_rowid": False},)

    run_number: int = Field(primary_key=True, foreign_key="zl_run.number", ondelete="CASCADE")
    layer_index: int = Field(primary_key=True)
    layer_id: int
    name: str = Field(sa_type=Text)
    operator_type: str = Field(sa_type=Text)
    layer_digest: str = Field(sa_type=Text)
    mapping_digest: str = Field(sa_type=Text, foreign_key="zl_mapping.digest")
    keeps_at_output_pins: bool
    n_macs: int = Field(sa_type=N_MACS)
    energy_pj: float = Field(sa_type=Double)
    mac_energy_pj: float = Field(sa_type=Double)
    memory_energy_pj: float = Field(sa_type=Double)
    latency_cycles: float = Field(sa_type=Double)
    ideal_cycles: float = Field(sa_type=Double)
    temporal_cycles: float = Field(sa_type=Double)
    stall_cycles: float = Field(sa_type=Double)
    onload_cycles: float = Field(sa_type=Double)
    offload_cycles: float = Field(sa_type=Double)
    drain_cycles: float = Field(sa_type=Double)
    accelerator_kind: str | None = Field(default=None, sa_type=Text)
    constraints_kind: str | None = Field(default=None, sa_type=Text)
    memories_left_out: str | None = Field(default=None, sa_type=Text)


class ResultRow(Table, table=True):
    """What reached the top of a run's pipeline, in order; ``path`` is its place in lists and dictionaries."""

    __table_args__ = (_one_of("kind", ResultKind), {"sqlite_with_rowid": False})

    run_number: int = Field(primary_key=True, foreign_key="zl_run.number", ondelete="CASCADE")
    result_index: int = Field(primary_key=True)
    path: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    n_layers: int
    energy_pj: float | None = Field(default=None, sa_type=Double)
    mac_energy_pj: float | None = Field(default=None, sa_type=Double)
    memory_energy_pj: float | None = Field(default=None, sa_type=Double)
    latency_cycles: float | None = Field(default=None, sa_type=Double)


class RunLayer(Table, table=True):
    """Layer evaluations of a run, in order: those it chose, those of a result, those that save stages saw.

    A row is a stretch of evaluations whose indices follow each other in the run that owns them; ``position`` is the
    place of the first one in the list.
    """

    __table_args__ = (_one_of("role", LayerRole), {"sqlite_with_rowid": False})

    run_number: int = Field(primary_key=True, foreign_key="zl_run.number", ondelete="CASCADE")
    role: str = Field(sa_type=Text, primary_key=True)
    result_index: int = Field(primary_key=True)
    position: int = Field(primary_key=True)
    owner_number: int = Field(foreign_key="zl_run.number", ondelete="CASCADE", index=True)
    first_index: int
    last_index: int
    times: float = Field(sa_type=Double)


class CertificateRow(Table, table=True):
    """What an exact search proved of a layer's mapping: no mapping of the space is better than the lower bound."""

    __table_args__ = (_of_layer("fk_zl_certificate_layer"), {"sqlite_with_rowid": False})

    run_number: int = Field(primary_key=True)
    layer_index: int = Field(primary_key=True)
    objective: str = Field(sa_type=Text)
    lower_bound: float = Field(sa_type=Double)
    best: float = Field(sa_type=Double)
    gap: float = Field(sa_type=Double)
    space: str = Field(sa_type=Text)
    n_mappings: float = Field(sa_type=Double)
    n_priced: int = Field(sa_type=BigInteger)
    seconds: float = Field(sa_type=Double)


class FrontPointRow(Table, table=True):
    """A mapping of a layer that none beats in both energy and latency; ``memories``: those each operand visits."""

    __table_args__ = (_of_layer("fk_zl_front_point_layer"), {"sqlite_with_rowid": False})

    run_number: int = Field(primary_key=True)
    layer_index: int = Field(primary_key=True)
    point_index: int = Field(primary_key=True)
    energy_pj: float = Field(sa_type=Double)
    latency_cycles: float = Field(sa_type=Double)
    is_proven: bool
    mapping_digest: str = Field(sa_type=Text, foreign_key="zl_mapping.digest")
    memories: dict[str, Any] = Field(sa_type=PLAIN_JSON)


class MemoryEvaluation(Table, table=True):
    """What one operand does at one memory level in one layer: accesses and their energy in four directions.

    Postgres has no check that the layer is there, which would take as long as all else that storing takes.
    """

    __table_args__ = (_of_layer("fk_zl_memory_evaluation_layer"), {"sqlite_with_rowid": False})

    run_number: int = Field(primary_key=True)
    layer_index: int = Field(primary_key=True)
    operand: str = Field(sa_type=Text, primary_key=True)
    level: int = Field(primary_key=True)
    memory: str = Field(sa_type=Text)
    loops: str = Field(sa_type=Text)
    utilisation: float = Field(sa_type=Double)
    shared_utilisation: float = Field(sa_type=Double)
    accesses_to_low: float = Field(sa_type=Double)
    accesses_from_low: float = Field(sa_type=Double)
    accesses_to_high: float = Field(sa_type=Double)
    accesses_from_high: float = Field(sa_type=Double)
    energy_to_low_pj: float = Field(sa_type=Double)
    energy_from_low_pj: float = Field(sa_type=Double)
    energy_to_high_pj: float = Field(sa_type=Double)
    energy_from_high_pj: float = Field(sa_type=Double)


class OutboxEntry(Table, table=True):
    """The outbox: closed runs that are to be published to MLflow."""

    __tablename__ = "zl_publication"
    __table_args__ = (_one_of("state", PublicationState), Index("ix_zl_publication_state", "state"))

    run_number: int = Field(primary_key=True, foreign_key="zl_run.number", ondelete="CASCADE")
    state: str = Field(sa_type=Text)
    mlflow_run_id: str | None = Field(default=None, sa_type=Text)
    attempts: int = Field(default=0)
    last_error: str | None = Field(default=None, sa_type=Text)
    updated_at: datetime = Field(sa_type=UTC_TIME)


class CacheEntry(Table, table=True):
    """An answer by the key of its question, or the claim of whoever computes it."""

    __table_args__ = (
        _one_of("state", CacheState),
        Index("ix_zl_cache_entry_state_used_at", "state", "used_at"),
    )

    key: str = Field(sa_type=Text, primary_key=True)
    kind: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    owner: str = Field(sa_type=Text)
    token: str = Field(sa_type=Text)
    attempt: int
    claimed_at: datetime = Field(sa_type=UTC_TIME)
    lease_until: datetime | None = Field(default=None, sa_type=UTC_TIME)
    done_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    used_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    seconds: float | None = Field(default=None, sa_type=Double)
    engine_digest: str = Field(sa_type=Text)
    parts: dict[str, Any] = Field(sa_type=PLAIN_JSON)
    n_bytes: int | None = Field(default=None)
    content: bytes | None = Field(default=None, sa_type=SqlBinary)


class CachePart(Table, table=True):
    """What questions are made of, in full, stored once: compressed canonical JSON by the digest of its meaning."""

    digest: str = Field(sa_type=Text, primary_key=True)
    kind: str = Field(sa_type=Text)
    content: bytes = Field(sa_type=SqlBinary)


class CacheUse(Table, table=True):
    """Which questions a run asked, and whether the answer was there."""

    __table_args__ = ({"sqlite_with_rowid": False},)

    run_number: int = Field(primary_key=True, foreign_key="zl_run.number", ondelete="CASCADE")
    key: str = Field(sa_type=Text, primary_key=True)
    kind: str = Field(sa_type=Text)
    label: str = Field(sa_type=Text)
    outcome: str = Field(sa_type=Text)


class Reading(Table, table=True):
    """The record read from a file, by its bytes and by who read it: compressed JSON, and the key of its meaning."""

    key: str = Field(sa_type=Text, primary_key=True)
    kind: str = Field(sa_type=Text)
    content: bytes = Field(sa_type=SqlBinary)
    digest: str = Field(sa_type=Text)
    used_at: datetime | None = Field(default=None, sa_type=UTC_TIME)


class MemoryCost(Table, table=True):
    """What a memory costs, as a tool outside answered, by what was asked and of which tool."""

    key: str = Field(sa_type=Text, primary_key=True)
    read_pj: float = Field(sa_type=Double)
    write_pj: float = Field(sa_type=Double)
    area_mm2: float = Field(sa_type=Double)
    access_ns: float = Field(sa_type=Double)


class Sweep(Table, table=True):
    """A sweep by its name, with the last version of its file."""

    number: int | None = Field(default=None, primary_key=True)
    name: str = Field(sa_type=Text, unique=True)
    objective: str = Field(sa_type=Text)
    n_points: int
    content: dict[str, Any] = Field(sa_type=PLAIN_JSON)
    created_at: datetime = Field(sa_type=UTC_TIME)


class SweepPoint(Table, table=True):
    """A design point of a sweep: the run that answers it, or who is at work on it."""

    __table_args__ = ({"sqlite_with_rowid": False},)

    sweep_number: int = Field(primary_key=True, foreign_key="zl_sweep.number", ondelete="CASCADE")
    point_key: str = Field(sa_type=Text, primary_key=True)
    run_number: int | None = Field(default=None, foreign_key="zl_run.number", ondelete="SET NULL", index=True)
    owner: str | None = Field(default=None, sa_type=Text)
    lease_until: datetime | None = Field(default=None, sa_type=UTC_TIME)
    attempts: int
    workload: str = Field(sa_type=Text)
    accelerator: str = Field(sa_type=Text)
    mapping: str = Field(sa_type=Text)
    settings: dict[str, Any] = Field(sa_type=PLAIN_JSON)
    area_mm2: float | None = Field(default=None, sa_type=Double)
    utilisation: float | None = Field(default=None, sa_type=Double)
