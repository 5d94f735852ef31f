"""What decides the answer about a record, as a document; and all that a record says, to rebuild it from.

A *document* leaves out what changes no number (names, comments, areas). A *description* leaves out nothing.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from zigzag_lab.hardware import Accelerator
from zigzag_lab.keys.canonical import canonical_json_of_record, digest, digest_of_bytes
from zigzag_lab.mapping.constraints import MappingConstraints, MappingRules
from zigzag_lab.vocab import UNSAID_IF_EMPTY
from zigzag_lab.workload import FreeNode, Layer, Workload


def layer_document(layer: Layer) -> dict[str, Any]:
    """What decides a layer's cost."""
    return layer.meaning()


def accelerator_document(accelerator: Accelerator) -> dict[str, Any]:
    """What decides costs on an accelerator."""
    return accelerator.meaning()


def constraints_document(constraints: MappingConstraints) -> dict[str, Any]:
    """What decides a search under an entry of a mapping file."""
    return constraints.meaning()


def rules_document(rules: MappingRules) -> dict[str, Any]:
    """What decides which layer is searched under what: entry -> its constraints."""
    return {name: entry.meaning() for name, entry in rules.entries.items()}


def workload_document(workload: Workload) -> dict[str, Any]:
    """What decides the cost of a network: its layers in the order of the file, and who feeds whom.

    Layers are known by their place, not by their id. Their names are part of it, as mapping rules are chosen by name.
    Free nodes (which cost nothing) are seen through: a layer is fed by the layers behind them.
    """
    layers = [node for node in workload.nodes if isinstance(node, Layer)]
    place = {layer.id: i for i, layer in enumerate(layers)}
    behind = _layers_behind(workload)
    return {
        "layers": [[layer.name, layer.meaning()] for layer in layers],
        "edges": [
            [place[source], i, operand]
            for i, layer in enumerate(layers)
            for operand, node in sorted(layer.sources.items())
            for source in sorted(behind(node), key=place.__getitem__)
        ],
    }


def _layers_behind(workload: Workload) -> Any:
    """A function from a node's id to the ids of the layers whose results reach it through free nodes."""
    known: dict[int, frozenset[int]] = {}

    def behind(start: int) -> frozenset[int]:
        pending, found, seen = [start], set(), set()
        while pending:
            node_id = pending.pop()
            if node_id in seen:
                continue
            seen.add(node_id)
            node = workload.by_id[node_id]
            if isinstance(node, FreeNode):
                pending.extend(node.predecessors)
            else:
                found.add(node_id)
        return known.setdefault(start, frozenset(found))

    return lambda node_id: known.get(node_id) or behind(node_id)


def layer_digest(layer: Layer) -> str:
    """The key of a layer's meaning."""
    return digest_of_bytes(canonical_json_of_record(layer_document(layer)), "layer")


def accelerator_digest(accelerator: Accelerator) -> str:
    """The key of an accelerator's meaning."""
    return digest(accelerator_document(accelerator), "accelerator")


def constraints_digest(constraints: MappingConstraints) -> str:
    """The key of an entry's meaning."""
    return digest(constraints_document(constraints), "constraints")


def rules_digest(rules: MappingRules) -> str:
    """The key of a mapping file's meaning."""
    return digest(rules_document(rules), "rules")


def workload_digest(workload: Workload) -> str:
    """The key of a network's meaning."""
    return digest(workload_document(workload), "workload")


def described(record: Any) -> Any:
    """All that a record says, as plain data: its fields by name; dicts as lists of pairs, as their order may matter.

    Fields that came later are left out where they are empty, so that records without them are described as ever.
    """
    if is_dataclass(record) and not isinstance(record, type):
        said = ((f, getattr(record, f.name)) for f in fields(record))
        return {f.name: described(value) for f, value in said if value or f.metadata != UNSAID_IF_EMPTY}
    if isinstance(record, dict):
        return [[described(key), described(value)] for key, value in record.items()]
    if isinstance(record, (list, tuple)):
        return [described(item) for item in record]
    return record.value if isinstance(record, Enum) else record
