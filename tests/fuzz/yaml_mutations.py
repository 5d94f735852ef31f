"""Ways to spoil a YAML document: in its structure, where most of it stays plausible, and in its bytes."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from random import Random
from typing import Any

import yaml

JUNK: tuple[Any, ...] = (
    None, True, False, -1, 0, 1, 2, 3, 7, 13, 64, 1000, 2**31, 2**63, 10**18, 10**18 + 9, 10**40, 0.5, 1e-30, 1e300,
    float("nan"), float("inf"), "", "O", "I1", "I2", "W", "K", "D1", "D3", "D9", "OX", "*", "I1, tl", "K, 4", "C, 1",
    "OX, 1000000007", "ix=2*ox+1*fx", "O[b][k]+=W[k][c]*I[b][c]", "Conv", "Gemm", [], {}, [[]], ["K", 4], ["*", "*"],
    ["C", "*"], {"K": 1},
)  # fmt: skip
"""Values that stand somewhere in one of the formats, and values that stand nowhere."""

FACTORS = (0, 2, 3, 5, 0.5, 1 / 3, 1000, 1e9, -1)
SYNTAX = "&*!|>{}[]:-,#?'\"\t\n <%@`~ab1\x00\u2028é"


def spoil(document: Any, random: Random) -> str:
    """The text of a document with one to four things wrong, or unusual."""
    if random.random() < 0.2:
        return _bytes_spoilt(yaml.safe_dump(document, sort_keys=False), random)
    data = copy.deepcopy(document)
    for _ in range(random.choice((1, 1, 1, 2, 3, 4))):
        data = changed(data, random)
    return yaml.safe_dump(data, sort_keys=False)


def _places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(data, (dict, list)):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield (*path, key)
            yield from _places(value, (*path, key))


def _at(data: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        data = data[key]
    return data


def changed(data: Any, random: Random) -> Any:
    """The data, itself changed: one value replaced, scaled, removed, renamed, doubled, swapped or moved."""
    places = list(_places(data))
    if not places:
        return random.choice(JUNK)
    path, other = random.choice(places), random.choice(places)
    parent, key = _at(data, path[:-1]), path[-1]
    action = random.choice(("replace", *["scale"] * 8, "remove", "rename", "double", "borrow", "shuffle"))
    if action == "replace":
        parent[key] = copy.deepcopy(random.choice(JUNK))
    elif action == "scale":
        _scale(data, [p for p in places if _is_number(_at(data, p))], random)
    elif action == "remove":
        del parent[key]
    elif action == "borrow":
        parent[key] = copy.deepcopy(_at(data, other))
    elif action == "shuffle":
        _shuffle(parent, random)
    elif isinstance(parent, list):
        parent.insert(random.randrange(len(parent) + 1), copy.deepcopy(parent[key]))
    else:
        name = random.choice([str(p[-1]) for p in places])
        parent[name] = parent.pop(key) if action == "rename" else copy.deepcopy(parent[key])
    return data


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _scale(data: Any, numbers: list[tuple[Any, ...]], random: Random) -> None:
    if numbers:
        path = random.choice(numbers)
        near = _at(data, path) * random.choice(FACTORS) + random.choice((0, 0, 1))
        value = random.choice((near, random.randint(1, 40), random.randint(1, 40) * random.choice((1, 8, 64))))
        is_whole = isinstance(_at(data, path), int) and abs(value) < 1e300
        _at(data, path[:-1])[path[-1]] = int(value) if is_whole else value


def _shuffle(parent: Any, random: Random) -> None:
    if isinstance(parent, list):
        random.shuffle(parent)
        return
    items = list(parent.items())
    random.shuffle(items)
    parent.clear()
    parent.update(items)


def _bytes_spoilt(text: str, random: Random) -> str:
    for _ in range(random.randint(1, 3)):
        start = random.randrange(len(text) + 1)
        end = min(len(text), start + random.choice((0, 1, 2, 10, 60)))
        filler = random.choice((text[start:end] * 2, "".join(random.choices(SYNTAX, k=random.randint(0, 6)))))
        text = text[:start] + filler + text[end:]
    return text
