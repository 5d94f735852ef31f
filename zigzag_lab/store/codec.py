"""Records to rows and back: the one place that knows both."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from math import isfinite
from typing import Any, NamedTuple

from zigzag_lab.cost.breakdown import FourWay
from zigzag_lab.cost.certificate import Certificate, FrontCertificate
from zigzag_lab.cost.evaluation import CostModelEvaluation
from zigzag_lab.keys.canonical import canonical_json, digest_of_bytes
from zigzag_lab.mapping.spatial import Loop, SpatialMapping
from zigzag_lab.mapping.temporal import TemporalMapping
from zigzag_lab.store.database import Row
from zigzag_lab.store.designs import OWN, Design
from zigzag_lab.store.tables import (
    CertificateTuple,
    FrontPointTuple,
    MappingTuple,
    MemoryEvaluationTuple,
)
from zigzag_lab.vocab import Objective, TemporalMappingType
from zigzag_lab.vocab.masking import masked, masked_value
from zigzag_lab.vocab.plain import storable

Spelling = tuple[str, str]
"""Loops as people write them (``C 8, OX 7``), and as canonical JSON."""

Spelt = dict[str, tuple[list[str], str]]
"""Operand -> the loops of each of its levels as people write them, and all levels as canonical JSON."""

MOST_UNPACKED_BYTES = 1 << 28
MOST_LOOPS_KNOWN = 65_536
N_SPATIAL_DIGITS = 8
"""Hexadecimal digits of a mapping's digest that tell of its unrolling alone."""

_SPELLINGS: dict[Loop, Spelling] = {}
_known_spelling = _SPELLINGS.__getitem__


class LayerRows(NamedTuple):
    """All rows of one CME.

    Attributes:
        mapping, layer: the values of its mapping's row, and of its own.
        memories: the values of one row for each operand and memory level, one row after another.
        certificate: what was proven.
    """

    mapping: Row
    layer: Row
    memories: list[Any]
    certificate: CertificateTuple | None = None


def rows_of(
    cme: CostModelEvaluation, run_number: int, layer_index: int, layer_digest: str, design: Design = OWN
) -> LayerRows:
    """A CME as rows.

    Args:
        cme: the price of one layer.
        run_number: the run it belongs to.
        layer_index: its place in the run, from 0.
        layer_digest: the key of its layer, which callers keep at hand.
        design: what it was priced on.
    """
    spelt = _spelt_levels(cme.temporal_mapping)
    mapping = _mapping_row(cme.problem.spatial_mapping, cme.temporal_mapping, spelt)
    return LayerRows(
        mapping,
        _layer_row(cme, run_number, layer_index, (layer_digest, mapping[0]), design),
        _memory_rows(cme, run_number, layer_index, spelt),
        certificate_row(cme.certificate, run_number, layer_index) if isinstance(cme.certificate, Certificate) else None,
    )


def _layer_row(
    cme: CostModelEvaluation, run_number: int, layer_index: int, digests: tuple[str, str], design: Design
) -> Row:
    layer, terms = cme.layer, cme.breakdown
    # in the order of LayerEvaluationTuple, as names would take as long as all else here; a test compares each column
    return (
        run_number,
        layer_index,
        layer.id,
        layer.name,
        layer.operator_type,
        *digests,
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
        *design,
    )


def _memory_rows(cme: CostModelEvaluation, run_number: int, layer_index: int, spelt: Spelt) -> list[Any]:
    terms, memories = cme.breakdown, cme.accelerator.memories
    values: list[Any] = []
    for operand, indices in sorted(cme.problem.memories.items()):  # as by their key, each row is the table's last
        levels = zip(
            indices,
            spelt[operand][0],
            terms.utilisation[operand],
            terms.shared_utilisation[operand],
            terms.accesses[operand],
            terms.access_energy_pj[operand],
            strict=True,
        )
        for level, (index, loops, alone, shared, n, pj) in enumerate(levels):
            # in the order of MemoryEvaluationTuple: names, ten times in each layer, would take half as long as all
            # else that is done for it here; a test compares each column
            values += (
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
    return values


def _spelt_levels(temporal: TemporalMapping) -> Spelt:
    """A temporal mapping, spelt. Operands mostly share one order of loops, so that each loop is looked up once."""
    spelt: Spelt = {}
    order: list[Loop] | None = None
    for operand, levels in temporal.levels.items():
        loops = [*chain.from_iterable(levels)]
        if loops != order:
            texts, contents = _spelt(loops)
            order = loops
        first = 0
        of_texts: list[str] = []
        of_contents: list[str] = []
        for level in levels:
            if level:
                last = first + len(level)
                of_texts.append(", ".join(texts[first:last]))
                of_contents.append(",".join(contents[first:last]))
                first = last
            else:
                of_texts.append("")
                of_contents.append("")
        spelt[operand] = of_texts, f"[[{'],['.join(of_contents)}]]" if levels else "[]"
    return spelt


def _spelt(loops: Collection[Loop]) -> tuple[Sequence[str], Sequence[str]]:
    """Each loop as people write it and as canonical JSON, both of which have mostly been met before."""
    try:
        return tuple(zip(*map(_known_spelling, loops), strict=True)) or ((), ())  # type: ignore[return-value]
    except KeyError:
        for loop in loops:
            _learn(loop)
        return _spelt(loops)


def _learn(loop: Loop) -> None:
    if len(_SPELLINGS) >= MOST_LOOPS_KNOWN:
        _SPELLINGS.clear()
    dim, size = loop
    text = f"{dim} {int(size) if size == int(size) else f'{size:g}'}"
    _SPELLINGS[loop] = text, canonical_json(loop).decode()


@lru_cache(maxsize=16_384)
def _spelt_unrolled(dim: str, *loops: Loop) -> Spelling:
    """An array dimension and what is unrolled over it."""
    texts, contents = _spelt(loops)
    return f"{dim}: {' '.join(texts) or '-'}", f"[{_spelt_name(dim)},[{','.join(contents)}]]"


@lru_cache(maxsize=256)
def _spelt_name(name: str) -> str:
    return canonical_json(name).decode()


# -- mappings ----------------------------------------------------------------------------------------------------------


def mapping_row(spatial: SpatialMapping, temporal: TemporalMapping) -> MappingTuple:
    """A mapping with its digest, by its canonical document."""
    return MappingTuple._make(_mapping_row(spatial, temporal, _spelt_levels(temporal)))


def _mapping_row(spatial: SpatialMapping, temporal: TemporalMapping, spelt: Spelt) -> Row:
    """The values of :class:`MappingTuple`. The document's JSON is put together from parts, mostly met before."""
    spelt_dims = [_spelt_unrolled(dim, *loops.items()) for dim, loops in spatial.unrollings.items()]
    spatial_text = "; ".join([text for text, _ in spelt_dims])
    unrolled = f"[{','.join([content for _, content in spelt_dims])}]"
    levels = [f"{_spelt_name(op)}:{spelt[op][1]}" for op in sorted(spelt)]
    content = f'{{"kind":"{temporal.kind}","spatial":{unrolled},"temporal":{{{",".join(levels)}}}}}'
    return mapping_digest(spatial_text, content), spatial_text, content


def mapping_digest(spatial_text: str, content: str) -> str:
    """The key of a mapping: that of its document, begun by its spatial mapping's.

    Mappings of one unrolling, as a network has few, thus lie side by side in the index, and a run that stores its
    mappings writes to a few of the index's pages instead of to one for each.
    """
    return _start_of_digest(spatial_text) + digest_of_bytes(content.encode(), "mapping")[N_SPATIAL_DIGITS:]


@lru_cache(maxsize=16_384)
def _start_of_digest(spatial_text: str) -> str:
    return digest_of_bytes(spatial_text.encode(), "spatial")[:N_SPATIAL_DIGITS]


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
    """The record of a row of ``zl_memory_evaluation``."""
    r = MemoryEvaluationTuple._make(row)
    return StoredLevel(
        operand=r.operand,
        level=r.level,
        memory=r.memory,
        loops=r.loops,
        utilisation=r.utilisation,
        shared_utilisation=r.shared_utilisation,
        accesses=FourWay(r.accesses_to_low, r.accesses_from_low, r.accesses_to_high, r.accesses_from_high),
        energy_pj=FourWay(r.energy_to_low_pj, r.energy_from_low_pj, r.energy_to_high_pj, r.energy_from_high_pj),
    )


def certificate_row(proof: Certificate, run_number: int, layer_index: int) -> CertificateTuple:
    """The row of a certificate."""
    return CertificateTuple(
        run_number=run_number,
        layer_index=layer_index,
        objective=proof.objective.value,
        lower_bound=float(proof.lower_bound),
        best=float(proof.best),
        gap=float(proof.gap),
        space=proof.space,
        n_mappings=float(proof.n_mappings),
        n_priced=int(proof.n_priced),
        seconds=float(proof.seconds),
    )


def certificate_from(row: Row) -> Certificate:
    """The certificate back from its row; its gap follows from its bounds."""
    r = CertificateTuple._make(row)
    return Certificate(Objective(r.objective), r.lower_bound, r.best, r.space, r.n_mappings, r.n_priced, r.seconds)


def front_rows(
    points: Sequence[CostModelEvaluation], run_number: int, layer_index: int
) -> tuple[list[FrontPointTuple], list[MappingTuple]]:
    """The rows of a layer's front, and those of its mappings."""
    rows, mappings = list[FrontPointTuple](), list[MappingTuple]()
    for index, cme in enumerate(points):
        proof = cme.certificate
        is_proven = isinstance(proof, FrontCertificate) and proof.is_proven
        names = {op: [cme.accelerator.memories[i].name for i in places] for op, places in cme.problem.memories.items()}
        mappings.append(mapping_row(cme.problem.spatial_mapping, cme.temporal_mapping))
        row = FrontPointTuple(
            run_number=run_number,
            layer_index=layer_index,
            point_index=index,
            energy_pj=float(cme.energy_total),
            latency_cycles=float(cme.latency_total2),
            is_proven=is_proven,
            mapping_digest=mappings[-1].digest,
            memories=to_json(names),
        )
        rows.append(row)
    return rows, mappings


# -- bytes -------------------------------------------------------------------------------------------------------------


def packed(content: bytes) -> bytes:
    """Compressed content of an input or a source."""
    return zlib.compress(content, 6)


def unpacked(content: bytes) -> bytes:
    """The content as it was.

    Raises:
        ValueError, TypeError, zlib.error: it was not packed here.
    """
    stream = zlib.decompressobj()
    plain = stream.decompress(content, MOST_UNPACKED_BYTES)
    if not stream.eof:
        raise ValueError("it breaks off, or is larger than anything that is kept")
    return plain


def to_json(value: Any) -> str:
    """Plain data as JSON for a column; what JSON does not know is written as text, and secrets are masked."""
    return json.dumps(_jsonable(value), ensure_ascii=False, separators=(",", ":"))


def _jsonable(value: Any, name: str = "") -> Any:
    if isinstance(value, Mapping):
        return {storable(masked(str(key))): _jsonable(item, str(key)) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_jsonable(item, name) for item in value]
    if value is None or isinstance(value, (bool, int)) or (isinstance(value, float) and isfinite(value)):
        return value
    return storable(masked_value(str(value), name))
