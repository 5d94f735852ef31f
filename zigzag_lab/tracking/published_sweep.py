"""A sweep and its points as MLflow shows them: its file, its progress, and its best points.

The settings of a point are parameters: plain numbers under short names, the same for all points.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from hashlib import sha256

from zigzag_lab.store.database import Database
from zigzag_lab.store.full_run import FullRun
from zigzag_lab.store.results import objective_column
from zigzag_lab.store.sweep_questions import StoredSweep, SweepPointRecord, priced_points, stored_sweep
from zigzag_lab.tracking.limits import key_part
from zigzag_lab.vocab.quantities import setting

SAMPLE = 500
NOT_STATED = "-1"
"""The parameter of a number that is not stated: a word would drop the run from parallel coordinates."""

MOST_IN_A_NAME = 160
_LEFT_OUT = {"accelerator", "memories", "operational_array", "options", "spatial_mapping"}
_INDEX = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True)
class PublishedSweep(StoredSweep):
    """A sweep of the database, whose content is empty where its file cannot be read.

    Attributes:
        text: its file.
        points: those that have an answer, by their keys.
    """

    text: str
    points: tuple[SweepPointRecord, ...]

    @property
    def id(self) -> str:
        """What sets it apart from sweeps of the same name in other databases."""
        return sha256(f"{self.name}\0{self.created_at.isoformat()}".encode()).hexdigest()[:24]

    @property
    def column(self) -> str:
        """The figure that its points minimise."""
        return objective_column(self.objective)

    @cached_property
    def axes(self) -> tuple[str, ...]:
        """The names that vary, files aside, as its file has them."""
        groups, space = self.content.get("zipped"), self.content.get("space")
        listed = groups if isinstance(groups, Sequence) else ()
        zipped = [name for group in listed if isinstance(group, Mapping) for name in group if name != "when"]
        return tuple(map(str, [*(space if isinstance(space, Mapping) else ()), *zipped]))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of all settings that a point may have."""
        derived = self.content.get("derived")
        return tuple(dict.fromkeys([*self.axes, *map(str, derived if isinstance(derived, Mapping) else ())]))

    @cached_property
    def varying(self) -> tuple[str, ...]:
        """Those of its axes on which its points differ, as far as a sample of them shows; keys are as good as drawn."""
        sample = [point.settings for point in self.points[:SAMPLE]]
        return tuple(n for n in self.axes if len({str(settings.get(n)) for settings in sample}) > 1)

    @cached_property
    def accelerators(self) -> tuple[str, ...]:
        """The names of its base accelerators."""
        return tuple(sorted({point.accelerator for point in self.points}))

    @cached_property
    def by_workload(self) -> dict[str, list[SweepPointRecord]]:
        """Network -> its finished points that have an energy and a latency."""
        found: dict[str, list[SweepPointRecord]] = {}
        for point in self.points:
            if point.energy_pj is not None and point.latency_cycles is not None:
                found.setdefault(point.workload, []).append(point)
        return dict(sorted(found.items()))

    @property
    def is_complete(self) -> bool:
        """Whether every point has an answer."""
        return len(self.points) >= self.n_points


def read_sweep(database: Database, number: int) -> PublishedSweep:
    """Read a sweep and its points."""
    stored = stored_sweep(database, number)
    text = str(stored.content.get("text", ""))
    points = tuple(priced_points(database, stored.name, ("finished", "infeasible", "failed")))
    return PublishedSweep(**{**vars(stored), "content": _content_of(text)}, text=text, points=points)


def _content_of(text: str) -> Mapping[str, object]:
    import yaml

    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError:
        return {}
    return content if isinstance(content, Mapping) else {}


def point_params(settings: Mapping[str, object], names: Iterable[str]) -> dict[str, str]:
    """Parameters of a point from its settings (name -> value): one for each number of a list.

    ``names`` are all settings that points of the sweep may have; those that this one lacks are marked as not stated.
    """
    found: dict[str, str] = {}
    for name in dict.fromkeys([*names, *settings]):
        for key, value in _parts(short_name(name), settings.get(name)):
            found[key if key not in found else key_part(name)] = value
    return found


def _parts(key: str, value: object) -> Iterator[tuple[str, str]]:
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


def plain_text(value: object) -> str:
    """A value as a column of plain numbers likes it: truth as 1 and 0."""
    return "none" if value is None else str(int(value)) if isinstance(value, bool) else str(value)


def point_name(record: FullRun, sweep: PublishedSweep) -> str:
    """The name of a point in a list, whose columns are narrow: its values on the axes, then its inputs."""
    settings = record.point.settings if record.point is not None else {}
    words = [in_words(name, settings[name]) for name in sweep.varying if name in settings]
    if "accelerator" in record.inputs and len(sweep.accelerators) > 1:
        words.append(record.inputs["accelerator"].name)
    given = record.inputs.get("workload")
    words.append(record.name if given is None else given.name)
    return ", ".join(words)[:MOST_IN_A_NAME]


def varied_name(record: FullRun) -> str:
    """What a run within a run is called in a list, whose columns are narrow: its values, then what they are of."""
    settings = record.settings or {}
    values = ", ".join(in_words(name, value) for name, value in settings.items())
    return f"{values} ({', '.join(map(short_name, settings))})"[:MOST_IN_A_NAME] if values else record.name


in_words = partial(setting, plain=plain_text)
"""A setting as people write it: sizes of memories in KiB and MiB."""
