"""Random networks: small layers in a random graph, and an accelerator whose memories hold some of their data."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.strategies.random_accelerators import random_accelerator
from tests.strategies.random_layers import chance, random_layer
from zigzag_lab.hardware import Accelerator
from zigzag_lab.workload import FreeNode, Layer, Workload


def random_network(seed: int, max_factors: int = 6, *, with_free_nodes: bool = True) -> tuple[Workload, Accelerator]:
    """A network of one to seven layers and an accelerator; three in ten have any number of inputs and outputs."""
    rng = Random(seed)
    nodes: list[Layer | FreeNode] = []
    loose = chance(rng, 30)
    for number in range(rng.randint(1, 7)):
        if nodes and with_free_nodes and chance(rng, 15):
            source = rng.choice(nodes) if loose else nodes[-1]
            nodes.append(FreeNode(number, f"free {number}", "Relu", (source.id,)))
            continue
        layer = replace(random_layer(rng, max_factors), id=number, name=f"layer {number}")
        if nodes and not loose:
            layer = replace(layer, constant_operands=layer.constant_operands[:1])
        variable = [op for op in layer.input_operands if op not in layer.constant_operands]
        known = [node.id for node in nodes]
        sources = {op: rng.choice(known) for op in variable if known and not (loose and chance(rng, 30))}
        if nodes and not loose:  # whatever is made is used
            sources[rng.choice(variable)] = known[-1]
        nodes.append(replace(layer, sources=sources))
    layers = [node for node in nodes if isinstance(node, Layer)]
    workload = Workload("random", tuple(nodes))
    accelerator = random_accelerator(rng, max(layers, key=lambda layer: layer.n_macs))
    if chance(rng, 75):  # room for several tensors further down
        memories = [replace(m, size_bits=m.size_bits * rng.choice((1, 2, 8, 64))) for m in accelerator.memories]
        accelerator = replace(accelerator, memories=tuple(memories))
    return workload, accelerator
