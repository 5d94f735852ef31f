"""``If`` nodes, replaced by the branch that counts.

Where the condition follows from shapes and constants, the branch it chooses counts. Where it depends on the data, the
branch with more multiply-accumulates counts (the first one, ``then_branch``, if both have as many): the cost is that of
the dearer way through the network, and the other branch is no part of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from onnx import GraphProto, NodeProto, helper

from zigzag_lab.inputs.onnx.file import OnnxModel, inference_of
from zigzag_lab.vocab import InputError

_MOST_BRANCHES = 256
_MOST_OPEN = 8
"""Open choices that are looked at one by one; the conditions of those after them all count as open."""

_MOST_NODES = 200_000

MacsOf = Callable[[OnnxModel], Sequence[int]]
"""The multiply-accumulates of each node of a model; 0 where a node cannot be priced."""


def without_branches(model: OnnxModel, macs_of: MacsOf) -> OnnxModel:
    """The model with each ``If`` replaced by the nodes of one branch; the model itself where there is none.

    Args:
        model: the model.
        macs_of: counts the multiply-accumulates of a model's nodes, to compare branches.

    Raises:
        InputError: a branch is missing, or there are too many of them.
    """
    if not any(node.op_type == "If" for node in model.nodes):
        return model
    expansion = _Expansion(model.copy())
    for _ in range(_MOST_BRANCHES):
        if not expansion.step():
            return expansion.chosen(macs_of)
    raise InputError(model.where, f"there are more than {_MOST_BRANCHES} If nodes to resolve", "a simpler model")


@dataclass(frozen=True)
class _ChosenBranch:
    """An ``If`` whose condition depends on the data: both branches were put in its place.

    Attributes:
        outputs: of the node.
        results: per branch, what its outputs are called now.
    """

    outputs: tuple[str, ...]
    results: tuple[tuple[str, ...], ...]


Path = tuple[tuple[int, int], ...]
"""The (choice, branch) pairs that a node lies in, outermost first."""


class _Expansion:
    """A model whose ``If`` nodes are replaced step by step."""

    def __init__(self, model: OnnxModel) -> None:
        self.where, self.model, self.graph = model.where, model, model.proto.graph
        self.paths: list[Path] = [()] * len(model.nodes)
        self.choices: list[_ChosenBranch] = []
        self.n_open = 0
        self.names = {name for node in model.nodes for name in (*node.input, *node.output)}
        self.names.update(t.name for t in (*self.graph.initializer, *self.graph.input))

    def step(self) -> bool:
        """Replace the ``If`` nodes whose conditions are known, or else the first one; false where none is left."""
        nodes = list(self.graph.node)
        found = [i for i, node in enumerate(nodes) if node.op_type == "If"]
        if not found:
            return False
        conditions = self._conditions(nodes, found)
        if not conditions:
            self.n_open += 1
            conditions = dict.fromkeys(found if self.n_open > _MOST_OPEN else found[:1])
        flat: list[tuple[NodeProto, Path]] = []
        for i, (node, path) in enumerate(zip(nodes, self.paths, strict=True)):
            flat += self._replaced(node, path, conditions[i]) if i in conditions else [(node, path)]
        if len(flat) > _MOST_NODES:
            raise InputError(self.where, f"its branches have more than {_MOST_NODES} nodes", "a smaller model")
        self._set(flat)
        return True

    def _conditions(self, nodes: Sequence[NodeProto], found: Sequence[int]) -> dict[int, bool | None]:
        """The ``If`` nodes whose conditions are known; none once many others turned out to be open."""
        if self.n_open > _MOST_OPEN:
            return {}
        values = inference_of(self.model).values
        known = {i: values.get(nodes[i].input[0]) if nodes[i].input else None for i in found}
        return {i: bool(value.reshape(-1)[0]) for i, value in known.items() if value is not None and value.size == 1}

    def _set(self, flat: list[tuple[NodeProto, Path]]) -> None:
        self.model.set_nodes(node for node, _ in flat)
        self.paths = [path for _, path in flat]

    def _replaced(self, node: NodeProto, path: Path, condition: bool | None) -> list[tuple[NodeProto, Path]]:
        graphs = {a.name: a.g for a in node.attribute if a.HasField("g")}
        given = [graphs[name] for name in ("then_branch", "else_branch") if name in graphs]
        branches = [branch for branch in given if len(branch.output) >= len(node.output)]
        label = node.name or "If"
        if len(branches) < 2:
            found = "a branch is missing, or has too few outputs"
            raise InputError(f"{self.where}: node {label}", found, "an If with two branches", "Export it again.")
        if condition is not None:
            flat, results = self._spliced(branches[0 if condition else 1], path, label)
            return flat + _copies(node.output, results, path)
        number, every, ends = len(self.choices), [], []
        for side, branch in enumerate(branches):
            flat, results = self._spliced(branch, (*path, (number, side)), label)
            every += flat
            ends.append(tuple(results))
        self.choices.append(_ChosenBranch(tuple(node.output), tuple(ends)))
        return every + _copies(node.output, ends[0], path)

    def _spliced(self, branch: GraphProto, path: Path, label: str) -> tuple[list[tuple[NodeProto, Path]], list[str]]:
        """The nodes of a branch with names that clash with no others, and the names of its results."""
        nodes, names = inlined(self.graph, branch, lambda name: self._fresh(name, label))
        for value in branch.value_info:
            if value.name in names:
                self.graph.value_info.add().CopyFrom(value)
                self.graph.value_info[-1].name = names[value.name]
        return [(node, path) for node in nodes], [names.get(value.name, value.name) for value in branch.output]

    def _fresh(self, name: str, label: str) -> str:
        fresh, number = name, 1
        while fresh in self.names:
            fresh, number = f"{label}/{name}" if number == 1 else f"{label}/{name}_{number}", number + 1
        self.names.add(fresh)
        return fresh

    def chosen(self, macs_of: MacsOf) -> OnnxModel:
        """The model with the dearer branch of each open choice only."""
        if not self.choices:
            return self.model
        macs = macs_of(self.model)
        taken: dict[int, int] = {}
        for number in reversed(range(len(self.choices))):  # inner choices come after outer ones
            sums = [self._macs_on(macs, number, side, taken) for side in (0, 1)]
            taken[number] = 0 if sums[0] >= sums[1] else 1
        kept = [
            (node, path)
            for node, path in zip(self.graph.node, self.paths, strict=True)
            if all(taken[number] == side for number, side in path)
        ]
        swaps = {
            output: (choice.results[0][i], choice.results[1][i])
            for number, choice in enumerate(self.choices)
            if taken[number] == 1
            for i, output in enumerate(choice.outputs)
        }
        copies = [(_swapped(node, swaps), path) for node, path in kept]
        self._set(copies)
        made = {name for node in self.graph.node for name in node.output}
        stale = [v for v in self.graph.value_info if v.name in made and v.name not in swaps]
        del self.graph.value_info[:]
        if not swaps:  # what follows from the branch not taken is forgotten
            self.graph.value_info.extend(stale)
        return self.model

    def _macs_on(self, macs: Sequence[int], number: int, side: int, taken: Mapping[int, int]) -> int:
        return sum(
            n
            for n, path in zip(macs, self.paths, strict=True)
            if (number, side) in path and all(taken.get(c, s) == s for c, s in path)
        )


def _copies(outputs: Sequence[str], results: Sequence[str], path: Path) -> list[tuple[NodeProto, Path]]:
    pairs = zip(outputs, results, strict=False)
    return [(helper.make_node("Identity", [result], [output]), path) for output, result in pairs if output]


def _swapped(node: NodeProto, swaps: Mapping[str, tuple[str, str]]) -> NodeProto:
    """The copy that ends an ``If``, of the other branch's result."""
    if node.op_type == "Identity" and node.output and node.output[0] in swaps:
        first, second = swaps[node.output[0]]
        if list(node.input) == [first]:
            node.input[0] = second
    return node


def inlined(
    graph: GraphProto, body: GraphProto, renamed: Callable[[str], str], given: Mapping[str, str] | None = None
) -> tuple[list[NodeProto], dict[str, str]]:
    """The nodes of a body, its initializers added to a graph, and name in the body -> name in the graph.

    ``given`` are inputs of the body -> the tensors that they are; all that it makes is ``renamed``.
    """
    made = [name for node in body.node for name in node.output if name]
    names = {name: renamed(name) for name in (*made, *(tensor.name for tensor in body.initializer))}
    names |= given or {}
    for tensor in body.initializer:
        graph.initializer.add().CopyFrom(tensor)
        graph.initializer[-1].name = names[tensor.name]
    return [with_names(node, names) for node in body.node], names


def with_names(node: NodeProto, names: Mapping[str, str]) -> NodeProto:
    """A copy of a node whose tensors, those that its bodies read from outside included, have other names."""
    copy = NodeProto()
    copy.CopyFrom(node)
    pending: list[tuple[NodeProto, frozenset[str]]] = [(copy, frozenset())]
    while pending:
        current, inner = pending.pop()
        for tensors in (current.input, current.output):
            for i, name in enumerate(tensors):
                if name in names and name not in inner:
                    tensors[i] = names[name]
        for attribute in current.attribute:
            for body in [attribute.g, *attribute.graphs]:
                own = {n for inside in body.node for n in inside.output} | {t.name for t in body.initializer}
                own |= {value.name for value in body.input}
                for value in body.output:
                    if value.name in names and value.name not in inner | own:
                        value.name = names[value.name]
                pending += [(inside, inner | own) for inside in body.node]
    return copy
