"""A fixed order of dimensions where ZigZag 3.9.1 walks over Python sets.

The order in which ZigZag visits a set of dimensions decides ties between spatial mappings. It follows from hashes of
names in CPython's hash table, which has 8 slots for up to four names and 32 for more; hence two orders. They are
written out here, so that results depend on no interpreter. Other names come after, in alphabetical order.
"""

from __future__ import annotations

from collections.abc import Iterable

_UP_TO_FOUR = ("G", "K", "OY", "D0", "FX", "D2", "B", "D", "OX", "C", "H", "D1", "FY")
_MORE = ("FY", "FX", "B", "H", "G", "D", "OX", "C", "K", "OY", "D0", "D1", "D2")
_ARRAY = ("D1", "D2", "D4", "D3")


def _ordered(names: Iterable[str], order: tuple[str, ...]) -> tuple[str, ...]:
    unique = set(names)
    return (*(n for n in order if n in unique), *sorted(unique.difference(order)))


def layer_dimension_order(names: Iterable[str]) -> tuple[str, ...]:
    """Loop dimensions of a layer in the fixed order."""
    unique = set(names)
    return _ordered(unique, _UP_TO_FOUR if len(unique) <= 4 else _MORE)


def array_dimension_order(names: Iterable[str]) -> tuple[str, ...]:
    """Dimensions of an operational array in the fixed order."""
    return _ordered(names, _ARRAY)
