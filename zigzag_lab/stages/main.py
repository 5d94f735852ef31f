"""The entry point of a pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from zigzag_lab.stages.check import ALIASES, check_pipeline
from zigzag_lab.stages.stage import Result, Stage, StageCallable
from zigzag_lab.vocab import PipelineError


class MainStage:
    """Runs a list of stages.

    Args:
        list_of_callables: the stages, top down; the last one is CostModelStage.
        **kwargs: what the stages need. The whole list is checked against them before anything runs.
    """

    def __init__(self, list_of_callables: Sequence[StageCallable], **kwargs: Any) -> None:
        from zigzag_lab.stages import BUILTIN_STAGES

        self.list_of_callables = [stage for stage in list_of_callables if stage is not None]
        self.kwargs = _without_aliases(kwargs)
        check_pipeline(self.list_of_callables, self.kwargs, BUILTIN_STAGES)

    def run(self) -> list[Result]:
        """Run the pipeline and return its results."""
        stage: Stage = self.list_of_callables[0](self.list_of_callables[1:], **self.kwargs)
        return list(stage.run())


def _without_aliases(kwargs: dict[str, Any]) -> dict[str, Any]:
    renamed: dict[str, Any] = {}
    for name, value in kwargs.items():
        target = ALIASES.get(name, name)
        if target in renamed:
            raise PipelineError(
                "MainStage", f"'{name}' and '{target}' say the same", "one of them", f"Keep '{target}'."
            )
        renamed[target] = value
    return renamed
