"""Paths into files, such as ``memories.sram.size``: what stands there by the declaration of the file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from zigzag_lab.inputs.checked import Entry
from zigzag_lab.inputs.formats.keys import Level
from zigzag_lab.inputs.formats.values import Listed, Named, Value
from zigzag_lab.vocab.units import Unit

_STEP = re.compile(r"[^.\[\]]+")


@lru_cache(maxsize=4096)
def unit_at(top: Value[Any], path: str) -> Unit | None:
    """What a number at a path counts; None where that has no unit, or nothing is declared there."""
    value = _item_at(top, path)
    return value.unit if value else None


@lru_cache(maxsize=4096)
def is_text_at(top: Value[Any], path: str) -> bool:
    """Whether text is declared at a path, which stays as it is even if it reads like a quantity: ``28 nm``."""
    value = _item_at(top, path)
    return value is not None and value.is_text


def _item_at(top: Value[Any], path: str) -> Value[Any] | None:
    value: Value[Any] | None = top
    for step in _STEP.findall(path):
        value = _below(value, step)
    while isinstance(value, Listed):  # the path may end at the list, each of whose items has the unit
        value = value.item
    return value


def without_units(data: object, value: Value[Any] | None, entry: Entry) -> object:
    """Plain data with a number of the declared unit in place of each quantity: 524288 for ``64 KiB``.

    Args:
        data: what a file holds at some place.
        value: what is declared there; None where nothing is.
        entry: the place, for messages.

    Raises:
        InputError: a quantity is in a wrong unit.
    """
    if value is None:
        return data
    if isinstance(data, Mapping):
        places = {key: Entry(entry.document, (*entry.path, str(key)), item) for key, item in data.items()}
        return {key: without_units(data[key], _below(value, str(key)), place) for key, place in places.items()}
    if isinstance(data, Sequence) and not isinstance(data, str):
        places_of_items = [Entry(entry.document, (*entry.path, i), item) for i, item in enumerate(data)]
        return [without_units(place.value, _below(value, "0"), place) for place in places_of_items]
    return entry.in_base(value.unit.factors) if isinstance(data, str) and value.unit else data


def _below(value: Value[Any] | None, step: str) -> Value[Any] | None:
    if isinstance(value, Level):
        return next((key.value for key in value.keys if key.name == step), None)
    if isinstance(value, Listed):
        return value.item
    return value.value if isinstance(value, Named) else None
