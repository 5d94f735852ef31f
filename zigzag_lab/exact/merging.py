"""LOMA's own space, whole: all orders of all loop prime factors, equal beginnings merged.

Orders grow from the innermost loop. Two beginnings with the same loops inside and the same fills of all operands
(:class:`Fill`) have equal prices under every completion, so one of them goes on. What is left
are a few thousand orders out of millions; LOMA allocates them and the kernel prices them as any others.

A memory that an operand has for itself keeps loops until its tile would overflow: accesses to the level above never
grow with another loop, and of equals LOMA takes the last. So what an operand did so far is known while the order is
still growing, and so is everything that its price can depend on. This rests on the longest beginning that fits being
LOMA's choice at every memory. :func:`why_unproven` says where that, or the arithmetic, does not hold; merging may then
lose the best order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from zigzag_lab.exact.space import Space
from zigzag_lab.search.orderings import CHUNK

_MOST_KEYS = 2**62
REJECTED = -1


class Fill(NamedTuple):
    """Allocation state of an operand after some loops; of two orders with equal states, none is ever better for it.

    Attributes:
        level: the memory that is being filled.
        n_open: memories below it whose outer boundary may still move up, over irrelevant loops.
        unfinished: whether the memory holds sums that go on outside the level below.
        boundaries: per boundary that stands, (kind of boundary, reuse run, relevant run) as the cost model reads it.
        lead: iterations of the irrelevant loops right at the array; 0 while their run goes on, or where none matter.
        reuse_run, relevant_run: iterations of the unbroken run of irrelevant (relevant) loops that ends here.
    """

    level: int
    n_open: int
    unfinished: bool
    boundaries: tuple[tuple[int, float, float], ...]
    lead: float
    reuse_run: float
    relevant_run: float


class OperandFills:
    """The fills of one operand, numbered as they are met.

    Args:
        space: the lattice of tile shapes and the room that tiles take.
        operand: its index.
    """

    def __init__(self, space: Space, operand: int) -> None:
        terms, lattice, memories = space.terms[operand], space.lattice, space.problem.accelerator.memories
        self.n_levels, self.is_output = terms.n_levels, terms.is_output
        self.sizes = [float(size) for _, size in lattice.kinds]
        self.strides = lattice.strides
        self.is_irrelevant = [dim in terms.irrelevant for dim, _ in lattice.kinds]
        self.is_relevant = [dim in terms.relevant for dim, _ in lattice.kinds]
        self._needed = [[table.tolist() for table in space.needed[operand][level]] for level in range(self.n_levels)]
        self._room = [memories[index].size_bits for index in terms.memories]
        self._unfinished = terms.reuse_left.tolist()
        self._cycles = lattice.cycles.tolist()
        self._kinds = [self._kinds_of_boundary(space, operand, level) for level in range(self.n_levels)]
        first = Fill(0, 0, self._unfinished[0], (), 1.0 if self.is_output else 0.0, 1.0, 1.0)
        self.fills = [first]
        self._numbers = {first: 0}

    @staticmethod
    def _kinds_of_boundary(space: Space, operand: int, level: int) -> list[int]:
        """Per point, a number that is equal where all that the cost model reads at the boundary is."""
        terms, problem = space.terms[operand], space.problem
        columns = [space.lattice.cycles]
        columns += [terms.raw_elems(form, level) for form in (problem.fractional, problem.integer)]
        if terms.is_output:
            columns.append(terms.reuse_left)
        kinds: list[int] = np.unique(np.stack(columns), axis=1, return_inverse=True)[1].ravel().tolist()
        return kinds

    def after(self, number: int, point: int, kind: int) -> int:
        """The number of the fill after one more loop at a point; ``REJECTED`` where the memories are too small."""
        filled = self._closed(self.fills[number], point, point + self.strides[kind])
        if filled is None:
            return REJECTED
        fill = self._with_loop(filled, point, kind)
        found = self._numbers.get(fill)
        if found is None:
            found = self._numbers[fill] = len(self.fills)
            self.fills.append(fill)
        return found

    def _closed(self, fill: Fill, point: int, grown: int) -> Fill | None:
        """Close the memories that cannot take the next loop; None where even what is there does not fit."""
        while not self._fits(fill, grown):
            if fill.level == self.n_levels - 1 or not self._fits(fill, point):
                return None
            fill = fill._replace(level=fill.level + 1, n_open=fill.n_open + 1, unfinished=self._unfinished[point])
        return fill if self._fits(fill, point) else None

    def _fits(self, fill: Fill, point: int) -> bool:
        return bool(self._needed[fill.level][0 if fill.unfinished else 1][point] <= self._room[fill.level])

    def _with_loop(self, fill: Fill, point: int, kind: int) -> Fill:
        size = self.sizes[kind]
        if self.is_irrelevant[kind]:
            return fill._replace(reuse_run=fill.reuse_run * size, relevant_run=1.0)
        reuse_run, relevant_run, boundaries = fill.reuse_run, fill.relevant_run, fill.boundaries
        for level in range(fill.level - fill.n_open, fill.level):
            boundaries = (*boundaries, (self._kinds[level][point], reuse_run, relevant_run))
            reuse_run = relevant_run = 1.0
        lead = fill.lead or self._cycles[point]
        relevant_run = relevant_run * size if self.is_relevant[kind] else 1.0
        return Fill(fill.level, 0, fill.unfinished, boundaries, lead, 1.0, relevant_run)


class MergedOrders:
    """One order for each class of equal price.

    Args:
        space: the orders.
        most: beginnings of one length that are kept; of more, as many spread evenly over all.

    Attributes:
        is_cut: whether there were more beginnings than are kept.
    """

    def __init__(self, space: Space, most: int) -> None:
        self.space, self.lattice, self.most = space, space.lattice, most
        self.is_cut = False
        self._fills = [OperandFills(space, o) for o in range(len(space.operands))]

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield [n, m] arrays of indices into the loops of the lattice, innermost first.

        Where no order fits, those that came furthest: LOMA rejects them, and says what was missing.
        """
        first_of_kind = np.array([self.lattice.loops.index(kind) for kind in self.lattice.kinds], dtype=np.int8)
        orders = self._grown()
        for start in range(0, orders.shape[1], CHUNK):
            yield first_of_kind[orders[:, start : start + CHUNK]] if len(orders) else orders

    def _grown(self) -> np.ndarray:
        """[n, m] kinds of loop."""
        orders = np.zeros((0, 1), dtype=np.int8)
        points = np.zeros(1, dtype=np.int64)
        fills = [np.zeros(1, dtype=np.int64) for _ in self._fills]
        for position in range(self.space.n_loops):
            parents, kinds, grown = self._steps(position, points, fills)
            if not len(parents):
                return self._completed(orders[:, :CHUNK], points[:CHUNK])
            points = points[parents] + np.array(self.lattice.strides)[kinds]
            kept = self._distinct([points, *grown])
            orders = np.concatenate([orders[:, parents[kept]], kinds[None, kept]])
            points, fills = points[kept], [column[kept] for column in grown]
        return orders

    def _steps(
        self, position: int, points: np.ndarray, fills: list[np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
        """Every beginning with every loop that may come next: its number, the kind of loop, and the fills after it."""
        allowed = self.space.allowed(position)
        tables = [self._after(o, points, numbers, allowed) for o, numbers in enumerate(fills)]
        parents, kinds, grown = [], [], []
        for column, kind in enumerate(allowed):
            possible = self.lattice.inside[kind][points] < self.lattice.counts[kind]
            for table in tables:
                possible &= table[:, column] != REJECTED
            chosen = np.flatnonzero(possible)
            parents.append(chosen)
            kinds.append(np.full(len(chosen), kind, dtype=np.int8))
            grown.append([table[chosen, column] for table in tables])
        if not allowed:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int8), fills
        return np.concatenate(parents), np.concatenate(kinds), [np.concatenate(c) for c in zip(*grown, strict=True)]

    def _after(self, operand: int, points: np.ndarray, numbers: np.ndarray, allowed: Sequence[int]) -> np.ndarray:
        """[m, kind] the fill of one operand after each loop; worked out once for each fill and point."""
        n_points, counts, inside = self.lattice.n_points, self.lattice.counts, self.lattice.inside
        pairs, inverse = np.unique(numbers * n_points + points, return_inverse=True)
        step = self._fills[operand].after
        table = [
            [step(n, p, k) if inside[k, p] < counts[k] else REJECTED for k in allowed]
            for n, p in (divmod(pair, n_points) for pair in pairs.tolist())
        ]
        return np.array(table, dtype=np.int64).reshape(len(pairs), len(allowed))[inverse.ravel()]

    def _distinct(self, columns: list[np.ndarray]) -> np.ndarray:
        """The first of each class of equal columns, no more than are kept."""
        key, n_keys = columns[0], self.lattice.n_points
        for column in columns[1:]:
            n_values = int(column.max()) + 1
            if n_keys * n_values > _MOST_KEYS:
                values, key = np.unique(key, return_inverse=True)
                n_keys = len(values)
            key, n_keys = key * n_values + column, n_keys * n_values
        first = np.sort(np.unique(key, return_index=True)[1])
        if len(first) <= self.most:
            return first
        self.is_cut = True
        return first[np.linspace(0, len(first) - 1, self.most).astype(np.int64)]

    def _completed(self, orders: np.ndarray, points: np.ndarray) -> np.ndarray:
        """Beginnings that nothing can be added to, with the rest of their loops in any order."""
        rest = [
            [k for k, n in enumerate(self.lattice.counts) for _ in range(n - int(self.lattice.inside[k, p]))]
            for p in points
        ]
        return np.concatenate([orders, np.array(rest, dtype=np.int8).T])


def why_unproven(space: Space) -> str | None:
    """Why merged orders may lack the best one; None where they hold it."""
    relevancy = space.problem.layer.relevancy
    for terms in space.terms:
        unrolled = space.problem.fractional.operands[terms.operand]
        factors = [f for dim in unrolled.dims for f in unrolled.factors(dim)]
        if unrolled.rounding_dims(unrolled.dims):
            return "unrollings that are not exact in binary, whose order of multiplication shows"
        if relevancy.partial[terms.operand] and not all(float(f).is_integer() for f in factors):
            return "fractional unrollings beside sliding windows, which are rounded"
    if any(_is_contended(space, index) for index in range(len(space.problem.sharers))):
        return "operands that contend for a memory"
    for operand, needed in enumerate(space.needed):
        if any(
            _may_stop_short(space, table) for level in needed[: space.terms[operand].n_levels - 1] for table in level
        ):
            return "tiles that outgrow the loop that is added to them"
    return None


def _is_contended(space: Space, index: int) -> bool:
    """Whether what one operand keeps at a memory leaves less for another, so that LOMA weighs them together."""
    sharers = [(space.operands.index(op), level) for op, level in space.problem.sharers[index]]
    if len(sharers) < 2 or all(level == space.terms[o].n_levels - 1 for o, level in sharers):
        return False
    most = sum(float(np.max(space.needed[o][level])) for o, level in sharers)
    return most > space.problem.accelerator.memories[index].size_bits


def _may_stop_short(space: Space, needed: np.ndarray) -> bool:
    """Whether another loop ever makes a tile grow by more than its size, so that LOMA may leave it out."""
    lattice = space.lattice
    for (_, size), stride, inside, count in zip(
        lattice.kinds, lattice.strides, lattice.inside, lattice.counts, strict=True
    ):
        before = np.flatnonzero(inside < count)
        if (needed[before + stride] > size * needed[before]).any():
            return True
    return False
