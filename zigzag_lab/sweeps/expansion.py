"""From a sweep to its points, one after the other."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

from zigzag_lab.inputs.variants import value_in
from zigzag_lab.sweeps.axes import Axis
from zigzag_lab.sweeps.expressions import Expression
from zigzag_lab.sweeps.plan import FILES, Point, Sweep, point_of, root_of
from zigzag_lab.vocab import InputError, nearest

MAX_POINTS = 1_000_000
"""More cannot be meant: at a tenth of a second a point, a day and more."""

_TRIES_FOR_A_POINT = 200
Values = dict[str, Any]


def points(sweep: Sweep) -> Iterator[Point]:
    """The points of a sweep, each once, in an order that is the same every time.

    Raises:
        InputError: an expression cannot be worked out for a point, or the constraints leave hardly anything.
    """
    make = _Maker(sweep)
    found = _grid(sweep, make) if sweep.sampling.n_points is None else _drawn(sweep, make)
    first = next(found, None)
    if first is None:
        raise InputError(
            f"{sweep.where}: constraints", "no point meets all of them", "constraints that some points meet"
        )
    yield first
    yield from found


def _grid(sweep: Sweep, make: _Maker) -> Iterator[Point]:
    seen: set[str] = set()  # conditions, and files that say the same, make combinations equal
    for values in _combinations(sweep.axes, make, {}):
        point = make.point(values)
        if point is not None and point.key not in seen:
            seen.add(point.key)
            yield point


def _combinations(axes: tuple[Axis, ...], make: _Maker, values: Values) -> Iterator[Values]:
    """Every combination that the constraints let through so far; a constraint is asked as soon as it can be."""
    if not axes:
        yield values
        return
    axis, rest = axes[0], axes[1:]
    if axis.when is not None and not axis.when.value(make.lookup(values)):
        yield from _combinations(rest, make, values)
        return
    for step in axis.values:
        chosen = {**values, **dict(zip(axis.names, step, strict=True))}
        if make.may_hold(chosen, len(axes)):
            yield from _combinations(rest, make, chosen)


def _drawn(sweep: Sweep, make: _Maker) -> Iterator[Point]:
    wanted, draw = sweep.sampling.n_points or 0, random.Random(sweep.sampling.seed)
    seen: set[str] = set()
    for _ in range(wanted):
        for _ in range(_TRIES_FOR_A_POINT):
            point = make.point(_at_random(sweep, make, draw))
            if point is not None and point.key not in seen:
                break
        else:
            return
        seen.add(point.key)
        yield point


def _at_random(sweep: Sweep, make: _Maker, draw: random.Random) -> Values:
    values: Values = {}
    for axis in sweep.axes:
        step = axis.values[draw.randrange(len(axis))]
        if axis.when is None or axis.when.value(make.lookup(values)):
            values.update(zip(axis.names, step, strict=True))
    return values


class _Maker:
    """Makes points of values: what is derived, what is excluded."""

    def __init__(self, sweep: Sweep) -> None:
        self.sweep = sweep
        self._from_base: dict[tuple[str, str], Any] = {}
        place = {name: len(sweep.axes) - i for i, axis in enumerate(sweep.axes) for name in axis.names}
        certain = {name for axis in sweep.axes if axis.when is None for name in axis.names}
        derived = {name for name, _ in sweep.derived}
        self._early: dict[int, list[Expression]] = {}
        self._late: list[Expression] = []
        for constraint in sweep.constraints:
            known = constraint.names & certain
            if known and known == constraint.names and not constraint.names & derived:
                self._early.setdefault(min(place[name] for name in known), []).append(constraint)
            else:
                self._late.append(constraint)

    def may_hold(self, values: Values, n_axes_left: int) -> bool:
        """Whether the constraints that can be asked once this axis has its value hold."""
        early = self._early.get(n_axes_left)
        return early is None or all(constraint.value(self.lookup(values)) for constraint in early)

    def point(self, values: Values) -> Point | None:
        """The point; None where a constraint excludes it."""
        values = dict(values)
        lookup = self.lookup(values)
        for name, expression in self.sweep.derived:
            values[name] = expression.value(lookup)
        is_grid = self.sweep.sampling.n_points is None
        constraints = self._late if is_grid else self.sweep.constraints
        if not all(constraint.value(lookup) for constraint in constraints):
            return None
        return point_of(self.sweep, values)

    def lookup(self, values: Values) -> Callable[[str], Any]:
        """What names stand for: values of axes, what has been derived, else what the base files say."""

        def look_up(name: str) -> Any:
            return values[name] if name in values else self._base_value(name, values)

        return look_up

    def _base_value(self, path: str, values: Values) -> Any:
        root = root_of(path)
        if root == "options":
            return self.sweep.options.get(path.removeprefix("options."))
        if root is None or root not in values:
            known = sorted({name for axis in self.sweep.axes for name in axis.names} | set(FILES))
            raise InputError(
                self.sweep.where, f"'{path}' has no value here", "a name with a value", nearest(path, known)
            )
        base = values[root]
        if (base, path) not in self._from_base:
            document = {root: self.sweep.bases[root][base].document}
            self._from_base[base, path] = value_in(document, path)
        return self._from_base[base, path]
