"""The order in which a graph's nodes can be gone through, sources first."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
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
    targets: dict[Node, dict[Node, None]] = {node: {} for node in nodes}
    for source, target in edges:
        targets.setdefault(source, {})
        targets.setdefault(target, {})
        targets[source][target] = None
    n_waited_for = dict.fromkeys(targets, 0)
    for followers in targets.values():
        for follower in followers:
            n_waited_for[follower] += 1
    order = [node for node, n in n_waited_for.items() if n == 0]
    for node in order:
        for follower in targets[node]:
            n_waited_for[follower] -= 1
            if n_waited_for[follower] == 0:
                order.append(follower)
    return order if len(order) == len(targets) else None
