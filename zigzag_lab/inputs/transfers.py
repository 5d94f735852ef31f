"""Which way each operand moves at a memory: what needs a port there."""

from __future__ import annotations

from zigzag_lab.vocab import INPUT_MEMORY_OPERANDS, OUTPUT, Direction

_ALWAYS = {OUTPUT: (Direction.FROM_LOW, Direction.TO_LOW), **dict.fromkeys(INPUT_MEMORY_OPERANDS, (Direction.TO_LOW,))}
_BELOW_THE_TOP = {
    OUTPUT: (Direction.TO_HIGH, Direction.FROM_HIGH),
    **dict.fromkeys(INPUT_MEMORY_OPERANDS, (Direction.FROM_HIGH,)),
}


def directions_of(operand: str, *, is_outermost: bool) -> tuple[Direction, ...]:
    """Return the directions in which a memory operand moves at a memory that holds it.

    Inputs are read towards the array everywhere, and written from above below their outermost memory. Outputs are
    written from below and read back (partial sums) everywhere; below their outermost memory they also move up, and
    partial sums come back from there.

    >>> [direction.short for direction in directions_of("O", is_outermost=True)]
    ['fl', 'tl']
    """
    return _ALWAYS[operand] + (() if is_outermost else _BELOW_THE_TOP[operand])
