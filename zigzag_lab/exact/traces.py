"""Sizes of an operand's tiles as the order of loops decides them.

A tile's size is a product that ZigZag 3.9.1 forms loop by loop, from the innermost. Where an unrolling is not whole,
rounding on the way shows: in the last digit, and from there in an iteration more or less of a sliding loop, or in half
an element that is rounded up or down. So orders of the same loops may make tiles of different sizes. Here all products
are followed, loop by loop and cut by cut, as the cost model forms them. There are many, yet few that matter: beginnings
of orders are one *trace* where no tile that may follow tells them apart, found from the outermost loops inwards, as the
states of an automaton are merged.
Axes: ``m`` beginning of an order, ``x`` its products, ``f`` form of the spatial mapping, ``k`` kind of loop, ``q``
trace, ``N`` point.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np

from zigzag_lab.mapping.classes import classes_of
from zigzag_lab.mapping.lattice import Lattice
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.shapes import extents
from zigzag_lab.mapping.unrolling import OperandUnrolling, SpatialForm
from zigzag_lab.workload import DimensionRelation

MOST_BEGINNINGS = 200_000
"""Beginnings of orders that are followed for one operand, some 100 bytes each."""

IMPOSSIBLE = -1

POINT = 0
"""Row, in a table of products, of the loops that are inside, as a point of the lattice."""

Place = tuple[int, int]
"""How many relevant loops are inside, and the open level."""

_NOISE = 1e-12
_TIE = 2e-9


class TileSizes:
    """Elements of the tiles of one operand, as tables over the lattice of tile shapes.

    Where the order of loops may decide a rounding, a table holds the lower outcome or, on demand, the higher.
    """

    def __init__(self, problem: Problem, lattice: Lattice, operand: str) -> None:
        self.problem, self.lattice, self.operand = problem, lattice, operand
        self.is_output = operand == problem.layer.output_operand
        self.memories = problem.memories[operand]
        self.n_levels = len(self.memories)
        self.irrelevant = problem.layer.relevancy.irrelevant[operand]
        self.relevant = problem.layer.relevancy.relevant[operand]

    def differs(self, form: SpatialForm) -> np.ndarray:
        """[level, N] whether the order of loops may show in the size of a tile."""
        boundaries = range(1, self.n_levels + 1)
        return np.stack([self.elems(form, a) != self.elems(form, a, upper=True) for a in boundaries])

    def raw_elems(self, form: SpatialForm, level: int, *, upper: bool = False) -> np.ndarray:
        """[N] elements inside a level, not rounded, by the loops alone; the higher ones on demand."""
        layer, unrolled = self.problem.layer, form.operands[self.operand]
        elems = np.ones(self.lattice.n_points)
        for dim in self.relevant:
            elems = elems * (self.lattice.iterations(dim) * prod(unrolled.factors(dim)[: level + 1]))
        for relation in layer.relevancy.partial[self.operand]:
            a, b = (self._iterations(unrolled, dim, level)[int(upper)] for dim in relation.loop_dims)
            elems = elems * extents(relation, layer.data_sizes[relation.data_dim], a, b)
        return elems

    def _iterations(self, unrolled: OperandUnrolling, dim: str, level: int) -> tuple[np.ndarray, np.ndarray]:
        """[N] whole iterations of a partially relevant dimension; the lower and the higher where noise decides."""
        value = self.lattice.iterations(dim) * prod(unrolled.factors(dim)[: level + 1])
        if not unrolled.rounding_dims((dim,)):
            return np.trunc(value), np.trunc(value)
        return np.trunc(value * (1 - _NOISE)), np.trunc(value * (1 + _NOISE))

    def elems(self, form: SpatialForm, boundary: int, *, upper: bool = False) -> np.ndarray:
        """[N] elements that one instance of the memory inside a boundary holds; the higher ones on demand."""
        if boundary == 0:
            return np.ones(self.lattice.n_points)
        raw = self.raw_elems(form, boundary - 1, upper=upper)
        if not self.may_tie(form, boundary):
            return np.rint(raw)
        return np.rint(raw * (1 + _TIE if upper else 1 - _TIE))

    def may_tie(self, form: SpatialForm, boundary: int) -> bool:
        """Whether the elements inside a boundary may end on a half, so that the order of all products decides."""
        unrolled = form.operands[self.operand]
        factors = [f for dim in self.relevant for f in unrolled.factors(dim)[:boundary]]
        partial = self.problem.layer.relevancy.partial[self.operand]
        whole = float(prod(factors)).is_integer()
        return not whole and bool(partial or unrolled.rounding_dims(self.relevant))


@dataclass(frozen=True)
class Traces:
    """How the traces of one operand go on; number 0 is that of no loop.

    Attributes:
        n_sizes: how many sizes a tile of given loops may have, at most.
        elems: per form of the spatial mapping (fractional, then integer if that differs) and level, [sizes * N]
            elements of a tile. Where more than one size is possible, none is less than the first.
        allocated: per level, [sizes * N] the same as the allocator counts them, not rounded.
        grown: [q, k] the trace after one more loop, where it may be added; irrelevant loops are not asked for.
        closed: [q] the trace once the open level is closed, where it may be.
        size: [q] which size the tile has that is closed there.
    """

    n_sizes: int
    elems: list[list[np.ndarray]]
    allocated: list[np.ndarray]
    grown: np.ndarray
    closed: np.ndarray
    size: np.ndarray


@dataclass(frozen=True)
class _Arrival:
    """Beginnings [x, m] on their way to a place; the number of each there goes into an array, at some indices."""

    table: np.ndarray
    into: np.ndarray
    at: np.ndarray


@dataclass(frozen=True)
class _Block:
    """The beginnings of a place.

    Attributes:
        point: [m] the loops inside.
        closed: [m] which one of the next level each is once its own is closed.
        grown: [k, m] which one of a loop more.
        sizes: [f, m] elements of the tile that is closed, in each form that is followed; then as the allocator counts
            them, if that depends on the order.
    """

    point: np.ndarray
    closed: np.ndarray
    grown: np.ndarray
    sizes: np.ndarray


def followed(terms: TileSizes, fits: np.ndarray, room: np.ndarray) -> Traces | None:
    """The traces of one operand; None where they are too many.

    Args:
        terms: the tile sizes of the operand, by the loops alone.
        fits: [level, N] whether a tile may be closed there.
        room: [level, N] whether anything may still become of a tile.
    """
    follower = _Follower(terms, fits, room)
    blocks = follower.blocks()
    return _Merger(terms, [*follower.forms], blocks).traces() if blocks else None


class Products:
    """The products that ZigZag 3.9.1 forms on its way to the sizes of an operand's tiles, in one form of the mapping.

    The loops inside a tile multiply from the innermost outwards: those of a level in time, then those that are unrolled
    there, and what the levels multiply to level by level (:func:`zigzag_lab.mapping.unrolling.split_levels`). The
    allocator takes those that are unrolled first (:func:`zigzag_lab.mapping.footprint.tile_elems`). Tables are [x, m].

    Args:
        first_row: of a table, the first row that is free.

    Attributes:
        n_rows: how many rows it takes: the iterations of each sliding dimension, as the cost model multiplies them and
            as the allocator does; where elements may end on a half, what the loops of the open level multiply to, and
            what all closed levels do.
    """

    def __init__(self, terms: TileSizes, form: SpatialForm, first_row: int) -> None:
        self.layer, self.lattice, self.relevant = terms.problem.layer, terms.lattice, terms.relevant
        self.unrolled = form.operands[terms.operand]
        self.relations = self.layer.relevancy.partial[terms.operand]
        self.relation_of = {dim: relation for relation in self.relations for dim in relation.loop_dims}
        n = len(self.relation_of)
        self.iterations = {dim: first_row + i for i, dim in enumerate(self.relation_of)}
        self.allocated = {dim: first_row + n + i for i, dim in enumerate(self.relation_of)}
        self.may_tie = any(terms.may_tie(form, level + 1) for level in range(terms.n_levels))
        self.level, self.whole = first_row + 2 * n, first_row + 2 * n + 1
        self.n_rows = 2 * (n + self.may_tie)

    def open(self, table: np.ndarray, level: int) -> None:
        """Begin a level, in place; above the outermost there is none."""
        for dim, factor in self.unrolled.levels[level]:
            if dim in self.allocated:
                table[self.allocated[dim]] *= factor

    def grow(self, table: np.ndarray, dim: str, size: int) -> None:
        """One more loop in time, in place."""
        self._multiply(table, dim, size)
        if dim in self.allocated:
            table[self.allocated[dim]] *= size

    def _multiply(self, table: np.ndarray, dim: str, size: float) -> None:
        if dim in self.iterations:
            relation = self.relation_of[dim]
            before = self._extent(table, relation, self.iterations)
            table[self.iterations[dim]] *= size
            if self.may_tie:
                table[self.level] *= self._extent(table, relation, self.iterations) / np.maximum(before, 1)
        elif dim in self.relevant and self.may_tie:
            table[self.level] *= size

    def close(self, table: np.ndarray, level: int) -> tuple[np.ndarray, np.ndarray]:
        """End a level, in place: [m] elements of its tile, and as the allocator counts them, not rounded."""
        allocated = self._elems(table, level, self.allocated)
        for dim, factor in self.unrolled.levels[level]:
            self._multiply(table, dim, factor)
        if not self.may_tie:
            return np.rint(self._elems(table, level, self.iterations)), allocated
        table[self.whole] *= table[self.level]
        table[self.level] = 1
        return np.rint(table[self.whole]), allocated

    def _elems(self, table: np.ndarray, level: int, iterations: dict[str, int]) -> np.ndarray:
        elems, point = np.ones(table.shape[1]), table[POINT].astype(np.int64)
        for dim in self.relevant:
            elems = elems * (self.lattice.iterations(dim)[point] * prod(self.unrolled.factors(dim)[: level + 1]))
        for relation in self.relations:
            elems = elems * self._extent(table, relation, iterations)
        return elems

    def _extent(self, table: np.ndarray, relation: DimensionRelation, iterations: dict[str, int]) -> np.ndarray:
        a, b = (table[iterations[dim]] for dim in relation.loop_dims)
        return np.asarray(extents(relation, self.layer.data_sizes[relation.data_dim], a, b))


class _Follower:
    """Follows all orders."""

    def __init__(self, terms: TileSizes, fits: np.ndarray, room: np.ndarray) -> None:
        self.terms, self.fits, self.room, self.lattice = terms, fits, room, terms.lattice
        self.forms: dict[int, Products] = {}
        self.n_rows = POINT + 1
        for number, form in enumerate(terms.problem.forms):
            if terms.differs(form).any():
                self.forms[number] = Products(terms, form, self.n_rows)
                self.n_rows += self.forms[number].n_rows
        self.kinds = [k for k, (dim, _) in enumerate(self.lattice.kinds) if dim not in terms.irrelevant]
        self.n_loops = sum(self.lattice.counts[k] for k in self.kinds)
        self._arrivals: dict[Place, list[_Arrival]] = {}

    def blocks(self) -> dict[Place, _Block]:
        """All beginnings, shortest first; nothing where they are too many."""
        start, nowhere = np.ones((self.n_rows, 1)), np.zeros(1, dtype=np.int64)
        start[POINT] = 0
        for form in self.forms.values():
            form.open(start, 0)
        self._arrive((0, 0), start, nowhere, nowhere)
        found: dict[Place, _Block] = {}
        n_followed = 0
        for place in product(range(self.n_loops + 1), range(self.terms.n_levels)):
            if place in self._arrivals:
                found[place] = self._block(*place)
                n_followed += len(found[place].point)
                if n_followed > MOST_BEGINNINGS:
                    return {}
        return found

    def _arrive(self, place: Place, table: np.ndarray, into: np.ndarray, at: np.ndarray) -> None:
        """Note beginnings, and where to write which of their place each of them is."""
        if table.shape[1]:
            self._arrivals.setdefault(place, []).append(_Arrival(table, into, at))

    def _block(self, n: int, level: int) -> _Block:
        """Return the distinct beginnings that arrived at a place, and their successors."""
        table = self._arrived((n, level))
        point = table[POINT].astype(np.int64)
        nothing = np.full((1 + len(self.lattice.kinds), len(point)), IMPOSSIBLE, dtype=np.int64)
        block = _Block(point, nothing[0], nothing[1:], np.full((len(self.forms) + 1, len(point)), float(IMPOSSIBLE)))
        is_last = level == self.terms.n_levels - 1
        rows = np.flatnonzero(self.fits[level][point] & (n == self.n_loops or not is_last))
        after = table[:, rows]
        for f, (number, form) in enumerate(self.forms.items()):
            block.sizes[f, rows], allocated = form.close(after, level)
            if number == 0:
                block.sizes[-1, rows] = allocated
            if not is_last:
                form.open(after, level + 1)
        if not is_last:
            self._arrive((n, level + 1), after, block.closed, rows)
        for k in self.kinds:
            rows = np.flatnonzero(self.lattice.inside[k][point] < self.lattice.counts[k])
            rows = rows[self.room[level][point[rows] + self.lattice.strides[k]]]
            self._arrive((n + 1, level), self._with_loop(table[:, rows], k), block.grown[k], rows)
        return block

    def _arrived(self, place: Place) -> np.ndarray:
        """[x, m] the distinct beginnings of a place."""
        arrivals = self._arrivals.pop(place)
        table = np.concatenate([arrival.table for arrival in arrivals], axis=1)
        first, which = classes_of([*table])
        for arrival in arrivals:
            arrival.into[arrival.at], which = np.split(which, [arrival.table.shape[1]])
        return table[:, first]

    def _with_loop(self, table: np.ndarray, kind: int) -> np.ndarray:
        """[x, m] the products with one more loop in time; given a copy, which is changed."""
        table[POINT] += self.lattice.strides[kind]
        for form in self.forms.values():
            form.grow(table, *self.lattice.kinds[kind])
        return table


@dataclass(frozen=True)
class _Sizes:
    """Sizes [f, m] of the tiles of a level, by [m] their points and which of the point's sizes it is (or all)."""

    level: int
    point: np.ndarray
    number: np.ndarray | slice
    sizes: np.ndarray


class _Merger:
    """Merges beginnings into traces, the longest first."""

    def __init__(self, terms: TileSizes, forms: list[int], blocks: dict[Place, _Block]) -> None:
        self.terms, self.forms, self.blocks = terms, forms, blocks
        self.n_sizes, self.n_traces = 1, 0
        self._least: list[_Sizes] = []
        self._met: list[_Sizes] = []

    def traces(self) -> Traces:
        """All of them, and all sizes of tiles."""
        trace_of: dict[Place, np.ndarray] = {}
        parts = []
        for (n, level), block in reversed(self.blocks.items()):
            closed = _looked_up(trace_of.get((n, level + 1)), block.closed)
            grown = _looked_up(trace_of.get((n + 1, level)), block.grown)
            part = np.stack([self._sizes(level, block), closed, *grown])
            first, which = classes_of([block.point, *part])
            trace_of[n, level] = self.n_traces + which
            self.n_traces += len(first)
            parts.append(part[:, first])
        of_last_first = np.concatenate(parts, axis=1)
        size, closed, grown = np.split(of_last_first[:, ::-1], [1, 2])
        *elems, allocated = self._tables()
        return Traces(self.n_sizes, elems, allocated, self._renumbered(grown).T, self._renumbered(closed[0]), size[0])

    def _renumbered(self, traces: np.ndarray) -> np.ndarray:
        """The numbers of traces counted from the last that was merged, which is that of no loop."""
        return np.where(traces == IMPOSSIBLE, IMPOSSIBLE, self.n_traces - 1 - traces)

    def _sizes(self, level: int, block: _Block) -> np.ndarray:
        """[m] which size of its tile a beginning makes; sizes count from the least in every form, if there is one."""
        number_of, rows = np.zeros(len(block.point), dtype=np.int64), np.flatnonzero(block.sizes[0] != IMPOSSIBLE)
        if not len(rows):
            return number_of
        point, sizes = block.point[rows], block.sizes[:, rows]
        first, which = classes_of([*sizes[::-1], point])
        point, sizes = point[first], sizes[:, first]
        starts = np.flatnonzero(np.diff(point, prepend=-1))
        of_point = np.cumsum(np.diff(point, prepend=-1) != 0) - 1
        least = np.minimum.reduceat(sizes, starts, axis=1)
        is_least_of_all = (least == sizes[:, starts]).all(axis=0)
        number = np.arange(len(point)) - starts[of_point] + ~is_least_of_all[of_point]
        self._least.append(_Sizes(level, point[starts], slice(None), least))
        self._met.append(_Sizes(level, point, number, sizes))
        self.n_sizes = max(self.n_sizes, int(number.max()) + 1)
        number_of[rows] = number[which]
        return number_of

    def _tables(self) -> list[list[np.ndarray]]:
        """Per form (and last, for the allocator) and level, [sizes * N] elements; sizes that are not met are the least.

        What is not followed is known from the point.
        """
        lattice = self.terms.lattice
        relevant = [k for k, (dim, _) in enumerate(lattice.kinds) if dim not in self.terms.irrelevant]
        inside = np.array(lattice.strides, dtype=np.int64)[relevant] @ lattice.inside[relevant]
        levels = range(self.terms.n_levels)
        tables = [
            [np.tile(self.terms.elems(form, level + 1), (self.n_sizes, 1)) for level in levels]
            for form in self.terms.problem.forms
        ]
        tables.append(
            [np.tile(self.terms.raw_elems(self.terms.problem.forms[0], level), (self.n_sizes, 1)) for level in levels]
        )
        for met in (*self._least, *self._met):
            for table, sizes in zip((*self.forms, *([-1] if 0 in self.forms else [])), met.sizes, strict=False):
                tables[table][met.level][met.number, met.point] = sizes
        return [[table[:, inside].ravel() for table in of_form] for of_form in tables]


def _looked_up(trace_of: np.ndarray | None, numbers: np.ndarray) -> np.ndarray:
    """The traces of some beginnings, given by their numbers in their block."""
    if trace_of is None:
        return numbers
    return np.where(numbers == IMPOSSIBLE, IMPOSSIBLE, trace_of[numbers])
