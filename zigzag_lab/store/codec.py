"""Records to rows and back: the one place that knows both.

Rows are tuples in the order of the column lists here; these are the models' columns (tested).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from typing import Any

from zigzag_lab.cost.breakdown import FourWay
from zigzag_lab.cost.certificate import Certificate, FrontCertificate
from zigzag_lab.cost.evaluation import CostModelEvaluation
from zigzag_lab.keys.canonical import canonical_json, digest_of_bytes
from zigzag_lab.mapping.spatial import Loop, SpatialMapping
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.store.database import Row
from zigzag_lab.store.url import masked
from zigzag_lab.vocab import Objective, TemporalMappingType

Spelling = tuple[str, str]
"""Loops as people write them (``C 8, OX 7``), and as canonical JSON."""

MAPPING_COLUMNS = ("digest", "spatial_text", "content")
LAYER_COLUMNS = (
    "run_number",
    "layer_index",
    "layer_id",
    "name",
    "operator_type",
    "layer_digest",
    "mapping_digest",
    "keeps_at_output_pins",
    "n_macs",
    "energy_pj",
    "mac_energy_pj",
    "memory_energy_pj",
    "latency_cycles",
    "ideal_cycles",
    "temporal_cycles",
    "stall_cycles",
    "onload_cycles",
    "offload_cycles",
    "drain_cycles",
)
MEMORY_COLUMNS = (
    "run_number",
    "layer_index",
    "operand",
    "level",
    "memory",
    "loops",
    "utilisation",
    "shared_utilisation",
    "accesses_to_low",
    "accesses_from_low",
    "accesses_to_high",
    "accesses_from_high",
    "energy_to_low_pj",
    "energy_from_low_pj",
    "energy_to_high_pj",
    "energy_from_high_pj",
)

CERTIFICATE_COLUMNS = (
    "run_number",
    "layer_index",
    "objective",
    "lower_bound",
    "best",
    "gap",
    "space",
    "n_mappings",
    "n_priced",
    "seconds",
)

FRONT_COLUMNS = (
    "run_number",
    "layer_index",
    "point_index",
    "energy_pj",
    "latency_cycles",
    "is_proven",
    "mapping_digest",
    "memories",
)


def insertion(table: str, columns: tuple[str, ...]) -> str:
    """The statement that adds a row, and leaves one alone that is there already."""
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks}) ON CONFLICT DO NOTHING"


@dataclass(frozen=True, slots=True)
class LayerRows:
    """All rows of one CME: its mapping's, its own, one for each operand and memory level, and what was proven."""

    mapping: Row
    layer: Row
    memories: list[Row]
    certificate: Row | None = None


def rows_of(cme: CostModelEvaluation, run_number: int, layer_index: int, layer_digest: str) -> LayerRows:
    """A CME as rows.

    Args:
        cme: the price of one layer.
        run_number: the run it belongs to.
        layer_index: its place in the run, from 0.
        layer_digest: the key of its layer, which callers keep at hand.
    """
    spelt = _spelt_levels(cme.temporal_mapping)
    mapping = _mapping_row(cme.problem.spatial_mapping, cme.temporal_mapping, spelt)
    return LayerRows(
        mapping,
        _layer_row(cme, run_number, layer_index, layer_digest, mapping[0]),
        _memory_rows(cme, run_number, layer_index, spelt),
        certificate_row(cme.certificate, run_number, layer_index) if isinstance(cme.certificate, Certificate) else None,
    )


def _layer_row(cme: CostModelEvaluation, run_number: int, layer_index: int, digest: str, mapping_digest: str) -> Row:
    layer, terms = cme.layer, cme.breakdown
    return (
        run_number,
        layer_index,
        layer.id,
        layer.name,
        layer.operator_type,
        digest,
        mapping_digest,
        cme.keep_at_output_pins,
        layer.n_macs,
        float(cme.energy_total),
        float(terms.mac_energy_pj),
        float(terms.memory_energy_pj),
        float(cme.latency_total2),
        float(terms.ideal_cycles),
        float(terms.temporal_cycles),
        float(terms.stall_cycles),
        float(terms.onload_cycles),
        float(terms.offload_cycles),
        float(terms.drain_cycles),
    )


def _memory_rows(
    cme: CostModelEvaluation, run_number: int, layer_index: int, spelt: dict[str, list[Spelling]]
) -> list[Row]:
    terms, memories = cme.breakdown, cme.accelerator.memories
    rows: list[Row] = []
    for operand, indices in cme.problem.memories.items():
        figures = zip(
            indices,
            spelt[operand],
            terms.utilisation[operand],
            terms.shared_utilisation[operand],
            terms.accesses[operand],
            terms.access_energy_pj[operand],
            strict=True,
        )
        for level, (index, (loops, _), alone, shared, n, pj) in enumerate(figures):
            rows.append(
                (
                    run_number,
                    layer_index,
                    operand,
                    level,
                    memories[index].name,
                    loops,
                    alone,
                    shared,
                    n.to_low,
                    n.from_low,
                    n.to_high,
                    n.from_high,
                    pj.to_low,
                    pj.from_low,
                    pj.to_high,
                    pj.from_high,
                )
            )
    return rows


def _spelt_levels(temporal: TemporalMapping) -> dict[str, list[Spelling]]:
    """Operand -> its levels, spelt."""
    return {op: [_spelt(loops) for loops in levels] for op, levels in temporal.levels.items()}


@lru_cache(maxsize=16_384)
def _spelt(loops: tuple[Loop, ...]) -> Spelling:
    """The loops of one level, from the innermost."""
    spelt = [_spelt_loop(loop) for loop in loops]
    return ", ".join([text for text, _ in spelt]), f"[{','.join([content for _, content in spelt])}]"


@lru_cache(maxsize=16_384)
def _spelt_loop(loop: Loop) -> Spelling:
    dim, size = loop
    return f"{dim} {size if type(size) is int else f'{size:g}'}", canonical_json(loop).decode()


@lru_cache(maxsize=16_384)
def _spelt_unrolled(dim: str, *loops: Loop) -> Spelling:
    """An array dimension and what is unrolled over it."""
    text, content = _spelt(loops)
    return f"{dim}: {text.replace(',', '') or '-'}", f"[{_spelt_name(dim)},{content}]"


@lru_cache(maxsize=256)
def _spelt_name(name: str) -> str:
    return canonical_json(name).decode()


# -- mappings ----------------------------------------------------------------------------------------------------------


def mapping_row(spatial: SpatialMapping, temporal: TemporalMapping) -> Row:
    """A mapping with its digest, which is that of its canonical document."""
    return _mapping_row(spatial, temporal, _spelt_levels(temporal))


def _mapping_row(spatial: SpatialMapping, temporal: TemporalMapping, spelt: dict[str, list[Spelling]]) -> Row:
    """The document's JSON is put together from parts that are canonical and have mostly been met before."""
    unrolled = [_spelt_unrolled(dim, *loops.items()) for dim, loops in spatial.unrollings.items()]
    levels = [f"{_spelt_name(op)}:[{','.join([loops for _, loops in spelt[op]])}]" for op in sorted(spelt)]
    content = (
        f'{{"kind":"{temporal.kind.value}","spatial":[{",".join([dim for _, dim in unrolled])}],'
        f'"temporal":{{{",".join(levels)}}}}}'
    )
    return digest_of_bytes(content.encode(), "mapping"), "; ".join([text for text, _ in unrolled]), content


def mapping_document(spatial: SpatialMapping, temporal: TemporalMapping) -> dict[str, Any]:
    """A mapping as plain data, in the order that both are given in; its canonical JSON is what is stored."""
    return {
        "kind": temporal.kind.value,
        "spatial": [[dim, [*unrolled.items()]] for dim, unrolled in spatial.unrollings.items()],
        "temporal": temporal.levels,
    }


def mapping_from(content: Any) -> tuple[SpatialMapping, TemporalMapping]:
    """The spatial and the temporal mapping of a stored document (JSON text, or what a driver made of it)."""
    document = json.loads(content) if isinstance(content, (str, bytes)) else content
    spatial = SpatialMapping({d: dict(unrolled) for d, unrolled in document["spatial"]})
    levels = {
        op: tuple(tuple((dim, size) for dim, size in level) for level in levels)
        for op, levels in document["temporal"].items()
    }
    return spatial, TemporalMapping(levels, TemporalMappingType(document["kind"]))


# -- stored layers -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StoredLevel:
    """One operand at one memory level of a stored layer: accesses at full port width and their energy, in pJ."""

    operand: str
    level: int
    memory: str
    loops: str
    utilisation: float
    shared_utilisation: float
    accesses: FourWay
    energy_pj: FourWay


def level_from(row: Row) -> StoredLevel:
    """A row in the order of :data:`MEMORY_COLUMNS`, as a record."""
    operand, level, memory, loops, alone, shared = row[2:8]
    return StoredLevel(operand, level, memory, loops, alone, shared, FourWay(*row[8:12]), FourWay(*row[12:16]))


def certificate_row(proof: Certificate, run_number: int, layer_index: int) -> Row:
    """A certificate in the order of :data:`CERTIFICATE_COLUMNS`."""
    bounds = proof.objective.value, float(proof.lower_bound), float(proof.best), float(proof.gap)
    work = float(proof.n_mappings), int(proof.n_priced), float(proof.seconds)
    return run_number, layer_index, *bounds, proof.space, *work


def certificate_from(row: Row) -> Certificate:
    """The certificate back from its row; its gap follows from its bounds."""
    objective, lower_bound, best, _, space, n_mappings, n_priced, seconds = row[2:]
    return Certificate(Objective(objective), lower_bound, best, space, n_mappings, n_priced, seconds)


def front_rows(points: Sequence[CostModelEvaluation], run_number: int, layer_index: int) -> tuple[list[Row], list[Row]]:
    """The rows of a layer's front, in the order of :data:`FRONT_COLUMNS`, and those of its mappings."""
    rows, mappings = [], []
    for index, cme in enumerate(points):
        proof = cme.certificate
        is_proven = isinstance(proof, FrontCertificate) and proof.is_proven
        names = {op: [cme.accelerator.memories[i].name for i in places] for op, places in cme.problem.memories.items()}
        mappings.append(mapping_row(cme.problem.spatial_mapping, cme.temporal_mapping))
        price = float(cme.energy_total), float(cme.latency_total2)
        rows.append((run_number, layer_index, index, *price, is_proven, mappings[-1][0], spelt_json(names)))
    return rows, mappings


# -- bytes -------------------------------------------------------------------------------------------------------------


def packed(content: bytes) -> bytes:
    """Compressed content of an input or a source."""
    return zlib.compress(content, 6)


def unpacked(content: bytes) -> bytes:
    """The content as it was."""
    return zlib.decompress(content)


def spelt_json(value: Any) -> str:
    """Plain data as JSON for a column; what JSON does not know is spelt as text, and URLs lose their passwords."""
    return json.dumps(_showable(value), ensure_ascii=False, separators=(",", ":"))


def _showable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {masked(str(key)): _showable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_showable(item) for item in value]
    if value is None or isinstance(value, (bool, int)) or (isinstance(value, float) and isfinite(value)):
        return value
    return masked(str(value))
