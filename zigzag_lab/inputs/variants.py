"""Variants of a YAML document: values at paths replaced."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import cast

from zigzag_lab.inputs.presets import resolve
from zigzag_lab.inputs.yaml_file import load_yaml
from zigzag_lab.vocab import InputError, nearest

_PART = re.compile(r"([^.\[\]]+)((?:\[\d+\])*)")


def accelerator_document(source: str | Path | Mapping[str, object]) -> dict[str, object]:
    """The plain data of an accelerator file, of a preset, or of a mapping.

    Raises:
        InputError: it is no mapping, or the file cannot be read.
    """
    data = load_yaml(resolve("accelerator", source)).data if isinstance(source, (str, Path)) else source
    if not isinstance(data, Mapping):
        raise InputError("accelerator", f"found {type(data).__name__}", "a YAML file or a mapping of keys to values")
    return dict(data)


def with_values(document: Mapping[str, object], values: Mapping[str, object]) -> dict[str, object]:
    """A copy of a document with values at some paths replaced; only the last key of a path may be new.

    Args:
        document: plain mappings, lists and scalars; left as it is.
        values: path such as ``memories.sram.size`` or ``operational_array.sizes[0]`` -> new value.

    Raises:
        InputError: a path is malformed or leads nowhere.
    """
    changed = copy.deepcopy(dict(document))
    for path, value in values.items():
        *inner, last = _keys(path)
        holder: object = changed
        for key in inner:
            holder = _at(path, holder, key)
        if not (isinstance(holder, dict) and isinstance(last, str)):
            _at(path, holder, last)
        cast(MutableMapping[str | int, object], holder)[last] = copy.deepcopy(value)
    return changed


def value_in(document: object, path: str) -> object:
    """What stands at a path of a document.

    Raises:
        InputError: the path is malformed or leads nowhere.
    """
    for key in _keys(path):
        document = _at(path, document, key)
    return document


def _keys(path: str) -> list[str | int]:
    keys: list[str | int] = []
    for part in str(path).split("."):
        match = _PART.fullmatch(part)
        if not match:
            raise InputError(f"path '{path}'", f"'{part}' is no part of a path", "such as memories.sram.size, sizes[0]")
        keys.append(match[1])
        keys.extend(int(i) for i in re.findall(r"\d+", match[2]))
    return keys


def _at(path: str, holder: object, key: str | int) -> object:
    if isinstance(key, int) and isinstance(holder, list):
        if key < len(holder):
            return holder[key]
        raise InputError(f"path '{path}'", f"there is no element [{key}]", f"an index below {len(holder)}")
    if isinstance(key, str) and isinstance(holder, dict):
        if key in holder:
            return holder[key]
        raise InputError(
            f"path '{path}'", f"there is no key '{key}'", f"one of {', '.join(map(str, holder))}", nearest(key, holder)
        )
    raise InputError(f"path '{path}'", f"'{key}' leads into {type(holder).__name__}", "keys of mappings, [0] of lists")
