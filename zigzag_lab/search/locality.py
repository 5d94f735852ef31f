"""Data that stays on chip between layers: which memory is the outermost that each operand of each layer needs.

Layer by layer, everything would be loaded from and stored to the outermost memory. Where the output of a layer, its
input and the weights of the whole network fit a lower memory together, nothing has to go further out, and the memories
above can be left out of that layer's search. Source of the rules: ZigZag 3.9.1,
``stages/exploit_data_locality_stages.py``; its rules for the first and the last layer hold here for every layer
without a producer or without a consumer, so that any graph has an answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING

from zigzag_lab.hardware import Accelerator
from zigzag_lab.mapping.constraints import MappingConstraints, MappingRules
from zigzag_lab.workload import FreeNode, Layer, Workload

if TYPE_CHECKING:
    import networkx as nx

SUFFIX = "-without-unused-memories"
"""Suffix of the name of an accelerator with memories left out."""


@dataclass(frozen=True)
class DataLocality:
    """The outermost memory that each tensor has to visit, as indices into the accelerator's memories.

    Attributes:
        levels: layer id -> {memory operand of its activations, of its outputs -> memory index}.
        weight_level: memory index for the weights of the whole network.
    """

    levels: dict[int, dict[str, int]]
    weight_level: int


def activation_operand(layer: Layer) -> str:
    """The operand that the layer before produces: the one that is no weight; the last input where none is."""
    inputs = layer.input_operands
    variable = [op for op in inputs if op not in layer.constant_operands]
    if len(variable) != len(inputs) and variable:
        return variable[-1]
    if variable:
        return inputs[min(1, len(inputs) - 1)]
    sliding = [op for op in inputs if layer.relevancy.partial[op]]
    return sliding[-1] if sliding else inputs[0]


def weight_operand(layer: Layer) -> str | None:
    """The operand beside the activations; None for a layer of one input."""
    others = [op for op in layer.input_operands if op != activation_operand(layer)]
    if not others:
        return None
    constant = [op for op in others if op in layer.constant_operands]
    return constant[-1] if constant else others[0]


def search_locality(
    workload: Workload, accelerator: Accelerator, rules: MappingRules | None = None, *, ends_at_the_top: bool = False
) -> DataLocality:
    """Find the lowest memory between each layer and the next one that holds all that must be held.

    Args:
        workload: the network, any graph.
        accelerator: its memories, from inner to outer as in the file.
        rules: which memory operand holds which operand of a layer; the usual links where absent.
        ends_at_the_top: whether the network's inputs and outputs go through the outermost memory in any case
            (``workload_data_always_from_top_mem`` of ZigZag, which has no effect in 3.9.1: its levels only ever sink).
    """
    return _LocalitySearch(workload, accelerator, rules).result(ends_at_the_top)


@dataclass(frozen=True)
class _Tensors:
    """Memory operands of a layer, and how many bits its tensors have."""

    activation: str
    weight: str | None
    output: str
    bits: dict[str, int]
    weight_bits: int
    all_variable: bool

    @classmethod
    def of(cls, layer: Layer, constraints: MappingConstraints) -> _Tensors:
        links = constraints.operand_links
        size = {op: layer.tensor_elems(op) * layer.precision_bits[op] for op in layer.operands}
        first, second = activation_operand(layer), weight_operand(layer)
        all_variable = not layer.constant_operands
        io = sum(size[op] for op in layer.input_operands) if all_variable else size[first]
        bits = {links[first]: io, links[layer.output_operand]: size[layer.output_operand]}
        weight_bits = 0 if all_variable or second is None else size[second]
        weight = links[second] if second is not None else None
        return cls(links[first], weight, links[layer.output_operand], bits, weight_bits, all_variable)


class _LocalitySearch:
    def __init__(self, workload: Workload, accelerator: Accelerator, rules: MappingRules | None) -> None:
        self.accelerator, self.layers = accelerator, workload.layers
        self.graph = _layer_graph(workload)
        self.tensors = {
            layer.id: _Tensors.of(layer, MappingConstraints() if rules is None else rules.for_layer(layer))
            for layer in self.layers
        }
        self.weight_bits = sum(t.weight_bits for t in self.tensors.values())
        self.levels: dict[int, dict[str, int]] = {}
        self.weight_level = len(accelerator.memories) - 1
        first = next((self.tensors[node.id].weight for node in workload.nodes if isinstance(node, Layer)), None)
        if first is not None:
            self.weight_level = accelerator.top_memory(first)

    def result(self, ends_at_the_top: bool) -> DataLocality:
        for layer in self.layers:
            self._place(layer.id)
        for layer in self.layers:
            tensors, levels = self.tensors[layer.id], self.levels[layer.id]
            for operand in tensors.bits:
                levels.setdefault(operand, self.accelerator.top_memory(operand))
            if ends_at_the_top and self._is_input(layer.id):
                levels[tensors.activation] = self.accelerator.top_memory(tensors.activation)
            if ends_at_the_top and self.graph.out_degree(layer.id) == 0:
                levels[tensors.output] = self.accelerator.top_memory(tensors.output)
        return DataLocality(self.levels, self.weight_level)

    def _is_input(self, layer: int) -> bool:
        return bool(self.graph.in_degree(layer) == 0)

    def _lower(self, layer: int, operand: str, level: int) -> None:
        levels = self.levels[layer]
        levels[operand] = min(levels.get(operand, level), level)

    def _place(self, layer: int) -> None:
        tensors = self.tensors[layer]
        self.levels[layer] = {}
        if not self._is_input(layer):
            producer = next(iter(self.graph.predecessors(layer)))
            produced = self.tensors[producer].output
            level = self.levels[producer].get(produced, self.accelerator.top_memory(produced))
            self._lower(layer, tensors.activation, level)
        if self._is_at_a_branch(layer):
            if self._is_input(layer):
                self._lower(layer, tensors.activation, self.accelerator.top_memory(tensors.activation))
            self._lower(layer, tensors.output, self.accelerator.top_memory(tensors.output))
            return
        for index in range(len(self.accelerator.memories) - 1, -1, -1):
            self._try_memory(layer, index)

    def _is_at_a_branch(self, layer: int) -> bool:
        consumers = list(self.graph.successors(layer))
        return len(consumers) > 1 or (len(consumers) == 1 and self.graph.in_degree(consumers[0]) > 1)

    def _try_memory(self, layer: int, index: int) -> None:
        """Keep outputs, or the network's weights, in a memory if all that it must hold fits there."""
        tensors, memory = self.tensors[layer], self.accelerator.memories[index]
        consumers = list(self.graph.successors(layer))
        read_as = self.tensors[consumers[0]].activation if consumers else tensors.activation
        holds_both = read_as in memory.operands and tensors.output in memory.operands
        holds_weights = tensors.weight is not None and tensors.weight in memory.operands
        if not (holds_both or holds_weights):
            return
        held = {tensors.output, tensors.activation} if tensors.all_variable and holds_both else set(memory.operands)
        needed = sum(bits for op, bits in tensors.bits.items() if op in held and op != tensors.weight)
        needed += self.weight_bits if tensors.weight in held else 0
        sizes = self.accelerator.array.sizes
        n_instances = prod(n for dim, n in sizes.items() if dim not in memory.served_dimensions)
        if needed > memory.size_bits * n_instances:
            return
        if holds_both:
            if self._is_input(layer):
                self._lower(layer, tensors.activation, index)
            self._lower(layer, tensors.output, index)
        counts_weights = holds_weights and tensors.weight in held
        if counts_weights and len(memory.served_dimensions) == len(sizes):
            self.weight_level = min(self.weight_level, index)


def _layer_graph(workload: Workload) -> nx.DiGraph:
    """The graph of the layers alone: what goes through free nodes is linked directly."""
    graph: nx.DiGraph = workload.graph.copy()
    free = [node.id for node in workload.nodes if isinstance(node, FreeNode)]
    for node in free:
        graph.add_edges_from([(p, s) for s in graph.successors(node) for p in graph.predecessors(node)])
    graph.remove_nodes_from(free)
    return graph


def without_unused_memories(
    accelerator: Accelerator, layer: Layer, constraints: MappingConstraints, locality: DataLocality
) -> Accelerator:
    """The accelerator as one layer needs it: each operand up to its outermost useful memory.

    Equal questions get the same object, so that identical layers are recognised as such.

    Args:
        accelerator: the whole design.
        layer: a layer of the network that ``locality`` was searched for.
        constraints: which memory operand holds which operand of the layer.
        locality: what :func:`search_locality` found.
    """
    links = constraints.operand_links
    first, second = links[activation_operand(layer)], weight_operand(layer)
    output = links[layer.output_operand]
    levels = locality.levels[layer.id]
    kept = {first: levels[first]}
    if second is not None:
        kept[links[second]] = locality.weight_level if layer.constant_operands else levels[first]
    kept[output] = levels[output]
    return _kept(accelerator, tuple(kept.items()))


@lru_cache(maxsize=256)
def _kept(accelerator: Accelerator, levels: tuple[tuple[str, int], ...]) -> Accelerator:
    """The accelerator with each operand in memories up to an index only; operands in the order given."""
    reach = {op: level if level >= min(accelerator.levels[op]) else len(accelerator.memories) for op, level in levels}
    memories, left_out = [], []
    for index, memory in enumerate(accelerator.memories):
        operands = tuple(op for op in reach if op in memory.operands and index <= reach[op])
        if operands:
            served = [tuple(t for op in operands for t in port.serves if t[0] == op) for port in memory.ports]
            ports = (replace(port, serves=of) for port, of in zip(memory.ports, served, strict=True) if of)
            memories.append(replace(memory, operands=operands, ports=tuple(ports)))
        else:
            left_out.append(memory)
    leaking_mw = accelerator.left_out_mw + accelerator.static_mw_of(left_out)
    name = accelerator.name + SUFFIX
    return replace(accelerator, name=name, memories=tuple(memories), left_out_mw=leaking_mw)
