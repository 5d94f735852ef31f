"""What the order of loops makes of the sizes of an operand's tiles.

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
from typing import TYPE_CHECKING

import numpy as np

from zigzag_lab.mapping.classes import classes_of
from zigzag_lab.mapping.problem import OperandUnrolling
from zigzag_lab.mapping.shapes import extents
from zigzag_lab.workload import DimensionRelation

if TYPE_CHECKING:
    from zigzag_lab.exact.terms import OperandTerms

MOST_BEGINNINGS = 200_000
"""Beginnings of orders that are followed for one operand, some 100 bytes each."""

IMPOSSIBLE = -1

Place = tuple[int, int]
"""How many relevant loops are inside, and the open level."""


@dataclass(frozen=True)
class Traces:
    """How the traces of one operand go on; number 0 is that of no loop.

    Attributes:
        n_sizes: how many sizes a tile of given loops may have, at most.
        elems: per form of the spatial mapping (fractional, integer) and level, [sizes * N] elements of a tile. Where
            more than one size is possible, no size is less than the first.
        grown: [q, k] the trace after one more loop, where it may be added; irrelevant loops are not asked for.
        closed: [q] the trace once the open level is closed, where it may be.
        size: [q] which size the tile has that is closed there.
    """

    n_sizes: int
    elems: tuple[list[np.ndarray], list[np.ndarray]]
    grown: np.ndarray
    closed: np.ndarray
    size: np.ndarray


@dataclass(frozen=True)
class _Form:
    """The products of one form of the spatial mapping, as rows of a table.

    Attributes:
        unrolled: the unrolling.
        number: 0 for the fractional form, 1 for the integer one.
        iterations: the row of each sliding dimension's iterations.
        run, whole: the row of what the loops of the open level multiply to, and of what all closed levels do.
        may_tie: whether these two matter.
    """

    unrolled: OperandUnrolling
    number: int
    iterations: dict[str, int]
    run: int
    whole: int
    may_tie: bool


@dataclass
class _Block:
    """Beginnings of as many relevant loops and the same open level.

    Attributes:
        products: [x, m], the point first.
        closed: [m] which one of the next level each is once its own is closed.
        grown: [k, m] which one of a loop more.
        elems: [f, m] elements of the tile that is closed.
    """

    products: np.ndarray
    closed: np.ndarray
    grown: np.ndarray
    elems: np.ndarray


def followed(terms: OperandTerms, fits: np.ndarray, room: np.ndarray) -> Traces | None:
    """The traces of one operand; None where they are too many.

    Args:
        terms: the tables of the operand, which do not know of traces yet.
        fits: [level, N] whether a tile may be closed there.
        room: [level, N] whether anything may still become of a tile.
    """
    follower = _Follower(terms, fits, room)
    blocks = follower.blocks()
    return _Merger(terms, follower.forms, blocks).traces() if blocks else None


class _Follower:
    """Follows all orders."""

    def __init__(self, terms: OperandTerms, fits: np.ndarray, room: np.ndarray) -> None:
        self.terms, self.fits, self.room, self.lattice = terms, fits, room, terms.lattice
        self.relations = terms.problem.layer.relevancy.partial[terms.operand]
        self.relation_of = {dim: relation for relation in self.relations for dim in relation.loop_dims}
        self.forms = _forms_of(terms, list(self.relation_of))
        self.kinds = [k for k, (dim, _) in enumerate(self.lattice.kinds) if dim not in terms.irrelevant]
        self.n_loops = sum(self.lattice.counts[k] for k in self.kinds)
        self.blocks_of: dict[Place, _Block] = {}
        self._arrivals: dict[Place, list[tuple[np.ndarray, np.ndarray, np.ndarray]]] = {}

    def blocks(self) -> dict[Place, _Block]:
        """All beginnings, shortest first; nothing where they are too many."""
        n_products = 1 + sum(len(form.iterations) + 2 for form in self.forms)
        start = np.ones((n_products, 1))
        start[0] = 0
        self._arrive((0, 0), start, np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64))
        n_followed = 0
        for n in range(self.n_loops + 1):
            for level in range(self.terms.n_levels):
                if (n, level) in self._arrivals:
                    self.blocks_of[n, level] = block = self._block(n, level)
                    n_followed += block.products.shape[1]
                    if n_followed > MOST_BEGINNINGS:
                        return {}
        return self.blocks_of

    def _arrive(self, place: Place, products: np.ndarray, into: np.ndarray, at: np.ndarray) -> None:
        """Note beginnings, and where to write which of their place they are."""
        if products.shape[1]:
            self._arrivals.setdefault(place, []).append((products, into, at))

    def _block(self, n: int, level: int) -> _Block:
        """What arrived at a place, equal ones once; and what may come of it."""
        arrived = self._arrivals.pop((n, level))
        together = np.concatenate([products for products, _, _ in arrived], axis=1)
        first, which = classes_of([*together])
        for products, into, at in arrived:
            into[at], which = which[: products.shape[1]], which[products.shape[1] :]
        together = together[:, first]
        m, point = len(first), together[0].astype(np.int64)
        nothing = np.full((1 + len(self.lattice.kinds), m), IMPOSSIBLE, dtype=np.int64)
        block = _Block(together, nothing[0], nothing[1:], np.full((len(self.forms), m), -1.0))
        is_last = level == self.terms.n_levels - 1
        rows = np.flatnonzero(self.fits[level][point]) if n == self.n_loops or not is_last else nothing[0, :0]
        after = together[:, rows]
        for f, form in enumerate(self.forms):
            block.elems[f, rows] = self._close(form, after, level)
        if not is_last:
            self._arrive((n, level + 1), after, block.closed, rows)
        for k in self.kinds:
            more = np.flatnonzero(self.lattice.inside[k][point] < self.lattice.counts[k])
            more = more[self.room[level][point[more] + self.lattice.strides[k]]]
            self._arrive((n + 1, level), self._with_loop(together[:, more], k), block.grown[k], more)
        return block

    def _with_loop(self, products: np.ndarray, kind: int) -> np.ndarray:
        """[x, m] the products with one more loop in time; given a copy, which is changed."""
        dim, size = self.lattice.kinds[kind]
        products[0] += self.lattice.strides[kind]
        for form in self.forms:
            self._multiply(form, products, dim, size)
        return products

    def _close(self, form: _Form, products: np.ndarray, level: int) -> np.ndarray:
        """[m] elements of a level's tile, once the loops that are unrolled there have joined it; changes the products.

        What the factors of a level multiply to is multiplied level by level, as in :mod:`zigzag_lab.mapping.sliding`.
        """
        for dim, factor in form.unrolled.levels[level]:
            self._multiply(form, products, dim, factor)
        if form.may_tie:
            products[form.whole] *= products[form.run]
            products[form.run] = 1
            return np.rint(products[form.whole])
        elems = np.ones(products.shape[1])
        for dim in self.terms.relevant:
            factors = form.unrolled.factors(dim)[: level + 1]
            elems = elems * self.lattice.iterations(dim)[products[0].astype(np.int64)] * np.prod(factors)
        for relation in self.relations:
            elems = elems * self._extent(form, products, relation)
        return np.rint(elems)

    def _multiply(self, form: _Form, products: np.ndarray, dim: str, size: float) -> None:
        if dim in form.iterations:
            relation = self.relation_of[dim]
            before = self._extent(form, products, relation)
            products[form.iterations[dim]] *= size
            if form.may_tie:
                products[form.run] *= self._extent(form, products, relation) / np.maximum(before, 1)
        elif dim in self.terms.relevant and form.may_tie:
            products[form.run] *= size

    def _extent(self, form: _Form, products: np.ndarray, relation: DimensionRelation) -> np.ndarray:
        a, b = (products[form.iterations[dim]] for dim in (relation.dim_a, relation.dim_b))
        limit = self.terms.problem.layer.data_sizes[relation.data_dim]
        return np.asarray(extents(relation, limit, a, b))


def _forms_of(terms: OperandTerms, sliding: list[str]) -> list[_Form]:
    """The forms of the spatial mapping in which the order of loops may show."""
    problem, found, row = terms.problem, [], 1
    for number, variant in enumerate((problem.fractional, problem.integer)):
        if terms.differs(variant).any() and not (number and variant is problem.fractional):
            may_tie = any(terms.may_tie(variant, level + 1) for level in range(terms.n_levels))
            rows = {dim: row + i for i, dim in enumerate(sliding)}
            row += len(rows) + 2
            found.append(_Form(variant.operands[terms.operand], number, rows, row - 2, row - 1, may_tie))
    return found


@dataclass(frozen=True)
class _Sizes:
    """Sizes of the tiles of a level: [m] points, [m] which of their sizes (or all of them), and [f, m] elements."""

    level: int
    point: np.ndarray
    number: np.ndarray | slice
    elems: np.ndarray


class _Merger:
    """Merges beginnings into traces, the longest first."""

    def __init__(self, terms: OperandTerms, forms: list[_Form], blocks: dict[Place, _Block]) -> None:
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
            first, which = classes_of([block.products[0], *part])
            trace_of[n, level] = self.n_traces + which
            self.n_traces += len(first)
            parts.append(part[:, first])
        of_last_first = np.concatenate(parts, axis=1)
        size, closed, grown = np.split(of_last_first[:, ::-1], [1, 2])
        return Traces(self.n_sizes, self._elems(), self._renumbered(grown).T, self._renumbered(closed[0]), size[0])

    def _renumbered(self, traces: np.ndarray) -> np.ndarray:
        """The numbers of traces counted from the last that was merged, which is that of no loop."""
        return np.where(traces == IMPOSSIBLE, IMPOSSIBLE, self.n_traces - 1 - traces)

    def _sizes(self, level: int, block: _Block) -> np.ndarray:
        """[m] which size of its tile a beginning makes; sizes count from the least in every form, if there is one."""
        sizes, rows = np.zeros(block.elems.shape[1], dtype=np.int64), np.flatnonzero(block.elems[0] >= 0)
        if not len(rows):
            return sizes
        point, elems = block.products[0, rows].astype(np.int64), block.elems[:, rows]
        first, which = classes_of([*elems[::-1], point])
        point, elems = point[first], elems[:, first]
        starts = np.flatnonzero(np.diff(point, prepend=-1))
        of_point = np.cumsum(np.diff(point, prepend=-1) != 0) - 1
        least = np.minimum.reduceat(elems, starts, axis=1)
        is_least_of_all = (least == elems[:, starts]).all(axis=0)
        number = np.arange(len(point)) - starts[of_point] + ~is_least_of_all[of_point]
        self._least.append(_Sizes(level, point[starts], slice(None), least))
        self._met.append(_Sizes(level, point, number, elems))
        self.n_sizes = max(self.n_sizes, int(number.max()) + 1)
        sizes[rows] = number[which]
        return sizes

    def _elems(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Per form and level, [sizes * N] elements of tiles; each size that is not met is the least there is."""
        problem, lattice = self.terms.problem, self.terms.lattice
        relevant = [k for k, (dim, _) in enumerate(lattice.kinds) if dim not in self.terms.irrelevant]
        inside = np.array(lattice.strides, dtype=np.int64)[relevant] @ lattice.inside[relevant]
        tables = [
            [np.tile(self.terms.elems(variant, level + 1), (self.n_sizes, 1)) for level in range(self.terms.n_levels)]
            for variant in (problem.fractional, problem.integer)
        ]
        for sizes in (*self._least, *self._met):
            for form, elems in zip(self.forms, sizes.elems, strict=True):
                tables[form.number][sizes.level][sizes.number, sizes.point] = elems
        fractional, integer = ([table[:, inside].ravel() for table in of_form] for of_form in tables)
        return fractional, fractional if problem.integer is problem.fractional else integer


def _looked_up(trace_of: np.ndarray | None, numbers: np.ndarray) -> np.ndarray:
    """The traces of some beginnings, given by their numbers in their block."""
    if trace_of is None:
        return numbers
    return np.where(numbers == IMPOSSIBLE, IMPOSSIBLE, trace_of[numbers])
