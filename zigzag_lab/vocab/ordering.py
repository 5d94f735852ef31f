"""Orders: the nodes of a graph, sources first; and the points that no other point beats."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def topological_order(nodes: Iterable[Node], edges: Iterable[tuple[Node, Node]]) -> list[Node] | None:
    """Return nodes, each after all that lead to it, in the order of networkx' ``topological_sort``, which ZigZag uses.

    Nodes come in waves: first those that nothing leads to, in the order given; then those whose
    last predecessor is in the wave before, in its order.

    Args:
        nodes: in the order that decides between equals; ends of edges that are not among them follow.
        edges: (source, target); an edge given twice counts once.

    Returns:
        The order; None where the edges form a cycle.

    >>> topological_order("abc", [("c", "a"), ("a", "b")])
    ['c', 'a', 'b']
    """
    sorter = TopologicalSorter(dict.fromkeys(nodes, ()))
    for source, target in dict.fromkeys(edges):
        sorter.add(source)
        sorter.add(target, source)
    try:
        return list(sorter.static_order())
    except CycleError:
        return None


def pareto_front(figures: Sequence[Sequence[float]]) -> list[int]:
    """The places of the points that no other is at least as good as in all figures and better in one.

    Each point has two or three finite figures, all to be small. The places are ordered by the first figure, then the
    second; of points that are equal in all, each is among them.
    """
    order = sorted(range(len(figures)), key=lambda i: tuple(figures[i]))
    front: list[int] = []
    for i in order:  # those before have a lower or equal first figure: of two figures, the last of them is the lowest
        rivals = front if len(figures[i]) > 2 else front[-1:]
        if not any(_beats(figures[j], figures[i]) for j in rivals):
            front.append(i)
    return front


def _beats(first: Sequence[float], second: Sequence[float]) -> bool:
    is_as_good = all(a <= b for a, b in zip(first, second, strict=True))
    return is_as_good and tuple(first) != tuple(second)
