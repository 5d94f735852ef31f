"""A sweep as MLflow's parent run shows it: what was asked, how far it is, which points are best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import Any

from zigzag_lab.store.database import Database
from zigzag_lab.store.results import OBJECTIVE_COLUMNS
from zigzag_lab.store.sweep_questions import SweepPointRecord, priced_points, stored_sweep
from zigzag_lab.vocab import Objective

SAMPLE = 500
FIGURES = ("energy_pj", "latency_cycles", "edp_pj_cycles", "area_mm2", "utilisation")


@dataclass(frozen=True)
class PublishedSweep:
    """A sweep of the database.

    Attributes:
        number, name: its own.
        objective: what its points minimise.
        n_points: how many its file asks for.
        created_at: when it was first begun, in UTC.
        text: its file.
        said: the same as plain data; empty where it cannot be read.
        points: those that have an answer, by their keys.
        last_at: when the last of them ended.
    """

    number: int
    name: str
    objective: str
    n_points: int
    created_at: datetime
    text: str
    said: Mapping[str, Any]
    points: tuple[SweepPointRecord, ...]
    last_at: datetime

    @property
    def id(self) -> str:
        """What sets it apart from sweeps of the same name in other databases."""
        return sha256(f"{self.name}\0{self.created_at.isoformat()}".encode()).hexdigest()[:24]

    @property
    def column(self) -> str:
        """The figure that its points minimise."""
        return OBJECTIVE_COLUMNS.get(self.objective, OBJECTIVE_COLUMNS[Objective.LATENCY.value])

    @cached_property
    def axes(self) -> tuple[str, ...]:
        """The names that vary, files aside, as its file has them."""
        groups = self.said.get("zipped") or []
        zipped = [name for group in groups if isinstance(group, Mapping) for name in group if name != "when"]
        space = self.said.get("space")
        return tuple(map(str, [*(space if isinstance(space, Mapping) else ()), *zipped]))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of all settings that a point may have."""
        derived = self.said.get("derived")
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
    row = stored_sweep(database, number)
    text = str(row.content.get("text", ""))
    return PublishedSweep(
        number=number,
        name=row.name,
        objective=row.objective,
        n_points=row.n_points,
        created_at=row.created_at,
        text=text,
        said=_said_by(text),
        points=tuple(priced_points(database, row.name, ("finished", "infeasible", "failed"))),
        last_at=row.last_at or row.created_at,
    )


def _said_by(text: str) -> Mapping[str, Any]:
    import yaml

    try:
        said = yaml.safe_load(text)
    except yaml.YAMLError:
        return {}
    return said if isinstance(said, Mapping) else {}
