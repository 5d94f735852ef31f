"""Parts of rows of runs, as records or plain data; damaged ones are noticed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from zigzag_lab.cost.certificate import Certificate
from zigzag_lab.store.codec import (
    StoredLevel,
    certificate_from,
    level_from,
    mapping_from,
)
from zigzag_lab.store.damage import TEXT, check_finite, check_types, damaged, reading, types_of_row
from zigzag_lab.store.database import Row
from zigzag_lab.store.tables import CertificateTuple, FrontPointTuple, LayerEvaluationTuple, MemoryEvaluationTuple

LAYER_TYPES = types_of_row(LayerEvaluationTuple)
_MEMORY_TYPES = types_of_row(MemoryEvaluationTuple)
_CERTIFICATE_TYPES = types_of_row(CertificateTuple)
_POINT_TYPES = {
    name: types_of_row(FrontPointTuple)[name] for name in ("layer_index", "point_index", "energy_pj", "latency_cycles")
}


def mapping_of(content: Any, spatial_text: Any, digest: str) -> dict[str, Any]:
    """The document of a stored mapping, which records can be made of."""
    check_types({"spatial_text": spatial_text}, {"spatial_text": TEXT}, "zl_mapping", digest=digest)
    with reading("zl_mapping", digest=digest):
        document: dict[str, Any] = from_json(content)
        spatial, temporal = mapping_from(document)
        loops: list[tuple[Any, Any]] = [loop for of_dim in spatial.unrollings.values() for loop in of_dim.items()]
        loops += [loop for levels in temporal.levels.values() for level in levels for loop in level]
        if not all(isinstance(dim, str) and isinstance(size, (int, float)) and size > 0 for dim, size in loops):
            raise ValueError("a loop without a name or a size")
    return document


def certificate_of(row: Row) -> Certificate:
    """What was proven of a layer."""
    key = {"run_number": row[0], "layer_index": row[1]}
    check_types(CertificateTuple._make(row)._asdict(), _CERTIFICATE_TYPES, "zl_certificate", **key)
    with reading("zl_certificate", **key):
        return certificate_from(row)


def time_of(value: Any) -> datetime | None:
    """A time as drivers give it: text without a zone, in UTC, or a ``datetime``."""
    return None if value is None else in_utc(value)


def in_utc(value: Any) -> datetime:
    """A time that is there, in UTC."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def from_json(value: Any) -> Any:
    """JSON as drivers give it: text, or what it stands for."""
    return json.loads(value) if isinstance(value, (str, bytes)) else value


def object_of(value: Any) -> dict[str, Any]:
    """The same for JSON that is an object.

    Raises:
        TypeError: it is another thing.
    """
    found = from_json(value)
    if not isinstance(found, dict):
        raise TypeError(f"{type(found).__name__} in place of an object")
    return found


def memory_of(row: Row) -> StoredLevel:
    """What one operand does at one memory level."""
    values = MemoryEvaluationTuple._make(row)._asdict()
    key = {name: values[name] for name in ("run_number", "layer_index", "operand", "level")}
    check_types(values, _MEMORY_TYPES, "zl_memory_evaluation", **key)
    check_finite(values, "zl_memory_evaluation", **key)
    return level_from(row)


def point_of(row: Row) -> tuple[float, float, bool, str, dict[str, Any], dict[str, list[str]]]:
    """A point of a front: its layer, place, price, proof and memories, then text, content and key of its mapping."""
    index, place, energy, latency, is_proven, memories, spatial, content, digest = row
    key = {"layer_index": index, "point_index": place}
    check_types({**key, "energy_pj": energy, "latency_cycles": latency}, _POINT_TYPES, "zl_front_point", **key)
    with reading("zl_front_point", **key):
        names = {str(op): [str(name) for name in of_op] for op, of_op in from_json(memories).items()}
    mapping = mapping_of(content, spatial, digest)
    if set(mapping["temporal"]) - set(names):
        raise damaged("zl_front_point", key, "memories does not speak of every operand")
    return energy, latency, bool(is_proven), spatial, mapping, names
