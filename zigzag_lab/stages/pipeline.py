"""A checked list of stages and their keywords."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from zigzag_lab.stages.check import ALIASES, check_pipeline
from zigzag_lab.stages.signature import parameters_of
from zigzag_lab.stages.stage import STAGES, Result, Stage, StageCallable
from zigzag_lab.vocab import PipelineError


class Pipeline:
    """Runs a list of stages and records nothing; ``zigzag_lab.MainStage`` is a pipeline with a record.

    Args:
        list_of_callables: the stages, top down; the last one is CostModelStage. None stands for no stage.
        without_effect: keywords that are given whatever the stages: no warning where a stage makes no use of them.
        **kwargs: what the stages need. The whole list is checked against them before anything runs.

    Raises:
        PipelineError: the list cannot run; names the stage and the remedy.
    """

    def __init__(
        self, list_of_callables: Sequence[StageCallable | None], *, without_effect: Collection[str] = (), **kwargs: Any
    ) -> None:
        if isinstance(list_of_callables, (type, str)) or not isinstance(list_of_callables, Iterable):
            found = getattr(list_of_callables, "__name__", repr(list_of_callables))
            raise PipelineError("MainStage", f"found {found}", "a list of stages", "Put brackets around the stages.")
        self.list_of_callables: list[StageCallable] = [stage for stage in list_of_callables if stage is not None]
        self.kwargs = _without_aliases(kwargs, self.list_of_callables)
        check_pipeline(self.list_of_callables, self.kwargs, STAGES.values(), without_effect)

    def run(self) -> list[Result]:
        """Run the pipeline and return its results."""
        return self.run_pipeline()

    def run_pipeline(self, **changes: Any) -> list[Result]:
        """Run the stages with the keywords of this pipeline, some of them changed, and return their results."""
        return list(self.results(**changes))

    def results(self, **changes: Any) -> Iterator[Result]:
        """The same, one result after the other as they are found."""
        stage: Stage = self.list_of_callables[0](self.list_of_callables[1:], **{**self.kwargs, **changes})
        return stage.run()


def _without_aliases(kwargs: dict[str, Any], stages: Sequence[StageCallable]) -> dict[str, Any]:
    """The keywords under their present names, but for those that a stage of the user's reads under the older one."""
    read = {name for stage in stages if callable(stage) for name in parameters_of(stage)}
    renamed: dict[str, Any] = {}
    for name, value in kwargs.items():
        target = name if name in read else ALIASES.get(name, name)
        if target in renamed:
            raise PipelineError(
                "MainStage", f"'{name}' and '{target}' say the same", "one of them", f"Keep '{target}'."
            )
        renamed[target] = value
    return renamed
