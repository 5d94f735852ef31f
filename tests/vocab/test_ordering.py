"""The order of a graph's nodes is networkx' order."""

from __future__ import annotations

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from zigzag_lab.vocab.ordering import topological_order

EDGES = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=16)


@given(st.permutations(range(7)), EDGES)
def test_is_that_of_networkx(nodes: list[int], edges: list[tuple[int, int]]) -> None:
    graph = nx.DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from(edges)
    expected = list(nx.topological_sort(graph)) if nx.is_directed_acyclic_graph(graph) else None
    assert topological_order(nodes, edges) == expected


@given(st.permutations(range(7)), EDGES)
def test_is_that_of_networkx_in_graphs_without_cycles(nodes: list[int], edges: list[tuple[int, int]]) -> None:
    acyclic = [(min(edge), max(edge)) for edge in edges if edge[0] != edge[1]]
    graph = nx.DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from(acyclic)
    assert topological_order(nodes, acyclic) == list(nx.topological_sort(graph))
