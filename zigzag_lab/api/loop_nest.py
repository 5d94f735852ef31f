"""The mapping of a stored layer as one nest of loops, with the memory that keeps each operand's data of a loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from zigzag_lab.store.lab import StoredLayer

_Placed = list[tuple[str, float, str]]  # loops of an operand from the innermost: dimension, size, memory


@dataclass(frozen=True)
class NestedLoop:
    """A loop of a mapping.

    Attributes:
        dim: the layer's dimension.
        size: how many iterations; may be a fraction where an array is not filled evenly.
        array_dimension: where it is unrolled over; None for a loop in time.
        memories: operand -> the memory that holds the data of all its iterations. Empty for unrolled loops.
    """

    dim: str
    size: float
    array_dimension: str | None = None
    memories: dict[str, str] = field(default_factory=dict)


def loop_nest(layer: StoredLayer) -> dict[str, list[NestedLoop]]:
    """The loops of a layer's mapping, the outermost first: those in time, then those over the array.

    Returns:
        One nest under an empty name; one for each operand, under its name, where they order their loops differently.
    """
    spatial = [
        NestedLoop(dim, size, array_dimension)
        for array_dimension, unrolled in layer.mapping["spatial"]
        for dim, size in unrolled
    ]
    placed = {operand: _placed(layer, operand) for operand in layer.mapping["temporal"]}
    common = _common(placed)
    if common is not None:
        return {"": [*reversed(common), *spatial]}
    return {op: [*reversed(_common({op: loops}) or []), *spatial] for op, loops in placed.items()}


def _placed(layer: StoredLayer, operand: str) -> _Placed:
    names = {level.level: level.memory for level in layer.memories if level.operand == operand}
    return [
        (dim, size, names.get(i, f"level {i}"))
        for i, loops in enumerate(layer.mapping["temporal"][operand])
        for dim, size in loops
    ]


def _common(placed: dict[str, _Placed]) -> list[NestedLoop] | None:
    """The finest loops that all operands' loops are made of, from the innermost; None where there are none."""
    left = {op: list(reversed(loops)) for op, loops in placed.items()}
    nest: list[NestedLoop] = []
    while any(left.values()):
        if not all(left.values()):
            return None
        heads = {op: loops[-1] for op, loops in left.items()}
        dim, size = next(iter(heads.values()))[0], min(size for _, size, _ in heads.values())
        if any(d != dim or n % size for d, n, _ in heads.values()):
            return None
        nest.append(NestedLoop(dim, size, None, {op: memory for op, (_, _, memory) in heads.items()}))
        for op, (_, n, memory) in heads.items():
            left[op].pop()
            if n > size:
                left[op].append((dim, n / size, memory))
    return nest


def as_lines(nest: Sequence[NestedLoop]) -> list[str]:
    """Each loop as people write it, indented by its depth."""
    words = ("parfor" if loop.array_dimension else "for" for loop in nest)
    places = (f" over {loop.array_dimension}" if loop.array_dimension else "" for loop in nest)
    return [
        f"{'  ' * depth}{word} {loop.dim} in 0..{loop.size:g}{place}"
        for depth, (word, loop, place) in enumerate(zip(words, nest, places, strict=True))
    ]
