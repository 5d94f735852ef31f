"""A checked list of stages and their keywords."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache

from zigzag_lab.stages.protocols import SERVICES
from zigzag_lab.stages.savers import PickleSaveStage
from zigzag_lab.stages.spec import (
    WITHOUT_EFFECT,
    Keywords,
    is_ours,
    name_of,
    needed_keywords,
    parameters_of,
    spec_of,
    words_of,
    wrong_kind,
)
from zigzag_lab.stages.stage import STAGES, Result, Stage, StageCallable
from zigzag_lab.vocab import PipelineError, nearest


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
        self,
        list_of_callables: Sequence[StageCallable | None],
        *,
        without_effect: Collection[str] = (),
        **kwargs: object,
    ) -> None:
        if isinstance(list_of_callables, (type, str)) or not isinstance(list_of_callables, Iterable):
            found = getattr(list_of_callables, "__name__", repr(list_of_callables))
            raise PipelineError("MainStage", f"found {found}", "a list of stages", "Put brackets around the stages.")
        self.list_of_callables: list[StageCallable] = [stage for stage in list_of_callables if stage is not None]
        self.kwargs = _without_aliases(kwargs, self.list_of_callables)
        check_pipeline(self.list_of_callables, self.kwargs, STAGES.values(), without_effect)

    def run(self) -> list[Result]:
        """Run the pipeline and return its results."""
        return list(self.results())

    def results(self, **changes: object) -> Iterator[Result]:
        """Yield the results as they are found, of the stages with some keywords of this pipeline changed."""
        stage: Stage = self.list_of_callables[0](self.list_of_callables[1:], **{**self.kwargs, **changes})
        return stage.run()


def _without_aliases(kwargs: dict[str, object], stages: Sequence[StageCallable]) -> dict[str, object]:
    """The keywords under their present names, but for those that a stage of the user's reads under the older one."""
    read = {name for stage in stages if callable(stage) for name in parameters_of(stage)}
    renamed: dict[str, object] = {}
    for name, value in kwargs.items():
        target = name if name in read else ALIASES.get(name, name)
        if target in renamed:
            raise PipelineError(
                "MainStage", f"'{name}' and '{target}' say the same", "one of them", f"Keep '{target}'."
            )
        renamed[target] = value
    return renamed


logger = logging.getLogger(__name__)

LIKENESS = 0.7
"""From which on a keyword is taken for a slip of another, where stages of the user's stand in the list."""

ALIASES = {"onnx_model_path": "workload", "workload_path": "workload"}
"""Older names of keywords."""


def check_pipeline(
    stages: Sequence[StageCallable],
    kwargs: dict[str, object],
    known: Iterable[type[Stage]],
    without_effect: Collection[str] = (),
) -> None:
    """Refuse a list, top down, that cannot run with the keywords given to ``MainStage``.

    Of the ``known`` stages one may provide what is missing. Keywords ``without_effect`` are no reason for a warning.

    Raises:
        PipelineError: names the stage and the remedy.
    """
    if not stages:
        raise PipelineError("MainStage", "the list of stages is empty", hint="End it with CostModelStage.")
    for position, stage in enumerate(stages):
        _check_is_stage(position, stage)
    _check_leaf(stages)
    _check_lists(stages)
    _check_keywords(stages, kwargs, known)
    _warn_without_effect(stages, kwargs.keys() - without_effect)
    _check_needs(stages, kwargs, known)


def _check_is_stage(position: int, stage: object) -> None:
    is_other_class = isinstance(stage, type) and not issubclass(stage, Stage)
    if callable(stage) and not is_other_class and not isinstance(stage, Stage):
        return
    raise PipelineError(
        "MainStage",
        f"entry {position + 1} of the list, {stage!r}, is not a stage",
        "a class derived from zigzag_lab.stages.Stage",
        "Give the class itself, not an instance of it." if isinstance(stage, Stage) else "Derive it from Stage.",
    )


def _is_leaf(stage: StageCallable) -> bool:
    if not (isinstance(stage, type) and issubclass(stage, Stage)):
        return False
    return stage.is_leaf is not Stage.is_leaf


def _check_leaf(stages: Sequence[StageCallable]) -> None:
    for name in (name_of(stage) for stage in stages[:-1] if _is_leaf(stage)):
        hint = f"Move {name} to the end of the list."
        raise PipelineError(name, "stands above other stages", "the last place", hint)
    last, hint = stages[-1], "End the list with CostModelStage."
    if isinstance(last, type) and issubclass(last, Stage) and not _is_leaf(last):
        raise PipelineError(name_of(last), "stands last, with no stage below it", hint=hint)


def _check_lists(stages: Sequence[StageCallable]) -> None:
    for position, stage in enumerate(stages):
        if stage is not PickleSaveStage:
            continue
        source = next(s for s in stages[position + 1 :] if not spec_of(s).hands_on)
        if spec_of(source).is_complete and not spec_of(source).yields_lists:
            raise PipelineError(
                name_of(stage),
                f"gets the results of {name_of(source)}, which yields no list of them",
                "a stage below that collects results",
                "Put SumStage or a reduction such as MinimalLatencyStage right below PickleSaveStage.",
            )


def _check_keywords(stages: Sequence[StageCallable], kwargs: dict[str, object], known: Iterable[type[Stage]]) -> None:
    readers = _readers(stages)
    varied = [name for stage in stages for name in spec_of(stage).provides_from(kwargs)]
    own = [stage for stage in stages if not spec_of(stage).is_complete]
    for name in (*kwargs, *varied):
        if name in readers or name in SERVICES:
            continue
        meant = _meant_by(name, readers)
        hint = f"Did you mean '{meant}'? {readers[meant]} reads it." if meant else "Remove it."
        is_slip = bool(_meant_by(name, readers, LIKENESS)) and not any(name in words_of(stage) for stage in own)
        if name in _readers(known) or (own and not is_slip):
            logger.warning("no stage of this pipeline names the keyword '%s'. %s", name, hint if meant else "")
            continue
        expected = "" if meant else f"one of {', '.join(sorted(readers))}"
        more = " A stage of yours that reads it names it in its constructor." if own else ""
        raise PipelineError("MainStage", f"no stage knows the keyword '{name}'", expected, hint + more)


def _warn_without_effect(stages: Sequence[StageCallable], names: Collection[str]) -> None:
    """Warn, once a process, of those keywords that stages accept and none makes use of."""
    named = [(name, stage, p.default) for stage in stages for name, p in parameters_of(stage).items()]
    for name, stage, default in named:
        has_reader = any(other == name and given is not WITHOUT_EFFECT for other, _, given in named)
        if default is WITHOUT_EFFECT and name in names and not has_reader and all(map(is_ours, stages)):
            _warn_once(name_of(stage), name)


@cache
def _warn_once(stage: str, name: str) -> None:
    logger.warning("the keyword '%s' is without effect: %s makes no use of it", name, stage)


def _meant_by(name: str, readers: Mapping[str, str], likeness: float = 0.6) -> str:
    """The keyword that another is a slip of: one like it, or one that it is a part of; empty where there is none."""
    sentence = nearest(name, readers, likeness)
    if sentence:
        return sentence.split("'")[1]
    return next((reader for reader in readers if f"_{name}_" in f"_{reader}_"), "")


def _readers(stages: Iterable[StageCallable]) -> dict[str, str]:
    """Keyword -> the first stage that reads it."""
    readers: dict[str, str] = {}
    for stage in stages:
        for name in parameters_of(stage):
            readers.setdefault(name, name_of(stage))
    return readers


def _check_needs(stages: Sequence[StageCallable], kwargs: dict[str, object], known: Iterable[type[Stage]]) -> None:
    available, unread = set(kwargs), dict(kwargs)
    for stage in stages:
        for name in needed_keywords(stage):
            if name not in available:
                found = f"needs '{name}', which it is not given"
                raise PipelineError(name_of(stage), found, hint=_remedy(name, stage, stages, known, kwargs))
        _check_kinds(stage, unread, stages, known)
        spec = spec_of(stage)
        varied = tuple(spec.provides_from(kwargs))
        provides = {*spec.provides, *varied}
        if not spec.is_complete and not provides:
            return  # it may hand down anything; what is missing below is reported when it is met
        for name in (*spec.reads, *varied):
            unread.pop(name, None)
        available |= provides
        available -= set(spec.consumes) - provides


def _check_kinds(
    stage: StageCallable, unread: Keywords, stages: Sequence[StageCallable], known: Iterable[type[Stage]]
) -> None:
    """Refuse a file where a stage needs the record read from it."""
    for name, kind in spec_of(stage).requires.items():
        value = unread.get(name)
        if value is not None and not isinstance(value, kind):
            makers = [s for s in known if name in spec_of(s).reads] or [s for s in known if _provides(s, name)]
            raise wrong_kind(name_of(stage), name, value, kind, _placement(makers, stage, stages))


def _provides(stage: type[Stage], name: str) -> bool:
    return name in spec_of(stage).provides and name not in parameters_of(stage)


def _placement(makers: Sequence[type[Stage]], stage: StageCallable, stages: Sequence[StageCallable]) -> str:
    """Where to put one of the stages that make what is missing; nothing where none can."""
    below = [maker for maker in makers if maker in stages[stages.index(stage) + 1 :]]
    if below:
        return f"Move {name_of(below[0])}, which provides it, above {name_of(stage)}."
    missing = [maker for maker in makers if maker not in stages]
    if missing:
        return f"Put {name_of(missing[0])}, which provides it, above {name_of(stage)}."
    return ""


def _remedy(
    name: str,
    stage: StageCallable,
    stages: Sequence[StageCallable],
    known: Iterable[type[Stage]],
    kwargs: dict[str, object],
) -> str:
    placement = _placement([s for s in known if _provides(s, name)], stage, stages)
    if placement:
        return placement
    if name in kwargs:
        above = next(s for s in stages if name in spec_of(s).consumes)
        return f"{name_of(above)}, which stands above, withholds it: move {name_of(stage)} above {name_of(above)}."
    spelling = nearest(name, [k for k in kwargs if k not in parameters_of(stage)])
    if spelling:
        close = spelling.split("'")[1]
        return f"Give MainStage the keyword '{name}'; is '{close}' a misspelling of it?"
    return f"Give MainStage the keyword '{name}'."
