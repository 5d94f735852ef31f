"""What a database says of runs, their inputs, layers, results and fronts: the records that answer questions."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple

from zigzag_lab.cost.certificate import Certificate
from zigzag_lab.store.codec import StoredLevel, unpacked
from zigzag_lab.store.database import Database, Row
from zigzag_lab.store.results import LISTED, PLACE
from zigzag_lab.store.states import LayerRole, RunStatus
from zigzag_lab.store.tables import CertificateTuple, LayerEvaluationTuple, MemoryEvaluationTuple
from zigzag_lab.vocab import NO_OBJECTIVE
from zigzag_lab.vocab.physical import Physical


@dataclass(frozen=True)
class RunRecord:
    """A run as the view ``zl_v_all_runs`` shows it; what is not known is None. Times are in UTC."""

    run_id: str
    experiment: str
    name: str
    status: str
    reason: str | None
    started_at: datetime
    ended_at: datetime | None
    seconds: float | None
    objective: str
    workload: str | None
    accelerator: str | None
    mapping: str | None
    energy_pj: float | None
    latency_cycles: float | None
    edp_pj_cycles: float | None
    mac_energy_pj: float | None
    memory_energy_pj: float | None
    n_macs: int | None
    n_layers: int | None
    n_mappings_evaluated: int | None
    cache_hits: int | None
    cache_misses: int | None
    cache_seconds_saved: float | None
    area_mm2: float | None
    clock_ns: float | None
    run_number: int
    note: str | None = None
    n_results: int | None = None
    n_children: int = 0
    parent_run_id: str | None = None
    child_index: int | None = None
    settings: dict[str, Any] | None = None
    warnings: list[str] | None = None
    area_total_mm2: float | None = None
    static_power_mw: float | None = None
    technology: str | None = None
    n_inferences: int | None = None

    @property
    def physical(self) -> Physical:
        """Times, powers and what else follows from its clock."""
        return Physical(**{f.name: getattr(self, f.name) for f in fields(Physical)})

    @property
    def varied(self) -> str:
        """What a child varies, in a line; empty of other runs."""
        return ", ".join(f"{name}={value}" for name, value in (self.settings or {}).items())

    @property
    def label(self) -> str:
        """What to call it: its workload on its accelerator, and what it varies; else its name."""
        if self.workload is None or self.accelerator is None:
            return self.name
        return f"{self.workload} on {self.accelerator}" + (f" ({self.varied})" if self.settings else "")

    @property
    def has_no_total(self) -> bool:
        """Whether it came to its end without a single total: its results are answers to several questions."""
        return self.status == RunStatus.FINISHED and self.energy_pj is None

    @property
    def aim(self) -> str:
        """What the run looked for, in words."""
        return "by its own stages" if self.objective == NO_OBJECTIVE else f"best {self.objective}"


@dataclass(frozen=True)
class StoredLayer:
    """A priced layer of a run, its mapping and its memories.

    Attributes:
        layer_index: its position among the layers of the query, from 0.
        figures: column of ``zl_layer_evaluation`` -> value; ``run_number`` is the run that holds the row.
        spatial_mapping: as people write it.
        mapping: the mapping's document (:func:`zigzag_lab.store.codec.mapping_from` makes records of it).
        memories: per operand and memory level.
        certificate: what an exact search proved; None where none was run.
        times: how often it counts in the total.
    """

    layer_index: int
    layer_id: int
    name: str
    figures: dict[str, Any]
    spatial_mapping: str
    mapping: dict[str, Any]
    memories: tuple[StoredLevel, ...]
    certificate: Certificate | None = None
    times: float = 1.0

    @property
    def owner(self) -> int:
        """The number of the run that holds the row, whose inputs it was priced on."""
        return int(self.figures["run_number"])


@dataclass(frozen=True)
class StoredResult:
    """A result that a run yielded.

    Attributes:
        result_index: its place in what was yielded, from 0.
        path: the same, with its place in lists and dictionaries: ``0[3]``, ``0.best``.
        kind: ``layer``, ``sum`` or ``other``.
        energy_pj, latency_cycles: None where it is no cost-model evaluation.
    """

    result_index: int
    path: str
    kind: str
    energy_pj: float | None
    latency_cycles: float | None


@dataclass(frozen=True)
class StoredPoint:
    """A mapping on the front of a layer.

    Attributes:
        energy_pj, latency_cycles: its price.
        is_proven: whether no mapping of the space beats it in both.
        spatial_mapping, mapping: as in :class:`StoredLayer`.
        memories: operand -> names of the memories that it visits, innermost first.
    """

    energy_pj: float
    latency_cycles: float
    is_proven: bool
    spatial_mapping: str
    mapping: dict[str, Any]
    memories: dict[str, list[str]]


@dataclass(frozen=True, kw_only=True)
class RunDetails:
    """The options and circumstances of a run, beyond its totals."""

    options: dict[str, Any]
    tags: dict[str, str]
    environment: dict[str, Any]
    engine_digest: str
    error: str | None
    traceback: str | None
    keywords: dict[str, Any] | None = None


class InputRecord(NamedTuple):
    """A workload, an accelerator or a mapping of a run.

    Attributes:
        kind: ``workload``, ``accelerator``, ``mapping``, or another one of these such as ``accelerator 2``.
        name: what tables call it.
        digest: the key of its meaning.
        file_name: the file it was read from, if any.
        packed: all it says, as compressed JSON.
    """

    kind: str
    name: str
    digest: str
    file_name: str | None
    packed: bytes

    @property
    def content(self) -> Any:
        """All it says, as plain data."""
        return json.loads(unpacked(self.packed))


def input_records(database: Database, run_number: int) -> list[InputRecord]:
    """The inputs of a run, by kind."""
    rows = database.select(
        "SELECT i.kind, i.name, i.digest, i.file_name, c.content FROM zl_run_input i "
        "LEFT JOIN zl_input c ON c.digest = i.digest WHERE i.run_number = ? ORDER BY i.kind",
        (run_number,),
    ).rows
    return [InputRecord(*row) for row in rows]


def layer_rows(
    database: Database, run_number: int, role: LayerRole = LayerRole.CHOSEN, result_index: int | None = None
) -> tuple[list[dict[str, Any]], list[Row], list[Row]]:
    """The layers in a list of a run, in order, and the rows of their memories and certificates.

    Args:
        database: that holds them.
        run_number: of the run.
        role: of the list.
        result_index: of the result whose list it is; by default of all.

    Returns:
        Columns of each layer with its ``place``, its ``times``, and ``spatial_text`` and ``content`` of its mapping;
        rows of :class:`~zigzag_lab.store.tables.MemoryEvaluationTuple`, inner levels first; rows of
        :class:`~zigzag_lab.store.tables.CertificateTuple`.
    """
    where = "p.run_number = ? AND p.role = ?"
    where += "" if result_index is None else f" AND p.result_index = {int(result_index)}"
    of_run = run_number, LayerRole(role).value
    columns = ", ".join(f"l.{column}" for column in LayerEvaluationTuple._fields)
    layers = database.select(
        f"SELECT {columns}, m.spatial_text, m.content, {PLACE}, p.times "
        f"FROM {LISTED} LEFT JOIN zl_mapping m ON m.digest = l.mapping_digest WHERE {where} "
        "ORDER BY p.result_index, place",
        of_run,
    ).as_dicts()
    listed = f"(SELECT DISTINCT l.run_number, l.layer_index FROM {LISTED} WHERE {where}) x"
    on = "ON o.run_number = x.run_number AND o.layer_index = x.layer_index"
    memories, certificates = (", ".join(f"o.{c}" for c in t._fields) for t in (MemoryEvaluationTuple, CertificateTuple))
    return (
        layers,
        database.select(
            f"SELECT {memories} FROM {listed} JOIN zl_memory_evaluation o {on} "
            "ORDER BY o.run_number, o.layer_index, o.operand, o.level",
            of_run,
        ).rows,
        database.select(f"SELECT {certificates} FROM {listed} JOIN zl_certificate o {on}", of_run).rows,
    )
