"""From a sweep to its points, one after the other."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from zigzag_lab.inputs.variants import value_in
from zigzag_lab.sweeps.axes import Axis
from zigzag_lab.sweeps.expressions import Expression
from zigzag_lab.sweeps.plan import FILES, DesignPoint, SweepSpec, point_of, root_of
from zigzag_lab.vocab import InputError, nearest

_TRIES_FOR_A_POINT = 200


def points(sweep: SweepSpec) -> Iterator[DesignPoint]:
    """The points of a sweep, each once, in an order that is the same every time.

    Raises:
        InputError: an expression cannot be worked out for a point, or the constraints leave hardly anything.
    """
    is_grid = sweep.sampling.n_points is None
    make = PointMaker(sweep, asks_early=is_grid)
    found = _grid(sweep, make) if is_grid else _drawn(sweep, make)
    first = next(found, None)
    if first is None:
        raise InputError(
            f"{sweep.where}: constraints", "no point meets all of them", "constraints that some points meet"
        )
    yield first
    yield from found


def _grid(sweep: SweepSpec, make: PointMaker) -> Iterator[DesignPoint]:
    seen: set[str] = set()  # conditions, and files of the same content, make combinations equal
    for values in _combinations(sweep.axes, make, {}):
        point = make.point(values)
        if point is not None and point.key not in seen:
            seen.add(point.key)
            yield point


def _combinations(axes: tuple[Axis, ...], make: PointMaker, values: Values) -> Iterator[Values]:
    """Every combination that the constraints allow so far; a constraint is evaluated as soon as it can be."""
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


def _drawn(sweep: SweepSpec, make: PointMaker) -> Iterator[DesignPoint]:
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


def _at_random(sweep: SweepSpec, make: PointMaker, draw: random.Random) -> Values:
    values: Values = {}
    for axis in sweep.axes:
        step = axis.values[draw.randrange(len(axis))]
        if axis.when is None or axis.when.value(make.lookup(values)):
            values.update(zip(axis.names, step, strict=True))
    return values


Values = dict[str, object]


class PointMaker:
    """Makes the points of a sweep from values.

    Where :meth:`may_hold` is asked early, for each axis, constraints that it has asked are not asked again.
    """

    def __init__(self, sweep: SweepSpec, *, asks_early: bool = False) -> None:
        self.sweep = sweep
        self._from_base: dict[tuple[str, str], object] = {}
        place = {name: len(sweep.axes) - i for i, axis in enumerate(sweep.axes) for name in axis.names}
        certain = {name for axis in sweep.axes if axis.when is None for name in axis.names}
        derived = {name for name, _ in sweep.derived}
        self._early: dict[int, list[Expression]] = {}
        self._late: list[Expression] = []
        for constraint in sweep.constraints:
            known = constraint.names & certain
            if asks_early and known and known == constraint.names and not constraint.names & derived:
                self._early.setdefault(min(place[name] for name in known), []).append(constraint)
            else:
                self._late.append(constraint)

    def may_hold(self, values: Values, n_axes_left: int) -> bool:
        """Whether the constraints that can be evaluated once this axis has its value hold."""
        early = self._early.get(n_axes_left)
        return early is None or all(constraint.value(self.lookup(values)) for constraint in early)

    def point(self, values: Values) -> DesignPoint | None:
        """The point; None where a constraint excludes it."""
        values = dict(values)
        lookup = self.lookup(values)
        for name, expression in self.sweep.derived:
            values[name] = expression.value(lookup)
        if not all(constraint.value(lookup) for constraint in self._late):
            return None
        return point_of(self.sweep, values)

    def lookup(self, values: Values) -> Callable[[str], object]:
        """What names stand for: values of axes, what has been derived, else values of the base files."""

        def look_up(name: str) -> object:
            return values[name] if name in values else self._base_value(name, values)

        return look_up

    def _base_value(self, path: str, values: Values) -> object:
        root = root_of(path)
        if root == "options":
            return self.sweep.options.get(path.removeprefix("options."))
        if root is None or root not in values:
            known = sorted({name for axis in self.sweep.axes for name in axis.names} | set(FILES))
            raise InputError(
                self.sweep.where, f"'{path}' has no value here", "a name with a value", nearest(path, known)
            )
        base = str(values[root])
        if (base, path) not in self._from_base:
            document = {root: self.sweep.bases[root][base].document}
            self._from_base[base, path] = value_in(document, path)
        return self._from_base[base, path]
