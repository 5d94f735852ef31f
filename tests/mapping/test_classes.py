"""Classes of equal columns, against sets of tuples."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from zigzag_lab.mapping.classes import classes_of, packed


@given(st.integers(1, 40), st.integers(1, 30), st.sampled_from([1, 2, 7, 2**20, 2**40]), st.randoms())
def test_a_class_holds_what_is_equal(n_rows: int, n_columns: int, radix: int, rng: st.DataObject) -> None:
    few = [[rng.randrange(radix) for _ in range(n_rows)] for _ in range(4)]  # type: ignore[attr-defined]
    columns = [tuple(rng.choice(few)) for _ in range(n_columns)]  # type: ignore[attr-defined]
    words = packed(np.array(columns, dtype=np.int64).T, [radix] * n_rows)
    assert len(words) <= n_rows
    first, classes = classes_of(words)
    assert len(first) == len(set(columns))
    for column, number in zip(columns, classes, strict=True):
        assert columns[first[number]] == column
        assert columns.index(column) == first[number]
