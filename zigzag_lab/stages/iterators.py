"""Stages that walk over the layers of a network, and that keep data on chip between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from zigzag_lab.hardware import Accelerator
from zigzag_lab.mapping.constraints import MappingConstraints, MappingRules
from zigzag_lab.search.locality import DataLocality, search_locality, without_unused_memories
from zigzag_lab.stages.protocols import ProgressListener, RunFiles, SearchTally
from zigzag_lab.stages.reducers import LayerMemo
from zigzag_lab.stages.spec import StageSpec
from zigzag_lab.stages.stage import Result, Stage, StageCallable, builtin
from zigzag_lab.vocab import PipelineError
from zigzag_lab.workload import Layer, Workload

NOT_IN_MEMORY = ("Pooling", "Add")
"""Types of layers that an in-memory array does not run; only hand-written workloads have them."""


def layers_priced(workload: Workload, accelerator: object) -> list[Layer]:
    """Return the layers that run on an accelerator, producers before consumers; the rest is left to others, free."""
    is_in_memory = isinstance(accelerator, Accelerator) and accelerator.array.imc is not None
    return [layer for layer in workload.layers if not (is_in_memory and layer.operator_type in NOT_IN_MEMORY)]


@builtin
class WorkloadStage(Stage):
    """Runs the stages below for each layer of the workload, producers before consumers.

    Keywords: ``workload`` and ``accelerator`` (records); ``mapping`` (rules; without any, everything is searched).
    Yields ``(cme, (layer, extra_info))``. Layers that are identical but for their names are searched once.
    """

    declares = StageSpec(
        provides=("layer", "accelerator", "constraints", "layer_memo", "run_files", "tally"),
        requires={
            "workload": Workload,
            "mapping": MappingRules,
            "accelerator": Accelerator,
        },
        prepares=True,
    )

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        workload: Workload,
        accelerator: Accelerator,
        mapping: MappingRules | None = None,
        progress: ProgressListener | None = None,
        tally: SearchTally | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.workload, self.accelerator, self.mapping = workload, accelerator, mapping
        self.progress, self.tally = progress, tally or SearchTally()

    def run(self) -> Iterator[Result]:
        """Yield the results of each layer."""
        layers = layers_priced(self.workload, self.accelerator)
        rules = self.mapping
        memo, run_files = LayerMemo(), RunFiles.of_layers(layers)
        for index, layer in enumerate(layers):
            if self.progress is not None:
                self.progress.layer_started(layer, index, len(layers))
            substage = self.substage(
                layer=layer,
                accelerator=self.accelerator,
                constraints=MappingConstraints() if rules is None else rules.for_layer(layer),
                layer_memo=memo,
                run_files=run_files,
                tally=self.tally,
            )
            for cme, extra_info in substage.run():
                yield cme, (layer, extra_info)
            if self.progress is not None:
                self.progress.layer_done(layer, index, len(layers))


@builtin
class SearchInterLayerDataLocalityStage(Stage):
    """Finds the outermost memory that the tensors of each layer need; stands above WorkloadStage.

    Keywords: ``workload``, ``accelerator``; ``mapping`` (rules, for the operand links);
    ``workload_data_always_from_top_mem``: whether the network's inputs and outputs pass the outermost memory in any
    case. Hands down ``mem_update_list`` (layer id -> {memory operand: memory index}) and ``mem_update_weight``.
    """

    declares = StageSpec(
        provides=("workload", "accelerator", "mapping", "mem_update_list", "mem_update_weight"),
        hands_on=True,
        prepares=True,
    )

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        workload: Workload,
        accelerator: Accelerator,
        mapping: MappingRules | None = None,
        workload_data_always_from_top_mem: bool = False,
        **kwargs: object,
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.workload, self.accelerator, self.mapping = workload, accelerator, mapping
        self.ends_at_the_top = workload_data_always_from_top_mem

    def run(self) -> Iterator[Result]:
        """Yield the results of the stages below."""
        found = search_locality(self.workload, self.accelerator, self.mapping, ends_at_the_top=self.ends_at_the_top)
        yield from self.substage(
            workload=self.workload,
            accelerator=self.accelerator,
            mapping=self.mapping,
            mem_update_list=found.levels,
            mem_update_weight=found.weight_level,
        ).run()


@builtin
class ExploitInterLayerDataLocalityStage(Stage):
    """Leaves out the memories that a layer does not need; stands below WorkloadStage.

    Keywords: ``layer``, ``accelerator``, ``mem_update_list``, ``mem_update_weight``. Hands down an ``accelerator``.
    """

    declares = StageSpec(provides=("layer", "accelerator", "constraints"), hands_on=True, prepares=True)

    def __init__(
        self,
        list_of_callables: Sequence[StageCallable],
        *,
        accelerator: Accelerator,
        layer: Layer,
        mem_update_list: Mapping[int, Mapping[str, int]],
        mem_update_weight: int,
        constraints: MappingConstraints | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(list_of_callables, **kwargs)
        self.accelerator, self.layer, self.constraints = accelerator, layer, constraints or MappingConstraints()
        self.locality = DataLocality({i: dict(levels) for i, levels in mem_update_list.items()}, mem_update_weight)

    def run(self) -> Iterator[Result]:
        """Yield the results of the stages below on the smaller accelerator."""
        if self.layer.id not in self.locality.levels:
            raise PipelineError(
                "ExploitInterLayerDataLocalityStage",
                f"'mem_update_list' has no entry for layer {self.layer.name} (id {self.layer.id})",
                "one for every layer",
                "Let SearchInterLayerDataLocalityStage above WorkloadStage make it.",
            )
        smaller = without_unused_memories(self.accelerator, self.layer, self.constraints, self.locality)
        yield from self.substage(layer=self.layer, accelerator=smaller, constraints=self.constraints).run()
