"""Which accelerator and constraints a CME was priced on, in terms of the inputs of its run."""

from __future__ import annotations

import operator
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from zigzag_lab.hardware import Accelerator, area_of
from zigzag_lab.keys import canonical_json, described, meaning_digest
from zigzag_lab.mapping.constraints import MappingConstraints, MappingRules
from zigzag_lab.store.run_start import RunInput
from zigzag_lab.vocab import InputError
from zigzag_lab.workload import Layer, Workload, inferences_of

R = TypeVar("R")


class Design(NamedTuple):
    """What a layer was priced on.

    Attributes:
        accelerator, constraints: the kind of the run's input that holds it; None for the run's own accelerator and the
            entry of its own mapping that applies to the layer.
        left_out: memory operand -> memories of that accelerator that it did not visit, as JSON; None where it visited
            all of them.
    """

    accelerator: str | None = None
    constraints: str | None = None
    left_out: str | None = None


_OWN_KINDS = ("accelerator", "mapping")

OWN = Design()
"""The run's accelerator, all of it, under the run's mapping."""


class Designs:
    """The designs of one run.

    Args:
        inputs: of the run, by kind.

    Attributes:
        new: inputs that were met with CMEs, to be added to those of the run.
    """

    def __init__(self, inputs: Mapping[str, RunInput]) -> None:
        self.inputs, self.new = dict(inputs), list[RunInput]()
        self._accelerators: dict[int, tuple[Accelerator, str | None, str | None]] = {}
        self._constraints: dict[int, tuple[MappingConstraints, str | None]] = {}
        self._is_own: dict[tuple[int, str, str], bool] = {}
        self._found: dict[tuple[int, int, str, str], Design] = {}

    def add(self, given: RunInput) -> None:
        """Note an input that was read after the run had begun, in place of one of its kind."""
        before = self.inputs.get(given.kind)
        if before is None or before.digest != given.digest:
            self.inputs[given.kind] = given
            self.new.append(given)
            if given.kind in _OWN_KINDS:
                self._accelerators.clear()
                self._constraints.clear()
                self._is_own.clear()
                self._found.clear()

    def of(self, cme: Any) -> Design:
        """What a CME was priced on."""
        problem, layer = cme.problem, cme.layer
        name, kind = (layer.name, layer.operator_type) if "mapping" in self.inputs else ("", "")  # which pick its entry
        key = id(problem.accelerator), id(problem.constraints), name, kind
        return self._found.get(key) or self._find(key, problem.accelerator, problem.constraints, layer)

    def _find(self, key: Any, met: Accelerator, constraints: MappingConstraints, layer: Layer) -> Design:
        _, accelerator, left_out = self._accelerators.get(id(met)) or self._accelerator(met)
        design = Design(accelerator, self._entry(constraints, layer), left_out)
        self._found[key] = design  # what has these ids is kept beside it
        return design

    def whole(self, met: Accelerator | None) -> Accelerator | None:
        """The design that one which was met is a part of; None where it is not known.

        Args:
            met: what the total was priced on; None where only the layers of the run tell, all on its own accelerator.
        """
        own = self._own("accelerator", Accelerator)
        if met is None:
            return None if "accelerator 2" in self.inputs else own
        return own if own is not None and memories_left_out(own, met) is not None else met

    def network(self) -> Workload | None:
        """The network of the run; None where it is not known."""
        return self._own("workload", Workload)

    def _own(self, kind: str, cls: type[R]) -> R | None:
        """An input of the run; None where it has none, or one that this version cannot read."""
        record = None
        with suppress(InputError):
            record = self.inputs[kind].as_record() if kind in self.inputs else None
        return record if isinstance(record, cls) else None

    def _accelerator(self, met: Accelerator) -> tuple[Accelerator, str | None, str | None]:
        own = self.inputs.get("accelerator")
        if own is None:
            self.add(_remembered(met, RunInput.of))
        left_out = {} if own is None else memories_left_out(own.as_record(), met)
        kind = None if left_out is not None else self._other(_remembered(met, RunInput.of))
        found = met, kind, canonical_json(left_out).decode() if left_out else None
        self._accelerators[id(met)] = found
        return found

    def _entry(self, met: MappingConstraints, layer: Layer) -> str | None:
        own = self.inputs.get("mapping")
        key = (id(met), layer.name, layer.operator_type) if own is not None else (id(met), "", "")
        is_own = self._is_own.get(key)
        if is_own is None:
            rules = None if own is None else own.as_record()
            entry = rules.named(*key[1:]) if isinstance(rules, MappingRules) else MappingConstraints()
            is_own = met is entry or met == entry
            self._is_own[key] = is_own
            self._constraints.setdefault(key[0], (met, None))  # kept, so that nothing else gets its id
        return None if is_own else self._other_entry(met)

    def _other_entry(self, met: MappingConstraints) -> str:
        kind = self._constraints[id(met)][1]
        if kind is None:
            kind = self._other(_remembered(met, _entry_as_input))
            self._constraints[id(met)] = met, kind
        return kind

    def _other(self, met: RunInput) -> str:
        """The kind of an input that is not the run's own: ``accelerator 2`` for the first one."""
        others = (i for i in self.inputs.values() if i.digest == met.digest and i.kind.startswith(met.kind))
        known = next((one.kind for one in others), None)
        if known is not None:
            return known
        number = 2
        while (called := f"{met.kind} {number}") in self.inputs:
            number += 1
        self.add(replace(met, kind=called))
        return called


def _entry_as_input(met: MappingConstraints) -> RunInput:
    digest = meaning_digest(met)
    return RunInput("constraints", met.name or "constraints", digest, canonical_json(described(met)), record=met)


def _remembered(met: Any, describe: Callable[[Any], RunInput]) -> RunInput:
    """What a run meets without having been given it, as an input; described once for all such runs."""
    for is_same in (operator.is_, operator.eq):  # to compare all fields takes longer
        known = next((one for one in tuple(_MET) if is_same(one.record, met)), None)  # others may add to it meanwhile
        if known is not None:
            return known
    known = describe(met)
    _MET.append(known)
    return known


_MET: deque[RunInput] = deque(maxlen=16)


def memories_left_out(whole: Accelerator, part: Accelerator) -> dict[str, list[str]] | None:
    """Memory operand -> memories of a design that it does not visit; None where the other is no part of the design."""
    if whole is part or meaning_digest(whole) == meaning_digest(part):
        return {}
    memories = {memory.name: memory for memory in whole.memories}
    if part.array != whole.array:
        return None
    for memory in part.memories:
        own = memories.get(memory.name)
        same = ("operands", "ports", "bypass")
        if own is None or replace(own, **{name: getattr(memory, name) for name in same}) != memory:
            return None
        if not set(memory.operands) <= set(own.operands):
            return None
    visited = {memory.name: memory.operands for memory in part.memories}
    left_out: dict[str, list[str]] = {}
    for memory in whole.memories:
        for operand in memory.operands:
            if operand not in visited.get(memory.name, ()):
                left_out.setdefault(operand, []).append(memory.name)
    return left_out


def columns_of_network(workload: Workload) -> tuple[dict[str, Any], str]:
    """The columns of ``zl_run`` that follow from the network, and a warning where its layers disagree."""
    found = inferences_of(workload.layers)
    return {"n_inferences": found and found.count}, found.warning() if found else ""


def columns_of_design(accelerator: Accelerator) -> dict[str, Any]:
    """The columns of ``zl_run`` that follow from the design that all of a run was priced on, as a whole."""
    return {
        "clock_ns": accelerator.clock_ns,
        "area_total_mm2": area_of(accelerator).total_mm2,
        "static_power_mw": accelerator.static_mw or None,
        "technology": accelerator.technology or None,
    }
