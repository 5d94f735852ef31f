"""Stages as users write them; importable, so that worker processes know them."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from zigzag_lab import MainStage
from zigzag_lab.cost import CostModelEvaluationABC
from zigzag_lab.hardware import Accelerator
from zigzag_lab.mapping.constraints import MappingRules
from zigzag_lab.stages import (
    CompleteSaveStage,
    CostModelStage,
    LomaStage,
    MinimalEnergyStage,
    MinimalLatencyStage,
    SpatialMappingGeneratorStage,
    Stage,
    SumStage,
    WorkloadStage,
)
from zigzag_lab.workload import Workload


class EveryOther(Stage):
    """Filters."""

    def run(self) -> Iterator[Any]:
        for number, result in enumerate(self.substage().run()):
            if number % 2 == 0:
                yield result


class Nothing(Stage):
    """Filters everything."""

    def run(self) -> Iterator[Any]:
        yield from (result for result in self.substage().run() if result is None)


class Twice(Stage):
    """Yields everything twice."""

    def run(self) -> Iterator[Any]:
        for result in self.substage().run():
            yield result
            yield result


class Doubled(Stage):
    """Yields twice the price."""

    def run(self) -> Iterator[Any]:
        for cme, extra_info in self.substage().run():
            yield cme + cme, extra_info


class Halved(Stage):
    """Yields half the price."""

    def run(self) -> Iterator[Any]:
        for cme, extra_info in self.substage().run():
            yield cme * 0.5, extra_info


class Backwards(Stage):
    """Reorders."""

    def run(self) -> Iterator[Any]:
        yield from reversed(list(self.substage().run()))


class FirstOnly(Stage):
    """Stops asking."""

    def run(self) -> Iterator[Any]:
        for result in self.substage().run():
            yield result
            return


class Eager(Stage):
    """Asks for everything first, as a cache does that keeps it."""

    def run(self) -> Iterator[Any]:
        yield from list(self.substage().run())


class Copied(Stage):
    """Yields copies, and what comes back of a pickle."""

    def run(self) -> Iterator[Any]:
        for number, (cme, extra_info) in enumerate(self.substage().run()):
            yield (copy.deepcopy(cme) if number % 2 else copy.copy(cme)), extra_info


class Pickled(Stage):
    """Yields what comes back of a pickle: other CMEs."""

    def run(self) -> Iterator[Any]:
        for cme, extra_info in self.substage().run():
            yield pickle.loads(pickle.dumps(cme)), extra_info


class InLists(Stage):
    """Yields lists of up to two results."""

    def run(self) -> Iterator[Any]:
        results = list(self.substage().run())
        for start in range(0, len(results), 2):
            yield results[start : start + 2], None


class InADictionary(Stage):
    """Yields one dictionary."""

    def run(self) -> Iterator[Any]:
        results = list(self.substage().run())
        yield (
            {"first": results[0], "cmes": [cme for cme, _ in results], "nested": {"all": results}},
            {"n": len(results)},
        )


class Words(Stage):
    """Yields something that is no CME after every result."""

    def run(self) -> Iterator[Any]:
        for result in self.substage().run():
            yield result
            yield "a word", None


class Raises(Stage):
    """Raises after two results."""

    def run(self) -> Iterator[Any]:
        for number, result in enumerate(self.substage().run()):
            if number == 2:
                raise RuntimeError("in the middle")
            yield result


class RaisesBelow(Stage):
    """Raises when it is asked for the second layer."""

    def run(self) -> Iterator[Any]:
        layer = self.kwargs.get("layer")
        if layer is not None and layer.id == 1:
            raise RuntimeError("not this layer")
        yield from self.substage().run()


class RunsTwice(Stage):
    """Runs what is below twice."""

    def run(self) -> Iterator[Any]:
        yield from self.substage().run()
        yield from self.substage().run()


def larger(accelerator: Accelerator, factor: int, name: str = "") -> Accelerator:
    """The same with other sizes of its outermost memory but one."""
    memories = list(accelerator.memories)
    place = max(len(memories) - 2, 0)
    memories[place] = replace(memories[place], size_bits=memories[place].size_bits * factor)
    return replace(accelerator, memories=tuple(memories), name=name or accelerator.name)


class OtherAccelerator(Stage):
    """Works on an accelerator of its own."""

    def run(self) -> Iterator[Any]:
        given = self.kwargs.get("accelerator")
        changes = {"accelerator": larger(given, 2, "mine")} if isinstance(given, Accelerator) else {}
        yield from self.substage(**changes).run()


class TwoAccelerators(Stage):
    """Runs what is below on two accelerators, and says nothing of it."""

    def run(self) -> Iterator[Any]:
        given = self.kwargs.get("accelerator")
        if not isinstance(given, Accelerator):
            yield from self.substage().run()
            return
        for factor in (1, 4):
            yield from self.substage(accelerator=larger(given, factor, f"of {factor}")).run()


class Sweeps(Stage):
    """Tries sizes of a memory."""

    def run(self) -> Iterator[Any]:
        given = self.kwargs.get("accelerator")
        for factor in (1, 2):
            changes = {"accelerator": larger(given, factor)} if isinstance(given, Accelerator) else {}
            yield from self.variant({"factor": factor}, **changes)


class SweepsOptions(Stage):
    """Tries options, with what it tried beside the results."""

    def run(self) -> Iterator[Any]:
        for limit in (2, 3, 2):
            for cme, extra_info in self.variant({"loma_lpf_limit": limit}, loma_lpf_limit=limit):
                yield cme, (limit, extra_info)


class SweepsALayer(Stage):
    """The same below WorkloadStage, with the layer among its own keywords."""

    def __init__(self, list_of_callables: Any, *, layer: Any, **kwargs: Any) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.layer = layer

    def run(self) -> Iterator[Any]:
        for pins in (True, False):
            yield from self.variant({"pins": pins}, layer=self.layer, access_same_data_considered_as_no_access=pins)


class MySave(CompleteSaveStage):
    """A save stage of a user's."""


class Starts(Stage):
    """Starts a pipeline of its own before it runs what is below."""

    def run(self) -> Iterator[Any]:
        kinds = {"workload": Workload, "accelerator": Accelerator, "mapping": MappingRules}
        given = {name: self.kwargs[name] for name, kind in kinds.items() if isinstance(self.kwargs.get(name), kind)}
        if "accelerator" in given and "workload" in given:
            search = [SpatialMappingGeneratorStage, MinimalEnergyStage, LomaStage, CostModelStage]
            listed = [SumStage, WorkloadStage, MinimalLatencyStage, *search]
            MainStage(listed, **given, loma_lpf_limit=2, nb_mappings_generated=1).run()
        yield from self.substage().run()


def energy_of(cme: CostModelEvaluationABC) -> float:
    return cme.energy_total
