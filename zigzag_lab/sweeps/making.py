"""From values of axes to points: what is derived of them, and which of them are excluded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zigzag_lab.inputs.variants import value_in
from zigzag_lab.sweeps.expressions import Expression
from zigzag_lab.sweeps.plan import FILES, DesignPoint, SweepSpec, point_of, root_of
from zigzag_lab.vocab import InputError, nearest

Values = dict[str, Any]


class PointMaker:
    """Makes points of values.

    Args:
        sweep: whose points they are.
        asks_early: whether :meth:`may_hold` is asked for each axis, so that constraints it has asked are not asked
            again.
    """

    def __init__(self, sweep: SweepSpec, *, asks_early: bool = False) -> None:
        self.sweep = sweep
        self._from_base: dict[tuple[str, str], Any] = {}
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
        """Whether the constraints that can be asked once this axis has its value hold."""
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
