"""Two runs of the same pipeline, number by number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import zip_longest
from operator import attrgetter
from pathlib import PurePath

from zigzag_lab.store.codec import StoredLevel
from zigzag_lab.store.families import RESULT_FIGURES, listed_rows, result_figures
from zigzag_lab.store.lab import Lab, RunRecord, StoredLayer
from zigzag_lab.store.states import LayerRole, RunStatus

_Row = tuple[int, int, float]

_TOTALS = (
    *("energy_pj", "latency_cycles", "edp_pj_cycles", "mac_energy_pj", "memory_energy_pj", "n_macs", "n_layers"),
    *("n_results", "area_mm2", "clock_ns"),
)
_OF_LAYERS = (
    *("energy_pj", "mac_energy_pj", "memory_energy_pj", "latency_cycles", "ideal_cycles", "temporal_cycles"),
    *("stall_cycles", "onload_cycles", "offload_cycles", "drain_cycles", "n_macs"),
)
_OF_POINTS = ("energy_pj", "latency_cycles", "is_proven")
_of_point = attrgetter(*_OF_POINTS)
_ROLES = (LayerRole.CHOSEN, LayerRole.RESULT, LayerRole.SAVED)
_ENDED = (RunStatus.FINISHED, RunStatus.INFEASIBLE, RunStatus.FAILED)

RELATIVE = 1e-12
"""Figures that differ by less, which another order of additions may do, agree."""


@dataclass(frozen=True)
class Disagreement:
    """A figure (a column) that came out differently, in a layer, a result or a child run; or else of the run."""

    where: str
    figure: str
    before: object
    now: object


class Comparing:
    """Compares runs of a database; counts the figures (``n_compared``) and pairs of children (``n_children``)."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.n_compared = self.n_children = 0
        self._seen: set[tuple[_Row, _Row]] = set()

    def runs(self, before: RunRecord, now: RunRecord, where: str = "") -> Iterator[Disagreement]:
        """The figures of two runs that differ: theirs, those of their results and layers, then of their children.

        Of a run that was cut short, only what it came to can agree.
        """
        is_whole = before.status in _ENDED
        if is_whole:
            for name in ("status", *_TOTALS):
                if name == "status" or getattr(before, name) is not None or before.n_results is not None:
                    yield from self._figure(where, name, getattr(before, name), getattr(now, name))
            yield from self._figure(where, "error", *(self.lab.details(run.run_id).error for run in (before, now)))
            yield from self._results(before, now, where)
        for role in _ROLES if is_whole else (LayerRole.CHOSEN, LayerRole.SAVED):
            yield from self._layers(before, now, role, where, is_whole=is_whole)
        yield from self._fronts(before, now, where)
        yield from self._children(before, now, where, is_whole=is_whole)

    def _figure(self, where: str, figure: str, before: object, now: object) -> Iterator[Disagreement]:
        self.n_compared += 1
        if not _agree(before, now):
            yield Disagreement(where, figure, before, now)

    # -- results -------------------------------------------------------------------------------------------------------

    def _results(self, before: RunRecord, now: RunRecord, where: str) -> Iterator[Disagreement]:
        both = [result_figures(self.lab, run.run_number) for run in (before, now)]
        for index, (first, second) in enumerate(zip_longest(*both)):
            yield from self._listed(_within(where, f"result {index}"), RESULT_FIGURES, first, second)

    def _listed(
        self, where: str, names: Sequence[str], first: Sequence[object] | None, second: Sequence[object] | None
    ) -> Iterator[Disagreement]:
        """The figures of what stands at one place of two lists; or that it stands in one of them only."""
        if first is None or second is None:
            yield from self._one_is_missing(where, first, second)
            return
        for name, old, new in zip(names, first, second, strict=True):
            yield from self._figure(where, name, old, new)

    def _one_is_missing(self, where: str, first: object, second: object) -> Iterator[Disagreement]:
        yield from self._figure(where, "there", first is not None, second is not None)

    # -- layers --------------------------------------------------------------------------------------------------------

    def _layers(
        self, before: RunRecord, now: RunRecord, role: LayerRole, where: str, *, is_whole: bool
    ) -> Iterator[Disagreement]:
        first, second = (listed_rows(self.lab, run.run_number, role) for run in (before, now))
        is_none_saved = role is LayerRole.SAVED and not second
        if is_none_saved and first == listed_rows(self.lab, before.run_number, LayerRole.CHOSEN):
            return  # older records hold all layers for saved
        if is_whole and len(first) != len(second):
            yield from self._figure(where, f"n_{role.value}", len(first), len(second))
        pairs = list(zip(first, second, strict=False))
        if all(pair in self._seen for pair in pairs):
            return
        layers = self.lab.layers(before.run_id, role), self.lab.layers(now.run_id, role)
        for pair, old, new in zip(pairs, *layers, strict=False):
            if pair not in self._seen:
                self._seen.add(pair)
                yield from self._layer(old, new, where)

    def _layer(self, before: StoredLayer, now: StoredLayer, where: str) -> Iterator[Disagreement]:
        here = _within(where, before.name)
        if before.name != now.name:
            yield Disagreement(here, "name", before.name, now.name)
            return
        for name in _OF_LAYERS:
            yield from self._figure(here, name, before.figures[name], now.figures[name])
        yield from self._figure(here, "times", before.times, now.times)
        levels = {(level.operand, level.level): level for level in now.memories}
        for level in before.memories:
            other = levels.pop((level.operand, level.level), None)
            at = _within(here, f"{level.operand} at {level.memory}")
            if other is None:
                yield from self._one_is_missing(at, level, None)
                continue
            for name, value in _of_level(level).items():
                yield from self._figure(at, name, value, _of_level(other)[name])
        for level in levels.values():
            yield from self._one_is_missing(_within(here, f"{level.operand} at {level.memory}"), None, level)

    def _fronts(self, before: RunRecord, now: RunRecord, where: str) -> Iterator[Disagreement]:
        first, second = self.lab.fronts(before.run_id), self.lab.fronts(now.run_id)
        for index in sorted({*first, *second}):
            points = zip_longest(first.get(index, ()), second.get(index, ()))
            for number, both in enumerate(points):
                figures = [None if point is None else _of_point(point) for point in both]
                here = _within(where, f"layer {index}, point {number} of its front")
                yield from self._listed(here, _OF_POINTS, *figures)

    # -- children ------------------------------------------------------------------------------------------------------

    def _children(self, before: RunRecord, now: RunRecord, where: str, *, is_whole: bool) -> Iterator[Disagreement]:
        if not before.n_children and not now.n_children:
            return
        waiting: dict[str, list[RunRecord]] = {}
        for child in self.lab.children(now.run_id):
            waiting.setdefault(_settings(child), []).append(child)
        for child in self.lab.children(before.run_id):
            here = _within(where, _settings(child) or f"run {child.child_index} within it")
            twins = waiting.get(_settings(child))
            if not twins:
                yield from self._one_is_missing(here, child, None)
                continue
            self.n_children += 1
            twin = twins.pop(0)
            yield from self._figure(here, "child_index", child.child_index, twin.child_index)
            yield from self.runs(child, twin, here)
        for child in (child for left in waiting.values() for child in left if is_whole):
            yield from self._one_is_missing(_within(where, _settings(child)), None, child)


def _within(where: str, part: str) -> str:
    return f"{where}: {part}" if where else part


def _settings(child: RunRecord) -> str:
    """What a child was made for; files by their names, wherever they lie."""
    words = ((n, PurePath(v).stem if isinstance(v, str) and "/" in v else v) for n, v in (child.settings or {}).items())
    return ", ".join(f"{name}={value}" for name, value in words)


def _of_level(level: StoredLevel) -> dict[str, float]:
    figures = {"utilisation": level.utilisation, "shared_utilisation": level.shared_utilisation}
    figures |= {f"accesses_{way}": value for way, value in asdict(level.accesses).items()}
    return figures | {f"energy_{way}_pj": value for way, value in asdict(level.energy_pj).items()}


def _agree(before: object, now: object) -> bool:
    if isinstance(before, (int, float)) and isinstance(now, (int, float)):
        return abs(before - now) <= RELATIVE * max(abs(before), abs(now))
    return bool(before == now)
