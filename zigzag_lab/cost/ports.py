"""Contention at one memory port, for many mappings at once. Axes: ``k`` transfers of the port, ``m`` mappings."""

from __future__ import annotations

import numpy as np


def port_stall(cycles: np.ndarray, count: np.ndarray, period: np.ndarray, window: np.ndarray) -> np.ndarray:
    """[m] stall cycles of one port over the computation.

    Each transfer alone stalls when it needs more cycles than its window. Together they also stall when the windows
    overlap so much that their sum exceeds the time they cover.

    Args:
        cycles: [k, m] cycles of one crossing at full width.
        count: [k, m] crossings over the whole layer; 0 where there are none.
        period: [k, m] cycles between crossings.
        window: [k, m] cycles a crossing may take.
    """
    again = np.maximum(count - 1, 0)
    slack = (cycles - window) * again
    excess = (np.minimum(slack, 0) + window * again).sum(axis=0)
    together: np.ndarray = np.maximum(slack, 0).sum(axis=0) + overlapping_cycles(period, window, count, excess)
    return together


def overlapping_cycles(period: np.ndarray, window: np.ndarray, count: np.ndarray, excess: np.ndarray) -> np.ndarray:
    """[m] stall cycles of one port because windows of its transfers overlap.

    Args:
        period: [k, m] cycles between crossings.
        window: [k, m] cycles a crossing may take.
        count: [k, m] crossings; 0 where there are none.
        excess: [m] cycles of all windows but each one's first, less what transfers leave of them.
    """
    active = count > 0
    period, window = np.where(active, period, 1.0), np.where(active, window, 0.0)
    always_open = active & (period == window)
    covered = np.where(always_open, period * count, 0.0).max(axis=0)
    rows = np.flatnonzero((excess > 0) & ~always_open.any(axis=0) & active.any(axis=0))
    if rows.size:
        covered[rows] = _union(period[:, rows], window[:, rows], count[:, rows])
    return np.maximum(0, excess - covered)


def _union(period: np.ndarray, window: np.ndarray, count: np.ndarray) -> np.ndarray:
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


def shared_out(ports: np.ndarray, totals: np.ndarray, reducible: np.ndarray, surplus: np.ndarray) -> np.ndarray:
    """[w, m] by how much the first load (or last store) of each transfer is shortened.

    What a port has to spare during computation goes to its longest transfer first, then to the next.

    Args:
        ports: [port] the first of each port's transfers.
        totals: [w, m] cycles of each load; 0 of transfers that happen more than once.
        reducible: [w, m] how many of them can be hidden.
        surplus: [port, m] cycles that each port has to spare.
    """
    n_transfers = np.diff([*ports, len(totals)])
    reduction = np.minimum(reducible, np.repeat(surplus, n_transfers, axis=0))
    wanting = np.add.reduceat(reducible > 0, ports, axis=0, dtype=np.int64)
    for port in np.flatnonzero((wanting > 1).any(axis=1)):
        one = slice(ports[port], ports[port] + n_transfers[port])
        reduction[one] = _longest_first(totals[one], reducible[one], surplus[port])
    return reduction


def _longest_first(totals: np.ndarray, reducible: np.ndarray, surplus: np.ndarray) -> np.ndarray:
    order = np.argsort(-totals, axis=0, kind="stable")
    ranked = np.take_along_axis(reducible, order, axis=0)
    taken = np.empty_like(ranked)
    for k in range(len(ranked)):
        taken[k] = np.minimum(ranked[k], surplus)
        surplus = surplus - taken[k]
    reduction = np.empty_like(taken)
    np.put_along_axis(reduction, order, taken, axis=0)
    return reduction


def onload_cycles(parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> np.ndarray:
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
