"""The CMEs of a recorded run, with every term: built again from what the database keeps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import isclose
from typing import Any

from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.hardware import Accelerator
from zigzag_lab.keys.records import KINDS, record_from
from zigzag_lab.mapping.bypass import Skip, skipped, skipping
from zigzag_lab.mapping.constraints import MappingConstraints, MappingRules
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.store.codec import mapping_from
from zigzag_lab.store.lab import Lab, RunDetails, RunRecord, StoredLayer
from zigzag_lab.store.row_checks import reading
from zigzag_lab.store.run_start import INPUT_KINDS
from zigzag_lab.vocab import InputError
from zigzag_lab.workload import Layer, Workload

ENDS_AT_THE_TOP = "workload_data_always_from_top_mem"
NO_RULES = MappingRules({"default": MappingConstraints()})
TOLERANCE = 1e-9


@dataclass(frozen=True)
class PricedRun:
    """A recorded run with its records.

    Attributes:
        run, details: what the database says of it.
        workload: the network.
        layers: its layers as stored, in order.
        cmes: the price of each of these layers, every term of it.
        accelerators: that they were priced on, as wholes; several where a stage tried several.
    """

    run: RunRecord
    details: RunDetails
    workload: Workload
    layers: tuple[StoredLayer, ...]
    cmes: tuple[CostModelEvaluation, ...]
    accelerators: tuple[Accelerator, ...]

    @property
    def label(self) -> str:
        """What to call it in a picture."""
        return self.run.label

    @property
    def accelerator(self) -> Accelerator:
        """The one accelerator that its layers were priced on.

        Raises:
            InputError: there are several.
        """
        if len(self.accelerators) > 1:
            found = f"its layers were priced on {len(self.accelerators)} accelerators"
            hint = f"'zigzag-lab show {self.run.run_id}' lists the runs within it, which have one each."
            raise InputError(f"run {self.run.run_id}", found, "a run on one accelerator", hint)
        return self.accelerators[0]


def priced_run(lab: Lab, run_id: str, only: Sequence[int] | None = None) -> PricedRun:
    """A run with its CMEs, each checked against the energy and the latency on record.

    Args:
        lab: the database.
        run_id: the run.
        only: indices of the layers wanted; by default all.

    Raises:
        InputError: the run lacks inputs or layers, or a layer was priced on something else than what is on record.
    """
    run = lab.run(run_id)
    where = f"run {run.run_id}"
    layers = tuple(layer for layer in lab.layers(run.run_id) if only is None or layer.layer_index in only)
    if not layers:
        raise InputError(where, f"it is {run.status} and has no priced layers", "a run with layers")
    details = lab.details(run.run_id)
    designs, rebuilds = RowDesigns(lab), dict[int, _Rebuild]()
    cmes, accelerators = [], dict[Accelerator, None]()
    for layer in layers:
        owner = layer.owner
        if owner not in rebuilds:
            rebuilds[owner] = _Rebuild(where, *designs.whole(owner, where), details.options)
        design = designs.of(layer)
        if design is None:
            found = "what it was priced on is not on record"
            raise InputError(f"{where}: layer {layer.name}", found, "a run whose accelerator is on record")
        cmes.append(rebuilds[owner].cme(layer, *design))
        accelerators[design[0]] = None
    workload = rebuilds[layers[0].owner].workload
    return PricedRun(run, details, workload, layers, tuple(cmes), tuple(accelerators))


class RowDesigns:
    """What the rows of layers were priced on, in terms of the inputs of the runs that hold them.

    Args:
        lab: the database.
    """

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._inputs: dict[int, dict[str, tuple[str, dict[str, Any], bytes | None]]] = {}
        self._records: dict[tuple[int, str], Any] = {}

    def of(self, layer: StoredLayer) -> tuple[Accelerator, MappingConstraints] | None:
        """The accelerator and the entry of the mapping file; None where they are not on record."""
        owner, figures = layer.owner, layer.figures
        accelerator = self._record(owner, figures["accelerator_kind"] or "accelerator", Accelerator)
        if figures["constraints_kind"] is not None:
            constraints = self._record(owner, figures["constraints_kind"], MappingConstraints)
        else:
            rules = self._record(owner, "mapping", MappingRules) or NO_RULES
            constraints = rules.named(layer.name, str(figures["operator_type"]))
        return None if accelerator is None or constraints is None else (accelerator, constraints)

    def layer(self, stored: StoredLayer) -> Layer | None:
        """The record of a layer; None where its network is not on record, or has no such layer."""
        workload = self._record(stored.owner, "workload", Workload)
        found = None if workload is None else workload.by_id.get(stored.layer_id)
        return found if isinstance(found, Layer) and found.name == stored.name else None

    def whole(self, owner: int, where: str) -> tuple[Workload, Accelerator, MappingRules]:
        """The inputs of a run that holds rows.

        Raises:
            InputError: one is missing.
        """
        found = {kind: self._record(owner, kind, KINDS[kind]) for kind in INPUT_KINDS}
        if missing := [kind for kind in INPUT_KINDS[:2] if found[kind] is None]:
            expected = "a run of workload and accelerator files or records"
            raise InputError(where, f"no {' and no '.join(missing)} on record", expected)
        return found["workload"], found["accelerator"], found["mapping"] or NO_RULES

    def _record(self, owner: int, kind: str, cls: Any) -> Any:
        if owner not in self._inputs:
            self._inputs[owner] = self._lab.inputs_of(owner)
        key = owner, kind
        if key not in self._records:
            given = self._inputs[owner].get(kind)
            with reading("zl_input", kind=kind, name="" if given is None else given[0]):
                self._records[key] = None if given is None else record_from(cls, given[1])
        return self._records[key]


def left_out_of(layer: StoredLayer) -> dict[str, list[str]]:
    """Memory operand -> memories of the accelerator that a layer did without."""
    said = layer.figures["memories_left_out"]
    with reading("zl_layer_evaluation", run_number=layer.owner, layer_index=layer.figures["layer_index"]):
        return {} if said is None else {str(op): list(names) for op, names in json.loads(said).items()}


@dataclass(frozen=True)
class _Rebuild:
    """From stored layers to CMEs; equal questions are worked out once."""

    where: str
    workload: Workload
    accelerator: Accelerator
    rules: MappingRules
    options: dict[str, Any]
    _known: dict[Any, CostModelEvaluation] = field(default_factory=dict)

    @cached_property
    def _by_name(self) -> dict[tuple[int, str], Layer]:
        return {(layer.id, layer.name): layer for layer in self.workload.layers}

    @cached_property
    def _locality(self) -> Any:
        from zigzag_lab.search.locality import search_locality

        ends_at_the_top = bool(self.options.get(ENDS_AT_THE_TOP, False))
        return search_locality(self.workload, self.accelerator, self.rules, ends_at_the_top=ends_at_the_top)

    def cme(self, stored: StoredLayer, whole: Accelerator, constraints: MappingConstraints) -> CostModelEvaluation:
        """The price of a layer, on a design under an entry of a mapping file."""
        layer = self._by_name.get((stored.layer_id, stored.name))
        if layer is None:
            raise InputError(f"{self.where}: layer {stored.name}", "its workload on record has no such layer")
        accelerator = self._part_of(whole, layer, constraints, stored)
        figures, links = stored.figures, tuple(constraints.operand_links.items())
        key = figures["layer_digest"], figures["mapping_digest"], accelerator, links
        if key not in self._known:
            self._known[key] = self._priced(layer, accelerator, constraints, stored)
        found = self._known[key]
        found.certificate = stored.certificate
        return found if found.layer is layer else found.for_layer(layer)

    def _part_of(
        self, whole: Accelerator, layer: Layer, constraints: MappingConstraints, stored: StoredLayer
    ) -> Accelerator:
        """The accelerator as the layer saw it: without the memories that it skips, or that data kept on chip does."""
        if left_out := left_out_of(stored):
            return skipping(whole, tuple(Skip(name, op) for op, names in left_out.items() for name in names))
        visited = visited_memories(stored)
        part = skipping(whole, skipped(whole, constraints, visited))
        if _visits(part, constraints, layer) == visited or whole != self.accelerator:
            return part
        from zigzag_lab.search.locality import (
            without_unused_memories,
        )  # of a record that does not name what is left out

        smaller = without_unused_memories(whole, layer, constraints, self._locality)
        return skipping(smaller, skipped(smaller, constraints, visited))

    def _priced(
        self, layer: Layer, accelerator: Accelerator, constraints: MappingConstraints, stored: StoredLayer
    ) -> CostModelEvaluation:
        if _visits(accelerator, constraints, layer) != visited_memories(stored):
            raise self._other_accelerator(stored)
        spatial, temporal = mapping_from(stored.mapping)
        is_skipping = bool(stored.figures["keeps_at_output_pins"])
        problem = Problem.of(layer, accelerator, constraints, spatial, skip_repeated_reads=is_skipping)
        cme = CostModelEvaluation(problem, temporal)
        pairs = ((cme.energy_total, "energy_pj"), (cme.latency_total2, "latency_cycles"))
        if not all(isclose(value, stored.figures[name], rel_tol=TOLERANCE) for value, name in pairs):
            raise self._other_accelerator(stored)
        return cme

    def _other_accelerator(self, stored: StoredLayer) -> InputError:
        return InputError(
            f"{self.where}: layer {stored.name}",
            "its price does not follow from the inputs on record; the pipeline changed them on the way",
            "a run whose stages hand its inputs on as they are",
            "'zigzag-lab show' has what was stored.",
        )


def _visits(accelerator: Accelerator, constraints: MappingConstraints, layer: Layer) -> dict[str, tuple[str, ...]]:
    links = constraints.operand_links
    return {
        op: tuple(accelerator.memories[i].name for i in accelerator.levels.get(links[op], ()))
        for op in layer.operands
        if op in links
    }


def visited_memories(stored: StoredLayer) -> dict[str, tuple[str, ...]]:
    """Operand -> names of the memories that it was in, innermost first."""
    names: dict[str, list[str]] = {}
    for level in sorted(stored.memories, key=lambda m: m.level):
        names.setdefault(level.operand, []).append(level.memory)
    return {op: tuple(of_op) for op, of_op in names.items()}
