"""Code of users by its source: what a class or a function of theirs would do.

A class is known by its own source and that of its bases outside this package, by the functions and classes of its
module that they name, and by the plain values of globals that they read. What cannot be known so (a lambda, a closure,
a global object) has no key; a class may declare ``cache_version = "..."`` instead.
"""

from __future__ import annotations

import inspect
from functools import cache, partial
from hashlib import sha256
from types import CodeType, FunctionType, ModuleType
from typing import Any

from zigzag_lab.keys.canonical import canonical_json
from zigzag_lab.vocab import InputError, ZigzagLabError

OWN = "zigzag_lab"


class NotKeyableError(ZigzagLabError):
    """Something has no key: questions that depend on it are computed each time."""


def is_own(code: Any) -> bool:
    """Whether a class or function ships with this package, where the engine's digest speaks for it."""
    module = getattr(code, "__module__", None) or ""
    return module == OWN or module.startswith(OWN + ".")


def code_document(code: Any) -> Any:
    """What a callable of a user does, as plain data.

    Raises:
        NotKeyableError: its source does not say it all.
    """
    if isinstance(code, partial):
        if any(not _is_plain(value) for value in (*code.args, *code.keywords.values())):
            raise NotKeyableError(f"{_name(code.func)} is given objects that have no key")
        return {"partial": code_document(code.func), "given": [list(code.args), dict(code.keywords)]}
    if isinstance(code, (type, FunctionType)):
        return _document(code)
    raise NotKeyableError(f"{code!r} is neither a class nor a function")


@cache
def _document(code: Any) -> Any:
    if is_own(code):
        return _name(code)
    version = vars(code).get("cache_version") if isinstance(code, type) else None
    if version is not None:
        return {"name": _name(code), "version": str(version)}
    found: dict[str, Any] = {}
    _collect(code, found)
    text = "\n".join(f"{name}\0{source}" for name, source in sorted(found.items()))
    return {"name": _name(code), "source": sha256(text.encode()).hexdigest()}


def _collect(code: Any, found: dict[str, Any]) -> None:
    """Note the source of something, and of what it names, once each."""
    name = _name(code)
    if name in found or is_own(code) or code.__module__ == "builtins":
        return
    found[name] = _source(code)
    if isinstance(code, type):
        for base in code.__mro__[1:]:
            if _is_users(base, code):
                _collect(base, found)
        functions = [f for member in vars(code).values() for f in _functions_in(member)]
    else:
        functions = [code]
    for function in functions:
        _collect_globals(function, found)


def _functions_in(member: Any) -> list[FunctionType]:
    candidates = (member, getattr(member, "__func__", None), getattr(member, "fget", None), getattr(member, "func", 0))
    return [inspect.unwrap(f) for f in candidates if isinstance(f, FunctionType)]


def _collect_globals(function: FunctionType, found: dict[str, Any]) -> None:
    closed = set(function.__code__.co_freevars) - {"__class__"}
    if closed:
        raise NotKeyableError(f"{_name(function)} closes over {', '.join(sorted(closed))}")
    for name in sorted(_names(function.__code__) & set(function.__globals__)):
        value = function.__globals__[name]
        label = f"{function.__module__}:{name}"
        if isinstance(value, ModuleType):
            continue
        if isinstance(value, (type, FunctionType)):
            if _is_users(value, function):
                _collect(value, found)
        elif _is_plain(value):
            found[label] = canonical_json(value).decode()
        elif not _is_passive(value):
            raise NotKeyableError(f"{_name(function)} reads the global '{name}', which has no key")


def _names(code: CodeType) -> set[str]:
    nested = (c for c in code.co_consts if isinstance(c, CodeType))
    return set(code.co_names).union(*(_names(c) for c in nested))


def _is_users(code: Any, near: Any) -> bool:
    """Whether something is of the user's own making: of the same top package, or of the script, as what names it."""
    module = (getattr(code, "__module__", "") or "").split(".")[0]
    return bool(module) and module == (near.__module__ or "").split(".")[0] and not is_own(code)


def _is_passive(value: Any) -> bool:
    """Loggers, built-in functions and things of typing change no result."""
    module = type(value).__module__.split(".")[0]
    return module in ("logging", "typing", "__future__") or inspect.isbuiltin(value)


def _is_plain(value: Any) -> bool:
    try:
        canonical_json(value)
    except InputError:
        return False
    return True


def _source(code: Any) -> str:
    if "<lambda>" in code.__qualname__:
        raise NotKeyableError("a lambda has no key")
    try:
        return inspect.getsource(code)
    except (OSError, TypeError):
        raise NotKeyableError(f"the source of {_name(code)} cannot be read") from None


def _name(code: Any) -> str:
    return f"{getattr(code, '__module__', '?')}.{getattr(code, '__qualname__', repr(code))}"
