"""Chains of tiles: what a mapping amounts to for its price.

Orders of loops that cut every operand into the same tiles, with the same runs of loops at their borders, have the same
price. A few chains stand for thousands of orders, so each is priced once. Axes: ``b`` the boundaries of all operands
(:mod:`zigzag_lab.cost.wiring`), ``m`` mapping, ``N`` point (:mod:`zigzag_lab.mapping.lattice`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2

import numpy as np

from zigzag_lab.cost.imc import precharges, weight_operand
from zigzag_lab.cost.tiles_in_order import tile_in_order
from zigzag_lab.cost.wiring import Wiring
from zigzag_lab.mapping.lattice import Lattice
from zigzag_lab.mapping.problem import MappingBatch, Variant
from zigzag_lab.mapping.shapes import TileShapes

_KEY_BITS = 62


@dataclass(frozen=True)
class Chains:
    """The tiles of many mappings, by the loops inside them.

    Attributes:
        shapes: how large tiles are.
        inside: [b, m] the point inside each boundary, irrelevant loops moved down.
        reuse_from, relevant_from: [b, m] the point where the run of irrelevant (relevant) loops right inside begins.
        lead: [m] the point after the loops right at the array that reuse a weight, where that has a price of its own.
        in_order: (boundary, whether of the integer form of the spatial mapping) -> [m] elements of the tile inside,
            where the order of the loops shows in it.
    """

    shapes: TileShapes
    inside: np.ndarray
    reuse_from: np.ndarray
    relevant_from: np.ndarray
    lead: np.ndarray
    in_order: dict[tuple[int, bool], np.ndarray]

    @classmethod
    def of(cls, batch: MappingBatch, wiring: Wiring, *, keep_at_output_pins: bool) -> Chains:
        """The chains of a batch.

        Args:
            batch: the mappings.
            wiring: the boundaries.
            keep_at_output_pins: whether an input that the array reads again and again is read from the innermost memory
                once (``access_same_data_considered_as_no_access``).
        """
        tables, problem = batch.tables, batch.problem
        rows = [
            _operand_rows(batch, op, pins=keep_at_output_pins and o > 0) for o, op in enumerate(problem.operands)
        ]
        inside, reuse_from, relevant_from = (np.concatenate(part) for part in list(zip(*rows, strict=True))[1:])
        positions = [part[0] for part in rows]
        return cls(
            shapes=tables.shapes,
            inside=inside,
            reuse_from=reuse_from,
            relevant_from=relevant_from,
            lead=_lead(batch),
            in_order=_in_order(batch, wiring, positions),
        )

    def __len__(self) -> int:
        return self.inside.shape[1]

    def only(self, chosen: np.ndarray) -> Chains:
        """Some of the chains, by number."""
        return Chains(
            self.shapes,
            self.inside[:, chosen],
            self.reuse_from[:, chosen],
            self.relevant_from[:, chosen],
            self.lead[chosen],
            {key: elems[chosen] for key, elems in self.in_order.items()},
        )

    def distinct(self, wiring: Wiring) -> tuple[np.ndarray, np.ndarray]:
        """The first of each class of equal chains, and [m] the class of each."""
        words = self._words(wiring)
        order = np.lexsort(words)
        starts = np.ones(len(self), dtype=bool)
        starts[1:] = False
        for word in words:
            ranked = word[order]
            starts[1:] |= ranked[1:] != ranked[:-1]
        classes = np.empty(len(self), dtype=np.int64)
        classes[order] = np.cumsum(starts) - 1
        return order[starts], classes

    def _words(self, wiring: Wiring) -> list[np.ndarray]:
        """[m] each: numbers that are equal where chains are, several columns packed into one."""
        tops = wiring.lone_tops
        columns = np.concatenate(
            [self.inside[wiring.inner], self.reuse_from[wiring.inner], self.relevant_from[~tops], self.lead[None]]
        )
        n_points = self.shapes.points.n_points
        width = max(1, int(_KEY_BITS / log2(max(n_points, 2))))
        radix = n_points ** np.arange(width, dtype=np.int64)
        packed = [radix[: len(c)] @ c for c in (columns[i : i + width] for i in range(0, len(columns), width))]
        return [*packed, *self.in_order.values()]

    def elems(self, variant: Variant) -> np.ndarray:
        """[b, m] elements of the tile inside each boundary that one instance of the memory inside holds."""
        is_integer = variant is not self.shapes.problem.fractional
        table = self.shapes.known(("held", is_integer), lambda: self._held(variant))
        rows = np.arange(len(table))[:, None] * table.shape[1]
        elems = table.ravel().take(self.inside + rows)
        for (boundary, of_integer), values in self.in_order.items():
            if of_integer is is_integer:
                elems[boundary] = values
        return elems

    def _held(self, variant: Variant) -> np.ndarray:
        """[b, N] the same for every point; what depends on the order of loops is left out."""
        problem, table = self.shapes.problem, []
        for op in problem.operands:
            table.append(np.ones(self.shapes.points.n_points))
            for level in range(len(problem.memories[op])):
                held = self.shapes.held_elems(variant, op, level)
                table.append(table[0] if held is None else held)
        return np.array(table)

    @property
    def can_be_equal(self) -> bool:
        """Whether points are shared by orders, so that chains may be equal."""
        return len(self) > 1 and isinstance(self.shapes.points, Lattice)


def _operand_rows(batch: MappingBatch, operand: str, *, pins: bool) -> tuple[np.ndarray, ...]:
    """[boundary, m] the positions of one operand's boundaries, the points there, and where runs right inside begin."""
    tables, relevancy, cuts = batch.tables, batch.problem.layer.relevancy, batch.cuts[operand]
    next_useful = tables.next_useful(operand)
    position = np.zeros((len(cuts) + 1, len(batch)), dtype=np.int64)
    position[1:-1] = tables.at(next_useful, cuts[:-1])
    position[-1] = cuts[-1]
    below = position[:-1].copy()
    if pins:
        position[0] = next_useful[0]
    inside = tables.at(tables.points, position)
    runs = []
    for dims in (relevancy.irrelevant[operand], relevancy.relevant[operand]):
        start = np.maximum(tables.at(tables.run_start(dims), position[1:]), below)
        runs.append(np.concatenate([inside[:1], tables.at(tables.points, start)]))
    return position, inside, runs[0], runs[1]


def _lead(batch: MappingBatch) -> np.ndarray:
    """[m] the point after the loops right at the array that reuse a weight; 0 where they cost nothing."""
    weights = weight_operand(batch.problem.layer)
    if weights is None or not precharges(batch.problem):
        return np.zeros(len(batch), dtype=np.int64)
    return batch.tables.at(batch.tables.points, batch.tables.next_useful(weights)[0])


def _in_order(
    batch: MappingBatch, wiring: Wiring, positions: Sequence[np.ndarray]
) -> dict[tuple[int, bool], np.ndarray]:
    problem, shapes = batch.problem, batch.tables.shapes
    found: dict[tuple[int, bool], np.ndarray] = {}
    variants = {False: problem.fractional, True: problem.integer}
    if problem.integer is problem.fractional:
        del variants[True]
    for (is_integer, variant), o in ((v, o) for v in variants.items() for o in range(len(problem.operands))):
        op = problem.operands[o]
        for level in range(len(problem.memories[op])):
            if not shapes.order_shows(variant, op, level):
                continue
            cuts = list(positions[o][1:])
            found[wiring.first[o] + level + 1, is_integer] = tile_in_order(batch, op, cuts, variant, level)
    return found
