from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from zigzag_lab.api.run_page import as_lines, loop_nest
from zigzag_lab.cost.breakdown import FourWay
from zigzag_lab.store.codec import StoredLevel
from zigzag_lab.store.lab import StoredLayer

NONE = FourWay(0.0, 0.0, 0.0, 0.0)


def layer(spatial: list[Any], **temporal: list[list[tuple[str, float]]]) -> StoredLayer:
    """A layer whose operands keep their loops in memories ``m0``, ``m1``..."""
    memories = tuple(
        StoredLevel(op, i, f"m{i}", "", 0.0, 0.0, NONE, NONE)
        for op, levels in temporal.items()
        for i in range(len(levels))
    )
    mapping = {"kind": "uneven", "spatial": spatial, "temporal": temporal}
    return StoredLayer(0, 0, "layer", {}, "", mapping, memories)


def test_loops_are_listed_from_the_outermost_with_the_memory_of_each_operand() -> None:
    nests = loop_nest(layer([["D1", [["K", 4]]]], W=[[], [("C", 2), ("K", 3)]], O=[[("C", 2)], [("K", 3)]]))
    assert list(nests) == [""]
    assert as_lines(nests[""]) == ["for K in 0..3", "  for C in 0..2", "    parfor K in 0..4 over D1"]
    assert [loop.memories for loop in nests[""]] == [{"W": "m1", "O": "m1"}, {"W": "m1", "O": "m0"}, {}]


def test_a_loop_that_one_operand_keeps_in_two_memories_is_split_for_all() -> None:
    (nest,) = loop_nest(layer([], W=[[("K", 2)], [("K", 3)]], O=[[("K", 6)], []])).values()
    assert [(loop.dim, loop.size, loop.memories) for loop in nest] == [
        ("K", 3, {"W": "m1", "O": "m0"}),
        ("K", 2, {"W": "m0", "O": "m0"}),
    ]


def test_operands_with_orders_of_their_own_are_listed_one_by_one() -> None:
    nests = loop_nest(layer([], W=[[("K", 2), ("C", 3)]], O=[[("C", 3), ("K", 2)]]))
    assert as_lines(nests["W"]) == ["for C in 0..3", "  for K in 0..2"]
    assert as_lines(nests["O"]) == ["for K in 0..2", "  for C in 0..3"]
    assert set(loop_nest(layer([], W=[[("K", 2)]], O=[[]]))) == {"W", "O"}


@given(
    st.lists(st.tuples(st.sampled_from("KCXY"), st.integers(2, 5)), max_size=8), st.integers(0, 8), st.integers(0, 8)
)
def test_every_loop_is_there_once_wherever_operands_cut(loops: list[tuple[str, int]], first: int, second: int) -> None:
    (nest,) = loop_nest(layer([], W=[loops[:first], loops[first:]], O=[loops[:second], loops[second:]])).values()
    assert [(loop.dim, loop.size) for loop in reversed(nest)] == loops
    assert [loop.memories["W"] for loop in reversed(nest)] == ["m0" if i < first else "m1" for i in range(len(loops))]
