from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from zigzag_lab.vocab.ordering import pareto_front

SMALL = st.integers(0, 6).map(float)


def beaten(point: tuple[float, ...], others: list[tuple[float, ...]]) -> bool:
    return any(o != point and all(a <= b for a, b in zip(o, point, strict=True)) for o in others)


@given(
    st.one_of(
        st.lists(st.tuples(SMALL, SMALL), max_size=40),
        st.lists(st.tuples(SMALL, SMALL, SMALL), max_size=40),
    )
)
def test_the_front_is_what_nobody_beats(figures: list[tuple[float, ...]]) -> None:
    front = pareto_front(figures)
    assert sorted(front) == [i for i, point in enumerate(figures) if not beaten(point, figures)]
    assert [figures[i] for i in front] == sorted(figures[i] for i in front)
