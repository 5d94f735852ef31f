"""The CMEs of a recorded run, with every term: built again from what the database keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isclose
from typing import Any

from zigzag_lab.cost import CostModelEvaluation
from zigzag_lab.hardware import Accelerator
from zigzag_lab.mapping.bypass import skipped, skipping
from zigzag_lab.mapping.constraints import MappingConstraints, MappingRules
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.store.codec import mapping_from
from zigzag_lab.store.lab import Lab, RunDetails, RunRecord, StoredLayer
from zigzag_lab.vocab import InputError
from zigzag_lab.workload import Layer, Workload

NEEDED = ("workload", "accelerator", "mapping")
ENDS_AT_THE_TOP = "workload_data_always_from_top_mem"
TOLERANCE = 1e-9


@dataclass(frozen=True)
class PricedRun:
    """A recorded run with its records.

    Attributes:
        run, details: what the database says of it.
        workload, accelerator, rules: its inputs.
        layers: its layers as stored, in order.
        cmes: the price of each of these layers, every term of it.
    """

    run: RunRecord
    details: RunDetails
    workload: Workload
    accelerator: Accelerator
    rules: MappingRules
    layers: tuple[StoredLayer, ...]
    cmes: tuple[CostModelEvaluation, ...]

    @property
    def label(self) -> str:
        """What to call it in a picture."""
        return f"{self.run.workload} on {self.run.accelerator}"


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
    inputs = lab.input_records(run.run_id)
    missing = [kind for kind in NEEDED if kind not in inputs]
    if missing:
        expected = "a run of workload, accelerator and mapping files or records"
        raise InputError(where, f"no {' and no '.join(missing)} on record", expected)
    workload, accelerator, rules = (inputs[kind] for kind in NEEDED)
    details = lab.details(run.run_id)
    rebuild = _Rebuild(where, workload, accelerator, rules, details.options)
    return PricedRun(run, details, workload, accelerator, rules, layers, tuple(map(rebuild.cme, layers)))


@dataclass(frozen=True)
class _Rebuild:
    """From stored layers to CMEs; equal questions are worked out once."""

    where: str
    workload: Workload
    accelerator: Accelerator
    rules: MappingRules
    options: dict[str, Any]

    @cached_property
    def _known(self) -> dict[Any, CostModelEvaluation]:
        return {}

    @cached_property
    def _by_name(self) -> dict[tuple[int, str], Layer]:
        return {(layer.id, layer.name): layer for layer in self.workload.layers}

    @cached_property
    def _locality(self) -> Any:
        from zigzag_lab.search.locality import search_locality

        ends_at_the_top = bool(self.options.get(ENDS_AT_THE_TOP, False))
        return search_locality(self.workload, self.accelerator, self.rules, ends_at_the_top=ends_at_the_top)

    def cme(self, stored: StoredLayer) -> CostModelEvaluation:
        """The price of a layer."""
        layer = self._by_name.get((stored.layer_id, stored.name))
        if layer is None:
            raise InputError(f"{self.where}: layer {stored.name}", "its workload on record has no such layer")
        accelerator = self._accelerator_of(layer, stored)
        names = tuple((m.operand, m.level, m.memory) for m in stored.memories)
        constraints = self.rules.for_layer(layer)
        links = tuple(constraints.operand_links.items())
        key = stored.figures["layer_digest"], stored.figures["mapping_digest"], names, links
        if key not in self._known:
            self._known[key] = self._priced(layer, accelerator, constraints, stored)
        found = self._known[key]
        found.certificate = stored.certificate
        return found if found.layer is layer else found.for_layer(layer)

    def _accelerator_of(self, layer: Layer, stored: StoredLayer) -> Accelerator:
        """The accelerator as the layer saw it: without the memories that it skips, or that data kept on chip does."""
        constraints, visited = self.rules.for_layer(layer), visited_memories(stored)
        whole = skipping(self.accelerator, skipped(self.accelerator, constraints, visited))
        if _visits(whole, constraints, layer) == visited:
            return whole
        from zigzag_lab.search.locality import without_unused_memories

        smaller = without_unused_memories(self.accelerator, layer, constraints, self._locality)
        smaller = skipping(smaller, skipped(smaller, constraints, visited))
        if _visits(smaller, constraints, layer) != visited:
            raise self._other_accelerator(stored)
        return smaller

    def _priced(
        self, layer: Layer, accelerator: Accelerator, constraints: MappingConstraints, stored: StoredLayer
    ) -> CostModelEvaluation:
        spatial, temporal = mapping_from(stored.mapping)
        keeps = bool(stored.figures["keeps_at_output_pins"])
        problem = Problem.of(layer, accelerator, constraints, spatial)
        cme = CostModelEvaluation(problem, temporal, keep_at_output_pins=keeps)
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
