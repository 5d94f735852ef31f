"""Temporal mappings: the order of loops in time, and the memory level to which each operand's loops are allocated."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from math import prod

from zigzag_lab.mapping.spatial import Loop, LoopLevels
from zigzag_lab.vocab import TemporalMappingType
from zigzag_lab.vocab.options import TEMPORAL_MAPPING_TYPE
from zigzag_lab.workload import Layer


@dataclass(frozen=True)
class TemporalMapping:
    """The temporal loops of a layer, cut into memory levels per operand.

    Attributes:
        levels: operand -> loops per memory level, innermost first, after moving irrelevant loops at the bottom of a
            level into the level below (they cost nothing there, as the data stays).
        kind: even or uneven.
    """

    levels: dict[str, LoopLevels]
    kind: TemporalMappingType = TEMPORAL_MAPPING_TYPE.default

    @classmethod
    def of(
        cls, layer: Layer, allocated: dict[str, LoopLevels], kind: TemporalMappingType = TEMPORAL_MAPPING_TYPE.default
    ) -> TemporalMapping:
        """The mapping that an allocation of loops to levels amounts to."""
        return cls({op: _merged_down(layer, op, levels) for op, levels in allocated.items()}, kind)

    @property
    def n_cycles(self) -> int:
        """Iterations of all temporal loops: the cycles of a computation that never stalls."""
        return int(prod(size for level in next(iter(self.levels.values())) for _, size in level))

    @property
    def mapping_dic_stationary(self) -> dict[str, LoopLevels]:
        """The levels, under ZigZag's name."""
        return self.levels

    def __str__(self) -> str:
        levels = {
            op: [[f"({d}, {s:g})" for d, s in level] for level in levels_of] for op, levels_of in self.levels.items()
        }
        return str(levels).replace("'", "")

    def __hash__(self) -> int:
        return hash(tuple(self.levels.items()))


def leading_run(loops: Iterable[Loop], dims: Collection[str]) -> int:
    """Iterations of the unbroken run of loops over some dimensions that comes first."""
    return prod(int(size) for _, size in itertools.takewhile(lambda loop: loop[0] in dims, loops))


def _merged_down(layer: Layer, operand: str, levels: LoopLevels) -> LoopLevels:
    """Move irrelevant loops at the bottom of each level into the level below, until nothing moves."""
    irrelevant = layer.relevancy.irrelevant[operand]
    merged = [list(level) for level in levels]
    moved = True
    while moved:
        moved = False
        for lower, level in itertools.pairwise(merged):
            while level and level[0][0] in irrelevant:
                lower.append(level.pop(0))
                moved = True
    return tuple(tuple(level) for level in merged)
