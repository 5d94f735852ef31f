"""How two trees of plain data differ: the path of each leaf that is not the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Difference:
    """A leaf that differs.

    Attributes:
        path: where it stands, as ``memories.sram.r_cost`` or ``nodes[3].loop_sizes.K``.
        first, second: what stands there; None where nothing does.
    """

    path: str
    first: Any
    second: Any


def differences(first: Any, second: Any, path: str = "") -> Iterator[Difference]:
    """The leaves in which two trees differ, in the order of the first.

    Lists of pairs, and lists of things that carry a name, are compared by key and by name: an entry more does not
    make everything after it differ.
    """
    first, second = _by_key(first), _by_key(second)
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        for key in [*first, *(key for key in second if key not in first)]:
            yield from differences(first.get(key), second.get(key), f"{path}.{key}" if path else str(key))
    elif _is_list(first) and _is_list(second) and not (_is_flat(first) and _is_flat(second)):
        for i in range(max(len(first), len(second))):
            one, other = (x[i] if i < len(x) else None for x in (first, second))
            yield from differences(one, other, f"{path}[{i}]")
    elif first != second:
        yield Difference(path, first, second)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _is_flat(items: Sequence[Any]) -> bool:
    """Whether a list is short and of plain values, so that it is shown as a whole."""
    return len(items) <= 8 and all(not isinstance(item, (Mapping, list, tuple)) for item in items)


def _by_key(value: Any) -> Any:
    """A list of pairs, or of things with names of their own, as a mapping; another value as it is."""
    if not _is_list(value) or not value:
        return value
    if all(_is_list(item) and len(item) == 2 and isinstance(item[0], str) for item in value):
        pairs = [(item[0], item[1]) for item in value]
    elif all(isinstance(item, Mapping) and isinstance(item.get("name"), str) for item in value):
        pairs = [(item["name"], item) for item in value]
    else:
        return value
    return dict(pairs) if len(dict(pairs)) == len(pairs) else value
