"""What a stage declares of itself, as one object: from its constructor's signature, and from its class.

A class declares by ``declares = StageSpec(...)``, or by a class attribute of the name of a field, such as ``is_pure =
False``, which goes first. It inherits what the nearest of its bases declares, but for two things: the fields in
:data:`CLAIMS` hold for the class alone that declares them, since a subclass may do something else; and ``requires``
does not pass to a class outside this package with a constructor of its own, which may accept more.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache, partial
from pathlib import Path
from types import CodeType
from typing import Any

from zigzag_lab.keys.sources import is_own
from zigzag_lab.vocab import PipelineError

CLAIMS = frozenset({"is_complete", "is_pure", "takes_batches", "hands_on"})
"""Fields that no subclass inherits."""

OTHER_NAMES = {"is_builtin": "is_complete"}
"""Class attribute -> the field that it declares, where their names differ."""


@dataclass(frozen=True)
class StageSpec:
    """The declarations of a stage.

    Attributes:
        provides: keywords that the stage hands to its substages, whether or not it was given them.
        consumes: keywords in its signature that it withholds from its substages. Of a stage of ours, all that it does
            not provide.
        requires: keywords that must be records by the time the stage is built -> their class.
        reads: keywords that it turns into records.
        writes: keywords that, given, have it write files; answers from a cache would leave them unwritten.
        changes_nothing: keywords that it reads and that change no result.
        is_complete: whether these declarations are complete, so that a pipeline can be checked before it runs.
        is_pure: whether its results depend on its keywords alone, so that they may be reused. None where that is not
            declared: then a cache stores them unless the code shows something to the contrary.
        takes_batches: whether its keyword ``temporal_mapping`` may be a whole batch.
        yields_lists: whether the extra information it yields is a list of the results below.
        hands_on: whether it yields the results of the stages below as they are.
        leaves_records: whether it puts more on record than its results: saved CMEs, or child runs.
        prepares: whether it only makes keywords for the stages below: reads, walks over layers, proposes.
        is_cache: whether it only looks answers up.
        provides_from: keywords given to a pipeline -> those that the stage sets because one of the given ones names
            them.
        parameters: keyword -> its parameter in the constructors. Follows from the signature.
        is_ours: whether the stage ships with this package and its declarations are complete. Follows from its module.
    """

    provides: tuple[str, ...] = ()
    consumes: tuple[str, ...] = ()
    requires: Mapping[str, type] = field(default_factory=dict)
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    changes_nothing: tuple[str, ...] = ()
    is_complete: bool = False
    is_pure: bool | None = None
    takes_batches: bool = False
    yields_lists: bool = False
    hands_on: bool = False
    leaves_records: bool = False
    prepares: bool = False
    is_cache: bool = False
    provides_from: Callable[[Keywords], Iterable[str]] = lambda _: ()
    parameters: Mapping[str, inspect.Parameter] = field(default_factory=dict)
    is_ours: bool = False


NOTHING = StageSpec()
"""The declarations of a stage that declares nothing."""

FOLLOWING = ("parameters", "is_ours")
DECLARED_BY = {f.name: f.name for f in fields(StageSpec) if f.name not in FOLLOWING} | OTHER_NAMES
"""Class attribute -> the field that it declares."""


def spec_of(stage: object) -> StageSpec:
    """Return the declarations of a stage, or of whatever else builds one, such as a function."""
    if isinstance(stage, type):
        return _spec_of_class(stage)
    return StageSpec(**_declared(stage, dir(stage)), parameters=parameters_of(stage))


def is_ours(stage: object) -> bool:
    """Whether a stage ships with this package and reads no keyword that it does not name."""
    return spec_of(stage).is_ours


@cache
def _spec_of_class(stage: type) -> StageSpec:
    found = _declared(stage, vars(stage))
    owners = stage.__mro__
    for place, base in enumerate(owners[1:], start=1):
        inherited = _declared(base, vars(base))
        if is_own(base):
            inherited["consumes"] = spec_of(base).consumes
        may_accept_more = any("__init__" in vars(owner) and not is_own(owner) for owner in owners[:place])
        excepted = CLAIMS | {"requires"} if may_accept_more else CLAIMS
        found = {name: value for name, value in inherited.items() if name not in excepted} | found
    parameters = parameters_of(stage)
    if is_own(stage):
        found["consumes"] = tuple(name for name in parameters if name not in found.get("provides", ()))
    is_ours = is_own(stage) and found.get("is_complete", False)
    return StageSpec(**found, parameters=parameters, is_ours=is_ours)


def _declared(stage: object, names: Iterable[str]) -> dict[str, Any]:
    """Field -> what a stage declares by some of its attributes."""
    found = {DECLARED_BY[name]: getattr(stage, name) for name in names if name in DECLARED_BY}
    spec = getattr(stage, "declares", None) if "declares" in names else None
    if not isinstance(spec, StageSpec):
        return found
    values = {name: getattr(spec, name) for name in DECLARED_BY.values()}
    return {name: value for name, value in values.items() if value != getattr(NOTHING, name)} | found


Keywords = Mapping[str, object]
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


def _found_parameters(stage: object) -> dict[str, inspect.Parameter]:
    owners: Sequence[object] = stage.__mro__ if isinstance(stage, type) else (stage,)
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


_parameters_of_class = cache(_found_parameters)


def words_of(stage: object) -> set[str]:
    """Names and texts in the code of a user's stage: among them are the keywords that it reads."""
    plain = getattr(stage, "func", stage)
    owners: Sequence[object] = plain.__mro__ if isinstance(plain, type) else ()
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
    return [*(_needed_by_class(stage) if isinstance(stage, type) else _needed(stage))]


def _needed(stage: object) -> Sequence[str]:
    owners = [o for o in stage.__mro__[:-1] if "__init__" in vars(o)] if isinstance(stage, type) else []
    n_ours = next((place for place, owner in enumerate(owners) if not is_own(owner)), len(owners))
    inits = [vars(owner)["__init__"] for owner in owners[: n_ours + 1]] or [stage]
    named = {p.name for init in inits for p in _parameters(init)}
    return [name for name, p in parameters_of(stage).items() if p.default is p.empty and name in named]


_needed_by_class = cache(_needed)


def wrong_kind(stage: str, name: str, value: object, kind: type, remedy: str) -> PipelineError:
    """Return the error for a keyword of a wrong type, such as a file where the stage needs the record read from it."""
    shown = f"'{value}'" if isinstance(value, (str, Path)) else f"of type {type(value).__name__}"
    return PipelineError(stage, f"its '{name}' is {shown}", f"a record of type {kind.__name__}", remedy)


def _parameters(function: object) -> list[inspect.Parameter]:
    """Parameters of a function; none where it has no signature."""
    try:
        return list(inspect.signature(function).parameters.values()) if callable(function) else []
    except (TypeError, ValueError):
        return []
