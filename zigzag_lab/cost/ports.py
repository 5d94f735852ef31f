"""Contention at one memory port, for many mappings at once. Axes: ``k`` transfers of the port, ``m`` mappings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zigzag_lab.vocab import Direction

Column = np.ndarray


@dataclass(frozen=True)
class Transfer:
    """Data of one operand that crosses a boundary through a port.

    Attributes:
        operand: the layer operand.
        boundary: the boundary it crosses (see :mod:`zigzag_lab.cost.boundaries`).
        direction: its direction, seen from the memory that owns the port.
        bits: [m] bits a crossing.
        count: [m] crossings over the whole layer; 0 where it does not happen.
    """

    operand: str
    boundary: int
    direction: Direction
    bits: Column
    count: Column

    def cycles(self, width: int) -> Column:
        """[m] cycles of one crossing at full width."""
        return np.ceil(self.bits / width)


def port_stall(width: int, transfers: list[Transfer], periods: list[Column], windows: list[Column]) -> Column:
    """[m] stall cycles of one port over the computation; negative or zero where it keeps up.

    Each transfer alone stalls when it needs more cycles than its window. Together they also stall when the windows
    overlap so much that their sum exceeds the time they cover.

    Args:
        width: bits a cycle.
        transfers: the transfers of the port.
        periods: [m] each, cycles between crossings.
        windows: [m] each, cycles a crossing may take.
    """
    slack = [
        np.where(t.count > 0, (t.cycles(width) - w) * (t.count - 1), 0.0)
        for t, w in zip(transfers, windows, strict=True)
    ]
    if len(transfers) == 1:
        return slack[0]
    stalls: Column = np.zeros_like(slack[0])
    spare: Column = np.zeros_like(slack[0])
    wanted: Column = np.zeros_like(slack[0])
    for s, t, w in zip(slack, transfers, windows, strict=True):
        stalls = stalls + np.maximum(s, 0)
        spare = spare + np.minimum(s, 0)
        wanted = wanted + np.where(t.count > 0, w * (t.count - 1), 0.0)
    covered = _covered_cycles(transfers, periods, windows, needed=spare + wanted > 0)
    return stalls + np.maximum(0, spare + wanted - covered)


def _covered_cycles(
    transfers: list[Transfer], periods: list[Column], windows: list[Column], needed: np.ndarray
) -> Column:
    """[m] cycles of the computation in which at least one window of the port is open."""
    count = np.array([t.count for t in transfers])
    active = count > 0
    period = np.where(active, np.array(periods), 1.0)
    window = np.where(active, np.array(windows), 0.0)
    always_open = active & (period == window)
    covered = np.where(always_open, period * count, 0.0).max(axis=0)
    rows = np.flatnonzero(needed & ~always_open.any(axis=0) & active.any(axis=0))
    if rows.size:
        covered[rows] = _union(period[:, rows], window[:, rows], count[:, rows])
    return covered


def _union(period: np.ndarray, window: np.ndarray, count: np.ndarray) -> Column:
    """[m] cycles covered by windows at the start of nested periods; arguments are [k, m].

    All periods and windows are products of the innermost loops of one order, so each divides every larger one.
    cover_j(x), the covered cycles among the first x, counting the j shortest periods, is x while the window is open,
    then the window plus what shorter periods cover after it, then whole periods.
    """
    order = np.argsort(period, axis=0, kind="stable")
    period, window, count = (np.take_along_axis(a, order, axis=0) for a in (period, window, count))
    n = len(period)
    points = np.concatenate([period, window])
    cover = np.zeros_like(points)
    for j in range(n):
        p, w, before_window = period[j], window[j], cover[n + j].copy()
        whole = w + cover[j] - before_window
        inside = np.where(points <= w, points, w + cover - before_window)
        cover = np.where(points <= p, inside, points / p * whole)
    return cover[n - 1] * count[-1]


def reduced_loading(
    width: int, transfers: list[Transfer], tiles: list[Column], rates: list[Column], computing: Column
) -> list[Column]:
    """[m] each: cycles of the first (or last) crossing of each transfer that computation cannot hide.

    A transfer that happens once brings everything at once; what the port has to spare during computation shortens it,
    down to the innermost tile without which the array cannot start. The longest is shortened first.

    Args:
        width: bits a cycle.
        transfers: the transfers of the port.
        tiles: [m] each, bits of the operand's innermost tile.
        rates: [m] each, average bits a cycle during computation.
        computing: [m] cycles of computation with stalls.
    """
    total = np.array([t.cycles(width) for t in transfers])
    count = np.array([t.count for t in transfers])
    once = count == 1
    busy = np.where(count > 1, np.array(rates), 0.0).sum(axis=0)
    surplus = np.maximum(0.0, (width - busy) / width * computing)
    least = np.ceil(np.array(tiles) / width)
    reducible = np.where(once, np.maximum(0.0, total - least), 0.0)
    if len(transfers) == 1:
        return [total[0] - np.minimum(reducible[0], surplus)]
    order = np.argsort(-np.where(once, total, 0.0), axis=0, kind="stable")
    ranked = np.take_along_axis(reducible, order, axis=0)
    taken = np.empty_like(ranked)
    for k in range(len(ranked)):
        taken[k] = np.minimum(ranked[k], surplus)
        surplus = surplus - taken[k]
    reduction = np.empty_like(taken)
    np.put_along_axis(reduction, order, taken, axis=0)
    return list(total - reduction)


def onload_cycles(parts: list[tuple[Column, Column, Column]]) -> Column:
    """[m] cycles to bring the first tiles of all inputs to the array.

    Where both ends of a link are ports that the inputs share, they take turns; where neither is, they run side by
    side; where one is, only the outermost such link counts (as in ZigZag 3.9.1).

    Args:
        parts: per input, [m] cycles over links that are shared, half shared, its own.
    """
    if len(parts) == 1:
        return parts[0][2]
    (shared1, half1, own1), (shared2, half2, own2) = parts
    first = shared1 + np.maximum(shared2 + half2 + own2, half1 + own1)
    second = shared2 + np.maximum(shared1 + half1 + own1, half2 + own2)
    return np.minimum(first, second)
