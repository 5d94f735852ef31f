"""A sweep: options, a design space, and its points."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from hashlib import sha256
from pathlib import Path

from zigzag_lab.inputs.presets import Kind
from zigzag_lab.inputs.variants import with_values
from zigzag_lab.stages.methods import run_options
from zigzag_lab.store.sweep_points import OBJECTIVES, PointRow
from zigzag_lab.sweeps.axes import Axis
from zigzag_lab.sweeps.expressions import Expression
from zigzag_lab.vocab import InputError, nearest
from zigzag_lab.vocab.options import INPUT_SHAPES, PRICE_ALL, Option

FILES: tuple[Kind, ...] = ("workload", "accelerator", "mapping")
"""What a point names a file or a preset of."""

ROOTS = ("accelerator", "mapping", "options")
"""What paths lead into."""


@dataclass(frozen=True)
class Adaptive:
    """A search that proposes designs, ``batch`` at a time, by what it has learnt from those before.

    They are to be good at one to three of :data:`zigzag_lab.store.sweep_points.OBJECTIVES`. The sampler is one of
    Optuna's: ``tpe`` or ``nsga2``.
    """

    n_trials: int
    objectives: tuple[str, ...]
    sampler: str
    batch: int


@dataclass(frozen=True)
class Sampling:
    """Which points are taken: all, ``n_points`` at random (equal seeds draw equal points), or those of a search."""

    n_points: int | None
    seed: int
    adaptive: Adaptive | None = None


@dataclass(frozen=True)
class Base:
    """A file that points start from: the digest of its meaning, its plain data (of a workload the record), its path."""

    digest: str
    document: object
    file: Path


@dataclass(frozen=True)
class SweepSpec:
    """A sweep file, checked.

    Attributes:
        name: what people call it; points belong to it.
        where: the file.
        axes: in the order of the file, workloads last; the last one varies fastest.
        derived: path or variable -> its expression, in the order of the file.
        constraints: points for which one of them does not hold are left out.
        options: of the search, for every point.
        sampling: which points are taken.
        bases: kind -> name in the file -> what it holds.
    """

    name: str
    where: str
    axes: tuple[Axis, ...]
    derived: tuple[tuple[str, Expression], ...]
    constraints: tuple[Expression, ...]
    options: Mapping[str, object]
    sampling: Sampling
    bases: Mapping[str, Mapping[str, Base]]

    @cached_property
    def option_paths(self) -> dict[str, object]:
        """The options by their paths."""
        return {f"options.{name}": value for name, value in self.options.items()}

    @property
    def n_combinations(self) -> int:
        """How many combinations of values there are, before conditions and constraints."""
        n = 1
        for axis in self.axes:
            n *= len(axis)
        return n


@dataclass(frozen=True, slots=True)
class DesignPoint(PointRow):
    """One design point."""

    def overrides(self, root: str) -> dict[str, object]:
        """Path (from its root on) -> value, of one root."""
        return {path: value for path, value in self.values.items() if root_of(path) == root}


@lru_cache(maxsize=4096)
def root_of(path: str) -> str | None:
    """Where a path leads into: ``accelerator``, ``mapping`` or ``options``; None for a variable or a file."""
    root = path.partition(".")[0].partition("[")[0]
    return root if root in ROOTS and root != path else None


_to_json = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def point_of(sweep: SweepSpec, values: dict[str, object]) -> DesignPoint:
    """The point of some values."""
    files = {kind: str(values[kind]) for kind in FILES}
    rest = {name: value for name, value in values.items() if name not in files}
    overrides = {name: value for name, value in rest.items() if root_of(name) is not None}
    inputs = [sweep.bases[kind][name].digest for kind, name in files.items()]
    omitted, settings = omitted_if_default(), {**sweep.option_paths, **overrides}
    asked = _to_json([inputs, {p: value for p, value in settings.items() if p not in omitted or value != omitted[p]}])
    key = sha256(b"zl-sweep-point\0v1\0" + asked.encode()).hexdigest()[:32]
    return DesignPoint(key, files["workload"], files["accelerator"], files["mapping"], rest)


def changed_document(base: Base, root: str, overrides: Mapping[str, object]) -> object:
    """The plain data of a file with values at some paths replaced."""
    if not overrides:
        return base.document
    return with_values({root: base.document}, overrides)[root]


Figures = Mapping[str, float | None]
"""Columns of a point that was priced -> its figure; empty where nothing came of it."""

LARGE = frozenset({"utilisation"})
"""Objectives that are to be large."""


def summed_up(objective: str, points: Sequence[Figures]) -> float | None:
    """A design's figure over all networks: energies and times added, EDP and power of the sums, utilisation by latency.

    Returns:
        None where a network has no figure.
    """
    columns = {
        "edp": ("energy_pj", "latency_cycles"),
        "utilisation": ("utilisation", "latency_cycles"),
        "power": ("average_power_mw", "time_s"),
    }
    rows = [[point.get(column) for column in columns.get(objective, (OBJECTIVES[objective],))] for point in points]
    known = [[value for value in row if value is not None] for row in rows]
    if any(len(some) < len(row) for some, row in zip(known, rows, strict=True)):
        return None
    if objective == "area":
        return known[0][0]
    if objective == "edp":
        return math.fsum(row[0] for row in known) * math.fsum(row[1] for row in known)
    if objective in ("utilisation", "power"):
        return math.fsum(mean * time for mean, time in known) / math.fsum(time for _, time in known)
    return math.fsum(row[0] for row in known)


_NEEDS = {"area": "areas of all parts on the chip", "time": "a clock", "power": "a clock"}
"""Objective -> what accelerator files have to give for it to be known."""


def check_are_known(where: str, figures: Mapping[str, float | None]) -> None:
    """Check that priced points have figures for objectives.

    Raises:
        InputError: one is not known.
    """
    for objective in (name for name, figure in figures.items() if figure is None):
        if objective in _NEEDS:
            found = f"{objective} is an objective, and not known of points that were priced"
            hint = "Give them in the accelerator file, or ask for other objectives."
            raise InputError(where, found, f"accelerators with {_NEEDS[objective]}", hint)


FILE_WIDE = (INPUT_SHAPES.name, PRICE_ALL.name)
"""Options that workloads are read with, so that they hold for all points of a sweep."""

_IN_EVERY_KEY = frozenset(
    {
        *("objective", "lpf_limit", "temporal_mapping_type", "n_spatial_mappings", "search", "seed"),
        *("exploit_locality", "mix_spatial"),
    }
)
"""Options of the first sweeps, which keys of points hold in any case; later ones only where they are not as usual."""


@cache
def options_by_name() -> Mapping[str, Option]:
    """Return every option by its name."""
    return {option.name: option for option in run_options()}


@cache
def default_options() -> Mapping[str, object]:
    """Return what holds where a sweep file gives no value: option -> value."""
    return {name: option.default for name, option in options_by_name().items()}


@cache
def omitted_if_default() -> Mapping[str, object]:
    """Return the value that keys of points leave out: path -> value."""
    return {f"options.{name}": value for name, value in default_options().items() if name not in _IN_EVERY_KEY}


def option_of(where: str, name: str) -> Option:
    """Return the option of a name.

    Raises:
        InputError: there is none.
    """
    known = options_by_name()
    if name not in known:
        raise InputError(where, f"there is no option '{name}'", f"one of {', '.join(known)}", nearest(name, known))
    return known[name]
