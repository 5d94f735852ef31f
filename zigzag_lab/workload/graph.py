"""A workload: layers and free nodes as a directed graph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from zigzag_lab.vocab import InputError
from zigzag_lab.vocab.ordering import topological_order
from zigzag_lab.workload.layer import Layer


@dataclass(frozen=True, slots=True)
class FreeNode:
    """A node of an ONNX graph that costs nothing in the model (an activation, a reshape); kept for the graph.

    Attributes:
        id, name, operator_type: as in the model.
        predecessors: ids of the nodes that make what it reads.
        n_operations: what is left out by not pricing it; 0 where it only moves data, None where it is not known.
    """

    id: int
    name: str
    operator_type: str
    predecessors: tuple[int, ...] = ()
    n_operations: int | None = 0


@dataclass(frozen=True)
class Workload:
    """A network, as the nodes of a graph in the order of its file.

    Attributes:
        name: what to call it in tables, usually the file's stem.
        nodes: layers that cost something and free nodes, in the order of the file.
    """

    name: str
    nodes: tuple[Layer | FreeNode, ...]

    def __post_init__(self) -> None:
        ids: set[int] = set()
        for node in self.nodes:
            if node.id in ids:
                raise InputError(f"workload {self.name}", f"two layers have id {node.id}", "a number of its own each")
            ids.add(node.id)
        for node in self.nodes:
            for source in predecessors(node):
                if source not in ids:
                    known = ", ".join(map(str, sorted(ids)))
                    raise InputError(
                        f"workload {self.name}: layer {node.name}",
                        f"its source {source} does not exist",
                        f"one of {known}",
                    )

    @cached_property
    def graph(self) -> Any:
        """The networkx ``DiGraph`` of node ids; an edge from producer to consumer."""
        import networkx as nx

        graph = nx.DiGraph()
        for node in self.nodes:
            graph.add_node(node.id)
            graph.add_edges_from((source, node.id) for source in predecessors(node))
        return graph

    @cached_property
    def by_id(self) -> dict[int, Layer | FreeNode]:
        """Node id -> node."""
        return {node.id: node for node in self.nodes}

    def topological(self) -> Sequence[Layer | FreeNode]:
        """All nodes, producers before consumers, in the order of networkx' ``topological_sort``."""
        nodes, edges = self._graph_parts()
        order = topological_order(nodes, edges)
        if order is not None:
            return [self.by_id[i] for i in order]
        import networkx as nx

        cycle = " -> ".join(self.by_id[edge[0]].name for edge in nx.find_cycle(self.graph))
        raise InputError(f"workload {self.name}", f"its layers form a cycle: {cycle}", "a graph without cycles")

    def _graph_parts(self) -> tuple[list[int], list[tuple[int, int]]]:
        """Nodes in the order in which the graph is built, node by node with what leads to it; and the edges."""
        met: dict[int, None] = {}
        for node in self.nodes:
            met.update(dict.fromkeys((node.id, *predecessors(node))))
        return list(met), [(source, node.id) for node in self.nodes for source in predecessors(node)]

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The layers that cost something, producers before consumers."""
        return tuple(node for node in self.topological() if isinstance(node, Layer))

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __hash__(self) -> int:
        return hash((self.name, len(self.nodes)))


def predecessors(node: Layer | FreeNode) -> tuple[int, ...]:
    """Ids of the nodes that produce what this one reads."""
    return node.predecessors if isinstance(node, FreeNode) else tuple(node.sources.values())
