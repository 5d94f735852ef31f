"""The settings of a design point as MLflow's parameters: plain numbers under short names, the same for all points."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from zigzag_lab.tracking.limits import key_part
from zigzag_lab.tracking.published_sweep import PublishedSweep
from zigzag_lab.tracking.record import RunRecord

NOT_STATED = "-1"
"""The parameter of a number that is not stated: a word would drop the run from parallel coordinates."""

MOST_IN_A_NAME = 160
_LEFT_OUT = {"accelerator", "memories", "operational_array", "options", "spatial_mapping"}
_INDEX = re.compile(r"\[(\d+)\]")


def point_params(settings: Mapping[str, Any], names: Iterable[str]) -> dict[str, str]:
    """Parameters of a point: one for each number, however deep in a list it is.

    Args:
        settings: name -> value.
        names: of all settings that points of the sweep may have; those that this one lacks are said not to be stated.
    """
    found: dict[str, str] = {}
    for name in dict.fromkeys([*names, *settings]):
        for key, value in _parts(short_name(name), settings.get(name)):
            found[key if key not in found else key_part(name)] = value
    return found


def _parts(key: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, list) and value and all(isinstance(item, (int, float)) for item in value):
        yield from ((f"{key}.{i}", plain_text(item)) for i, item in enumerate(value))
    elif isinstance(value, list) and all(isinstance(item, str) for item in value):
        yield key, "; ".join(value)
    elif isinstance(value, (list, dict)):
        yield key, json.dumps(value)
    else:
        yield key, NOT_STATED if value is None else plain_text(value)


def short_name(path: str) -> str:
    """A path as the name of a column: ``accelerator.memories.sram.size`` as ``sram.size``."""
    parts = _INDEX.sub(r".\1", path).split(".")
    return key_part(".".join([part for part in parts if part not in _LEFT_OUT] or parts))


def plain_text(value: Any) -> str:
    """A value as a column of plain numbers likes it: truth as 1 and 0."""
    return "none" if value is None else str(int(value)) if isinstance(value, bool) else str(value)


def point_name(record: RunRecord, sweep: PublishedSweep) -> str:
    """What a point is called in a list: its network, and where it lies on the axes of its sweep."""
    settings = record.point.settings if record.point is not None else {}
    given = record.inputs.get("workload")
    words = [given.name] if given is not None else [record.name]
    if "accelerator" in record.inputs and len(sweep.accelerators) > 1:
        words.append(record.inputs["accelerator"].name)
    words += [f"{short_name(n)} {plain_text(settings[n])}" for n in sweep.axes if n in settings]
    return ", ".join(words)[:MOST_IN_A_NAME]
