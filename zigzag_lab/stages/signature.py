"""Introspection of stage constructors: accepted and required keywords."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from types import CodeType
from typing import Any

from zigzag_lab.keys.sources import is_own
from zigzag_lab.vocab import PipelineError

Keywords = Mapping[str, Any]
"""Keyword -> its value, as a stage is given them."""


class _WithoutEffect:
    """See :data:`WITHOUT_EFFECT`."""

    def __repr__(self) -> str:
        return "WITHOUT_EFFECT"


WITHOUT_EFFECT: Any = _WithoutEffect()
"""Default of a keyword that a stage accepts, since scripts written for ZigZag give it, and makes no use of."""


def name_of(stage: object) -> str:
    """Name of a stage, for messages."""
    stage = stage.func if isinstance(stage, partial) else stage
    return str(getattr(stage, "__name__", type(stage).__name__))


def parameters_of(stage: object) -> dict[str, inspect.Parameter]:
    """Keywords that a stage names, over all constructors it inherits."""
    return dict(_parameters_of_class(stage)) if isinstance(stage, type) else _found_parameters(stage)


@cache
def _parameters_of_class(stage: type) -> dict[str, inspect.Parameter]:
    return _found_parameters(stage)


def _found_parameters(stage: object) -> dict[str, inspect.Parameter]:
    owners: Sequence[Any] = stage.__mro__ if isinstance(stage, type) else (stage,)
    found: dict[str, inspect.Parameter] = {}
    for owner in owners:
        init = vars(owner).get("__init__") if isinstance(owner, type) else owner
        if init is None or owner is object:
            continue
        parameters = _parameters(init)
        for parameter in parameters:
            if parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD):
                found.setdefault(parameter.name, parameter)
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            break
    return {k: v for k, v in found.items() if k not in ("self", "list_of_callables")}


def words_of(stage: object) -> set[str]:
    """Names and texts in the code of a user's stage: among them are the keywords that it reads."""
    plain = getattr(stage, "func", stage)
    owners: Sequence[Any] = plain.__mro__ if isinstance(plain, type) else ()
    own = [owner for owner in owners if not is_own(owner)]
    members = [member for owner in own for member in vars(owner).values()] or [plain]
    functions = [getattr(member, "__func__", getattr(member, "fget", member)) for member in members]
    return {word for f in functions for word in _words_in(getattr(f, "__code__", None))}


def _words_in(constant: object) -> set[str]:
    """Names in a piece of code, and all texts among its constants."""
    if isinstance(constant, str):
        return {constant}
    if isinstance(constant, CodeType):
        names = {*constant.co_names, *constant.co_varnames}
        return names.union(*map(_words_in, constant.co_consts))
    return set().union(*map(_words_in, constant)) if isinstance(constant, (tuple, frozenset)) else set()


def needed_keywords(stage: object) -> list[str]:
    """Keywords without which a stage cannot be built; a constructor of a user's may give its base what that needs."""
    owners = [owner for owner in stage.__mro__ if "__init__" in vars(owner)] if isinstance(stage, type) else []
    n_ours = next((place for place, owner in enumerate(owners) if not is_own(owner)), len(owners))
    inits = [vars(owner)["__init__"] for owner in owners[: n_ours + 1]] or [stage]
    named = {p.name for init in inits for p in _parameters(init)}
    return [name for name, p in parameters_of(stage).items() if p.default is p.empty and name in named]


def wrong_kind(stage: str, name: str, value: object, kind: type, remedy: str) -> PipelineError:
    """Return the error for a keyword of a wrong type, such as a file where the stage needs the record read from it."""
    shown = f"'{value}'" if isinstance(value, (str, Path)) else f"of type {type(value).__name__}"
    return PipelineError(stage, f"its '{name}' is {shown}", f"a record of type {kind.__name__}", remedy)


def _parameters(function: Any) -> list[inspect.Parameter]:
    """Parameters of a function; none where it has no signature."""
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return []
