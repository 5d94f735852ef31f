"""Which accelerator and constraints a CME was priced on, in terms of the inputs of its run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from zigzag_lab.hardware import Accelerator
from zigzag_lab.keys import accelerator_digest, canonical_json, constraints_digest, described
from zigzag_lab.mapping.constraints import MappingConstraints, MappingRules
from zigzag_lab.store.run_start import RunInput


class Design(NamedTuple):
    """What a layer was priced on.

    Attributes:
        accelerator, constraints: the kind of the run's input that says it; None for the run's own accelerator and the
            entry of its own mapping that applies to the layer.
        left_out: memory operand -> memories of that accelerator that it did not visit, as JSON; None where it visited
            all of them.
    """

    accelerator: str | None = None
    constraints: str | None = None
    left_out: str | None = None


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
        self._constraints: dict[tuple[int, str, str], tuple[MappingConstraints, str | None]] = {}

    def add(self, given: RunInput) -> None:
        """Note an input that was read after the run had begun, in place of one of its kind."""
        before = self.inputs.get(given.kind)
        if before is None or before.digest != given.digest:
            self.inputs[given.kind] = given
            self.new.append(given)
            self._accelerators.clear()
            self._constraints.clear()

    def of(self, cme: Any) -> Design:
        """What a CME was priced on."""
        _, accelerator, left_out = self._accelerators.get(id(cme.accelerator)) or self._accelerator(cme.accelerator)
        given, layer = cme.problem.constraints, cme.layer
        key = id(given), layer.name, layer.operator_type
        _, constraints = self._constraints.get(key) or self._entry(given, key)
        return Design(accelerator, constraints, left_out)

    def _accelerator(self, met: Accelerator) -> tuple[Accelerator, str | None, str | None]:
        own = self.inputs.get("accelerator")
        if own is None:
            self.add(RunInput.of(met))
        left_out = {} if own is None else memories_left_out(own.as_record(), met)
        kind = None if left_out is not None else self._other("accelerator", met, met.name, accelerator_digest(met))
        found = met, kind, canonical_json(left_out).decode() if left_out else None
        self._accelerators[id(met)] = found
        return found

    def _entry(self, met: MappingConstraints, key: tuple[int, str, str]) -> tuple[MappingConstraints, str | None]:
        own = self.inputs.get("mapping")
        rules = None if own is None else own.as_record()
        is_own = met == (rules.named(*key[1:]) if isinstance(rules, MappingRules) else MappingConstraints())
        found = met, None if is_own else self._other("constraints", met, met.name, constraints_digest(met))
        self._constraints[key] = found
        return found

    def _other(self, kind: str, record: Any, name: str, digest: str) -> str:
        """The kind of an input that is not the run's own: ``accelerator 2`` for the first one."""
        known = next((i.kind for i in self.inputs.values() if i.digest == digest and i.kind.startswith(kind)), None)
        if known is not None:
            return known
        number = 2
        while (called := f"{kind} {number}") in self.inputs:
            number += 1
        self.add(RunInput(called, name or kind, digest, canonical_json(described(record)), record=record))
        return called


def memories_left_out(whole: Accelerator, part: Accelerator) -> dict[str, list[str]] | None:
    """Memory operand -> memories of a design that it does not visit; None where the other is no part of the design."""
    if whole is part or accelerator_digest(whole) == accelerator_digest(part):
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
