"""User constraints on the order of temporal loops: some positions, some sizes, or all of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.spatial import multiplied
from zigzag_lab.vocab import InputError

GAP = "*"


@dataclass(frozen=True)
class OrderConstraints:
    """Wanted loops by position.

    Attributes:
        positions: (position, dimension, size or None for any); negative positions count from the outside.
        complete_order: the whole order, when the user gave one that covers every temporal loop.
    """

    positions: tuple[tuple[int, str, int | None], ...]
    complete_order: list[tuple[str, int]]
    is_complete: bool

    @classmethod
    def of(cls, problem: Problem) -> OrderConstraints:
        """The constraints that apply to a problem.

        Loops that its layer lacks are left out, and so are loops of any size, or of size 1, with no iterations left.
        """
        wanted = [
            (dim, size)
            for dim, size in problem.constraints.temporal_ordering
            if dim == GAP
            or (dim in problem.temporal_sizes and size != 1)
            or (dim in problem.layer.loop_sizes and size not in (None, 1))
        ]
        sized = [(dim, size) for dim, size in wanted if size is not None]
        totals = {dim: total for dim, total in multiplied(sized).items() if total > 1}
        if len(sized) == len(wanted) and totals == problem.temporal_sizes:
            return cls((), [(dim, size) for dim, size in sized if size > 1], True)
        return cls(_positions(wanted), [], False)

    @property
    def fixed_loops(self) -> list[tuple[str, int]]:
        """Loops wanted with their sizes."""
        return [(dim, size) for _, dim, size in self.positions if size is not None]

    def suits(self, temporal_sizes: dict[str, int]) -> bool:
        """Whether the temporal loops can be split into loops of the wanted sizes."""
        return all(temporal_sizes.get(dim, 1) % total == 0 for dim, total in multiplied(self.fixed_loops).items())

    def filtered(self, loops: Sequence[tuple[str, int]], orders: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        """Keep the orders that have the wanted loops at the wanted positions."""
        allowed = self.allowed(loops, len(loops))
        if not self.positions or allowed is None:
            yield from () if self.positions else orders
            return
        fits = np.array([np.isin(np.arange(len(loops)), of_position) for of_position in allowed])
        for order in orders:
            keep = np.take_along_axis(fits, order.astype(np.int64), axis=1).all(axis=0)
            if keep.any():
                yield np.ascontiguousarray(order[:, keep])

    def allowed(self, kinds: Sequence[tuple[str, int]], n_loops: int) -> list[list[int]] | None:
        """Per position, the kinds of loop that may stand there; None where a wanted position does not exist."""
        if self.is_complete:
            return [[kinds.index(loop)] for loop in self.complete_order]
        allowed = [list(range(len(kinds))) for _ in range(n_loops)]
        for position, dim, size in self.positions:
            if not -n_loops <= position < n_loops:
                return None
            fits = [k for k in allowed[position] if kinds[k][0] == dim and size in (None, kinds[k][1])]
            allowed[position] = fits
        return allowed


def _positions(wanted: Sequence[tuple[str, int | None]]) -> tuple[tuple[int, str, int | None], ...]:
    gaps = [i for i, (dim, _) in enumerate(wanted) if dim == GAP]
    if len(gaps) > 1:
        raise InputError(
            "temporal_ordering", f"{len(gaps)} gaps ['*', '*']", "at most one", "Name the loops between the gaps."
        )
    behind = gaps[0] if gaps else len(wanted)
    positions = []
    for i, (dim, size) in enumerate(wanted):
        if i != behind:
            positions.append((i if i < behind else i - len(wanted), dim, size))
    return tuple(positions)
