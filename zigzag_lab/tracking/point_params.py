"""The settings of a design point as MLflow's parameters: plain numbers under short names, the same for all points."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from zigzag_lab.store.full_run import FullRun
from zigzag_lab.tracking.limits import key_part
from zigzag_lab.tracking.published_sweep import PublishedSweep

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


def point_name(record: FullRun, sweep: PublishedSweep) -> str:
    """What a point is called in a list, whose columns are narrow: where it lies on the axes, then its inputs."""
    settings = record.point.settings if record.point is not None else {}
    words = [in_words(name, settings[name]) for name in sweep.varying if name in settings]
    if "accelerator" in record.inputs and len(sweep.accelerators) > 1:
        words.append(record.inputs["accelerator"].name)
    given = record.inputs.get("workload")
    words.append(record.name if given is None else given.name)
    return ", ".join(words)[:MOST_IN_A_NAME]


def varied_name(record: FullRun) -> str:
    """What a run within a run is called in a list, whose columns are narrow: its values, then what they are of."""
    values = ", ".join(in_words(name, value) for name, value in record.settings.items())
    return f"{values} ({', '.join(map(short_name, record.settings))})"[:MOST_IN_A_NAME] if values else record.name


def in_words(name: str, value: Any) -> str:
    """A setting as people write it: sizes of memories in KiB and MiB."""
    if name.endswith(".size") and isinstance(value, int):
        for unit, bits in (("MiB", 2**23), ("KiB", 2**13)):
            if value >= bits:
                return f"{value / bits:.4g} {unit}"
    if isinstance(value, list):
        return "x".join(map(plain_text, value))
    return f"{value:.5g}" if isinstance(value, float) else plain_text(value)
