"""Stages that walk over something."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from zigzag_lab.hardware import Accelerator
from zigzag_lab.mapping.constraints import MappingConstraints, MappingRules
from zigzag_lab.stages.protocols import ProgressListener, RunFiles, SearchTally
from zigzag_lab.stages.reducers import LayerMemo
from zigzag_lab.stages.spec import StageSpec
from zigzag_lab.stages.stage import Result, Stage, StageCallable, builtin
from zigzag_lab.workload import Workload

NOT_IN_MEMORY = ("Pooling", "Add")
"""Types of layers that an in-memory array does not run; only hand-written workloads have them."""


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
        left_out = () if self.accelerator.array.imc is None else NOT_IN_MEMORY  # left to others, free of charge
        layers = [layer for layer in self.workload.layers if layer.operator_type not in left_out]
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
