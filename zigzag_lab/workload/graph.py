"""A workload: layers and free nodes as a directed graph, and how many of its operations the layers cover."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from zigzag_lab.vocab import InputError
from zigzag_lab.vocab.ordering import topological_order
from zigzag_lab.workload.layer import Layer

if TYPE_CHECKING:
    import networkx as nx


@dataclass(frozen=True, slots=True)
class FreeNode:
    """A node of an ONNX graph that costs nothing in the model (an activation, a reshape); it connects layers.

    Attributes:
        id, name, operator_type: as in the model.
        predecessors: ids of the nodes that make what it reads.
        n_operations: those left out by not pricing it; 0 where it only moves data, None where they cannot be counted.
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
                    where, known = f"workload {self.name}: layer {node.name}", ", ".join(map(str, sorted(ids)))
                    raise InputError(where, f"its source {source} does not exist", f"one of {known}")

    @cached_property
    def graph(self) -> nx.DiGraph:
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
        order = topological_order(
            dict.fromkeys(i for node in self.nodes for i in (node.id, *predecessors(node))),  # as the graph meets them
            [(source, node.id) for node in self.nodes for source in predecessors(node)],
        )
        if order is not None:
            return [self.by_id[i] for i in order]
        import networkx as nx

        cycle = " -> ".join(self.by_id[edge[0]].name for edge in nx.find_cycle(self.graph))
        raise InputError(f"workload {self.name}", f"its layers form a cycle: {cycle}", "a graph without cycles")

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


_N_NAMED = 4


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The free nodes of one operator type that compute something.

    Attributes:
        operator_type: such as ``Relu``.
        n_nodes: how many there are.
        n_operations: their operations, as far as they can be counted.
        n_uncounted: nodes among them whose operations cannot be counted (a loop, an open shape).
        share: of all counted operations, priced or not; 0 to 1.
    """

    operator_type: str
    n_nodes: int
    n_operations: int
    n_uncounted: int
    share: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a network its layers cover.

    Attributes:
        n_operations: operations that the layers price; a multiply-accumulate is one.
        left_out: operator types that are not priced, the largest share first.
    """

    n_operations: int
    left_out: tuple[LeftOut, ...]

    @property
    def n_operations_left_out(self) -> int:
        """Operations that no layer prices, as far as they can be counted."""
        return sum(entry.n_operations for entry in self.left_out)

    @property
    def share(self) -> float:
        """Share of the counted operations that is left out, 0 to 1."""
        return sum(entry.share for entry in self.left_out)

    def as_dict(self) -> dict[str, object]:
        """Plain data, for JSON."""
        return {
            "share": self.share,
            "n_operations": self.n_operations_left_out,
            "operators": [asdict(entry) for entry in self.left_out],
        }

    def sentence(self) -> str:
        """Describe what is left out, with what of it is not counted, in one line; empty if nothing is.

        Such as ``0.3% of the operations are free: Relu 0.2% (17), MaxPool 0.1% (1); not counted: Resize (2)``.
        """
        counted = [entry for entry in self.left_out if entry.n_uncounted < entry.n_nodes]
        named = [f"{entry.operator_type} {entry.share:.2%} ({entry.n_nodes})" for entry in counted[:_N_NAMED]]
        rest = len(counted) - _N_NAMED
        others = f", and {rest} other operators" if rest > 0 else ""
        free = f"{self.share:.2%} of the operations are free: {', '.join(named)}{others}" if counted else ""
        unknown = ", ".join(f"{e.operator_type} ({e.n_uncounted})" for e in self.left_out if e.n_uncounted)
        return "; ".join(part for part in (free, f"not counted: {unknown}" if unknown else "") if part)


def operations_left_out(workload: Workload) -> Coverage:
    """Return what a workload prices and what it leaves out.

    Free nodes that only move or rename data compute nothing and are not listed.
    """
    priced = sum(layer.n_macs for layer in workload.layers)
    free = [node for node in workload.nodes if isinstance(node, FreeNode) and node.n_operations != 0]
    total = priced + sum(node.n_operations or 0 for node in free)
    by_type: dict[str, list[FreeNode]] = {}
    for node in free:
        by_type.setdefault(node.operator_type, []).append(node)
    entries = [_entry(kind, nodes, total) for kind, nodes in by_type.items()]
    return Coverage(priced, tuple(sorted(entries, key=lambda e: (-e.n_operations, e.operator_type))))


def _entry(kind: str, nodes: Iterable[FreeNode], total: int) -> LeftOut:
    counts = [node.n_operations for node in nodes]
    known = sum(count for count in counts if count is not None)
    return LeftOut(kind, len(counts), known, counts.count(None), known / total if total else 0.0)
