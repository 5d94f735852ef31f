"""Contention at a port: closed formulas for many mappings at once, against counting cycle by cycle and one by one."""

from __future__ import annotations

from math import ceil, prod

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from zigzag_lab.cost.ports import _union, port_stall, shared_out
from zigzag_lab.cost.scalar import _reduced

Windows = tuple[list[int], list[int], int]
"""Periods, windows, cycles of the whole computation."""


@st.composite
def nested_windows(draw: st.DrawFn) -> Windows:
    """Periods and windows that are products of the innermost loops of one order."""
    loops = draw(st.lists(st.sampled_from([1, 2, 3, 4, 5]), min_size=1, max_size=6))
    n = draw(st.integers(1, 5))
    ends = [draw(st.integers(0, len(loops))) for _ in range(n)]
    starts = [draw(st.integers(0, end)) for end in ends]
    return [prod(loops[:end]) for end in ends], [prod(loops[:start]) for start in starts], prod(loops)


def counted(periods: list[int], windows: list[int], total: int) -> int:
    """Cycles in which a window is open: an array with a flag a cycle."""
    is_open = np.zeros(total, dtype=bool)
    for period, window in zip(periods, windows, strict=True):
        is_open |= np.arange(total) % period < window
    return int(is_open.sum())


def column(values: list[int]) -> np.ndarray:
    return np.array(values, dtype=np.float64)[:, None]


@given(nested_windows())
def test_the_union_of_windows_is_what_counting_gives(case: Windows) -> None:
    periods, windows, total = case
    counts = column([total // period for period in periods])
    assert _union(column(periods), column(windows), counts)[0] == counted(periods, windows, total)


@given(nested_windows(), st.data())
def test_stalls_are_what_counting_gives(case: Windows, data: st.DataObject) -> None:
    periods, windows, total = case
    needed = [data.draw(st.integers(0, 2 * window + 1)) for window in windows]
    active = [data.draw(st.booleans()) for _ in periods]
    counts = column([total // period * moves for period, moves in zip(periods, active, strict=True)])
    stall = port_stall(column(needed), counts, column(periods), column(windows))[0]
    moving = [k for k, moves in enumerate(active) if moves]
    slack = [(needed[k] - windows[k]) * (total // periods[k] - 1) for k in moving]
    wanted = sum(windows[k] * (total // periods[k] - 1) for k in moving)
    spare = sum(min(0, s) for s in slack)
    covered = counted([periods[k] for k in moving], [windows[k] for k in moving], total)
    alone = sum(max(0, s) for s in slack)
    assert stall == alone + max(0, spare + wanted - covered)


@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(1, 3), st.integers(0, 300)), min_size=1, max_size=5), st.data()
)
def test_loading_hides_behind_computation_as_in_the_scalar_model(
    moves: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    width, computing = data.draw(st.integers(1, 64)), data.draw(st.integers(1, 5000))
    rates = [data.draw(st.integers(0, width)) for _ in moves]
    once = [k for k, (_, count, _) in enumerate(moves) if count == 1]
    busy = sum(rate for rate, (_, count, _) in zip(rates, moves, strict=True) if count > 1)
    surplus = max(0, (width - busy) / width * computing)
    expected = [float(ceil(bits / width)) for bits, _, _ in moves]
    reduced = _reduced([expected[k] for k in once], [ceil(moves[k][2] / width) for k in once], surplus)
    for k, cycles in zip(once, reduced, strict=True):
        expected[k] = cycles
    totals = np.array([[float(ceil(bits / width))] for bits, _, _ in moves])
    least = np.array([[float(ceil(tile / width))] for _, _, tile in moves])
    is_once = np.array([[count == 1] for _, count, _ in moves])
    reducible = np.where(is_once, np.maximum(0.0, totals - least), 0.0)
    other_port = np.full((2, 1), 7.0)
    taken = shared_out(
        np.array([0, 2]),
        np.concatenate([other_port, np.where(is_once, totals, 0.0)]),
        np.concatenate([other_port, reducible]),
        np.array([[9.0], [float(surplus)]]),
    )
    assert taken[:2].tolist() == [[7.0], [2.0]]
    assert [float(cycles) for (cycles,) in totals - taken[2:]] == expected
