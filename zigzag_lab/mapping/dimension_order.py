"""A fixed order of dimensions where ZigZag 3.9.1 walks over Python sets.

The order in which ZigZag visits a set of dimensions decides ties between spatial mappings. It follows from hashes of
their names, which are constants of that version, and from how CPython's sets place them. Both are written out here, so
that results depend on no interpreter. Names without a constant come after, in alphabetical order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

_LAYER_HASHES = {
    "B": 2274680621932004355,
    "K": 808955158820251385,
    "G": 1958728070581703856,
    "OX": 1754239838488883382,
    "OY": 1775822064850599801,
    "C": 1154411953581605750,
    "FX": 529600628638832194,
    "FY": 1607686027741749687,
    "D": 636768403010484021,
    "H": 388853881137512038,
    "D0": 1727055815474479529,
    "D1": 952080281078508718,
    "D2": 288157581728298642,
}
_ARRAY_HASHES = {
    "D1": 2048910558639910025,
    "D2": 386846459442819546,
    "D3": 286093410687053097,
    "D4": 1190809941726157689,
}
_SMALL, _LARGE = 8, 32
_MOST_IN_SMALL = 4
_NEIGHBOURS = 9


def layer_dimension_order(names: Iterable[str]) -> tuple[str, ...]:
    """Return loop dimensions of a layer in the fixed order, which depends a little on the order given.

    >>> layer_dimension_order(["B", "K", "C", "OX"])
    ('K', 'B', 'OX', 'C')
    """
    return _ordered(tuple(names), of_layer=True)


def array_dimension_order(names: Iterable[str]) -> tuple[str, ...]:
    """Dimensions of an operational array in the fixed order, which depends a little on the order given."""
    return _ordered(tuple(names), of_layer=False)


@lru_cache(maxsize=8192)
def _ordered(names: tuple[str, ...], *, of_layer: bool) -> tuple[str, ...]:
    hashes = _LAYER_HASHES if of_layer else _ARRAY_HASHES
    unique = list(dict.fromkeys(names))
    known = [name for name in unique if name in hashes]
    first = _placed(known[: _MOST_IN_SMALL + 1], _SMALL, hashes)
    if len(known) > _MOST_IN_SMALL:
        first = _placed([*first, *known[_MOST_IN_SMALL + 1 :]], _LARGE, hashes)
    return (*first, *sorted(set(unique).difference(known)))


def _placed(names: Iterable[str], n_slots: int, hashes: Mapping[str, int]) -> list[str]:
    """Names in the order of the slots that they get in a hash table, each taking the first free one on its path."""
    slots: dict[int, str] = {}
    for name in names:
        rest = hashes[name]
        start = rest % n_slots
        while True:
            reach = _NEIGHBOURS if start + _NEIGHBOURS < n_slots else 0
            free = next((slot for slot in range(start, start + reach + 1) if slot not in slots), None)
            if free is not None:
                slots[free] = name
                break
            rest >>= 5
            start = (start * 5 + 1 + rest) % n_slots
    return [slots[slot] for slot in sorted(slots)]
