"""The order in which a graph's nodes can be gone through, sources first."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
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
