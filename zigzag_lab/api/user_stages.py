"""Stages of the user's, from the modules that they name. Nothing else is imported."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from zigzag_lab.keys.sources import is_own
from zigzag_lab.stages import Stage, StageCallable
from zigzag_lab.vocab import InputError

WHERE = "--stages"


def stages_of_modules(modules: Sequence[str]) -> dict[str, StageCallable]:
    """Name -> the stages that modules (dotted names, or Python files) define, or import from elsewhere.

    Raises:
        InputError: one cannot be imported, has no stages, or names two stages as another one does.
    """
    found: dict[str, StageCallable] = {}
    for name in modules:
        module = _module(name)
        stages: dict[str, StageCallable] = {}
        for value in vars(module).values():
            is_stage = isinstance(value, type) and issubclass(value, Stage)
            is_function = inspect.isfunction(value) and value.__module__ == module.__name__
            if (is_stage or is_function) and not is_own(value):
                stages[value.__name__] = value
        if not stages:
            raise InputError(WHERE, f"{name} has no stages", "a module with classes derived from Stage")
        for called, stage in stages.items():
            if found.setdefault(called, stage) is not stage:
                raise InputError(WHERE, f"{name} and a module before it both have a stage {called}", "one of them")
    return found


def _module(name: str) -> ModuleType:
    try:
        return _from_file(Path(name)) if name.endswith(".py") else importlib.import_module(name)
    except FileNotFoundError:
        raise InputError(WHERE, f"there is no file {name}", "a module or a Python file") from None
    except ModuleNotFoundError as error:
        hint = f"Is it {name}.py?" if Path(f"{name}.py").is_file() else ""
        raise InputError(WHERE, f"{name} cannot be imported: {error}", "a module or a Python file", hint) from error
    except Exception as error:  # whatever the code of the user's does
        found = f"{name} cannot be imported: {type(error).__name__}: {error}"
        raise InputError(WHERE, found, "a module that can") from error


def _from_file(path: Path) -> ModuleType:
    """A file as the module of its name, which worker processes find beside it."""
    path = path.resolve()
    if not path.is_file():
        raise FileNotFoundError(path)
    known = sys.modules.get(path.stem)
    if known is not None and getattr(known, "__file__", None) == str(path):
        return known
    if known is not None:
        raise InputError(WHERE, f"{path.name} is called like a module that is loaded already", "another file name")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise InputError(WHERE, f"{path} is no Python file", "a module or a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    sys.path.append(str(path.parent))
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[path.stem]
        raise
    return module
