"""A pipeline is checked before it runs: every keyword is wanted by some stage, every stage gets what it needs."""

from __future__ import annotations

import inspect
import itertools
import logging
from collections.abc import Iterable, Sequence
from typing import Any

from zigzag_lab.stages.savers import PickleSaveStage
from zigzag_lab.stages.stage import Stage, StageCallable
from zigzag_lab.vocab import PipelineError, nearest

logger = logging.getLogger(__name__)

ALIASES = {"onnx_model_path": "workload", "workload_path": "workload"}
"""Older names of keywords."""


def check_pipeline(stages: Sequence[StageCallable], kwargs: dict[str, Any], known: Sequence[type[Stage]]) -> None:
    """Refuse a list that cannot run.

    Args:
        stages: the list, top down.
        kwargs: the keywords given to ``MainStage``.
        known: the built-in stages, to say which one would provide what is missing.

    Raises:
        PipelineError: names the stage and the remedy.
    """
    if not stages:
        raise PipelineError("MainStage", "the list of stages is empty", hint="End it with CostModelStage.")
    for position, stage in enumerate(stages):
        if not callable(stage):
            raise PipelineError("MainStage", f"entry {position + 1} of the list, {stage!r}, is not a stage", "a class")
    _check_leaf(stages)
    _check_lists(stages)
    _check_keywords(stages, kwargs, known)
    _check_needs(stages, kwargs, known)


def _name(stage: Any) -> str:
    return getattr(stage, "__name__", type(stage).__name__)


def _is_leaf(stage: StageCallable) -> bool:
    if not (isinstance(stage, type) and issubclass(stage, Stage)):
        return False
    return stage.is_leaf is not Stage.is_leaf


def _check_leaf(stages: Sequence[StageCallable]) -> None:
    for stage in stages[:-1]:
        if _is_leaf(stage):
            raise PipelineError(
                _name(stage),
                "stands above other stages",
                "the last place",
                f"Move {_name(stage)} to the end of the list.",
            )
    last = stages[-1]
    if isinstance(last, type) and issubclass(last, Stage) and last.is_builtin and not _is_leaf(last):
        raise PipelineError(
            _name(last), "stands last, with no stage below it", hint="End the list with CostModelStage."
        )


def _check_lists(stages: Sequence[StageCallable]) -> None:
    for stage, below in itertools.pairwise(stages):
        is_builtin = isinstance(below, type) and issubclass(below, Stage) and below.is_builtin
        if stage is PickleSaveStage and is_builtin and not getattr(below, "yields_lists", False):
            raise PipelineError(
                "PickleSaveStage",
                f"{_name(below)} right below it yields no list of results",
                "a stage that collects results",
                "Put SumStage or a reduction such as MinimalLatencyStage right below it.",
            )


def _parameters(stage: StageCallable) -> dict[str, inspect.Parameter]:
    """Named keywords of a stage, over all constructors it inherits."""
    classes: Iterable[Any] = stage.__mro__ if isinstance(stage, type) else (stage,)
    found: dict[str, inspect.Parameter] = {}
    for cls in classes:
        init = cls.__dict__.get("__init__") if isinstance(cls, type) else cls
        if init is None or cls is object:
            continue
        for parameter in list(inspect.signature(init).parameters.values()):
            if parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD):
                found.setdefault(parameter.name, parameter)
    return {k: v for k, v in found.items() if k not in ("self", "list_of_callables")}


def _is_opaque(stage: StageCallable) -> bool:
    """Whether a stage may read or hand down keywords that it does not name."""
    return not (isinstance(stage, type) and issubclass(stage, Stage) and stage.is_builtin)


def _check_keywords(stages: Sequence[StageCallable], kwargs: dict[str, Any], known: Sequence[type[Stage]]) -> None:
    wanted = {name for stage in stages for name in _parameters(stage)}
    by_any = {name for stage in known for name in _parameters(stage)}
    for name in kwargs:
        if name in wanted:
            continue
        if name in by_any or any(_is_opaque(stage) for stage in stages):
            logger.warning("keyword '%s' is read by no stage of this pipeline", name)
            continue
        close = nearest(name, wanted)
        expected = "" if close else f"one of {', '.join(sorted(wanted))}"
        raise PipelineError("MainStage", f"no stage knows the keyword '{name}'", expected, close or "Remove it.")


def _check_needs(stages: Sequence[StageCallable], kwargs: dict[str, Any], known: Sequence[type[Stage]]) -> None:
    available = set(kwargs)
    opaque_above = False
    for stage in stages:
        for name, parameter in _parameters(stage).items():
            if parameter.default is inspect.Parameter.empty and name not in available and not opaque_above:
                raise PipelineError(
                    _name(stage),
                    f"needs '{name}', which it is not given",
                    hint=_remedy(name, stage, stages, known, kwargs),
                )
        opaque_above = opaque_above or (_is_opaque(stage) and not getattr(stage, "provides", ()))
        available |= set(getattr(stage, "provides", ()))
        available -= set(getattr(stage, "consumes", ())) - set(getattr(stage, "provides", ()))


def _remedy(
    name: str,
    stage: StageCallable,
    stages: Sequence[StageCallable],
    known: Sequence[type[Stage]],
    kwargs: dict[str, Any],
) -> str:
    providers = [s for s in known if name in s.provides and name not in _parameters(s)]
    below = [_name(s) for s in stages if s in providers and stages.index(s) > stages.index(stage)]
    if below:
        return f"Move {below[0]}, which provides it, above {_name(stage)}."
    missing = [s for s in providers if s not in stages]
    if missing:
        return f"Put {_name(missing[0])}, which provides it, above {_name(stage)}."
    spelling = nearest(name, [k for k in kwargs if k not in _parameters(stage)])
    if spelling:
        close = spelling.split("'")[1]
        return f"Give MainStage the keyword '{name}'; is '{close}' a misspelling of it?"
    return f"Give MainStage the keyword '{name}'."
