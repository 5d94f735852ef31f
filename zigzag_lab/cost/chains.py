"""Chains of tiles: what a mapping amounts to for its price.

Orders of loops that cut every operand into the same tiles, with the same runs of loops at their borders, have the same
price. A few chains stand for thousands of orders, so each is priced once. Axes: ``b`` the boundaries of all operands
(:mod:`zigzag_lab.cost.wiring`), ``m`` mapping, ``N`` point (:mod:`zigzag_lab.mapping.lattice`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, repeat
from math import prod

import numpy as np

from zigzag_lab.cost.wiring import Wiring
from zigzag_lab.mapping.batch import LoopTables, MappingBatch
from zigzag_lab.mapping.classes import classes_of, packed
from zigzag_lab.mapping.lattice import Lattice
from zigzag_lab.mapping.problem import Problem
from zigzag_lab.mapping.shapes import TileShapes, extents
from zigzag_lab.mapping.unrolling import OperandUnrolling, SpatialForm, split_levels

_TIE_MARGIN = 1e-9


@dataclass(frozen=True)
class Chains:
    """The tiles of many mappings, by the loops inside them.

    Attributes:
        shapes: how large tiles are.
        wiring: the boundaries and cuts.
        inside: [c, m] the point inside each cut, irrelevant loops moved down.
        reuse_from, relevant_from: [c, m] the point where the run of irrelevant (relevant) loops right inside begins.
        lead: [o, m] the point after the loops right at the array that reuse an element of an operand.
        in_order: (boundary, whether of the integer form of the spatial mapping) -> [m] elements of the tile inside,
            where the order of the loops shows in it.
    """

    shapes: TileShapes
    wiring: Wiring
    inside: np.ndarray
    reuse_from: np.ndarray
    relevant_from: np.ndarray
    lead: np.ndarray
    in_order: dict[tuple[int, bool], np.ndarray]

    @classmethod
    def of(cls, batch: MappingBatch, wiring: Wiring) -> Chains:
        """The chains of a batch."""
        tables, cuts = batch.tables, wiring.cuts
        runs, n = tables.runs, len(batch)
        row = (cuts.operand * (tables.n_slots + 1))[:, None]
        columns = np.arange(n)
        allocated = np.concatenate([batch.cuts[op] for op in batch.problem.operands])[cuts.level]
        position = runs.next_relevant.take((row + allocated) * n + columns).astype(np.int64)
        below = np.where(cuts.below[:, None] < 0, 0, position[cuts.below]) if len(position) else position
        place = (row + position) * n + columns
        starts = (np.maximum(table.take(place), below) for table in (runs.reuse_start, runs.relevant_start))
        reuse_from, relevant_from = (tables.at(tables.points, start) for start in starts)
        return cls(
            shapes=tables.shapes,
            wiring=wiring,
            inside=tables.at(tables.points, position),
            reuse_from=reuse_from,
            relevant_from=relevant_from,
            lead=tables.at(tables.points, runs.next_relevant[:, 0].astype(np.int64)),
            in_order=_in_order(batch, wiring),
        )

    def __len__(self) -> int:
        return self.lead.shape[1]

    def only(self, chosen: np.ndarray) -> Chains:
        """Some of the chains, by number."""
        return Chains(
            self.shapes,
            self.wiring,
            self.inside.take(chosen, axis=1),
            self.reuse_from.take(chosen, axis=1),
            self.relevant_from.take(chosen, axis=1),
            self.lead.take(chosen, axis=1),
            {key: elems[chosen] for key, elems in self.in_order.items()},
        )

    @property
    def can_be_equal(self) -> bool:
        """Whether points are shared by orders, so that chains may be equal."""
        return len(self) > 1 and isinstance(self.shapes.points, Lattice)

    def distinct(self, *, leads_matter: bool) -> tuple[np.ndarray, np.ndarray]:
        """The first of each class of equal chains, and [m] the class of each.

        Args:
            leads_matter: whether chains that differ in ``lead`` only are different.
        """
        lead = self.lead[1:] if leads_matter else self.lead[:0]
        columns = np.concatenate([self.inside, self.reuse_from, self.relevant_from, lead])
        words = [*packed(columns, repeat(self.shapes.points.n_points)), *self.in_order.values()]
        return classes_of(words or [np.zeros(len(self), dtype=np.int64)])

    def at_boundaries(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """[b, m] the point inside every boundary, and where the two runs right inside begin."""
        wiring = self.wiring
        inside = np.zeros((wiring.n_boundaries, len(self)), dtype=np.int64)
        if self.shapes.problem.skip_repeated_reads:
            inside[list(wiring.first[1:])] = self.lead[1:]
        inside[wiring.tops] = self.shapes.points.n_points - 1
        inside[wiring.cuts.boundary] = self.inside
        reuse_from, relevant_from = inside.copy(), inside.copy()
        reuse_from[wiring.cuts.boundary] = self.reuse_from
        relevant_from[wiring.cuts.boundary] = self.relevant_from
        return inside, reuse_from, relevant_from

    def elems(self, inside: np.ndarray, form: SpatialForm) -> np.ndarray:
        """[b, m] elements of the tile inside each boundary that one instance of the memory inside holds."""
        is_integer = form is not self.shapes.problem.fractional
        table = self.shapes.known(("held", is_integer), lambda: self._held(form))
        elems = table.ravel().take(inside + np.arange(len(table))[:, None] * table.shape[1])
        for (boundary, of_integer), values in self.in_order.items():
            if of_integer is is_integer:
                elems[boundary] = values
        return elems

    def _held(self, form: SpatialForm) -> np.ndarray:
        """[b, N] the same for every point; what depends on the order of loops is left out."""
        shapes, problem = self.shapes, self.shapes.problem
        table = np.ones((self.wiring.n_boundaries, shapes.points.n_points))
        for boundary, op, level in _levels(problem, self.wiring):
            elems = shapes.elems(form.operands[op], op, level)
            if elems is not None:
                np.rint(elems, out=table[boundary])
        return table


def _levels(problem: Problem, wiring: Wiring) -> Iterator[tuple[int, str, int]]:
    """(boundary outside, operand, level) of each memory level."""
    for first, op in zip(wiring.first, problem.operands, strict=True):
        yield from ((first + level + 1, op, level) for level in range(len(problem.memories[op])))


def _in_order(batch: MappingBatch, wiring: Wiring) -> dict[tuple[int, bool], np.ndarray]:
    """The tiles in which the order of loops shows."""
    problem = batch.problem
    found: dict[tuple[int, bool], np.ndarray] = {}
    for form in problem.forms:
        for boundary, op, level in _levels(problem, wiring):
            if _order_shows(problem, form, op, level):
                found[boundary, form is not problem.fractional] = _tile_in_order(batch, op, form, level)
    return found


# -- tiles whose size depends on the order of the loops inside them, in the last digit ---------------------------------
#
# Where an unrolling is not exact in binary, ZigZag 3.9.1's order of multiplication shows, and may decide a rounding.


def _order_shows(problem: Problem, form: SpatialForm, operand: str, level: int) -> bool:
    """Whether the order of loops may show in the elements that an instance of a memory holds."""
    unrolled = form.operands[operand]
    if unrolled.is_whole:
        return False
    if unrolled.rounding_dims(problem.layer.addressing(operand)):
        return True
    return not float(_spatial(unrolled, problem.layer.relevancy.relevant[operand], level)).is_integer()


def _spatial(unrolled: OperandUnrolling, dims: Sequence[str], level: int) -> float:
    """Spatial iterations of some loop dimensions up to a level."""
    return prod(f for dim in dims for f in unrolled.factors(dim)[: level + 1])


def _tile_in_order(batch: MappingBatch, operand: str, form: SpatialForm, level: int) -> np.ndarray:
    """[m] elements that one instance of a memory holds of an operand."""
    tables, layer = batch.tables, batch.problem.layer
    relevant = layer.relevancy.relevant[operand]
    unrolled, cuts = form.operands[operand], [*batch.merged_cuts(operand).astype(np.int64)]
    cut, spatial = cuts[level], _spatial(unrolled, relevant, level)
    elems = tables.shapes.relevant(operand).take(tables.at(tables.points, cut)) * spatial
    for relation in layer.relevancy.partial[operand]:
        a, b = (_iterations(tables, unrolled, dim, level, cuts) for dim in relation.loop_dims)
        elems = elems * extents(relation, layer.data_sizes[relation.data_dim], a, b)
    rounded = np.rint(elems)
    if not float(spatial).is_integer():
        _settle_ties(batch, operand, cuts, unrolled, level, elems, rounded)
    return rounded


def _iterations(
    tables: LoopTables, unrolled: OperandUnrolling, dim: str, level: int, cuts: Sequence[np.ndarray]
) -> np.ndarray | float:
    factors = unrolled.factors(dim)[: level + 1]
    if unrolled.rounding_dims((dim,)):
        return tables.at(tables.ordered_product(dim, factors, cuts[: level + 1]), cuts[level])
    temporal = tables.iterations(dim)
    spatial = prod(factors)
    return spatial if temporal is None else tables.at(temporal, cuts[level]) * spatial


def _settle_ties(
    batch: MappingBatch,
    operand: str,
    cuts: Sequence[np.ndarray],
    unrolled: OperandUnrolling,
    level: int,
    elems: np.ndarray,
    rounded: np.ndarray,
) -> None:
    """Round products that end on a half as ZigZag does, whose order of multiplication decides; in place."""
    tied = np.flatnonzero(np.abs(elems - np.floor(elems) - 0.5) < _TIE_MARGIN * elems)
    for mapping in tied:
        loops = batch.loops(int(mapping))
        bounds = [0, *(int(cut[mapping]) for cut in cuts[: level + 1])]
        joint = [(*loops[low:high], *unrolled.levels[m]) for m, (low, high) in enumerate(pairwise(bounds))]
        split = split_levels(batch.problem.layer, operand, joint)
        rounded[mapping] = round(prod(s.n_relevant for s in split))
