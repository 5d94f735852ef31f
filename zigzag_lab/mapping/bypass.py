"""Bypass: an operand may skip a memory, its data then going straight between the levels below and above.

An operand that skips a memory is an accelerator on which that memory does not serve it. So every model prices a bypass
unchanged, every search finds it, and the best choice is the best over all designs that the user allows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations

from zigzag_lab.hardware import Accelerator, Memory
from zigzag_lab.mapping.constraints import MappingConstraints
from zigzag_lab.vocab import INPUT_MEMORY_OPERANDS, InputError, nearest
from zigzag_lab.workload import Layer

MOST_SKIPS = 12
"""More choices than this make more designs (2 to their number) than can be searched."""


@dataclass(frozen=True, slots=True, order=True)
class Skip:
    """A memory that a memory operand (``I1``, ``I2``, ``O``) does not visit."""

    memory: str
    operand: str


def allowed_skips(
    operands: Collection[str], accelerator: Accelerator, constraints: MappingConstraints
) -> tuple[Skip, ...]:
    """Return the memories that operands of a layer may skip, by the accelerator file or the mapping file.

    The outermost memory of an operand is never skipped: its data has to be somewhere. Nor are the cells of an array
    that computes in memory.
    """
    links = {constraints.operand_links[op]: op for op in operands if op in constraints.operand_links}
    found: list[Skip] = []
    for index, memory in enumerate(accelerator.memories):
        for operand in memory.operands:
            is_asked = memory.name in constraints.bypass.get(links.get(operand, ""), ())
            is_allowed = operand in links and (is_asked or operand in memory.bypass)
            if is_allowed and index in _passable(accelerator, operand):
                found.append(Skip(memory.name, operand))
    return tuple(found)


def _passable(accelerator: Accelerator, operand: str) -> tuple[int, ...]:
    """Indices of the memories that an operand could do without."""
    inner = accelerator.levels.get(operand, ())[:-1]
    return inner[1:] if accelerator.array.imc and operand == INPUT_MEMORY_OPERANDS[1] else inner


def designs(layer: Layer, accelerator: Accelerator, constraints: MappingConstraints) -> Iterator[Accelerator]:
    """The accelerator for every choice of skipped memories, from none to all that are allowed.

    Raises:
        InputError: there are too many choices.
    """
    skips = allowed_skips(layer.operands, accelerator, constraints)
    if len(skips) > MOST_SKIPS:
        found = f"{len(skips)} pairs of operand and memory may be skipped, which makes {2 ** len(skips):,} designs"
        raise InputError(f"layer {layer.name}: bypass", found, f"at most {MOST_SKIPS} pairs", "Allow fewer.")
    for n_skipped in range(len(skips) + 1):
        for chosen in combinations(skips, n_skipped):
            yield skipping(accelerator, chosen)


@lru_cache(maxsize=4096)
def skipping(accelerator: Accelerator, skips: tuple[Skip, ...]) -> Accelerator:
    """The accelerator on which operands skip memories; equal questions get the same object.

    A memory that everyone skips stays, empty, as it still takes its area.
    """
    if not skips:
        return accelerator
    unserved: dict[str, list[str]] = {}
    for skip in skips:
        unserved.setdefault(skip.memory, []).append(skip.operand)
    memories = tuple(_without(memory, unserved.get(memory.name, ())) for memory in accelerator.memories)
    return replace(accelerator, memories=memories)


def _without(memory: Memory, operands: Collection[str]) -> Memory:
    ports = tuple(replace(p, serves=tuple(t for t in p.serves if t[0] not in operands)) for p in memory.ports)
    return replace(
        memory,
        operands=tuple(op for op in memory.operands if op not in operands),
        ports=tuple(port for port in ports if port.serves),
        bypass=(),
    )


def skipped(
    accelerator: Accelerator, constraints: MappingConstraints, visited: Mapping[str, Sequence[str]]
) -> tuple[Skip, ...]:
    """Return which of the memories that a layer's operands may skip they did skip.

    Args:
        accelerator: the whole design.
        constraints: the layer's entry of the mapping file.
        visited: operand of the layer -> names of the memories that it was in.
    """
    links = constraints.operand_links
    places = {(links[op], name) for op, names in visited.items() for name in names}
    allowed = allowed_skips(visited, accelerator, constraints)
    return tuple(skip for skip in allowed if (skip.operand, skip.memory) not in places)


def check_bypass(
    bypass: Mapping[str, Sequence[str]], links: Mapping[str, str], accelerator: Accelerator, where: str
) -> None:
    """Check the memories that a mapping file lets operands skip.

    Raises:
        InputError: there is no such memory, or it is one that the operand does not visit or cannot do without.
    """
    for operand, names in bypass.items():
        memory_operand = links.get(operand, "")
        may_skip = [accelerator.memories[i].name for i in _passable(accelerator, memory_operand)]
        for name in names:
            if name not in may_skip:
                found = f"'{name}' is no memory that {operand} could skip"
                expected = f"one of {', '.join(may_skip)}" if may_skip else "no entry: it has one memory only"
                raise InputError(f"{where}: bypass.{operand}", found, expected, nearest(name, may_skip))
