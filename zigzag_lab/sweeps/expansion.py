"""From a sweep to its points, one after the other."""

from __future__ import annotations

import random
from collections.abc import Iterator

from zigzag_lab.sweeps.axes import Axis
from zigzag_lab.sweeps.making import PointMaker, Values
from zigzag_lab.sweeps.plan import DesignPoint, SweepSpec
from zigzag_lab.vocab import InputError

MAX_POINTS = 1_000_000
"""More cannot be meant: at a tenth of a second a point, a day and more."""

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
    seen: set[str] = set()  # conditions, and files that say the same, make combinations equal
    for values in _combinations(sweep.axes, make, {}):
        point = make.point(values)
        if point is not None and point.key not in seen:
            seen.add(point.key)
            yield point


def _combinations(axes: tuple[Axis, ...], make: PointMaker, values: Values) -> Iterator[Values]:
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
