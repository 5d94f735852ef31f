"""A run and all within it, read back from the tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zigzag_lab.keys.records import KINDS, record_from
from zigzag_lab.store.codec import unpacked

Ask = Callable[[str, Sequence[Any]], Any]
"""Asks a database in SQL, and gives rows as dictionaries."""

FIGURES = ("energy_pj", "mac_energy_pj", "memory_energy_pj", "latency_cycles")
LAYER = (
    *("layer_id", "name", "operator_type", "n_macs", "keeps_at_output_pins", *FIGURES),
    *("ideal_cycles", "temporal_cycles", "stall_cycles", "onload_cycles", "offload_cycles", "drain_cycles"),
)
MEMORY = (
    *("operand", "level", "memory", "loops", "utilisation", "shared_utilisation"),
    *("accesses_to_low", "accesses_from_low", "accesses_to_high", "accesses_from_high"),
    *("energy_to_low_pj", "energy_from_low_pj", "energy_to_high_pj", "energy_from_high_pj"),
)
PROOF = ("objective", "lower_bound", "best", "gap", "n_mappings", "n_priced")


@dataclass
class StoredRun:
    """A run as its tables say it is.

    Attributes:
        row: of ``zl_run``.
        inputs: kind -> the digest and the record of it.
        layers: its own evaluations, each (figures, mapping, memories, proof, design), in the order of their indices.
        lists: role, result -> (owner, index, times), in order.
        results: rows of ``zl_result``, in order.
        fronts: index of a layer -> its points.
        children: in order.
    """

    row: dict[str, Any]
    inputs: dict[str, tuple[str, Any]] = field(default_factory=dict)
    layers: list[tuple[Any, ...]] = field(default_factory=list)
    lists: dict[tuple[str, int], list[tuple[int, int, float]]] = field(default_factory=dict)
    results: list[dict[str, Any]] = field(default_factory=list)
    fronts: dict[int, list[Any]] = field(default_factory=dict)
    children: list[StoredRun] = field(default_factory=list)

    @property
    def number(self) -> int:
        """Of the run."""
        return int(self.row["number"])


class Reader:
    """Reads runs.

    Args:
        ask: see :data:`Ask`.
    """

    def __init__(self, ask: Ask) -> None:
        self.ask = ask
        self._records: dict[str, Any] = {}

    def since(self, number: int) -> list[StoredRun]:
        """Runs from a number on that belong to no other, each with all within it."""
        runs = {row["number"]: StoredRun(row) for row in self._rows("zl_run", "number", number, "number")}
        inputs = (
            "zl_run_input g JOIN (SELECT digest AS content_digest, content FROM zl_input) i ON content_digest = digest"
        )
        for row in self._rows(inputs, "run_number", number):
            runs[row["run_number"]].inputs[row["kind"]] = row["digest"], self._record(row)
        memories: dict[Any, list[Any]] = {}
        for row in self._rows("zl_memory_evaluation", "run_number", number, "run_number, layer_index, operand, level"):
            memories.setdefault((row["run_number"], row["layer_index"]), []).append(tuple(row[n] for n in MEMORY))
        proofs = {
            (row["run_number"], row["layer_index"]): tuple(row[n] for n in PROOF)
            for row in self._rows("zl_certificate", "run_number", number)
        }
        layers = "zl_layer_evaluation l JOIN zl_mapping m ON m.digest = l.mapping_digest"
        for row in self._rows(layers, "run_number", number, "run_number, layer_index"):
            run, key = runs[row["run_number"]], (row["run_number"], row["layer_index"])
            assert row["layer_index"] == len(run.layers)
            figures = tuple(bool(row[n]) if n == "keeps_at_output_pins" else row[n] for n in LAYER)
            design = row["accelerator_kind"], row["constraints_kind"], row["memories_left_out"]
            run.layers.append((figures, _json(row["content"]), memories.get(key, []), proofs.get(key), design))
        for row in self._rows("zl_run_layer", "run_number", number, "run_number, role, result_index, position"):
            listed = runs[row["run_number"]].lists.setdefault((row["role"], row["result_index"]), [])
            assert row["position"] == len(listed)
            stretch = range(row["first_index"], row["last_index"] + 1)
            listed += [(row["owner_number"], index, row["times"]) for index in stretch]
        for row in self._rows("zl_result", "run_number", number, "run_number, result_index"):
            runs[row["run_number"]].results.append(row)
        for row in self._rows("zl_front_point", "run_number", number, "run_number, layer_index, point_index"):
            point = row["energy_pj"], row["latency_cycles"]
            runs[row["run_number"]].fronts.setdefault(row["layer_index"], []).append(point)
        tops: list[StoredRun] = []
        for run in runs.values():
            above = run.row["parent_number"]
            (tops if above is None else runs[above].children).append(run)
        for run in runs.values():
            run.children.sort(key=lambda child: child.row["child_index"])
            assert [child.row["child_index"] for child in run.children] == list(range(len(run.children)))
        return tops

    def _rows(self, source: str, column: str, number: int, order: str = "") -> list[dict[str, Any]]:
        by = f" ORDER BY {order}" if order else ""
        return self.ask(f"SELECT * FROM {source} WHERE {column} >= ?{by}", (number,))  # type: ignore[no-any-return]

    def _record(self, row: Mapping[str, Any]) -> Any:
        digest, kind = row["digest"], row["kind"].split()[0]
        if digest not in self._records:
            self._records[digest] = record_from(KINDS[kind], json.loads(unpacked(row["content"])))
        return self._records[digest]


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
