"""Presets: accelerators, mappings and networks that ship with the package and go by name.

An accelerator and its mapping share a name (``tpu_like``); networks are ONNX models without weights (``resnet18``),
written by ``tests.inputs.presets.make_workloads``.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from zigzag_lab.vocab import InputError, nearest

Kind = Literal["accelerator", "mapping", "workload"]
"""What a preset describes."""

_SUFFIXES = MappingProxyType({"accelerator": ".yaml", "mapping": ".yaml", "workload": ".onnx"})


def preset_names(kind: Kind) -> list[str]:
    """The names of all presets of a kind, in alphabetical order.

    Raises:
        InputError: there is no such kind.
    """
    return sorted(path.stem for path in _folder(kind).glob(f"*{_SUFFIXES[kind]}"))


def preset_path(kind: Kind, name: str) -> Path:
    """The file of a preset, whose name, such as ``tpu_like`` or ``resnet18``, has no suffix.

    Raises:
        InputError: there is no such kind, or no preset of that name.
    """
    names = preset_names(kind)
    if name not in names:
        expected = f"one of {', '.join(names)}"
        raise InputError(kind, f"there is no preset called '{name}'", expected, nearest(name, names))
    return _folder(kind) / f"{name}{_SUFFIXES[kind]}"


def resolve(kind: Kind, text: str | Path) -> Path:
    """The file that a user means: a path that exists wins, else the name of a preset.

    Raises:
        InputError: no such file and no such preset; lists the presets and the nearest spelling.
    """
    names = preset_names(kind)
    name = str(text)
    given = _existing(name)
    if given and not (given.is_dir() and name in names):
        return given
    if name in names:
        return preset_path(kind, name)
    shown = name if len(name) <= 200 else f"{name[:200]}..."
    found = f"'{shown}' is neither a file nor a preset" if name else "nothing was given"
    hint = nearest(Path(name).stem[:200], names) or "Give the path of a file, or one of these names."
    raise InputError(kind, found, f"a {_SUFFIXES[kind]} file, or a preset: {', '.join(names)}", hint)


def _existing(text: str) -> Path | None:
    """The path, if something is there. What no file system can hold (too long, a null character) is not there."""
    try:
        path = Path(text).expanduser()
        return path if text and path.exists() else None
    except (OSError, ValueError, RuntimeError):
        return None


def _folder(kind: str) -> Path:
    if kind not in _SUFFIXES:
        raise InputError(
            "presets", f"unknown kind '{kind}'", f"one of {', '.join(_SUFFIXES)}", nearest(kind, _SUFFIXES)
        )
    return Path(str(files(__name__))) / f"{kind}s"
